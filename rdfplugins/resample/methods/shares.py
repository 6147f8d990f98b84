"""Whole numbers that add up: largest remainders, capped allocations, how many rows each family gives."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def proportional(counts: NDArray[np.int64], total: int) -> NDArray[np.int64]:
    """Return ``counts * total / counts.sum()`` in whole numbers that add up to ``total``.

    The largest remainders are rounded up; of equal ones the first.

    Parameters
    ----------
    counts
        int64[n], not negative.
    """
    have = int(counts.sum())
    if have == 0:
        return np.zeros(len(counts), np.int64)
    products = counts * np.int64(total) if int(counts.max()) * total < 1 << 62 else counts.astype(object) * total
    whole = np.asarray(products // have, np.int64)
    rest = np.asarray(products % have, np.int64)
    order = np.argsort(-rest, kind="stable")
    whole[order[: total - int(whole.sum())]] += 1
    return whole


def thinned(counts: NDArray[np.int64], total: int) -> NDArray[np.int64]:
    """Return counts reduced in proportion to ``total``, or as they are where there are no more."""
    return counts.copy() if total >= int(counts.sum()) else proportional(counts, total)


def shared(weights: NDArray[np.float64], total: int) -> NDArray[np.int64]:
    """Return ``total`` in whole numbers in proportion to weights, by largest remainder; no upper limit.

    Parameters
    ----------
    weights
        float64[n], finite and not negative.
    """
    summed = weights.sum()
    if total <= 0 or summed <= 0:
        return np.zeros(len(weights), np.int64)
    exact = weights * (total / summed)
    whole: NDArray[np.int64] = np.floor(exact).astype(np.int64)
    rest = exact - whole
    rest[weights <= 0] = -1.0
    order = np.argsort(-rest, kind="stable")
    missing = total - int(whole.sum())
    used = int((weights > 0).sum())
    whole[order[: missing % used]] += 1
    whole[order[:used]] += missing // used
    return whole


def allocated(weights: NDArray[np.float64], most: NDArray[np.int64], total: int) -> NDArray[np.int64]:
    """Return ``total`` in proportion to weights, none above ``most``; what exceeds it goes to the others likewise.

    Where all with a weight are full, what is left is shared by the rest in proportion to what they have.
    """
    total = min(total, int(most.sum()))
    given = np.zeros(len(weights), np.int64)
    free = (most > 0) & (weights > 0)
    if not free.any():
        free, weights = most > 0, most.astype(np.float64)
    while (left := total - int(given.sum())) > 0:
        if not free.any():
            free, weights = given < most, (most - given).astype(np.float64)
        exact = left * np.where(free, weights, 0.0) / weights[free].sum()
        full = free & (given + exact >= most)
        if full.any():
            given[full] = most[full]
            free &= ~full
            continue
        return given + shared(np.where(free, weights, 0.0), left)
    return given


def fraction(value: float) -> Fraction:
    """Return a number as it was written: 0.7 is seven tenths."""
    return Fraction(repr(float(value)))


def totals(available: Sequence[int], fractions: Sequence[float] | None, wanted: int | None) -> tuple[list[int], bool]:
    """Return how many rows each family gives, and whether fewer than wanted.

    Parameters
    ----------
    available
        What each could give.
    fractions
        Their shares of the whole, which add up to 1; None: as they are available.
    wanted
        Rows in all; None: as many as possible.
    """
    if fractions is None:
        have = sum(available)
        if wanted is None or wanted >= have:
            return list(available), wanted is not None and wanted > have
        return [int(n) for n in thinned(np.asarray(available, np.int64), wanted)], False
    parts = [fraction(value) for value in fractions]
    unit = min((Fraction(n) / part for n, part in zip(available, parts, strict=True) if part > 0), default=Fraction(0))
    if wanted is None or wanted > unit:
        return [int(part * unit) for part in parts], wanted is not None and wanted > unit
    return split(wanted, parts), False


def split(total: int, parts: Sequence[Fraction]) -> list[int]:
    """Return ``total`` in whole numbers in proportion to parts, by largest remainder."""
    summed = sum(parts)
    exact = [part * total / summed for part in parts]
    whole = [int(one) for one in exact]
    order = sorted(range(len(parts)), key=lambda k: (whole[k] - exact[k], k))
    for k in order[: total - sum(whole)]:
        whole[k] += 1
    return whole
