"""The plot of the cutflow: which numbers it shows, on which scale, and which it hides."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from rdfplugins import plotting
from rdfplugins.cutflow import Cut, Cutflow
from rdfplugins.report.blinding import Blinding
from rdfplugins.report.cutflow_plot import CutflowNumbers, figure, prepare_cutflow
from rdfplugins.report.model import Remarks

REMARKS = Remarks(simulation=False, data_simulated=False, partial=False, lumi_pb=1000.0, energy="13 TeV", title=None)
SIGNAL = Cutflow(
    "gg", "mc", (Cut("all", 20000, 0.1, 6.25e-7), Cut("own", 9, 0.05, 1e-8), Cut("mass", 8719, 0.04, 2.7e-7)), 0
)
EMPTY = Cutflow("none", "mc", (Cut("all", 5, -0.1, 1e-3), Cut("mass", 0, 0.0, 0.0)), 0)
DATA = Cutflow("data", "data", (Cut("all", 60000, 60000.0, 60000.0), Cut("mass", 9339, 9339.0, 9339.0)), 3)


def prepared(*flows: Cutflow, lumi: float | None = 1000.0, blinding: Blinding | None = None) -> CutflowNumbers:
    return prepare_cutflow(flows, lumi, REMARKS, blinding=blinding)


def test_expected_events_of_each_sample() -> None:
    found = prepared(SIGNAL, EMPTY, DATA)
    assert found.quantity == "Events"
    assert found.cuts == ("all", "own", "mass")
    assert found.kinds == ("mc", "mc", "data")
    assert found.values[0] == pytest.approx([100.0, 50.0, 40.0])
    assert found.errors[0] == pytest.approx([1000 * math.sqrt(x) for x in (6.25e-7, 1e-8, 2.7e-7)])
    assert np.isnan(found.values[1]).all()  # neither zero nor less is on a logarithmic axis
    assert found.below.tolist() == [[False] * 3, [True, False, True], [False] * 3]  # it does not have the cut
    assert found.values[2].tolist()[::2] == [60000.0, 9339.0]
    assert np.isnan(found.values[2][1])


def test_samples_are_called_as_on_other_plots() -> None:
    found = prepare_cutflow([SIGNAL, DATA], 1000.0, REMARKS, shown=["ggH", "data"])
    assert (found.samples, found.shown) == (("gg", "data"), ("ggH", "data"))
    words = [text.get_text() for text in figure(found).axes[0].get_legend().get_texts()]
    assert words == ["ggH", "data"]


def test_blinded_data_are_not_there() -> None:
    found = prepared(SIGNAL, DATA, blinding=Blinding(("mass",)))
    assert found.values[1][0] == 60000.0
    assert np.isnan(found.values[1][2])
    assert np.isnan(found.errors[1][2])
    assert not found.below.any()  # hidden is not nothing
    assert found.values[0][2] == pytest.approx(40.0)


@pytest.mark.parametrize(
    ("flows", "lumi", "quantity", "first"),
    [
        ((SIGNAL, DATA), None, "Raw events", 20000.0),
        ((SIGNAL,), None, "Cross-section [pb]", 0.1),
        ((Cutflow("gg", "mc", SIGNAL.cuts, 0, weighted=False), DATA), 1000.0, "Raw events", 20000.0),
    ],
)
def test_scales(flows: tuple[Cutflow, ...], lumi: float | None, quantity: str, first: float) -> None:
    found = prepared(*flows, lumi=lumi)
    assert found.quantity == quantity
    assert found.values[0][0] == pytest.approx(first)


def test_the_figure_shows_these_numbers() -> None:
    pad = figure(prepared(SIGNAL, DATA)).axes[0]
    assert pad.get_yscale() == "log"
    assert [text.get_text() for text in pad.get_xticklabels()] == ["all", "own", "mass"]
    lines = {container.get_label(): container.lines[0] for container in pad.containers}
    assert lines["gg"].get_ydata() == pytest.approx([100.0, 50.0, 40.0])
    assert lines["data"].get_xdata().tolist() == [0, 2]
    assert pad.get_ylabel() == "Events"
    low, high = pad.get_ylim()
    assert low < 40.0
    assert high > 60000.0


def triangles(pad: Any) -> list[tuple[str, list[float], float]]:
    """Return colour, places and height of the open triangles."""
    found = [line for line in pad.get_lines() if line.get_marker() == "v" and len(line.get_xdata())]
    assert all(line.get_markerfacecolor() == "none" for line in found)
    return [(line.get_color(), list(line.get_xdata()), line.get_ydata()[0]) for line in found]


def test_what_a_logarithmic_axis_does_not_have_is_marked_at_its_end() -> None:
    none = Cutflow("data", "data", (Cut("all", 7, 7.0, 7.0), Cut("mass", 0, 0.0, 0.0)), 0)
    pad = figure(prepared(SIGNAL, EMPTY, none)).axes[0]
    assert pad.get_yscale() == "log"
    (mc, mc_places, height), (data, data_places, other) = triangles(pad)
    assert (mc, data) == (plotting.COLOURS[1], "black")
    assert mc_places == pytest.approx([0.0, 2.0])  # the second of three samples stands in the middle
    assert data_places == pytest.approx([2.2])
    assert 0 < height == other < 0.05  # of the height of the pad
    assert [text.get_text() for text in pad.get_legend().get_texts()][-1] == "0 or less"


def test_nothing_is_marked_where_all_is_on_the_axis() -> None:
    pad = figure(prepared(SIGNAL, DATA)).axes[0]
    assert triangles(pad) == []
    assert "0 or less" not in [text.get_text() for text in pad.get_legend().get_texts()]


@pytest.mark.parametrize("count", [1, 40])
def test_any_number_of_cuts_and_any_name_can_be_drawn(count: int) -> None:
    names = ["all", *(f"_cut {number} $\\frac <b>\n{'long ' * 20}" for number in range(count - 1))]
    flow = Cutflow("_$x", "mc", tuple(Cut(name, 9, 0.1, 1e-4) for name in names), 0)
    drawn = figure(prepared(flow))
    drawn.canvas.draw()
    assert len(drawn.axes[0].get_xticklabels()) == count
    assert drawn.axes[0].get_position().y0 < 0.5


def test_nothing_left_to_draw() -> None:
    drawn = figure(prepared(EMPTY))
    low, high = drawn.axes[0].get_ylim()
    assert 0 < low < high


def test_names_of_cuts_stay_inside_of_the_figure() -> None:
    flow = Cutflow("gg", "mc", tuple(Cut(f"{'sublead_pt_over_mass'}_{n}", 9, 0.1, 1e-4) for n in range(9)), 0)
    drawn = figure(prepared(flow))
    renderer = drawn.canvas.get_renderer()
    for text in drawn.axes[0].get_xticklabels():
        box = text.get_window_extent(renderer)
        assert box.y0 >= 0
        assert box.x0 >= 0
