"""All backends give what float64 gives, for any network, batch and layout of the input; and who is chosen when."""

from __future__ import annotations

import os
import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rdfplugins.errors import ConfigError, MissingDependencyError, ModelError
from rdfplugins.inference import model as models
from rdfplugins.inference.backends.blas import BlasEngine
from rdfplugins.inference.backends.compiled import CompiledEngine
from rdfplugins.inference.backends.tensorflow import network_engine
from rdfplugins.inference.card import Card
from rdfplugins.inference.description import Description
from rdfplugins.inference.functor import functor
from rdfplugins.inference.network import ACTIVATIONS, Layer, Network
from tests.inference.helpers import FUNCTIONS, evaluate, names, random_network

NAN, INF = np.nan, np.inf
DENSE = ("numpy", "cpp", "tensorflow")


def glorot(shape: list[int], activations: list[str], seed: int) -> Network:
    random = np.random.default_rng(seed)
    layers = []
    for inputs, outputs, activation in zip(shape, shape[1:], activations, strict=False):
        limit = np.sqrt(6 / (inputs + outputs))
        kernel = random.uniform(-limit, limit, (inputs, outputs)).astype(np.float32)
        layers.append(Layer(kernel, random.normal(size=outputs, scale=0.2).astype(np.float32), activation))
    return Network(tuple(layers))


@st.composite
def networks(draw: st.DrawFn) -> Network:
    depth = draw(st.integers(1, 6))
    shape = draw(st.lists(st.integers(1, 300), min_size=depth + 1, max_size=depth + 1))
    activations = draw(st.lists(st.sampled_from(ACTIVATIONS), min_size=depth, max_size=depth))
    return glorot(shape, activations, draw(st.integers(0, 2**32)))


def described(network: Network, /, **changes: Any) -> Description:
    parts: dict[str, Any] = {
        "name": "net",
        "path": Path("net"),
        "format": "keras-h5",
        "inputs": tuple(names(network.n_inputs)),
        "outputs": tuple(f"y{k}" for k in range(network.n_outputs)),
        "card": Card(),
        "network": network,
        "saved_model": None,
        "digest": network.fingerprint(),
    }
    return Description(**(parts | changes))


def run(engine: Any, x: np.ndarray, outputs: int) -> np.ndarray:
    out = np.full((len(x), outputs), -12345, dtype=np.float32)
    engine.run(x, out)
    return out


def assert_agrees(found: np.ndarray, network: Network, x: np.ndarray) -> None:
    expected = evaluate(network, x)
    assert found.shape == expected.shape
    assert found.dtype == np.float32
    if found.size:
        bound = 1e-5 * np.maximum(np.abs(expected), np.sqrt(np.mean(expected**2)))
        np.testing.assert_array_less(np.abs(found - expected), bound + 1e-37)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(networks(), st.sampled_from([1, 2, 5, 6, 7, 240, 247, 1025]))
def test_numpy_and_cpp_agree_with_float64(network: Network, count: int) -> None:
    x = np.random.default_rng(count).normal(size=(count, network.n_inputs)).astype(np.float32)
    assert_agrees(run(BlasEngine(network), x, network.n_outputs), network, x)
    for cpu in (0, 1, 2):
        out = np.empty((count, network.n_outputs), dtype=np.float32)
        functor(network, cpu=cpu).evaluate_many(x, count, out)
        assert_agrees(out, network, x)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(network=networks())
def test_tensorflow_agrees_with_float64(tensorflow: Any, network: Network) -> None:
    x = np.random.default_rng(4).normal(size=(300, network.n_inputs)).astype(np.float32)
    assert_agrees(run(network_engine(network), x, network.n_outputs), network, x)


@pytest.mark.parametrize("backend", DENSE)
def test_any_number_of_events_in_any_layout(tensorflow: Any, backend: str) -> None:
    network = random_network((5, 70, 33, 3))
    model = models.choose(described(network), backend)
    wide = np.random.default_rng(0).normal(size=(2 * 5000, 10))
    for count in (0, 1, 7, 5000):
        plain = np.ascontiguousarray(wide[:count, :5], dtype=np.float32)
        assert_agrees(model.predict(plain), network, plain)
        for other in (wide[:count, :5], wide[: 2 * count : 2, ::2], np.asfortranarray(plain), plain[::-1]):
            np.testing.assert_array_equal(
                model.predict(other), model.predict(np.ascontiguousarray(other, dtype=np.float32))
            )
    whole = np.arange(35).reshape(7, 5)
    np.testing.assert_array_equal(model.predict(whole), model.predict(whole.astype(np.float32)))
    np.testing.assert_array_equal(model.predict(whole.tolist()), model.predict(whole))


@pytest.mark.parametrize("backend", DENSE)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_nan_gives_nan_in_its_event_alone(tensorflow: Any, backend: str, activation: str) -> None:
    network = glorot([4, 40, 40, 2], [activation] * 3, 3)
    x = np.random.default_rng(1).normal(size=(20, 4))
    before = models.choose(described(network), backend).predict(x)
    x[3, 2] = x[11, 0] = NAN
    found = models.choose(described(network), backend).predict(x)
    bad = np.isin(np.arange(20), [3, 11])
    assert np.isnan(found[bad]).all()
    np.testing.assert_array_equal(found[~bad], before[~bad])


@pytest.mark.parametrize("backend", DENSE)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activations_over_the_whole_range(tensorflow: Any, backend: str, activation: str) -> None:
    """One input, one weight of 1: what comes out is the activation itself, in many lanes and in few."""
    edges = [0.0, -0.0, 1e-30, -1e-30, 88.8, -88.8, 104.0, -104.0, 1e4, -1e4, 3e38, -3e38]
    x = np.concatenate([np.linspace(-30, 30, 4001), np.geomspace(1e-12, 80, 500), -np.geomspace(1e-12, 80, 500), edges])
    x = x.astype(np.float32)[:, None]
    for width in (1, 17):
        layer = Layer(np.ones((1, width), np.float32), np.zeros(width, np.float32), activation)
        found = models.choose(described(Network((layer,))), backend).predict(x)
        with np.errstate(all="ignore"):
            expected = FUNCTIONS[activation](x.astype(np.float64))
        error = np.abs(found - expected) / np.maximum(np.abs(expected), 1e-30)
        assert error.max() < 6e-7, (x[error.max(axis=1).argmax()], error.max())


@pytest.mark.parametrize("backend", DENSE)
def test_limits_at_infinity(tensorflow: Any, backend: str) -> None:
    limits = {"linear": -INF, "relu": 0, "elu": -1, "softplus": 0, "tanh": -1, "sigmoid": 0}
    above = {"tanh": 1, "sigmoid": 1}
    for activation in ACTIVATIONS:
        layer = Layer(np.ones((1, 1), np.float32), np.zeros(1, np.float32), activation)
        found = models.choose(described(Network((layer,))), backend).predict([[-INF], [INF]])
        np.testing.assert_allclose(found[:, 0], [limits[activation], above.get(activation, INF)], atol=1e-37)


def test_beyond_float32_is_infinite_and_silent() -> None:
    network = Network((Layer(np.ones((1, 1), np.float32), np.zeros(1, np.float32), "linear"),))
    assert models.choose(described(network), "numpy").predict([[1e300]])[0, 0] == INF


def test_cpp_gives_the_same_bits_for_any_batch() -> None:
    network = glorot([27, 200, 130, 70, 3], ["softplus", "tanh", "elu", "linear"], 5)
    x = np.random.default_rng(5).normal(size=(500, 27)).astype(np.float32)
    for cpu in (0, 1, 2):
        compiled = functor(network, cpu=cpu)
        many, one = np.empty((500, 3), np.float32), np.empty((500, 3), np.float32)
        compiled.evaluate_many(x, 500, many)
        for event, out in zip(x, one, strict=True):
            compiled.evaluate(event, out)
        np.testing.assert_array_equal(many, one)


def test_memory_does_not_grow_with_the_events() -> None:
    model = models.choose(described(random_network((27, 256, 256, 1))), "numpy")
    x = np.broadcast_to(np.ones(27), (100_000, 27))  # takes no memory
    tracemalloc.start()
    try:
        size = model.predict(x).nbytes
        assert tracemalloc.get_traced_memory()[1] - size < 6e6, "two blocks of 1024 x 256 floats, a batch of inputs"
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("shape", [(7,), (7, 4), (2, 7, 5), ()])
def test_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    model = models.choose(described(random_network((5, 3, 1))), "numpy")
    with pytest.raises(ModelError, match=r"model net: predict takes an array \[events, 5\] \(inputs x0, .*shape \["):
        model.predict(np.zeros(shape))


def test_what_is_no_number_is_refused() -> None:
    model = models.choose(described(random_network((2, 3, 1))), "numpy")
    with pytest.raises(ModelError, match="predict takes numbers"):
        model.predict([["a", "b"]])


def test_a_model_says_what_it_is() -> None:
    network = random_network((2, 3, 1))
    model = models.choose(described(network), "numpy")
    assert (model.name, model.inputs, model.outputs) == ("net", ("x0", "x1"), ("y0",))
    assert (model.backend, model.precision, model.why) == ("numpy", "float32", "numpy: as asked for")
    assert model.network is network
    assert model.digest == network.fingerprint()
    shown = f"net: 2 inputs -> y0, 2-3-1, sha256 {model.digest[:12]}"
    assert repr(model) == f"Model({shown}, numpy float32)"
    assert repr(model.description) == f"Description({shown}, {str(model.description.path)!r})"
    assert repr(network) == "Network(2-3-1)"


def test_a_model_of_many_outputs_is_shown_in_a_line() -> None:
    model = models.choose(described(random_network((200, 150))), "numpy")
    assert "200 inputs -> 150 outputs" in repr(model)
    assert len(repr(model)) < 120


def test_auto_takes_cpp_where_root_is(monkeypatch: pytest.MonkeyPatch) -> None:
    description = described(random_network((2, 3, 1)))
    model = models.choose(description)
    assert (model.backend, model.why) == ("cpp", "cpp: dense network, compiled by ROOT")
    monkeypatch.setattr(CompiledEngine, "vectorised", False)
    assert models.choose(description).why == "numpy: dense network, on a CPU without AVX2"


def test_auto_takes_numpy_without_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "ROOT", raising=False)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    model = models.choose(described(random_network((2, 3, 1))))
    assert (model.backend, model.why) == ("numpy", "numpy: dense network, ROOT is not installed")


@pytest.mark.parametrize(
    ("backend", "precision", "message"),
    [
        ("tensorflw", "float32", "unknown backend 'tensorflw', not one of auto.*did you mean 'tensorflow'?"),
        ("auto", "float16", "unknown precision 'float16', not one of .*did you mean 'bfloat16' or 'float32'?"),
        ("numpy", "bfloat16", "backend numpy has no precision bfloat16"),
    ],
)
def test_unknown_names_are_refused(backend: str, precision: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        models.choose(described(random_network((2, 3, 1))), backend, precision)


@pytest.mark.parametrize("backend", ["numpy", "cpp"])
def test_backends_of_dense_networks_refuse_others(backend: str) -> None:
    description = described(random_network((2, 3, 1)), network=None, format="saved_model", saved_model=Path("net"))
    with pytest.raises(
        ModelError, match=rf"model net: backend {backend} takes dense networks only.*tensorflow.*append"
    ):
        models.choose(description, backend)


def test_missing_tensorflow_gives_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'rdfplugins\[tensorflow\]'"):
        models.choose(described(random_network((2, 3, 1))), "tensorflow")


@pytest.mark.slow
def test_tensorflow_is_quiet(tensorflow: Any) -> None:
    code = """
from rdfplugins.inference.backends.tensorflow import network_engine
from tests.inference.helpers import random_network
import numpy as np
out = np.empty((2, 1), np.float32)
network_engine(random_network((3, 4, 1))).run(np.ones((2, 3), np.float32), out)
"""
    without = {key: value for key, value in os.environ.items() if key != "TF_CPP_MIN_LOG_LEVEL"}
    for quiet in (without, {**without, "TF_CPP_MIN_LOG_LEVEL": "3"}):
        done = subprocess.run([sys.executable, "-c", code], env=quiet, capture_output=True, text=True, check=True)
        assert done.stdout + done.stderr == ""


def export(tf: Any, folder: Path, function: Any, *specs: Any) -> Description:
    module = tf.Module()
    module.scale = tf.Variable(2.0)
    module.call = tf.function(lambda *x: function(module.scale, *x), input_signature=specs)
    tf.saved_model.save(module, str(folder), signatures={"serving_default": module.call})
    return described(random_network((3, 1)), network=None, format="saved_model", saved_model=folder, path=folder)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_saved_models_are_evaluated(tensorflow: Any, tmp_path: Path, dtype: str) -> None:
    tf = tensorflow

    def function(scale: Any, x: Any) -> Any:
        return tf.nn.relu(tf.reduce_sum(x, axis=1, keepdims=True) * tf.cast(scale, dtype))

    description = export(tf, tmp_path / "saved", function, tf.TensorSpec([None, 3], dtype))
    model = models.choose(description)
    assert (model.backend, model.why) == ("tensorflow", "tensorflow: a SavedModel")
    np.testing.assert_array_equal(model.predict([[1, 2, 3], [1, 1, NAN], [-9, 0, 0]]), [[12], [NAN], [0]])
    assert model.predict(np.zeros((0, 3))).shape == (0, 1)


def test_saved_models_with_another_signature_are_refused(tensorflow: Any, tmp_path: Path) -> None:
    tf = tensorflow
    two = [tf.TensorSpec([None, 3], tf.float32, name="a"), tf.TensorSpec([None, 3], tf.float32, name="b")]
    description = export(tf, tmp_path / "two", lambda scale, a, b: (a + b)[:, :1] * scale, *two)
    with pytest.raises(
        ModelError, match=r"takes a float32\[any, 3\] and b float32\[any, 3\] and gives .*\[any, 1\]; need"
    ):
        models.choose(description)
    one = tf.TensorSpec([1, 3], tf.float32)
    description = export(tf, tmp_path / "one", lambda scale, a: a[:, :1] * scale, one)
    with pytest.raises(ModelError, match=r"takes .* float32\[1, 3\] and gives"):
        models.choose(description)
    tf.saved_model.save(tf.Module(), str(tmp_path / "none"))
    description = described(random_network((3, 1)), network=None, format="saved_model", saved_model=tmp_path / "none")
    with pytest.raises(ModelError, match=r"no signature 'serving_default' \(its signatures: none\)"):
        models.choose(description)
