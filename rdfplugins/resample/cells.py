"""Cells: a family of categories, a class, and a bin; and the groups of rows that are drawn together."""

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rdfplugins.config.resample import ResampleConfig
    from rdfplugins.resample.binning import Grid

_Number = TypeVar("_Number", bound=np.generic)


@dataclasses.dataclass(frozen=True, eq=False)
class Cells:
    """How cells are numbered: family by family, in it class by class, in it bin by bin.

    Behind the cells of all bins stand two for each family and class, of rows that have a class and no bin: out of
    range, and not a finite number. Rows that do not take part although they have a cell are known by `left_out` of it.

    Attributes
    ----------
    families
        Categories that are looked at together: each by itself, or all at once where there are no fractions.
    classes
        Number of classes.
    grids
        Bins of each family.
    """

    families: tuple[tuple[int, ...], ...]
    classes: int
    grids: tuple[Grid, ...]

    @property
    def starts(self) -> tuple[int, ...]:
        """First cell of each family; at the end, the first of those without a bin."""
        sizes = [self.classes * grid.bins for grid in self.grids]
        return tuple(int(start) for start in np.cumsum([0, *sizes]))

    @property
    def total(self) -> int:
        """Number of cells, those without a bin among them."""
        return self.starts[-1] + 2 * len(self.families) * self.classes

    def family_of(self, category: int) -> int:
        """Return the number of the family of a category."""
        return next(number for number, family in enumerate(self.families) if category in family)

    def number(
        self, family: int, class_id: NDArray[np.int32], bins: NDArray[np.int32], finite: NDArray[np.bool_]
    ) -> NDArray[np.int32]:
        """Return the cell of each row; -1 for rows without a class.

        Parameters
        ----------
        class_id, bins
            int32[n], negative where there is none.
        finite
            Whether all variables are finite numbers, bool[n].
        """
        found = np.int32(self.starts[family]) + class_id * np.int32(self.grids[family].bins) + bins
        outside = np.flatnonzero(bins < 0)
        if len(outside):
            row = np.where(finite[outside], 0, len(self.families)) + family
            found[outside] = self.starts[-1] + row * self.classes + class_id[outside]
        found[class_id < 0] = -1
        return found

    def tables(self, values: NDArray[_Number]) -> tuple[NDArray[_Number], ...]:
        """Return numbers of cells as one table [classes, bins] for each family; views."""
        starts = self.starts
        return tuple(values[first:last].reshape(self.classes, -1) for first, last in itertools.pairwise(starts))

    def outside(self, values: NDArray[_Number]) -> NDArray[_Number]:
        """Return numbers of the cells without a bin as a table [reasons, families, classes]; a view."""
        return values[self.starts[-1] :].reshape(2, len(self.families), self.classes)

    def classes_of(self) -> NDArray[np.int32]:
        """Return the class of each cell, int32[total]."""
        each = [np.repeat(np.arange(self.classes, dtype=np.int32), grid.bins) for grid in self.grids]
        return np.concatenate([*each, np.tile(np.arange(self.classes, dtype=np.int32), 2 * len(self.families))])


def left_out(cell: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return what stands for rows of these cells that do not take part; its own inverse."""
    return np.int32(-2) - cell


def families(spec: ResampleConfig, categories: int) -> tuple[tuple[int, ...], ...]:
    """Return which categories are looked at together: each by itself for pdf, and where there are fractions."""
    if spec.options.fractions is not None or spec.method == "pdf":
        return tuple((number,) for number in range(categories))
    return (tuple(range(categories)),)
