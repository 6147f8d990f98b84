"""kill -9 at any moment: the file is the old one or the new one, whole, and the next run works."""

from __future__ import annotations

import contextlib
import os
import random
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import uproot

from tests.append import compare
from tests.append.files import names, plain, read

ENTRIES = 20_000
# appends, again and again, to a file; says when it begins and when it has done it
LOOP = """
import sys
from pathlib import Path
import numpy as np
from rdfplugins.append.branch import adding
source, target = Path(sys.argv[1]), Path(sys.argv[2])
values = np.arange(20000, dtype="f4")[:, None]
for line in sys.stdin:
    number = int(line)
    print("begin", flush=True)
    with adding(source, target, "events", {"ml_mass": f"number {number}"}, replace=True) as new:
        for begin in range(0, len(values), 2500):
            new.fill(values[begin : begin + 2500] + number)
    print("done", flush=True)
"""
ROUNDS = [pytest.param(6, id="6"), pytest.param(200, id="200", marks=pytest.mark.slow)]


class Worker:
    """A process that has loaded ROOT, and waits for work; killed in the midst of it."""

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

    def kill(self, number: int = signal.SIGKILL) -> bool:
        """Return whether it was in the midst of its work."""
        assert self.process.stdin
        assert self.process.stdout
        ready, _, _ = select.select([self.process.stdout], [], [], 0)
        os.kill(self.process.pid, number)
        self.process.wait()
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.stdout.close()
        return not ready


@pytest.mark.parametrize("rounds", ROUNDS)
@pytest.mark.parametrize("in_place", [True, pytest.param(False, marks=pytest.mark.slow)], ids=["in_place", "new_file"])
def test_killed_at_any_moment(tmp_path: Path, in_place: bool, rounds: int) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    original = plain(tmp_path / "original.root", ENTRIES, trees=("events", "other"))
    source = Path(shutil.copy(original, folder / "a.root"))
    target = source if in_place else folder / "new.root"
    facts = compare.tree_facts(original, "other", 1), compare.tree_facts(original, "events", 1)
    draw = random.Random(5)
    worker = Worker(source, target)
    worker.begin(1)
    worker.done()
    begin = time.perf_counter()
    worker.begin(2)
    worker.done()
    longest = 1.2 * (time.perf_counter() - begin)
    last, midst = 2, 0
    for number in range(3, rounds + 3):
        worker.begin(number)
        time.sleep(draw.uniform(0, longest))
        midst += worker.kill()
        values = read(target)
        now = int(values[0])
        assert now in (last, number)
        np.testing.assert_array_equal(values, np.arange(ENTRIES, dtype="f4") + now)
        with uproot.open(target) as file:
            assert file["events"]["ml_mass"].title == f"number {now}"
        assert (
            compare.tree_facts(target, "other", 1),
            compare.tree_facts(target, "events", 1, without=["ml_mass"]),
        ) == facts
        assert in_place or source.read_bytes() == original.read_bytes()
        assert set(names(folder)) <= {"a.root", target.name, f"{target.name}.part"}
        last = now
        worker = Worker(source, target)
    worker.begin(1000)
    worker.done()
    worker.kill()
    assert read(target)[0] == 1000
    assert set(names(folder)) == {"a.root", target.name}
    compare.same_to_uproot(original, target, "events")
    assert midst > rounds / 4, "hardly any was killed while it worked"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_that_can_be_caught_leave_nothing(source: Path, number: int) -> None:
    target = source.with_name("new.root")
    code = (
        LOOP.replace('print("done"', 'import time; time.sleep(60); print("done"')
        .replace("        for begin", '        print("open", flush=True); time.sleep(60)\n        for begin')
        .replace("import sys", "import sys, time")
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(source), str(target)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdin
    assert process.stdout
    print(1, file=process.stdin, flush=True)
    assert [process.stdout.readline() for _ in range(2)] == ["begin\n", "open\n"]
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert process.returncode != 0
    assert ("InterruptedRunError" if number == signal.SIGTERM else "KeyboardInterrupt") in said
    assert names(source.parent) == ["a.root"]
