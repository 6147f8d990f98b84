"""Categories: plots and yields of each, and data that the yields would give away."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from rdfplugins import report
from rdfplugins.errors import InputError
from rdfplugins.pages import unique
from rdfplugins.report import contents
from rdfplugins.report.blinding import blinding
from rdfplugins.report.prepare import prepare
from rdfplugins.report.yields import category_grids

from .conftest import BACKGROUND, HIDDEN, LUMI, SECRET, cut, secret_data, signal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rdfplugins.config import Config

UNBLIND = "report.unblind=true"
SHARES = {"central": 0.5, "forward": 0.25}


def parts(values: np.ndarray) -> dict[str, dict[str, Any]]:
    return {name: {"m_yy": share * values} for name, share in SHARES.items()}


@pytest.fixture
def split(write_sample: Callable[..., Path]) -> dict[str, Path]:
    """Return a signal with a variation, and data with secrets, in two categories that leave a quarter of all."""
    whole, varied = signal(0.04), signal(0.05)
    return {
        "gg": write_sample(
            "gg",
            {"m_yy": whole},
            categories=parts(whole),
            variations={"pt_up": {"m_yy": varied}},
            varied_categories={"pt_up": parts(varied)},
        ),
        "data": write_sample("data", {"m_yy": 4 * secret_data()}, kind="data", categories=parts(4 * secret_data())),
    }


def test_each_category_has_numbers_of_its_own(config: Callable[..., Config], split: dict[str, Path]) -> None:
    samples = [contents.read(config(UNBLIND), name, path) for name, path in split.items()]
    found = prepare(config(UNBLIND), "m_yy", samples, category="forward", name="x")
    assert (found.name, found.histogram, found.category) == ("x", "m_yy", "forward")
    assert found.total == pytest.approx(0.25 * LUMI * signal(0.04))
    assert found.data is not None
    assert found.data.values == pytest.approx(secret_data())
    assert found.band is not None
    assert found.band.up == pytest.approx(0.25 * LUMI * signal(0.01))
    assert found.residual is not None


def test_plots_tables_and_json(config: Callable[..., Config], split: dict[str, Path], tmp_path: Path) -> None:
    written = report.run(config(UNBLIND), split, tmp_path / "out")
    names = [path.name for path in written]
    assert names[8:14] == [f"m_yy_{category}.{ending}" for category in SHARES for ending in ("png", "pdf", "json")]
    samples = json.loads((tmp_path / "out" / "report" / "cutflow.json").read_text())["samples"]
    central = samples["gg"]["categories"]["central"]
    assert central["expected"] == pytest.approx(20.0)
    assert central["expected_error"] == pytest.approx(LUMI * np.sqrt(0.02))
    assert central["efficiency"] == pytest.approx(0.5)
    assert central["variations"]["pt_up"]["expected"] == pytest.approx(25.0)
    assert central["variations"]["pt_up"]["relative"] == pytest.approx(0.25)
    total = int(secret_data().sum())
    assert samples["data"]["categories"]["central"]["events"] == 2 * total
    assert samples["data"]["categories"]["none"]["events"] == total
    text = (tmp_path / "out" / "report" / "cutflow.md").read_text()
    raw, expected = text.partition("## Categories: raw events")[2].split("## Categories: events expected in 1/fb")
    assert f"| central | 0 | {2 * total} |" in raw
    assert f"| none | 10 ± 100 | {total} |" in expected


def test_data_of_categories_are_blinded(config: Callable[..., Config], split: dict[str, Path], tmp_path: Path) -> None:
    loaded = config()
    report.run(loaded, split, tmp_path / "out")
    folder = tmp_path / "out" / "report"
    samples = json.loads((folder / "cutflow.json").read_text())["samples"]
    for cell in samples["data"]["categories"].values():
        assert cell["blinded"]
        assert {value for key, value in cell.items() if key != "blinded"} == {None}
    values = json.loads((folder / "m_yy_forward.json").read_text())
    assert values["data"]["values"][HIDDEN] == [None] * 6
    assert values["data"]["values"][:8] == pytest.approx(BACKGROUND[:8])
    assert values["fit"]["excluded"] == [120.0, 130.0]
    grids = category_grids(
        [contents.read(loaded, name, path) for name, path in split.items()], LUMI, blinding=blinding(loaded)
    )
    assert [row[2] for row in grids[0].rows] == ["blinded"] * 3
    numbers = {float(x) for x in SECRET}
    for path in folder.glob("*.json"):
        assert not numbers & set(all_numbers(json.loads(path.read_text())))


def test_categories_by_the_mass_show_no_data(
    config: Callable[..., Config], split: dict[str, Path], tmp_path: Path
) -> None:
    loaded = config("select.categories={central: m_yy > 120 && m_yy < 130, forward: 'true'}")
    report.run(loaded, split, tmp_path / "out")
    folder = tmp_path / "out" / "report"
    for category in SHARES:
        values = json.loads((folder / f"m_yy_{category}.json").read_text())
        assert (values["data"], values["data_hidden"], values["blinded"]) == (None, True, None)
        assert values["stack"]
    cells = json.loads((folder / "cutflow.json").read_text())["samples"]["data"]["categories"].values()
    assert all(cell["blinded"] and cell["events"] is None for cell in cells)


def test_no_byte_depends_on_blinded_data(
    config: Callable[..., Config], write_sample: Callable[..., Path], tmp_path: Path
) -> None:
    """Neither the window, nor what of other quantities, of yields and of cuts would tell how many events are in it."""
    histograms = "{m_yy: {column: m_yy, bins: 30, range: [105, 160]}, pt: {column: x, bins: 30, range: [105, 160]}}"
    loaded = config("report.log=[m_yy, pt]", histograms=histograms)
    simulated = {"m_yy": signal(0.1), "pt": signal(0.2)}
    files = {"gg": write_sample("gg", simulated, categories=dict.fromkeys(SHARES, simulated))}
    found = []
    for hidden in (7.0, 12345.0):
        mass = BACKGROUND.copy()
        mass[HIDDEN] = hidden
        data = {"m_yy": mass, "pt": mass[::-1] * hidden}
        total = float(mass.sum())
        cuts = [cut("all", 99999, 99999.0, 99999.0), cut("mass_105_160", int(total), total, total)]
        shares = {name: {"m_yy": mass, "pt": mass * hidden} for name in SHARES}
        files["data"] = write_sample("data", data, kind="data", cuts=cuts, categories=shares)
        written = report.run(loaded, files, tmp_path / str(hidden))
        found.append({path.name: path.read_bytes() for path in written})
    assert len(found[0]) > 15
    assert found[0] == found[1]


def all_numbers(value: Any) -> list[float]:
    if isinstance(value, dict):
        return [number for item in value.values() for number in all_numbers(item)]
    if isinstance(value, list):
        return [number for item in value for number in all_numbers(item)]
    return [float(value)] if isinstance(value, (int, float)) else []


def test_histograms_of_an_earlier_cut_have_no_categories(
    config: Callable[..., Config], write_sample: Callable[..., Path], tmp_path: Path
) -> None:
    early = "early: {column: x, bins: 30, range: [105, 160], after: all}"
    histograms = f"{{m_yy: {{column: m_yy, bins: 30, range: [105, 160]}}, {early}}}"
    whole = {"m_yy": signal(1.0), "early": signal(2.0)}
    files = {"gg": write_sample("gg", whole, categories={"a": {"m_yy": signal(0.5)}})}
    written = report.run(config(histograms=histograms), files, tmp_path / "out")
    stems = list(dict.fromkeys(path.stem for path in written[3:]))
    assert stems == ["cutflow", "m_yy", "early", "m_yy_a"]


def test_a_missing_histogram_of_a_category_is_named(
    config: Callable[..., Config], write_sample: Callable[..., Path]
) -> None:
    path = write_sample("gg", {"m_yy": signal(1.0)}, categories={"a": {}})
    with pytest.raises(InputError, match="no histogram 'categories/a/m_yy'; run the stage select again"):
        contents.read(config(), "gg", path)


def test_names_of_files_never_meet() -> None:
    taken = {"m_yy", "m_yy_central"}
    assert unique("m_yy_central", taken) == "m_yy_central_2"
    assert unique("M_YY_central", taken) == "M_YY_central_3"
    assert unique("m_yy_../../etc <b>", taken) == "m_yy_.._.._etc__b_"
    assert unique("new", taken) == "new"
    assert "new" in taken


def test_a_histogram_keeps_its_name_beside_a_category_of_another(
    config: Callable[..., Config], write_sample: Callable[..., Path], tmp_path: Path
) -> None:
    histograms = "{m_yy: {column: m_yy, bins: 30, range: [105, 160]}, m_yy_a: {column: x, bins: 30, range: [105, 160]}}"
    whole = {"m_yy": signal(1.0), "m_yy_a": signal(2.0)}
    files = {"gg": write_sample("gg", whole, categories={"a": {name: values / 2 for name, values in whole.items()}})}
    report.run(config(histograms=histograms), files, tmp_path / "out")
    folder = tmp_path / "out" / "report"
    found = {path.stem: json.loads(path.read_text()) for path in folder.glob("m_yy*.json")}
    assert {stem: (one["histogram"], one["category"]) for stem, one in found.items()} == {
        "m_yy": ("m_yy", None),
        "m_yy_a": ("m_yy_a", None),
        "m_yy_a_2": ("m_yy", "a"),
        "m_yy_a_a": ("m_yy_a", "a"),
    }
