"""The stage ``ml``: what it writes, what it leaves alone, and when it runs again."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pytest
import uproot

import rdfplugins as rp
from rdfplugins import pipeline
from rdfplugins.append import stage
from rdfplugins.errors import ConfigError, ConfigErrors, InputError, InterruptedRunError, OutputError
from rdfplugins.inference import Layer, Network, load_model, write_json, write_legacy
from rdfplugins.merge import merge
from tests.append.stage_helpers import config_with, write_model
from tests.select import helpers

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HISTOGRAM = {"column": "ml_mass", "bins": 7, "range": [-20.0, 20.0]}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Twenty events; one has no number in an input."""
    columns = helpers.small_columns()
    columns["x"][3] = np.nan
    return helpers.write_columns(tmp_path / "good.root", columns)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_model(tmp_path / "nets" / "first")


@pytest.fixture
def data(source: Path, model: Path) -> dict[str, Any]:
    # NaN passes no cut, and this event is to be kept
    steps = [{"define": {"y": "2 * x"}}, {"filter": {"late": "event > 1"}}]
    return config_with(str(source), {"model": "nets/first"}, select__steps=steps)


def run(folder: Path, data: dict[str, Any], **options: Any) -> tuple[rp.RunResult, list[str]]:
    said: list[str] = []
    return helpers.run(folder, data, say=said.append, **options), said


def tree(folder: Path, sample: str = "one") -> dict[str, Any]:
    return helpers.columns(folder / "out" / f"{sample}.root")


def file_of(folder: Path, sample: str = "one") -> Path:
    return folder / "out" / f"{sample}.root"


def state(path: Path) -> tuple[int, int]:
    """Return what changes when a file is replaced."""
    now = path.stat()
    return now.st_ino, now.st_mtime_ns


def predicted(model: Path, values: dict[str, Any]) -> Any:
    loaded = load_model(model, backend="numpy")
    return loaded.predict(np.stack([values[name] for name in loaded.inputs], axis=1).astype(np.float32))


# -- what it writes


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


# -- histograms


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
            assert found.member("fEntries") == chosen.sum()


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


# -- freshness


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


# -- order, alone, and in part


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


# -- interruptions


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


# -- what is refused before the first loop


def refused(folder: Path, data: dict[str, Any]) -> list[str]:
    """Return what a run says, and make sure that a check says it, too, and that no loop was run."""
    with pytest.raises(ConfigError) as caught:
        run(folder, data)
    assert not file_of(folder).exists()
    error = caught.value
    told = [str(fault) for fault in (error.faults if isinstance(error, ConfigErrors) else [error])]
    faults, _ = pipeline.check(helpers.write_config(folder, data), say=lambda line: None)
    assert [str(fault) for fault in faults] == told
    return told


def line_of(folder: Path, text: str) -> int:
    lines = (folder / "config.yaml").read_text().splitlines()
    return next(number for number, line in enumerate(lines, start=1) if text in line)


def test_a_model_that_is_not_there(tmp_path: Path, data: dict[str, Any]) -> None:
    data["ml"] = {"model": "nets/frist"}
    (fault,) = refused(tmp_path, data)
    assert fault.startswith(f"{tmp_path / 'config.yaml'}:{line_of(tmp_path, 'frist')}: ")


def test_inputs_that_the_tree_will_not_have(tmp_path: Path, data: dict[str, Any]) -> None:
    write_model(tmp_path / "nets" / "first", inputs=("x", "ww", "yy"))
    (fault,) = refused(tmp_path, data)
    assert f"config.yaml:{line_of(tmp_path, 'ml:')}: " in fault
    assert "'ww'" in fault
    assert "'yy'" in fault
    assert "did you mean 'y'" in fault
    assert "select.output.columns" in fault


def test_a_column_that_is_mapped_and_not_there(tmp_path: Path, data: dict[str, Any]) -> None:
    data["ml"]["map"] = {"x": "yy"}
    (fault,) = refused(tmp_path, data)
    assert f"config.yaml:{line_of(tmp_path, 'x: yy')}: " in fault
    assert "no column 'yy'; did you mean 'y'?" in fault


@pytest.mark.parametrize("branch", ["y", "x"])
def test_a_branch_that_the_tree_will_have_already(tmp_path: Path, data: dict[str, Any], branch: str) -> None:
    data["ml"]["branch"] = branch
    (fault,) = refused(tmp_path, data)
    assert f"config.yaml:{line_of(tmp_path, 'branch:')}: " in fault
    assert f"a column '{branch}' already" in fault


def test_a_check_with_nothing_wrong(tmp_path: Path, data: dict[str, Any]) -> None:
    data["select"]["histograms"] = {"mass": HISTOGRAM}
    faults, _ = pipeline.check(helpers.write_config(tmp_path, data), say=lambda line: None)
    assert faults == []


def test_a_model_with_other_outputs_needs_another_selection(tmp_path: Path, data: dict[str, Any]) -> None:
    write_model(tmp_path / "nets" / "first", outputs=2)
    run(tmp_path, data)
    assert list(tree(tmp_path))[-2:] == ["ml_mass_ml_mass_0", "ml_mass_ml_mass_1"]
    write_model(tmp_path / "nets" / "first")
    with pytest.raises(OutputError, match="--stage select --force"):
        run(tmp_path, data)
    run(tmp_path, data, force=True)
    assert list(tree(tmp_path))[-1] == "ml_mass"


# -- merge


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
