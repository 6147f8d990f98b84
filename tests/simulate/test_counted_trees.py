"""Arrays with a counter, as NanoAOD has them, and small trees beside the first."""

from __future__ import annotations

import numpy as np
import pytest
import uproot

from rdfplugins.cpp import load_root
from rdfplugins.errors import OutputError
from rdfplugins.simulate.layout import read_counted_layout
from rdfplugins.simulate.trees import EVENTS_PER_CLUSTER, Branch, Column, TreeWriter

LETTERS = {
    "bool": "O",
    "uint8": "b",
    "int32": "I",
    "uint32": "i",
    "int64": "L",
    "uint64": "l",
    "float32": "F",
    "float64": "D",
}
SCHEMA = read_counted_layout(
    "uint run\nbools X_bool\nbytes X_uint8\nints X_int32\nuints X_uint32\nulongs X_uint64\nfloats X_float32 Y_float32\n"
    "doubles X_float64\nbyte one"
)


def columns_of(events: int, seed: int = 1) -> dict[str, Column]:
    rng = np.random.default_rng(seed)
    made: dict[str, Column] = {}
    offsets = {
        counter: np.concatenate([[0], np.cumsum(rng.poisson(1.2, events))]).astype(np.int64) for counter in ("nX", "nY")
    }
    for name, branch in SCHEMA.items():
        top = 2 if branch.dtype == "bool" else 200
        if name in offsets:
            made[name] = Column(np.diff(offsets[name]).astype(np.uint32))
        elif branch.counter is not None:
            found = offsets[branch.counter]
            made[name] = Column(rng.integers(0, top, found[-1]).astype(branch.dtype), found)
        else:
            made[name] = Column(rng.integers(0, top, events).astype(branch.dtype))
    return made


def write(path, columns, schema=SCHEMA, **more):
    with TreeWriter(path, "t", schema, "title", **more) as writer:
        writer.fill(columns)


def assert_holds(path, columns) -> None:
    with uproot.open(path) as file:
        array = file["t"].arrays()
    for name, column in columns.items():
        if column.offsets is None:
            np.testing.assert_array_equal(array[name].to_numpy(), column.values)
            assert array[name].to_numpy().dtype == column.values.dtype
        else:
            flat = np.concatenate([np.asarray(event) for event in array[name]])
            assert [len(event) for event in array[name]] == np.diff(column.offsets).tolist()
            np.testing.assert_array_equal(flat, column.values)


def test_all_types_are_read_as_written(tmp_path):
    columns = columns_of(300)
    write(tmp_path / "x.root", columns)
    assert_holds(tmp_path / "x.root", columns)


def test_chunks_and_clusters(tmp_path):
    columns = columns_of(EVENTS_PER_CLUSTER + 700)
    with TreeWriter(tmp_path / "x.root", "t", SCHEMA, "title") as writer:
        for part in (slice(0, 1), slice(1, 600), slice(600, 600), slice(600, None)):
            writer.fill({name: column[part] for name, column in columns.items()})
    assert_holds(tmp_path / "x.root", columns)


def test_leaves_are_those_of_nanoaod(tmp_path):
    write(tmp_path / "x.root", columns_of(50))
    file = load_root().TFile(str(tmp_path / "x.root"))
    found = {}
    for branch in file.Get("t").GetListOfBranches():
        assert branch.ClassName() == "TBranch"
        found[branch.GetName()] = branch.GetTitle()
        if branch.GetName() in {"nX", "nY"}:
            assert branch.GetListOfLeaves()[0].GetMaximum() >= 2, "the counter knows the longest array"
    file.Close()
    expected = {}
    for name, branch in SCHEMA.items():
        length = f"[{branch.counter}]" if branch.counter else ""
        expected[name] = f"{name}{length}/{LETTERS[branch.dtype]}"
    assert found == expected
    of_x = [f"X_{kind}" for kind in ("bool", "uint8", "int32", "uint32", "uint64", "float32")]
    assert list(SCHEMA) == ["run", "nX", *of_x, "nY", "Y_float32", "X_float64", "one"]


def test_rdataframe_reads_them(tmp_path):
    columns = columns_of(400)
    write(tmp_path / "x.root", columns)
    frame = load_root().RDataFrame("t", str(tmp_path / "x.root"))
    assert frame.GetColumnType("X_uint8") == "ROOT::VecOps::RVec<UChar_t>"
    assert frame.GetColumnType("X_bool") == "ROOT::VecOps::RVec<Bool_t>"
    assert frame.GetColumnType("nX") == "UInt_t"
    same = frame.Filter("nX == X_float32.size() && nY == Y_float32.size()").Count()
    total = frame.Define("part", "ROOT::VecOps::Sum(X_int32)").Sum("part")
    assert same.GetValue() == 400
    assert total.GetValue() == columns["X_int32"].values.sum()


def test_a_tree_beside_the_first(tmp_path):
    runs = {"run": Column(np.array([1, 2], dtype=np.uint32)), "sum": Column(np.array([0.5, -3.0]))}
    columns = columns_of(20)
    write(tmp_path / "x.root", columns, more={"Runs": runs}, texts={"note": "text"})
    assert_holds(tmp_path / "x.root", columns)
    with uproot.open(tmp_path / "x.root") as file:
        assert file["Runs"].title == file["t"].title == "title"
        assert file["Runs"].arrays(library="np")["sum"].tolist() == [0.5, -3.0]
        assert str(file["note"]) == "text"


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ({"X_a": Branch("float32", vector=True, counter="nX")}, "'X_a' needs a uint32 branch 'nX' before it"),
        (
            {"X_a": Branch("float32", vector=True, counter="nX"), "nX": Branch("uint32")},
            "'X_a' needs a uint32 branch 'nX' before it",
        ),
        (
            {"nX": Branch("int32"), "X_a": Branch("float32", vector=True, counter="nX")},
            "'X_a' needs a uint32 branch 'nX' before it",
        ),
    ],
)
def test_a_counter_must_be_there_first(tmp_path, schema, message):
    with pytest.raises(ValueError, match=message):
        TreeWriter(tmp_path / "x.root", "t", schema, "title")


@pytest.mark.parametrize("how", [{"counter": "nX"}, {"vector": True, "rvec": True, "counter": "nX"}])
def test_only_plain_vectors_are_counted(how):
    with pytest.raises(ValueError, match="a counted array is a vector and no RVec"):
        Branch("float32", **how)


def test_a_counter_that_contradicts_is_refused_and_nothing_stays(tmp_path):
    columns = columns_of(30)
    counts = columns["nX"].values.copy()
    counts[3] += 1
    with pytest.raises(ValueError, match="'nX' does not count the elements of branch 'X_bool'"):
        write(tmp_path / "x.root", {**columns, "nX": Column(counts)})
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_does_not_exist(tmp_path):
    with pytest.raises(OutputError):
        write(tmp_path / "no" / "x.root", columns_of(1))
