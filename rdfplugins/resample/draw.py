"""Draws that depend on the seed and on the identity of a row alone, and the thresholds that make their numbers exact.

Every row has a mark, a hash of seed and key. To draw K of the n rows of a group without replacement is to take those
with the K smallest marks; all that is needed is the K-th smallest, the threshold of the group. To draw K times with
replacement, rows with the probability of their rates, each row gets arrivals of a Poisson process with its rate, and
the first K arrivals of the group are taken: given their number they are independent draws. Again a threshold, a time,
is all that is needed. So a draw does not depend on the order of rows and files, nor on how they are cut in pieces,
and memory is that of the groups.

A threshold is found in two looks at the rows: its place is known within a few standard deviations beforehand, so that
only the rows in between are kept and sorted.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
from typing import TYPE_CHECKING

import numpy as np

from rdfplugins.random import mix, mix_in_place, text_hash

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from numpy.typing import NDArray

    Rows = Callable[[], Iterable[tuple[NDArray[np.uint64], NDArray[np.int32]]]]  # keys, groups; a new look each time
    Rated = Callable[[], Iterable[tuple[NDArray[np.uint64], NDArray[np.int32], NDArray[np.float64]]]]  # and rates

TAKE = "resample"
ARRIVE = "resample arrival"
INITIAL = "resample initial"
_MASK = (1 << 64) - 1
_ALL = np.uint64(_MASK)
_SIGMAS = 6.0  # of a binomial: a look in vain once in 5e8 groups
_SPARE = 8.0  # and some rows more, for groups of a few rows
CANDIDATES = 1_500_000  # rows in between that are held at once; 12 bytes each, and as much again to sort them
_NONE = -1


@functools.lru_cache(maxsize=4096)  # of a few streams, again and again
def _mixed(value: int) -> int:
    return int(mix(np.array([value & _MASK], np.uint64))[0])


def _combined(seed: int, value: int) -> int:
    return _mixed(_mixed(seed) ^ value)


def stream(seed: int, purpose: str, number: int | None = None) -> int:
    """Return what stands for seed and purpose in the hash of a key; ``number`` tells streams of one purpose apart."""
    start = _combined(seed & _MASK, text_hash(purpose))
    return start if number is None else _combined(start, number)


def hashes(start: int, keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return a hash of each key in a `stream`, uint64[n]: ``random.combine`` with the stream mixed once.

    It is a bijection: different keys have different hashes.
    """
    marks = keys ^ np.uint64(_mixed(start))
    mix_in_place(marks)
    return marks


def uniforms(seed: int, keys: NDArray[np.uint64], purpose: str) -> NDArray[np.float64]:
    """Return one number in [0, 1) for each key, as `rdfplugins.random.uniform`; marks are ordered as these are."""
    return _unit(hashes(stream(seed, purpose), keys))


def _unit(hashed: NDArray[np.uint64]) -> NDArray[np.float64]:
    return (hashed >> np.uint64(11)).astype(np.float64) * 2.0**-53


# -- without replacement


@dataclasses.dataclass(frozen=True, eq=False)
class Smallest:
    """The rows with the smallest marks of each group.

    Attributes
    ----------
    start
        `stream` of the marks.
    limit
        uint64[groups]: rows up to this mark are taken.
    none
        bool[groups]: groups of which nothing is taken.
    """

    start: int
    limit: NDArray[np.uint64]
    none: NDArray[np.bool_]

    def taken(self, keys: NDArray[np.uint64], groups: NDArray[np.int32]) -> NDArray[np.bool_]:
        """Return whether each row is among them, bool[n]; groups are not negative."""
        found = hashes(self.start, keys) <= self.limit[groups]
        if self.none.any():
            found &= ~self.none[groups]
        return found


def smallest(rows: Rows, n: NDArray[np.int64], take: NDArray[np.int64], start: int) -> Smallest:
    """Find the ``take`` smallest marks of each group.

    Parameters
    ----------
    rows
        Called for each look at the rows: yields their keys and groups; negative groups are of no interest.
    n
        Rows of each group.
    take
        How many of them, at most all; int64[groups].
    start
        `stream` of the marks.
    """
    limit = np.full(len(n), _ALL)
    searched = np.flatnonzero((take > 0) & (take < n))
    low, high, expected = _brackets(n, take)
    for part in _parts(searched, expected):
        _search(rows, part, take, low=low, high=high, limit=limit, start=start)
    return Smallest(start, limit, take <= 0)


def _brackets(
    n: NDArray[np.int64], take: NDArray[np.int64]
) -> tuple[NDArray[np.uint64], NDArray[np.uint64], NDArray[np.float64]]:
    """Return, for each group, between which marks its threshold is, and how many rows are there on average."""
    rows = np.maximum(n, 1)
    share = take / rows
    half = _SIGMAS * np.sqrt(share * (1 - share) / rows) + _SPARE / rows
    low, high = np.clip(share - half, 0.0, 1.0), np.clip(share + half, 0.0, 1.0)
    return _as_mark(low), np.where(high >= 1.0, _ALL, _as_mark(high)), (high - low) * n


def _as_mark(share: NDArray[np.float64]) -> NDArray[np.uint64]:
    return (np.minimum(share, 1 - 2.0**-53) * 2.0**53).astype(np.uint64) << np.uint64(11)


def _parts(groups: NDArray[np.intp], expected: NDArray[np.float64]) -> Iterator[NDArray[np.intp]]:
    """Yield groups in parts whose rows in between fit into memory."""
    if not len(groups):
        return
    number = np.cumsum(expected[groups]) // CANDIDATES
    yield from np.split(groups, np.flatnonzero(np.diff(number)) + 1)


def _search(
    rows: Rows,
    part: NDArray[np.intp],
    take: NDArray[np.int64],
    *,
    low: NDArray[np.uint64],
    high: NDArray[np.uint64],
    limit: NDArray[np.uint64],
    start: int,
) -> None:
    """Set the limits of some groups; those that were not within their bracket are looked for in all of their rows."""
    local = np.full(len(take) + 1, _NONE, np.int32)  # one more, for groups of -1
    local[part] = np.arange(len(part), dtype=np.int32)
    everything = len(part) == len(take)
    below = np.zeros(len(part), np.int64)
    lows, highs = low[part], high[part]
    kept_groups, kept_marks = [], []
    for keys, groups in rows():
        where = local[groups]
        inside = where >= 0
        if not everything or not inside.all():
            keys, where = keys[inside], where[inside]  # noqa: PLW2901 (the rows of this part)
        marks = hashes(start, keys)
        under = marks < lows[where]
        below += np.bincount(where[under], minlength=len(part))
        between = np.flatnonzero(~under & (marks <= highs[where]))
        kept_groups.append(where[between])
        kept_marks.append(marks[between])
    groups_of, marks_of = np.concatenate(kept_groups), np.concatenate(kept_marks)
    found, limits = _ranked(groups_of, marks_of, take[part] - below, len(part))
    limit[part[found]] = limits[found]
    missed = part[~found]
    if len(missed):
        low[missed], high[missed] = 0, _ALL
        _search(rows, missed, take, low=low, high=high, limit=limit, start=start)


def _ranked(
    groups: NDArray[np.int32], marks: NDArray[np.uint64], ranks: NDArray[np.int64], n: int
) -> tuple[NDArray[np.bool_], NDArray[np.uint64]]:
    """Return the mark of a rank (from 1) in each group, and whether there is one."""
    counts = np.bincount(groups, minlength=n)
    found = (ranks > 0) & (ranks <= counts)
    at = np.cumsum(counts) - counts + ranks - 1
    bits = max(1, int(n - 1).bit_length())
    # group and the leading bits of the mark in one number: one sort, and an ambiguous end is as good as impossible
    joined = (groups.astype(np.uint64) << np.uint64(64 - bits)) | (marks >> np.uint64(bits))
    order = np.argsort(joined)
    limits = np.zeros(n, np.uint64)
    limits[found] = marks[order[at[found]]]
    inner = found & (ranks < counts)
    if (joined[order[at[inner]]] == joined[order[at[inner] + 1]]).any():
        order = np.lexsort((marks, groups))
        limits[found] = marks[order[at[found]]]
    return found, limits


# -- with replacement


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
    """

    seed: int
    limit: NDArray[np.float64]
    tie: NDArray[np.uint64]
    most: int | None

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
    which = np.flatnonzero((rates > 0) & (until >= 0))
    times = np.zeros(len(which))
    number = 0
    while len(which) and (most is None or number < most):
        marks = hashes(stream(seed, ARRIVE, number), keys[which])
        ends, pace = until[which], rates[which]
        shares = _unit(marks)
        # those that are certainly too late are left out before the logarithm: 1 - exp(-x) <= x
        near = np.flatnonzero(shares <= (ends - times) * pace * (1 + 1e-9) + 1e-15)
        which, marks, ends, pace = which[near], marks[near], ends[near], pace[near]
        times = times[near] - np.log1p(-shares[near]) / pace
        there = times <= ends
        which, times, marks = which[there], times[there], marks[there]
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
    while len(open_groups):
        below, found = _between(rows, open_groups, low, high, seed=seed, most=most, n=len(draws))
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
    return Earliest(seed, limit, tie, most)


def _between(
    rows: Rated,
    part: NDArray[np.intp],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    *,
    seed: int,
    most: int | None,
    n: int,
) -> tuple[NDArray[np.int64], list[tuple[NDArray[np.float64], NDArray[np.uint64]]]]:
    """Return how many arrivals of some groups are before ``low``; times and hashes of those from there to ``high``."""
    local = np.full(n + 1, _NONE, np.int32)
    local[part] = np.arange(len(part), dtype=np.int32)
    below = np.zeros(len(part), np.int64)
    kept: list[tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.uint64]]] = []
    for keys, groups, rates in rows():
        where = local[groups]
        inside = np.flatnonzero(where >= 0)
        where = where[inside]
        lows, highs = low[part][where], high[part][where]
        for which, times, marks in arrivals(seed, keys[inside], rates[inside], highs, most):
            under = times < lows[which]
            below += np.bincount(where[which[under]], minlength=len(part))
            rest = np.flatnonzero(~under)
            kept.append((where[which[rest]], times[rest], marks[rest]))
    if not kept:
        return below, [(np.empty(0), np.empty(0, np.uint64)) for _ in part]
    groups_of, times_of, marks_of = (np.concatenate(arrays) for arrays in zip(*kept, strict=True))
    order = np.argsort(groups_of, kind="stable")
    ends = np.searchsorted(groups_of[order], np.arange(len(part) + 1))
    return below, [
        (times_of[order[first:last]], marks_of[order[first:last]]) for first, last in itertools.pairwise(ends)
    ]
