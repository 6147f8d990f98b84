"""The card of a trained model: what a user must know to trust it, made from the training itself."""

from __future__ import annotations

import platform
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import yaml

from rdfplugins._version import __version__
from rdfplugins.errors import ConfigError, did_you_mean
from rdfplugins.inference.backends.tensorflow import load_tensorflow
from rdfplugins.nodes import ditau
from rdfplugins.train.masses import masses_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from rdfplugins.inference.network import Network
    from rdfplugins.train.checkpoint import State
    from rdfplugins.train.events import Data, Events
    from rdfplugins.train.settings import Settings

REFERENCES: Final = 5
ABOUT: Final = ("title", "origin", "license", "citation", "training")
"""Keys of a card that only a person can tell."""
_BATCH: Final = 4096  # events: the memory of wide layers in double precision is bounded
_RANGE: Final = (0.0001, 0.9999)
_PI: Final = float(np.nextafter(np.float32(np.pi), np.float32(4)))  # no azimuth in single precision is above
_CITATION: Final = """@software{rdfplugins,
  title   = {rdfplugins: analysis plugins for ROOT's RDataFrame},
  author  = {{rdfplugins developers}},
  version = {%s}
}
"""


def check_about(about: Mapping[str, Any]) -> None:
    """Raise ConfigError for what cannot stand in a card, before hours of training end with it."""
    for key in about:
        if key not in ABOUT:
            raise ConfigError(
                f"about: '{key}' is no key that you can give{did_you_mean(key, ABOUT)}; there are {', '.join(ABOUT)}"
            )
        right = dict if key == "training" else str
        if not isinstance(about[key], right) or not about[key]:
            raise ConfigError(f"about: '{key}' is {'a mapping' if right is dict else 'a text'}, not {about[key]!r}")
    try:
        yaml.safe_dump(dict(about))
    except yaml.YAMLError as error:
        raise ConfigError(f"about: holds what YAML cannot: {' '.join(str(error).split())}") from error


def make_card(
    network: Network,
    data: Data,
    settings: Settings,
    state: State,
    *,
    about: Mapping[str, Any],
    further: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the content of a card.

    Parameters
    ----------
    network
        Takes raw inputs.
    data
        What it was trained and validated on.
    settings
        How.
    state
        The end of the training.
    about
        Keys of the card that the user gives; ``training`` is added to what is said here, others replace it.
    further
        What else is told of the training, as YAML values: where events come from, figures.
    """
    files = ", ".join(source.path.name for source in data.sources)
    made: dict[str, Any] = {
        "title": f"di-tau mass, dense network {'-'.join(str(width) for width in network.shape)}",
        "origin": f"trained by rdfplugins {__version__} on {len(data.training)} events of {files}",
        "license": None,
        "citation": _CITATION % __version__,
        "mass_range": list(masses_of(data.training.mass, settings.mass_range).interval),
        "outputs": [settings.output],
        "units": {**_units(settings.inputs), settings.output: "GeV"},
    }
    made.update({key: value for key, value in about.items() if key != "training"})
    return {
        **{key: value for key, value in made.items() if value is not None},
        "training": {**dict(about.get("training", {})), **_training(data, settings, state), **further},
        "ranges": _ranges(data.training, settings.inputs),
        "references": _references(network, data.validation),
    }


def evaluate(network: Network, inputs: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the outputs in double precision, [events, outputs]: what single precision is measured against."""
    made = np.empty((len(inputs), network.n_outputs))
    for start in range(0, len(inputs), _BATCH):
        values = inputs[start : start + _BATCH].astype(np.float64)
        for layer in network.layers:
            values = values @ layer.kernel.astype(np.float64) + layer.bias
            values = _ACTIVATIONS[layer.activation](values)
        made[start : start + _BATCH] = values
    return made


def _softplus(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


_ACTIVATIONS: Final[Mapping[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]]] = {
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, 0),
    "elu": lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
    "softplus": _softplus,
    "tanh": np.tanh,
    "sigmoid": lambda x: 0.5 * (1 + np.tanh(0.5 * x)),
}


def _training(data: Data, settings: Settings, state: State) -> dict[str, Any]:
    best = state.history[state.best_epoch - 1]
    low, high = settings.mass_range
    return {
        "events": {"training": len(data.training), "validation": len(data.validation)},
        "masses": masses_of(data.training.mass, settings.mass_range).record(),
        "left_out": dict(data.left_out),
        "loss": (
            "abs(true - predicted) / sqrt(true) * factor: 0 where predicted - true >= high - predicted, else 0.1 where "
            f"true - predicted >= predicted - low, else 1; low = {low:g}, high = {high:g} GeV. Validation: factor 1"
        ),
        "flat_in": settings.flat_in,
        **({} if settings.flat_per is None else {"flat_per": settings.flat_per}),
        **({} if settings.weight is None else {"weight": settings.weight}),
        **({} if not settings.augment else {"augment": list(settings.augment)}),
        "cap": settings.cap,
        **({} if settings.emphasis is None else {"emphasis": asdict(settings.emphasis)}),
        "optimizer": "Adam, cosine decay",
        "learning_rate": settings.learning_rate,
        "batch": settings.batch,
        "seed": settings.seed,
        "epochs": len(state.history),
        "best_epoch": state.best_epoch,
        "validation_loss": _short(best["val_loss"]),
        "versions": {
            "rdfplugins": __version__,
            "tensorflow": str(load_tensorflow().__version__),
            "numpy": np.__version__,
            "python": platform.python_version(),
        },
    }


def _units(inputs: Sequence[str]) -> dict[str, str]:
    known = ditau.features.column_units({})
    return {name: known[name] for name in inputs if name in known}


def _ranges(events: Events, inputs: Sequence[str]) -> dict[str, list[float]]:
    """Return the central 99.98 % of each input in the training; one that never changed has no range.

    Azimuths have all of theirs: none is unusual.
    """
    units, found = _units(inputs), {}
    for number, name in enumerate(inputs):
        low, high = np.quantile(events.inputs[:, number], _RANGE)
        if units.get(name) == "rad":
            low, high = -_PI, _PI
        if low < high:
            found[name] = [_short(low), _short(high)]
    return found


def _references(network: Network, events: Events) -> list[dict[str, Any]]:
    """Return inputs and outputs of a few events of the validation, whose true masses are far apart."""
    order = np.argsort(events.mass, kind="stable")
    rows = order[np.linspace(0, len(order) - 1, REFERENCES + 2).astype(int)[1:-1]]
    outputs = evaluate(network, events.inputs[rows])
    return [
        {"inputs": [_short(value) for value in given], "outputs": [_short(value) for value in answer]}
        for given, answer in zip(events.inputs[rows], outputs, strict=True)
    ]


def _short(value: float) -> float:
    """Return a number of at most nine digits, which are enough to give each float32 back."""
    return float(f"{float(value):.9g}")
