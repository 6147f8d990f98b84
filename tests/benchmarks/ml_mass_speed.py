"""Print how fast a branch of a network's estimates is added to an ntuple, next to the machine's matrix products.

usage: python -m tests.benchmarks.ml_mass_speed [-n EVENTS] [--width WIDTH] [--depth DEPTH] [--repeat TIMES]

A network of random weights, 27-3x1000-1 if not told otherwise, on one thread. All of the work of an event counts: its
27 inputs are read, prepared and evaluated, and its value is written and verified. The start of the process does not, as
each contender adds to a small and to a large file. The peak is that of numpy's product of large float32 matrices
(sgemm). Rivals evaluate event by event. Fails if the values differ, never because of a time.
"""

from __future__ import annotations

import argparse
import itertools
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import uproot

from tests.nodes.mass_helpers import events, network, write_model

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

FEW = 20_000
LAUNCH = Path(__file__).with_name("launch.py")
TOLERANCE = 1e-5
_THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
ONE_THREAD = {**dict.fromkeys(_THREADS, "1"), "TF_CPP_MIN_LOG_LEVEL": "3"}
PEAK = """
import time, numpy as np
a, b = (np.random.default_rng(1).random(shape, dtype=np.float32) for shape in ((4096, 2048), (2048, 2048)))
a @ b
times = []
for _ in range(7):
    start = time.process_time()
    a @ b
    times.append(time.process_time() - start)
print(2 * 4096 * 2048 * 2048 / min(times))
"""
APPEND = """
import sys, rdfplugins as rp
source, model, output, backend = sys.argv[1:]
rp.append_ml_mass(source, model=model, output=output, backend=backend, force=True)
"""
GRAPH = """
import sys, ROOT, rdfplugins as rp
source, model, output = sys.argv[1:]
rp.ml_mass(ROOT.RDataFrame("Events", source), model=model).Snapshot("Events", output, ["ml_mass"])
"""
TENSORFLOW_BY_EVENT = """
import sys, numpy as np, uproot, rdfplugins as rp
source, model, output = sys.argv[1:]
loaded = rp.load_model(model, backend="tensorflow")
with uproot.open(source) as file:
    columns = file["Events"].arrays(loaded.inputs, library="np")
inputs = np.stack([columns[name] for name in loaded.inputs], axis=1).astype(np.float32)
values = np.array([loaded.predict(inputs[row : row + 1])[0, 0] for row in range(len(inputs))], np.float32)
with uproot.recreate(output) as file:
    file.mktree("Events", {"ml_mass": np.float32})
    file["Events"].extend({"ml_mass": values})
"""


def write(path: Path, n: int) -> Path:
    """Write an ntuple of plausible events, all with an estimate."""
    columns = {name: values.astype(np.float32) for name, values in events(n, odd=0).items()}
    for name, found in columns.items():
        if "covXY" not in name:
            found[found < -9] = 0  # jets that are not there
    with uproot.recreate(path, compression=uproot.LZ4(1)) as file:
        file.mktree("Events", dict.fromkeys(columns, np.float32))
        file["Events"].extend(columns)
    return path


def used(code: str, *words: str | Path) -> tuple[float, float]:
    """Return CPU seconds and peak memory in MB of a Python process."""
    line = [sys.executable, "-I", "-S", str(LAUNCH), sys.executable, "-c", code, *map(str, words)]
    done = subprocess.run(line, env={**os.environ, **ONE_THREAD}, capture_output=True, text=True, check=True)
    cpu, _, memory = map(float, done.stdout.split())
    return cpu, memory / 1024


def peak() -> float:
    """Return floating point operations a second of numpy's sgemm on one thread."""
    done = subprocess.run(
        [sys.executable, "-c", PEAK], env={**os.environ, **ONE_THREAD}, capture_output=True, check=True
    )
    return float(done.stdout)


def values(path: Path) -> NDArray[np.float32]:
    with uproot.open(path) as file:
        return file["Events"]["ml_mass"].array(library="np")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-n", "--events", type=int, default=300_000)
    parser.add_argument("--width", type=int, default=1000)
    parser.add_argument("--depth", type=int, default=3)
    parser.add_argument("--repeat", type=int, default=3, metavar="TIMES")
    given = parser.parse_args(arguments)
    made = network((27, *[given.width] * given.depth, 1))
    with tempfile.TemporaryDirectory(prefix="ml_mass_speed_") as name:
        folder = Path(name)
        model = write_model(folder / "random", made)
        files = {n: write(folder / f"{n}.root", n) for n in (FEW // 10, FEW, 2 * FEW, given.events)}
        contenders: dict[str, tuple[str, tuple[str, ...], int, int]] = {
            "append, cpp": (APPEND, ("cpp",), FEW, given.events),
            "append, tensorflow": (APPEND, ("tensorflow",), FEW, given.events),
            "append, numpy": (APPEND, ("numpy",), FEW, given.events),
            "in the graph": (GRAPH, (), FEW, 2 * FEW),
            "tensorflow by event": (TENSORFLOW_BY_EVENT, (), FEW // 10, FEW),
        }
        print(f"27-{given.depth}x{given.width}-1, {made.flops / 1e6:.2f} MFLOP an event; best of {given.repeat}")
        return run(contenders, files, model, made.flops, given.repeat)


def run(
    contenders: dict[str, tuple[str, tuple[str, ...], int, int]],
    files: dict[int, Path],
    model: Path,
    flops: int,
    repeat: int,
) -> int:
    peaks, cpu, memory = [], {}, {}
    for _, (name, (code, options, *sizes)) in itertools.product(range(repeat), contenders.items()):
        peaks.append(peak())
        for n in sizes:
            seconds, megabytes = used(code, files[n], model, _output(files, name, n), *options)
            cpu[name, n] = min(seconds, cpu.get((name, n), np.inf))
            memory[name, n] = megabytes
    low, middle, high = np.quantile(peaks, [0, 0.5, 1]) / 1e9
    print(f"sgemm: {middle:.1f} GFLOP/s ({low:.1f} to {high:.1f}), {middle * 1e9 / flops:.0f} events a CPU second")
    rates = {
        name: (large - few) / (cpu[name, large] - cpu[name, few]) for name, (_, _, few, large) in contenders.items()
    }
    by_event = rates["tensorflow by event"]
    print(
        f"{'':22}{'events/CPU s':>14}{'% of sgemm':>12}{'x by event':>12}{'start-up s':>12}{'MB few':>8}{'MB all':>8}"
    )
    for name, (_, _, few, large) in contenders.items():
        rate, start = rates[name], cpu[name, few] - few / rates[name]
        of_peak = 100 * rate * flops / (middle * 1e9)
        print(
            f"{name:22}{rate:14.0f}{of_peak:12.0f}{rate / by_event:12.1f}{start:12.1f}"
            f"{memory[name, few]:8.0f}{memory[name, large]:8.0f}"
        )
    faults = 0
    wanted = values(_output(files, "append, cpp", max(files)))
    scale = np.sqrt(np.mean(wanted.astype(float) ** 2))
    for name, (_, _, _, large) in contenders.items():
        if large != max(files):
            continue
        off = np.max(np.abs(values(_output(files, name, large)) - wanted)) / scale
        print(f"{name}: differs from the first by {off:.1e} of the rms at most")
        faults += not off <= TOLERANCE
    return int(faults > 0)


def _output(files: dict[int, Path], name: str, n: int) -> Path:
    return files[n].with_name(f"{name.replace(',', '').replace(' ', '_')}_{n}.root")


if __name__ == "__main__":
    sys.exit(main())
