"""Random numbers by block of events, so that a sample does not depend on the chunks in which it is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rdfplugins.errors import ConfigError
from rdfplugins.random import text_hash

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Array = NDArray[Any]

BLOCK = 10_000
"""Events that are drawn together. Event ``i`` belongs to block ``i // BLOCK``, whatever else is generated with it."""


def stream(seed: int, sample: str, block: int, purpose: str) -> np.random.Generator:
    """Return the generator of one block of a sample for one purpose.

    It is Philox (Salmon et al., SC11, doi:10.1145/2063384.2063405), counter-based: the key is made of the seed, the
    sample and the purpose, the block is a word of the counter. Two streams never meet; the same arguments give the
    same numbers (as long as numpy keeps the algorithms of its distributions).

    Parameters
    ----------
    seed
        The user's seed, 0 <= seed < 2^64.
    sample
        Name of the kind of events, e.g. ``"hgg/gg"``.
    block
        Number of the block.
    purpose
        What is drawn, e.g. ``"weights"``.
    """
    key = np.array([seed, text_hash(f"{sample}/{purpose}")], dtype=np.uint64)
    # Philox counts in the lowest word; 2^128 numbers lie between two blocks
    counter = np.array([0, 0, block, 0], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key, counter=counter))


def chance(rng: np.random.Generator, count: int, probability: Array | float) -> Array:
    """Return bool[count], each true with this probability."""
    return np.asarray(probability > rng.random(count))


def one_of(rng: np.random.Generator, count: int, choices: Mapping[int, float]) -> Array:
    """Return int64[count] of the keys of ``choices``, whose values are their probabilities."""
    edges = np.cumsum(list(choices.values()))[:-1]
    return np.array(list(choices))[np.searchsorted(edges, rng.random(count), side="right")]


def check_numbers(events: int, seed: int, first: int = 0) -> None:
    """Raise `ConfigError` for a number of events, a seed or a first event that no sample has."""
    if events < 1:
        raise ConfigError(f"a simulation needs at least one event, not {events}")
    if not 0 <= seed < 2**64:
        raise ConfigError(f"the seed of a simulation is a number from 0 to 2^64 - 1, not {seed}")
    if first < 0 or first + events >= 2**31:
        raise ConfigError(f"events {first} to {first + events - 1} do not exist: a sample holds less than 2^31")
