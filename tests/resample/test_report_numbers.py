"""The numbers of a report against a plain computation over rows, one at a time."""

from __future__ import annotations

import dataclasses
import json
import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from rich.console import Console

from rdfplugins.resample.report import terminal_table
from rdfplugins.resample.report.numbers import agreement, numbers_of
from rdfplugins.resample.report.tables import grids
from rdfplugins.resample.report.values import text_of, values_of

from .report_cases import CLASSES, Row, grid, some_rows, tally_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rdfplugins.resample.tally import Tally

FLAT = grid([0, 1, 2, 3, 4], [0, 1, 2.5])


def plain_chi2(rows: Sequence[Row], target: dict[tuple[int, ...], float], class_id: int) -> tuple[float, int]:
    """Return chi2 and ndf of a class, from the definition that the report states."""
    bins = sorted({row.bins for row in rows if row.class_id == class_id and target.get(row.bins, 0.0) > 0})
    contents, squares = dict.fromkeys(bins, 0.0), dict.fromkeys(bins, 0.0)
    for row in rows:
        if row.class_id == class_id and row.bins in contents:
            contents[row.bins] += row.copies * row.weight
            squares[row.bins] += row.copies * row.weight**2
    scale = sum(contents.values()) / sum(target[one] for one in bins)
    whole = sum(squares.values()) / sum(contents.values())
    total = 0.0
    for one in bins:
        expected = scale * target[one]
        size = squares[one] / contents[one] if contents[one] else whole
        total += (contents[one] - expected) ** 2 / (expected * size)
    return total, len(bins) - 1


@pytest.mark.parametrize("weighted", [False, True])
def test_every_number_of_a_class(weighted: bool) -> None:
    rows = some_rows(900, (4, 2), weighted=weighted)
    unused = {"cjets": {"out of range": 7, "NaN or infinite": 2}}
    found = numbers_of(tally_of(rows, [FLAT], target=2, unused=unused))
    assert (found.weighted, found.target_class) == (weighted, 2)
    target: dict[tuple[int, ...], float] = {}
    for row in rows:
        target[row.bins] = target.get(row.bins, 0.0) + (row.class_id == 2)
    for class_id, whole in enumerate(found.wholes):
        mine = [row for row in rows if row.class_id == class_id]
        copies = [row.copies for row in mine]
        weights = [row.weight for row in mine for _ in range(row.copies)]
        part = whole.part
        assert part.in_range == len(mine)
        assert part.taken == sum(copies)
        assert part.different == sum(one > 0 for one in copies)
        assert part.mean_copies == pytest.approx(sum(copies) / sum(one > 0 for one in copies))
        assert part.ratio == pytest.approx(sum(copies) / len(mine))
        assert whole.largest == max(copies)
        assert whole.effective_copies == pytest.approx(sum(copies) ** 2 / sum(one**2 for one in copies))
        assert part.effective == pytest.approx(sum(weights) ** 2 / sum(one**2 for one in weights))
        assert whole.copies.tolist()[: max(copies) + 1] == [copies.count(n) for n in range(max(copies) + 1)]
        assert whole.rows == len(mine) + (9 if class_id == 1 else 0)
        assert part.after is not None
        assert (part.after.chi2, part.after.ndf) == pytest.approx(plain_chi2(rows, target, class_id))
        once = [dataclasses.replace(row, copies=1, weight=1.0) for row in rows]
        assert part.before is not None
        assert (part.before.chi2, part.before.ndf) == pytest.approx(plain_chi2(once, target, class_id))


def test_lost_bins_and_differences() -> None:
    rows = [Row(0, 0, (0,), 2), Row(1, 0, (0,), 2), Row(0, 0, (1,), 0), Row(0, 0, (1,), 0), Row(1, 0, (2,), 0)]
    rows += [Row(0, 0, (3,), 1), Row(1, 0, (3,), 4)]
    (found,) = numbers_of(tally_of(rows, [grid([0, 1, 2, 3, 4, 5])], classes=("a", "b"))).categories
    assert (found.bins, found.filled, found.lost) == (5, 4, 2)
    assert (found.rows, found.lost_rows, found.lost_fraction) == (7, 3, pytest.approx(3 / 7))
    assert [part.lost for part in found.parts] == [2, 1]
    assert (found.difference_before, found.difference_after) == (2.0, 3.0)


def test_chi2_of_draws_is_that_of_a_multinomial_and_0_where_bins_are_filled_exactly() -> None:
    rng = np.random.default_rng(5)
    target = rng.uniform(1.0, 20.0, 400)
    there = np.ones(400, bool)
    drawn = rng.multinomial(40_000, target / target.sum()).astype(float)
    found = agreement(drawn, drawn, target, there)
    assert found.ndf == 399
    assert abs(found.chi2 - 399) < 4 * math.sqrt(2 * 399)
    exact = agreement(3.0 * target, 3.0 * target, target, there)
    assert (exact.chi2, exact.ndf, exact.per_ndf) == (0.0, 399, 0.0)
    weights = target / drawn  # rows that are weighted to the target
    assert agreement(drawn * weights, drawn * weights**2, target, there).chi2 == 0.0
    assert agreement(3.0 * drawn, 9.0 * drawn, target, there).chi2 == pytest.approx(found.chi2)  # weights of 3


def test_bins_without_the_class_are_counted_and_not_compared() -> None:
    target = np.array([6.0, 2.0, 2.0, 0.0])
    values = np.array([60.0, 0.0, 20.0, 5.0])
    found = agreement(values, values, target, np.array([True, False, True, True]))
    assert (found.chi2, found.ndf, found.missing_bins, found.missing_share) == (0.0, 1, 1, pytest.approx(0.2))
    nothing = agreement(np.zeros(4), np.zeros(4), target, np.ones(4, bool))
    assert math.isnan(nothing.chi2)
    assert math.isnan(nothing.per_ndf)


@pytest.mark.parametrize(
    ("target", "expected"), [(None, None), (0, 0), (1, 1), ([[1.0] * 8], None), ([[0.0] * 8], None)]
)
def test_which_class_the_target_is(target: int | list[list[float]] | None, expected: int | None) -> None:
    assert numbers_of(tally_of(some_rows(300, (4, 2)), [FLAT], target=target)).target_class == expected


def test_the_target_of_weighted_rows_that_were_thinned_is_the_class_without_weights() -> None:
    rows = (
        [Row(0, 0, (0,), 1, 1.5)] * 2 + [Row(0, 0, (1,), 1, 2.0)] + [Row(1, 0, (0,), 1)] * 3 + [Row(1, 0, (1,), 1)] * 2
    )
    rows += [Row(1, 0, (1,), 0)] * 5  # thinned: the target is what is left
    flat = grid([0, 1, 2])
    assert numbers_of(tally_of(rows, [flat], classes=("a", "b"), target=[[3.0, 2.0]])).target_class == 1
    assert numbers_of(tally_of(rows, [flat], classes=("a", "b"), target=[[3.0, 2.5]])).target_class is None


def test_rows_out_of_range_that_are_kept() -> None:
    tally = tally_of([Row(0, 0, (0,), 1)] * 4, [grid([0, 1])], classes=("a",), unused={"a": {"out of range": 3}})
    kept = dataclasses.replace(tally, copies=(np.array([0, 5, 1]),))  # two of three, one of them twice
    (whole,) = numbers_of(kept).wholes
    assert (whole.rows, whole.written, whole.different, whole.part.taken) == (7, 7, 6, 4)
    assert whole.mean_copies == pytest.approx(7 / 6)
    (table, *_) = grids(kept, numbers_of(kept))
    row = dict(zip(table.head, table.rows[0], strict=True))
    assert (row["taken"], row["taken in range"], row["different rows"]) == ("7", "4", "6")
    assert "taken in range" not in grids(tally, numbers_of(tally))[0].head


def test_categories_are_added() -> None:
    rows = some_rows(2000, (4, 2), categories=2)
    found = numbers_of(tally_of(rows, [FLAT, FLAT], categories=("ttbar", "zprime"), target=0))
    for place, whole in enumerate(found.wholes):
        parts = [category.parts[place] for category in found.categories]
        assert whole.part.taken == sum(part.taken for part in parts)
        assert whole.part.after is not None
        assert whole.part.after.chi2 == pytest.approx(sum(part.after.chi2 for part in parts if part.after))
        assert whole.part.after.ndf == sum(part.after.ndf for part in parts if part.after)


def odd_tallies() -> dict[str, Tally]:
    none = grid([0.0, 1.0])
    return {
        "nothing at all": tally_of([], [none], classes=("a", "b")),
        "no variables": tally_of([Row(0, 0, (), 1), Row(1, 0, (), 3)], [grid()], classes=("a", "b"), method="none"),
        "an empty class": tally_of([Row(0, 0, (0,), 1)], [none], classes=("a", "b"), target=1),
        "one class": tally_of([Row(0, 0, (0,), 1)], [none], classes=("a",), target=0),
        "nothing taken": tally_of([Row(0, 0, (0,), 0), Row(1, 0, (0,), 0)], [none], classes=("a", "b"), target=0),
        "twelve": tally_of(some_rows(900, (4, 2), classes=12), [FLAT], classes=[f"class {i}" for i in range(12)]),
        "subsets": tally_of(some_rows(90, (4, 2)), [FLAT], method="ensemble", subsets=3),
        "weights": tally_of(some_rows(90, (4, 2), weighted=True), [FLAT], method="weighting", target=0),
        "many copies": tally_of([Row(0, 0, (0,), 3000), Row(1, 0, (0,), 1)], [none], classes=("a", "b")),
    }


@pytest.mark.parametrize("name", odd_tallies())
def test_tables_of_odd_resamplings(name: str) -> None:
    tally = odd_tallies()[name]
    numbers = numbers_of(tally)
    for one in grids(tally, numbers):
        assert all(len(row) == len(one.head) for row in one.rows)
        assert "nan" not in str(one.rows).lower()
    text = text_of(values_of(tally, numbers, [], []))
    values = json.loads(text, parse_constant=pytest.fail)
    assert list(values) == sorted(values)
    assert values["all"][tally.classes[0]]["taken"] == int(sum(one[0].sum() for one in tally.after))
    said = _printed(tally, 100)
    assert all(name in said for name in tally.classes)


def test_json_has_what_is_in_each_bin_and_null_for_what_is_no_number() -> None:
    tally = odd_tallies()["an empty class"]
    values = json.loads(text_of(values_of(tally, numbers_of(tally), [], [])))
    one = values["categories"]["all"]
    assert one["contents"]["before"] == {"a": [1], "b": [0]}
    assert one["contents"]["lost"] == [False]
    assert one["axes"][0]["edges"] == [0.0, 1.0]
    assert one["classes"]["b"]["effective_size"] is None
    assert one["classes"]["b"]["agreement_after"]["chi2"] is None
    assert one["classes"]["b"]["mean_copies"] is None


def test_words_of_a_user_stay_as_they_are_in_json() -> None:
    assert json.loads(text_of({"a [b]\n c": ['x [1, 2] "y"', 1.5], "numbers": [1, 2]})) == {
        "a [b]\n c": ['x [1, 2] "y"', 1.5],
        "numbers": [1, 2],
    }
    assert "[ 1, 2 ]" in text_of({"numbers": [1, 2]})


def _printed(tally: Tally, width: int) -> str:
    console = Console(width=width, force_terminal=False)
    with console.capture() as captured:
        console.print(terminal_table(tally, width))
    return captured.get()


def test_the_terminal_tells_rows_out_of_range_where_there_are_any() -> None:
    rows = [Row(0, 0, (0,), 3), Row(0, 0, (0,), 0), Row(1, 0, (0,), 1)]
    plain = _printed(tally_of(rows, [grid([0, 1])], classes=("a", "b")), 120)
    assert "out of" not in plain
    assert "1.5" in plain  # taken / in range
    unused = {"a": {"out of range": 41}}
    assert "out of" in (text := _printed(tally_of(rows, [grid([0, 1])], classes=("a", "b"), unused=unused), 120))
    assert "41" in text
    unused["b"] = {"NaN or infinite": 2}
    assert "cannot" in _printed(tally_of(rows, [grid([0, 1])], classes=("a", "b"), unused=unused), 120)


@pytest.mark.parametrize("width", [20, 40, 60, 100, 200])
def test_a_terminal_of_any_width_cuts_no_number(width: int) -> None:
    rows = some_rows(3000, (4, 2), categories=2)
    tally = tally_of(rows, [FLAT, FLAT], categories=("ttbar", "zprime"), target=2)
    text = _printed(tally, width)
    assert all(len(line) <= width for line in text.splitlines())
    assert "\N{HORIZONTAL ELLIPSIS}" not in text
    for place in range(len(CLASSES)):
        assert str(int(sum(one[place].sum() for one in tally.after))) in text  # what was taken always stays
