"""What was in a file before branches were added is in it behind, whatever it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import uproot

from rdfplugins import cpp
from rdfplugins.append.branch import adding
from rdfplugins.append.tree import find_tree
from tests.append import compare
from tests.append.files import append, plain, read, scores
from tests.append.odd_files import COMPRESSIONS

if TYPE_CHECKING:
    from pathlib import Path

TREES = {
    "events": 5000,
    "folder/inner/events": 100,
    "ntuple": 1000,
    "no_branches": 10,
    "no_entries": 0,
    "odd name: a.b (1)": 10,
}
pytestmark = pytest.mark.filterwarnings(r"ignore:.*no dictionary for class:RuntimeWarning")
TO_UPROOT = 28  # of the branches of `events`; it cannot read the rest from the original either


@pytest.fixture(params=COMPRESSIONS)
def odd(request: pytest.FixtureRequest, odd_folder: Path) -> Path:
    return odd_folder / f"{request.param}.root"


@pytest.mark.parametrize("tree", TREES)
def test_all_is_as_before_and_the_new_branches_hold_what_was_filled(odd: Path, tmp_path: Path, tree: str) -> None:
    target = tmp_path / "new.root"
    values = scores(TREES[tree], 2)
    with adding(odd, target, tree, {"ml_mass": "m [GeV]", "other": "second"}) as new:
        for begin in range(0, len(values), 999):
            new.fill(values[begin : begin + 999])
    compare.same(odd, target, tree, ["ml_mass", "other"])
    assert compare.same_to_uproot(odd, target, tree) >= (TO_UPROOT if tree in ("events", "folder/inner/events") else 0)
    np.testing.assert_array_equal(read(target, tree), values[:, 0])
    np.testing.assert_array_equal(read(target, tree, "other"), values[:, 1])
    assert find_tree(target, tree).branches == (*find_tree(odd, tree).branches, "ml_mass", "other")


def test_in_place_again_and_again(odd: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.root"
    path.write_bytes(odd.read_bytes())
    first = append(path, path, name="first")
    second = append(path, path, name="second", seed=2)
    again = append(path, path, name="first", seed=3, replace=True)
    inner = append(path, path, tree="folder/inner/events", seed=4)
    assert not np.array_equal(first, again, equal_nan=True)
    np.testing.assert_array_equal(read(path, name="first"), again)
    np.testing.assert_array_equal(read(path, name="second"), second)
    np.testing.assert_array_equal(read(path, tree="folder/inner/events"), inner)
    # `same` looks at one changed tree: set the other one right
    before = compare.tree_facts(odd, "folder/inner/events", 1)
    assert compare.tree_facts(path, "folder/inner/events", 1, without=["ml_mass"]) == before
    latest = max(cycle for name, cycle, _, _ in compare.keys(odd) if name == "events")
    after = compare.tree_facts(path, "events", latest, without=["first", "second"])
    assert after == compare.tree_facts(odd, "events", latest)
    assert compare.keys(path) == compare.keys(odd)


def test_older_cycles_of_the_tree_stay_readable(odd_folder: Path, tmp_path: Path) -> None:
    odd = odd_folder / "zlib.root"
    cycles = [cycle for name, cycle, _, _ in compare.keys(odd) if name == "events"]
    assert len(cycles) == 2
    append(odd, tmp_path / "new.root")
    assert [cycle for name, cycle, _, _ in compare.keys(tmp_path / "new.root") if name == "events"] == cycles
    older = compare.tree_facts(tmp_path / "new.root", "events", min(cycles))
    assert older == compare.tree_facts(odd, "events", min(cycles))
    assert 0 < older["entries"] < TREES["events"]


def test_threads_of_root_change_nothing(odd_folder: Path, source: Path, tmp_path: Path) -> None:
    root = cpp.load_root()
    root.EnableImplicitMT(2)
    try:
        odd_values = append(odd_folder / "zstd.root", tmp_path / "odd.root")
        values = append(source, tmp_path / "new.root")
        frame = root.RDataFrame("events", str(tmp_path / "new.root"))
        total = frame.Filter("!std::isnan(ml_mass)").Sum("ml_mass").GetValue()
    finally:
        root.DisableImplicitMT()
    compare.same(odd_folder / "zstd.root", tmp_path / "odd.root", "events", ["ml_mass"])
    np.testing.assert_array_equal(read(tmp_path / "odd.root"), odd_values)
    np.testing.assert_array_equal(read(tmp_path / "new.root"), values)
    assert total == pytest.approx(np.nansum(values.astype("f8")))


@pytest.mark.parametrize("entries", [0, 1, 999, 3000])
def test_files_that_uproot_wrote(tmp_path: Path, entries: int) -> None:
    old = plain(tmp_path / "old.root", entries, trees=("other", "events", "third"))
    values = append(old, tmp_path / "new.root")
    compare.same(old, tmp_path / "new.root", "events", ["ml_mass"])
    assert compare.same_to_uproot(old, tmp_path / "new.root", "events") == 4
    assert compare.same_to_uproot(old, tmp_path / "new.root", "third") == 4
    np.testing.assert_array_equal(read(tmp_path / "new.root"), values)


def test_a_tree_that_was_saved_with_its_last_baskets_in_the_header(tmp_path: Path) -> None:
    root = cpp.load_root()
    old = tmp_path / "old.root"
    with root.TFile(str(old), "RECREATE") as file:
        tree = root.TTree("events", "unflushed")
        tree.SetAutoFlush(0)
        value = np.zeros(1, "f4")
        tree.Branch("x", value, "x/F", 4000)
        for i in range(2500):
            value[0] = i
            tree.Fill()
        file.WriteTObject(tree)  # unlike tree.Write(), this flushes nothing
        tree.ResetBranchAddresses()
    with root.TFile(str(old)) as file:
        branch = file.Get("events").GetBranch("x")
        assert branch.GetBasketEntry()[branch.GetWriteBasket()] < 2500, "no basket is in the header"
    values = append(old, tmp_path / "new.root")
    compare.same(old, tmp_path / "new.root", "events", ["ml_mass"])
    frame = root.RDataFrame("events", str(tmp_path / "new.root")).AsNumpy(["x", "ml_mass"])
    np.testing.assert_array_equal(frame["x"], np.arange(2500))
    np.testing.assert_array_equal(frame["ml_mass"], values)


def test_the_mark_of_shuffled_entries_stays(source: Path, tmp_path: Path) -> None:
    root = cpp.load_root()
    root.EnableImplicitMT(2)
    try:
        root.RDataFrame("events", str(source)).Define("y", "x * 2").Snapshot(
            "events", str(tmp_path / "old.root"), ["x", "y"]
        )
    finally:
        root.DisableImplicitMT()
    assert find_tree(tmp_path / "old.root", None).shuffled
    append(tmp_path / "old.root", tmp_path / "new.root")
    assert find_tree(tmp_path / "new.root", None).shuffled
    compare.same(tmp_path / "old.root", tmp_path / "new.root", "events", ["ml_mass"])


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "tree"),
    [
        ("nanoaod/nanoAOD_2015_CMS_Open_Data_ttbar.root", "Events"),
        ("nanoaod/nano_dimuon.root", "Events"),
        ("nanoaod/nano_dy.root", "Events"),
        ("nanoaod/nano_dy.root", "Runs"),
        ("nanoaod/pfnano.root", "Events"),
        ("atlas_mini/data_A.4lep.root", "mini"),
        ("atlas_mini/data_B.4lep.root", "mini"),
    ],
)
def test_real_files(real_data: Path, tmp_path: Path, name: str, tree: str) -> None:
    old, new = real_data / name, tmp_path / "new.root"
    values = append(old, new, tree=tree)
    compare.same(old, new, tree, ["ml_mass"])
    assert compare.same_to_uproot(old, new, tree) > 0
    np.testing.assert_array_equal(read(new, tree), values)
    with uproot.open(new) as file:
        assert file[tree]["ml_mass"].typename == "float"
