"""Jets, leptons, taus, missing momentum and large-R jets of the diphoton simulation. All in GeV."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rdfplugins.simulate.hgg.modes import CONTINUUM, SIGNALS
from rdfplugins.simulate.hgg.process import BOTTOM, CHARM, ELECTRON, LIGHT, MUON, TOP_MASS
from rdfplugins.simulate.jagged import Objects, merge, offsets_of, sort
from rdfplugins.simulate.kinematics import delta_r, pt_eta_phi, wrapped
from rdfplugins.simulate.streams import chance, one_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rdfplugins.simulate.hgg.process import Hard

    Array = NDArray[Any]

_JET_PT, _JET_ETA, _JET_RADIUS = 20.0, 2.5, 0.4
_LEPTON_PT, _SINGLE_LEPTON_PT = 7.0, 27.0
_ELECTRON_ETA, _MUON_ETA = 2.47, 2.70
_TAU_PT, _TAU_ETA, _TIGHT_TAU = 20.0, 2.5, 0.8
_LARGE_JET_PT, _LARGE_JET_ETA = 200.0, 2.0
_SEED_PT = 180.0
_SOFT_JETS = np.array([mode.soft_jets for mode in (*SIGNALS.values(), CONTINUUM)])


def energy(pt: Array, eta: Array, mass: Array | float) -> Array:
    """Return the energy of particles of this mass."""
    return np.asarray(np.hypot(pt * np.cosh(eta), mass))


def jets(hard: Hard, rng: np.random.Generator) -> Objects:
    """Return jets with pt > 20 GeV, |eta| < 2.5, away from the photons, by falling pt.

    Fields: pt, eta, phi, E, jvt, trueflav, truthMatched, MV2c10 (in [-1, 1], high for bottom quarks).
    """
    found = merge([_from_partons(hard.partons, rng), _soft_jets(hard.process, rng)])
    found = found.where((found["pt"] > _JET_PT) & (np.abs(found["eta"]) < _JET_ETA))
    for photon in hard.photons:
        _, eta, phi = pt_eta_phi(photon)
        found = found.where(delta_r(found["eta"], found["phi"], eta[found.event], phi[found.event]) > _JET_RADIUS)
    found = sort(found, found["pt"])
    count = len(found)
    mass = found["pt"] * (0.06 + 0.10 * rng.random(count))
    spread = rng.standard_exponential(count)
    jvt = np.where(found["truthMatched"], 1 - 0.04 * spread, 0.25 * spread)
    no_tracks = chance(rng, count, 0.02)
    return found.having(
        E=energy(found["pt"], found["eta"], mass),
        jvt=np.where(no_tracks, -0.1, np.clip(jvt, 0.0, 1.0)),
        MV2c10=_b_tag(found["trueflav"], rng),
    )


def _from_partons(partons: Objects, rng: np.random.Generator) -> Objects:
    count = len(partons)
    response = 0.96 + rng.standard_normal(count) * np.hypot(0.08, 0.9 / np.sqrt(np.maximum(partons["pt"], 5.0)))
    spread = 0.02 * rng.standard_normal((2, count))
    jet = {
        "pt": partons["pt"] * response,
        "eta": partons["eta"] + spread[0],
        "phi": wrapped(partons["phi"] + spread[1]),
        "trueflav": partons["flavour"],
        "truthMatched": chance(rng, count, 0.985),
    }
    return Objects(partons.event, jet)


def _soft_jets(process: Array, rng: np.random.Generator) -> Objects:
    """Jets of radiation and, a fifth of them, of other collisions."""
    event = np.repeat(np.arange(len(process)), rng.poisson(_SOFT_JETS[process]))
    count = len(event)
    jet = {
        "pt": _JET_PT + 14.0 * rng.standard_exponential(count),
        "eta": 1.6 * rng.standard_normal(count),
        "phi": rng.uniform(-np.pi, np.pi, count),
        "trueflav": one_of(rng, count, {BOTTOM: 0.01, CHARM: 0.04, LIGHT: 0.95}),
        "truthMatched": chance(rng, count, 0.8),
    }
    return Objects(event, jet)


def _b_tag(flavour: Array, rng: np.random.Generator) -> Array:
    """Draw a discriminant with a peak at -1 for light jets and at +1 for bottom jets; charm lies between."""
    count = len(flavour)
    light = rng.beta(0.55, 3.2, count)
    heavy = 1 - rng.beta(0.30, 2.0, count)
    charm = rng.beta(0.7, 1.1, count)
    return 2 * np.where(flavour == BOTTOM, heavy, np.where(flavour == CHARM, charm, light)) - 1


def leptons(hard: Hard, rng: np.random.Generator) -> Objects:
    """Return electrons and muons with pt > 7 GeV, by falling pt; some come from jets.

    Fields: pt, eta, phi, E, type, charge, truthMatched, isTightID, z0 (mm), ptcone30, etcone20 (GeV),
    trackd0pvunbiased (mm), tracksigd0pvunbiased, single (hard enough for the trigger).
    """
    events = len(hard.process)
    found = merge([hard.leptons.having(prompt=np.ones(len(hard.leptons), dtype=bool)), _leptons_of_jets(events, rng)])
    limit = np.where(found["type"] == ELECTRON, _ELECTRON_ETA, _MUON_ETA)
    seen = chance(rng, len(found), np.where(found["prompt"], 0.87, 1.0))
    found = found.having(pt=found["pt"] * (1 + 0.015 * rng.standard_normal(len(found))))
    found = found.where(seen & (found["pt"] > _LEPTON_PT) & (np.abs(found["eta"]) < limit))
    found = sort(found, found["pt"])
    count, prompt = len(found), found["prompt"]
    displaced = np.where(prompt, 1.0, 6.0)
    impact = displaced * rng.standard_normal(count)
    alone = chance(rng, count, np.where(prompt, 0.75, 0.15))
    return found.having(
        E=energy(found["pt"], found["eta"], np.where(found["type"] == ELECTRON, 0.000511, 0.10566)),
        truthMatched=prompt,
        isTightID=chance(rng, count, np.where(prompt, 0.86, 0.25)),
        z0=np.where(chance(rng, count, 0.03), 25.0, 0.12 * displaced) * rng.standard_normal(count),
        ptcone30=np.where(alone, 0.0, 1.0 + np.where(prompt, 1.0, 8.0) * rng.standard_exponential(count)),
        etcone20=np.where(prompt, 0.3, 5.0) + np.where(prompt, 1.2, 4.0) * rng.standard_normal(count),
        trackd0pvunbiased=0.02 * impact,
        tracksigd0pvunbiased=np.abs(impact),
        single=found["pt"] > _SINGLE_LEPTON_PT,
    )


def _leptons_of_jets(events: int, rng: np.random.Generator) -> Objects:
    event = np.flatnonzero(chance(rng, events, 0.015))
    count = len(event)
    lepton = {
        "pt": _LEPTON_PT + 8.0 * rng.standard_exponential(count),
        "eta": 1.4 * rng.standard_normal(count),
        "phi": rng.uniform(-np.pi, np.pi, count),
        "type": one_of(rng, count, {ELECTRON: 0.5, MUON: 0.5}),
        "charge": one_of(rng, count, {1: 0.5, -1: 0.5}),
        "prompt": np.zeros(count, dtype=bool),
    }
    return Objects(event, lepton)


def taus(hard: Hard, rng: np.random.Generator) -> Objects:
    """Return hadronic tau candidates with pt > 20 GeV, |eta| < 2.5, by falling pt; some are jets.

    Fields: pt, eta, phi, E, charge, truthMatched, isTightID, nTracks, BDTid (in [0, 1]).
    """
    event = np.flatnonzero(chance(rng, len(hard.process), 0.03))
    count = len(event)
    fake = Objects(
        event,
        {
            "pt": _TAU_PT + 12.0 * rng.standard_exponential(count),
            "eta": rng.uniform(-_TAU_ETA, _TAU_ETA, count),
            "phi": rng.uniform(-np.pi, np.pi, count),
            "charge": one_of(rng, count, {1: 0.5, -1: 0.5}),
            "truthMatched": np.zeros(count, dtype=bool),
        },
    )
    found = merge([hard.taus.having(truthMatched=np.ones(len(hard.taus), dtype=bool)), fake])
    found = found.where((found["pt"] > _TAU_PT) & (np.abs(found["eta"]) < _TAU_ETA) & chance(rng, len(found), 0.7))
    found = sort(found, found["pt"])
    count, real = len(found), found["truthMatched"]
    score = np.where(real, 1 - rng.beta(1.0, 5.0, count), rng.beta(3.0, 3.0, count))
    one_prong = chance(rng, count, np.where(real, 0.76, 0.45))
    return found.having(
        E=energy(found["pt"], found["eta"], np.where(one_prong, 0.8, 1.2)),
        isTightID=score > _TIGHT_TAU,
        nTracks=np.where(one_prong, 1, 3),
        BDTid=score,
    )


def ditau_mass(found: Objects, events: int) -> Array:
    """Return the visible mass of the two leading taus, GeV; 0 in events with fewer."""
    pairs = found.count(events) > 1
    first = offsets_of(found, events)[:-1][pairs]
    second = first + 1
    mass = np.zeros(events)
    pt_product = found["pt"][first] * found["pt"][second]
    delta_eta = found["eta"][first] - found["eta"][second]
    delta_phi = found["phi"][first] - found["phi"][second]
    mass[pairs] = np.sqrt(2 * pt_product * (np.cosh(delta_eta) - np.cos(delta_phi)))
    return mass


def missing_momentum(hard: Hard, jet: Objects, rng: np.random.Generator) -> tuple[Array, Array]:
    """Return size and azimuth of the missing transverse momentum: neutrinos, and noise that grows with the jets."""
    events = len(hard.process)
    lost = hard.neutrinos
    sigma = np.sqrt(9.0**2 + 0.5 * jet.total(events, jet["pt"]))
    noise = sigma * rng.standard_normal((2, events))
    px = lost.total(events, lost["pt"] * np.cos(lost["phi"])) + noise[0]
    py = lost.total(events, lost["pt"] * np.sin(lost["phi"])) + noise[1]
    return np.hypot(px, py), np.arctan2(py, px)


def large_jets(hard: Hard, jet: Objects, rng: np.random.Generator) -> Objects:
    """Return jets of radius 1 with pt > 200 GeV, |eta| < 2, by falling pt: boosted bosons and tops, and hard jets.

    Fields: pt, eta, phi, E, m (GeV), truthMatched (0 or 1), D2, tau32.
    """
    heavy = hard.heavy.where(hard.heavy["pt"] > _SEED_PT)
    count = len(heavy)
    boosted = {
        "pt": heavy["pt"] * (0.98 + 0.08 * rng.standard_normal(count)),
        "eta": heavy["eta"],
        "phi": heavy["phi"],
        "m": heavy["mass"] * (1 + 0.11 * rng.standard_normal(count)),
        "truthMatched": np.ones(count),
        "D2": 1.1 + 0.3 * rng.standard_normal(count),
        "tau32": np.where(heavy["mass"] == TOP_MASS, 0.50, 0.68) + 0.11 * rng.standard_normal(count),
    }
    hard_jet = jet.where((jet["pt"] > _SEED_PT) & chance(rng, len(jet), 0.7))
    count = len(hard_jet)
    plain_pt = hard_jet["pt"] * (1.03 + 0.05 * rng.standard_normal(count))
    plain = {
        "pt": plain_pt,
        "eta": hard_jet["eta"],
        "phi": hard_jet["phi"],
        "m": plain_pt * (0.04 + 0.5 * rng.beta(1.5, 6.0, count)),
        "truthMatched": np.zeros(count),
        "D2": 1.9 + 0.5 * rng.standard_normal(count),
        "tau32": 0.74 + 0.10 * rng.standard_normal(count),
    }
    found = merge([Objects(heavy.event, boosted), Objects(hard_jet.event, plain)])
    found = found.where((found["pt"] > _LARGE_JET_PT) & (np.abs(found["eta"]) < _LARGE_JET_ETA))
    found = sort(found, found["pt"])
    found = found.having(D2=np.maximum(found["D2"], 0.1), tau32=np.clip(found["tau32"], 0.05, 1.0))
    return found.having(E=energy(found["pt"], found["eta"], found["m"]))
