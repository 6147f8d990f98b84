"""When the stage ``ml`` runs again, and what then; alone, in part, and merged."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import uproot

import rdfplugins as rp
from rdfplugins import pipeline
from rdfplugins.errors import InputError
from rdfplugins.merge import merge
from tests.append.stage.models import HISTOGRAM, file_of, run, state, tree, write_model
from tests.select import helpers

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_a_second_run_does_nothing_and_says_so(tmp_path: Path, data: dict[str, Any]) -> None:
    data["select"]["output"]["exports"] = ["tsv"]
    run(tmp_path, data)
    before = state(file_of(tmp_path)), state(tmp_path / "out" / "config.tsv")
    _, said = run(tmp_path, data)
    assert (state(file_of(tmp_path)), state(tmp_path / "out" / "config.tsv")) == before
    assert sum("up to date" in line for line in said) == 3
    assert any("ml_mass of" in line and "is up to date" in line for line in said)


def other_weights(folder: Path, data: dict[str, Any]) -> None:
    write_model(folder / "nets" / "first", seed=9)


def other_branch_settings(folder: Path, data: dict[str, Any]) -> None:
    data["ml"]["map"] = {"w": "2 * w"}


def other_histogram(folder: Path, data: dict[str, Any]) -> None:
    data["select"]["histograms"] = {"mass": {**HISTOGRAM, "bins": 3}}


def a_first_histogram(folder: Path, data: dict[str, Any]) -> None:
    data["select"]["histograms"]["more"] = HISTOGRAM


def a_second_model(folder: Path, data: dict[str, Any]) -> None:
    data["ml"] = [data["ml"], {"model": "nets/first", "branch": "b"}]


def another_cut(folder: Path, data: dict[str, Any]) -> None:
    data["select"]["steps"][1]["filter"]["late"] = "event > 2"


def another_branch(folder: Path, data: dict[str, Any]) -> None:
    data["ml"]["branch"] = "b"
    data["select"].pop("histograms")


def no_models(folder: Path, data: dict[str, Any]) -> None:
    del data["ml"]
    data["select"].pop("histograms")


def a_histogram_less(folder: Path, data: dict[str, Any]) -> None:
    data["select"].pop("histograms")


def moved(folder: Path, data: dict[str, Any]) -> None:
    shutil.copytree(folder / "nets" / "first", folder / "elsewhere" / "first")
    data["ml"]["model"] = "elsewhere/first"


@pytest.mark.parametrize(
    ("change", "stages"),
    [
        (moved, set()),
        (other_weights, {"ml"}),
        (other_branch_settings, {"ml"}),
        (other_histogram, {"ml"}),
        (a_first_histogram, {"ml"}),
        (a_second_model, {"ml"}),
        (another_cut, {"select", "ml"}),
        (another_branch, {"select", "ml"}),
        (a_histogram_less, {"select", "ml"}),
        (no_models, {"select"}),
    ],
)
def test_what_is_made_again(
    tmp_path: Path,
    data: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[Path, dict[str, Any]], None],
    stages: set[str],
) -> None:
    """After a change, only what depends on it; and the file is that of a run from nothing."""
    data["select"]["histograms"] = {"mass": HISTOGRAM}
    run(tmp_path, data)
    created = helpers.provenance(file_of(tmp_path))["created"]
    change(tmp_path, data)
    monkeypatch.setattr("rdfplugins.provenance.describe", lambda folder: {"created": "later"})
    before = state(file_of(tmp_path))
    _, said = run(tmp_path, data)
    made = helpers.provenance(file_of(tmp_path))
    assert (made["created"] == "later") == ("select" in stages), (created, said)
    assert (state(file_of(tmp_path)) != before) == bool(stages)
    assert any("ml_mass for" in line or "b for" in line for line in said) == ("ml" in stages)
    again = tmp_path / "again"
    helpers.run(tmp_path, data, output=again)
    fresh = helpers.columns(again / "one.root")
    kept = tree(tmp_path)
    assert list(fresh) == list(kept)
    for name, values in fresh.items():
        np.testing.assert_array_equal(values, kept[name], err_msg=name)
    with uproot.open(file_of(tmp_path)) as one, uproot.open(again / "one.root") as other:
        assert sorted(one.keys()) == sorted(other.keys())
        for name in one.keys(filter_classname="TH1*"):
            np.testing.assert_array_equal(one[name].values(flow=True), other[name].values(flow=True))


def test_another_model_in_the_same_place_makes_only_its_own_branch_again(tmp_path: Path, data: dict[str, Any]) -> None:
    write_model(tmp_path / "nets" / "second", seed=2)
    data["ml"] = [{"model": "nets/first"}, {"model": "nets/second", "branch": "b"}]
    run(tmp_path, data)
    before = tree(tmp_path)
    write_model(tmp_path / "nets" / "second", seed=3)
    _, said = run(tmp_path, data)
    assert not any("ml_mass for" in line for line in said)
    after = tree(tmp_path)
    np.testing.assert_array_equal(before["ml_mass"], after["ml_mass"])
    assert not np.array_equal(before["b"], after["b"], equal_nan=True)
    data["ml"].reverse()
    _, said = run(tmp_path, data)
    assert not any(" for " in line for line in said), "the order of the models decides nothing"


def test_force_makes_it_again(tmp_path: Path, data: dict[str, Any]) -> None:
    run(tmp_path, data)
    before, values = state(file_of(tmp_path)), tree(tmp_path)
    _, said = run(tmp_path, data, stages=["ml"], force=True)
    assert state(file_of(tmp_path)) != before
    assert list(tree(tmp_path)) == list(values)
    assert any("ml_mass for" in line for line in said)


def test_alone_it_needs_the_selection(tmp_path: Path, data: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="run the stage 'select' first"):
        run(tmp_path, data, stages=["ml"])
    run(tmp_path, data, stages=["select"])
    assert "ml_mass" not in tree(tmp_path)
    result, _ = run(tmp_path, data, stages=["ml"])
    assert "ml_mass" in tree(tmp_path)
    assert list(result.outputs) == ["one"]


def test_without_it_there_are_no_exports_and_no_report(tmp_path: Path, data: dict[str, Any]) -> None:
    data["select"]["output"]["exports"] = ["tsv"]
    data["report"] = {}
    result, said = run(tmp_path, data, stages=["select"])
    assert result.exports == ()
    assert any("config.tsv is not written" in line and "run the stage 'ml'" in line for line in said)
    with pytest.raises(InputError, match="'select' and 'ml'"):
        run(tmp_path, data, stages=["report"])


def test_report_leaves_out_what_another_model_made(tmp_path: Path, data: dict[str, Any]) -> None:
    data["report"] = {}
    run(tmp_path, data)
    write_model(tmp_path / "nets" / "first", seed=9)
    said: list[str] = []
    with pytest.raises(InputError, match="no output of this config"):
        helpers.run(tmp_path, data, stages=["report"], say=said.append)
    assert "was made with another model" in "".join(said)


def test_report_takes_what_a_model_that_is_gone_has_made(tmp_path: Path, data: dict[str, Any]) -> None:
    data["report"] = {}
    run(tmp_path, data)
    shutil.rmtree(tmp_path / "nets")
    result, _ = run(tmp_path, data, stages=["report"])
    assert result.report


def test_one_sample_of_two(tmp_path: Path, data: dict[str, Any], more: Path) -> None:
    data["input"]["samples"]["two"] = {"kind": "data", "files": str(more)}
    run(tmp_path, data, stages=["select"])
    result, _ = run(tmp_path, data, stages=["ml"], samples=["two"])
    assert list(result.outputs) == ["two"]
    assert "ml_mass" not in tree(tmp_path)
    assert "ml_mass" in tree(tmp_path, "two")


@pytest.fixture(scope="module")
def more(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return helpers.write_columns(tmp_path_factory.mktemp("more") / "more.root", helpers.small_columns(5, first=100))


def test_first_events_only(tmp_path: Path, data: dict[str, Any]) -> None:
    run(tmp_path, data, max_events=5)
    assert len(tree(tmp_path)["ml_mass"]) == 4
    assert helpers.provenance(file_of(tmp_path))["partial"] is True


def test_trees_are_taken_whole_where_the_selection_is_not_run(tmp_path: Path, data: dict[str, Any]) -> None:
    run(tmp_path, data, stages=["select"])
    _, said = run(tmp_path, data, stages=["ml"], max_events=5)
    assert len(tree(tmp_path)["ml_mass"]) == 19
    assert any("takes the trees whole" in line for line in said)


def test_dry_run_tells_which_files_it_would_change(tmp_path: Path, data: dict[str, Any]) -> None:
    data["select"]["output"]["exports"] = ["tsv"]
    path = helpers.write_config(tmp_path, data)
    lines = pipeline.plan(path, output=tmp_path / "out")
    assert [line.split(":")[0] for line in lines] == ["select", "ml", "select"]
    assert "ml_mass (first)" in lines[1]
    assert "up to date" not in lines[1]
    run(tmp_path, data)
    assert "which is up to date" in pipeline.plan(path, output=tmp_path / "out")[1]


def test_outputs_of_jobs_are_merged_with_their_branches(tmp_path: Path, data: dict[str, Any], more: Path) -> None:
    data["input"]["samples"]["two"] = {"kind": "data", "files": str(more)}
    data["select"]["output"]["exports"] = ["tsv"]
    config = helpers.write_config(tmp_path, data)
    for name in ("one", "two"):
        rp.run(config, samples=[name], output=tmp_path / f"job_{name}")
    result = merge([tmp_path / "job_one", tmp_path / "job_two"], tmp_path / "out", config)
    assert result.run is not None
    assert [path.name for path in result.run.exports] == ["config.tsv"]
    assert "ml_mass" in tree(tmp_path, "two")


def test_merge_refuses_what_another_model_made(tmp_path: Path, data: dict[str, Any], more: Path) -> None:
    data["input"]["samples"]["two"] = {"kind": "data", "files": str(more)}
    config = helpers.write_config(tmp_path, data)
    rp.run(config, samples=["one"], output=tmp_path / "job_one")
    write_model(tmp_path / "nets" / "first", seed=9)
    with pytest.raises(InputError, match="made with another model"):
        merge([tmp_path / "job_one"], tmp_path / "out", config)
    rp.run(config, samples=["two"], output=tmp_path / "job_two")
    with pytest.raises(InputError, match="different models"):
        merge([tmp_path / "job_one", tmp_path / "job_two"], tmp_path / "out")


def test_merge_with_a_config_wants_its_models(tmp_path: Path, data: dict[str, Any]) -> None:
    config = helpers.write_config(tmp_path, data)
    rp.run(config, stages=["select"], output=tmp_path / "job")
    with pytest.raises(InputError, match="run the stage 'ml'"):
        merge([tmp_path / "job"], tmp_path / "out", config)
    merge([tmp_path / "job"], tmp_path / "out")
    rp.run(config, stages=["ml"], output=tmp_path / "out")
    assert "ml_mass" in tree(tmp_path)
