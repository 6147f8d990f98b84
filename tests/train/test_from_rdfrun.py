"""From a config to a model: the trees of ``rdfrun`` are what the training takes, with all defaults of its columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import uproot

import rdfplugins as rp
from rdfplugins.errors import InputError
from rdfplugins.inference import load_model
from rdfplugins.nodes import ditau
from rdfplugins.train import train_mass_model

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
