"""Chosen rows of a sample, file by file."""

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

from rdfplugins.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from rdfplugins.resample.index import Rows

AT_ONCE = 1 << 14
"""Rows of a piece: between two of them signals are seen."""


@dataclasses.dataclass(frozen=True, eq=False)
class Piece:
    """Some rows of one file.

    Attributes
    ----------
    file
        Its number in the sample.
    rows
        With positions within the file.
    """

    file: int
    rows: Rows


@dataclasses.dataclass(frozen=True)
class Sample:
    """Rows of one sample.

    Attributes
    ----------
    files, table
        Where they are: name of the tree or of the dataset.
    number
        Of the sample.
    pieces
        The rows, in the order of the files.
    checked
        Whether the files have the keys of the rows in ``event_key``.
    """

    files: Sequence[Path]
    table: str
    number: int
    pieces: Iterable[Piece]
    checked: bool


def runs(values: NDArray[Any]) -> Iterator[slice]:
    """Yield the runs of equal values, [n], of which there is at least one."""
    cuts = [0, *(np.flatnonzero(values[1:] != values[:-1]) + 1).tolist(), len(values)]
    for begin, end in itertools.pairwise(cuts):
        yield slice(begin, end)


def pieces(entries: Sequence[int], chunks: Iterable[Rows], sample: str, *, at_once: int = AT_ONCE) -> Iterator[Piece]:
    """Yield rows of a sample in pieces that are in one file each, of at most ``at_once`` rows and copies.

    Parameters
    ----------
    entries
        Rows of each file of the sample.
    chunks
        With positions within the sample, ascending.
    sample
        Its name, for messages.

    Raises
    ------
    InputError
        For positions that do not ascend or are beyond the last row: rows of other files.
    """
    ends = np.cumsum(np.asarray(entries, np.int64)).astype(np.uint64)
    total = int(ends[-1]) if len(ends) else 0
    last = -1
    for chunk in chunks:
        if not len(chunk):
            continue
        ascending = int(chunk.position[0]) > last and bool(np.all(chunk.position[1:] > chunk.position[:-1]))
        last = int(chunk.position[-1])
        if not ascending or last >= total:
            raise InputError(
                f"sample '{sample}': the chosen rows are not those of its files, which have {total}; choose again"
            )
        for begin, end in _cuts(chunk.copies, at_once):
            yield from _by_file(ends, chunk.take(slice(begin, end)))


def _cuts(copies: NDArray[Any], at_once: int) -> Iterator[tuple[int, int]]:
    """Yield begins and ends of runs of rows with about this many copies; a row is in one piece."""
    sums = np.cumsum(copies, dtype=np.int64)
    begin = 0
    while begin < len(copies):
        before = int(sums[begin - 1]) if begin else 0
        end = max(begin + 1, int(np.searchsorted(sums, before + at_once, side="right")))
        yield begin, end
        begin = end


def _by_file(ends: NDArray[np.uint64], rows: Rows) -> Iterator[Piece]:
    files = np.searchsorted(ends, rows.position, side="right")
    for run in runs(files):
        file = int(files[run.start])
        start = ends[file - 1] if file else np.uint64(0)
        part = rows.take(run)
        yield Piece(file, dataclasses.replace(part, position=part.position - start))


def grouped(found: Iterable[Piece]) -> Iterator[tuple[int, Iterator[Piece]]]:
    """Yield number and pieces of each file that has any."""
    rest = iter(found)
    head = next(rest, None)

    def same(file: int) -> Iterator[Piece]:
        nonlocal head
        while head is not None and head.file == file:
            yield head
            head = next(rest, None)

    while head is not None:
        yield head.file, same(head.file)
