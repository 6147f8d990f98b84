"""One output of all sources; what is the same for trees and for HDF5."""

from __future__ import annotations

import contextlib
import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from rdfplugins import provenance
from rdfplugins.errors import InputError
from rdfplugins.files import claimed, make_folder
from rdfplugins.interrupts import terminable
from rdfplugins.resample.index import Rows
from rdfplugins.resample.write.columns import EXTRA, common, refuse_taken, told
from rdfplugins.resample.write.pieces import Sample, pieces
from rdfplugins.resample.write.spill import Spill

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from rdfplugins.resample.sources import Source, SourceFile, Sources
    from rdfplugins.resample.write.columns import Table
    from rdfplugins.resample.write.hdf5 import Hdf5Output
    from rdfplugins.resample.write.root import RootOutput

MEMORY = 512 << 20
"""Bytes, unless it is said."""
LEAST = 16 << 20
"""Bytes that are taken where less is given."""


@dataclasses.dataclass(frozen=True)
class Written:
    """What was written.

    Attributes
    ----------
    rows
        Copies counted.
    left_out
        Columns that not all sources have.
    """

    rows: int
    left_out: tuple[str, ...]


def write(
    target: Path,
    sources: Sources,
    rows: Callable[[Source], Iterator[Rows]],
    *,
    shuffle: bool,
    seed: int,
    attach: bool,
    subset: bool,
    memory: int,
    record: Mapping[str, Any],
    tracks: tuple[str, ...] = (),
    labels: Mapping[str, tuple[str, ...]] | None = None,
    say: Callable[[str], None],
    progress: Callable[[int], None] | None = None,
) -> Written:
    """Write the chosen rows of all sources into one file, which appears when it is whole.

    Every column of the sources travels as it is, of whatever type: scalars, arrays, vectors, objects. Friend trees,
    histograms and other objects of the files do not. There are new columns, see `Extra`.

    Parameters
    ----------
    target
        ROOT or HDF5, as the sources are; an existing file is replaced.
    rows
        Called once for each source: its rows, ascending, in chunks.
    shuffle
        Order the rows by a hash of ``seed``, their key and the number of their copy. Without it the sources stand one
        behind the other, their rows in the order of the files, copies side by side.
    attach
        Write the weights of the rows.
    subset
        Write which subset of an ensemble a copy belongs to.
    memory
        Bytes for all that grows with the rows, at least `LEAST`.
    record
        The provenance.
    tracks
        HDF5: datasets that have a row for each row of the table, to be written along.
    labels
        HDF5: one of these datasets -> fields that are written once more, into a dataset ``Y_<name>_train``.
    say
        Called with each line for the user.
    progress
        Called now and then with the number of copies that were taken since.

    Raises
    ------
    InputError
        For sources that cannot be read, are damaged or have changed, whose columns of one name hold different things,
        or that have columns with the names of new ones. There is no file then, or the old one.
    OutputError
        Where something cannot be written.
    InterruptedRunError
        At SIGTERM.
    """
    kinds = {source.kind for source in sources.all}
    if len(kinds) != 1:
        other = next(source for source in sources.all if source.kind != sources.all[0].kind)
        raise InputError(
            f"{other.files[0].path}: is of another format than the files of sample '{sources.all[0].name}'; an output"
            " is made of ROOT or of HDF5 files"
        )
    make_folder(target.parent)
    job = _Job(target, sources, rows, shuffle, seed, attach, subset, max(memory, LEAST), dict(record), say, progress)
    with terminable(str(target)), claimed(target) as part:
        if kinds == {"root"}:
            return _write_root(job, part)
        return _write_hdf5(job, part, tracks, labels or {})


@dataclasses.dataclass(frozen=True)
class _Job:
    """What is to be written."""

    target: Path
    sources: Sources
    chosen: Callable[[Source], Iterator[Rows]]
    shuffle: bool
    seed: int
    attach: bool
    subset: bool
    memory: int
    record: dict[str, Any]
    say: Callable[[str], None]
    progress: Callable[[int], None] | None

    def tick(self, copies: int) -> None:
        if self.progress is not None:
            self.progress(copies)

    @property
    def files(self) -> list[tuple[Source, SourceFile]]:
        return [(source, file) for source in self.sources.all for file in source.files]

    def extras(self, tables: Sequence[Table]) -> dict[str, str]:
        """Return what each new column is -> its name; empty: there is none."""
        key = not all(EXTRA.event_key in table.columns for table in tables)
        extras = EXTRA.wanted(key=key, attach=self.attach, subset=self.subset)
        refuse_taken(tables, extras)
        return extras

    def columns(self, tables: Sequence[Table]) -> tuple[list[str], tuple[str, ...]]:
        """Return the columns that are kept, and those that are left out, of which the user is told."""
        kept, left = common(tables)
        left.pop(EXTRA.event_key, None)  # it is made for all
        if left:
            self.say(told(left))
        return kept, tuple(left)

    def read(self, output: RootOutput | Hdf5Output) -> None:
        """Let the output take the rows of all sources."""
        for source in self.sources.all:
            found = pieces([file.entries for file in source.files], self.chosen(source), source.name)
            paths, checked = [file.path for file in source.files], source.key_is == EXTRA.event_key
            output.read(Sample(paths, source.tree, source.number, found, checked), self.tick)
            for file in source.files:
                file.refuse_changed()


def _write_root(job: _Job, part: Path) -> Written:
    from rdfplugins.resample.write import root

    found = [root.describe(file.path, source.tree, source.name) for source, file in job.files]
    tables = [table for table, _ in found]
    _refuse_changed(tables, job)
    for name in dict.fromkeys(table.sample for table, friends in found if friends):
        job.say(f"{name}: its friend trees are not copied")
    extras = job.extras(tables)
    kept, left_out = job.columns(tables)
    source, file = job.files[0]
    with root.opened(part, job.target, job.memory) as output:
        output.create(file.path, source.tree, kept, list(extras.values()), list(_titles(job.sources).values()))
        if job.shuffle:
            output.shuffle(part.parent, job.seed)
        job.read(output)
        return Written(output.finish(root.texts_of(job.record)), left_out)


def _write_hdf5(job: _Job, part: Path, tracks: Sequence[str], labels: Mapping[str, Sequence[str]]) -> Written:
    from rdfplugins.resample.write import hdf5, storage

    tables = [hdf5.describe(file.path, source.tree, source.name) for source, file in job.files]
    _refuse_changed(tables, job)
    extras = job.extras(tables)
    kept, left_out = job.columns(tables)
    others = hdf5.describe_others([(file.path, source.tree) for source, file in job.files], tracks, labels)
    source, file = job.files[0]
    plan = hdf5.Plan(file.path, source.tree, kept, extras, others, job.seed, job.memory)
    with contextlib.ExitStack() as stack:
        made, sink = stack.enter_context(storage.writing(part))

        def spill(dtype: np.dtype[Any]) -> Spill:
            return stack.enter_context(contextlib.closing(Spill(part.parent, dtype, job.memory // 2)))

        output = hdf5.Hdf5Output(made, sink, plan, spill if job.shuffle else None)
        job.read(output)
        classes = list(job.sources.classes)
        return Written(
            output.finish({provenance.NAME: provenance.to_text(job.record), hdf5.CLASS_LABELS: classes}), left_out
        )


def _titles(sources: Sources) -> dict[str, str]:
    """Return what each new column is -> words for people."""

    def listed(names: Iterable[tuple[int, str]]) -> str:
        words = ", ".join(f"{number} {name}" for number, name in names)
        return words.replace("[", "(").replace("]", ")")  # ROOT would read brackets as bounds

    return {
        "class_id": f"class: {listed(enumerate(sources.classes))}",
        "source_sample": f"sample: {listed((source.number, source.name) for source in sources.all)}",
        "event_key": "identity of the row",
        "copy_number": "number of the copy of the row, from 0 on",
        "sample_weight": "weight of the row in the resampled distribution",
        "subset": "subset of the ensemble",
    }


def copy_rows(
    files: Sequence[Path],
    tree: str,
    target: Path,
    rows: Iterable[tuple[int, NDArray[np.uint64]]],
    record: Mapping[str, Any],
    *,
    memory: int = MEMORY,
) -> int:
    """Write rows of trees of ROOT, as they are and in their order, into a new file.

    Parameters
    ----------
    files
        With a tree of this name; columns that not all of them have are an error.
    rows
        Number of a file and uint64[n], ascending entries in it; files in their order, several times as may be.
    record
        The provenance.

    Returns
    -------
    How many rows were written.

    Raises
    ------
    InputError, OutputError, InterruptedRunError
        As `write`.
    """
    from rdfplugins.resample.write import root

    make_folder(target.parent)
    tables = [root.describe(path, tree, path.name)[0] for path in files]
    kept, left = common(tables)
    if left:
        name, why = next(iter(left.items()))
        raise InputError(f"{files[0].parent}: column '{name}' is not in all files of a sample ({why})")
    ends = np.cumsum([table.entries for table in tables]).tolist()
    starts = [0, *ends[:-1]]

    def chunks() -> Iterator[Rows]:
        for number, entries in rows:
            yield _plain(np.asarray(entries, np.uint64) + np.uint64(starts[number]))

    with terminable(str(target)), claimed(target) as part, root.opened(part, target, memory) as output:
        output.create(files[0], tree, kept, [], [])
        found = pieces([table.entries for table in tables], chunks(), target.stem)
        output.read(Sample(files, tree, 0, found, checked=False), lambda _: None)
        return output.finish(root.texts_of(record))


def _plain(position: NDArray[np.uint64]) -> Rows:
    """Return rows that are taken once."""
    n = len(position)
    return Rows(position, np.zeros(n, np.uint64), np.zeros(n, np.int32), np.ones(n, np.int32), np.ones(n))


def _refuse_changed(tables: Sequence[Table], job: _Job) -> None:
    for table, (_, file) in zip(tables, job.files, strict=True):
        if table.entries != file.entries:
            raise InputError(
                f"{file.path}: has {table.entries} rows, and had {file.entries} when it was looked at; run again"
            )
