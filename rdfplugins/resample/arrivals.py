"""Draws with replacement: the first arrivals of Poisson processes, and the times at which their number is reached."""

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING

import numpy as np

from rdfplugins.resample.draw import hashes, stream, unit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from numpy.typing import NDArray

    from rdfplugins.resample.spool import Spool

    # keys, groups and rates of rows; a new look each time
    Rated = Callable[[], Iterable[tuple[NDArray[np.uint64], NDArray[np.int32], NDArray[np.float64]]]]

ARRIVE = "resample arrival"
_ALL = np.uint64((1 << 64) - 1)
_SIGMAS, _SPARE = 6.0, 8.0  # width of the bracket in which a time is looked for, as in `draw`
_NONE = -1


@dataclasses.dataclass(frozen=True, eq=False)
class Earliest:
    """The first arrivals of each group.

    Attributes
    ----------
    seed
        Of the hashes.
    limit
        float64[groups]: arrivals before this time are taken; negative: none, infinite: all up to ``most``.
    tie
        uint64[groups]: of arrivals at this very time those whose hash is up to this.
    most
        Arrivals of one row that count; None: any number.
    kept
        What was found on the way, if all groups were found at the first look.
    """

    seed: int
    limit: NDArray[np.float64]
    tie: NDArray[np.uint64]
    most: int | None
    kept: Kept | None = None

    def copies_of(self, look: int, groups: NDArray[np.int32]) -> NDArray[np.int32] | None:
        """Return how often each row of a look is taken, int32[n], if that was kept; the number counts the looks."""
        return None if self.kept is None else self.kept.copies(look, groups, self.limit, self.tie)

    def copies(
        self, keys: NDArray[np.uint64], groups: NDArray[np.int32], rates: NDArray[np.float64]
    ) -> NDArray[np.int32]:
        """Return how often each row is taken, int32[n]."""
        limits = self.limit[groups]
        found = np.zeros(len(keys), np.int32)
        for which, times, marks in arrivals(self.seed, keys, rates, limits, self.most):
            late = times == limits[which]
            if late.any():
                late &= marks > self.tie[groups[which]]
                which = which[~late]  # noqa: PLW2901 (without those)
            found[which] += 1
        return found


@dataclasses.dataclass(eq=False)
class Kept:
    """Arrivals of each look before the bracket, counted; and those within it, which are few."""

    before: Spool
    within: list[tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.uint64]]] = dataclasses.field(
        default_factory=list
    )

    def copies(
        self, look: int, groups: NDArray[np.int32], limit: NDArray[np.float64], tie: NDArray[np.uint64]
    ) -> NDArray[np.int32]:
        """Return how often each row of a look is taken."""
        found: NDArray[np.int32] = self.before[look].astype(np.int32)
        rows, times, marks = self.within[look]
        ends = limit[groups[rows]]
        taken = (times < ends) | ((times == ends) & (marks <= tie[groups[rows]]))
        np.add.at(found, rows[taken], 1)
        return found


def arrivals(
    seed: int,
    keys: NDArray[np.uint64],
    rates: NDArray[np.float64],
    until: NDArray[np.float64],
    most: int | None,
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.uint64]]]:
    """Yield the first arrival of each row up to its time ``until``, then the second of those that have one, and so on.

    Yields
    ------
    Rows (intp[k]), times (float64[k]) and hashes (uint64[k]) of their arrivals.
    """
    alive = (rates > 0) & (until >= 0)
    which = np.flatnonzero(alive)
    if len(which) < len(keys):
        keys, ends, pace = keys[which], until[which], rates[which]
    else:
        ends, pace = until, rates
    times: NDArray[np.float64] | float = 0.0
    number = 0
    while len(which) and (most is None or number < most):
        marks = hashes(stream(seed, ARRIVE, number), keys)
        shares = unit(marks)
        # those that are certainly too late are left out before the logarithm: 1 - exp(-x) <= x
        near = np.flatnonzero(shares <= (ends - times) * pace * (1 + 1e-9) + 1e-15)
        which, keys, marks, ends, pace = which[near], keys[near], marks[near], ends[near], pace[near]
        # 1 - share is exact, so that log1p, which is ten times slower, knows no more
        elapsed = times if isinstance(times, float) else times[near]
        times = elapsed - np.log(1.0 - shares[near]) / pace
        there = np.flatnonzero(times <= ends)
        which, keys, times, marks = which[there], keys[there], times[there], marks[there]
        ends, pace = ends[there], pace[there]
        if len(which):
            yield which, times, marks
        number += 1


def earliest(
    rows: Rated,
    draws: NDArray[np.int64],
    seed: int,
    *,
    total: NDArray[np.float64],
    n: NDArray[np.int64],
    most: int | None = None,
    spool: Spool | None = None,
) -> Earliest:
    """Find the ``draws`` first arrivals of each group.

    Parameters
    ----------
    rows
        Called for each look at the rows: yields keys, groups and rates; negative groups are of no interest.
    draws
        How many, int64[groups]; where ``most`` leaves fewer, all of these are taken.
    total, n
        Sum of the rates of a group, and its rows with a rate above 0.
    most
        Arrivals of one row that count.
    spool
        Empty, of uint32: where copies of rows are put aside, to be had from ``Earliest.copies_of``.
    """
    limit = np.full(len(draws), -1.0)
    tie = np.full(len(draws), _ALL)
    room = np.full(len(draws), np.iinfo(np.int64).max) if most is None else n * most
    wanted = np.where(total > 0, draws, 0)
    limit[(wanted > 0) & (wanted >= room)] = np.inf
    open_groups = np.flatnonzero((wanted > 0) & (wanted < room))
    spread = _SIGMAS * np.sqrt(wanted) + _SPARE
    with np.errstate(divide="ignore", invalid="ignore"):
        low = np.where(total > 0, np.maximum(wanted - spread, 0) / total, 0.0)
        high = np.where(total > 0, (wanted + spread) / total, 0.0)
    # groups of which all or none are taken are not looked at
    kept = Kept(spool) if spool is not None and len(open_groups) == np.count_nonzero(wanted) else None
    kept = kept if len(open_groups) else None
    looked = 0
    while len(open_groups):
        keep = kept if not looked else None
        below, found = _between(rows, open_groups, low, high, seed=seed, most=most, n=len(draws), kept=keep)
        looked += 1
        left = []
        for number, group in enumerate(open_groups):
            times, marks = found[number]
            rank = int(wanted[group] - below[number])
            if rank < 1:  # too late: it is before `low`
                low[group], high[group] = max(0.0, 2 * low[group] - high[group]), low[group]
            elif rank > len(times):  # too early, as rows that are full take no more
                width = high[group] - low[group]
                low[group], high[group] = high[group], high[group] + 2 * width
            else:
                order = np.lexsort((marks, times))
                limit[group], tie[group] = times[order[rank - 1]], marks[order[rank - 1]]
                continue
            left.append(group)
        open_groups = np.array(left, np.intp)
    return Earliest(seed, limit, tie, most, kept if looked == 1 else None)


def _between(
    rows: Rated,
    part: NDArray[np.intp],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    *,
    seed: int,
    most: int | None,
    n: int,
    kept: Kept | None = None,
) -> tuple[NDArray[np.int64], list[tuple[NDArray[np.float64], NDArray[np.uint64]]]]:
    """Return how many arrivals of some groups are before ``low``; times and hashes of those from there to ``high``."""
    local = np.full(n + 1, _NONE, np.int32)
    local[part] = np.arange(len(part), dtype=np.int32)
    below = np.zeros(len(part), np.int64)
    pieces: list[tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.uint64]]] = []
    for keys, groups, rates in rows():
        where = local[groups]
        inside = np.flatnonzero(where >= 0)
        if len(inside) < len(where):
            where, keys, rates = where[inside], keys[inside], rates[inside]  # noqa: PLW2901 (the rows of this part)
        lows, highs = low[part][where], high[part][where]
        copies = np.zeros(len(groups), np.uint32)
        near: list[tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.uint64]]] = []
        for which, times, marks in arrivals(seed, keys, rates, highs, most):
            under = times < lows[which]
            early, rest = which[under], np.flatnonzero(~under)
            below += np.bincount(where[early], minlength=len(part))
            copies[inside[early]] += 1
            near.append((which[rest], times[rest], marks[rest]))
        found = _joined(near)
        pieces.append((where[found[0]], found[1], found[2]))
        if kept is not None:
            kept.before.append(copies)
            kept.within.append((inside[found[0]], found[1], found[2]))
    if not pieces:
        return below, [(np.empty(0), np.empty(0, np.uint64)) for _ in part]
    groups_of, times_of, marks_of = (np.concatenate(arrays) for arrays in zip(*pieces, strict=True))
    order = np.argsort(groups_of, kind="stable")
    ends = np.searchsorted(groups_of[order], np.arange(len(part) + 1))
    return below, [
        (times_of[order[first:last]], marks_of[order[first:last]]) for first, last in itertools.pairwise(ends)
    ]


def _joined(
    several: list[tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.uint64]]],
) -> tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.uint64]]:
    if not several:
        return np.empty(0, np.intp), np.empty(0), np.empty(0, np.uint64)
    rows, times, marks = zip(*several, strict=True)
    return np.concatenate(rows), np.concatenate(times), np.concatenate(marks)
