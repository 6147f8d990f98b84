"""Variations: shifts and bands against sums by hand, tables and plots of them, and samples that lack some."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from rdfplugins import report
from rdfplugins.cutflow import Cut, Cutflow
from rdfplugins.errors import InputError
from rdfplugins.report import contents, variation_plot
from rdfplugins.report.contents import Contents, Region
from rdfplugins.report.prepare import prepare
from rdfplugins.report.systematics import variation_names
from rdfplugins.report.yields import format_shift, variation_grids

from .conftest import BACKGROUND, LUMI, secret_data, signal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from rdfplugins.config import Config
    from rdfplugins.report.model import PlotNumbers

BINS = np.arange(30)
SHIFTS = {
    "a": {
        "pt_up": 0.002 * np.sin(BINS),
        "pt_down": -0.001 * np.sin(BINS),
        "met_up": np.full(30, 3e-4),
        "met_down": np.full(30, 1e-4),  # both ways up
    },
    "b": {"pt_up": 0.001 * np.cos(BINS), "pt_down": np.zeros(30)},
}


@pytest.fixture
def varied(write_sample: Callable[..., Path]) -> dict[str, Path]:
    """Return two simulated samples with shifts that are known, one that has none, and data."""
    nominal = {"a": signal(0.04) + 0.01, "b": signal(0.01) + 0.02}
    files = {
        name: write_sample(
            name,
            {"m_yy": (values, values * 1e-4)},
            variations={label: {"m_yy": values + shift} for label, shift in SHIFTS[name].items()},
        )
        for name, values in nominal.items()
    }
    files["c"] = write_sample("c", {"m_yy": (signal(0.02), signal(0.02) * 1e-4)})
    files["data"] = write_sample("data", {"m_yy": secret_data()}, kind="data")
    return files


@pytest.fixture
def loaded(config: Callable[..., Config]) -> Config:
    """Return a config of the samples above, in which nothing is signal."""
    samples = (
        "{a: {kind: mc, files: a}, b: {kind: mc, files: b}, c: {kind: mc, files: c}, data: {kind: data, files: d}}"
    )
    return config(f"input.samples={samples}", "report.signal=[c]")


def read(config: Config, files: Mapping[str, Path]) -> list[Contents]:
    return [contents.read(config, name, path) for name, path in files.items()]


def numbers_of(config: Config, files: Mapping[str, Path]) -> PlotNumbers:
    return prepare(config, "m_yy", read(config, files))


def test_names_without_direction() -> None:
    labels = ["photon_pt_down", "photon_pt_up", "up_up", "met_down", "odd"]
    assert variation_names(labels) == ["photon_pt", "up", "met"]


def test_shifts_of_one_variation_are_added_with_their_signs(loaded: Config, varied: dict[str, Path]) -> None:
    shifts = {shift.name: shift for shift in numbers_of(loaded, varied).shifts}
    assert list(shifts) == ["pt", "met"]
    assert shifts["pt"].up == pytest.approx(LUMI * (SHIFTS["a"]["pt_up"] + SHIFTS["b"]["pt_up"]), abs=1e-9)
    assert shifts["pt"].down == pytest.approx(LUMI * SHIFTS["a"]["pt_down"], abs=1e-9)
    assert shifts["met"].up == pytest.approx(np.full(30, LUMI * 3e-4))


def test_the_band_is_the_quadrature_of_all_shifts(loaded: Config, varied: dict[str, Path]) -> None:
    band = numbers_of(loaded, varied).band
    assert band is not None
    for number in BINS:
        pt = [LUMI * float(SHIFTS["a"]["pt_up"][number] + SHIFTS["b"]["pt_up"][number])]
        pt.append(LUMI * float(SHIFTS["a"]["pt_down"][number]))
        assert band.up[number] == pytest.approx(np.hypot(max(0.0, *pt), LUMI * 3e-4), abs=1e-9)
        assert band.down[number] == pytest.approx(-min(0.0, *pt), abs=1e-9)
    total = LUMI * (signal(0.04) + signal(0.01) + 0.03)
    assert band.total == pytest.approx(total)
    assert band.statistical == pytest.approx(np.sqrt(total * LUMI * 1e-4))
    assert band.all_up == pytest.approx(np.sqrt(band.up**2 + band.statistical**2))
    assert band.all_down == pytest.approx(np.sqrt(band.down**2 + band.statistical**2))


def test_no_variations_no_band_of_them(config: Callable[..., Config], three: dict[str, Path]) -> None:
    found = numbers_of(config(), three)
    assert found.shifts == ()
    assert found.band is not None
    assert not found.band.up.any()
    assert not found.band.down.any()
    assert variation_grids(read(config(), three)) == []


def test_table_of_changes_after_the_last_cut(loaded: Config, varied: dict[str, Path]) -> None:
    (grid,) = variation_grids(read(loaded, varied))
    assert grid.head == ("variation", "a", "b", "c", "all simulation")
    rows = {row[0]: row[1:] for row in grid.rows}
    assert list(rows) == ["pt_up", "pt_down", "met_up", "met_down"]
    nominal = {"a": 0.34, "b": 0.61, "c": 0.02}
    gain = {name: float(SHIFTS[name]["pt_up"].sum()) for name in ("a", "b")}
    assert rows["pt_up"][:2] == tuple(f"{100 * gain[name] / nominal[name]:+.2f} %" for name in ("a", "b"))
    assert rows["pt_up"][2] == "\N{EN DASH}"
    assert rows["pt_up"][3] == f"{100 * (gain['a'] + gain['b']) / 0.97:+.2f} %"
    assert rows["met_down"] == (f"{100 * 0.003 / 0.34:+.2f} %", "\N{EN DASH}", "\N{EN DASH}", f"{0.3 / 0.97:+.2f} %")


@pytest.mark.parametrize(
    ("fraction", "text"),
    [(0.0123, "+1.23 %"), (-0.5, "-50.00 %"), (1e-9, "0.00 %"), (-1e-9, "0.00 %"), (None, "\N{EN DASH}")],
)
def test_format_shift(fraction: float | None, text: str) -> None:
    assert format_shift(fraction) == text


def test_json_holds_every_cut_of_every_variation(loaded: Config, varied: dict[str, Path], tmp_path: Path) -> None:
    report.run(loaded, varied, tmp_path / "out")
    samples: dict[str, Any] = json.loads((tmp_path / "out" / "report" / "cutflow.json").read_text())["samples"]
    assert list(samples["a"]["variations"]) == list(SHIFTS["a"])
    first, last = samples["a"]["variations"]["met_up"]
    assert (first["name"], last["name"]) == ("all", "mass")
    assert first["relative"] == 0.0
    assert last["relative"] == pytest.approx(30 * 3e-4 / 0.34)
    assert last["expected"] == pytest.approx(LUMI * (0.34 + 30 * 3e-4))
    assert "variations" not in samples["c"]
    assert "variations" not in samples["data"]


def test_plots_of_variations(loaded: Config, varied: dict[str, Path], tmp_path: Path) -> None:
    written = report.run(loaded, varied, tmp_path / "out")
    names = [path.name for path in written[8:]]
    assert names == [f"m_yy_{name}.{ending}" for name in ("pt", "met") for ending in ("png", "pdf", "json")]
    values = json.loads((tmp_path / "out" / "report" / "m_yy_pt.json").read_text())
    nominal = LUMI * (signal(0.04) + signal(0.01) + signal(0.02) + 0.03)
    assert values["nominal"]["values"] == pytest.approx(nominal)
    up = nominal + LUMI * (SHIFTS["a"]["pt_up"] + SHIFTS["b"]["pt_up"])
    assert values["up"] == pytest.approx(up)
    assert values["up_ratio"] == pytest.approx(up / nominal)
    assert values["down_ratio"] == pytest.approx(1 + LUMI * SHIFTS["a"]["pt_down"] / nominal)


def test_a_variation_with_one_direction(config: Callable[..., Config], write_sample: Callable[..., Path]) -> None:
    files = {"gg": write_sample("gg", {"m_yy": signal(1.0)}, variations={"scale_up": {"m_yy": signal(1.1)}})}
    samples = read(config(), files)
    (numbers,) = variation_plot.prepare_variations(config(), "m_yy", samples)
    assert numbers.down is None
    assert numbers.up == pytest.approx(signal(1.1) * LUMI)
    band = numbers_of(config(), files).band
    assert band is not None
    assert band.up == pytest.approx(signal(0.1) * LUMI, abs=1e-9)
    assert not band.down.any()
    pad = variation_plot.figure(numbers).axes[0]
    assert [text.get_text() for text in pad.get_legend().get_texts()][2:] == ["scale up"]


def test_variations_are_drawn_of_every_histogram_that_they_shift(
    config: Callable[..., Config], write_sample: Callable[..., Path], tmp_path: Path
) -> None:
    shown = "{m_yy: {column: m_yy, bins: 30, range: [105, 160]}, pt: {column: pt, bins: 30, range: [105, 160]}}"
    peak, flat = signal(1.0), np.full(30, 1.0)
    almost, one_bin = flat * 1.0009, flat.copy()
    one_bin[7] = 0.9989
    variations = {
        "little_up": {"m_yy": peak, "pt": almost},
        "little_down": {"m_yy": peak, "pt": flat},
        "bin_up": {"m_yy": peak, "pt": flat},
        "bin_down": {"m_yy": peak, "pt": one_bin},
        "both_up": {"m_yy": 1.01 * peak, "pt": 1.01 * flat},
    }
    files = {"gg": write_sample("gg", {"m_yy": peak, "pt": flat}, variations=variations)}
    written = report.run(config(histograms=shown), files, tmp_path / "out")
    stems = dict.fromkeys(path.stem for path in written[3:])
    assert list(stems) == ["cutflow", "m_yy", "pt", "m_yy_both", "pt_bin", "pt_both"]


def test_ratios_of_variations_have_risers_and_triangles_beyond_the_axis(
    config: Callable[..., Config], write_sample: Callable[..., Path]
) -> None:
    nominal = np.full(30, 100.0)
    nominal[[3, 20]] = 0.0
    nominal[10] = 0.5  # too few to set the scale
    up = 1.02 * nominal
    up[10] = 2.0
    files = {"gg": write_sample("gg", {"m_yy": (nominal, nominal * 1e-3)}, variations={"x_up": {"m_yy": up}})}
    (numbers,) = variation_plot.prepare_variations(config(), "m_yy", read(config(), files))
    pad = variation_plot.figure(numbers).axes[1]
    assert pad.get_ylim() == pytest.approx((0.95, 1.05))
    groups = [patch.get_data() for patch in pad.patches]
    assert [len(group.values) for group in groups] == [3, 16, 9]  # parted by empty bins
    assert {float(group.baseline) for group in groups} == {1.0}
    (triangle,) = [line for line in pad.get_lines() if line.get_marker() == "^" and len(line.get_xdata())]
    assert triangle.get_xdata() == pytest.approx([105 + 10.5 * 55 / 30])
    assert 1.04 < triangle.get_ydata()[0] < 1.05


def test_data_have_no_variations(config: Callable[..., Config], write_sample: Callable[..., Path]) -> None:
    """What a file of data may hold of them never reaches a report."""
    data = write_sample("data", {"m_yy": BACKGROUND}, kind="data", variations={"x_up": {"m_yy": BACKGROUND * 2}})
    files = {"gg": write_sample("gg", {"m_yy": signal(1.0)}), "data": data}
    found = numbers_of(config(), files)
    assert found.shifts == ()
    assert variation_grids(read(config(), files)) == []


def test_a_missing_histogram_of_a_variation_is_named(
    config: Callable[..., Config], write_sample: Callable[..., Path]
) -> None:
    path = write_sample("gg", {"m_yy": signal(1.0)}, variations={"pt_up": {}})
    with pytest.raises(InputError, match="no histogram 'variations/pt_up/m_yy'; run the stage select again"):
        contents.read(config(), "gg", path)


def test_table_of_changes_in_each_category() -> None:
    """Events that move from one category to another leave the sum as it is."""

    def cut(name: str, weighted: float) -> Cut:
        return Cut(name, round(100 * weighted), weighted, weighted)

    def sample(name: str, nominal: dict[str, float], up: dict[str, float] | None) -> Contents:
        def flow(total: float) -> Cutflow:
            return Cutflow(name, "mc", (cut("all", 10.0), cut("last", total)), 0)

        return Contents(
            name=name,
            kind="mc",
            label=name,
            simulation=True,
            partial=False,
            cutflow=flow(sum(nominal.values())),
            regions=dict.fromkeys(("two", "rest"), Region({}, {})),
            cutflow_variations={} if up is None else {"jet_up": flow(sum(up.values()))},
            categories={key: cut(key, value) for key, value in nominal.items()},
            category_variations={} if up is None else {"jet_up": {key: cut(key, up[key]) for key in up}},
        )

    moved = sample("a", {"two": 1.0, "rest": 3.0, "none": 0.0}, {"two": 1.5, "rest": 2.5, "none": 0.0})
    still = sample("b", {"two": 1.0, "rest": 1.0, "none": 0.0}, None)
    inclusive, by_category = variation_grids([moved, still])
    assert inclusive.rows == (("jet_up", "0.00 %", "\N{EN DASH}", "0.00 %"),)
    assert by_category.head == ("variation", "two", "rest")
    assert by_category.rows == (("jet_up", "+25.00 %", "-12.50 %"),)
