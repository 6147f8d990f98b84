"""Rates that go smoothly from bin to bin: a cubic spline through the bins of each class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rdfplugins.errors import MissingDependencyError
from rdfplugins.resample.methods.plan import MisfitError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rdfplugins.resample.cells import Cells

_LEAST = 4  # bins of an axis through which a cubic can go


class Splines:
    """Cubic splines of rates over the middles of bins.

    They ring between steep bins and become negative there, which is cut off at 0; outside of the outermost middles the
    nearest one counts, and where a bin has the rate 0 nothing is drawn.

    Parameters
    ----------
    rate
        float64[cells], that of each bin.

    Raises
    ------
    MisfitError
        If an axis has fewer than four bins.
    MissingDependencyError
        Without scipy.
    """

    def __init__(self, cells: Cells, rate: NDArray[np.float64]) -> None:
        try:
            from scipy.interpolate import RegularGridInterpolator
        except ImportError as error:
            raise MissingDependencyError("interpolation: spline needs scipy: pip install scipy") from error
        self._rate = rate
        self._starts = np.asarray(cells.starts)
        self._classes = cells.classes
        self._bins = [grid.bins for grid in cells.grids]
        self._ends: list[list[tuple[float, float]]] = []
        self._splines: list[Any] = []
        for grid, table in zip(cells.grids, cells.tables(rate), strict=True):
            for axis in grid.axes:
                if axis.bins < _LEAST:
                    raise MisfitError(
                        f"interpolation: spline needs at least {_LEAST} bins, and {axis.name} has {axis.bins}",
                        "options",
                        "interpolation",
                    )
            middles = [(axis.edges[1:] + axis.edges[:-1]) / 2 for axis in grid.axes]
            self._ends.append([(float(one[0]), float(one[-1])) for one in middles])
            for values in table:
                shaped = np.asarray(values, np.float64).reshape(grid.shape)
                self._splines.append(RegularGridInterpolator(middles, shaped, method="cubic"))

    def rates(self, cell: NDArray[np.int32], values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the rate of each row, float64[n].

        Parameters
        ----------
        cell
            Cells with a bin, int32[n].
        values
            float64[axes, n].
        """
        found = self._rate[cell].copy()
        family = np.searchsorted(self._starts, cell, side="right") - 1
        for number, ends in enumerate(self._ends):
            of_family = np.flatnonzero(family == number)
            class_id = (cell[of_family] - self._starts[number]) // self._bins[number]
            for c in np.unique(class_id):
                which = of_family[class_id == c]
                which = which[found[which] > 0]
                points = [np.clip(values[k, which], low, high) for k, (low, high) in enumerate(ends)]
                spline = self._splines[number * self._classes + int(c)]
                found[which] = np.maximum(spline(np.stack(points, axis=-1)), 0.0)
        return found
