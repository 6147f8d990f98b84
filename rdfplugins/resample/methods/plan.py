"""What a method knows, and what it decides: how many rows of each cell are taken, how often, and with which weight."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from rdfplugins.errors import ConfigError
from rdfplugins.resample.methods.shares import totals

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from rdfplugins.config.resample import ResampleConfig, ResampleOptions
    from rdfplugins.resample.cells import Cells

    Tables = tuple[NDArray[np.int64], ...]

UNIFORM = "uniform"
_SHOWN = 4


class MisfitError(ConfigError):
    """Options that do not fit the rows that are there; ``at`` leads to the option within the section."""

    def __init__(self, message: str, *at: str) -> None:
        super().__init__(message)
        self.at = at


@dataclasses.dataclass(frozen=True, eq=False)
class Facts:
    """What is known of the rows before any is drawn.

    Attributes
    ----------
    spec
        The section of the config.
    cells
        How cells are numbered.
    classes, categories
        Their names.
    n
        Rows of each cell, int64[cells].
    samples
        Sample -> (family, classes that it has rows of).
    first
        Class of the first sample of each family; the first class where that has rows of several.
    spread
        Standard deviation of ``allocation_variable`` in each cell, float64[cells]; None where no method asks.
    """

    spec: ResampleConfig
    cells: Cells
    classes: tuple[str, ...]
    categories: tuple[str, ...]
    n: NDArray[np.int64]
    samples: Mapping[str, tuple[int, tuple[int, ...]]]
    first: tuple[int, ...]
    spread: NDArray[np.float64] | None = None

    @property
    def options(self) -> ResampleOptions:
        """Those of the method."""
        return self.spec.options

    @property
    def tables(self) -> Tables:
        """Rows in range of each family, int64[classes, bins]."""
        return self.cells.tables(self.n)

    @property
    def per_class(self) -> int | None:
        """Rows that each class is to have where ``n_jets`` is the number of all; None: as many as possible."""
        return None if self.options.n_jets < 0 else self.options.n_jets // len(self.classes)

    @property
    def fractions(self) -> list[float] | None:
        """Fractions of the families; None: as available."""
        given = self.options.fractions
        if given is None:
            return None
        return [sum(given.get(self.categories[k], 0.0) for k in family) for family in self.cells.families]

    def family_name(self, family: int) -> str:
        """Return what a family is called: the names of its categories."""
        return " + ".join(self.categories[k] for k in self.cells.families[family])


@dataclasses.dataclass(frozen=True, eq=False)
class Plan:
    """What is drawn from each cell.

    Attributes
    ----------
    base
        int32[cells]: copies that each row of the cell gets.
    take
        int64[cells]: rows of the cell that get one copy more, drawn without replacement.
    rate
        float64[cells]: rates at which rows are drawn with replacement.
    group
        int32[cells]: those with the same number are drawn together with replacement; -1: none.
    draws
        int64[groups]: how often is drawn from each group with replacement.
    weight
        float64[cells]: weight of a row.
    target
        For each family float64[bins], the shape aimed at; None where there is none.
    lost
        For each family bool[bins]: bins that cannot have it, as a class has no rows in them.
    subsets
        Number of draws without replacement, each for a subset of its own; 0: one draw.
    says
        Lines for the user.
    """

    base: NDArray[np.int32]
    take: NDArray[np.int64]
    rate: NDArray[np.float64]
    group: NDArray[np.int32]
    draws: NDArray[np.int64]
    weight: NDArray[np.float64]
    target: tuple[NDArray[np.float64], ...] | None
    lost: tuple[NDArray[np.bool_], ...]
    subsets: int = 0
    says: tuple[str, ...] = ()


class Draft:
    """A plan in the making: nothing is taken, every weight is 1."""

    def __init__(self, facts: Facts) -> None:
        cells = facts.cells
        self.facts = facts
        self.base = np.zeros(cells.total, np.int32)
        self.take = np.zeros(cells.total, np.int64)
        self.rate = np.zeros(cells.total)
        self.group = np.full(cells.total, -1, np.int32)
        self.draws = np.zeros(len(cells.families) * cells.classes, np.int64)
        self.weight = np.ones(cells.total)
        self.target: tuple[NDArray[np.float64], ...] | None = None
        self.lost = tuple(np.zeros(grid.bins, bool) for grid in cells.grids)
        self.subsets = 0
        self.says: list[str] = []

    def plan(self) -> Plan:
        """Return the plan."""
        return Plan(
            self.base, self.take, self.rate, self.group, self.draws, self.weight, self.target, self.lost,
            self.subsets, tuple(self.says),
        )  # fmt: skip

    def lose(
        self, lost: Sequence[NDArray[np.bool_]], contents: Sequence[NDArray[np.float64]], of: str, *, kept: bool = False
    ) -> None:
        """Note bins in which a class has no rows: said, and refused above ``max_lost_fraction``.

        Parameters
        ----------
        lost
            For each family bool[bins].
        contents
            For each family float64[bins], what is lost with a bin.
        of
            What that is.
        kept
            Whether other classes have rows in them in the output.
        """
        self.lost = tuple(lost)
        number = sum(int(one.sum()) for one in lost)
        if not number:
            return
        facts, least = self.facts, max(1, self.facts.options.min_bin_count)
        total = sum(float(one.sum()) for one in contents)
        share = (
            sum(float(one[where].sum()) for one, where in zip(contents, lost, strict=True)) / total if total else 0.0
        )
        lacking = np.zeros(len(facts.classes), np.int64)
        for table, where in zip(facts.tables, lost, strict=True):
            lacking += (table[:, where] < least).sum(axis=1)
        order = [c for c in np.argsort(-lacking, kind="stable") if lacking[c]]
        who = ", ".join(f"{facts.classes[c]} in {lacking[c]}" for c in order[:_SHOWN])
        bins = sum(grid.bins for grid in facts.cells.grids)
        few = "no rows" if least == 1 else f"fewer than {least} rows"
        fate = "tell classes apart" if kept else "are lost"
        text = f"{number} of {bins} bins {fate}, {share:.2%} of {of}: a class has {few} in them ({who})"
        most = facts.options.max_lost_fraction
        if share > most:
            raise MisfitError(
                f"{text}; more than max_lost_fraction {most:g}: use fewer or wider bins, or raise it",
                "options",
                "max_lost_fraction" if "max_lost_fraction" in facts.options.model_fields_set else "sampling_variables",
            )
        self.says.append(text)

    def numbers(self, available: Sequence[int], wanted: int | None, unit: str) -> list[int]:
        """Return how many rows each family gives; says so where that is less than wanted."""
        given, fewer = totals(available, self.facts.fractions, wanted)
        if fewer:
            limit = "" if self.facts.fractions is None else " with these fractions"
            self.says.append(
                f"n_jets asks for {wanted} rows{unit}, and {sum(given)} are there{limit}: all of these are taken"
            )
        return given


def target_tables(facts: Facts, name: str | None, default: Sequence[int]) -> tuple[NDArray[np.float64], ...]:
    """Return the target of each family, float64[bins]: rows of a class, or the same in equal volumes.

    Parameters
    ----------
    name
        A class, `UNIFORM`, or None.
    default
        Class of each family where there is no name.

    Raises
    ------
    MisfitError
        If a target has no rows in range.
    """
    if name == UNIFORM:
        return tuple(grid.volumes() for grid in facts.cells.grids)
    found = []
    for family, table in enumerate(facts.tables):
        chosen = default[family] if name is None else facts.classes.index(name)
        shape = table[chosen].astype(np.float64)
        fractions = facts.fractions
        if not shape.any() and (fractions is None or fractions[family] > 0):
            where = "" if len(facts.tables) == 1 else f" in category {facts.family_name(family)}"
            raise MisfitError(
                f"the target distribution, class '{facts.classes[chosen]}', has no rows in the bins{where}: the target"
                " is zero everywhere; look at the bins, or choose another target",
                "options",
                "sampling_variables",
            )
        found.append(shape)
    return tuple(found)


def refuse_empty(facts: Facts) -> None:
    """Raise MisfitError for a class that has no rows in range at all."""
    fractions = facts.fractions
    for family, table in enumerate(facts.tables):
        if fractions is not None and fractions[family] == 0:
            continue
        empty = [facts.classes[c] for c in np.flatnonzero(table.sum(axis=1) == 0)]
        if empty:
            where = "" if len(facts.tables) == 1 else f" of category {facts.family_name(family)}"
            what = "class" if len(empty) == 1 else "classes"
            has = "has" if len(empty) == 1 else "have"
            raise MisfitError(
                f"{what} {', '.join(empty)} {has} no rows in the bins{where}: too few rows; look at the bins, the cuts"
                " and the split, or leave it out of class_labels",
                "class_labels" if facts.spec.class_labels else "method",
            )
