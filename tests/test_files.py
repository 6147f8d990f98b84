"""Atomic outputs, the lock of a folder, and what is said where nothing can be written."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from rdfplugins.errors import OutputError
from rdfplugins.files import PART, atomic, claimed, lock, make_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOBODY = 65534
HOLDER = """
import sys, time
from pathlib import Path
from rdfplugins.files import lock
with lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def unwritable() -> Iterator[Path]:
    """Yield a folder that this process may read and not write, also where the tests run as root."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "old").write_text("old")
        folder.chmod(0o555)
        root = os.geteuid() == 0
        if root:
            os.setresuid(NOBODY, NOBODY, 0)
        try:
            yield folder
        finally:
            if root:
                os.setresuid(0, 0, 0)
            folder.chmod(0o755)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# -- atomic


def test_success_replaces_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "out.txt"
    path.write_text("old")
    with atomic(path) as part:
        assert part == tmp_path / f"out.txt{PART}"
        part.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert names(tmp_path) == ["out.txt"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit, GeneratorExit])
@pytest.mark.parametrize("old", [None, "old"])
def test_failure_leaves_what_was_there(tmp_path: Path, error: type[BaseException], old: str | None) -> None:
    path = tmp_path / "out.txt"
    if old is not None:
        path.write_text(old)
    with contextlib.suppress(error), atomic(path) as part:
        part.write_text("half")
        raise error
    assert names(tmp_path) == ([] if old is None else ["out.txt"])
    assert old is None or path.read_text() == old


def test_the_error_of_the_block_is_not_changed(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="mine"), atomic(tmp_path / "x"):
        raise ValueError("mine")


def test_a_part_of_a_killed_run_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / f"x{PART}").write_text("left by a killed run")
    with atomic(tmp_path / "x") as part:
        assert not part.exists()
        part.write_text("new")
    assert (tmp_path / "x").read_text() == "new"


def test_target_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    with pytest.raises(OutputError, match=r"x: cannot be written: Is a directory"), atomic(tmp_path / "x") as part:
        part.write_text("new")
    assert names(tmp_path) == ["x"]


def test_folder_is_not_there(tmp_path: Path) -> None:
    with (
        pytest.raises(OutputError, match=r"x: cannot be written: No such file or directory"),
        atomic(tmp_path / "no" / "x") as part,
    ):
        part.write_text("new")


def test_a_block_that_writes_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be written"), atomic(tmp_path / "x"):
        pass
    assert names(tmp_path) == []


def test_no_permission(unwritable: Path) -> None:
    with pytest.raises(OutputError, match="old: cannot be written: Permission denied"):  # noqa: SIM117
        with atomic(unwritable / "old") as part:
            part.write_text("new")
    assert (unwritable / "old").read_text() == "old"


# -- folders


def test_make_folder_makes_parents_and_may_be_repeated(tmp_path: Path) -> None:
    for _ in range(2):
        make_folder(tmp_path / "a" / "b")
        assert (tmp_path / "a" / "b").is_dir()


@pytest.mark.parametrize("below", ["file", "file/folder"])
def test_make_folder_where_a_file_is(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=f"{below}: cannot be written: (File exists|Not a directory)"):
        make_folder(tmp_path / below)


def test_make_folder_that_is_there_and_cannot_be_written(unwritable: Path) -> None:
    with pytest.raises(OutputError, match="cannot be written: Permission denied"):
        make_folder(unwritable)
    with pytest.raises(OutputError, match="new: cannot be written: Permission denied"):
        make_folder(unwritable / "new")


# -- lock


def test_lock_ends_with_its_block(tmp_path: Path) -> None:
    for _ in range(2):
        with lock(tmp_path):
            pass
    with contextlib.suppress(ValueError), lock(tmp_path):
        raise ValueError
    with lock(tmp_path):
        pass


def test_second_holder_is_refused(tmp_path: Path) -> None:
    refused = pytest.raises(OutputError, match="another run is writing here; wait for it, or choose another folder")
    with lock(tmp_path), refused, lock(tmp_path):
        pass


def test_folders_and_names_are_locked_apart(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with lock(tmp_path), lock(tmp_path / "other"), lock(tmp_path, "another.lock"):
        pass


def test_lock_of_another_process_ends_when_it_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "held\n"
            with pytest.raises(OutputError, match="another run is writing here"), lock(tmp_path):
                pass
        finally:
            holder.kill()
        holder.wait(timeout=10)
        with lock(tmp_path):
            pass


def test_waiting_for_a_lock(tmp_path: Path) -> None:
    code = HOLDER.replace("time.sleep(60)", "time.sleep(0.3); Path(sys.argv[1], 'done').touch()")
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with lock(tmp_path, wait=True):
            assert (tmp_path / "done").exists()


def test_a_lock_that_is_removed_still_lets_one_in_at_a_time(tmp_path: Path) -> None:
    inside, most = 0, 0

    def enter() -> None:
        nonlocal inside, most
        for _ in range(100):
            with lock(tmp_path, wait=True, remove=True):
                inside += 1
                most = max(most, inside)
                time.sleep(1e-4)
                inside -= 1

    threads = [threading.Thread(target=enter) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1
    assert names(tmp_path) == []


def test_a_lock_that_is_removed_goes_with_an_error_and_not_with_a_refusal(tmp_path: Path) -> None:
    with contextlib.suppress(ValueError), lock(tmp_path, "x", remove=True):
        with pytest.raises(OutputError, match="another run"), lock(tmp_path, "x", remove=True):
            pass
        assert names(tmp_path) == ["x"]
        raise ValueError
    assert names(tmp_path) == []


def test_lock_of_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="no: cannot be written: No such file"), lock(tmp_path / "no"):
        pass


@pytest.mark.parametrize("writing", [atomic, claimed])
def test_no_file_takes_the_place_of_a_pipe(tmp_path: Path, writing: Callable[..., Any]) -> None:
    """Who is root would lose /dev/null."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OutputError, match="is a device or a pipe"), writing(tmp_path / "pipe"):
        raise AssertionError
    assert (tmp_path / "pipe").is_fifo()
    assert names(tmp_path) == ["pipe"]
