"""Bins of the sampling variables: half-open, the last one closed; what is outside, NaN or infinite has no bin."""

from __future__ import annotations

import dataclasses
import functools
import math
from typing import TYPE_CHECKING

import numpy as np

from rdfplugins.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from rdfplugins.config.resample import ResampleConfig, VariableConfig

MOST_BINS = 2_000_000
"""Of all classes and categories together; some ten numbers are kept of each."""
_EVEN = 1e-3  # of a bin
_CLOSE = 1e-12  # boundaries of two ranges that differ by rounding only are one
OUTSIDE = -1
WITHOUT_BINS = ("random_undersampling", "random_oversampling")
"""Methods that look at classes alone."""


@dataclasses.dataclass(frozen=True, eq=False)
class Axis:
    """The bins of one variable.

    Attributes
    ----------
    name, expression
        Of the variable; the expression is a formula over columns, mostly the name itself.
    edges
        float64[bins + 1], ascending.
    gaps
        Bins between two ranges that were given apart: values in them are out of range.
    """

    name: str
    expression: str
    edges: NDArray[np.float64]
    gaps: tuple[int, ...] = ()

    @property
    def bins(self) -> int:
        """Number of bins, gaps among them."""
        return len(self.edges) - 1

    def index(self, values: NDArray[np.float64]) -> NDArray[np.int32]:
        """Return the bin of each value, int32[n]; `OUTSIDE` where there is none."""
        edges = self.edges
        if self._equal:
            found = self._guessed(values)
            found -= values < edges[found]
            found += values >= edges[found + 1]
            found[~((values >= edges[0]) & (values <= edges[-1]))] = OUTSIDE
        else:
            found = np.searchsorted(edges, values, side="right").astype(np.int32) - np.int32(1)
        found[values == edges[-1]] = self.bins - 1
        # NaN is sorted behind all numbers, as is what lies above the last edge
        found[found >= self.bins] = OUTSIDE
        if self.gaps:
            found[np.isin(found, self.gaps)] = OUTSIDE
        return found

    @functools.cached_property
    def _equal(self) -> bool:
        """Whether all bins have the same width, but for rounding that cannot add up to one of them."""
        even = np.linspace(self.edges[0], self.edges[-1], self.bins + 1)
        return bool(np.abs(self.edges - even).max() < _EVEN * (self.edges[-1] - self.edges[0]) / self.bins)

    def _guessed(self, values: NDArray[np.float64]) -> NDArray[np.int32]:
        """Return the bin of each value by its distance from the first edge, wrong by one bin at most; 0 for NaN."""
        low, high = self.edges[0], self.edges[-1]
        with np.errstate(over="ignore", invalid="ignore"):
            place: NDArray[np.float64] = (values - low) * (self.bins / (high - low))
        np.fmax(place, 0.0, out=place)
        np.fmin(place, self.bins - 1, out=place)
        return place.astype(np.int32)


@dataclasses.dataclass(frozen=True, eq=False)
class Grid:
    """The bins of all variables together; without variables there is one bin, which holds everything.

    Attributes
    ----------
    axes
        The variables; the last one runs fastest.
    """

    axes: tuple[Axis, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """Bins of each axis."""
        return tuple(axis.bins for axis in self.axes)

    @property
    def bins(self) -> int:
        """Number of bins."""
        return math.prod(self.shape)

    def index(self, values: Mapping[str, NDArray[np.float64]], rows: int) -> NDArray[np.int32]:
        """Return the bin of each row, int32[rows]; `OUTSIDE` where one of its values has none.

        Parameters
        ----------
        values
            Name of a variable -> float64[rows].
        """
        total = np.zeros(rows, np.int32)
        outside = np.zeros(rows, bool)
        for axis in self.axes:
            found = axis.index(values[axis.name])
            outside |= found < 0
            total *= np.int32(axis.bins)
            total += found
        total[outside] = OUTSIDE
        return total

    def volumes(self) -> NDArray[np.float64]:
        """Return the volume of each bin, float64[bins]; 0 for gaps: what a uniform distribution has in it."""
        total = np.ones(1)
        for axis in self.axes:
            widths = np.diff(axis.edges)
            widths[list(axis.gaps)] = 0.0
            total = np.outer(total, widths).ravel()
        return total


def grids(spec: ResampleConfig, categories: Sequence[str]) -> tuple[Grid, ...]:
    """Return the bins of each category; they are the same but where pdf has ranges of its own for each.

    The third number of a range is a number of EDGES for all methods but pdf, for which it is one of BINS, as in umami;
    ``bin_semantics`` overrides.

    Raises
    ------
    ConfigError
        Without a place, the name of the variable in front: who calls adds the line.
    """
    if spec.method in WITHOUT_BINS:
        return tuple(Grid(()) for _ in categories)
    made = []
    for number in range(len(categories)):
        grid = Grid(tuple(_axis(spec, variable, number, categories) for variable in spec.options.sampling_variables))
        made.append(grid)
        refuse_too_many(made, 1)
    return tuple(made)


def refuse_too_many(made: Sequence[Grid], classes: int) -> None:
    """Raise ConfigError, without a place, for more bins than fit into memory."""
    bins = sum(grid.bins for grid in made)
    if bins * classes > MOST_BINS:
        each = f" of {classes} classes" if classes > 1 else ""
        raise ConfigError(
            f"the sampling variables make {bins} bins{each}, and {MOST_BINS} are the most, of all classes and"
            " categories; use fewer"
        )


def per_category(spec: ResampleConfig, variable: VariableConfig, categories: int) -> bool:
    """Return whether the ranges of a variable are one for each category: those of pdf, where they are several."""
    return spec.method == "pdf" and variable.bins is not None and len(variable.bins) > 1 and categories > 1


def _axis(spec: ResampleConfig, variable: VariableConfig, number: int, categories: Sequence[str]) -> Axis:
    expression = variable.expression or variable.name
    if variable.edges is not None:
        return Axis(variable.name, expression, np.asarray(variable.edges, np.float64))
    assert variable.bins is not None
    semantics = spec.options.bin_semantics or ("bins" if spec.method == "pdf" else "edges")
    ranges = list(variable.bins)
    if per_category(spec, variable, len(categories)):
        if len(ranges) != len(categories):
            raise ConfigError(
                f"{variable.name}: {len(ranges)} ranges for {len(categories)} categories ({', '.join(categories)});"
                " pdf takes one range for each category, or one for all"
            )
        ranges = [ranges[number]]
    edges, gaps = _joined(variable.name, [_linspace(variable.name, *one, semantics) for one in ranges])
    return Axis(variable.name, expression, edges, () if spec.options.gap_bins else gaps)


def _linspace(name: str, low: float, high: float, number: int, semantics: str) -> NDArray[np.float64]:
    edges = number + (semantics == "bins")
    if edges < 2:  # noqa: PLR2004 (the ends of a bin)
        raise ConfigError(
            f"{name}: [{low:g}, {high:g}, {number}] makes no bin: the third number counts {semantics}"
            f" (bin_semantics), and {'2 edges' if semantics == 'edges' else '1 bin'} is the least"
        )
    return np.linspace(low, high, edges)


def _joined(name: str, ranges: Sequence[NDArray[np.float64]]) -> tuple[NDArray[np.float64], tuple[int, ...]]:
    """Return the edges of ranges side by side, and the bins between those that do not touch."""
    edges, gaps = ranges[0], []
    for one in ranges[1:]:
        apart = one[0] - edges[-1]
        if abs(apart) <= _CLOSE * max(abs(one[0]), abs(edges[-1])):
            edges = np.concatenate([edges, one[1:]])
        elif apart < 0:
            raise ConfigError(f"{name}: a range begins at {one[0]:g}, below {edges[-1]:g} where the one before it ends")
        else:
            gaps.append(len(edges) - 1)
            edges = np.concatenate([edges, one])
    return edges, tuple(gaps)
