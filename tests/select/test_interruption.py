"""Runs that are stopped, killed, made at once, or find no space: files are whole, and one line says why."""

from __future__ import annotations

import ctypes
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import uproot

from tests.select import helpers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EVENTS = 4000
SLOW = """\
#pragma once
#include <chrono>
#include <thread>
namespace slow {
template <typename T> T value(T x) {
  std::this_thread::sleep_for(std::chrono::microseconds(1000));
  return x;
}
} // namespace slow
"""
DROP_CAPABILITY, OVERRIDE_PERMISSIONS = 24, 1  # PR_CAPBSET_DROP, CAP_DAC_OVERRIDE of Linux
NOT_POWERLESS = 77
COMMAND = [sys.executable, "-m", "rdfplugins.cli"]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return helpers.write_columns(tmp_path_factory.mktemp("source") / "in.root", helpers.small_columns(EVENTS))


def prepare(folder: Path, source: Path, *, slow: bool, factor: int = 2, **changes: Any) -> None:
    """Write a config whose column ``y`` is ``factor * x``, and which takes about four seconds if it is slow."""
    (folder / "slow.h").write_text(SLOW)
    value = "slow::value(x)" if slow else "x"
    steps = [{"define": {"y": f"{factor} * {value}"}}]
    columns = ["event", "y"]
    changes = {"select__steps": steps, "select__output__columns": columns, "select__include": ["slow.h"], **changes}
    helpers.write_config(folder, helpers.small_config([str(source)], **changes))


def plainly(*, limit: int | None = None, powerless: bool = False) -> Any:
    """Return what a child does first: take signals as a shell's command does, whatever pytest was started with.

    ``limit`` is the largest size of a file; a ``powerless`` child of root obeys permissions as others do.
    """
    libc = ctypes.CDLL(None)  # not loaded in the child, between fork and exec

    def begin() -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        if limit is not None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        if powerless and os.getuid() == 0 and libc.prctl(DROP_CAPABILITY, OVERRIDE_PERMISSIONS, 0, 0, 0) != 0:
            os._exit(NOT_POWERLESS)

    return begin


def start(folder: Path, *options: str, command: list[str] | None = None, **child: Any) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "HOME": str(folder)}
    return subprocess.Popen(
        command or [*COMMAND, "config.yaml", *options],
        cwd=folder,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=plainly(**child),  # noqa: PLW1509 (it starts no thread and takes no lock)
    )


@pytest.fixture
def running(tmp_path: Path) -> Iterator[list[subprocess.Popen[str]]]:
    """Collect children, of which none outlives the test."""
    children: list[subprocess.Popen[str]] = []
    yield children
    for child in children:
        if child.poll() is None:
            child.kill()
        child.communicate()


def wait_for_loop(folder: Path, child: subprocess.Popen[str]) -> None:
    """Return when the loop of the child has written into its unfinished file."""
    part = folder / "out" / "one.root.part"
    for _ in range(600):
        if part.exists() and part.stat().st_size > 0:
            return
        if child.poll() is not None:
            pytest.fail(f"ended too early: {child.communicate()}")
        time.sleep(0.05)
    pytest.fail("the loop did not begin")


def finish(child: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = child.communicate(timeout=60)
    return child.returncode, out, err


def factor_of(folder: Path) -> int:
    """Return the factor of the output, which must be whole: the tree, all of its values, and what stands beside it."""
    with uproot.open(folder / "out" / "one.root") as file:
        assert {"events", "cutflow", "cutflow_weighted", "provenance"} <= {key.split(";")[0] for key in file.keys()}  # noqa: SIM118
        found = file["events"].arrays(["event", "y"], library="np")
        assert file["cutflow"].values().tolist() == [EVENTS]
    assert np.array_equal(np.sort(found["event"]), np.arange(1, EVENTS + 1))
    factors = set((found["y"] / (found["event"] + 0.25)).round(6))
    assert len(factors) == 1
    return int(factors.pop())


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "out").iterdir())


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory, source: Path) -> Path:
    """The output of a run with factor 2."""
    folder = tmp_path_factory.mktemp("done")
    prepare(folder, source, slow=False)
    child = start(folder)
    code, _, err = finish(child)
    assert (code, err) == (0, "")
    assert factor_of(folder) == 2
    return folder / "out"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("threads", [pytest.param("1", marks=pytest.mark.slow), "2"])
def test_stopped_in_the_loop(
    tmp_path: Path, source: Path, *, done: Path, running: list[Any], number: signal.Signals, threads: str
) -> None:
    shutil.copytree(done, tmp_path / "out")
    before = (tmp_path / "out" / "one.root").read_bytes()
    prepare(tmp_path, source, slow=True, factor=3)
    running.append(child := start(tmp_path, "-j", threads))
    wait_for_loop(tmp_path, child)
    child.send_signal(number)
    began = time.monotonic()
    assert finish(child) == (130, "", "sample 'one': interrupted; its output was not written\n")
    assert time.monotonic() - began < 6
    assert names(tmp_path) == [".rdfrun.lock", "one.root"]
    assert (tmp_path / "out" / "one.root").read_bytes() == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_before_the_loop(tmp_path: Path, source: Path, running: list[Any], number: signal.Signals) -> None:
    prepare(tmp_path, source, slow=True)
    running.append(child := start(tmp_path))
    lock = tmp_path / "out" / ".rdfrun.lock"
    while not lock.exists() and child.poll() is None:
        time.sleep(0.005)
    child.send_signal(number)
    code, out, err = finish(child)
    assert (code, out) == (130, "")
    assert err.count("\n") == 1
    assert "interrupted" in err
    assert names(tmp_path) == [".rdfrun.lock"]


# Runs the config in forked children, where ROOT is loaded already: a whole run takes a fraction of a second, so that
# kills at random moments meet all of its phases. Reads a moment a line, 0 for a run to its end.
REPEATER = """
import os, signal, sys, time
import rdfplugins as rp
rp.run("config.yaml", say=lambda line: None)
print("ready", flush=True)
for line in sys.stdin:
    began, moment = time.monotonic(), float(line)
    child = os.fork()
    if child == 0:
        rp.run("config.yaml", say=lambda line: None)
        os._exit(0)
    if moment:
        time.sleep(moment)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    print(os.waitstatus_to_exitcode(status), time.monotonic() - began, flush=True)
"""


def test_killed_at_any_moment(tmp_path: Path, source: Path, running: list[Any]) -> None:
    """The file that carries the name is whole after each kill, and a rerun completes what was begun."""
    prepare(tmp_path, source, slow=False)
    running.append(child := start(tmp_path, command=[sys.executable, "-c", REPEATER]))
    assert child.stdin is not None
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"

    def run(moment: float) -> tuple[int, float]:
        child.stdin.write(f"{moment}\n")
        child.stdin.flush()
        code, seconds = child.stdout.readline().split()
        return int(code), float(seconds)

    chance = random.Random(5)
    prepare(tmp_path, source, slow=False, factor=3)
    code, whole = run(0)
    assert (code, factor_of(tmp_path)) == (0, 3)
    codes, leftovers, old = set(), set(), 3
    for factor in range(4, 84):
        if factor >= 24 and "one.root.part" in leftovers:
            break  # by then, with luck, one of them came while the file was written
        prepare(tmp_path, source, slow=False, factor=factor)
        codes.add(run(chance.uniform(0.05, 1.1) * whole)[0])
        found = factor_of(tmp_path)
        assert found in {old, factor}
        leftovers |= set(names(tmp_path))
        old = found
    assert -signal.SIGKILL in codes
    assert leftovers <= {".rdfrun.lock", "one.root", "one.root.part"}
    assert "one.root.part" in leftovers
    (tmp_path / "out" / "one.root.part").write_text("left by one that was killed")
    prepare(tmp_path, source, slow=False, factor=99)
    assert run(0)[0] == 0
    assert factor_of(tmp_path) == 99
    assert names(tmp_path) == [".rdfrun.lock", "one.root"]


def test_two_runs_in_one_folder(tmp_path: Path, source: Path, running: list[Any]) -> None:
    prepare(tmp_path, source, slow=True)
    running.append(first := start(tmp_path))
    wait_for_loop(tmp_path, first)
    running.append(second := start(tmp_path))
    message = "out: another run is writing here; wait for it, or choose another folder with -o\n"
    assert finish(second) == (1, "", message)
    code, _, err = finish(first)
    assert (code, err) == (0, "")
    assert factor_of(tmp_path) == 2
    assert names(tmp_path) == [".rdfrun.lock", "one.root"]


@pytest.mark.parametrize(
    ("limit", "threads"),
    [pytest.param(300, "1", marks=pytest.mark.slow), (20_000, "2"), pytest.param(40_000, "1", marks=pytest.mark.slow)],
)
def test_full_disk(tmp_path: Path, source: Path, *, done: Path, running: list[Any], limit: int, threads: str) -> None:
    size = (done / "one.root").stat().st_size
    assert size > 40_000, "the limits must be smaller than what is written"
    shutil.copytree(done, tmp_path / "out")
    before = (tmp_path / "out" / "one.root").read_bytes()
    prepare(tmp_path, source, slow=False, factor=3)
    running.append(child := start(tmp_path, "-j", threads, limit=limit))
    code, out, err = finish(child)
    assert (code, out) == (1, ""), err
    assert err.count("\n") == 1, err
    assert "cannot be written" in err
    assert names(tmp_path) == [".rdfrun.lock", "one.root"]
    assert (tmp_path / "out" / "one.root").read_bytes() == before


@pytest.mark.slow
def test_full_disk_at_the_export(tmp_path: Path, source: Path, running: list[Any]) -> None:
    exports = {"select__output__exports": ["tsv"]}
    prepare(tmp_path, source, slow=False, **exports)
    running.append(child := start(tmp_path))
    assert finish(child)[0] == 0
    limit = (tmp_path / "out" / "one.root").stat().st_size + 1000
    table = tmp_path / "out" / "config.tsv"
    assert table.stat().st_size > limit
    table.unlink()
    running.append(child := start(tmp_path, limit=limit))
    code, _, err = finish(child)
    assert code == 1
    lines = err.splitlines()
    assert lines[0] == "one: out/one.root is up to date"
    assert lines[1].startswith("out/config.tsv: cannot be written: ")
    assert len(lines) == 2
    assert names(tmp_path) == [".config.tsv.provenance.json", ".rdfrun.lock", "one.root"]


def test_folder_that_may_not_be_written_to(tmp_path: Path, source: Path, running: list[Any]) -> None:
    prepare(tmp_path, source, slow=False)
    (tmp_path / "out").mkdir(mode=0o555)
    running.append(child := start(tmp_path, powerless=True))
    found = finish(child)
    if found[0] == NOT_POWERLESS:
        pytest.skip("this root cannot give up its power to write anywhere")
    assert found == (1, "", "out: cannot be written: Permission denied\n")
    assert list((tmp_path / "out").iterdir()) == []
