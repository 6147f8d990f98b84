"""What a resampling had and what it took, in numbers: what tables and plots are made of."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rdfplugins.resample.binning import Grid


@dataclasses.dataclass(frozen=True, eq=False)
class Tally:
    """Counts of one resampling.

    Attributes
    ----------
    method
        Name of the method.
    classes, categories
        Their names; the order is that of the numbers.
    grids
        Bins of each category.
    before
        For each category int64[classes, bins], rows in range; those that ``custom_n_jets_initial`` leaves.
    after
        For each category int64[classes, bins], rows of the output, copies counted.
    distinct
        Likewise, different rows.
    weights, squares
        For each category float64[classes, bins], sums of ``sample_weight`` and of its square in the output.
    variances
        For each category float64[classes, bins], sums over different rows of (copies x weight)^2: the squares of the
        statistical uncertainties of ``weights``, as the copies of a row are not independent.
    target
        For each category float64[bins], the shape aimed at, not normalised; None where a method has none.
    lost
        For each category bool[bins]: bins that have rows before, and in which some class has none to take; methods
        that treat each class by itself take those of the others all the same.
    copies
        For each class int64[n]: how many rows were taken 0, 1, 2 ... times.
    unused
        Class -> reason ("NaN or infinite", "out of range", "beyond custom_n_jets_initial") -> rows; under "" those of
        which no class is known ("other split", "cut away", "no class").
    subsets
        Number of subsets of an ensemble; 0 for other methods.
    """

    method: str
    classes: tuple[str, ...]
    categories: tuple[str, ...]
    grids: tuple[Grid, ...]
    before: tuple[NDArray[np.int64], ...]
    after: tuple[NDArray[np.int64], ...]
    distinct: tuple[NDArray[np.int64], ...]
    weights: tuple[NDArray[np.float64], ...]
    squares: tuple[NDArray[np.float64], ...]
    variances: tuple[NDArray[np.float64], ...]
    target: tuple[NDArray[np.float64], ...] | None
    lost: tuple[NDArray[np.bool_], ...]
    copies: tuple[NDArray[np.int64], ...]
    unused: dict[str, dict[str, int]]
    subsets: int = 0


@dataclasses.dataclass(eq=False)
class Counts:
    """Numbers of each cell in the making: those of all rows that were chosen so far.

    Attributes
    ----------
    after, distinct, pairs
        int64[cells]: rows with their copies, different rows, sum of the squares of their copies.
    copies
        int64[classes, most + 1]: how many rows were taken 0, 1, 2 ... times.
    """

    after: NDArray[np.int64]
    distinct: NDArray[np.int64]
    pairs: NDArray[np.int64]
    copies: NDArray[np.int64]

    @classmethod
    def zero(cls, cells: int, classes: int) -> Counts:
        """Return counts of no rows."""
        none = np.zeros(cells, np.int64)
        return cls(none, none.copy(), none.copy(), np.zeros((classes, 1), np.int64))

    def add(self, cell: NDArray[np.int32], class_id: NDArray[np.int32], copies: NDArray[np.int32]) -> None:
        """Count rows; ``copies`` is 0 for those that are not chosen."""
        total, (classes, known) = len(self.after), self.copies.shape
        most = int(copies.max(initial=0))
        once = np.bincount(cell[copies > 0], minlength=total)
        self.distinct += once
        if most > 1:
            # whole numbers up to 2^53 are exact in the sums of bincount
            self.after += np.bincount(cell, copies, minlength=total).astype(np.int64)
            self.pairs += np.bincount(cell, copies.astype(np.float64) ** 2, minlength=total).astype(np.int64)
        else:
            self.after += once
            self.pairs += once
        if most >= known:
            self.copies = np.pad(self.copies, ((0, 0), (0, most + 1 - known)))
            known = most + 1
        of_class = np.bincount(class_id * np.int64(known) + copies, minlength=classes * known)
        self.copies += of_class.reshape(classes, known)

    def merge(self, other: Counts) -> None:
        """Add the counts of other rows."""
        for name in ("after", "distinct", "pairs"):
            getattr(self, name).__iadd__(getattr(other, name))
        most = max(self.copies.shape[1], other.copies.shape[1])
        both = [np.pad(one, ((0, 0), (0, most - one.shape[1]))) for one in (self.copies, other.copies)]
        self.copies = both[0] + both[1]

    def tables(self) -> dict[str, NDArray[Any]]:
        """Return name -> numbers, to be stored; ``Counts(**tables)`` makes them again."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}

    def copies_of_classes(self) -> tuple[NDArray[np.int64], ...]:
        """Return how many rows of each class were taken 0, 1, 2 ... times."""
        return tuple(np.trim_zeros(row, "b") if row.any() else row[:1] for row in self.copies)
