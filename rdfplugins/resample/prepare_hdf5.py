"""Rows of HDF5 files -> one file: the table, and all datasets that have a row for each of its rows."""

from __future__ import annotations

import contextlib
import dataclasses
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from rdfplugins import provenance
from rdfplugins.errors import InputError
from rdfplugins.files import claimed
from rdfplugins.resample.sources import hdf5
from rdfplugins.resample.sources.contents import NO_CLASS
from rdfplugins.resample.sources.rows import Plan
from rdfplugins.sink import open_sink

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from rdfplugins.resample.sources.base import Source
    from rdfplugins.resample.sources.contents import SourceFile

CLASS_LABELS = "class_labels"
_OURS = frozenset({provenance.NAME, CLASS_LABELS})
_MEMORY = 128_000_000  # bytes of all datasets at once
_CHUNK = 1 << 20  # bytes that are compressed at once where the input is in one piece
_GZIP = 1


@dataclasses.dataclass(frozen=True)
class _Layout:
    """Type and shape of a dataset: what all files of a sample must have in common."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]

    @property
    def row_bytes(self) -> int:
        return max(1, math.prod(self.shape) * self.dtype.itemsize)


def copy(
    source: Source,
    target: Path,
    *,
    most: int | None,
    rows: int,
    record: Mapping[str, Any],
    class_labels: Sequence[str],
    say: Callable[[str], None],
) -> int:
    """Write the rows of a source that have a class, in their order.

    Parameters
    ----------
    most
        Stop when this many are written; None: write all.
    rows
        How many are read at a time, at most; fewer where they are long.
    record
        The provenance.
    class_labels
        The classes in the order of their numbers.
    say
        Called with a line on what is left behind.

    Returns
    -------
    How many rows were written.

    Raises
    ------
    InputError
        For files that are damaged, or whose datasets differ.
    OutputError
        If it cannot be written.
    """
    layouts, left_behind = _layouts(source)
    if left_behind:
        say(
            f"{source.name}: left behind, as they have no row for each row of '{source.tree}': {', '.join(left_behind)}"
        )
    size = sum(layout.row_bytes for layout in layouts.values())
    step = max(1, min(rows, _MEMORY // size))
    plan = Plan(source.name, source.rules, {})
    with claimed(target) as part, _writing(part) as output:
        made = _create(source.files[0].path, output, layouts)
        output.attrs[CLASS_LABELS] = list(class_labels)
        output.attrs[provenance.NAME] = provenance.to_text(record)
        done = 0
        for file in source.files:
            file.refuse_changed()
            done += _copy_file(source, file, plan, made, (step, done, most))
            if done == most:
                break
    return done


@contextlib.contextmanager
def _writing(part: Path) -> Iterator[Any]:
    import h5py

    with open_sink(part) as sink:
        with h5py.File(sink, "w") as file:
            yield file
        sink.check()


def _layouts(source: Source) -> tuple[dict[str, _Layout], list[str]]:
    """Return the datasets that are copied, and the names of what is left behind in the first file."""
    first = source.files[0]
    layouts, left_behind = _in_file(first, source.tree)
    for file in source.files[1:]:
        found, _ = _in_file(file, source.tree)
        for name in {**layouts, **found}:
            if name not in found or name not in layouts:
                lacking, having = (file, first) if name not in found else (first, file)
                raise InputError(f"{lacking.path}: has no dataset '{name}', which {having.path} has")
            difference = _difference(found[name], layouts[name])
            if difference:
                what, here, there = difference
                raise InputError(
                    f"{file.path}: {what} of dataset '{name}' is {here}, but {there} in {first.path}; a sample has one"
                    " schema"
                )
    return layouts, left_behind


def _difference(one: _Layout, other: _Layout) -> tuple[str, str, str] | None:
    """Return what tells rows of two files apart, and how it is in each; None if one can be stored as the other.

    The order of columns does not matter, nor that of bytes.
    """
    if one.shape != other.shape:
        return "the shape of a row", str(list(one.shape)), str(list(other.shape))
    mine, its = _types(one.dtype), _types(other.dtype)
    for column in {**its, **mine}:
        here, there = mine.get(column, "not there"), its.get(column, "not there")
        if here != there:
            return f"column '{column}'" if column else "the type", here, there
    return None


def _types(dtype: np.dtype[Any]) -> dict[str, str]:
    """Return column -> type; of a plain type the name of the column is empty."""
    columns = {"": dtype} if dtype.names is None else {str(name): dtype[name] for name in dtype.names}
    return {name: str(one.newbyteorder("=")) for name, one in columns.items()}


def _in_file(file: SourceFile, table: str) -> tuple[dict[str, _Layout], list[str]]:
    import h5py

    with hdf5.opened(file.path) as opened:
        found = {table: _layout(opened[table])}
        left_behind = []
        for name in opened:
            if name == table:
                continue
            if opened.get(name, getclass=True, getlink=True) is not h5py.ExternalLink and _goes_along(
                opened, name, file.entries
            ):
                found[name] = _layout(hdf5.dataset(opened, file.path, name))
            else:
                left_behind.append(name)
    return found, left_behind


def _goes_along(opened: Any, name: str, entries: int) -> bool:
    import h5py

    if opened.get(name, getclass=True) is not h5py.Dataset:
        return False
    shape = opened[name].shape
    return bool(shape) and shape[0] == entries


def _layout(dataset: Any) -> _Layout:
    return _Layout(dataset.dtype, tuple(dataset.shape[1:]))


def _create(first: Path, output: Any, layouts: Mapping[str, _Layout]) -> dict[str, Any]:
    """Create empty datasets as those of the first file are: chunks, compression, attributes."""
    made = {}
    with hdf5.opened(first) as opened:
        _copy_attributes(opened, output)
        for name, layout in layouts.items():
            like = opened[name]
            made[name] = output.create_dataset(
                name,
                shape=(0, *layout.shape),
                maxshape=(None, *layout.shape),
                dtype=layout.dtype,
                chunks=like.chunks or (max(1, _CHUNK // layout.row_bytes), *layout.shape),
                track_times=False,
                **_compression(like),
            )
            _copy_attributes(like, made[name])
    return made


def _compression(like: Any) -> dict[str, Any]:
    """Return the compression of a dataset; gzip in place of what not every HDF5 reads."""
    if not like.id.get_create_plist().get_nfilters():
        return {}
    if like.compression == "lzf":
        return {"compression": "lzf", "shuffle": like.shuffle}
    level = like.compression_opts if like.compression == "gzip" else _GZIP
    return {"compression": "gzip", "compression_opts": level, "shuffle": like.shuffle}


def _copy_attributes(given: Any, taken: Any) -> None:
    import h5py

    for name in given.attrs:
        if name in _OURS:
            continue
        dtype, value = given.attrs.get_id(name).dtype, given.attrs[name]
        if h5py.check_ref_dtype(dtype) is None:  # references point into the other file
            taken.attrs.create(name, value, dtype=dtype if isinstance(value, np.ndarray) else None)


def _copy_file(
    source: Source, file: SourceFile, plan: Plan, made: Mapping[str, Any], limits: tuple[int, int, int | None]
) -> int:
    """Append the rows of a file, and return how many; ``limits``: rows at a time, rows written before, rows at most."""
    step, before, most = limits
    done = 0
    with hdf5.opened(file.path, cache=hdf5.cache_for(file.path, made)) as opened:
        table = hdf5.table(opened, file.path, source.tree)
        others = {name: hdf5.dataset(opened, file.path, name) for name in made if name != source.tree}
        for start, stop in hdf5.slabs(table, step):
            rows = table[start:stop]
            raw = {name: rows[name] for name in plan.columns}
            chunk = plan.chunk(raw, stop - start, start=start, file=file, entry=start)
            kept = np.flatnonzero(chunk.class_id != NO_CLASS)
            if most is not None:
                kept = kept[: most - before - done]
            if len(kept):
                _append(made[source.tree], rows[kept])
                for name, other in others.items():
                    _append(made[name], _rows_of(other, start, kept))
            done += len(kept)
            if before + done == most:
                break
    return done


def _rows_of(dataset: Any, start: int, kept: NDArray[np.intp]) -> NDArray[Any]:
    """Return some rows of a slab that begins at ``start``; what lies before and behind them is not read."""
    first, last = int(kept[0]), int(kept[-1]) + 1
    slab = dataset[start + first : start + last]
    return np.asarray(slab if len(kept) == last - first else slab[kept - first])


def _append(dataset: Any, rows: NDArray[Any]) -> None:
    done = dataset.shape[0]
    dataset.resize(done + len(rows), axis=0)
    dataset[done:] = rows
