"""The fit of the mass: which data, with which Gaussian, and what is written about it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from rdfplugins import report
from rdfplugins.report import axes, contents, draw, gallery
from rdfplugins.report.fits import Gaussian
from rdfplugins.report.prepare import prepare
from rdfplugins.report.values import plot_values

from .conftest import BACKGROUND, CENTRES, LUMI, signal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from rdfplugins.config import Config
    from rdfplugins.report.model import PlotNumbers

UNBLIND = "report.unblind=true"
GIVEN = "report.fit.gaussian={amplitude: 119.1, mean: 125.0, sigma: 2.39}"


def numbers_of(config: Config, files: Mapping[str, Path], category: str | None = None) -> PlotNumbers:
    samples = [contents.read(config, sample, path) for sample, path in files.items()]
    return prepare(config, "m_yy", samples, category=category)


@pytest.fixture
def published(real_data: Path, write_sample: Callable[..., Path]) -> dict[str, Path]:
    """Return a file with the 76394 events of the ATLAS Open Data in the bins of ROOT's tutorial df104."""
    name = "df104_published_histograms.json"
    path = next((path for path in (real_data / name, real_data / "atlas_mini" / name) if path.is_file()), None)
    if path is None:
        pytest.skip(f"no {name} in RDFPLUGINS_REAL_DATA")
    histograms = json.loads(path.read_text())["nb_RDataFrame_Hyy.ipynb"]
    values = np.array(histograms[0]["content"][1:-1], dtype=float)
    assert values.sum() == 76394
    return {"data": write_sample("data", {"m_yy": values}, kind="data")}


@pytest.mark.real_data
def test_full_range_of_the_published_data(
    config: Callable[..., Config], published: dict[str, Path], tmp_path: Path
) -> None:
    report.run(config(UNBLIND, GIVEN), published, tmp_path / "out")
    fit = json.loads((tmp_path / "out" / "report" / "m_yy.json").read_text())["fit"]
    assert fit["chi2"] == pytest.approx(19.9699, abs=5e-5)
    assert (fit["ndf"], fit["bins"], fit["excluded"]) == (26, 30, None)
    found = {parameter["name"]: parameter["value"] for parameter in fit["parameters"]}
    assert [*found] == ["p0", "p1", "p2", "p3"]
    assert [*found.values()] == pytest.approx([94325.0, -1777.22, 11.5606, -0.0256281], rel=5e-6)
    assert fit["gaussian"]["from"] == "config"
    assert fit["gaussian"]["fixed"] is True
    assert [fit["gaussian"][key] for key in ("amplitude", "mean", "sigma")] == [119.1, 125.0, 2.39]
    assert fit["gaussian"]["signal_fit"] is None


@pytest.mark.real_data
@pytest.mark.parametrize("overrides", [(), (GIVEN,), (UNBLIND, "report.fit.gaussian=null")])
def test_sidebands_of_the_published_data(
    config: Callable[..., Config], published: dict[str, Path], overrides: tuple[str, ...]
) -> None:
    fit = numbers_of(config(*overrides), published).fit
    assert fit is not None
    assert fit.result.chi2 == pytest.approx(18.23, abs=0.005)
    assert (fit.result.bins, fit.result.degrees_of_freedom) == (24, 20)
    assert (fit.hidden, fit.source, fit.result.gaussian) == ((120.0, 130.0), None, None)


@pytest.fixture
def with_signal(write_sample: Callable[..., Path]) -> dict[str, Path]:
    """Return data that are a cubic and a signal of 4000 events, and the two samples of that signal."""
    smooth = 94325.0 - 1777.22 * CENTRES + 11.5606 * CENTRES**2 - 0.0256281 * CENTRES**3
    data = np.round(smooth + 4000 * signal(1.0))
    return {
        "data": write_sample("data", {"m_yy": data}, kind="data"),
        "gg": write_sample("gg", {"m_yy": (signal(3.0), signal(3.0) * 1e-5)}),
        "VBF": write_sample("VBF", {"m_yy": (signal(1.0), signal(1.0) * 1e-5)}),
    }


def test_the_gaussian_is_that_of_all_signal_scaled_to_the_luminosity(
    config: Callable[..., Config], with_signal: dict[str, Path]
) -> None:
    found = numbers_of(config(UNBLIND), with_signal)
    assert found.fit is not None
    gaussian, made = found.fit.result.gaussian, found.fit.signal
    assert gaussian is not None
    assert made is not None
    assert (found.fit.source, found.fit.hidden, found.fit.result.bins) == ("simulation", None, 30)
    width = 55 / 30
    assert gaussian.amplitude == pytest.approx(4.0 * LUMI * width / (2.0 * np.sqrt(2 * np.pi)), rel=1e-3)
    assert (gaussian.mean, gaussian.sigma) == (pytest.approx(125.0, abs=0.001), pytest.approx(2.0, rel=1e-3))
    assert gaussian.events(width) == pytest.approx(4.0 * LUMI, rel=1e-3)
    assert found.fit.result.chi2 < 1.0  # the data were made of just this
    # what remains above the polynomial is the signal
    assert found.residual is not None
    assert found.residual.values.sum() == pytest.approx(4000.0, rel=0.02)


def test_the_page_says_how_well_the_gaussian_describes_the_signal(
    config: Callable[..., Config], with_signal: dict[str, Path]
) -> None:
    found = numbers_of(config(UNBLIND), with_signal)
    assert found.fit is not None
    assert found.fit.signal is not None
    quality = f"{found.fit.signal.chi2:.1f}/{found.fit.signal.degrees_of_freedom}"
    note = f"Gaussian of the simulated signal: mean 125.00, sigma 2.00 GeV, \N{GREEK SMALL LETTER CHI}²/ndf = {quality}"
    loaded = config(UNBLIND)
    samples = [contents.read(loaded, name, path) for name, path in with_signal.items()]
    assert {one.name: one.note for one in gallery.pictures(loaded, samples, None)} == {"cutflow": "", "m_yy": note}


def test_only_what_is_called_signal_makes_the_gaussian(
    config: Callable[..., Config], with_signal: dict[str, Path]
) -> None:
    found = numbers_of(config(UNBLIND, "report.signal=[VBF]"), with_signal)
    assert found.fit is not None
    assert found.fit.result.gaussian is not None
    assert found.fit.result.gaussian.events(55 / 30) == pytest.approx(1.0 * LUMI, rel=1e-3)


@pytest.mark.parametrize(
    ("lumi", "drop", "overrides"),
    [
        (None, (), ()),  # nothing to scale simulation with
        (LUMI, ("gg", "VBF"), ()),  # no simulation
        (LUMI, (), ("report.fit.gaussian=null",)),
        (LUMI, (), ("report.unblind=false",)),
        (LUMI, (), ("report.unblind=false", GIVEN)),
    ],
)
def test_without_a_gaussian_the_sidebands_are_fitted(
    config: Callable[..., Config],
    with_signal: dict[str, Path],
    lumi: float | None,
    drop: tuple[str, ...],
    overrides: tuple[str, ...],
) -> None:
    files = {name: path for name, path in with_signal.items() if name not in drop}
    found = numbers_of(config(UNBLIND, *overrides, lumi=lumi), files)
    assert found.fit is not None
    assert (found.fit.result.gaussian, found.fit.hidden, found.fit.result.bins) == (None, (120.0, 130.0), 24)
    assert axes.fit_label(found.fit).startswith("Sideband fit (pol3)")


def test_signal_without_a_peak_gives_no_gaussian(
    config: Callable[..., Config], write_sample: Callable[..., Path], with_signal: dict[str, Path]
) -> None:
    flat = {"data": with_signal["data"], "gg": write_sample("gg", {"m_yy": -signal(1.0)})}
    found = numbers_of(config(UNBLIND), flat)
    assert found.fit is not None
    assert found.fit.result.gaussian is None


def test_the_degree_and_the_words_of_the_legend(config: Callable[..., Config], with_signal: dict[str, Path]) -> None:
    found = numbers_of(config(UNBLIND, "report.fit.degree=4"), with_signal).fit
    assert found is not None
    assert len(found.result.coefficients) == 5
    assert axes.fit_label(found).startswith("Fit: pol4 + Gaussian fixed to MC\n$\\chi^2$/ndf = ")
    assert axes.fit_label(found).endswith("/25")
    given = numbers_of(config(UNBLIND, GIVEN), with_signal).fit
    assert given is not None
    assert axes.fit_label(given).startswith("Fit: pol3 + fixed Gaussian\n")


def test_a_given_gaussian_is_in_gev_whatever_the_axis(
    config: Callable[..., Config], write_sample: Callable[..., Path]
) -> None:
    data = np.round(BACKGROUND + Gaussian(300.0, 125.0, 2.0)(CENTRES))
    path = write_sample("data", {"m": data}, kind="data", edges=(105e3, 160e3))
    given = "report.fit.gaussian={amplitude: 300, mean: 125, sigma: 2}"
    for title, scale in ((", title: 'm [MeV]'", 1000.0), ("", 1.0)):
        histograms = f"{{m: {{column: h_mass, bins: 30, range: [105000, 160000]{title}}}}}"
        loaded = config(UNBLIND, given, "report.mass=m", histograms=histograms)
        fit = prepare(loaded, "m", [contents.read(loaded, "data", path)]).fit
        assert fit is not None
        assert fit.result.gaussian == Gaussian(300.0, pytest.approx(125.0 * scale), pytest.approx(2.0 * scale))
        assert fit.result.chi2 < 5.0


def test_categories_take_their_gaussian_from_simulation(
    config: Callable[..., Config], write_sample: Callable[..., Path]
) -> None:
    data = np.round(BACKGROUND * 10 + 4000 * signal(1.0))
    files = {
        "data": write_sample("data", {"m_yy": data}, kind="data", categories={"a": {"m_yy": np.round(data / 2)}}),
        "gg": write_sample("gg", {"m_yy": signal(4.0)}, categories={"a": {"m_yy": signal(1.0)}}),
    }
    loaded = config(UNBLIND, GIVEN)
    whole, part = numbers_of(loaded, files).fit, numbers_of(loaded, files, "a").fit
    assert whole is not None
    assert part is not None
    assert whole.source == "config"
    assert part.source == "simulation"
    assert part.result.gaussian is not None
    assert part.result.gaussian.events(55 / 30) == pytest.approx(LUMI, rel=1e-2)


def test_weighted_data_are_fitted_with_the_errors_of_their_weights(
    config: Callable[..., Config], write_sample: Callable[..., Path]
) -> None:
    once = numbers_of(config(UNBLIND), {"data": write_sample("data", {"m_yy": BACKGROUND}, kind="data")}).fit
    tenfold = (BACKGROUND * 10, BACKGROUND * 100)
    scaled = numbers_of(config(UNBLIND), {"data": write_sample("data", {"m_yy": tenfold}, kind="data")}).fit
    assert once is not None
    assert scaled is not None
    assert scaled.result.chi2 == pytest.approx(once.result.chi2)
    assert scaled.result.coefficients == pytest.approx(once.result.coefficients * 10)


def test_everything_about_the_fit_is_written(config: Callable[..., Config], with_signal: dict[str, Path]) -> None:
    numbers = numbers_of(config(UNBLIND), with_signal)
    values: dict[str, Any] = plot_values(numbers)["fit"]
    assert numbers.fit is not None
    result = numbers.fit.result
    assert values["function"] == "polynomial of degree 3 plus fixed Gaussian"
    assert [one["value"] for one in values["parameters"]] == result.coefficients.tolist()
    assert [one["error"] for one in values["parameters"]] == np.sqrt(np.diag(result.covariance)).tolist()
    assert values["covariance"] == result.covariance.tolist()
    assert values["gaussian"]["events"] == pytest.approx(4.0 * LUMI, rel=1e-3)
    assert values["gaussian"]["signal_fit"]["ndf"] == 27
    assert list(values["gaussian"]["signal_fit"]["errors"]) == ["amplitude", "mean", "sigma"]


@pytest.mark.parametrize(("level", "fitted"), [(3.0, False), (4.9, False), (5.0, True), (20.0, True)])
def test_too_few_events_give_no_fit(
    config: Callable[..., Config], write_sample: Callable[..., Path], level: float, *, fitted: bool
) -> None:
    """Least squares would leave empty bins out and lie above the data."""
    values = np.where(np.arange(30) % 3 == 0, level, 8.0)  # a third of the bins
    path = write_sample("data", {"m_yy": values}, kind="data")
    numbers = numbers_of(config(UNBLIND), {"data": path})
    assert (numbers.fit is not None) is fitted
    words = [text.get_text() for text in draw.figure(numbers).axes[0].get_legend().get_texts()]
    assert ("No fit: too few events" in words) is not fitted
