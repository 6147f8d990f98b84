"""Small files for tests, and what they hold after branches were added."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import awkward as ak
import numpy as np
import uproot

from rdfplugins.append.branch import adding

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

ENTRIES = 3000
TITLE = "m_ML [GeV], model x (sha256 0123456789ab), rdfplugins 0.1"


def plain(path: Path, entries: int = ENTRIES, trees: Sequence[str] = ("events",)) -> Path:
    """Write trees of `x` (float32), `k` (int64) and `v` (counted) with uproot, and a histogram."""
    with uproot.recreate(path) as file:
        for name in trees:
            file.mktree(name, {"x": "f4", "k": "i8", "v": "var * float64"})
            for begin in range(0, entries, 1000):
                n = min(1000, entries - begin)
                k = np.arange(begin, begin + n)
                ragged = ak.Array([[float(i)] * ((i + 1) % 3) for i in k])
                file[name].extend({"x": (k * 0.5).astype("f4"), "k": k, "v": ragged})
        file["h"] = np.histogram([1.0, 2.0])
    return path


def scores(entries: int = ENTRIES, columns: int = 1, seed: int = 1) -> NDArray[np.float32]:
    values = np.random.default_rng(seed).normal(100, 50, (entries, columns)).astype("f4")
    if entries > 1:
        values[entries // 2] = np.nan
    return values


def append(
    source: Path,
    target: Path,
    tree: str = "events",
    name: str = "ml_mass",
    *,
    seed: int = 1,
    step: int = 700,
    **more: Any,
) -> NDArray[np.float32]:
    """Add a branch, in batches, and return what was filled."""
    with uproot.open(source) as file:
        entries = file[tree].num_entries
    values = scores(entries, seed=seed)
    with adding(source, target, tree, {name: TITLE}, **more) as new:
        for begin in range(0, entries, step):
            new.fill(values[begin : begin + step])
    return values[:, 0]


def read(path: Path, tree: str = "events", name: str = "ml_mass") -> NDArray[Any]:
    with uproot.open(path) as file:
        found: NDArray[Any] = file[tree][name].array(library="np")
        return found


def names(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir())
