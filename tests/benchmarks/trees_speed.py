"""Print how many events a CPU second forests are evaluated for, and how much faster than by a walk along pointers.

usage: python -m tests.benchmarks.trees_speed [-n EVENTS] [--trees TREES] [--depth DEPTH]... [--variables VARIABLES]
                                              [--repeat TIMES]

One thread. The rival is what weight files are turned into by hand: nodes with pointers, compiled by g++ -O2, one event
after the other. Memory is what the process grew by at its highest, outputs not counted. Fails if outputs differ in a
single bit, never because of a time.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tests.benchmarks import trees_contenders as contenders

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.benchmarks.trees_contenders import Contender


def cpu_seconds(function: Callable[[], object]) -> float:
    start = time.process_time()
    function()
    return time.process_time() - start


def memory(contender: Contender, x: np.ndarray) -> float:
    """Return by how many MB the process grew while it evaluated, outputs not counted."""
    Path("/proc/self/clear_refs").write_text("5")  # forgets the peak
    before = _status("VmRSS")
    size = contender.predict(x).nbytes
    return max(0.0, _status("VmHWM") - before - size / 1e6)


def _status(key: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(key)) * 1024 / 1e6


def compete(competing: Sequence[Contender], x: np.ndarray, times: int) -> list[str]:
    """Print events a second, and return what differs."""
    parts = [x[: max(3, int(len(x) * contender.share))] for contender in competing]
    used = [memory(contender, part) for contender, part in zip(competing, parts, strict=True)]  # and warm up
    outputs = [contender.predict(part) for contender, part in zip(competing, parts, strict=True)]
    best = [float("inf")] * len(competing)
    for _ in range(times):  # they take turns, so that a busy machine is busy for all
        for k, (contender, part) in enumerate(zip(competing, parts, strict=True)):
            best[k] = min(best[k], cpu_seconds(lambda run=contender.predict, x=part: run(x)) / len(part))
    rival = next(k for k, contender in enumerate(competing) if contender.rival)
    faults = []
    for k, contender in enumerate(competing):
        print(
            f"  {contender.name:<34}{1 / best[k]:12,.0f} events/s{best[rival] / best[k]:8.1f} x the rival"
            f"{used[k]:8.1f} MB"
        )
        common = min(len(outputs[k]), len(outputs[rival]))
        if not np.array_equal(outputs[k][:common], outputs[rival][:common]):
            faults.append(f"{contender.name}: outputs differ")
    return faults


def main(given: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-n", "--events", type=int, default=40_000)
    parser.add_argument("--trees", type=int, default=850)
    parser.add_argument("--depth", type=int, action="append", help="of the trees (default: 3, 4 and 5)")
    parser.add_argument("--variables", type=int, default=20)
    parser.add_argument("--repeat", type=int, default=5, metavar="TIMES")
    options = parser.parse_args(given)
    x = contenders.make_events(options.events, options.variables)
    faults = []
    for depth in options.depth or (3, 4, 5):
        print(f"{options.trees} trees of depth {depth}, {options.variables} variables; best of {options.repeat}")
        forest = contenders.make_forest(options.trees, depth, options.variables)
        with tempfile.TemporaryDirectory() as folder:
            competing = contenders.competing(forest, options.variables, Path(folder))
            faults += compete(competing, x, options.repeat)
    for fault in faults:
        print(f"DIFFERENT: {fault}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
