"""Chosen rows of trees: every row of the output is its row of the source, in every column, and in the right place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import uproot

from rdfplugins import cpp, provenance
from rdfplugins.errors import DamagedFileError, InputError
from rdfplugins.resample.write import copy_rows, output, root
from tests.resample import write_cases as cases

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rdfplugins.resample.index import Rows

COLUMNS = ["event_key", "x", "flag", "i", "v", "nv"]


class Case:
    """Two samples, of three files and of one."""

    def __init__(self, folder: Path) -> None:
        self.files = {
            1: (folder / "a.root", 900),
            2: (folder / "b.root", 0),
            3: (folder / "c.root", 1),
            4: (folder / "d.root", 700),
        }
        for number, (path, entries) in self.files.items():
            cases.tree(path, number, entries)
        one = cases.sample("one", 0, [self.files[k] for k in (1, 2, 3)])
        two = cases.sample("two", 1, [self.files[4]])
        self.sources = cases.sources(one, two)
        self.rows = cases.chosen((one, (1, 2, 3)), (two, (4,)))

    def check(self, path: Path, *, shuffle: bool, columns: list[str] = COLUMNS, seed: int = 7) -> None:
        """Compare an output with the files, row by row and column by column."""
        want = cases.expected(self.sources, self.rows, shuffle=shuffle, seed=seed)
        with uproot.open(path) as file:
            found = file["events"].arrays()
        assert len(found) == len(want["event_key"]) > 1000
        for name in (*cases.NEW, "event_key"):
            np.testing.assert_array_equal(found[name], want[name], err_msg=name)
        for number, (source, _) in self.files.items():
            rows = cases.file_of(want["event_key"]) == number
            with uproot.open(source) as file:
                stored = file["events"].arrays()
            for name in columns:
                assert cases.same(found[name][rows], stored[name][cases.row_of(want["event_key"])[rows]]), name


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    return Case(tmp_path_factory.mktemp("case"))


@pytest.fixture
def rounds(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Let any memory be given, and note how many times rows were scattered over files."""
    found: list[int] = []
    finish = root.RootOutput.finish

    def noted(self: Any, texts: Any) -> int:
        rows = finish(self, texts)
        found.append(int(self._writer.rounds()))
        return rows

    monkeypatch.setattr(output, "LEAST", 0)
    monkeypatch.setattr(root.RootOutput, "finish", noted)
    return found


@pytest.mark.parametrize("shuffle", [False, True])
def test_every_row_is_its_source(case: Case, tmp_path: Path, shuffle: bool) -> None:
    ticks: list[int] = []
    written, said = cases.run(tmp_path / "out.root", case.sources, case.rows, shuffle=shuffle, progress=ticks.append)
    case.check(tmp_path / "out.root", shuffle=shuffle)
    assert sum(ticks) == written.rows
    assert (written.left_out, said) == ((), [])
    assert [path.name for path in tmp_path.iterdir()] == ["out.root"]


@pytest.mark.parametrize("memory", [1 << 24, 1 << 18, 1 << 15, 1 << 10])
def test_memory_changes_nothing(case: Case, tmp_path: Path, memory: int, rounds: list[int]) -> None:
    cases.run(tmp_path / "out.root", case.sources, case.rows, shuffle=True, memory=memory)
    case.check(tmp_path / "out.root", shuffle=True)
    assert rounds[0] == {1 << 24: 0, 1 << 18: 1, 1 << 15: 1}.get(memory, rounds[0])
    assert memory > 1 << 10 or rounds[0] > 10


def test_another_seed_is_another_order(case: Case, tmp_path: Path) -> None:
    cases.run(tmp_path / "out.root", case.sources, case.rows, shuffle=True, seed=8)
    case.check(tmp_path / "out.root", shuffle=True, seed=8)
    with pytest.raises(AssertionError):
        case.check(tmp_path / "out.root", shuffle=True)


def test_the_order_of_files_changes_nothing(tmp_path: Path) -> None:
    files = {
        number: (cases.tree(tmp_path / f"{number}.root", number, 300 * number), 300 * number) for number in (1, 2, 3)
    }
    found = []
    for order in ((1, 2, 3), (3, 1, 2)):
        one = cases.sample("one", 0, [files[number] for number in order])
        cases.run(tmp_path / "out.root", cases.sources(one), cases.chosen((one, order)), shuffle=True)
        with uproot.open(tmp_path / "out.root") as file:
            found.append(file["events"].arrays())
    assert all(cases.same(found[0][name], found[1][name]) for name in (*COLUMNS, *cases.NEW))


def test_rows_with_one_key_have_one_order(tmp_path: Path, rounds: list[int]) -> None:
    # of two samples that are made of the same events
    paths = [cases.tree(tmp_path / f"{k}.root", 1, 500) for k in "ab"]
    found = []
    for memory in (1 << 24, 1 << 14):
        one, two = (cases.sample(name, k, [(paths[k], 500)]) for k, name in enumerate(("one", "two")))
        rows = cases.chosen((one, (1,)), (two, (1,)))
        cases.run(tmp_path / "out.root", cases.sources(one, two), rows, shuffle=True, memory=memory)
        with uproot.open(tmp_path / "out.root") as file:
            found.append(file["events"].arrays())
    same = np.all([np.diff(found[0][name].to_numpy()) == 0 for name in ("event_key", "copy_number")], axis=0)
    assert same.sum() == len(found[0]["x"]) / 2 > 300
    assert (np.diff(found[0]["source_sample"].to_numpy())[same] == 1).all()
    assert all(cases.same(found[0][name], found[1][name]) for name in (*COLUMNS, *cases.NEW))


def test_subsets_and_no_weights(case: Case, tmp_path: Path) -> None:
    for shuffle in (False, True):
        cases.run(tmp_path / "out.root", case.sources, case.rows, subset=True, attach=False, shuffle=shuffle)
        want = cases.expected(case.sources, case.rows, shuffle=shuffle)
        with uproot.open(tmp_path / "out.root") as file:
            assert "sample_weight" not in file["events"]
            np.testing.assert_array_equal(file["events"]["subset"].array(), want["subset"])


def test_keys_are_written_where_not_all_have_them(tmp_path: Path) -> None:
    one = cases.sample("one", 0, [(cases.tree(tmp_path / "a.root", 1, 400), 400)])
    with uproot.recreate(tmp_path / "b.root") as file:
        file.mktree("events", {"x": "f4", "new": "i4"})
        file["events"].extend({"x": np.arange(300, dtype="f4"), "new": np.arange(300, dtype="i4")})
    two = cases.sample("two", 1, [(tmp_path / "b.root", 300)], key_is="file and row")
    given, rows = cases.sources(one, two), cases.chosen((one, (1,)), (two, (9,)))
    written, said = cases.run(tmp_path / "out.root", given, rows, shuffle=True)
    want = cases.expected(given, rows, shuffle=True)
    with uproot.open(tmp_path / "out.root") as file:
        tree = file["events"]
        assert tree.keys() == ["x", "class_id", "source_sample", "event_key", "copy_number", "sample_weight"]
        assert tree["event_key"].typename == "uint64_t"
        np.testing.assert_array_equal(tree["event_key"].array(), want["event_key"])
        second = cases.file_of(want["event_key"]) == 9
        np.testing.assert_array_equal(tree["x"].array()[second], cases.row_of(want["event_key"])[second])
    assert written.left_out == ("flag", "i", "nv", "v", "new")
    two_lacks = ", ".join(f"{name} (not in two)" for name in ("flag", "i", "nv", "v"))
    assert said == [f"columns that are left out: {two_lacks}, new (not in one)"]


def test_a_row_with_many_copies(tmp_path: Path, rounds: list[int]) -> None:
    one = cases.sample("one", 0, [(cases.tree(tmp_path / "a.root", 1, 5), 5)])
    for shuffle in (False, True):
        rows = cases.chosen((one, (1,)), fraction=1.0, most=20_000)
        written, _ = cases.run(tmp_path / "out.root", cases.sources(one), rows, shuffle=shuffle, memory=1 << 18)
        want = cases.expected_copies(one, rows)
        assert written.rows == sum(want.values())
        with uproot.open(tmp_path / "out.root") as file, uproot.open(tmp_path / "a.root") as source:
            found, stored = file["events"].arrays(), source["events"].arrays()
        for row, copies in want.items():
            mine = found[found["event_key"] == cases.keys(1, 5)[row]]
            assert sorted(mine["copy_number"]) == list(range(copies))
            assert all(cases.same(mine[name], stored[name][[row] * copies]) for name in COLUMNS)


def test_nothing_chosen(case: Case, tmp_path: Path) -> None:
    def none(_: Any) -> Iterator[Rows]:
        yield from ()

    for shuffle in (False, True):
        written, _ = cases.run(tmp_path / "out.root", case.sources, none, shuffle=shuffle)
        assert written.rows == 0
        with uproot.open(tmp_path / "out.root") as file:
            assert file["events"].num_entries == 0
            assert set(file["events"].keys()) == {*COLUMNS, *cases.NEW}


def test_what_the_file_says(case: Case, tmp_path: Path) -> None:
    root_ = cpp.load_root()
    cases.run(tmp_path / "out.root", case.sources, case.rows, record={"stages": {"resample": "k"}, "text": "µ"})
    assert provenance.read(tmp_path / "out.root") == {"stages": {"resample": "k"}, "text": "µ"}
    with root_.TFile(str(tmp_path / "out.root")) as file:
        tree = file.Get("events")
        assert str(file.GetName()).endswith("out.root")
        assert str(tree.GetBranch("class_id").GetTitle()) == "class: 0 signal, 1 other"
        assert str(tree.GetBranch("source_sample").GetTitle()) == "sample: 0 one, 1 two"
        assert {branch.GetCompressionSettings() for branch in tree.GetListOfBranches()} == {501}
        assert not tree.TestBit(root_.TTree.kEntriesReshuffled)
    assert b"/".join([str(tmp_path).encode()]) not in (tmp_path / "out.root").read_bytes()


def test_clusters_are_those_of_all_columns(tmp_path: Path) -> None:
    n = 400_000
    with uproot.recreate(tmp_path / "a.root") as file:
        file.mktree("events", {"event_key": "u8", **{f"x{k}": "f8" for k in range(12)}})
        file["events"].extend({"event_key": cases.keys(1, n), **{f"x{k}": np.arange(n) * 1.0 for k in range(12)}})
    one = cases.sample("one", 0, [(tmp_path / "a.root", n)])
    written, _ = cases.run(
        tmp_path / "out.root", cases.sources(one), cases.chosen((one, (1,)), fraction=2, most=1), shuffle=True
    )
    root_ = cpp.load_root()
    with root_.TFile(str(tmp_path / "out.root")) as file:
        tree = file.Get("events")
        clusters, ends = tree.GetClusterIterator(0), [0]
        assert written.rows == n
        while clusters() < n:
            ends.append(int(clusters.GetNextEntry()))
        assert len(ends) > 2
        for branch in tree.GetListOfBranches():
            begins = {int(branch.GetBasketEntry()[k]) for k in range(branch.GetWriteBasket() + 1)}
            assert set(ends) <= begins, branch.GetName()
    root_.EnableImplicitMT(2)
    try:
        frame = root_.RDataFrame("events", str(tmp_path / "out.root"))
        total = frame.Define("same", "x0 == x11 && x0 == (event_key & 0xffffffffff)").Filter("same").Sum("x3")
        assert total.GetValue() == n * (n - 1) / 2
    finally:
        root_.DisableImplicitMT()


def test_trees_in_folders_and_ntuples(tmp_path: Path) -> None:
    root_ = cpp.load_root()
    with root_.TFile(str(tmp_path / "a.root"), "RECREATE") as file:
        file.mkdir("dir/inner").cd()
        tuple_ = root_.TNtuple("nt", "a title", "x:y")
        for k in range(100):
            tuple_.Fill(k, 2 * k)
        tuple_.Write()
    one = cases.sample("one", 0, [(tmp_path / "a.root", 100)], table="dir/inner/nt", key_is="file and row")
    cases.run(tmp_path / "out.root", cases.sources(one), cases.chosen((one, (1,))), shuffle=True)
    with uproot.open(tmp_path / "out.root") as file:
        found = file["nt"].arrays(library="np")
        assert file["nt"].title == "a title"
    np.testing.assert_array_equal(found["x"], cases.row_of(found["event_key"]))
    np.testing.assert_array_equal(found["y"], 2 * found["x"])


def test_a_branch_in_another_file(tmp_path: Path) -> None:
    root_ = cpp.load_root()
    with root_.TFile(str(tmp_path / "a.root"), "RECREATE") as file:
        tree = root_.TTree("events", "two files")
        value = np.zeros(1, "f4")
        tree.Branch("x", value, "x/F")
        tree.GetBranch("x").SetFile(str(tmp_path / "b.root"))
        for k in range(30_000):
            value[0] = k
            tree.Fill()
        file.cd()
        tree.Write()
        tree.ResetBranchAddresses()
    before = (tmp_path / "b.root").read_bytes()
    one = cases.sample("one", 0, [(tmp_path / "a.root", 30_000)], key_is="file and row")
    cases.run(tmp_path / "out.root", cases.sources(one), cases.chosen((one, (1,))))
    with uproot.open(tmp_path / "out.root") as file:
        found = file["events"].arrays(library="np")
    np.testing.assert_array_equal(found["x"], cases.row_of(found["event_key"]))
    assert (tmp_path / "b.root").read_bytes() == before


def test_copied_rows(case: Case, tmp_path: Path) -> None:
    paths = [path for path, _ in case.files.values()]
    taken = [(0, np.array([0, 3, 4, 899])), (0, np.array([], int)), (2, np.array([0])), (3, np.arange(5, 600))]
    written = copy_rows(paths, "events", tmp_path / "new" / "out.root", taken, {"b": 2})
    assert written == 600
    assert provenance.read(tmp_path / "new" / "out.root") == {"b": 2}
    with uproot.open(tmp_path / "new" / "out.root") as file:
        found = file["events"].arrays()
        assert set(file["events"].keys()) == set(COLUMNS)
    begin = 0
    for number, rows in taken:
        with uproot.open(paths[number]) as file:
            stored = file["events"].arrays()[rows]
        assert all(cases.same(found[name][begin : begin + len(rows)], stored[name]) for name in COLUMNS)
        begin += len(rows)
    with pytest.raises(InputError, match="the chosen rows are not those of its files"):
        copy_rows(paths, "events", tmp_path / "out.root", [(3, np.array([700]))], {})


# -- what is refused


def refused(tmp_path: Path, *samples: Any, match: str, kind: type[Exception] = InputError, **more: Any) -> None:
    rows = cases.chosen(*((one, range(1, 1 + len(one.files))) for one in samples))
    (tmp_path / "out.root").write_text("old")
    with pytest.raises(kind, match=match) as caught:
        cases.run(tmp_path / "out.root", cases.sources(*samples), rows, **more)
    assert "\n" not in str(caught.value)
    assert (tmp_path / "out.root").read_text() == "old"
    assert not (tmp_path / "out.root.part").exists()


def test_a_type_that_differs(tmp_path: Path) -> None:
    one = cases.sample("one", 0, [(cases.tree(tmp_path / "a.root", 1, 10, z="f4"), 10)])
    two = cases.sample("two", 1, [(cases.tree(tmp_path / "b.root", 1, 10, z="f8"), 10)])
    refused(tmp_path, one, two, match=r"b.root: column 'z' is Double_t, but Float_t in .*a.root; make them the same")


def test_a_name_that_is_taken(tmp_path: Path) -> None:
    one = cases.sample("one", 0, [(cases.tree(tmp_path / "a.root", 1, 10, copy_number="f4"), 10)])
    refused(tmp_path, one, match=r"a.root: has a column 'copy_number', which is the name of a new one")


def test_an_rntuple(tmp_path: Path) -> None:
    with uproot.recreate(tmp_path / "a.root") as file:
        file["events"] = {"x": np.arange(10)}
    one = cases.sample("one", 0, [(tmp_path / "a.root", 10)])
    refused(tmp_path, one, match=r"a.root: 'events' is an RNTuple, whose rows are not copied; write it as a TTree")


def test_no_such_tree(tmp_path: Path) -> None:
    one = cases.sample("one", 0, [(cases.tree(tmp_path / "a.root", 1, 10), 10)], table="other")
    refused(tmp_path, one, match=r"a.root: has no tree 'other'")


def test_another_event_than_was_chosen(tmp_path: Path) -> None:
    one = cases.sample("one", 0, [(cases.tree(tmp_path / "a.root", 2, 900), 900)])
    refused(tmp_path, one, match="another event_key than when it was chosen")
    refused(tmp_path, one, match="another event_key than when it was chosen", shuffle=True)


def test_another_number_of_rows(tmp_path: Path) -> None:
    one = cases.sample("one", 0, [(cases.tree(tmp_path / "a.root", 1, 900), 901)])
    refused(tmp_path, one, match="a.root: has 900 rows, and had 901 when it was looked at")


def test_a_half_filled_branch(tmp_path: Path) -> None:
    root_ = cpp.load_root()
    with root_.TFile(str(tmp_path / "a.root"), "RECREATE"):
        tree = root_.TTree("events", "half")
        value = np.zeros(1, "f4")
        branches = [tree.Branch(name, value, f"{name}/F") for name in "xy"]
        for k in range(100):
            for branch in branches[: 1 + (k < 50)]:
                branch.Fill()
        tree.SetEntries(100)
        tree.Write()
        tree.ResetBranchAddresses()
    one = cases.sample("one", 0, [(tmp_path / "a.root", 100)], key_is="file and row")
    refused(tmp_path, one, match="branch 'y' has 50 entries where the tree has 100")


def test_references_between_objects(tmp_path: Path) -> None:
    root_ = cpp.load_root()
    with root_.TFile(str(tmp_path / "a.root"), "RECREATE"):
        tree = root_.TTree("events", "references")
        target, reference = root_.TNamed("a", "b"), root_.TRef()
        reference.__assign__(target)
        tree.Branch("r", reference)
        tree.Fill()
        tree.Write()
        tree.ResetBranchAddresses()
    one = cases.sample("one", 0, [(tmp_path / "a.root", 1)], key_is="file and row")
    refused(tmp_path, one, match=r"holds references between objects \(TRef\)")


@pytest.mark.parametrize("shuffle", [False, True])
def test_files_that_are_damaged(tmp_path: Path, shuffle: bool) -> None:
    path = cases.tree(tmp_path / "a.root", 1, 6000, step=1000)
    whole = path.read_bytes()
    one = cases.sample("one", 0, [(path, 6000)])
    path.write_bytes(whole[: len(whole) // 2])
    refused(tmp_path, one, match="a.root: is damaged", kind=DamagedFileError, shuffle=shuffle)
    with uproot.open(
        path.with_name("b.root") if path.with_name("b.root").exists() else _rewritten(path, whole)
    ) as file:
        seek = int(file["events"]["x"].member("fBasketSeek")[3])
    path.write_bytes(whole[: seek + 80] + b"\x55" * 40 + whole[seek + 120 :])
    refused(
        tmp_path,
        one,
        match=r"a.root: is damaged, .*branch 'x' cannot be read at entry 3\d\d\d",
        kind=DamagedFileError,
        shuffle=shuffle,
    )


def _rewritten(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def test_names_that_root_reads_as_something_else(case: Case, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="ROOT reads '#' in a path"):
        cases.run(tmp_path / "out#1.root", case.sources, case.rows)
    assert list(tmp_path.iterdir()) == []
