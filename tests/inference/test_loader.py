"""Folders, files and names: which model is meant, and what is said where there is none."""

from __future__ import annotations

import json
import os
from pathlib import Path

import h5py
import numpy as np
import pytest

import rdfplugins as rp
from rdfplugins.errors import ModelError
from rdfplugins.inference import DEFAULT_MODEL, read_model, read_outline
from rdfplugins.inference.find import find, known
from rdfplugins.inference.inputs_file import NAME
from rdfplugins.inference.keras_config import read_architecture, write_json
from rdfplugins.nodes import ditau
from rdfplugins.paths import shipped
from tests.inference import helpers

NETWORK = helpers.random_network((3, 5, 1))


def fault(path: str | Path) -> str:
    with pytest.raises(ModelError) as caught:
        read_model(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def whole(path: Path) -> Path:
    """Write a file with description and weights, as ``model.save("x.h5")`` of Keras 2 does."""
    folder = helpers.write_model(path.parent / "parts", NETWORK)
    with h5py.File(folder / "NN_weights-net.h5") as source, h5py.File(path, "w") as file:
        file.attrs["model_config"] = write_json(NETWORK, "net").encode()
        group = file.create_group("model_weights")
        group.attrs["layer_names"] = source.attrs["layer_names"]
        for name in source:
            source.copy(name, group)
    (folder / NAME).rename(path.parent / NAME)
    for left in folder.iterdir():
        left.unlink()
    folder.rmdir()
    return path


def test_a_folder(tmp_path: Path) -> None:
    folder = helpers.write_model(tmp_path / "mine", NETWORK)
    description = read_model(folder)
    assert (description.name, description.path, description.format) == ("mine", folder, "keras-json+h5")
    assert (description.inputs, description.outputs) == (("x0", "x1", "x2"), ("ml_mass",))
    assert description.saved_model is None
    assert description.network is not None
    assert helpers.same(description.network, NETWORK)


@pytest.mark.parametrize("weights", ["NN_weights-net.h5", "net.weights.h5", "net.h5", "anything.h5"])
def test_names_of_weights(tmp_path: Path, weights: str) -> None:
    folder = helpers.write_model(tmp_path / "mine", NETWORK)
    (folder / "NN_weights-net.h5").rename(folder / weights)
    assert read_model(folder).name == "mine"
    other = helpers.write_model(tmp_path / "other", helpers.random_network((3, 4, 1)), stem="second")
    for path in other.glob("*second*"):
        path.rename(folder / path.name)
    message = "several models (net.json, second.json); give the path of one *.json"
    assert fault(folder) == f"{folder}: {message}"
    second = read_model(folder / "second.json")
    assert second.name == "second"
    assert second.network is not None
    assert second.network.shape == (3, 4, 1)
    if weights == "anything.h5":  # two networks in the folder: it may belong to the other one
        assert "weights of this model are not here; save them as" in fault(folder / "net.json")
    else:
        assert read_model(folder / "net.json").name == "net"


def test_several_weights(tmp_path: Path) -> None:
    folder = helpers.write_model(tmp_path / "mine", NETWORK)
    (folder / "NN_weights-net.h5").rename(folder / "a.h5")
    (folder / "b.h5").write_bytes((folder / "a.h5").read_bytes())
    assert fault(folder) == f"{folder}: several files of weights (a.h5, b.h5); call the right one NN_weights-net.h5"


def test_a_whole_model_in_one_file(tmp_path: Path) -> None:
    path = whole(tmp_path / "m.h5")
    for given in (path, str(path), tmp_path):
        description = read_model(given)
        assert description.format == "keras-h5"
        assert description.network is not None
        assert helpers.same(description.network, NETWORK)
    assert read_model(path).name == "m"
    assert read_model(tmp_path).name == tmp_path.name


def test_one_network_in_two_formats_has_one_digest(tmp_path: Path) -> None:
    one = read_model(helpers.write_model(tmp_path / "a", NETWORK))
    other = read_model(whole(tmp_path / "m.h5"))
    assert one.digest == other.digest
    assert len(one.digest) == 64
    (tmp_path / NAME).write_text('inputs = ["x0", "x2", "x1"]')
    assert read_model(tmp_path / "m.h5").digest != one.digest
    changed = helpers.write_model(tmp_path / "c", helpers.random_network((3, 5, 1), seed=2))
    assert read_model(changed).digest != one.digest


def test_inputs_in_the_card(tmp_path: Path) -> None:
    path = whole(tmp_path / "m.h5")
    (tmp_path / NAME).unlink()
    assert fault(path) == f'{tmp_path / NAME}: there is no such file; write it: inputs = ["first", "second", ...]'
    (tmp_path / "card.yaml").write_text("inputs: [a, b, c]\n")
    assert read_model(path).inputs == ("a", "b", "c")
    (tmp_path / "card.yaml").write_text("inputs: [a, b]\n")
    assert fault(path).startswith(f"{tmp_path / 'card.yaml'}: 2 inputs, and the network has 3; ")


def test_inputs_of_another_network(tmp_path: Path) -> None:
    folder = helpers.write_model(tmp_path / "m", NETWORK)
    (folder / NAME).write_text('inputs = ["a"]')
    assert fault(folder) == f"{folder / NAME}: 1 inputs, and the network has 3; name each of them once"


def test_what_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert fault(tmp_path / "empty").startswith(f"{tmp_path / 'empty'}: there is no model here; it is *.json with")
    (tmp_path / "x.root").write_bytes(b"root")
    assert fault(tmp_path / "x.root").startswith(f"{tmp_path / 'x.root'}: this is no model that can be read; ")
    for name in ("a.h5", "b.h5"):
        (tmp_path / name).write_bytes(b"")
    assert fault(tmp_path).startswith(f"{tmp_path}: several models (a.h5, b.h5); give the path of one")
    assert "there is no such model" in fault(tmp_path / "gone")
    assert "there is no such model" in fault("gone.h5")
    assert "the name of a model is empty" in fault(" ")


def test_weights_without_a_description(tmp_path: Path) -> None:
    folder = helpers.write_model(tmp_path / "m", NETWORK)
    path = folder / "NN_weights-net.h5"
    assert fault(path) == f"{path}: weights only; put the description (model.to_json()) beside it as a *.json"


def test_a_description_without_weights(tmp_path: Path) -> None:
    folder = helpers.write_model(tmp_path / "m", NETWORK, card="weights_from: the authors\n")
    path = folder / "NN_weights-net.h5"
    path.unlink()
    assert fault(folder) == (
        f"{folder}: the weights of this model are not here; get them from the authors, and save them as {path}"
    )
    outline = read_outline(folder)
    assert (outline.weights, outline.missing) == (None, path)
    assert outline.architecture is not None
    assert outline.architecture.widths == (3, 5, 1)


def test_where_names_are_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    places = [Path("models"), tmp_path / "one", tmp_path / "two"]
    monkeypatch.setenv("RDFPLUGINS_MODELS", os.pathsep.join(map(str, places[1:])))
    found = []
    for place in reversed(places):
        helpers.write_model(place / "mine", NETWORK)
        found.append(find("mine"))
    assert found == [place / "mine" for place in reversed(places)]
    helpers.write_model(places[0] / "DNN1", NETWORK)
    assert known()["DNN1"] == Path("models/DNN1")
    assert read_model("DNN1").inputs == ("x0", "x1", "x2")
    assert fault("mien") == (
        f"there is no model 'mien' in models, {places[1]}, {places[2]}, {shipped('models')}; did you mean 'mine'?"
    )
    assert fault("zzz").endswith("; 'rdfrun models' lists them")


def test_the_default_is_shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert find() == shipped("models") / DEFAULT_MODEL
    description = read_model()
    assert description.inputs == ditau.INPUTS
    assert description.outputs == ("ml_mass",)


def test_the_published_network() -> None:
    """Its description and inputs are shipped; with weights beside them it is a model."""
    outline = read_outline(shipped("models") / "DNN1")
    assert outline.inputs == ditau.INPUTS
    assert outline.architecture is not None
    assert outline.architecture.widths == (27, 1000, 1000, 1000, 1)
    steps = outline.architecture.steps
    assert [step.activation for step in steps] == ["softplus", "softplus", "softplus", "linear"]  # type: ignore[union-attr]
    assert outline.weights is None
    (reference,) = outline.card.references
    assert (len(reference.inputs), reference.outputs) == (27, (699.542,))
    assert reference.inputs[:4] == (213.75, 1.834961, 0.67041, 132.75)
    assert "get them from https://github.com/lucastorterotot/DiTau_ML_mass" in fault(outline.path)
    assert outline.card.citation is not None
    assert "DiTau_ML_mass" in outline.card.citation


def test_write_json_is_as_keras_2_3_writes_it() -> None:
    text = write_json(NETWORK, "net")
    written = json.loads(text)
    published = json.loads(next((shipped("models") / "DNN1").glob("*.json")).read_text())
    assert list(written) == list(published)
    for one, other in zip(written["config"]["layers"], published["config"]["layers"], strict=False):
        assert list(one["config"]) == list(other["config"])
    assert read_architecture(text, "here").name == "net"


def test_old_descriptions_are_a_list_of_layers() -> None:
    model = json.loads(write_json(NETWORK, "net"))
    model["config"] = model["config"]["layers"]
    assert read_architecture(json.dumps(model), "here").widths == (3, 5, 1)


def test_load_model(tmp_path: Path) -> None:
    folder = helpers.write_model(tmp_path / "m", NETWORK)
    said: list[str] = []
    model = rp.load_model(folder, backend="numpy", say=said.append)
    assert isinstance(model, rp.Model)
    assert said == ["model m: numpy: as asked for"]
    x = helpers.events(3)
    np.testing.assert_allclose(model.predict(x), helpers.evaluate(NETWORK, x), rtol=1e-5, atol=1e-6)
