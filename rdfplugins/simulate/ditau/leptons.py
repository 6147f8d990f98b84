"""Electrons and muons as a detector sees them: those of bosons and taus, of heavy quarks, and what is taken for them.

Efficiencies are close to those that CMS publishes for its identification (arXiv:2012.06888, arXiv:1804.04528). In GeV.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rdfplugins.simulate.ditau.decay import ELECTRON_MASS, MUON_MASS
from rdfplugins.simulate.ditau.truth import ELECTRON, FAKE_ELECTRON, FAKE_MUON, FROM_TAU, MUON, PARTON
from rdfplugins.simulate.jagged import Objects, merge, sort
from rdfplugins.simulate.kinematics import wrapped
from rdfplugins.simulate.streams import chance, one_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rdfplugins.simulate.ditau.truth import Truth

    Array = NDArray[Any]

MAX_ABS_ETA = {ELECTRON: 2.5, MUON: 2.4}
_MIN_PT = {ELECTRON: 5.0, MUON: 3.0}
_RECONSTRUCTION = {ELECTRON: 0.95, MUON: 0.985}
_MASS = {ELECTRON: ELECTRON_MASS, MUON: MUON_MASS}
_FAKE = {ELECTRON: FAKE_ELECTRON, MUON: FAKE_MUON}
_BOTTOM, _CHARM, _LIGHT = 5, 4, 3
_FROM_HEAVY = {_BOTTOM: 0.19, _CHARM: 0.09}
_SOFT_RATE = {ELECTRON: 0.12, MUON: 0.03}


def true_leptons(truth: Truth, kind: int) -> Objects:
    """Return the electrons (11) or muons (13) of the truth: seed, pt, eta, phi, charge, flavour.

    ``seed`` is the position in the truth, ``flavour`` where it comes from as NanoAOD numbers it: 1 boson, 15 tau.
    """
    chosen = truth.leptons[kind]
    return _candidates(truth, chosen, truth.pt[chosen], truth.charge[chosen], truth.origin[chosen])


def leptons(truth: Truth, kind: int, events: int, rng: np.random.Generator) -> Objects:
    """Return the electrons or muons of each event by falling pt.

    Fields: seed (position in the truth of what makes the jet they lie in; -1: none), true (bool: a lepton of the
    truth), pt, eta, phi, mass, charge, pdgId, flavour, dxy, dz (cm), iso03, iso04, tight, medium, loose (bool),
    conversion_veto (bool), lost_hits.
    """
    true = true_leptons(truth, kind)
    found = merge(
        [
            true.having(true=np.ones(len(true), dtype=bool)),
            *(
                part.having(true=np.zeros(len(part), dtype=bool))
                for part in (_of_quarks(truth, rng), _of_jets(truth, kind, rng), _soft(kind, events, rng))
            ),
        ]
    )
    seen = chance(rng, len(found), _RECONSTRUCTION[kind]) & (np.abs(found["eta"]) < MAX_ABS_ETA[kind])
    found = found.where(seen)
    relative = 0.012 + 0.00006 * found["pt"] if kind == MUON else np.hypot(0.012, 0.35 / found["pt"])
    found = found.having(true_pt=found["pt"], pt=found["pt"] * (1 + relative * rng.standard_normal(len(found))))
    found = found.where(found["pt"] > _MIN_PT[kind])
    found = sort(found, found["pt"])
    return _identified(found, kind, rng)


def _candidates(truth: Truth, chosen: Array, pt: Array, charge: Array, flavour: Array | int) -> Objects:
    return Objects(
        truth.event[chosen],
        {
            "seed": chosen,
            "pt": pt,
            "eta": truth.eta[chosen],
            "phi": truth.phi[chosen],
            "charge": charge,
            "flavour": np.broadcast_to(np.asarray(flavour, dtype=np.int64), len(chosen)),
        },
    )


def _of_quarks(truth: Truth, rng: np.random.Generator) -> Objects:
    """Leptons of decays of bottom and charm hadrons, within their jets."""
    parton = truth.status == PARTON
    rate = np.zeros(len(truth))
    for flavour, probability in _FROM_HEAVY.items():
        rate[parton & truth.of(flavour)] = probability / 2
    chosen = np.flatnonzero(rate > 0)
    chosen = chosen[chance(rng, len(chosen), rate[chosen])]
    pt = truth.pt[chosen] * rng.beta(1.2, 4.0, len(chosen))
    charge = one_of(rng, len(chosen), {1: 0.5, -1: 0.5})
    return _candidates(truth, chosen, pt, charge, np.abs(truth.pdg[chosen]))


def _of_jets(truth: Truth, kind: int, rng: np.random.Generator) -> Objects:
    """Jets that the process says are taken for this kind of lepton."""
    chosen = np.flatnonzero(truth.fake == _FAKE[kind])
    pt = truth.pt[chosen] * rng.uniform(0.55, 0.95, len(chosen))
    flavour = np.abs(truth.pdg[chosen])
    return _candidates(
        truth, chosen, pt, truth.charge[chosen], np.where((flavour == _BOTTOM) | (flavour == _CHARM), flavour, _LIGHT)
    )


def _soft(kind: int, events: int, rng: np.random.Generator) -> Objects:
    """Soft candidates of light hadrons and conversions, anywhere."""
    event = np.flatnonzero(chance(rng, events, _SOFT_RATE[kind]))
    count = len(event)
    return Objects(
        event,
        {
            "seed": np.full(count, -1),
            "pt": _MIN_PT[kind] + 4.0 * rng.standard_exponential(count),
            "eta": rng.uniform(-2.5, 2.5, count),
            "phi": rng.uniform(-np.pi, np.pi, count),
            "charge": one_of(rng, count, {1: 0.5, -1: 0.5}),
            "flavour": one_of(rng, count, {0: 0.6, _LIGHT: 0.4}),
        },
    )


def _identified(found: Objects, kind: int, rng: np.random.Generator) -> Objects:
    """Add what tells leptons of bosons and taus from others."""
    count = len(found)
    true = found["true"]
    heavy = (found["flavour"] == _BOTTOM) | (found["flavour"] == _CHARM)
    # often nothing lies around a true lepton; a few have a jet's worth, as all others
    alone = chance(rng, count, np.where(true, 0.35, 0.04))
    scale = np.where(chance(rng, count, np.where(true, 0.04, 1.0)), np.where(heavy, 1.2, 0.32), 0.032)
    isolation = np.where(alone, 0.0, scale * rng.standard_exponential(count)) * np.where(true, 30.0 / found["pt"], 1.0)
    displaced = np.select([heavy, found["flavour"] == FROM_TAU], [0.025, 0.004], 0.0025)
    other_vertex = chance(rng, count, np.where(true, 0.002, 0.02))
    grade = rng.random(count)  # one number, so that tight implies medium and medium loose
    if kind == MUON:
        tight, medium, loose = np.where(true[None, :], [[0.95], [0.975], [0.996]], [[0.55], [0.65], [0.92]])
    else:
        tight, medium, loose = np.where(true[None, :], [[0.80], [0.90], [0.98]], [[0.22], [0.38], [0.75]])
    flipped = chance(rng, count, 0.008 if kind == ELECTRON else 0.0002)
    charge = np.where(flipped, -found["charge"], found["charge"])
    return found.having(
        eta=found["eta"] + 0.0004 * rng.standard_normal(count),
        phi=wrapped(found["phi"] + 0.0004 * rng.standard_normal(count)),
        mass=np.full(count, _MASS[kind]),
        charge=charge,
        pdgId=-kind * charge,
        dxy=displaced * rng.standard_normal(count),
        dz=np.where(other_vertex, 3.0, 0.006) * rng.standard_normal(count),
        iso03=0.85 * isolation,
        iso04=isolation,
        tight=grade < tight,
        medium=grade < medium,
        loose=grade < loose,
        conversion_veto=chance(rng, count, np.where(true, 0.987, 0.75)),
        lost_hits=one_of(rng, count, {0: 0.955, 1: 0.036, 2: 0.006, 3: 0.003}),
    )
