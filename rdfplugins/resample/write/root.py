"""Chosen entries of trees of ROOT into a new tree, by the bytes in which they are stored."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from rdfplugins import cpp, provenance
from rdfplugins.config.scalars import shortened
from rdfplugins.errors import DamagedFileError, InputError, OutputError, RdfpluginsError
from rdfplugins.resample.write.columns import EXTRA, Column, Table
from rdfplugins.resample.write.order import stream
from rdfplugins.resample.write.pieces import grouped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from rdfplugins.resample.write.pieces import Sample

_DONE = "done"  # what a step of resample.h returns
_MERGED_AT_ONCE = 1 << 15


def describe(path: Path, tree: str, sample: str) -> tuple[Table, bool]:
    """Return the columns of a tree, and whether it has friends.

    Raises
    ------
    InputError
        If the file cannot be read, has no such tree, or one that cannot be copied: an RNTuple, one with branches that
        are filled in part, or with references between objects.
    """
    _refuse_syntax(path)
    with _guarded(path), cpp.optimisation(0):
        schema = _load().Schema(str(path), tree)
        reason = _line(str(schema.reason))
        words = [[str(text) for text in texts] for texts in (schema.types, schema.layouts, schema.counters)]
        names = [str(name) for name in schema.names]
        skipped = {str(name): "a class that ROOT splits by what is in it" for name in schema.skipped}
    if reason and schema.damaged:
        raise DamagedFileError(f"{path}: is damaged: {reason}; fetch or write it again")
    if reason:
        raise InputError(f"{path}: {reason}")
    columns = {name: Column(*each) for name, *each in zip(names, *words, strict=True)}
    if len(columns) != len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError(f"{path}: tree '{tree}' has two branches '{twice}'; rename one")
    return Table(path, sample, int(schema.entries), columns, skipped), bool(schema.friends)


class RootOutput:
    """The file that is written; `opened` makes it."""

    def __init__(self, writer: Any, target: Path) -> None:
        self._writer = writer
        self._target = target
        self._input: Path | None = None
        self._shuffled = False

    def create(
        self, first: Path, tree: str, columns: Sequence[str], extras: Sequence[str], titles: Sequence[str]
    ) -> None:
        """Make the tree: as that of a first file, with these columns and the new ones (empty names: without)."""
        self._step(first, self._writer.create, str(first), tree, list(columns), list(extras), list(titles))

    def shuffle(self, folder: Path, seed: int) -> None:
        """Sort all rows by the hashes of `order.marks`; temporary files without a name are in a folder."""
        self._step(None, self._writer.shuffle, str(folder), stream(seed))
        self._shuffled = True

    def read(self, sample: Sample, tick: Callable[[int], None]) -> None:
        """Take rows of a sample; ``tick`` is called with the number of copies that were taken."""
        key = EXTRA.event_key if sample.checked else ""
        for file, some in grouped(sample.pieces):
            path = sample.files[file]
            self._step(path, self._writer.open, str(path), sample.table, sample.number, key)
            for piece in some:
                rows = piece.rows
                columns = (rows.key, rows.class_id, rows.copies, rows.weight, rows.subsets)
                self._step(path, self._writer.add, _address(rows.position), len(rows), *map(_address, columns))
                tick(int(rows.copies.sum()))

    def finish(self, texts: Mapping[str, str]) -> int:
        """Write all that is left, and texts beside the tree; return the number of rows."""
        if self._shuffled:
            self._step(None, self._writer.begin_merge)
            before = -1
            while self.rows > before:
                before = self.rows
                self._step(None, self._writer.merge, _MERGED_AT_ONCE)
        self._step(None, self._writer.finish, list(texts), list(texts.values()))
        return self.rows

    @property
    def rows(self) -> int:
        """Rows that were written."""
        return int(self._writer.rows())

    def _step(self, reading: Path | None, step: Callable[..., Any], *arguments: Any) -> None:
        with _guarded(reading, self._target):
            reason = _attempt(step, *arguments)
        if not reason:
            return
        if reading is not None and self._writer.of_input:
            raise DamagedFileError(f"{reading}: is damaged, or changed while it was read: {reason}")
        raise OutputError(f"{self._target}: cannot be written: {reason}")


@contextlib.contextmanager
def opened(part: Path, target: Path, memory: int) -> Iterator[RootOutput]:
    """Yield an output that fills ``part``, a file that is there and empty, and is closed behind the block."""
    _refuse_syntax(target)
    writer = _load().Output(str(part), memory)
    try:
        yield RootOutput(writer, target)
    finally:
        _attempt(writer.close)


def texts_of(record: Mapping[str, Any]) -> dict[str, str]:
    """Return what is stored beside the tree."""
    return {provenance.NAME: provenance.to_text(record)}


def _load() -> Any:
    cpp.include("rdfplugins/row_loops.h", optimised=True)
    with cpp.optimisation(0):  # all else runs once a block of rows
        cpp.include("rdfplugins/resample.h")
    return cpp.load_root().rdfp.resample


def _address(values: NDArray[Any] | None) -> int:
    if values is None:
        return 0
    assert values.flags.c_contiguous
    return int(values.ctypes.data)


def _attempt(step: Callable[..., Any], *arguments: Any) -> str:
    """Return what went wrong in a step, on one line; empty if nothing did."""
    try:
        with cpp.optimisation(0):
            reason = str(step(*arguments))
    except RdfpluginsError:  # a signal
        raise
    except Exception as error:  # cppyy maps C++ exceptions to several types
        reason = str(error) or type(error).__name__
    if reason == _DONE:
        return ""
    # where the interpreter cannot compile a function, a call of it does nothing and returns nothing
    return _line(reason) or "ROOT's interpreter failed; start a new process"


@contextlib.contextmanager
def _guarded(reading: Path | None, target: Path | None = None) -> Iterator[None]:
    """Let a crash of ROOT end the process with one line; damaged files may bring it about."""
    part = "" if target is None else f"{target}.part"
    line = f"{reading}: is damaged: ROOT crashed when it read it" if reading else f"{target}: ROOT crashed"
    code = (DamagedFileError if reading else OutputError).exit_code
    with cpp.ending_cleanly(line, code=code, unfinished=part):
        yield


def _line(text: str) -> str:
    return shortened(" ".join(text.split()), 300)


def _refuse_syntax(path: Path) -> None:
    found = [letter for letter in "$?#" if letter in str(path)]
    if found:
        raise InputError(f"{path}: ROOT reads '{found[0]}' in a path as something else; choose another name")
