"""Print how fast resampling is, as ratios to umami-preprocessing in this very run, in CPU seconds.

usage: python -m tests.benchmarks.resample_speed [-n ROWS] [--repeat TIMES] [--batch ROWS] [--root]

Needs ``pip install 'rdfplugins[bench]'``, best in an environment of its own. Both read the same flat HDF5 file of three
classes and bin 300 x 10 in pT and |eta|, with the methods that both have: pdf and countup. First the choice of rows
alone, from arrays in memory, timed within the process; then stage against stage, as many rows of each class with all
columns, timed as processes: ours makes histograms, chooses, and writes one shuffled file; its stages make
histograms (prep), choose and write a file a class (resample), and join them (merge). One thread; they take turns.
Fails if what was written is not equally much, never because of a time.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import statistics
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.benchmarks import contenders
from tests.benchmarks.diphoton_speed import median
from tests.benchmarks.resample_data import FLAVOURS, ROWS, write_hdf5, write_root

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import TypeAlias

    from tests.benchmarks.contenders import Usage

    Result: TypeAlias = tuple[Usage, dict[str, Any]]

METHODS = ("pdf", "countup")
OURS, RIVAL = "tests.benchmarks.resample_ours", "tests.benchmarks.resample_rival"
NAMES = {OURS: "rdfplugins", RIVAL: "umami-preprocessing"}
SHARE_TAKEN = 0.2  # of the rows, for each class: less than any class has


def run(module: str, mode: str, method: str, jets: Path, *more: str) -> Result:
    """Run a contender in a process of its own; return what the process used, and what it says itself."""
    with tempfile.TemporaryDirectory(prefix="resample_speed_") as folder:
        report = Path(folder) / "report.json"
        paths = [folder] if mode == "stage" else []
        command = (sys.executable, "-m", module, mode, method, str(jets), str(report), *paths, *more)
        used = contenders.measure(command)
        return used, json.loads(report.read_text())


def take_turns(mode: str, method: str, jets: Mapping[str, Path], times: int, *more: str) -> dict[str, Result]:
    """Run both so many times in turns; return medians of what they used, and of the seconds they report."""
    used: dict[str, list[Result]] = {OURS: [], RIVAL: []}
    for _ in range(times):
        for module, runs in used.items():
            runs.append(run(module, mode, method, jets[module], *more))
    found = {}
    for module, runs in used.items():
        reports = [report for _, report in runs]
        middle = {
            key: statistics.median(report[key] for report in reports) if isinstance(value, float) else value
            for key, value in reports[0].items()
        }
        found[module] = (median([usage for usage, _ in runs]), middle)
    return found


def choice(method: str, jets: Mapping[str, Path], times: int, batch: int) -> None:
    """Print CPU seconds of the choice of rows alone."""
    found = take_turns("select", method, jets, times, str(batch))
    print(f"\n{method}: choice of rows from arrays in memory")
    print(f"{'':24}{'choice s':>10}{'hist. s':>10}{'peak MB':>10}   rows, taken, distinct of each class")
    for module, (usage, report) in found.items():
        histograms = f"{report['histograms']:10.2f}" if "histograms" in report else " included".rjust(10)
        shapes = ", ".join(f"{name} {tuple(shape)}" for name, shape in report["rows, taken, distinct"].items())
        print(f"{NAMES[module]:24}{report['choice']:10.2f}{histograms}{usage.memory_mb:10.0f}   {shapes}")
    ours, theirs = found[OURS][1]["choice"], found[RIVAL][1]
    print(f"its functions that choose take {theirs['choice'] / ours:.1f} times our CPU", end="")
    print(f", with its histograms {(theirs['choice'] + theirs['histograms']) / ours:.1f} times")


def stage(method: str, jets: Mapping[str, Path], rows: int, times: int) -> list[str]:
    """Print CPU seconds of the stages; return what differs in number."""
    wanted = {one.name: rows for one in FLAVOURS}
    found = take_turns("stage", method, jets, times, str(rows))
    print(f"\n{method}: the stage, {rows} rows of each class; ours from {jets[OURS].suffix} to {jets[OURS].suffix}")
    print(f"{'':24}{'CPU s':>10}{'peak MB':>10}   CPU seconds of its parts, without imports")
    for module, (usage, report) in found.items():
        parts = ", ".join(f"{name} {seconds:.2f}" for name, seconds in report.items() if isinstance(seconds, float))
        print(f"{NAMES[module]:24}{usage.cpu:10.2f}{usage.memory_mb:10.0f}   {parts}")
    ours, theirs = found[OURS], found[RIVAL]
    whole = theirs[0].cpu / ours[0].cpu
    parts = [theirs[1][name] / ours[1]["resample"] for name in ("prep", "resample", "merge")]
    print(f"its process takes {whole:.1f} times our CPU; without imports its resample {parts[1]:.1f} times,", end=" ")
    print(f"prep and resample {parts[0] + parts[1]:.1f} times, prep, resample and merge {sum(parts):.1f} times")
    return [
        f"{method}: {NAMES[module]} wrote {report['rows']}"
        for module, (_, report) in found.items()
        if report["rows"] != wanted
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-n", "--rows", type=int, default=ROWS)
    parser.add_argument("--repeat", type=int, default=3, metavar="TIMES")
    parser.add_argument("--batch", type=int, default=100_000, help="rows of its batches; 100,000 is its default")
    parser.add_argument("--root", action="store_true", help="our stage reads and writes ROOT instead of HDF5")
    given = parser.parse_args(arguments)
    if importlib.util.find_spec("upp") is None:
        print("umami-preprocessing is not installed; pip install 'rdfplugins[bench]'", file=sys.stderr)
        return 2
    faults = []
    with tempfile.TemporaryDirectory(prefix="resample_speed_") as name:
        folder = Path(name)
        flat = write_hdf5(folder / "jets.h5", given.rows)
        print(f"{given.rows} rows, {flat.stat().st_size / 1e6:.0f} MB, 3 classes, 3000 bins, medians of {given.repeat}")
        for method in METHODS:
            choice(method, {OURS: flat, RIVAL: flat}, given.repeat, given.batch)
        mine = write_root(folder / "jets.root", given.rows) if given.root else flat
        for method in METHODS:
            faults += stage(method, {OURS: mine, RIVAL: flat}, int(given.rows * SHARE_TAKEN), given.repeat)
    for fault in faults:
        print(f"DIFFERENT: {fault}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
