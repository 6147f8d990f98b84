"""HDF5 files of strangers, read with care: what points elsewhere, or makes the library load code, is refused unread."""

from __future__ import annotations

import contextlib
import math
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from rdfplugins.config.scalars import shortened
from rdfplugins.errors import ModelError, RdfpluginsError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    Array = NDArray[np.floating[Any]]

_FILTERS = {1: "gzip", 2: "shuffle", 3: "fletcher32", 32000: "lzf"}  # all within h5py: none is a plug-in
_MAX_OBJECTS = 100_000
_MAX_DEPTH = 32
_MAX_ATTRIBUTE = 64_000_000
_MIN_CHUNK = 16_000_000
_AGAIN = "save the weights again with Keras"


@contextlib.contextmanager
def opened(source: Path | IO[bytes], where: str) -> Iterator[Any]:
    """Open an HDF5 file for reading, all its links being inside it.

    Parameters
    ----------
    source
        A file, or one that is open already.
    where
        Its name, for messages.

    Raises
    ------
    ModelError
        If it is no HDF5 file, is damaged, or has external or soft links; also where the block finds that it is damaged.
    """
    import h5py

    try:
        with h5py.File(source, "r", locking=False) as file:
            _check_links(file, where)
            yield file
    except RdfpluginsError:
        raise
    except MemoryError as error:
        raise ModelError(f"{where}: there is not enough memory to read it") from error
    except (OSError, RuntimeError, ValueError, KeyError, TypeError, AttributeError, UnicodeError, IndexError) as error:
        # h5py raises all of these for bytes that make no sense
        reason = shortened(" ".join(str(error).split()), 100)
        raise ModelError(f"{where}: this is no HDF5 file, or it is damaged ({reason}); {_AGAIN}") from error


def _check_links(file: Any, where: str) -> None:
    import h5py

    groups, seen = [(file, 0)], 0
    while groups:
        group, depth = groups.pop()
        for name in group:
            seen += 1
            if seen > _MAX_OBJECTS or depth > _MAX_DEPTH:
                raise ModelError(f"{where}: more objects, or deeper groups, than a network has; {_AGAIN}")
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                path = shortened(f"{group.name}/{name}".replace("//", "/"))
                raise ModelError(f"{where}: '{path}' is a link to somewhere else, which is not followed; {_AGAIN}")
            if group.get(name, getclass=True) is h5py.Group:
                groups.append((group[name], depth + 1))


def text(holder: Any, name: str, where: str) -> str | None:
    """Return an attribute that is one text, bytes or str; None if there is no such attribute."""
    found = _attribute(holder, name, where)
    if found is None:
        return None
    if found.shape != ():
        raise ModelError(f"{where}: the attribute '{name}' is no text; {_AGAIN}")
    return _decoded(found[()])


def texts(holder: Any, name: str, where: str) -> list[str] | None:
    """Return an attribute that is a list of texts; Keras splits long ones into ``name0``, ``name1`` and so on."""
    if name in holder.attrs:
        parts = [_attribute(holder, name, where)]
    else:
        numbered: list[str] = []
        while f"{name}{len(numbered)}" in holder.attrs:
            numbered.append(f"{name}{len(numbered)}")
        parts = [_attribute(holder, part, where) for part in numbered]
    if not parts:
        return None
    if any(part is None or part.ndim != 1 for part in parts):
        raise ModelError(f"{where}: the attribute '{name}' is no list of texts; {_AGAIN}")
    return [_decoded(item) for part in parts if part is not None for item in part]


def _attribute(holder: Any, name: str, where: str) -> NDArray[Any] | None:
    """Return an attribute of texts as an array; what it holds is settled before it is read."""
    import h5py

    if name not in holder.attrs:
        return None
    found = holder.attrs.get_id(name)
    if 0 in found.shape:  # an empty list is written as one of numbers
        return np.empty(found.shape, dtype=object)
    dtype = found.dtype
    is_text = dtype.kind == "S" or h5py.check_string_dtype(dtype) is not None
    if not is_text or math.prod(found.shape) * dtype.itemsize > _MAX_ATTRIBUTE:
        raise ModelError(f"{where}: the attribute '{name}' is no text; {_AGAIN}")
    return np.asarray(holder.attrs[name], dtype=object)


def _decoded(value: object) -> str:
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)


def numbers(group: Any, name: str, shape: tuple[int, ...], where: str) -> Array:
    """Return a dataset of floating-point numbers; what it holds is settled before it is read.

    Parameters
    ----------
    group, name
        Where it is.
    shape
        What its shape must be.

    Returns
    -------
    float16, float32 or float64 of this shape, all finite.

    Raises
    ------
    ModelError
        If it is not there, or has another shape or type, or its data are elsewhere, or need code that we do not have.
    """
    import h5py

    found = group.get(name)
    path = shortened(f"{group.name}/{name}".replace("//", "/"))
    if not isinstance(found, h5py.Dataset):
        raise ModelError(f"{where}: there are no weights '{path}'; {_AGAIN}")
    if found.shape != shape:
        raise ModelError(
            f"{where}: '{path}' has the shape {_shape(found.shape)}, and the description of the network says"
            f" {_shape(shape)}; take the weights that belong to it"
        )
    _check_storage(found, path, where)
    values: Array = found[()] if shape else np.asarray(found[()])
    if not np.isfinite(values).all():
        raise ModelError(f"{where}: '{path}' holds NaN or infinity; the training went wrong or the file is damaged")
    return values if values.dtype.kind == "f" else values.astype(np.float64)


def _check_storage(found: Any, path: str, where: str) -> None:
    import h5py

    if found.dtype.kind not in "fiu" or h5py.check_dtype(enum=found.dtype) is not None:
        raise ModelError(f"{where}: '{path}' holds no floating-point numbers but {found.dtype}; {_AGAIN}")
    if found.dtype.kind in "iu" and found.shape:
        raise ModelError(f"{where}: '{path}' holds whole numbers; weights are floating-point numbers; {_AGAIN}")
    layout = found.id.get_create_plist()
    if found.is_virtual or layout.get_external_count():
        raise ModelError(f"{where}: the numbers of '{path}' are in another file, which is not read; {_AGAIN}")
    for index in range(layout.get_nfilters()):
        code = layout.get_filter(index)[0]
        if code not in _FILTERS:
            raise ModelError(f"{where}: '{path}' is packed with the plug-in filter {code}, which is not run; {_AGAIN}")
    if found.chunks and math.prod(found.chunks) * found.dtype.itemsize > max(_MIN_CHUNK, 2 * found.nbytes):
        raise ModelError(f"{where}: '{path}' is stored in pieces larger than itself; {_AGAIN}")
    if found.size and not found.id.get_storage_size():
        raise ModelError(f"{where}: the numbers of '{path}' were never written; {_AGAIN}")


def _shape(shape: tuple[int, ...] | None) -> str:
    return "none" if shape is None else " x ".join(map(str, shape)) or "of one number"
