"""Print how fast the di-tau chain is, as ratios to its rivals in this very run: times do not travel, ratios do.

usage: python -m tests.benchmarks.ditau_speed [-n EVENTS] [--repeat TIMES] [--memory] [--only NAME,...]

All contenders read the same file on one thread and write the same columns; they take turns, so that a busy machine is
busy for all. ``--only`` chooses among rdfplugins, nodes, awkward and awkward_plain; the first is what the others are
compared with. Fails if outputs differ, never because of a time.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.benchmarks import ditau_contenders as contenders
from tests.benchmarks.diphoton_speed import table, take_turns
from tests.benchmarks.ditau_compare import compare

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.benchmarks.contenders import Contender
    from tests.benchmarks.ditau_contenders import Data

    Make = Callable[[Data, Path], Contender]

FEW = 100
CONTENDERS: dict[str, Make] = {
    make.__name__: make
    for make in (contenders.rdfplugins, contenders.nodes, contenders.awkward, contenders.awkward_plain)
}


def speed(data: Data, folder: Path, times: int, makes: Sequence[Make]) -> list[str]:
    """Compare CPU seconds and outputs; return what differs between the outputs."""
    competing = [make(data, folder) for make in makes]
    used = take_turns(competing, times)
    table([contender.name for contender in competing], used)
    faults = []
    for rival in competing[1:]:
        found = compare(competing[0].output, rival.output)
        print(f"outputs of {competing[0].name} and {rival.name}: {found}")
        faults += [f"{rival.name}: {fault}" for fault in found.faults]
    return faults


def start_up(folder: Path, times: int, makes: Sequence[Make]) -> None:
    """Print what a file of few events costs: start of the interpreter, imports, compilation."""
    data = contenders.prepare(FEW, folder)
    competing = [*(make(data, folder) for make in makes), contenders.count(data)]
    print(f"\nstart-up: a file of {FEW} events")
    table([contender.name for contender in competing], take_turns(competing, times))


def memory(events: int, folder: Path, makes: Sequence[Make]) -> None:
    print("\nmemory")
    data = [contenders.prepare(number, folder) for number in (events, 5 * events)]
    for make in makes:
        competing = [make(one, folder) for one in data]
        table([f"{competing[0].name} {number}" for number in (events, 5 * events)], [one.run() for one in competing])


def _names(text: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    if not set(names) <= set(CONTENDERS):
        raise argparse.ArgumentTypeError(f"{text}: the contenders are {', '.join(CONTENDERS)}")
    return names


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-n", "--events", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=3, metavar="TIMES")
    parser.add_argument("--memory", action="store_true", help="measure memory with five times the events, too")
    parser.add_argument("--only", type=_names, default=tuple(CONTENDERS), metavar="NAME,...", help="contenders to run")
    given = parser.parse_args(arguments)
    makes = [CONTENDERS[name] for name in given.only]
    with tempfile.TemporaryDirectory(prefix="ditau_speed_") as name:
        folder = Path(name)
        data = contenders.prepare(given.events, folder)
        print(f"{given.events} events, one thread, medians of {given.repeat}")
        faults = speed(data, folder, given.repeat, makes)
        start_up(folder, given.repeat, makes)
        if given.memory:
            memory(given.events, folder, makes)
    for fault in faults:
        print(f"DIFFERENT: {fault}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
