"""Files of simulated samples with trees whose responses are known, and configs that go with them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import uproot
import yaml

from rdfplugins.config import load_config

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from rdfplugins.config import Config

LINES = {"H": 5, "Z": 6, "W": 7, "data": 8, "response": 12}
"""Lines of the configs, on which tests of messages rely."""


def config_of(folder: Path, response: str = "{}", *, weight: str | None = "weight", more: str = "") -> Config:
    """Return a config of three simulated samples and data, with ``report.response`` at line 12."""
    text = f"""\
version: 1
input:
  {{tree: t, units: GeV, key: [event], lumi_pb: 10.0, samples: {{
    # kind and label
    H: {{kind: mc, files: H.root, label: Higgs, xsec_pb: 1, sum_of_weights: 1}},
    Z: {{kind: mc, files: Z.root, xsec_pb: 1, sum_of_weights: 1}},
    W: {{kind: mc, files: W.root, xsec_pb: 1, sum_of_weights: 1}},
    data: {{kind: data, files: data.root}}}}}}
select: {{steps: [], weight: {weight or "null"}, output: {{dir: out, tree: t}} {more}}}
report:
  title: made up
  response: {response}
"""
    path = folder / "made_up.yaml"
    path.write_text(text)
    assert yaml.safe_load(text)["report"]["response"] is not None
    return load_config(path)


def columns_of(
    mass: float, events: int, *, seed: int, spread: float = 0.2, truth: bool = True
) -> dict[str, NDArray[Any]]:
    """Return columns of events around a mass: ``ml_mass`` has no bias and ``m_vis`` 0.7, ``m_coll`` exists for half."""
    random = np.random.default_rng(seed)
    true = mass * random.uniform(0.9, 1.1, events)
    half = np.where(np.arange(events) // 4 % 2 == 0, true * random.lognormal(0.1, spread, events), np.nan)
    return {
        "genMass": (true if truth else np.full(events, np.nan)).astype(np.float32),
        "ml_mass": (true * random.lognormal(0.0, spread, events)).astype(np.float32),
        "m_vis": 0.7 * true * random.lognormal(0.0, 1.5 * spread, events),
        "m_coll": half,
        "channel": (np.arange(events) % 3).astype(np.int32),
        "split": (np.arange(events) % 4 % 3).astype(np.int32),  # half training
        "weight": random.uniform(0.5, 1.5, events),
        "vector": np.ones((events, 2)),
    }


def write_file(
    path: Path,
    columns: dict[str, NDArray[Any]],
    *,
    kind: str = "mc",
    label: str | None = None,
    units: dict[str, str] | None = None,
    simulation: bool | None = None,
) -> Path:
    """Write a tree and what the stage select says of it."""
    name, events = path.stem, len(next(iter(columns.values())))
    cuts = [{"name": "all", "events": events, "weighted": float(events), "variance": float(events)}]
    record = {
        "sample": {
            "name": name,
            "kind": kind,
            "label": label or name,
            "simulation": kind == "mc" if simulation is None else simulation,
        },
        "partial": False,
        "cutflow": {"sample": name, "kind": kind, "bad_weights": 0, "weighted": True, "cuts": cuts},
        "variations": [],
        "cutflow_variations": {},
        "units": {"genMass": "GeV", "ml_mass": "GeV", "m_vis": "GeV", "m_coll": "GeV"} if units is None else units,
    }
    with uproot.recreate(path) as file:
        file.mktree("t", {key: np.dtype((values.dtype, values.shape[1:])) for key, values in columns.items()})
        file["t"].extend(columns)
        file["provenance"] = json.dumps(record)
    return path


def four_files(folder: Path, events: int = 6000) -> dict[str, Path]:
    """Return files of a Higgs boson, a Z boson, something without a truth, and data that no response may open."""
    files = {
        "H": write_file(folder / "H.root", columns_of(125, events, seed=1), label="Higgs"),
        "Z": write_file(folder / "Z.root", columns_of(91, events, seed=2)),
        "W": write_file(folder / "W.root", columns_of(60, 500, seed=3, truth=False)),
    }
    data = columns_of(100, 300, seed=4)
    return {**files, "data": write_file(folder / "data.root", data, kind="data")}
