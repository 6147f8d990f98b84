"""Errors of counts against exact intervals, and the fit against known polynomials and a published histogram."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from rdfplugins.report.blinding import WINDOW_GEV, overlaps
from rdfplugins.report.statistics import fit_polynomial, poisson_errors

if TYPE_CHECKING:
    from pathlib import Path

X = np.linspace(106.0, 159.0, 20)
CUBIC = np.array([94300.0, -1777.0, 11.56, -0.02563])


def cubic(x: np.ndarray) -> np.ndarray:
    return sum(p * x**power for power, p in enumerate(CUBIC))


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


def test_a_cubic_is_found_again() -> None:
    fit = fit_polynomial(X, cubic(X), np.sqrt(cubic(X)))
    assert fit is not None
    assert fit.coefficients == pytest.approx(CUBIC, rel=1e-6)
    assert fit(X) == pytest.approx(cubic(X), rel=1e-9)
    assert fit.chi2 == pytest.approx(0.0, abs=1e-12)
    assert fit.degrees_of_freedom == 16


def test_chi2_is_weighted_by_the_errors() -> None:
    # a constant through 0 and 10: the weighted mean is 2, the pulls are -2 and 4
    fit = fit_polynomial(np.array([0.0, 1.0]), np.array([0.0, 10.0]), np.array([1.0, 2.0]), degree=0)
    assert fit is not None
    assert fit.coefficients == pytest.approx([2.0])
    assert fit.chi2 == pytest.approx(4.0 + 16.0)
    assert fit.degrees_of_freedom == 1


def test_bins_without_content_or_error_are_left_out() -> None:
    values, errors = cubic(X), np.sqrt(cubic(X))
    values[3], errors[7] = np.nan, 0.0
    values[7] = 1e9
    fit = fit_polynomial(X, values, errors)
    assert fit is not None
    assert fit.bins == 18
    assert fit.coefficients == pytest.approx(CUBIC, rel=1e-6)


@pytest.mark.parametrize("bins", [0, 1, 4])
def test_too_few_bins_give_no_fit(bins: int) -> None:
    errors = np.zeros(20)
    errors[:bins] = 1.0
    assert fit_polynomial(X, cubic(X), errors) is None
    errors[: bins + 5] = 1.0
    assert fit_polynomial(X, cubic(X), errors) is not None


@pytest.fixture
def published(real_data: Path) -> np.ndarray:
    """Return the 76394 events of the ATLAS Open Data in the bins of ROOT's tutorial df104."""
    name = "df104_published_histograms.json"
    path = next((path for path in (real_data / name, real_data / "atlas_mini" / name) if path.is_file()), None)
    if path is None:
        pytest.skip(f"no {name} in RDFPLUGINS_REAL_DATA")
    histograms = json.loads(path.read_text())["nb_RDataFrame_Hyy.ipynb"]
    return np.array(histograms[0]["content"][1:-1], dtype=float)


EDGES = np.linspace(105.0, 160.0, 31)
CENTRES = (EDGES[:-1] + EDGES[1:]) / 2


@pytest.mark.real_data
def test_sidebands_of_the_published_data(published: np.ndarray) -> None:
    assert published.sum() == 76394
    outside = ~overlaps(EDGES, WINDOW_GEV)
    fit = fit_polynomial(CENTRES[outside], published[outside], np.sqrt(published[outside]))
    assert fit is not None
    assert (fit.bins, fit.degrees_of_freedom) == (24, 20)
    assert fit.chi2 == pytest.approx(18.23, abs=0.005)


@pytest.mark.real_data
def test_full_range_of_the_published_data_with_its_fixed_signal(published: np.ndarray) -> None:
    gaussian = 119.1 * np.exp(-0.5 * ((CENTRES - 125.0) / 2.39) ** 2)
    fit = fit_polynomial(CENTRES, published - gaussian, np.sqrt(published))
    assert fit is not None
    assert fit.degrees_of_freedom == 26
    assert fit.chi2 == pytest.approx(19.9699, abs=1e-4)
    assert fit.coefficients == pytest.approx([94325.0, -1777.22, 11.5606, -0.0256281], rel=5e-6)
