"""What the particles of the hard process turn into: taus and W bosons that decay, jets of recoil and radiation. In GeV.

The decays are exact; momenta and number of the jets are drawn from simple distributions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rdfplugins.simulate.ditau import truth
from rdfplugins.simulate.ditau.decay import ELECTRON_MASS, MUON_MASS, TAU_MASS, VISIBLE_PDG, decay_taus
from rdfplugins.simulate.kinematics import boosted, four_momentum
from rdfplugins.simulate.streams import chance, one_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rdfplugins.simulate.ditau.truth import Particles

    Array = NDArray[Any]

ELECTRON, MUON, TAU = 11, 13, 15
BOTTOM, CHARM, DOWN, UP, GLUON = 5, 4, 1, 2, 21
_NEUTRINO = 1  # what is added to the number of a charged lepton

_FLAVOURS = {GLUON: 0.55, UP: 0.20, DOWN: 0.16, CHARM: 0.06, BOTTOM: 0.03}
_RADIATION = (0.40, 0.14)  # chances of a first and of a second jet of radiation
_SOFTEST_SPLIT = 25.0


@dataclass(frozen=True, eq=False)
class Parents:
    """Particles that decay: their events, four-momenta, masses, and number of their group in the truth."""

    event: Array
    p4: Array
    mass: Array
    group: int

    def where(self, keep: Array) -> Parents:
        """Return those for which ``keep`` says so."""
        return Parents(self.event[keep], self.p4[:, keep], self.mass[keep], self.group)

    def laboratory(self, p4: Array) -> Array:
        """Return momenta that are given in the rest frames of these particles."""
        return boosted(p4[:3], p4[3], self.p4, self.mass)


def isotropic(momentum: Array, rng: np.random.Generator) -> Array:
    """Return vectors float64[3, n] of these lengths and of any direction."""
    count = len(momentum)
    cosine, phi = rng.uniform(-1.0, 1.0, count), rng.uniform(-np.pi, np.pi, count)
    across = momentum * np.sqrt(1 - cosine**2)
    return np.stack([across * np.cos(phi), across * np.sin(phi), momentum * cosine])


def breit_wigner(uniform: Array, mass: Array | float, width: Array | float) -> Array:
    """Return masses of a Breit-Wigner curve, cut off at 2/3 and 4/3 of the pole."""
    half = np.asarray(width) / 2
    edge = np.arctan(np.asarray(mass) / 3 / half)
    return np.asarray(mass + half * np.tan((2 * uniform - 1) * edge))


def add_taus(
    made: Particles, parents: Parents, tau: Array, *, charge: Array, polarisation: Array, rng: np.random.Generator
) -> None:
    """Add taus, whose momenta are given in the rest frames of their parents, and what they decay to.

    ``polarisation`` is the helicity in that frame of negative taus, and minus that of positive ones.
    """
    products = decay_taus(tau, polarisation, rng)
    event = parents.event
    group = made.add(
        event,
        parents.laboratory(tau),
        TAU_MASS,
        parents.group,
        pdg=-TAU * charge,
        status=truth.DECAYED,
        flags=truth.HARD_FLAGS,
        charge=charge,
    )
    visible = parents.laboratory(products.visible)
    kind = VISIBLE_PDG[products.kind]
    lepton = kind < TAU
    squared = visible[3] ** 2 - visible[0] ** 2 - visible[1] ** 2 - visible[2] ** 2
    exact = np.where(kind == MUON, MUON_MASS, ELECTRON_MASS)
    made.add(
        event,
        visible,
        np.where(lepton, exact, np.sqrt(np.maximum(squared, 0.0))),
        group,
        pdg=np.where(lepton, -kind, kind) * charge,
        status=np.where(lepton, truth.STABLE, truth.DECAYED),
        flags=truth.TAU_PRODUCT_FLAGS,
        decay=products.kind,
        origin=truth.FROM_TAU,
        charge=charge,
    )
    neutrino = {"status": truth.STABLE, "flags": truth.TAU_PRODUCT_FLAGS}
    first, second = (parents.laboratory(p4) for p4 in (products.tau_neutrino, products.other_neutrino))
    made.add(event, first, 0.0, group, pdg=-(TAU + _NEUTRINO) * charge, **neutrino)
    made.add(event[lepton], second[:, lepton], 0.0, group, pdg=((kind + _NEUTRINO) * charge)[lepton], **neutrino)


def add_leptons(made: Particles, parents: Parents, p4: Array, kind: Array, charge: Array) -> None:
    """Add electrons and muons, whose momenta are given in the rest frames of their parents."""
    made.add(
        parents.event,
        parents.laboratory(p4),
        np.where(kind == MUON, MUON_MASS, ELECTRON_MASS),
        parents.group,
        pdg=-kind * charge,
        status=truth.STABLE,
        flags=truth.HARD_FLAGS,
        origin=truth.PROMPT,
        charge=charge,
    )


def w_to_leptons(made: Particles, w: Parents, charge: Array, rng: np.random.Generator) -> None:
    """Add the leptons of W bosons, a third of each kind; W bosons give left-handed negative taus."""
    count = len(w.event)
    kind = one_of(rng, count, {ELECTRON: 1 / 3, MUON: 1 / 3, TAU: 1 / 3})
    lepton_mass = np.select([kind == ELECTRON, kind == MUON], [ELECTRON_MASS, MUON_MASS], TAU_MASS)
    momentum = (w.mass**2 - lepton_mass**2) / (2 * w.mass)
    vectors = isotropic(momentum, rng)
    lepton = np.concatenate([vectors, [np.hypot(momentum, lepton_mass)]])
    made.add(
        w.event,
        w.laboratory(np.concatenate([-vectors, [momentum]])),
        0.0,
        w.group,
        pdg=(kind + _NEUTRINO) * charge,
        status=truth.STABLE,
        flags=truth.HARD_FLAGS,
    )
    light, heavy = kind != TAU, kind == TAU
    add_leptons(made, w.where(light), lepton[:, light], kind[light], charge[light])
    left = np.full(int(heavy.sum()), -1.0)
    add_taus(made, w.where(heavy), lepton[:, heavy], charge=charge[heavy], polarisation=left, rng=rng)


def w_to_quarks(made: Particles, w: Parents, rng: np.random.Generator) -> None:
    """Add the quarks of W bosons; half of the pairs hold a charm quark."""
    count = len(w.event)
    vectors = isotropic(w.mass / 2, rng)
    for sign, flavour in ((1, one_of(rng, count, {CHARM: 0.5, UP: 0.5})), (-1, DOWN)):
        quark = w.laboratory(np.concatenate([sign * vectors, [w.mass / 2]]))
        made.add(w.event, quark, 0.0, w.group, pdg=flavour, status=truth.PARTON, flags=truth.HARD_FLAGS)


def add_recoil(
    made: Particles,
    event: Array,
    system: Array,
    rng: np.random.Generator,
    *,
    fake: int = truth.NO_FAKE,
    charge: Array | int = 0,
) -> None:
    """Add the partons that a system recoils against, and radiation; ``fake`` and ``charge`` are those of the first.

    The hardest carries most of the momentum; what the jets do not balance is soft.
    """
    count = len(event)
    pt = np.hypot(system[0], system[1])
    back = np.arctan2(-system[1], -system[0])
    eta = np.arcsinh(system[2] / np.maximum(pt, 20.0))
    share = rng.uniform(0.55, 1.0, count)
    split = chance(rng, count, 0.35)
    wide = np.where(split, 0.45, 0.2) * rng.standard_normal(count)
    first = four_momentum(share * pt, 0.6 * eta + 1.2 * rng.standard_normal(count), back + wide, 0.0)
    _add_partons(made, event, first, rng, fake=fake, charge=charge)
    other = 0.4 * eta + 1.5 * rng.standard_normal(count)
    second = four_momentum((1.05 - share) * pt + 4.0, other, back - 1.2 * wide, 0.0)
    two = split & (pt > _SOFTEST_SPLIT)
    _add_partons(made, event[two], second[:, two], rng)
    for probability in _RADIATION:
        more = event[chance(rng, count, probability)]
        size = len(more)
        more_pt = 12.0 + 17.0 * rng.standard_exponential(size)
        more_eta, phi = 1.9 * rng.standard_normal(size), rng.uniform(-np.pi, np.pi, size)
        _add_partons(made, more, four_momentum(more_pt, more_eta, phi, 0.0), rng)


def _add_partons(
    made: Particles,
    event: Array,
    p4: Array,
    rng: np.random.Generator,
    *,
    fake: int = truth.NO_FAKE,
    charge: Array | int = 0,
) -> None:
    flavour = one_of(rng, len(event), _FLAVOURS)
    made.add(event, p4, 0.0, pdg=flavour, status=truth.PARTON, fake=fake, charge=charge)
