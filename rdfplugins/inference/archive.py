"""``.keras``, the archive of Keras 3: a zip with the description and the weights."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import zipfile
from typing import TYPE_CHECKING

from rdfplugins.errors import ModelError
from rdfplugins.inference import hdf5
from rdfplugins.inference.keras_config import MAX_BYTES, decoded

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rdfplugins.inference.architecture import Architecture
    from rdfplugins.inference.hdf5_guard import Array

_CONFIG = "config.json"
_WEIGHTS = "model.weights.h5"
# double precision, and three times again what the optimiser keeps of each; and what HDF5 itself needs
_BYTES_A_WEIGHT = 8 * 4
_OVERHEAD = 16_000_000
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_AGAIN = "save it again with model.save()"


def read_config(path: Path) -> str:
    """Return the description of the network."""
    with _opened(path) as file:
        return decoded(file.read(_member(file, _CONFIG, MAX_BYTES, path)), f"{path}/{_CONFIG}")


def read_weights(path: Path, architecture: Architecture) -> list[Array]:
    """Return the arrays of ``architecture.weights``, in that order; ModelError as in `hdf5.read_weights`."""
    total = 0
    for _, _, shape in architecture.weights:
        size = 1
        for extent in shape:
            size *= extent
        total += size
    with _opened(path) as file, tempfile.TemporaryFile() as unpacked:
        member = _member(file, _WEIGHTS, _OVERHEAD + _BYTES_A_WEIGHT * total, path)
        with file.open(member) as stream:
            shutil.copyfileobj(stream, unpacked, 1 << 20)  # zipfile ends at the size that the archive declares
        unpacked.seek(0)
        return hdf5.read_weights(unpacked, architecture, f"{path}/{_WEIGHTS}")


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(path) as file:
            yield file
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, EOFError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise ModelError(f"{path}: this is no .keras archive, or it is damaged ({reason}); {_AGAIN}") from error


def _member(file: zipfile.ZipFile, name: str, most: int, path: Path) -> zipfile.ZipInfo:
    found = [info for info in file.infolist() if info.filename == name]
    if len(found) != 1:
        raise ModelError(f"{path}: the archive holds {len(found)} files '{name}' and must hold one; {_AGAIN}")
    info = found[0]
    if info.file_size > most:
        raise ModelError(f"{path}: '{name}' unpacks to {info.file_size:.1e} bytes, more than its network has; {_AGAIN}")
    if info.flag_bits & 1 or info.compress_type not in _METHODS:
        raise ModelError(f"{path}: '{name}' is encrypted or packed in an unusual way, which is not read; {_AGAIN}")
    return info
