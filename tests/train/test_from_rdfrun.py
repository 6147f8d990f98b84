"""From a config to a model: the trees of ``rdfrun`` are what the training takes, with all defaults of its columns."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np
import pytest
import uproot

import rdfplugins as rp
from rdfplugins.errors import InputError
from rdfplugins.inference import load_model
from rdfplugins.nodes import ditau
from rdfplugins.train import train_mass_model
from rdfplugins.train.events import Data, Source
from rdfplugins.train.origin import origins

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("tensorflow")

CONFIG = """
version: 1
input:
  tree: Events
  units: GeV
  key: [run, luminosityBlock, event]
  samples:
    signal: {kind: mc, xsec_pb: 1, simulate: {process: ditau, mode: tautau, mass: [200, 1000], events: 2000, seed: 5}}
    W: {kind: mc, simulate: {process: ditau, mode: wjets, events: 2000, seed: 6}}
    data: {kind: data, simulate: {process: ditau, mode: data, events: 2000, seed: 7}}
select:
  weight: weight
  steps:
    - node: ditau.weights
    - node: ditau.select
    - node: ditau.features
  split: {fractions: {train: 0.7, val: 0.15, test: 0.15}, folds: 5, seed: 1}
  output: {dir: out}
"""


@pytest.fixture(scope="module")
def trees(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rdfrun")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RDFPLUGINS_CACHE", str(folder / "cache"))
        patch.chdir(folder)
        (folder / "train.yaml").write_text(CONFIG)
        rp.run("train.yaml")
    return folder / "out"


def test_a_model_of_27_inputs(trees: Path, tmp_path: Path) -> None:
    folder = train_mass_model(trees / "signal.root", tmp_path / "tiny", widths=(16,), epochs=2, batch=64)
    model = load_model(folder, backend="numpy")
    assert model.inputs == ditau.INPUTS
    with uproot.open(trees / "signal.root") as file:
        columns = file["events"].arrays([*ditau.INPUTS, "split", "genMass"], library="np")
    training = model.card.training
    assert training is not None
    assert training["events"] == {
        "training": int((columns["split"] == 0).sum()),
        "validation": int((columns["split"] == 1).sum()),
    }
    (source,) = training["data"]
    assert source == {
        "file": "signal.root",
        **training["events"],
        "sha256": hashlib.sha256((trees / "signal.root").read_bytes()).hexdigest(),
        "sample": "signal",
        "simulated": [
            {"process": "ditau", "mode": "tautau", "mass": "200:1000", "spin": "scalar", "events": 2000, "seed": 5}
        ],
    }
    assert str(trees) not in (folder / "card.yaml").read_text()
    for split, number in (("validation", 1), ("test", 2)):
        found = training[f"figures_{split}"]
        assert set(found) == {"what", "mass_bins", "all", *(f"N_neutrinos_reco {n}" for n in (2, 3, 4))}
        assert sum(found["all"]["events"]) == int((columns["split"] == number).sum())
    assert model.card.units["tau1_pt_reco"] == model.card.units["ml_mass"] == "GeV"
    assert model.card.ranges["tau1_phi_reco"] == pytest.approx((-np.pi, np.pi))
    found = model.predict(np.column_stack([columns[name] for name in ditau.INPUTS]))[:, 0]
    assert 200 < np.median(found) < 1000  # GeV, after two epochs of five steps


@pytest.mark.parametrize("sample", ["W", "data"])
def test_what_has_no_true_mass_is_refused(trees: Path, tmp_path: Path, sample: str) -> None:
    with uproot.open(trees / f"{sample}.root") as file:
        assert file["events"].num_entries
    with pytest.raises(InputError, match=rf"{sample}\.root: "):
        train_mass_model([trees / "signal.root", trees / f"{sample}.root"], tmp_path / "tiny")


def test_the_settings_of_the_simulation_are_found_in_what_was_resampled(trees: Path, tmp_path: Path) -> None:
    from rdfplugins import provenance

    def written(path: Path, record: dict[str, object]) -> Path:
        with uproot.recreate(path) as file:
            file[provenance.NAME] = provenance.to_text(record)
        return path

    def found(path: Path) -> list[dict[str, object]]:
        (record,) = origins(Data(None, None, {}, (Source(path, (0,)),), ({0: 7},)))  # type: ignore[arg-type]
        assert (record["file"], record["training"]) == (path.name, 7)
        return list(record.get("simulated", []))

    files = [{"path": str(trees / "signal.root")}, {"path": str(trees / "W.root")}, {"path": "root://far/away.root"}]
    samples = {"a": {"files": files}, "b": {"files": files[:1]}}
    made = found(written(tmp_path / "train.root", {"samples": samples}))
    assert [(each["mode"], each["seed"]) for each in made] == [("tautau", 5), ("wjets", 6)]
    with uproot.open(trees / "signal.root") as file:
        assert file["events"].num_entries
    # of no use, and no reason to fail
    for odd in ({"samples": ["a"]}, {"samples": {"a": 3}, "inputs": 5}, {"inputs": [{"path": str(tmp_path)}, 3]}):
        assert found(written(tmp_path / "odd.root", odd)) == []
    loop = tmp_path / "loop.root"
    assert found(written(loop, {"inputs": [{"path": str(loop)}]})) == []
