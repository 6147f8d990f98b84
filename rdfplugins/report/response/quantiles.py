"""Quantiles of weighted numbers, with their statistical errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def quantiles(
    values: NDArray[np.float64], weights: NDArray[np.float64], shares: Sequence[float]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return quantiles and their covariance.

    A quantile lies between two numbers by linear interpolation: those of weight 1 give what `numpy.quantile` gives.
    Where weights are negative, it is the first number at which the sum of weights is reached.

    Its error is half the distance of the quantiles one standard deviation of the share to both sides (Woodruff 1952,
    doi:10.1080/01621459.1952.10483443), which for weights of 1 is a distance of order statistics. Errors of two
    quantiles are correlated as their shares are: ``p (1 - q) / n`` for p < q and weights of 1 (Cramér 1946, section
    28.5).

    Parameters
    ----------
    values, weights
        float64[n], n > 0, without NaN; the sum of the weights is above 0.
    shares
        Of the events, between 0 and 1, in rising order: 0.5 is the median.

    Returns
    -------
    float64[k] and float64[k, k].
    """
    used = weights != 0
    order = np.argsort(values[used], kind="stable")
    ordered, weight = values[used][order], weights[used][order]
    places = _places(weight)
    share = np.asarray(shares, dtype=np.float64)
    found = np.interp(share, places, ordered)
    scatter = _scatter(ordered, weight, found, share)
    sigma = np.sqrt(np.diag(scatter))
    ends = [np.interp(np.clip(share + way * sigma, 0.0, 1.0), places, ordered) for way in (-1.0, 1.0)]
    # what one unit of the share is worth, here: the inverse of the density
    slope = np.divide(0.5 * (ends[1] - ends[0]), sigma, out=np.zeros_like(sigma), where=sigma > 0)
    return found, scatter * np.outer(slope, slope)


def effective(weights: NDArray[np.float64]) -> float:
    """Return how many events of weight 1 have the relative error of this sum of weights; 0 for a sum of 0 or less."""
    total = float(weights.sum())
    return total**2 / float(np.square(weights).sum()) if total > 0 else 0.0


def _places(weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share at which each number lies, 0 for the first and 1 for the last, float64[n]."""
    middle = np.maximum.accumulate(np.cumsum(weight) - 0.5 * weight)
    length = middle[-1] - middle[0]
    return np.asarray((middle - middle[0]) / length) if length > 0 else np.zeros(len(weight))


def _scatter(
    ordered: NDArray[np.float64], weight: NDArray[np.float64], found: NDArray[np.float64], share: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the covariance of the shares below the numbers ``found``, float64[k, k]."""
    squares = np.concatenate([[0.0], np.cumsum(weight**2)])
    below = squares[np.searchsorted(ordered, found, side="right")]
    both = np.minimum(below[:, None], below[None, :])
    mixed = np.outer(below, share)
    return np.asarray((both - mixed - mixed.T + np.outer(share, share) * squares[-1]) / weight.sum() ** 2)
