"""How much an estimate follows the truth: without that, a narrow one says nothing."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rdfplugins.report.response.numbers import Bin

_CERTAIN = 2.0  # standard deviations from 0; a width is not divided by less


@dataclasses.dataclass(frozen=True)
class Sensitivity:
    """Slope of the estimate in a bin of the truth; NaN where it or a neighbour has too few events.

    Attributes
    ----------
    slope, slope_error
        d ln(median estimate) / d ln(truth), and its statistical error: 1 for an estimate with the same bias everywhere,
        0 for one that does not depend on the truth.
    width, width_error
        Relative resolution over the slope; NaN where the slope is not above 0 by two standard deviations.
    """

    slope: float = np.nan
    slope_error: float = np.nan
    width: float = np.nan
    width_error: float = np.nan


def sensitivities(bins: Sequence[Bin]) -> tuple[Sensitivity, ...]:
    """Return the sensitivity in each bin: central differences between its neighbours, one-sided in the first and last.

    The truth of a bin is the median of that of its events, which need not be near the middle of a wide bin.
    """
    last = len(bins) - 1
    return tuple(
        _between(bins[max(number - 1, 0)], one, bins[min(number + 1, last)]) if last > 0 else Sensitivity()
        for number, one in enumerate(bins)
    )


def _between(below: Bin, one: Bin, above: Bin) -> Sensitivity:
    if not (one.median > 0 and below.median > 0 and above.median > 0 and above.centre > below.centre > 0):
        return Sensitivity()  # NaN is not above 0
    step = np.log(above.centre / below.centre)
    slope = 1.0 + np.log(above.median / below.median) / step  # medians are of estimate over truth
    error = np.hypot(above.median_error / above.median, below.median_error / below.median) / step
    found = Sensitivity(float(slope), float(error))
    if not (slope > 0 and slope > _CERTAIN * error and one.width >= 0):
        return found
    width_error = np.hypot(one.width_error, one.width * error / slope) / slope
    return dataclasses.replace(found, width=float(one.width / slope), width_error=float(width_error))
