"""Which tree of a file is meant, and files that are refused with one line."""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np
import pytest
import uproot

from rdfplugins import cpp
from rdfplugins.append.tree import find_tree
from rdfplugins.errors import DamagedFileError, InputError
from tests.append.files import ENTRIES, plain

ROUNDS = 25


def refused(path: Path, tree: str | None = None) -> str:
    with pytest.raises(InputError) as caught:
        find_tree(path, tree)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)
    return str(caught.value)


def test_the_only_tree(source: Path) -> None:
    found = find_tree(source, None)
    assert (found.name, found.entries, found.kind, found.others) == ("events", ENTRIES, "TTree", ())
    assert found.branches == ("x", "k", "nv", "v")
    assert re.fullmatch(r"[0-9a-f-]{36}", found.uuid)
    assert not found.shuffled


def test_several_trees_are_all_listed(tmp_path: Path) -> None:
    path = plain(tmp_path / "a.root", 3, trees=("a", "dir/b", "dir/inner/c"))
    assert "say which: a, dir/b, dir/inner/c" in refused(path)
    for name in ("dir/inner/c", "/dir/inner/c"):
        assert find_tree(path, name).name == "dir/inner/c"
    assert find_tree(path, "dir/b").others == ("a", "dir/inner/c")


def test_a_near_name_is_named(source: Path) -> None:
    assert "has no tree 'Event'; did you mean 'events'? (it has: events)" in refused(source, "Event")
    assert "no tree 'h'" in refused(source, "h")
    assert "no tree 'dir/events'" in refused(source, "dir/events")
    assert "is one cycle of a tree" in refused(source, "events;1")
    assert "no tree" in refused(source, "")


def test_ntuple(tmp_path: Path) -> None:
    path = tmp_path / "n.root"
    root = cpp.load_root()
    options = root.RDF.RSnapshotOptions()
    options.fOutputFormat = root.RDF.ESnapshotOutputFormat.kRNTuple
    root.RDataFrame(7).Define("x", "1.f").Define("y", "2").Snapshot("events", str(path), ["x", "y"], options)
    found = find_tree(path, None)
    assert (found.name, found.entries, found.kind, set(found.branches)) == ("events", 7, "RNTuple", {"x", "y"})


def test_chain(source: Path, tmp_path: Path) -> None:
    root = cpp.load_root()
    path = tmp_path / "chain.root"
    with root.TFile(str(path), "RECREATE") as file:
        chain = root.TChain("events")
        chain.Add(str(source))
        file.WriteObject(chain, "events")
    assert "TChain, a list of files: give these files" in refused(path, "events")
    assert "TChain, a list of files: give these files" in refused(path)


@pytest.mark.parametrize(
    "url", ["root://eospublic.cern.ch//eos/a.root", "https://example.org/a.root", "file:///a.root"]
)
def test_files_on_servers(url: str) -> None:
    with pytest.raises(InputError, match="is not a file on a disk; copy it here"):
        find_tree(Path(url), None)


def test_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert "no such file" in refused(tmp_path / "none.root")
    assert "is a folder" in refused(tmp_path)
    assert "is a pipe" in refused(tmp_path / "pipe")


@pytest.mark.parametrize("content", [b"", b"root", b"not a ROOT file" * 100, b"root" + b"\0" * 1000], ids=range(4))
def test_what_is_no_root_file(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.root"
    path.write_bytes(content)
    refused(path)


@pytest.mark.parametrize("part", [0.05, 0.3, 0.6, 0.9, 0.999])
def test_files_that_were_cut_off(source: Path, part: float) -> None:
    content = source.read_bytes()
    source.write_bytes(content[: int(len(content) * part)])
    with pytest.raises(DamagedFileError):
        find_tree(source, None)


def test_a_file_that_was_not_closed(tmp_path: Path) -> None:
    root = cpp.load_root()
    path, crashed = tmp_path / "a.root", tmp_path / "crashed.root"
    with root.TFile(str(path), "RECREATE"):
        tree = root.TTree("events", "t")
        value = np.zeros(1, "f4")
        tree.Branch("x", value, "x/F")
        for _ in range(1000):
            tree.Fill()
        tree.AutoSave("FlushBaskets")
        crashed.write_bytes(path.read_bytes())
        tree.ResetBranchAddresses()
    assert "was not closed properly" in refused(crashed)


def test_no_damage_kills_the_process(source: Path) -> None:
    content = bytearray(source.read_bytes())
    draw = np.random.default_rng(3)
    survived = 0
    for _ in range(ROUNDS):
        damaged = content.copy()
        for place in draw.integers(0, len(content), 30):
            damaged[place] = draw.integers(0, 256)
        source.write_bytes(damaged)
        try:
            find_tree(source, "events")
            survived += 1
        except InputError as error:
            assert "\n" not in str(error)  # noqa: PT017
    assert survived < ROUNDS, "nothing was damaged"


def test_names_that_are_syntax_elsewhere(tmp_path: Path) -> None:
    root = cpp.load_root()
    path = tmp_path / "odd.root"
    with root.TFile(str(path), "RECREATE") as file:
        for name in ("a b", "a.b", "a:b", "süß", "a;b", "$HOME", "a[1]"):
            root.TTree(name, "t").Write()
        folder = root.TDirectoryFile("d:r", "d")
        root.SetOwnership(folder, False)  # it is the file's
        file.cd()
        folder.cd()
        root.TTree("in", "t").Write()
        folder.Write()
    names = {find_tree(path, name).name for name in ("a b", "a.b", "a:b", "süß", "$HOME", "a[1]", "d:r/in")}
    assert len(names) == 7


@pytest.mark.parametrize("name", ["a b.root", "ü.root", "~a.root", "a%20b.root", "a:b.root"])
def test_odd_names_of_files(source: Path, name: str) -> None:
    odd = source.rename(source.with_name(name))
    assert find_tree(odd, None).entries == ENTRIES


@pytest.mark.parametrize("name", ["a$HOME.root", "a?b.root", "a#b.root"])
def test_names_of_files_that_root_would_change(source: Path, name: str) -> None:
    assert "ROOT reads" in refused(source.rename(source.with_name(name)))


def test_the_folder_of_root_stays(source: Path) -> None:
    root = cpp.load_root()
    root.gROOT.cd()
    find_tree(source, None)
    assert str(root.gDirectory.GetName()) == "PyROOT" or root.gDirectory == root.gROOT
    with uproot.open(source) as file:
        assert "events" in file
