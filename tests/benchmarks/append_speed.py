"""Print what it costs to add one branch to a large file, next to a Snapshot of all columns, in this very run.

usage: python -m tests.benchmarks.append_speed [-n ENTRIES] [--repeat TIMES] [--memory]

The file has 200 branches of random floats, which do not compress: about 450 MB for 500,000 entries. Both contenders add
the same column, one thread, and take turns. ``--memory`` adds a file of four times the entries. Fails if a value
differs, never because of a time.
"""

from __future__ import annotations

import argparse
import dataclasses
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import uproot

from tests.benchmarks.contenders import CHECKOUT, HERE, Usage
from tests.benchmarks.diphoton_speed import median, table

if TYPE_CHECKING:
    from collections.abc import Sequence

BRANCHES = 200
BATCH = 65536
_MAKE = r"""
void make(const char *path, Long64_t entries) {
  TFile file(path, "RECREATE", "", 101);
  TTree tree("events", "events");
  std::vector<float> values(200);
  for (int i = 0; i < 200; ++i) tree.Branch(("x" + std::to_string(i)).c_str(), &values[i]);
  TRandom3 draw(1);
  for (Long64_t entry = 0; entry < entries; ++entry) { draw.RndmArray(200, values.data()); tree.Fill(); }
  tree.Write();
}
"""
_APPEND = f"""
import sys
from pathlib import Path
import numpy as np
from rdfplugins.append.branch import adding
from rdfplugins.append.tree import find_tree
source, target = map(Path, sys.argv[1:])
entries = find_tree(source, "events").entries
with adding(source, target, "events", {{"y": "index"}}) as new:
    for begin in range(0, entries, {BATCH}):
        new.fill(np.arange(begin, min(begin + {BATCH}, entries), dtype="f4")[:, None])
"""
_SNAPSHOT = """
import sys
from rdfplugins import cpp
root = cpp.load_root()
frame = root.RDataFrame("events", sys.argv[1]).Define("y", "float(rdfentry_)")
options = root.RDF.RSnapshotOptions()
options.fCompressionLevel, options.fCompressionAlgorithm = 1, root.RCompressionSetting.EAlgorithm.kZLIB  # as the file
frame.Snapshot("events", sys.argv[2], "", options)
"""
_NOTHING = "from rdfplugins import cpp; cpp.load_root().TFile"


@dataclasses.dataclass(frozen=True)
class Way:
    """A program that writes a second file from a first one."""

    name: str
    code: str
    source: Path
    target: Path

    def run(self) -> Usage:
        self.target.unlink(missing_ok=True)
        command = [sys.executable, "-I", "-S", str(HERE / "launch.py"), sys.executable, "-c", self.code]
        done = subprocess.run(
            [*command, str(self.source), str(self.target)], cwd=CHECKOUT, capture_output=True, text=True, check=True
        )
        cpu, wall, memory = map(float, done.stdout.split())
        return Usage(cpu, wall, memory / 1024)


def prepare(entries: int, path: Path) -> Path:
    code = f"import sys; from rdfplugins import cpp; root = cpp.load_root(); cpp.declare({_MAKE!r}, 'make')"
    code += f"; root.make(sys.argv[1], {entries})"
    subprocess.run([sys.executable, "-c", code, str(path)], cwd=CHECKOUT, check=True)
    return path


def different(way: Way) -> str:
    """Say what is wrong with an output; empty if nothing is."""
    with uproot.open(way.target) as file:
        found = file["events"]["y"].array(library="np")
        columns = len(file["events"].keys())
    if columns != BRANCHES + 1 or not np.array_equal(found, np.arange(len(found), dtype="f4")):
        return f"{way.name}: {columns} branches, or other values"
    return ""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-n", "--entries", type=int, default=500_000)
    parser.add_argument("--repeat", type=int, default=3, metavar="TIMES")
    parser.add_argument("--memory", action="store_true", help="measure memory with four times the entries, too")
    given = parser.parse_args(arguments)
    faults = []
    with tempfile.TemporaryDirectory(prefix="append_speed_") as name:
        source, target = prepare(given.entries, Path(name) / "a.root"), Path(name) / "b.root"
        print(f"{given.entries} entries, {source.stat().st_size / 1e6:.0f} MB, medians of {given.repeat}")
        ways = [Way(name, code, source, target) for name, code in (("append", _APPEND), ("Snapshot", _SNAPSHOT))]
        used: list[list[Usage]] = [[], []]
        for _ in range(given.repeat):
            for way, runs in zip(ways, used, strict=True):
                runs.append(way.run())
                faults += [fault for fault in (different(way),) if fault]
        ours, theirs = map(median, used)
        start = Way("start of ROOT alone", _NOTHING, source, target).run()
        table(["append", "Snapshot", "start of ROOT alone"], [ours, theirs, start])
        print(f"Snapshot takes {theirs.cpu / ours.cpu:.1f} times the CPU")
        if given.memory:
            larger = Way("append", _APPEND, prepare(4 * given.entries, source), target).run()
            table(["append", "append, 4 x the entries"], [ours, larger])
    for fault in faults:
        print(f"DIFFERENT: {fault}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
