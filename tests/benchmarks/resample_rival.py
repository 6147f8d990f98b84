"""The rival of resampling: umami-preprocessing 0.3, called as its own code calls itself.

usage: python -m tests.benchmarks.resample_rival select METHOD JETS.h5 REPORT.json BATCH
       python -m tests.benchmarks.resample_rival stage METHOD JETS.h5 REPORT.json DIR ROWS

select: its choice of rows, from arrays in memory. stage: its histograms, its resampling into a file a class, and the
joining of these, ROWS of each class. The report holds CPU seconds of each part, without imports, and what was chosen.
"""

from __future__ import annotations

import json
import os
import random
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from tests.benchmarks.resample_data import DTYPE, ETA, FLAVOURS, LABEL, MORE, PT, PT_RANGE

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

BINS = {PT: [[*PT_RANGE, 300]], ETA: [[0, 2.5, 10]]}
TARGET = FLAVOURS[0].name
_CONFIG = """\
variables:
  jets:
    inputs: [{inputs}]
    labels: [{pt}, {eta}, {label}, eventNumber]
components:
{components}
resampling:
  target: {target}
  method: {method}
  sampling_fraction: 1.0
  variables:
    {pt}: {{bins: [[{low}, {high}, 300]]}}
    {eta}: {{bins: [[0, 2.5, 10]]}}
global_cuts: {{common: [], train: [], val: [], test: []}}
global:
  global_name: jets
  base_dir: {folder}
  ntuple_dir: {ntuples}
  num_global_objects_estimate_available: -1
  num_global_objects_estimate_hist: {rows}
  num_global_objects_estimate: {rows}
"""
_COMPONENT = """\
  - region: {{name: all, cuts: []}}
    sample: {{name: jets, pattern: {file}, equal_global_objects: false}}
    classes: [{name}]
    num_global_objects: {number}
"""


def cpu() -> float:
    """Return the CPU seconds of this process and its children so far."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def timed(function: Callable[[], Any]) -> tuple[float, Any]:
    begin = cpu()
    result = function()
    return cpu() - begin, result


def select(method: str, path: Path, batch: int) -> dict[str, Any]:
    """Let it choose rows class by class, in batches of so many rows of the file, from arrays in memory."""
    from upp.classes.resampling_config import ResamplingConfig
    from upp.stages.hist import Hist
    from upp.stages.resampling import Resampling

    with h5py.File(path) as file:
        jets = file["jets"][:]
    settings = ResamplingConfig({name: {"bins": bins} for name, bins in BINS.items()}, TARGET, 1.0, method)
    fields = {"components": None, "variables": None, "global_name": "jets", "transform": None, "batch_size": batch}
    stage = Resampling(SimpleNamespace(sampl_cfg=settings, skip_resampling=False, **fields))
    random.seed(42)
    used = {"histograms": 0.0, "choice": 0.0}
    shapes: dict[str, list[int]] = {}
    with tempfile.TemporaryDirectory() as folder:
        components = {}
        for one in FLAVOURS:
            rows = jets[jets[LABEL] == one.label]
            hist = Hist(Path(folder) / f"{one.name}.h5")
            used["histograms"] += timed(lambda h=hist, r=rows: h.write_hist(r, [PT, ETA], settings.flat_bins))[0]
            components[one.name] = (rows, SimpleNamespace(hist=hist, sampling_fraction=1.0))
        stage.target = components[TARGET][1]
        for name, (rows, component) in components.items():
            taken = len(rows)
            chosen: NDArray[np.int64] = np.arange(len(rows))
            if name != TARGET:
                seconds, chosen = _in_batches(stage, component, rows, -(-len(jets) // stage.batch_size))
                used["choice"] += seconds
                taken = len(chosen)
            shapes[name] = [len(rows), taken, len(np.unique(chosen))]
    return {**used, "rows, taken, distinct": shapes}


def _in_batches(stage: Any, component: Any, rows: NDArray[np.void], batches: int) -> tuple[float, NDArray[np.int64]]:
    """Choose from the rows of a class, which come in so many batches, as many as its file has."""
    seconds, begin, chosen = 0.0, 0, []
    for part in np.array_split(rows, batches):
        used, found = timed(lambda p=part: stage.select_func(p, component))
        seconds += used
        chosen.append(np.asarray(found, np.int64) + begin)
        begin += len(part)
    return seconds, np.concatenate(chosen)


def stage(method: str, path: Path, folder: Path, number: int) -> dict[str, Any]:
    """Let it make its histograms, then resample ``number`` rows of each class into a file a class, then join them."""
    from upp import main

    os.environ["UPP_LOG_LEVEL"] = "ERROR"
    with h5py.File(path) as file:
        rows = file["jets"].shape[0]
    components = "".join(_COMPONENT.format(file=path.name, name=one.name, number=number) for one in FLAVOURS)
    names = {"pt": PT, "eta": ETA, "label": LABEL, "low": PT_RANGE[0], "high": PT_RANGE[1]}
    text = _CONFIG.format(
        **names, inputs=", ".join(MORE), components=components.rstrip(), target=TARGET, method=method,
        folder=folder, ntuples=path.parent.absolute(), rows=rows,
    )  # fmt: skip
    config = folder / "upp.yaml"
    config.write_text(text)
    used = {}
    for part in ("prep", "resample", "merge"):
        arguments = main.parse_args(["--config", str(config), f"--{part}", "--skip-sample-check"])
        used[part] = timed(lambda a=arguments: main.run_pp(a))[0]
    written = {one.name: _written(folder / "components" / "train" / f"all_jets_{one.name}.h5") for one in FLAVOURS}
    return {**used, "rows": written}


def _written(path: Path) -> int:
    with h5py.File(path) as file:
        assert set(file["jets"].dtype.names) == set(DTYPE.names)
        return int(file["jets"].shape[0])


if __name__ == "__main__":
    mode, method, jets, report, *rest = sys.argv[1:]
    if mode == "select":
        found = select(method, Path(jets), int(rest[0]))
    else:
        found = stage(method, Path(jets), Path(rest[0]), int(rest[1]))
    Path(report).write_text(json.dumps(found))
