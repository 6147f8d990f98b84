"""Whatever kind of branch people write: its entries are what they were, also to who knows none of its classes."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import uproot

from rdfplugins import cpp
from rdfplugins.resample.write import output
from tests.benchmarks.contenders import compiler
from tests.resample import any_branch
from tests.resample import write_cases as cases

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

pytestmark = pytest.mark.filterwarnings(r"ignore:.*no dictionary for class:RuntimeWarning")
NAMES = list(any_branch.ENTRIES)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not compiler():
        pytest.skip("no C++ compiler, without which classes cannot be written")
    made = tmp_path_factory.mktemp("any")
    done = subprocess.run(
        [sys.executable, "-m", "tests.resample.any_branch", str(made)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return made


def given(folder: Path) -> tuple[Any, Any]:
    files = [(folder / name, entries) for name, entries in any_branch.ENTRIES.items()]
    one, two = cases.sample("one", 0, files[:3]), cases.sample("two", 1, files[3:])
    return cases.sources(one, two), cases.chosen((one, (1, 2, 3)), (two, (4,)))


def alone(path: Path) -> dict[str, NDArray[np.uint64]]:
    """Return the checksums of all columns as a process reads them that has seen no other file."""
    kept = path.with_suffix(".npz")
    done = subprocess.run(
        [sys.executable, "-m", "tests.resample.any_branch", str(path), str(kept)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Error in" not in done.stderr
    with np.load(kept) as found:
        return dict(found)


@pytest.fixture(scope="module")
def stored(folder: Path) -> dict[str, dict[str, NDArray[np.uint64]]]:
    return {
        name: {branch: any_branch.sums(folder / name, branch) for branch in any_branch.branches(folder / name)}
        for name in NAMES
    }


@pytest.fixture
def any_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "LEAST", 0)


@pytest.mark.usefixtures("any_memory")
@pytest.mark.parametrize(("shuffle", "memory"), [(False, 1 << 24), (True, 1 << 24), (True, 1 << 14)])
def test_every_entry_of_every_branch(folder: Path, stored: Any, tmp_path: Path, shuffle: bool, memory: int) -> None:
    sources, rows = given(folder)
    written, said = cases.run(tmp_path / "out.root", sources, rows, shuffle=shuffle, memory=memory)
    want = cases.expected(sources, rows, shuffle=shuffle)
    found = alone(tmp_path / "out.root")
    np.testing.assert_array_equal(any_branch.sums(tmp_path / "out.root", "event_key"), found["event_key"])
    file, row = cases.file_of(want["event_key"]), cases.row_of(want["event_key"])
    assert len(found) == len(stored["a.root"]) - 1 + len(cases.NEW)
    for branch in stored["a.root"]:
        if branch == "pointers":
            continue
        expected = np.concatenate([stored[name][branch] for name in NAMES])
        begins = np.cumsum([0, *any_branch.ENTRIES.values()])
        np.testing.assert_array_equal(found[branch], expected[begins[file - 1] + row], err_msg=branch)
        assert len(np.unique(found[branch])) > 1, branch
    assert written.left_out == ("pointers",)
    assert said == [
        "one: its friend trees are not copied",
        "two: its friend trees are not copied",
        "columns that are left out: pointers (a class that ROOT splits by what is in it)",
    ]


def test_what_stands_beside_the_branches(folder: Path, tmp_path: Path) -> None:
    sources, rows = given(folder)
    cases.run(tmp_path / "out.root", sources, rows)
    root = cpp.load_root()
    with root.TFile(str(tmp_path / "out.root")) as file:
        tree = file.Get("events")
        assert str(tree.GetBranch("f").GetTitle()) == "transverse momentum in GeV"
        assert [str(one.GetName()) for one in tree.GetUserInfo()] == ["who", "lumi"]
        assert str(tree.GetAlias("twice")) == "2*f"
        assert not tree.GetListOfFriends()
        assert not tree.GetTreeIndex()
        assert [str(key.GetName()) for key in file.GetListOfKeys()] == ["events", "provenance"]


def test_what_is_known_of_classes(folder: Path, tmp_path: Path) -> None:
    def described(path: Path) -> set[tuple[str, int]]:
        with uproot.open(path) as file:
            return {(name, version) for name, versions in file.file.streamers.items() for version in versions}

    sources, rows = given(folder)
    cases.run(tmp_path / "out.root", sources, rows)
    assert {name for name, _ in described(folder / "a.root")} >= {"AnyHit", "AnyEvent", "TLorentzVector", "TObjString"}
    assert described(folder / "a.root") <= described(tmp_path / "out.root")


def test_what_uproot_reads(folder: Path, tmp_path: Path) -> None:
    sources, rows = given(folder)
    cases.run(tmp_path / "out.root", sources, rows, shuffle=True)
    numbers = ["flag", "letter", "us", "ul", "d32", "fixed", "matrix", "counted", "bytes", "list"]
    names = [*numbers, "text", "vf", "vvf", "vb", "vs", "rvec", "str"]
    with uproot.open(tmp_path / "out.root") as file:
        found = {name: file["events"][name].array() for name in names}
        key = file["events"]["event_key"].array(library="np")
    for number, name in enumerate(NAMES, start=1):
        mine = cases.file_of(key) == number
        if not mine.any():
            continue
        with uproot.open(folder / name) as file:
            for branch in names:
                assert cases.same(found[branch][mine], file["events"][branch].array()[cases.row_of(key)[mine]]), branch


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "tree"),
    [
        ("nanoaod/nanoAOD_2015_CMS_Open_Data_ttbar.root", "Events"),
        ("nanoaod/nano_dy.root", "Events"),
        ("nanoaod/pfnano.root", "Events"),
        ("atlas_mini/data_A.4lep.root", "mini"),
    ],
)
def test_real_files(real_data: Path, tmp_path: Path, name: str, tree: str) -> None:
    path = real_data / name
    with uproot.open(path) as file:
        entries = file[tree].num_entries
    one = cases.sample("one", 0, [(path, entries)], table=tree, key_is="file and row")
    cases.run(tmp_path / "out.root", cases.sources(one), cases.chosen((one, (1,)), fraction=0.1), shuffle=True)
    with uproot.open(tmp_path / "out.root") as new, uproot.open(path) as old:
        rows = cases.row_of(new[tree]["event_key"].array(library="np"))
        branches = [branch.name for branch in old[tree].branches]
        assert set(new[tree].keys(recursive=False)) == {*branches, *cases.NEW, "event_key"}
        for branch in branches[:: max(1, len(branches) // 60)]:
            assert cases.same(new[tree][branch].array(), old[tree][branch].array()[rows]), branch
