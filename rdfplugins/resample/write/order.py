"""Where a copy of a row stands in a shuffled output: a hash of seed, key and number of the copy alone decides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rdfplugins.random import combine, text_hash

if TYPE_CHECKING:
    from numpy.typing import NDArray

PURPOSE = "shuffle"
_MASK = (1 << 64) - 1


def stream(seed: int) -> int:
    """Return what stands for seed and purpose in the hash."""
    start = combine(np.array([seed & _MASK], np.uint64), np.array([text_hash(PURPOSE)], np.uint64))
    return int(start[0])


def marks(seed: int, keys: NDArray[np.uint64], copies: NDArray[Any]) -> NDArray[np.uint64]:
    """Return the hash of each copy, uint64[n]; a shuffled output ascends by it.

    Parameters
    ----------
    keys
        Of the rows, uint64[n].
    copies
        Numbers of the copies, from 0 on, [n].
    """
    start = np.broadcast_to(np.uint64(stream(seed)), keys.shape)
    return combine(combine(start, keys), copies.astype(np.uint64))


def numbers(copies: NDArray[Any]) -> NDArray[np.int32]:
    """Return the number of each copy, 0, 1 ... for each row anew, int32[sum of ``copies``]."""
    begins = np.repeat(np.cumsum(copies, dtype=np.int64) - copies, copies)
    return np.asarray(np.arange(len(begins), dtype=np.int64) - begins, np.int32)


def subsets(bits: NDArray[np.uint64], number: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return the subset of each copy: the place of the set bit ``number`` of ``bits``; -1 if there are fewer."""
    left = bits.copy()
    for step in range(int(number.max(initial=0))):
        drop = number > step
        left[drop] &= left[drop] - np.uint64(1)
    lowest = left & (~left + np.uint64(1))
    place = np.full(len(bits), -1, np.int32)
    some = lowest > 0
    place[some] = np.round(np.log2(lowest[some].astype(np.float64))).astype(np.int32)
    return place
