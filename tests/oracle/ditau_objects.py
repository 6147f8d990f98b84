"""Objects of the di-tau selection, one at a time, in plain Python: leptons, taus and jets.

See `ditau` for what an event is, how numbers are compared and what was decided where the description leaves room.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from tests.oracle.ditau_settings import Expression, Number, Settings

Event = Mapping[str, Any]
Cut = tuple[str, Callable[[Event, int], bool]]
COLLECTION = {"tau": "Tau", "muon": "Muon", "electron": "Electron"}


@dataclass
class Jets:
    """Indices of jets: those of ``jet_min_pt`` by falling pT, the b jets in the order of the file."""

    j30: list[int]
    b: list[int]


# ------------------------------------------------------------------------------------------------------- small parts


def get(event: Event, what: Expression, i: int) -> Any:
    """Element i of a branch, or of what an expression gives."""
    assert what is not None
    return (what(event) if callable(what) else event[what])[i]


def value(event: Event, what: Expression, i: int) -> float:
    """Element i of a branch as a double."""
    return float(get(event, what, i))


def meets(event: Event, what: Expression, i: int, compare: Callable[[float, float], bool], threshold: Number) -> bool:
    """Compare a branch of numbers with a threshold; an expression or a bool is the decision itself."""
    if what is None:
        return True
    found = get(event, what, i)
    if callable(what) or isinstance(found, bool | np.bool_):
        return bool(found)
    return threshold is None or compare(float(found), float(threshold))


def at_least(a: float, b: float) -> bool:
    return a >= b


def at_most(a: float, b: float) -> bool:
    return a <= b


def above(a: float, b: float) -> bool:
    return a > b


def delta_r(eta1: float, phi1: float, eta2: float, phi2: float) -> float:
    """Distance in eta and phi, phi on the circle; NaN where anything is NaN."""
    turn = phi1 - phi2
    dphi = math.remainder(turn, 2.0 * math.pi) if math.isfinite(turn) else math.nan
    deta = eta1 - eta2
    return math.sqrt(deta * deta + dphi * dphi)


def distance(event: Event, kind1: str, i: int, kind2: str, j: int) -> float:
    """DR of two objects of the collections "Tau", "Muon", "Electron", "Jet"."""
    first = (value(event, f"{kind1}_{what}", i) for what in ("eta", "phi"))
    second = (value(event, f"{kind2}_{what}", j) for what in ("eta", "phi"))
    return delta_r(*first, *second)


def size(event: Event, kind: str) -> int:
    return len(event[f"{kind}_pt"])


# ------------------------------------------------------------------------------------------------------------ objects


def in_acceptance(
    event: Event, kind: str, i: int, s: Settings, bounds: tuple[Number, Number], *, closed: bool = False
) -> bool:
    """Tell whether pT (GeV) is above and abs(eta) below the bounds, which belong to the range if it is closed."""
    min_pt, max_abs_eta = bounds
    pt, abs_eta = value(event, f"{kind}_pt", i), abs(value(event, f"{kind}_eta", i))
    if min_pt is not None:
        bound = min_pt * s.gev
        if not (pt >= bound if closed else pt > bound):
            return False
    return max_abs_eta is None or (abs_eta <= max_abs_eta if closed else abs_eta < max_abs_eta)


def at_vertex(event: Event, kind: str, i: int, s: Settings) -> bool:
    """Tell whether the impact parameters are small: dz of all, dxy of electrons and muons."""
    if kind != "Tau" and s.max_dxy is not None and not abs(value(event, f"{kind}_dxy", i)) < s.max_dxy:
        return False
    return s.max_dz is None or abs(value(event, f"{kind}_dz", i)) < s.max_dz


def isolated(event: Event, what: Expression, i: int, maximum: Number) -> bool:
    return what is None or maximum is None or value(event, what, i) < maximum


def unconverted(event: Event, i: int, s: Settings) -> bool:
    """Tell whether an electron passes the conversion veto and has few lost hits."""
    veto = s.electron_conversion_veto is None or bool(get(event, s.electron_conversion_veto, i))
    return veto and meets(event, s.electron_lost_hits, i, at_most, s.electron_max_lost_hits)


def _first_cuts(kind: str, channel: str, s: Settings) -> list[Cut]:
    """Kinematics and vertex, which all legs have."""
    min_pt, max_abs_eta = s.of(f"{kind}_min_pt", channel), s.of(f"{kind}_max_abs_eta", channel)
    name, closed = COLLECTION[kind], channel in {"mt", "et"}
    cuts: list[Cut] = []
    if min_pt is not None or max_abs_eta is not None:
        test = lambda e, i: in_acceptance(e, name, i, s, (min_pt, max_abs_eta), closed=closed)  # noqa: E731
        cuts.append((f"{kind}_kinematics", test))
    if s.max_dz is not None or (kind != "tau" and s.max_dxy is not None):
        cuts.append((f"{kind}_vertex", lambda e, i: at_vertex(e, name, i, s)))
    return cuts


def muon_cuts(channel: str, s: Settings) -> list[Cut]:
    maximum = s.of("muon_max_isolation", channel)
    cuts = _first_cuts("muon", channel, s)
    if s.muon_id is not None:
        cuts.append(("muon_id", lambda e, i: bool(get(e, s.muon_id, i))))
    if s.muon_isolation is not None and maximum is not None:
        cuts.append(("muon_isolation", lambda e, i: isolated(e, s.muon_isolation, i, maximum)))
    return cuts


def electron_cuts(channel: str, s: Settings) -> list[Cut]:
    maximum = s.of("electron_max_isolation", channel)
    cuts = _first_cuts("electron", channel, s)
    if s.electron_id is not None:
        cuts.append(("electron_id", lambda e, i: bool(get(e, s.electron_id, i))))
    if s.electron_conversion_veto is not None or s.electron_lost_hits is not None:
        cuts.append(("electron_conversion", lambda e, i: unconverted(e, i, s)))
    if s.electron_isolation is not None and maximum is not None:
        cuts.append(("electron_isolation", lambda e, i: isolated(e, s.electron_isolation, i, maximum)))
    return cuts


def known_decay(event: Event, i: int, s: Settings) -> bool:
    """Tell whether a tau has the decay-mode id and one of the wanted decay modes."""
    if s.tau_id is not None and not bool(get(event, s.tau_id, i)):
        return False
    if s.tau_decay_mode is None or s.decay_modes is None:
        return True
    return int(get(event, s.tau_decay_mode, i)) in s.decay_modes


def tau_cuts(channel: str, s: Settings) -> list[Cut]:
    cuts = _first_cuts("tau", channel, s)
    cuts.append(("tau_charge", lambda e, i: abs(int(e["Tau_charge"][i])) == 1))
    if s.tau_id is not None or (s.tau_decay_mode is not None and s.decay_modes is not None):
        cuts.append(("tau_decay_mode", lambda e, i: known_decay(e, i, s)))
    for name in ("vs_e", "vs_mu", "vs_jet"):
        what, minimum = getattr(s, f"tau_{name}"), s.of(f"tau_min_{name}", channel)
        if what is not None and (minimum is not None or callable(what)):
            cuts.append((f"tau_{name}", lambda e, i, w=what, m=minimum: meets(e, w, i, at_least, m)))
    if s.tau_jet_index is not None and s.tau_jet_min_delta_r is not None:
        cuts.append(("tau_jet_overlap", lambda e, i: far_from_jets(e, i, s)))
    return cuts


LEG_CUTS = {"muon": muon_cuts, "electron": electron_cuts, "tau": tau_cuts}


# --------------------------------------------------------------------------------------------------------------- jets


def find_jets(event: Event, s: Settings, legs: tuple[tuple[str, int], ...] = ()) -> Jets:
    """Return the jets that are no tau; where taus have no jet index, the jets away from the legs (kind, index)."""
    left = list(range(size(event, "Jet")))
    if s.tau_jet_index is not None:
        taken = {int(get(event, s.tau_jet_index, t)) for t in range(size(event, "Tau"))}
        left = [j for j in left if j not in taken]
    elif s.jet_min_delta_r is not None:
        least = s.jet_min_delta_r
        left = [j for j in left if all(distance(event, kind, i, "Jet", j) > least for kind, i in legs)]
    left = [j for j in left if meets(event, s.jet_id, j, at_least, s.jet_min_id)]
    j30 = [j for j in left if in_acceptance(event, "Jet", j, s, (s.jet_min_pt, s.jet_max_abs_eta))]
    j30.sort(key=lambda j: -value(event, "Jet_pt", j))
    b = [j for j in left if in_acceptance(event, "Jet", j, s, (s.bjet_min_pt, s.bjet_max_abs_eta))]
    b = [j for j in b if meets(event, s.jet_btag, j, above, s.bjet_min_btag)] if s.jet_btag is not None else []
    return Jets(j30, b)


def far_from_jets(event: Event, i: int, s: Settings) -> bool:
    jets = find_jets(event, s)
    return all(distance(event, "Tau", i, "Jet", j) >= s.tau_jet_min_delta_r for j in jets.j30 + jets.b)
