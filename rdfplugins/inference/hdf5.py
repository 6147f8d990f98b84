"""Weights in HDF5, in the two layouts that Keras has had, and the older one written.

Legacy (Keras 1 and 2, and ``model.save("x.h5")`` of Keras 3): attribute ``layer_names``, a group for each layer with
the attribute ``weight_names``; in a file with the whole model all of it in the group ``model_weights``, and the
description in the attribute ``model_config``. Keras 3 (``.weights.h5`` and in ``.keras``): ``layers/dense_1/vars/0``,
where the group is numbered by the class of the layer and not called by its name.
"""

from __future__ import annotations

import re
from typing import IO, TYPE_CHECKING, Any

from rdfplugins.config.scalars import shortened
from rdfplugins.errors import ModelError
from rdfplugins.files import atomic
from rdfplugins.inference import hdf5_guard
from rdfplugins.sink import open_sink

if TYPE_CHECKING:
    from pathlib import Path

    from rdfplugins.inference.architecture import Architecture, Step
    from rdfplugins.inference.hdf5_guard import Array
    from rdfplugins.inference.network import Network

_WORDS = frozenset({"kernel", "bias", "gamma", "beta", "moving_mean", "moving_variance", "mean", "variance", "count"})
_ROOTS = ("layers", "_layer_checkpoint_dependencies")
_FOLDERS = {"Dense": "dense", "BatchNormalization": "batch_normalization", "Normalization": "normalization"}
_TAKE = "take the weights that belong to the description"


def model_config(path: Path) -> str | None:
    """Return the description of the network that a file holds beside its weights; None if there is none."""
    with hdf5_guard.opened(path, str(path)) as file:
        return hdf5_guard.text(file, "model_config", str(path))


def read_weights(source: Path | IO[bytes], architecture: Architecture, where: str) -> list[Array]:
    """Return the arrays of ``architecture.weights``, in that order.

    Parameters
    ----------
    source
        A file in one of the layouts, or one that is open already.
    architecture
        What the shapes must be.
    where
        Name of the file, for messages.

    Raises
    ------
    ModelError
        If the file is not what the architecture says, or not safe to read.
    """
    with hdf5_guard.opened(source, where) as file:
        group = file.get("model_weights", file)
        names = hdf5_guard.texts(group, "layer_names", where)
        if names is not None:
            return _legacy(group, names, architecture, where)
        for root in _ROOTS:
            if root in file:
                return _numbered(file[root], architecture, where)
    raise ModelError(f"{where}: there are no weights of Keras in this file; save them with model.save_weights()")


def read_legacy(path: Path, architecture: Architecture) -> list[Array]:
    """Return the arrays of a file, as `read_weights` does."""
    return read_weights(path, architecture, str(path))


def _legacy(group: Any, names: list[str], architecture: Architecture, where: str) -> list[Array]:
    """Match by order: what a layer is called depends on how many were made before it in the same session."""
    stored = []
    for name in names:
        if name not in group:
            raise ModelError(f"{where}: layer '{shortened(name)}' is listed and not there; the file is damaged")
        weights = hdf5_guard.texts(group[name], "weight_names", where) or []
        if weights:
            stored.append((name, weights))
    steps = [step for step in architecture.steps if step.weights]
    if len(stored) != len(steps):
        raise ModelError(f"{where}: {len(stored)} layers with weights, and the description has {len(steps)}; {_TAKE}")
    found, wanted = [name for name, _ in stored], [step.name for step in steps]
    if found != wanted and sorted(found) == sorted(wanted):
        raise ModelError(
            f"{where}: the layers stand in another order ({shortened(', '.join(found))}) than in the description"
            f" ({shortened(', '.join(wanted))}); {_TAKE}"
        )
    arrays = []
    for step, (name, weights) in zip(steps, stored, strict=True):
        _check_names(step, name, weights, where)
        for weight, (_, shape) in zip(weights, step.weights, strict=True):
            arrays.append(hdf5_guard.numbers(group[name], weight, shape, where))
    return arrays


def _check_names(step: Step, layer: str, weights: list[str], where: str) -> None:
    """Refuse weights that stand in another order than ours: those of one shape would be taken for one another."""
    expected = [name for name, _ in step.weights]
    words = [re.sub(r"(_\d+)?(:\d+)?$", "", weight.rpartition("/")[2]) for weight in weights]
    wrong = len(words) != len(expected) or any(
        word in _WORDS and word != name for word, name in zip(words, expected, strict=True)
    )
    if wrong:
        held = ", ".join(words)
        raise ModelError(
            f"{where}: layer '{shortened(layer)}' holds {shortened(held)}, and '{shortened(step.name)}' of the"
            f" description ({step.kind}) has {', '.join(expected)}; {_TAKE}"
        )


def _numbered(group: Any, architecture: Architecture, where: str) -> list[Array]:
    arrays: list[Array] = []
    counts: dict[str, int] = {}
    for step in architecture.steps:
        if step.kind not in _FOLDERS:
            continue
        number = counts[step.kind] = counts.get(step.kind, -1) + 1
        folder = _FOLDERS[step.kind] + (f"_{number}" if number else "")
        if not step.weights:
            continue
        if f"{folder}/vars" not in group:
            raise ModelError(f"{where}: there are no weights of layer '{shortened(step.name)}' ({folder}); {_TAKE}")
        variables = group[folder]["vars"]
        if len(variables) != len(step.weights):
            raise ModelError(
                f"{where}: layer '{shortened(step.name)}' has {len(variables)} arrays, and the description says"
                f" {len(step.weights)}; {_TAKE}"
            )
        arrays += [
            hdf5_guard.numbers(variables, str(index), shape, where) for index, (_, shape) in enumerate(step.weights)
        ]
    left = f"{_FOLDERS['Dense']}_{counts.get('Dense', -1) + 1}"
    if left in group:
        raise ModelError(f"{where}: more dense layers than the description has; {_TAKE}")
    return arrays


def write_legacy(path: Path, network: Network) -> None:
    """Write the weights of a network so that ``load_weights`` of Keras 2 reads them; the file is there whole or not.

    Parameters
    ----------
    path
        The file; layers are called as in `keras_config.write_json`.
    network
        Its layers.

    Raises
    ------
    OutputError
        Where the system refuses to write.
    """
    import h5py
    import numpy as np

    names = [f"dense_{number}" for number in range(1, len(network.layers) + 1)]
    with atomic(path) as part, open_sink(part) as sink, h5py.File(sink, "w") as file:
        file.attrs["layer_names"] = np.array([name.encode() for name in names])
        file.attrs["backend"] = np.bytes_(b"tensorflow")
        file.attrs["keras_version"] = np.bytes_(b"2.3.1")
        for name, layer in zip(names, network.layers, strict=True):
            group = file.create_group(name)
            weights = {f"{name}/kernel:0": layer.kernel, f"{name}/bias:0": layer.bias}
            group.attrs["weight_names"] = np.array([weight.encode() for weight in weights])
            for weight, values in weights.items():
                group.create_dataset(weight, data=values)
