"""Reading what a response needs of the trees, in chunks, with a bound on what is kept."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from rdfplugins import provenance
from rdfplugins.errors import ConfigErrors
from rdfplugins.formula import FormulaError
from rdfplugins.reading import open_table
from rdfplugins.report.response.plan import PATH, SPLIT, edges, section
from rdfplugins.report.response.splits import SPLITS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path
    from typing import Any

    from numpy.typing import NDArray

    from rdfplugins.config import Config
    from rdfplugins.errors import ConfigError
    from rdfplugins.reading import Kind
    from rdfplugins.report.response.plan import Plan

MOST_ROWS = 2_000_000
"""Of more events, every second, fourth, eighth ... is kept."""
_CHUNK = 16 << 20  # bytes of the columns that are read at once


@dataclasses.dataclass(frozen=True)
class Tree:
    """What is known of the tree of a sample before it is read.

    Attributes
    ----------
    path
        Of its file.
    kinds
        Column -> what it holds.
    entries
        Number of events.
    units
        Column -> unit, where the file says it.
    """

    path: Path
    kinds: Mapping[str, Kind]
    entries: int
    units: Mapping[str, str]


@dataclasses.dataclass(frozen=True)
class Events:
    """Columns of events.

    Attributes
    ----------
    estimates
        Column -> float64[n]; NaN where there is no estimate.
    truth
        float64[n]; empty where no truth is asked for.
    weights
        float64[n], finite.
    channels
        Name -> bool[n]; none where no truth is asked for.
    counts
        How many events each of the trees had.
    every
        Each of these events stands for so many: 1, unless there are more than `MOST_ROWS`.
    bad_weights
        Events that are left out, as their weight is NaN or infinite.
    """

    estimates: dict[str, NDArray[np.float64]]
    truth: NDArray[np.float64]
    weights: NDArray[np.float64]
    channels: dict[str, NDArray[np.bool_]]
    counts: tuple[int, ...]
    every: int
    bad_weights: int

    def __len__(self) -> int:
        return len(self.weights)

    def at(self, rows: NDArray[np.bool_]) -> Events:
        """Return some of them; ``rows``: bool[n]."""
        return dataclasses.replace(
            self,
            estimates={name: values[rows] for name, values in self.estimates.items()},
            truth=self.truth[rows] if len(self.truth) else self.truth,
            weights=self.weights[rows],
            channels={name: values[rows] for name, values in self.channels.items()},
        )


def open_tree(config: Config, path: Path) -> Tree:
    """Return what the file of a sample says of its tree."""
    with open_table(path, config.select.output.tree) as table:
        units = (provenance.read(path) or {}).get("units")
        return Tree(path, dict(table.kinds), table.entries, units if isinstance(units, dict) else {})


def check_kinds(config: Config, plan: Plan, trees: Mapping[str, Tree]) -> None:
    """Raise ConfigErrors for columns that do not hold one number an event, or are in another unit than the truth."""
    spec = section(config)
    faults: dict[str, ConfigError] = {}
    for name in (*plan.samples, *plan.background, *plan.signal):
        tree = trees[name]
        in_response = name in plan.samples
        wanted = tree.units.get(spec.truth) if in_response else None
        for column in (*plan.estimates, *columns_of(plan, spec.truth if in_response else None)):
            kind, unit = tree.kinds[column], tree.units.get(column)
            said = f"the column '{column}' of sample '{name}'"
            if kind.vector or kind.dtype is None:
                message = f"{said} holds {kind}; one number an event is needed"
            elif column in plan.estimates and unit and wanted and unit != wanted:
                message = f"{said} is in {unit}, and the truth '{spec.truth}' in {wanted}"
            else:
                continue
            key = "estimates" if column in plan.estimates else "truth" if column == spec.truth else "channels"
            faults.setdefault(column, config.fault(f"report.response.{key}: {message}", *PATH, key))
    if faults:
        raise ConfigErrors(list(faults.values()))


def columns_of(plan: Plan, truth: str | None) -> list[str]:
    """Return the columns besides the estimates that are read, each once.

    Parameters
    ----------
    truth
        Column of the truth; None: neither truth nor channels are asked for.
    """
    formulas = [*(plan.channels.values() if truth is not None else ()), *([plan.weight] if plan.weight else [])]
    names = [*([truth] if truth is not None else []), *(name for one in formulas for name in one.columns)]
    return list(dict.fromkeys([*names, *([SPLIT] if plan.split in SPLITS else [])]))


def read(config: Config, plan: Plan, trees: Sequence[Tree], *, of_response: bool) -> Events:
    """Read the events of some samples.

    Parameters
    ----------
    trees
        Whose events.
    of_response
        Read truth and channels, and leave out events without a truth in any bin; else events are those of a separation,
        which are weighted.

    Raises
    ------
    InputError
        If a file is damaged.
    """
    reader, kept = _Reader(config, plan, of_response=of_response), _Kept()
    counts = []
    for tree in trees:
        before = kept.passed
        for part in reader.parts(tree):
            kept.add(part)
        counts.append(kept.passed - before)
    parts, none = kept.parts, np.zeros(0)
    return Events(
        {name: np.concatenate([none, *(part.estimates[name] for part in parts)]) for name in plan.estimates},
        np.concatenate([none, *(part.truth for part in parts)]),
        np.concatenate([none, *(part.weights for part in parts)]),
        {
            name: np.concatenate([np.zeros(0, dtype=bool), *(part.channels[name] for part in parts)])
            for name in (plan.channels if of_response else ())
        },
        tuple(counts),
        kept.every,
        sum(part.bad_weights for part in parts),
    )


class _Kept:
    """Events in parts, of which half are dropped whenever there are too many: the same ones, however they are cut."""

    def __init__(self) -> None:
        self.parts: list[Events] = []
        self.passed, self.every = 0, 1
        self._numbers: list[NDArray[np.int64]] = []

    def add(self, part: Events) -> None:
        """Add the next events."""
        self._numbers.append(np.arange(self.passed, self.passed + len(part)))
        self.parts.append(part)
        self.passed += len(part)
        self._thin(len(self.parts) - 1)
        while sum(map(len, self.parts)) > MOST_ROWS:
            self.every *= 2
            for number in range(len(self.parts)):
                self._thin(number)

    def _thin(self, number: int) -> None:
        rows = self._numbers[number] % self.every == 0
        self.parts[number], self._numbers[number] = self.parts[number].at(rows), self._numbers[number][rows]


class _Reader:
    """Reads the events of one kind of plot."""

    def __init__(self, config: Config, plan: Plan, *, of_response: bool) -> None:
        spec = section(config)
        self._config = config
        self._plan = plan
        self._truth = spec.truth if of_response else None
        self._edges = edges(config)
        self._weight = plan.weight if spec.weighted or not of_response else None

    def parts(self, tree: Tree) -> Iterator[Events]:
        """Yield the events of a tree, some at once."""
        names = list(dict.fromkeys([*self._plan.estimates, *columns_of(self._plan, self._truth)]))
        with open_table(tree.path, self._config.select.output.tree) as table:
            for chunk in table.numbers(names, table.rows_of(_CHUNK, names)):
                yield self._part(chunk)

    def _part(self, values: dict[str, NDArray[Any]]) -> Events:
        plan = self._plan
        kept = np.ones(len(next(iter(values.values()))), dtype=bool)
        if plan.split in SPLITS:
            kept &= values[SPLIT] == SPLITS[plan.split]
        if self._truth is not None:
            truth = values[self._truth].astype(np.float64)
            kept &= (truth >= self._edges[0]) & (truth < self._edges[-1]) & (truth > 0)  # NaN is none of these
        values = {name: column[kept] for name, column in values.items()}
        weights = self._weights(values)
        good = np.isfinite(weights)
        values = {name: column[good] for name, column in values.items()}
        return Events(
            {name: values[name].astype(np.float64) for name in plan.estimates},
            np.zeros(0) if self._truth is None else values[self._truth].astype(np.float64),
            weights[good],
            {} if self._truth is None else {name: self._passes(name, values) for name in plan.channels},
            (len(good),),
            1,
            int(np.count_nonzero(~good)),
        )

    def _weights(self, values: dict[str, NDArray[Any]]) -> NDArray[np.float64]:
        if self._weight is None:
            return np.ones(len(next(iter(values.values()))))
        try:
            return self._weight.evaluate(values).astype(np.float64)
        except FormulaError as error:
            raise self._config.fault(f"select.weight: {error}", "select", "weight") from error

    def _passes(self, channel: str, values: dict[str, NDArray[Any]]) -> NDArray[np.bool_]:
        try:
            return self._plan.channels[channel].passes(values)
        except FormulaError as error:
            path = (*PATH, "channels", channel)
            raise self._config.fault(f"{'.'.join(path)}: {error}", *path) from error
