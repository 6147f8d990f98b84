"""Rows of sources: values, keys and classes are those that a loop over rows gives, however rows are cut in chunks."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from rdfplugins.cpp import include, load_root
from rdfplugins.random import text_hash
from rdfplugins.resample.sources import NO_CLASS
from tests.resample.source_files import as_records, event_key, fnv, sources_of, table, write, write_hdf5, write_root

if TYPE_CHECKING:
    from pathlib import Path

    from rdfplugins.resample.sources import Source

FORMATS = (".root", ".h5")
LABELS = {"light": 0, "charm": 4, "bottom": 5}
CONFIG = """
    resample:
      method: count
      from: {{one: [a{0}, b{0}]}}
      key: [run, event]
      label_column: {{column: label, values: {{light: 0, charm: 4, bottom: 5}}}}
      options: {{sampling_variables: [{{pt: {{bins: [0, 100, 11]}}}}]}}
    """
EXPRESSIONS = {"pt": "pt", "twice": "2 * y", "remainder": "run % 2", "flag": "good && pt > 20.1"}


def all_of(source: Source, expressions: dict[str, str], rows: int) -> dict[str, Any]:
    """Return all chunks joined, and check what each says of itself."""
    chunks, start, unused = [], 0, {}
    for chunk in source.chunks(expressions, rows):
        assert chunk.start == start
        assert len(chunk) <= rows
        assert chunk.key.dtype == np.uint64
        assert chunk.class_id.dtype == np.int32
        assert {array.dtype for array in chunk.values.values()} <= {np.dtype(np.float64)}
        assert sum(chunk.unused.values()) == np.count_nonzero(chunk.class_id == NO_CLASS)
        for reason, number in chunk.unused.items():
            unused[reason] = unused.get(reason, 0) + number
        start += len(chunk)
        chunks.append(chunk)
    assert start == source.entries
    return {
        "key": np.concatenate([chunk.key for chunk in chunks]),
        "class_id": np.concatenate([chunk.class_id for chunk in chunks]),
        **{name: np.concatenate([chunk.values[name] for chunk in chunks]) for name in expressions},
        "unused": unused,
    }


def two_files(folder: Path, suffix: str) -> dict[str, Any]:
    parts = [table(130), table(70, first=130)]
    for name, part in zip("ab", parts, strict=True):
        write(folder / f"{name}{suffix}", part)
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("rows", [1, 37, 130, 10_000])
def test_rows_are_those_of_a_loop(tmp_path: Path, suffix: str, rows: int) -> None:
    columns = two_files(tmp_path, suffix)
    found = sources_of(tmp_path, CONFIG.format(suffix))
    assert found.classes == tuple(LABELS)
    assert found.categories == ("all",)
    (source,) = found.all
    made = all_of(source, EXPRESSIONS, rows)
    unused = {"other split": 0, "no class": 0}
    for i in range(200):
        run, event = int(columns["run"][i]), int(columns["event"][i])
        assert int(made["key"][i]) == event_key("one", [run, event])
        wanted = {"pt": float(columns["pt"][i]), "twice": 2 * columns["y"][i]}
        wanted["remainder"] = math.fmod(run, 2)
        wanted["flag"] = float(bool(columns["good"][i]) and float(columns["pt"][i]) > 20.1)
        for name, value in wanted.items():
            assert made[name][i] == value or (math.isnan(value) and math.isnan(made[name][i])), name
        number = {0: 0, 4: 1, 5: 2}.get(int(columns["label"][i]), NO_CLASS)
        if columns["split"][i] != 0:
            unused["other split"] += 1
            number = NO_CLASS
        elif number == NO_CLASS:
            unused["no class"] += 1
        assert made["class_id"][i] == number
    assert made["unused"] == unused


@pytest.mark.parametrize("suffix", FORMATS)
def test_keys_are_those_of_the_header(tmp_path: Path, suffix: str) -> None:
    two_files(tmp_path, suffix)
    include("rdfplugins/hash.h")
    rdfp = load_root().rdfp
    (source,) = sources_of(tmp_path, CONFIG.format(suffix)).all
    keys = all_of(source, {}, 64)["key"]
    columns = table(130)
    for i in (0, 1, 129):
        numbers = [int(columns[name][i]) & ((1 << 64) - 1) for name in ("run", "event")]
        assert int(rdfp.make_event_key(text_hash("one"), numbers)) == int(keys[i])


@pytest.mark.parametrize("suffix", FORMATS)
def test_file_and_row(tmp_path: Path, suffix: str) -> None:
    two_files(tmp_path, suffix)
    text = CONFIG.format(suffix).replace("key: [run, event]", "dataset: jets")
    found = sources_of(tmp_path, text)
    (source,) = found.all
    assert source.key_is == "file and row"
    assert any("file and row" in line for line in found.says)
    names = {f"a{suffix}": 130, f"b{suffix}": 70}
    wanted = [event_key("one", [fnv(name), i]) for name, rows in names.items() for i in range(rows)]
    for rows in (7, 10_000):
        assert [int(key) for key in all_of(source, {}, rows)["key"]] == wanted


def test_files_of_one_name_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        write_hdf5(tmp_path / folder / "a.h5", table(5))
    write_hdf5(tmp_path / "b.h5", table(5))
    text = "resample: {{method: none, from: {{one: [{}]}}}}"
    made = {}
    for order in ("x/a.h5, y/a.h5, b.h5", "b.h5, y/a.h5, x/a.h5"):
        (source,) = sources_of(tmp_path, text.format(order)).all
        made[order] = [int(key) for key in all_of(source, {}, 100)["key"]]
        wanted = [event_key("one", [fnv(name), i]) for name in order.split(", ") for i in range(5)]
        assert made[order] == wanted
    first, second = made.values()
    assert sorted(first) == sorted(second)
    assert len(set(first)) == 15


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_stored_key_is_taken(tmp_path: Path, suffix: str) -> None:
    columns = table(50)
    columns["event_key"] = columns.pop("key")
    columns["event_key"][:3] = [0, 1 << 63, (1 << 64) - 1]
    write(tmp_path / f"a{suffix}", columns)
    (source,) = sources_of(tmp_path, f"resample: {{method: none, from: {{one: a{suffix}}}}}").all
    assert source.key_is == "event_key"
    assert np.array_equal(all_of(source, {}, 11)["key"], columns["event_key"])


def test_a_stored_key_of_the_wrong_sign(tmp_path: Path) -> None:
    columns = {"event_key": np.array([-1, 5], np.int64)}
    write_root(tmp_path / "a.root", columns)
    (source,) = sources_of(tmp_path, "resample: {method: none, from: {one: a.root}}").all
    assert all_of(source, {}, 11)["key"].tolist() == [(1 << 64) - 1, 5]


def test_unsigned_and_signed_keys_of_the_same_bits_agree(tmp_path: Path) -> None:
    bits = np.array([0, 1 << 63, (1 << 64) - 1, 12345], np.uint64)
    write_root(tmp_path / "a.root", {"number": bits})
    write_root(tmp_path / "b.root", {"number": bits.view(np.int64)})
    keys = []
    for name in "ab":
        text = f"resample: {{method: none, from: {{one: {name}.root}}, key: [number]}}"
        (source,) = sources_of(tmp_path, text).all
        keys.append(all_of(source, {}, 11)["key"].tolist())
    assert keys[0] == keys[1] == [event_key("one", [int(number)]) for number in bits]


def test_odd_types_of_hdf5(tmp_path: Path) -> None:
    columns = table(40)
    types = {"run": ">i4", "event": ">u8", "pt": "<f2", "y": ">f8", "label": "u1", "split": ">i2"}
    records = as_records(columns, types)
    write_hdf5(tmp_path / "a.h5", columns, types=types)
    (source,) = sources_of(tmp_path, CONFIG.format(".h5").replace(", b.h5", "")).all
    made = all_of(source, {"pt": "pt", "y": "y", "sum": "y + pt", "good": "good", "odd": "event % 2"}, 13)
    half = records["pt"].astype(np.float64)
    assert np.array_equal(made["pt"], half, equal_nan=True)
    assert np.array_equal(made["y"], columns["y"])
    assert np.array_equal(made["sum"], columns["y"] + half, equal_nan=True)
    assert np.array_equal(made["good"], columns["good"].astype(float))
    assert np.array_equal(made["odd"], (columns["event"] % 2).astype(float))
    wanted = [event_key("one", [int(r), int(e)]) for r, e in zip(columns["run"], columns["event"], strict=True)]
    assert made["key"].tolist() == wanted


@pytest.mark.parametrize(
    "options", [{"chunks": (7,)}, {"chunks": (40,), "compression": "gzip"}, {"compression": "lzf"}]
)
def test_how_hdf5_is_stored_does_not_matter(tmp_path: Path, options: dict[str, Any]) -> None:
    columns = table(100)
    write_hdf5(tmp_path / "a.h5", columns, **options)
    (source,) = sources_of(tmp_path, "resample: {method: none, from: {one: a.h5}}").all
    for rows in (3, 33, 1000):
        assert np.array_equal(all_of(source, {"y": "y"}, rows)["y"], columns["y"])


def test_names_that_look_like_expressions(tmp_path: Path) -> None:
    values = {"pt[0]": np.arange(4.0), "m.x": np.arange(4.0) + 10, "a-b": np.arange(4.0) + 20, "a": np.ones(4)}
    root = load_root()
    file = root.TFile(str(tmp_path / "a.root"), "RECREATE")
    tree = root.TTree("t", "")
    buffers = {name: np.zeros(1) for name in values}
    for name, buffer in buffers.items():
        tree.Branch(name, buffer, "value/D")  # the name of the leaf: brackets in it would be the bounds of an array
    for i in range(4):
        for name, buffer in buffers.items():
            buffer[0] = values[name][i]
        tree.Fill()
    tree.Write()
    file.Close()
    write_hdf5(tmp_path / "a.h5", values)
    for suffix in FORMATS:
        (source,) = sources_of(tmp_path, f"resample: {{method: none, from: {{one: a{suffix}}}}}").all
        made = all_of(source, {name: name for name in values}, 3)
        for name, wanted in values.items():
            assert np.array_equal(made[name], wanted), name


def test_rntuples_are_read(tmp_path: Path) -> None:
    root = load_root()
    df = root.RDataFrame(100).Define("x", "rdfentry_ / 3.").Define("event_key", "ULong64_t(rdfentry_) * 7")
    options = root.RDF.RSnapshotOptions()
    options.fOutputFormat = root.RDF.ESnapshotOutputFormat.kRNTuple
    df.Snapshot("t", str(tmp_path / "a.root"), ["x", "event_key"], options)
    (source,) = sources_of(tmp_path, "resample: {method: none, from: {one: a.root}}").all
    made = all_of(source, {"x": "x"}, 33)
    assert np.array_equal(made["x"], np.arange(100) / 3.0)
    assert np.array_equal(made["key"], np.arange(100, dtype=np.uint64) * np.uint64(7))


def test_nan_in_a_label_column_is_no_class(tmp_path: Path) -> None:
    write_root(tmp_path / "a.root", {"label": np.array([0.0, np.nan, 4.0, 4.5, np.inf, 5.0])})
    text = CONFIG.format(".root").replace(", b.root", "").replace("key: [run, event]", "").split("options")[0]
    (source,) = sources_of(tmp_path, text.replace("count", "none")).all
    made = all_of(source, {}, 4)
    assert made["class_id"].tolist() == [0, -1, 1, -1, -1, 2]
    assert made["unused"] == {"no class": 3}


def test_a_class_is_that_of_the_first_true_cut(tmp_path: Path) -> None:
    columns = table(100)
    write_hdf5(tmp_path / "a.h5", columns)
    text = """
        classes: {high: {cut: pt > 60}, some: {cut: pt > 20 && good}, rest: {cut: pt <= 20}}
        resample: {method: none, from: {one: a.h5}, split_column: none}
        """
    found = sources_of(tmp_path, text)
    made = all_of(found.all[0], {}, 17)
    assert found.classes == ("high", "some", "rest")
    for i in range(100):
        pt = float(columns["pt"][i])
        wanted = 0 if pt > 60 else 1 if pt > 20 and columns["good"][i] else 2 if pt <= 20 else NO_CLASS
        assert made["class_id"][i] == wanted
    assert any("no column 'none' in one" in line for line in found.says)


def test_class_labels_choose_and_order(tmp_path: Path) -> None:
    columns = table(100)
    write_hdf5(tmp_path / "a.h5", columns)
    text = CONFIG.format(".h5").replace(", b.h5", "").replace("key: [run, event]", "class_labels: [bottom, light]")
    found = sources_of(tmp_path, text)
    made = all_of(found.all[0], {}, 1000)
    assert found.classes == ("bottom", "light")
    wanted = np.select([columns["label"] == 5, columns["label"] == 0], [0, 1], NO_CLASS)
    assert np.array_equal(made["class_id"], np.where(columns["split"] == 0, wanted, NO_CLASS))


def test_no_rows(tmp_path: Path) -> None:
    empty = table(0)
    for suffix in FORMATS:
        write(tmp_path / f"a{suffix}", empty)
        write(tmp_path / f"b{suffix}", table(5))
        (source,) = sources_of(tmp_path, CONFIG.format(suffix)).all
        assert source.entries == 5
        assert len(all_of(source, {"pt": "pt"}, 10)["pt"]) == 5
        (source,) = sources_of(tmp_path, CONFIG.format(suffix).replace(f", b{suffix}", "")).all
        assert list(source.chunks({"pt": "pt"})) == []


def test_each_column_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from rdfplugins.resample.sources import hdf5

    two_files(tmp_path, ".h5")
    (source,) = sources_of(tmp_path, CONFIG.format(".h5")).all
    asked: list[tuple[str, ...]] = []
    read = hdf5.read

    def noted(path: Path, name: str, columns: Any, rows: int) -> Any:
        asked.append(tuple(columns))
        return read(path, name, columns, rows)

    monkeypatch.setattr(hdf5, "read", noted)
    all_of(source, {"pt": "pt", "same": "pt", "more": "pt + y"}, 50)
    assert asked == [("run", "event", "pt", "y", "label", "split")] * 2
