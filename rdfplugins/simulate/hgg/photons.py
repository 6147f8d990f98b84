"""Photons as a detector sees them: resolution, conversions, identification, isolation, trigger. All in GeV."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rdfplugins.simulate.jagged import Objects, merge, sort
from rdfplugins.simulate.kinematics import pt_eta_phi
from rdfplugins.simulate.streams import chance, one_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rdfplugins.simulate.hgg.process import Hard

    Array = NDArray[Any]

CRACK = (1.37, 1.52)
MAX_ABS_ETA = 2.45
MIN_PT = 15.0

_RECONSTRUCTION = 0.975
_MORE_FAKES = 0.10
_TRIGGER_PT = (35.0, 25.0)
_TRIGGER_EFFICIENCY = 0.985


def photons(hard: Hard, rng: np.random.Generator) -> tuple[Objects, Array]:
    """Return the reconstructed photons, sorted by event, and the decision of the trigger.

    Within an event they stand in the order of their momenta before the last calibration, as in real files: now and
    then the second has the higher pt.

    Returns
    -------
    photons
        pt, eta, phi, E (GeV, with E = pt cosh(eta)), convType, isTightID, ptcone30, etcone20 (GeV), fake, trigMatched.
    trigger
        bool[n].
    """
    events = len(hard.process)
    candidates = _measured(merge([_from_process(hard), _more_fakes(events, rng)]), rng)
    candidates = sort(candidates, candidates["pt"] * (1 + 0.012 * rng.standard_normal(len(candidates))))
    hard_enough = [candidates.count(events, candidates["pt"] > threshold) for threshold in _TRIGGER_PT]
    trigger = (hard_enough[0] > 0) & (hard_enough[1] > 1) & (chance(rng, events, _TRIGGER_EFFICIENCY))
    matching = np.where(candidates["fake"], 0.93, 0.995) * (candidates["pt"] > _TRIGGER_PT[1])
    matched = trigger[candidates.event] & (chance(rng, len(candidates), matching))
    return candidates.having(trigMatched=matched), trigger


def _from_process(hard: Hard) -> Objects:
    events = len(hard.process)
    pt, eta, phi = pt_eta_phi(np.concatenate(hard.photons, axis=1))
    return Objects(np.tile(np.arange(events), 2), {"pt": pt, "eta": eta, "phi": phi, "fake": hard.fake.ravel()})


def _more_fakes(events: int, rng: np.random.Generator) -> Objects:
    """Draw jets elsewhere in the event that are taken for photons, mostly soft."""
    event = np.repeat(np.arange(events), rng.poisson(_MORE_FAKES, events))
    count = len(event)
    return Objects(
        event,
        {
            "pt": MIN_PT + 9.0 * rng.standard_exponential(count),
            "eta": rng.uniform(-MAX_ABS_ETA, MAX_ABS_ETA, count),
            "phi": rng.uniform(-np.pi, np.pi, count),
            "fake": np.ones(count, dtype=bool),
        },
    )


def _measured(true: Objects, rng: np.random.Generator) -> Objects:
    """Apply acceptance, resolution, identification and isolation."""
    true = true.where((np.abs(true["eta"]) < MAX_ABS_ETA) & (chance(rng, len(true), _RECONSTRUCTION)))
    count = len(true)
    eta, fake, abs_eta = true["eta"], true["fake"], np.abs(true["eta"])
    # material grows with |eta|
    converted = chance(rng, count, 0.20 + 0.12 * abs_eta)
    kind = one_of(rng, count, {1: 0.45, 2: 0.15, 3: 0.30, 4: 0.06, 5: 0.04})
    energy = true["pt"] * np.cosh(eta)
    pt = true["pt"] * (1 + _resolution(energy, abs_eta, converted) * rng.standard_normal(count))
    pt *= np.where(converted & (chance(rng, count, 0.10)), 1 - 0.03 * rng.standard_exponential(count), 1.0)
    pt *= np.where(fake, 0.97, 1.0)
    identified = np.where(fake, 0.62, 0.955 - 0.12 * np.exp(-pt / 30.0))
    tracks, calorimeter = _isolation(pt, fake, rng)
    measured = true.having(
        pt=pt,
        E=pt * np.cosh(eta),
        convType=np.where(converted, kind, 0),
        isTightID=chance(rng, count, identified),
        ptcone30=tracks,
        etcone20=calorimeter,
    )
    return measured.where(pt > MIN_PT)


def _resolution(energy: Array, abs_eta: Array, converted: Array) -> Array:
    """Return the relative resolution: a sampling and a constant term, worse in the endcaps and for conversions."""
    barrel = abs_eta < CRACK[0]
    relative = np.hypot(np.where(barrel, 0.095, 0.135) / np.sqrt(energy), np.where(barrel, 0.011, 0.017))
    relative *= np.where(converted, 1.2, 1.0)
    return relative * np.where((abs_eta > CRACK[0]) & (abs_eta < CRACK[1]), 1.8, 1.0)


def _isolation(pt: Array, fake: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    """Draw the transverse momenta around photons, GeV: tracks in a cone of 0.3, calorimeter cells in one of 0.2."""
    count = len(pt)
    # often no track at all; where there are some, they carry at least 1 GeV
    alone = chance(rng, count, np.where(fake, 0.25, 0.66))
    tail = chance(rng, count, np.where(fake, 0.35, 0.05))
    tracks = 1.0 + np.where(tail, 7.0, 0.7) * rng.standard_exponential(count)
    # what is left after the subtraction of the underlying event may be negative
    noise = np.where(fake, 1.6, 0.3) + (1.1 + 0.006 * pt) * rng.standard_normal(count)
    leak = chance(rng, count, np.where(fake, 0.30, 0.05))
    calorimeter = noise + np.where(leak, 5.0, 0.0) * rng.standard_exponential(count)
    return np.where(alone, 0.0, tracks), calorimeter
