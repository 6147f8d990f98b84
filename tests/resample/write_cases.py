"""Samples to be written, rows chosen of them, and what must be true of the output."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import awkward as ak
import numpy as np
import uproot

from rdfplugins.resample.index import Rows
from rdfplugins.resample.write import write
from rdfplugins.resample.write.order import marks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from rdfplugins.resample.write import Written

NEW = ("class_id", "source_sample", "copy_number", "sample_weight")


def keys(file: int, entries: int) -> NDArray[np.uint64]:
    """Return the keys of the rows of a file, which tell number of the file and row."""
    return (np.uint64(file) << np.uint64(40)) + np.arange(entries, dtype=np.uint64)


def file_of(key: NDArray[np.uint64]) -> NDArray[np.int64]:
    return (key >> np.uint64(40)).astype(np.int64)


def row_of(key: NDArray[np.uint64]) -> NDArray[np.int64]:
    return (key & np.uint64((1 << 40) - 1)).astype(np.int64)


def tree(path: Path, number: int, entries: int, *, tree: str = "events", step: int = 400, **more: Any) -> Path:
    """Write a tree with scalars and a counted array, with other numbers in each file; ``more``: name -> type."""
    types = {"event_key": "u8", "x": "f4", "flag": "bool", "i": "i4", "v": "var * float64", **more}
    rng = np.random.default_rng(number)
    with uproot.recreate(path) as file:
        file.mktree(tree, types)
        for begin in range(0, entries, step):
            n = min(step, entries - begin)
            counts = rng.integers(0, 5 + number, n)
            values = {
                "event_key": keys(number, entries)[begin : begin + n],
                "x": rng.normal(size=n).astype("f4"),
                "flag": rng.random(n) < 0.5,
                "i": rng.integers(-9, 9, n).astype("i4"),
                "v": ak.unflatten(rng.normal(size=counts.sum()), counts),
            }
            file[tree].extend({**values, **{name: np.full(n, number, kind) for name, kind in more.items()}})
    return path


def sample(
    name: str,
    number: int,
    files: Sequence[tuple[Path, int]],
    *,
    table: str = "events",
    kind: str = "root",
    key_is: str = "event_key",
) -> Any:
    """Return a source: path and number of rows of each of its files."""

    def refuse_changed() -> None:
        """Whether it has changed is not looked at."""

    made = [SimpleNamespace(path=path, entries=entries, refuse_changed=refuse_changed) for path, entries in files]
    return SimpleNamespace(
        name=name, number=number, files=tuple(made), tree=table, kind=kind, key_is=key_is, category="c",
        entries=sum(entries for _, entries in files),
    )  # fmt: skip


def sources(*samples: Any) -> Any:
    return SimpleNamespace(all=tuple(samples), classes=("signal", "other"), categories=("c",))


def chosen(
    *numbered: Any, seed: int = 1, fraction: float = 0.6, most: int = 3, chunk: int = 250
) -> Callable[[Any], Iterator[Rows]]:
    """Return rows of the samples: of each a part, up to ``most`` times; they depend on their keys alone.

    ``numbered``: the numbers of the files, for each sample.
    """
    files = dict(zip([source.name for source, _ in numbered], [found for _, found in numbered], strict=True))

    def rows(source: Any) -> Iterator[Rows]:
        key = np.concatenate(
            [keys(number, file.entries) for number, file in zip(files[source.name], source.files, strict=True)]
        )
        draw = np.random.default_rng(seed).random((4, 1 << 14))  # by key: another order of files draws the same
        at = ((key * np.uint64(2654435761)) % np.uint64(1 << 14)).astype(int)
        taken = np.flatnonzero(draw[0, at] < fraction)
        copies = (1 + draw[1, at] * most).astype(np.int32)
        for begin in range(0, max(1, len(taken)), chunk):
            some = taken[begin : begin + chunk]
            yield Rows(
                some.astype(np.uint64), key[some], np.full(len(some), source.number, np.int32), copies[some],
                draw[2, at][some], (draw[3, at][some] * 1e15).astype(np.uint64) | np.uint64(7),
            )  # fmt: skip

    return rows


def run(target: Path, given: Any, rows: Callable[[Any], Iterator[Rows]], **more: Any) -> tuple[Written, list[str]]:
    """Write, and return what was said."""
    said: list[str] = []
    options: dict[str, Any] = {
        "shuffle": False, "seed": 7, "attach": True, "subset": False, "memory": 16 << 20, "record": {"a": 1},
        "say": said.append,
    }  # fmt: skip
    return write(target, given, rows, **{**options, **more}), said


def expected(
    given: Any, rows: Callable[[Any], Iterator[Rows]], *, shuffle: bool, seed: int = 7
) -> dict[str, NDArray[Any]]:
    """Return the new columns that an output must have, in its order, slowly."""
    columns: dict[str, list[Any]] = {name: [] for name in (*NEW, "event_key", "subset")}
    for source in given.all:
        for some in rows(source):
            for i in range(len(some)):
                subsets = [k for k in range(64) if some.subsets is not None and int(some.subsets[i]) >> k & 1]
                for copy in range(int(some.copies[i])):
                    values = (
                        some.class_id[i],
                        source.number,
                        copy,
                        some.weight[i],
                        some.key[i],
                        subsets[copy] if copy < len(subsets) else -1,
                    )
                    for column, value in zip(columns.values(), values, strict=True):
                        column.append(value)
    made = {name: np.array(values) for name, values in columns.items()}
    made["event_key"] = made["event_key"].astype(np.uint64)
    if shuffle:
        place = np.argsort(marks(seed, made["event_key"], made["copy_number"]))
        made = {name: values[place] for name, values in made.items()}
    return made


def expected_copies(source: Any, rows: Callable[[Any], Iterator[Rows]]) -> dict[int, int]:
    """Return row -> how often it is taken."""
    return {
        int(row): int(copies) for some in rows(source) for row, copies in zip(some.position, some.copies, strict=True)
    }


def same(one: Any, other: Any) -> bool:
    return bool(ak.array_equal(one, other, equal_nan=True)) and len(one) == len(other)
