"""The stage ``ml``: what it writes, and what it leaves alone."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pytest
import uproot

from rdfplugins.append import stage
from rdfplugins.errors import ConfigError, InputError, InterruptedRunError
from rdfplugins.inference import Layer, Network, load_model, write_json, write_legacy
from tests.append.stage.models import HISTOGRAM, file_of, predicted, run, tree, write_model
from tests.select import helpers

if TYPE_CHECKING:
    from pathlib import Path


def test_values_are_those_of_the_model_row_by_row(tmp_path: Path, data: dict[str, Any], model: Path) -> None:
    result, _ = run(tmp_path, data)
    assert result.outputs == {"one": file_of(tmp_path)}
    values = tree(tmp_path)
    good = ~np.isnan(values["x"])
    assert list(np.flatnonzero(~good)) == [2]
    np.testing.assert_allclose(values["ml_mass"][good], predicted(model, values)[good, 0], rtol=1e-5)
    assert np.isnan(values["ml_mass"][~good]).all()
    assert values["ml_mass"].dtype == np.float32


def test_provenance_tells_of_model_and_branch(tmp_path: Path, data: dict[str, Any], model: Path) -> None:
    run(tmp_path, data)
    record = helpers.provenance(file_of(tmp_path))
    (made,) = record["models"]
    assert (made["name"], made["branch"]) == ("first", "ml_mass")
    assert made["digest"] == load_model(model).digest
    assert (made["entries"], made["estimated"]) == (19, 18)
    assert {"backend", "precision", "counts"} <= set(made)
    assert set(record["stages"]) == {"select", "ml"}
    assert record["columns"][-1] == "ml_mass"
    assert record["units"]["ml_mass"] == "GeV"
    assert record["cutflow"]["cuts"][-1]["events"] == 19


def test_what_the_selection_wrote_stays(tmp_path: Path, data: dict[str, Any]) -> None:
    data["select"]["histograms"] = {"x": {"column": "x", "bins": 4, "range": [0, 20]}}
    run(tmp_path, data, stages=["select"])
    before = tree(tmp_path)
    with uproot.open(file_of(tmp_path)) as file:
        objects = {name: file[name].values() for name in ("x", "cutflow", "cutflow_weighted")}
    run(tmp_path, data, stages=["ml"])
    after = tree(tmp_path)
    assert list(after) == [*before, "ml_mass"]
    for name, values in before.items():
        np.testing.assert_array_equal(values, after[name])
    with uproot.open(file_of(tmp_path)) as file:
        assert all(";2" not in name for name in file.keys(cycle=True))
        for name, values in objects.items():
            np.testing.assert_array_equal(file[name].values(), values)


def test_exports_hold_the_branch(tmp_path: Path, data: dict[str, Any]) -> None:
    data["select"]["output"]["exports"] = ["tsv", "h5"]
    result, _ = run(tmp_path, data)
    assert [path.suffix for path in result.exports] == [".tsv", ".h5"]
    with h5py.File(result.exports[1]) as stored:
        table = stored["events"][:]
        assert "first" in stored["events"].attrs["models"]
    values = tree(tmp_path)
    order = np.argsort(values["event_key"])
    np.testing.assert_array_equal(table["ml_mass"], values["ml_mass"][order])
    assert "ml_mass" in result.exports[0].read_text().partition("\n")[0].split("\t")


def test_two_models_in_one_tree(tmp_path: Path, data: dict[str, Any], model: Path) -> None:
    other = write_model(tmp_path / "nets" / "second", inputs=("w", "y"), seed=5)
    data["ml"] = [{"model": "nets/first"}, {"model": "nets/second", "branch": "m2", "map": {"y": "x + x"}}]
    run(tmp_path, data)
    values = tree(tmp_path)
    good = ~np.isnan(values["x"])
    np.testing.assert_allclose(values["ml_mass"][good], predicted(model, values)[good, 0], rtol=1e-5)
    np.testing.assert_allclose(values["m2"][good], predicted(other, values)[good, 0], rtol=1e-5)
    assert [made["branch"] for made in helpers.provenance(file_of(tmp_path))["models"]] == ["ml_mass", "m2"]


def test_an_empty_selection_has_the_branch(tmp_path: Path, data: dict[str, Any]) -> None:
    data["select"]["steps"].append({"filter": {"nothing": "event > 1000"}})
    data["select"]["histograms"] = {"mass": HISTOGRAM}
    run(tmp_path, data)
    values = tree(tmp_path)
    assert len(values["ml_mass"]) == 0
    with uproot.open(file_of(tmp_path)) as file:
        assert file["mass"].values(flow=True).sum() == 0


def test_histograms_are_those_of_the_finished_tree(tmp_path: Path, data: dict[str, Any]) -> None:
    data["select"]["weight"] = "w"
    data["select"]["categories"] = {"low": "x < 8", "high": "x >= 8"}
    data["select"]["histograms"] = {"mass": {**HISTOGRAM, "title": "mine"}, "all_x": {**HISTOGRAM, "column": "x"}}
    run(tmp_path, data)
    values = tree(tmp_path)
    edges = np.array([-np.inf, *np.linspace(-20, 20, 8), np.inf])
    for path, in_category in (
        ("mass", np.full(len(values["x"]), True)),
        ("categories/low/mass", values["category"] == 0),
        ("categories/high/mass", values["category"] == 1),
    ):
        chosen = in_category & ~np.isnan(values["ml_mass"])
        bins = np.digitize(values["ml_mass"][chosen].astype(float), edges) - 1
        weights = values["w"][chosen]
        with uproot.open(file_of(tmp_path)) as file:
            found = file[path]
            sums = [weights[bins == number].sum() for number in range(9)]
            squares = [(weights[bins == number] ** 2).sum() for number in range(9)]
            np.testing.assert_allclose(found.values(flow=True), sums, rtol=1e-12)
            np.testing.assert_allclose(found.variances(flow=True), squares, rtol=1e-12)
            assert found.member("fName") == "mass"
            assert found.member("fXaxis").member("fTitle") == "mine"
            assert found.member("fYaxis").member("fTitle") == "sum of weights"
            assert found.member("fEntries") == chosen.sum()


def test_axes_of_a_histogram_without_a_title(tmp_path: Path, data: dict[str, Any], model: Path) -> None:
    (model / "card.yaml").write_text("units: {ml_mass: GeV}\n")
    data["select"]["histograms"] = {"mass": HISTOGRAM}
    run(tmp_path, data)
    with uproot.open(file_of(tmp_path)) as file:
        titles = [file["mass"].member(axis).member("fTitle") for axis in ("fXaxis", "fYaxis")]
    assert titles == ["m_ML [GeV]", "events"]


def test_histograms_are_filled_as_root_does(tmp_path: Path, data: dict[str, Any]) -> None:
    """The same column, once filled by the event loop of ROOT and once by the stage: from a model that returns it."""
    identity = Network((Layer(np.array([[1.0], [0.0]], np.float32), np.zeros(1, np.float32), "linear"),))
    write_legacy(tmp_path / "nets" / "first" / "NN_weights-first.h5", identity)
    (tmp_path / "nets" / "first" / "first.json").write_text(write_json(identity, "first"))
    data["select"]["weight"] = "w"
    axis = {"bins": 6, "range": [3.25, 15.25]}  # values stand on the edges of bins
    data["select"]["histograms"] = {"a": {"column": "x", **axis}, "b": {"column": "ml_mass", **axis}}
    run(tmp_path, data)
    with uproot.open(file_of(tmp_path)) as file:
        one, other = file["a"], file["b"]
        np.testing.assert_allclose(one.values(flow=True), other.values(flow=True), rtol=1e-14)
        np.testing.assert_allclose(one.variances(flow=True), other.variances(flow=True), rtol=1e-14)
        for member in ("fEntries", "fTsumw", "fTsumw2", "fTsumwx", "fTsumwx2"):
            assert one.member(member) == pytest.approx(other.member(member), rel=1e-12)


def test_a_weight_that_the_tree_does_not_hold_is_refused_before_the_loop(tmp_path: Path, data: dict[str, Any]) -> None:
    data["select"] |= {"weight": "2 * w", "histograms": {"mass": HISTOGRAM}}
    with pytest.raises(ConfigError, match=r"config\.yaml:\d+: histogram 'mass' is filled from the written tree"):
        run(tmp_path, data)
    assert not file_of(tmp_path).exists()


def test_an_end_in_the_middle_leaves_the_file_as_it_was(
    tmp_path: Path, data: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    run(tmp_path, data, stages=["select"])
    before = file_of(tmp_path).read_bytes()

    def interrupted(*_: object) -> None:
        raise InterruptedRunError("interrupted")

    with monkeypatch.context() as patch:
        patch.setattr(stage, "_updated", interrupted)  # all values are known, nothing is renamed yet
        with pytest.raises(InterruptedRunError):
            run(tmp_path, data, stages=["ml"])
    assert file_of(tmp_path).read_bytes() == before
    assert sorted(path.name for path in (tmp_path / "out").glob("*.root*")) == ["one.root"]
    run(tmp_path, data)
    assert "ml_mass" in tree(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("wait", [0.0, 0.01, 0.03, 0.1])
def test_kill_leaves_branch_and_provenance_of_one_state(tmp_path: Path, data: dict[str, Any], wait: float) -> None:
    """Killed some time after it has begun to write: both are there, or neither; and the next run finishes."""
    data["ml"] = [{"model": "nets/first"}, {"model": "nets/first", "branch": "b"}]
    run(tmp_path, data, stages=["select"])
    path, before = helpers.write_config(tmp_path, data), {file_of(tmp_path)}
    command = [sys.executable, "-m", "rdfplugins.cli", str(path), "--stage", "ml", "-o", str(tmp_path / "out")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None and set((tmp_path / "out").glob("*.root*")) == before:
        time.sleep(0.002)
    time.sleep(wait)
    process.kill()
    process.wait()
    there = set(tree(tmp_path)) & {"ml_mass", "b"}
    record = helpers.provenance(file_of(tmp_path))
    assert {made["branch"] for made in record.get("models", ())} == there
    assert ("ml" in record["stages"]) == (len(there) == 2)
    run(tmp_path, data)
    assert {"ml_mass", "b"} <= set(tree(tmp_path))
    assert [name.name for name in (tmp_path / "out").glob("*.root*")] == ["one.root"]


def test_an_end_between_two_models_is_taken_up_there(
    tmp_path: Path, data: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    data["ml"] = [{"model": "nets/first"}, {"model": "nets/first", "branch": "b"}]
    whole = stage._append

    def only_the_first(path: Path, request: Any, *more: Any) -> None:
        if request.branch == "b":
            raise InterruptedRunError("interrupted")
        whole(path, request, *more)

    with monkeypatch.context() as patch:
        patch.setattr(stage, "_append", only_the_first)
        with pytest.raises(InterruptedRunError):
            run(tmp_path, data)
    assert list(tree(tmp_path))[-1] == "ml_mass"
    assert set(helpers.provenance(file_of(tmp_path))["stages"]) == {"select"}
    with pytest.raises(InputError):  # half of it is not up to date
        run(tmp_path, {**data, "report": {}}, stages=["report"])
    _, said = run(tmp_path, data)
    assert not any("ml_mass for" in line for line in said)
    assert any(": b for" in line for line in said)
    assert list(tree(tmp_path))[-2:] == ["ml_mass", "b"]
