"""Histograms of a branch while it is made: the weights and categories are those that the tree holds."""

from __future__ import annotations

import contextlib
from array import array
from typing import TYPE_CHECKING, Any

import numpy as np

from rdfplugins import cpp
from rdfplugins.reading import open_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from rdfplugins.config import HistogramConfig
    from rdfplugins.reading import Table

CATEGORY = "category"


class Filled:
    """One histogram, filled as TH1::Fill does with weights.

    Parameters
    ----------
    spec
        What the config says of it.
    axes
        Titles of its axes, x and y; that of x where the config has none.

    Attributes
    ----------
    values, variances
        float64[bins + 2]: sums of weights and of their squares; first below the range, last above it.
    """

    def __init__(self, spec: HistogramConfig, axes: tuple[str, str]) -> None:
        self.spec = spec
        self._titles = spec.title or axes[0], axes[1]
        self.values = np.zeros(spec.bins + 2)
        self.variances = np.zeros(spec.bins + 2)
        self._entries = 0
        self._moments = np.zeros(4)  # of the events in range: sum of w, w^2, w x, w x^2

    def fill(self, values: NDArray[np.float64], weights: NDArray[np.float64]) -> None:
        """Fill numbers; NaN is no number, and is left out."""
        known = ~np.isnan(values)
        x, w = values[known], weights[known]
        low, high = self.spec.range
        inside = (x >= low) & (x < high)
        bins = np.where(x < low, 0, self.spec.bins + 1)
        bins[inside] = 1 + (self.spec.bins * (x[inside] - low) / (high - low)).astype(np.int64)
        size = self.spec.bins + 2
        self.values += np.bincount(bins, weights=w, minlength=size)
        self.variances += np.bincount(bins, weights=w * w, minlength=size)
        self._entries += len(x)
        x, w = x[inside], w[inside]
        self._moments += [w.sum(), (w * w).sum(), (w * x).sum(), (w * x * x).sum()]

    def as_root(self, name: str) -> Any:
        """Return it as TH1D."""
        spec = self.spec
        root = cpp.load_root()
        made = root.TH1D(name, ";".join([name, *self._titles]), spec.bins, *spec.range)
        made.SetDirectory(root.nullptr)
        made.Sumw2()
        for number, (value, variance) in enumerate(zip(self.values, self.variances, strict=True)):
            made.SetBinContent(number, float(value))
            made.GetSumw2()[number] = float(variance)
        made.PutStats(array("d", self._moments))
        made.SetEntries(float(self._entries))
        return made


class Histograms:
    """All histograms of one branch of a sample, those of categories among them.

    Parameters
    ----------
    specs
        Name -> what the config says of it.
    categories
        Their names in the order of their numbers.
    table
        The tree that holds weights and categories; None where neither is needed.
    weight
        Branch of the weight; None: every event counts 1.
    title
        Of the branch with its unit, for axes to which the config gives no title.
    """

    def __init__(
        self,
        specs: Mapping[str, HistogramConfig],
        categories: Sequence[str],
        table: Table | None,
        weight: str | None,
        *,
        title: str,
    ) -> None:
        self._weight, self._events = weight, 0
        self._categories = list(categories)
        axes = title, "sum of weights" if weight else "events"
        numbers = range(len(categories))
        self._all = {name: Filled(spec, axes) for name, spec in specs.items()}
        self._of = {(name, number): Filled(spec, axes) for name, spec in specs.items() for number in numbers}
        self._columns = [*([weight] if weight else []), *([CATEGORY] if categories else [])]
        self._table = table if self._columns else None

    def fill(self, values: NDArray[np.float32]) -> None:
        """Fill the values, float32[n], of the next events of the tree."""
        start = self._events
        self._events += len(values)
        if not self._all or not len(values):
            return
        known = {} if self._table is None else self._table.rows(self._columns, start, start + len(values))
        numbers = np.asarray(values, dtype=np.float64)
        weights = np.ones(len(numbers))
        if self._weight:
            weights = np.asarray(known[self._weight], dtype=np.float64)
            weights = np.where(np.isfinite(weights), weights, 0.0)  # as the selection does: counted there, and reported
        for filled in self._all.values():
            filled.fill(numbers, weights)
        for (_, number), filled in self._of.items():
            here = known[CATEGORY] == number
            filled.fill(numbers[here], weights[here])

    def objects(self) -> dict[str, Any]:
        """Return path in the file -> TH1D, named and placed as the selection does."""
        found = {name: filled.as_root(name) for name, filled in self._all.items()}
        for (name, number), filled in self._of.items():
            found[f"categories/{self._categories[number]}/{name}"] = filled.as_root(name)
        return found


@contextlib.contextmanager
def histograms(
    path: Path,
    tree: str,
    specs: Mapping[str, HistogramConfig],
    categories: Sequence[str],
    weight: str | None,
    *,
    title: str,
) -> Iterator[Histograms]:
    """Open the tree of a sample for its histograms, if there are any."""
    if not specs:
        yield Histograms({}, (), None, None, title=title)
        return
    with open_table(path, tree) as table:
        yield Histograms(specs, categories, table, weight, title=title)
