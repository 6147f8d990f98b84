"""The rows of a tree in the order of their event keys, in bounded memory.

Runs of bounded length are sorted and spilled into temporary files without a name, which vanish with the process however
it ends. They are then merged: of each run the next rows are looked at, and all that cannot be preceded by a row not yet
seen are taken. Event keys are hashes, so that runs advance together and most of what is looked at is taken.
"""

from __future__ import annotations

import contextlib
import tempfile
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from rdfplugins.reading import Vectors
from rdfplugins.select.export.blocks import Block, joined, row_type

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from rdfplugins.reading import Kind, Table

KEY = "event_key"
ROWS_AT_ONCE = 100_000
BYTES_AT_ONCE = 32 << 20
_FEWEST = 64  # rows of a run that are looked at; more runs than ROWS_AT_ONCE / _FEWEST make memory grow


def sorted_blocks(table: Table, kinds: Mapping[str, Kind], folder: Path) -> Iterator[Block]:
    """Yield all rows of a table, sorted by ``event_key``.

    Parameters
    ----------
    kinds
        Columns to read, ``event_key`` among them -> the types in which they are given.
    folder
        Where there is space for one copy of the table, uncompressed.
    """
    rows = min(ROWS_AT_ONCE, table.rows_of(BYTES_AT_ONCE, list(kinds)))
    with contextlib.ExitStack() as stack:
        spill = _Spill(kinds, folder, stack)
        for chunk in table.chunks(list(kinds), rows):
            block = _block(chunk, kinds)
            spill.add(block.take(_order(block)))
        yield from spill.merged(rows)


def _order(block: Block) -> NDArray[np.intp]:
    return np.argsort(block.rows[KEY], kind="stable")


def _block(chunk: Mapping[str, NDArray[Any] | Vectors], kinds: Mapping[str, Kind]) -> Block:
    rows = np.empty(len(chunk[KEY]), row_type(kinds))  # type: ignore[arg-type]  # the key is no vector
    vectors = {}
    for name, values in chunk.items():
        if isinstance(values, Vectors):
            rows[name] = values.counts
            vectors[name] = values.values.astype(kinds[name].dtype, copy=False)
        else:
            rows[name] = values
    return Block(rows, vectors)


class _Run:
    """Where the rows of a sorted run that have not been taken begin, and where the run ends."""

    def __init__(self, row: int, stop: int, element: dict[str, int]) -> None:
        self.row = row
        self.stop = stop
        self.element = element


class _Spill:
    """Sorted runs on disk: one file of rows, and one of elements for each column of vectors."""

    def __init__(self, kinds: Mapping[str, Kind], folder: Path, stack: contextlib.ExitStack) -> None:
        self._type = row_type(kinds)
        self._types = {name: kind.dtype for name, kind in kinds.items() if kind.vector}
        self._rows, *others = (
            stack.enter_context(tempfile.TemporaryFile(dir=folder))  # noqa: SIM115 (the stack closes them)
            for _ in range(1 + len(self._types))
        )
        self._vectors = dict(zip(self._types, others, strict=True))
        self._runs: list[_Run] = []
        self._length = 0
        self._elements = dict.fromkeys(self._types, 0)

    def add(self, block: Block) -> None:
        """Append a sorted run."""
        self._runs.append(_Run(self._length, self._length + len(block), dict(self._elements)))
        _write(self._rows, block.rows)
        self._length += len(block)
        for name, values in block.vectors.items():
            _write(self._vectors[name], values)
            self._elements[name] += len(values)

    def merged(self, most: int) -> Iterator[Block]:
        """Yield all rows in order, about ``most`` at once."""
        while runs := [run for run in self._runs if run.row < run.stop]:
            each = max(_FEWEST, most // len(runs))
            seen = [self._look(run, each) for run in runs]
            # rows behind those that were looked at have keys of at least the last one of their run
            last = [rows[KEY][-1] for run, rows in zip(runs, seen, strict=True) if run.row + len(rows) < run.stop]
            end = min(last, default=None)
            block = joined([self._taken(run, _until(rows, end)) for run, rows in zip(runs, seen, strict=True)])
            yield block if len(runs) == 1 else block.take(_order(block))

    def _look(self, run: _Run, rows: int) -> NDArray[Any]:
        return _read(self._rows, self._type, run.row, min(rows, run.stop - run.row))

    def _taken(self, run: _Run, rows: NDArray[Any]) -> Block:
        """Return the next rows of a run with their vectors, and move on behind them."""
        run.row += len(rows)
        vectors = {}
        for name, dtype in self._types.items():
            count = int(rows[name].sum())
            vectors[name] = _read(self._vectors[name], dtype, run.element[name], count)
            run.element[name] += count
        return Block(rows, vectors)


def _until(rows: NDArray[Any], end: Any) -> NDArray[Any]:
    return rows if end is None else rows[: np.searchsorted(rows[KEY], end, side="right")]


def _write(file: IO[bytes], values: NDArray[Any]) -> None:
    file.write(np.ascontiguousarray(values).view(np.uint8).data)  # not tofile: its errors do not say what is wrong


def _read(file: IO[bytes], dtype: Any, first: int, count: int) -> NDArray[Any]:
    values = np.empty(count, dtype)
    file.seek(first * values.itemsize)
    file.readinto(values.view(np.uint8).data)  # type: ignore[attr-defined]  # of all binary files that one opens
    return values
