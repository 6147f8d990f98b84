"""Print how fast the diphoton chain is, as ratios to its rivals in this very run: times do not travel, ratios do.

usage: python -m tests.benchmarks.diphoton_speed [-n EVENTS] [--repeat TIMES] [--memory]

All contenders read the same file on one thread and write the same columns; they take turns, so that a busy machine is
busy for all. Fails if outputs differ, never because of a time.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.benchmarks import contenders
from tests.benchmarks.compare import compare

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.benchmarks.contenders import Contender, Data, Usage

FEW = 100


def take_turns(competing: Sequence[Contender], times: int) -> list[Usage]:
    """Run each contender so many times, A B C A B C, and return medians in their order."""
    used: list[list[Usage]] = [[] for _ in competing]
    for _ in range(times):
        for runs, contender in zip(used, competing, strict=True):
            runs.append(contender.run())
    return [median(runs) for runs in used]


def median(runs: Sequence[Usage]) -> Usage:
    return contenders.Usage(
        *(statistics.median(getattr(run, name) for run in runs) for name in ("cpu", "wall", "memory_mb"))
    )


def table(names: Sequence[str], used: Sequence[Usage]) -> None:
    print(f"{'':24}{'CPU s':>10}{'wall s':>10}{'peak MB':>10}{'CPU, first / this':>20}")
    for name, one in zip(names, used, strict=True):
        print(f"{name:24}{one.cpu:10.2f}{one.wall:10.2f}{one.memory_mb:10.0f}{used[0].cpu / one.cpu:20.2f}")


def speed(data: Data, folder: Path, times: int) -> list[str]:
    """Compare CPU seconds and outputs; return what differs between the outputs."""
    competing = [contenders.rdfplugins(data, folder), contenders.awkward(data, folder)]
    if contenders.compiler():
        competing.append(contenders.compiled(data, folder))
    else:
        print("no C++ compiler: without the compiled rival")
    used = take_turns(competing, times)
    table([contender.name for contender in competing], used)
    faults = []
    for rival in competing[1:]:
        found = compare(competing[0].output, rival.output)
        print(f"outputs of rdfplugins and {rival.name}: {found}")
        faults += [f"{rival.name}: {fault}" for fault in found.faults]
    sizes = ", ".join(f"{one.name} {one.output.stat().st_size / 1e6:.1f} MB" for one in competing)
    print(f"output files: {sizes}")
    return faults


def start_up(folder: Path, times: int) -> None:
    data = contenders.prepare(FEW, folder)
    competing = [contenders.rdfplugins(data, folder), contenders.count(data)]
    ours, base = take_turns(competing, times)
    print(f"\nstart-up: a file of {FEW} events")
    table([contender.name for contender in competing], [ours, base])
    print(f"difference: {ours.cpu - base.cpu:.2f} CPU s, {ours.wall - base.wall:.2f} s on the clock")


def threads(data: Data, folder: Path, times: int) -> list[str]:
    """Compare two threads with one; return what differs."""
    competing = [contenders.rdfplugins(data, folder, number) for number in (1, 2)]
    one, two = take_turns(competing, times)
    print("\nthreads")
    table(["1 thread", "2 threads"], [one, two])
    found = compare(competing[0].output, competing[1].output)
    print(f"{one.wall / two.wall:.2f} times as fast on the clock; outputs: {found}")
    return [f"2 threads: {fault}" for fault in found.faults]


def memory(events: int, folder: Path) -> None:
    print("\nmemory")
    data = [contenders.prepare(number, folder) for number in (events, 5 * events)]
    used = [contenders.rdfplugins(one, folder).run() for one in data]
    table([f"{number} events" for number in (events, 5 * events)], used)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-n", "--events", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=3, metavar="TIMES")
    parser.add_argument("--memory", action="store_true", help="measure memory with five times the events, too")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="diphoton_speed_") as name:
        folder = Path(name)
        data = contenders.prepare(given.events, folder)
        print(f"{given.events} events, one thread, medians of {given.repeat}")
        faults = speed(data, folder, given.repeat)
        start_up(folder, given.repeat)
        faults += threads(data, folder, given.repeat)
        if given.memory:
            memory(given.events, folder)
    for fault in faults:
        print(f"DIFFERENT: {fault}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
