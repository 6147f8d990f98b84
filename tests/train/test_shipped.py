"""The shipped model: whole, as its card says, and of use on events that it has never seen."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import numpy as np
import pytest

from rdfplugins.inference import load_model, read_model
from rdfplugins.nodes import ditau
from rdfplugins.paths import shipped
from rdfplugins.response import MASS_EDGES, responses
from rdfplugins.train.card import evaluate
from tests.benchmarks import mass_response

if TYPE_CHECKING:
    from pathlib import Path

MODEL = shipped("models") / "ditau_3x256"
SEED = 515_151


def test_its_files() -> None:
    assert sorted(path.name for path in MODEL.iterdir()) == [
        "NN_weights-ditau_3x256.h5",
        "card.yaml",
        "ditau_3x256.json",
        "history.csv",
        "history.png",
        "inputs_for_models_in_this_dir.py",
    ]
    assert sum(path.stat().st_size for path in MODEL.iterdir()) < 900_000
    text = (MODEL / "inputs_for_models_in_this_dir.py").read_text()
    assert ast.literal_eval(text.removeprefix("inputs = ")) == list(ditau.INPUTS)


def test_its_card_says_what_a_user_must_know() -> None:
    description = read_model(MODEL)
    card = description.card
    assert description.network is not None
    assert description.network.shape == (27, 256, 256, 256, 1)
    assert description.inputs == ditau.INPUTS
    assert description.outputs == ("ml_mass",)
    assert card.mass_range == (50, 1000)
    assert card.license == "BSD-3-Clause"
    assert card.origin is not None
    assert "simulation" in card.origin
    assert card.citation is not None
    assert "rdfplugins" in card.citation
    assert set(card.ranges) == set(ditau.INPUTS)
    assert card.units["ml_mass"] == "GeV"
    assert card.units["MET_covXX_reco"] == "GeV^2"


@pytest.mark.parametrize("backend", ["numpy", "cpp"])
def test_references_of_the_card(backend: str) -> None:
    model = load_model(MODEL, backend=backend)  # type: ignore[arg-type]
    references = model.card.references
    assert len(references) == 5
    inputs = np.array([each.inputs for each in references])
    outputs = np.array([each.outputs for each in references])
    np.testing.assert_allclose(model.predict(inputs), outputs, rtol=1e-4)
    assert np.ptp(outputs) > 200  # GeV


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> dict[str, np.ndarray]:
    folder: Path = tmp_path_factory.mktemp("fresh")
    return mass_response.selected(60_000, SEED, folder)


def test_response_on_events_of_another_seed(fresh: dict[str, np.ndarray]) -> None:
    found = mass_response.estimates(fresh, load_model(MODEL, backend="numpy"))
    mass = fresh["genMass"]
    assert len(mass) > 3000
    edges = (100.0, 200.0, 400.0, 700.0)
    ours, visible, total = (responses(found[name], mass, edges) for name in ("ditau_3x256", "m_vis", "mt_tot"))
    for number, one in enumerate(ours):
        assert one.events > 200
        assert one.defined == 1
        assert one.median == pytest.approx(1, abs=0.1)
        assert one.width < min(visible[number].width, total[number].width)


def test_single_precision_costs_nothing(fresh: dict[str, np.ndarray]) -> None:
    model = load_model(MODEL, backend="numpy")
    assert model.network is not None
    inputs = np.column_stack([fresh[name] for name in model.inputs]).astype(np.float32)
    exact = evaluate(model.network, inputs)
    assert np.abs(model.predict(inputs) / exact - 1).max() < 1e-4


@pytest.mark.slow
def test_the_figures_of_the_card_are_those_of_the_command(tmp_path: Path) -> None:
    model = load_model(MODEL, backend="numpy")
    assert model.card.training is not None
    stated = model.card.training["figures_independent"]
    assert stated["mass_bins"] == list(MASS_EDGES)
    columns = mass_response.selected(600_000, SEED, tmp_path)
    for name, values in mass_response.estimates(columns, model).items():
        if name not in stated:  # an estimate that is younger than the card
            continue
        found = responses(values, columns["genMass"])
        for number, one in enumerate(found):
            if one.events < 300:
                continue
            error = 1.5 * one.width / np.sqrt(one.events)  # of a median; of the width it is smaller
            assert stated[name]["median"][number] == pytest.approx(one.median, abs=5 * error * one.median)
            assert stated[name]["width"][number] == pytest.approx(one.width, abs=5 * error)
