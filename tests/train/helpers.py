"""Small trees to train on: the shapes of what ``rdfrun`` writes, with numbers that are made up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import uproot

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

INPUTS = ("pt", "eta", "cov", "count", "always")


def made_up(events: int, seed: int = 1) -> dict[str, NDArray[Any]]:
    """Return columns whose first inputs tell the mass; scales are as different as those of pT, eta and covariances."""
    random = np.random.default_rng(seed)
    mass = random.uniform(50, 1000, events)
    return {
        "pt": mass * random.normal(0.4, 0.05, events),
        "eta": random.normal(0, 1.2, events),
        "cov": random.normal(800, 60, events) + mass,
        "count": random.poisson(25, events).astype(float),
        "always": np.full(events, 3.0),
        "genMass": mass,
        "split": random.choice([0, 1, 2], events, p=[0.7, 0.15, 0.15]).astype(np.int32),
        "channel": np.ones(events, dtype=np.int32),
        "weight": np.full(events, 0.01),
    }


def write_tree(path: Path, columns: dict[str, NDArray[Any]], tree: str = "events") -> Path:
    with uproot.recreate(path) as file:
        file.mktree(tree, {name: values.dtype for name, values in columns.items()})
        file[tree].extend(columns)
    return path
