"""Each method against the oracle: the numbers of every cell exactly, and which rows, given their draws."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.oracle import resampling as oracle
from tests.resample import judge
from tests.resample.problems import Outcome, Problem, problems

EXAMPLES = settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[*HealthCheck])
NUMBERS = st.sampled_from([-1, -1, 1, 2, 5, 12, 40, 1000])


def run(problem: Problem, content: oracle.Content, expected: int = 1) -> Outcome | None:
    """Resample; None where nothing can be taken, or a class has no rows, and that is told as an error."""
    found = problem.attempt()
    if isinstance(found, Outcome):
        return found
    assert expected == 0 or not all(map(content.lowest_anywhere, content.spec.groups())), found
    return None


def against(problem: Problem, content: oracle.Content, cells: dict[Any, tuple[list[oracle.Event], int]]) -> None:
    """Compare what was taken with so many rows of each group of rows."""
    outcome = run(problem, content, sum(number for _, number in cells.values()))
    if outcome is None:
        return
    judge.check_no_repeats(outcome)
    judge.check_rows(problem, cells, outcome)
    judge.check_tally(problem, outcome)
    judge.check_equal_in_bins(content, outcome)


def of_cells(content: oracle.Content, numbers: dict[oracle.Cell, int]) -> dict[Any, tuple[list[oracle.Event], int]]:
    return {cell: (content.cells.get(cell, []), number) for cell, number in numbers.items()}


@given(problem=problems("count"), n_jets=NUMBERS)
@EXAMPLES
def test_count(problem: Problem, n_jets: int) -> None:
    problem = problem.changed(n_jets=n_jets)
    content = judge.here(problem)
    against(problem, content, of_cells(content, oracle.count(content)))


@given(problem=problems("importance_no_replace"), n_jets=NUMBERS, least=st.sampled_from([0, 0, 2, 5]), data=st.data())
@EXAMPLES
def test_importance_no_replace(problem: Problem, n_jets: int, least: int, data: st.DataObject) -> None:
    target = data.draw(st.sampled_from([None, *problem.classes, "uniform"]))
    problem = problem.changed(n_jets=n_jets, min_bin_count=least, target_distribution=target)
    content = judge.here(problem)
    against(problem, content, of_cells(content, oracle.importance(content)))


@given(problem=problems("count", one_class_a_sample=True), data=st.data())
@EXAMPLES
def test_custom_n_jets_initial(problem: Problem, data: st.DataObject) -> None:
    wanted = {
        sample.name: number
        for sample in problem.samples
        if (number := data.draw(st.sampled_from([None, 1, 3, 8, 1000]))) is not None
    }
    problem = problem.changed(custom_n_jets_initial=wanted, initial=data.draw(st.sampled_from(["hash", "head"])))
    content = judge.here(problem)
    against(problem, content, of_cells(content, oracle.count(content)))


@given(problem=problems("random_undersampling", variables=(0, 2)), n_jets=NUMBERS)
@EXAMPLES
def test_random_undersampling(problem: Problem, n_jets: int) -> None:
    problem = problem.changed(n_jets=n_jets)
    content = judge.here(problem)
    numbers = oracle.undersampling(content)
    cells = {
        (group, label): ([one for cell, rows in content.cells.items() if cell[:2] == (group, label) for one in rows], n)
        for (group, label), n in numbers.items()
    }
    outcome = run(problem, content, sum(numbers.values()))
    if outcome is not None:
        judge.check_no_repeats(outcome)
        judge.check_rows(problem, cells, outcome)
        judge.check_tally(problem, outcome)


@given(
    problem=problems("weighting", fractions=False),
    mode=st.sampled_from([None, "zero", "one", "drop"]),
    data=st.data(),
)
@EXAMPLES
def test_weighting(problem: Problem, mode: str | None, data: st.DataObject) -> None:
    target = data.draw(st.sampled_from([None, *problem.classes]))
    problem = problem.changed(out_of_range=mode, weighting_target_flavour=target)
    content = judge.here(problem)
    weights = oracle.weighting(content)
    expected = {judge.row_of(one): float(weights[cell]) for cell, rows in content.cells.items() for one in rows}
    if mode != "drop":
        expected |= {judge.row_of(one): float(mode == "one") for rows in content.outside.values() for one in rows}
    outcome = run(problem, content)
    if outcome is None:
        return
    judge.check_no_repeats(outcome)
    assert {row: one.weight for row, one in outcome.rows.items()} == pytest.approx(expected, rel=1e-12, abs=0.0)
    judge.check_tally(problem, outcome)


@given(problem=problems("planing", fractions=False), mode=st.sampled_from([None, "zero", "one", "drop"]))
@EXAMPLES
def test_planing_makes_each_class_flat(problem: Problem, mode: str | None) -> None:
    problem = problem.changed(out_of_range=mode)
    content = judge.here(problem)
    outcome = run(problem, content)
    if outcome is None:
        return
    judge.check_no_repeats(outcome)
    volumes = oracle.volumes(content.spec, None)
    density: dict[int, set[float]] = {}
    for (_, label, bin_), rows in content.cells.items():
        (weight,) = {outcome.rows[judge.row_of(one)].weight for one in rows}
        density.setdefault(label, set()).add(weight * len(rows) / float(volumes[bin_]))
    for label, values in density.items():
        assert min(values) == pytest.approx(max(values), rel=1e-9), problem.classes[label]
        assert min(values) > 0
    odd = {judge.row_of(one) for rows in content.outside.values() for one in rows}
    assert {row: one.weight for row, one in outcome.rows.items() if row in odd} == (
        {} if mode == "drop" else dict.fromkeys(odd, float(mode == "one"))
    )
    judge.check_tally(problem, outcome)


@given(problem=problems("none"))
@EXAMPLES
def test_none_takes_every_row_of_a_class(problem: Problem) -> None:
    problem = problem.changed(fractions=None)
    rows = {judge.row_of(event): 1.0 for event in problem.events() if event.label >= 0}
    outcome = run(problem, judge.here(problem), len(rows))
    if outcome is not None:
        judge.check_no_repeats(outcome)
        assert {row: one.weight for row, one in outcome.rows.items()} == rows
        judge.check_tally(problem, outcome)


# --------------------------------------------------------------------------------------------------- with repetitions


def wanted_of(problem: Problem, content: oracle.Content) -> dict[int | None, int]:
    """Return the rows of each class in each category for methods whose n_jets is that of a class."""
    spec = content.spec
    target = spec.classes.index(spec.option("target_distribution"))
    available = {group: content.total(group, target) for group in spec.groups()}
    if spec.option("fractions") is None:
        return available
    return oracle.totals(spec, available, -1)


@given(problem=problems("pdf"), data=st.data())
@EXAMPLES
def test_pdf_numbers(problem: Problem, data: st.DataObject) -> None:
    problem = problem.changed(target_distribution=data.draw(st.sampled_from(problem.classes)))
    content = judge.here(problem)
    wanted = wanted_of(problem, content)
    assume(all(content.lowest_anywhere(group) for group in content.spec.groups()))
    outcome = problem.run()
    judge.check_only_in_range(content, outcome)
    judge.check_tally(problem, outcome)
    taken = judge.copies(content, outcome)
    aims = {group: oracle.target(content, group) for group in content.spec.groups()}
    for (group, _, bin_), number in taken.items():
        assert aims[group][bin_] or not number, "a row of weight zero was drawn"
    for group in content.spec.groups():
        for label in range(len(problem.classes)):
            drawn = sum(n for cell, n in taken.items() if cell[:2] == (group, label))
            assert drawn == (wanted[group] if _overlap(content, group, label) else 0)


def _overlap(content: oracle.Content, group: int | None, label: int) -> bool:
    """Return whether a class has rows in bins of the target."""
    aim = oracle.target(content, group)
    return any(aim[bin_] and content.count(group, label, bin_) for bin_ in content.bins(group))


@given(problem=problems("countup"), n_jets=NUMBERS, data=st.data())
@EXAMPLES
def test_countup(problem: Problem, n_jets: int, data: st.DataObject) -> None:
    problem = problem.changed(target_distribution=data.draw(st.sampled_from(problem.classes)), n_jets=n_jets)
    content = judge.here(problem)
    assume(all(content.lowest_anywhere(group) for group in content.spec.groups()))
    outcome = problem.run()
    judge.check_only_in_range(content, outcome)
    judge.check_tally(problem, outcome)
    draw = judge.drawing(problem, judge.TAKE)
    taken = judge.copies(content, outcome)
    for group in content.spec.groups():
        aim = oracle.target(content, group)
        for label in range(len(problem.classes)):
            bins = [bin_ for bin_ in content.bins(group) if content.count(group, label, bin_) and aim[bin_]]
            total, drawn = sum(aim[bin_] for bin_ in bins), sum(taken[group, label, bin_] for bin_ in bins)
            assert drawn == sum(n for cell, n in taken.items() if cell[:2] == (group, label))
            for bin_ in bins:
                number, rows = taken[group, label, bin_], content.cells[group, label, bin_]
                assert abs(number - Fraction(drawn) * aim[bin_] / total) < 1
                few, more = divmod(number, len(rows))
                expected = {judge.row_of(one): few for one in rows} | dict.fromkeys(
                    oracle.smallest(rows, more, draw), few + 1
                )
                found = {row: outcome.rows[row].copies if row in outcome.rows else 0 for row in expected}
                assert found == expected
    sums = {label: sum(n for cell, n in taken.items() if cell[1] == label) for label in range(len(problem.classes))}
    wanted = sum(wanted_of(problem, content).values()) if n_jets < 0 else n_jets
    shared = [label for label in sums if all(_overlap(content, group, label) for group in content.spec.groups())]
    assert {sums[label] for label in shared} <= {wanted}


@given(problem=problems("random_oversampling", fractions=False, variables=(0, 2)), n_jets=NUMBERS)
@EXAMPLES
def test_random_oversampling(problem: Problem, n_jets: int) -> None:
    problem = problem.changed(n_jets=n_jets)
    content = judge.here(problem)
    labels = range(len(problem.classes))
    available = {label: content.total(None, label) for label in labels}
    number = max(available.values()) if n_jets < 0 else n_jets // len(problem.classes)
    assume(all(available.values()) and number)
    outcome = problem.run()
    judge.check_only_in_range(content, outcome)
    assert judge.totals(outcome) == dict.fromkeys(labels, number)
    for label in labels:
        copies = [one.copies for one in outcome.rows.values() if one.label == label]
        assert len(copies) == min(number, available[label]), "a row is taken twice while another is not taken"
    judge.check_tally(problem, outcome)
