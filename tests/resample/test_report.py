"""The report as a whole: what is written, the same bytes again, nothing left over, nothing taken for HTML."""

from __future__ import annotations

import dataclasses
import html
import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import numpy as np
import pytest

from rdfplugins import plotting
from rdfplugins.errors import MissingDependencyError
from rdfplugins.resample import report
from rdfplugins.resample.report import gallery
from rdfplugins.resample.report.looks import Scene, looks_of
from rdfplugins.resample.report.maps import maps_of
from rdfplugins.resample.report.numbers import numbers_of
from rdfplugins.resample.report.spectra import spectra_of
from rdfplugins.resample.report.words import METHODS

from .report_cases import Row, grid, jets, some_rows, sources_of, tally_of, write_table

if TYPE_CHECKING:
    from pathlib import Path

    from rdfplugins.resample.sources import Sources
    from rdfplugins.resample.tally import Tally

EVIL = "<script>alert('x')</script>\"&|"
FLAT = grid([0, 1, 2, 3, 4])


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    return sources_of(
        [write_table(tmp_path / "jets.h5", jets(500))], says=("warning: no column split; all rows are used",)
    )


@pytest.fixture
def output(tmp_path: Path) -> Path:
    table = jets(200, seed=3)
    table["class_id"] = table.pop("label")
    table["copy_number"] = np.zeros(200, np.int32)
    return write_table(tmp_path / "train.h5", table)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Draw nothing: plots become files with their names in them."""
    drawn: list[str] = []

    def write(make: Any, name: str, folder: Path) -> tuple[Path, ...]:
        drawn.append(name)
        paths = tuple(folder / f"{name}{ending}" for ending in plotting.ENDINGS)
        for path in paths:
            path.write_text(name)
        return paths

    monkeypatch.setattr(plotting, "write", write)
    return drawn


def tally(**more: Any) -> Tally:
    return tally_of(some_rows(300, (4,)), [FLAT], target=2, **more)


def make(
    folder: Path, sources: Sources, output: Path | None = None, one: Tally | None = None, **more: Any
) -> list[Path]:
    options: dict[str, Any] = {"variables": {"pt": "pt"}, "n_rows": 120, "say": pytest.fail, **more}
    return list(report.run(one or tally(), sources, output, folder, **options))


def test_the_same_bytes_again(tmp_path: Path, sources: Sources, output: Path, quick: list[str]) -> None:
    first = make(tmp_path / "one", sources, output, plot_variables=("mass",))
    assert [path.name for path in first[:3]] == ["index.html", "resampling.md", "resampling.json"]
    assert {path.stem for path in first[3:]} >= {"classes", "copies", "pt", "pt_counts", "mass"}
    second = make(tmp_path / "two", sources, output, plot_variables=("mass",))
    assert [path.name for path in first] == [path.name for path in second]
    for left, right in zip(first, second, strict=True):
        assert left.read_bytes() == right.read_bytes(), left.name
    assert str(tmp_path).encode() not in b"".join(path.read_bytes() for path in first[:3])
    values = json.loads(first[2].read_text())
    (mass,) = values["plot_variables"]
    assert mass["variable"] == "mass"
    assert mass["after"]["classes"]["ujets"]["rows"] == int(np.sum(jets(200, seed=3)["label"] == 0))


def test_the_same_bytes_of_plots(tmp_path: Path) -> None:
    one = tally_of(some_rows(300, (250, 3)), [grid(range(251), [0, 1, 2, 3])], target=2)
    numbers = numbers_of(one)
    scene = Scene(looks_of(one.classes, {"ujets": "red"}, {"bjets": "$b$-jets"}, pytest.fail), "pdf", 2)
    drawn = gallery.Drawn(spectra_of(one, numbers)[:1], maps_of(one, numbers), [])
    chosen = [one for one in gallery.pictures(numbers, drawn, scene) if one.name in {"classes", "pt", "map_pt_eta"}]
    assert len(chosen) == 3
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
        paths = [path for picture in chosen for path in picture.write(folder)]
    assert {path.name[:4] for path in paths} == {"clas", "pt.p", "map_"}
    for path in paths:
        assert path.read_bytes() == (folders[0] / path.name).read_bytes(), path.name
        assert path.read_bytes()[:4] == (b"%PDF" if path.suffix == ".pdf" else b"\x89PNG")


def test_every_file_is_linked_and_every_link_is_a_file(tmp_path: Path, sources: Sources, quick: list[str]) -> None:
    written = make(tmp_path / "report", sources, plot_variables=("mass", "n_*"))
    text = written[0].read_text()
    links = {unquote(html.unescape(link)) for link in re.findall(r'(?:href|src)="([^"#][^"]*)"', text)}
    assert links == {path.name for path in written[1:]}
    assert quick == [path.stem for path in written[3::2]]
    assert sorted(path.name for path in (tmp_path / "report").iterdir()) == sorted(
        [".manifest.json", *(path.name for path in written)]
    )


def test_what_an_earlier_report_left_goes(tmp_path: Path, sources: Sources, quick: list[str]) -> None:
    folder = tmp_path / "report"
    make(folder, sources, plot_variables=("mass",))
    (folder / "mine.png").write_text("mine")
    assert (folder / "mass.png").exists()
    written = make(folder, sources)
    assert not (folder / "mass.png").exists()
    assert (folder / "mine.png").exists()
    assert all(path.exists() for path in written)


def test_no_plots(tmp_path: Path, sources: Sources, quick: list[str]) -> None:
    written = make(tmp_path / "report", sources, n_rows=None, plot_variables=("mass",), colors={"ujets": "no colour"})
    assert [path.name for path in written] == ["index.html", "resampling.md", "resampling.json"]
    assert quick == []
    assert "<img" not in written[0].read_text()


def test_without_matplotlib_tables_are_written(
    tmp_path: Path, sources: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> None:
        raise MissingDependencyError("no matplotlib")

    monkeypatch.setattr(plotting, "libraries", missing)
    with pytest.raises(MissingDependencyError):
        make(tmp_path / "report", sources)
    assert (tmp_path / "report" / "resampling.md").read_text().startswith("# Resampling")
    json.loads((tmp_path / "report" / "resampling.json").read_text())


def test_what_is_said(tmp_path: Path, sources: Sources, output: Path, quick: list[str]) -> None:
    table = jets(500)
    table["broken"], table["only"] = np.full(500, np.nan), np.arange(500.0)
    more = sources_of([write_table(tmp_path / "more.h5", table)], says=sources.says)
    said: list[str] = []
    unused = {"ujets": {"out of range": 12}}
    written = make(
        tmp_path / "report", more, output, tally(unused=unused), say=said.append,
        plot_variables=("broken", "only", "nothing"),
    )  # fmt: skip
    assert [line.removeprefix("warning: plot_variables: ")[:24] for line in said] == [
        "no column of numbers 'no",
        "the output has no column",
        "'broken' has no finite v",
        "the output has no column",
    ]
    text = written[1].read_text()
    assert METHODS["pdf"] in text
    assert "No column split; all rows are used." in text
    assert "| ujets | 12 |" in text
    assert "chi2" in text
    assert "train.h5" in text
    assert "index.html" not in text


def test_weights_that_are_in_the_index_only(tmp_path: Path, sources: Sources, output: Path, quick: list[str]) -> None:
    one = tally_of(some_rows(300, (4,), weighted=True), [FLAT], target=2, method="weighting")
    one = dataclasses.replace(one, after=one.distinct)  # no row is repeated
    texts = [
        make(tmp_path / str(attached), sources, output, one, attached=attached)[1].read_text()
        for attached in (True, False)
    ]
    assert ["n_eff of weights |" in text for text in texts] == [True, False]
    assert ["in the index only, not in the output" in text for text in texts] == [False, True]
    values = json.loads((tmp_path / "False" / "resampling.json").read_text())
    assert not values["weighted"]
    (pt,) = values["sampling_variables"]
    for number, name in enumerate(one.classes):
        assert pt["after"]["classes"][name]["values"] == one.distinct[0][number].tolist()
    plain = make(tmp_path / "plain", sources, output, attached=False)[1].read_text()
    assert "index only" not in plain  # there are no weights


def test_no_output_yet(tmp_path: Path, sources: Sources, output: Path, quick: list[str]) -> None:
    said = "There is no output yet: other variables are drawn before only."
    assert said in make(tmp_path / "a", sources, plot_variables=("mass",))[0].read_text()
    assert said not in make(tmp_path / "b", sources, output, plot_variables=("mass",))[0].read_text()
    assert said not in make(tmp_path / "c", sources)[0].read_text()


@pytest.mark.parametrize("kept", [False, True])
def test_bins_that_lack_a_class_are_lost_or_tell_the_others(
    tmp_path: Path, sources: Sources, quick: list[str], kept: bool
) -> None:
    rows = [Row(0, 0, (0,), 1), Row(1, 0, (0,), 1), Row(0, 0, (1,), 3 if kept else 0), Row(0, 0, (1,), 0)]
    one = tally_of(rows, [grid([0, 1, 2])], classes=("a", "b"))
    one = dataclasses.replace(one, lost=(np.array([False, True]),))
    text = make(tmp_path / "r", sources, one=one)[1].read_text()
    if kept:
        assert "1 bins are incomplete, with 2 rows (50 % of those in range)" in text
        assert "others have 3, which tells them apart" in text
        assert "| a | 2 (67 %), 3 |" in text
        assert "lost" not in text.casefold()
    else:
        assert "1 bins are lost, with 2 rows (50 % of those in range)." in text
        assert "incomplete" not in text.casefold()


def test_rows_without_a_key_are_told(tmp_path: Path, sources: Sources, quick: list[str]) -> None:
    source = dataclasses.replace(sources.all[0], key_is="file and row")
    text = make(tmp_path / "r", dataclasses.replace(sources, all=(source,)))[1].read_text()
    assert "Rows are known by the name of their file" in text


def test_what_users_write_is_text(tmp_path: Path, sources: Sources, quick: list[str]) -> None:
    classes = (EVIL, "b", "../c")
    written = make(
        tmp_path / "report",
        dataclasses.replace(sources, classes=classes, says=(EVIL,)),
        one=tally(classes=classes, method=EVIL),
        labels={"b": EVIL},
    )
    text = written[0].read_text()
    assert "<script" not in text
    assert html.escape(EVIL) in text
    assert EVIL in json.loads(written[2].read_text())["all"]
    assert all(path.parent == tmp_path / "report" for path in written)
    rows = [line for line in written[1].read_text().splitlines() if line.startswith("| \\<script")]
    assert rows
    assert all(line.replace("\\|", "").count("|") == rows[0].replace("\\|", "").count("|") for line in rows[:1])


def test_import_loads_no_matplotlib() -> None:
    code = "import sys, rdfplugins.resample.report; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
