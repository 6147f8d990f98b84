"""TensorFlow: dense networks as plain operations, compiled for any number of events; SavedModels by their signature.

Keras is not needed: a network is built from its numbers, so that it does not matter which Keras wrote it.
"""

from __future__ import annotations

import os
import re
import sys
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from rdfplugins.cpp import captured_stderr
from rdfplugins.errors import MissingDependencyError, ModelError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from rdfplugins.inference.network import Network

_SIGNATURE = "serving_default"
# information and warnings of its C++ part, before its logging can be told to be quiet
_CHATTER = re.compile(r"WARNING: All log messages before|[IW]\d{4} |\d{4}-\d\d-\d\d [\d:.]+: [IW] ")


def load_tensorflow() -> Any:
    """Import TensorFlow without what it writes to the terminal, unless ``TF_CPP_MIN_LOG_LEVEL`` asks for it (0, 1).

    Raises
    ------
    MissingDependencyError
        It is not installed.
    """
    level = os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # from now on nothing; what fails is raised, too
    if "tensorflow" in sys.modules or level in {"0", "1"}:
        return _imported()
    try:
        with captured_stderr() as captured:
            return _imported()
    finally:
        sys.stderr.write("".join(line for line in captured[0].splitlines(keepends=True) if not _CHATTER.match(line)))


def _imported() -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of its own dependencies, at import
            import tensorflow as tf
    except ImportError as error:
        raise MissingDependencyError(
            f"TensorFlow cannot be imported ({error}); install it with: pip install 'rdfplugins[tensorflow]'"
        ) from error
    return tf


class TensorflowEngine:
    """Evaluates a compiled function of TensorFlow, all events of a call at once."""

    def __init__(self, function: Callable[[Any], Any], name: str, *kept: Any) -> None:
        self._function = function
        self._name = name
        self._kept = kept  # a signature does not keep its own variables alive

    def run(self, x: NDArray[np.float32], out: NDArray[np.float32]) -> None:
        """Write the outputs for ``x`` float32[n, k] into ``out`` float32[n, m]; any n from 1."""
        found = np.asarray(self._function(x))
        if found.shape != out.shape:
            raise ModelError(f"{self._name}: outputs have shape {list(found.shape)} where {list(out.shape)} is needed")
        out[:] = found
        out[np.isnan(x).any(axis=1)] = np.nan  # some of TensorFlow's activations make a number of NaN


def network_engine(network: Network, *, hidden: str = "float32") -> TensorflowEngine:
    """Return what evaluates a dense network with TensorFlow.

    Parameters
    ----------
    network
        The network.
    hidden
        Type in which hidden layers multiply, "float32" or "bfloat16"; the first and the last layer, biases and
        activations are float32 always.

    Raises
    ------
    MissingDependencyError
        TensorFlow is not installed.
    """
    tf = load_tensorflow()
    activations = _activations(tf)
    layers = []
    for number, layer in enumerate(network.layers):
        inner = 0 < number < len(network.layers) - 1
        kernel = tf.cast(tf.constant(layer.kernel), tf.as_dtype(hidden) if inner else tf.float32)
        layers.append((kernel, tf.constant(layer.bias), activations[layer.activation]))

    def forward(x: Any) -> Any:
        for kernel, bias, activate in layers:
            product = tf.cast(tf.matmul(tf.cast(x, kernel.dtype), kernel), tf.float32)
            x = activate(tf.nn.bias_add(product, bias))
        return x

    signature = [tf.TensorSpec([None, network.n_inputs], tf.float32)]
    return TensorflowEngine(tf.function(forward, input_signature=signature), "network")


def _activations(tf: Any) -> dict[str, Callable[[Any], Any]]:
    def softplus(x: Any) -> Any:  # a tenth faster than tf.nn.softplus for whole networks
        return tf.nn.relu(x) + tf.math.log1p(tf.exp(-tf.abs(x)))

    def elu(x: Any) -> Any:  # tf.nn.elu takes 1 from exp(x), which leaves little of small x
        return tf.nn.relu(x) + tf.math.expm1(tf.minimum(x, 0.0))

    return {
        "linear": tf.identity,
        "relu": tf.nn.relu,
        "elu": elu,
        "softplus": softplus,
        "tanh": tf.tanh,
        "sigmoid": tf.sigmoid,
    }


def saved_model_engine(folder: Path, n_inputs: int, n_outputs: int) -> TensorflowEngine:
    """Return what evaluates a SavedModel by its signature ``serving_default``.

    Raises
    ------
    MissingDependencyError
        TensorFlow is not installed.
    ModelError
        The SavedModel has operations that are not harmless, no such signature, or one that does not take events
        [n, n_inputs] and give [n, n_outputs].
    """
    from rdfplugins.inference.saved_model import refuse_unsafe_ops

    tf = load_tensorflow()
    refuse_unsafe_ops(folder)
    try:
        loaded = tf.saved_model.load(str(folder))
    except Exception as error:  # TensorFlow raises many types
        raise ModelError(f"{folder}: TensorFlow cannot load it: {str(error).strip().partition(chr(10))[0]}") from error
    signature = loaded.signatures.get(_SIGNATURE)
    if signature is None:
        there = ", ".join(loaded.signatures) or "none"
        raise ModelError(f"{folder}: no signature '{_SIGNATURE}' (its signatures: {there}); export the model with one")
    takes, gives = signature.structured_input_signature[1], signature.structured_outputs
    if not (_is_table(takes, n_inputs) and _is_table(gives, n_outputs)):
        raise ModelError(
            f"{folder}: signature '{_SIGNATURE}' takes {_shapes(takes)} and gives {_shapes(gives)}; needed are one"
            f" table of floats [events, {n_inputs}] and one [events, {n_outputs}]"
        )
    ((key, spec),) = takes.items()
    (output,) = gives

    def forward(x: NDArray[np.float32]) -> Any:
        return signature(**{key: tf.constant(x, spec.dtype)})[output]

    return TensorflowEngine(forward, str(folder), loaded)


def _is_table(specs: dict[str, Any], width: int) -> bool:
    """Say whether these are one table of floats with any number of rows; a width that is not stated is trusted."""
    if len(specs) != 1:
        return False
    (spec,) = specs.values()
    if not spec.dtype.is_floating or spec.shape.rank not in (None, 2):
        return False
    return spec.shape.rank is None or (spec.shape[0] is None and spec.shape[1] in (None, width))


def _shapes(specs: dict[str, Any]) -> str:
    """Return the tensors of a signature as text: ``x float32[any, 27]``."""
    found = []
    for name, spec in sorted(specs.items()):
        shape = "any" if spec.shape.rank is None else ", ".join("any" if n is None else str(n) for n in spec.shape)
        found.append(f"{name} {spec.dtype.name}[{shape}]")
    return " and ".join(found) or "nothing"
