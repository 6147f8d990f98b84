"""The loss against a slow version of the text of its definition, an event at a time."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rdfplugins.train.loss import mass_loss

tf = pytest.importorskip("tensorflow")


def one_event(true: float, predicted: float) -> tuple[float, float]:
    """Return the loss and its derivative with respect to the estimate."""
    factor = 1.0
    if predicted - true >= 1000 - predicted:
        factor = 0.0
    elif true - predicted >= predicted - 50:
        factor = 0.1
    loss = abs((true - predicted) / math.sqrt(true)) * factor
    return loss, math.copysign(1, predicted - true) * factor / math.sqrt(true)


def grid() -> tuple[np.ndarray, np.ndarray]:
    true, predicted = np.meshgrid(np.linspace(50, 1000, 77), np.linspace(-200.3, 1400.7, 201))
    return true.ravel().astype(np.float32), predicted.ravel().astype(np.float32)


def test_each_event_has_the_loss_and_the_gradient_of_the_definition() -> None:
    true, predicted = grid()
    variable = tf.Variable(predicted)
    with tf.GradientTape() as tape:
        losses = mass_loss(tf.constant(true), variable)
    gradient = tape.gradient(losses, variable).numpy()
    expected = np.array([one_event(float(t), float(p)) for t, p in zip(true, predicted, strict=True)])
    np.testing.assert_allclose(losses.numpy(), expected[:, 0], rtol=2e-6, atol=1e-6)
    np.testing.assert_allclose(gradient, expected[:, 1], rtol=2e-6)
    for share in (expected[:, 0] == 0, expected[:, 1] == 0):  # the removed region is in the grid, and not all of it
        assert 0.1 < share.mean() < 0.9


@pytest.mark.parametrize(
    ("true", "predicted", "factor"),
    [
        (200.0, 600.0, 0.0),  # 400 >= 400: the limit itself is removed
        (200.0, 599.5, 1.0),
        (550.0, 300.0, 0.1),  # 250 >= 250
        (550.0, 300.5, 1.0),
        (1000.0, 1000.0, 0.0),
        (100.0, 5000.0, 0.0),
        (1000.0, -30.0, 0.1),
    ],
)
def test_limits_of_the_factor(true: float, predicted: float, factor: float) -> None:
    found = float(mass_loss(tf.constant([true]), tf.constant([predicted]))[0])
    assert found == pytest.approx(factor * abs(true - predicted) / math.sqrt(true), rel=1e-6)


def test_nothing_of_a_removed_event_reaches_the_weights() -> None:
    weight = tf.Variable(9.0)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(mass_loss(tf.constant([60.0, 80.0]), weight * tf.constant([70.0, 80.0])))
    assert float(tape.gradient(loss, weight)) == 0
