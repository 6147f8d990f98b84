"""Events whose value is NaN are in no histogram: the page says how many, unless that would tell what is blinded."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import uproot

from rdfplugins import report
from rdfplugins.report import contents, not_a_number
from rdfplugins.report.prepare import prepare

from .conftest import BACKGROUND, cut, th1

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rdfplugins.config import Config
    from rdfplugins.report.model import PlotNumbers

HISTOGRAMS = """{
  m_coll: {column: m_coll, bins: 30, range: [105, 160]},
  early: {column: m_coll, bins: 30, range: [105, 160], after: all},
  jets: {column: jet_pt, bins: 30, range: [105, 160]},
  gone: {column: not_kept, bins: 30, range: [105, 160]}
}"""
TOTAL = float(BACKGROUND.sum())
OUTSIDE = 100.0


@pytest.fixture
def make(config: Callable[..., Config], write_sample: Callable[..., Path]) -> Callable[..., PlotNumbers]:
    """Return plots of a signal, a background and data, of which a quarter, a half and 10 % are NaN."""

    def made(*overrides: str, name: str = "m_coll", **options: Any) -> PlotNumbers:
        loaded = config(*overrides, histograms=HISTOGRAMS, tree="events")
        files = write(loaded, write_sample)
        samples = [contents.read(loaded, sample, path) for sample, path in files.items()]
        return prepare(loaded, name, samples, **options)

    return made


def write(loaded: Config, write_sample: Callable[..., Path]) -> dict[str, Path]:
    files = {}
    for name, kind, scale, share in (("gg", "mc", 1e-6, 0.25), ("VBF", "mc", 1e-3, 0.5), ("data", "data", 1.0, 0.1)):
        values = BACKGROUND * scale
        total = scale * (TOTAL + OUTSIDE)
        cuts = [
            cut("all", 9, 4 * total, 4 * total * scale),
            cut("mass", 9, total / (1 - share), total * scale / (1 - share)),
        ]
        filled = dict.fromkeys(loaded.select.histograms, (values, values * scale))
        yields = {"a": dict.fromkeys(("m_coll", "jets", "gone"), values)}
        files[name] = write_sample(name, filled, kind=kind, cuts=cuts, categories=yields)
        with uproot.update(files[name]) as file:
            tree = file.mktree("events", {"m_coll": "float32", "jet_pt": "var * float32"})
            tree.extend({"m_coll": np.ones(2, np.float32), "jet_pt": [np.ones(2), np.ones(1)]})
            for key, pair in filled.items():
                # beyond the axis is a number, too
                file[key] = th1(key, *pair, 105.0, 160.0, beyond=(OUTSIDE * scale, OUTSIDE * scale**2))
    return files


def shares(numbers: PlotNumbers) -> dict[str, float]:
    return {part.of: part.missing / part.total for part in numbers.not_a_number}


def test_what_is_selected_and_not_filled(make: Callable[..., PlotNumbers]) -> None:
    numbers = make("report.signal=[gg]")
    assert shares(numbers) == pytest.approx({"data": 0.1, "signal": 0.25, "background": 0.5})
    data, signal, background = numbers.not_a_number
    assert data.total == pytest.approx((TOTAL + OUTSIDE) / 0.9)
    assert signal.total == pytest.approx((TOTAL + OUTSIDE) * 1e-3 / 0.75)  # times the luminosity
    assert background.missing == pytest.approx(TOTAL + OUTSIDE)
    assert not_a_number.note(numbers).startswith("m_coll is NaN, hence not shown: ")
    assert "events of background (50.0 %)" in not_a_number.note(numbers)
    assert set(shares(make())) == {"data", "simulation"}


def test_of_the_cut_after_which_it_is_filled(make: Callable[..., PlotNumbers]) -> None:
    assert shares(make(name="early")) == pytest.approx({"data": 0.75, "simulation": 0.75})


@pytest.mark.parametrize("name", ["jets", "gone"])
def test_nothing_is_said_of_vectors_and_of_columns_that_were_not_kept(
    make: Callable[..., PlotNumbers], name: str
) -> None:
    """A vector may be empty, and then is no NaN."""
    numbers = make(name=name)
    assert numbers.not_a_number == ()
    assert not_a_number.note(numbers) == ""


def test_nothing_is_missing(make: Callable[..., PlotNumbers]) -> None:
    assert make(category="a").not_a_number == ()


def test_without_a_luminosity_nothing_is_said_of_what_is_not_drawn(
    config: Callable[..., Config], write_sample: Callable[..., Path]
) -> None:
    loaded = config(histograms=HISTOGRAMS, tree="events", lumi=None)
    samples = [contents.read(loaded, name, path) for name, path in write(loaded, write_sample).items()]
    assert set(shares(prepare(loaded, "m_coll", samples))) == {"data"}
    alone = prepare(loaded, "m_coll", samples[:1])
    assert shares(alone) == pytest.approx({"simulation": 0.25})
    assert " pb of simulation (25.0 %)" in not_a_number.note(alone)


def test_shares_of_data_do_not_tell_what_is_blinded(make: Callable[..., PlotNumbers]) -> None:
    mass = "report.mass=m_coll"
    assert set(shares(make(mass))) == {"simulation"}
    assert set(shares(make(mass, "report.unblind=true"))) == {"data", "simulation"}


def test_the_page_and_the_numbers_say_it(
    config: Callable[..., Config], write_sample: Callable[..., Path], tmp_path: Path
) -> None:
    loaded = config(histograms=HISTOGRAMS, tree="events")
    report.run(loaded, write(loaded, write_sample), tmp_path / "out")
    folder = tmp_path / "out" / "report"
    assert (folder / "index.html").read_text().count("m_coll is NaN, hence not shown: ") == 2
    values = json.loads((folder / "m_coll.json").read_text())["nan"]
    assert [part["of"] for part in values] == ["data", "simulation"]
    assert values[0]["missing"] / values[0]["total"] == pytest.approx(0.1)
    assert json.loads((folder / "jets.json").read_text())["nan"] == []
