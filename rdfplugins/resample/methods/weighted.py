"""Methods that keep rows as they are, or a share of them, with weights: weighting, planing, stratified; and none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rdfplugins.resample.methods.plan import UNIFORM, Draft, Facts, refuse_empty, target_tables
from rdfplugins.resample.methods.shares import allocated, thinned

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rdfplugins.resample.methods.plan import Plan


def none(facts: Facts) -> Plan:
    """Take all rows that have a class, wherever they are."""
    draft = Draft(facts)
    _keep(draft, outside=True)
    return draft.plan()


def weighting(facts: Facts) -> Plan:
    """Keep all rows, with the weight target / own distribution of the bin."""
    options = facts.options
    draft = Draft(facts)
    refuse_empty(facts)
    name = options.weighting_target_flavour or options.target_distribution
    target_tables(facts, name, [0] * len(facts.tables))  # has rows
    _keep_and_mark(draft)
    kept = facts.cells.tables(draft.take)
    targets = _after(draft, name)
    for table, weight, target in zip(kept, facts.cells.tables(draft.weight), targets, strict=True):
        weight[:] = np.divide(target, table, out=np.zeros(table.shape), where=table > 0)
    _lose(draft, targets)
    return draft.plan()


def planing(facts: Facts) -> Plan:
    """Keep all rows, with weights that make every class uniform in the variables; their mean is 1 in each class.

    Chang, Cohen and Ostdiek, Phys. Rev. D 97 (2018) 056009, arXiv:1709.10106.
    """
    draft = Draft(facts)
    refuse_empty(facts)
    _keep_and_mark(draft)
    targets = tuple(grid.volumes() for grid in facts.cells.grids)
    for table, weight, target in zip(
        facts.cells.tables(draft.take), facts.cells.tables(draft.weight), targets, strict=True
    ):
        there = table > 0
        wanted = np.where(there, target, 0.0)
        total = wanted.sum(axis=1, keepdims=True)
        wanted = np.divide(wanted, total, out=np.zeros(table.shape), where=total > 0)
        wanted *= table.sum(axis=1, keepdims=True)
        weight[:] = np.divide(wanted, table, out=np.zeros(table.shape), where=there)
    _lose(draft, targets)
    return draft.plan()


def stratified(facts: Facts) -> Plan:
    """Draw from every class and bin without replacement in proportion to its rows, or by Neyman to rows times spread.

    The weight is the inverse of the share that is drawn. Neyman, J. R. Stat. Soc. 97 (1934) 558, doi:10.2307/2342192.
    """
    draft = Draft(facts)
    refuse_empty(facts)
    wanted = None if facts.options.n_jets < 0 else facts.options.n_jets
    given = draft.numbers([int(table.sum()) for table in facts.tables], wanted, "")
    takes, weights = facts.cells.tables(draft.take), facts.cells.tables(draft.weight)
    spreads = None if facts.spread is None else facts.cells.tables(facts.spread)
    lost = []
    for family, (table, total) in enumerate(zip(facts.tables, given, strict=True)):
        rows = table.ravel()
        importance = rows.astype(np.float64)
        if facts.options.allocation == "neyman" and spreads is not None:
            importance = importance * np.asarray(spreads[family], np.float64).ravel()
        taken = allocated(importance, rows, total).reshape(table.shape)
        takes[family][:] = taken
        weights[family][:] = np.divide(table, taken, out=np.zeros(table.shape), where=taken > 0)
        lost.append(((table > 0) & (taken == 0)).any(axis=0))
    _tell_of_empty(draft, lost)
    return draft.plan()


def _tell_of_empty(draft: Draft, lost: list[NDArray[np.bool_]]) -> None:
    """Say of how many strata nothing is drawn: their rows are represented by no weight."""
    draft.lost = tuple(lost)
    tables, takes = draft.facts.tables, draft.facts.cells.tables(draft.take)
    rows = sum(int(table[taken == 0].sum()) for table, taken in zip(tables, takes, strict=True))
    strata = sum(int(((table > 0) & (taken == 0)).sum()) for table, taken in zip(tables, takes, strict=True))
    if strata:
        draft.says.append(
            f"nothing is drawn from {strata} strata with {rows} rows in all, which no weight stands for; raise n_jets"
            " or use fewer bins"
        )


def _keep_and_mark(draft: Draft) -> None:
    """Keep rows in range, and those outside as ``out_of_range`` says."""
    rule = draft.facts.options.out_of_range
    _keep(draft, outside=rule != "drop")
    out_of_range, not_finite = draft.facts.cells.outside(draft.weight)
    out_of_range[:] = 1.0 if rule == "one" else 0.0
    not_finite[:] = 0.0  # nowhere, whatever is said of other places


def _keep(draft: Draft, *, outside: bool) -> None:
    """Take all rows, thinned evenly to fractions and ``n_jets``, which is the number of all here."""
    facts, cells = draft.facts, draft.facts.cells
    counts = facts.n.copy()
    if not outside:
        cells.outside(counts)[:] = 0
    where = _families(facts)
    rows = [int(counts[where == family].sum()) for family in range(len(cells.families))]
    wanted = None if facts.options.n_jets < 0 else facts.options.n_jets
    for family, total in enumerate(draft.numbers(rows, wanted, "")):
        draft.take[where == family] = thinned(counts[where == family], total)


def _families(facts: Facts) -> NDArray[np.int32]:
    """Return the family of each cell, int32[cells]."""
    found = np.zeros(facts.cells.total, np.int32)
    for family, table in enumerate(facts.cells.tables(found)):
        table[:] = family
    facts.cells.outside(found)[:] = np.arange(len(facts.cells.families))[:, None]
    return found


def _after(draft: Draft, name: str | None) -> tuple[NDArray[np.float64], ...]:
    """Return the target, counted over the rows that are kept."""
    facts = draft.facts
    if name == UNIFORM:
        kept = facts.cells.tables(draft.take)
        volumes = [grid.volumes() for grid in facts.cells.grids]
        found = [one * (float(np.min(table.sum(axis=1))) / one.sum()) for one, table in zip(volumes, kept, strict=True)]
    else:
        chosen = 0 if name is None else facts.classes.index(name)
        found = [table[chosen].astype(np.float64) for table in facts.cells.tables(draft.take)]
    draft.target = tuple(found)
    return draft.target


def _lose(draft: Draft, targets: tuple[NDArray[np.float64], ...]) -> None:
    lost = [
        (target > 0) & (table.min(axis=0) == 0) & (table.max(axis=0) > 0)
        for target, table in zip(targets, draft.facts.tables, strict=True)
    ]
    draft.target = targets
    draft.lose(lost, targets, "the target", kept=True)
