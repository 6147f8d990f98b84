"""Descriptions of networks as Keras 2 and Keras 3 write them, in JSON: text -> architecture, and network -> text.

Nothing is built with Keras and no name in the text is ever looked up: what is not on the list of `keras_layers` is
refused by its name.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rdfplugins.config.scalars import shortened
from rdfplugins.errors import ModelError
from rdfplugins.inference.architecture import MAX_LAYERS, MAX_WEIGHTS, Architecture
from rdfplugins.inference.keras_layers import IDENTITIES, LayerConfig, input_width, step_of

if TYPE_CHECKING:
    from pathlib import Path

    from rdfplugins.inference.architecture import Step
    from rdfplugins.inference.network import Network

MAX_BYTES = 16_000_000
_OURS = "one row of dense layers can be read"
_UNUSED = ("kernel_regularizer", "bias_regularizer", "activity_regularizer", "kernel_constraint", "bias_constraint")
_MODELS = ("Sequential", "Functional", "Model")


def read_architecture(text: str, where: str) -> Architecture:
    """Return the architecture that a description holds.

    Parameters
    ----------
    text
        What ``model.to_json()`` of Keras 2 or 3 wrote.
    where
        Name of the file, for messages.

    Raises
    ------
    ModelError
        If the text is no such description, or holds a layer, an activation or an option that `Network` cannot express.
    """
    model = _mapping(_parsed(text, where), "the description", where)
    kind = model.get("class_name")
    if kind not in _MODELS:
        raise ModelError(
            f"{where}: this describes {_called(kind)}, not a Sequential or Functional model of Keras;"
            " write it with model.to_json()"
        )
    config = model.get("config")
    if isinstance(config, list):  # Keras before 2.2.3
        config = {"layers": config}
    config = _mapping(config, f"'config' of the {kind} model", where)
    layers = _layers(config, where)
    if kind != "Sequential":
        layers = _chain(config, layers, where)
    name = config.get("name")
    return _assembled(str(name) if isinstance(name, str) else "model", config, layers, where)


def read_text(path: Path) -> str:
    """Return the text of a file with a description; ModelError if it cannot be read or is too large for one."""
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise ModelError(f"{path}: cannot be read: {error.strerror}") from error
    return decoded(raw, str(path))


def decoded(raw: bytes, where: str) -> str:
    """Return bytes as text; ModelError if they are none."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ModelError(f"{where}: this is not a text in UTF-8, so not JSON; write it again") from error


def _parsed(text: str, where: str) -> Any:
    if len(text) > MAX_BYTES:
        raise ModelError(f"{where}: larger than {MAX_BYTES // 1_000_000} MB, which no description of a network is")
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise ModelError(f"{where}:{error.lineno}: this is not JSON: {error.msg}; write it again") from error
    except (RecursionError, ValueError) as error:  # nested too deeply, or a number of thousands of digits
        raise ModelError(f"{where}: this JSON is not the description of a network; write it again") from error


def _mapping(value: object, what: str, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ModelError(f"{where}: {what} is not a mapping; this is not what model.to_json() of Keras writes")
    return value


def _called(value: object) -> str:
    return f"'{shortened(value)}'" if isinstance(value, str) else "nothing that has a 'class_name'"


def _layers(config: dict[str, Any], where: str) -> list[LayerConfig]:
    found = config.get("layers")
    if not isinstance(found, list) or not found:
        raise ModelError(f"{where}: the description has no layers; this is not what model.to_json() of Keras writes")
    if len(found) > MAX_LAYERS:
        raise ModelError(f"{where}: {len(found)} layers; more than {MAX_LAYERS} are not read")
    layers = [LayerConfig.of(layer, number, where) for number, layer in enumerate(found, start=1)]
    names = [layer.name for layer in layers]
    for name in names:
        if names.count(name) > 1:
            raise ModelError(f"{where}: two layers are called '{shortened(name)}'; Keras does not write that")
    return layers


def _chain(config: dict[str, Any], layers: list[LayerConfig], where: str) -> list[LayerConfig]:
    """Return the layers of a functional model in the order in which they are connected: one after the other."""
    ends = [_only(config.get(key), key, where) for key in ("input_layers", "output_layers")]
    by_name = {layer.name: layer for layer in layers}
    here: str | None = ends[1]
    chain: list[LayerConfig] = []
    while here is not None:
        layer = by_name.pop(here, None)
        if layer is None:
            raise ModelError(f"{where}: layer '{shortened(here)}' is not there, or is used twice; {_OURS}")
        chain.append(layer)
        here = layer.before()
    chain.reverse()
    if by_name or chain[0].name != ends[0]:
        other = next(iter(by_name), chain[0].name)
        raise ModelError(f"{where}: layer '{shortened(other)}' is a branch of the network; {_OURS}")
    return chain


def _only(found: object, key: str, where: str) -> str:
    """Return the layer of ``[["name", 0, 0]]``, of ``["name", 0, 0]`` (Keras 3)."""
    while isinstance(found, list) and len(found) == 1:
        found = found[0]
    if isinstance(found, list) and found and isinstance(found[0], str):
        return found[0]
    what = "inputs" if key == "input_layers" else "outputs"
    raise ModelError(f"{where}: '{key}' does not name one layer; a network with several {what} cannot be read")


def _assembled(name: str, config: dict[str, Any], layers: list[LayerConfig], where: str) -> Architecture:
    inputs = width = input_width(config, layers, where)
    steps: list[Step] = []
    total = 0
    for layer in layers:
        if layer.kind in IDENTITIES:
            layer.check_identity()
            continue
        step = step_of(layer, width)
        total += sum(_size(shape) for _, shape in step.weights)
        if total > MAX_WEIGHTS:
            raise ModelError(
                f"{where}: more than {MAX_WEIGHTS:.0e} weights up to layer '{layer.shown}', which is absurd"
            )
        width = step.width
        steps.append(step)
    if not steps:
        raise ModelError(f"{where}: the network has no layer with weights")
    return Architecture(name, inputs, tuple(steps))


def _size(shape: tuple[int, ...]) -> int:
    size = 1
    for extent in shape:
        size *= extent
    return size


def write_json(network: Network, name: str) -> str:
    """Return the description of a network as Keras 2.3 writes it; Keras 2 reads it with ``model_from_json``.

    Parameters
    ----------
    network
        Layers become ``dense_1``, ``dense_2`` and so on, as in `hdf5.write_legacy`.
    name
        Name of the model.
    """
    initializer = {"scale": 1.0, "mode": "fan_avg", "distribution": "uniform", "seed": None}
    layers = []
    for number, layer in enumerate(network.layers, start=1):
        config: dict[str, Any] = {"name": f"dense_{number}", "trainable": True}
        if number == 1:
            config["batch_input_shape"] = [None, network.n_inputs]
        config |= {
            "dtype": "float32",
            "units": int(layer.bias.size),
            "activation": layer.activation,
            "use_bias": True,
            "kernel_initializer": {"class_name": "VarianceScaling", "config": initializer},
            "bias_initializer": {"class_name": "Zeros", "config": {}},
        }
        layers.append({"class_name": "Dense", "config": config | dict.fromkeys(_UNUSED)})
    model = {"class_name": "Sequential", "config": {"name": name, "layers": layers}}
    return json.dumps({**model, "keras_version": "2.3.1", "backend": "tensorflow"})
