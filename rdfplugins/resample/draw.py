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
from typing import TYPE_CHECKING

import numpy as np

from rdfplugins.random import mix, mix_in_place, text_hash

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from numpy.typing import NDArray

    Rows = Callable[[], Iterable[tuple[NDArray[np.uint64], NDArray[np.int32]]]]  # keys, groups; a new look each time

TAKE = "resample"
INITIAL = "resample initial"
_MASK = (1 << 64) - 1
_ALL = np.uint64(_MASK)
_SIGMAS = 6.0  # of a binomial: a look in vain once in 5e8 groups
_SPARE = 8.0  # and some rows more, for groups of a few rows
CANDIDATES = 750_000  # rows in between that are held at once; 12 bytes each, and as much again to sort them
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
    return unit(hashes(stream(seed, purpose), keys))


def unit(hashed: NDArray[np.uint64]) -> NDArray[np.float64]:
    """Return hashes as numbers in [0, 1), multiples of 2^-53."""
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
