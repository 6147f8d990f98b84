from __future__ import annotations

import numpy as np
import pytest

from rdfplugins.cpp import load_root
from rdfplugins.simulate.kinematics import decay, delta_r, four_momentum, pt_eta_phi, wrapped

RNG = np.random.default_rng(5)
N = 2000


def mass_of(p4):
    return np.sqrt(np.maximum(p4[3] ** 2 - (p4[:3] ** 2).sum(axis=0), 0))


@pytest.mark.parametrize(("mass", "masses"), [(125.0, (0.0, 0.0)), (172.5, (4.7, 80.4)), (91.2, (1.777, 1.777))])
def test_daughters_have_their_masses_and_add_up_to_the_parent(mass, masses):
    parent = four_momentum(RNG.uniform(0, 400, N), RNG.normal(0, 2, N), RNG.uniform(-np.pi, np.pi, N), mass)
    first, second = decay(parent, mass, masses, RNG.uniform(-1, 1, N), RNG.uniform(-np.pi, np.pi, N))
    np.testing.assert_allclose(first + second, parent, rtol=1e-9, atol=1e-8)
    for daughter, expected in zip((first, second), masses, strict=True):
        np.testing.assert_allclose(mass_of(daughter), expected, atol=2e-2)


def test_a_parent_at_rest_gives_the_angle_that_was_asked_for():
    parent = np.array([[0.0], [0.0], [0.0], [125.0]])
    first, second = decay(parent, 125.0, (0.0, 0.0), np.array([0.6]), np.array([0.3]))
    np.testing.assert_allclose(first[:, 0], [50 * np.cos(0.3), 50 * np.sin(0.3), 37.5, 62.5])
    np.testing.assert_allclose(second[:3], -first[:3])


def test_a_decay_agrees_with_a_boost_by_root():
    root = load_root()
    parent = four_momentum(np.array([80.0]), np.array([1.2]), np.array([0.7]), 125.0)
    first, _ = decay(parent, 125.0, (0.0, 0.0), np.array([0.2]), np.array([-1.0]))
    sine = np.sqrt(1 - 0.2**2)
    photon = root.TLorentzVector(62.5 * sine * np.cos(-1.0), 62.5 * sine * np.sin(-1.0), 62.5 * 0.2, 62.5)
    photon.Boost(root.TLorentzVector(*parent[:, 0]).BoostVector())
    np.testing.assert_allclose(first[:, 0], [photon.Px(), photon.Py(), photon.Pz(), photon.E()], rtol=1e-12)


def test_coordinates_go_there_and_back():
    pt, eta, phi = RNG.uniform(1, 200, N), RNG.normal(0, 2, N), RNG.uniform(-np.pi, np.pi, N)
    back = pt_eta_phi(four_momentum(pt, eta, phi, 0.0))
    for found, given in zip(back, (pt, eta, phi), strict=True):
        np.testing.assert_allclose(found, given, rtol=1e-9, atol=1e-12)
    assert np.isfinite(np.concatenate(pt_eta_phi(np.zeros((4, 1))))).all()


def test_angles_wrap():
    assert wrapped(np.array([np.pi + 0.5])) == pytest.approx(-np.pi + 0.5)
    near_the_cut = delta_r(np.array([0.3]), np.array([np.pi - 0.1]), np.array([0.0]), np.array([-np.pi + 0.3]))
    assert near_the_cut == pytest.approx(0.5)
