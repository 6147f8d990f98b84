"""Models: found, read with care, described, and evaluated by one of several backends with one interface."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from rdfplugins.inference.find import DEFAULT_MODEL

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from rdfplugins.inference.card import Card
    from rdfplugins.inference.description import Description, Outline
    from rdfplugins.inference.folder import read_model, read_outline
    from rdfplugins.inference.hdf5 import read_legacy, write_legacy
    from rdfplugins.inference.keras_config import write_json
    from rdfplugins.inference.model import Backend, Model, Precision
    from rdfplugins.inference.network import Layer, Network

__all__ = [
    "DEFAULT_MODEL",
    "Backend",
    "Card",
    "Description",
    "Layer",
    "Model",
    "Network",
    "Outline",
    "Precision",
    "load_model",
    "read_legacy",
    "read_model",
    "read_outline",
    "write_json",
    "write_legacy",
]

_ROOMS = {
    "Backend": "model",
    "Card": "card",
    "Description": "description",
    "Layer": "network",
    "Model": "model",
    "Network": "network",
    "Outline": "description",
    "Precision": "model",
    "read_legacy": "hdf5",
    "read_model": "folder",
    "read_outline": "folder",
    "write_json": "keras_config",
    "write_legacy": "hdf5",
}


def load_model(
    model: str | os.PathLike[str] | None = None,
    *,
    backend: Backend = "auto",
    precision: Precision = "float32",
    say: Callable[[str], None] | None = None,
) -> Model:
    """Load a model and choose how it is evaluated.

    Parameters
    ----------
    model
        None: the shipped default. A path: a folder with a description (JSON of Keras) and its weights (HDF5), a
        SavedModel folder, one ``.keras`` or ``.h5`` file with both, or a weight file of TMVA (``.xml``). A name: that
        of such a folder in ``./models``, in the folders of the variable ``RDFPLUGINS_MODELS``, or among the shipped
        ones.
    backend
        What computes; ``"auto"`` takes the fastest that is installed and can evaluate the model.
    precision
        ``"bfloat16"`` is faster on some machines and less exact.
    say
        Receives one line that tells which backend was taken, and why.

    Returns
    -------
    Model
        With ``inputs`` and ``outputs`` (names), ``predict(float array [n, k]) -> float32 [n, m]`` (float64 for TMVA; or
        columns by name), ``backend``.

    Raises
    ------
    ModelError
        If there is no such model, its weights are not there, or something in it does not fit or is not safe to read.
    MissingDependencyError
        If the backend needs a package that is not installed; with the command that installs it.
    """
    from rdfplugins.inference.folder import read_model
    from rdfplugins.inference.model import choose

    found = choose(read_model(model), backend, precision)
    if say is not None:
        say(f"model {found.name}: {found.why}")
        for remark in found.description.remarks:
            say(f"model {found.name}: {remark}")
    return found


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is asked for: h5py takes a third of a second."""
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_ROOMS[name]}"), name)
