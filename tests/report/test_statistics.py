"""Errors of counts against exact intervals."""

from __future__ import annotations

import numpy as np
import pytest

from rdfplugins.report.statistics import poisson_errors


@pytest.mark.parametrize(
    ("count", "down", "up"),
    # Garwood intervals of 68.27 %: half the quantiles of chi-square with 2n and 2n + 2 degrees of freedom
    [(0, 0.0, 1.841), (1, 0.827, 2.300), (2, 1.292, 2.638), (5, 2.160, 3.382), (10, 3.109, 4.267), (100, 9.983, 11.03)],
)
def test_poisson_errors_are_central_intervals(count: int, down: float, up: float) -> None:
    found = poisson_errors(np.array([float(count)]))
    assert found[0][0] == pytest.approx(down, rel=0.015, abs=1e-12)
    assert found[1][0] == pytest.approx(up, rel=0.015)


def test_poisson_errors_keep_nan_and_become_gaussian() -> None:
    down, up = poisson_errors(np.array([np.nan, 1e6]))
    assert np.isnan(down[0])
    assert np.isnan(up[0])
    assert down[1] == pytest.approx(1000.0, rel=2e-3)
    assert up[1] == pytest.approx(1000.0, rel=2e-3)
