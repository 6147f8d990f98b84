"""The diphoton selection and features, one event at a time, in plain Python.

Written from the description of the analysis and from nothing else: it shares no code and no idea of an algorithm with
the implementation it judges. It is slow on purpose, so that every step can be checked by eye.

An event is a dictionary: branch name -> number (scalar branches) or array (vector branches), float branches as float32.
Arithmetic follows C++: a float32 is promoted to double before it meets a double; only the ratio of two float branches
stays a float32. Divisions by zero and overflows give inf or NaN as in C++, not Python exceptions.

Decisions where the description leaves room:

- A photon or jet whose pT is NaN sorts behind all others; equal pT keeps the order of the file.
- Copies of float branches are exact, even of an inf. A *computed* column never holds inf: it is NaN instead.
- theta of an infinite eta is 0 or pi, by its formula, and thus an ordinary number.
- A negative squared dijet mass (rounding of the stored energies) gives mass 0.
- ``empty`` also stands for the dijet columns below two jets; it never replaces a NaN that came from a NaN in the file.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Event = Mapping[str, Any]
NAN = math.nan
STATISTICS = ("min", "max", "mean", "sum", "std")
JET_VARIABLES = ("pt", "phi", "E", "theta", "MV2c10")
LEP_VARIABLES = ("pt", "phi", "E", "theta", "charge", "z0", "ptcone30", "etcone20")

COLUMNS_82 = [
    "photon_n",
    *[f"photon_1lead_{v}" for v in ("pt", "eta", "phi", "E", "etcone20")],
    *[f"photon_2lead_{v}" for v in ("pt", "eta", "phi", "E", "etcone20")],
    "h_mass",
    "jet_n",
    *[f"jet_{v}_{s}" for v in JET_VARIABLES for s in STATISTICS],
    "lep_n",
    *[f"lep_{v}_{s}" for v in LEP_VARIABLES for s in STATISTICS],
    "weight",
    "met_et",
    "met_phi",
]
assert len(COLUMNS_82) == len(set(COLUMNS_82)) == 82

EXTRA_COLUMNS = [
    *["eventNumber", "runNumber", "channelNumber", "weight_df104", "photon_1lead_ptcone30", "photon_2lead_ptcone30"],
    *["m_yy", "pt_yy", "y_yy", "ptt_yy", "cos_theta_star", "deta_yy", "dphi_yy", "m_jj", "deta_jj"],
]

SCALE_FACTORS = ("PILEUP", "ELE", "MUON", "PHOTON", "TAU", "BTAG", "LepTRIGGER", "PhotonTRIGGER")


# ---------------------------------------------------------------------------------------------- arithmetic as in C++


def call(function: Callable[[float], float], x: float) -> float:
    """Return function(x) as C's math library would: inf on overflow, NaN outside the domain."""
    try:
        return function(x)
    except OverflowError:
        return -math.inf if function is math.sinh and x < 0 else math.inf
    except ValueError:
        return NAN


def divide(a: float, b: float) -> float:
    """Return a / b in double, with inf or NaN where b is zero."""
    if b != 0:
        return a / b
    if a == 0 or math.isnan(a):
        return NAN
    return math.copysign(math.inf, a) * math.copysign(1.0, b)


def finite(x: float) -> float:
    """Return x, or NaN in place of an infinity."""
    return NAN if math.isinf(x) else x


def float_ratio(a: Any, b: Any) -> float:
    """Divide two float32, round the quotient to float32, promote it to double."""
    with np.errstate(all="ignore"):
        return float(np.float32(a) / np.float32(b))


def value(event: Event, branch: str, index: int) -> float:
    """Element of a float branch, promoted from float32 to double."""
    return float(np.float32(event[branch][index]))


def by_falling_pt(event: Event, branch: str) -> list[int]:
    """Indices of a collection from the hardest to the softest: equal pT in file order, NaN at the end."""
    pts = [float(pt) for pt in event[branch]]
    return sorted(range(len(pts)), key=lambda i: (math.isnan(pts[i]), 0.0 if math.isnan(pts[i]) else -pts[i]))


# --------------------------------------------------------------------------------------------------------- selection


@dataclass
class Selected:
    """What became of one event: cuts passed in order, the two photons (indices) and their mass (file unit)."""

    cuts_passed: list[str]
    passed: bool
    lead: int | None = None
    sublead: int | None = None
    mass: float = NAN


@dataclass
class Parameters:
    """Parameters of the selection, thresholds in GeV; None (or False) switches a cut off."""

    trigger: str | None = "trigP"
    min_pt: float | None = 25.0
    max_abs_eta: float | None = 2.37
    crack: Sequence[float] | None = (1.37, 1.52)
    pairing: str = "exactly_two"
    order: str = "pt"
    trigger_matched: bool | None = True
    max_track_isolation: float | None = 0.065
    max_calo_isolation: float | None = 0.065
    min_lead_fraction: float | None = 0.35
    fraction_of: str = "pt"
    min_sublead_fraction: float | None = 0.25
    mass_range: Sequence[float] | None = (105.0, 160.0)
    mass_window: Sequence[float] | None = None
    units: str = "MeV"

    def __post_init__(self) -> None:
        assert self.pairing in {"exactly_two", "leading_two"}, self.pairing
        assert self.order in {"pt", "file"}, self.order
        assert self.fraction_of in {"pt", "E"}, self.fraction_of
        assert self.units in {"MeV", "GeV"}, self.units

    def in_file_unit(self, gev: float) -> float:
        """Convert a threshold from GeV to the unit of the file."""
        return gev * 1000.0 if self.units == "MeV" else float(gev)


def is_good(event: Event, i: int, p: Parameters) -> bool:
    """Tell whether photon i has tight identification, enough pT and an eta inside the acceptance."""
    pt = value(event, "photon_pt", i)
    abs_eta = abs(value(event, "photon_eta", i))
    if not event["photon_isTightID"][i]:
        return False
    if p.min_pt is not None and not pt > p.in_file_unit(p.min_pt):
        return False
    if p.max_abs_eta is not None and not abs_eta < p.max_abs_eta:
        return False
    return p.crack is None or abs_eta < p.crack[0] or abs_eta > p.crack[1]


def choose_photons(event: Event, p: Parameters) -> tuple[int, int] | None:
    """Return lead and sublead, or None where the event has no such pair."""
    ranked = by_falling_pt(event, "photon_pt")
    if p.pairing == "exactly_two":
        pair = [i for i in ranked if is_good(event, i, p)]
    else:
        pair = ranked[:2]
        if not all(is_good(event, i, p) for i in pair):
            return None
    if len(pair) != 2:
        return None
    if p.order == "file":
        pair.sort()
    return pair[0], pair[1]


def mass_of(event: Event, i: int, j: int) -> float:
    """Invariant mass of two massless photons, double, in the unit of the file."""
    deta = value(event, "photon_eta", i) - value(event, "photon_eta", j)
    dphi = value(event, "photon_phi", i) - value(event, "photon_phi", j)
    angular = call(math.cosh, deta) - call(math.cos, dphi)
    return call(math.sqrt, 2.0 * value(event, "photon_pt", i) * value(event, "photon_pt", j) * angular)


def _isolated(event: Event, pair: tuple[int, int], branch: str, maximum: float) -> bool:
    return all(float_ratio(event[branch][i], event["photon_pt"][i]) < maximum for i in pair)


def _fraction(event: Event, i: int, mass: float, p: Parameters) -> float:
    return divide(value(event, f"photon_{p.fraction_of}", i), mass)


Cut = tuple[str, Callable[[Event, Selected], bool]]


def _pair_cuts(p: Parameters) -> list[Cut]:
    """Cuts up to the isolation: the pair is chosen by the second, used by the later ones."""

    def two_good_photons(event: Event, s: Selected) -> bool:
        pair = choose_photons(event, p)
        if pair is None:
            return False
        s.lead, s.sublead = pair
        s.mass = mass_of(event, *pair)
        return True

    cuts: list[Cut] = []
    trigger, track, calo = p.trigger, p.max_track_isolation, p.max_calo_isolation
    if trigger is not None:
        cuts.append(("photon_trigger", lambda e, _: bool(e[trigger])))
    cuts.append(("two_good_photons", two_good_photons))
    if p.trigger_matched:
        cuts.append(("trigger_matched", lambda e, s: all(bool(e["photon_trigMatched"][i]) for i in _pair(s))))
    if track is not None:
        cuts.append(("track_isolation", lambda e, s: _isolated(e, _pair(s), "photon_ptcone30", track)))
    if calo is not None:
        cuts.append(("calo_isolation", lambda e, s: _isolated(e, _pair(s), "photon_etcone20", calo)))
    return cuts


def _mass_cuts(p: Parameters) -> list[Cut]:
    """Cuts that use the mass of the pair."""
    cuts: list[Cut] = []
    lead, sublead = p.min_lead_fraction, p.min_sublead_fraction
    if lead is not None:
        cuts.append(("lead_pt_over_mass", lambda e, s: _fraction(e, _pair(s)[0], s.mass, p) > lead))
    if sublead is not None:
        cuts.append(("sublead_pt_over_mass", lambda e, s: _fraction(e, _pair(s)[1], s.mass, p) > sublead))
    if p.mass_range is not None:
        low, high = (p.in_file_unit(x) for x in p.mass_range)
        cuts.append(("mass_105_160", lambda _, s: low < s.mass < high))
    if p.mass_window is not None:
        first, last = (p.in_file_unit(x) for x in p.mass_window)
        cuts.append(("mass_window", lambda _, s: first <= s.mass <= last))
    return cuts


def _pair(s: Selected) -> tuple[int, int]:
    assert s.lead is not None
    assert s.sublead is not None
    return s.lead, s.sublead


def active_cuts(**parameters: Any) -> list[str]:
    """Names of the cuts that are switched on, in order."""
    p = Parameters(**parameters)
    return [name for name, _ in _pair_cuts(p) + _mass_cuts(p)]


def select(event: Event, **parameters: Any) -> Selected:
    """Apply the cuts in order and stop at the first that fails.

    Parameters are those of `Parameters`. ``lead``, ``sublead`` and ``mass`` are set once ``two_good_photons`` passed.
    """
    p = Parameters(**parameters)
    selected = Selected(cuts_passed=[], passed=False)
    for name, test in _pair_cuts(p) + _mass_cuts(p):
        if not test(event, selected):
            return selected
        selected.cuts_passed.append(name)
    selected.passed = True
    return selected


# ---------------------------------------------------------------------------------------------------------- features


def theta(eta: float) -> float:
    """Polar angle of a pseudorapidity, in [0, pi]."""
    return 2.0 * math.atan(call(math.exp, -eta))


def statistics(values: Sequence[float], empty: float = NAN) -> dict[str, float]:
    """Minimum, maximum, mean, sum and standard deviation (two passes, ddof 0)."""
    if len(values) == 0:
        return {"min": empty, "max": empty, "mean": empty, "sum": 0.0, "std": empty}
    if not all(math.isfinite(v) for v in values):
        return dict.fromkeys(STATISTICS, NAN)
    total = math.fsum(values)
    mean = total / len(values)
    variance = math.fsum((v - mean) * (v - mean) for v in values) / len(values)
    std = 0.0 if len(values) == 1 else math.sqrt(variance)
    return {"min": min(values), "max": max(values), "mean": mean, "sum": total, "std": std}


def collection(event: Event, prefix: str, variables: Sequence[str], empty: float) -> dict[str, float]:
    """Number of objects (the branch) and statistics of their variables."""
    columns: dict[str, float] = {f"{prefix}_n": int(event[f"{prefix}_n"])}
    for variable in variables:
        if variable == "theta":
            values = [theta(float(eta)) for eta in event[f"{prefix}_eta"]]
        else:
            values = [float(x) for x in event[f"{prefix}_{variable}"]]
        for statistic, number in statistics(values, empty).items():
            columns[f"{prefix}_{variable}_{statistic}"] = number
    return columns


def diphoton_system(event: Event, i: int, j: int, mass: float) -> dict[str, float]:
    """Kinematics of the photon pair, from massless four-vectors."""
    pt1, eta1, phi1 = (value(event, f"photon_{v}", i) for v in ("pt", "eta", "phi"))
    pt2, eta2, phi2 = (value(event, f"photon_{v}", j) for v in ("pt", "eta", "phi"))
    px1, py1 = pt1 * call(math.cos, phi1), pt1 * call(math.sin, phi1)
    px2, py2 = pt2 * call(math.cos, phi2), pt2 * call(math.sin, phi2)
    pt_yy = math.hypot(px1 + px2, py1 + py2)
    # pt_yy x t with t = (pT1 - pT2) / |pT1 - pT2|; the cross product of sum and difference is -2 pT1 x pT2.
    ptt_yy = divide(2.0 * abs(px1 * py2 - px2 * py1), math.hypot(px1 - px2, py1 - py2))
    # E + pz = pt exp(eta) and E - pz = pt exp(-eta) for a massless particle.
    e_plus_pz = pt1 * call(math.exp, eta1) + pt2 * call(math.exp, eta2)
    e_minus_pz = pt1 * call(math.exp, -eta1) + pt2 * call(math.exp, -eta2)
    y_yy = 0.5 * call(math.log, divide(e_plus_pz, e_minus_pz))
    boost = math.sqrt(1.0 + divide(pt_yy, mass) * divide(pt_yy, mass))
    cos_theta_star = abs(call(math.sinh, eta1 - eta2)) / boost * divide(2.0 * pt1 * pt2, mass * mass)
    dphi_yy = abs(call(lambda x: math.remainder(x, 2.0 * math.pi), phi1 - phi2))
    columns = {"pt_yy": pt_yy, "y_yy": y_yy, "ptt_yy": ptt_yy, "cos_theta_star": cos_theta_star}
    columns |= {"deta_yy": abs(eta1 - eta2), "dphi_yy": dphi_yy}
    return {name: finite(x) for name, x in columns.items()}


def dijet_system(event: Event, empty: float) -> dict[str, float]:
    """Mass and eta difference of the two leading jets."""
    leading = by_falling_pt(event, "jet_pt")[:2]
    if len(leading) < 2:
        return {"m_jj": empty, "deta_jj": empty}
    energy = px = py = pz = 0.0
    for i in leading:
        pt, eta, phi = (value(event, f"jet_{v}", i) for v in ("pt", "eta", "phi"))
        energy += value(event, "jet_E", i)
        px += pt * call(math.cos, phi)
        py += pt * call(math.sin, phi)
        pz += pt * call(math.sinh, eta)
    square = energy * energy - px * px - py * py - pz * pz
    m_jj = 0.0 if -math.inf < square < 0.0 else call(math.sqrt, square)
    deta_jj = abs(value(event, "jet_eta", leading[0]) - value(event, "jet_eta", leading[1]))
    return {"m_jj": finite(m_jj), "deta_jj": finite(deta_jj)}


def features(event: Event, selected: Selected, empty: float = NAN, units: str = "MeV") -> dict[str, float]:
    """All output columns of a selected event but the two weights (see `weights`)."""
    i, j = _pair(selected)
    columns: dict[str, float] = {name: int(event[name]) for name in ("eventNumber", "runNumber", "channelNumber")}
    columns["photon_n"] = int(event["photon_n"])
    for label, index in (("1lead", i), ("2lead", j)):
        for variable in ("pt", "eta", "phi", "E", "etcone20", "ptcone30"):
            columns[f"photon_{label}_{variable}"] = value(event, f"photon_{variable}", index)
    mass = finite(selected.mass)
    columns |= {"h_mass": mass, "m_yy": mass / 1000.0 if units == "MeV" else mass}
    columns |= diphoton_system(event, i, j, selected.mass)
    columns |= collection(event, "jet", JET_VARIABLES, empty)
    columns |= collection(event, "lep", LEP_VARIABLES, empty)
    columns |= dijet_system(event, empty)
    columns |= {name: float(np.float32(event[name])) for name in ("met_et", "met_phi")}
    return columns


def weights(
    event: Event, kind: str, xsec_pb: float | None = None, sum_of_weights: float | None = None
) -> dict[str, float]:
    """Weight in pb (no luminosity) of a simulated event, 1 for data; the branches serve where no number is given."""
    assert kind in {"mc", "data"}, kind
    if kind == "data":
        return {"weight": 1.0, "weight_df104": 1.0}
    xsec = float(event["XSection"]) if xsec_pb is None else xsec_pb
    total = float(event["SumWeights"]) if sum_of_weights is None else sum_of_weights
    if total == 0:
        raise ValueError("a simulated sample needs a sum of weights")
    weight = weight_df104 = float(event["mcWeight"])
    for name in SCALE_FACTORS:
        factor = float(event[f"scaleFactor_{name}"])
        weight *= factor
        if name in {"PILEUP", "PHOTON", "PhotonTRIGGER"}:
            weight_df104 *= factor
    return {"weight": weight * xsec / total, "weight_df104": weight_df104 * xsec / total}
