"""The selection of di-tau events: what the node declares, and the graph of its parameters."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal

from rdfplugins import cpp
from rdfplugins.errors import ConfigError
from rdfplugins.nodes import column_types
from rdfplugins.nodes import ditau_settings as settings
from rdfplugins.nodes.base import Channel, Cuts, GeV, RNode, Unit, node, unpack
from rdfplugins.nodes.ditau_columns import column_of, decision_of, define_triggers
from rdfplugins.nodes.ditau_settings import CHANNELS, Charge

if TYPE_CHECKING:
    from collections.abc import Mapping

Units = Literal["MeV", "GeV"]
Number = float | dict[str, float]
Count = int | dict[str, int]
Momentum = Annotated[float | dict[str, float], Unit("GeV")]
Centimetres = Annotated[float, Unit("cm")]

# columns that ditau.features reads, too
FOUND = "rdfp_ditau_found_"
JETS, NEARBY = "rdfp_ditau_jets_", "rdfp_ditau_nearby_jets_"
IN_MEV, NO_TAUS, JET_DISTANCE = (f"rdfp_ditau_{name}_" for name in ("in_MeV", "no_taus", "jet_distance"))
OBJECTS = tuple(f"rdfp_ditau_{name}_" for name in ("taus", "muons", "electrons"))
_STEP, _PLACE = "rdfp_ditau_step_", "rdfp_ditau_place_"


_COLUMNS = {
    "tau": ("Tau_pt", "Tau_eta", "Tau_phi", "Tau_charge", "Tau_dz"),
    "muon": ("Muon_pt", "Muon_eta", "Muon_phi", "Muon_charge", "Muon_dxy", "Muon_dz"),
    "electron": ("Electron_pt", "Electron_eta", "Electron_phi", "Electron_charge", "Electron_dxy", "Electron_dz"),
    "jet": ("Jet_pt", "Jet_eta", "Jet_phi"),
}
# parameters that belong to a kind of objects, in the order in which C++ takes them
_PARAMETERS = {
    "tau": ("tau_id", "tau_decay_mode", "tau_vs_e", "tau_vs_mu", "tau_vs_jet", "tau_order"),
    "muon": ("muon_id", "muon_loose_id", "muon_isolation"),
    "electron": ("electron_id", "electron_conversion_veto", "electron_lost_hits", "electron_isolation"),
    "jet": ("jet_id", "jet_btag", "tau_jet_index"),
}


def _kinds(parameters: Mapping[str, Any]) -> list[str]:
    """Return the kinds of objects that the selection looks at."""
    return [kind for kind in ("tau", "muon", "electron") if settings.looks_at(parameters, kind)] + ["jet"]


def _select_needs(parameters: Mapping[str, Any]) -> tuple[str, ...]:
    kinds = _kinds(parameters)
    columns = [column for kind in kinds for column in _COLUMNS[kind]]
    if parameters["tau_jet_index"] is not None:  # one for each entry of the tau collection
        columns = list(dict.fromkeys([*columns, "Tau_pt"]))
    named = [parameters[name] for kind in kinds for name in _PARAMETERS[kind]]
    triggers = (parameters["triggers"] or {}).values()
    return tuple(columns + [name for name in (*named, *triggers) if settings.is_column(name)])


def _select_hints(parameters: Mapping[str, Any]) -> dict[str, str]:
    columns = [column for names in _COLUMNS.values() for column in names]
    found = dict.fromkeys(columns, "input.aliases can give it")
    found |= {
        parameters[name]: f"with: {{{name}: ...}} replaces it"
        for name in (*settings.IDS, *settings.NUMBERS)
        if settings.is_column(parameters[name])
    }
    triggers = (parameters["triggers"] or {}).values()
    return {**found, **dict.fromkeys(triggers, "with: {triggers: ...} names it")}


def _substitutions(df: RNode, parameters: Mapping[str, Any]) -> dict[str, str]:
    flags = [flag for flag in parameters["flags"] if settings.is_column(flag)]  # others are refused
    return {flag: "not there: counted as true" for flag in flags if not df.HasColumn(flag)}


def _replacements(parameters: Mapping[str, Any]) -> dict[str, str]:
    found = {}
    for kind in _kinds(parameters):
        for name in _PARAMETERS[kind]:
            default = settings.IDS.get(name) or settings.NUMBERS.get(name)
            if default is not None and parameters[name] != default:
                value = "not asked for" if parameters[name] is None else f"replaced by {parameters[name]}"
                found[default] = f"{value} ({name})"
    return found


@node(
    name="ditau.select",
    needs=_select_needs,
    makes=("channel",),
    cuts=settings.cut_names,
    channel_cuts=settings.channel_cut_names,
    offers=("leg_1_index", "leg_2_index"),
    maps={"channel": {name: number for number, name in enumerate(CHANNELS)}},
    substitutions=_substitutions,
    replacements=_replacements,
    hints=_select_hints,
)
def select(
    df: RNode,
    *,
    units: Units = "GeV",
    channels: tuple[str, ...] = CHANNELS,
    charge: Charge = "opposite",
    flags: tuple[str, ...] = settings.FLAGS,
    triggers: dict[str, str] | None = None,
    tau_min_pt: Momentum = settings.TAU_MIN_PT,
    tau_max_abs_eta: Number = settings.TAU_MAX_ABS_ETA,
    tau_id: str | None = settings.IDS["tau_id"],
    tau_decay_mode: str | None = settings.IDS["tau_decay_mode"],
    decay_modes: tuple[int, ...] = (0, 1, 2, 10, 11),
    tau_vs_e: str | None = settings.IDS["tau_vs_e"],
    tau_vs_mu: str | None = settings.IDS["tau_vs_mu"],
    tau_vs_jet: str | None = settings.IDS["tau_vs_jet"],
    tau_min_vs_e: Number = settings.TAU_MIN_VS_E,
    tau_min_vs_mu: Number = settings.TAU_MIN_VS_MU,
    tau_min_vs_jet: Number = settings.TAU_MIN_VS_JET,
    tau_order: str | None = None,
    muon_min_pt: Momentum = settings.MUON_MIN_PT,
    muon_max_abs_eta: Number = settings.MUON_MAX_ABS_ETA,
    muon_id: str | None = settings.IDS["muon_id"],
    muon_loose_id: str | None = settings.IDS["muon_loose_id"],
    muon_isolation: str = "Muon_pfRelIso04_all",
    muon_max_isolation: Number = settings.MUON_MAX_ISOLATION,
    electron_min_pt: Momentum = settings.ELECTRON_MIN_PT,
    electron_max_abs_eta: Number = settings.ELECTRON_MAX_ABS_ETA,
    electron_id: str | None = settings.IDS["electron_id"],
    electron_conversion_veto: str | None = settings.IDS["electron_conversion_veto"],
    electron_lost_hits: str | None = settings.IDS["electron_lost_hits"],
    electron_max_lost_hits: float = 1.0,
    electron_isolation: str = "Electron_pfRelIso03_all",
    electron_max_isolation: Number = settings.ELECTRON_MAX_ISOLATION,
    max_dxy: Centimetres = 0.045,
    max_dz: Centimetres = 0.2,
    min_delta_r: Number = settings.MIN_DELTA_R,
    max_muons: Count | None = settings.MAX_MUONS,
    third_muon_min_pt: GeV = 10.0,
    third_muon_max_abs_eta: float = 2.4,
    third_muon_max_isolation: float = 0.3,
    max_electrons: Count | None = settings.MAX_ELECTRONS,
    third_electron_min_pt: GeV = 10.0,
    third_electron_max_abs_eta: float = 2.4,
    third_electron_max_isolation: float = 0.3,
    dimuon_veto: bool = True,
    dimuon_min_pt: GeV = 15.0,
    dimuon_max_abs_eta: float = 2.4,
    dimuon_max_isolation: float = 0.3,
    dimuon_min_delta_r: float = 0.15,
    dielectron_veto: bool = True,
    dielectron_min_pt: GeV = 15.0,
    dielectron_max_abs_eta: float = 2.4,
    dielectron_max_isolation: float = 0.3,
    dielectron_min_delta_r: float = 0.15,
    jet_id: str | None = settings.IDS["jet_id"],
    jet_min_id: float = 6.0,
    jet_min_pt: GeV = 30.0,
    jet_max_abs_eta: float = 4.7,
    jet_btag: str | None = settings.IDS["jet_btag"],
    bjet_min_pt: GeV = 20.0,
    bjet_max_abs_eta: float = 2.5,
    bjet_min_btag: float = 0.3033,
    tau_jet_index: str | None = "Tau_jetIdx",
    tau_jet_min_delta_r: float = 0.5,
    jet_min_delta_r: float = 0.5,
) -> Cuts:
    """Select events with a pair of taus in one of six exclusive channels, all in one event loop.

    tt (both hadronic), mt, et (a muon or electron and a hadronic tau), em, mm, ee. Leg 1 is the first letter of the
    channel; in tt, mm and ee the one of larger pT. An event that is left in two channels, which the default vetoes
    exclude, is an error. The integer column ``channel`` is 0 to 5 in this order.

    A number may be given for all channels or as a mapping of channels to numbers; channels that are not named keep
    their default. Parameters that name a branch (``tau_id``, ``muon_id`` ...) take the name of another column of the
    same meaning, to be compared with the same threshold, or an expression, which is the decision for each object
    (as is a column of bool: no threshold then), or null: not asked for.

    Parameters
    ----------
    df
        Data frame of the tree ``Events`` of NanoAOD.
    units
        Unit of momenta in the file. Thresholds, and all columns that are made, are in GeV.
    channels
        The channels that are looked for.
    charge
        ``opposite``; ``same``: the control region of multijets; ``any``: as the published models were trained.
    flags
        Filters of bad events that must be true. One that is not there counts as true, and that is said.
    triggers
        Channel -> column or expression that must be true in it; none by default.
    tau_min_pt, tau_max_abs_eta, muon_min_pt, muon_max_abs_eta, electron_min_pt, electron_max_abs_eta
        Acceptance of legs. In mt and et the bounds belong to the accepted range, elsewhere they do not.
    tau_id, tau_decay_mode, decay_modes
        Decay mode finding, the decay mode, and those that are accepted. The charge must be 1 or -1.
    tau_vs_e, tau_vs_mu, tau_vs_jet, tau_min_vs_e, tau_min_vs_mu, tau_min_vs_jet
        Discriminators against electrons, muons and jets, and their lowest values.
    tau_order
        Expression by whose falling values the taus of mt and et are ranked; null: by pT.
    muon_id, muon_loose_id, muon_isolation, muon_max_isolation
        Identification (legs and third muons), that of the di-muon veto, and relative isolation, strictly below.
    electron_id, electron_isolation, electron_max_isolation
        The same; the di-electron veto asks for no identification.
    electron_conversion_veto, electron_lost_hits, electron_max_lost_hits
        Of all electrons, those of vetoes, too.
    max_dxy, max_dz
        Impact parameters of tracks, strictly below: of all muons and electrons; ``max_dz`` of taus, too.
    min_delta_r
        Distance of the legs, strictly above.
    max_muons, third_muon_min_pt, third_muon_max_abs_eta, third_muon_max_isolation
        Most muons in an event, legs among them, with these properties. null: no such veto.
    max_electrons, third_electron_min_pt, third_electron_max_abs_eta, third_electron_max_isolation
        The same for electrons.
    dimuon_veto, dimuon_min_pt, dimuon_max_abs_eta, dimuon_max_isolation, dimuon_min_delta_r
        In mt: no two loose muons of opposite charge, apart from each other, besides leg 1.
    dielectron_veto, dielectron_min_pt, dielectron_max_abs_eta, dielectron_max_isolation, dielectron_min_delta_r
        The same in et.
    jet_id, jet_min_id, jet_min_pt, jet_max_abs_eta
        Jets.
    jet_btag, bjet_min_pt, bjet_max_abs_eta, bjet_min_btag
        b jets, which pass ``jet_id``, too. Without ``jet_btag`` there are none.
    tau_jet_index, tau_jet_min_delta_r
        Column with the jet that an entry of the tau collection is: such jets are dropped, whether the tau is selected
        or not, and a hadronic tau must be this far from all jets and b jets that are left.
    jet_min_delta_r
        Used where ``tau_jet_index`` is null: jets this close to one of the chosen legs are dropped in place of that.

    Notes
    -----
    Common cuts: the flags, then ``one_channel``. Each channel has its own: ``trigger``, those of the objects of leg 1
    and leg 2 (as many as needed pass this one and all before it), ``pair_charge``, ``pair_delta_r``, the vetoes. Of
    several pairs, the one of largest pT of leg 1 is taken, then of leg 2; equal ones in the order of the file. The pair
    is chosen before the vetoes. Branches are compared as double; no NaN passes a cut. For expressions of your own,
    ``leg_1_index`` and ``leg_2_index`` are the places of the legs in their collections.
    """
    parameters = {key: value for key, value in locals().items() if key != "df"}
    if df.HasColumn(FOUND):
        raise ConfigError("ditau.select is there already; a second one would describe another pair")
    settings.check(parameters)
    cpp.include("rdfplugins/ditau_compiled.h", optimised=True)
    if units == "MeV":
        df = df.Define(IN_MEV, "true")
    if not settings.uses(parameters, "tau"):
        df = df.Define(NO_TAUS, "true")
    for kind in ("tau", "muon", "electron", "jet"):
        df = _define_objects(df, kind, parameters, "1000.0" if units == "MeV" else "1.0")
    df, fired = define_triggers(df, triggers or {})
    clean = ", ".join(decision_of(df, flag) for flag in flags)
    jet_column = JETS if tau_jet_index is not None else "{}"
    arguments = ", ".join(["rdfp_ditau_made_", f"{{{clean}}}", f"{{{fired}}}", *OBJECTS, jet_column])
    # the cuts are made once: a function's own constant
    made = f"rdfp_ditau_cuts({{{settings.literals(settings.numbers(parameters))}}})"
    found = f"static const auto rdfp_ditau_made_ = {made}; return rdfp_ditau_select({arguments});"
    df = df.Define(FOUND, found).Define("channel", f"{FOUND}.channel")
    df = df.Define("leg_1_index", f"{FOUND}.first").Define("leg_2_index", f"{FOUND}.second")
    return _cuts(df, parameters)


def _cuts(df: RNode, parameters: Mapping[str, Any]) -> Cuts:
    names = settings.channel_cut_names(parameters)
    columns = {channel: f"rdfp_ditau_step_{channel}_" for channel in CHANNELS}
    on = ", ".join(str(CHANNELS.index(channel)) for channel in names)
    df = df.Define("rdfp_ditau_steps_", f"rdfp_ditau_steps({FOUND}, {{{on}}})")
    df = unpack(df, "rdfp_ditau_steps_", [_STEP, _PLACE, *columns.values()])
    found = tuple(Channel(channel, columns[channel], cuts) for channel, cuts in names.items())
    return Cuts(df, _STEP, settings.cut_names(parameters), channels=found, channel=_PLACE)


def _define_objects(df: RNode, kind: str, parameters: Mapping[str, Any], unit: str) -> RNode:
    """Define the objects of a kind as one column; an empty one where the selection does not look at them."""
    column = {"jet": JETS}.get(kind, f"rdfp_ditau_{kind}s_")
    if kind not in _kinds(parameters):
        return df.Define(column, f"rdfp_ditau_no_{kind}()")
    for name in _COLUMNS[kind]:
        column_types.require(df, name, f"column '{name}'", ("whole", "real"), collection=True)
    arguments = []
    for name in _PARAMETERS[kind]:
        df, argument = column_of(df, name, parameters[name])
        arguments.append(argument)
    literals = partial(_literals, parameters)
    if kind == "muon":
        head = literals("max_dxy", "max_dz")
    elif kind == "electron":
        head = literals("max_dxy", "max_dz", "electron_max_lost_hits")
    elif kind == "tau":
        modes = sum(1 << mode for mode in set(parameters["decay_modes"]))
        head = [*literals("max_dz"), f"{modes}ULL"]
        arguments[-1] = arguments[-1] if parameters["tau_order"] is not None else "Tau_pt"
    else:
        head = literals(
            "jet_min_pt", "jet_max_abs_eta", "jet_min_id", "bjet_min_pt", "bjet_max_abs_eta", "bjet_min_btag"
        )
        index = ["Tau_pt", arguments[-1]]
        if parameters["tau_jet_index"] is None:
            df = df.Define(JET_DISTANCE, settings.literal(parameters["jet_min_delta_r"]))
            column, index = NEARBY, ["ROOT::RVec<float>{}", "ROOT::RVec<int>{}"]
        arguments[-1:] = index
    return df.Define(column, f"rdfp_ditau_{kind}s({', '.join([unit, *head, *_COLUMNS[kind], *arguments])})")


def _literals(parameters: Mapping[str, Any], *names: str) -> list[str]:
    return [settings.literal(parameters[name]) for name in names]
