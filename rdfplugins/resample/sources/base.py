"""What a resampling reads: sources, their files, and their rows in chunks with key, class and values."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Literal

from rdfplugins.errors import InputError
from rdfplugins.resample.sources import hdf5, root
from rdfplugins.resample.sources.contents import ROWS
from rdfplugins.resample.sources.rows import Plan

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from rdfplugins.resample.sources.contents import Chunk, SourceFile
    from rdfplugins.resample.sources.rows import Rules


@dataclasses.dataclass(frozen=True)
class Source:
    """A sample: files with rows of one schema.

    Attributes
    ----------
    name
        Of the sample.
    number
        Its place among all sources.
    category
        Family of samples that it belongs to.
    tree
        Name of the tree, or of the dataset of HDF5.
    entries
        Rows of all files.
    columns
        Names, in the order of the first file.
    key_is
        What identifies a row, in words for reports: ``event_key``, names of columns, or ``file and row``.
    rules
        How key and class of a row are made.
    """

    name: str
    number: int
    category: str
    kind: Literal["root", "hdf5"]
    tree: str
    files: tuple[SourceFile, ...]
    entries: int
    columns: tuple[str, ...]
    key_is: str
    rules: Rules = dataclasses.field(repr=False)

    def chunks(self, expressions: Mapping[str, str], rows: int = ROWS) -> Iterator[Chunk]:
        """Yield all rows in the order of the files; a chunk ends with its file at the latest.

        Every column is read once, and no other column is read. Memory is that of one chunk of these columns, and of
        what the file has compressed in one piece.

        Parameters
        ----------
        expressions
            Name -> column, or formula over columns (`rdfplugins.formula.Formula`).
        rows
            Rows of a chunk, at most.

        Raises
        ------
        InputError
            A file that is damaged or has changed since it was opened, a column that does not hold numbers, values
            that a column of splits cannot have.
        MissingColumnError
            A column that is not there.
        ConfigError
            A formula that is none.
        """
        plan = Plan(self.name, self.rules, expressions)
        first = 0
        for file in self.files:
            file.refuse_changed()
            entry = 0
            for size, raw in _raw(self, file, plan.columns, rows):
                yield plan.chunk(raw, size, start=first + entry, file=file, entry=entry)
                entry += size
            if entry != file.entries:
                raise InputError(
                    f"{file.path}: {entry} of {file.entries} rows could be read; it changed, or is damaged"
                )
            first += file.entries


def _raw(
    source: Source, file: SourceFile, columns: tuple[str, ...], rows: int
) -> Iterator[tuple[int, dict[str, NDArray[Any]]]]:
    """Yield length and columns of consecutive rows of a file, as they are stored."""
    if not columns:  # neither values nor key nor class are in the file
        for start in range(0, file.entries, rows):
            yield min(rows, file.entries - start), {}
        return
    read = root.read if source.kind == "root" else hdf5.read
    for raw in read(file.path, source.tree, columns, rows):
        yield len(raw[columns[0]]), raw


@dataclasses.dataclass(frozen=True)
class Sources:
    """All that a resampling reads.

    Attributes
    ----------
    classes
        Names; their order is that of the numbers.
    categories
        Names of the families of samples, in their order.
    all
        The sources in the order of the config.
    stored_maps
        Column -> name -> number, as the files say it of their own columns (``label_id``, ``split`` ...).
    says
        Lines for the user.
    """

    classes: tuple[str, ...]
    categories: tuple[str, ...]
    all: tuple[Source, ...]
    stored_maps: dict[str, dict[str, int]]
    says: tuple[str, ...]
