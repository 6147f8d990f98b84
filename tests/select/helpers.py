"""Small configs and readers of outputs, for tests of whole runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import uproot
import yaml

import rdfplugins as rp

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
