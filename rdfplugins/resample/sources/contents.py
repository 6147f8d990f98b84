"""What a file of a source is, what it holds, and rows of it: the words in which all rooms of sources speak."""

from __future__ import annotations

import contextlib
import dataclasses
from typing import TYPE_CHECKING, Any

from rdfplugins.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

NO_CLASS = -1
ROWS = 1 << 18
"""Rows of a chunk, unless it is said."""


@dataclasses.dataclass(frozen=True)
class Column:
    """What a row has in a column.

    Attributes
    ----------
    words
        Its type for messages; columns of the same words are of the same type.
    dtype
        Type of a number; None for vectors, texts, objects.
    """

    words: str
    dtype: np.dtype[Any] | None


@dataclasses.dataclass(frozen=True)
class SourceFile:
    """A file of a source, and what tells it from others and from a later version of itself.

    Attributes
    ----------
    size, mtime
        Bytes, and time of the last change in seconds.
    uuid
        What ROOT gave the file; empty for HDF5.
    selection
        Key of the stage ``select`` in a tree that it wrote: the stage ``ml`` may write such a file anew with the same
        events. Empty for all other files.
    nick
        The last parts of its path that no other file of the source has, joined by ``/``: mostly its name alone. Rows
        without a key are known by it.
    """

    path: Path
    entries: int
    size: int
    mtime: float
    uuid: str
    selection: str = ""
    nick: str = ""

    def identity(self) -> dict[str, Any]:
        """Return what an index or a provenance says of the file."""
        said: dict[str, Any] = {"path": str(self.path), "entries": self.entries}
        if self.selection:
            return {**said, "selection": self.selection}
        return {**said, "size": self.size, "mtime": self.mtime, "uuid": self.uuid}

    def refuse_changed(self) -> None:
        """Raise InputError if the file is no longer the one that was opened first."""
        with contextlib.suppress(OSError):
            now = self.path.stat()
            if (now.st_size, now.st_mtime) == (self.size, self.mtime):
                return
        raise InputError(f"{self.path}: changed while it was read; run again when it is complete")


@dataclasses.dataclass(frozen=True, eq=False)
class Chunk:
    """Consecutive rows of a source.

    Attributes
    ----------
    start
        Number of the first row within the source, counted over its files.
    key
        uint64[n], identity of the rows.
    class_id
        int32[n], number of the class; `NO_CLASS` for rows that are not to be used.
    values
        Name -> float64[n].
    unused
        Why rows are not used -> how many: ``other split``, ``cut away``, ``no class``; the first reason counts.
    """

    start: int
    key: NDArray[np.uint64]
    class_id: NDArray[np.int32]
    values: dict[str, NDArray[np.float64]]
    unused: dict[str, int]

    def __len__(self) -> int:
        return len(self.key)


@dataclasses.dataclass(frozen=True)
class Description:
    """What a file holds.

    Attributes
    ----------
    tree
        Name of the tree or dataset.
    columns
        Name -> what a row has in it, in the order of the file.
    uuid
        What ROOT gave the file; empty for HDF5.
    record
        What the file says of itself: its provenance, ``labels`` and ``maps`` (column -> name -> number) among it.
    """

    tree: str
    entries: int
    columns: dict[str, Column]
    uuid: str
    record: Mapping[str, Any]
