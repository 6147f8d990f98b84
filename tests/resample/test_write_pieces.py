"""What the writers are made of: rows file by file, numbers of copies, hashes and the sorting by them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rdfplugins import cpp
from rdfplugins.errors import InputError
from rdfplugins.resample.index import Rows
from rdfplugins.resample.write.columns import Column, Table, common
from rdfplugins.resample.write.order import marks, numbers, stream, subsets
from rdfplugins.resample.write.pieces import grouped, pieces
from rdfplugins.resample.write.spill import HEADER, Spill

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


def rows(position: Any, copies: Any = None) -> Rows:
    at = np.asarray(position, np.uint64)
    n = len(at)
    taken = np.ones(n, np.int32) if copies is None else np.asarray(copies, np.int32)
    return Rows(at, at + np.uint64(1000), np.zeros(n, np.int32), taken, np.arange(n) * 1.0, at)


@given(st.lists(st.integers(0, 9), min_size=1, max_size=6), st.data(), st.integers(1, 12), st.integers(1, 5))
def test_pieces_are_all_rows_in_their_files(entries: list[int], data: st.DataObject, at_once: int, chunk: int) -> None:
    total = sum(entries)
    taken = sorted(data.draw(st.sets(st.integers(0, max(0, total - 1)), max_size=total)))
    copies = data.draw(st.lists(st.integers(1, 20), min_size=len(taken), max_size=len(taken)))
    chunks = [rows(taken[k : k + chunk], copies[k : k + chunk]) for k in range(0, len(taken), chunk)]
    starts = np.cumsum([0, *entries])
    found: list[tuple[int, int]] = []
    for file, some in grouped(pieces(entries, chunks, "s", at_once=at_once)):
        for piece in some:
            assert piece.file == file
            assert len(piece.rows) == 1 or piece.rows.copies.sum() <= at_once
            assert (piece.rows.position < entries[file]).all()
            at = piece.rows.position.astype(int) + starts[file]
            np.testing.assert_array_equal(piece.rows.key, at + 1000)
            found += zip(at.tolist(), piece.rows.copies.tolist(), strict=True)
    assert found == list(zip(taken, copies, strict=True))


@pytest.mark.parametrize("position", [[[3, 3]], [[3, 2]], [[0, 1], [1]], [[5], [4]], [[10]]])
def test_rows_that_are_not_those_of_the_files(position: list[list[int]]) -> None:
    with pytest.raises(InputError, match="sample 's': the chosen rows are not those of its files, which have 10"):
        list(pieces([4, 6], [rows(some) for some in position], "s"))


@given(st.lists(st.integers(0, 5), max_size=20))
def test_numbers_of_copies(copies: list[int]) -> None:
    assert numbers(np.array(copies, np.int32)).tolist() == [k for some in copies for k in range(some)]


@given(st.integers(0, 2**64 - 1))
def test_subsets(bits: int) -> None:
    places = [k for k in range(64) if bits >> k & 1]
    copy = np.arange(len(places) + 1, dtype=np.int32)
    found = subsets(np.full(len(copy), bits, np.uint64), copy)
    assert found.tolist() == [*places, -1]


def test_marks_are_the_same_in_cpp() -> None:
    cpp.include("rdfplugins/hash.h")
    combine = cpp.load_root().rdfp.combine
    keys = np.array([0, 1, 2**63, 2**64 - 1], np.uint64)
    for seed in (0, 42):
        for copy in (0, 7):
            expected = [int(combine(combine(stream(seed), int(key)), copy)) for key in keys]
            assert marks(seed, keys, np.full(4, copy)).tolist() == expected


@given(st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_sorted_records(tmp_path: Path, data: st.DataObject) -> None:
    n = data.draw(st.integers(0, 300))
    most = data.draw(st.sampled_from([3, 2**64 - 1]))  # many that are equal, or none
    dtype = np.dtype([*HEADER, ("d0", "V5")])
    records: NDArray[Any] = np.zeros(n, dtype)
    draw = np.random.default_rng(n)
    records["hash"] = draw.integers(0, most, n, dtype=np.uint64)
    records["copy"] = draw.integers(0, 2, n)
    records["d0"] = draw.integers(0, 256, (n, 5), dtype=np.uint8).view("V5").ravel()
    spill = Spill(tmp_path, dtype, data.draw(st.integers(1, 1 << 16)))
    step = data.draw(st.integers(1, 100))
    for begin in range(0, n, step):
        spill.add(records[begin : begin + step])
    found = list(spill.blocks(data.draw(st.integers(1, 50))))
    spill.close()

    def order(one: Any) -> Any:
        return int(one["hash"]), int(one["key"]), int(one["copy"]), int(one["source"]), one.tobytes()

    assert [one.tobytes() for block in found for one in block] == [one.tobytes() for one in sorted(records, key=order)]
    assert list(tmp_path.iterdir()) == []


def test_what_counts_left_out_columns_goes_with_them(tmp_path: Path) -> None:
    def table(name: str, columns: dict[str, str]) -> Table:
        made = {key: Column("Int_t", "i", counter) for key, counter in columns.items()}
        return Table(tmp_path / name, name, 1, made)

    first = table("one", {"n": "", "a": "n", "b": "a", "c": ""})
    assert common([first]) == (["n", "a", "b", "c"], {})
    assert common([first, table("two", {"c": "", "a": "n", "b": "a"})]) == (
        ["c"],
        {
            "n": "not in two",
            "a": "its lengths 'n' are not in two",
            "b": "its lengths 'a' are its lengths 'n' are not in two",
        },
    )
