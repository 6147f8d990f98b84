"""Small resamplings, as lists of rows that are counted one by one, and files that go with them."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from rdfplugins.resample.binning import Axis, Grid
from rdfplugins.resample.sources import Column, Source, SourceFile, Sources
from rdfplugins.resample.sources.keys import KeyRule
from rdfplugins.resample.sources.rows import Labels, Rules
from rdfplugins.resample.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

CLASSES = ("ujets", "cjets", "bjets")


@dataclasses.dataclass(frozen=True)
class Row:
    """A row in range: class, category, bins of its variables, copies in the output, weight of each."""

    class_id: int
    category: int
    bins: tuple[int, ...]
    copies: int
    weight: float = 1.0


def grid(*edges: Sequence[float], gaps: tuple[int, ...] = ()) -> Grid:
    """Return bins of variables called pt, eta, phi; gaps are those of the first."""
    names = ("pt", "eta", "phi")
    return Grid(
        tuple(
            Axis(names[place], names[place], np.asarray(one, np.float64), gaps if place == 0 else ())
            for place, one in enumerate(edges)
        )
    )


def tally_of(
    rows: Sequence[Row],
    grids: Sequence[Grid],
    *,
    method: str = "pdf",
    classes: Sequence[str] = CLASSES,
    categories: Sequence[str] = ("",),
    target: Sequence[Sequence[float]] | int | None = None,
    unused: dict[str, dict[str, int]] | None = None,
    subsets: int = 0,
) -> Tally:
    """Count rows one by one; ``target`` is a shape for each category, or the class that it is."""
    tables: dict[str, list[Any]] = {
        name: [np.zeros((len(classes), one.bins), kind) for one in grids]
        for name, kind in (
            ("before", np.int64), ("after", np.int64), ("distinct", np.int64), ("weights", float), ("squares", float),
            ("variances", float),
        )
    }  # fmt: skip
    most = max((row.copies for row in rows), default=0)
    copies = [np.zeros(most + 1, np.int64) for _ in classes]
    for row in rows:
        place = 0
        for number, size in zip(row.bins, grids[row.category].shape, strict=True):
            place = place * size + number
        where = row.category, row.class_id, place
        for name, value in (
            ("before", 1), ("after", row.copies), ("distinct", int(row.copies > 0)),
            ("weights", row.copies * row.weight), ("squares", row.copies * row.weight**2),
            ("variances", (row.copies * row.weight) ** 2),
        ):  # fmt: skip
            tables[name][where[0]][where[1], where[2]] += value
        copies[row.class_id][row.copies] += 1
    shapes = None
    if isinstance(target, int):
        shapes = tuple(one[target].astype(float) for one in tables["before"])
    elif target is not None:
        shapes = tuple(np.asarray(one, np.float64) for one in target)
    lost = [
        (before.sum(axis=0) > 0) & (after.sum(axis=0) == 0)
        for before, after in zip(tables["before"], tables["after"], strict=True)
    ]
    return Tally(
        method, tuple(classes), tuple(categories), tuple(grids), **{name: tuple(one) for name, one in tables.items()},
        target=shapes, lost=tuple(lost), copies=tuple(copies), unused=unused or {}, subsets=subsets,
    )  # fmt: skip


def some_rows(
    count: int, shape: Sequence[int], *, classes: int = 3, categories: int = 1, seed: int = 1, weighted: bool = False
) -> list[Row]:
    """Return rows whose first variable falls, differently for each class."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        class_id = min(int(rng.exponential(classes / 3)), classes - 1)
        fall = 0.2 + 0.08 * (class_id % 4)
        bins = [min(int(size * rng.exponential(fall)), size - 1) for size in shape[:1]]
        bins += [int(rng.integers(size)) for size in shape[1:]]
        copies = int(rng.poisson(1.2))
        weight = float(rng.uniform(0.5, 2.0)) if weighted else 1.0
        found.append(Row(class_id, int(rng.integers(categories)), tuple(bins), copies, weight))
    return found


def write_table(path: Path, columns: dict[str, np.ndarray]) -> Path:
    """Write columns as the compound dataset ``jets``."""
    size = len(next(iter(columns.values())))
    table = np.zeros(size, [(name, values.dtype, values.shape[1:]) for name, values in columns.items()])
    for name, values in columns.items():
        table[name] = values
    with h5py.File(path, "w") as file:
        file["jets"] = table
    return path


def sources_of(paths: Sequence[Path], *, classes: Sequence[str] = CLASSES, says: Sequence[str] = ()) -> Sources:
    """Return a source for each file of `write_table`, with classes in ``label`` and keys in ``event_key``."""
    found = []
    for number, path in enumerate(paths):
        with h5py.File(path) as file:
            dtype, entries = file["jets"].dtype, len(file["jets"])
        columns = {
            name: Column(str(dtype[name]), None if dtype[name].shape else np.dtype(dtype[name])) for name in dtype.names
        }
        numbers = tuple(range(len(classes)))
        rules = Rules(columns, KeyRule(path.stem, ("event_key",), stored=True), Labels("label", numbers, numbers))
        size, mtime = path.stat().st_size, path.stat().st_mtime
        file_of = SourceFile(path, entries, size, mtime, "")
        found.append(
            Source(path.stem, number, "", "hdf5", "jets", (file_of,), entries, tuple(columns), "event_key", rules)
        )
    return Sources(tuple(classes), ("",), tuple(found), {}, tuple(says))


def jets(rows: int, *, seed: int = 1, classes: int = 3) -> dict[str, np.ndarray]:
    """Return columns of jets as a file of sources has them."""
    rng = np.random.default_rng(seed)
    label = rng.integers(0, classes, rows).astype(np.int32)
    mass = rng.normal(5.0 + label, 1.0).astype(np.float32)
    return {
        "event_key": rng.integers(0, 2**63, rows).astype(np.uint64),
        "label": label,
        "pt": rng.exponential(50.0 + 20.0 * label),
        "mass": mass,
        "n_tracks": rng.poisson(4 + label).astype(np.int16),
        "quality": rng.random(rows) < 0.5,
        "hits": rng.normal(size=(rows, 3)).astype(np.float32),
    }
