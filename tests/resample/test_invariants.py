"""What holds for every method: the same rows whatever the chunks, order, and files; another seed, another draw."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rdfplugins.resample.arrays import ArraySample
from tests.resample import judge
from tests.resample.problems import CATEGORIES, CLASSES, METHODS, REPEATS, Outcome, Problem, Taken, problems, spectra

EXAMPLES = settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[*HealthCheck])
ROWS = {(category, label): 240 + 60 * label - 40 * category for category in (0, 1) for label in range(3)}
DRAWS = {
    "none": {"n_jets": 300},
    "weighting": {"n_jets": 300},
    "planing": {"n_jets": 300},
    "stratified": {"n_jets": 300},
}
OPTIONS: dict[str, dict[str, Any]] = {method: DRAWS.get(method, {}) for method in METHODS} | {
    "ensemble": {"subsets": 3}
}


def example(method: str, **options: Any) -> Problem:
    """Return a problem whose result is a draw, with some rows out of range."""
    made = spectra(method, ROWS, bins=(5, 2), target_distribution="cjets", **{**OPTIONS[method], **options})
    for sample in made.samples:
        sample.values["pt"][:4] = [np.nan, np.inf, -1.0, 2.0]
    return made


def by_key(outcome: Outcome) -> dict[int, tuple[int, float, int]]:
    return {key: value for (_, key), value in outcome.identity().items()}


def close(one: dict[Any, Any], other: dict[Any, Any]) -> None:
    """Compare what was taken; weights but for rounding."""
    assert {row: (taken[0], taken[2]) for row, taken in one.items()} == {
        row: (taken[0], taken[2]) for row, taken in other.items()
    }
    for row, taken in one.items():
        assert taken[1] == pytest.approx(other[row][1], rel=1e-12, abs=0.0)


def turned(problem: Problem, seed: int) -> Problem:
    """Return the problem with the rows of each sample, and the samples of each category, in another order."""
    order = np.random.default_rng(seed)
    samples = []
    for sample in problem.samples:
        rows = order.permutation(len(sample.key))
        values = {name: column[rows] for name, column in sample.values.items()}
        samples.append(dataclasses.replace(sample, key=sample.key[rows], class_id=sample.class_id[rows], values=values))
    return dataclasses.replace(problem, samples=tuple(samples[i] for i in order.permutation(len(samples))))


def cut(problem: Problem, pieces: int) -> Problem:
    """Return the problem with each sample in so many pieces, which are samples."""
    samples = []
    for sample in problem.samples:
        for number, rows in enumerate(np.array_split(np.arange(len(sample.key)), pieces)):
            values = {name: column[rows] for name, column in sample.values.items()}
            piece = ArraySample(
                f"{sample.name}_{number}", sample.category, sample.key[rows], sample.class_id[rows], values
            )
            samples.append(piece)
    return named(problem, samples)


def joined(problem: Problem) -> Problem:
    """Return the problem with one sample a category, which has all classes."""
    samples = []
    for category, name in enumerate(problem.categories):
        parts = [sample for sample in problem.samples if sample.category == category]
        values = {key: np.concatenate([one.values[key] for one in parts]) for key in parts[0].values}
        keys, labels = (np.concatenate([getattr(one, what) for one in parts]) for what in ("key", "class_id"))
        samples.append(ArraySample(name, category, keys, labels, values))
    return named(problem, samples)


def named(problem: Problem, samples: list[ArraySample]) -> Problem:
    mapping = {
        name: [one.name for one in samples if one.category == number] for number, name in enumerate(problem.categories)
    }
    return dataclasses.replace(problem.changed(samples=mapping), samples=tuple(samples))


@pytest.mark.parametrize("method", METHODS)
def test_rows_do_not_depend_on_chunks_order_and_files(method: str) -> None:
    problem = example(method)
    wanted = problem.run()
    assert wanted.rows
    for chunk in (1, 7, 1000):
        close(problem.run(chunk=chunk).identity(), wanted.identity())
    close(turned(problem, 5).run().identity(), wanted.identity())
    close(by_key(cut(problem, 3).run(chunk=50)), by_key(wanted))
    close(by_key(joined(problem).run()), by_key(wanted))


@pytest.mark.parametrize("method", METHODS)
def test_another_seed_is_another_draw(method: str) -> None:
    one, other = (set(example(method, seed=seed).run().identity().items()) for seed in (1, 2))
    numbers = [{row: value[0] for row, value in found} for found in (one, other)]
    shared = len(set(numbers[0].items()) & set(numbers[1].items()))
    assert shared < 0.95 * len(numbers[0])
    assert numbers[0] == {row: value[0] for row, value in example(method, seed=1).run().identity().items()}


@pytest.mark.parametrize("method", METHODS)
def test_counts_do_not_depend_on_the_seed(method: str) -> None:
    one, other = (example(method, seed=seed).run() for seed in (1, 2))
    assert judge.totals(one) == judge.totals(other)
    judge.check_tally(example(method, seed=1), one)


@pytest.mark.parametrize("method", ["count", "importance_no_replace", "random_undersampling", "none", "stratified"])
def test_fewer_rows_are_among_more_rows(method: str) -> None:
    many, few = (example(method, n_jets=number).run() for number in (400, 150))
    assert len(few.rows) < len(many.rows)
    assert set(few.rows) < set(many.rows)


@pytest.mark.parametrize("method", ["pdf", "countup", "random_oversampling", "count"])
def test_draws_of_classes_and_of_neighbours_are_independent(method: str) -> None:
    """Rows i of two classes, whose keys differ by one, are not taken together more often than chance has it."""
    number = 4000
    samples = []
    for label in range(2):
        key = np.arange(number, dtype=np.uint64) * np.uint64(2) + np.uint64(label)
        where = np.tile([0.5, 0.5, 1.5], number)[:number] if label == 0 else np.tile([0.5, 1.5, 1.5], number)[:number]
        samples.append(ArraySample(CLASSES[label], 0, key, np.full(number, label, np.int32), {"pt": where}))
    options = {
        "sampling_variables": [{"pt": {"edges": [0, 1, 2]}}],
        "samples": {CATEGORIES[0]: list(CLASSES[:2])},
        "max_lost_fraction": 1.0,
        "target_distribution": CLASSES[0],
        "n_jets": {"count": 4000, "pdf": 2000, "countup": 2000, "random_oversampling": 12_000}[method],
        "n_jets_to_plot": None,
    }
    raw = {"method": method, "class_labels": list(CLASSES[:2]), "options": options}
    outcome = Problem(raw, CLASSES[:2], CATEGORIES[:1], tuple(samples)).run()
    copies = np.array(
        [[outcome.rows[(name, k)].copies if (name, k) in outcome.rows else 0 for k in one.key.tolist()]
         for name, one in zip(CLASSES, samples, strict=False)],
        float,
    )  # fmt: skip
    bins = np.array([one.values["pt"] > 1 for one in samples])
    for row, in_second in zip(copies, bins, strict=True):  # what the bins have in common is no surprise
        for which in (in_second, ~in_second):
            row[which] -= row[which].mean()
    assert copies.std(axis=1).min() > 0.1
    assert abs(np.corrcoef(copies)[0, 1]) < 5 / np.sqrt(number)
    for row in copies:
        assert abs(np.corrcoef(row[:-1], row[1:])[0, 1]) < 5 / np.sqrt(number)


@pytest.mark.parametrize("method", METHODS)
def test_copies_are_those_of_methods_that_repeat(method: str) -> None:
    outcome = example(method).run()
    most = max(one.copies for one in outcome.rows.values())
    assert most == 1 or method in (*REPEATS, "ensemble")
    assert (outcome.tally.subsets > 0) == (method == "ensemble")
    assert any(one.subsets for one in outcome.rows.values()) == (method == "ensemble")


@pytest.mark.parametrize("method", METHODS)
@given(data=st.data())
@EXAMPLES
def test_any_problem_gives_sound_rows(method: str, data: st.DataObject) -> None:
    """Odd problems, with a spec drawn as well: rows that are in range and counted, or one line that says why not."""
    problem = data.draw(problems(method, variables=(0, 2) if "random" in method or method == "none" else (1, 2)))
    options = {
        "n_jets": data.draw(st.sampled_from([-1, 1, 7, 500])),
        "target_distribution": data.draw(st.sampled_from([None, "uniform", *problem.classes])),
        "max_duplicates": data.draw(st.sampled_from([None, 1, 3])) if method in REPEATS else None,
        "rounding": data.draw(st.sampled_from([None, "stochastic"])) if method == "importance_no_replace" else None,
        "clip_quantile": data.draw(st.sampled_from([None, 0.5, 0.9])) if method == "importance_no_replace" else None,
        "subsets": data.draw(st.sampled_from([None, 2, 5])) if method == "ensemble" else None,
        "custom_n_jets_initial": data.draw(st.sampled_from([None, {problem.samples[0].name: 3}])),
    }
    if method in ("weighting", "planing", "none", "stratified"):
        options["target_distribution"] = None
    problem = problem.changed(**options)
    outcome = problem.attempt()
    content = judge.here(problem)
    if isinstance(outcome, str):
        assert not all(map(content.lowest_anywhere, content.spec.groups())), outcome
        assert "has no rows" in outcome or "have no rows" in outcome
        return
    judge.check_tally(problem, outcome)
    if method not in ("none", "weighting", "planing"):
        judge.check_only_in_range(content, outcome)
    if problem.raw["options"].get("max_duplicates"):
        assert max((one.copies for one in outcome.rows.values()), default=0) <= problem.raw["options"]["max_duplicates"]
    if method in ("count", "importance_no_replace"):
        judge.check_equal_in_bins(content, outcome)
    other = turned(problem, 1)
    assert _without_weights(problem.run(chunk=3)) == _without_weights(outcome)
    if problem.spec().option("target_distribution") is not None or method not in ("pdf", "countup"):
        assert _without_weights(other.run()) == _without_weights(outcome)


def _without_weights(outcome: Outcome) -> dict[Any, Taken]:
    return {row: dataclasses.replace(one, weight=0.0) for row, one in outcome.rows.items()}
