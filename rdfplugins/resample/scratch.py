"""Key and cell of every row of a sample, read once and looked at several times; on disk, so that memory stays flat."""

from __future__ import annotations

import contextlib
import dataclasses
import tempfile
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from rdfplugins.errors import InputError, OutputError
from rdfplugins.resample.cells import left_out
from rdfplugins.resample.draw import INITIAL, hashes, smallest, stream

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from rdfplugins.resample.draw import Smallest

ROWS = 1 << 17  # at once: a few of their columns stay in the cache of a core
_KEYS_AT_ONCE = 2_000_000
_SHOWN = 3


@dataclasses.dataclass(frozen=True, eq=False)
class Look:
    """Some rows in a row.

    Attributes
    ----------
    start
        Number of the first within its sample.
    key, cell
        uint64[n] and int32[n]; the cell is negative for rows that are not used.
    extra
        float64[columns, n], what a method wants to know besides.
    """

    start: int
    key: NDArray[np.uint64]
    cell: NDArray[np.int32]
    extra: NDArray[np.float64]


class Scratch:
    """The rows of one sample.

    Parameters
    ----------
    folder
        Where temporary files are made, which have no name and vanish with the process; None: in memory.
    columns
        Number of extra columns.
    """

    def __init__(self, name: str, category: int, folder: Path | None, columns: int = 0) -> None:
        self.name = name
        self.category = category
        self.folder = folder
        self.rows = 0
        self._columns = columns
        self._kept: list[Look] = []
        self._files: list[IO[bytes]] = []
        self._limit: Smallest | None = None
        if folder is not None:
            try:
                self._files = [tempfile.TemporaryFile(dir=folder) for _ in range(2 + columns)]  # noqa: SIM115 (close)
            except OSError as error:
                raise OutputError(f"{folder}: cannot be written: {error.strerror}") from error

    def close(self) -> None:
        """Give back what it takes."""
        for file in self._files:
            file.close()
        self._kept.clear()

    def add(self, key: NDArray[np.uint64], cell: NDArray[np.int32], extra: Sequence[NDArray[np.float64]] = ()) -> None:
        """Append rows."""
        if self._files:
            try:
                for file, values in zip(self._files, (key, cell, *extra), strict=True):
                    file.write(np.ascontiguousarray(values).data)
            except OSError as error:
                raise OutputError(f"temporary file of {self.name} cannot be written: {error.strerror}") from error
        else:
            self._kept.append(Look(self.rows, key, cell, _stacked(extra, len(key))))
        self.rows += len(key)

    def looks(self) -> Iterator[Look]:
        """Yield all rows, in their order."""
        for look in self._read() if self._files else self._kept:
            if self._limit is None:
                yield look
                continue
            cell = look.cell.copy()
            used = np.flatnonzero(cell >= 0)
            late = ~self._limit.taken(look.key[used], np.zeros(len(used), np.int32))
            cell[used[late]] = left_out(cell[used[late]])
            yield dataclasses.replace(look, cell=cell)

    def keep_smallest(self, most: int, seed: int) -> None:
        """Use only this many rows, those with the smallest hashes of their keys."""
        used = sum(int((look.cell >= 0).sum()) for look in self.looks())
        if used <= most:
            return

        def rows() -> Iterator[tuple[NDArray[np.uint64], NDArray[np.int32]]]:
            for look in self.looks():
                yield look.key, np.where(look.cell >= 0, np.int32(0), np.int32(-1))

        self._limit = smallest(rows, np.array([used]), np.array([most]), stream(seed, INITIAL))

    def _read(self) -> Iterator[Look]:
        keys, cells, *others = self._files
        for start in range(0, self.rows, ROWS):
            n = min(ROWS, self.rows - start)
            extra = [_read(file, np.float64, start, n) for file in others]
            yield Look(start, _read(keys, np.uint64, start, n), _read(cells, np.int32, start, n), _stacked(extra, n))


def _stacked(extra: Sequence[NDArray[np.float64]], rows: int) -> NDArray[np.float64]:
    return np.stack(extra) if extra else np.empty((0, rows))


def _read(file: IO[bytes], dtype: Any, first: int, count: int) -> NDArray[Any]:
    values = np.empty(count, dtype)
    file.seek(first * values.itemsize)
    file.readinto(values.view(np.uint8).data)  # type: ignore[attr-defined]  # of all binary files that one opens
    return values


@contextlib.contextmanager
def opened(
    names: Sequence[str], categories: Sequence[int], folder: Path | None, columns: int = 0
) -> Iterator[list[Scratch]]:
    """Yield a scratch for each sample, and give back what they take in the end."""
    made: list[Scratch] = []
    try:
        for name, category in zip(names, categories, strict=True):
            made.append(Scratch(name, category, folder, columns))
        yield made
    finally:
        for scratch in made:
            scratch.close()


def refuse_twice(scratches: Sequence[Scratch], *, at_once: int = _KEYS_AT_ONCE) -> None:
    """Raise InputError for rows with the same key: a draw would take both or none.

    Keys are compared in parts by a hash, so that memory stays flat.
    """
    parts = max(1, -(-sum(scratch.rows for scratch in scratches) // at_once))
    start = stream(0, "resample unique")
    for part in range(parts):
        found = [_in_part(look, part, parts, start) for scratch in scratches for look in scratch.looks()]
        keys = np.sort(np.concatenate(found)) if found else np.empty(0, np.uint64)
        twice = np.unique(keys[1:][keys[1:] == keys[:-1]])
        if len(twice):
            raise InputError(_told(scratches, twice))


def _in_part(look: Look, part: int, parts: int, start: int) -> NDArray[np.uint64]:
    """Return the keys of rows that are used and belong to this part."""
    used = look.cell >= 0
    if parts > 1:
        used &= (hashes(start, look.key) >> np.uint64(40)) * np.uint64(parts) >> np.uint64(24) == np.uint64(part)
    return look.key if used.all() else look.key[used]


def _told(scratches: Sequence[Scratch], twice: NDArray[np.uint64]) -> str:
    places: list[str] = []
    for scratch in scratches:
        for look in scratch.looks():
            hits = np.flatnonzero((look.key == twice[0]) & (look.cell >= 0))
            places += [f"row {look.start + int(hit)} of {scratch.name}" for hit in hits]
    more = f" and {len(places) - _SHOWN} more" if len(places) > _SHOWN else ""
    return (
        f"{', '.join(places[:_SHOWN])}{more} have the same event_key {int(twice[0])} ({len(twice)} keys come several"
        " times): a row is identified by its key; set resample.key to columns that identify a row within its sample,"
        " and name no file twice"
    )
