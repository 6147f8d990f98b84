"""However a run ends, there is the whole output or none, and nothing beside it; memory does not grow with the rows."""

from __future__ import annotations

import contextlib
import os
import random
import resource
import select
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pytest
import uproot

from rdfplugins.errors import InterruptedRunError, OutputError
from rdfplugins.resample.write import output
from tests.resample import write_cases as cases

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rdfplugins.resample.index import Rows

ROWS = 4000
# writes, again and again, shuffled and in so little memory that all goes through files; says when it begins and ends
LOOP = """
import sys
from pathlib import Path
from rdfplugins.resample.write import output
from tests.resample import write_cases as cases
from tests.resample.test_write_ends import given
output.LEAST = 0
source, target = Path(sys.argv[1]), Path(sys.argv[2])
for line in sys.stdin:
    print("begin", flush=True)
    cases.run(target, *given(source), shuffle=True, memory=1 << 16, seed=int(line))
    print("done", flush=True)
"""


def table(path: Path, rows: int, columns: int = 4) -> Path:
    """Write what `cases.tree` writes, for HDF5, and a dataset beside it."""
    rng = np.random.default_rng(1)
    made = np.zeros(rows, [("event_key", "u8"), *((f"x{k}", "f4") for k in range(columns))])
    made["event_key"] = cases.keys(1, rows)
    for k in range(columns):
        made[f"x{k}"] = rng.random(rows)
    with h5py.File(path, "w") as file:
        file.create_dataset("jets", data=made, chunks=(500,), compression="gzip")
        file["tracks"] = rng.random((rows, 7)).astype("f4")
    return path


def given(path: Path, rows: int = ROWS, **more: Any) -> tuple[Any, Any]:
    kind = {"kind": "hdf5", "table": "jets"} if path.suffix == ".h5" else {}
    one = cases.sample("one", 0, [(path, rows)], **kind)
    return cases.sources(one), cases.chosen((one, (1,)), **more)


@pytest.fixture(params=["root", "h5"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / f"in.{request.param}"
    return table(path, ROWS) if request.param == "h5" else cases.tree(path, 1, ROWS, step=1000)


@pytest.fixture
def target(source: Path) -> Path:
    folder = source.parent / "out"
    folder.mkdir()
    return folder / f"out{source.suffix}"


def keys_of(path: Path) -> Any:
    if path.suffix == ".h5":
        with h5py.File(path) as file:
            return file["jets"]["event_key", "copy_number"]
    with uproot.open(path) as file:
        return file["events"].arrays(["event_key", "copy_number"], library="np")


def seed_of(path: Path, source: Path, candidates: tuple[int, ...]) -> int:
    """Return the seed by which a file was shuffled, or fail: it must hold all rows in that order."""
    found = keys_of(path)
    for seed in candidates:
        want = cases.expected(*given(source), shuffle=True, seed=seed)
        if np.array_equal(found["event_key"], want["event_key"]):
            np.testing.assert_array_equal(found["copy_number"], want["copy_number"])
            return seed
    raise AssertionError("none of the seeds makes this order")


class Worker:
    """A process that has loaded all, and waits for work; killed in the midst of it."""

    def __init__(self, source: Path, target: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", LOOP, str(source), str(target)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
        )  # fmt: skip

    def begin(self, number: int) -> None:
        assert self.process.stdin
        assert self.process.stdout
        print(number, file=self.process.stdin, flush=True)
        assert self.process.stdout.readline() == "begin\n"

    def done(self) -> None:
        assert self.process.stdout
        assert self.process.stdout.readline() == "done\n"

    def kill(self) -> bool:
        """Return whether it was in the midst of its work."""
        assert self.process.stdin
        assert self.process.stdout
        ready, _, _ = select.select([self.process.stdout], [], [], 0)
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.stdout.close()
        return not ready


@pytest.mark.parametrize("rounds", [pytest.param(2, id="2"), pytest.param(30, id="30", marks=pytest.mark.slow)])
def test_killed_at_any_moment(source: Path, target: Path, rounds: int) -> None:
    draw = random.Random(5)
    worker = Worker(source, target)
    worker.begin(1)
    worker.done()
    begin = time.perf_counter()
    worker.begin(2)
    worker.done()
    longest = 0.95 * (time.perf_counter() - begin)
    last, midst = 2, 0
    for number in range(3, rounds + 3):
        worker.begin(number)
        time.sleep(draw.uniform(0, longest))
        midst += worker.kill()
        last = seed_of(target, source, (last, number))
        assert {path.name for path in target.parent.iterdir()} <= {target.name, f"{target.name}.part"}
        worker = Worker(source, target)
        if number < rounds + 2:  # the first call compiles, which would be all that is ever killed
            worker.begin(last)
            worker.done()
    worker.begin(1000)
    worker.done()
    worker.kill()
    assert seed_of(target, source, (1000,)) == 1000
    assert [path.name for path in target.parent.iterdir()] == [target.name]
    assert rounds < 10 or midst >= rounds / 4, "hardly any was killed while it worked"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("shuffle", [False, True])
def test_signals_leave_nothing(source: Path, target: Path, number: int, shuffle: bool) -> None:
    sources, rows = given(source)

    def interrupted(one: Any) -> Iterator[Rows]:
        for done, some in enumerate(rows(one)):
            if done == 2:
                signal.raise_signal(number)
            yield some

    with pytest.raises(InterruptedRunError if number == signal.SIGTERM else KeyboardInterrupt):
        cases.run(target, sources, interrupted, shuffle=shuffle)
    assert list(target.parent.iterdir()) == []
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


@pytest.mark.parametrize(("shuffle", "limit"), [(False, 20_000), (True, 20_000), (True, 700), (False, 100)])
def test_a_full_disk(source: Path, target: Path, shuffle: bool, limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "LEAST", 0)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limits[1]))
    try:
        with pytest.raises(OutputError, match="cannot be written") as caught:
            cases.run(target, *given(source), shuffle=shuffle, memory=1 << 16)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "\n" not in str(caught.value)
    assert str(target) in str(caught.value)
    assert list(target.parent.iterdir()) == []
    cases.run(target, *given(source), shuffle=shuffle)
    assert len(keys_of(target)["event_key"]) > ROWS


def test_a_folder_in_the_way(source: Path, target: Path) -> None:
    target.mkdir()
    with pytest.raises(OutputError, match="cannot be written: Is a directory"):
        cases.run(target, *given(source))
    assert [path.name for path in target.parent.iterdir()] == [target.name]


MEMORY = """
import re, sys
from pathlib import Path
from tests.resample import write_cases as cases
from tests.resample.test_write_ends import given
source, target, rows = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
for most in map(int, sys.argv[4:]):
    def once(one, most=most):
        for some in given(source, rows, fraction=2, chunk=1 << 16)[1](one):
            some.copies[:] = most
            yield some
    written, _ = cases.run(target, given(source, rows)[0], once, shuffle=True, memory=MEMORY << 20)
    print(written.rows, int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024)
"""
SIZES = [  # the first write of a process is that which compiles
    pytest.param(20_000, (8, 8, 32), 16, id="small"),
    pytest.param(200_000, (1, 1, 10), 64, id="large", marks=pytest.mark.slow),
]


@pytest.mark.parametrize(("rows", "copies", "memory"), SIZES)
@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".root", ".h5"])
def test_memory_does_not_grow(tmp_path: Path, suffix: str, rows: int, copies: tuple[int, ...], memory: int) -> None:
    path = tmp_path / f"in{suffix}"
    more = {f"x{k}": "f4" for k in range(40)}
    if suffix == ".h5":
        table(path, rows, 60)
    else:
        cases.tree(path, 1, rows, step=10_000, **more)
    code = MEMORY.replace("MEMORY", str(memory))
    arguments = [str(path), str(tmp_path / f"out{suffix}"), str(rows), *map(str, copies)]
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    _, (first, before), (second, after) = (map(float, line.split()) for line in done.stdout.splitlines())
    assert (first, second) == (rows * copies[1], rows * copies[2])
    print(f"{first:.0f} rows: {before:.0f} MB, {second:.0f} rows: {after:.0f} MB")
    assert after - before < memory / 4
