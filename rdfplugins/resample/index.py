"""Which rows were chosen: the index file, one group a sample, rows in the order of their sample."""

from __future__ import annotations

import contextlib
import dataclasses
import json
from typing import TYPE_CHECKING, Any

import numpy as np

from rdfplugins.errors import InputError, OutputError
from rdfplugins.sink import open_sink

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from rdfplugins.sink import Sink

AT_ONCE = 1 << 18
_CHUNK = 1 << 14
_SAMPLES, _TALLY, _ATTRIBUTES = "samples", "tally", "attributes"
_TYPES: dict[str, Any] = {
    "index": np.uint64, "key": np.uint64, "class_id": np.int32, "multiplicity": np.int32, "weight": np.float64,
    "subsets": np.uint64,
}  # fmt: skip


@dataclasses.dataclass(frozen=True, eq=False)
class Rows:
    """Chosen rows of a sample.

    Attributes
    ----------
    position
        Numbers of the rows within their sample, uint64[n], ascending.
    key
        ``event_key`` of each, uint64[n].
    class_id
        int32[n].
    copies
        How often each is taken, int32[n], at least 1.
    weight
        float64[n].
    subsets
        uint64[n], a bit for each subset of an ensemble that the row is in: its j-th copy belongs to the j-th of them;
        None for other methods.
    """

    position: NDArray[np.uint64]
    key: NDArray[np.uint64]
    class_id: NDArray[np.int32]
    copies: NDArray[np.int32]
    weight: NDArray[np.float64]
    subsets: NDArray[np.uint64] | None = None

    def __len__(self) -> int:
        return len(self.position)

    def take(self, which: NDArray[Any] | slice) -> Rows:
        """Return some of the rows."""
        return Rows(*(None if values is None else values[which] for values in self.columns().values()))  # type: ignore[arg-type]

    def columns(self) -> dict[str, NDArray[Any] | None]:
        """Return name in the index file -> values."""
        return dict(
            zip(
                ("index", "key", "class_id", "multiplicity", "weight", "subsets"),
                (self.position, self.key, self.class_id, self.copies, self.weight, self.subsets),
                strict=True,
            )
        )


def joined(several: Sequence[Rows]) -> Rows:
    """Return rows one after the other."""
    columns = zip(*(rows.columns().values() for rows in several), strict=True)
    return Rows(*(None if any(one is None for one in each) else np.concatenate(each) for each in columns))  # type: ignore[arg-type]


class IndexWriter:
    """Writes an index file row by row; `create` makes one."""

    def __init__(self, file: Any, sink: Sink, *, subsets: bool) -> None:
        self._file = file
        self._sink = sink
        self._names = [name for name in _TYPES if subsets or name != "subsets"]

    def start(self, sample: str, described: Mapping[str, Any]) -> None:
        """Make the group of a sample; ``described`` becomes JSON in its attribute of that name."""
        group = self._file.require_group(_SAMPLES).create_group(sample)
        group.attrs["described"] = json.dumps(described, sort_keys=True)
        for name in self._names:
            group.create_dataset(name, (0,), _TYPES[name], maxshape=(None,), chunks=(_CHUNK,))

    def add(self, sample: str, rows: Rows) -> None:
        """Append rows of a sample, which stand behind those that were added before."""
        group = self._file[_SAMPLES][sample]
        columns = rows.columns()
        for name in self._names:
            data = group[name]
            before = data.shape[0]
            data.resize((before + len(rows),))
            data[before:] = columns[name]
        self._sink.check()

    def finish(self, attributes: Mapping[str, Any], tables: Mapping[str, NDArray[Any]]) -> None:
        """Write what is known of all: attributes as JSON, and numbers of cells."""
        self._file.attrs[_ATTRIBUTES] = json.dumps(attributes, sort_keys=True)
        group = self._file.create_group(_TALLY)
        for name, values in tables.items():
            group.create_dataset(name, data=values, compression="gzip", shuffle=True)


def refuse_foreign(path: Path) -> None:
    """Raise OutputError for a file that is there and no index of ours: a name in a config must cost nobody a file."""
    if not path.exists():
        return
    with contextlib.suppress(InputError), open_index(path):
        return
    raise OutputError(f"{path}: is there, and is no index file of a resampling; remove it, or choose another name")


@contextlib.contextmanager
def create(path: Path, *, subsets: bool) -> Iterator[IndexWriter]:
    """Yield the writer of a new index file."""
    import h5py

    with open_sink(path) as sink:
        with h5py.File(sink, "w") as file:
            yield IndexWriter(file, sink, subsets=subsets)
        sink.check()


class Index:
    """An index file that is open for reading; `open_index` opens one."""

    def __init__(self, path: Path, file: Any) -> None:
        self._path = path
        self._file = file
        self.attributes: dict[str, Any] = json.loads(file.attrs[_ATTRIBUTES])
        self.samples: tuple[str, ...] = tuple(file.get(_SAMPLES, ()))

    def described(self, sample: str) -> dict[str, Any]:
        """Return what was stored of a sample."""
        found: dict[str, Any] = json.loads(self._file[_SAMPLES][sample].attrs["described"])
        return found

    def tables(self) -> dict[str, NDArray[Any]]:
        """Return the numbers of cells."""
        return {name: values[()] for name, values in self._file[_TALLY].items()}

    def length(self, sample: str) -> int:
        """Return how many different rows of a sample are chosen."""
        return int(self._file[_SAMPLES][sample]["index"].shape[0]) if sample in self.samples else 0

    def rows(self, sample: str, size: int = AT_ONCE) -> Iterator[Rows]:
        """Yield the rows of a sample, ``size`` at once."""
        if sample not in self.samples:
            return
        group = self._file[_SAMPLES][sample]
        names = [name for name in _TYPES if name in group]
        for first in range(0, self.length(sample), size):
            found = {name: group[name][first : first + size] for name in names}
            yield Rows(
                found["index"], found["key"], found["class_id"], found["multiplicity"], found["weight"],
                found.get("subsets"),
            )  # fmt: skip

    def verified(self, sample: str, *, entries: int, classes: int) -> Iterator[Rows]:
        """Yield the rows of a sample, as `rows`.

        Parameters
        ----------
        entries
            Rows of its files.
        classes
            How many there are.

        Raises
        ------
        InputError
            For rows that no resampling chooses: the file was damaged, or changed by somebody.
        """
        chunks = self.rows(sample)
        while True:
            try:
                rows = next(chunks, None)
                if rows is None:
                    return
                wrong = _wrong(rows, entries, classes)
            except (KeyError, OSError, ValueError, TypeError) as error:  # h5py raises all of these
                raise self._damaged(sample, " ".join(str(error).split())) from error
            if wrong is not None:
                raise self._damaged(sample, wrong)
            yield rows

    def _damaged(self, sample: str, what: str) -> InputError:
        return InputError(f"{self._path}: damaged index, make it again with --force (sample '{sample}': {what})")


def _wrong(rows: Rows, entries: int, classes: int) -> str | None:
    """Return what is wrong with rows of an index; None if nothing is."""
    if len({len(values) for values in rows.columns().values() if values is not None}) != 1:
        return "its columns differ in length"
    if (rows.copies < 1).any():
        return f"a row is taken {int(rows.copies.min())} times"
    outside = (rows.class_id < 0) | (rows.class_id >= classes)
    if outside.any():
        return f"a row is of class {int(rows.class_id[outside][0])} where there are {classes}"
    if (rows.position >= np.uint64(entries)).any():
        return f"row {int(rows.position.max())} of {entries}"
    return None


@contextlib.contextmanager
def open_index(path: Path) -> Iterator[Index]:
    """Yield an index file.

    Raises
    ------
    InputError
        If it is no index file, or damaged.
    """
    import h5py

    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise InputError(f"{path}: cannot be read as an index file; make it again with --force") from error
    with file:
        try:
            index = Index(path, file)
        except (KeyError, ValueError) as error:
            raise InputError(f"{path}: is no index file of a resampling; remove it") from error
        yield index


def merged(parts: Sequence[Iterator[Rows]]) -> Iterator[Rows]:
    """Yield the rows of several parts of one sample in the order of the sample, in bounded memory."""
    heads = [next(part, None) for part in parts]
    while any(head is not None for head in heads):
        # up to the first end of what was read of a part, nothing can come in between any more
        end = min(head.position[-1] for head in heads if head is not None)
        taken = []
        for number, head in enumerate(heads):
            if head is None:
                continue
            stop = int(np.searchsorted(head.position, end, side="right"))
            taken.append(head.take(slice(0, stop)))
            heads[number] = head.take(slice(stop, None)) if stop < len(head) else next(parts[number], None)
        rows = joined(taken)
        yield rows.take(np.argsort(rows.position, kind="stable"))
