"""Our side of the benchmarks of resampling, with the command line of `resample_rival`.

usage: python -m tests.benchmarks.resample_ours select METHOD JETS REPORT.json [BATCH]    (its batches are not ours)
       python -m tests.benchmarks.resample_ours stage METHOD JETS REPORT.json DIR ROWS
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from tests.benchmarks.resample_data import ETA, FLAVOURS, LABEL, PT, PT_RANGE, TREE, written_as
from tests.benchmarks.resample_rival import timed

OPTIONS = {
    "sampling_variables": [{PT: {"bins": [*PT_RANGE, 300]}}, {ETA: {"bins": [0, 2.5, 10]}}],
    "bin_semantics": "bins",
    "max_lost_fraction": 1.0,
    "n_jets_to_plot": None,
}
WITH_TARGET = ("pdf", "countup", "importance_no_replace")
CLASSES = [one.name for one in FLAVOURS]


def options(method: str) -> dict[str, Any]:
    """Return the options of a method: a file that gives those it does not take is refused."""
    return OPTIONS | ({"target_distribution": FLAVOURS[0].name} if method in WITH_TARGET else {})


def select(method: str, path: Path) -> dict[str, Any]:
    """Choose rows of all classes from arrays in memory."""
    from rdfplugins.config.resample import ResampleConfig
    from rdfplugins.resample.arrays import ArraySample, resample_arrays

    with h5py.File(path) as file:
        jets = file["jets"][:]
    label = np.full(len(jets), -1, np.int32)
    for number, one in enumerate(FLAVOURS):
        label[jets[LABEL] == one.label] = number
    values = {name: jets[name].astype(np.float64) for name in (PT, ETA)}
    sample = ArraySample("jets", 0, jets["eventNumber"].astype(np.uint64), label, values)
    section = {**options(method), "samples": {"all": ["jets"]}}
    spec = ResampleConfig.model_validate({"method": method, "class_labels": CLASSES, "options": section})
    seconds, chosen = timed(lambda: resample_arrays(spec, CLASSES, ["all"], [sample]))
    rows = chosen.rows["jets"]
    shapes = {}
    for number, name in enumerate(CLASSES):
        mine = rows.class_id == number
        shapes[name] = [int(np.sum(label == number)), int(rows.copies[mine].sum()), int(np.sum(mine))]
    return {"choice": seconds, "rows, taken, distinct": shapes}


def config(method: str, path: Path, folder: Path, number: int) -> Path:
    """Write the config of the stage; JSON is YAML, too."""
    section: dict[str, Any] = {
        "method": method,
        "class_labels": CLASSES,
        "from": {"jets": [str(path.absolute())]},
        "key": ["eventNumber"],
        "label_column": {"column": LABEL, "values": {one.name: one.label for one in FLAVOURS}},
        "options": {**options(method), "n_jets": number},
        **({"tree": TREE} if path.suffix == ".root" else {"dataset": "jets"}),
    }
    target = folder / "ours.yaml"
    target.write_text(json.dumps({"version": 1, "resample": section}, indent=1))
    return target


def stage(method: str, path: Path, folder: Path, number: int) -> dict[str, Any]:
    """Resample ``number`` rows of each class into one file, in random order: histograms, choice, writing."""
    import rdfplugins

    file = config(method, path, folder, number)
    seconds, _ = timed(lambda: rdfplugins.run(file, output=folder, stages=["resample"], force=True))
    ids = written_as(folder / "resample" / f"train{path.suffix}", "class_id")
    return {"resample": seconds, "rows": {name: int(np.sum(ids == k)) for k, name in enumerate(CLASSES)}}


if __name__ == "__main__":
    mode, method, jets, report, *rest = sys.argv[1:]
    found = select(method, Path(jets)) if mode == "select" else stage(method, Path(jets), Path(rest[0]), int(rest[1]))
    Path(report).write_text(json.dumps(found))
