"""Nodes of a third-party package: installed beside ours, they are found, documented, checked and run as ours are."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import uproot
from click.testing import CliRunner

import rdfplugins as rp
from rdfplugins.cli import cli
from rdfplugins.cpp import load_root
from rdfplugins.errors import ConfigError, MissingColumnError
from tests.select import helpers

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCE = Path(__file__).parents[1] / "plugin"
MODULE = "rdfplugins_test_plugin"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which the package is installed, as pip leaves it; pip itself where it can build."""
    target = tmp_path_factory.mktemp("site")
    copy = tmp_path_factory.mktemp("source")
    for name in ("pyproject.toml", f"{MODULE}.py"):
        (copy / name).write_bytes((SOURCE / name).read_bytes())
    command = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-build-isolation", "--no-index", "--quiet"]
    done = subprocess.run([*command, "--target", str(target), str(copy)], capture_output=True, text=True, check=False)
    if done.returncode != 0:  # no pip or no setuptools in this environment: lay out the same by hand
        _lay_out(target)
    assert (target / f"{MODULE}.py").is_file()
    assert len(list(target.glob("*.dist-info/entry_points.txt"))) == 1
    return target


def _lay_out(target: Path) -> None:
    (target / f"{MODULE}.py").write_bytes((SOURCE / f"{MODULE}.py").read_bytes())
    info = target / f"{MODULE}-1.2.3.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: rdfplugins-test-plugin\nVersion: 1.2.3\n")
    lines = (SOURCE / "pyproject.toml").read_text().split('"rdfplugins.nodes"]\n')[1].split("\n\n")[0].splitlines()
    parser = ConfigParser()
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser["rdfplugins.nodes"] = dict(line.replace('"', "").split(" = ") for line in lines)
    with (info / "entry_points.txt").open("w") as file:
        parser.write(file)


@pytest.fixture
def installed(site: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.syspath_prepend(str(site))
    importlib.invalidate_caches()
    yield site
    sys.modules.pop(MODULE, None)


def test_layout_by_hand_says_the_same(site: Path, tmp_path: Path) -> None:
    _lay_out(tmp_path)
    texts = []
    for folder in (site, tmp_path):
        parser = ConfigParser()
        parser.optionxform = str  # type: ignore[assignment,method-assign]
        parser.read(next(folder.glob("*.dist-info/entry_points.txt")))
        texts.append(dict(parser["rdfplugins.nodes"]))
    assert texts[0] == texts[1]
    assert texts[0]["testplugin.scale"] == "rdfplugins_test_plugin:scale"


@pytest.mark.usefixtures("installed")
def test_listed_and_documented() -> None:
    names = CliRunner().invoke(cli, ["nodes"]).output.splitlines()
    assert {"testplugin.scale", "testplugin.window", "diphoton.select"} <= set(names)
    assert names == sorted(names)
    text = CliRunner().invoke(cli, ["nodes", "testplugin.scale"]).output
    assert text.startswith("testplugin.scale\n")
    assert "Multiply a column by a number, or divide it." in text
    rows = {line.split()[0]: line for line in text.splitlines() if line.startswith("  ")}
    assert rows["factor"].split() == ["factor", "a", "number", "required"]
    assert rows["column"].split() == ["column", "text", "default", "x"]
    assert "'up' or 'down'" in rows["mode"]
    assert "default up" in rows["mode"]
    assert "Needs: x" in text
    assert "Makes: scaled_x" in text
    assert "Keeps: event" in text
    text = CliRunner().invoke(cli, ["nodes", "testplugin.window"]).output
    rows = {line.split()[0]: line for line in text.splitlines() if line.startswith("  ")}
    assert "a number, GeV" in rows["low"]
    assert "default 2.0" in rows["low"]
    assert "a number or null, GeV" in rows["high"]
    assert "default null" in rows["high"]


@pytest.mark.usefixtures("installed")
def test_in_a_config(tmp_path: Path, good: Path) -> None:
    steps = [
        {"node": "testplugin.window", "with": {"low": 3.5, "high": 15.5}},
        {"node": "testplugin.scale", "with": {"factor": 4, "mode": "down"}},
    ]
    histograms = {"h": {"column": "x", "bins": 20, "range": [0, 20], "after": "above"}}
    data = helpers.small_config([str(good)], select__steps=steps, select__histograms=histograms)
    result = helpers.run(tmp_path, data)
    with uproot.open(result.outputs["one"]) as file:
        assert file["events"].keys() == ["event", "scaled_x", "event_key", "label_id"]
        assert file["events"]["scaled_x"].title.endswith(" in GeV")
        assert file["h"].values(flow=True).sum() == 17
    found = helpers.columns(result.outputs["one"])
    assert np.array_equal(found["event"], np.arange(4, 16))
    assert np.allclose(found["scaled_x"], (found["event"] + 0.25) / 4, rtol=1e-7)
    assert [(cut.name, cut.events) for cut in result.cutflow["one"].cuts] == [("all", 20), ("above", 17), ("below", 12)]


@pytest.mark.usefixtures("installed")
def test_in_a_python_analysis(good: Path) -> None:
    df = load_root().RDataFrame("t", str(good))
    df = rp.apply("testplugin.window", df, low=10.0)
    df = rp.apply("testplugin.scale", df, factor=2.0, column="w")
    found = df.AsNumpy(["event", "scaled_w"])
    assert found["event"].tolist() == list(range(10, 21))
    assert np.array_equal(found["scaled_w"], 2.0 * (1.0 / np.arange(10, 21)))
    with pytest.raises(
        MissingColumnError, match=r"testplugin\.scale needs columns that are not there: 'xx'; did you mean"
    ):
        rp.apply("testplugin.scale", df, factor=2.0, column="xx")
    with pytest.raises(ConfigError, match="has no parameter 'facto'; did you mean 'factor'"):
        rp.apply("testplugin.scale", df, facto=2.0)


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ({"node": "testplugin.scale"}, "node testplugin.scale needs the parameter 'factor'"),
        ({"node": "testplugin.scale", "with": {"column": "w"}}, "node testplugin.scale needs the parameter 'factor'"),
        (
            {"node": "testplugin.scale", "with": {"factor": "2"}},
            "parameter 'factor' of node testplugin.scale must be a number, not '2'",
        ),
        ({"node": "testplugin.scale", "with": {"factor": 2, "mode": "sideways"}}, "must be 'up' or 'down'"),
        ({"node": "testplugin.scal", "with": {}}, "unknown node 'testplugin.scal'; did you mean 'testplugin.scale'"),
        ({"node": "testplugin.no_node"}, "is not made with @rdfplugins.nodes.node"),
        (
            {"node": "testplugin.absent"},
            "node 'testplugin.absent' of rdfplugins_test_plugin_that_is_absent:node cannot",
        ),
    ],
)
def test_faults(tmp_path: Path, good: Path, step: dict[str, Any], expected: str) -> None:
    with pytest.raises(ConfigError) as caught:
        helpers.run(tmp_path, helpers.small_config([str(good)], select__steps=[step]))
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(f"{tmp_path / 'config.yaml'}:")
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("installed")
def test_all_required_parameters_may_be_given(tmp_path: Path, good: Path) -> None:
    step = {"node": "testplugin.scale", "with": {"column": "w", "factor": 3.0}}
    found = helpers.columns(
        helpers.run(tmp_path, helpers.small_config([str(good)], select__steps=[step])).outputs["one"]
    )
    assert np.array_equal(found["scaled_w"], 3.0 * (1.0 / np.arange(1, 21)))


@pytest.mark.usefixtures("installed")
def test_a_list_of_nodes_survives_one_that_cannot_be_imported() -> None:
    result = CliRunner().invoke(cli, ["nodes", "testplugin.absent"])
    assert result.exit_code == 2
    assert "cannot be imported: No module named 'rdfplugins_test_plugin_that_is_absent'" in result.output


def test_in_a_process_of_its_own(site: Path) -> None:
    """As a user has it, with nothing prepared by the test."""
    paths = [str(site), *(path for path in sys.path if path)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    command = [sys.executable, "-m", "rdfplugins.cli", "nodes"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert "testplugin.window" in done.stdout.splitlines()
