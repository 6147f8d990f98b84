"""Methods that may take a row several times: pdf (importance sampling), countup, random oversampling."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from rdfplugins.resample.methods.plan import UNIFORM, Draft, Facts, MisfitError, refuse_empty, target_tables
from rdfplugins.resample.methods.shares import fraction, proportional, shared

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from rdfplugins.resample.methods.plan import Plan

_UNLIMITED = 1 << 62
_EXACT = 1e-13  # relative: what rounding takes off a number that is whole by its definition


def pdf(facts: Facts) -> Plan:
    """Draw with replacement, each row at the rate target / own distribution in its bin.

    With ``max_duplicates`` numbers of bins are fixed, not drawn: a bin whose rows are full would lose its share.
    """
    draft, targets, numbers = _towards_target(facts)
    most = facts.options.max_duplicates
    if most is not None and facts.options.interpolation != "none":
        raise MisfitError("max_duplicates keeps the numbers of bins, which interpolation leaves; choose one of them",
                          "options", "max_duplicates")  # fmt: skip
    rates, groups = facts.cells.tables(draft.rate), facts.cells.tables(draft.group)
    if most is not None:
        draft.draws = np.zeros(facts.cells.total, np.int64)
        draft.group[:] = np.arange(facts.cells.total)
        for wanted, rate, rows, target, each in zip(
            facts.cells.tables(draft.draws), rates, facts.tables, targets, numbers, strict=True
        ):
            for c, number in enumerate(each):
                wanted[c] = _in_bins(np.where(rows[c] > 0, target, 0.0), int(number))
            rate[:] = wanted > 0
        return draft.plan()
    for family, (table, target) in enumerate(zip(facts.tables, targets, strict=True)):
        rates[family][:] = np.divide(target, table, out=np.zeros(table.shape), where=table > 0)
        first = family * len(facts.classes)
        groups[family][:] = np.where(rates[family] > 0, first + np.arange(len(facts.classes))[:, None], -1)
        draft.draws[first : first + len(facts.classes)] = numbers[family]
    return draft.plan()


def countup(facts: Facts) -> Plan:
    """Give every row of a bin the same number of copies, up to one, so that the bin has what the target says."""
    draft, targets, numbers = _towards_target(facts)
    bases, takes = facts.cells.tables(draft.base), facts.cells.tables(draft.take)
    for family, (table, target) in enumerate(zip(facts.tables, targets, strict=True)):
        for c, rows in enumerate(table):
            wanted = _in_bins(np.where(rows > 0, target, 0.0), int(numbers[family][c]))
            safe = np.maximum(rows, 1)
            bases[family][c] = wanted // safe
            takes[family][c] = wanted % safe
    return draft.plan()


def random_oversampling(facts: Facts) -> Plan:
    """Take all rows of every class, and of smaller classes some more with replacement, until all have the same number.

    With ``n_jets`` every class has a share of it, those that have more rows by a draw without replacement.
    """
    draft = Draft(facts)
    refuse_empty(facts)
    most = facts.options.max_duplicates
    fractions = facts.fractions
    largest = [int(table.sum(axis=1).max()) for table in facts.tables]
    if fractions is None:
        goals = largest if facts.per_class is None else [facts.per_class]
    else:
        parts = [fraction(value) for value in fractions]
        unit = max(Fraction(n) / part for n, part in zip(largest, parts, strict=True) if part > 0)
        total = unit if facts.per_class is None else Fraction(facts.per_class)
        goals = [int(part * total) for part in parts]
    for family, table in enumerate(facts.tables):
        bases, takes = facts.cells.tables(draft.base)[family], facts.cells.tables(draft.take)[family]
        for c, rows in enumerate(table[:, 0]):
            goal = goals[family] if most is None else min(goals[family], int(rows) * most)
            if goal < goals[family]:
                draft.says.append(
                    f"{facts.classes[c]}{_of(facts, family)}: {goal} in place of {goals[family]} rows, as"
                    " max_duplicates allows no more: the classes are not equal"
                )
            if goal < rows:
                takes[c] = goal
                continue
            bases[c] = 1
            number = family * len(facts.classes) + c
            draft.draws[number] = goal - rows
            facts.cells.tables(draft.group)[family][c] = number
            facts.cells.tables(draft.rate)[family][c] = 1.0
    return draft.plan()


def _towards_target(
    facts: Facts,
) -> tuple[Draft, tuple[NDArray[np.float64], ...], list[NDArray[np.int64]]]:
    """Return a draft that knows its target, the target of each family, and how often to draw from each class."""
    draft, options = Draft(facts), facts.options
    refuse_empty(facts)
    targets = target_tables(facts, options.target_distribution, facts.first)
    if options.target_distribution is None:
        draft.says.append(
            "target distribution: "
            + ", ".join(f"class {facts.classes[c]}{_of(facts, family)}" for family, c in enumerate(facts.first))
        )
    lost = [(target > 0) & (table.min(axis=0) == 0) & (table.max(axis=0) > 0) for target, table in
            zip(targets, facts.tables, strict=True)]  # fmt: skip
    draft.lose(lost, targets, "the target", kept=True)
    draft.target = targets
    if options.target_distribution == UNIFORM:
        available = [int(table.sum(axis=1).min()) for table in facts.tables]
    else:
        available = [int(target.sum()) for target in targets]
    # with replacement any number can be drawn: what is there decides only where nothing is asked for
    if options.n_jets < 0:
        given = draft.numbers(available, None, "")
    else:
        parts = facts.fractions or available
        given = _split(options.n_jets, parts)
    return draft, targets, _numbers(draft, given, targets)


def _split(total: int, parts: list[float] | list[int]) -> list[int]:
    from rdfplugins.resample.methods.shares import split

    return split(total, [fraction(part) for part in parts])


def _numbers(draft: Draft, given: list[int], targets: tuple[NDArray[np.float64], ...]) -> list[NDArray[np.int64]]:
    """Return how often to draw from each class of each family, with their factors and limits.

    A limit of one family holds for the class in all of them where there are fractions, which would be others else.
    """
    facts = draft.facts
    wanted = [_wanted(facts, family, total) for family, total in enumerate(given)]
    allowed = [_allowed(facts, family, targets[family]) for family in range(len(given))]
    numbers = [np.zeros(len(facts.classes), np.int64) for _ in given]
    for c, name in enumerate(facts.classes):
        shares = [
            Fraction(min(limit[c][0], want[c]), want[c]) if want[c] else Fraction(1)
            for want, limit in zip(wanted, allowed, strict=True)
        ]
        for family, (want, limit) in enumerate(zip(wanted, allowed, strict=True)):
            share = min(shares) if facts.fractions is not None else shares[family]
            numbers[family][c] = number = int(want[c] * share)
            if number < want[c]:
                who = family if number == limit[c][0] else shares.index(min(shares))
                draft.says.append(
                    f"{name}{_of(facts, family)}: {number} in place of {want[c]} rows, as {allowed[who][c][1]} allows"
                    f" no more{_of(facts, who) if who != family else ''}; the shape is that of the target all the same"
                )
    return numbers


def _wanted(facts: Facts, family: int, total: int) -> list[int]:
    """Return how many rows of each class are asked for."""
    factors = by_class(facts, facts.options.sampling_fraction, family, "sampling_fraction")
    return [int(factors.get(c, Fraction(1)) * total + Fraction(1, 2)) for c in range(len(facts.classes))]


def _allowed(facts: Facts, family: int, target: NDArray[np.float64]) -> list[tuple[int, str]]:
    """Return how many rows of each class there may be at most, and which option says so."""
    most, table = facts.options.max_duplicates, facts.tables[family]
    limits = by_class(facts, facts.options.max_upsampling_ratio, family, "max_upsampling_ratio")
    found = []
    for c, rows in enumerate(table):
        available = int(rows[target > 0].sum())
        limit = (int(limits[c] * available) if c in limits else _UNLIMITED, "max_upsampling_ratio")
        if most is not None:
            limit = min(limit, (_most(rows, target, most), "max_duplicates"))
        found.append(limit)
    return found


def _most(rows: NDArray[np.int64], target: NDArray[np.float64], copies: int) -> int:
    """Return how many rows can have the shape of the target if none is taken more often than ``copies``."""
    used = (rows > 0) & (target > 0)
    if not used.any():
        return 0
    scale = (rows[used] / target[used]).min()
    return int(copies * scale * target[used].sum() * (1 + _EXACT))


def _of(facts: Facts, family: int) -> str:
    return "" if len(facts.cells.families) == 1 else f" of {facts.family_name(family)}"


def by_class(facts: Facts, given: Mapping[str, float], family: int, option: str) -> dict[int, Fraction]:
    """Return class -> number, of an option that names samples or classes.

    Raises
    ------
    MisfitError
        If two samples of one class and category have different ones.
    """
    found: dict[int, Fraction] = {facts.classes.index(name): fraction(v) for name, v in given.items()
                                  if name in facts.classes}  # fmt: skip
    stated: dict[int, str] = {}
    for name, value in given.items():
        if name not in facts.samples or facts.samples[name][0] != family or name in facts.classes:
            continue
        for c in facts.samples[name][1]:
            if c in stated and found[c] != fraction(value):
                raise MisfitError(
                    f"{stated[c]} and {name} both have rows of class '{facts.classes[c]}'{_of(facts, family)}, which is"
                    " drawn as a whole: give both the same number, or name the class",
                    "options",
                    option,
                    name,
                )
            stated[c] = name
            found[c] = fraction(value)
    return found


def _in_bins(target: NDArray[np.float64], total: int) -> NDArray[np.int64]:
    """Return a number of rows in proportion to the target; exactly where it is a count of rows."""
    whole = target.astype(np.int64)
    return proportional(whole, total) if (whole == target).all() else shared(target, total)
