"""Medians and widths in bins of the truth, and their errors, against definitions, counts and many samples."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rdfplugins.report.response.events import Events
from rdfplugins.report.response.numbers import bin_of, estimates_of
from rdfplugins.report.response.quantiles import effective, quantiles
from rdfplugins.response import MASS_EDGES, responses
from tests.oracle import response as oracle

SHARES = (0.16, 0.5, 0.84)


def made_up(events: int = 4000, seed: int = 3) -> Events:
    random = np.random.default_rng(seed)
    truth = random.uniform(40.0, 1100.0, events)
    truth[:4] = (50.0, 70.0, 1000.0, 999.9)
    some = truth * random.normal(0.9, 0.2, events)
    some[random.random(events) < 0.3] = np.nan
    channel = random.integers(0, 2, events)
    return Events(
        {"one": truth * random.lognormal(0.0, 0.2, events), "some": some},
        truth,
        np.ones(events),
        {"tt": channel == 0, "mt": channel == 1},
        (events,),
        1,
        0,
    )


def ones(values: np.ndarray) -> np.ndarray:
    return np.ones(len(values))


# -- quantiles


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=40))
def test_of_weight_one_they_are_those_of_numpy(listed):
    values = np.array(listed)
    found, covariance = quantiles(values, ones(values), SHARES)
    np.testing.assert_allclose(found, np.quantile(values, SHARES), rtol=1e-9, atol=1e-9)
    assert np.all(np.diag(covariance) >= 0)


def test_with_weights_they_are_those_of_the_definition() -> None:
    random = np.random.default_rng(2)
    values, weights = random.normal(size=50), random.uniform(0.1, 3.0, 50)
    found = quantiles(values, weights, SHARES)[0]
    expected = [oracle.weighted_quantile(values.tolist(), weights.tolist(), share) for share in SHARES]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_the_scale_of_weights_and_events_of_weight_zero_do_not_matter() -> None:
    values = np.random.default_rng(4).normal(size=100)
    more = np.concatenate([values, [1e9, -1e9]])
    weights = np.concatenate([np.full(100, 7.0), np.zeros(2)])
    one, other = quantiles(values, ones(values), SHARES), quantiles(more, weights, SHARES)
    np.testing.assert_allclose(one[0], other[0], rtol=1e-12)
    np.testing.assert_allclose(one[1], other[1], rtol=1e-9)


def test_negative_weights_take_away_what_is_there_twice() -> None:
    """A sample in which some events come once more with weight 1 and once with -1 has the quantiles of the sample."""
    random = np.random.default_rng(5)
    values = random.normal(size=20_001)
    extra = random.normal(3.0, 0.1, 400)
    found = quantiles(
        np.concatenate([values, extra, extra + 1e-9]),
        np.concatenate([ones(values), ones(extra), -ones(extra)]),
        SHARES,
    )[0]
    np.testing.assert_allclose(found, np.quantile(values, SHARES), atol=1e-3)
    assert effective(np.array([1.0, 1.0, -1.0])) == pytest.approx(1 / 3)
    assert effective(np.array([1.0, -1.0])) == 0.0
    assert effective(np.zeros(0)) == 0.0


def test_equal_numbers_have_no_error() -> None:
    found, covariance = quantiles(np.full(30, 2.0), np.ones(30), SHARES)
    assert found.tolist() == [2.0, 2.0, 2.0]
    assert not covariance.any()


# -- errors


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("events", [40, 600])
def test_errors_are_the_spread_over_many_samples(events: int, weighted: bool) -> None:
    random = np.random.default_rng(events)
    found = []
    for _ in range(600):
        ratio = random.lognormal(0.0, 0.25, events)
        weights = random.choice([0.5, 4.0], events) if weighted else np.ones(events)
        one = bin_of(50, 70, ratio, weights)
        if one.shown:
            found.append((one.median, one.width, one.median_error, one.width_error))
    median, width, median_error, width_error = np.array(found).T
    assert len(found) > 100
    close = 0.12 if events > 100 else 0.3  # of the error; 40 of these weights are worth 25 events
    assert np.sqrt(np.mean(median_error**2)) == pytest.approx(median.std(), rel=close)
    assert np.sqrt(np.mean(width_error**2)) == pytest.approx(width.std(), rel=close)
    # what a normal distribution gives: s sqrt(pi / 2 / n), for the weights' effective number of events
    scale = math.sqrt(math.pi / 2 / (events * (1.0 if not weighted else 2.25**2 / 8.125)))
    assert np.mean(median_error) == pytest.approx(0.25 * scale, rel=0.15)


# -- bins


def test_bins_are_those_of_the_other_response() -> None:
    events = made_up()
    found = estimates_of(events, MASS_EDGES, [None])[None]
    for estimate in found:
        expected = responses(events.estimates[estimate.column], events.truth)
        assert [one.events for one in estimate.bins] == [one.events for one in expected]
        for one, other in zip(estimate.bins, expected, strict=True):
            assert (one.low, one.high) == (other.low, other.high)
            assert one.median == pytest.approx(other.median, rel=1e-12)
            assert one.width == pytest.approx(other.width, rel=1e-12)
            assert one.share == pytest.approx(other.defined)


@pytest.mark.parametrize("channel", [None, "tt", "mt"])
def test_bins_are_those_of_a_loop_over_events(channel: str | None) -> None:
    events = made_up(1500)
    rows = np.ones(1500, dtype=bool) if channel is None else events.channels[channel]
    for estimate in estimates_of(events, (50, 200, 1000), [None, "tt", "mt"])[channel]:
        for one in estimate.bins:
            values = events.estimates[estimate.column][rows].tolist()
            expected = oracle.response(values, events.truth[rows].tolist(), one.low, one.high)
            for name, value in expected.items():
                assert getattr(one, name) == pytest.approx(value, rel=1e-12), name
    some = estimates_of(events, (50, 1000), [None])[None][1]
    assert 0.65 < some.share < 0.75


def test_few_events_are_not_shown_and_not_many_are_marked() -> None:
    random = np.random.default_rng(1)
    for events, shown, marked in ((0, False, False), (19, False, False), (20, True, True), (1000, True, False)):
        one = bin_of(50, 70, np.concatenate([random.normal(1, 0.1, events), [np.nan, np.inf]]), np.ones(events + 2))
        assert (one.events, one.estimated) == (events + 2, events)
        assert (one.shown, one.marked) == (shown, marked)
        assert math.isfinite(one.width) == math.isfinite(one.calibration) == shown
    many = bin_of(50, 70, random.normal(1, 0.1, 5000), random.choice([0.001, 1.0], 5000, p=[0.9, 0.1]))
    assert many.marked  # five thousand of these weights are worth five hundred


def test_a_calibrated_estimate_has_a_median_of_one() -> None:
    one = bin_of(50, 70, np.random.default_rng(6).normal(0.8, 0.1, 3000), np.ones(3000))
    assert one.median * one.calibration == pytest.approx(1.0)
    assert one.calibration_error / one.calibration == pytest.approx(one.median_error / one.median)


def test_an_estimate_around_zero_has_a_median_and_no_relative_width() -> None:
    one = bin_of(50, 70, np.linspace(-1.0, 0.5, 100), np.ones(100))
    assert one.median == pytest.approx(-0.25)
    assert math.isnan(one.width)
    assert math.isnan(one.calibration)


def test_of_many_events_some_are_kept_however_they_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    from rdfplugins.report.response import events as module

    monkeypatch.setattr(module, "MOST_ROWS", 1000)
    whole = made_up(3500)
    kept = []
    for ends in ([3500], [10, 900, 901, 2500, 3500]):
        keeper = module._Kept()
        for low, high in zip([0, *ends[:-1]], ends, strict=True):
            keeper.add(whole.at((np.arange(3500) >= low) & (np.arange(3500) < high)))
        assert (keeper.passed, keeper.every) == (3500, 4)
        kept.append(np.concatenate([part.truth for part in keeper.parts]))
    np.testing.assert_array_equal(kept[0], whole.truth[::4])
    np.testing.assert_array_equal(kept[1], kept[0])
