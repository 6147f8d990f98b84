"""Jets, pile-up and missing transverse momentum of the di-tau simulation. All in GeV."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rdfplugins.simulate.ditau.leptons import MAX_ABS_ETA, true_leptons
from rdfplugins.simulate.ditau.taus import visible_taus
from rdfplugins.simulate.ditau.truth import ELECTRON, MUON, NO_FAKE, PARTON, Truth
from rdfplugins.simulate.jagged import Objects, by_event, merge, sort
from rdfplugins.simulate.kinematics import delta_r, wrapped

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

MIN_PT, MAX_ETA, RADIUS = 15.0, 5.0, 0.4
_BOTTOM, _CHARM = 5, 4
_NEUTRINOS = (12, 14, 16)
_MEAN_PILE_UP, _SPREAD = 32.0, 10.0
_SOFTEST_PARTON, _CENTRAL = 8.0, 2.5
_PILE_UP_JETS = 0.035
"""Jets of other collisions with pt > 15 GeV, per collision."""

PARTON_JET, TAU_JET, ELECTRON_JET, MUON_JET, PILE_UP_JET = range(5)
# decisions of the identification: 0 fails, 2 tight, 6 tight and not a lepton; the share of each but the last
_FAILS = np.array([0.005, 0.03, 0.01, 0.02, 0.05])
_LEPTON_LIKE = np.array([0.015, 0.06, 0.90, 0.92, 0.01])
_LOOSE_ONLY = 0.5  # of jets that fail the identification of pile-up, how many pass its loose working point


@dataclass(frozen=True, eq=False)
class PileUp:
    """Other collisions of each event.

    Attributes
    ----------
    mean
        Expected number of collisions at the luminosity of the moment, float64[events].
    collisions
        Their number, a Poisson number of this mean.
    vertices, good
        Vertices that are found, all and good ones; that of the hard process is among them.
    """

    mean: Array
    collisions: Array
    vertices: Array
    good: Array


def pile_up(events: int, rng: np.random.Generator) -> PileUp:
    """Draw the other collisions of each event."""
    mean = np.clip(_MEAN_PILE_UP + _SPREAD * rng.standard_normal(events), 4.0, 75.0)
    collisions = rng.poisson(mean)
    vertices = 1 + rng.binomial(collisions, 0.72)
    return PileUp(mean, collisions, vertices, np.maximum(rng.binomial(vertices, 0.9), 1))


def resolution(pt: Array, eta: Array) -> Array:
    """Return the relative resolution of the pt of jets: noise, sampling and a constant, worse forward."""
    return np.asarray(np.sqrt((3.0 / pt) ** 2 + 0.75**2 / pt + 0.05**2) * np.where(np.abs(eta) < _CENTRAL, 0.8, 1.0))


def hadronic_jets(truth: Truth, around: PileUp, events: int, rng: np.random.Generator) -> Objects:
    """Return jets of partons and of pile-up: seed, kind, true_pt, pt, eta, phi, parton, fake, charge.

    The seed of a jet of pile-up is beyond the last particle of the truth. What lies in the cone of a lepton or of the
    products of a tau makes no jet of its own.
    """
    chosen = np.flatnonzero((truth.status == PARTON) & (np.abs(truth.eta) < MAX_ETA) & (truth.pt > _SOFTEST_PARTON))
    pt, eta = truth.pt[chosen], truth.eta[chosen]
    count = len(chosen)
    response = np.maximum(1 + resolution(np.maximum(pt, 10.0), eta) * rng.standard_normal(count), 0.1)
    partons = Objects(
        truth.event[chosen],
        {
            "seed": chosen,
            "kind": np.full(count, PARTON_JET),
            "true_pt": pt,
            "pt": pt * response,
            "eta": eta + 0.02 * rng.standard_normal(count),
            "phi": wrapped(truth.phi[chosen] + 0.02 * rng.standard_normal(count)),
            "parton": truth.pdg[chosen],
            "fake": truth.fake[chosen],
            "charge": truth.charge[chosen],
        },
    )
    event = np.repeat(np.arange(events), rng.poisson(_PILE_UP_JETS * around.collisions))
    count = len(event)
    soft = Objects(
        event,
        {
            "seed": len(truth) + np.arange(count),
            "kind": np.full(count, PILE_UP_JET),
            "true_pt": np.zeros(count),
            "pt": MIN_PT + 4.5 * rng.standard_exponential(count),
            "eta": np.clip(2.3 * rng.standard_normal(count), -4.99, 4.99),
            "phi": rng.uniform(-np.pi, np.pi, count),
            "parton": np.zeros(count, dtype=np.int64),
            "fake": np.full(count, NO_FAKE),
            "charge": np.zeros(count, dtype=np.int64),
        },
    )
    found = merge([partons, soft])
    covered = np.zeros(len(found), dtype=bool)
    for others in (visible_taus(truth), true_leptons(truth, ELECTRON), true_leptons(truth, MUON)):
        covered |= near(found, others, events, RADIUS)
    return found.where((found["fake"] != NO_FAKE) | ~covered)


def near(found: Objects, others: Objects, events: int, distance: float) -> Array:
    """Return which objects have one of the others (in any order) of their event within this distance."""
    others = others.where(by_event(others.event))
    count = others.count(events)
    pairs = count[found.event]
    first = np.repeat(np.arange(len(found)), pairs)
    # the others of an event stand together: number them from the first
    begin = np.cumsum(count) - count
    rank = np.arange(len(first)) - np.repeat(np.cumsum(pairs) - pairs, pairs)
    second = begin[found.event[first]] + rank
    close = delta_r(found["eta"][first], found["phi"][first], others["eta"][second], others["phi"][second]) < distance
    return np.bincount(first[close], minlength=len(found)) > 0


def jets(truth: Truth, hadronic: Objects, kept: Array, rng: np.random.Generator) -> Objects:
    """Return all jets with pt > 15 GeV by falling pt: those of ``hadronic``, and of taus, electrons and muons.

    Fields: those of `hadronic_jets`, and mass, jet_id, pile_up_id, flavour (of hadrons: 5, 4, 0), btag (in [0, 1]).
    Jets of events that are not in the mask ``kept``, bool[events], are left out; the others do not depend on it.
    """
    parts = [hadronic]
    for what, source in (
        (TAU_JET, visible_taus(truth)),
        (ELECTRON_JET, true_leptons(truth, ELECTRON)),
        (MUON_JET, true_leptons(truth, MUON)),
    ):
        count = len(source)
        nothing = np.zeros(count, dtype=np.int64)
        parts.append(
            Objects(
                source.event,
                {
                    "seed": source["seed"],
                    "kind": np.full(count, what),
                    "true_pt": source["pt"],
                    "pt": source["pt"] * (1.03 + 0.06 * rng.standard_normal(count)) + 1.0,
                    "eta": source["eta"] + 0.01 * rng.standard_normal(count),
                    "phi": wrapped(source["phi"] + 0.01 * rng.standard_normal(count)),
                    "parton": nothing,
                    "fake": nothing,
                    "charge": source["charge"],
                },
            )
        )
    seen = [(part["pt"] > MIN_PT) & (np.abs(part["eta"]) < MAX_ETA) for part in parts]
    count = np.sum([part.count(len(kept), mask) for part, mask in zip(parts, seen, strict=True)], axis=0)
    found = merge([part.where(mask & kept[part.event]) for part, mask in zip(parts, seen, strict=True)])
    found = sort(found, found["pt"])
    return _identified(found, np.take(rng.random((5, int(count.sum()))), _places(found, count), axis=1))


def _places(found: Objects, count: Array) -> Array:
    """Return the place of each object among those of all events, which have ``count`` each; whole events are there."""
    places = np.cumsum(np.where(found.count(len(count)) > 0, 0, count))[found.event]
    return np.asarray(places + np.arange(len(found)))


def _identified(found: Objects, uniform: Array) -> Objects:
    """Add what is measured of jets beside their momentum, with five random numbers each, float64[5, n]."""
    kind = found["kind"]
    fails = _FAILS[kind]
    flavour = np.abs(found["parton"])
    flavour = np.where((flavour == _BOTTOM) | (flavour == _CHARM), flavour, 0)
    grade, of_genuine, of_mass, of_other, of_tag = uniform
    genuine = np.where(kind == PILE_UP_JET, 0.22, 0.96) > of_genuine
    return found.having(
        mass=found["pt"] * (0.07 + 0.10 * of_mass),
        jet_id=np.select([grade < fails, grade < fails + _LEPTON_LIKE[kind]], [0, 2], 6),
        pile_up_id=np.where(genuine, 7, np.where(of_other < _LOOSE_ONLY, 4, 0)),
        flavour=flavour,
        btag=_b_tag(flavour, of_tag),
    )


def _b_tag(flavour: Array, uniform: Array) -> Array:
    """Return a discriminant in [0, 1]: 1.5 % of light, 15 % of charm and 72 % of bottom jets are above 0.3033."""
    narrow = np.where(flavour == _CHARM, 0.065, 0.0065)
    return np.where(flavour == _BOTTOM, np.sin(np.pi / 2 * uniform**0.78) ** 2, narrow / (uniform + narrow))


@dataclass(frozen=True, eq=False)
class Missing:
    """Missing transverse momentum of each event.

    Attributes
    ----------
    pt, phi, puppi_pt, puppi_phi
        From all particles, and from those that pile-up mitigation keeps.
    covariance
        Of the former: xx, xy, yy, GeV^2.
    true_pt, true_phi
        Of the neutrinos.
    sum_et
        Scalar sum.
    """

    pt: Array
    phi: Array
    puppi_pt: Array
    puppi_phi: Array
    covariance: tuple[Array, Array, Array]
    true_pt: Array
    true_phi: Array
    sum_et: Array


def missing(truth: Truth, measured: list[Objects], around: PileUp, kept: Array, rng: np.random.Generator) -> Missing:
    """Return the missing momentum: neutrinos, what the measured objects have too little, unseen muons, and soft noise.

    Parameters
    ----------
    truth, around
        What happened.
    measured
        Objects with true_pt, pt, eta, phi; no two stand for one particle. Of pile-up (no true pt) nothing is missing.
    kept
        Of which events all this is wanted, bool[events]; there are no objects of others.
    """
    events = len(around.collisions)
    neutrino, unseen = np.flatnonzero(truth.of(*_NEUTRINOS)), truth.leptons[MUON]
    neutrino, unseen = (particle[kept[truth.event[particle]]] for particle in (neutrino, unseen))
    unseen = unseen[np.abs(truth.eta[unseen]) > MAX_ABS_ETA[MUON]]
    true = [np.bincount(truth.event[neutrino], truth.p4[i, neutrino], minlength=events) for i in (0, 1)]
    x, y = (
        part + np.bincount(truth.event[unseen], truth.p4[i, unseen], minlength=events) for i, part in enumerate(true)
    )
    # jets carry uncertainties of their own; the rest grows with the other collisions
    soft = 245.0 + 5.0 * around.collisions
    xx, xy, yy = soft.copy(), np.zeros(events), soft.copy()
    sum_et: Array = 350.0 + 32.0 * around.collisions
    for objects in measured:
        cosine, sine = np.cos(objects["phi"]), np.sin(objects["phi"])
        lost = np.where(objects["true_pt"] > 0, objects["true_pt"] - objects["pt"], 0.0)
        x = x + objects.total(events, lost * cosine)  # new arrays: numpy counts nothing in whole numbers
        y = y + objects.total(events, lost * sine)
        sum_et = sum_et + objects.total(events, objects["pt"])
        if "kind" in objects.fields and "parton" in objects.fields:
            size = (resolution(objects["pt"], objects["eta"]) * objects["pt"]) ** 2
            size = np.where(objects["true_pt"] > 0, size, 0.0)
            xx += objects.total(events, size * cosine**2)
            xy += objects.total(events, size * cosine * sine)
            yy += objects.total(events, size * sine**2)
    noise = np.sqrt(soft) * rng.standard_normal((2, events))
    rest = 8.0 * rng.standard_normal((2, events))
    puppi = [part + 0.5 * noise[i] + rest[i] for i, part in enumerate((x, y))]
    x, y = x + noise[0], y + noise[1]
    return Missing(
        np.hypot(x, y),
        np.arctan2(y, x),
        np.hypot(*puppi),
        np.arctan2(puppi[1], puppi[0]),
        (xx, xy, yy),
        np.hypot(*true),
        np.arctan2(true[1], true[0]),
        sum_et,
    )


def sorted_positions(found: Objects, size: int, events: int, keep: Array | slice = slice(None)) -> Array:
    """Return int64[size]: seed -> position of its object among those of the event; -1 where there is none.

    Of objects that may share a seed, ``keep`` says which are meant.
    """
    first = np.concatenate([[0], np.cumsum(found.count(events))])[found.event]
    positions = np.full(size, -1)
    positions[found["seed"][keep]] = (np.arange(len(found)) - first)[keep]
    return positions
