"""Records sorted by a 64-bit hash, in bounded memory: scattered over files by the first bits of the hash.

The same in C++, for records of any size: macros/rdfplugins/bucket_shuffle.h.
"""

from __future__ import annotations

import contextlib
import tempfile
from typing import IO, TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

HEADER: list[tuple[str, str]] = [("hash", "<u8"), ("key", "<u8"), ("copy", "<i4"), ("source", "<i4")]
"""The fields with which every record begins."""
_BITS = 6  # of the hash: 64 files that are open at once
_FAN = 1 << _BITS
_ALL = 64


class Spill:
    """Records that are added in any order, and come out in that of their hashes.

    Parameters
    ----------
    folder
        Where temporary files are made, which have no name and vanish with the process.
    dtype
        Of the records, without objects; it begins with `HEADER`.
    memory
        Bytes for all of it.
    """

    def __init__(self, folder: Path, dtype: np.dtype[Any], memory: int) -> None:
        self._folder = folder
        self._dtype = dtype
        self._limit = max(1, memory // 4 // dtype.itemsize)  # records
        self._buffer = max(4096, memory // 8 // _FAN)
        self._kept: list[NDArray[Any]] = []
        self._records = 0
        self._stack = contextlib.ExitStack()
        self._parts: list[_Part] = []
        self.rounds = 0

    def close(self) -> None:
        """Give back what it takes."""
        self._stack.close()
        self._kept.clear()

    def add(self, records: NDArray[Any]) -> None:
        """Add records, [n]."""
        self._records += len(records)
        if self._parts:
            self._scatter(records, self._parts, 0)
            return
        self._kept.append(records)
        if self._records > self._limit:
            self._parts = self._open()
            for some in self._kept:
                self._scatter(some, self._parts, 0)
            self._kept.clear()

    def blocks(self, rows: int) -> Iterator[NDArray[Any]]:
        """Yield all records in order, at most ``rows`` at once."""
        if not self._parts:
            if self._kept:
                records = np.concatenate(self._kept)
                self._kept.clear()
                yield from _in_order(records, rows)
            return
        yield from self._merge(self._parts, _BITS, rows)

    def _merge(self, parts: list[_Part], bits: int, rows: int) -> Iterator[NDArray[Any]]:
        for part in parts:
            if part.records > self._limit and part.records > 1 and bits + _BITS <= _ALL:
                smaller = self._open()
                for some in part.read(self._dtype, max(1, self._limit // 4)):
                    self._scatter(some, smaller, bits)
                part.close()
                yield from self._merge(smaller, bits + _BITS, rows)
                continue
            for records in part.read(self._dtype, part.records):
                part.close()
                yield from _in_order(records, rows)

    def _open(self) -> list[_Part]:
        self.rounds += 1
        return [_Part(self._new_file) for _ in range(_FAN)]

    def _new_file(self) -> IO[bytes]:
        return self._stack.enter_context(tempfile.TemporaryFile(dir=self._folder, buffering=self._buffer))

    def _scatter(self, records: NDArray[Any], parts: list[_Part], bits: int) -> None:
        number = (records["hash"] << np.uint64(bits)) >> np.uint64(_ALL - _BITS)
        order = np.argsort(number, kind="stable")
        ends = np.searchsorted(number[order], np.arange(_FAN + 1, dtype=np.uint64))
        records = records.take(order)
        for part, begin, end in zip(parts, ends[:-1], ends[1:], strict=True):
            if end > begin:
                part.write(records[begin:end])


class _Part:
    """Records that begin with the same bits, in a file that is made for the first."""

    def __init__(self, make: Callable[[], IO[bytes]]) -> None:
        self._make = make
        self._file: IO[bytes] | None = None
        self.records = 0

    def write(self, records: NDArray[Any]) -> None:
        if self._file is None:
            self._file = self._make()
        self._file.write(records.view(np.uint8).data)
        self.records += len(records)

    def read(self, dtype: np.dtype[Any], rows: int) -> Iterator[NDArray[Any]]:
        if self._file is None:
            return
        self._file.seek(0)
        for begin in range(0, self.records, max(1, rows)):
            records = np.empty(min(rows, self.records - begin), dtype)
            self._file.readinto(records.view(np.uint8).data)  # type: ignore[attr-defined]  # of all that one opens
            yield records

    def close(self) -> None:
        """Give back its place on the disk."""
        if self._file is not None:
            self._file.close()


def _in_order(records: NDArray[Any], rows: int) -> Iterator[NDArray[Any]]:
    order = np.argsort(records["hash"], kind="stable")
    sorted_ = records["hash"][order]
    for first in np.flatnonzero((sorted_[1:] == sorted_[:-1]) & np.append(True, sorted_[1:-1] != sorted_[:-2])):
        # rows that have the same key, in different samples or by mistake: what they hold decides, not where they were
        last = int(np.searchsorted(sorted_, sorted_[first], side="right"))
        same = order[first:last]
        order[first:last] = sorted(same, key=lambda one: _contents(records[one]))
    for begin in range(0, len(order), rows):
        yield records.take(order[begin : begin + rows])


def _contents(record: Any) -> tuple[int, int, int, bytes]:
    return int(record["key"]), int(record["copy"]), int(record["source"]), record.tobytes()
