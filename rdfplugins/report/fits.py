"""Least-squares fits of binned masses: a polynomial over a fixed Gaussian, and a Gaussian alone."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

DEGREE = 3
_STEPS = 200
_CONVERGED = 1e-10  # relative change of the sum of squares, and of all parameters
_STIFFEST = 1e12
_PARAMETERS = 3


@dataclasses.dataclass(frozen=True)
class Gaussian:
    """A Gaussian over a binned axis.

    Attributes
    ----------
    amplitude
        Height at ``mean``, in events per bin.
    mean, sigma
        In the unit of the axis.
    """

    amplitude: float
    mean: float
    sigma: float

    def __call__(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the Gaussian at ``x``, float64 of its shape."""
        return np.asarray(self.amplitude * np.exp(-0.5 * ((x - self.mean) / self.sigma) ** 2))

    def events(self, width: float) -> float:
        """Return its area in events, for bins of this width."""
        return self.amplitude * abs(self.sigma) * math.sqrt(2.0 * math.pi) / width


@dataclasses.dataclass(frozen=True)
class GaussianFit:
    """A Gaussian fitted by least squares.

    Attributes
    ----------
    gaussian
        At the minimum.
    covariance
        float64[3, 3] of amplitude, mean and sigma.
    chi2, bins
        Sum of squared, normalised residuals, and how many bins went in.
    """

    gaussian: Gaussian
    covariance: NDArray[np.float64]
    chi2: float
    bins: int

    @property
    def degrees_of_freedom(self) -> int:
        """Number of bins less the number of parameters."""
        return self.bins - _PARAMETERS

    @property
    def errors(self) -> NDArray[np.float64]:
        """Standard errors of the parameters, float64[3]."""
        return np.sqrt(np.diag(self.covariance))


@dataclasses.dataclass(frozen=True)
class MassFit:
    """A polynomial fitted by least squares, over a Gaussian that is not fitted.

    Attributes
    ----------
    coefficients
        float64[degree + 1], of the powers 0, 1, 2 ... of x, in events per bin.
    covariance
        float64[degree + 1, degree + 1] of the coefficients; the errors of the bins are taken as they are.
    chi2, bins
        Sum of squared, normalised residuals, and how many bins went in.
    gaussian
        Added to the polynomial with none of its parameters free; None: the polynomial alone was fitted.
    """

    coefficients: NDArray[np.float64]
    covariance: NDArray[np.float64]
    chi2: float
    bins: int
    gaussian: Gaussian | None = None

    @property
    def degree(self) -> int:
        """Degree of the polynomial."""
        return len(self.coefficients) - 1

    @property
    def degrees_of_freedom(self) -> int:
        """Number of bins less the number of coefficients."""
        return self.bins - len(self.coefficients)

    @property
    def errors(self) -> NDArray[np.float64]:
        """Standard errors of the coefficients, float64[degree + 1]."""
        return np.sqrt(np.diag(self.covariance))

    def background(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the polynomial at ``x``, float64 of its shape."""
        return np.asarray(np.polynomial.polynomial.polyval(x, self.coefficients))

    def __call__(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return polynomial and Gaussian at ``x``, float64 of its shape."""
        return self.background(x) if self.gaussian is None else self.background(x) + self.gaussian(x)


def fit_polynomial(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    errors: NDArray[np.float64],
    *,
    degree: int = DEGREE,
    gaussian: Gaussian | None = None,
) -> MassFit | None:
    """Fit by the least sum of ``((y - f(x)) / error)**2``, as ROOT's default fit of a histogram does.

    Parameters
    ----------
    x, y, errors
        float64[n]: bin centres, contents, errors. Bins with an error of 0 (which are empty) or NaN are left out, as are
        bins whose content is NaN.
    degree
        Of the polynomial.
    gaussian
        Added to the polynomial; its parameters stay as they are.

    Returns
    -------
    None where there are not more bins than coefficients.
    """
    used = np.isfinite(y) & np.isfinite(errors) & (errors > 0)
    count = int(np.count_nonzero(used))
    if count <= degree + 1:
        return None
    near, error = x[used], errors[used]
    above = y[used] if gaussian is None else y[used] - gaussian(near)
    # x is mapped to [-1, 1]: powers of the masses themselves would cost six digits
    centre, half = (near.max() + near.min()) / 2.0, (near.max() - near.min()) / 2.0
    design = np.vander((near - centre) / half, degree + 1, increasing=True) / error[:, None]
    q, r = np.linalg.qr(design)
    mapped = np.linalg.solve(r, q.T @ (above / error))
    inverse = np.linalg.inv(r)
    back = _powers_of_x(degree, centre, half)
    chi2 = float(np.sum((above / error - design @ mapped) ** 2))
    return MassFit(back @ mapped, back @ inverse @ inverse.T @ back.T, chi2, count, gaussian)


def _powers_of_x(degree: int, centre: float, half: float) -> NDArray[np.float64]:
    """Return the matrix that turns coefficients in ``(x - centre) / half`` into those of the powers of x."""
    matrix = np.zeros((degree + 1, degree + 1))
    for power in range(degree + 1):
        for low in range(power + 1):
            matrix[low, power] = math.comb(power, low) * (-centre) ** (power - low) / half**power
    return matrix


def fit_gaussian(x: NDArray[np.float64], y: NDArray[np.float64], errors: NDArray[np.float64]) -> GaussianFit | None:
    """Fit a Gaussian by least squares, after Levenberg (1944) and Marquardt (1963).

    Parameters
    ----------
    x, y, errors
        As for `fit_polynomial`; x is in order.

    Returns
    -------
    None where there is no peak: not more than three bins, no convergence, a mean outside of x, a width above its range.
    """
    used = np.isfinite(y) & np.isfinite(errors) & (errors > 0)
    count = int(np.count_nonzero(used))
    if count <= _PARAMETERS:
        return None
    near, height, error = x[used], y[used], errors[used]
    found = _start(near, height)
    squares, damping = math.inf, 1e-3
    for _ in range(_STEPS):
        residual, slopes = _linearised(found, near, height, error)
        squares = float(residual @ residual)
        normal, gradient = slopes.T @ slopes, slopes.T @ residual
        if not np.all(np.isfinite(normal)) or np.linalg.matrix_rank(normal) < _PARAMETERS:
            return None
        while True:
            step = np.linalg.solve(normal + damping * np.diag(np.diag(normal)), gradient)
            trial = found + step
            left = _linearised(trial, near, height, error)[0] if trial[2] > 0 else np.array([math.inf])
            better = float(left @ left)
            if better <= squares:
                break
            damping *= 10.0
            if damping > _STIFFEST:
                break
        if better > squares:  # no step helps any more: this is the minimum
            break
        done = squares - better <= _CONVERGED * squares and np.all(np.abs(step) <= _CONVERGED**0.5 * np.abs(trial))
        found, squares, damping = trial, better, max(damping / 10.0, 1e-12)
        if done:
            break
    else:
        return None
    covariance = np.asarray(np.linalg.inv(normal), dtype=np.float64)
    amplitude, mean, sigma = (float(value) for value in found)
    if amplitude <= 0 or not near[0] <= mean <= near[-1] or sigma > near[-1] - near[0]:
        return None
    return GaussianFit(Gaussian(amplitude, mean, sigma), covariance, squares, count)


def _start(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return height, mean and width of the half of the contents around the highest bin."""
    peak = int(np.argmax(y))
    weight = np.where(y > 0.3 * y[peak], y, 0.0) if y[peak] > 0 else np.ones(len(y))
    mean = float(np.average(x, weights=weight))
    width = math.sqrt(float(np.average((x - mean) ** 2, weights=weight)))
    return np.array([float(y[peak]), float(x[peak]), max(width, 0.5 * float(np.min(np.diff(x))))])


def _linearised(
    parameters: NDArray[np.float64], x: NDArray[np.float64], y: NDArray[np.float64], errors: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return residuals, float64[n], and what the Gaussian gains with each parameter, float64[n, 3], in errors."""
    amplitude, mean, sigma = parameters
    pull = (x - mean) / sigma
    shape = np.exp(-0.5 * pull**2)
    slopes = np.stack([shape, amplitude * shape * pull / sigma, amplitude * shape * pull**2 / sigma], axis=1)
    return (y - amplitude * shape) / errors, slopes / errors[:, None]
