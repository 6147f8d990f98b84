"""Compound datasets of HDF5 files as sources: slabs of the chosen fields, and nothing that points to another file."""

from __future__ import annotations

import contextlib
import importlib
import json
from typing import TYPE_CHECKING, Any

import numpy as np

from rdfplugins.config.scalars import shortened
from rdfplugins.errors import InputError, RdfpluginsError, did_you_mean
from rdfplugins.resample.sources.contents import Column, Description

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

_NUMBERS = "biuf"  # kinds of numpy
_LARGEST = 8  # bytes of a number: long double is none that others read
_CACHE = 1 << 20  # bytes of chunks that HDF5 keeps, by itself
_SLOTS = 10_007
_FILTERS = {32001: "blosc", 32004: "lz4", 32008: "bitshuffle", 32013: "zfp", 32015: "zstd", 32026: "blosc2"}
_RECORD = "provenance"
_MAPS = ("labels", "maps", "splits", "units")


@contextlib.contextmanager
def opened(path: Path, *, cache: int = _CACHE) -> Iterator[Any]:
    """Open a file for reading.

    Parameters
    ----------
    cache
        Bytes that a dataset may keep of what was decompressed.

    Raises
    ------
    InputError
        If it is no HDF5 file or is damaged; also where the block finds that it is damaged.
    """
    import h5py

    try:
        with h5py.File(path, "r", locking=False, rdcc_nbytes=cache, rdcc_nslots=_SLOTS) as file:
            yield file
    except RdfpluginsError:
        raise
    except (OSError, RuntimeError, ValueError, KeyError, TypeError, UnicodeError) as error:
        # h5py raises all of these for bytes that make no sense
        raise InputError(f"{path}: cannot be read: {shortened(' '.join(str(error).split()), 150)}") from error


def describe(path: Path, name: str) -> Description:
    """Open a file and say what its dataset ``name`` holds.

    Raises
    ------
    InputError
        If it is no HDF5 file, or damaged; if the dataset is not there, no table of named columns, in another file, or
        compressed by what this h5py does not have.
    """
    with opened(path) as file:
        dataset = table(file, path, name)
        columns = {str(field): _column(dataset.dtype.fields[field][0]) for field in dataset.dtype.names}
        entries = int(dataset.shape[0])
        record = _record(file, dataset)
    return Description(name, entries, columns, "", record)


def table(file: Any, path: Path, name: str) -> Any:
    """Return the compound dataset of one dimension of this name; InputError as `describe`."""
    found = dataset(file, path, name)
    if found.dtype.names is None:
        raise InputError(
            f"{path}: the dataset '{name}' is an array of {found.dtype}, not a table with named columns (a compound"
            " dataset)"
        )
    if found.ndim != 1:
        raise InputError(f"{path}: the dataset '{name}' has {found.ndim} dimensions; a table of rows has one")
    return found


def dataset(file: Any, path: Path, name: str) -> Any:
    """Return a dataset whose rows are in this very file and can be decompressed; InputError if not."""
    import h5py

    at = file
    for part in name.strip("/").split("/"):
        if not isinstance(at, h5py.Group) or (part not in at and at.get(part, getlink=True) is None):
            there = datasets(file)
            has = ", ".join(there) or "none"
            raise InputError(f"{path}: there is no dataset '{name}'{did_you_mean(name, there) or f'; it has {has}'}")
        if isinstance(at.get(part, getlink=True), h5py.ExternalLink):
            raise InputError(f"{path}: '{name}' is a link into another file, which is not followed; name that file")
        at = at[part]
    if not isinstance(at, h5py.Dataset):
        raise InputError(f"{path}: '{name}' is a group, not a dataset; it has {', '.join(at) or 'nothing'}")
    if at.is_virtual:  # a file that is not there would be read as zeros
        raise InputError(f"{path}: the dataset '{name}' is virtual, its rows are in other files; name those files")
    if at.external:
        raise InputError(f"{path}: the rows of '{name}' are stored in another file; write it anew as one file")
    _refuse_filters(path, name, at)
    return at


def datasets(file: Any) -> list[str]:
    """Return the names of the datasets at the top of a file that are in it."""
    import h5py

    hard = [name for name in file if not isinstance(file.get(name, getlink=True), h5py.ExternalLink)]
    return [name for name in hard if file.get(name, getclass=True) is h5py.Dataset]


def _refuse_filters(path: Path, name: str, found: Any) -> None:
    import h5py

    stored = found.id.get_create_plist()
    for number in range(stored.get_nfilters()):
        code = stored.get_filter(number)[0]
        if h5py.h5z.filter_avail(code):
            continue
        with contextlib.suppress(ImportError):
            importlib.import_module("hdf5plugin")  # which makes filters known
        if not h5py.h5z.filter_avail(code):
            known = f" ({_FILTERS[code]})" if code in _FILTERS else ""
            raise InputError(
                f"{path}: '{name}' is compressed by filter {code}{known}, which this h5py does not have; install it"
                " with: pip install hdf5plugin, or write the file with gzip or lzf"
            )


def _column(dtype: np.dtype[Any]) -> Column:
    import h5py

    if dtype.subdtype is not None:
        return Column(f"a vector of {dtype.subdtype[0].name} {list(dtype.shape)}", None)
    if h5py.check_string_dtype(dtype) is not None or dtype.kind in "SU":
        size = f" of {dtype.itemsize} bytes" if dtype.kind == "S" else ""
        return Column(f"text{size}", None)
    if dtype.kind in _NUMBERS and dtype.itemsize <= _LARGEST:
        return Column(dtype.name, dtype.newbyteorder("="))
    words = "an object" if dtype.hasobject else dtype.name
    return Column("a structure" if dtype.names is not None else words, None)


def read(path: Path, name: str, columns: Sequence[str], rows: int) -> Iterator[dict[str, NDArray[Any]]]:
    """Yield columns of numbers as they are stored, at most ``rows`` rows at once."""
    with opened(path, cache=cache_for(path, [name])) as file:
        found = table(file, path, name)
        fields = found.fields(list(columns))
        for start, stop in slabs(found, rows):
            slab = fields[start:stop]
            yield {column: slab[column] for column in columns}


def cache_for(path: Path, names: Iterable[str]) -> int:
    """Return the bytes that datasets must be able to keep of what was decompressed.

    A piece that is larger than HDF5's own cache would be decompressed anew for every slab in it.
    """
    with opened(path) as file:
        return max([_CACHE, *(_piece(dataset(file, path, name)) for name in names)])


def slabs(found: Any, rows: int) -> Iterator[tuple[int, int]]:
    """Yield first and last rows, at most ``rows`` at once, that cut few of the pieces a dataset is compressed in."""
    step = rows
    if found.chunks and found.chunks[0] < rows:
        step -= rows % found.chunks[0]
    for start in range(0, found.shape[0], step):
        yield start, min(start + step, found.shape[0])


def _piece(found: Any) -> int:
    """Return the bytes of what is decompressed at once; 0 for what is stored as it is."""
    return int(np.prod(found.chunks, dtype=np.int64)) * int(found.dtype.itemsize) if found.chunks else 0


def _record(file: Any, found: Any) -> dict[str, Any]:
    """Return what a file says of itself in attributes of ours, of the file or of the dataset; empty for others'."""
    record: dict[str, Any] = {}
    for holder in (found, file):
        for name in (*_MAPS, _RECORD):
            said = _json(holder.attrs.get(name))
            if not isinstance(said, dict):
                continue
            if name == _RECORD:
                record.update(said)
            else:
                record.setdefault(name, said)
    return record


def _json(value: Any) -> Any:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if not isinstance(value, str):
        return None
    try:
        return json.loads(value)
    except ValueError:
        return None


def record_of(path: Path) -> dict[str, Any]:
    """Return what a file of ours says of itself; empty if it says nothing.

    Raises
    ------
    InputError
        If it cannot be read.
    """
    with opened(path) as file:
        said = _json(file.attrs.get(_RECORD))
    return said if isinstance(said, dict) else {}
