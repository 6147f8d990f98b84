"""A branch of the stage ``ml`` in the report: its label, its blinding, and no shifts where it has none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from rdfplugins.config import load_config
from rdfplugins.report import axes, contents, mass_names, prepare
from rdfplugins.report.gallery import pictures
from tests.append.stage.models import write_model
from tests.inference.tmva import weight_files
from tests.select import helpers

if TYPE_CHECKING:
    from pathlib import Path

    from rdfplugins.config import Config

AXIS = {"bins": 5, "range": [-20, 20]}


@pytest.fixture
def data(tmp_path: Path) -> dict[str, Any]:
    write_model(tmp_path / "net")
    file = helpers.write_columns(tmp_path / "in.root", helpers.small_columns(40))
    config = helpers.small_config(str(file), select__output={"dir": "out", "columns": ["x", "w", "y"]})
    config["input"] |= {"lumi_pb": 10.0, "samples": {"one": {"kind": "mc", "files": str(file)}}}
    config["input"]["samples"]["one"] |= {"xsec_pb": 1.0, "sum_of_weights": 40.0}
    config["select"] |= {"weight": "w", "histograms": {"mass": {"column": "m", **AXIS}, "x": {"column": "x", **AXIS}}}
    return {**config, "ml": {"model": "net", "branch": "m"}}


def made(folder: Path, data: dict[str, Any]) -> tuple[Config, contents.Contents, list[str]]:
    said: list[str] = []
    result = helpers.run(folder, data, say=said.append)
    return result.config, contents.read(result.config, "one", result.outputs["one"]), said


def test_it_is_called_the_estimated_mass(tmp_path: Path, data: dict[str, Any]) -> None:
    config, sample, _ = made(tmp_path, data)
    assert axes.x_label(prepare.prepare(config, "mass", [sample])) == r"$m_{\mathrm{ML}}$ [GeV]"
    assert axes.x_label(prepare.prepare(config, "x", [sample])) == "x"


def test_a_title_of_the_config_wins(tmp_path: Path, data: dict[str, Any]) -> None:
    data["select"]["histograms"]["mass"]["title"] = "mine [GeV]"
    config, sample, _ = made(tmp_path, data)
    assert axes.x_label(prepare.prepare(config, "mass", [sample])) == "mine [GeV]"


def test_what_is_no_energy_keeps_its_name(tmp_path: Path, data: dict[str, Any]) -> None:
    (tmp_path / "net" / "card.yaml").write_text("outputs: [score]\nunits: {score: none}\n")
    config, sample, _ = made(tmp_path, data)
    assert axes.x_label(prepare.prepare(config, "mass", [sample])).startswith("m")


@pytest.mark.parametrize("made_by", ["ml", "node"])
def test_what_is_called_a_mass_and_is_none(tmp_path: Path, data: dict[str, Any], made_by: str) -> None:
    """The branch has its default name, and the model says nothing of a mass."""
    path = str(weight_files.write(tmp_path / "w.xml", variables=1, expressions=("x",)))
    data["select"]["histograms"]["mass"]["column"] = "ml_mass"
    data["ml"] = {"model": path}
    if made_by == "node":
        del data["ml"]
        data["select"]["steps"].append({"node": "ml_mass", "with": {"model": path}})
    config, sample, _ = made(tmp_path, data)
    label = axes.x_label(prepare.prepare(config, "mass", [sample]))
    assert label == {"ml": "response", "node": "ml_mass"}[made_by]


def test_a_mass_by_its_default_name(tmp_path: Path, data: dict[str, Any]) -> None:
    data["select"]["histograms"]["mass"]["column"] = data["ml"]["branch"] = "ml_mass"
    config, sample, _ = made(tmp_path, data)
    assert axes.x_label(prepare.prepare(config, "mass", [sample])) == r"$m_{\mathrm{ML}}$ [GeV]"


def test_it_is_drawn_as_any_other(tmp_path: Path, data: dict[str, Any]) -> None:
    config, sample, _ = made(tmp_path, data)
    assert {"mass", "x"} <= {picture.name for picture in pictures(config, [sample], None)}
    values = helpers.columns(tmp_path / "out" / "one.root")
    expected, _ = np.histogram(values["m"], bins=5, range=(-20, 20), weights=10.0 * values["w"])
    np.testing.assert_allclose(prepare.prepare(config, "mass", [sample]).total, expected, rtol=1e-6)


def test_under_variations_it_is_nominal_and_that_is_said_once(tmp_path: Path, data: dict[str, Any]) -> None:
    data["select"]["steps"].insert(0, {"vary": {"scale": {"up": {"x": "x * 2"}, "down": {"x": "x / 2"}}}})
    data["select"]["histograms"]["more"] = {"column": "m", **AXIS}
    config, sample, said = made(tmp_path, data)
    assert sum("nominal events only" in line for line in said) == 1
    assert set(sample.regions[None].variations["scale_up"]) == {"x"}
    assert prepare.prepare(config, "mass", [sample]).shifts == ()
    assert [shift.name for shift in prepare.prepare(config, "x", [sample]).shifts] == ["scale"]
    names = {picture.name for picture in pictures(config, [sample], None)}
    assert "x_scale" in names
    assert "mass_scale" not in names


@pytest.mark.parametrize(
    ("mass", "entry", "hidden"),
    [
        ("y", {"model": "net", "branch": "m"}, False),
        ("x", {"model": "net", "branch": "m"}, True),
        ("y", {"model": "net", "branch": "m", "map": {"x": "y / 2"}}, True),
        ("y", {"model": "gone", "branch": "m"}, True),
    ],
)
def test_a_model_that_reads_the_blinded_mass_carries_it(
    tmp_path: Path, data: dict[str, Any], mass: str, entry: dict[str, Any], hidden: bool
) -> None:
    """The model reads ``x`` and ``w``; one that cannot be read may read anything."""
    data["input"]["samples"] = {"one": {"kind": "data", "files": data["input"]["samples"]["one"]["files"]}}
    data["select"]["steps"] = [{"define": {"y": "w + event"}}]
    data["select"]["histograms"] |= {mass: {"column": mass, **AXIS}}
    config = load_config(helpers.write_config(tmp_path, {**data, "ml": entry, "report": {"mass": mass}}))
    assert ("m" in mass_names.carriers(config)) == hidden
