"""The di-tau selection, one event at a time, in plain Python.

Written from the description of the analysis and from nothing else: it shares no code and no idea of an algorithm with
the implementation it judges. It is slow on purpose, so that every step can be checked by eye.

An event is a dictionary: branch name -> numpy scalar or array, in the types of NanoAOD. A float32 is promoted to double
before it meets a double: float32 4.7 lies below the double 4.7 and passes ``< 4.7``,
float32 2.4 fails ``< 2.4``. A comparison with NaN is false, so that NaN passes no cut.

Decisions where the description leaves room:

- The legs of mt and et take the bounds of pT and eta in (``>=``, ``<=``), those of the other channels do not.
- Opposite charges are q1 = -q2, same charges are q1 = q2; the di-lepton vetoes ask for q1 q2 < 0.
- A tau beside a jet whose phi is NaN fails (dR is NaN, which passes no cut).
- Without jet indices of the taus a jet is kept where it has dR > ``jet_min_delta_r`` to both legs.
- A cut that is not asked (None, ``charge: any``, no trigger) has no name in the list of steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.oracle.ditau_columns import community, inputs
from tests.oracle.ditau_objects import (
    COLLECTION,
    LEG_CUTS,
    Event,
    Jets,
    at_vertex,
    distance,
    find_jets,
    get,
    in_acceptance,
    isolated,
    size,
    unconverted,
    value,
)
from tests.oracle.ditau_settings import CHANNELS, LEGS, Expression, Number, Settings

if TYPE_CHECKING:
    from collections.abc import Callable


class TwoChannelsError(Exception):
    """An event is left in two channels: the vetoes that were asked do not separate them."""


@dataclass
class Followed:
    """What became of an event: flags passed in order; per channel the cuts passed in order and the chosen pair.

    ``complete`` holds the channels in which all cuts were passed. Where a flag failed, ``steps`` are empty lists.
    """

    flags: list[str]
    flags_passed: bool
    steps: dict[str, list[str]]
    pairs: dict[str, tuple[int, int]]
    complete: list[str]


@dataclass
class Result:
    """A selected event; legs are indices into the collections of `LEGS`."""

    channel: str
    code: int
    legs: tuple[int, int]
    jets: Jets
    steps: dict[str, list[str]]
    inputs: dict[str, float]
    community: dict[str, float]


# --------------------------------------------------------------------------------------------------------------- pairs


def all_pairs(event: Event, channel: str, first: list[int], second: list[int]) -> list[tuple[int, int]]:
    """All combinations of good objects: leg 1 from ``first``, leg 2 from ``second``; harder first if of one kind.

    They stand in the order of the file (first index, then second), which decides between pairs of equal rank.
    """
    kind1, kind2 = LEGS[channel]
    if kind1 != kind2:
        return [(i, j) for i in first for j in second]
    branch = f"{COLLECTION[kind1]}_pt"
    pairs = [(i, j) for i in first for j in first if i < j]
    return [(j, i) if value(event, branch, j) > value(event, branch, i) else (i, j) for i, j in pairs]


def charges_match(event: Event, channel: str, pair: tuple[int, int], wanted: str) -> bool:
    q1, q2 = (int(event[f"{COLLECTION[kind]}_charge"][i]) for kind, i in zip(LEGS[channel], pair, strict=True))
    return {"opposite": q1 == -q2, "same": q1 == q2, "any": True}[wanted]


def far_apart(event: Event, channel: str, pair: tuple[int, int], minimum: float) -> bool:
    kind1, kind2 = (COLLECTION[kind] for kind in LEGS[channel])
    return distance(event, kind1, pair[0], kind2, pair[1]) > minimum


def rank(event: Event, channel: str, pair: tuple[int, int], s: Settings) -> tuple[float, float]:
    """Sort key of a pair: pT of leg 1, then of leg 2 (or what ``tau_order`` says), both falling."""
    branches: list[Expression] = [f"{COLLECTION[kind]}_pt" for kind in LEGS[channel]]
    if s.tau_order is not None and channel in {"mt", "et"}:
        branches[1] = s.tau_order
    return -value(event, branches[0], pair[0]), -value(event, branches[1], pair[1])


# -------------------------------------------------------------------------------------------------------------- vetoes


def third_muons(event: Event, s: Settings) -> list[int]:
    """Muons that the veto of a third muon counts."""
    return [
        i
        for i in range(size(event, "Muon"))
        if in_acceptance(event, "Muon", i, s, (s.third_muon_min_pt, s.third_muon_max_abs_eta))
        and at_vertex(event, "Muon", i, s)
        and (s.muon_id is None or bool(get(event, s.muon_id, i)))
        and isolated(event, s.muon_isolation, i, s.third_muon_max_isolation)
    ]


def third_electrons(event: Event, s: Settings) -> list[int]:
    """Electrons that the veto of a third electron counts."""
    return [
        i
        for i in range(size(event, "Electron"))
        if in_acceptance(event, "Electron", i, s, (s.third_electron_min_pt, s.third_electron_max_abs_eta))
        and at_vertex(event, "Electron", i, s)
        and (s.electron_id is None or bool(get(event, s.electron_id, i)))
        and unconverted(event, i, s)
        and isolated(event, s.electron_isolation, i, s.third_electron_max_isolation)
    ]


def loose_muons(event: Event, s: Settings) -> list[int]:
    """Muons that the di-muon veto looks at."""
    return [
        i
        for i in range(size(event, "Muon"))
        if in_acceptance(event, "Muon", i, s, (s.dimuon_min_pt, s.dimuon_max_abs_eta))
        and at_vertex(event, "Muon", i, s)
        and (s.muon_loose_id is None or bool(get(event, s.muon_loose_id, i)))
        and isolated(event, s.muon_isolation, i, s.dimuon_max_isolation)
    ]


def loose_electrons(event: Event, s: Settings) -> list[int]:
    """Electrons that the di-electron veto looks at: no identification is asked."""
    return [
        i
        for i in range(size(event, "Electron"))
        if in_acceptance(event, "Electron", i, s, (s.dielectron_min_pt, s.dielectron_max_abs_eta))
        and at_vertex(event, "Electron", i, s)
        and unconverted(event, i, s)
        and isolated(event, s.electron_isolation, i, s.dielectron_max_isolation)
    ]


def has_opposite_pair(event: Event, kind: str, found: list[int], minimum: Number) -> bool:
    """Tell whether two of the leptons have charges of opposite sign and are apart."""
    charge = event[f"{kind}_charge"]
    return any(
        int(charge[i]) * int(charge[j]) < 0 and (minimum is None or distance(event, kind, i, kind, j) > minimum)
        for i in found
        for j in found
        if i < j
    )


def veto_cuts(channel: str, s: Settings) -> list[tuple[str, Callable[[Event, tuple[int, int]], bool]]]:
    """Vetoes of a channel, in order; each gets the event and the chosen pair and says whether the event stays."""
    cuts: list[tuple[str, Callable[[Event, tuple[int, int]], bool]]] = []
    muons, electrons = s.of("max_muons", channel), s.of("max_electrons", channel)
    if muons is not None:
        cuts.append(("third_muon_veto", lambda e, _: len(third_muons(e, s)) <= muons))
    if electrons is not None:
        cuts.append(("third_electron_veto", lambda e, _: len(third_electrons(e, s)) <= electrons))
    if channel == "mt" and s.dimuon_veto:
        others = lambda e, pair: [i for i in loose_muons(e, s) if i != pair[0]]  # noqa: E731
        test = lambda e, pair: not has_opposite_pair(e, "Muon", others(e, pair), s.dimuon_min_delta_r)  # noqa: E731
        cuts.append(("dimuon_veto", test))
    if channel == "et" and s.dielectron_veto:
        others = lambda e, pair: [i for i in loose_electrons(e, s) if i != pair[0]]  # noqa: E731
        test = lambda e, pair: not has_opposite_pair(e, "Electron", others(e, pair), s.dielectron_min_delta_r)  # noqa: E731
        cuts.append(("dielectron_veto", test))
    return cuts


# ---------------------------------------------------------------------------------------------------------- the chain


def good_objects(event: Event, channel: str, s: Settings, steps: list[str]) -> dict[str, list[int]] | None:
    """Return the good objects of each kind of leg, None where there are too few; add the cuts passed to ``steps``."""
    kinds = LEGS[channel]
    needed = 2 if kinds[0] == kinds[1] else 1
    good: dict[str, list[int]] = {}
    for kind in dict.fromkeys(kinds):
        good[kind] = list(range(size(event, COLLECTION[kind])))
        for name, test in LEG_CUTS[kind](channel, s):
            good[kind] = [i for i in good[kind] if test(event, i)]
            if len(good[kind]) < needed:
                return None
            steps.append(name)
        if len(good[kind]) < needed:  # where no cut is asked of this kind
            return None
    return good


def good_pairs(event: Event, channel: str, s: Settings, steps: list[str]) -> list[tuple[int, int]]:
    """Return all pairs that pass the cuts on objects and pairs; add the cuts passed to ``steps``."""
    good = good_objects(event, channel, s, steps)
    if good is None:
        return []
    pairs = all_pairs(event, channel, *(good[kind] for kind in LEGS[channel]))
    cuts: list[tuple[str, Callable[[tuple[int, int]], bool]]] = []
    if s.charge != "any":
        cuts.append(("pair_charge", lambda pair: charges_match(event, channel, pair, s.charge)))
    minimum = s.of("min_delta_r", channel)
    if minimum is not None:
        cuts.append(("pair_delta_r", lambda pair: far_apart(event, channel, pair, minimum)))
    for name, test in cuts:
        pairs = [pair for pair in pairs if test(pair)]
        if not pairs:
            return []
        steps.append(name)
    return pairs


def follow_channel(event: Event, channel: str, s: Settings) -> tuple[list[str], tuple[int, int] | None, bool]:
    """Return the cuts passed, the chosen pair (None before there is one), and whether all cuts were passed."""
    steps: list[str] = []
    trigger = s.triggers.get(channel)
    if trigger is not None:
        if not bool(trigger(event) if callable(trigger) else event[trigger]):
            return steps, None, False
        steps.append("trigger")
    pairs = good_pairs(event, channel, s, steps)
    if not pairs:
        return steps, None, False
    # min returns the first of equal ones
    chosen = min(pairs, key=lambda pair: rank(event, channel, pair, s))
    for name, keeps in veto_cuts(channel, s):
        if not keeps(event, chosen):
            return steps, chosen, False
        steps.append(name)
    return steps, chosen, True


def follow(event: Event, settings: Settings | None = None) -> Followed:
    """Take an event through the flags and all channels. A flag that the event does not have counts as true."""
    s = settings or Settings()
    followed = Followed([], False, {channel: [] for channel in s.channels}, {}, [])
    for flag in s.flags:
        if flag in event and not bool(event[flag]):
            return followed
        followed.flags.append(flag)
    followed.flags_passed = True
    for channel in s.channels:
        steps, pair, complete = follow_channel(event, channel, s)
        followed.steps[channel] = steps
        if pair is not None:
            followed.pairs[channel] = pair
        if complete:
            followed.complete.append(channel)
    return followed


def analyse(event: Event, settings: Settings | None = None) -> Result | None:
    """Return channel, legs, jets and columns of a selected event, None for any other.

    Raises
    ------
    TwoChannelsError
        The event is left in more than one channel.
    """
    s = settings or Settings()
    followed = follow(event, s)
    if len(followed.complete) > 1:
        raise TwoChannelsError(f"event left in {' and '.join(followed.complete)}")
    if not followed.complete:
        return None
    (channel,) = followed.complete
    legs = followed.pairs[channel]
    named = tuple((COLLECTION[kind], i) for kind, i in zip(LEGS[channel], legs, strict=True))
    jets = find_jets(event, s, named)
    return Result(
        channel,
        CHANNELS.index(channel),
        legs,
        jets,
        followed.steps,
        inputs(event, channel, named, jets, s),
        community(event, named, jets, s),
    )


def cut_names(channel: str, settings: Settings | None = None) -> list[str]:
    """Names of the cuts of a channel that are switched on, in order."""
    s = settings or Settings()
    names = ["trigger"] if s.triggers.get(channel) is not None else []
    for kind in dict.fromkeys(LEGS[channel]):
        names += [name for name, _ in LEG_CUTS[kind](channel, s)]
    if s.charge != "any":
        names.append("pair_charge")
    if s.of("min_delta_r", channel) is not None:
        names.append("pair_delta_r")
    return names + [name for name, _ in veto_cuts(channel, s)]
