"""Print what it costs to add one branch to a large file, next to a Snapshot of all columns, in this very run.

usage: python -m tests.benchmarks.append_speed [-n ENTRIES] [--repeat TIMES] [--memory]

The file has 200 branches of random floats, which do not compress: about 450 MB for 600,000 entries. Two contenders add
the number of the entry: what writing costs. Two add the mass by the shipped model, from 27 of the branches: what users
do. One thread; they take turns. ``--memory`` adds a file of four times the entries. Fails if a value differs, never
because of a time.
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

from rdfplugins.nodes.ditau import INPUTS
from tests.benchmarks.contenders import CHECKOUT, HERE, Usage
from tests.benchmarks.diphoton_speed import median, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

BRANCHES = 200
BATCH = 65536
_MAKE = r"""
void make(const char *path, Long64_t entries, std::vector<std::string> names, std::vector<float> low,
          std::vector<float> range) {
  TFile file(path, "RECREATE", "", 101);
  TTree tree("events", "events");
  std::vector<float> values(names.size());
  for (std::size_t i = 0; i < names.size(); ++i) tree.Branch(names[i].c_str(), &values[i]);
  TRandom3 draw(1);
  for (Long64_t entry = 0; entry < entries; ++entry) {
    draw.RndmArray(values.size(), values.data());
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = low[i] + range[i] * values[i];
    tree.Fill();
  }
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
_MASSES = {name: "derived" for name in INPUTS if "mT" in name}
_ADD_ML_MASS = f"""
import sys, rdfplugins as rp
rp.append_ml_mass(sys.argv[1], output=sys.argv[2], branch="y", map={_MASSES!r})
"""
_SNAPSHOT_ML_MASS = f"""
import sys, warnings, rdfplugins as rp
from rdfplugins import cpp
warnings.simplefilter("ignore")
root = cpp.load_root()
frame = rp.ml_mass(root.RDataFrame("events", sys.argv[1]), branch="y", map={_MASSES!r})
options = root.RDF.RSnapshotOptions()
options.fCompressionLevel, options.fCompressionAlgorithm = 1, root.RCompressionSetting.EAlgorithm.kZLIB  # as the file
names = [str(name) for name in frame.GetColumnNames() if not str(name).startswith("rdfp_")]
frame.Snapshot("events", sys.argv[2], names, options)
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
    names = [*INPUTS, *(f"x{number}" for number in range(BRANCHES - len(INPUTS)))]
    spans = [_span(name) for name in names]
    low, width = [low for low, _ in spans], [high - low for low, high in spans]
    code += f"; root.make(sys.argv[1], {entries}, {names!r}, {low!r}, {width!r})"
    subprocess.run([sys.executable, "-c", code, str(path)], cwd=CHECKOUT, check=True)
    return path


def _span(name: str) -> tuple[float, float]:
    """Return the lowest and the highest value of a branch."""
    if name == "N_neutrinos_reco":
        return 3.0, 3.0
    if "phi" in name or "eta" in name:
        return -2.0, 2.0
    if "cov" in name:
        return (-100.0, 100.0) if "XY" in name else (300.0, 900.0)
    return (25.0, 125.0) if name in INPUTS else (0.0, 1.0)


def values(way: Way) -> NDArray[np.float32]:
    """Return the branch that was added; ValueError where others are not there."""
    with uproot.open(way.target) as file:
        if len(file["events"].keys()) != BRANCHES + 1:
            raise ValueError(f"{way.name}: {len(file['events'].keys())} branches")
        return file["events"]["y"].array(library="np")


def race(ways: Sequence[Way], times: int, wanted: NDArray[np.float32] | None) -> tuple[list[Usage], list[str]]:
    """Return the median of what each way used, and which values differ from those wanted, or of the first."""
    used: list[list[Usage]] = [[] for _ in ways]
    faults = []
    for _ in range(times):
        for way, runs in zip(ways, used, strict=True):
            runs.append(way.run())
            found = values(way)
            wanted = found if wanted is None else wanted
            if np.isnan(found).any() or not np.allclose(found, wanted, rtol=1e-5, atol=0):
                faults.append(f"{way.name}: other values")
    return [median(runs) for runs in used], faults


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-n", "--entries", type=int, default=600_000)
    parser.add_argument("--repeat", type=int, default=3, metavar="TIMES")
    parser.add_argument("--memory", action="store_true", help="measure memory with four times the entries, too")
    given = parser.parse_args(arguments)
    faults = []
    with tempfile.TemporaryDirectory(prefix="append_speed_") as name:
        source, target = prepare(given.entries, Path(name) / "a.root"), Path(name) / "b.root"
        print(f"{given.entries} entries, {source.stat().st_size / 1e6:.0f} MB, medians of {given.repeat}")
        start = Way("start of ROOT alone", _NOTHING, source, target).run()
        for pair, wanted in (
            ({"append": _APPEND, "Snapshot": _SNAPSHOT}, np.arange(given.entries, dtype="f4")),
            ({"append_ml_mass": _ADD_ML_MASS, "ml_mass, Snapshot": _SNAPSHOT_ML_MASS}, None),
        ):
            ways = [Way(title, code, source, target) for title, code in pair.items()]
            (ours, theirs), found = race(ways, given.repeat, wanted)
            faults += found
            table([*pair, "start of ROOT alone"], [ours, theirs, start])
            print(f"Snapshot takes {theirs.cpu / ours.cpu:.1f} times the CPU\n")
        if given.memory:
            larger = Way("append_ml_mass", _ADD_ML_MASS, prepare(4 * given.entries, source), target).run()
            table(["append_ml_mass", "with 4 x the entries"], [ours, larger])
    for fault in faults:
        print(f"DIFFERENT: {fault}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
