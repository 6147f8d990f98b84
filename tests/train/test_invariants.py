"""Quantities that do not change when an event is turned, mirrored or seen from behind."""

from __future__ import annotations

import numpy as np
import pytest

from rdfplugins.errors import ConfigError
from rdfplugins.nodes import ditau
from rdfplugins.train.augment import augmented
from rdfplugins.train.invariants import invariants


def events(count: int, seed: int = 3) -> np.ndarray:
    """Return rows of inputs of all sorts: jets that are not there, MET 0, legs on one line."""
    rng = np.random.default_rng(seed)
    x = {}
    for leg in (1, 2):
        x |= {
            f"tau{leg}_pt_reco": 20 + 50 * rng.standard_exponential(count),
            f"tau{leg}_eta_reco": rng.normal(size=count),
        }
        x[f"tau{leg}_phi_reco"] = rng.uniform(-np.pi, np.pi, count)
    for jet in ("jet1", "jet2", "remaining_jets"):
        there = rng.random(count) < 0.6
        x[f"{jet}_pt_reco"] = np.where(there, 30 + 40 * rng.standard_exponential(count), 0)
        x[f"{jet}_eta_reco"] = np.where(there, 2 * rng.normal(size=count), 0)
        x[f"{jet}_phi_reco"] = np.where(there, rng.uniform(-np.pi, np.pi, count), 0)
    x["remaining_jets_N_reco"] = np.where(x["remaining_jets_pt_reco"] > 0, 1.0, 0.0)
    x["PuppiMET_pt_reco"] = 40 * rng.standard_exponential(count)
    x["PuppiMET_phi_reco"] = rng.uniform(-np.pi, np.pi, count)
    x["MET_covXX_reco"], x["MET_covYY_reco"] = 300 + 200 * rng.random(count), 300 + 200 * rng.random(count)
    x["MET_covXY_reco"] = 100 * rng.normal(size=count)
    for name in ("1", "2", "tt", "tot"):
        x[f"PuppimT{name}_reco"] = 60 * rng.standard_exponential(count)
    x["PU_npvsGood_reco"] = rng.integers(1, 60, count)
    x["N_neutrinos_reco"] = rng.integers(2, 5, count)
    return np.stack([x[name] for name in ditau.INPUTS], axis=1).astype(np.float32)


@pytest.mark.parametrize("what", ["rotate", "mirror", "flip"])
def test_they_do_not_change(what: str) -> None:
    inputs = events(5000)
    rng = np.random.default_rng(1)
    none = np.zeros(len(inputs), bool)
    angle = rng.uniform(0, 2 * np.pi, len(inputs)) if what == "rotate" else np.zeros(len(inputs))
    turned = augmented(
        inputs, ditau.INPUTS, angle, ~none if what == "mirror" else none, ~none if what == "flip" else none
    )
    assert not np.array_equal(turned, inputs)
    before, after = invariants(inputs, ditau.INPUTS), invariants(turned, ditau.INPUTS)
    # legs on one line have no left and right, nor a collinear mass
    across = np.abs(np.sin(inputs[:, 5] - inputs[:, 2])) > 0.02
    across &= np.abs(inputs[:, 1]) > 1e-3
    assert across.mean() > 0.9
    np.testing.assert_allclose(after[across], before[across], rtol=2e-3, atol=2e-3)


def test_they_tell_events_apart() -> None:
    found = invariants(events(2000), ditau.INPUTS)
    assert found.dtype == np.float32
    assert np.isfinite(found).all()
    assert np.linalg.matrix_rank(found - found.mean(0)) > 40
    assert (found.std(0) > 0).all()


def test_extremes_are_finite() -> None:
    inputs = events(50)
    inputs[:10, 16] = 0  # no MET
    inputs[10:20, 5] = inputs[10:20, 2]  # legs on one line
    inputs[10:20, 4] = inputs[10:20, 1]
    inputs[20:30, 18:21] = 0  # no covariance
    inputs[30:40, [0, 3]] = 1e4
    assert np.isfinite(invariants(inputs, ditau.INPUTS)).all()


def test_in_pieces_as_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = events(1000)
    whole = invariants(inputs, ditau.INPUTS)
    monkeypatch.setattr("rdfplugins.train.invariants._CHUNK", 64)
    np.testing.assert_array_equal(invariants(inputs, ditau.INPUTS), whole)
    assert invariants(inputs[:0], ditau.INPUTS).shape == (0, whole.shape[1])


def test_inputs_may_stand_in_another_order() -> None:
    inputs = events(100)
    names = [*ditau.INPUTS[::-1], "more"]
    other = np.concatenate([inputs[:, ::-1], np.ones((100, 1), np.float32)], axis=1)
    np.testing.assert_array_equal(invariants(other, names), invariants(inputs, ditau.INPUTS))


def test_an_input_that_is_not_there() -> None:
    with pytest.raises(ConfigError, match="needs the 27 inputs of the mass models; 'tau1_pt_reco' is not among"):
        invariants(events(3)[:, 1:], ditau.INPUTS[1:])
