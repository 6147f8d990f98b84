"""Friends: small files that know whose they are."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import uproot

from rdfplugins import cpp
from rdfplugins.append.branch import adding
from rdfplugins.append.friend import NAME, check_friend, friend, friend_tree
from rdfplugins.errors import ConfigError, InputError, OutputError
from tests.append.files import ENTRIES, append, names, plain, read, scores


def make(source: Path, target: Path, tree: str = "events", **more: bool) -> np.ndarray:
    values = scores(ENTRIES, 2)
    with friend(source, target, tree, {"ml_mass": "m_ML [GeV]", "second": "b"}, **more) as new:
        new.fill(values[:1234])
        new.fill(values[1234:])
    return values


def test_root_reads_it_beside_the_source(source: Path, tmp_path: Path) -> None:
    before = source.read_bytes()
    values = make(source, tmp_path / "f.root")
    assert source.read_bytes() == before
    assert names(tmp_path) == ["f.root", "files"]
    root = cpp.load_root()
    with root.TFile(str(source)) as file:
        tree = file.Get("events")
        tree.AddFriend("events_ml_mass", str(tmp_path / "f.root"))
        frame = root.RDataFrame(tree)
        found = frame.AsNumpy(["k", "ml_mass", "second"])
        assert tree.Draw("ml_mass:k", "", "goff") == ENTRIES
    np.testing.assert_array_equal(found["k"], np.arange(ENTRIES))
    np.testing.assert_array_equal(found["ml_mass"], values[:, 0])
    np.testing.assert_array_equal(found["second"], values[:, 1])


def test_threads_read_the_same_entries(source: Path, tmp_path: Path) -> None:
    values = make(source, tmp_path / "f.root")
    root = cpp.load_root()
    root.EnableImplicitMT(2)
    try:
        with root.TFile(str(source)) as file:
            tree = file.Get("events")
            tree.AddFriend("events_ml_mass", str(tmp_path / "f.root"))
            found = root.RDataFrame(tree).AsNumpy(["k", "ml_mass"])
    finally:
        root.DisableImplicitMT()
    np.testing.assert_array_equal(found["ml_mass"], values[found["k"], 0])


def test_it_says_whose_it_is(source: Path, tmp_path: Path) -> None:
    make(source, tmp_path / "f.root")
    with uproot.open(tmp_path / "f.root") as file:
        assert file.keys() == [f"{NAME};1", "events_ml_mass;1"]
        stored = json.loads(str(file[NAME]))[NAME]
    with cpp.load_root().TFile(str(source)) as opened:
        uuid, modified = str(opened.GetUUID().AsString()), str(opened.GetModificationDate().AsSQLString())
    status = source.stat()
    expected = {
        "file": "a.root",
        "tree": "events",
        "entries": ENTRIES,
        "size": status.st_size,
        "mtime": status.st_mtime,
    }
    assert stored == {**expected, "uuid": uuid, "modified": modified}
    assert str(tmp_path).encode() not in (tmp_path / "f.root").read_bytes()
    check_friend(tmp_path / "f.root", source)
    check_friend(tmp_path / "f.root", Path(shutil.copy(source, tmp_path / "copy.root")))


def test_another_file_is_no_friend(source: Path, tmp_path: Path) -> None:
    make(source, tmp_path / "f.root")
    with pytest.raises(InputError, match=r"uuid was .* and is"):
        check_friend(tmp_path / "f.root", plain(tmp_path / "same.root"))
    with pytest.raises(InputError, match="does not say whose friend it is"):
        check_friend(source, source)
    append(source, source, name="more")
    with pytest.raises(InputError, match=r"(size|modified) was .* and is .*; make it again"):
        check_friend(tmp_path / "f.root", source)
    plain(source, trees=("other",))
    with pytest.raises(InputError, match="has no tree 'events'"):
        check_friend(tmp_path / "f.root", source)


def test_trees_in_folders(tmp_path: Path) -> None:
    path = plain(tmp_path / "a.root", ENTRIES, trees=("dir/events", "events"))
    values = make(path, tmp_path / "f.root", "dir/events")
    np.testing.assert_array_equal(read(tmp_path / "f.root", "events_ml_mass"), values[:, 0])
    assert friend_tree("dir/inner/events", {"a": "", "b": ""}) == "events_a"
    check_friend(tmp_path / "f.root", path)


def test_empty_trees(tmp_path: Path) -> None:
    path = plain(tmp_path / "a.root", 0)
    with friend(path, tmp_path / "f.root", "events", {"ml_mass": "m"}):
        pass
    assert len(read(tmp_path / "f.root", "events_ml_mass")) == 0


def test_what_no_friend_is_made_of(source: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be written into its source"):
        make(source, source)
    append(source, source)
    with pytest.raises(InputError, match="has a branch 'ml_mass' already"):
        make(source, tmp_path / "f.root")
    make(source, tmp_path / "f.root", replace=True)


def test_shuffled_entries(source: Path, tmp_path: Path) -> None:
    root = cpp.load_root()
    root.EnableImplicitMT(2)
    try:
        root.RDataFrame("events", str(source)).Snapshot("events", str(tmp_path / "shuffled.root"), ["x", "k"])
    finally:
        root.DisableImplicitMT()
    with pytest.raises(InputError, match="ROOT refuses friends"):
        make(tmp_path / "shuffled.root", tmp_path / "f.root")


def test_unfilled_entries_leave_nothing(source: Path, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="has 5 entries where the tree has 3000"):  # noqa: SIM117
        with friend(source, tmp_path / "f.root", "events", {"ml_mass": "m"}) as new:
            new.fill(scores(5))
    assert names(tmp_path) == ["files"]


def test_objects_beside_the_tree(source: Path, tmp_path: Path) -> None:
    root = cpp.load_root()
    for protocol in (friend, adding):
        with protocol(source, tmp_path / "f.root", "events", {"ml_mass": "m"}) as new:
            new.fill(scores())
            new.put("provenance", root.TObjString("text"))
        with uproot.open(tmp_path / "f.root") as file:
            assert str(file["provenance"]) == "text"
