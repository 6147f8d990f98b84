"""Diphoton (H -> gamma gamma) nodes for the ATLAS Open Data tree ``mini``: weights, selection, features.

Selection after ATLAS, arXiv:1802.04146, and ROOT's tutorial df104_HiggsToTwoPhotons. Thresholds are in GeV whatever
the unit of the file; output columns keep the unit of the file, but for ``m_yy``, which is always in GeV.
"""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from rdfplugins import cpp
from rdfplugins.errors import ConfigError
from rdfplugins.nodes.base import Cuts, GeV, RNode, node, unpack

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rdfplugins.sample import Sample

Units = Literal["MeV", "GeV"]

SCALE_FACTORS = tuple(
    f"scaleFactor_{name}" for name in ("PILEUP", "ELE", "MUON", "PHOTON", "TAU", "BTAG", "LepTRIGGER", "PhotonTRIGGER")
)
DF104_SCALE_FACTORS = ("scaleFactor_PILEUP", "scaleFactor_PHOTON", "scaleFactor_PhotonTRIGGER")
STATISTICS = ("min", "max", "mean", "sum", "std")
JET_QUANTITIES = ("pt", "phi", "E", "theta", "MV2c10")
LEPTON_QUANTITIES = ("pt", "phi", "E", "theta", "charge", "z0", "ptcone30", "etcone20")
PHOTON_QUANTITIES = ("pt", "eta", "phi", "E", "etcone20", "ptcone30")
PAIR = "rdfp_diphoton_pair_"

_JET_BRANCHES = ("jet_pt", "jet_eta", "jet_phi", "jet_E", "jet_MV2c10")
_LEPTON_BRANCHES = tuple(f"lep_{name}" for name in ("pt", "eta", "phi", "E", "charge", "z0", "ptcone30", "etcone20"))
_SYSTEM = ("pt_yy", "y_yy", "ptt_yy", "cos_theta_star", "deta_yy", "dphi_yy")
# in the order of rdfp::diphoton::features
_COMPUTED = (
    "h_mass",
    "m_yy",
    *_SYSTEM,
    "m_jj",
    "deta_jj",
    *(f"jet_{name}_{statistic}" for name in JET_QUANTITIES for statistic in STATISTICS),
    *(f"lep_{name}_{statistic}" for name in LEPTON_QUANTITIES for statistic in STATISTICS),
)


def _weight_needs(parameters: Mapping[str, Any]) -> tuple[str, ...]:
    sample: Sample | None = parameters.get("sample")
    if sample is None or sample.kind == "data":
        return ()
    branches = [] if sample.xsec_pb is not None else ["XSection"]
    branches += [] if sample.sum_of_weights is not None else ["SumWeights"]
    return ("mcWeight", *SCALE_FACTORS, *branches)


def _weight_units(parameters: Mapping[str, Any]) -> dict[str, str]:
    sample: Sample | None = parameters.get("sample")
    return {} if sample is None or sample.kind == "data" else {"weight": "pb", "weight_df104": "pb"}


@node(
    name="diphoton.weights",
    needs=_weight_needs,
    makes=("weight", "weight_df104"),
    units_of=_weight_units,
    normalisation={"xsec_pb": "XSection", "sum_of_weights": "SumWeights"},
)
def weights(df: RNode, *, sample: Sample | None = None) -> RNode:
    """Define the weight of an event in pb; put it before the first cut.

    ``weight`` = mcWeight x the eight scale factors x cross-section / sum of weights, ``weight_df104`` the same with
    the scale factors of ROOT's tutorial df104 alone (PILEUP, PHOTON, PhotonTRIGGER). Both float64. Data: 1. Multiply
    by the luminosity in 1/pb for a number of events.

    Parameters
    ----------
    df
        Data frame of the tree ``mini``.
    sample
        Kind and normalisation; what it leaves open is read from the branches ``XSection`` (pb) and ``SumWeights``.

    Raises
    ------
    ConfigError
        Without a sample.
    MissingColumnError
        For simulation without cross-section or sum of weights: it is never given weight 1.
    """
    if sample is None:
        raise ConfigError("diphoton.weights needs to know what the events are: sample=rp.Sample('mc', ...) or ('data')")
    if sample.kind == "data":
        return df.Define("weight", "1.0").Define("weight_df104", "1.0")
    xsec = "double(XSection)" if sample.xsec_pb is None else repr(float(sample.xsec_pb))
    total = "double(SumWeights)" if sample.sum_of_weights is None else repr(float(sample.sum_of_weights))
    df = df.Define("rdfp_norm_", f"{xsec} / {total}")
    for name, factors in (("weight", SCALE_FACTORS), ("weight_df104", DF104_SCALE_FACTORS)):
        product = " * ".join(f"double({column})" for column in ("mcWeight", *factors))
        df = df.Define(name, f"{product} * rdfp_norm_")
    return df


_INDICES = ("photon_1lead_index", "photon_2lead_index")


def _cut_names(parameters: Mapping[str, Any]) -> tuple[str, ...]:
    names = {
        "photon_trigger": parameters["trigger"] is not None,
        "two_good_photons": True,
        "trigger_matched": parameters["trigger_matched"],
        "track_isolation": parameters["max_track_isolation"] is not None,
        "calo_isolation": parameters["max_calo_isolation"] is not None,
        "lead_pt_over_mass": parameters["min_lead_fraction"] is not None,
        "sublead_pt_over_mass": parameters["min_sublead_fraction"] is not None,
        "mass_105_160": parameters["mass_range"] is not None,
        "mass_window": parameters["mass_window"] is not None,
    }
    return tuple(name for name, used in names.items() if used)


def _select_columns(parameters: Mapping[str, Any]) -> dict[str, str | None]:
    """Return the branch of each argument of rdfp::diphoton::select, None where the cuts do not look at it."""
    fractions = parameters["min_lead_fraction"] is not None or parameters["min_sublead_fraction"] is not None
    used = {
        "photon_isTightID": True,
        "photon_trigMatched": parameters["trigger_matched"],
        "photon_pt": True,
        "photon_eta": True,
        "photon_phi": True,
        "photon_E": fractions and parameters["fraction_of"] == "E",
        "photon_ptcone30": parameters["max_track_isolation"] is not None,
        "photon_etcone20": parameters["max_calo_isolation"] is not None,
    }
    return {name: name if is_used else None for name, is_used in used.items()}


def _select_needs(parameters: Mapping[str, Any]) -> tuple[str, ...]:
    trigger = parameters["trigger"]
    columns = [column for column in _select_columns(parameters).values() if column]
    return tuple([trigger, *columns] if trigger and trigger.isidentifier() and trigger != "true" else columns)


@node(name="diphoton.select", needs=_select_needs, cuts=_cut_names, offers=_INDICES)
def select(
    df: RNode,
    *,
    units: Units = "MeV",
    trigger: str | None = "trigP",
    min_pt: GeV = 25.0,
    max_abs_eta: float | None = 2.37,
    crack: tuple[float, float] | None = (1.37, 1.52),
    pairing: Literal["exactly_two", "leading_two"] = "exactly_two",
    order: Literal["pt", "file"] = "pt",
    trigger_matched: bool = True,
    max_track_isolation: float | None = 0.065,
    max_calo_isolation: float | None = 0.065,
    min_lead_fraction: float | None = 0.35,
    min_sublead_fraction: float | None = 0.25,
    fraction_of: Literal["pt", "E"] = "pt",
    mass_range: tuple[GeV, GeV] | None = (105.0, 160.0),
    mass_window: tuple[GeV, GeV] | None = None,
) -> Cuts:
    """Select events with two isolated photons; null switches a cut off and out of the cutflow.

    The cuts, in their order: ``photon_trigger``, ``two_good_photons``, ``trigger_matched``, ``track_isolation``,
    ``calo_isolation``, ``lead_pt_over_mass``, ``sublead_pt_over_mass``, ``mass_105_160``, ``mass_window``. All are
    strict but for ``mass_window``, which is a closed interval. No NaN passes a cut.

    Parameters
    ----------
    df
        Data frame of the tree ``mini``.
    units
        Unit of momenta in the file. The thresholds are in GeV in any case.
    trigger
        Column or expression that must be true.
    min_pt
        Of a good photon, which is tight, too.
    max_abs_eta, crack
        Acceptance of a good photon: below the first, and outside of the closed interval between barrel and endcap.
    pairing
        ``exactly_two``: the event has exactly two good photons. ``leading_two``: the two of largest pT of all photons
        are good.
    order
        Which of the two is the first: by ``pt`` (stable, descending) or as in the ``file``.
    trigger_matched
        Whether both must match a trigger object.
    max_track_isolation, max_calo_isolation
        Upper bounds on ptcone30/pT and etcone20/pT of both.
    min_lead_fraction, min_sublead_fraction, fraction_of
        Lower bounds on pT/m (or E/m) of the first and of the second.
    mass_range, mass_window
        Of the pair; the first is open, the second closed.

    Notes
    -----
    m = sqrt(2 pT1 pT2 (cosh(eta1 - eta2) - cos(phi1 - phi2))) in double precision. For expressions of your own,
    ``photon_1lead_index`` and ``photon_2lead_index`` are the places of the two in the photon collection (-1: no pair),
    as in ``photon_convType[photon_1lead_index]``; they are written only where ``output.columns`` names them.
    """
    parameters = {key: value for key, value in locals().items() if key != "df"}
    _check_select(df, parameters)
    cpp.include("rdfplugins/diphoton.h")
    settings = {
        "min_pt": to_file_unit(min_pt, units),
        "leading_two": pairing == "leading_two",
        "order_by_pt": order == "pt",
        "trigger": trigger is not None,
        "trigger_matched": trigger_matched,
        "fraction_of_energy": fraction_of == "E",
        **_bound("track_isolation", "max_track_isolation", max_track_isolation),
        **_bound("calo_isolation", "max_calo_isolation", max_calo_isolation),
        **_bound("lead_fraction", "min_lead_fraction", min_lead_fraction),
        **_bound("sublead_fraction", "min_sublead_fraction", min_sublead_fraction),
        **_bound("use_max_abs_eta", "max_abs_eta", max_abs_eta),
        **_interval("use_crack", "crack", crack),
        **_interval("mass_range", "mass_range", _in_file_unit(mass_range, units)),
        **_interval("mass_window", "mass_window", _in_file_unit(mass_window, units)),
    }
    body = " ".join(f"cuts.{key} = {_literal(value)};" for key, value in settings.items())
    columns = [column or "{}" for column in _select_columns(parameters).values()]
    # a plain Define: ROOT 6.40 ends the process where a varied column reads one of DefinePerSample
    df = df.Define("rdfp_diphoton_cuts_", f"rdfp::diphoton::Cuts cuts; {body} return cuts;")
    with cpp.compiling(f"trigger '{trigger}' of node diphoton.select"):
        cpp.refuse_unclosed(trigger or "", None, None)
        df = df.Define("rdfp_diphoton_trigger_", f"rdfp::diphoton::is_true({trigger or 'true'})")
    arguments = ", ".join(["rdfp_diphoton_cuts_", "rdfp_diphoton_trigger_", *columns])
    df = df.Define(PAIR, f"rdfp::diphoton::select({arguments})")
    df = df.Define("photon_1lead_index", f"{PAIR}.lead").Define("photon_2lead_index", f"{PAIR}.sublead")
    df = df.Define("rdfp_diphoton_step_", f"{PAIR}.passed").Define(f"rdfp_diphoton_in_{units}_", "true")
    return Cuts(df, "rdfp_diphoton_step_", _cut_names(parameters))


_FEATURE_NEEDS = (
    *(f"photon_{name}" for name in ("n", *PHOTON_QUANTITIES)),
    "jet_n",
    *_JET_BRANCHES,
    "lep_n",
    *_LEPTON_BRANCHES,
    "met_et",
    "met_phi",
    "eventNumber",
    "runNumber",
    "channelNumber",
)
_COPIES = tuple(f"photon_{rank}lead_{name}" for rank in (1, 2) for name in PHOTON_QUANTITIES)
_FEATURES = (*_COPIES, *_COMPUTED)
_QUANTITY_UNITS = {"phi": "rad", "theta": "rad", "z0": "mm", "charge": "e"}
_MOMENTA = ("pt", "E", "ptcone30", "etcone20")


def _feature_units(parameters: Mapping[str, Any]) -> dict[str, str]:
    file_unit = parameters.get("units") or "MeV"
    quantity = {**_QUANTITY_UNITS, **dict.fromkeys(_MOMENTA, file_unit)}
    found = dict.fromkeys(("h_mass", "pt_yy", "ptt_yy", "m_jj", "met_et"), file_unit)
    found.update({"m_yy": "GeV", "dphi_yy": "rad", "met_phi": "rad"})
    found.update({f"photon_{rank}lead_{name}": quantity.get(name, "") for rank in (1, 2) for name in PHOTON_QUANTITIES})
    for prefix, names in (("jet", JET_QUANTITIES), ("lep", LEPTON_QUANTITIES)):
        found.update({f"{prefix}_{name}_{stat}": quantity.get(name, "") for name in names for stat in STATISTICS})
    return {name: unit for name, unit in found.items() if unit}


@node(
    name="diphoton.features",
    needs=_FEATURE_NEEDS,
    makes=_FEATURES,
    units_of=_feature_units,
    keeps=("photon_n", "jet_n", "lep_n", "met_et", "met_phi", "eventNumber", "runNumber", "channelNumber"),
)
def features(df: RNode, *, units: Units | None = None, empty: float = math.nan) -> RNode:
    """Define the features of a selected event: the two photons, statistics of jets and leptons, the pair, two jets.

    Parameters
    ----------
    df
        What `diphoton.select` returned.
    units
        Unit of momenta in the file, kept by all columns but ``m_yy`` (GeV); what `diphoton.select` was told.
    empty
        What stands for a quantity without objects: the min, max, mean and std of an empty collection, and ``m_jj`` and
        ``deta_jj`` below two jets. The sum of none is 0. A NaN or infinite element gives NaN in any case.

    Notes
    -----
    ``photon_{1,2}lead_*`` are exact copies. ``{jet,lep}_*_{min,max,mean,sum,std}`` run over all jets and leptons of the
    event, float64, std with ddof 0; theta = 2 atan(exp(-eta)). ``h_mass`` is the pair's mass in the unit of the file.
    ``pt_yy``, ``y_yy`` (rapidity), ``ptt_yy`` (pT transverse to the thrust axis), ``cos_theta_star`` (absolute,
    Collins-Soper frame, arXiv:1407.4222), ``deta_yy``, ``dphi_yy`` (absolute) describe the pair, ``m_jj`` and
    ``deta_jj`` the two jets of largest pT.
    """
    if not df.HasColumn(PAIR):
        raise ConfigError("diphoton.features describes the pair that diphoton.select found: put that node before it")
    told: Units = "MeV" if df.HasColumn("rdfp_diphoton_in_MeV_") else "GeV"
    if units not in {None, told}:
        raise ConfigError(f"units='{units}' contradicts diphoton.select, which was told {told}")
    cpp.include("rdfplugins/diphoton.h")
    nothing = _literal(float(empty))
    for rank, member in ((1, "lead"), (2, "sublead")):
        for name in PHOTON_QUANTITIES:
            df = df.Define(f"photon_{rank}lead_{name}", f"photon_{name}[{PAIR}.{member}]")
    gev = "1000.0" if told == "MeV" else "1.0"
    photons = ("photon_pt", "photon_eta", "photon_phi")
    arguments = ", ".join([PAIR, *photons, *_JET_BRANCHES, *_LEPTON_BRANCHES, gev, nothing])
    df = df.Define("rdfp_diphoton_features_", f"rdfp::diphoton::features({arguments})")
    return unpack(df, "rdfp_diphoton_features_", _COMPUTED)


def _check_select(df: RNode, parameters: Mapping[str, Any]) -> None:
    """Refuse values with which a cut would keep all events, or none, without a word."""
    if df.HasColumn(PAIR):
        raise ConfigError("diphoton.select is there already; a second one would describe another pair")
    if parameters["trigger"] is not None and not parameters["trigger"].strip():
        raise ConfigError("parameter 'trigger' is a column or an expression; null switches the cut off")
    for name in ("crack", "mass_range", "mass_window"):
        bounds = parameters[name]
        if bounds is not None and not bounds[0] < bounds[1]:
            raise ConfigError(f"parameter '{name}': the first number must be below the second, not {list(bounds)}")
    for name, value in parameters.items():
        if isinstance(value, float) and math.isnan(value):
            raise ConfigError(f"parameter '{name}' is not a number; null switches a cut off")


def to_file_unit(value: float, units: Units) -> float:
    """Return a threshold given in GeV in the unit of the file, without the rounding error of a binary product."""
    return value if units == "GeV" else float(Decimal(repr(float(value))) * 1000)


def _in_file_unit(interval: tuple[float, float] | None, units: Units) -> tuple[float, float] | None:
    return None if interval is None else (to_file_unit(interval[0], units), to_file_unit(interval[1], units))


def _bound(switch: str, name: str, value: float | None) -> dict[str, bool | float]:
    return {switch: False} if value is None else {switch: True, name: value}


def _interval(switch: str, name: str, bounds: tuple[float, float] | None) -> dict[str, bool | float]:
    return {switch: False} if bounds is None else {switch: True, f"{name}_low": bounds[0], f"{name}_high": bounds[1]}


def _literal(value: bool | float) -> str:  # noqa: FBT001 (a value, not a switch)
    if isinstance(value, bool):
        return "true" if value else "false"
    if math.isnan(value):
        return "std::numeric_limits<double>::quiet_NaN()"
    if math.isinf(value):
        return ("-" if value < 0 else "") + "std::numeric_limits<double>::infinity()"
    return repr(float(value))
