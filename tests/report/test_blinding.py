"""Which histograms and which cuts are blinded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from rdfplugins.report.blinding import (
    Blinding,
    blinded_window,
    blinding,
    hides_histogram,
    mass_histogram,
    overlaps,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from rdfplugins.config import Config


def test_blinded_unless_told_otherwise(config: Callable[..., Config]) -> None:
    assert blinded_window(config(), "m_yy") == (120.0, 130.0)
    assert blinded_window(config("report.unblind=false"), "m_yy") == (120.0, 130.0)
    assert blinded_window(config("report.unblind=true"), "m_yy") is None
    assert blinding(config("report.unblind=true")) is None


@pytest.mark.parametrize(
    ("column", "span", "window"),
    [
        ("m_yy", "[105, 160]", (120.0, 130.0)),
        ("m_yy", "[0, 120.5]", (120.0, 130.0)),
        ("m_yy", "[130, 200]", None),
        ("m_yy", "[60, 120]", None),
        ("h_mass", "[105000, 160000]", (120e3, 130e3)),
        ("h_mass", "[0, 500000]", (120e3, 130e3)),
        ("h_mass", "[130000, 160000]", None),
        ("pt_yy", "[105, 160]", None),
    ],
)
def test_every_histogram_of_the_mass(
    config: Callable[..., Config], column: str, span: str, window: tuple[float, float] | None
) -> None:
    loaded = config(histograms=f"{{other: {{column: {column}, bins: 10, range: {span}}}}}")
    assert blinded_window(loaded, "other") == window
    assert mass_histogram(loaded) is None


def test_report_mass_names_the_quantity(config: Callable[..., Config]) -> None:
    shown = "{zz: {column: m4l, bins: 9, range: [80, 170], after: a}, fine: {column: m4l, bins: 90, range: [110, 140]}}"
    loaded = config("report.mass=zz", histograms=shown)
    assert mass_histogram(loaded) == "zz"
    assert blinded_window(loaded, "zz") == (120.0, 130.0)
    assert blinded_window(loaded, "fine") == (120.0, 130.0)
    assert blinding(loaded) == Blinding(("a", None))


def test_cuts_are_hidden_from_the_first_blinded_histogram_on() -> None:
    cuts = ["all", "trigger", "mass", "late"]
    assert Blinding(("mass",)).first_hidden(cuts) == 2
    assert Blinding((None,)).first_hidden(cuts) == 3
    assert Blinding((None, "trigger")).first_hidden(cuts) == 1
    assert Blinding(("of another sample",)).first_hidden(cuts) == 3


def test_bins_that_touch_the_window_from_outside_are_seen() -> None:
    edges = np.array([110.0, 120.0, 121.0, 130.0, 131.0])
    assert overlaps(edges, (120.0, 130.0)).tolist() == [False, True, True, False]
    edges = np.array([110.0, 120.00000000000001, 129.99999999999999, 140.0])
    assert overlaps(edges, (120.0, 130.0)).tolist() == [False, True, False]
    edges = np.array([119.0, 120.01, 129.5, 131.0])
    assert overlaps(edges, (120.0, 130.0)).tolist() == [True, True, True]
    assert overlaps(np.array([100.0, 200.0]), (120.0, 130.0)).tolist() == [True]


def test_cuts_on_the_mass_are_hidden_without_a_histogram_of_it(config: Callable[..., Config]) -> None:
    steps = "select.steps=[{node: diphoton.select}]"
    hidden = blinding(config(steps, histograms="{n: {column: jet_n, bins: 9, range: [0, 9]}}"))
    assert hidden is not None
    assert hidden.first_hidden(["all", "photon_trigger", "mass_105_160", "mass_window"]) == 2
    assert hidden.first_hidden(["all", "photon_trigger"]) == 2
    assert blinding(config(steps, "report.unblind=true", histograms="{}")) is None


@pytest.mark.parametrize(
    ("after", "hidden"), [("all", False), ("trigger", False), ("mass", True), ("late", True), (None, True)]
)
def test_other_quantities_are_hidden_from_the_mass_on(*, after: str | None, hidden: bool) -> None:
    """Their total less the sidebands of the mass would be the number in the window."""
    assert Blinding(("mass",)).hides(after, ["all", "trigger", "mass", "late"]) is hidden


def test_a_filter_on_the_mass_hides_itself_and_all_behind_it(config: Callable[..., Config]) -> None:
    """`diphoton.select` has no mass cut here, and no histogram is of the mass."""
    cuts = "{filter: {tight: pt_yy > 3, wide: m_yy > 105, window: m_yy > 120 && m_yy < 130, jets: jet_n >= 0}}"
    steps = f"select.steps=[{{node: diphoton.select, with: {{mass_range: null}}}}, {cuts}]"
    shown = "{n: {column: jet_n, bins: 9, range: [0, 9]}, early: {column: jet_n, bins: 9, range: [0, 9], after: tight}}"
    loaded = config(steps, histograms=shown)
    names = ["all", "photon_trigger", "tight", "wide", "window", "jets"]
    hidden = blinding(loaded)
    assert hidden is not None
    assert hidden.first_hidden(names) == 3
    assert hides_histogram(loaded, "n", names)
    assert not hides_histogram(loaded, "early", names)


def test_a_node_that_does_not_name_its_cuts() -> None:
    hidden = Blinding((), harmless=frozenset({"trigger", "late"}))
    assert hidden.first_hidden(["all", "trigger", "of the node", "late"]) == 2
    assert hidden.first_hidden(["all", "trigger", "late"]) == 3


def test_columns_made_from_the_mass_show_nothing(config: Callable[..., Config]) -> None:
    shown = """{
      mgg: {column: mgg, bins: 9, range: [100, 160], after: all}, m_yy: {column: m_yy, bins: 9, range: [105, 160]},
      n: {column: jet_n, bins: 9, range: [0, 9], after: trigger}
    }"""
    define = "select.steps=[{define: {mgg: m_yy}}]"
    cuts = ["all", "trigger", "mass"]
    loaded = config(define, histograms=shown)
    assert hides_histogram(loaded, "mgg", cuts)
    assert hides_histogram(loaded, "n", cuts)  # filled behind mgg
    assert not hides_histogram(loaded, "m_yy", cuts)  # its window is hidden
    named = config(define, "report.mass=mgg", histograms=shown)
    assert blinded_window(named, "mgg") == (120.0, 130.0)
    assert not hides_histogram(named, "mgg", cuts)
    assert not hides_histogram(config(define, "report.unblind=true", histograms=shown), "mgg", cuts)


def test_sidebands_hide_the_total(config: Callable[..., Config]) -> None:
    """Two histograms beside the window, whose sum less the number of events would be its content."""
    shown = (
        "{low: {column: m_yy, bins: 9, range: [0, 120], after: a}, high: {column: m_yy, bins: 9, range: [130, 999]}}"
    )
    hidden = blinding(config(histograms=shown))
    assert hidden is not None
    assert hidden.first_hidden(["all", "a", "b"]) == 1


def test_a_weight_that_depends_on_the_mass_hides_everything(config: Callable[..., Config]) -> None:
    define = "select.steps=[{define: {w: 'm_yy > 120 && m_yy < 130 ? 1 : 0'}}]"
    hidden = blinding(config(define, "select.weight=w * 2", histograms="{}"))
    assert hidden is not None
    assert hidden.first_hidden(["all", "a"]) == 0
    # that of simulation alone is none of data
    assert blinding(config(f"{define[:-2]}, only: mc}}]", "select.weight=w * 2", histograms="{}")) is None


def test_categories_by_the_mass(config: Callable[..., Config]) -> None:
    shown = "{n: {column: jet_n, bins: 9, range: [0, 9]}}"
    loaded = config("select.categories={win: m_yy > 120 && m_yy < 130, rest: 'true'}", histograms=shown)
    hidden = blinding(loaded)
    assert hidden is not None
    assert hidden.hides_categories(["all"])
    assert hides_histogram(loaded, "n", ["all"], category="win")
    assert not hides_histogram(loaded, "n", ["all"])
    other = config("select.categories={jets: jet_n > 1}", histograms=shown)
    assert blinding(other) is None


def test_our_columns_have_their_own_units(config: Callable[..., Config]) -> None:
    """An axis to 20 TeV does not turn GeV into MeV where the unit is known."""
    shown = "{wide: {column: m_yy, bins: 9, range: [0, 20000]}, low: {column: h_mass, bins: 9, range: [0, 9000]}}"
    features = "select.steps=[{node: diphoton.select}, {node: diphoton.features}]"
    assert blinded_window(config(features, histograms=shown), "wide") == (120.0, 130.0)
    assert blinded_window(config(features, histograms=shown), "low") is None  # MeV: ends at 9 GeV
    in_gev = config(features, "input.units=GeV", histograms=shown)
    assert blinded_window(in_gev, "low") == (120.0, 130.0)
