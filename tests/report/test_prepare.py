"""The numbers of plots: scaled, summed, fitted, and free of what is blinded."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import uproot

from rdfplugins.errors import InputError
from rdfplugins.report import contents
from rdfplugins.report.gallery import shown_names
from rdfplugins.report.prepare import prepare, round_factor

from .conftest import BACKGROUND, CENTRES, EDGES, HIDDEN, LUMI, SECRET, secret_data, signal, th1

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from rdfplugins.config import Config
    from rdfplugins.report.model import PlotNumbers


def numbers_of(config: Config, files: Mapping[str, Path], name: str = "m_yy") -> PlotNumbers:
    return prepare(config, name, [contents.read(config, sample, path) for sample, path in files.items()])


def every_number(value: Any) -> list[float]:
    """Return all numbers anywhere in a structure of dataclasses, tuples and arrays."""
    if dataclasses.is_dataclass(value):
        return [x for field in dataclasses.fields(value) for x in every_number(getattr(value, field.name))]
    if isinstance(value, (tuple, list)):
        return [x for item in value for x in every_number(item)]
    if isinstance(value, np.ndarray):
        return [float(x) for x in value.ravel()]
    return [float(value)] if isinstance(value, (int, float)) else []


def test_signal_is_scaled_to_the_luminosity_and_summed_by_label(
    config: Callable[..., Config], write_sample: Callable[..., Path]
) -> None:
    files = {
        "a": write_sample("a", {"m_yy": signal(0.04)}, label="ggH"),
        "b": write_sample("b", {"m_yy": signal(0.004)}, label="VBF"),
        "c": write_sample("c", {"m_yy": signal(0.01)}, label="ggH"),
    }
    found = numbers_of(config(), files)
    assert [(part.label, part.samples) for part in found.stack] == [("VBF", ("b",)), ("ggH", ("a", "c"))]
    assert found.stack[0].values == pytest.approx(signal(0.004) * LUMI)
    assert found.stack[1].values == pytest.approx(signal(0.05) * LUMI)
    assert found.stack[1].variances == pytest.approx(signal(0.05) * LUMI**2)
    assert found.total.sum() == pytest.approx(0.054 * LUMI)
    assert found.quantity == "events"


def test_data_samples_are_added_up_with_poisson_errors(
    config: Callable[..., Config], write_sample: Callable[..., Path]
) -> None:
    files = {
        "data": write_sample("data", {"m_yy": BACKGROUND}, kind="data"),
        "more": write_sample("more", {"m_yy": np.full(30, 7.0)}, kind="data"),
    }
    found = numbers_of(config("report.unblind=true"), files)
    assert found.data is not None
    assert found.data.values == pytest.approx(BACKGROUND + 7)
    assert found.data.up == pytest.approx(np.sqrt(BACKGROUND + 7) + 0.5, abs=0.6)
    assert np.all(found.data.up > found.data.down)


def test_weighted_data_have_the_errors_of_their_weights(
    config: Callable[..., Config], write_sample: Callable[..., Path]
) -> None:
    files = {"data": write_sample("data", {"m_yy": (BACKGROUND * 2, BACKGROUND * 4)}, kind="data")}
    found = numbers_of(config("report.unblind=true"), files)
    assert found.data is not None
    assert found.data.up == pytest.approx(2 * np.sqrt(BACKGROUND))
    assert found.data.down == pytest.approx(2 * np.sqrt(BACKGROUND))


def test_nothing_prepared_holds_blinded_data(config: Callable[..., Config], three: dict[str, Path]) -> None:
    blind = numbers_of(config(), three)
    assert blind.blinded == (120.0, 130.0)
    assert blind.data is not None
    assert blind.residual is not None
    for array in (*dataclasses.astuple(blind.data), *dataclasses.astuple(blind.residual)):
        assert np.all(np.isnan(array[HIDDEN]))
        assert np.all(np.isfinite(np.delete(array, range(*HIDDEN.indices(30)))))
    secrets = {float(x) for x in SECRET} | {float(SECRET.sum()), float(secret_data().sum())}
    assert not secrets & set(every_number(blind))
    shown = numbers_of(config("report.unblind=true"), three)
    assert shown.blinded is None
    assert {float(x) for x in SECRET} <= set(every_number(shown))


def test_blinded_events_do_not_move_anything_that_is_drawn(
    config: Callable[..., Config], three: dict[str, Path], write_sample: Callable[..., Path]
) -> None:
    before = numbers_of(config(), three)
    write_sample("data", {"m_yy": np.where(np.isin(np.arange(30), range(8, 14)), 0.0, BACKGROUND)}, kind="data")
    after = numbers_of(config(), three)
    np.testing.assert_array_equal(every_number(before), every_number(after))


def test_data_that_are_all_blinded_are_as_good_as_none(
    config: Callable[..., Config], write_sample: Callable[..., Path]
) -> None:
    values = np.zeros(30)
    values[HIDDEN] = SECRET
    found = numbers_of(config(), {"data": write_sample("data", {"m_yy": values}, kind="data")})
    assert found.data is None
    assert found.fit is None


def test_without_a_gaussian_the_sidebands_are_fitted_even_if_the_window_is_shown(
    config: Callable[..., Config], three: dict[str, Path]
) -> None:
    found = numbers_of(config("report.unblind=true", "report.fit.gaussian=null"), three)
    assert found.fit is not None
    assert found.fit.result.bins == 24
    assert found.fit.hidden == (120.0, 130.0)
    assert found.residual is not None
    assert found.data is not None
    assert found.residual.values == pytest.approx(found.data.values - found.fit.result.background(CENTRES))
    outside = np.delete(found.residual.values, range(8, 14))
    assert np.abs(outside).max() < 15  # of 900 to 150: the exponential is nearly a cubic
    assert found.residual.values[10] == pytest.approx(7733 - BACKGROUND[10], abs=15)


def test_without_signal_or_without_data(config: Callable[..., Config], three: dict[str, Path]) -> None:
    only_data = numbers_of(config(), {"data": three["data"]})
    assert only_data.stack == ()
    assert only_data.band is None
    assert only_data.factor is None
    assert only_data.residual is not None
    only_signal = numbers_of(config(), {"gg": three["gg"]})
    assert only_signal.data is None
    assert only_signal.factor is None
    assert only_signal.fit is None
    assert only_signal.band is not None
    assert only_signal.band.statistical == pytest.approx(np.sqrt(signal(0.04) * 1e-5) * LUMI)
    assert only_signal.residual is None
    assert only_signal.blinded is None


def test_empty_samples_are_left_out(config: Callable[..., Config], write_sample: Callable[..., Path]) -> None:
    empty = np.zeros(30)
    files = {
        "gg": write_sample("gg", {"m_yy": empty}),
        "data": write_sample("data", {"m_yy": empty}, kind="data"),
    }
    found = numbers_of(config(), files)
    assert found.data is None
    assert found.stack == ()


def test_few_data_events_are_drawn_without_a_fit(
    config: Callable[..., Config], write_sample: Callable[..., Path]
) -> None:
    values = np.zeros(30)
    values[[1, 5, 20]] = [2, 1, 1]
    found = numbers_of(config(), {"data": write_sample("data", {"m_yy": values}, kind="data")})
    assert found.data is not None
    assert found.fit is None
    assert found.residual is None


def test_without_a_luminosity_simulation_is_not_set_beside_data(
    config: Callable[..., Config], three: dict[str, Path]
) -> None:
    together = numbers_of(config(lumi=None), three)
    assert together.stack == ()
    assert together.data is not None
    alone = numbers_of(config(lumi=None), {"gg": three["gg"]})
    assert alone.quantity == "pb"
    assert alone.total.sum() == pytest.approx(0.04)
    unweighted = numbers_of(config("select.weight=null"), {"gg": three["gg"]})
    assert unweighted.quantity == "unweighted events"
    assert unweighted.total.sum() == pytest.approx(0.04)  # a luminosity is nothing to scale counts with


@pytest.mark.parametrize(
    ("height", "limit", "factor"),
    [(1.0, 0.5, 1), (1.0, 1.0, 1), (1.0, 4.9, 2), (1.0, 5.0, 5), (1.0, 99.0, 50), (0.3, 300.0, 1000), (100, 1050, 10)],
)
def test_factor_is_round(height: float, limit: float, factor: int) -> None:
    assert round_factor(height, limit) == factor


def test_small_signal_gets_a_line_and_a_large_one_none(config: Callable[..., Config], three: dict[str, Path]) -> None:
    small = numbers_of(config(), three)
    assert small.factor is not None
    # the next round factor would lift it above 35 % of the data
    assert small.factor * small.total.max() <= 0.35 * BACKGROUND.max() < 2.5 * small.factor * small.total.max()
    assert numbers_of(config(lumi=100 * LUMI), three).factor is None


def test_words_about_the_events(config: Callable[..., Config], write_sample: Callable[..., Path]) -> None:
    files = {
        "data": write_sample("data", {"m_yy": BACKGROUND}, kind="data"),
        "gg": write_sample("gg", {"m_yy": BACKGROUND}),
    }
    real = numbers_of(config(), files).remarks
    assert (real.title, real.simulation, real.data_simulated, real.partial) == (None, False, False, False)
    write_sample("gg", {"m_yy": BACKGROUND}, simulation=True, partial=True)
    toy = numbers_of(config(), files).remarks
    assert (toy.simulation, toy.data_simulated, toy.partial) == (True, False, True)
    write_sample("data", {"m_yy": BACKGROUND}, kind="data", simulation=True)
    assert numbers_of(config(), files).remarks.data_simulated


def test_samples_that_stand_alone_are_called_by_their_labels(
    config: Callable[..., Config], write_sample: Callable[..., Path]
) -> None:
    files = {
        "gg": write_sample("gg", {"m_yy": BACKGROUND}, label="Wp"),
        "data": write_sample("data", {"m_yy": BACKGROUND}, kind="data", label="gg"),
    }
    loaded = config("select.steps=[{node: diphoton.select}]")
    samples = [contents.read(loaded, name, path) for name, path in files.items()]
    assert shown_names(loaded, samples) == ["W⁺H", "data"]
    files["VBF"] = write_sample("VBF", {"m_yy": BACKGROUND}, label="Wp")
    samples = [contents.read(loaded, name, path) for name, path in files.items()]
    assert shown_names(loaded, samples) == ["gg", "data", "VBF"]


OTHERS = "{m_yy: {column: m_yy, bins: 30, range: [105, 160]}, pt: {column: pt_yy, bins: 30, range: [105, 160]}}"


def test_other_quantities_are_not_fitted_and_hidden_where_the_mass_is(
    config: Callable[..., Config], write_sample: Callable[..., Path]
) -> None:
    data = {"m_yy": BACKGROUND, "pt": secret_data()}
    files = {"data": write_sample("data", data, kind="data")}
    blind = numbers_of(config(histograms=OTHERS), files, "pt")
    assert (blind.data, blind.data_hidden, blind.ratio) == (None, True, None)
    found = numbers_of(config("report.unblind=true", histograms=OTHERS), files, "pt")
    assert found.data is not None
    assert found.data.values == pytest.approx(secret_data())
    assert (found.is_mass, found.blinded, found.fit, found.data_hidden) == (False, None, None, False)


def test_masses_in_mev_are_drawn_in_gev(config: Callable[..., Config], write_sample: Callable[..., Path]) -> None:
    mev = "{m: {column: h_mass, bins: 30, range: [105000, 160000]}}"
    path = write_sample("data", {"m": secret_data()}, kind="data", edges=(105e3, 160e3))
    found = numbers_of(config("report.mass=m", histograms=mev), {"data": path}, "m")
    assert found.edges == pytest.approx(EDGES)
    assert found.unit == "GeV"
    assert found.blinded == pytest.approx((120.0, 130.0))
    assert found.data is not None
    assert np.array_equal(np.isnan(found.data.values), np.isin(np.arange(30), range(8, 14)))
    assert found.fit is not None
    assert math.isfinite(found.fit.result.chi2)


def test_units_come_from_the_titles_of_branches(config: Callable[..., Config], tmp_path: Path) -> None:
    root = pytest.importorskip("ROOT")
    path = tmp_path / "gg.root"
    file = root.TFile.Open(str(path), "RECREATE")
    tree = root.TTree("events", "")
    values = [np.zeros(1), np.zeros(1)]
    tree.Branch("pt_yy", values[0], "pt_yy/D").SetTitle("pt_yy/D in MeV")
    tree.Branch("njet", values[1], "njet/D")
    tree.Write()
    file.WriteObject(root.TH1D("pt", "", 4, 0.0, 200e3), "pt")
    file.WriteObject(root.TH1D("n", "", 4, 0.0, 4.0), "n")
    cutflow = '"cutflow": {"sample": "gg", "kind": "mc", "bad_weights": 0, "cuts": []}'
    sample = '"sample": {"kind": "mc", "label": "gg", "simulation": false}'
    file.WriteObject(root.TObjString(f'{{{sample}, "partial": false, {cutflow}}}'), "provenance")
    file.Close()
    histograms = "{pt: {column: pt_yy, bins: 4, range: [0, 200000]}, n: {column: njet, bins: 4, range: [0, 4]}}"
    loaded = config(histograms=histograms)
    momentum = numbers_of(loaded, {"gg": path}, "pt")
    assert momentum.unit == "GeV"
    assert momentum.edges == pytest.approx([0, 50, 100, 150, 200])
    assert numbers_of(loaded, {"gg": path}, "n").unit == ""


def test_files_of_another_config_are_refused(config: Callable[..., Config], write_sample: Callable[..., Path]) -> None:
    path = write_sample("gg", {"m_yy": np.ones(20)})
    with pytest.raises(InputError, match="'m_yy' has other bins than the config; run the stage select again"):
        contents.read(config(), "gg", path)
    path = write_sample("gg", {"m_yy": np.ones(30)}, edges=(105.0, 161.0))
    with pytest.raises(InputError, match="'m_yy' has other bins than the config"):
        contents.read(config(), "gg", path)
    path = write_sample("gg", {"other": np.ones(30)})
    with pytest.raises(InputError, match="no histogram 'm_yy'"):
        contents.read(config(), "gg", path)


def test_files_without_our_provenance_are_refused(config: Callable[..., Config], tmp_path: Path) -> None:
    path = tmp_path / "gg.root"
    with pytest.raises(InputError, match="no output of the stage select for sample 'gg'"):
        contents.read(config(), "gg", path)
    with uproot.recreate(path) as file:
        file["m_yy"] = th1("m_yy", np.ones(30), np.ones(30), 105.0, 160.0)
        file["provenance"] = '{"partial": false}'
    with pytest.raises(InputError, match="its provenance has no 'sample'"):
        contents.read(config(), "gg", path)
