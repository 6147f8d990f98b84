"""Errors of counts, and the fit of a smooth background."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

DEGREE = 3


@dataclasses.dataclass(frozen=True)
class PolynomialFit:
    """A polynomial fitted by least squares.

    Attributes
    ----------
    coefficients
        float64[degree + 1], of the powers 0, 1, 2 ... of x.
    chi2, bins
        Sum of squared, normalised residuals, and how many bins went in.
    """

    coefficients: NDArray[np.float64]
    chi2: float
    bins: int

    @property
    def degrees_of_freedom(self) -> int:
        """Number of bins less the number of coefficients."""
        return self.bins - len(self.coefficients)

    def __call__(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the polynomial at ``x``, float64 of its shape."""
        return np.asarray(np.polynomial.polynomial.polyval(x, self.coefficients))


def fit_polynomial(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    errors: NDArray[np.float64],
    *,
    degree: int = DEGREE,
) -> PolynomialFit | None:
    """Fit a polynomial by the least sum of ``((y - f(x)) / error)**2``, as ROOT's default fit of a histogram does.

    Parameters
    ----------
    x, y, errors
        float64[n]: bin centres, contents, errors. Bins with an error of 0 (which are empty) or NaN are left out, as are
        bins whose content is NaN.

    Returns
    -------
    None where there are not more bins than coefficients.
    """
    used = np.isfinite(y) & np.isfinite(errors) & (errors > 0)
    if np.count_nonzero(used) <= degree + 1:
        return None
    # Polynomial.fit maps x to [-1, 1] on its own: powers of the masses themselves would cost six digits
    fitted = np.polynomial.Polynomial.fit(x[used], y[used], degree, w=1.0 / errors[used])
    pulls = (y[used] - fitted(x[used])) / errors[used]
    coefficients = np.zeros(degree + 1)
    found = fitted.convert().coef
    coefficients[: len(found)] = found
    return PolynomialFit(coefficients, float(np.sum(pulls**2)), int(np.count_nonzero(used)))


def poisson_errors(counts: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return lengths of the error bars downwards and upwards: central intervals of 68.27 % for the mean of a count.

    The limits are the approximation of Gehrels (1986, doi:10.1086/164079), eqs. 9 and 12, with S = 1:
    within 1.5 % of the exact ones from 0 events on, and better for more.

    Parameters
    ----------
    counts
        float64[n], not negative; NaN gives NaN.

    Returns
    -------
    Two float64[n].
    """
    above = counts + 1.0
    upper = above * (1.0 - 1.0 / (9.0 * above) + 1.0 / (3.0 * np.sqrt(above))) ** 3
    some = np.where(counts > 0, counts, 1.0)
    lower = np.where(counts > 0, some * (1.0 - 1.0 / (9.0 * some) - 1.0 / (3.0 * np.sqrt(some))) ** 3, counts)
    return counts - lower, upper - counts
