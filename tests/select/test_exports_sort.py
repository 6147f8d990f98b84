"""Sorting outside of memory: every row once, in order, with its vectors, in memory that does not grow with the rows."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from rdfplugins.reading import Kind, Vectors
from rdfplugins.select.export import sort
from rdfplugins.select.export.blocks import joined, of_length

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KINDS = {
    "event_key": Kind(np.dtype("u8")),
    "x": Kind(np.dtype("f4")),
    "flag": Kind(np.dtype("?")),
    "v": Kind(np.dtype("i2"), vector=True),
    "none": Kind(np.dtype("f8"), vector=True),
}


class Rows:
    """A table in memory, whose other columns follow from its keys."""

    def __init__(self, keys: Any, *, vectors: bool = True) -> None:
        self._keys = np.asarray(keys, dtype=np.uint64)
        self._vectors = vectors

    def rows_of(self, size: int, columns: list[str]) -> int:
        return size

    def chunks(self, columns: list[str], rows: int) -> Iterator[dict[str, Any]]:
        for first in range(0, len(self._keys), rows):
            keys = self._keys[first : first + rows]
            chunk: dict[str, Any] = {"event_key": keys, "x": keys.astype("f4") / 3, "flag": keys % 3 == 0}
            if self._vectors:
                counts = (keys % 4).astype(np.int64)
                chunk["v"] = Vectors(np.repeat((keys % 999).astype("i2"), counts), counts)
                chunk["none"] = Vectors(np.empty(0, "f8"), np.zeros(len(keys), np.int64))
            yield chunk


def keys(how: str, events: int) -> Any:
    chance = np.random.default_rng(4)
    found = np.unique(chance.integers(0, 1 << 64, events, dtype=np.uint64))
    if how == "hashes":
        chance.shuffle(found)
    elif how == "backwards":
        found = found[::-1]
    elif how == "near":
        found = np.arange(events, dtype=np.uint64)
        chance.shuffle(found)
    return found


@pytest.mark.parametrize("how", ["hashes", "sorted", "backwards", "near"])
@pytest.mark.parametrize("rows", [1, 7, 100, 10_000])
def test_all_rows_in_order(tmp_path: Path, how: str, rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sort, "ROWS_AT_ONCE", rows)
    monkeypatch.setattr(sort, "_FEWEST", 1)
    wanted = keys(how, 60 if rows == 1 else 1000)
    blocks = list(of_length(sort.sorted_blocks(Rows(wanted), KINDS, tmp_path), 64))  # type: ignore[arg-type]
    assert {len(block) for block in blocks[:-1]} <= {64}
    block = joined(blocks)
    found = block.rows["event_key"]
    assert found.tolist() == sorted(wanted.tolist())
    assert np.array_equal(block.rows["x"], found.astype("f4") / 3)
    assert np.array_equal(block.rows["flag"], found % 3 == 0)
    assert np.array_equal(block.rows["v"], found % 4)
    assert np.array_equal(block.vectors["v"], np.repeat((found % 999).astype("i2"), (found % 4).astype(np.int64)))
    assert len(block.vectors["none"]) == 0
    assert list(tmp_path.iterdir()) == []


def test_no_rows(tmp_path: Path) -> None:
    assert list(sort.sorted_blocks(Rows([]), KINDS, tmp_path)) == []  # type: ignore[arg-type]


def test_memory_does_not_grow_with_the_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sort, "ROWS_AT_ONCE", 4000)
    kinds = {name: kind for name, kind in KINDS.items() if not kind.vector}
    peaks = []
    for events in (20_000, 200_000):
        table: Any = Rows(keys("hashes", events), vectors=False)
        tracemalloc.start()
        try:
            length = sum(len(block) for block in sort.sorted_blocks(table, kinds, tmp_path))
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
        assert length == events
    row = 13
    assert peaks[0] > 4000 * row
    assert peaks[1] < 1.5 * peaks[0] < 200_000 * row
