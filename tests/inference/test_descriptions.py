"""Descriptions and archives of strangers: what is not known is refused by its name."""

from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pytest

from rdfplugins.inference import read_model
from rdfplugins.inference.inputs_file import NAME, write_inputs
from rdfplugins.inference.keras_config import write_json
from tests.inference import helpers
from tests.inference.helpers import fault

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NETWORK = helpers.random_network((4, 6, 1))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return helpers.write_model(tmp_path / "m", NETWORK)


@pytest.fixture
def weights(folder: Path) -> Path:
    return folder / "NN_weights-net.h5"


def archive(path: Path, members: dict[str, bytes | str], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as file:
        for name, content in members.items():
            file.writestr(name, content)
    (path.parent / NAME).write_text(write_inputs(helpers.names(4)))
    return path


def keras_3(path: Path) -> bytes:
    with h5py.File(path, "w") as file:
        for number, layer in enumerate(NETWORK.layers):
            group = file.create_group(f"layers/dense{f'_{number}' if number else ''}/vars")
            group["0"], group["1"] = layer.kernel, layer.bias
    return path.read_bytes()


def test_an_archive(tmp_path: Path) -> None:
    packed = {"config.json": write_json(NETWORK, "n"), "model.weights.h5": keras_3(tmp_path / "w")}
    description = read_model(archive(tmp_path / "m.keras", packed))
    assert description.network is not None
    assert helpers.same(description.network, NETWORK)
    assert (description.name, description.format) == ("m", "keras")


def test_archives_that_are_refused(tmp_path: Path) -> None:
    config, weights = write_json(NETWORK, "n"), keras_3(tmp_path / "w")
    path = tmp_path / "m.keras"
    archive(path, {"config.json": config})
    assert "holds 0 files 'model.weights.h5' and must hold one" in fault(path)
    archive(path, {"config.json": config, "model.weights.h5": bytes(20_000_000)})
    assert path.stat().st_size < 100_000  # a bomb
    assert "'model.weights.h5' unpacks to 2.0e+07 bytes, more than its network has" in fault(path)
    archive(path, {"config.json": b" " * 20_000_000, "model.weights.h5": weights})
    assert "'config.json' unpacks to 2.0e+07 bytes" in fault(path)
    archive(path, {"config.json": config, "model.weights.h5": weights}, zipfile.ZIP_BZIP2)
    assert "packed in an unusual way" in fault(path)
    archive(path, {"config.json": config, "model.weights.h5": b"no"})
    assert "this is no HDF5 file" in fault(path, f"{path}/model.weights.h5: ")
    path.write_bytes(b"PK\x03\x04 not a zip")
    assert "this is no .keras archive" in fault(path)


def test_an_archive_with_more_layers_than_its_description(tmp_path: Path) -> None:
    config = write_json(helpers.random_network((4, 6)), "n")
    packed = {"config.json": config, "model.weights.h5": keras_3(tmp_path / "w")}
    assert "more dense layers than the description has" in fault(archive(tmp_path / "m.keras", packed))


def described(folder: Path, change: Callable[[dict[str, Any]], None]) -> str:
    """Return what is said of a description after a change."""
    model = json.loads(write_json(NETWORK, "net"))
    change(model)
    (folder / "net.json").write_text(json.dumps(model))
    return fault(folder, f"{folder / 'net.json'}: ")


def set_first(**options: object) -> Callable[[dict[str, Any]], None]:
    return lambda model: model["config"]["layers"][0]["config"].update(options)


def of_first(**keys: object) -> Callable[[dict[str, Any]], None]:
    return lambda model: model["config"]["layers"][0].update(keys)


def many_layers(model: dict[str, Any]) -> None:
    layers = model["config"]["layers"]
    layers += [{"class_name": "Dropout", "config": {"name": f"d{number}"}} for number in range(2000)]


def wide_diagonal(model: dict[str, Any]) -> None:
    layers = model["config"]["layers"]
    layers[0]["config"]["units"] = 100_000
    layers[1:] = [{"class_name": "Activation", "config": {"name": f"a{n}", "activation": "relu"}} for n in range(2)]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (of_first(class_name="Lambda"), "layer 'dense_1' (Lambda) is not among the layers that are read (Activation,"),
        (of_first(class_name="TFOpLambda"), "(TFOpLambda) is not among the layers"),
        (of_first(class_name="os.system"), "(os.system) is not among the layers"),
        (of_first(module="my_code"), "is of the user's own class 'Dense', which is not run"),
        (of_first(registered_name="mine>Dense"), "is of the user's own class 'mine>Dense', which is not run"),
        (of_first(config=[]), "layer 1 has no 'class_name' and 'config'"),
        (set_first(activation="selu"), "has the activation 'selu'; these are read: linear, relu, elu, softplus,"),
        (set_first(activation={"class_name": "function", "registered_name": "mine"}), "has the activation 'mine'"),
        (set_first(activation=["relu"]), "has the activation ['relu']"),
        (set_first(units=0), "has units = 0, not a number of neurons"),
        (set_first(units=-3), "has units = -3, not a number"),
        (set_first(units=True), "has units = True, not a number"),
        (set_first(units=1.5), "has units = 1.5, not a number"),
        (set_first(units=10**9), "more than 2e+08 weights up to layer 'dense_1'"),
        (set_first(units=10**400), "more than 2e+08 weights up to layer 'dense_1'"),
        (set_first(use_bias="yes"), "has use_bias = 'yes', not true or false"),
        (set_first(dtype="float16"), "computes in 'float16'; float32 and float64 are read"),
        (set_first(lora_rank=4), "has lora_rank = 4, which is not read"),
        (
            set_first(batch_input_shape=[None, 8, 4]),
            "has the input shape [None, 8, 4]; [null, number of",
        ),
        (set_first(batch_input_shape=[None, None]), "has the input shape [None, None], without a number of inputs"),
        (set_first(batch_input_shape=None), "the number of inputs is not written there"),
        (set_first(name="dense_2"), "two layers are called 'dense_2'"),
        (many_layers, "2002 layers; more than 1000 are not read"),
        (lambda model: model.update(class_name="Evil"), "this describes 'Evil', not a Sequential or Functional model"),
        (lambda model: model.clear(), "this describes nothing that has a 'class_name'"),
        (lambda model: model["config"].update(layers=[]), "the description has no layers"),
        (lambda model: model.update(config=3), "'config' of the Sequential model is not a mapping"),
    ],
)
def test_descriptions_that_are_refused(folder: Path, change: Callable[[dict[str, Any]], None], message: str) -> None:
    text = described(folder, change)
    assert message in text
    assert "; " in text or "absurd" in text


def test_a_wide_layer_of_its_own_is_refused_before_it_is_made(folder: Path, weights: Path) -> None:
    model = json.loads(write_json(NETWORK, "net"))
    wide_diagonal(model)
    (folder / "net.json").write_text(json.dumps(model))
    with h5py.File(weights, "w") as file:
        file.attrs["layer_names"] = ["a"]
        file.create_group("a").attrs["weight_names"] = ["kernel:0", "bias:0"]
        file.create_dataset("a/kernel:0", data=np.zeros((4, 100_000), "f4"))
        file.create_dataset("a/bias:0", data=np.zeros(100_000, "f4"))
    assert "100000 numbers are too many for a layer without weights of its own" in fault(folder, weights)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", ":1: this is not JSON"),
        (b'{"a":\n 1,}', ":2: this is not JSON"),
        (b"[" * 100_000, ": this JSON is not the description of a network"),
        (b'{"a": ' * 50_000 + b"1" + b"}" * 50_000, ": this JSON is not the description of a network"),
        (b"1" * 10_000, ": this JSON is not the description of a network"),
        (b"\xff\xfe{\x00}", ": this is not a text in UTF-8"),
        (b"[]", ": the description is not a mapping"),
        (b"NaN", ": the description is not a mapping"),
        (b"\x80\x04K\x01.", ": this is not a text in UTF-8"),
        (b" " * 16_000_001, ": larger than 16 MB"),
    ],
)
def test_json_that_is_none(folder: Path, raw: bytes, message: str) -> None:
    (folder / "net.json").write_bytes(raw)
    assert fault(folder).startswith(f"{folder / 'net.json'}{message}")
