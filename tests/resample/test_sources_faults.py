"""Files and configs that cannot be right: one line that says where, what is wrong, and what to do."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pytest
import uproot

from rdfplugins.cpp import load_root
from rdfplugins.errors import ConfigErrors, InputError, RdfpluginsError
from tests.resample.source_files import as_records, sources_of, table, write, write_hdf5, write_root

if TYPE_CHECKING:
    from pathlib import Path

ONE = "resample: {{method: none, from: {{one: {}}}{}}}"


def refused(folder: Path, files: str, more: str = "", **options: Any) -> str:
    """Return what is said of files, which is one line."""
    with pytest.raises(RdfpluginsError) as caught:
        sources_of(folder, ONE.format(files, more), **options)
    assert caught.value.exit_code == 2
    assert "\n" not in str(caught.value)
    return str(caught.value)


def hdf5_files(folder: Path) -> None:
    columns = table(10)
    records = as_records(columns)
    write_hdf5(folder / "good.h5", columns)
    with h5py.File(folder / "odd.h5", "w") as file:
        file["jets"] = records
        file["array"] = np.zeros((10, 3))
        file["square"] = np.zeros((2, 5), records.dtype)
        file["group/jets"] = records
        file["elsewhere"] = h5py.ExternalLink("good.h5", "jets")
        file["inner"] = h5py.SoftLink("/group/jets")
        layout = h5py.VirtualLayout(10, records.dtype)
        layout[:] = h5py.VirtualSource(str(folder / "good.h5"), "jets", shape=(10,))
        file.create_virtual_dataset("virtual", layout)
        file.create_dataset("outside", data=records, external=[(str(folder / "raw.bin"), 0, h5py.h5f.UNLIMITED)])
        plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plist.set_chunk((5,))
        plist.set_filter(32015, h5py.h5z.FLAG_OPTIONAL, (3,))
        space = h5py.h5s.create_simple((10,))
        h5py.h5d.create(file.id, b"zstd", h5py.h5t.py_create(records.dtype, logical=True), space, plist)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("jetz", "there is no dataset 'jetz'; did you mean 'jets'?"),
        ("tracks", "there is no dataset 'tracks'; it has array, "),
        ("array", "the dataset 'array' is an array of float64, not a table with named columns (a compound dataset)"),
        ("square", "the dataset 'square' has 2 dimensions; a table of rows has one"),
        ("group", "'group' is a group, not a dataset; it has jets"),
        ("elsewhere", "'elsewhere' is a link into another file, which is not followed; name that file"),
        ("virtual", "the dataset 'virtual' is virtual, its rows are in other files; name those files"),
        ("outside", "the rows of 'outside' are stored in another file; write it anew as one file"),
        ("zstd", "'zstd' is compressed by filter 32015 (zstd), which this h5py does not have; install it with: pip"),
    ],
)
def test_datasets_that_are_no_table(tmp_path: Path, name: str, said: str) -> None:
    hdf5_files(tmp_path)
    assert refused(tmp_path, "odd.h5", f", dataset: {name}").startswith(f"{tmp_path}/odd.h5: {said}")


@pytest.mark.parametrize("name", ["group/jets", "inner", "/group/jets"])
def test_tables_in_groups_and_links_within_a_file(tmp_path: Path, name: str) -> None:
    hdf5_files(tmp_path)
    (source,) = sources_of(tmp_path, ONE.format("odd.h5", f", dataset: {name}")).all
    assert np.array_equal(next(source.chunks({"y": "y"})).values["y"], table(10)["y"])


def test_files_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "a.h5").write_text("no HDF5 at all")
    (tmp_path / "a.root").write_text("neither")
    (tmp_path / "empty.root").touch()
    (tmp_path / "data").write_text("?")
    write_root(tmp_path / "cut.root", table(5000))
    whole = (tmp_path / "cut.root").read_bytes()
    (tmp_path / "cut.root").write_bytes(whole[: len(whole) // 2])
    write_hdf5(tmp_path / "cut.h5", table(5000))
    (tmp_path / "cut.h5").write_bytes((tmp_path / "cut.h5").read_bytes()[:3000])
    wanted = {
        "a.h5": "a.h5: is not an HDF5 file, or it is damaged",
        "a.root": "a.root: is not a ROOT file, or it is damaged",
        "empty.root": "empty.root: is not a ROOT file, or it is damaged (it is empty)",
        "data": "data: is not a ROOT or HDF5 file, or it is damaged",
        "gone.h5": "gone.h5: no such file",
        "cut.root": "cut.root: its end is missing, it has ",
        "cut.h5": "cut.h5: cannot be read: ",
        "'*.none'": "config.yaml:1: no file matches ",
        "root://server//a.root": "root://server//a.root: is remote",
    }
    for name, said in wanted.items():
        assert said in refused(tmp_path, name), name


def test_trees(tmp_path: Path) -> None:
    path = tmp_path / "a.root"
    with uproot.recreate(path) as file:
        file.mktree("events", {"x": np.float64})
        file.mktree("folder/other", {"x": np.float64})
        file["text"] = "no tree"
    with uproot.recreate(tmp_path / "none.root") as file:
        file["text"] = "no tree"
    assert refused(tmp_path, "a.root").endswith("holds 2 trees (events, folder/other); say which with 'tree'")
    assert refused(tmp_path, "a.root", ", tree: event").endswith("there is no tree 'event'; did you mean 'events'?")
    assert refused(tmp_path, "a.root", ", tree: Q").endswith("no tree 'Q'; it has events, folder/other")
    assert refused(tmp_path, "none.root").endswith("none.root: holds no tree")
    assert sources_of(tmp_path, ONE.format("a.root", ", tree: folder/other")).all[0].columns == ("x",)


def test_half_filled_branches(tmp_path: Path) -> None:
    root = load_root()
    file = root.TFile(str(tmp_path / "a.root"), "RECREATE")
    tree = root.TTree("t", "")
    value = np.zeros(1)
    first = tree.Branch("x", value, "x/D")
    second = tree.Branch("half", value, "half/D")
    for i in range(10):
        first.Fill()
        if i % 2:
            second.Fill()
    tree.SetEntries(10)
    tree.Write()
    file.Close()
    assert refused(tmp_path, "a.root").endswith("branch 'half' has 5 entries where the tree has 10")


@pytest.mark.parametrize("suffix", [".root", ".h5"])
def test_files_of_a_sample_that_differ(tmp_path: Path, suffix: str) -> None:
    columns = table(10)
    write(tmp_path / f"a{suffix}", columns)
    other = {("Pt" if name == "pt" else name): values for name, values in columns.items()}
    write(tmp_path / f"b{suffix}", other)
    write(tmp_path / f"c{suffix}", {**columns, "pt": columns["pt"].astype(np.float64)})
    write(tmp_path / f"d{suffix}", {**columns, "extra": columns["pt"]})
    a, b, c, d = (f"{tmp_path}/{name}{suffix}" for name in "abcd")
    pair = "[a{0}, {1}{0}]"
    assert refused(tmp_path, pair.format(suffix, "b")) == f"{b}: has no column 'pt', which {a} has; did you mean 'Pt'?"
    assert refused(tmp_path, pair.format(suffix, "c")).startswith(f"{c}: column 'pt' is float64, but float32 in {a}")
    assert refused(tmp_path, pair.format(suffix, "d")).startswith(f"{d}: has a column 'extra', which {a} does not have")


def test_two_formats(tmp_path: Path) -> None:
    write(tmp_path / "a.root", table(10))
    write(tmp_path / "a.h5", table(10))
    assert "a.h5: is of another format than" in refused(tmp_path, "[a.root, a.h5]")
    with pytest.raises(InputError, match="one output is made of one format"):
        sources_of(tmp_path, "resample: {method: none, from: {one: a.root, two: a.h5}}")


def test_a_file_twice(tmp_path: Path) -> None:
    write(tmp_path / "a.h5", table(10))
    os.link(tmp_path / "a.h5", tmp_path / "b.h5")
    (tmp_path / "c.h5").symlink_to(tmp_path / "a.h5")
    assert "is named twice" in refused(tmp_path, "[a.h5, a.h5]")
    assert "is named twice" in refused(tmp_path, "[a.h5, c.h5]")
    assert "b.h5: is listed twice (also as" in refused(tmp_path, "[a.h5, b.h5]")
    with pytest.raises(InputError, match="in samples 'one' and 'two', which are of different classes"):
        sources_of(tmp_path, "resample: {method: none, from: {one: a.h5, two: a.h5}}")


VARIABLE = """
    resample:
      method: count
      from: {{one: a{}}}
      label_column: {{column: label, values: {{light: 0, bottom: 5}}}}
      options:
        sampling_variables:
          - {}: {{bins: [0, 1, 3]}}
    """


def test_variables_that_are_no_number(tmp_path: Path) -> None:
    columns = table(10)
    words = np.array([b"abc"] * 10)
    write_hdf5(tmp_path / "a.h5", {**columns, "vector": np.zeros((10, 3), np.float32), "words": words})
    root = load_root()
    df = (
        root.RDataFrame(10)
        .Define("label", "0")
        .Define("vector", "ROOT::RVecF{1, 2}")
        .Define("words", 'std::string("x")')
    )
    df = df.Define("pt", "1.0").Define("run", "1")
    df.Snapshot("t", str(tmp_path / "a.root"))
    said = {
        (".h5", "vector"): "sample 'one': column 'vector' is a vector of float32 [3], where one number a row is needed",
        (".h5", "words"): "sample 'one': column 'words' is text of 3 bytes, where one number a row is needed",
        (".root", "vector"): "sample 'one': column 'vector' is a vector of float32 (RVec<float>), where",
        (".root", "words"): "sample 'one': column 'words' is text or an object (std::string), where one number",
        (".root", "word"): "sample 'one' has no column 'word'; did you mean 'words'?",
    }
    for (suffix, name), wanted in said.items():
        with pytest.raises(ConfigErrors) as caught:
            sources_of(tmp_path, VARIABLE.format(suffix, name))
        assert str(caught.value).startswith(f"{tmp_path}/config.yaml:8: {wanted}"), name


def test_formulas_of_variables(tmp_path: Path) -> None:
    write_hdf5(tmp_path / "a.h5", table(10))
    text = VARIABLE.replace("{{bins", "{{expression: '{2}', bins").replace("{}: {{", "{1}: {{").replace("a{}", "a{0}")
    sources_of(tmp_path, text.format(".h5", "x", "abs(y) + run"))
    with pytest.raises(ConfigErrors, match=r"config.yaml:8: sample 'one' has no column 'yy'; did you mean 'y'"):
        sources_of(tmp_path, text.format(".h5", "x", "abs(yy)"))
    with pytest.raises(ConfigErrors, match=r"config.yaml:8: 'run / event' divides whole numbers"):
        sources_of(tmp_path, text.format(".h5", "x", "run / event"))


def test_columns_of_the_config(tmp_path: Path) -> None:
    write_hdf5(tmp_path / "a.h5", {**table(10), "vector": np.zeros((10, 3))})
    said = {
        ", key: [run, evt]": "config.yaml:1: sample 'one' has no column 'evt'; did you mean 'event'?",
        ", key: [pt]": "column 'pt' of sample 'one' is float32; a row is identified by integers",
        ", label_column: lable": "no file says what the numbers of 'lable' mean",
        ", label_column: lable, class_labels: [a]": "sample 'one' has no column 'lable'; did you mean 'label",
        ", label_column: {column: vector, values: {a: 1}}": "column 'vector' is a vector of float64 [3]",
        ", split_column: vector": "column 'vector' is a vector",
        ", class_labels: [two]": "config.yaml:1: no sample has a class 'two'; there are one",
    }
    for more, wanted in said.items():
        assert wanted in refused(tmp_path, "a.h5", more), more


def test_an_event_key_that_is_none(tmp_path: Path) -> None:
    write_hdf5(tmp_path / "a.h5", {"event_key": np.zeros(3), "event": np.arange(3)})
    assert "its column 'event_key' is float64 and holds no keys" in refused(tmp_path, "a.h5")
    (source,) = sources_of(tmp_path, ONE.format("a.h5", ", key: [event]")).all
    assert source.key_is == "event"


def test_a_split_that_is_none(tmp_path: Path) -> None:
    write_hdf5(tmp_path / "a.h5", {"split": np.array([0, 1, 2, 7])})
    (source,) = sources_of(tmp_path, ONE.format("a.h5", "")).all
    with pytest.raises(InputError, match=r"a\.h5: column 'split' holds 7; 0 is training, 1 validation, 2 test"):
        list(source.chunks({}))


@pytest.mark.parametrize("suffix", [".root", ".h5"])
def test_a_file_that_changes_is_noticed(tmp_path: Path, suffix: str) -> None:
    path = write(tmp_path / f"a{suffix}", table(10))
    (source,) = sources_of(tmp_path, ONE.format(path.name, "")).all
    write(path, table(20))
    with pytest.raises(InputError, match=re.escape(f"{path}: changed while it was read")):
        list(source.chunks({"y": "y"}))


def test_all_files_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        sources_of(tmp_path, "resample: {method: none, from: {one: a.h5, two: [b.h5, c.h5]}}")
    assert str(caught.value).count("no such file") == 2  # of one sample the first
