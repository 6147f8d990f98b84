"""Files that we write are read by Keras 2, and files of Keras 2 and 3 by us, with the same predictions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from rdfplugins.errors import ModelError
from rdfplugins.inference import read_model
from rdfplugins.inference.hdf5 import write_legacy
from rdfplugins.inference.inputs_file import NAME, write_inputs
from rdfplugins.inference.keras_config import write_json
from rdfplugins.inference.network import ACTIVATIONS
from tests.inference import helpers

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

INPUTS = 5
X = helpers.events(INPUTS)
SHAPES = [(INPUTS, 1), (INPUTS, 16, 1), (27, 40, 30, 20, 2), (INPUTS, *(8,) * 12, 3)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_keras_2_reads_what_we_write(keras2: Any, tmp_path: Path, shape: tuple[int, ...]) -> None:
    network = helpers.random_network(shape)
    write_legacy(tmp_path / "w.h5", network)
    model = keras2.models.model_from_json(write_json(network, "net"))
    model.load_weights(tmp_path / "w.h5")
    x = helpers.events(shape[0])
    helpers.agree(network, x, model.predict(x, verbose=0))
    assert [layer.name for layer in model.layers] == [f"dense_{number}" for number in range(1, len(shape))]


def dense(keras: Any) -> Any:
    """All six activations."""
    units = keras.layers.Dense
    hidden = [units(9, activation=name, bias_initializer="normal") for name in ACTIVATIONS]
    return keras.Sequential([keras.layers.Input((INPUTS,)), *hidden, units(2, use_bias=False)])


def mixed(keras: Any) -> Any:
    """Every layer that can be read, where it can be folded and where it cannot."""
    layers = keras.layers
    model = keras.Sequential(
        [
            layers.Input((INPUTS,)),
            layers.Normalization(),
            layers.BatchNormalization(scale=False),
            layers.Dense(8),
            layers.BatchNormalization(),
            layers.Activation("softplus"),
            layers.BatchNormalization(center=False, epsilon=0.1),
            layers.Dropout(0.3),
            layers.Dense(7, use_bias=False),
            layers.ReLU(),
            layers.ELU(),
            layers.Dense(6, activation="tanh"),
            layers.BatchNormalization(),
            layers.Activation("sigmoid"),
            layers.GaussianNoise(0.1),
            layers.Dense(2, activation="elu"),
            layers.BatchNormalization(),
        ]
    )
    random = np.random.default_rng(3)
    model.layers[0].adapt(random.normal(5, 3, size=(200, INPUTS)).astype(np.float32))
    for layer in model.layers[1:]:
        signs = [1] if "batch" in layer.name else [-1, 1]
        shapes = [weight.shape for weight in layer.get_weights()]
        layer.set_weights([random.uniform(0.4, 1.5, shape) * random.choice(signs, shape) for shape in shapes])
    return model


def functional(keras: Any) -> Any:
    layers = keras.layers
    x = inputs = layers.Input((INPUTS,))
    for name in ("relu", "tanh"):
        x = layers.Dropout(0.1)(layers.Dense(6, activation=name, bias_initializer="normal")(x))
    return keras.Model(inputs, layers.Dense(1)(x))


MODELS = [dense, mixed, functional]


def _named(folder: Path) -> Path:
    (folder / NAME).write_text(write_inputs(helpers.names(INPUTS)))
    return folder


def _json_and(save: str) -> Callable[[Any, Path], None]:
    def write(model: Any, folder: Path) -> None:
        (folder / "m.json").write_text(model.to_json())
        model.save_weights(folder / save)

    return write


WAYS: dict[str, tuple[str, str, Callable[[Any, Path], None]]] = {
    "keras 2, json and weights": ("keras2", "keras-json+h5", _json_and("NN_weights-m.h5")),
    "keras 2, whole in h5": ("keras2", "keras-h5", lambda model, folder: model.save(folder / "m.h5")),
    "keras 2, archive": ("keras2", "keras", lambda model, folder: model.save(folder / "m.keras")),
    "keras 3, json and weights": ("keras3", "keras-json+h5", _json_and("m.weights.h5")),
    "keras 3, whole in h5": ("keras3", "keras-h5", lambda model, folder: model.save(folder / "m.h5")),
    "keras 3, archive": ("keras3", "keras", lambda model, folder: model.save(folder / "m.keras")),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("make", MODELS)
def test_we_read_what_keras_writes(
    request: pytest.FixtureRequest, tmp_path: Path, way: str, make: Callable[[Any], Any]
) -> None:
    version, form, save = WAYS[way]
    model = make(request.getfixturevalue(version))
    save(model, tmp_path)
    description = read_model(_named(tmp_path))
    assert description.format == form
    assert description.network is not None
    helpers.agree(description.network, X, np.asarray(model(X)))


def test_layers_between_two_activations_are_one(keras3: Any, tmp_path: Path) -> None:
    mixed(keras3).save(tmp_path / "m.keras")
    network = read_model(_named(tmp_path)).network
    assert network is not None
    # elu on relu, sigmoid on a scaled tanh, and a scaled elu at the end have no dense layer of their own
    assert network.shape == (INPUTS, 8, 7, 7, 6, 6, 2, 2)
    assert [layer.activation for layer in network.layers] == [
        *("softplus", "relu", "elu", "tanh", "sigmoid", "elu", "linear"),
    ]


@pytest.mark.parametrize("version", ["keras2", "keras3"])
def test_a_compiled_and_trained_model(request: pytest.FixtureRequest, tmp_path: Path, version: str) -> None:
    """What the optimiser keeps lies in the same file."""
    model = dense(request.getfixturevalue(version))
    model.compile("adam", "mse")
    model.fit(X, X[:, :2], epochs=1, verbose=0)
    for name in ("m.h5", "m.keras"):
        folder = tmp_path / name.rpartition(".")[2]
        folder.mkdir()
        model.save(folder / name)
        network = read_model(_named(folder)).network
        assert network is not None
        helpers.agree(network, X, np.asarray(model(X)))


def test_normalisation_with_constants(keras3: Any, tmp_path: Path) -> None:
    layers = keras3.layers
    for number, first in enumerate(
        [
            layers.Normalization(mean=list(range(INPUTS)), variance=[0.5, 1, 2, 3, 4]),
            layers.Normalization(axis=None, mean=3.0, variance=0.25),
            layers.Normalization(mean=[1.0] * INPUTS, variance=[4.0] * INPUTS, invert=True),
        ]
    ):
        model = keras3.Sequential([layers.Input((INPUTS,)), first, layers.Dense(3, activation="tanh"), layers.Dense(1)])
        folder = tmp_path / str(number)
        folder.mkdir()
        model.save(folder / "m.keras")
        network = read_model(_named(folder)).network
        assert network is not None
        helpers.agree(network, X, np.asarray(model(X)))


def test_a_constant_input_cannot_be_folded(keras3: Any, tmp_path: Path) -> None:
    """Keras divides by 1e-7 there: 3 - 3 is 0, and 3e7 - 3e7 is whatever rounding leaves."""
    layers = keras3.layers
    first = layers.Normalization(mean=[3.0] * INPUTS, variance=[1.0, 1.0, 0.0, 1.0, 1.0])
    keras3.Sequential([layers.Input((INPUTS,)), first, layers.Dense(1)]).save(tmp_path / "m.keras")
    with pytest.raises(ModelError, match=r"subtracts a mean of 3\.0e\+07 standard deviations.*; train without"):
        read_model(_named(tmp_path))


def test_weights_of_another_session_match_by_order(keras3: Any, tmp_path: Path) -> None:
    """Names of layers count on in a session: those of the weights need not be those of the description."""
    keras3.utils.clear_session()
    one, other = dense(keras3), dense(keras3)
    assert one.layers[0].name != other.layers[0].name
    (tmp_path / "m.json").write_text(one.to_json())
    other.save_weights(tmp_path / "m.weights.h5")
    network = read_model(_named(tmp_path)).network
    assert network is not None
    helpers.agree(network, X, np.asarray(other(X)))


def test_double_precision_is_read_and_half_is_refused(keras3: Any, tmp_path: Path) -> None:
    layers = keras3.layers
    for dtype in ("float64", "mixed_float16", "bfloat16"):
        model = keras3.Sequential([layers.Input((INPUTS,)), layers.Dense(3, dtype=dtype), layers.Dense(1, dtype=dtype)])
        folder = tmp_path / dtype
        folder.mkdir()
        model.save(folder / "m.keras")
        _named(folder)
        if dtype == "float64":
            network = read_model(folder).network
            assert network is not None
            helpers.agree(network, X, np.asarray(model(X)))
        else:
            with pytest.raises(ModelError, match=f"computes in '{dtype}'; float32 and float64 are read"):
                read_model(folder)


@pytest.mark.parametrize("version", ["keras2", "keras3"])
def test_what_keras_makes_and_we_refuse(request: pytest.FixtureRequest, tmp_path: Path, version: str) -> None:
    keras = request.getfixturevalue(version)
    layers = keras.layers

    def sequential(*inner: Any) -> Any:
        return keras.Sequential([layers.Input((INPUTS,)), *inner, layers.Dense(1)])

    def chain(middle: Callable[[Any], Any]) -> Any:
        inputs = layers.Input((INPUTS,))
        return keras.Model(inputs, layers.Dense(1)(middle(layers.Dense(4)(inputs))))

    two = layers.Input((INPUTS,)), layers.Input((3,))
    shared = layers.Dense(4)
    cases = {
        r"\(Lambda\) is not among the layers": sequential(layers.Lambda(lambda x: x)),
        r"\(Softmax\) is not among the layers": sequential(layers.Softmax()),
        r"\(LeakyReLU\) is not among": sequential(layers.LeakyReLU()),
        r"has the activation 'selu'": sequential(layers.Dense(3, activation="selu")),
        r"has alpha = 0.5": sequential(layers.ELU(alpha=0.5)),
        r"has max_value = 6": sequential(layers.ReLU(max_value=6)),
        r"has negative_slope = 0.1": sequential(layers.ReLU(negative_slope=0.1)),
        r"has threshold = 1": sequential(layers.ReLU(threshold=1.0)),
        r"\(Sequential\) is not among": sequential(keras.Sequential([layers.Dense(2)])),
        r"takes 2 inputs": chain(lambda x: layers.Add()([x, x])),
        r"is called with training=True": chain(lambda x: layers.Dropout(0.5)(x, training=True)),
        r"'input_layers' does not name one layer": keras.Model(two, layers.Dense(1)(layers.Concatenate()(two))),
        r"is called 2 times": chain(lambda x: shared(shared(x))),
    }
    for number, (message, model) in enumerate(cases.items()):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "m.json").write_text(model.to_json())
        with pytest.raises(ModelError, match=message) as caught:
            read_model(_named(folder))
        assert str(caught.value).startswith(f"{folder / 'm.json'}: "), message
        assert "; " in str(caught.value)
        assert "\n" not in str(caught.value)
