"""Bias and width in bins of the true mass, against numbers that can be had by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rdfplugins.response import MASS_EDGES, responses


def test_bias_and_width_of_a_known_distribution() -> None:
    ratio = np.linspace(0.5, 1.5, 1001)  # quantiles 0.66, 1.0 and 1.34
    mass = np.full(1001, 100.0)
    (one,) = responses(mass * ratio * 0.9, mass, (50, 200))
    assert (one.low, one.high, one.events, one.defined) == (50, 200, 1001, 1)
    assert one.median == pytest.approx(0.9)
    assert one.width == pytest.approx(0.34)  # of the corrected scale


def test_bins_hold_their_lower_edge() -> None:
    mass = np.array([50.0, 69.9, 70.0, 999.0, 1000.0])
    found = responses(mass, mass)
    assert len(found) == len(MASS_EDGES) - 1
    assert [one.events for one in found][:2] == [2, 1]
    assert found[-1].events == 1


def test_estimates_that_are_not_there_are_counted_and_left_out() -> None:
    mass = np.full(4, 100.0)
    (one,) = responses(np.array([np.nan, 120.0, np.inf, 120.0]), mass, (50, 200))
    assert (one.events, one.defined, one.median) == (4, 0.5, pytest.approx(1.2))
    (none,) = responses(np.array([np.nan]), mass[:1], (50, 200))
    assert (none.events, none.defined) == (1, 0)
    assert math.isnan(none.median)
    (empty,) = responses(mass[:0], mass[:0], (50, 200))
    assert (empty.events, empty.defined) == (0, 0)
    assert math.isnan(empty.width)
