"""Small models, and configs with a section ``ml``, for tests of the stage."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any

import numpy as np

from rdfplugins.inference import Layer, Network, load_model, write_json, write_legacy
from tests.select import helpers
from tests.select.helpers import small_config

if TYPE_CHECKING:
    from pathlib import Path

    import rdfplugins as rp

INPUTS = ("x", "w")
HISTOGRAM = {"column": "ml_mass", "bins": 7, "range": [-20.0, 20.0]}


def network(inputs: int = 2, outputs: int = 1, *, seed: int = 1) -> Network:
    """Return a network with random weights; its outputs are of the order of 10."""
    random = np.random.default_rng(seed)
    sizes = [inputs, 8, outputs]
    layers = [
        Layer(
            np.ascontiguousarray(random.normal(size=(a, b)), dtype=np.float32),
            random.normal(size=b).astype(np.float32),
            "softplus" if b != outputs else "linear",
        )
        for a, b in itertools.pairwise(sizes)
    ]
    return Network(tuple(layers))


def write_model(folder: Path, *, inputs: tuple[str, ...] = INPUTS, outputs: int = 1, seed: int = 1) -> Path:
    """Write a model's folder as the public ones are laid out, and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    made = network(len(inputs), outputs, seed=seed)
    (folder / f"{folder.name}.json").write_text(write_json(made, folder.name))
    write_legacy(folder / f"NN_weights-{folder.name}.h5", made)
    (folder / "inputs_for_models_in_this_dir.py").write_text(f"inputs = {list(inputs)!r}\n")
    units = {"ml_mass": "GeV"} if outputs == 1 else {}
    (folder / "card.yaml").write_text(f"units: {json.dumps(units)}\n")
    return folder


def config_with(files: Any, ml: Any, **changes: Any) -> dict[str, Any]:
    """Return a config of one sample that writes x, w and y; ``ml`` stands behind the selection."""
    data = small_config(files, select__output={"dir": "out", "columns": ["x", "w", "y"]}, **changes)
    return {**data, "ml": ml}


def run(folder: Path, data: dict[str, Any], **options: Any) -> tuple[rp.RunResult, list[str]]:
    said: list[str] = []
    return helpers.run(folder, data, say=said.append, **options), said


def tree(folder: Path, sample: str = "one") -> dict[str, Any]:
    return helpers.columns(folder / "out" / f"{sample}.root")


def file_of(folder: Path, sample: str = "one") -> Path:
    return folder / "out" / f"{sample}.root"


def state(path: Path) -> tuple[int, int]:
    """Return what changes when a file is replaced."""
    now = path.stat()
    return now.st_ino, now.st_mtime_ns


def predicted(model: Path, values: dict[str, Any]) -> Any:
    loaded = load_model(model, backend="numpy")
    return loaded.predict(np.stack([values[name] for name in loaded.inputs], axis=1).astype(np.float32))
