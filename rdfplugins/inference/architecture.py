"""What a description of Keras says, without its weights: layers in order, and the shapes of what each of them holds."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rdfplugins.inference.network import Activation

MAX_WEIGHTS: Final = 200_000_000
"""More than any network of this kind has; a description that asks for more is damaged or hostile."""
MAX_LAYERS: Final = 1000


@dataclasses.dataclass(frozen=True)
class Dense:
    """``activation(x @ kernel + bias)``."""

    name: str
    inputs: int
    units: int
    bias: bool
    activation: Activation

    kind = "Dense"

    @property
    def width(self) -> int:
        """Number of outputs."""
        return self.units

    @property
    def weights(self) -> tuple[tuple[str, tuple[int, ...]], ...]:
        """Name and shape of each array, in the order in which Keras stores them."""
        bias = (("bias", (self.units,)),) if self.bias else ()
        return (("kernel", (self.inputs, self.units)), *bias)


@dataclasses.dataclass(frozen=True)
class BatchNorm:
    """``gamma (x - mean) / sqrt(variance + epsilon) + beta`` with the moving mean and variance of the training."""

    name: str
    width: int
    scale: bool
    center: bool
    epsilon: float

    kind = "BatchNormalization"

    @property
    def weights(self) -> tuple[tuple[str, tuple[int, ...]], ...]:
        """Name and shape of each array, in the order in which Keras stores them."""
        names = [*(["gamma"] if self.scale else []), *(["beta"] if self.center else [])]
        return tuple((name, (self.width,)) for name in (*names, "moving_mean", "moving_variance"))


@dataclasses.dataclass(frozen=True)
class Standardise:
    """``(x - mean) / max(sqrt(variance), 1e-7)``, or back again.

    Attributes
    ----------
    fixed
        Mean and variance where they stand in the description; None: among the weights.
    single
        One mean and one variance for all inputs.
    inverse
        ``mean + x max(sqrt(variance), 1e-7)``.
    """

    name: str
    width: int
    fixed: tuple[tuple[float, ...], tuple[float, ...]] | None
    single: bool
    inverse: bool

    kind = "Normalization"

    @property
    def weights(self) -> tuple[tuple[str, tuple[int, ...]], ...]:
        """Name and shape of each array, in the order in which Keras stores them."""
        shape = () if self.single else (self.width,)
        return () if self.fixed else (("mean", shape), ("variance", shape), ("count", ()))


@dataclasses.dataclass(frozen=True)
class Bend:
    """An activation that is a layer of its own."""

    name: str
    width: int
    activation: Activation
    kind: Literal["Activation", "ReLU", "ELU"]

    weights: tuple[tuple[str, tuple[int, ...]], ...] = ()


Step = Dense | BatchNorm | Standardise | Bend


@dataclasses.dataclass(frozen=True)
class Architecture:
    """Layers in the order in which the numbers run through them; dropout and the like are left out."""

    name: str
    inputs: int
    steps: tuple[Step, ...]

    @property
    def outputs(self) -> int:
        """Number of outputs."""
        return self.steps[-1].width

    @property
    def weights(self) -> Iterator[tuple[Step, str, tuple[int, ...]]]:
        """Layer, name and shape of each array that a file of weights must hold, in order."""
        return ((step, name, shape) for step in self.steps for name, shape in step.weights)

    @property
    def widths(self) -> tuple[int, ...]:
        """Number of inputs, then the units of each dense layer."""
        return (self.inputs, *(step.units for step in self.steps if isinstance(step, Dense)))
