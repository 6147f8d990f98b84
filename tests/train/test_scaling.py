"""Scaling, and its folding into the network: the same answers from raw inputs, in the precision that is stored."""

from __future__ import annotations

import numpy as np
import pytest

from rdfplugins.train.card import evaluate
from rdfplugins.train.fit import initial_weights
from rdfplugins.train.scaling import START_MASS, Scaling, fold, scaling_of

SHAPE = (6, 32, 32, 1)


def inputs(events: int = 4000) -> np.ndarray:
    """Return columns as those of mass models: momenta with tails, angles, covariances, counts, one that is constant."""
    random = np.random.default_rng(5)
    columns = (
        random.exponential(60, events),
        random.uniform(-np.pi, np.pi, events),
        random.normal(600, 70, events),
        random.poisson(30, events),
        np.full(events, 3.0),
        np.where(np.arange(events) % 2000 == 0, 4.0, 0.0),
    )
    return np.column_stack(columns).astype(np.float32)


def single(network: object, x: np.ndarray) -> np.ndarray:
    """Return the outputs in single precision throughout."""
    values = x
    for layer in network.layers:  # type: ignore[attr-defined]
        values = values @ layer.kernel + layer.bias
        if layer.activation != "linear":
            values = np.maximum(values, 0) + np.log1p(np.exp(-np.abs(values)))
    assert values.dtype == np.float32
    return values


def double(weights: list[np.ndarray], scaling: Scaling, raw: np.ndarray) -> np.ndarray:
    """Return what the network of the training says, with its scaling outside, in double precision."""
    values = (raw.astype(np.float64) - scaling.mean) / scaling.width
    for number in range(0, len(weights), 2):
        values = values @ weights[number].astype(np.float64) + weights[number + 1]
        if number < len(weights) - 2:
            values = np.log1p(np.exp(values))
    return values * scaling.scale + scaling.offset


@pytest.fixture
def weights() -> list[np.ndarray]:
    random = np.random.default_rng(3)
    made = initial_weights(SHAPE, 3)
    return [(array + random.normal(0, 0.1, array.shape)).astype(np.float32) for array in made]


def test_scaled_inputs_have_mean_0_and_width_1() -> None:
    raw = inputs()
    scaling = scaling_of(raw, np.full(len(raw), 300, np.float32))
    scaled = (raw - scaling.mean) / scaling.width
    assert np.abs(scaled[:, :4].mean(axis=0)).max() < 0.02
    assert scaled[:, :4].std(axis=0) == pytest.approx(1, abs=0.05)
    assert not scaled[:, 4].any()  # it never changes
    assert scaled[:, 5].std() == pytest.approx(1, abs=0.01)  # it changes beyond the central 99.8 % only


def test_few_far_values_do_not_squeeze_the_others() -> None:
    raw = inputs()
    far = raw.copy()
    far[7, 0] = 1e7
    masses = np.full(len(raw), 300, np.float32)
    assert scaling_of(far, masses).width[0] == pytest.approx(scaling_of(raw, masses).width[0], rel=0.01)


def test_the_output_begins_where_the_loss_has_a_gradient() -> None:
    raw = inputs(100)
    assert scaling_of(raw, np.linspace(600, 1000, 100, dtype=np.float32)).offset == START_MASS
    assert scaling_of(raw, np.linspace(80, 120, 100, dtype=np.float32)).offset == pytest.approx(100)
    assert scaling_of(raw, np.full(100, 125, np.float32)).scale == 1  # one mass only: no division by 0


def test_the_folded_network_takes_raw_inputs(weights: list[np.ndarray]) -> None:
    raw = inputs()
    scaling = scaling_of(raw, np.random.default_rng(1).uniform(50, 1000, len(raw)).astype(np.float32))
    network = fold(weights, "softplus", scaling)
    expected = double(weights, scaling, raw)
    assert np.ptp(expected) > 50  # GeV: the answers differ
    assert np.abs(evaluate(network, raw) / expected - 1).max() < 1e-5
    assert np.abs(single(network, raw) / expected - 1).max() < 1e-4


def test_an_input_that_never_changed_has_no_influence(weights: list[np.ndarray]) -> None:
    raw = inputs()
    network = fold(weights, "softplus", scaling_of(raw, np.full(len(raw), 300, np.float32)))
    other = raw.copy()
    other[:, 4] = 4
    np.testing.assert_array_equal(evaluate(network, other), evaluate(network, raw))


@pytest.mark.parametrize(("mean", "digits"), [(1e2, 5), (1e4, 3)])
def test_cancellation_costs_the_digits_that_the_mean_has_more_than_the_width(
    weights: list[np.ndarray], mean: float, digits: int
) -> None:
    raw = inputs()
    raw[:, 2] = np.random.default_rng(2).normal(mean, 1, len(raw))
    scaling = scaling_of(raw, np.random.default_rng(1).uniform(50, 1000, len(raw)).astype(np.float32))
    lost = np.abs(single(fold(weights, "softplus", scaling), raw) / double(weights, scaling, raw) - 1).max()
    assert lost < 10.0**-digits
