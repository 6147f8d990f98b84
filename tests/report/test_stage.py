"""The stage on small files: what it writes, that it reveals nothing, and that it writes the same again."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from rdfplugins import plotting, report
from rdfplugins.errors import InputError, MissingDependencyError
from rdfplugins.report import contents, draw
from rdfplugins.report.prepare import prepare

from .conftest import BACKGROUND, HIDDEN, SECRET, cut, secret_data, signal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from rdfplugins.config import Config

TEXTS = {".md", ".json", ".html"}
PNG, PDF = b"\x89PNG\r\n\x1a\n", b"%PDF-"


def figure_of(config: Config, files: Mapping[str, Path], name: str = "m_yy") -> Any:
    samples = [contents.read(config, sample, path) for sample, path in files.items()]
    return draw.figure(prepare(config, name, samples))


def texts_of(figure: Any) -> str:
    from matplotlib.text import Text

    return "\n".join(text.get_text() for text in figure.findobj(Text) if text.get_visible())


def words_of(figure: Any) -> list[str]:
    from matplotlib.text import Text

    return [text.get_text() for text in figure.findobj(Text) if text.get_visible()]


def drawn_numbers(figure: Any) -> np.ndarray:
    """Return all coordinates of lines, error bars and patches of a figure."""
    from matplotlib.collections import LineCollection
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    lines = [line.get_xydata().ravel() for line in figure.findobj(Line2D)]
    bars = [path.vertices.ravel() for bars in figure.findobj(LineCollection) for path in bars.get_paths()]
    patches = [patch.get_path().vertices.ravel() for patch in figure.findobj(Patch)]
    return np.concatenate([*lines, *bars, *patches])


def test_writes_tables_and_plots(config: Callable[..., Config], three: dict[str, Path], tmp_path: Path) -> None:
    written = report.run(config(), three, tmp_path / "out")
    folder = tmp_path / "out" / "report"
    assert [path.name for path in written] == [
        *("index.html", "cutflow.md", "cutflow.json", "cutflow.png", "cutflow.pdf"),
        *("m_yy.png", "m_yy.pdf", "m_yy.json"),
    ]
    assert sorted(folder.iterdir()) == sorted([*written, folder / ".manifest.json"])
    for path in written:
        assert path.suffix != ".png" or path.read_bytes().startswith(PNG)
        assert path.suffix != ".pdf" or path.read_bytes().startswith(PDF)
    values = json.loads(written[2].read_text())
    assert list(values["samples"]) == ["gg", "VBF", "data"]  # in the order of the config
    assert values["samples"]["gg"]["cuts"][-1]["expected"] == pytest.approx(40.0)
    assert (values["config"], values["lumi_pb"], values["blinded_gev"]) == ("hgg.yaml", 1000.0, [120.0, 130.0])


def test_nothing_written_reveals_blinded_data(
    config: Callable[..., Config], three: dict[str, Path], tmp_path: Path
) -> None:
    written = report.run(config(), three, tmp_path / "blind")
    secrets = [*SECRET, SECRET.sum(), secret_data().sum()]
    texts = {path.name: path.read_text() for path in written if path.suffix in TEXTS}
    assert sorted(texts) == ["cutflow.json", "cutflow.md", "index.html", "m_yy.json"]
    for text in texts.values():
        numbers = {float(number) for number in re.findall(r"\d+(?:\.\d+)?(?:e[+-]\d+)?", text)}
        assert len(numbers) > 10
        assert not numbers & {float(secret) for secret in secrets}
    assert "120-130 GeV" in texts["cutflow.md"]
    assert "120-130 GeV" in texts["index.html"]
    values = json.loads(texts["m_yy.json"])
    for key in ("values", "error_down", "error_up"):
        assert values["data"][key][HIDDEN] == [None] * 6
        assert values["residual"][key][HIDDEN] == [None] * 6
        assert None not in [*values["data"][key][:8], *values["data"][key][14:]]
    assert values["blinded"] == values["fit"]["excluded"] == [120.0, 130.0]
    assert values["fit"]["bins"] == 24
    drawn = figure_of(config(), three)
    assert not np.isin(drawn_numbers(drawn), SECRET).any()
    assert "Blinded 120-130 GeV" in texts_of(drawn)


def test_unblinded_data_are_shown(config: Callable[..., Config], three: dict[str, Path], tmp_path: Path) -> None:
    loaded = config("report.unblind=true")
    written = report.run(loaded, three, tmp_path / "out")
    for path in written[:3]:
        assert str(int(secret_data().sum())) in path.read_text()
    assert json.loads(written[2].read_text())["blinded_gev"] is None
    values = json.loads((tmp_path / "out" / "report" / "m_yy.json").read_text())
    assert values["data"]["values"] == secret_data().tolist()
    assert values["blinded"] is None
    drawn = figure_of(loaded, three)
    assert np.isin(SECRET, drawn_numbers(drawn)).all()
    assert "linded" not in texts_of(drawn)


def test_nothing_depends_on_blinded_data(
    config: Callable[..., Config], three: dict[str, Path], write_sample: Callable[..., Path], tmp_path: Path
) -> None:
    before = report.run(config(), three, tmp_path / "a")
    values = np.where(np.isin(np.arange(30), range(*HIDDEN.indices(30))), 3.0, BACKGROUND)
    total = float(values.sum())
    cuts = [cut("all", 99999, 99999.0, 99999.0), cut("mass", int(total), total, total)]
    write_sample("data", {"m_yy": values}, kind="data", cuts=cuts)
    after = report.run(config(), three, tmp_path / "b")
    assert [path.read_bytes() for path in before] == [path.read_bytes() for path in after]


def test_same_input_same_bytes(config: Callable[..., Config], three: dict[str, Path], tmp_path: Path) -> None:
    first = report.run(config(), three, tmp_path / "a")
    second = report.run(config(), dict(reversed(three.items())), tmp_path / "b")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_words_on_the_plot(
    config: Callable[..., Config], three: dict[str, Path], write_sample: Callable[..., Path]
) -> None:
    assert "ATLAS Open Data" not in words_of(figure_of(config(), three))  # any tree may have the name of theirs
    words = words_of(figure_of(config("report.title=ATLAS Open Data"), three))
    for text in (
        "ATLAS Open Data",
        "Data",
        "gg",
        "VBF",
        "Sideband fit (pol3)\n$\\chi^2$/ndf = 0.1/20",
        "Events / 1.83 GeV",
        "Data \N{MINUS SIGN} fit",
        "Signal \N{MULTIPLICATION SIGN} 20",
    ):
        assert text in words
    assert r"$m_{\gamma\gamma}$ [GeV]" in words
    assert "√$s$ = 13 TeV, 1 fb$^{\\mathrm{-1}}$" in words
    write_sample("gg", {"m_yy": signal(0.04)}, simulation=True, partial=True)
    words = words_of(figure_of(config(), three))
    assert "Simulation, partial" in words


@pytest.mark.parametrize("names", [["data"], ["gg"], ["gg", "VBF"]])
def test_parts_that_are_missing_leave_no_trace(
    config: Callable[..., Config], three: dict[str, Path], names: list[str]
) -> None:
    drawn = figure_of(config(), {name: three[name] for name in names})
    legend = [text.get_text() for text in drawn.axes[0].get_legend().get_texts()]
    assert len(drawn.axes) == (2 if "data" in names else 1)
    if "data" in names:
        assert legend[0] == "Data"
        assert legend[1].startswith("Sideband fit")
        assert legend[2:] == ["Blinded 120-130 GeV"]
    else:
        assert legend == [*names, "Stat. uncertainty"]


def test_empty_histograms_are_drawn(
    config: Callable[..., Config], write_sample: Callable[..., Path], tmp_path: Path
) -> None:
    empty = np.zeros(30)
    files = {"gg": write_sample("gg", {"m_yy": empty}), "data": write_sample("data", {"m_yy": empty}, kind="data")}
    assert len(report.run(config(), files, tmp_path / "out")) == 8
    assert len(report.run(config("report.unblind=true"), files, tmp_path / "out")) == 8


@pytest.mark.parametrize("log", [[], ["report.log=[m_yy]"]])
def test_a_plot_of_nothing_says_so_and_names_its_category(
    config: Callable[..., Config], write_sample: Callable[..., Path], log: list[str]
) -> None:
    empty = {"m_yy": np.zeros(30)}
    loaded = config("report.unblind=true", *log)
    path = write_sample("gg", {"m_yy": signal(1.0)}, categories={"a": {"m_yy": signal(1.0)}, "no one": empty})
    samples = [contents.read(loaded, "gg", path)]
    legend = draw.figure(prepare(loaded, "m_yy", samples, category="no one")).axes[0].get_legend()
    assert legend.get_title().get_text() == "no one"
    assert [text.get_text() for text in legend.get_texts()] == ["No events in this range"]
    filled = texts_of(draw.figure(prepare(loaded, "m_yy", samples, category="a")))
    assert "No events" not in filled


def test_negative_weights_are_drawn(
    config: Callable[..., Config], three: dict[str, Path], write_sample: Callable[..., Path]
) -> None:
    values = signal(0.04)
    values[2] = -0.005
    write_sample("gg", {"m_yy": values})
    drawn = figure_of(config(), three)
    low, high = drawn.axes[0].get_ylim()
    assert low < -5.0  # 5 events below zero
    assert high > BACKGROUND.max()


@pytest.mark.parametrize("peak", range(0, 30, 5))
def test_legend_hides_nothing(config: Callable[..., Config], write_sample: Callable[..., Path], peak: int) -> None:
    values = BACKGROUND[::-1].copy()
    values[peak] = 5000.0
    files = {
        "gg": write_sample("gg", {"m_yy": signal(1.0)}),
        "data": write_sample("data", {"m_yy": values}, kind="data"),
    }
    drawn = figure_of(config("report.unblind=true"), files)
    pad = drawn.axes[0]
    drawn.canvas.draw()
    box = pad.get_legend().get_window_extent()
    centres = np.linspace(105, 160, 31)[:-1] + 55 / 60
    points = pad.transData.transform(np.column_stack([centres, values + np.sqrt(values) + 1]))
    inside = (points[:, 0] > box.x0) & (points[:, 0] < box.x1) & (points[:, 1] > box.y0)
    assert not inside.any()
    assert points[:, 1].max() < pad.get_window_extent().y1


ALL = """{
  m_yy: {column: m_yy, bins: 30, range: [105, 160], after: mass},
  jets: {column: jet_n, bins: 30, range: [-0.5, 29.5], title: 'N_{jets} #geq 0'},
  odd: {column: my_column, bins: 30, range: [0, 3], title: 'costs $5 {'}
}"""


def test_other_histograms_are_drawn_plainly(
    config: Callable[..., Config], write_sample: Callable[..., Path], tmp_path: Path
) -> None:
    import uproot

    from .conftest import th1

    loaded = config("report.unblind=true", histograms=ALL)
    files = {}
    for name, kind, values in (("gg", "mc", signal(0.1)), ("data", "data", BACKGROUND)):
        files[name] = write_sample(name, {"m_yy": values}, kind=kind, label="_gg$" if name == "gg" else None)
        with uproot.update(files[name]) as file:
            file["jets"] = th1("jets", values, np.abs(values), -0.5, 29.5)
            file["odd"] = th1("odd", values, np.abs(values), 0.0, 3.0)
    written = report.run(loaded, files, tmp_path / "out")
    assert [path.name for path in written[8:]] == [
        *("jets.png", "jets.pdf", "jets.json", "odd.png", "odd.pdf", "odd.json"),
    ]
    jets = figure_of(loaded, files, "jets")
    assert len(jets.axes) == 1
    words = texts_of(jets).split("\n")
    assert "$N_{jets}\\ \\geq\\ 0$" in words
    assert "Events" in words
    legend = [text.get_text() for text in jets.axes[0].get_legend().get_texts()]
    assert legend == ["Data", "Signal \N{MULTIPLICATION SIGN} 5"]
    assert plotting.legend_text("_gg$") == " _gg\\$"
    assert "costs \\$5 {" in texts_of(figure_of(loaded, files, "odd")).split("\n")
    assert "Events / 0.1" in texts_of(figure_of(loaded, files, "odd")).split("\n")


def test_no_samples(config: Callable[..., Config], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="at least one sample"):
        report.run(config(), {}, tmp_path)


@pytest.mark.parametrize("module", ["matplotlib", "mplhep"])
def test_without_plot_packages_the_tables_are_there(
    config: Callable[..., Config],
    three: dict[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    module: str,
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'rdfplugins\[plot\]'"):
        report.run(config(), three, tmp_path / "out")
    names = [path.name for path in (tmp_path / "out" / "report").iterdir()]
    assert sorted(names) == [".manifest.json", "cutflow.json", "cutflow.md", "m_yy.json"]


def test_importing_the_stage_does_not_load_matplotlib_or_root() -> None:
    code = "import sys, rdfplugins.report; print([m for m in ('matplotlib', 'mplhep', 'ROOT') if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_drawing_leaves_the_settings_of_matplotlib_alone(
    config: Callable[..., Config], three: dict[str, Path], tmp_path: Path
) -> None:
    import matplotlib as mpl
    from matplotlib import _pylab_helpers

    before = dict(mpl.rcParams)
    report.run(config(), three, tmp_path)
    assert dict(mpl.rcParams) == before
    assert _pylab_helpers.Gcf.get_num_fig_managers() == 0
