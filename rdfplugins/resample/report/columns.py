"""Distributions of columns beside the sampling variables: read from some rows of the sources and of the output."""

from __future__ import annotations

import dataclasses
import fnmatch
import math
from typing import TYPE_CHECKING

import numpy as np

from rdfplugins.errors import did_you_mean
from rdfplugins.random import combine, uniform
from rdfplugins.resample.report.spectra import ALL, Panel, Spectrum
from rdfplugins.resample.write.columns import EXTRA

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from pathlib import Path
    from typing import Any

    from numpy.typing import NDArray

    from rdfplugins.resample.sources import Sources

_PURPOSE = "plots"  # of the draw by which rows are chosen
_ROWS = 1 << 17
_CENTRAL = 0.998
_BINS = 50
_MOST_WHOLE = 60  # whole numbers that get a bin each
_PATTERN = "*?["


@dataclasses.dataclass(frozen=True, eq=False)
class Rows:
    """Some rows of each class, chosen by a hash of their keys: the same ones in whatever order they are read.

    Attributes
    ----------
    totals
        All rows of each class.
    values
        For each class float64[n, columns].
    weights
        For each class float64[n].
    keys
        For each class uint64[n]; copies of a row have the same.
    """

    totals: tuple[int, ...]
    values: tuple[NDArray[np.float64], ...]
    weights: tuple[NDArray[np.float64], ...]
    keys: tuple[NDArray[np.uint64], ...]

    @property
    def chosen(self) -> int:
        """Number of rows that are there."""
        return sum(len(one) for one in self.values)

    @property
    def weighted(self) -> bool:
        """Whether rows have weights other than 1."""
        return any(bool(np.any(one != 1.0)) for one in self.weights)


def matching(
    sources: Sources, patterns: Sequence[str], known: Collection[str], say: Callable[[str], None]
) -> tuple[str, ...]:
    """Return the columns of numbers that all sources have and a pattern matches; the user is told of others.

    Parameters
    ----------
    patterns
        As those of file names.
    known
        Columns that are drawn anyway.
    """
    if not sources.all:
        return ()
    numbers = [
        name
        for name in sources.all[0].columns
        if all(name in one.rules.columns and one.rules.columns[name].dtype is not None for one in sources.all)
    ]
    found: dict[str, None] = {}
    for pattern in patterns:
        # a column may be called like a pattern
        names = [pattern] if pattern in numbers else fnmatch.filter(numbers, pattern)
        if not names:
            where = "in all samples" if len(sources.all) > 1 else "there"
            hint = "" if any(sign in pattern for sign in _PATTERN) else did_you_mean(pattern, numbers)
            say(f"warning: plot_variables: no column of numbers '{pattern}' is {where}{hint}; it is not drawn")
        found.update(dict.fromkeys(name for name in names if name not in known))
    return tuple(found)


def rows_of_sources(sources: Sources, columns: Sequence[str], most: int) -> Rows:
    """Return at most ``most`` rows of the sources, in range or not."""
    chooser = _Chooser(len(sources.classes), len(columns), most)
    for source in sources.all:
        for chunk in source.chunks({name: name for name in columns}, _ROWS):
            draw = uniform(0, chunk.key, _PURPOSE)
            chooser.add(chunk.class_id, draw, chunk.key, [chunk.values[name] for name in columns], None)
    return chooser.rows()


def rows_of_output(path: Path, sources: Sources, columns: Sequence[str], most: int) -> tuple[Rows, tuple[str, ...]]:
    """Return at most ``most`` rows of the output, with the columns of ``columns`` that it has, and these."""
    tree, there = _opened(path, sources)
    found = tuple(name for name in columns if name in there)
    extra = [name for name in (EXTRA.event_key, EXTRA.copy_number, EXTRA.sample_weight) if name in there]
    chooser = _Chooser(len(sources.classes), len(found), most)
    first = 0
    for chunk in _chunks(path, sources, tree, list(dict.fromkeys([EXTRA.class_id, *extra, *found]))):
        rows = len(chunk[EXTRA.class_id])
        key = np.asarray(chunk[EXTRA.event_key] if EXTRA.event_key in chunk else np.arange(first, first + rows))
        key = key.astype(np.uint64)
        copy = chunk[EXTRA.copy_number] if EXTRA.copy_number in chunk else np.zeros(rows)
        draw = uniform(0, combine(key, np.asarray(copy).astype(np.uint64)), _PURPOSE)
        weight = np.asarray(chunk[EXTRA.sample_weight], np.float64) if EXTRA.sample_weight in chunk else None
        chooser.add(np.asarray(chunk[EXTRA.class_id], np.int32), draw, key, [chunk[name] for name in found], weight)
        first += rows
    return chooser.rows(), found


def _opened(path: Path, sources: Sources) -> tuple[str, set[str]]:
    """Return the name of the tree or dataset of the output, and its columns of numbers."""
    from rdfplugins.resample.sources import hdf5, root

    kind, tree = sources.all[0].kind, sources.all[0].tree
    described = root.describe(path, None) if kind == "root" else hdf5.describe(path, tree)
    return described.tree, {name for name, column in described.columns.items() if column.dtype is not None}


def _chunks(path: Path, sources: Sources, tree: str, columns: list[str]) -> Iterator[Mapping[str, NDArray[Any]]]:
    from rdfplugins.resample.sources import hdf5, root

    read = root.read if sources.all[0].kind == "root" else hdf5.read
    yield from read(path, tree, tuple(columns), _ROWS)


class _Chooser:
    """Keeps the rows of each class whose draws are the smallest; memory is that of twice as many."""

    def __init__(self, classes: int, columns: int, most: int) -> None:
        self._each = max(1, most // max(classes, 1))
        self._totals = np.zeros(classes, np.int64)
        self._bounds = np.ones(classes)  # no draw at or above it is among the smallest
        self._draws = [np.zeros(0) for _ in range(classes)]
        self._keys = [np.zeros(0, np.uint64) for _ in range(classes)]
        self._tables = [np.zeros((0, columns + 1)) for _ in range(classes)]

    def add(
        self,
        class_id: NDArray[np.int32],
        draw: NDArray[np.float64],
        key: NDArray[np.uint64],
        values: Sequence[NDArray[Any]],
        weight: NDArray[np.float64] | None,
    ) -> None:
        """Look at rows; those of a negative class are of none."""
        used = (class_id >= 0) & (class_id < len(self._totals))
        self._totals += np.bincount(class_id[used], minlength=len(self._totals))
        near = np.flatnonzero(used)
        near = near[draw[near] < self._bounds[class_id[near]]]
        weights = np.ones(len(near)) if weight is None else weight[near]
        table = np.column_stack([*(np.asarray(one[near], np.float64) for one in values), weights])
        for number in np.unique(class_id[near]):
            mine = class_id[near] == number
            self._draws[number] = np.concatenate([self._draws[number], draw[near][mine]])
            self._keys[number] = np.concatenate([self._keys[number], key[near][mine]])
            self._tables[number] = np.concatenate([self._tables[number], table[mine]])
            if len(self._draws[number]) > 2 * self._each:
                self._prune(int(number))

    def _prune(self, number: int) -> None:
        order = np.argsort(self._draws[number], kind="stable")[: self._each]
        self._draws[number], self._keys[number] = self._draws[number][order], self._keys[number][order]
        self._tables[number] = self._tables[number][order]
        if len(order) == self._each:
            self._bounds[number] = self._draws[number][-1]

    def rows(self) -> Rows:
        """Return what was chosen, in the order of the draws."""
        for number in range(len(self._totals)):
            self._prune(number)
        return Rows(
            tuple(int(total) for total in self._totals),
            tuple(table[:, :-1] for table in self._tables),
            tuple(table[:, -1] for table in self._tables),
            tuple(self._keys),
        )


def spectrum_of(
    name: str, before: tuple[Rows, int], after: tuple[Rows, int] | None, target: int | None
) -> Spectrum | None:
    """Return the distribution of a column on bins that are the same before and after; None without a finite number.

    Parameters
    ----------
    before, after
        Rows, and which of their columns it is.
    target
        Class that ratios are relative to, if there is one.
    """
    edges = edges_of(np.concatenate([one[:, before[1]] for one in before[0].values]))
    if edges is None:
        return None
    panels = [_panel("Before", *before, edges, target)]
    notes = [_missing("before", *before, edges)]
    if after is not None:
        title = "After (weighted)" if after[0].weighted else "After"
        panels.append(_panel(title, *after, edges, target))
        notes.append(_missing("after", *after, edges))
    return Spectrum(name, ALL, edges, (), tuple(panels), "; ".join(filter(None, notes)), automatic=True)


def edges_of(values: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Return bins of the central 99.8 % of the values, float64[n]: whole numbers are in the middle of theirs."""
    finite = values[np.isfinite(values)]
    if not len(finite):
        return None
    low = float(np.quantile(finite, (1 - _CENTRAL) / 2, method="lower"))  # values that are there: nothing overflows
    high = float(np.quantile(finite, (1 + _CENTRAL) / 2, method="higher"))
    if not math.isfinite(high - low):
        return None
    if bool(np.all(finite == np.floor(finite))) and abs(low) + abs(high) < float(1 << 52):
        start, stop = int(low), int(high) + 1
        step = 1 if stop - start <= _MOST_WHOLE else math.ceil((stop - start) / _BINS)
        return np.arange(start, stop + step, step, dtype=np.float64) - 0.5
    if low == high:
        width = 0.5 * (abs(low) or 1.0)
        low, high = low - width, high + width
    return np.unique(np.linspace(low, high, _BINS + 1))


def _panel(title: str, rows: Rows, column: int, edges: NDArray[np.float64], target: int | None) -> Panel:
    values, errors = [], []
    for total, table, weights, keys in zip(rows.totals, rows.values, rows.weights, rows.keys, strict=True):
        scale = total / len(table) if len(table) else 0.0
        finite = np.isfinite(table[:, column])
        data, weight = table[finite, column], weights[finite]
        values.append(scale * np.histogram(data, edges, weights=weight)[0])
        # copies of a row are one event, which lies in one bin
        _, first, event = np.unique(keys[finite], return_index=True, return_inverse=True)
        together = np.bincount(event, weight, minlength=len(first))
        errors.append(scale * np.sqrt(np.histogram(data[first], edges, weights=together**2)[0]))
    contents = np.array(values).reshape(len(values), len(edges) - 1)
    aimed = contents[target] if target is not None and contents[target].any() else None
    return Panel(title, rows.totals, contents, np.array(errors).reshape(contents.shape), aimed)


def _missing(when: str, rows: Rows, column: int, edges: NDArray[np.float64]) -> str:
    """Return in words what is not on the plot."""
    values = np.concatenate([one[:, column] for one in rows.values])
    if not len(values):
        return f"{when}: no rows"
    finite = values[np.isfinite(values)]
    outside = int(np.count_nonzero((finite < edges[0]) | (finite > edges[-1])))
    parts = {"outside of the axis": outside, "NaN or infinite": len(values) - len(finite)}
    said = [f"{100 * number / len(values):.2g} % {what}" for what, number in parts.items() if number]
    return f"{when}: {', '.join(said)}" if said else ""
