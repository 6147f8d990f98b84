"""Random nasty di-tau events: values on both sides of every threshold, so that channels and vetoes are all populated.

Each event starts from the legs of a channel (or from nothing), good or nearly so; further objects of all kinds are
added. The same seed makes the same events.
"""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING, Any

import numpy as np

from tests.oracle.ditau_edges import down, single, up
from tests.oracle.ditau_events import electron, event, jet, muon, tau
from tests.oracle.ditau_settings import CHANNELS, FLAGS, LEGS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

DEEP = "idDeepTau2017v2p1VS"
MAKE = {"tau": tau, "muon": muon, "electron": electron, "jet": jet}
MOST = 5


def _around(*literals: float) -> list[float]:
    return [f(x) for x in literals for f in (down, single, up)]


def _either_sign(values: Sequence[float]) -> list[float]:
    return [sign * x for x in values for sign in (1.0, -1.0)]


NAN = [math.nan]
_VERTEX = {"dxy": [*_either_sign(_around(0.045)), 0.5, *NAN], "dz": [*_either_sign(_around(0.2)), 2.0, *NAN]}
_ISOLATION = [*_around(0.1, 0.15, 0.3), 0.2, 0.0, 1.5, *NAN]
NASTY: dict[str, dict[str, Sequence[Any]]] = {
    "tau": {
        "pt": [*_around(30.0, 40.0), 18.0, 35.0, 35.0, *NAN],
        "eta": [*_either_sign(_around(2.1, 2.3)), 2.2, *NAN],
        "dz": _VERTEX["dz"],
        "charge": (0, 2, -2),
        "decayMode": (0, 2, 10, 11, 5, 6),
        "idDecayModeNewDMs": (False,),
        f"{DEEP}e": (1, 2, 31, 32, 63),
        f"{DEEP}mu": (0, 1, 7, 8),
        f"{DEEP}jet": (8, 15, 16, 31),
    },
    "muon": _VERTEX
    | {
        "pt": [*_around(10.0, 15.0, 21.0), 5.0, 12.0, 18.0, *NAN],
        "eta": [*_either_sign(_around(2.1, 2.4)), 2.2, *NAN],
        "pfRelIso04_all": _ISOLATION,
        "mediumId": (False,),
        "looseId": (False,),
    },
    "electron": _VERTEX
    | {
        "pt": [*_around(10.0, 15.0, 20.0, 25.0), 7.0, 12.0, 18.0, *NAN],
        "eta": [*_either_sign(_around(2.1, 2.4)), 2.2, *NAN],
        "pfRelIso03_all": _ISOLATION,
        "mvaFall17V2noIso_WP90": (False,),
        "convVeto": (False,),
        "lostHits": (1, 2),
    },
    "jet": {
        "pt": [*_around(20.0, 30.0), 25.0, 25.0, 50.0, *NAN],
        "eta": [*_either_sign(_around(2.5, 4.7)), 3.0, 5.0, *NAN],
        "btagDeepB": [*_around(0.3033), 0.9, 0.9, 0.9, -2.0, *NAN],
        "jetId": (0, 2, 4, 5, 7),
    },
}
_SOFTEST = {"tau": 25.0, "muon": 10.0, "electron": 12.0, "jet": 18.0}


def _draw(r: random.Random, kind: str, rate: float) -> dict[str, Any]:
    """Make an object whose values are each nasty with probability ``rate``."""
    made: dict[str, Any] = MAKE[kind](
        pt=_SOFTEST[kind] + r.expovariate(1.0 / 25.0), eta=r.gauss(0.0, 1.2 if kind != "jet" else 2.0)
    )
    made["phi"] = r.uniform(-math.pi, math.pi)
    if r.random() < 0.1:
        made["phi"] = r.choice((1.0, -1.0)) * (math.pi - r.expovariate(10.0))
    if kind != "jet":
        made["charge"] = r.choice((1, -1))
    for name, values in NASTY[kind].items():
        if r.random() < rate:
            made[name] = r.choice(values)
    if r.random() < 0.005:
        made["phi"] = math.nan
    return made


def _beside(r: random.Random, one: Mapping[str, Any]) -> dict[str, float]:
    """Return a direction about as far from another object as the cuts on dR ask for."""
    distance, angle = r.choice((0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6)) + r.gauss(0.0, 0.02), r.uniform(-math.pi, math.pi)
    phi = one["phi"] + distance * math.sin(angle)
    return {"eta": one["eta"] + distance * math.cos(angle), "phi": (phi + math.pi) % (2.0 * math.pi) - math.pi}


def _legs(r: random.Random) -> dict[str, list[dict[str, Any]]]:
    objects: dict[str, list[dict[str, Any]]] = {kind: [] for kind in MAKE}
    channel = r.choice((*CHANNELS, None))
    if channel is not None:
        charge = r.choice((1, -1))
        for kind in LEGS[channel]:
            one = _draw(r, kind, 0.04) | {"charge": charge}
            one["pt"] = r.choice((one["pt"], one["pt"], one["pt"] + 15.0))
            objects[kind].append(one)
            charge *= -1 if r.random() < 0.9 else 1
    return objects


def _extras(r: random.Random, objects: dict[str, list[dict[str, Any]]]) -> None:
    """Add objects of all kinds: some beside others, some of the same pT, many jets; then mix the order."""
    for kind, often in (("tau", 0.35), ("muon", 0.2), ("electron", 0.2), ("jet", 0.8)):
        while len(objects[kind]) < (MOST if kind != "jet" else 2 * MOST) and r.random() < often:
            one = _draw(r, kind, 0.25)
            anywhere = [other for others in objects.values() for other in others]
            if anywhere and r.random() < 0.3:
                one |= _beside(r, r.choice(anywhere))
            if objects[kind] and r.random() < 0.15:
                one["pt"] = r.choice(objects[kind])["pt"]
            objects[kind].append(one)
        r.shuffle(objects[kind])
    if r.random() < 0.2:  # what only the di-lepton vetoes see
        kind, change = r.choice((("muon", {"mediumId": False}), ("electron", {"mvaFall17V2noIso_WP90": False})))
        if len(objects[kind]) + 2 <= MOST:
            two = [_draw(r, kind, 0.05) | change | {"charge": charge} for charge in (1, -1)]
            if r.random() < 0.3:
                two[1] |= _beside(r, two[0])
            objects[kind] += two
    for one in objects["tau"]:
        one["jetIdx"] = r.randrange(-1, len(objects["jet"])) if r.random() < 0.5 else -1


def _scalars(r: random.Random, number: int) -> dict[str, Any]:
    made: dict[str, Any] = {"event": number, "run": 1 + number // 1000, "luminosityBlock": 1 + number // 100 % 10}
    made |= {"PuppiMET_pt": r.expovariate(1.0 / 40.0), "PuppiMET_phi": r.uniform(-math.pi, math.pi)}
    made |= {
        "MET_covXX": r.uniform(200.0, 800.0),
        "MET_covXY": r.gauss(0.0, 60.0),
        "MET_covYY": r.uniform(200.0, 800.0),
    }
    made |= {"PV_npvsGood": r.randrange(60), "genWeight": r.choice((1.0, 1.0, -1.0, 0.5))}
    if r.random() < 0.02:
        made[r.choice(("PuppiMET_pt", "PuppiMET_phi"))] = r.choice((0.0, math.nan))
    if r.random() < 0.02:
        made[r.choice(FLAGS)] = False
    return made


def random_events(n: int, seed: int) -> Iterator[dict[str, Any]]:
    """Make n complete events; ``event`` numbers count from 1."""
    r = random.Random(seed)
    with np.errstate(over="ignore"):
        for number in range(1, n + 1):
            objects = _legs(r)
            _extras(r, objects)
            yield event(objects["tau"], objects["muon"], objects["electron"], objects["jet"], **_scalars(r, number))
