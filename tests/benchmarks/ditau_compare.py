"""Compare two outputs of the di-tau chain: same events, same columns, same values, same cutflows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import uproot

from tests.benchmarks.compare import RELATIVE, Comparison
from tests.benchmarks.ditau_awkward import CHANNELS
from tests.benchmarks.ditau_contenders import COLUMNS, COPIED

if TYPE_CHECKING:
    from pathlib import Path

RELATIVE_SUMS = 1e-9  # of a million weights, added one by one or in blocks
TRANSVERSE_MASSES = ("PuppimT1_reco", "PuppimT2_reco", "PuppimTtt_reco")


def compare(one: Path, other: Path) -> Comparison:
    """Compare the `COLUMNS` of the trees ``events`` of two files, event by event, and the cutflows that both have.

    A float64 column may differ by `RELATIVE` times the larger of the value and the column's median absolute value
    (of those that are not 0): differences come out near 0 with the rounding errors of their terms. Transverse masses,
    roots of differences, are compared by their squares.
    """
    tables = [_read(path) for path in (one, other)]
    faults: list[str] = []
    exact: list[str] = []
    close: dict[str, float] = {}
    rows = [len(table["event"]) for table in tables]
    if rows[0] != rows[1] or any(not np.array_equal(tables[0][name], tables[1][name]) for name in COPIED):
        return Comparison(rows[0], (), {}, (f"other events: {rows[0]} and {rows[1]}",))
    for name in COLUMNS:
        a, b = (table[name] for table in tables)
        if a.dtype != b.dtype:
            faults.append(f"{name}: {a.dtype} and {b.dtype}")
        elif np.array_equal(a, b, equal_nan=a.dtype.kind == "f"):
            exact.append(name)
        else:
            close[name] = _distance(name, a, b)
            if not close[name] <= RELATIVE:
                faults.append(f"{name}: differs by {close[name]:.2e}")
    faults += _compare_cutflows(one, other)
    return Comparison(rows[0], tuple(exact), close, tuple(faults))


def _read(path: Path) -> dict[str, Any]:
    with uproot.open({str(path): "events"}) as tree:
        arrays: dict[str, Any] = tree.arrays(list(COLUMNS), library="np")
    order = np.lexsort([arrays[name] for name in reversed(COPIED)])
    return {name: values[order] for name, values in arrays.items()}


def _distance(name: str, a: Any, b: Any) -> float:
    if a.dtype != np.float64 or not np.array_equal(np.isfinite(a), np.isfinite(b)):
        return np.inf
    if name in TRANSVERSE_MASSES:
        a, b = a**2, b**2
    different = (a != b) & np.isfinite(a)
    scale = np.maximum(np.maximum(np.abs(a), np.abs(b)), np.nanmedian(np.abs(a[a != 0])))
    return float(np.max(np.abs(a - b)[different] / scale[different], initial=0.0))


def _compare_cutflows(one: Path, other: Path) -> list[str]:
    faults = []
    with uproot.open(one) as first, uproot.open(other) as second:
        if "channels" not in first or "channels" not in second:
            return []
        for channel in CHANNELS:
            for name in (f"channels/{channel}/cutflow", f"channels/{channel}/cutflow_weighted"):
                for what in ("values", "variances"):
                    a, b = (getattr(file[name], what)() for file in (first, second))
                    if a.shape != b.shape or not np.allclose(a, b, rtol=RELATIVE_SUMS, atol=0.0):
                        faults.append(f"{what} of {name}: {a.shape} and {b.shape} cuts, last {a[-1]} and {b[-1]}")
    return faults
