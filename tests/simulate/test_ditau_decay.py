"""Tau decays against what V-A says of them."""

from __future__ import annotations

import numpy as np
import pytest

from rdfplugins.simulate.ditau.decay import (
    BRANCHING,
    MUON_MASS,
    PION_MASS,
    TAU_MASS,
    TO_3PI,
    TO_A1,
    TO_E,
    TO_MU,
    TO_PI,
    TO_RHO,
    decay_taus,
)

COUNT = 400_000


def taus(count: int, energy: float = 500.0, seed: int = 2) -> np.ndarray:
    rng = np.random.default_rng(seed)
    direction = rng.standard_normal((3, count))
    direction /= np.linalg.norm(direction, axis=0)
    momentum = np.sqrt(energy**2 - TAU_MASS**2)
    return np.concatenate([momentum * direction, np.full((1, count), energy)])


def decays(polarisation: float, count: int = COUNT):
    tau = taus(count)
    products = decay_taus(tau, np.full(count, polarisation), np.random.default_rng(7))
    return tau, products, products.visible[3] / tau[3]


def mass_squared(p4: np.ndarray) -> np.ndarray:
    return p4[3] ** 2 - (p4[:3] ** 2).sum(axis=0)


@pytest.fixture(scope="module")
def unpolarised():
    return decays(0.0)


@pytest.mark.parametrize(
    ("kind", "mean", "margin"),
    [
        (TO_E, 7 / 20, 0.004),
        (TO_MU, 0.352, 0.004),  # 7/20 but for the mass of the muon
        (TO_PI, (1 + (PION_MASS / TAU_MASS) ** 2) / 2, 0.004),
        (TO_RHO, 0.60, 0.008),
        (TO_A1, 0.69, 0.012),
        (TO_3PI, 0.69, 0.012),
    ],
)
def test_mean_visible_fraction(unpolarised, kind, mean, margin):
    _, products, fraction = unpolarised
    assert fraction[products.kind == kind].mean() == pytest.approx(mean, abs=margin)


def test_branching_ratios(unpolarised):
    _, products, _ = unpolarised
    found = np.bincount(products.kind, minlength=len(BRANCHING)) / COUNT
    expected = np.array(list(BRANCHING.values())) / sum(BRANCHING.values())
    assert np.abs(found - expected).max() < 4 * np.sqrt(0.25 / COUNT)


def test_momentum_is_conserved_and_masses_are_right(unpolarised):
    tau, products, _ = unpolarised
    total = products.visible + products.tau_neutrino + products.other_neutrino
    np.testing.assert_allclose(total, tau, atol=1e-9)
    # of 500 GeV, so that squares of 1e5 GeV^2 cancel
    assert np.abs(mass_squared(products.tau_neutrino)).max() < 1e-8
    assert np.abs(mass_squared(products.other_neutrino)).max() < 1e-8
    mass = np.sqrt(np.maximum(mass_squared(products.visible), 0))
    np.testing.assert_allclose(mass[products.kind == TO_MU], MUON_MASS, atol=1e-6)
    np.testing.assert_allclose(mass[products.kind == TO_PI], PION_MASS, atol=1e-6)
    assert mass.max() < TAU_MASS
    hadronic = products.kind >= TO_PI
    assert np.all(products.other_neutrino[:, hadronic] == 0)
    assert np.all(products.other_neutrino[3, ~hadronic] > 0)


def test_mass_spectra(unpolarised):
    _, products, _ = unpolarised
    mass = np.sqrt(np.maximum(mass_squared(products.visible), 0))
    for kind, low, high, lowest in ((TO_RHO, 0.70, 0.80, 2 * PION_MASS), (TO_3PI, 0.95, 1.20, 3 * PION_MASS)):
        found = mass[products.kind == kind]
        counts, edges = np.histogram(found, bins=30, range=(0.2, 1.8))
        peak = edges[counts.argmax()] + (edges[1] - edges[0]) / 2
        assert low < peak < high
        assert found.min() > lowest - 1e-3


@pytest.mark.parametrize("polarisation", [-1.0, 1.0])
def test_polarisation_shifts_the_spectra(polarisation):
    """In the limit of fast taus: pion 1/2 + P/6, lepton 7/20 - P/20 (Bullock, Hagiwara and Martin)."""
    _, products, fraction = decays(polarisation)
    means = {kind: fraction[products.kind == kind].mean() for kind in (TO_E, TO_PI, TO_RHO)}
    assert means[TO_PI] == pytest.approx(0.5 + polarisation / 6, abs=0.006)
    assert means[TO_E] == pytest.approx(7 / 20 - polarisation / 20, abs=0.003)
    # the rho analyses the spin with (m_tau^2 - 2 m^2) / (m_tau^2 + 2 m^2), 0.46 at its pole
    assert 0.05 < (means[TO_RHO] - 0.597) * polarisation < 0.08


def test_pions_of_polarised_taus_have_a_linear_spectrum():
    _, products, fraction = decays(1.0)
    counts, edges = np.histogram(fraction[products.kind == TO_PI], bins=10, range=(0, 1))
    middle = (edges[1:] + edges[:-1]) / 2
    expected = counts.sum() * 0.1 * 2 * middle  # 1 + P (2 x - 1)
    chi2 = ((counts[1:] - expected[1:]) ** 2 / expected[1:]).sum()  # the first bin feels the mass of the pion
    assert chi2 < 30


@pytest.mark.parametrize("direction", [(0, 0, 1), (0, 0, -1), (1, 0, 0), (0.6, 0, 0.8)])
def test_decays_are_isotropic_at_rest_whatever_the_axis(direction):
    tau = np.zeros((4, 50_000))
    tau[:3] = 1e-9 * np.array(direction)[:, None]
    tau[3] = TAU_MASS
    products = decay_taus(tau, np.zeros(50_000), np.random.default_rng(3))
    unit = products.visible[:3] / np.linalg.norm(products.visible[:3], axis=0)
    np.testing.assert_allclose(unit.mean(axis=1), 0.0, atol=0.012)
    np.testing.assert_allclose(unit @ unit.T / 50_000, np.eye(3) / 3, atol=0.012)
