"""Small files of both formats, and what a row of them is, row by row, for tests of sources."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from rdfplugins.config.models import Config, load_any
from rdfplugins.resample.sources import resolve
from rdfplugins.select import freshness
from rdfplugins.simulate import trees

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rdfplugins.config.models import TrainingConfig
    from rdfplugins.resample.sources import Sources

MASK = (1 << 64) - 1


def table(rows: int = 200, *, first: int = 0, seed: int = 1) -> dict[str, Any]:
    """Return columns of several types: run and event (which count on from ``first``), pt, y, label, split, key."""
    number = np.arange(first, first + rows)
    random = np.random.default_rng([seed, first])
    pt = random.exponential(50.0, rows).astype(np.float32)
    pt[3::50] = np.nan
    return {
        "run": (number % 7 - 3).astype(np.int32),
        "event": (number * 1_000_003).astype(np.int64),
        "pt": pt,
        "y": random.normal(size=rows),
        "label": random.choice([0, 4, 5, 15], rows).astype(np.int32),
        "split": random.choice(3, rows, p=[0.6, 0.2, 0.2]).astype(np.int32),
        "key": random.integers(0, MASK, rows, dtype=np.uint64),
        "good": random.random(rows) > 0.3,
    }


def write_root(path: Path, columns: Mapping[str, Any], *, tree: str = "events") -> Path:
    """Write arrays as scalar branches."""
    made = {name: trees.Column(np.asarray(values)) for name, values in columns.items()}
    trees.write_tree(path, tree, made, title="test")
    return path


def as_records(columns: Mapping[str, Any], types: Mapping[str, str] | None = None) -> Any:
    """Return columns as a structured array; ``types`` replace those of some."""
    arrays = {name: np.asarray(values) for name, values in columns.items()}
    dtype = [(name, (types or {}).get(name, array.dtype), array.shape[1:]) for name, array in arrays.items()]
    rows = np.zeros(len(next(iter(arrays.values()))), dtype)
    for name, array in arrays.items():
        rows[name] = array
    return rows


def write_hdf5(
    path: Path,
    columns: Mapping[str, Any],
    *,
    name: str = "jets",
    types: Mapping[str, str] | None = None,
    more: Mapping[str, Any] | None = None,
    **options: Any,
) -> Path:
    """Write arrays as a compound dataset, and ``more`` as datasets beside it."""
    with h5py.File(path, "w") as file:
        file.create_dataset(name, data=as_records(columns, types), **options)
        for other, values in (more or {}).items():
            file.create_dataset(other, data=values)
    return path


def write(path: Path, columns: Mapping[str, Any]) -> Path:
    """Write columns in the format that the name of the file says."""
    return write_root(path, columns) if path.suffix == ".root" else write_hdf5(path, columns)


def config(folder: Path, text: str) -> Config | TrainingConfig:
    """Write and load a config."""
    path = folder / "config.yaml"
    path.write_text(textwrap.dedent(text))
    return load_any(path)


def sources_of(folder: Path, text: str, split: Any = "train") -> Sources:
    """Resolve a config in a folder; outputs are in ``folder/out``."""
    loaded = config(folder, text)
    outdated = freshness.outdated(loaded, folder / "out") if isinstance(loaded, Config) else {}
    return resolve(loaded, folder / "out", split, outdated=outdated)


# -- keys, one row at a time, from the definitions in hash.h alone


def mix(z: int) -> int:
    z = (z + 0x9E3779B97F4A7C15) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def fnv(text: str) -> int:
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = ((value ^ byte) * 0x100000001B3) & MASK
    return value


def event_key(sample: str, numbers: list[int]) -> int:
    key = fnv(sample)
    for number in numbers:
        key = mix(mix(key) ^ (number & MASK))
    return key
