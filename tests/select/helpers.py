"""Small configs and readers of outputs, for tests of whole runs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import uproot
import yaml

import rdfplugins as rp
from rdfplugins.simulate import trees

if TYPE_CHECKING:
    from pathlib import Path

STEPS: list[dict[str, Any]] = [
    {"node": "diphoton.weights"},
    {"node": "diphoton.select"},
    {"node": "diphoton.features"},
]


def config_data(files: Any, **changes: Any) -> dict[str, Any]:
    """Return a config of one simulated sample ``gg``; ``changes`` replace parts of sections by dotted names."""
    data: dict[str, Any] = {
        "version": 1,
        "input": {
            "tree": "mini",
            "units": "MeV",
            "lumi_pb": 10064.0,
            "key": ["runNumber", "eventNumber"],
            "samples": {"gg": {"kind": "mc", "files": files, "xsec_pb": 0.102, "sum_of_weights": 1000.0}},
        },
        "select": {"weight": "weight", "steps": STEPS, "output": {"dir": "out"}},
    }
    return changed(data, changes)


def changed(data: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Replace parts of a config by names such as ``input__tree``; None takes one out."""
    for path, value in changes.items():
        at = data
        *parents, last = path.split("__")
        for part in parents:
            at = at[part]
        if value is None:
            at.pop(last)
        else:
            at[last] = value
    return data


def write_config(folder: Path, data: dict[str, Any], name: str = "config.yaml") -> Path:
    path = folder / name
    path.write_text(yaml.safe_dump(data, sort_keys=False))
    return path


def run(folder: Path, data: dict[str, Any], **options: Any) -> rp.RunResult:
    """Run a config in a folder; outputs go to ``folder/out``."""
    return rp.run(write_config(folder, data), output=options.pop("output", folder / "out"), **options)


def columns(path: Path, tree: str = "events") -> dict[str, Any]:
    with uproot.open({str(path): tree}) as opened:
        return opened.arrays(library="np")


def provenance(path: Path) -> dict[str, Any]:
    with uproot.open(path) as file:
        found: dict[str, Any] = json.loads(str(file["provenance"]))
    return found


SMALL = {"run": np.int32, "event": np.int64, "x": np.float32, "w": np.float64}


def small_columns(events: int = 20, *, first: int = 1) -> dict[str, Any]:
    """Return four scalar columns: ``run``, ``event`` from ``first`` on, ``x`` = event + 0.25, ``w`` = 1/event."""
    number = np.arange(first, first + events)
    values = {"run": np.full(events, 7), "event": number, "x": number + 0.25, "w": 1.0 / number}
    return {name: values[name].astype(kind) for name, kind in SMALL.items()}


def write_columns(path: Path, columns: dict[str, Any], *, tree: str = "t") -> Path:
    """Write arrays as scalar branches, and pairs (dtype, list of lists) as vectors."""
    made = {}
    for name, values in columns.items():
        if isinstance(values, tuple):
            dtype, rows = values
            offsets = np.cumsum([0, *map(len, rows)], dtype=np.int64)
            made[name] = trees.Column(np.array([item for row in rows for item in row], dtype=dtype), offsets)
        else:
            made[name] = trees.Column(np.asarray(values))
    trees.write_tree(path, tree, made, title="test")
    return path


def small_config(files: Any, **changes: Any) -> dict[str, Any]:
    """Return a config of one sample ``one`` of data with the columns of `small_columns`, one cut and one definition."""
    data: dict[str, Any] = {
        "version": 1,
        "input": {
            "tree": "t",
            "units": "GeV",
            "key": ["run", "event"],
            "samples": {"one": {"kind": "data", "files": files}},
        },
        "select": {
            "steps": [{"filter": {"positive": "x > 0"}}, {"define": {"y": "2 * x"}}],
            "output": {"dir": "out"},
        },
    }
    return changed(data, changes)
