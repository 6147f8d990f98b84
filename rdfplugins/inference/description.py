"""What is known of a model before anything computes with it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pathlib import Path

    from rdfplugins.inference.architecture import Architecture
    from rdfplugins.inference.card import Card
    from rdfplugins.inference.network import Network
    from rdfplugins.inference.tmva.method import Method
    from rdfplugins.inference.tmva.reader import Weights
    from rdfplugins.inference.tmva.variable import Variable

Format = Literal["keras-json+h5", "keras-h5", "keras", "saved_model", "tmva"]
_MANY = 4


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
        Its layers; None for a SavedModel, of which only TensorFlow knows them, and for a method of TMVA.
    weights
        File with the weights, or folder of the SavedModel; None if they are not there.
    missing
        Where the weights are looked for, if they are not there.
    tmva
        What a weight file of TMVA holds; None for all others.
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
    tmva: Weights | None = None

    def __repr__(self) -> str:
        return f"Outline({_in_short(self)})"

    @property
    def variables(self) -> tuple[Variable, ...]:
        """What a weight file of TMVA declares as its inputs; empty for all others."""
        return () if self.tmva is None else self.tmva.variables


@dataclasses.dataclass(frozen=True)
class Description:
    """A model that was read, before a backend has it.

    Attributes
    ----------
    name, path, format, inputs, outputs, card
        As in `Outline`.
    network
        Its numbers; None for a SavedModel, and for a method of TMVA.
    saved_model
        Folder of the SavedModel; None for all others.
    digest
        SHA-256 of what decides the outputs: the numbers and the names of inputs and outputs, or all files of a
        SavedModel and these names. The same for one network in different formats.
    method
        The numbers of a method of TMVA; None for all others.
    variables
        What a weight file of TMVA declares as its inputs; empty for all others. No convention of mass models applies to
        them: values go in as they are.
    remarks
        What somebody who uses the model should know.
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
    method: Method | None = None
    variables: tuple[Variable, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """Name, inputs, outputs, network and digest, in less than a line."""
        if self.network is not None:
            shape = "-".join(str(width) for width in self.network.shape)
        else:
            shape = "SavedModel" if self.method is None else f"TMVA {type(self.method.kernel).__name__}"
        return f"{_in_short(self)}, {shape}, sha256 {self.digest[:12]}"

    def __repr__(self) -> str:
        return f"Description({self.summary}, {str(self.path)!r})"


def _in_short(model: Outline | Description) -> str:
    """Return name, inputs and outputs: a model has hundreds of names and numbers, which nobody wants printed."""
    outputs = ", ".join(model.outputs) if len(model.outputs) < _MANY else f"{len(model.outputs)} outputs"
    return f"{model.name}: {len(model.inputs)} input{'s' if len(model.inputs) > 1 else ''} -> {outputs}"
