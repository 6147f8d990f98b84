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


def test_weights_of_events_are_part_of_what_becomes_flat() -> None:
    mass = masses()
    given = np.random.default_rng(2).uniform(0, 3, len(mass)).astype(np.float32) * np.where(mass < 300, 1e-6, 4e-6)
    given = given.astype(np.float32)
    weights = Balance(mass, RANGE, "mass", 1000, weight=given)(mass, weight=given)
    assert weights.dtype == np.float32
    assert weights.mean() == pytest.approx(1, rel=1e-5)
    counts, _ = np.histogram(mass, bins=10, range=RANGE, weights=weights)
    assert counts == pytest.approx(len(mass) / 10, rel=0.02)
    ratio = (weights / given)[(mass > 513.5) & (mass < 524.5)]  # events of one bin keep their relative weights
    assert ratio == pytest.approx(ratio[0], rel=1e-5)


def test_bins_whose_weights_are_0_change_nothing_for_the_others() -> None:
    mass = masses()
    given = np.where(mass < 240, 0, 1).astype(np.float32)
    weights = Balance(mass, RANGE, "mass", 1000, weight=given)(mass, weight=given)
    assert (weights[mass < 240] == 0).all()
    assert weights.mean() == pytest.approx(1, rel=1e-5)
    counts, _ = np.histogram(mass, bins=64, range=(240, 1000), weights=weights)
    assert counts == pytest.approx(len(mass) / 64, rel=0.02)
    # an event of the validation in such a bin has the cap, as in an empty one
    other = Balance(mass, RANGE, "mass", 10, weight=given)
    assert np.isfinite(other(mass)).all()
    assert other(np.array([60.0], np.float32)) > 5 * other(np.array([600.0], np.float32))


def test_each_value_of_a_column_is_flat_and_keeps_its_weight() -> None:
    mass = masses()
    group = np.where(mass > 120, np.random.default_rng(3).choice([1, 4], len(mass), p=[0.9, 0.1]), 7).astype(np.float32)
    given = np.full(len(mass), 2, np.float32)
    balance = Balance(mass, RANGE, "mass", 1000, weight=given, group=group)
    weights = balance(mass, weight=given, group=group)
    for value, bins in ((1, 75), (4, 75), (7, 6)):
        rows = group == value
        assert weights[rows].sum() == pytest.approx(np.count_nonzero(rows), rel=1e-4)
        counts, _ = np.histogram(mass[rows], bins=80, range=RANGE, weights=weights[rows].astype(float))
        assert np.count_nonzero(counts) == bins
        assert counts[counts > 0] == pytest.approx(np.count_nonzero(rows) / bins, rel=1e-4)
    unknown = balance(mass[:3], group=np.array([5, 8, 0], np.float32))
    assert unknown == pytest.approx(0.5)  # the mean of weights is 1, and all had 2


def test_a_value_without_weight_is_left_alone() -> None:
    mass = masses()
    group = (mass > 500).astype(np.float32)
    given = (mass > 500).astype(np.float32)
    weights = Balance(mass, RANGE, "mass", 10, weight=given, group=group)(mass, weight=given, group=group)
    assert np.isfinite(weights).all()
    assert weights.mean() == pytest.approx(1, rel=1e-5)
