"""Chosen rows of HDF5 files into one: the table, and datasets that have a row for each of its rows."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from rdfplugins import provenance
from rdfplugins.errors import InputError, OutputError, did_you_mean
from rdfplugins.resample.sources import hdf5
from rdfplugins.resample.write import order, storage
from rdfplugins.resample.write.columns import Column, Table
from rdfplugins.resample.write.pieces import grouped, runs
from rdfplugins.resample.write.spill import HEADER, Spill

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from rdfplugins.resample.index import Rows
    from rdfplugins.resample.write.pieces import Sample
    from rdfplugins.sink import Sink

CLASS_LABELS = "class_labels"
_OURS = (provenance.NAME, CLASS_LABELS)
_TYPES = {"class_id": "<i4", "source_sample": "<i4", "event_key": "<u8", "copy_number": "<i4",
          "sample_weight": "<f8", "subset": "<i4"}  # fmt: skip
_SLAB = 1 << 22  # bytes that are read at once, at least


def describe(path: Path, name: str, sample: str) -> Table:
    """Return the columns of a table.

    Raises
    ------
    InputError
        If it cannot be read, or has columns of variable length.
    """
    with hdf5.opened(path) as file:
        found = hdf5.table(file, path, name)
        fields = {field: found.dtype.fields[field][0] for field in found.dtype.names}
        entries = int(found.shape[0])
    for field, dtype in fields.items():
        _refuse_objects(path, f"column '{field}'", dtype)
    return Table(path, sample, entries, {name: Column(str(dtype), str(dtype)) for name, dtype in fields.items()})


@dataclasses.dataclass(frozen=True)
class Other:
    """A dataset beside the table: what each of its rows has.

    Attributes
    ----------
    dtype, shape
        Those of the first file.
    labels
        Fields that are written once more.
    """

    name: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    labels: tuple[str, ...]


def describe_others(
    files: Sequence[tuple[Path, str]], names: Sequence[str], labels: Mapping[str, Sequence[str]]
) -> list[Other]:
    """Return what datasets beside the table hold.

    Parameters
    ----------
    files
        With the name of the table.
    names
        Of the datasets.
    labels
        Dataset -> fields that are written once more.

    Raises
    ------
    InputError
        If one is not there, has no row for each row of the table, holds something else in another file, or has no such
        field.
    """
    found: list[Other] = []
    for path, table in files:
        with hdf5.opened(path) as file:
            rows = hdf5.table(file, path, table).shape[0]
            here = [_other(hdf5.dataset(file, path, name), path, name, rows, labels) for name in names]
        found = found or here
        for first, other in zip(found, here, strict=True):
            if (other.shape, _fields(other.dtype)) != (first.shape, _fields(first.dtype)):
                raise InputError(
                    f"{path}: dataset '{other.name}' holds {_told(other)}, but {_told(first)} in {files[0][0]}; make"
                    " them the same"
                )
    return found


def _other(dataset: Any, path: Path, name: str, rows: int, labels: Mapping[str, Sequence[str]]) -> Other:
    if not dataset.shape or dataset.shape[0] != rows:
        raise InputError(
            f"{path}: dataset '{name}' has shape {list(dataset.shape)}, and no row for each of the {rows} rows of the"
            " table"
        )
    _refuse_objects(path, f"dataset '{name}'", dataset.dtype)
    fields = dataset.dtype.names or ()
    for field in labels.get(name, ()):
        if field not in fields:
            raise InputError(f"{path}: dataset '{name}' has no field '{field}'{did_you_mean(field, fields)}")
    return Other(name, dataset.dtype, tuple(dataset.shape[1:]), tuple(labels.get(name, ())))


def _fields(dtype: np.dtype[Any]) -> Any:
    return {name: dtype[name] for name in dtype.names} if dtype.names else dtype


def _told(other: Other) -> str:
    kind = f"columns {', '.join(other.dtype.names)}" if other.dtype.names else str(other.dtype)
    return f"{kind}, {list(other.shape)} a row" if other.shape else kind


def _refuse_objects(path: Path, what: str, dtype: np.dtype[Any]) -> None:
    if dtype.hasobject:
        raise InputError(f"{path}: {what} has variable length, which is not copied; write it with a fixed one")


@dataclasses.dataclass(frozen=True)
class Plan:
    """What an output holds.

    Attributes
    ----------
    first
        The file whose attributes and compression are taken.
    table
        Name of its table.
    columns
        Columns of the table that are kept.
    extras
        What each new column is -> its name; empty: there is none.
    others
        Datasets beside the table.
    seed
        Of the order of shuffled rows.
    memory
        Bytes that reading may take.
    """

    first: Path
    table: str
    columns: Sequence[str]
    extras: Mapping[str, str]
    others: Sequence[Other]
    seed: int
    memory: int


class Hdf5Output:
    """The file that is written.

    Parameters
    ----------
    file, sink
        Of `storage.writing`.
    spill
        Makes what sorts the rows, of records of a type; None: they stay in their order.
    """

    def __init__(self, file: Any, sink: Sink, plan: Plan, spill: Callable[[np.dtype[Any]], Spill] | None) -> None:
        self._file = file
        self._sink = sink
        self._plan = plan
        self._extras = {what: name for what, name in plan.extras.items() if name}
        self._labels: dict[str, storage.Table] = {}
        self._made = self._create()
        self._fields = [f"d{i}" for i in range(len(self._made))]
        sizes = [f"V{made.size}" for made in self._made.values()]
        self._record = np.dtype([*HEADER, *zip(self._fields, sizes, strict=True)])
        self._spill = spill(self._record) if spill is not None else None
        self._rows = 0

    def _create(self) -> dict[str, storage.Table]:
        """Return the datasets that get rows, and make those for labels."""
        first, table = self._plan.first, self._plan.table
        with hdf5.opened(first) as opened:
            storage.copy_attributes(opened, self._file, _OURS)
            like = hdf5.table(opened, first, table)
            new = [(name, np.dtype(_TYPES[what])) for what, name in self._extras.items()]
            dtype = np.dtype([*_some(like.dtype, self._plan.columns), *new])
            made = {table: storage.Table(self._file, table, (dtype, ()), like=like, without=_OURS)}
            for other in self._plan.others:
                data = hdf5.dataset(opened, first, other.name)
                dtype = _packed(other.dtype)
                made[other.name] = storage.Table(self._file, other.name, (dtype, other.shape), like=data, without=_OURS)
                if other.labels:
                    dtype, name = np.dtype(_some(other.dtype, other.labels)), f"Y_{other.name}_train"
                    self._labels[other.name] = storage.Table(
                        self._file, name, (dtype, other.shape), like=data, without=tuple(data.attrs)
                    )
        return made

    def read(self, sample: Sample, tick: Callable[[int], None]) -> None:
        """Take rows of a sample; ``tick`` is called with the number of copies that were taken."""
        for path, rows, datasets in _slabs(sample, self._plan):
            if sample.checked:
                _check_keys(path, datasets[0], rows)
            copies = _Copies(rows, sample.number)
            bytes_ = [self._table_rows(datasets[0], copies)]
            for other, data in zip(self._plan.others, datasets[1:], strict=True):
                made = self._made[other.name]
                bytes_.append(storage.opaque(_alike(data, made.dtype), made.size).take(copies.which))
            if self._spill is None:
                self._write(bytes_)
            else:
                self._spill.add(self._records(copies, bytes_))
            tick(len(copies.which))

    def _table_rows(self, data: NDArray[Any], copies: _Copies) -> NDArray[Any]:
        made, n = self._made[self._plan.table], len(copies.which)
        kept = np.dtype(_some(made.dtype, self._plan.columns))
        rows = storage.opaque(_alike(data, kept), kept.itemsize).take(copies.which)
        out = np.empty(n, made.dtype)
        # the columns of the input are in front: their bytes go in one piece
        out.view(np.uint8).reshape(n, made.size)[:, : kept.itemsize] = rows.view(np.uint8).reshape(n, kept.itemsize)
        for what, name in self._extras.items():
            out[name] = copies.value(what)
        return storage.opaque(out, made.size)

    def _records(self, copies: _Copies, bytes_: Sequence[NDArray[Any]]) -> NDArray[Any]:
        records = np.empty(len(copies.which), self._record)
        records["key"] = copies.value("event_key")
        records["copy"] = copies.number
        records["source"] = copies.source
        records["hash"] = order.marks(self._plan.seed, records["key"], copies.number)
        for field, one in zip(self._fields, bytes_, strict=True):
            records[field] = one
        return records

    def _write(self, bytes_: Sequence[NDArray[Any]]) -> None:
        for (name, made), rows in zip(self._made.items(), bytes_, strict=True):
            made.add(rows)
            if name in self._labels:
                labels = self._labels[name]
                typed = made.rows(rows)
                some = np.empty(typed.shape, labels.dtype)
                for field in labels.dtype.names or ():
                    some[field] = typed[field]
                labels.add(storage.opaque(some, labels.size))
        self._rows += len(bytes_[0])
        if self._sink.error is not None:
            raise OutputError(f"cannot be written: {self._sink.error.strerror}") from self._sink.error

    def finish(self, attributes: Mapping[str, Any]) -> int:
        """Write all that is left, and attributes of the file; return the number of rows."""
        if self._spill is not None:
            at_once = max(1, _SLAB // self._record.itemsize)
            for block in self._spill.blocks(at_once):
                self._write([block[field] for field in self._fields])
        for table in (*self._made.values(), *self._labels.values()):
            table.flush()
        for name, value in attributes.items():
            self._file.attrs[name] = value
        return self._rows


class _Copies:
    """Copies of rows of a sample."""

    def __init__(self, rows: Rows, source: int) -> None:
        self._rows = rows
        self.source = source
        self.which = np.repeat(np.arange(len(rows)), rows.copies)
        self.number = order.numbers(rows.copies)

    def value(self, what: str) -> Any:
        """Return the values of a new column."""
        if what == "copy_number":
            return self.number
        if what == "source_sample":
            return self.source
        rows = self._rows
        if what == "subset":
            assert rows.subsets is not None
            return order.subsets(rows.subsets[self.which], self.number)
        values: dict[str, NDArray[Any]] = {
            "class_id": rows.class_id,
            "event_key": rows.key,
            "sample_weight": rows.weight,
        }
        return values[what][self.which]


def _slabs(sample: Sample, plan: Plan) -> Iterator[tuple[Path, Rows, list[NDArray[Any]]]]:
    """Yield rows, and what the datasets hold of them, in slabs of bounded size."""
    names = [sample.table, *(other.name for other in plan.others)]
    for file, some in grouped(sample.pieces):
        path = sample.files[file]
        with hdf5.opened(path, cache=hdf5.cache_for(path, names)) as opened:
            datasets = [hdf5.dataset(opened, path, name) for name in names]
            step = _step(datasets, plan.memory)
            for piece in some:
                for run in runs(piece.rows.position // np.uint64(step)):
                    rows = piece.rows.take(run)
                    first, last = int(rows.position[0]), int(rows.position[-1]) + 1
                    slabs = [one[first:last] for one in datasets]
                    if len(rows) < last - first:
                        within = (rows.position - np.uint64(first)).astype(np.intp)
                        slabs = [slab[within] for slab in slabs]
                    yield path, rows, slabs


def _step(datasets: Sequence[Any], memory: int) -> int:
    """Return how many rows are read at once, at most."""
    size = sum(int(one.dtype.itemsize) * int(np.prod(one.shape[1:], dtype=np.int64)) for one in datasets)
    step = max(1, max(_SLAB, memory // 16) // max(1, size))
    pieces = int(datasets[0].chunks[0]) if datasets[0].chunks else 1
    return step - step % pieces if step > pieces else step


def _some(dtype: np.dtype[Any], names: Iterable[str]) -> list[tuple[str, np.dtype[Any]]]:
    """Return fields of a type."""
    assert dtype.fields is not None
    return [(name, dtype.fields[name][0]) for name in names]


def _packed(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return a type without gaps."""
    return np.dtype(_some(dtype, dtype.names)) if dtype.names else dtype


def _alike(data: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return rows with the fields of a type, in its order and without gaps."""
    if data.dtype == dtype or not dtype.names:
        return data
    made = np.empty(data.shape, dtype)
    for name in dtype.names:
        made[name] = data[name]
    return made


def _check_keys(path: Path, data: NDArray[Any], rows: Rows) -> None:
    wrong = np.flatnonzero(data["event_key"].astype(np.uint64) != rows.key)
    if len(wrong):
        raise InputError(
            f"{path}: row {int(rows.position[wrong[0]])} has another event_key than when it was chosen; choose again"
        )
