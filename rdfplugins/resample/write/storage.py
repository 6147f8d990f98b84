"""Datasets of HDF5 that are made like others, and appended to in whole chunks."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import numpy as np

from rdfplugins.errors import InputError
from rdfplugins.sink import open_sink

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from rdfplugins.sink import Sink

_CHUNK = 1 << 20  # bytes that are compressed at once
_LEVEL = 1  # of gzip


@contextlib.contextmanager
def writing(part: Path) -> Iterator[tuple[Any, Sink]]:
    """Yield a new HDF5 file, and what keeps its first error."""
    import h5py

    with open_sink(part) as sink:
        with h5py.File(sink, "w") as file:
            yield file, sink
        sink.check()


def opaque(rows: NDArray[Any], size: int) -> NDArray[Any]:
    """Return rows of any type and shape, [n, ...], as bytes, [n] of numpy's void: these are copied as they are."""
    flat = np.ascontiguousarray(rows).reshape(len(rows), -1)
    return flat.view(np.uint8).reshape(len(rows), size).view(f"V{size}").reshape(len(rows))


class Table:
    """A dataset that grows.

    Parameters
    ----------
    file
        Of h5py.
    name
        Of the dataset.
    row
        Type and shape of what a row has.
    like
        A dataset whose compression is taken, gzip in place of what not every HDF5 reads, and whose attributes are.
    without
        Names of attributes that are not taken.
    """

    def __init__(
        self,
        file: Any,
        name: str,
        row: tuple[np.dtype[Any], tuple[int, ...]],
        *,
        like: Any,
        without: Collection[str] = (),
    ) -> None:
        dtype, shape = self.dtype, self.shape = row
        self.size = dtype.itemsize * int(np.prod(shape, dtype=np.int64))
        rows = max(1, _CHUNK // max(1, self.size))
        try:
            self.dataset = file.create_dataset(
                name, shape=(0, *shape), maxshape=(None, *shape), chunks=(rows, *shape), dtype=dtype,
                track_times=False, **compression(like),
            )  # fmt: skip
        except (ValueError, RuntimeError) as error:
            raise InputError(
                f"'{name}' has {len(dtype.names or ())} columns, more than HDF5 can describe (64 kB with their names)"
            ) from error
        copy_attributes(like, self.dataset, without)
        self._waiting = np.empty(rows, f"V{self.size}")
        self._filled = 0

    def add(self, rows: NDArray[Any]) -> None:
        """Append `opaque` rows."""
        begin = 0
        while begin < len(rows):
            some = rows[begin : begin + len(self._waiting) - self._filled]
            self._waiting[self._filled : self._filled + len(some)] = some
            self._filled += len(some)
            begin += len(some)
            if self._filled == len(self._waiting):
                self.flush()

    def flush(self) -> None:
        """Write what waits."""
        if not self._filled:
            return
        done = self.dataset.shape[0]
        self.dataset.resize(done + self._filled, axis=0)
        self.dataset[done:] = self.rows(self._waiting[: self._filled])
        self._filled = 0

    def rows(self, rows: NDArray[Any]) -> NDArray[Any]:
        """Return `opaque` rows as what they are."""
        typed: NDArray[Any] = np.ascontiguousarray(rows).view(np.uint8).view(self.dtype)
        return typed.reshape(len(rows), *self.shape)


def compression(like: Any) -> dict[str, Any]:
    """Return how a dataset is compressed, as parameters of h5py."""
    if not like.id.get_create_plist().get_nfilters():
        return {}
    if like.compression == "lzf":
        return {"compression": "lzf", "shuffle": like.shuffle}
    return {"compression": "gzip", "compression_opts": _LEVEL, "shuffle": True}


def copy_attributes(given: Any, taken: Any, without: Collection[str]) -> None:
    """Copy attributes, but for references, which point into the other file."""
    import h5py

    for name in given.attrs:
        dtype = given.attrs.get_id(name).dtype
        if name not in without and h5py.check_ref_dtype(dtype) is None:
            value = given.attrs[name]
            taken.attrs.create(name, value, dtype=dtype if isinstance(value, np.ndarray) else None)
