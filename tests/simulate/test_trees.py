from __future__ import annotations

import math
import os
import resource
from itertools import pairwise
from pathlib import Path

import awkward as ak
import numpy as np
import pytest
import uproot

from rdfplugins.cpp import load_root
from rdfplugins.errors import OutputError
from rdfplugins.simulate.by_hand import columns_from_events
from rdfplugins.simulate.trees import (
    EVENTS_PER_CLUSTER,
    Branch,
    Column,
    TreeWriter,
    check_columns,
    write_tree,
)

TYPES = ["bool", "int32", "uint32", "int64", "uint64", "float32", "float64"]
ROOT_NAMES = ["bool", "int", "unsigned int", "Long64_t", "ULong64_t", "float", "double"]
LETTERS = ["O", "I", "i", "L", "l", "F", "D"]


def extremes(dtype: str) -> list:
    if dtype == "bool":
        return [True, False, True]
    info = np.finfo(dtype) if dtype.startswith("float") else np.iinfo(dtype)
    return [info.min, info.max, 1]


def every_type(events: int, seed: int = 1) -> dict[str, Column]:
    rng = np.random.default_rng(seed)
    offsets = np.concatenate([[0], np.cumsum(rng.poisson(1.5, events))]).astype(np.int64)
    columns = {}
    for dtype in TYPES:
        columns[f"s_{dtype}"] = Column(rng.integers(0, 2 if dtype == "bool" else 100, events).astype(dtype))
        columns[f"v_{dtype}"] = Column(
            rng.integers(0, 2 if dtype == "bool" else 100, offsets[-1]).astype(dtype), offsets
        )
    return columns


def read(path: Path, tree: str = "t"):
    with uproot.open(path) as file:
        return file[tree].arrays()


def assert_same(array, columns: dict[str, Column]) -> None:
    for name, column in columns.items():
        if column.offsets is None:
            assert array[name].to_numpy().dtype == column.values.dtype
            np.testing.assert_array_equal(array[name].to_numpy(), column.values)
            continue
        np.testing.assert_array_equal(ak.num(array[name]).to_numpy(), np.diff(column.offsets))
        flat = ak.flatten(array[name]).to_numpy()
        assert flat.dtype == column.values.dtype
        np.testing.assert_array_equal(flat, column.values)


@pytest.fixture
def file_limit():
    """Let no file grow beyond a size, as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    def limit(size: int) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))

    yield limit
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize(("dtype", "root_name", "letter"), list(zip(TYPES, ROOT_NAMES, LETTERS, strict=True)))
def test_every_type_is_written_as_root_names_it_and_read_back_bit_by_bit(tmp_path, dtype, root_name, letter):
    schema = {"one": Branch(dtype), "many": Branch(dtype, vector=True)}
    values = extremes(dtype)
    columns = columns_from_events([{"one": value, "many": values} for value in values] + [{}], schema)
    write_tree(tmp_path / "x.root", "t", columns, title="types")
    file = load_root().TFile(str(tmp_path / "x.root"))
    tree = file.Get("t")
    assert tree.GetBranch("many").GetClassName() == f"vector<{root_name}>"
    assert tree.GetBranch("one").GetTitle() == f"one/{letter}"
    file.Close()
    array = read(tmp_path / "x.root")
    assert array["one"].tolist() == [*values, 0]
    assert array["many"].tolist() == [values, values, values, []]


@pytest.mark.parametrize(("dtype", "root_name"), list(zip(TYPES, ROOT_NAMES, strict=True)))
def test_rvecs_of_every_type(tmp_path, dtype, root_name):
    columns = columns_from_events(
        [{"many": extremes(dtype) * n} for n in range(5)], {"many": Branch(dtype, vector=True)}
    )
    with TreeWriter(tmp_path / "x.root", "t", {"many": Branch(dtype, vector=True, rvec=True)}, "types") as writer:
        writer.fill({"many": columns["many"][:3]})
        writer.fill({"many": columns["many"][3:]})
    file = load_root().TFile(str(tmp_path / "x.root"))
    assert file.Get("t").GetBranch("many").GetClassName() == f"ROOT::VecOps::RVec<{root_name}>"
    file.Close()
    assert_same(read(tmp_path / "x.root"), columns)
    frame = load_root().RDataFrame("t", str(tmp_path / "x.root"))
    assert frame.GetColumnType("many") == f"ROOT::VecOps::RVec<{root_name}>"
    found = frame.AsNumpy(["many"])["many"]
    assert [list(one) for one in found] == [extremes(dtype) * n for n in range(5)]


def test_an_rvec_is_a_vector():
    assert Branch("float32", vector=True, rvec=True).leaf == "ROOT::VecOps::RVec<float>"
    with pytest.raises(ValueError, match="an RVec is a vector"):
        Branch("float32", rvec=True)


def test_order_title_texts_and_compression_of_the_file(tmp_path):
    path = tmp_path / "x.root"
    write_tree(path, "mini", every_type(10), title="what it is", texts={"provenance": '{"a": "ü"}', "more": ""})
    with uproot.open(path) as file:
        assert sorted(file.keys(cycle=False)) == ["mini", "more", "provenance"]
        assert file["provenance"] == '{"a": "ü"}'
        assert file["mini"].title == "what it is"
        assert file["mini"].keys() == list(every_type(1))
        assert file["mini"]["v_float32"].compression == uproot.ZLIB(1)


def test_nan_and_infinity_are_kept(tmp_path):
    schema = {"x": Branch("float32", vector=True)}
    write_tree(
        tmp_path / "x.root", "t", columns_from_events([{"x": [math.nan, math.inf, -math.inf]}], schema), title=""
    )
    x = read(tmp_path / "x.root")["x"][0].to_numpy()
    assert math.isnan(x[0])
    assert x[1:].tolist() == [math.inf, -math.inf]


@pytest.mark.parametrize("cuts", [[0, 1, 2, 2, 400], [0, 399, 400], [0, 400]])
def test_chunks_make_the_same_tree_as_one_go(tmp_path, cuts):
    columns = every_type(400)
    schema = {name: column.branch for name, column in columns.items()}
    with TreeWriter(tmp_path / "x.root", "t", schema, "chunks") as writer:
        for start, stop in pairwise(cuts):
            writer.fill({name: column[start:stop] for name, column in columns.items()})
    assert writer.events == 400
    assert_same(read(tmp_path / "x.root"), columns)


def test_clusters_do_not_depend_on_chunks(tmp_path):
    events = 2 * EVENTS_PER_CLUSTER + 5
    column = Column(np.arange(events, dtype=np.int32))
    for name, step in (("a", events), ("b", 7001)):
        with TreeWriter(tmp_path / f"{name}.root", "t", {"x": column.branch}, "") as writer:
            for start in range(0, events, step):
                writer.fill({"x": column[start : start + step]})
        file = load_root().TFile(str(tmp_path / f"{name}.root"))
        clusters = file.Get("t").GetClusterIterator(0)
        starts = []
        while (start := clusters()) < events:
            starts.append(start)
        file.Close()
        assert starts == [0, EVENTS_PER_CLUSTER, 2 * EVENTS_PER_CLUSTER]
        assert read(tmp_path / f"{name}.root")["x"].to_numpy().tolist() == list(range(events))


def test_no_events_leave_a_tree_with_its_branches(tmp_path):
    write_tree(tmp_path / "x.root", "t", every_type(0), title="")
    with uproot.open(tmp_path / "x.root") as file:
        assert file["t"].num_entries == 0
        assert file["t"].keys() == list(every_type(0))


def test_rdataframe_reads_what_was_written(tmp_path):
    columns = every_type(1000)
    write_tree(tmp_path / "x.root", "t", columns, title="")
    frame = load_root().RDataFrame("t", str(tmp_path / "x.root"))
    total = frame.Define("s", "Sum(v_float64) + s_int32").Sum("s").GetValue()
    assert total == columns["v_float64"].values.sum() + columns["s_int32"].values.sum()


def test_the_current_directory_of_root_stays(tmp_path):
    root = load_root()
    before = root.gDirectory.GetPath()
    write_tree(tmp_path / "x.root", "t", every_type(3), title="")
    assert root.gDirectory.GetPath() == before
    assert not [file for file in root.gROOT.GetListOfFiles() if "x.root" in file.GetName()]


def test_strided_and_reversed_arrays_are_written_as_they_read(tmp_path):
    values = np.arange(20, dtype=np.float64)
    columns = {"even": Column(values[::2]), "back": Column(values[:10][::-1])}
    write_tree(tmp_path / "x.root", "t", columns, title="")
    assert_same(read(tmp_path / "x.root"), columns)


# -- nothing half-written


def test_the_old_file_stays_until_the_new_one_is_complete(tmp_path):
    path = tmp_path / "x.root"
    path.write_text("old")
    columns = every_type(10)
    with TreeWriter(path, "t", {name: column.branch for name, column in columns.items()}, "") as writer:
        writer.fill(columns)
        assert path.read_text() == "old"
        assert sorted(file.name for file in tmp_path.iterdir()) == ["x.root", "x.root.part"]
    assert [file.name for file in tmp_path.iterdir()] == ["x.root"]
    assert_same(read(path), columns)


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError, FileNotFoundError])
def test_an_exception_in_the_block_goes_on_and_leaves_no_file(tmp_path, error):
    def write_and_fail() -> None:
        columns = every_type(10)
        with TreeWriter(
            tmp_path / "x.root", "t", {name: column.branch for name, column in columns.items()}, ""
        ) as writer:
            writer.fill(columns)
            raise error("mine")

    with pytest.raises(error, match="mine"):
        write_and_fail()
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path, file_limit):
    path = tmp_path / "x.root"
    rng = np.random.default_rng(1)
    columns = {"x": Column(rng.random(100_000)), "y": Column(rng.random(100_000))}
    write_tree(path, "t", columns, title="")
    size = path.stat().st_size
    assert size > 1_000_000
    path.unlink()
    # from the first basket to the last words of the file
    for limit in (size // 2, size - 20_000, size - 500, size - 100, size - 1):
        file_limit(limit)
        with pytest.raises(OutputError) as caught:
            write_tree(path, "t", columns, title="")
        assert "\n" not in str(caught.value)
        assert str(caught.value).startswith(f"{path}: cannot be written: ")
        assert list(tmp_path.iterdir()) == []
    file_limit(resource.RLIM_INFINITY)
    write_tree(path, "t", columns, title="")
    assert_same(read(path), columns)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(OutputError, match=r"no/x\.root: cannot be written: No such file or directory"):
        write_tree(tmp_path / "no" / "x.root", "t", every_type(1), title="")


def test_a_folder_in_the_place_of_the_file_is_an_error(tmp_path):
    (tmp_path / "x.root").mkdir()
    with pytest.raises(OutputError, match="Is a directory"):
        write_tree(tmp_path / "x.root", "t", every_type(1), title="")
    assert [file.name for file in tmp_path.iterdir()] == ["x.root"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_an_error(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match="Permission denied"):
        write_tree(tmp_path / "x.root", "t", every_type(1), title="")
    tmp_path.chmod(0o700)


@pytest.mark.parametrize("name", ["a#b.root", "a?b.root"])
def test_names_that_root_takes_for_urls_are_refused(tmp_path, name):
    with pytest.raises(OutputError, match="URL"):
        write_tree(tmp_path / name, "t", every_type(1), title="")
    assert list(tmp_path.iterdir()) == []


def test_names_with_spaces_and_letters_of_other_scripts_work(tmp_path):
    write_tree(tmp_path / "a b ü 日.root", "t", every_type(2), title="")
    assert_same(read(tmp_path / "a b ü 日.root"), every_type(2))


# -- what does not fit


def column(values: list, offsets: list | None = None, dtype: str = "float32") -> Column:
    return Column(np.array(values, dtype=dtype), None if offsets is None else np.array(offsets, dtype=np.int64))


SCHEMA = {"x": Branch("float32"), "v": Branch("float32", vector=True)}
GOOD = {"x": column([1, 2]), "v": column([1, 2, 3], [0, 1, 3])}


def test_columns_that_fit_tell_the_number_of_events():
    assert check_columns(GOOD, SCHEMA) == 2
    assert check_columns({"v": GOOD["v"], "x": GOOD["x"]}, SCHEMA) == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": column([1, 2], dtype="float64")}, "'x' are float64, not float32"),
        ({"x": column([1, 2], [0, 1, 2])}, "'x' is float: it needs no offsets"),
        ({"v": column([1, 2])}, "'v' is vector<float>: it needs offsets"),
        ({"x": column([1, 2, 3])}, "'v' has 2 events where the first has 3"),
        ({"v": column([1, 2, 3], [0, 1, 2])}, "do not rise from 0 to its 3 values"),
        ({"v": column([1, 2, 3], [0, 4, 3])}, "do not rise from 0 to its 3 values"),
        ({"v": column([1, 2, 3], [1, 2, 3])}, "do not rise from 0 to its 3 values"),
        ({"v": Column(np.zeros(3, np.float32), np.array([0, 1, 3], np.int32))}, "not int64"),
        ({"v": Column(np.zeros(0, np.float32), np.zeros(0, np.int64))}, "not int64"),
        ({"x": Column(np.zeros((2, 1), np.float32))}, "2 dimensions"),
        ({"w": column([1, 2])}, "'w' is no branch of this tree"),
    ],
)
def test_columns_that_do_not_fit_are_refused_before_anything_is_written(tmp_path, change, message):
    with pytest.raises(ValueError, match=message), TreeWriter(tmp_path / "x.root", "t", SCHEMA, "") as writer:
        writer.fill({**GOOD, **change})
    assert list(tmp_path.iterdir()) == []


def test_a_missing_column_is_named():
    with pytest.raises(ValueError, match="no values for branch 'v'"):
        check_columns({"x": GOOD["x"]}, SCHEMA)


def test_a_type_that_root_cannot_hold_is_refused():
    with pytest.raises(ValueError, match=r"unknown type 'float16'.*float32"):
        Branch("float16")
    with pytest.raises(ValueError, match="at least one branch"):
        TreeWriter(Path("x.root"), "t", {}, "")


def test_a_column_is_cut_like_a_list():
    cut = GOOD["v"][1:]
    assert cut.events == 1
    assert cut.values.tolist() == [2, 3]
    assert cut.offsets is not None
    assert cut.offsets.tolist() == [0, 2]
    assert GOOD["v"][2:9].events == 0
    assert GOOD["x"][:1].values.tolist() == [1]
    with pytest.raises(ValueError, match="contiguous"):
        GOOD["x"][::2]
