"""What must hold of an outcome, row by row in plain Python: against the oracle, and for its tally."""

from __future__ import annotations

import functools
import math
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

import numpy as np

from rdfplugins.resample.draw import uniforms
from tests.oracle import resampling as oracle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tests.oracle.resampling import Cell, Content, Event
    from tests.resample.problems import Outcome, Problem, Row

TAKE, INITIAL = "resample", "resample initial"  # what the draws are for


def drawing(problem: Problem, purpose: str) -> Callable[[Event], float]:
    """Return the draw of an event, from the function that the package publishes."""
    seed = problem.raw["options"].get("seed", 42)
    keys = np.unique(np.concatenate([sample.key for sample in problem.samples]))
    table = dict(zip(keys.tolist(), uniforms(seed, keys, purpose).tolist(), strict=True))
    return lambda event: table[event.key]


def here(problem: Problem) -> Content:
    """Return the rows of each cell, after ``custom_n_jets_initial``."""
    spec = problem.spec()
    return oracle.content(spec, oracle.initial(spec, problem.events(), drawing(problem, INITIAL)))


def row_of(event: Event) -> Row:
    return event.sample, event.key


def copies(content: Content, outcome: Outcome) -> dict[Cell, int]:
    """Return how many rows of each cell were taken, with copies."""
    return {
        cell: sum(outcome.rows[row_of(one)].copies for one in events if row_of(one) in outcome.rows)
        for cell, events in content.cells.items()
    }


def in_range(content: Content) -> set[Row]:
    return {row_of(event) for events in content.cells.values() for event in events}


def check_only_in_range(content: Content, outcome: Outcome) -> None:
    """Nothing was taken that has no bin or that ``custom_n_jets_initial`` leaves out."""
    assert set(outcome.rows) <= in_range(content)


def check_no_repeats(outcome: Outcome) -> None:
    assert all(one.copies == 1 for one in outcome.rows.values())


def check_rows(problem: Problem, cells: Mapping[object, tuple[list[Event], int]], outcome: Outcome) -> None:
    """Of each group of rows, so many were taken, and those with the smallest draws."""
    draw = drawing(problem, TAKE)
    expected: set[Row] = set()
    for rows, number in cells.values():
        expected |= oracle.smallest(rows, number, draw)
    assert set(outcome.rows) == expected


def check_equal_in_bins(content: Content, outcome: Outcome) -> None:
    """Each bin has the same number of rows of all classes, over all categories that are one group."""
    classes = range(len(content.spec.classes))
    taken = copies(content, outcome)
    for group in content.spec.groups():
        for bin_ in content.bins(group):
            numbers = {taken.get((group, label, bin_), 0) for label in classes}
            assert len(numbers) == 1, (group, bin_, numbers)


def totals(outcome: Outcome) -> Counter[int]:
    """Return rows of each class, with copies."""
    found: Counter[int] = Counter()
    for one in outcome.rows.values():
        found[one.label] += one.copies
    return found


def check_tally(problem: Problem, outcome: Outcome) -> None:
    """The tally counts what is there and what was taken."""
    content, tally, spec = here(problem), outcome.tally, problem.spec()
    assert (tally.method, tally.classes) == (spec.method, problem.classes)
    assert tally.categories == ((" + ".join(problem.categories),) if spec.merged else problem.categories)
    before: Counter[tuple[int, int, int]] = Counter()
    after, distinct = Counter(before), Counter(before)
    weights: defaultdict[tuple[int, int, int], float] = defaultdict(float)
    squares, variances = defaultdict(float, weights), defaultdict(float, weights)
    repeated: defaultdict[int, Counter[int]] = defaultdict(Counter)
    for (label, _), events in content.outside.items():
        for event in events:
            taken = outcome.rows.get(row_of(event))
            repeated[label][taken.copies if taken else 0] += 1
    for (group, label, bin_), events in content.cells.items():
        for event in events:
            place = (group or 0, label, oracle.flat(spec, bin_, group))
            before[place] += 1
            taken = outcome.rows.get(row_of(event))
            number = taken.copies if taken else 0
            repeated[label][number] += 1
            after[place] += number
            distinct[place] += taken is not None
            if taken:
                weights[place] += number * taken.weight
                squares[place] += number * taken.weight**2
                variances[place] += (number * taken.weight) ** 2
    named: Iterable[tuple[str, Mapping[tuple[int, int, int], float]]] = (
        *(("before", before), ("after", after), ("distinct", distinct)),
        *(("weights", weights), ("squares", squares), ("variances", variances)),
    )
    for name, expected in named:
        for category, found in enumerate(getattr(tally, name)):
            assert found.shape == (len(problem.classes), tally.grids[category].bins)
            wanted = np.zeros(found.shape)
            for (of, label, bin_), value in expected.items():
                if of == category:
                    wanted[label, bin_] = value
            np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=0, err_msg=name)
    for label, found in enumerate(tally.copies):
        wanted_copies = [
            repeated[label][number] for number in range(max(len(found), 1 + max(repeated[label], default=0)))
        ]
        assert [*found.tolist(), *[0] * (len(wanted_copies) - len(found))] == wanted_copies, "copies"
    _check_unused(problem, content, outcome)


def _check_unused(problem: Problem, content: Content, outcome: Outcome) -> None:
    expected: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for (label, reason), events in content.outside.items():
        expected[problem.classes[label]][reason] += len(events)
    kept = in_range(content) | {row_of(event) for events in content.outside.values() for event in events}
    for event in problem.events():
        if event.label >= 0 and (event.sample, event.key) not in kept:
            expected[problem.classes[event.label]]["beyond custom_n_jets_initial"] += 1
    found = {name: {why: n for why, n in reasons.items() if n} for name, reasons in outcome.tally.unused.items()}
    assert {name: reasons for name, reasons in found.items() if reasons} == {k: dict(v) for k, v in expected.items()}


@functools.cache
def chi2_limit(ndf: int, sigmas: float) -> tuple[float, float]:
    """Return what a chi2 of so many degrees of freedom hardly leaves (Wilson and Hilferty's cube root)."""
    spread = 2.0 / (9.0 * ndf)
    low, high = (max(0.0, 1.0 - spread + sign * sigmas * math.sqrt(spread)) ** 3 * ndf for sign in (-1, 1))
    return low, high
