"""Draws with replacement: exact numbers, the target's shape, and copies as chance has them. Seeds are fixed."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from tests.resample import judge
from tests.resample.problems import CATEGORIES, CLASSES, Outcome, Problem, histogram, spectra

ROWS = {(0, 0): 20_000, (0, 1): 30_000, (0, 2): 9_000, (1, 0): 12_000, (1, 1): 15_000, (1, 2): 25_000}
SIGMAS = 4.0  # 2 in 30,000 for each chi2; the seeds are fixed
FEW = 5.0  # bins that expect fewer are one


def chi2(found: np.ndarray, expected: np.ndarray) -> tuple[float, int]:
    """Return chi2 and degrees of freedom; bins that expect few rows are taken together."""
    small = expected < FEW
    observed = np.append(found[~small], found[small].sum())
    wanted = np.append(expected[~small], expected[small].sum())
    keep = wanted > 0
    assert not observed[~keep].any()
    return float(np.sum((observed - wanted)[keep] ** 2 / wanted[keep])), int(keep.sum()) - 1


def shapes(problem: Problem, outcome: Outcome, target: int | str = 0) -> dict[tuple[int, int], tuple[float, int]]:
    """Return chi2 to the target, and degrees of freedom, for each category and class."""
    before, after = histogram(problem), histogram(problem, outcome)
    found = {}
    for (category, label), rows in before.items():
        aim = before[category, target] if isinstance(target, int) else np.ones(len(rows))
        share = np.where(rows > 0, aim, 0.0)
        found[category, label] = chi2(after[category, label], after[category, label].sum() * share / share.sum())
    return found


def check_shapes(problem: Problem, outcome: Outcome, target: int | str = 0, *, as_chance: bool = True) -> None:
    """The shape is the target's: not worse than chance has it, nor better where rows are drawn one by one."""
    for cell, (value, ndf) in shapes(problem, outcome, target).items():
        assert ndf > 20
        low, high = judge.chi2_limit(ndf, SIGMAS)
        assert value < high, (cell, value, ndf)
        assert value > low or not as_chance, (cell, value, ndf)


def numbers(problem: Problem, outcome: Outcome) -> dict[tuple[int, int], int]:
    return {cell: int(rows.sum()) for cell, rows in histogram(problem, outcome).items()}


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("target", [None, "cjets", "uniform"])
def test_pdf_has_the_shape_of_the_target(seed: int, target: str | None) -> None:
    problem = spectra("pdf", ROWS, seed=seed, n_jets=40_000, **({"target_distribution": target} if target else {}))
    outcome = problem.run()
    assert judge.totals(outcome) == dict.fromkeys(range(3), 40_000)
    check_shapes(problem, outcome, {None: 0, "cjets": 1, "uniform": "uniform"}[target])


def test_pdf_takes_the_first_sample_of_each_category_as_target() -> None:
    problem = spectra("pdf", {(0, 1): 9_000, (0, 0): 20_000, (1, 0): 12_000, (1, 1): 25_000}, classes=2, n_jets=30_000)
    outcome = problem.run()
    before = histogram(problem)
    targets = {0: 1, 1: 0}
    for category, target in targets.items():
        for label in range(2):
            rows = histogram(problem, outcome)[category, label]
            share = np.where(before[category, label] > 0, before[category, target], 0.0)
            value, ndf = chi2(rows, rows.sum() * share / share.sum())
            assert value < judge.chi2_limit(ndf, SIGMAS)[1]


def test_copies_within_a_bin_are_those_of_chance() -> None:
    """Rows of a bin have the same rate: the variance of their copies over its mean is about 1."""
    problem = spectra("pdf", ROWS, n_jets=60_000, bins=(5, 2))
    outcome = problem.run()
    for sample in problem.samples:
        index = np.minimum((sample.values["pt"] * 5).astype(int), 4) * 2 + (sample.values["eta"] >= 1.25)
        copies = np.array([outcome.rows[row].copies if (row := (sample.name, k)) in outcome.rows else 0
                           for k in sample.key.tolist()])  # fmt: skip
        total, ndf = 0.0, 0
        for bin_ in range(10):
            rows = copies[index == bin_]
            if len(rows) > 50 and rows.mean() > 0.05:
                total += float(((rows - rows.mean()) ** 2).sum() / rows.mean())
                ndf += len(rows) - 1
        assert ndf > 1000
        low, high = judge.chi2_limit(ndf, SIGMAS)
        assert low < total < high * 1.05, sample.name  # copies that few rows share vary a little more than chi2 has it


@pytest.mark.parametrize("n_jets", [-1, 1, 7, 1001, 90_000])
@pytest.mark.parametrize("fractions", [None, {"ttbar": 0.7, "zprime": 0.3}])
def test_pdf_numbers_are_exact(n_jets: int, fractions: dict[str, float] | None) -> None:
    problem = spectra("pdf", ROWS, n_jets=n_jets, **({"fractions": fractions} if fractions else {}))
    drawn = numbers(problem, problem.run())
    if n_jets < 0 and fractions is None:
        wanted = [ROWS[0, 0], ROWS[1, 0]]
    elif n_jets < 0:  # 20,000 / 0.7 is less than 12,000 / 0.3
        wanted = [20_000, math.floor(20_000 / 7 * 3)]
    elif fractions is None:
        wanted = [drawn[0, 0], n_jets - drawn[0, 0]]
        assert abs(wanted[0] - n_jets * 20 / 32) <= 1
    else:
        wanted = [drawn[0, 0], n_jets - drawn[0, 0]]
        assert abs(wanted[0] - 0.7 * n_jets) < 1
    assert drawn == {(category, label): wanted[category] for category, label in ROWS}


@pytest.mark.parametrize("name", ["zprime_bjets", "bjets"])
@pytest.mark.parametrize("limit", [0.5, 1.25, 3])
def test_average_upsampling_is_limited_and_the_shape_stays(name: str, limit: float) -> None:
    problem = spectra("pdf", ROWS, n_jets=60_000, max_upsampling_ratio={name: limit})
    free = problem.changed(max_upsampling_ratio={})
    outcome = problem.run()
    drawn, freely = numbers(problem, outcome), numbers(problem, free.run())
    with_weight = {
        cell: int(rows[histogram(problem)[cell[0], 0] > 0].sum()) for cell, rows in histogram(problem).items()
    }
    for (category, label), number in drawn.items():
        named = label == 0 and (name == "bjets" or category == 1)
        most = limit * ROWS[category, label] if named else math.inf
        assert number <= most
        least = math.floor(limit * with_weight[category, label]) if named else math.inf
        assert number >= min(freely[category, label], least)
    check_shapes(problem, outcome)


def test_sampling_fraction_scales_every_sample_that_is_named() -> None:
    """Of both categories, and of a class in both: not only of the last one."""
    plain = spectra("pdf", ROWS, n_jets=10_000)
    whole = numbers(plain, plain.run())
    scaled = plain.changed(sampling_fraction={"ttbar_cjets": 0.5, "zprime_bjets": 2, "ujets": 0.25})
    outcome = scaled.run()
    factors = {(0, 1): 0.5, (1, 0): 2.0, (0, 2): 0.25, (1, 2): 0.25}
    for cell, number in numbers(scaled, outcome).items():
        assert abs(number - whole[cell] * factors.get(cell, 1.0)) <= 1
    check_shapes(scaled, outcome)


@pytest.mark.parametrize("cap", [1, 2, 4])
@pytest.mark.parametrize("method", ["pdf", "countup", "random_oversampling"])
def test_no_row_is_taken_more_often_than_max_duplicates(method: str, cap: int) -> None:
    options: dict[str, Any] = {} if method == "random_oversampling" else {"n_jets": 30_000}
    problem = spectra(method, ROWS, max_duplicates=cap, **options)
    outcome = problem.run()
    assert max(one.copies for one in outcome.rows.values()) <= cap
    assert min(judge.totals(outcome).values()) > 0
    small = spectra(method, {cell: n // 50 for cell, n in ROWS.items()}, max_duplicates=cap)
    judge.check_tally(small, small.run())


@pytest.mark.parametrize("cap", [1, 2, 4])
def test_shape_stays_when_copies_are_capped(cap: int) -> None:
    problem = spectra("pdf", ROWS, max_duplicates=cap, n_jets=20_000)
    check_shapes(problem, problem.run(), as_chance=False)


def test_pdf_draws_nothing_of_weight_zero() -> None:
    """Bins without target rows, and rows out of range, are never drawn."""
    problem = spectra("pdf", ROWS, n_jets=50_000, target_distribution="ujets")
    for sample in problem.samples:
        pt = sample.values["pt"]
        if sample.name.endswith("ujets"):
            pt[(pt > 0.2) & (pt < 0.3)] = np.nan
        pt[::50] = [np.nan, np.inf, -0.1, 1.1][sample.category]
    outcome = problem.run()
    for sample in problem.samples:
        taken = [row in outcome.rows for row in ((sample.name, key) for key in sample.key.tolist())]
        pt = sample.values["pt"][taken]
        assert np.all((pt >= 0) & (pt <= 1))
        assert not np.any((pt > 0.2) & (pt < 0.3))
    assert judge.totals(outcome) == dict.fromkeys(range(3), 50_000)


def test_spline_has_no_negative_rates_and_draws_in_range_only() -> None:
    problem = spectra("pdf", ROWS, n_jets=30_000, interpolation="spline")
    for sample in problem.samples:
        sample.values["eta"][::40] = [3.0, -1.0][sample.category]
    outcome = problem.run()
    assert judge.totals(outcome) == dict.fromkeys(range(3), 30_000)
    for sample in problem.samples:
        taken = [row in outcome.rows for row in ((sample.name, key) for key in sample.key.tolist())]
        assert np.all((sample.values["eta"][taken] >= 0) & (sample.values["eta"][taken] <= 2.5))
    for (category, label), rows in histogram(problem, outcome).items():
        aim = histogram(problem)[category, 0]
        apart = np.abs(rows / rows.sum() - aim / aim.sum()).sum() / 2
        assert apart < 0.06, (CATEGORIES[category], CLASSES[label])


def test_countup_follows_the_target_bin_by_bin() -> None:
    problem = spectra("countup", ROWS, n_jets=50_000)
    outcome = problem.run()
    before, after = histogram(problem), histogram(problem, outcome)
    together = {label: before[0, label] + before[1, label] for label in range(3)}
    for label in range(3):
        drawn = after[0, label] + after[1, label]
        share = np.where(together[label] > 0, together[0], 0.0)
        assert drawn.sum() == 50_000
        assert np.all(np.abs(drawn - 50_000 * share / share.sum()) < 1)


def test_drift_of_the_content_does_not_bias_the_shape() -> None:
    """Rows sorted by pT, read in small chunks: normalising each chunk would flatten the spectrum."""
    problem = spectra("pdf", {cell: n // 4 for cell, n in ROWS.items()}, n_jets=20_000)
    for sample in problem.samples:
        order = np.argsort(sample.values["pt"])
        for name in sample.values:
            sample.values[name][:] = sample.values[name][order]
    outcome = problem.run(chunk=200)
    check_shapes(problem, outcome)
