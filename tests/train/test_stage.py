"""The stage ``train`` of a config: what it reads, what is up to date, what it does not replace."""

from __future__ import annotations

import importlib.util
import re
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
import uproot

import rdfplugins as rp
from rdfplugins import pipeline, provenance
from rdfplugins.errors import ConfigError, ConfigErrors, MissingDependencyError, OutputError
from rdfplugins.inference import load_model
from tests.train.helpers import INPUTS, made_up, write_tree

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("tensorflow")

OF_OTHERS = f"""version: 1
train:
  model: mine
  from: data/*.root
  inputs: [{", ".join(INPUTS)}]
  widths: [8]
  epochs: 2
  batch: 64
"""
OF_A_SELECTION = """version: 1
input:
  tree: Events
  units: GeV
  key: [run, luminosityBlock, event]
  samples:
    signal: {kind: mc, xsec_pb: 1, simulate: {process: ditau, mode: tautau, mass: [300, 1000], events: 1500, seed: 5}}
    W: {kind: mc, simulate: {process: ditau, mode: wjets, events: 300, seed: 6}}
    data: {kind: data, simulate: {process: ditau, mode: data, events: 300, seed: 7}}
select:
  weight: weight
  steps:
    - node: ditau.weights
    - node: ditau.select
    - node: ditau.features
  split: {fractions: {train: 0.7, val: 0.15, test: 0.15}}
  output: {dir: out}
train:
  {model: mine, samples: signal, widths: [8], epochs: 2, batch: 32, augment: [rotate, flip], teacher: {epochs: 1}}
ml: {model: mine}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    write_tree(tmp_path / "data" / "one.root", made_up(600, seed=1))
    write_tree(tmp_path / "data" / "two.root", made_up(500, seed=2))
    (tmp_path / "c.yaml").write_text(OF_OTHERS)
    return tmp_path


def run(*overrides: str, **more: object) -> tuple[pipeline.RunResult, list[str]]:
    lines: list[str] = []
    return rp.run("c.yaml", overrides=overrides, say=lines.append, **more), lines  # type: ignore[arg-type]


def test_files_of_others(folder: Path) -> None:
    result, lines = run()
    assert [str(path.resolve()) for path in result.models] == [str(folder / "models" / "mine")]
    assert any(line.startswith("train: epoch 2 of 2: loss ") for line in lines)
    model = load_model("mine", backend="numpy")
    assert model.inputs == INPUTS
    training = model.card.training
    assert training is not None
    with uproot.open({"data/one.root": "events"}) as one, uproot.open({"data/two.root": "events"}) as two:
        split = np.concatenate([tree["split"].array(library="np") for tree in (one, two)])
    assert training["events"] == {"training": (split == 0).sum(), "validation": (split == 1).sum()}
    assert training["made_by"]["config"] == "c.yaml"


def test_what_is_up_to_date_stays(folder: Path) -> None:
    run()
    weights = (folder / "models/mine/NN_weights-mine.h5").stat().st_mtime_ns
    _, lines = run()
    assert lines == ["train: models/mine is up to date"]
    assert (folder / "models/mine/NN_weights-mine.h5").stat().st_mtime_ns == weights


@pytest.mark.parametrize(
    "change", ["train.epochs=3", "train.seed=9", "train.inputs=[pt, eta, cov]", "train.mass_range=[60, 900]"]
)
def test_other_settings_train_again(folder: Path, change: str) -> None:
    run()
    first = load_model("mine", backend="numpy").digest
    _, lines = run(change)
    assert lines[-1].startswith("train: ")
    assert not any("up to date" in line for line in lines)
    assert load_model("mine", backend="numpy").digest != first
    assert (folder / "models/mine").is_dir()


def test_other_events_train_again(folder: Path) -> None:
    run()
    first = load_model("mine", backend="numpy").digest
    write_tree(folder / "data" / "two.root", made_up(500, seed=3))
    run()
    assert load_model("mine", backend="numpy").digest != first


def test_force_trains_again_to_the_same(folder: Path) -> None:
    run()
    first = load_model("mine", backend="numpy").digest
    _, lines = run(force=True)
    assert any("epoch 2 of 2" in line for line in lines)
    assert load_model("mine", backend="numpy").digest == first
    assert (folder / "models/mine").is_dir()


def test_a_model_of_somebody_else_stays(folder: Path) -> None:
    run()
    (folder / "other.yaml").write_text(OF_OTHERS.replace("epochs: 2", "epochs: 3"))
    message = (
        "models/mine: is there and was not made by other.yaml, or is damaged; choose another train.model or train.dir"
    )
    with pytest.raises(OutputError, match=re.escape(message)):
        rp.run("other.yaml", say=lambda _: None)
    rp.run("other.yaml", force=True, say=lambda _: None)
    training = load_model("mine", backend="numpy").card.training
    assert training is not None
    assert training["made_by"]["config"] == "other.yaml"


def test_validation_of_other_files(folder: Path) -> None:
    result, _ = run("train.from=[data/one.root]", "train.validation=[data/two.root]")
    training = load_model(result.models[0], backend="numpy").card.training
    assert training is not None
    with uproot.open({"data/two.root": "events"}) as two:
        assert training["events"]["validation"] == (two["split"].array(library="np") == 1).sum()


def test_weights_of_what_was_resampled(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows of the resampling are trained on, with their weights; the selection has the validation, and no weights."""
    monkeypatch.setenv("RDFPLUGINS_CACHE", str(folder / "cache"))
    simulated = "{kind: mc, xsec_pb: 1, simulate: {process: ditau, mode: tautau, mass: [%s], events: 1500, seed: 5}}"
    text = OF_A_SELECTION.partition("  samples:\n")[0] + "  samples:\n"
    text += f"    low: {simulated % '150, 400'}\n    high: {simulated % '400, 1000'}\n"
    text += "select:" + OF_A_SELECTION.partition("select:")[2].partition("train:\n")[0]
    text += """resample:
  method: weighting
  class_labels: [low, high]
  options: {sampling_variables: [{pt_1: {bins: [0, 300, 4]}}]}
train: {model: mine, widths: [8], epochs: 2, batch: 32}
"""
    (folder / "c.yaml").write_text(text)
    result, lines = run()
    with uproot.open("out/resample/train.root") as file:
        rows = file["events"].num_entries
    assert f"train: {rows} events to train on" in "\n".join(lines)
    assert "train: low.root: has no column 'sample_weight'; the weights of its events are 1" in lines
    training = load_model(result.models[0], backend="numpy").card.training
    assert training is not None
    assert training["weight"] == "sample_weight"
    split = [uproot.open(f"out/{name}.root")["events"]["split"].array(library="np") for name in ("low", "high")]
    assert training["events"]["validation"] == sum((one == 1).sum() for one in split)


def test_a_file_that_is_not_there(folder: Path) -> None:
    (folder / "c.yaml").write_text(OF_OTHERS.replace("data/*.root", "nothing/*.root"))
    with pytest.raises(ConfigErrors, match=r"c\.yaml:4: .*nothing/\*\.root"):
        run()
    with pytest.raises(ConfigErrors, match=r"data/gone\.root: there is no such file"):
        run("train.from=[data/gone.root]")
    assert not (folder / "models/mine").exists()


def test_the_only_tree_of_a_file_is_found(folder: Path) -> None:
    for name in ("one", "two"):
        write_tree(folder / f"data/{name}.root", made_up(400, seed=3 if name == "one" else 4), tree="ntuple")
    result, _ = run()
    assert result.models
    with uproot.update(folder / "data/one.root") as file:
        file.mktree("more", {"x": "float64"})
        file["more"].extend({"x": np.zeros(2)})
    with pytest.raises(ConfigError, match=r"c\.yaml:4: data/one\.root has the trees more, ntuple; name one in train"):
        run("train.seed=2")


def test_a_plan_runs_nothing(folder: Path) -> None:
    assert pipeline.plan("c.yaml") == ["train: model models/mine"]
    assert not (folder / "models").exists()
    run()
    assert pipeline.plan("c.yaml") == ["train: model models/mine, which is up to date"]
    assert pipeline.plan("c.yaml", overrides=["train.epochs=5"]) == [
        "train: model models/mine, which is there and will be replaced"
    ]


@pytest.mark.parametrize("force", [False, True])
def test_what_is_no_model_is_never_replaced(folder: Path, *, force: bool) -> None:
    (folder / "models").mkdir()
    (folder / "models/mine").write_text("precious")
    with pytest.raises(OutputError, match=r"models/mine: is there and no folder"):
        run(force=force)
    assert (folder / "models/mine").read_text() == "precious"
    (folder / "models/mine").unlink()
    (folder / "models/mine").symlink_to("nowhere")
    with pytest.raises(OutputError, match=r"models/mine: is a link to what is not there"):
        run(force=force)


def test_texts_of_the_card_need_no_training(folder: Path) -> None:
    run()
    before = load_model("mine", backend="numpy")
    _, lines = run("train.about={title: another, license: MIT}")
    assert lines == ["train: models/mine is up to date"]
    after = load_model("mine", backend="numpy")
    assert (after.card.title, after.card.license) == ("another", "MIT")
    assert after.digest == before.digest
    assert after.card.references == before.card.references


def test_files_of_others_are_known_by_size_and_time(folder: Path) -> None:
    """A file that others made of ours holds the provenance of one of them, whatever else is in it."""
    text = "{}"
    for name, events in (("one", 600), ("two", 500)):
        with uproot.recreate(folder / f"data/{name}.root") as file:
            columns = made_up(events, seed=events)
            file.mktree("events", {key: values.dtype for key, values in columns.items()})
            file["events"].extend(columns)
            file["provenance"] = provenance.to_text({"stages": {"select": "0"}, "text": text})
    run()
    first = load_model("mine", backend="numpy").digest
    with uproot.recreate(folder / "data/two.root") as file:
        columns = made_up(300, seed=8)
        file.mktree("events", {key: values.dtype for key, values in columns.items()})
        file["events"].extend(columns)
        file["provenance"] = provenance.to_text({"stages": {"select": "0"}, "text": text})
    run()
    assert load_model("mine", backend="numpy").digest != first


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("train.augment=[rotate, rotate]", "augment: 'rotate' stands twice"),
        ("train.augment=[rotate]", "it is not known what becomes of"),
        ("train.inputs=[pt, pt]", "inputs are names of columns, at least one and each once"),
        ("train.teacher={}", "a teacher needs the 27 inputs of the mass models"),
        ("train.from=[data/one.root, data/gone.root]", "data/gone.root: there is no such file"),
        ("train.inputs=[genMass, pt]", "'genMass' is the target of an event, which no network may see"),
    ],
)
def test_what_cannot_be_trained_is_known_before(folder: Path, change: str, message: str) -> None:
    faults, _ = pipeline.check("c.yaml", overrides=[change], say=lambda _: None)
    assert any(message in str(fault) for fault in faults), faults
    with pytest.raises(ConfigErrors, match=re.escape(message)):
        run(change)
    assert not (folder / "models").exists()


def test_no_tensorflow_is_known_before(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "tensorflow" else find(name))
    faults, _ = pipeline.check("c.yaml", say=lambda _: None)
    assert [type(fault) for fault in faults] == [MissingDependencyError]


def test_the_trees_of_a_selection(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RDFPLUGINS_CACHE", str(folder / "cache"))
    (folder / "c.yaml").write_text(OF_A_SELECTION)
    faults, lines = pipeline.check("c.yaml", say=lambda _: None)
    assert not faults, faults
    assert lines
    result, said = run()
    assert set(result.outputs) == {"signal", "W", "data"}
    assert any("teacher" in line for line in said)
    model = load_model("mine", backend="numpy")
    with uproot.open({"out/signal.root": "events"}) as tree:
        columns = tree.arrays(library="np")
    found = model.predict(np.column_stack([columns[name] for name in model.inputs]))[:, 0]
    np.testing.assert_allclose(columns["ml_mass"], found, rtol=1e-4)
    _, again = run()
    assert "train: models/mine is up to date" in again
    # a histogram more is another selection of the same events
    _, seen = run("select.histograms={m: {column: m_vis, bins: 3, range: [0, 900]}}")
    assert "train: models/mine is up to date: the trees were made again, and their events are the same" in seen
    run()
    # another training changes the branch, not the selection
    _, other = run("train.seed=5")
    assert not any(line.startswith("signal: ") and "events" in line and "selected" in line for line in other)
    with uproot.open({"out/signal.root": "events"}) as tree:
        assert not np.array_equal(tree["ml_mass"].array(library="np"), columns["ml_mass"])


def test_columns_are_looked_at_before_the_loop(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RDFPLUGINS_CACHE", str(folder / "cache"))
    (folder / "c.yaml").write_text(OF_A_SELECTION.replace("samples: signal", "samples: signal, weight: wieght"))
    faults, _ = pipeline.check("c.yaml", say=lambda _: None)
    assert [str(fault).partition("; ")[0] for fault in faults] == [
        "c.yaml:19: the tree of sample 'signal' has no column 'wieght'"
    ]
    (folder / "c.yaml").write_text(re.sub(r"  split: .*\n", "", OF_A_SELECTION))
    faults, _ = pipeline.check("c.yaml", say=lambda _: None)
    assert any("c.yaml:17: the trees have no column 'split'" in str(fault) for fault in faults)


def test_some_samples_train_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RDFPLUGINS_CACHE", str(folder / "cache"))
    (folder / "c.yaml").write_text(OF_A_SELECTION.partition("ml:")[0])
    _, lines = run(samples=["signal"])
    assert "train is left out: it needs all samples" in lines
    assert not (folder / "models").exists()
