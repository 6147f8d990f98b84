"""ROC area, curve and separation power against loops over all pairs of events, and against numbers known beforehand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rdfplugins.report.response import separation
from rdfplugins.report.response.events import Events
from rdfplugins.report.response.separation import Weighted, area_of, curve_of, measure, power_of, separate
from tests.oracle import response as oracle

PAIRS = st.lists(st.tuples(st.integers(-3, 4), st.floats(0.1, 5.0)), min_size=1, max_size=12)


def weighted(values: object, weights: object = None, share: float = 1.0) -> Weighted:
    numbers = np.asarray(values, dtype=np.float64)
    given_weights = np.ones(len(numbers)) if weights is None else np.asarray(weights, dtype=np.float64)
    order = np.argsort(numbers, kind="stable")
    return Weighted(numbers[order], given_weights[order], share)


def pairs_of(events: Weighted) -> list[tuple[float, float]]:
    return list(zip(events.values.tolist(), events.weights.tolist(), strict=True))


def below(heights: np.ndarray, places: np.ndarray) -> float:
    """Return the area below a line through points."""
    return float(np.sum(np.diff(places) * (heights[1:] + heights[:-1]) / 2))


def events_of(seed: int, *, shift: float = 0.0, events: int = 400) -> Events:
    random = np.random.default_rng(seed)
    some = random.normal(shift, 1.0, events)
    some[random.random(events) < 0.25] = np.nan
    estimates = {
        "good": random.normal(2 * shift, 1.0, events),
        "some": some,
        "falling": -random.normal(shift, 1.0, events),
    }
    return Events(estimates, np.zeros(0), random.uniform(0.5, 1.5, events), {}, (events,), 1, 0)


# -- area


@given(PAIRS, PAIRS)
def test_area_is_that_of_all_pairs_with_exact_ties(background, signal):
    b, s = (weighted(*zip(*pairs, strict=True)) for pairs in (background, signal))
    assert area_of(b, s)[0] == pytest.approx(oracle.roc_area(background, signal), abs=1e-12)
    assert area_of(s, b)[0] == pytest.approx(1.0 - area_of(b, s)[0], abs=1e-12)
    found = measure(b, s)
    assert found.area >= 0.5
    assert found.rising == (area_of(b, s)[0] >= 0.5)


def test_negative_weights_count_as_they_are() -> None:
    b, s = weighted([0.0, 1.0, 2.0], [1.0, -0.5, 2.0]), weighted([1.0, 2.0, 3.0], [1.0, 1.0, -0.5])
    assert area_of(b, s)[0] == pytest.approx(oracle.roc_area(pairs_of(b), pairs_of(s)))


@pytest.mark.parametrize("with_weights", [False, True])
def test_error_of_the_area_is_its_spread_over_many_samples(with_weights: bool) -> None:
    random = np.random.default_rng(8)
    found = []
    for _ in range(400):
        kinds = [
            weighted(random.normal(shift, 1.0, 150), random.choice([1.0, 4.0], 150) if with_weights else None)
            for shift in (0.0, 1.0)
        ]
        found.append(area_of(*kinds))
    area, error = np.array(found).T
    assert area.mean() == pytest.approx(0.5 * (1 + math.erf(0.5)), abs=0.005)  # of two Gaussians one sigma apart
    assert np.sqrt(np.mean(error**2)) == pytest.approx(area.std(), rel=0.12)


# -- curve


@given(PAIRS, PAIRS)
def test_curve_has_the_area_and_only_points_that_cuts_give(background, signal):
    b, s = (weighted(*zip(*pairs, strict=True)) for pairs in (background, signal))
    kept, rejected = curve_of(b, s)
    assert (kept[0], rejected[0]) == pytest.approx((0.0, 1.0), abs=1e-12)
    assert (kept[-1], rejected[-1]) == pytest.approx((1.0, 0.0), abs=1e-12)
    assert np.all(np.diff(kept) >= -1e-12)
    assert np.all(np.diff(rejected) <= 1e-12)
    assert below(rejected, kept) == pytest.approx(measure(b, s).area, abs=1e-9)
    if area_of(b, s)[0] >= 0.5:
        cuts = sorted({value for value, _ in [*background, *signal]})
        points = {(oracle.roc_point(signal, cut), 1.0 - oracle.roc_point(background, cut)) for cut in cuts}
        for point in zip(kept[1:], rejected[1:], strict=True):
            assert any(point == pytest.approx(other, abs=1e-9) for other in points)


def test_a_long_curve_is_thinned_and_keeps_its_area() -> None:
    random = np.random.default_rng(9)
    b, s = weighted(random.normal(0, 1, 6000)), weighted(random.normal(1, 1, 6000))
    curve = curve_of(b, s)
    assert curve.shape[1] <= separation._MOST_POINTS + 2
    assert below(curve[1], curve[0]) == pytest.approx(measure(b, s).area, abs=2e-4)


# -- separation power


def test_power_is_that_of_the_definition() -> None:
    random = np.random.default_rng(10)
    b = weighted(random.normal(0, 1, 900), random.uniform(0.5, 2, 900))
    s = weighted(random.normal(1, 1, 700), random.uniform(0.5, 2, 700))
    both = np.concatenate([b.values, s.values]).tolist()
    weights = [*(b.weights / b.total).tolist(), *(s.weights / s.total).tolist()]
    bins = separation.POWER_BINS
    cuts = [oracle.weighted_quantile(both, weights, number / bins) for number in range(1, bins)]
    assert power_of(b, s)[0] == pytest.approx(oracle.power(pairs_of(b), pairs_of(s), cuts), rel=1e-9)


def test_power_is_that_of_two_gaussians() -> None:
    """The integral of the definition, for unit Gaussians that are two sigma apart, is 0.5607."""
    x = np.linspace(-8, 10, 20001)
    s, b = (np.exp(-0.5 * (x - mean) ** 2) / math.sqrt(2 * math.pi) for mean in (2.0, 0.0))
    exact = below(0.5 * (s - b) ** 2 / (s + b), x)
    random = np.random.default_rng(11)
    found, chance = power_of(weighted(random.normal(0, 1, 50_000)), weighted(random.normal(2, 1, 50_000)))
    assert found == pytest.approx(exact, abs=0.01)
    assert chance < 0.001


def test_power_of_equal_shapes_is_what_chance_gives() -> None:
    random = np.random.default_rng(12)
    found = [
        power_of(weighted(random.normal(0, 1, 300)), weighted(random.normal(0, 1, 200), random.choice([1.0, 3.0], 200)))
        for _ in range(300)
    ]
    power, chance = np.array(found).T
    assert power.mean() == pytest.approx(chance.mean(), rel=0.08)


def test_power_is_1_without_overlap_and_the_same_on_another_scale() -> None:
    assert power_of(weighted([1.0] * 50), weighted([2.0] * 50))[0] == pytest.approx(1.0)
    assert power_of(weighted([1.0] * 50), weighted([1.0] * 70))[0] == pytest.approx(0.0, abs=1e-12)
    random = np.random.default_rng(13)
    b, s = random.normal(0, 1, 500), random.normal(1, 1, 500)
    one, other = power_of(weighted(b), weighted(s)), power_of(weighted(np.exp(b)), weighted(np.exp(s)))
    assert one == pytest.approx(other, rel=0.02)


# -- all of it


def test_same_events_are_those_with_all_estimates_and_own_ones_those_of_each() -> None:
    background, signal = events_of(1), events_of(2, shift=1.0, events=300)
    good, some, falling = separate(background, signal)
    there = np.isfinite(background.estimates["some"])
    assert good.same.background_events == some.own.background_events == int(there.sum())
    assert good.own.background_events == 400
    assert good.same.background_share == pytest.approx(background.weights[there].sum() / background.weights.sum())
    assert (good.own.signal_share, falling.own.background_share) == (1.0, 1.0)
    assert some.same == some.own
    assert good.same.area > some.same.area > 0.5
    assert (good.same.rising, falling.same.rising) == (True, False)
    rows = np.flatnonzero(there)
    expected = oracle.roc_area(
        [(background.estimates["good"][row], background.weights[row]) for row in rows],
        [
            (value, weight)
            for value, weight, other in zip(
                signal.estimates["good"], signal.weights, signal.estimates["some"], strict=True
            )
            if not math.isnan(other)
        ],
    )
    assert good.same.area == pytest.approx(expected, rel=1e-12)


def test_shapes_are_normalised_with_what_is_beyond_the_axis() -> None:
    (good, *_) = separate(events_of(1), events_of(2, shift=1.0))
    width = np.diff(good.edges)
    np.testing.assert_allclose(width, width[0])
    for shape in (good.background, good.signal):
        assert 0.93 < shape.values.sum() <= 1.0 + 1e-12
        assert np.all(shape.errors[shape.values > 0] > 0)


def test_too_few_events_on_one_side_are_not_separated() -> None:
    assert separate(events_of(1), events_of(2, events=22)) == ()
    none = events_of(2)
    none.estimates["some"][:] = np.nan
    assert separate(events_of(1), none) == ()


@pytest.mark.parametrize("value", [0.0, 5.0])
def test_an_estimate_of_one_value_is_drawn_all_the_same(value: float) -> None:
    kinds = [Events({"x": np.full(30, value)}, np.zeros(0), np.ones(30), {}, (30,), 1, 0) for _ in range(2)]
    (found,) = separate(*kinds)
    assert found.background.values.sum() == pytest.approx(1.0)
    assert (found.same.area, found.same.power) == (0.5, 0.0)
