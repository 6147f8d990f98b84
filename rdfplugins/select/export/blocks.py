"""Rows of a table in memory: structured numbers, and beside them the elements of vectors."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from rdfplugins.reading import Kind

COUNT = np.dtype(np.int64)


def row_type(kinds: Mapping[str, Kind]) -> np.dtype[Any]:
    """Return the type of a row: the number of each column, of a vector the count of its elements; no padding."""
    return np.dtype([(name, COUNT if kind.vector else kind.dtype) for name, kind in kinds.items()])


@dataclasses.dataclass(frozen=True, eq=False)
class Block:
    """Consecutive rows.

    Attributes
    ----------
    rows
        Structured array [n] of `row_type`.
    vectors
        Column -> the elements of its vectors, one row after the other.
    """

    rows: NDArray[Any]
    vectors: dict[str, NDArray[Any]]

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, order: NDArray[np.intp]) -> Block:
        """Return the rows of these numbers, in this order."""
        rows = self.rows[order]
        return Block(
            rows,
            {
                name: values[_elements(self.rows[name], order, rows[name])] if len(values) else values
                for name, values in self.vectors.items()
            },
        )

    def widened(self, kinds: Mapping[str, Kind]) -> Block:
        """Return the rows with all columns of ``kinds``: those that are not there are numbers, and NaN."""
        wanted = row_type(kinds)
        if wanted == self.rows.dtype:
            return self
        there = self.rows.dtype.names or ()
        rows = np.empty(len(self.rows), wanted)
        for name in kinds:
            rows[name] = self.rows[name] if name in there else np.nan
        return Block(rows, self.vectors)

    def split(self, at: int) -> tuple[Block, Block]:
        """Return the first ``at`` rows, and the others."""
        counts = {name: int(self.rows[name][:at].sum()) for name in self.vectors}
        return (
            Block(self.rows[:at], {name: values[: counts[name]] for name, values in self.vectors.items()}),
            Block(self.rows[at:], {name: values[counts[name] :] for name, values in self.vectors.items()}),
        )


def joined(blocks: Sequence[Block]) -> Block:
    """Return the rows of all blocks; there is at least one."""
    if len(blocks) == 1:
        return blocks[0]
    names = list(blocks[0].vectors)
    return Block(
        np.concatenate([block.rows for block in blocks]),
        {name: np.concatenate([block.vectors[name] for block in blocks]) for name in names},
    )


def of_length(blocks: Iterable[Block], rows: int) -> Iterator[Block]:
    """Yield the same rows in blocks of ``rows`` each, of which the last may be shorter.

    What is written then does not depend on how rows came into the blocks, that is on their order in the trees.
    """
    waiting: list[Block] = []
    held = 0
    for block in blocks:
        waiting.append(block)
        held += len(block)
        while held >= rows:
            whole, rest = joined(waiting).split(rows)
            yield whole
            waiting, held = [rest], len(rest)
    if held:
        yield joined(waiting)


def _elements(counts: NDArray[np.int64], order: NDArray[np.intp], taken: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the positions of the elements of the rows ``order``, where the rows as they are have ``counts``."""
    first = np.cumsum(counts) - counts
    shift = first[order] - (np.cumsum(taken) - taken)
    return np.repeat(shift, taken) + np.arange(int(taken.sum()))
