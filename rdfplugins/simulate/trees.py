"""Trees with ``std::vector``, ``ROOT::RVec`` or counted array branches from flat numpy arrays, chunk by chunk."""

from __future__ import annotations

import contextlib
import errno
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rdfplugins.cpp import captured_stderr, include, load_root
from rdfplugins.errors import OutputError, did_you_mean
from rdfplugins.files import atomic

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import TracebackType

    from numpy.typing import NDArray
    from typing_extensions import Self

# numpy's name of a type: (ROOT's name, letter in the title of a scalar's leaf)
_ROOT_TYPES = {
    "bool": ("bool", "O"),
    "uint8": ("unsigned char", "b"),
    "int32": ("int", "I"),
    "uint32": ("unsigned int", "i"),
    "int64": ("Long64_t", "L"),
    "uint64": ("ULong64_t", "l"),
    "float32": ("float", "F"),
    "float64": ("double", "D"),
}

EVENTS_PER_CLUSTER = 10_000
"""Events between the points at which all branches start a new basket: the smallest share of work of a thread."""


@dataclass(frozen=True)
class Branch:
    """The type of a branch.

    Attributes
    ----------
    dtype
        As numpy names it.
    vector
        A ``std::vector`` of it in each event, in place of one value.
    rvec
        A ``ROOT::RVec`` in place of the ``std::vector``, as RDataFrame's Snapshot writes collections.
    counter
        A C array in place of the ``std::vector``, as NanoAOD has them: the name of the branch (uint32, earlier in the
        schema) that holds its length.
    """

    dtype: str
    vector: bool = False
    rvec: bool = False
    counter: str | None = None

    def __post_init__(self) -> None:
        if self.dtype not in _ROOT_TYPES:
            raise ValueError(f"unknown type '{self.dtype}' of a branch (known: {', '.join(_ROOT_TYPES)})")
        if self.rvec and not self.vector:
            raise ValueError("an RVec is a vector: Branch(..., vector=True, rvec=True)")
        if self.counter is not None and (self.rvec or not self.vector):
            raise ValueError("a counted array is a vector and no RVec: Branch(..., vector=True, counter=...)")

    @property
    def leaf(self) -> str:
        """The type as ROOT names it, e.g. ``vector<float>``, ``ROOT::VecOps::RVec<float>`` or ``float[nJet]``."""
        name = _ROOT_TYPES[self.dtype][0]
        if not self.vector:
            return name
        if self.counter is not None:
            return f"{name}[{self.counter}]"
        return f"ROOT::VecOps::RVec<{name}>" if self.rvec else f"vector<{name}>"


@dataclass(frozen=True, eq=False)
class Column:
    """The values of a branch in a number of consecutive events.

    Attributes
    ----------
    values
        Flat array: one value an event, or the elements of all vectors one after the other.
    offsets
        For vectors int64[events + 1]: those of event ``i`` are ``values[offsets[i]:offsets[i + 1]]``; None for scalars.
    """

    values: NDArray[Any]
    offsets: NDArray[np.int64] | None = None

    @property
    def events(self) -> int:
        """The number of events."""
        return len(self.values) if self.offsets is None else len(self.offsets) - 1

    @property
    def branch(self) -> Branch:
        """The type of the branch that holds these values."""
        return Branch(self.values.dtype.name, vector=self.offsets is not None)

    def __getitem__(self, events: slice) -> Column:
        """Return the column of a contiguous range of events."""
        start, stop, step = events.indices(self.events)
        if step != 1:
            raise ValueError("a column is cut in contiguous ranges only")
        stop = max(start, stop)
        if self.offsets is None:
            return Column(self.values[start:stop])
        offsets = self.offsets[start : stop + 1]
        return Column(self.values[offsets[0] : offsets[-1]], offsets - offsets[0])


def write_tree(
    path: Path,
    tree: str,
    columns: Mapping[str, Column],
    *,
    title: str,
    texts: Mapping[str, str] | None = None,
) -> None:
    """Write one tree into a new file in one go; see `TreeWriter` for the parameters and errors."""
    schema = {name: column.branch for name, column in columns.items()}
    with TreeWriter(path, tree, schema, title, texts=texts) as writer:
        writer.fill(columns)


class TreeWriter:
    """Write a tree chunk by chunk, in constant memory; a context manager.

    The file is written as ``<path>.part`` and gets its name when the block ends without an exception and the file
    has been read back: what carries the final name is complete. An existing file is replaced at that moment.

    Parameters
    ----------
    path
        The file to write; its folder must exist.
    tree
        Name of the tree.
    schema
        Names and types of the branches, in order.
    title
        Title of the tree and of the file.
    texts
        Strings stored beside the tree as ``TObjString``, by name.
    more
        Small trees stored beside it: name -> columns of scalars; they have the same title.

    Raises
    ------
    OutputError
        The file cannot be created, written or read back; nothing is left of it.
    ValueError
        From `fill`: columns that do not fit the schema or each other.

    Examples
    --------
    >>> with TreeWriter(path, "mini", schema, "two chunks") as writer:  # doctest: +SKIP
    ...     writer.fill(first)
    ...     writer.fill(second)
    """

    def __init__(
        self,
        path: Path,
        tree: str,
        schema: Mapping[str, Branch],
        title: str,
        *,
        texts: Mapping[str, str] | None = None,
        more: Mapping[str, Mapping[str, Column]] | None = None,
    ) -> None:
        if not schema:
            raise ValueError("a tree needs at least one branch")
        _check_counters(schema)
        self._path = path
        self._part = path
        self._tree = tree
        self._schema = dict(schema)
        self._title = title
        self._texts = dict(texts or {})
        self._more = dict(more or {})
        self._writer: Any = None
        self._stack = contextlib.ExitStack()
        self.events = 0

    def __enter__(self) -> Self:
        if any(sign in str(self._path) for sign in "#?"):
            raise OutputError(f"{self._path}: cannot be written: ROOT reads '#' and '?' in a name as parts of a URL")
        root = load_root()
        include("rdfplugins/tree_writer.h")
        with contextlib.ExitStack() as stack:
            self._part = stack.enter_context(atomic(self._path))
            self._part.touch()  # what forbids to write here is said by the system, not by ROOT
            with captured_stderr() as said:
                self._writer = root.rdfp.TreeWriter(str(self._part), self._tree, self._title, EVENTS_PER_CLUSTER)
            self._expect(bool(self._writer.ok()), said[0])
            self._declare(self._schema)
            self._stack = stack.pop_all()
        return self

    def _declare(self, schema: Mapping[str, Branch]) -> None:
        for name, branch in schema.items():
            kind, letter = _ROOT_TYPES[branch.dtype]
            if not branch.vector:
                self._writer.add_scalar[kind](name, letter)
            elif branch.counter is not None:
                self._writer.add_counted[kind](name, letter, branch.counter)
            elif branch.rvec:
                self._writer.add_rvec[kind](name)
            else:
                self._writer.add_vector[kind](name)

    def fill(self, columns: Mapping[str, Column]) -> None:
        """Append the events of ``columns``, which must be those of the schema, in any order."""
        self.events += self._fill(columns, self._schema)

    def _fill(self, columns: Mapping[str, Column], schema: Mapping[str, Branch]) -> int:
        events = check_columns(columns, schema)
        # numpy's bool is one byte of 0 or 1; what is not contiguous is copied, and must live until the loop has ended
        values = [np.ascontiguousarray(columns[name].values) for name in schema]
        offsets = [
            None if column.offsets is None else np.ascontiguousarray(column.offsets)
            for column in (columns[name] for name in schema)
        ]
        with captured_stderr() as said:
            self._writer.fill(
                events,
                [array.ctypes.data for array in values],
                [0 if array is None else array.ctypes.data for array in offsets],
            )
        self._expect(bool(self._writer.ok()), said[0])
        return events

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is None:
            with self._stack:
                self._close()
            return
        with captured_stderr():
            self._writer = None  # closes the file
        # the exception of the caller goes on as it is; that of ours only discards the temporary file
        with contextlib.suppress(_Abandoned), self._stack:
            raise _Abandoned

    def _close(self) -> None:
        for tree, columns in self._more.items():
            schema = {name: column.branch for name, column in columns.items()}
            self._writer.next(tree, self._title)
            self._declare(schema)
            self._fill(columns, schema)
        with captured_stderr() as said:
            for name, text in self._texts.items():
                self._writer.text(name, text)
            written = bool(self._writer.close())
            self._writer = None
        self._expect(written, said[0])
        with captured_stderr():
            fault = str(load_root().rdfp.incomplete(str(self._part), self._tree, self.events))
        self._expect(not fault, fault)

    def _expect(self, good: bool, said: str) -> None:  # noqa: FBT001
        """Raise what ROOT ``said`` unless all is ``good``."""
        if not good:
            raise OutputError(f"{self._path}: cannot be written: {_reason(said)}")


class _Abandoned(Exception):  # noqa: N818
    """The block of a `TreeWriter` ended with an exception."""


def _reason(said: str) -> str:
    """Return the reason of a failed write in what ROOT printed: the system's words where it quotes them."""
    system = re.search(r"^SysError in <[^>]*>: .*\(-?\d+\) ?\(?(.+?)\)?$", said, re.MULTILINE)
    if system:
        return system[1]
    if re.search("error writing all requested bytes", said):
        return os.strerror(errno.ENOSPC)
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return lines[0] if lines else "ROOT gave no reason"


def _check_counters(schema: Mapping[str, Branch]) -> None:
    earlier: dict[str, Branch] = {}
    for name, branch in schema.items():
        if branch.counter is not None and earlier.get(branch.counter) != Branch("uint32"):
            raise ValueError(f"branch '{name}' needs a uint32 branch '{branch.counter}' before it, its length")
        earlier[name] = branch


def check_columns(columns: Mapping[str, Column], schema: Mapping[str, Branch]) -> int:
    """Return the number of events of ``columns``.

    Raises
    ------
    ValueError
        Branches missing or not in the schema, another type than the schema's, offsets that do not fit the values, or
        unequal numbers of events.
    """
    for name in columns:
        if name not in schema:
            raise ValueError(f"'{name}' is no branch of this tree{did_you_mean(name, schema)}")
    events: int | None = None
    for name, branch in schema.items():
        if name not in columns:
            raise ValueError(f"there are no values for branch '{name}'")
        column = columns[name]
        _check_column(name, column, branch)
        if branch.counter is not None and not _counts(columns[branch.counter], column):
            raise ValueError(f"'{branch.counter}' does not count the elements of branch '{name}'")
        if events is None:
            events = column.events
        elif column.events != events:
            raise ValueError(f"branch '{name}' has {column.events} events where the first has {events}")
    return events or 0


def _check_column(name: str, column: Column, branch: Branch) -> None:
    if column.values.ndim != 1:
        raise ValueError(f"the values of branch '{name}' have {column.values.ndim} dimensions, not 1")
    if column.values.dtype != np.dtype(branch.dtype):
        raise ValueError(f"the values of branch '{name}' are {column.values.dtype}, not {branch.dtype}")
    if (column.offsets is not None) != branch.vector:
        raise ValueError(f"branch '{name}' is {branch.leaf}: it needs {'' if branch.vector else 'no '}offsets")
    if column.offsets is None:
        return
    offsets = column.offsets
    if offsets.dtype != np.int64 or offsets.ndim != 1 or len(offsets) == 0:
        raise ValueError(f"the offsets of branch '{name}' are not int64[events + 1]")
    if offsets[0] != 0 or offsets[-1] != len(column.values) or bool(np.any(np.diff(offsets) < 0)):
        raise ValueError(f"the offsets of branch '{name}' do not rise from 0 to its {len(column.values)} values")


def _counts(counter: Column, column: Column) -> bool:
    return column.offsets is not None and np.array_equal(counter.values, np.diff(column.offsets))
