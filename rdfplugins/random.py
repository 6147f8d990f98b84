"""Counter-based random numbers: a pure function of seed, key and purpose, the same in numpy and in C++ (``hash.h``).

There is no generator and no state, so a draw does not depend on threads, chunks, or the order of rows and files.
The mixing function is the finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014, doi:10.1145/2660193.2660195).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FNV_OFFSET = 0xCBF29CE484222325
_FNV_PRIME = 0x100000001B3
_MASK = (1 << 64) - 1
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def text_hash(text: str) -> int:
    """Return the 64-bit FNV-1a hash of the UTF-8 bytes of ``text``, the number by which a name enters a hash."""
    value = _FNV_OFFSET
    for byte in text.encode():
        value = ((value ^ byte) * _FNV_PRIME) & _MASK
    return value


def mix(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return SplitMix64's finaliser of each element: every input bit changes each output bit with probability 1/2."""
    with np.errstate(over="ignore"):
        z = values + _GOLDEN
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def mix_in_place(values: NDArray[np.uint64]) -> None:
    """Replace each element by what `mix` makes of it, with one array beside it in place of six."""
    scratch = np.empty_like(values)
    values += _GOLDEN
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        np.right_shift(values, np.uint64(shift), out=scratch)
        values ^= scratch
        values *= np.uint64(factor)
    np.right_shift(values, np.uint64(31), out=scratch)
    values ^= scratch


def combine(seed: NDArray[np.uint64], values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return the hash of each pair; the order of the two matters."""
    return mix(mix(seed) ^ values)


def uniform(seed: int, keys: NDArray[np.uint64], purpose: str) -> NDArray[np.float64]:
    """Return one number in [0, 1) for each key.

    Parameters
    ----------
    seed
        The user's seed, an unsigned 64-bit integer.
    keys
        Identities of the events, uint64[n].
    purpose
        What the number is for: draws for different purposes are independent.

    Returns
    -------
    float64[n], multiples of 2^-53.
    """
    start = combine(np.array([seed & _MASK], dtype=np.uint64), np.array([text_hash(purpose)], dtype=np.uint64))
    hashed = combine(np.broadcast_to(start, keys.shape), keys)
    return np.asarray((hashed >> np.uint64(11)).astype(np.float64) * 2.0**-53)
