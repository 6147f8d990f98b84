"""The TSV of all samples: the same bytes for any threads and any memory, numbers that read back as they were."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from rdfplugins.cpp import captured_stderr
from rdfplugins.errors import ConfigError
from rdfplugins.select.export import sort, tsv
from rdfplugins.select.export.blocks import Block
from tests.select import helpers

if TYPE_CHECKING:
    from pathlib import Path

    import rdfplugins as rp

EVENTS = 500


def odd_columns(first: int) -> dict[str, Any]:
    """Return scalars of all kinds whose values need all their digits."""
    random = np.random.default_rng(first)
    columns = helpers.small_columns(EVENTS, first=first)
    columns["f"] = random.normal(size=EVENTS).astype(np.float32) * np.float32(10) ** random.integers(-30, 30, EVENTS)
    columns["f"] = columns["f"].astype(np.float32)
    columns["d"] = random.normal(size=EVENTS) * 10.0 ** random.integers(-300, 300, EVENTS)
    columns["d"][:4] = [np.nan, np.inf, -np.inf, -0.0]
    columns["b"] = random.random(EVENTS) < 0.5
    columns["i"] = random.integers(-(1 << 31), 1 << 31, EVENTS).astype(np.int32)
    columns["l"] = random.integers(-(1 << 63), (1 << 63) - 1, EVENTS)
    columns["u"] = random.integers(0, (1 << 64) - 1, EVENTS, dtype=np.uint64)
    return columns


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("odd")
    return [helpers.write_columns(folder / f"{number}.root", odd_columns(1 + number * EVENTS)) for number in range(3)]


def config(files: list[Path]) -> dict[str, Any]:
    data = helpers.small_config([str(files[1]), str(files[0])], select__output__exports=["tsv"])
    samples = data["input"]["samples"]
    samples["one"]["label"] = "background"
    samples["another"] = {"kind": "mc", "files": [str(files[2])], "label": "signal"}
    data["select"]["output"]["columns"] = ["event", "f", "d", "b", "i", "l", "u", "x"]
    data["select"]["split"] = {"fractions": {"train": 0.5, "test": 0.5}}
    return data


def table(path: Path) -> tuple[list[str], list[list[str]]]:
    text = path.read_text()
    assert text.endswith("\n")
    assert "\r" not in text
    rows = [line.split("\t") for line in text[:-1].split("\n")]
    return rows[0], rows[1:]


def test_values_read_back_as_those_of_the_trees(tmp_path: Path, files: list[Path]) -> None:
    result = helpers.run(tmp_path, config(files))
    assert [path.name for path in result.exports] == ["config.tsv"]
    header, rows = table(result.exports[0])
    assert set(header) == {"event", "f", "d", "b", "i", "l", "u", "x", "event_key", "split", "label"}
    assert header[-1] == "label"
    assert len(rows) == 3 * EVENTS
    start = 0
    for name, label in (("one", "background"), ("another", "signal")):
        found = helpers.columns(result.outputs[name])
        order = np.argsort(found["event_key"])
        block = rows[start : start + len(order)]
        start += len(order)
        assert {row[-1] for row in block} == {label}
        for number, column in enumerate(header[:-1]):
            values, texts = found[column][order], [row[number] for row in block]
            if column in {"f", "x"}:
                read = np.array([float(text) for text in texts]).astype(np.float32)
                assert read.tobytes() == values.tobytes(), column
            elif column == "d":
                read = np.array([float(text) for text in texts])
                assert np.array_equal(read, values, equal_nan=True)
                assert np.array_equal(np.signbit(read[read == 0]), np.signbit(values[values == 0]))
                assert {"nan", "inf", "-inf"} <= set(texts) | {"nan", "inf", "-inf"} if name == "one" else True
            else:
                assert [int(text) for text in texts] == [int(value) for value in values], column
    digits = {
        name: max(len(row[header.index(name)].lstrip("-0.").split("e")[0].replace(".", "")) for row in rows)
        for name in "fd"
    }
    assert digits == {"f": 9, "d": 17}
    texts = {row[header.index("d")] for row in rows}
    assert {"nan", "inf", "-inf", "-0"} <= texts


def test_single_precision_is_written_with_enough_digits() -> None:
    value = struct.unpack("f", struct.pack("f", 1.0 / 3.0))[0]
    rows = np.array([(5, value, 0)], dtype=[("event_key", "u8"), ("v", "f4"), ("label_id", "i4")])
    assert list(tsv.lines(Block(rows, {}), ["event_key", "v"], {0: "a"})) == ["5\t0.333333343\ta\n"]


def test_the_same_bytes_for_any_threads_and_order_of_files(tmp_path: Path, files: list[Path]) -> None:
    texts = []
    for number, threads in enumerate((1, 2, 2)):
        data = config(files if number < 2 else [files[1], files[0], files[2]])
        result = helpers.run(tmp_path, data, threads=threads, output=tmp_path / str(number))
        texts.append(result.exports[0].read_bytes())
    assert texts[0] == texts[1] == texts[2]


@pytest.mark.parametrize("rows", [1, 7, 100, 1000])
def test_the_same_bytes_for_any_memory(
    tmp_path: Path, files: list[Path], rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Few rows at once make many sorted runs, which are merged; nothing of them stays."""
    few = [files[0], files[1], files[2]]
    data = config(few)
    if rows == 1:
        data["select"]["steps"] = [{"filter": {"few": "event % 25 == 0"}}]
    whole = helpers.run(tmp_path, data, output=tmp_path / "whole").exports[0].read_bytes()
    monkeypatch.setattr(sort, "ROWS_AT_ONCE", rows)
    monkeypatch.setattr(sort, "_FEWEST", 1)
    parts = helpers.run(tmp_path, data, output=tmp_path / "parts").exports[0].read_bytes()
    assert parts == whole
    names = {path.name for path in (tmp_path / "parts").iterdir()}
    assert names == {".rdfrun.lock", "one.root", "another.root", "config.tsv", ".config.tsv.provenance.json"}


def test_more_runs_than_a_process_may_open_files(
    tmp_path: Path, files: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    import resource

    data = config(files)
    whole = helpers.run(tmp_path, data, output=tmp_path / "whole").exports[0].read_bytes()
    monkeypatch.setattr(sort, "ROWS_AT_ONCE", 2)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(256, soft), hard))
    try:
        parts = helpers.run(tmp_path, data, output=tmp_path / "parts").exports[0].read_bytes()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert parts == whole


def test_samples_without_events(tmp_path: Path, files: list[Path]) -> None:
    data = config(files)
    data["select"]["steps"] = [{"filter": {"none": "event < 0"}, "only": "mc"}]
    header, rows = table(helpers.run(tmp_path, data).exports[0])
    assert {row[-1] for row in rows} == {"background"}
    data["select"]["steps"] = [{"filter": {"none": "event < 0"}}]
    path = helpers.run(tmp_path, data).exports[0]
    assert path.read_text() == "\t".join(header) + "\n"


def test_one_sample_alone_waits_for_the_others(tmp_path: Path, files: list[Path]) -> None:
    said: list[str] = []
    first = helpers.run(tmp_path, config(files), samples=["another"], say=said.append)
    path = tmp_path / "out" / "config.tsv"
    assert first.exports == ()
    assert not path.exists()
    assert said[-1] == f"{path} is not written: {path.parent / 'one.root'} is not there"
    assert helpers.run(tmp_path, config(files), samples=["one"]).exports == (path,)
    whole = helpers.run(tmp_path, config(files), output=tmp_path / "whole").exports[0]
    assert path.read_bytes() == whole.read_bytes()


@pytest.mark.parametrize("what", ["damaged", "gone", "no record"])
def test_a_table_is_made_again(tmp_path: Path, files: list[Path], what: str) -> None:
    result = helpers.run(tmp_path, config(files))
    path = result.exports[0]
    before = path.read_bytes()
    if what == "damaged":
        path.write_bytes(before[:1000])
    elif what == "gone":
        path.unlink()
    else:
        path.with_name(f".{path.name}.provenance.json").write_text("{")
    again = helpers.run(tmp_path, config(files))
    assert path.read_bytes() == before
    assert {name: tree.stat().st_ino for name, tree in again.outputs.items()} == {
        name: tree.stat().st_ino for name, tree in result.outputs.items()
    }


def test_a_table_of_another_label(tmp_path: Path, files: list[Path]) -> None:
    helpers.run(tmp_path, config(files))
    data = config(files)
    data["input"]["samples"]["another"]["label"] = "Higgs boson"
    _, rows = table(helpers.run(tmp_path, data).exports[0])
    assert {row[-1] for row in rows} == {"background", "Higgs boson"}


@pytest.mark.parametrize("label", ["a\tb", "a\nb"])
def test_labels_that_would_break_the_table(tmp_path: Path, files: list[Path], label: str) -> None:
    data = config(files)
    data["input"]["samples"]["another"]["label"] = label
    with pytest.raises(ConfigError, match="label"):
        helpers.run(tmp_path, data)


@pytest.mark.parametrize(
    "code", ["ROOT::RVecF{x, x}", "std::vector<int>{1}", 'std::string("a")', "ROOT::RVec<bool>{true}"]
)
def test_what_is_not_a_number_is_refused(tmp_path: Path, files: list[Path], code: str) -> None:
    data = config(files)
    data["select"]["steps"] = [{"define": {"odd": code}}]
    data["select"]["output"]["columns"] = ["odd", "event"]
    with pytest.raises(ConfigError) as caught, captured_stderr():
        helpers.run(tmp_path, data)
    message = str(caught.value)
    assert "column 'odd'" in message
    assert "which a TSV file cannot hold: list the columns without it under select.output.columns" in message
    assert not (tmp_path / "out" / "config.tsv").exists()


def test_a_branch_that_is_an_array_is_refused(tmp_path: Path) -> None:
    from rdfplugins.cpp import load_root

    root = load_root()
    file = root.TFile(str(tmp_path / "in.root"), "RECREATE")
    tree = root.TTree("t", "t")
    event, three = np.zeros(1, np.int32), np.zeros(3, np.float32)
    tree.Branch("event", event, "event/I")
    tree.Branch("three", three, "three[3]/F")
    for number in range(4):
        event[0] = number
        tree.Fill()
    tree.Write()
    file.Close()
    data = helpers.small_config(["in.root"], input__key=["event"], select__steps=[], select__output__exports=["tsv"])
    data["select"]["output"]["columns"] = ["three"]
    with pytest.raises(ConfigError, match="column 'three'"):
        helpers.run(tmp_path, data)


def test_no_export_is_asked_for(tmp_path: Path, good: Path) -> None:
    result: rp.RunResult = helpers.run(tmp_path, helpers.small_config([str(good)]))
    assert result.exports == ()
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [".rdfrun.lock", "one.root"]
