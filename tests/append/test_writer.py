"""Branches added to a file: in place or to a new one, replaced or refused, and nothing left where it fails."""

from __future__ import annotations

import contextlib
import errno
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uproot

from rdfplugins import cpp
from rdfplugins.append import copy as copying
from rdfplugins.append.branch import adding
from rdfplugins.errors import ConfigError, InputError, InterruptedRunError, OutputError
from tests.append import compare
from tests.append.files import ENTRIES, TITLE, append, names, plain, read, scores

OTHERS = """
import sys, time
from pathlib import Path
import numpy as np
from rdfplugins.append.branch import adding
source, target, seconds = Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3])
with adding(source, target, "events", {"ml_mass": "other"}) as new:
    new.fill(np.ones((3000, 1), "f4"))
    print("begun", flush=True)
    time.sleep(seconds)
"""


def other_run(source: Path, target: Path, seconds: float = 60) -> subprocess.Popen[str]:
    """Return another process that has claimed what it needs."""
    process = subprocess.Popen(
        [sys.executable, "-c", OTHERS, str(source), str(target), str(seconds)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    with process.stdout as said:
        assert said.readline() == "begun\n"
    return process


def test_new_file(source: Path, tmp_path: Path) -> None:
    before = source.read_bytes()
    values = append(source, tmp_path / "new.root")
    np.testing.assert_array_equal(read(tmp_path / "new.root"), values)
    assert source.read_bytes() == before
    assert names(tmp_path) == ["files", "new.root"]
    compare.same(source, tmp_path / "new.root", "events", ["ml_mass"])
    assert str(tmp_path).encode() not in (tmp_path / "new.root").read_bytes()


def test_title_with_brackets_is_no_array(source: Path) -> None:
    values = append(source, source)
    root = cpp.load_root()
    with root.TFile(str(source)) as file:
        tree = file.Get("events")
        assert str(tree.GetBranch("ml_mass").GetTitle()) == TITLE
        assert tree.Draw("ml_mass", "ml_mass == ml_mass", "goff") == ENTRIES - 1
    frame = root.RDataFrame("events", str(source))
    assert str(frame.GetColumnType("ml_mass")) == "Float_t"
    np.testing.assert_array_equal(frame.AsNumpy(["ml_mass"])["ml_mass"], values)
    copy = source.with_name("copy.root")
    frame.Snapshot("events", str(copy), ["ml_mass"])
    np.testing.assert_array_equal(read(copy), values)
    with uproot.open(source) as file:
        assert file["events"]["ml_mass"].typename == "float"


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664])
def test_in_place_keeps_mode_and_follows_links(source: Path, tmp_path: Path, mode: int) -> None:
    source.chmod(mode)
    link = tmp_path / "link.root"
    link.symlink_to(Path("files") / "a.root")
    values = append(link, link)
    assert link.is_symlink()
    assert source.stat().st_mode & 0o777 == mode
    np.testing.assert_array_equal(read(source), values)
    assert names(source.parent) == ["a.root"]


def test_a_new_file_has_the_permissions_of_new_files(source: Path, tmp_path: Path) -> None:
    source.chmod(0o400)
    old = os.umask(0o027)
    try:
        append(source, tmp_path / "new.root")
    finally:
        os.umask(old)
    assert (tmp_path / "new.root").stat().st_mode & 0o777 == 0o640


def test_an_old_target_is_replaced(source: Path, tmp_path: Path) -> None:
    (tmp_path / "new.root").write_text("old")
    values = append(source, tmp_path / "new.root")
    np.testing.assert_array_equal(read(tmp_path / "new.root"), values)


def test_no_batch_for_no_entries(tmp_path: Path) -> None:
    path = plain(tmp_path / "a.root", 0)
    with adding(path, path, "events", {"ml_mass": "m"}):
        pass
    assert len(read(path)) == 0


def test_put_adds_and_replaces(source: Path) -> None:
    root = cpp.load_root()
    before = compare.keys(source)
    for text in ("first", "second"):
        with adding(source, source, "events", {"ml_mass": "m"}, replace=True) as new:
            new.fill(scores())
            new.put("provenance", root.TObjString(text))
            new.put("a/b/note", root.TObjString(text))
            new.put("h", root.TH1F("h", text, 7, 0, 1))
        with uproot.open(source) as file:
            assert str(file["provenance"]) == str(file["a/b/note"]) == text
            assert len(file["h"].values()) == 7
    cycles = [(name, cycle) for name, cycle, _, _ in compare.keys(source)]
    assert cycles == [
        *((name, cycle) for name, cycle, _, _ in before),
        ("provenance", 1),
        ("a", 1),
        ("a/b", 1),
        ("a/b/note", 1),
    ]


@pytest.mark.parametrize("path", ["events", "", "events/inside", "h/inside"])
def test_put_does_not_replace_trees(source: Path, path: str) -> None:
    before = source.read_bytes()
    with pytest.raises(OutputError, match="is in the way"), adding(source, source, "events", {"ml_mass": "m"}) as new:  # noqa: PT012
        new.fill(scores())
        new.put(path, cpp.load_root().TObjString("text"))
    assert source.read_bytes() == before


# -- branches that are there


def test_an_existing_branch_is_refused(source: Path) -> None:
    append(source, source)
    before = source.read_bytes()
    with pytest.raises(InputError, match=r"has a branch 'ml_mass' already; force=True \(--force\) replaces it"):
        append(source, source)
    assert source.read_bytes() == before
    assert names(source.parent) == ["a.root"]


def test_replacing_gives_the_space_back(source: Path, tmp_path: Path) -> None:
    append(source, source, name="ml_mass")
    append(source, source, name="behind")
    original = tmp_path / "original.root"
    original.write_bytes(source.read_bytes())
    sizes = []
    for seed in range(2, 12):
        values = append(source, source, seed=seed, replace=True)
        np.testing.assert_array_equal(read(source), values)
        sizes.append(source.stat().st_size)
    assert sizes[-1] < 1.2 * original.stat().st_size
    with uproot.open(source) as file:
        assert file["events"].keys() == ["x", "k", "nv", "v", "ml_mass", "behind"]
    np.testing.assert_array_equal(read(source, name="behind"), read(original, name="behind"))


@pytest.mark.parametrize("name", ["x", "k"])
def test_numbers_of_other_types_are_replaced_where_they_stood(source: Path, name: str) -> None:
    values = append(source, source, name=name, replace=True)
    with uproot.open(source) as file:
        assert file["events"].keys() == ["x", "k", "nv", "v"]
        assert file["events"][name].typename == "float"
        assert file["events"].num_entries == ENTRIES
    np.testing.assert_array_equal(read(source, name=name), values)
    root = cpp.load_root()
    np.testing.assert_array_equal(root.RDataFrame("events", str(source)).AsNumpy([name])[name], values)


@pytest.mark.filterwarnings(r"ignore:.*no dictionary for class:RuntimeWarning")
@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("fixed", "more than one number"),
        ("counted", "more than one number"),
        ("text", "more than one number"),
        ("list", "more than one number"),
        ("vf", "more than one number"),
        ("str", "more than one number"),
        ("unsplit", "more than one number"),
        ("n", "is the length of branch 'counted'"),
        ("a", "is a leaf of branch 'list'"),
        ("twice", "is an alias"),
    ],
)
def test_what_is_no_number_is_not_replaced(odd_folder: Path, tmp_path: Path, name: str, why: str) -> None:
    with pytest.raises(InputError, match=why):
        append(odd_folder / "zstd.root", tmp_path / "new.root", name=name, replace=True)
    assert names(tmp_path) == []


def test_a_replaced_branch_stays_in_older_cycles(tmp_path: Path) -> None:
    root = cpp.load_root()
    path = tmp_path / "a.root"
    with root.TFile(str(path), "RECREATE") as file:
        tree = root.TTree("events", "t")
        value = np.zeros(1, "f4")
        tree.Branch("x", value, "x/F", 1000)
        for i in range(4000):
            value[0] = i
            tree.Fill()
            if i == 1999:
                tree.Write()
        tree.Write()
        tree.ResetBranchAddresses()
    append(path, path, name="x", replace=True)
    with uproot.open(path) as file:
        np.testing.assert_array_equal(file["events;1"]["x"].array(library="np"), np.arange(2000))


# -- what is wrong with the call


@pytest.mark.parametrize("name", ["", "a b", "1a", "a/F", "a[3]", "a:b", "a.b", "é"])
def test_names_that_root_would_misread(source: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="is no name for a branch"):
        append(source, source, name=name)


@pytest.mark.parametrize("filled", [0, 1, ENTRIES - 1, ENTRIES + 1])
def test_another_number_of_values(source: Path, filled: int) -> None:
    before = source.read_bytes()
    with pytest.raises(OutputError, match=f"{filled}"), adding(source, source, "events", {"ml_mass": "m"}) as new:
        new.fill(scores(filled))
    assert source.read_bytes() == before
    assert names(source.parent) == ["a.root"]


def test_values_of_another_shape(source: Path) -> None:
    for shape in ((3,), (3, 2), (3, 1, 1)):
        with (
            pytest.raises(ValueError, match="values have shape"),
            adding(source, source, "events", {"ml_mass": "m"}) as new,
        ):
            new.fill(np.zeros(shape, "f4"))


def test_other_numbers_and_layouts_are_converted(source: Path) -> None:
    values = scores(ENTRIES, 4)
    with adding(source, source, "events", {"a": "", "b": ""}) as new:
        new.fill(values[:1000, ::2])
        new.fill(values[1000:2000, ::2].astype("f8"))
        new.fill(np.asfortranarray(values[2000:, ::2]))
    np.testing.assert_array_equal(read(source, name="a"), values[:, 0])
    np.testing.assert_array_equal(read(source, name="b"), values[:, 2])


# -- what can go wrong meanwhile


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("in_place", [True, False])
def test_an_error_in_the_block_leaves_nothing(source: Path, error: type[BaseException], in_place: bool) -> None:
    before = source.read_bytes()
    target = source if in_place else source.with_name("new.root")
    with contextlib.suppress(error), adding(source, target, "events", {"ml_mass": "m"}) as new:
        new.fill(scores())
        raise error
    assert names(source.parent) == ["a.root"]
    assert source.read_bytes() == before
    append(source, target)


def test_sigterm_leaves_nothing(source: Path) -> None:
    before = source.read_bytes()
    with pytest.raises(InterruptedRunError, match="interrupted"), adding(source, source, "events", {"ml_mass": "m"}):
        os.kill(os.getpid(), signal.SIGTERM)
    assert names(source.parent) == ["a.root"]
    assert source.read_bytes() == before
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


@pytest.mark.parametrize("how", ["written", "touched", "replaced", "removed"])
def test_a_source_that_changes_meanwhile(source: Path, tmp_path: Path, how: str) -> None:
    with (  # noqa: PT012
        pytest.raises(OutputError, match="changed while it was read"),
        adding(source, tmp_path / "new.root", "events", {"ml_mass": "m"}) as new,
    ):
        new.fill(scores())
        if how == "written":
            source.write_bytes(source.read_bytes() + b"more")
        elif how == "touched":
            os.utime(source, (1, 1))
        elif how == "replaced":
            plain(tmp_path / "other.root").replace(source)
        else:
            source.unlink()
    assert not (tmp_path / "new.root").exists()
    assert not (tmp_path / "new.root.part").exists()


def test_a_second_run_is_refused(source: Path, tmp_path: Path) -> None:
    before = source.read_bytes()
    first = other_run(source, source)
    try:
        with pytest.raises(OutputError, match="another run is adding branches to it"):
            append(source, source)
        with pytest.raises(OutputError, match="another run is adding branches to it"):
            append(source, tmp_path / "new.root")
        assert names(source.parent) == ["a.root", "a.root.part"]
    finally:
        first.kill()
        first.wait()
    assert source.read_bytes() == before
    values = append(source, source)  # what the killed one left is taken over
    np.testing.assert_array_equal(read(source), values)
    assert names(source.parent) == ["a.root"]


def test_two_runs_may_read_one_file_but_not_write_one(source: Path, tmp_path: Path) -> None:
    first = other_run(source, tmp_path / "new.root", seconds=1)
    with pytest.raises(OutputError, match="another run is writing it"):
        append(source, tmp_path / "new.root")
    append(source, tmp_path / "other.root")
    assert first.wait() == 0
    assert set(read(tmp_path / "new.root")) == {1}


def test_a_temporary_name_that_is_taken(source: Path, tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("precious")
    (tmp_path / "new.root.part").symlink_to(tmp_path / "precious")
    with pytest.raises(OutputError):
        append(source, tmp_path / "new.root")
    assert (tmp_path / "precious").read_text() == "precious"
    (tmp_path / "new.root.part").unlink()
    (tmp_path / "new.root.part").mkdir()
    with pytest.raises(OutputError):
        append(source, tmp_path / "new.root")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written(source: Path) -> None:
    source.parent.chmod(0o555)
    try:
        with pytest.raises(OutputError, match="cannot be written"):
            append(source, source)
    finally:
        source.parent.chmod(0o755)


def test_a_folder_that_is_not_there(source: Path, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be written: No such file"):
        append(source, tmp_path / "none" / "new.root")


@pytest.mark.parametrize("more", [-5000, 200, 3000, 9000])
def test_a_full_disk(source: Path, more: int) -> None:
    size = source.stat().st_size
    for number in range(10):  # until the places are taken that uproot has left
        append(source, source, name=f"filling{number}")
    assert source.stat().st_size > size
    before = source.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + more, limits[1]))
    try:
        with pytest.raises(OutputError, match="cannot be written") as caught:
            append(source, source)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert "\n" not in str(caught.value)
    assert source.read_bytes() == before
    assert names(source.parent) == ["a.root"]
    append(source, source)


def test_without_copies_by_the_kernel(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Any) -> int:
        raise OSError(errno.EXDEV, "no")

    monkeypatch.setattr(copying.os, "copy_file_range", refused)
    values = append(source, tmp_path / "new.root")
    np.testing.assert_array_equal(read(tmp_path / "new.root"), values)


def test_a_disk_without_locks(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Any) -> None:
        raise OSError(errno.ENOLCK, "no locks")

    monkeypatch.setattr("fcntl.flock", refused)
    np.testing.assert_array_equal(append(source, source), read(source))
    (tmp_path / "new.root.part").write_text("of a killed run, or of one that runs")
    with pytest.raises(OutputError, match="remove it if none does"):
        append(source, tmp_path / "new.root")


def test_the_present_folder_of_root_stays(source: Path, tmp_path: Path) -> None:
    root = cpp.load_root()
    with root.TFile(str(tmp_path / "mine.root"), "RECREATE") as mine:
        mine.cd()
        append(source, source)
        assert str(root.gDirectory.GetName()) == str(tmp_path / "mine.root")
