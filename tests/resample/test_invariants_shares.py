"""Draws without replacement and weights: exact totals, equal counts in bins, every row as likely as the next."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rdfplugins.errors import RdfpluginsError
from rdfplugins.resample.arrays import ArraySample
from tests.oracle import resampling as oracle
from tests.resample import judge
from tests.resample.problems import CATEGORIES, CLASSES, Outcome, Problem, histogram, problems, spectra

EXAMPLES = settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[*HealthCheck])
ROWS = {(0, 0): 2000, (0, 1): 3000, (0, 2): 1500, (1, 0): 1200, (1, 1): 1500, (1, 2): 2500}
FRACTIONS = [None, {"ttbar": 0.7, "zprime": 0.3}, {"ttbar": 0.05, "zprime": 0.95}]


def bins_of(problem: Problem, outcome: Outcome) -> dict[int | None, list[np.ndarray]]:
    """Return rows of each bin, a list over classes, for each group of categories."""
    after = histogram(problem, outcome)
    groups: dict[int | None, list[int]] = (
        {None: list(range(len(problem.categories)))}
        if problem.spec().merged
        else {category: [category] for category in range(len(problem.categories))}
    )
    return {
        group: [sum(after[one, label] for one in ones) for label in range(len(problem.classes))]
        for group, ones in groups.items()
    }


def simple(method: str, counts: dict[tuple[int, int], list[int]], **options: Any) -> Problem:
    """Return a problem with so many rows of each (category, class) in each bin of one variable."""
    draw = np.random.default_rng(3)
    samples = []
    for (category, label), numbers in counts.items():
        x = np.repeat(np.arange(len(numbers)) + 0.5, numbers)
        key = draw.integers(0, 1 << 64, len(x), dtype=np.uint64)
        labels = np.full(len(x), label, np.int32)
        samples.append(ArraySample(f"{CATEGORIES[category]}_{CLASSES[label]}", category, key, labels, {"x": x}))
    categories = CATEGORIES[: 1 + max(category for category, _ in counts)]
    classes = CLASSES[: 1 + max(label for _, label in counts)]
    bins = max(map(len, counts.values()))
    full = {
        "sampling_variables": [{"x": {"edges": list(range(bins + 1))}}],
        "samples": {name: [one.name for one in samples if one.category == k] for k, name in enumerate(categories)},
        "max_lost_fraction": 1.0,
        "n_jets_to_plot": None,
        **options,
    }
    return Problem(
        {"method": method, "class_labels": list(classes), "options": full}, classes, categories, tuple(samples)
    )


# ------------------------------------------------------------------------------------------------------- equal in bins


@pytest.mark.parametrize("method", ["count", "importance_no_replace"])
@pytest.mark.parametrize("fractions", FRACTIONS)
@pytest.mark.parametrize("n_jets", [-1, 3, 100, 901, 1_000_000])
def test_bins_are_equal_and_totals_exact(method: str, fractions: dict[str, float] | None, n_jets: int) -> None:
    problem = spectra(method, ROWS, bins=(8, 2), min_bin_count=1, **({"fractions": fractions} if fractions else {}))
    most = judge.totals(problem.run())[0]
    problem = problem.changed(n_jets=n_jets)
    outcome = problem.run()
    judge.check_no_repeats(outcome)
    for of_classes in bins_of(problem, outcome).values():
        for one in of_classes[1:]:
            np.testing.assert_array_equal(one, of_classes[0])
    wanted = most if n_jets < 0 else min(most, n_jets // 3)
    assert judge.totals(outcome) == (dict.fromkeys(range(3), wanted) if wanted else {})
    if fractions:
        of_ttbar = sum(rows.sum() for (category, label), rows in histogram(problem, outcome).items() if category == 0)
        assert abs(of_ttbar / 3 - fractions["ttbar"] * wanted) <= 1


def test_fractions_are_what_is_written() -> None:
    """0.7 and 0.3 of 70 and 30 rows are all of them, though 0.7 * (30 / 0.3) is 69.99999999999999."""
    problem = simple("count", {(0, 0): [70], (0, 1): [70], (1, 0): [30], (1, 1): [30]})
    outcome = problem.changed(fractions={"ttbar": 0.7, "zprime": 0.3}).run()
    assert judge.totals(outcome) == {0: 100, 1: 100}
    tenth = dict.fromkeys(CATEGORIES[:1], 0.1) | {"zprime": 0.9}
    outcome = problem.changed(fractions=tenth).run()  # 30 / 0.9 = 33.3, of which 3.33 and 30
    assert judge.totals(outcome) == {0: 33, 1: 33}


@pytest.mark.parametrize("numbers", [[49, 103, 7], [93, 31, 107], [1, 499, 3]])
def test_the_fullest_bin_of_importance_sampling_is_full(numbers: list[int]) -> None:
    """Where p is largest, all rows are taken: n_t / (n_t / n_c), which floats make 48.99999 of 49."""
    for wide in range(1, 60, 2):
        problem = simple("importance_no_replace", {(0, 0): [3 * wide + n for n in numbers], (0, 1): numbers})
        content = judge.here(problem)
        expected = oracle.importance(content)
        assert judge.copies(content, problem.run()) == {cell: expected[cell] for cell in content.cells}


def test_importance_follows_the_target() -> None:
    problem = spectra("importance_no_replace", ROWS, bins=(5, 2), target_distribution="ujets")
    before, outcome = histogram(problem), problem.run()
    (taken,) = bins_of(problem, outcome).values()
    aim = before[0, 2] + before[1, 2]
    kept = taken[0] > 0
    scale = np.max(taken[0][kept] / aim[kept])
    assert np.all(taken[0][kept] > aim[kept] * scale - 1)
    assert kept.sum() > 5


@given(
    problem=problems("importance_no_replace", fractions=False, most=30),
    quantile=st.sampled_from([0.2, 0.5, 0.75, 0.9, 1.0]),
    least=st.sampled_from([0, 2]),
)
@EXAMPLES
def test_a_quantile_clips_the_largest_ratio(problem: Problem, quantile: float, least: int) -> None:
    """There is one M, of at most the largest ratio, that explains all bins; those above it give all of a class."""
    problem = problem.changed(clip_quantile=quantile, min_bin_count=least)
    content = judge.here(problem)
    ratios = oracle.ratios(content, None)
    if not content.lowest_anywhere(None) or not any(ratios.values()):
        return
    outcome = problem.run()
    judge.check_equal_in_bins(content, outcome)
    taken, aim = judge.copies(content, outcome), oracle.target(content, None)
    low, high = Fraction(0), max(ratios.values())
    for bin_ in {bin_ for _, bin_ in ratios}:
        number, most = taken[None, 0, bin_], content.lowest(None, bin_)
        if number:
            high = min(high, aim[bin_] / number)
        if number < most:
            low = max(low, aim[bin_] / (number + 1))
    slack = Fraction(1, 10**9)
    assert low <= high * (1 + slack)
    if quantile == 1.0:
        assert low <= max(ratios.values()) <= high * (1 + slack)
    assert all(not number for (_, _, bin_), number in taken.items() if (0, bin_) not in ratios)


def test_a_smaller_quantile_takes_more() -> None:
    made = spectra("importance_no_replace", ROWS, bins=(10, 3), max_lost_fraction=1.0)
    totals = [judge.totals(made.changed(clip_quantile=q).run())[0] for q in (None, 0.95, 0.8, 0.5)]
    assert totals == sorted(totals)
    assert totals[-1] > 1.5 * totals[0]


def test_stochastic_rounding_is_up_or_down_and_right_on_average() -> None:
    numbers = {(0, 0): [50, 40, 33, 21, 10], (0, 1): [30, 60, 80, 95, 11], (0, 2): [70, 45, 22, 50, 9]}
    made = simple("importance_no_replace", numbers, rounding="stochastic")
    content = judge.here(made)
    top = max(oracle.ratios(content, None).values())
    expected = [float(Fraction(n) / top) for n in numbers[0, 0]]
    found = []
    for seed in range(150):
        outcome = made.changed(seed=seed).run()
        ((first, *others),) = bins_of(made, outcome).values()
        for other in others:
            np.testing.assert_array_equal(other, first)
        assert np.all(np.abs(first - expected) < 1)
        found.append(first)
    fraction = np.array(expected) % 1
    spread = np.sqrt(fraction * (1 - fraction) / len(found))
    assert np.all(np.abs(np.mean(found, axis=0) - expected) <= 4 * spread + 1e-9)


@pytest.mark.parametrize("method", ["count", "random_undersampling", "stratified", "none"])
def test_every_row_of_a_bin_is_as_likely(method: str) -> None:
    options = {"n_jets": 60} if method in ("stratified", "none") else {}
    made = simple(method, {(0, 0): [30], (0, 1): [60], (0, 2): [90]}, **options)
    seeds, counts = 250, Counter[tuple[str, int]]()
    for seed in range(seeds):
        counts.update(made.changed(seed=seed).run().rows.keys())
    for sample in made.samples:
        times = np.array([counts[sample.name, key] for key in sample.key.tolist()])
        share = times.mean() / seeds
        if share == 1:
            continue
        assert 0.1 < share < 0.9
        value = float(((times - times.mean()) ** 2).sum() / (seeds * share * (1 - share)))
        assert value < judge.chi2_limit(len(times) - 1, 4.0)[1]


def test_lost_bins_are_told_and_limited() -> None:
    """A class is missing in a bin with 30 of 100 rows: more than 0.1, the default limit."""
    counts = {(0, 0): [50, 30], (0, 1): [20, 0]}
    with pytest.raises(RdfpluginsError) as caught:
        simple("count", counts).changed(max_lost_fraction=None).run()
    assert "30" in str(caught.value)
    assert "max_lost_fraction" in str(caught.value)
    outcome = simple("count", counts, max_lost_fraction=0.31).run()
    assert judge.totals(outcome) == {0: 20, 1: 20}
    (lost,) = outcome.tally.lost
    assert lost.tolist() == [False, True]


# ------------------------------------------------------------------------------------------------------------ weights


@pytest.mark.parametrize("fractions", FRACTIONS[:2])
@pytest.mark.parametrize("n_jets", [-1, 3001])
def test_weights_give_every_class_the_target(fractions: dict[str, float] | None, n_jets: int) -> None:
    """Sums of weights of a class and a bin are those of the target in the output, whose own weight is 1."""
    problem = spectra("weighting", ROWS, bins=(6, 2), n_jets=n_jets, weighting_target_flavour="ujets",
                      **({"fractions": fractions} if fractions else {}))  # fmt: skip
    outcome = problem.run()
    judge.check_no_repeats(outcome)
    if n_jets > 0:
        assert len(outcome.rows) == n_jets
    after = bins_of(problem, outcome)
    for (_, of_classes), weights in zip(after.items(), outcome.tally.weights, strict=True):
        for label, rows in enumerate(of_classes):
            np.testing.assert_allclose(weights[label], np.where(rows > 0, of_classes[2], 0), rtol=1e-9)
    assert {one.weight for one in outcome.rows.values() if one.label == 2} == {1.0}


@pytest.mark.parametrize("method", ["none", "weighting", "planing", "stratified"])
@pytest.mark.parametrize("n_jets", [7, 1000, 5003])
def test_thinning_is_even_and_exact(method: str, n_jets: int) -> None:
    problem = spectra(method, ROWS, bins=(6, 2), n_jets=n_jets)
    outcome = problem.run()
    assert len(outcome.rows) == n_jets
    before, after = histogram(problem), bins_of(problem, outcome)[None]
    for label in range(3):
        had = before[0, label] + before[1, label]
        assert np.all(np.abs(after[label] - had * n_jets / sum(ROWS.values())) <= 1.0)


@given(problem=problems("stratified", fractions=False, most=30), n_jets=st.sampled_from([-1, 5, 20, 60, 10_000]))
@EXAMPLES
def test_proportional_allocation(problem: Problem, n_jets: int) -> None:
    problem = problem.changed(n_jets=n_jets)
    content = judge.here(problem)
    if not content.lowest_anywhere(None):
        return
    outcome = problem.run()
    judge.check_no_repeats(outcome)
    judge.check_tally(problem, outcome)
    sizes = {cell: len(rows) for cell, rows in content.cells.items()}
    total = sum(sizes.values()) if n_jets < 0 else min(n_jets, sum(sizes.values()))
    taken = judge.copies(content, outcome)
    assert sum(taken.values()) == total
    for cell, number in taken.items():
        assert abs(number - Fraction(sizes[cell] * total, sum(sizes.values()))) < 1
    judge.check_rows(problem, {cell: (rows, taken[cell]) for cell, rows in content.cells.items()}, outcome)
    check_inverse_inclusion(content, outcome)


def check_inverse_inclusion(content: oracle.Content, outcome: Outcome) -> None:
    """Each row stands for as many as there are in its stratum for each one that was taken."""
    taken = judge.copies(content, outcome)
    for cell, rows in content.cells.items():
        for one in rows:
            if judge.row_of(one) in outcome.rows:
                weight = outcome.rows[judge.row_of(one)].weight
                assert weight == pytest.approx(len(rows) / taken[cell], rel=1e-12)


@pytest.mark.parametrize("n_jets", [40, 200, 420])
def test_neyman_allocation_takes_more_where_the_spread_is_larger(n_jets: int) -> None:
    """Strata of one size with spreads of 1 to 10; those that are full give their share to the others."""
    made = simple("stratified", {(0, 0): [60, 60, 60, 20], (0, 1): [100, 60, 60, 60]}, n_jets=n_jets)
    draw = np.random.default_rng(9)
    scales = {("ttbar_bjets", b): s for b, s in enumerate((1, 2, 5, 10))} | {
        ("ttbar_cjets", b): s for b, s in enumerate((3, 3, 0, 1))
    }
    spreads: dict[oracle.Cell, Fraction] = {}
    for label, sample in enumerate(made.samples):
        scale = np.array([scales[sample.name, int(x)] for x in sample.values["x"]], float)
        values = sample.values | {"score": draw.normal(5.0, 1.0, len(scale)) * scale + 100}
        object.__setattr__(sample, "values", values)
        for bin_ in range(4):
            spreads[None, label, (bin_,)] = Fraction(float(np.std(values["score"][sample.values["x"] == bin_ + 0.5])))
    problem = made.changed(allocation="neyman", allocation_variable="score")
    content = judge.here(problem)
    outcome = problem.run()
    taken = judge.copies(content, outcome)
    assert sum(taken.values()) == min(n_jets, 480)
    sizes = {cell: len(rows) for cell, rows in content.cells.items()}
    quotas = oracle.neyman(sizes, spreads, n_jets)
    for cell, number in taken.items():
        assert number <= sizes[cell]
        assert abs(number - quotas[cell]) < 1.5 + 0.03 * quotas[cell], cell  # spreads with n or n - 1 below the sum
    check_inverse_inclusion(content, outcome)


# ----------------------------------------------------------------------------------------------------------- ensemble


@given(problem=problems("ensemble", most=15), subsets=st.sampled_from([2, 3, 7, 64]))
@EXAMPLES
def test_subsets_are_balanced_and_share_the_smallest_class(problem: Problem, subsets: int) -> None:
    problem = problem.changed(subsets=subsets, fractions=None)
    content = judge.here(problem)
    if not content.lowest_anywhere(None) or not any(content.lowest(None, bin_) for bin_ in content.bins(None)):
        return
    outcome = problem.run()
    judge.check_only_in_range(content, outcome)
    judge.check_tally(problem, outcome)
    assert outcome.tally.subsets == subsets
    for cell, rows in content.cells.items():
        lowest = content.lowest(None, cell[2])
        masks = [outcome.rows[row].subsets for one in rows if (row := judge.row_of(one)) in outcome.rows]
        for one in rows:
            if (taken := outcome.rows.get(judge.row_of(one))) is not None:
                assert taken.copies == taken.subsets.bit_count()
        assert all(mask < 1 << subsets for mask in masks)
        for subset in range(subsets):
            assert sum(mask >> subset & 1 for mask in masks) == lowest
        if len(rows) == lowest:
            assert masks == [(1 << subsets) - 1] * lowest


def test_subsets_differ_and_use_the_larger_classes() -> None:
    made = simple("ensemble", {(0, 0): [20, 10], (0, 1): [100, 90]}, subsets=4)
    outcome = made.run()
    masks = [[one.subsets for one in outcome.rows.values() if one.label == label] for label in (0, 1)]
    assert masks[0] == [15] * 30
    sizes = [sum(mask >> subset & 1 for mask in masks[1]) for subset in range(4)]
    assert sizes == [30] * 4
    assert len(masks[1]) > 75  # of the 120 that four subsets could hold at most; drawn apart, 79 on average


@pytest.mark.parametrize("fractions", FRACTIONS[1:])
def test_fractions_hold_in_every_subset(fractions: dict[str, float]) -> None:
    problem = spectra("ensemble", ROWS, bins=(5, 2), subsets=3, fractions=fractions)
    outcome = problem.run()
    for subset in range(3):
        kept = {row: one for row, one in outcome.rows.items() if one.subsets >> subset & 1}
        ttbar = sum(row[0].startswith("ttbar") for row in kept)
        assert abs(ttbar - fractions["ttbar"] * len(kept)) <= 3
        assert len(set(Counter(one.label for one in kept.values()).values())) == 1
