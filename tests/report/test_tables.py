"""Rounding as physicists do it, and tables that hold the right numbers in the right places."""

from __future__ import annotations

import dataclasses
import json
import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rdfplugins.cutflow import Cut, Cutflow
from rdfplugins.pages import markdown
from rdfplugins.report.blinding import Blinding
from rdfplugins.report.tables import (
    ABSENT,
    cutflow_grids,
    cutflow_rows,
    format_percent,
    format_value,
    luminosity,
    to_json,
)

SIGNAL = Cutflow(
    "gg",
    "mc",
    (Cut("all", 20000, 0.1, 6.25e-7), Cut("trigger", 14000, 0.07, 4.0e-7), Cut("mass", 8719, 0.04375, 2.7e-7)),
    0,
)
DATA = Cutflow(
    "data",
    "data",
    (Cut("all", 60000, 60000.0, 60000.0), Cut("good_run", 50000, 5e4, 5e4), Cut("mass", 9339, 9339.0, 9339.0)),
    3,
)
BLIND = Blinding(("mass",))


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (443.4142, 2.7182, "443.4 ± 2.7"),
        (43351.0, 208.2, "43350 ± 210"),
        (17245.0, 131.3, "17250 ± 130"),
        (7.482, 0.0996, "7.48 ± 0.10"),  # the error rounds up to another power of ten
        (7.482, 0.0994, "7.482 ± 0.099"),
        (99.96, 9.96, "100 ± 10"),
        (0.0, 1.0, "0.0 ± 1.0"),
        (-0.04, 1.0, "0.0 ± 1.0"),
        (-12.345, 0.5, "-12.35 ± 0.50"),
        (3.0, 1234.0, "0 ± 1200"),
        (1.234e-7, 4.5e-9, "(1.234 ± 0.045)e-07"),
        (2.5e12, 1e10, "(2.500 ± 0.010)e+12"),
        (60000.0, 0.0, "60000"),
        (0.125, 0.0, "0.125"),
        (0.0, 0.0, "0"),
        (math.nan, 1.0, "nan"),
    ],
)
def test_format_value(value: float, error: float, text: str) -> None:
    assert format_value(value, error) == text


@given(st.floats(-1e8, 1e8), st.floats(1e-3, 1e7))
def test_format_value_is_right_to_half_a_digit_of_the_error(value: float, error: float) -> None:
    shown, shown_error = (float(x) for x in format_value(value, error).split(" ± "))
    assert shown_error == pytest.approx(error, rel=0.051)
    assert abs(shown - value) <= 0.051 * error


@pytest.mark.parametrize(
    ("fraction", "text"),
    [(1.0, "100 %"), (0.9996, "100 %"), (0.9994, "99.9 %"), (0.437, "43.7 %"), (0.00123, "0.12 %"), (0.0, "0 %"),
     (None, "\N{EN DASH}"), (-0.25, "-25.0 %")],
)  # fmt: skip
def test_format_percent(fraction: float | None, text: str) -> None:
    assert format_percent(fraction) == text


def test_rows_scale_simulation_and_leave_data() -> None:
    rows = {row.cut: row.cells for row in cutflow_rows([SIGNAL, DATA], 1000.0)}
    signal, data = rows["mass"]
    assert signal is not None
    assert data is not None
    assert (signal.events, signal.weighted) == (8719, 0.04375)
    assert signal.expected == pytest.approx(43.75)
    assert signal.expected_error == pytest.approx(1000 * math.sqrt(2.7e-7))
    assert signal.efficiency == pytest.approx(0.4375)
    assert (data.expected, data.expected_error) == (9339.0, math.sqrt(9339.0))


def test_cuts_of_some_samples_stand_where_they_are_made() -> None:
    rows = cutflow_rows([SIGNAL, DATA], 1000.0)
    assert [row.cut for row in rows] == ["all", "good_run", "trigger", "mass"]
    assert rows[1].cells[0] is None
    assert rows[2].cells[1] is None


def test_data_are_hidden_from_the_blinded_cut_on() -> None:
    later = dataclasses.replace(DATA, cuts=(*DATA.cuts, Cut("late", 777, 777.0, 777.0)))
    rows = {row.cut: row.cells for row in cutflow_rows([SIGNAL, later], 1000.0, blinding=BLIND)}
    assert [rows[cut][1].blinded for cut in ("all", "good_run", "mass", "late")] == [False, False, True, True]
    assert not rows["mass"][0].blinded


def test_nothing_passes_all_cuts_of_an_empty_sample() -> None:
    empty = Cutflow("none", "mc", (Cut("all", 0, 0.0, 0.0), Cut("mass", 0, 0.0, 0.0)), 0)
    cell = cutflow_rows([empty], 1000.0)[1].cells[0]
    assert cell is not None
    assert (cell.expected, cell.efficiency) == (0.0, None)
    assert cutflow_grids([empty], 1000.0)[1].rows[1] == ("mass", "0")


def test_markdown_has_a_table_for_each_quantity() -> None:
    text = markdown("Cutflow", cutflow_grids([SIGNAL, DATA], 1000.0), ["A note."])
    head, raw, expected = re.split(r"^## .*$", text, flags=re.MULTILINE)
    assert head == "# Cutflow\n\nA note.\n\n"
    assert raw.strip().splitlines() == [
        "| cut | gg | data |",
        "| :-- | --: | --: |",
        "| all | 20000 | 60000 |",
        f"| good_run | {ABSENT} | 50000 |",
        f"| trigger | 14000 | {ABSENT} |",
        "| mass | 8719 | 9339 |",
    ]
    assert expected.strip().splitlines()[-1] == "| mass | 43.75 ± 0.52 | 9339 |"
    assert "## Events expected in 1/fb" in text


def test_markdown_keeps_its_columns_whatever_the_names() -> None:
    odd = dataclasses.replace(SIGNAL, cuts=(Cut("a|b\n<script>x < 3 <y", 1, 1.0, 0.25),))
    text = markdown("Cutflow", cutflow_grids([odd], 1.0))
    assert "| a\\|b \\<script>x < 3 \\<y | 1 |\n" in text
    assert "| a\\|b \\<script>x < 3 \\<y | 1.00 ± 0.50 |\n" in text


def test_counts_are_whole_numbers_and_weights_of_the_user_are_not() -> None:
    weighted = dataclasses.replace(DATA, cuts=(Cut("all", 17245, 17245.0, 17245.0), Cut("mass", 100, 250.0, 700.0)))
    rows = cutflow_grids([weighted], 1000.0)[1].rows
    assert rows == (("all", "17245"), ("mass", "250 ± 26"))
    unweighted = Cutflow("gg", "mc", (Cut("all", 17245, 17245.0, 17245.0),), 0, weighted=False)
    assert cutflow_grids([unweighted], 1000.0)[1].rows == (("all", "17245"),)


def test_json_holds_both_scales() -> None:
    values = json.loads(json.dumps(to_json([SIGNAL, DATA], 1000.0, blinding=BLIND)))
    assert values["lumi_pb"] == 1000.0
    mass = values["samples"]["gg"]["cuts"][-1]
    assert values["samples"]["gg"]["unit"] == "pb"
    assert mass == {
        "name": "mass",
        "events": 8719,
        "weighted": 0.04375,
        "weighted_error": pytest.approx(math.sqrt(2.7e-7)),
        "expected": pytest.approx(43.75),
        "expected_error": pytest.approx(1000 * math.sqrt(2.7e-7)),
        "efficiency": pytest.approx(0.4375),
        "blinded": False,
    }
    data = values["samples"]["data"]
    assert data["bad_weights"] == 3
    assert [cut["name"] for cut in data["cuts"]] == ["all", "good_run", "mass"]
    assert {key for key, value in data["cuts"][-1].items() if value is not None} == {"name", "blinded"}


def test_json_without_luminosity_expects_nothing_of_simulation() -> None:
    samples = to_json([SIGNAL, DATA], None)["samples"]
    assert samples["gg"]["cuts"][0]["expected"] is None
    assert samples["gg"]["cuts"][0]["weighted"] == 0.1
    assert samples["data"]["cuts"][0]["expected"] == 60000.0


@pytest.mark.parametrize(("lumi", "text"), [(10064.0, "10.06/fb"), (1000.0, "1/fb"), (36.5, "36.5/pb")])
def test_luminosity(lumi: float, text: str) -> None:
    assert luminosity(lumi) == text
