"""Turned, mirrored and flipped events: against four-vectors, and the tensor against the reference."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rdfplugins.errors import ConfigError
from rdfplugins.nodes.ditau import INPUTS
from rdfplugins.train.augment import augment_tensor, augmented, directions_of, draws, stream

EVENTS = 4000
OBJECTS = ("tau1", "tau2", "jet1", "jet2", "remaining_jets", "PuppiMET")
INVARIANT = [name for name in INPUTS if name.endswith(("_pt_reco", "_N_reco", "npvsGood_reco", "neutrinos_reco"))]
INVARIANT += [name for name in INPUTS if "mT" in name]


def at(name: str) -> int:
    return INPUTS.index(name)


def events(seed: int = 1) -> np.ndarray:
    """Return events of the 27 inputs: some without jets, some with an azimuth at the seam."""
    random = np.random.default_rng(seed)
    made = np.zeros((EVENTS, len(INPUTS)))
    for name in OBJECTS:
        there = random.uniform(size=EVENTS) < (0.6 if "jet" in name else 1)
        made[:, at(f"{name}_pt_reco")] = random.exponential(60, EVENTS) * there
        made[:, at(f"{name}_phi_reco")] = random.uniform(-np.pi, np.pi, EVENTS) * there
        if name != "PuppiMET":
            made[:, at(f"{name}_eta_reco")] = random.normal(0, 2, EVENTS) * there
    made[:20, at("tau1_phi_reco")] = np.pi * np.where(np.arange(20) % 2, 1, -1)
    factor = random.normal(0, 20, (EVENTS, 2, 2))
    matrix = factor @ factor.transpose(0, 2, 1)
    for name, (row, column) in {"XX": (0, 0), "XY": (0, 1), "YY": (1, 1)}.items():
        made[:, at(f"MET_cov{name}_reco")] = matrix[:, row, column]
    for name in ("PuppimT1_reco", "PuppimTtt_reco", "PU_npvsGood_reco"):
        made[:, at(name)] = random.uniform(1, 100, EVENTS)
    made[:, at("N_neutrinos_reco")] = random.integers(2, 5, EVENTS)
    return made.astype(np.float32)


def changes(seed: int = 2) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    mirror, flip = random.uniform(size=(2, EVENTS)) < 0.5
    return random.uniform(0, 2 * np.pi, EVENTS), mirror, flip


def plane(x: np.ndarray, name: str) -> np.ndarray:
    """Return px and py, [events, 2]."""
    pt, phi = x[:, at(f"{name}_pt_reco")].astype(float), x[:, at(f"{name}_phi_reco")].astype(float)
    return pt[:, np.newaxis] * np.stack([np.cos(phi), np.sin(phi)], axis=1)


def covariance(x: np.ndarray) -> np.ndarray:
    xx, xy, yy = (x[:, at(f"MET_cov{axes}_reco")].astype(float) for axes in ("XX", "XY", "YY"))
    return np.stack([xx, xy, xy, yy], axis=1).reshape(-1, 2, 2)


def test_vectors_and_the_covariance_are_those_of_the_turned_event() -> None:
    before, (angle, mirror, flip) = events(), changes()
    after = augmented(before, INPUTS, angle, mirror, flip)
    assert after.dtype == np.float32
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]).transpose(2, 0, 1)
    turn[:, :, 1] *= np.where(mirror, -1, 1)[:, np.newaxis]  # y goes to -y first
    for name in OBJECTS:
        expected = (turn @ plane(before, name)[:, :, np.newaxis])[:, :, 0]
        np.testing.assert_allclose(plane(after, name), expected, atol=2e-4)
    expected = turn @ covariance(before) @ turn.transpose(0, 2, 1)
    np.testing.assert_allclose(covariance(after), expected, rtol=1e-6, atol=1e-4)
    for name in OBJECTS[:-1]:
        column = at(f"{name}_eta_reco")
        np.testing.assert_array_equal(after[:, column], np.where(flip, -1, 1) * before[:, column])
    for name in INVARIANT:
        np.testing.assert_array_equal(after[:, at(name)], before[:, at(name)])


def test_azimuths_stay_in_their_range_and_what_is_absent_stays_so() -> None:
    before = events()
    after = augmented(before, INPUTS, *changes())
    for name in OBJECTS:
        phi, there = after[:, at(f"{name}_phi_reco")], before[:, at(f"{name}_pt_reco")] > 0
        assert np.abs(phi).max() <= np.float32(np.pi)
        assert (phi[~there] == 0).all()
        assert np.abs(np.mean(np.exp(1j * phi[there]))) < 0.06
    jets = before[:, at("remaining_jets_pt_reco")] == 0
    assert 0.2 < jets.mean() < 0.6


def test_differences_of_azimuths_are_kept_but_for_the_sign() -> None:
    before, (angle, mirror, flip) = events(), changes()
    after = augmented(before, INPUTS, angle, mirror, flip)
    columns = [at("tau2_phi_reco"), at("tau1_phi_reco")]
    one, other = (x[:, columns[0]].astype(float) - x[:, columns[1]] for x in (before, after))
    np.testing.assert_allclose(np.cos(other), np.cos(one), atol=2e-6)
    np.testing.assert_allclose(np.sin(other), np.where(mirror, -1, 1) * np.sin(one), atol=2e-6)


def test_nothing_to_do_changes_nothing() -> None:
    before, nothing = events(), np.zeros(EVENTS, dtype=bool)
    after = augmented(before, INPUTS, np.zeros(EVENTS), nothing, nothing)
    seam = np.abs(before) == np.float32(np.pi)
    np.testing.assert_array_equal(after[~seam], before[~seam])


@pytest.mark.parametrize("asked", [("rotate",), ("mirror",), ("flip",), ("rotate", "mirror", "flip")])
@pytest.mark.parametrize("compiled", [False, True])
def test_the_tensor_is_the_reference_in_single_precision(asked: tuple[str, ...], compiled: bool) -> None:
    tf = pytest.importorskip("tensorflow")
    before = events()
    angle, mirror, flip = changes()
    angle = angle.astype(np.float32)
    none, which = np.zeros(EVENTS, dtype=bool), directions_of(INPUTS)
    expected = augmented(
        before,
        INPUTS,
        angle if "rotate" in asked else np.zeros(EVENTS),
        mirror if "mirror" in asked else none,
        flip if "flip" in asked else none,
    )

    @tf.function(jit_compile=compiled)
    def transformed(x: object, angle: object, mirror: object, flip: object) -> object:
        given = {"rotate": angle, "mirror": mirror, "flip": flip}
        made = {name: value if name in asked else None for name, value in given.items()}
        return augment_tensor(tf, x, which, angle=made["rotate"], mirror=made["mirror"], flip=made["flip"])

    found = transformed(tf.constant(before), tf.constant(angle), mirror, flip).numpy()
    assert found.dtype == np.float32
    for number, name in enumerate(INPUTS):
        difference = found[:, number].astype(float) - expected[:, number]
        if "_phi_" in name:
            difference -= 2 * np.pi * np.round(difference / (2 * np.pi))
            assert np.abs(found[:, number]).max() <= np.float32(np.pi)
        scale = np.abs(covariance(before)).max(axis=(1, 2)) if "_cov" in name else 4.0
        assert np.abs(difference / scale).max() < 1e-6, name


def test_draws_are_a_function_of_seed_and_step_alone() -> None:
    tf = pytest.importorskip("tensorflow")
    key = [stream(1), 7]
    compiled, again = (tf.function(lambda key: draws(tf, EVENTS, key), jit_compile=True) for _ in range(2))
    angle, mirror, flip = (value.numpy() for value in compiled(tf.constant(key, tf.int64)))
    for one, other in zip((angle, mirror, flip), again(tf.constant(key, tf.int64)), strict=True):
        np.testing.assert_array_equal(one, other.numpy())
    assert 0 <= angle.min() < 0.02
    assert 2 * math.pi - 0.02 < angle.max() < 2 * math.pi
    assert abs(np.mean(np.exp(1j * angle))) < 0.05
    assert mirror.mean() == pytest.approx(0.5, abs=0.04)
    assert flip.mean() == pytest.approx(0.5, abs=0.04)
    assert (mirror == flip).mean() == pytest.approx(0.5, abs=0.04)
    for other_key in ([stream(1), 8], [stream(2), 7], [stream(2**64 - 1), 7]):
        other = compiled(tf.constant(other_key, tf.int64))[0].numpy()
        assert abs(np.corrcoef(angle, other)[0, 1]) < 0.06


@pytest.mark.parametrize(
    ("names", "invariant", "message"),
    [
        ((*INPUTS, "m_vis"), (), "what becomes of 'm_vis' when an event is turned"),
        (INPUTS, ("m_vi",), "invariant: no input is called 'm_vi'"),
        (INPUTS, ("tau1_phi_reco",), "invariant: 'tau1_phi_reco' is one of the inputs whose change is known"),
        (("tau1_pt_reco", "jet1_phi_reco"), (), "'jet1_phi_reco' cannot be turned without 'jet1_pt_reco'"),
        (
            ("MET_covXX_reco", "MET_covYY_reco"),
            (),
            "'MET_covXX_reco' cannot be turned without 'MET_covXY_reco'; add it to inputs",
        ),
    ],
)
def test_inputs_that_cannot_be_augmented(names: tuple[str, ...], invariant: tuple[str, ...], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        directions_of(names, invariant)


def test_inputs_of_others_stay_where_they_are_declared() -> None:
    names = ("my_phi_reco", "PuppiMET_phi_reco", "tau1_eta_reco")
    before = np.array([[1.0, 1.0, 1.0]], np.float32)
    turned = augmented(before, names, np.array([0.5]), np.array([True]), np.array([True]), invariant=names[:1])
    np.testing.assert_allclose(turned, [[1.0, -0.5, -1.0]])
