"""Weights that flatten the true mass."""

from __future__ import annotations

import numpy as np
import pytest

from rdfplugins.train.balance import Balance

RANGE = (50.0, 1000.0)


def masses() -> np.ndarray:
    random = np.random.default_rng(1)
    made = np.concatenate([random.uniform(50, 1000, 20_000), random.uniform(100, 200, 60_000)])
    return made.astype(np.float32)


@pytest.mark.parametrize(("flat_in", "to"), [("mass", np.asarray), ("log_mass", np.log)])
def test_the_weighted_distribution_is_flat(flat_in: str, to: object) -> None:
    mass = masses()
    weights = Balance(mass, RANGE, flat_in, 1000)(mass)  # type: ignore[arg-type]
    assert weights.dtype == np.float32
    assert weights.mean() == pytest.approx(1, rel=1e-5)
    low, high = to(RANGE)  # type: ignore[operator]
    counts, _ = np.histogram(to(mass), bins=10, range=(low, high), weights=weights)  # type: ignore[operator]
    assert counts == pytest.approx(len(mass) / 10, rel=0.02)


def test_no_weight_is_far_above_the_cap() -> None:
    mass = masses()
    free, capped = (Balance(mass, RANGE, "mass", cap)(mass) for cap in (1000, 2))
    assert free.max() > 4
    assert capped.max() / capped.min() == pytest.approx(2 / free.min(), rel=1e-5)
    assert capped.mean() == pytest.approx(1, rel=1e-5)


def test_without_balance_all_weights_are_1() -> None:
    mass = masses()
    assert (Balance(mass, RANGE, "none", 10)(mass) == 1).all()


def test_a_mass_that_the_training_split_does_not_have_gets_the_cap() -> None:
    mass = np.linspace(500, 1000, 1000, dtype=np.float32)
    weights = Balance(mass, RANGE, "mass", 10)
    # half of the bins are empty: a weight of 1/2 in the others, which becomes 1, and the cap with it 20
    assert weights(np.array([60.0], np.float32))[0] == pytest.approx(20, rel=0.1)
    assert np.isfinite(weights(np.array([50.0, 1000.0], np.float32))).all()
