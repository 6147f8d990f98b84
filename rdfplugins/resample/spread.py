"""How much a variable varies within each cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from rdfplugins.resample.scratch import Scratch


def spreads(scratches: Sequence[Scratch], cells: int) -> NDArray[np.float64]:
    """Return the standard deviation of the first extra column in each cell, float64[cells]; 0 for fewer than two rows.

    The mean is found in a look of its own: the difference of two large numbers would know nothing of a small spread.
    Values that are not finite are left out.
    """
    number, total = np.zeros(cells), np.zeros(cells)
    for cell, values in _finite(scratches):
        number += np.bincount(cell, minlength=cells)
        total += np.bincount(cell, values, minlength=cells)
    known = np.maximum(number, 1.0)
    mean = total / known
    squares = np.zeros(cells)
    for cell, values in _finite(scratches):
        squares += np.bincount(cell, (values - mean[cell]) ** 2, minlength=cells)
    return np.asarray(np.sqrt(squares / known))


def _finite(scratches: Sequence[Scratch]) -> Iterator[tuple[NDArray[np.int32], NDArray[np.float64]]]:
    for scratch in scratches:
        for look in scratch.looks():
            used = np.flatnonzero((look.cell >= 0) & np.isfinite(look.extra[0]))
            yield look.cell[used], look.extra[0][used]
