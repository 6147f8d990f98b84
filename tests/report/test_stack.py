"""What is stacked, what is drawn as a line, what is compared, and what things are called."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from rdfplugins.report import axes, contents, draw
from rdfplugins.report.prepare import prepare, shown_label
from rdfplugins.report.values import plot_values

from .conftest import BACKGROUND, LUMI, signal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from rdfplugins.config import Config
    from rdfplugins.report.model import PlotNumbers

LABEL = "input.samples.VBF.label=continuum"
UNBLIND = "report.unblind=true"
MET = "{met: {column: met_et, bins: 30, range: [105, 160], after: mass}}"


def numbers_of(config: Config, files: Mapping[str, Path], name: str = "met") -> PlotNumbers:
    return prepare(config, name, [contents.read(config, sample, path) for sample, path in files.items()])


@pytest.fixture
def spectrum(write_sample: Callable[..., Path]) -> dict[str, Path]:
    """Return data that are 1.2 times a background, and a small signal."""
    simulated = BACKGROUND / LUMI
    return {
        "gg": write_sample("gg", {"met": signal(0.1)}),
        "VBF": write_sample("VBF", {"met": (simulated, simulated * 1e-4)}, label="continuum"),
        "data": write_sample("data", {"met": np.round(1.2 * BACKGROUND)}, kind="data"),
    }


def test_without_a_mass_nothing_is_signal_and_data_are_compared_with_everything(
    config: Callable[..., Config], spectrum: dict[str, Path]
) -> None:
    found = numbers_of(config(histograms=MET), spectrum)
    assert [part.signal for part in found.stack] == [False, False]
    assert found.lines == ()
    assert found.factor is None
    assert found.ratio is not None
    total = BACKGROUND + LUMI * signal(0.1)
    assert found.ratio.values == pytest.approx(np.round(1.2 * BACKGROUND) / total)
    assert found.data is not None
    assert found.ratio.up == pytest.approx(found.data.up / total)
    assert found.ratio.band.statistical == pytest.approx(np.sqrt(BACKGROUND / LUMI * 1e-4 + signal(0.1)) * LUMI / total)


def test_named_signal_is_a_line_and_not_in_the_stack(config: Callable[..., Config], spectrum: dict[str, Path]) -> None:
    found = numbers_of(config("report.signal=[gg]", histograms=MET), spectrum)
    assert [part.label for part in found.stack] == ["continuum"]
    assert [part.label for part in found.lines] == ["gg"]
    assert found.lines[0].values == pytest.approx(LUMI * signal(0.1))
    assert found.ratio is not None
    assert found.ratio.values == pytest.approx(np.round(1.2 * BACKGROUND) / BACKGROUND)
    assert found.factor is not None
    highest = found.factor * found.lines[0].values.max()
    assert highest <= 0.35 * np.round(1.2 * BACKGROUND).max() < 2.5 * highest
    by_label = numbers_of(config(LABEL, "report.signal=[continuum]", histograms=MET), spectrum)
    assert [part.label for part in by_label.lines] == ["continuum"]


def test_where_all_is_signal_nothing_is_compared(config: Callable[..., Config], spectrum: dict[str, Path]) -> None:
    found = numbers_of(config(LABEL, "report.signal=[gg, continuum]", histograms=MET), spectrum)
    assert found.stack == ()
    assert (found.band, found.ratio) == (None, None)
    assert [part.label for part in found.lines] == ["gg", "continuum"]


def test_with_a_mass_all_simulation_is_signal(config: Callable[..., Config], write_sample: Callable[..., Path]) -> None:
    both = f"{{m_yy: {{column: m_yy, bins: 30, range: [105, 160]}}, {MET[1:]}"
    files = {
        "gg": write_sample("gg", {"m_yy": signal(0.1), "met": signal(0.1)}),
        "data": write_sample("data", {"m_yy": BACKGROUND, "met": BACKGROUND}, kind="data"),
    }
    found = numbers_of(config(UNBLIND, histograms=both), files)
    assert [part.signal for part in found.stack] == [True]
    assert found.ratio is None
    assert found.factor is not None


def test_one_label_may_be_signal_and_background(
    config: Callable[..., Config], write_sample: Callable[..., Path]
) -> None:
    files = {
        "gg": write_sample("gg", {"met": signal(1.0)}, label="same"),
        "VBF": write_sample("VBF", {"met": signal(2.0)}, label="same"),
    }
    found = numbers_of(config("report.signal=[gg]", histograms=MET), files)
    assert [(part.samples, part.signal) for part in (*found.stack, *found.lines)] == [
        (("VBF",), False),
        (("gg",), True),
    ]


def test_bins_without_simulation_have_no_ratio(
    config: Callable[..., Config], write_sample: Callable[..., Path]
) -> None:
    simulated = BACKGROUND / LUMI
    simulated[3], simulated[4] = 0.0, -0.001
    files = {
        "gg": write_sample("gg", {"met": simulated}),
        "data": write_sample("data", {"met": BACKGROUND}, kind="data"),
    }
    found = numbers_of(config(histograms=MET), files)
    assert found.ratio is not None
    assert np.flatnonzero(np.isnan(found.ratio.values)).tolist() == [3, 4]
    values = plot_values(found)
    assert values["ratio"]["values"][3] is None
    assert values["ratio"]["simulation"]["statistical"][4] is None
    draw.figure(found)


def test_a_ratio_beyond_the_axis_is_a_triangle(
    config: Callable[..., Config], write_sample: Callable[..., Path]
) -> None:
    data = BACKGROUND.copy()
    data[7] *= 5
    files = {
        "gg": write_sample("gg", {"met": BACKGROUND / LUMI}),
        "data": write_sample("data", {"met": data}, kind="data"),
    }
    pad = draw.figure(numbers_of(config(histograms=MET), files)).axes[1]
    assert pad.get_ylim() == (0.0, 2.0)
    (triangle,) = [line for line in pad.get_lines() if line.get_marker() == "^"]
    assert triangle.get_xdata() == pytest.approx([105 + 7.5 * 55 / 30])
    assert 1.5 < triangle.get_ydata()[0] < 2.0


def test_logarithmic_axes(config: Callable[..., Config], spectrum: dict[str, Path]) -> None:
    found = numbers_of(config("report.log=[met]", "report.signal=[gg]", histograms=MET), spectrum)
    assert found.log
    assert found.factor == 1  # what is small can be seen
    pad = draw.figure(found).axes[0]
    low, high = pad.get_ylim()
    assert pad.get_yscale() == "log"
    assert 0 < low < found.lines[0].values.max() / 10
    assert high > np.round(1.2 * BACKGROUND).max()
    assert draw.figure(numbers_of(config(histograms=MET), spectrum)).axes[0].get_yscale() == "linear"


def test_logarithmic_axes_of_nothing(config: Callable[..., Config], write_sample: Callable[..., Path]) -> None:
    files = {"gg": write_sample("gg", {"met": -signal(1.0)})}
    loaded = config("report.log=met", histograms=MET)
    low, high = draw.figure(numbers_of(loaded, files)).axes[0].get_ylim()
    assert 0 < low < high


STEPS = "select.steps=[{node: diphoton.select}]"


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        *(("gg", "ggH"), ("VBF", "VBF"), ("Wp", "W\N{SUPERSCRIPT PLUS SIGN}H"), ("Z", "ZH"), ("tt", "ttH")),
        *(("ggH", "ggH"), ("ttbar", "ttbar")),
    ],
)
def test_modes_of_the_higgs_have_names_in_its_analysis_alone(
    config: Callable[..., Config], label: str, shown: str
) -> None:
    assert shown_label(config(STEPS), label) == shown
    assert shown_label(config(), label) == label


HOSTILE = [
    "<script>alert(1)</script>", "$\\frac{1}$ & 50 % \\", "a_b^c_{d", "_hidden", "#gamma#", "m_{#gamma#gamma}", "$$$",
    "x" * 300, "\N{GREEK SMALL LETTER GAMMA}\N{CJK UNIFIED IDEOGRAPH-4E2D}\N{GRINNING FACE}", "{}", "%d %s", "\\",
]  # fmt: skip


@pytest.mark.parametrize("label", HOSTILE)
def test_any_label_can_be_drawn(
    config: Callable[..., Config], write_sample: Callable[..., Path], tmp_path: Path, label: str
) -> None:
    files = {
        "gg": write_sample("gg", {"met": signal(0.1)}, label=label),
        "VBF": write_sample("VBF", {"met": BACKGROUND / LUMI}, label=f"{label} b"),
        "data": write_sample("data", {"met": BACKGROUND}, kind="data"),
    }
    loaded = config("report.signal=[gg]", histograms=MET)
    numbers = numbers_of(loaded, files)
    remarks = dataclasses.replace(numbers.remarks, title=label)
    numbers = dataclasses.replace(numbers, title=label, category=label, remarks=remarks)
    png, pdf = draw.write_plot(numbers, tmp_path)
    assert png.stat().st_size > 10_000
    assert pdf.stat().st_size > 10_000


def legend_of(config: Config, files: Mapping[str, Path]) -> list[str]:
    figure: Any = draw.figure(numbers_of(config, files))
    return [text.get_text() for text in figure.axes[0].get_legend().get_texts()]


def test_legend_is_read_from_data_to_uncertainties(config: Callable[..., Config], spectrum: dict[str, Path]) -> None:
    found = legend_of(config("report.signal=[gg]", histograms=MET), spectrum)
    factor = found[1].rpartition(" ")[2]
    assert found == ["Data", f"gg \N{MULTIPLICATION SIGN} {factor}", "continuum", axes.STATISTICAL]


def test_data_are_compared_with_what_is_stacked(config: Callable[..., Config], spectrum: dict[str, Path]) -> None:
    """The ratio is that to the background where signal is a line beside it."""
    named = draw.figure(numbers_of(config("report.signal=[gg]", histograms=MET), spectrum))
    assert named.axes[1].get_ylabel() == "Data / bkg."
    assert draw.figure(numbers_of(config(histograms=MET), spectrum)).axes[1].get_ylabel() == "Data / MC"


BOTH = f"{{m_yy: {{column: m_yy, bins: 30, range: [105, 160]}}, {MET[1:]}"


def test_signal_that_a_line_lifts_is_stacked_where_it_is_seen_alone(
    config: Callable[..., Config], write_sample: Callable[..., Path]
) -> None:
    peak = {"m_yy": signal(0.1), "met": signal(0.1)}
    shifted = {"met_up": {name: 1.1 * values for name, values in peak.items()}}
    files = {
        "gg": write_sample("gg", peak, variations=shifted),
        "data": write_sample("data", {"m_yy": BACKGROUND, "met": BACKGROUND}, kind="data"),
    }
    loaded = config(UNBLIND, histograms=BOTH)
    met = numbers_of(loaded, files)
    line = f"Signal \N{MULTIPLICATION SIGN} {met.factor}"
    assert legend_of(loaded, files) == ["Data", line, axes.OF_SIGNAL]
    assert not met.stack_is_seen
    mass = numbers_of(loaded, files, "m_yy")
    assert mass.stack_is_seen  # in the pad of the residual
    words = [text.get_text() for text in draw.figure(mass).axes[0].get_legend().get_texts()]
    assert "gg" in words
    assert words[-1] == axes.OF_SIGNAL


def test_the_band_of_signal_lies_on_its_line(config: Callable[..., Config], write_sample: Callable[..., Path]) -> None:
    nominal = {"m_yy": signal(0.1), "met": signal(0.1)}
    files = {
        "gg": write_sample("gg", nominal, variations={"x_up": {"m_yy": signal(0.1), "met": 1.1 * signal(0.1)}}),
        "data": write_sample("data", {"m_yy": BACKGROUND, "met": BACKGROUND}, kind="data"),
    }
    found = numbers_of(config(UNBLIND, histograms=BOTH), files)
    assert found.factor is not None
    assert found.band is not None
    (band,) = [patch for patch in draw.figure(found).axes[0].patches if patch.get_label() == axes.OF_SIGNAL]
    assert band.get_data().values == pytest.approx(found.factor * (found.total + found.band.all_up))
    assert band.get_data().baseline == pytest.approx(found.factor * (found.total - found.band.statistical))


def test_titles_say_simulation_first_and_are_cut_where_they_are_too_long(
    config: Callable[..., Config], write_sample: Callable[..., Path]
) -> None:
    files = {"gg": write_sample("gg", {"met": signal(1.0)}, simulation=True, partial=True)}
    loaded = config("report.title=My analysis", "report.energy=13.6 TeV", histograms=MET)
    figure = draw.figure(numbers_of(loaded, files))
    assert figure.axes[0].get_title("left") == "Simulation, partial \N{EN DASH} My analysis"
    assert figure.axes[0].get_title("right").startswith("√$s$ = 13.6 TeV, 1 fb")
    loaded = config(f"report.title={'a long story ' * 30}", histograms=MET)
    title = draw.figure(numbers_of(loaded, files)).axes[0].get_title("left")
    assert title.startswith("Simulation, partial \N{EN DASH} a long")
    assert title.endswith("\N{HORIZONTAL ELLIPSIS}")


def test_hidden_data_are_said_to_be_hidden(config: Callable[..., Config], write_sample: Callable[..., Path]) -> None:
    both = f"{{m_yy: {{column: m_yy, bins: 30, range: [105, 160], after: mass}}, {MET[1:]}"
    files = {
        "gg": write_sample("gg", {"m_yy": signal(1.0), "met": signal(1.0)}),
        "data": write_sample("data", {"m_yy": BACKGROUND, "met": BACKGROUND}, kind="data"),
    }
    assert "Data blinded" in legend_of(config(histograms=both), files)
    assert "Data blinded" not in legend_of(config(UNBLIND, histograms=both), files)
