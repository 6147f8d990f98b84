"""How good an estimate of the mass is: bias and width in bins of the true mass."""

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

MASS_EDGES = (50.0, 70.0, 90.0, 135.0, 200.0, 300.0, 400.0, 500.0, 600.0, 700.0, 820.0, 1000.0)
"""Edges of the bins in which models are compared, GeV."""


@dataclasses.dataclass(frozen=True)
class Response:
    """The estimate over the true mass, in a bin of the true mass.

    Attributes
    ----------
    low, high
        The bin, GeV.
    events
        Number of events.
    defined
        Fraction of them with an estimate, which is not NaN; the others are left out of median and width.
    median
        Of the ratio; NaN without an event.
    width
        Half the central 68 % of the ratio, over its median: what remains when the scale is corrected.
    """

    low: float
    high: float
    events: int
    defined: float
    median: float
    width: float


def responses(estimate: NDArray[Any], mass: NDArray[Any], edges: Sequence[float] = MASS_EDGES) -> list[Response]:
    """Return the response in each bin.

    Parameters
    ----------
    estimate, mass
        [events], GeV.
    edges
        Of the bins, in GeV: one more than there are bins.
    """
    made = []
    for low, high in itertools.pairwise(edges):
        inside = (mass >= low) & (mass < high)
        ratio = estimate[inside].astype(np.float64) / mass[inside]
        ratio = ratio[np.isfinite(ratio)]
        events = int(np.count_nonzero(inside))
        if not len(ratio):
            made.append(Response(low, high, events, 0.0, np.nan, np.nan))
            continue
        q16, median, q84 = (float(value) for value in np.quantile(ratio, (0.16, 0.5, 0.84)))
        made.append(Response(low, high, events, len(ratio) / events, median, (q84 - q16) / 2 / median))
    return made
