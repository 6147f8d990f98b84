"""Ways to evaluate one dense network: our backends batch by batch, and event by event as analyses often do."""

from __future__ import annotations

import dataclasses
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from rdfplugins import cpp
from rdfplugins.inference.backends.blas import BlasEngine
from rdfplugins.inference.backends.compiled import CompiledEngine
from rdfplugins.inference.backends.tensorflow import load_tensorflow, network_engine
from rdfplugins.inference.functor import functor
from rdfplugins.inference.network import Layer, Network

if TYPE_CHECKING:
    from collections.abc import Callable

    Predict = Callable[[np.ndarray], np.ndarray]

BATCH = 4096
LOOP = """
void rdfp_benchmark_loop(const rdfp::Network &network, const float *in, float *out, std::size_t events) {
  for (std::size_t k = 0; k < events; ++k) network.evaluate(in + k * network.inputs(), out + k * network.outputs());
}
"""


@dataclasses.dataclass(frozen=True)
class Contender:
    """A way to evaluate the network; ``share``: which part of the events it gets, for those that are slow.

    Rivals are not ours; those that are not ``exact`` may differ as much as reduced precision may.
    """

    name: str
    predict: Predict
    rival: bool = False
    share: float = 1.0
    exact: bool = True


def make_network(width: int, depth: int = 3, inputs: int = 27, seed: int = 1) -> Network:
    """Return a softplus network with one linear output and random weights; its outputs are some hundreds."""
    random = np.random.default_rng(seed)
    shape = (inputs, *[width] * depth, 1)
    layers = []
    for number in range(depth + 1):
        size = shape[number], shape[number + 1]
        limit = np.sqrt(6 / sum(size))
        kernel = random.uniform(-limit, limit, size).astype(np.float32)
        last = number == depth
        bias = np.full(size[1], 300 if last else 0, np.float32)
        layers.append(Layer(kernel * np.float32(30) if last else kernel, bias, "linear" if last else "softplus"))
    return Network(tuple(layers))


def make_events(count: int, inputs: int = 27) -> np.ndarray:
    return np.random.default_rng(2).normal(size=(count, inputs)).astype(np.float32)


def _batched(engine: Any, outputs: int) -> Predict:
    def predict(x: np.ndarray) -> np.ndarray:
        out = np.empty((len(x), outputs), np.float32)
        for first in range(0, len(x), BATCH):
            engine.run(np.ascontiguousarray(x[first : first + BATCH]), out[first : first + BATCH])
        return out

    return predict


def _functor(network: Network) -> Predict:
    compiled = functor(network)
    root = cpp.load_root()
    if not hasattr(root, "rdfp_benchmark_loop"):
        cpp.declare(LOOP, "benchmark")

    def predict(x: np.ndarray) -> np.ndarray:
        out = np.empty((len(x), network.n_outputs), np.float32)
        root.rdfp_benchmark_loop(compiled, x, out, len(x))
        return out

    return predict


def _one_by_one(function: Predict) -> Predict:
    return lambda x: np.concatenate([np.asarray(function(x[k : k + 1])) for k in range(len(x))])


def _keras(network: Network) -> Predict:
    load_tensorflow()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import keras
    model = keras.Sequential([keras.Input((network.n_inputs,))])
    for layer in network.layers:
        model.add(keras.layers.Dense(layer.kernel.shape[1], activation=layer.activation))
        model.layers[-1].set_weights([layer.kernel, layer.bias])
    return lambda x: model.predict(x, verbose=0)


def batched(network: Network, *, tensorflow: bool = True, bfloat16: bool = True) -> list[Contender]:
    outputs = network.n_outputs
    found = [
        Contender("numpy", _batched(BlasEngine(network), outputs)),
        Contender("cpp", _batched(CompiledEngine(network), outputs)),
    ]
    if tensorflow:
        found.append(Contender("tensorflow", _batched(network_engine(network), outputs)))
        if bfloat16:
            reduced = _batched(network_engine(network, hidden="bfloat16"), outputs)
            found.append(Contender("tensorflow bfloat16", reduced, exact=False))
    return found


def per_event(network: Network, *, tensorflow: bool = True) -> list[Contender]:
    found = [Contender("cpp, event by event", _functor(network), share=0.25)]
    if tensorflow:
        function = _one_by_one(_batched(network_engine(network), network.n_outputs))
        found += [
            Contender("TensorFlow, event by event", function, rival=True, share=0.01),
            Contender("Keras predict, event by event", _one_by_one(_keras(network)), rival=True, share=0.001),
        ]
    return found
