"""The hard processes of the di-tau simulation: what leaves the collision. All in GeV.

Kinematics and decays are exact; transverse momenta, rapidities and jets are drawn from simple distributions chosen to
look like those of the real processes: no matrix element is computed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rdfplugins.simulate.ditau import truth
from rdfplugins.simulate.ditau.decay import ELECTRON_MASS, MUON_MASS, TAU_MASS
from rdfplugins.simulate.ditau.modes import QCD, RELATIVE_WIDTH, RESONANCE, TTBAR, WJETS, ZLL
from rdfplugins.simulate.ditau.products import (
    BOTTOM,
    CHARM,
    DOWN,
    ELECTRON,
    GLUON,
    MUON,
    Parents,
    add_leptons,
    add_recoil,
    add_taus,
    breit_wigner,
    isotropic,
    w_to_leptons,
    w_to_quarks,
)
from rdfplugins.simulate.kinematics import boosted, four_momentum
from rdfplugins.simulate.streams import chance, one_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from rdfplugins.simulate.ditau.truth import Particles, Truth

    Array = NDArray[Any]

_HIGGS, _Z, _W, _TOP = 25, 23, 24, 6
W_MASS, W_WIDTH, TOP_MASS, BOTTOM_MASS = 80.38, 2.085, 172.5, 4.8
COLLISION_ENERGY = 13000.0

Z_POLARISATION = -0.147
"""Mean helicity of negative taus of Z decays (LEP, Phys. Rept. 427 (2006) 257), taken for all vector resonances."""

_FAKES_OF_QCD = {truth.FAKE_TAU: 0.7, truth.FAKE_MUON: 0.16, truth.FAKE_ELECTRON: 0.14}
_FLAVOURS_OF_QCD = {GLUON: 0.62, DOWN: 0.27, CHARM: 0.06, BOTTOM: 0.05}
_HADRONIC_W = 0.674


def hard_process(process: Array, mass: Array, vector: Array, rng: np.random.Generator) -> Truth:
    """Draw the hard process of each event.

    Parameters
    ----------
    process
        Numbers of the processes (`modes`), int64[n].
    mass, vector
        Mass of the resonance (GeV), and whether it is a vector; of use for `RESONANCE` and `ZLL` only.
    """
    made = truth.Particles(len(process))
    for number, decay in ((RESONANCE, _to_taus), (ZLL, _to_light_leptons)):
        event = np.flatnonzero(process == number)
        if len(event):
            _boson(made, event, mass[event], vector[event], decay=decay, rng=rng)
    for number, produce in ((WJETS, _w_and_jets), (QCD, _two_jets), (TTBAR, _tops)):
        event = np.flatnonzero(process == number)
        if len(event):
            produce(made, event, rng)
    return made.done()


def vector_masses(pole: Array, rng: np.random.Generator) -> Array:
    """Return masses of vector resonances around these poles."""
    return breit_wigner(rng.random(len(pole)), pole, RELATIVE_WIDTH * pole)


def _boson(
    made: Particles, event: Array, mass: Array, vector: Array, *, decay: Callable[..., None], rng: np.random.Generator
) -> None:
    """Add a resonance, its decay and its recoil: heavy ones are harder and more central; gluons radiate more."""
    count = len(event)
    mean_pt = np.where(vector, 7.0 + 0.13 * mass, 14.0 + 0.19 * mass)
    pt = mean_pt / 1.3 * rng.standard_gamma(1.3, count)
    rapidity = 0.25 * np.log(COLLISION_ENERGY / mass) * rng.standard_normal(count)
    p4 = four_momentum(pt, rapidity, rng.uniform(-np.pi, np.pi, count), mass)
    kind = np.where(vector, _Z, _HIGGS)
    group = made.add(event, p4, mass, pdg=kind, status=truth.UNSTABLE, flags=truth.HARD_FLAGS)
    decay(made, Parents(event, p4, mass, group), vector, rng)
    add_recoil(made, event, p4, rng)


def _to_taus(made: Particles, boson: Parents, vector: Array, rng: np.random.Generator) -> None:
    """Add two taus: the helicities of those of a scalar are equal, of those of a vector opposite."""
    count = len(boson.event)
    taus = _pair(boson.mass, np.full(count, TAU_MASS), vector, rng)
    negative = np.where(chance(rng, count, (1 + np.where(vector, Z_POLARISATION, 0.0)) / 2), 1.0, -1.0)
    # a positive tau decays as a negative one of the other helicity
    positive = np.where(vector, negative, -negative)
    for tau, sign, polarisation in ((taus[0], -1, negative), (taus[1], 1, positive)):
        add_taus(made, boson, tau, charge=np.full(count, sign), polarisation=polarisation, rng=rng)


def _to_light_leptons(made: Particles, boson: Parents, vector: Array, rng: np.random.Generator) -> None:
    count = len(boson.event)
    kind = one_of(rng, count, {ELECTRON: 0.5, MUON: 0.5})
    pair = _pair(boson.mass, np.where(kind == MUON, MUON_MASS, ELECTRON_MASS), vector, rng)
    for lepton, sign in zip(pair, (-1, 1), strict=True):
        add_leptons(made, boson, lepton, kind, np.full(count, sign))


def _pair(mass: Array, lepton_mass: Array, vector: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    """Return a pair of leptons in the frame of their resonance.

    A scalar decays isotropically, a vector of the annihilation of light quarks with 1 + cos^2; the axis is the beam.
    """
    count = len(mass)
    uniform = rng.random(count)
    cosine = np.where(vector, one_plus_square(uniform), 2 * uniform - 1)
    phi = rng.uniform(-np.pi, np.pi, count)
    momentum = np.sqrt(mass**2 / 4 - lepton_mass**2)
    across = momentum * np.sqrt(1 - cosine**2)
    vectors = np.stack([across * np.cos(phi), across * np.sin(phi), momentum * cosine])
    return np.concatenate([vectors, [mass / 2]]), np.concatenate([-vectors, [mass / 2]])


def one_plus_square(uniform: Array) -> Array:
    """Draw c in [-1, 1] with the density 3/8 (1 + c^2): the root of c^3 + 3 c = 8 u - 4, by Cardano's formula."""
    half = 4 * uniform - 2
    root = np.cbrt(half + np.sqrt(half**2 + 1))
    return np.asarray(np.clip(root - 1 / root, -1.0, 1.0))


def _w_and_jets(made: Particles, event: Array, rng: np.random.Generator) -> None:
    """Add a W boson that decays to leptons, and jets, of which the first is taken for a tau."""
    count = len(event)
    mass = breit_wigner(rng.random(count), W_MASS, W_WIDTH)
    pt = 12.0 + 21.0 * rng.standard_gamma(1.3, count)
    p4 = four_momentum(pt, 1.5 * rng.standard_normal(count), rng.uniform(-np.pi, np.pi, count), mass)
    charge = one_of(rng, count, {1: 0.57, -1: 0.43})
    group = made.add(event, p4, mass, pdg=_W * charge, status=truth.UNSTABLE, flags=truth.HARD_FLAGS)
    w_to_leptons(made, Parents(event, p4, mass, group), charge, rng)
    # the leading jet is often a quark of the other charge
    opposite = np.where(chance(rng, count, 0.68), -charge, charge)
    add_recoil(made, event, p4, rng, fake=truth.FAKE_TAU, charge=opposite)


def _two_jets(made: Particles, event: Array, rng: np.random.Generator) -> None:
    """Add two jets, each taken for a tau or lepton of any charge, and what they recoil against."""
    count = len(event)
    pt = 27.0 * (1 - rng.random(count)) ** (-1 / 3.8)
    phi = rng.uniform(-np.pi, np.pi, count)
    eta = 1.1 * rng.standard_normal(count)
    jets = [
        four_momentum(pt * factor, eta + side * rng.standard_normal(count), angle, 0.0)
        for factor, side, angle in (
            (rng.uniform(0.85, 1.15, count), 0.7, phi),
            (rng.uniform(0.80, 1.05, count), 0.7, phi + np.pi + 0.25 * rng.standard_normal(count)),
        )
    ]
    for jet in jets:
        made.add(
            event,
            jet,
            0.0,
            pdg=one_of(rng, count, _FLAVOURS_OF_QCD),
            status=truth.PARTON,
            flags=truth.HARD_FLAGS,
            fake=one_of(rng, count, _FAKES_OF_QCD),
            charge=one_of(rng, count, {1: 0.5, -1: 0.5}),
        )
    add_recoil(made, event, jets[0] + jets[1], rng)


def _tops(made: Particles, event: Array, rng: np.random.Generator) -> None:
    """Add a top and an antitop quark, back to back but for radiation."""
    count = len(event)
    pt, phi = 52.0 * rng.standard_gamma(2.3, count), rng.uniform(-np.pi, np.pi, count)
    kick, angle = 28.0 * rng.standard_exponential(count), rng.uniform(-np.pi, np.pi, count)
    px, py = kick * np.cos(angle) - pt * np.cos(phi), kick * np.sin(angle) - pt * np.sin(phi)
    pair = (
        four_momentum(pt, rng.standard_normal(count), phi, TOP_MASS),
        four_momentum(np.hypot(px, py), rng.standard_normal(count), np.arctan2(py, px), TOP_MASS),
    )
    for top, sign in zip(pair, (1, -1), strict=True):
        group = made.add(event, top, TOP_MASS, pdg=sign * _TOP, status=truth.UNSTABLE, flags=truth.HARD_FLAGS)
        _decay_top(made, event, top, sign, group, rng=rng)
    add_recoil(made, event, pair[0] + pair[1], rng)


def _decay_top(made: Particles, event: Array, top: Array, sign: int, group: int, *, rng: np.random.Generator) -> None:
    count = len(event)
    mass = breit_wigner(rng.random(count), W_MASS, W_WIDTH)
    product = (TOP_MASS**2 - (mass + BOTTOM_MASS) ** 2) * (TOP_MASS**2 - (mass - BOTTOM_MASS) ** 2)
    length = np.sqrt(product) / (2 * TOP_MASS)
    vectors = isotropic(length, rng)
    bottom = boosted(-vectors, np.hypot(length, BOTTOM_MASS), top, TOP_MASS)
    made.add(event, bottom, BOTTOM_MASS, group, pdg=sign * BOTTOM, status=truth.PARTON, flags=truth.HARD_FLAGS)
    p4 = boosted(vectors, np.hypot(length, mass), top, TOP_MASS)
    w_group = made.add(event, p4, mass, group, pdg=sign * _W, status=truth.UNSTABLE, flags=truth.HARD_FLAGS)
    w = Parents(event, p4, mass, w_group)
    hadronic = chance(rng, count, _HADRONIC_W)
    w_to_quarks(made, w.where(hadronic), rng)
    leptonic = w.where(~hadronic)
    w_to_leptons(made, leptonic, np.full(len(leptonic.event), sign), rng)
