"""Layers of Keras that can be read: each by its name, with every option that changes what it computes."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any, TypeGuard, cast

from rdfplugins.config.scalars import shortened
from rdfplugins.errors import ModelError
from rdfplugins.inference.architecture import BatchNorm, Bend, Dense, Standardise
from rdfplugins.inference.network import ACTIVATIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rdfplugins.inference.architecture import Step
    from rdfplugins.inference.network import Activation

IDENTITIES = frozenset(
    {"InputLayer", "Dropout", "GaussianDropout", "GaussianNoise", "AlphaDropout", "ActivityRegularization"}
)
"""Layers that hand on what they get, but for training."""

_OUR_PACKAGES = ("keras", "tf_keras", "tensorflow")
_PRECISIONS = frozenset({"float32", "float64"})
_CONVERT = 'write it with model.export("FOLDER"), which makes a SavedModel: TensorFlow runs that'


@dataclasses.dataclass(frozen=True)
class LayerConfig:
    """One layer of a description.

    Attributes
    ----------
    name, kind
        As Keras calls them: ``dense_1``, ``Dense``.
    config
        The options.
    whole
        All that the description says of it.
    where
        Name of the file, for messages.
    """

    name: str
    kind: str
    config: dict[str, Any]
    whole: dict[str, Any]
    where: str

    @classmethod
    def of(cls, layer: object, number: int, where: str) -> LayerConfig:
        """Read layer ``number`` of a description, refusing what was registered by other code than Keras."""
        kind = layer.get("class_name") if isinstance(layer, dict) else None
        config = layer.get("config") if isinstance(layer, dict) else None
        if not isinstance(layer, dict) or not isinstance(kind, str) or not isinstance(config, dict):
            raise ModelError(f"{where}: layer {number} has no 'class_name' and 'config'; Keras does not write that")
        name = config.get("name", layer.get("name"))
        found = cls(name if isinstance(name, str) else f"layer {number}", kind, config, layer, where)
        module, registered = layer.get("module") or "keras", layer.get("registered_name")
        if str(module).partition(".")[0] not in _OUR_PACKAGES or registered not in {None, kind}:
            raise found.fault(f"is of the user's own class '{shortened(str(registered or kind))}', which is not run")
        return found

    @property
    def shown(self) -> str:
        """Name for messages."""
        return shortened(self.name)

    def fault(self, message: str, *, remedy: str = _CONVERT) -> ModelError:
        """Return an error about this layer."""
        return ModelError(f"{self.where}: layer '{self.shown}' ({shortened(self.kind)}) {message}; {remedy}")

    def flag(self, key: str, *, default: bool) -> bool:
        """Return an option that is true or false."""
        value = self.config.get(key, default)
        if not isinstance(value, bool):
            raise self.fault(f"has {key} = {_shown(value)}, not true or false")
        return value

    def number(self, key: str, default: float) -> float:
        """Return an option that is a finite number."""
        value = self.config.get(key, default)
        if not _is_number(value):
            raise self.fault(f"has {key} = {_shown(value)}, not a finite number")
        return float(value)

    def require(self, key: str, *allowed: object) -> None:
        """Refuse an option that is there and has another value than these."""
        if key in self.config and not any(self.config[key] == value for value in allowed):
            raise self.fault(f"has {key} = {_shown(self.config[key])}, which is not read")

    def check_precision(self) -> None:
        """Refuse layers that compute in less than single precision: their results are not those of the weights."""
        policy = self.config.get("dtype", "float32")
        if isinstance(policy, dict):
            inner = policy.get("config")
            policy = inner.get("name") if isinstance(inner, dict) else None
        if policy is not None and policy not in _PRECISIONS:
            raise self.fault(f"computes in {_shown(policy)}; float32 and float64 are read")

    def check_identity(self) -> None:
        """Refuse a dropout that was told to drop outside of training."""
        if self.kind != "InputLayer" and any(_trains(node) for node in _listed(self.whole.get("inbound_nodes"))):
            raise self.fault("is called with training=True, so that its result is random")
        self.check_precision()

    def before(self) -> str | None:
        """Return the name of the one layer that a functional model connects to this one; None for its input."""
        nodes = _listed(self.whole.get("inbound_nodes"))
        if self.kind == "InputLayer" and not nodes:
            return None
        if len(nodes) != 1:
            raise self.fault(f"is called {len(nodes)} times", remedy="one row of dense layers can be read")
        names = _sources(nodes[0])
        if len(names) != 1:
            raise self.fault(f"takes {len(names)} inputs", remedy="one row of dense layers can be read")
        return names[0]


def input_width(config: dict[str, Any], layers: Sequence[LayerConfig], where: str) -> int:
    """Return the number of inputs, from the first place where one of the versions of Keras writes it."""
    first = layers[0]
    built = first.whole.get("build_config")
    places = (
        first.config.get("batch_input_shape"),
        first.config.get("batch_shape"),
        config.get("build_input_shape"),
        built.get("input_shape") if isinstance(built, dict) else None,
    )
    shape = next((place for place in places if place is not None), None)
    if shape is None:
        raise ModelError(f"{where}: the number of inputs is not written there; build the model before it is saved")
    while isinstance(shape, list) and len(shape) == 1:  # a functional model may write a list of one shape
        shape = shape[0]
    if not isinstance(shape, list) or len(shape) != 2 or (shape[0] is not None and not _is_count(shape[0])):  # noqa: PLR2004
        raise first.fault(f"has the input shape {_shown(shape)}; [null, number of inputs] is read")
    if not _is_count(shape[1]):
        raise first.fault(f"has the input shape {_shown(shape)}, without a number of inputs")
    return int(shape[1])


def step_of(layer: LayerConfig, width: int) -> Step:
    """Return what a layer does to ``width`` numbers; ModelError for one that is not on the list."""
    read = _READERS.get(layer.kind)
    if read is None:
        known = ", ".join(sorted({*_READERS, *IDENTITIES}))
        raise layer.fault(f"is not among the layers that are read ({known})")
    layer.check_precision()
    return read(layer, width)


def _dense(layer: LayerConfig, width: int) -> Dense:
    units = layer.config.get("units", layer.config.get("output_dim"))
    if not _is_count(units):
        raise layer.fault(f"has units = {_shown(units)}, not a number of neurons", remedy="write the description again")
    for key in ("lora_rank", "quantization_config", "quantization_mode"):
        layer.require(key, None)
    bias = layer.flag("use_bias", default=True)
    return Dense(layer.name, width, units, bias, _activation(layer))


def _bend(layer: LayerConfig, width: int) -> Bend:
    return Bend(layer.name, width, _activation(layer), "Activation")


def _relu(layer: LayerConfig, width: int) -> Bend:
    layer.require("max_value", None)
    for key in ("negative_slope", "threshold"):
        layer.require(key, 0, None)
    return Bend(layer.name, width, "relu", "ReLU")


def _elu(layer: LayerConfig, width: int) -> Bend:
    layer.require("alpha", 1)
    return Bend(layer.name, width, "elu", "ELU")


def _batch_norm(layer: LayerConfig, width: int) -> BatchNorm:
    _check_axis(layer)
    layer.require("renorm", None, 0)
    for key in ("virtual_batch_size", "adjustment"):
        layer.require(key, None)
    epsilon = layer.number("epsilon", 1e-3)
    if epsilon < 0:
        raise layer.fault(f"has epsilon = {epsilon:g}, which is below 0")
    flags = (layer.flag("scale", default=True), layer.flag("center", default=True))
    return BatchNorm(layer.name, width, *flags, epsilon)


def _standardise(layer: LayerConfig, width: int) -> Standardise:
    single = layer.config.get("axis", -1) in (None, [])
    if not single:
        _check_axis(layer)
    mean, variance = (_constants(layer, key, width) for key in ("mean", "variance"))
    if (mean is None) != (variance is None):
        raise layer.fault("has one of mean and variance, not both")
    fixed = None if mean is None or variance is None else (mean, variance)
    return Standardise(layer.name, width, fixed, single, layer.flag("invert", default=False))


_READERS: dict[str, Callable[[LayerConfig, int], Step]] = {
    "Dense": _dense,
    "Activation": _bend,
    "ReLU": _relu,
    "ELU": _elu,
    "BatchNormalization": _batch_norm,
    "Normalization": _standardise,
}


def _activation(layer: LayerConfig) -> Activation:
    name = layer.config.get("activation") or "linear"
    if name not in ACTIVATIONS:
        known = ", ".join(ACTIVATIONS)
        raise layer.fault(f"has the activation {_shown(name)}; these are read: {known}")
    return cast("Activation", name)


def _check_axis(layer: LayerConfig) -> None:
    layer.require("axis", -1, 1, [-1], [1])


def _constants(layer: LayerConfig, key: str, width: int) -> tuple[float, ...] | None:
    """Return the numbers of an option, one an input; None where it has none."""
    value = layer.config.get(key)
    if value is None:
        return None
    while isinstance(value, list) and len(value) == 1 and isinstance(value[0], list):
        value = value[0]
    found = value if isinstance(value, list) else [value]
    if len(found) not in {1, width} or not all(_is_number(number) for number in found):
        raise layer.fault(f"has {key} = {_shown(value)}, not one finite number for each of {width} inputs")
    return tuple(float(number) for number in found) * (width // len(found))


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < math.inf


def _is_count(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _shown(value: object) -> str:
    if isinstance(value, dict):  # Keras 3 writes functions of the user so
        value = value.get("registered_name") or value.get("class_name") or "a mapping"
    return f"'{shortened(value)}'" if isinstance(value, str) else shortened(str(value)) if value is not None else "null"


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _trains(node: object) -> bool:
    """Whether a call of a layer, as either Keras writes it, says ``training=True``."""
    if isinstance(node, dict):
        kwargs = node.get("kwargs")
        return isinstance(kwargs, dict) and kwargs.get("training") not in {None, False}
    calls = (call[3] for call in _listed(node) if isinstance(call, list) and len(call) > 3)  # noqa: PLR2004
    return any(isinstance(call, dict) and call.get("training") not in {None, False} for call in calls)


def _sources(node: object) -> list[str]:
    """Return the layers that a call takes its inputs from: those of ``keras_history``, or of Keras 2's lists."""
    if not isinstance(node, dict):
        return [str(call[0]) for call in _listed(node) if isinstance(call, list) and call]
    names = []
    for argument in _listed(node.get("args")):
        tensors = argument if isinstance(argument, list) else [argument]
        for tensor in tensors:
            config = tensor.get("config") if isinstance(tensor, dict) else None
            history = config.get("keras_history") if isinstance(config, dict) else None
            names.append(str(history[0]) if isinstance(history, list) and history else "a constant")
    return names
