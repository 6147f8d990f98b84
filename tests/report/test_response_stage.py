"""A response in the report: what it reads, what it says, what it writes, and that it leaves data alone."""

from __future__ import annotations

import html
import json
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import uproot

from rdfplugins import plotting, report
from rdfplugins.config import load_config
from rdfplugins.errors import ConfigErrors
from rdfplugins.report.response import made, separation
from rdfplugins.response import responses
from tests.oracle import response as oracle

from .response_trees import LINES, columns_of, config_of, four_files, write_file

if TYPE_CHECKING:
    from pathlib import Path

    from rdfplugins.config import Config

VECTOR = "the column 'vector' of sample 'H' holds a vector of float64; one number an event is needed"
NOT_LISTED = "; of the input's branches, only those are written that select.output.columns lists, with all else"
SIDES = "{estimates: [ml_mass, m_vis], separation: {background: Z, signal: Higgs}}"


WRITE = plotting.write


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """Return the files; nothing is drawn, which takes most of the time, but in tests that ask for ``drawn``."""
    monkeypatch.setattr(plotting, "write", lambda make, name, folder: ())
    return four_files(tmp_path)


@pytest.fixture
def drawn(files: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    monkeypatch.setattr(plotting, "write", WRITE)
    return files


def run(config: Config, files: dict[str, Path], folder: Path) -> tuple[Path, list[str]]:
    said: list[str] = []
    report.run(config, files, folder, said.append)
    return folder / "report", said


def numbers(folder: Path, name: str = "response") -> Any:
    return json.loads((folder / f"{name}.json").read_text())


def of_split(path: Path, split: int | None) -> dict[str, np.ndarray]:
    with uproot.open(path) as file:
        found = file["t"].arrays(library="np")
    return found if split is None else {name: values[found["split"] == split] for name, values in found.items()}


def test_all_that_is_written(tmp_path: Path, drawn: dict[str, Path]) -> None:
    folder, said = run(config_of(tmp_path, SIDES), drawn, tmp_path / "out")
    names = {path.name for path in folder.iterdir() if path.stem.startswith(("response", "separation"))}
    plots = ["response", *(f"response_{channel}" for channel in ("tt", "mt", "et")), "separation"]
    assert names == {"response.md", *(f"{plot}.{ending}" for plot in plots for ending in ("png", "pdf", "json"))}
    assert said == ["response of ml_mass, m_vis: 3000 events of H, Z (test events)"]
    text = (folder / "response.md").read_text()
    for words in (
        "## Response: median of estimate / truth",
        "## Response: relative resolution",
        "## Response: calibration, 1 / median",
        "## Response: sensitivity, d ln(estimate) / d ln(truth)",
        "## Response: resolution over sensitivity",
        "## Response in channel et: median; relative resolution",
        "## Separation of Higgs from Z: the same events",
        "Simulated events of H, Z (test events); each event counts once.",
        "Channels with too few events in all bins: em, mm, ee.",
        "| genMass / GeV | events | m_ML | m_vis |",
    ):
        assert words in text
    page = html.unescape((folder / "index.html").read_text())
    for words in (">Response</h2>", ">Separation</h2>", "response_tt.png", 'href="response.md"', "(test events)"):
        assert words in page
    assert page.index("response.png") < page.index("Response: relative resolution")


def test_numbers_are_those_of_the_events(tmp_path: Path, files: dict[str, Path]) -> None:
    folder, _ = run(config_of(tmp_path), files, tmp_path / "out")
    found = numbers(folder)
    assert list(found["estimates"]) == ["ml_mass", "m_vis", "m_coll"]
    assert (found["split"], found["samples"], found["weight"]) == ("test", ["H", "Z"], None)
    parts = [of_split(files[name], 2) for name in ("H", "Z")]
    truth = np.concatenate([part["genMass"] for part in parts])
    for column, stored in found["estimates"].items():
        expected = responses(np.concatenate([part[column] for part in parts]), truth, found["edges"])
        for one, other in zip(stored["bins"], expected, strict=True):
            assert one["events"] == other.events
            if other.events >= 20:
                assert one["median"] == pytest.approx(other.median, rel=1e-12)
                assert one["width"] == pytest.approx(other.width, rel=1e-12)
                assert one["calibration"] == pytest.approx(1 / other.median)
                assert one["estimated"] == pytest.approx(other.defined * other.events)
            else:
                assert one["median"] is one["width"] is one["calibration"] is None
    assert found["estimates"]["m_coll"]["share_with_estimate"] == pytest.approx(0.5)
    (bin_,) = [one for one in found["estimates"]["m_vis"]["bins"] if one["low"] == 90]
    assert bin_["median"] == pytest.approx(0.7, abs=5 * bin_["median_error"])
    channel = numbers(folder, "response_mt")
    rows = np.concatenate([part["channel"] for part in parts]) == 1
    expected = responses(np.concatenate([part["m_vis"] for part in parts])[rows], truth[rows], (90, 135))[0]
    (bin_,) = [one for one in channel["estimates"]["m_vis"]["bins"] if one["low"] == 90]
    assert (bin_["events"], bin_["median"]) == (expected.events, pytest.approx(expected.median, rel=1e-12))
    assert bin_["few_events"]
    text = (folder / "response.md").read_text()
    assert "Without an estimate, and left out of median and resolution: m_coll for 50.0 % of the events." in text


@pytest.mark.parametrize(("split", "number"), [("train", 0), ("val", 1), ("test", 2), ("all", None)])
def test_only_events_of_the_split_are_looked_at(
    tmp_path: Path, files: dict[str, Path], split: str, number: int | None
) -> None:
    config = config_of(tmp_path, f"{{split: {split}, estimates: m_vis, samples: H}}")
    folder, said = run(config, files, tmp_path / "out")
    events = len(of_split(files["H"], number)["m_vis"])
    stored = numbers(folder)
    assert sum(one["events"] for one in stored["estimates"]["m_vis"]["bins"]) == events
    assert stored["split"] == split
    assert f"{events} events of H (" in said[0]


def test_weights_are_taken_where_they_are_asked_for(tmp_path: Path, files: dict[str, Path]) -> None:
    config = config_of(tmp_path, "{weighted: true, estimates: m_vis, samples: H, edges: [50, 200]}")
    folder, _ = run(config, files, tmp_path / "out")
    (one,) = numbers(folder)["estimates"]["m_vis"]["bins"]
    events = of_split(files["H"], 2)
    ratios = (events["m_vis"] / events["genMass"].astype(float)).tolist()
    assert one["median"] == pytest.approx(oracle.weighted_quantile(ratios, events["weight"].tolist(), 0.5), rel=1e-9)
    assert numbers(folder)["weight"] == "weight"
    assert "events are weighted by weight" in (folder / "response.md").read_text()


@pytest.mark.parametrize("weight", ["weight", "2 * weight", None])
def test_separation_is_that_of_all_pairs_of_weighted_events(
    tmp_path: Path, files: dict[str, Path], weight: str | None
) -> None:
    folder, _ = run(config_of(tmp_path, SIDES, weight=weight), files, tmp_path / "out")
    found = numbers(folder, "separation")
    sides = []
    for name in ("Z", "H"):
        events = of_split(files[name], 2)
        weights = np.ones(len(events["m_vis"])) if weight is None else events["weight"]
        sides.append(list(zip(events["m_vis"][:250].tolist(), weights[:250].tolist(), strict=True)))
    stored = found["estimates"]["m_vis"]["same_events"]
    # all pairs of some of the events are a sample of those of all
    assert stored["area"] == pytest.approx(oracle.roc_area(*sides), abs=0.07)
    assert stored["background_events"] == stored["signal_events"] == 1500
    assert found["estimates"]["ml_mass"]["same_events"]["area"] > stored["area"] > 0.5
    assert found["weight"] == weight


def test_events_with_bad_weights_are_left_out_and_counted(tmp_path: Path, files: dict[str, Path]) -> None:
    columns = columns_of(125, 2000, seed=1)
    columns["weight"][columns["split"] == 2] = np.where(np.arange(500) < 3, np.nan, 1.0)
    write_file(files["H"], columns, label="Higgs")
    folder, _ = run(config_of(tmp_path, SIDES), files, tmp_path / "out")
    text = (folder / "response.md").read_text()
    assert "Left out of the separation, as their weight is NaN or infinite: 3 events." in text
    assert numbers(folder, "separation")["estimates"]["m_vis"]["own_events"]["signal_events"] == 497


def test_data_are_not_opened(tmp_path: Path, files: dict[str, Path]) -> None:
    first, _ = run(config_of(tmp_path, SIDES), files, tmp_path / "one")
    write_file(files["data"], {"nothing": np.zeros(300)}, kind="data")
    second, _ = run(config_of(tmp_path, SIDES), files, tmp_path / "two")
    for name in ("response.json", "response.md", "response_tt.json", "separation.json"):
        assert (first / name).read_bytes() == (second / name).read_bytes()


def test_files_of_an_earlier_response_are_removed(tmp_path: Path, files: dict[str, Path]) -> None:
    folder, _ = run(config_of(tmp_path, SIDES), files, tmp_path / "out")
    (folder / "response_tt.png").write_text("of an earlier report")
    run(config_of(tmp_path, "{channels: {}}"), files, tmp_path / "out")
    assert sorted(path.name for path in folder.glob("response*")) == ["response.json", "response.md"]
    assert not list(folder.glob("separation*"))
    path = tmp_path / "made_up.yaml"
    path.write_text(path.read_text().replace("  response: {channels: {}}\n", ""))
    from rdfplugins.config import load_config

    folder, _ = run(load_config(path), files, tmp_path / "out")
    assert not list(folder.glob("response*"))


def test_channels_of_the_config_may_be_any_conditions(tmp_path: Path, files: dict[str, Path]) -> None:
    folder, _ = run(config_of(tmp_path, '{channels: {hard: "m_vis > 80 && channel != 0"}}'), files, tmp_path / "out")
    events = [of_split(files[name], 2) for name in ("H", "Z")]
    expected = sum(int(np.count_nonzero((one["m_vis"] > 80) & (one["channel"] != 0))) for one in events)
    found = numbers(folder, "response_hard")
    assert sum(one["events"] for one in found["estimates"]["m_vis"]["bins"]) == expected
    assert found["channel"] == "hard"


def test_a_histogram_keeps_the_name_of_its_files(tmp_path: Path, files: dict[str, Path]) -> None:
    from tests.report.conftest import th1

    shown = ", histograms: {response: {column: m_vis, bins: 2, range: [0, 2]}}"
    for path in files.values():
        with uproot.update(path) as file:
            file["response"] = th1("response", np.ones(2), np.ones(2), 0.0, 2.0)
    config = config_of(tmp_path, SIDES, more=shown)
    folder, _ = run(config, files, tmp_path / "out")
    assert "histogram" in numbers(folder)
    assert "estimates" in numbers(folder, "response_2")
    assert (folder / "response_2_tt.json").is_file()


def test_without_a_split_all_events_are_taken(tmp_path: Path, files: dict[str, Path]) -> None:
    for name, path in files.items():
        columns = columns_of(125 if name == "H" else 91, 3000, seed=5)
        write_file(path, {key: values for key, values in columns.items() if key != "split"}, label=name)
    folder, said = run(config_of(tmp_path, "{samples: [H, Z]}"), files, tmp_path / "out")
    assert said == ["response of ml_mass, m_vis, m_coll: 6000 events of H, Z"]
    assert numbers(folder)["split"] is None


def trained(tmp_path: Path, response: str, fractions: str, train: str = "{model: mine}") -> Config:
    config = config_of(tmp_path, response, more=f", split: {{fractions: {fractions}}}")
    return with_sections(config, f"train: {train}\nml: {{model: mine}}\n")


def with_sections(config: Config, sections: str) -> Config:
    config.path.write_text(config.path.read_text().replace("report:\n", f"{sections}report:\n"))
    return load_config(config.path)


FLATTERED = "holds events of the training: flatters m_ML"


@pytest.mark.parametrize(
    ("response", "fractions", "events", "said"),
    [
        ("{}", "{train: 0.5, val: 0.2, test: 0.3}", "test events", None),
        ("{}", "{train: 0.7, val: 0.3}", "validation events", "response: Validation events chose the epoch"),
        ("{}", "{train: 1}", "all splits (train)", f"warning: response: {FLATTERED}."),
        ("{split: all}", "{train: 0.7, val: 0.3}", "all splits (train, val)", f"warning: response: {FLATTERED}."),
        ("{split: all, estimates: m_vis}", "{train: 0.7, val: 0.3}", "all splits (train, val)", None),
        ("{split: train}", "{train: 0.7, val: 0.3}", "training events", f"warning: response: {FLATTERED}."),
    ],
)
def test_events_of_a_training_are_not_judged_silently(  # noqa: PLR0917 (its parameters)
    tmp_path: Path, files: dict[str, Path], response: str, fractions: str, events: str, said: str | None
) -> None:
    folder, lines = run(trained(tmp_path, response, fractions), files, tmp_path / "out")
    assert lines[0].endswith(f" events of H, Z ({events})")
    assert [line.startswith(said or "") for line in lines[1:]] == ([] if said is None else [True])
    for name in ("response.md", "index.html"):
        assert ("chose the epoch" in (folder / name).read_text()) == (events == "validation events")
        assert (FLATTERED in (folder / name).read_text()) == (said is not None and "warning" in said)


def test_a_training_of_other_samples_or_files_is_no_certain_fault(tmp_path: Path, files: dict[str, Path]) -> None:
    _, lines = run(trained(tmp_path, "{samples: H}", "{train: 1}", "{model: mine, samples: Z}"), files, tmp_path / "a")
    assert len(lines) == 1
    _, lines = run(trained(tmp_path, "{}", "{train: 1}", "{model: mine, from: a.root}"), files, tmp_path / "b")
    assert lines[1] == "warning: response: may hold events of the training: flatters m_ML."


def test_without_a_training_all_events_are_as_good(tmp_path: Path, files: dict[str, Path]) -> None:
    config = config_of(tmp_path, more=", split: {fractions: {train: 0.6, val: 0.4}}")
    _, lines = run(config, files, tmp_path / "out")
    assert lines == ["response of ml_mass, m_vis, m_coll: 12000 events of H, Z (all splits (train, val))"]


def with_branches(tmp_path: Path, files: dict[str, Path], branches: tuple[str, ...], drop: str = "") -> list[str]:
    for name, mass in (("H", 125), ("Z", 91)):
        columns = columns_of(mass, 400, seed=1)
        columns |= dict.fromkeys(branches, columns["ml_mass"])
        columns.pop(drop, None)
        write_file(files[name], columns)
    config = config_of(tmp_path, "{samples: [H, Z]}")
    entries = ", ".join(f"{{model: {branch}.h5, branch: {branch}}}" for branch in branches)
    folder, _ = run(with_sections(config, f"ml: [{entries}]\n"), files, tmp_path / "out")
    found = numbers(folder)["estimates"]
    assert list(found) == [name for name in ("ml_mass", *branches, "m_vis", "m_coll") if name != drop]
    return [one["label"] for one in found.values()]


def test_all_models_are_estimates_and_bear_their_branches(tmp_path: Path, files: dict[str, Path]) -> None:
    assert with_branches(tmp_path, files, ("one", "two")) == ["m_ML", "one", "two", "m_vis", "m_coll"]
    assert with_branches(tmp_path, files, ("one", "two"), "ml_mass") == ["one", "two", "m_vis", "m_coll"]
    assert with_branches(tmp_path, files, ("one",), "ml_mass") == ["m_ML", "m_vis", "m_coll"]


def test_simulation_of_an_experiment_is_one_and_has_the_unit_of_the_input(
    tmp_path: Path, files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from rdfplugins.report.response import draw

    for name, mass in (("H", 125), ("Z", 91)):
        write_file(files[name], columns_of(mass, 400, seed=1), units={}, simulation=False)
    found = pieces(config_of(tmp_path), files, monkeypatch)["response"]
    assert found.unit == "GeV"
    with plotting.styled():
        words = texts_of(draw.figure(found))
    assert "Simulation \N{EN DASH} made up" in words
    assert r"True di-tau mass $m_{\tau\tau}$ [GeV]" in words
    assert "| genMass / GeV | events |" in (tmp_path / "out" / "report" / "response.md").read_text()


def test_no_event_in_any_bin_is_drawn_and_said(tmp_path: Path, drawn: dict[str, Path]) -> None:
    folder, said = run(config_of(tmp_path, "{edges: [500, 600]}"), drawn, tmp_path / "out")
    assert "warning: response: no bin has enough events with a truth" in said
    assert (folder / "response.png").is_file()
    assert numbers(folder)["estimates"]["m_vis"]["share_with_estimate"] is None


def test_of_some_samples_what_they_have_is_made(tmp_path: Path, files: dict[str, Path]) -> None:
    config = config_of(tmp_path, SIDES)
    _, said = run(config, {name: files[name] for name in ("H", "data")}, tmp_path / "one")
    assert said[-1] == "the separation is left out: signal or background is not there"
    columns = columns_of(60, 500, seed=3)
    del columns["genMass"]
    write_file(files["W"], columns)
    folder, said = run(config, {name: files[name] for name in ("W", "data")}, tmp_path / "two")
    assert "the response is left out: none of the samples that are there has a truth" in said
    assert not list(folder.glob("response*"))


def test_too_few_events_with_all_estimates_are_not_separated(tmp_path: Path, files: dict[str, Path]) -> None:
    columns = columns_of(125, 3000, seed=1)
    columns["m_coll"][:] = np.nan
    write_file(files["H"], columns, label="Higgs")
    folder, said = run(config_of(tmp_path, "{separation: {background: Z, signal: Higgs}}"), files, tmp_path / "out")
    assert said[-1] == "the separation is left out: signal or background has too few events with all estimates"
    assert not (folder / "separation.png").exists()


# -- faults that only the files tell


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (
            "{estimates: [m_vis, m_viz]}",
            "report.response.estimates: the tree of sample 'H' has no column 'm_viz'; did you mean 'm_vis'?",
        ),
        (
            "{truth: genMas}",
            "report.response.truth: no tree of a simulated sample has a column 'genMas'; did you mean 'genMass'?",
        ),
        (
            "{truth: tau_mass_before, samples: Z}",
            f"report.response.truth: the tree of sample 'Z' has no column 'tau_mass_before'{NOT_LISTED}",
        ),
        (
            "{truth: genMas, samples: Z}",
            "report.response.truth: the tree of sample 'Z' has no column 'genMas'; did you mean 'genMass'?",
        ),
        (
            '{channels: {tt: "chanel == 0"}}',
            "report.response.channels: the tree of sample 'H' has no column 'chanel'; did you mean 'channel'?",
        ),
        (
            "{estimates: [m_vis, vector]}",
            f"report.response.estimates: {VECTOR}",
        ),
        (
            '{channels: {tt: "vector == 0"}}',
            f"report.response.channels: {VECTOR}",
        ),
    ],
)
def test_what_the_trees_lack_is_told_with_its_line(
    tmp_path: Path, files: dict[str, Path], response: str, expected: str
) -> None:
    with pytest.raises(ConfigErrors) as error:
        run(config_of(tmp_path, response), files, tmp_path / "out")
    assert str(error.value) == f"{tmp_path}/made_up.yaml:{LINES['response']}: {expected}"
    assert not (tmp_path / "out" / "report" / "response.png").exists()


@pytest.mark.parametrize(
    ("response", "said"),
    [
        ("{estimates: other_mass}", "has no column 'other_mass'; list it in select.output.columns"),
        ("{truth: genMas}", "column 'genMas'; did you mean 'genMass'? Or list it in select.output.columns"),
    ],
)
def test_columns_that_are_listed_have_to_list_them(
    tmp_path: Path, files: dict[str, Path], response: str, said: str
) -> None:
    config = config_of(tmp_path, response)
    config.path.write_text(config.path.read_text().replace("tree: t}", "tree: t, columns: [m_vis]}"))
    with pytest.raises(ConfigErrors) as error:
        run(load_config(config.path), files, tmp_path / "out")
    assert str(error.value).endswith(said)


def test_a_split_without_its_column(tmp_path: Path, files: dict[str, Path]) -> None:
    columns = columns_of(125, 100, seed=1)
    del columns["split"]
    write_file(files["H"], columns)
    with pytest.raises(ConfigErrors, match=r"'H' has no column 'split', which select.split makes"):
        run(config_of(tmp_path, "{split: test}"), files, tmp_path / "out")


@pytest.mark.parametrize(
    ("weight", "said"),
    [
        ("wait", "and the tree of sample 'H' has no column 'wait'; did you mean 'weight'?"),
        ("std::abs<double>(weight)", "which is C[+][+] that is not evaluated here; make a column of it"),
    ],
)
def test_a_weight_that_is_not_in_the_trees(tmp_path: Path, files: dict[str, Path], weight: str, said: str) -> None:
    with pytest.raises(ConfigErrors, match=f"report.response.separation: events are weighted by select.weight, {said}"):
        run(config_of(tmp_path, SIDES, weight=weight), files, tmp_path / "out")
    run(config_of(tmp_path, "{}", weight=weight), files, tmp_path / "out")  # none is needed


def test_units_that_differ_are_a_fault(tmp_path: Path, files: dict[str, Path]) -> None:
    write_file(files["H"], columns_of(125, 100, seed=1), units={"genMass": "GeV", "m_vis": "MeV"})
    with pytest.raises(ConfigErrors, match="'m_vis' of sample 'H' is in MeV, and the truth 'genMass' in GeV"):
        run(config_of(tmp_path), files, tmp_path / "out")


def test_no_estimate_in_the_trees(tmp_path: Path, files: dict[str, Path]) -> None:
    for name in ("H", "Z"):
        write_file(files[name], {"genMass": np.full(30, 125.0), "other": np.full(30, 1.0)})
    with pytest.raises(ConfigErrors, match=r"none of ml_mass, .* is in the trees of sample 'H'; name columns with"):
        run(config_of(tmp_path), files, tmp_path / "out")


# -- drawing


def pieces(config: Config, files: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Return the numbers that are drawn, by the name of their plot."""
    caught: dict[str, Any] = {}
    for module, name in ((made.draw, "write_response"), (made.draw_separation, "write_separation")):
        monkeypatch.setattr(module, name, lambda found, folder: caught.setdefault(found.name, found) and ())
    report.run(config, files, config.path.parent / "out")
    return caught


def texts_of(figure: Any) -> list[str]:
    from matplotlib.text import Text

    return [text.get_text() for text in figure.findobj(Text) if text.get_visible()]


def test_words_on_the_plots(tmp_path: Path, files: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    from rdfplugins.report.response import draw, draw_separation

    caught = pieces(config_of(tmp_path, "{separation: {background: Z, signal: H}}"), files, monkeypatch)
    with plotting.styled():
        words = texts_of(draw.figure(caught["response"]))
        for text in (
            r"$m_{\mathrm{ML}}$",
            r"$m_{\mathrm{vis}}$",
            r"$m_{\mathrm{coll}}$, 50.0 % of events",
            "Test events",
            "Central 68 %",
            "< 1000 events in the bin",
            r"True di-tau mass $m_{\tau\tau}$ [GeV]",
            "Simulation \N{EN DASH} made up",
        ):
            assert text in words, (text, words)
        assert "Channel mt, test events" in texts_of(draw.figure(caught["response_mt"]))
        shown = draw_separation.figure(caught["separation"])
        words = texts_of(shown)
        assert r"$m_{\mathrm{coll}}$ [GeV]" in words
        assert "Efficiency, Higgs" in words
        assert "normalised to 1, events with all estimates, test events" in words
        area = caught["separation"].estimates[0].same.area
        assert any(text.startswith(f"ROC area {area:.3f}") for text in words)
        assert len(shown.axes) == 4


def test_an_estimate_far_above_all_others_does_not_squeeze_them(
    tmp_path: Path, files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from rdfplugins.report.response import draw

    for name, mass in (("H", 125), ("Z", 91)):
        columns = columns_of(mass, 4000, seed=1)
        columns["m_coll"] *= 4
        write_file(files[name], columns)
    config = config_of(tmp_path, "{edges: [80, 100, 120, 140], channels: {}}")
    found = pieces(config, files, monkeypatch)["response"]
    assert draw._top(found) == 1.7
    with plotting.styled():
        pad, lower = draw.figure(found).axes
    assert pad.get_ylim()[1] < 4.0
    far = [line for line in pad.lines if line.get_marker() == "^" and len(line.get_xdata()) and 1.7 in line.get_ydata()]
    assert far  # it is told that there is something beyond
    points = [list(one.lines[0].get_xdata()) for one in lower.containers if len(one.lines[0].get_xdata())]
    assert points
    assert {x for xs in points for x in xs} <= {90.0, 110.0, 130.0}  # the middles of the bins, for all estimates


def test_legend_hides_no_band(tmp_path: Path, files: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    from rdfplugins.report.response import draw

    found = pieces(config_of(tmp_path, "{edges: [50, 90, 110, 130, 150]}"), files, monkeypatch)["response"]
    with plotting.styled():
        figure = draw.figure(found)
        figure.canvas.draw()
    pad = figure.axes[0]
    low = pad.transData.inverted().transform(pad.get_legend().get_window_extent())[0, 1]
    assert low > max(min(one.q84, 1.7) for estimate in found.estimates for one in estimate.bins if one.shown)


@pytest.mark.parametrize("edges", ["[0, 100, 200]", "[80, 90, 100, 110]", "[1, 10, 100, 1000]", "[124, 126]"])
def test_any_edges_are_drawn(tmp_path: Path, drawn: dict[str, Path], edges: str) -> None:
    folder, _ = run(config_of(tmp_path, f"{{edges: {edges}, channels: {{}}}}"), drawn, tmp_path / "out")
    assert (folder / "response.png").stat().st_size > 10_000


@pytest.mark.slow
def test_names_of_any_columns_are_drawn(tmp_path: Path, drawn: dict[str, Path]) -> None:
    for name, mass in (("H", 125), ("Z", 91)):
        columns = columns_of(mass, 400, seed=1)
        columns["_odd_name_that_is_long_and_longer"] = columns.pop("m_vis")
        for number in range(9):
            columns[f"more_{number}"] = columns["ml_mass"] * (1 + number / 10)
        write_file(drawn[name], columns, label=name)
    listed = ", ".join(["_odd_name_that_is_long_and_longer", *(f"more_{number}" for number in range(9))])
    sides = "separation: {background: Z, signal: H}"
    config = config_of(tmp_path, f"{{estimates: [{listed}], samples: [H, Z], {sides}}}")
    folder, _ = run(config, drawn, tmp_path / "out")
    assert (folder / "separation.png").is_file()
    assert re.search(r"\| more_8 \|", (folder / "response.md").read_text())
    assert separation.POWER_BINS == 20  # which the documentation says
