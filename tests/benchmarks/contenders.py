"""Who competes: commands that turn one file into the same output, each in a process of its own."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from rdfplugins import cpp
from rdfplugins.config import load_config
from rdfplugins.paths import cache_dir
from rdfplugins.select.samples import sources

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parents[1]
SAMPLE = "gg"
_CONFIG = """\
version: 1
input:
  tree: mini
  units: MeV
  key: [runNumber, eventNumber]
  samples:
    {sample}: {{kind: mc, simulate: {{process: hgg, mode: gg, events: {events}}}}}
select:
  weight: weight
  steps:
    - node: diphoton.weights
    - node: diphoton.select
    - node: diphoton.features
  output: {{dir: out}}
"""
_RUN = (
    "import sys, rdfplugins;"
    "rdfplugins.run(sys.argv[1], output=sys.argv[2], threads=int(sys.argv[3]), stages=['select'], force=True)"
)
_COUNT = (
    "import sys, warnings; warnings.simplefilter('ignore'); import ROOT;"
    "file = ROOT.TFile.Open(sys.argv[1]); print(ROOT.RDataFrame(file.Get('mini')).Count().GetValue())"
)


@dataclasses.dataclass(frozen=True)
class Data:
    """A simulated sample, made on first use and kept in the cache, and the config that selects from it."""

    config: Path
    file: Path
    xsec_pb: float
    sum_of_weights: float


@dataclasses.dataclass(frozen=True)
class Usage:
    """What a process used: CPU seconds (user and system), seconds on the clock, peak resident memory in MB."""

    cpu: float
    wall: float
    memory_mb: float


@dataclasses.dataclass(frozen=True)
class Contender:
    name: str
    command: tuple[str, ...]
    output: Path

    def run(self) -> Usage:
        return measure(self.command)


def prepare(events: int, folder: Path) -> Data:
    path = folder / f"hgg_{events}.yaml"
    path.write_text(_CONFIG.format(sample=SAMPLE, events=events))
    source = sources.find(load_config(path), SAMPLE, print)
    xsec_pb, sum_of_weights = source.generated["xsec_pb"], source.generated["sum_of_weights"]
    assert xsec_pb is not None
    assert sum_of_weights is not None
    return Data(path, Path(source.paths[0]), xsec_pb, sum_of_weights)


def rdfplugins(data: Data, folder: Path, threads: int = 1) -> Contender:
    output = folder / f"rdfplugins_{data.config.stem}_{threads}"
    command = (sys.executable, "-c", _RUN, str(data.config), str(output), str(threads))
    return Contender("rdfplugins", command, output / f"{SAMPLE}.root")


def awkward(data: Data, folder: Path) -> Contender:
    output = folder / f"awkward_{data.config.stem}.root"
    script = str(HERE / "awkward_rival.py")
    numbers = (repr(data.xsec_pb), repr(data.sum_of_weights))
    return Contender("awkward", (sys.executable, script, str(output), *numbers, str(data.file)), output)


def compiled(data: Data, folder: Path, threads: int = 1) -> Contender:
    output = folder / f"compiled_{data.config.stem}_{threads}.root"
    numbers = (repr(data.xsec_pb), repr(data.sum_of_weights))
    return Contender("compiled", (str(build()), str(output), str(threads), *numbers, str(data.file)), output)


def count(data: Data) -> Contender:
    """Return what every job with ROOT pays: import, open the file, count its entries."""
    return Contender("import, open, Count", (sys.executable, "-c", _COUNT, str(data.file)), data.file)


def compiler() -> str | None:
    return shutil.which(os.environ.get("CXX", "g++"))


def build() -> Path:
    """Compile the compiled rival against the ROOT that Python imports, unless the cache holds it already."""
    root = cpp.load_root()
    source = HERE / "compiled_rival.cxx"
    program = compiler()
    assert program is not None
    standard = {201703: "17", 202002: "20", 202302: "23"}[int(root.gROOT.ProcessLine("__cplusplus;"))]
    include, libraries = str(root.TROOT.GetIncludeDir()), str(root.TROOT.GetLibDir())
    flags = ["-O2", f"-std=c++{standard}", "-I", include, "-L", libraries, f"-Wl,-rpath,{libraries}"]
    # libraries that come beside the wheel's own are found when the program is loaded, not when it is linked
    flags += ["-Wl,--allow-shlib-undefined"]
    flags += [f"-l{name}" for name in ("ROOTDataFrame", "ROOTVecOps", "Tree", "Hist", "RIO", "Core")]
    described = "\n".join([source.read_text(), program, *flags, str(root.gROOT.GetVersion())])
    binary = cache_dir() / "benchmarks" / f"compiled_rival_{hashlib.sha256(described.encode()).hexdigest()[:10]}"
    if not binary.is_file():
        binary.parent.mkdir(parents=True, exist_ok=True)
        part = binary.with_suffix(f".{os.getpid()}")
        subprocess.run([program, str(source), "-o", str(part), *flags], check=True)
        part.replace(binary)
    return binary


def measure(command: tuple[str, ...]) -> Usage:
    """Run a command in a process of its own and return what it used."""
    paths = [str(CHECKOUT), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1"}
    launcher = [sys.executable, "-I", "-S", str(HERE / "launch.py")]
    done = subprocess.run([*launcher, *command], env=environment, stdout=subprocess.PIPE, text=True, check=True)
    cpu, wall, memory_kb = map(float, done.stdout.split())
    return Usage(cpu, wall, memory_kb / 1024)
