"""Columns of trees and RNTuples: what they hold, and their values in chunks of any size."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from rdfplugins.cpp import load_root
from rdfplugins.errors import InputError
from rdfplugins.reading import Vectors, open_table

if TYPE_CHECKING:
    from pathlib import Path

EVENTS = 250
COLUMNS = {  # code, type in words, value of an entry
    "flag": ("rdfentry_ % 3 == 0", "bool", lambda i: i % 3 == 0),
    "letter": ("char(rdfentry_ % 200 - 100)", "int8", lambda i: i % 200 - 100),
    "byte": ("static_cast<unsigned char>(rdfentry_ % 256)", "uint8", lambda i: i % 256),
    "brief": ("short(-int(rdfentry_))", "int16", lambda i: -i),
    "count": ("unsigned(4000000000u + rdfentry_)", "uint32", lambda i: 4_000_000_000 + i),
    "number": ("int(rdfentry_) - 7", "int32", lambda i: i - 7),
    "long_one": ("-(1LL << 60) - Long64_t(rdfentry_)", "int64", lambda i: -(1 << 60) - i),
    "hash": ("(1ULL << 63) + rdfentry_", "uint64", lambda i: (1 << 63) + i),
    "single": ("float(rdfentry_) / 3", "float32", lambda i: float(np.float32(i) / np.float32(3))),
    "exact": ("rdfentry_ % 2 ? std::nan(\"\") : rdfentry_ / 3.", "float64", lambda i: float("nan") if i % 2 else i / 3),
    "floats": ("ROOT::RVecF(rdfentry_ % 4, rdfentry_)", "a vector of float32", lambda i: [float(i)] * (i % 4)),
    "bits": ("std::vector<bool>{rdfentry_ % 2 == 0, true}", "a vector of bool", lambda i: [i % 2 == 0, True]),
    "text": ('std::string("abc")', "text or an object", None),
}  # fmt: skip


def write(path: Path, format_: str, events: int = EVENTS) -> Path:
    root = load_root()
    df = root.RDataFrame(events)
    for name, (code, _, _) in COLUMNS.items():
        df = df.Define(name, code)
    options = root.RDF.RSnapshotOptions()
    options.fVector2RVec = False
    formats = root.RDF.ESnapshotOutputFormat
    options.fOutputFormat = formats.kRNTuple if format_ == "rntuple" else formats.kTTree
    df.Snapshot("events", str(path), list(COLUMNS), options)
    return path


def plain(values: Any) -> list[Any]:
    if not isinstance(values, Vectors):
        return list(values.tolist())
    edges = np.cumsum([0, *values.counts]).tolist()
    return [values.values[first:last].tolist() for first, last in itertools.pairwise(edges)]


@pytest.mark.parametrize("format_", ["ttree", "rntuple"])
@pytest.mark.parametrize("rows", [1, 99, 250, 10_000])
def test_values_and_types(tmp_path: Path, format_: str, rows: int) -> None:
    with open_table(write(tmp_path / "a.root", format_), "events") as table:
        assert table.entries == EVENTS
        assert {name: str(kind) for name, kind in table.kinds.items()} == {
            name: kind for name, (_, kind, _) in COLUMNS.items()
        }
        names = [name for name in COLUMNS if name != "text"]
        found: dict[str, list[Any]] = {name: [] for name in names}
        for chunk in table.chunks(names, rows):
            lengths = {len(plain(values)) for values in chunk.values()}
            assert len(lengths) == 1
            assert lengths.pop() <= rows
            for name in names:
                found[name] += plain(chunk[name])
    for name in names:
        value = COLUMNS[name][2]
        assert value is not None
        assert str(found[name]) == str([value(entry) for entry in range(EVENTS)]), name


@pytest.mark.parametrize("format_", ["ttree", "rntuple"])
def test_without_entries(tmp_path: Path, format_: str) -> None:
    with open_table(write(tmp_path / "a.root", format_, events=0), "events") as table:
        assert (table.entries, table.rows_of(1000, ["hash"])) == (0, 1)
        assert {name: str(kind) for name, kind in table.kinds.items()} == {
            name: kind for name, (_, kind, _) in COLUMNS.items()
        }
        assert list(table.chunks(["hash", "floats"], 10)) == []


@pytest.mark.parametrize("format_", ["ttree", "rntuple"])
def test_rows_of_a_size(tmp_path: Path, format_: str) -> None:
    with open_table(write(tmp_path / "a.root", format_), "events") as table:
        assert 50 <= table.rows_of(8 * 100, ["hash"]) <= 150
        assert table.rows_of(1, ["hash"]) == 1


def test_arrays_of_fixed_length(tmp_path: Path) -> None:
    root = load_root()
    file = root.TFile(str(tmp_path / "a.root"), "RECREATE")
    tree = root.TTree("events", "")
    three = np.zeros(3, np.float32)
    tree.Branch("three", three, "three[3]/F")
    for number in range(5):
        three[:] = number + np.arange(3)
        tree.Fill()
    tree.Write()
    file.Close()
    with open_table(tmp_path / "a.root", "events") as table:
        assert str(table.kinds["three"]) == "a vector of float32"
        (chunk,) = table.chunks(["three"], 10)
    assert plain(chunk["three"]) == [[number, number + 1, number + 2] for number in range(5)]


def test_what_is_no_tree(tmp_path: Path) -> None:
    (tmp_path / "text.root").write_text("no ROOT file")
    write(tmp_path / "a.root", "ttree")
    for name, tree in (("text.root", "events"), ("none.root", "events"), ("a.root", "other")):
        with (
            pytest.raises(InputError, match=rf"^{tmp_path}/{name}: cannot be read: .*$"),
            open_table(tmp_path / name, tree),
        ):
            pass


@pytest.mark.parametrize("format_", ["ttree", "rntuple"])
@pytest.mark.parametrize("rows", [99, 10_000])
def test_numbers_are_those_of_chunks(tmp_path: Path, format_: str, rows: int) -> None:
    path = write(tmp_path / "a.root", format_)
    with open_table(path, "events") as table:
        names = [name for name, kind in table.kinds.items() if kind.dtype is not None and not kind.vector]
        pairs = zip(table.numbers(names, rows), table.chunks(names, rows), strict=True)
        for numbers, chunk in pairs:
            assert list(numbers) == names
            for name in names:
                assert numbers[name].dtype == table.kinds[name].dtype
                assert str(numbers[name].tolist()) == str(plain(chunk[name]))
        assert table.typename("floats") in {"ROOT::VecOps::RVec<float>", "RVec<float>"}
        assert {table.entries_of(name) for name in COLUMNS} == {EVENTS}
        root = load_root()
        file = root.TFile.Open(str(path))
        assert table.uuid == str(file.GetUUID().AsString())
        file.Close()
