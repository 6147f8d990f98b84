"""What tables and plots say, computed from a tally: rows, copies, effective sizes, agreement with the target."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rdfplugins.resample.tally import Tally

_EQUAL = 1e-9  # relative to the largest expected content: differences below are those of rounding

AGREEMENT_TEXT = (
    "chi2 of a class to the target: sum over bins of (n - e)^2 / (e s). Bins: those in which the target has content and"
    " the class has rows before. n: content of the class (sum of weights where there are weights). e: the target,"
    " scaled to the same total over these bins. s: mean weight in the bin, (sum w^2)/(sum w), which is 1 without"
    " weights: the variance is that of a multinomial, as draws with replacement have; where bins are filled exactly"
    " (draws without replacement, weights), chi2 is 0, or far below ndf. ndf: number of bins less 1."
)


@dataclasses.dataclass(frozen=True)
class Agreement:
    """How well the shape of a class agrees with the target; see `AGREEMENT_TEXT`.

    Attributes
    ----------
    chi2
        NaN where there is nothing to compare.
    ndf
        Degrees of freedom.
    missing_bins, missing_share
        Bins in which the target has content and the class has no rows at all: number, and their share of the target.
    """

    chi2: float
    ndf: int
    missing_bins: int
    missing_share: float

    @property
    def per_ndf(self) -> float:
        """chi2/ndf; NaN without degrees of freedom."""
        return self.chi2 / self.ndf if self.ndf else math.nan


@dataclasses.dataclass(frozen=True)
class Part:
    """One class in one category, or in all.

    Attributes
    ----------
    in_range
        Rows before.
    taken, different
        Rows of the output, copies counted, and different ones.
    weights, effective
        Sum of weights, and effective sample size (sum w)^2 / (sum w^2); NaN for the latter without rows.
    lost, kept
        Rows before that lie in lost bins, and rows of the output there: methods that treat each class by itself lose
        such a bin for those classes only that have no rows in it.
    before, after
        Agreement with the target; None without a target.
    """

    in_range: int
    taken: int
    different: int
    weights: float
    effective: float
    lost: int
    kept: int
    before: Agreement | None
    after: Agreement | None

    @property
    def mean_copies(self) -> float:
        """Copies of each row that was taken; NaN where none was."""
        return self.taken / self.different if self.different else math.nan

    @property
    def ratio(self) -> float:
        """Rows of the output for each row in range: the upsampling ratio; NaN without rows."""
        return self.taken / self.in_range if self.in_range else math.nan


@dataclasses.dataclass(frozen=True)
class Whole:
    """One class in all categories.

    Attributes
    ----------
    part
        Its numbers, of rows in range.
    rows
        Rows before, those that cannot be used among them.
    written, different
        Rows of the output, copies counted, and different ones; some methods keep rows that are out of range.
    unused
        Reason -> rows that cannot be used.
    largest
        Largest number of copies of a row.
    effective_copies
        (number of rows of the output)^2 / (sum of squares of the copies of each row): its size, where copies are no
        independent rows; NaN without rows.
    copies
        int64[n]: how many rows were taken 0, 1, 2 ... times.
    """

    part: Part
    rows: int
    written: int
    different: int
    unused: dict[str, int]
    largest: int
    effective_copies: float
    copies: NDArray[np.int64]

    @property
    def mean_copies(self) -> float:
        """Copies of each row that was taken; NaN where none was."""
        return self.written / self.different if self.different else math.nan


@dataclasses.dataclass(frozen=True)
class Category:
    """One category.

    Attributes
    ----------
    bins, filled, lost
        Bins; those with rows before; those of them in which some class has no rows to take.
    rows, lost_rows
        Rows in range before, and those of them in lost bins.
    difference_before, difference_after
        Largest difference between two classes in a bin: of rows, of sums of weights.
    parts
        One for each class.
    """

    bins: int
    filled: int
    lost: int
    rows: int
    lost_rows: int
    difference_before: float
    difference_after: float
    parts: tuple[Part, ...]

    @property
    def lost_fraction(self) -> float:
        """Fraction of the rows that lie in lost bins; 0 without rows."""
        return self.lost_rows / self.rows if self.rows else 0.0


@dataclasses.dataclass(frozen=True)
class Numbers:
    """All numbers of a resampling, in the order of its categories and classes.

    Attributes
    ----------
    weighted
        Whether rows have weights other than 1.
    target_class
        Which class the target is; None: none of them, or there is no target.
    """

    categories: tuple[Category, ...]
    wholes: tuple[Whole, ...]
    weighted: bool
    target_class: int | None

    @property
    def incomplete(self) -> bool:
        """Whether lost bins have rows of the output: they are lost for some classes only, and tell them apart."""
        return any(whole.part.kept for whole in self.wholes)


def numbers_of(tally: Tally) -> Numbers:
    """Return all numbers of a resampling."""
    categories = tuple(_category(tally, index) for index in range(len(tally.categories)))
    return Numbers(
        categories=categories,
        wholes=tuple(_whole(tally, categories, number) for number in range(len(tally.classes))),
        weighted=is_weighted(tally),
        target_class=target_class(tally),
    )


def without_weights(tally: Tally) -> Tally:
    """Return the counts of rows whose weights are not in the output; methods that have weights repeat no row."""
    if not is_weighted(tally):
        return tally
    counts = tuple(rows.astype(np.float64) for rows in tally.after)
    return dataclasses.replace(tally, weights=counts, squares=counts, variances=counts)


def is_weighted(tally: Tally) -> bool:
    """Return whether rows of the output have weights other than 1."""
    return not all(np.allclose(w, n, rtol=_EQUAL, atol=0) for w, n in zip(tally.weights, tally.after, strict=True))


def target_class(tally: Tally) -> int | None:
    """Return the class whose distribution in each category is the target's shape; None if there is none."""
    if tally.target is None:
        return None
    numbers = range(len(tally.classes))
    for number in numbers:
        if _is_target(tally.before, tally.target, number):
            return number
    # of weighted rows that were thinned the target is the one without weights
    plain = [number for number in numbers if all(np.array_equal(*one) for one in _both(tally, number))]
    found = [number for number in plain if _is_target(tally.after, tally.target, number)]
    return found[0] if len(found) == 1 else None


def _both(tally: Tally, number: int) -> list[tuple[NDArray[np.float64], NDArray[np.int64]]]:
    """Return sums of weights and rows of a class, for each category."""
    return [(sums[number], rows[number]) for sums, rows in zip(tally.weights, tally.after, strict=True)]


def _is_target(contents: tuple[NDArray[np.int64], ...], target: tuple[NDArray[np.float64], ...], number: int) -> bool:
    pairs = [(counts[number], shape) for counts, shape in zip(contents, target, strict=True)]
    there = any(counts.any() and shape.any() for counts, shape in pairs)
    return there and all(_proportional(*pair) for pair in pairs)


def _proportional(counts: NDArray[np.int64], shape: NDArray[np.float64]) -> bool:
    left, right = counts * float(shape.sum()), shape * float(counts.sum())
    return bool(np.all(np.abs(left - right) <= _EQUAL * max(float(np.max(right)), float(np.max(left)))))


def agreement(
    values: NDArray[np.float64],
    squares: NDArray[np.float64],
    target: NDArray[np.float64],
    there: NDArray[np.bool_],
) -> Agreement:
    """Return how well a class agrees with a target; see `AGREEMENT_TEXT`.

    Parameters
    ----------
    values, squares
        float64[bins], sums of weights and of their squares; both are counts where there are no weights.
    target
        float64[bins], in any normalisation.
    there
        bool[bins], where the class has rows before.
    """
    aimed = target > 0
    bins, missing = aimed & there, aimed & ~there
    whole = float(target.sum())
    gone = int(missing.sum()), float(target[missing].sum()) / whole if whole > 0 else 0.0
    total = float(values[bins].sum())
    if not total > 0:
        return Agreement(math.nan, 0, *gone)
    expected = target[bins] * (total / float(target[bins].sum()))
    found, sums = values[bins], squares[bins]
    apart = found - expected
    ndf = int(bins.sum()) - 1
    if float(np.max(np.abs(apart))) <= _EQUAL * float(expected.max()):
        return Agreement(0.0, ndf, *gone)
    mean = np.full_like(found, float(sums.sum()) / total)  # an empty bin says nothing of its weights
    filled = found > 0
    mean[filled] = sums[filled] / found[filled]
    return Agreement(float(np.sum(apart**2 / (expected * mean))), ndf, *gone)


def _category(tally: Tally, index: int) -> Category:
    before, lost, weights = tally.before[index], tally.lost[index], tally.weights[index]
    return Category(
        bins=tally.grids[index].bins,
        filled=int(before.any(axis=0).sum()),
        lost=int(lost.sum()),
        rows=int(before.sum()),
        lost_rows=int(before[:, lost].sum()),
        difference_before=_difference(before),
        difference_after=_difference(weights),
        parts=tuple(_part(tally, index, number) for number in range(len(tally.classes))),
    )


def _difference(values: NDArray[np.int64] | NDArray[np.float64]) -> float:
    """Return the largest difference between two classes in a bin; ``values`` is of the shape [classes, bins]."""
    return float(np.max(values.max(axis=0) - values.min(axis=0))) if values.size else 0.0


def _part(tally: Tally, index: int, number: int) -> Part:
    before, weights, squares = (one[index][number] for one in (tally.before, tally.weights, tally.squares))
    counts = before.astype(np.float64)
    target = None if tally.target is None else tally.target[index]
    there = before > 0
    return Part(
        in_range=int(before.sum()),
        taken=int(tally.after[index][number].sum()),
        different=int(tally.distinct[index][number].sum()),
        weights=float(weights.sum()),
        effective=_effective(float(weights.sum()), float(squares.sum())),
        lost=int(before[tally.lost[index]].sum()),
        kept=int(tally.after[index][number][tally.lost[index]].sum()),
        before=None if target is None else agreement(counts, counts, target, there),
        after=None if target is None else agreement(weights, squares, target, there),
    )


def _whole(tally: Tally, categories: tuple[Category, ...], number: int) -> Whole:
    parts = [category.parts[number] for category in categories]
    squares = sum(float(one[number].sum()) for one in tally.squares)
    weights = sum(part.weights for part in parts)
    part = Part(
        in_range=sum(part.in_range for part in parts),
        taken=sum(part.taken for part in parts),
        different=sum(part.different for part in parts),
        weights=weights,
        effective=_effective(weights, squares),
        lost=sum(part.lost for part in parts),
        kept=sum(part.kept for part in parts),
        before=_together([part.before for part in parts]),
        after=_together([part.after for part in parts]),
    )
    unused = {reason: int(rows) for reason, rows in tally.unused.get(tally.classes[number], {}).items()}
    copies = np.asarray(tally.copies[number], np.int64)
    times = np.arange(len(copies), dtype=np.float64)
    return Whole(
        part=part,
        rows=part.in_range + sum(unused.values()),
        written=int(np.arange(len(copies)) @ copies),
        different=int(copies[1:].sum()),
        unused=unused,
        largest=int(np.flatnonzero(copies)[-1]) if copies.any() else 0,
        effective_copies=_effective(float(times @ copies), float(times**2 @ copies)),
        copies=copies,
    )


def _together(parts: list[Agreement | None]) -> Agreement | None:
    """Return the agreement in all categories, which are independent; the missing share is the largest of one."""
    there = [part for part in parts if part is not None]
    if not there:
        return None
    compared = [part for part in there if math.isfinite(part.chi2)]
    return Agreement(
        chi2=sum(part.chi2 for part in compared) if compared else math.nan,
        ndf=sum(part.ndf for part in compared),
        missing_bins=sum(part.missing_bins for part in there),
        missing_share=max(part.missing_share for part in there),
    )


def _effective(total: float, squares: float) -> float:
    return total**2 / squares if squares > 0 else math.nan
