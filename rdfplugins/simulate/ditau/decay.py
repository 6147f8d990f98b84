"""Decays of polarised taus, with exact kinematics. All in GeV.

Spectra in the rest frame of the tau: leptons by Michel's spectrum of V-A, hadrons as two-body decays to a pi, rho or
a1 meson and a neutrino, with the mass spectra of the mesons. See Bullock, Hagiwara and Martin, Nucl. Phys. B395 (1993)
499, for the formulas and for what they mean in Z and Higgs boson decays.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from rdfplugins.simulate.kinematics import decay
from rdfplugins.simulate.streams import one_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Array = NDArray[Any]

TAU_MASS, PION_MASS, ELECTRON_MASS, MUON_MASS = 1.77686, 0.13957, 0.000511, 0.10566

TO_E, TO_MU, TO_PI, TO_RHO, TO_A1, TO_3PI, TO_3PI_PI0 = range(7)
"""Decays of the tau: to an electron, a muon, one charged pion with none, one or two neutral ones, three with none or
one."""

BRANCHING: Mapping[int, float] = MappingProxyType(
    {TO_E: 0.1782, TO_MU: 0.1739, TO_PI: 0.1151, TO_RHO: 0.2593, TO_A1: 0.1081, TO_3PI: 0.0980, TO_3PI_PI0: 0.0538}
)
"""Branching ratios (PDG 2022, kaons counted as pions); the rest, 1.4 %, is shared in proportion."""

_NO_SLOPE, _TINY = 1e-6, 1e-12

VISIBLE_PDG = np.array([11, 13, 211, 213, 20213, 20213, 20213])
"""Number of the visible product of each decay in the scheme of the PDG, without its sign."""


@dataclass(frozen=True, eq=False)
class TauDecays:
    """Decay products, in the frame in which the taus were given.

    Attributes
    ----------
    kind
        Which decay, int64[n].
    visible, tau_neutrino, other_neutrino
        Four-momenta, float64[4, n]; there is no other neutrino in decays to hadrons: its momentum is 0.
    """

    kind: Array
    visible: Array
    tau_neutrino: Array
    other_neutrino: Array


def decay_taus(tau: Array, polarisation: Array, rng: np.random.Generator) -> TauDecays:
    """Return the decays of taus.

    Parameters
    ----------
    tau
        Four-momenta, float64[4, n], in the frame in which the helicity is meant.
    polarisation
        Helicity of a negative tau, minus that of a positive one; -1 to 1.
    """
    count = int(tau.shape[1])
    kind = one_of(rng, count, {key: share / sum(BRANCHING.values()) for key, share in BRANCHING.items()})
    lepton = kind <= TO_MU
    mass = _visible_mass(kind, rng)
    highest = np.asarray((TAU_MASS**2 + mass**2) / (2 * TAU_MASS))
    x = np.zeros(count)
    x[lepton] = _michel(rng.random(size=count)[lepton])
    x = np.maximum(x, mass / highest)
    energy = np.where(lepton, x * highest, highest)
    momentum = np.sqrt(np.maximum(energy**2 - mass**2, 0.0))
    analysing = np.where(lepton, (1 - 2 * x) / (3 - 2 * x), (TAU_MASS**2 - 2 * mass**2) / (TAU_MASS**2 + 2 * mass**2))
    analysing[kind == TO_PI] = 1.0  # whatever the mass
    cosine = _linear(analysing * polarisation, rng.random(size=count))
    visible = _along(tau, energy, momentum, cosine, rng.uniform(-np.pi, np.pi, size=count))
    first = tau - visible
    second = np.zeros_like(first)
    # two neutrinos share what is left: isotropic in their own frame
    pair = first[:, lepton]
    pair_mass = np.sqrt(np.maximum(TAU_MASS**2 + mass**2 - 2 * TAU_MASS * energy, 1e-6))[lepton]
    angles = rng.uniform(-1.0, 1.0, size=count)[lepton], rng.uniform(-np.pi, np.pi, size=count)[lepton]
    second[:, lepton] = decay(pair, pair_mass, (0.0, 0.0), *angles)[0]
    first -= second
    return TauDecays(kind, visible, first, second)


def _along(axis: Array, energy: Array, momentum: Array, cosine: Array, phi: Array) -> Array:
    """Return momenta given in the rest frames of taus, with polar angles to their flight, in the frame of the taus."""
    size = np.sqrt(axis[0] ** 2 + axis[1] ** 2 + axis[2] ** 2)
    gamma, boost = axis[3] / TAU_MASS, size / TAU_MASS
    direction = axis[:3] / np.maximum(size, _TINY)
    flat = np.hypot(direction[0], direction[1])
    along_beam = flat < _TINY  # or at rest: any direction is across
    safe = np.where(along_beam, 1.0, flat)
    across = np.stack([np.where(along_beam, 1.0, -direction[1] / safe), direction[0] / safe, np.zeros_like(flat)])
    up = np.stack([-direction[2] * across[1], direction[2] * across[0], flat])
    parallel = gamma * momentum * cosine + boost * energy
    sideways = momentum * np.sqrt(1 - cosine**2)
    vector = parallel * direction + sideways * (np.cos(phi) * across + np.sin(phi) * up)
    return np.concatenate([vector, [gamma * energy + boost * momentum * cosine]])


def _linear(slope: Array, uniform: Array) -> Array:
    """Draw c in [-1, 1] with the density (1 + slope c) / 2."""
    safe = np.where(np.abs(slope) < _NO_SLOPE, _NO_SLOPE, slope)
    return np.asarray(np.clip((np.sqrt((1 - safe) ** 2 + 4 * safe * uniform) - 1) / safe, -1.0, 1.0))


def _michel(uniform: Array) -> Array:
    """Draw x = 2 E / m with the density 2 x^2 (3 - 2 x), whose integral is 2 x^3 - x^4."""
    return np.interp(uniform, *_michel_table())


@cache
def _michel_table() -> tuple[Array, Array]:
    x = np.linspace(0.0, 1.0, 2001)
    return 2 * x**3 - x**4, x


def _visible_mass(kind: Array, rng: np.random.Generator) -> Array:
    mass = np.array([ELECTRON_MASS, MUON_MASS, PION_MASS, 0.0, 0.0, 0.0, 0.0])[kind]
    uniform = rng.random(len(kind))
    for kinds, table in (((TO_RHO,), _rho_table()), ((TO_A1, TO_3PI, TO_3PI_PI0), _a1_table())):
        chosen = np.isin(kind, kinds, kind="table")
        mass[chosen] = np.interp(uniform[chosen], *table)
    return mass


def _inverted(s: Array, density: Array) -> tuple[Array, Array]:
    """Return a table of the integral of a density in s, and of the mass."""
    # the hadronic current times the phase space of the neutrino
    weight = density * (1 - s / TAU_MASS**2) ** 2 * (1 + 2 * s / TAU_MASS**2)
    steps = (weight[1:] + weight[:-1]) / 2 * np.diff(s)
    integral = np.concatenate([[0.0], np.cumsum(steps)])
    return integral / integral[-1], np.sqrt(s)


@cache
def _rho_table() -> tuple[Array, Array]:
    """Rho(770): Breit and Wigner's curve with the width of a P wave."""
    mass, width = 0.7752, 0.1491
    s = np.linspace((2 * PION_MASS) ** 2 * 1.0001, TAU_MASS**2, 4000)
    momentum = np.sqrt(s / 4 - PION_MASS**2)
    running = width * (momentum / np.sqrt(mass**2 / 4 - PION_MASS**2)) ** 3 * mass / np.sqrt(s)
    current = mass**4 / ((s - mass**2) ** 2 + (mass * running) ** 2)
    return _inverted(s, current * (2 * momentum / np.sqrt(s)) ** 3)


@cache
def _a1_table() -> tuple[Array, Array]:
    """A1(1260): pole and running width of Kuehn and Santamaria, Z. Phys. C48 (1990) 445.

    The spectrum falls with 1/s^2 beside that, a choice of ours: the visible fraction has the mean 0.70 and the mass of
    three pions the maximum at 1.07 GeV.
    """
    mass, width = 1.251, 0.599
    s = np.linspace((3 * PION_MASS) ** 2 * 1.0001, TAU_MASS**2, 4000)
    running = mass * width * _three_pions(s) / _three_pions(np.array(mass**2))
    return _inverted(s, _three_pions(s) / ((s - mass**2) ** 2 + running**2) / s**2)


def _three_pions(s: Array) -> Array:
    """Return the phase space of a1 -> rho pi -> 3 pi, in units of their own."""
    above = s - 9 * PION_MASS**2
    low = 4.1 * above**3 * (1 - 3.3 * above + 5.8 * above**2)
    high = s * (1.623 + 10.38 / s - 9.32 / s**2 + 0.65 / s**3)
    return np.where(s < (0.7752 + PION_MASS) ** 2, low, high)
