"""What is known of a model before anything computes with it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pathlib import Path

    from rdfplugins.inference.architecture import Architecture
    from rdfplugins.inference.card import Card
    from rdfplugins.inference.network import Network

Format = Literal["keras-json+h5", "keras-h5", "keras", "saved_model"]


@dataclasses.dataclass(frozen=True)
class Outline:
    """A model without its weights, which may not be there.

    Attributes
    ----------
    name
        Of the folder, or of the file without its ending.
    path
        What the user gave, or where the name was found.
    format
        How it is stored.
    inputs, outputs
        Names, in order.
    card
        Its card; an empty one where there is none.
    architecture
        Its layers; None for a SavedModel, of which only TensorFlow knows them.
    weights
        File with the weights, or folder of the SavedModel; None if they are not there.
    missing
        Where the weights are looked for, if they are not there.
    """

    name: str
    path: Path
    format: Format
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    card: Card
    architecture: Architecture | None
    weights: Path | None
    missing: Path | None = None


@dataclasses.dataclass(frozen=True)
class Description:
    """A model that was read, before a backend has it.

    Attributes
    ----------
    name, path, format, inputs, outputs, card
        As in `Outline`.
    network
        Its numbers; None for a SavedModel.
    saved_model
        Folder of the SavedModel; None for all others.
    digest
        SHA-256 of what decides the outputs: the numbers and the names of inputs and outputs, or all files of a
        SavedModel and these names. The same for one network in different formats.
    """

    name: str
    path: Path
    format: Format
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    card: Card
    network: Network | None
    saved_model: Path | None
    digest: str
