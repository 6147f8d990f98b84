"""Fits against known curves, against sums of least squares by hand, and against ROOT."""

from __future__ import annotations

import numpy as np
import pytest

from rdfplugins.report.fits import Gaussian, fit_gaussian, fit_polynomial

X = np.linspace(106.0, 159.0, 20)
CUBIC = np.array([94300.0, -1777.0, 11.56, -0.02563])


def cubic(x: np.ndarray) -> np.ndarray:
    return sum(p * x**power for power, p in enumerate(CUBIC))


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


def by_hand(x: np.ndarray, y: np.ndarray, errors: np.ndarray, degree: int) -> tuple[np.ndarray, np.ndarray, float]:
    """Solve the normal equations in exact fractions; return coefficients, covariance and chi2."""
    from fractions import Fraction

    size = degree + 1
    xs, ys = ([Fraction(float(value)) for value in array] for array in (x, y))
    weights = [1 / Fraction(float(error)) ** 2 for error in errors]
    rows = [
        [sum(w * a ** (i + j) for w, a in zip(weights, xs, strict=True)) for j in range(size)]
        + [sum(w * b * a**i for w, a, b in zip(weights, xs, ys, strict=True))]
        + [Fraction(int(i == j)) for j in range(size)]
        for i in range(size)
    ]
    for i in range(size):  # Gauss and Jordan
        rows[i] = [value / rows[i][i] for value in rows[i]]
        for j in range(size):
            if j != i:
                rows[j] = [a - rows[j][i] * b for a, b in zip(rows[j], rows[i], strict=True)]
    found = [row[size] for row in rows]
    residuals = [b - sum(p * a**i for i, p in enumerate(found)) for a, b in zip(xs, ys, strict=True)]
    chi2 = float(sum(w * r * r for w, r in zip(weights, residuals, strict=True)))
    covariance = np.array([[float(value) for value in row[size + 1 :]] for row in rows])
    return np.array([float(value) for value in found]), covariance, chi2


@pytest.mark.parametrize("degree", [0, 1, 3, 5])
def test_coefficients_and_covariance_against_exact_fractions(degree: int) -> None:
    rng = np.random.default_rng(4)
    y = rng.poisson(cubic(X)).astype(float)
    fit = fit_polynomial(X, y, np.sqrt(y), degree=degree)
    assert fit is not None
    coefficients, covariance, chi2 = by_hand(X, y, np.sqrt(y), degree)
    assert fit.coefficients == pytest.approx(coefficients, rel=1e-6)
    assert fit.covariance == pytest.approx(covariance, rel=1e-6)
    assert fit.errors == pytest.approx(np.sqrt(np.diag(covariance)), rel=1e-6)
    assert fit.chi2 == pytest.approx(chi2, rel=1e-9)
    assert fit.degree == degree


def test_a_fixed_gaussian_is_taken_off_before_the_fit() -> None:
    bump = Gaussian(120.0, 125.0, 2.4)
    y = cubic(X) + bump(X)
    fit = fit_polynomial(X, y, np.sqrt(y), gaussian=bump)
    assert fit is not None
    assert fit.coefficients == pytest.approx(CUBIC, rel=1e-6)
    assert fit.chi2 == pytest.approx(0.0, abs=1e-12)
    assert fit(X) == pytest.approx(y, rel=1e-9)
    assert fit.background(X) == pytest.approx(cubic(X), rel=1e-9)
    without = fit_polynomial(X, y, np.sqrt(y))
    assert without is not None
    assert without.chi2 > 1.0


def test_events_of_a_gaussian_are_its_sum_over_bins() -> None:
    x = np.arange(100.0, 150.0, 0.5)
    bump = Gaussian(30.0, 125.0, 3.0)
    assert bump.events(0.5) == pytest.approx(bump(x).sum(), rel=1e-9)


@pytest.mark.parametrize(("mean", "sigma"), [(125.0, 1.7), (109.0, 0.9), (131.3, 6.0)])
def test_a_gaussian_is_found_again(mean: float, sigma: float) -> None:
    x = np.linspace(105.9, 159.1, 30)
    y = Gaussian(80.0, mean, sigma)(x)
    fit = fit_gaussian(x, y, np.full(30, 0.5))
    assert fit is not None
    assert (fit.gaussian.amplitude, fit.gaussian.mean, fit.gaussian.sigma) == pytest.approx((80.0, mean, sigma))
    assert fit.chi2 == pytest.approx(0.0, abs=1e-9)
    assert (fit.bins, fit.degrees_of_freedom) == (30, 27)


def test_fits_agree_with_root() -> None:
    root = pytest.importorskip("ROOT")
    rng = np.random.default_rng(8)
    x = np.linspace(105.0, 160.0, 31)[:-1] + 55 / 60
    peak = Gaussian(400.0, 125.0, 2.4)(x) + 5
    y = rng.poisson(peak).astype(float)
    histogram = root.TH1D("peak", "", 30, 105.0, 160.0)
    for number, value in enumerate(y, start=1):
        histogram.SetBinContent(number, value)
        histogram.SetBinError(number, 6.0)
    fit = fit_gaussian(x, y, np.full(30, 6.0))
    assert fit is not None
    result = histogram.Fit("gaus", "QSN")
    expected = [result.Parameter(number) for number in range(3)]
    assert [fit.gaussian.amplitude, fit.gaussian.mean, fit.gaussian.sigma] == pytest.approx(expected, rel=2e-4)
    assert fit.errors == pytest.approx([result.Error(number) for number in range(3)], rel=0.05)
    assert fit.chi2 == pytest.approx(result.Chi2(), rel=1e-6)

    smooth = rng.poisson(cubic(x)).astype(float) + Gaussian(119.1, 125.0, 2.39)(x)
    histogram = root.TH1D("smooth", "", 30, 105.0, 160.0)
    for number, value in enumerate(smooth, start=1):
        histogram.SetBinContent(number, value)
        histogram.SetBinError(number, np.sqrt(value))
    function = root.TF1("f", "pol3(0) + gaus(4)", 105.0, 160.0)
    function.SetParameters(9e4, -1.7e3, 11.0, -0.025, 119.1, 125.0, 2.39)
    for number in (4, 5, 6):
        function.FixParameter(number, function.GetParameter(number))
    result = histogram.Fit(function, "QSN")
    ours = fit_polynomial(x, smooth, np.sqrt(smooth), gaussian=Gaussian(119.1, 125.0, 2.39))
    assert ours is not None
    assert ours.coefficients == pytest.approx([result.Parameter(number) for number in range(4)], rel=1e-4)
    assert (ours.chi2, ours.degrees_of_freedom) == (pytest.approx(result.Chi2(), rel=1e-6), result.Ndf())
    # without a Gaussian the function is linear, and ROOT's errors are exact
    result = histogram.Fit("pol3", "QSN")
    ours = fit_polynomial(x, smooth, np.sqrt(smooth))
    assert ours is not None
    matrix = result.GetCovarianceMatrix()
    assert ours.errors == pytest.approx([result.Error(number) for number in range(4)], rel=1e-6)
    assert ours.covariance == pytest.approx(np.array([[matrix[i][j] for j in range(4)] for i in range(4)]), rel=1e-6)


@pytest.mark.parametrize(
    "values",
    [np.zeros(30), -Gaussian(5.0, 125.0, 2.0)(np.linspace(105.0, 160.0, 30)), np.linspace(1.0, 50.0, 30) ** 2],
)
def test_no_peak_no_gaussian(values: np.ndarray) -> None:
    assert fit_gaussian(np.linspace(105.0, 160.0, 30), values, np.ones(30)) is None


def test_too_few_bins_give_no_gaussian() -> None:
    x = np.linspace(120.0, 130.0, 10)
    errors = np.where(np.arange(10) < 3, 1.0, 0.0)
    assert fit_gaussian(x, Gaussian(5.0, 125.0, 2.0)(x), errors) is None
