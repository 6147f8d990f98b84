"""Random networks, their values in double precision, and folders in the form in which models are published."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
import pytest

from rdfplugins.errors import ModelError
from rdfplugins.inference import read_model
from rdfplugins.inference.hdf5 import write_legacy
from rdfplugins.inference.inputs_file import NAME, write_inputs
from rdfplugins.inference.keras_config import write_json
from rdfplugins.inference.network import ACTIVATIONS, Layer, Network

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

FUNCTIONS = {
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, 0),
    "elu": lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
    "softplus": lambda x: np.logaddexp(x, 0),
    "tanh": np.tanh,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
}


def random_network(shape: Sequence[int], activations: Sequence[str] = ACTIVATIONS, seed: int = 1) -> Network:
    """Return a network with activations in turn, the last layer being linear."""
    random = np.random.default_rng(seed)
    layers = []
    for number, (inputs, units) in enumerate(itertools.pairwise(shape)):
        kernel = random.normal(size=(inputs, units), scale=1 / np.sqrt(inputs)).astype(np.float32)
        last = number == len(shape) - 2
        name = "linear" if last else activations[number % len(activations)]
        layers.append(Layer(kernel, random.normal(size=units).astype(np.float32), name))
    return Network(tuple(layers))


def evaluate(network: Network, x: np.ndarray) -> np.ndarray:
    """Return the outputs in double precision, written down from the definition."""
    values = x.astype(np.float64)
    for layer in network.layers:
        values = FUNCTIONS[layer.activation](values @ layer.kernel.astype(np.float64) + layer.bias)
    return values


def events(inputs: int, count: int = 50) -> np.ndarray:
    return np.random.default_rng(7).normal(size=(count, inputs)).astype(np.float32)


def names(count: int) -> list[str]:
    return [f"x{number}" for number in range(count)]


def write_model(folder: Path, network: Network, *, stem: str = "net", card: str | None = None) -> Path:
    """Write a folder with a description, weights, names of inputs and, if given, a card."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{stem}.json").write_text(write_json(network, stem))
    write_legacy(folder / f"NN_weights-{stem}.h5", network)
    (folder / NAME).write_text(write_inputs(names(network.n_inputs)))
    if card is not None:
        (folder / "card.yaml").write_text(card)
    return folder


def same(network: Network, other: Network) -> bool:
    return network.fingerprint() == other.fingerprint()


def agree(network: Network, x: np.ndarray, expected: np.ndarray) -> None:
    """Assert that a network has these outputs: to 1e-5 of each, or of the root mean square of all."""
    found = evaluate(network, x)
    assert found.shape == expected.shape
    scale = np.sqrt(np.mean(np.square(expected, dtype=np.float64)))
    worst = np.max(np.abs(found - expected) / np.maximum(np.abs(expected), scale))
    assert worst < 1e-5, worst


def fault(path: Path, begins: Path | str | None = None) -> str:
    """Return the one line that says what is wrong with a model."""
    with pytest.raises(ModelError) as caught:
        read_model(path)
    text = str(caught.value)
    assert "\n" not in text
    assert text.startswith(f"{begins or path}"), text
    return text
