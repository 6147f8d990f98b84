"""Reading the tree of a file in chunks of bounded size, whether it is a TTree or an RNTuple."""

from __future__ import annotations

import contextlib
import dataclasses
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from rdfplugins.errors import InputError, RdfpluginsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

_NUMBERS = "?bBhHiIlLqQfd"  # letters of numpy: what a branch of numbers holds
_CHAR = re.compile(r"\bchar\b")


@dataclasses.dataclass(frozen=True)
class Kind:
    """What one event has in a column.

    Attributes
    ----------
    dtype
        Type of a number; None for text, structs, and vectors of vectors.
    vector
        Whether there are any number of them, or a fixed number above one.
    """

    dtype: np.dtype[Any] | None
    vector: bool = False

    def __str__(self) -> str:
        """Return the kind in words, for messages."""
        if self.dtype is None:
            return "text or an object"
        return f"a vector of {self.dtype.name}" if self.vector else self.dtype.name


@dataclasses.dataclass(frozen=True, eq=False)
class Vectors:
    """A column of vectors.

    Attributes
    ----------
    values
        The elements of all events, one after the other: [sum of ``counts``].
    counts
        int64[events], elements of each event.
    """

    values: NDArray[Any]
    counts: NDArray[np.int64]


class Table:
    """An open TTree or RNTuple.

    Attributes
    ----------
    entries
        Number of events.
    kinds
        Column -> what it holds, in the order of the file.
    """

    def __init__(self, path: Path, tree: Any) -> None:
        self._path = path
        self._tree = tree
        self.entries = int(tree.num_entries)
        self.kinds = dict(_kinds(tree))

    def rows_of(self, size: int, columns: Sequence[str]) -> int:
        """Return how many events of these columns take about ``size`` bytes in memory; at least 1."""
        if not self.entries:
            return 1
        # the first of several names is enough for a pattern, and a column may be called like one: compare names
        wanted = set(columns)
        return max(1, int(self._tree.num_entries_for(size, filter_name=lambda name: name in wanted)))

    def chunks(self, columns: Sequence[str], rows: int) -> Iterator[dict[str, NDArray[Any] | Vectors]]:
        """Yield the columns, at most ``rows`` events at once, in the order of the file.

        An RNTuple is decompressed a cluster at a time: memory is that of its largest cluster.

        Raises
        ------
        InputError
            If the file is damaged.
        """
        with _explained(self._path):
            for start, stop in self._clusters():
                for chunk in self._read(columns, start, stop, rows):
                    for first in range(0, len(chunk), rows):
                        part = chunk[first : first + rows]
                        yield {name: self._values(part[name], name) for name in columns}

    def numbers(self, columns: Sequence[str], rows: int) -> Iterator[dict[str, NDArray[Any]]]:
        """Yield columns of one number an event as `chunks` does, without the detour by awkward arrays for a TTree."""
        if not self.entries or hasattr(self._tree, "cluster_summaries"):
            for chunk in self.chunks(columns, rows):
                yield {name: values for name, values in chunk.items() if isinstance(values, np.ndarray)}
            return
        wanted = set(columns)
        with _explained(self._path):
            # by a filter: a name may look like an expression
            parts = self._tree.iterate(
                filter_branch=lambda branch: branch.name in wanted and branch.parent is self._tree,
                step_size=rows,
                library="np",
            )
            for part in parts:
                yield {name: part[name].view(self.kinds[name].dtype) for name in columns}

    def typename(self, column: str) -> str:
        """Return the type of a column, as C++ names it."""
        return str(self._tree[column].typename)

    def entries_of(self, column: str) -> int:
        """Return the entries of a column, which are fewer than those of the tree where it was filled by halves."""
        return int(getattr(self._tree[column], "num_entries", self.entries))

    @property
    def uuid(self) -> str:
        """What ROOT gave the file to tell it from all others."""
        return str(self._tree.file.uuid)

    def rows(self, columns: Sequence[str], start: int, stop: int) -> dict[str, NDArray[Any] | Vectors]:
        """Return the columns of the events from ``start`` up to ``stop``, which is not among them.

        Raises
        ------
        InputError
            If the file is damaged.
        """
        with _explained(self._path):
            part = self._tree.arrays(list(columns), entry_start=start, entry_stop=stop, library="ak")
            return {name: self._values(part[name], name) for name in columns}

    def _clusters(self) -> list[tuple[int, int]]:
        """Return what is decompressed at once: clusters of an RNTuple; a TTree is cut wherever one likes."""
        clusters = getattr(self._tree, "cluster_summaries", None)
        if clusters is None:
            return [(0, self.entries)]
        return [(int(one.num_first_entry), int(one.num_first_entry + one.num_entries)) for one in clusters]

    def _read(self, columns: Sequence[str], start: int, stop: int, rows: int) -> Iterator[Any]:
        if stop <= start:
            return
        if hasattr(self._tree, "cluster_summaries"):
            # without a cache, which would keep all clusters up to 100 MB
            yield self._tree.arrays(
                list(columns), entry_start=start, entry_stop=stop, library="ak", array_cache=None, ak_add_doc=False
            )
        else:
            yield from self._tree.iterate(list(columns), step_size=rows, library="ak")

    def _values(self, array: Any, name: str) -> NDArray[Any] | Vectors:
        import awkward as ak

        kind = self.kinds[name]
        assert kind.dtype is not None, f"'{name}' is not made of numbers"
        if not kind.vector:
            return np.asarray(ak.to_numpy(array)).view(kind.dtype)
        lists = ak.from_regular(array, axis=1)
        values = np.asarray(ak.to_numpy(ak.flatten(lists, axis=1)))
        return Vectors(values.view(kind.dtype), np.asarray(ak.to_numpy(ak.num(lists, axis=1)), dtype=np.int64))


@contextlib.contextmanager
def open_table(path: Path, tree: str) -> Iterator[Table]:
    """Open the tree of a file.

    Raises
    ------
    InputError
        If there is no such file or tree, or it is damaged.
    """
    import uproot

    with _explained(path):
        # reads, where the default maps the file: pages of a map count as memory of the process
        opened = uproot.open({str(path): tree}, handler=uproot.MultithreadedFileSource)
    with opened.file:
        with _explained(path):
            table = Table(path, opened)
        yield table


@contextlib.contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn whatever a damaged file makes uproot raise, which is of many types, into one line."""
    try:
        yield
    except RdfpluginsError:  # SIGTERM raises one, wherever it comes
        raise
    except Exception as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise InputError(f"{path}: cannot be read: {lines[0].strip()}") from error


def _kinds(tree: Any) -> Iterator[tuple[str, Kind]]:
    """Yield the kind of each branch or field, from what is said of it: no event is read."""
    if hasattr(tree, "to_akform"):
        form = tree.to_akform()
        record = form[0] if isinstance(form, tuple) else form  # by the version of uproot
        for name, content in zip(record.fields, record.contents, strict=True):
            yield name, _kind(content, str(tree[name].typename))
        return
    for name in tree.keys(recursive=False):
        yield name, _kind(_form(tree[name], tree.file))


def _form(branch: Any, file: Any) -> Any:
    """Return awkward's description of a branch; None for objects that no array holds."""
    try:
        return branch.interpretation.awkward_form(file)
    except RdfpluginsError:
        raise
    except Exception:  # of many types
        return None


def _kind(form: Any, typename: str = "") -> Kind:
    import awkward as ak

    if form is None:
        return Kind(None)
    content = form.type
    vector = isinstance(content, ak.types.ListType | ak.types.RegularType)
    number = content.content if vector else content
    if not isinstance(number, ak.types.NumpyType) or number.parameters or content.parameters:  # text has some
        return Kind(None)
    dtype = np.dtype(number.primitive)
    if dtype.char not in _NUMBERS:
        return Kind(None)
    if dtype == np.uint8 and _CHAR.search(typename):
        dtype = np.dtype(np.int8)  # `char` of an RNTuple, which uproot takes for unsigned
    return Kind(dtype, vector=vector)
