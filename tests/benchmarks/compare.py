"""Compare two outputs of the diphoton chain: same events, same columns, same values, same cutflow."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
import uproot

if TYPE_CHECKING:
    from pathlib import Path

RELATIVE = 1e-12
CUTFLOWS = ("cutflow", "cutflow_weighted")


@dataclasses.dataclass(frozen=True)
class Comparison:
    """Outcome of a comparison: how many columns are equal in every bit, how many within `RELATIVE`, and all faults."""

    rows: int
    exact: tuple[str, ...]
    close: dict[str, float]
    faults: tuple[str, ...]

    def __str__(self) -> str:
        worst = max(self.close, key=self.close.__getitem__, default=None)
        text = f"{self.rows} events, {len(self.exact)} columns exact, {len(self.close)} within {RELATIVE:g}"
        return text if worst is None else f"{text} (worst: {worst}, {self.close[worst]:.1e})"


def compare(one: Path, other: Path) -> Comparison:
    """Compare the trees ``events`` of two files by eventNumber, and their cutflows.

    Every column that both have is compared. A float64 column may differ by `RELATIVE` times the larger of the value and
    the column's median absolute value: sums of terms of both signs come out near 0 with the rounding errors of the
    terms. Integers and float32, which are copies, must be equal.
    ``m_jj``, the root of a difference, is compared by its square on the scale of the squared energy of the jets.
    """
    tables = [_read(path) for path in (one, other)]
    numbers = [table["eventNumber"] for table in tables]
    faults: list[str] = []
    if len(np.unique(numbers[0])) != len(numbers[0]):
        faults.append(f"{one}: an eventNumber occurs twice")
    if not np.array_equal(*numbers):
        lonely = len(np.setxor1d(*numbers))
        faults.append(f"other events: {lonely} of {len(numbers[0])} and {len(numbers[1])} are in one only")
        return Comparison(len(numbers[0]), (), {}, tuple(faults))
    exact: list[str] = []
    close: dict[str, float] = {}
    for name in (name for name in tables[0] if name in tables[1]):
        a, b = (table[name] for table in tables)
        if a.dtype != b.dtype:
            faults.append(f"{name}: {a.dtype} and {b.dtype}")
        elif np.array_equal(a, b, equal_nan=a.dtype.kind == "f"):
            exact.append(name)
        else:
            close[name] = _distance(name, a, b, tables[0])
            if not close[name] <= RELATIVE:
                faults.append(f"{name}: differs by {close[name]:.2e}")
    faults += _compare_cutflows(one, other)
    return Comparison(len(numbers[0]), tuple(exact), close, tuple(faults))


def only_in_one(one: Path, other: Path) -> set[str]:
    """Return the columns that only one of the two trees has."""
    return set(_read(one)) ^ set(_read(other))


def _read(path: Path) -> dict[str, Any]:
    with uproot.open({str(path): "events"}) as tree:
        arrays: dict[str, Any] = tree.arrays(library="np")
    order = np.argsort(arrays["eventNumber"], kind="stable")
    return {name: values[order] for name, values in arrays.items()}


def _distance(name: str, a: Any, b: Any, table: dict[str, Any]) -> float:
    if a.dtype != np.float64 or not np.array_equal(np.isfinite(a), np.isfinite(b)):
        return np.inf  # copies and integers are exact
    scale = np.maximum(np.abs(a), np.nanmedian(np.abs(a)))
    if name == "m_jj":
        a, b, scale = a**2, b**2, table["jet_E_sum"] ** 2
    different = (a != b) & np.isfinite(a)
    return float(np.max(np.abs(a - b)[different] / scale[different], initial=0.0))


def _compare_cutflows(one: Path, other: Path) -> list[str]:
    faults = []
    with uproot.open(one) as first, uproot.open(other) as second:
        for name in CUTFLOWS:
            for what in ("values", "variances"):
                a, b = (getattr(file[name], what)() for file in (first, second))
                if a.shape != b.shape or not np.allclose(a, b, rtol=RELATIVE, atol=0.0):
                    faults.append(f"{what} of {name}: {a} and {b}")
    return faults
