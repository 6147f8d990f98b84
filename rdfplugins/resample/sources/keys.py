"""Identity of rows: a stored ``event_key``, a hash of columns, or a hash of file and row; as ``hash.h`` makes them."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from rdfplugins.errors import ConfigError, InputError, did_you_mean
from rdfplugins.random import combine, mix, mix_in_place, text_hash

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from rdfplugins.resample.sources.contents import Column, SourceFile

EVENT_KEY = "event_key"
FILE_AND_ROW = "file and row"
_BYTES = 8  # of a stored key


@dataclasses.dataclass(frozen=True)
class KeyRule:
    """How the key of a row is made.

    Attributes
    ----------
    sample
        Name of the sample, which enters the hash.
    columns
        What identifies a row within the sample; empty: its file and its place in it.
    stored
        Whether the only column is the key itself.
    """

    sample: str
    columns: tuple[str, ...] = ()
    stored: bool = False

    @property
    def words(self) -> str:
        """What identifies a row, for reports."""
        return ", ".join(self.columns) or FILE_AND_ROW

    def keys(self, raw: Mapping[str, NDArray[Any]], file: SourceFile, entry: int, size: int) -> NDArray[np.uint64]:
        """Return the keys of consecutive rows, uint64[size].

        Parameters
        ----------
        raw
            The columns as they are stored.
        entry
            Place of the first row in the file.
        """
        if self.stored:
            return _as_uint64(raw[self.columns[0]])
        if not self.columns:
            start = combine(_one(text_hash(self.sample)), _one(text_hash(file.nick)))
            key = np.arange(entry, entry + size, dtype=np.uint64)
            key ^= mix(start)
            mix_in_place(key)
            return key
        key = _as_uint64(raw[self.columns[0]])
        key ^= mix(_one(text_hash(self.sample)))
        mix_in_place(key)
        for column in self.columns[1:]:
            mix_in_place(key)
            key ^= _as_uint64(raw[column])
            mix_in_place(key)
        return key


def key_rule(sample: str, wanted: Sequence[str] | None, columns: Mapping[str, Column]) -> KeyRule:
    """Return how the keys of a sample are made: from ``event_key``, else from ``wanted`` columns, else file and row.

    Raises
    ------
    ConfigError
        For a wanted column that is not there or does not hold integers; without a place.
    InputError
        For a column ``event_key`` that holds no keys, if no other columns are wanted.
    """
    stored = columns.get(EVENT_KEY)
    if stored is not None and _is_integer(stored) and stored.dtype is not None and stored.dtype.itemsize == _BYTES:
        return KeyRule(sample, (EVENT_KEY,), stored=True)
    for name in wanted or ():
        if name not in columns:
            raise ConfigError(f"sample '{sample}' has no column '{name}'{did_you_mean(name, columns)}")
        if not _is_integer(columns[name]):
            raise ConfigError(
                f"column '{name}' of sample '{sample}' is {columns[name].words}; a row is identified by integers"
            )
    if stored is not None and not wanted:
        raise InputError(
            f"sample '{sample}': its column '{EVENT_KEY}' is {stored.words} and holds no keys, which are integers of 64"
            " bits; say 'key: [...]' with the columns that identify a row"
        )
    return KeyRule(sample, tuple(wanted or ()))


def _is_integer(column: Column) -> bool:
    return column.dtype is not None and column.dtype.kind in "iub"


def _as_uint64(values: NDArray[Any]) -> NDArray[np.uint64]:
    """Return integers as C++ converts them, a copy: those below 0 wrap."""
    return np.ascontiguousarray(values).astype(np.uint64)


def _one(value: int) -> NDArray[np.uint64]:
    return np.array([value], dtype=np.uint64)
