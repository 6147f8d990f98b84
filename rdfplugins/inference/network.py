"""A dense network as numbers: what every loader makes and every backend computes; nothing of Keras is left in it."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import TYPE_CHECKING, Final, Literal, get_args

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Activation = Literal["linear", "relu", "elu", "softplus", "tanh", "sigmoid"]
ACTIVATIONS: Final[tuple[Activation, ...]] = get_args(Activation)


@dataclasses.dataclass(frozen=True, eq=False)
class Layer:
    """``activation(x @ kernel + bias)``.

    Attributes
    ----------
    kernel
        float32[inputs, outputs], C order.
    bias
        float32[outputs].
    activation
        elu is that with alpha = 1: x above 0, exp(x) - 1 below.
    """

    kernel: NDArray[np.float32]
    bias: NDArray[np.float32]
    activation: Activation

    def __post_init__(self) -> None:
        assert self.kernel.dtype == self.bias.dtype == np.float32, "weights are float32"
        assert self.kernel.ndim == 2, "a kernel has two dimensions"  # noqa: PLR2004 (rows and columns)
        assert self.bias.shape == self.kernel.shape[1:], "shapes do not fit"
        assert all(part.flags.c_contiguous for part in (self.kernel, self.bias))
        assert self.activation in ACTIVATIONS


@dataclasses.dataclass(frozen=True, eq=False)
class Network:
    """Layers, the outputs of one being the inputs of the next; at least one."""

    layers: tuple[Layer, ...]

    def __post_init__(self) -> None:
        assert self.layers, "a network has at least one layer"
        for one, other in zip(self.layers, self.layers[1:], strict=False):
            assert one.kernel.shape[1] == other.kernel.shape[0], "layers do not fit together"

    def __repr__(self) -> str:
        return f"Network({'-'.join(str(width) for width in self.shape)})"

    @property
    def n_inputs(self) -> int:
        """Number of inputs."""
        return int(self.layers[0].kernel.shape[0])

    @property
    def n_outputs(self) -> int:
        """Number of outputs."""
        return int(self.layers[-1].kernel.shape[1])

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of inputs, then the width of each layer: (27, 128, 128, 128, 1)."""
        return (self.n_inputs, *(int(layer.kernel.shape[1]) for layer in self.layers))

    @property
    def flops(self) -> int:
        """Floating point operations of the matrix products for one event: a multiplication and an addition a weight."""
        return 2 * sum(layer.kernel.size for layer in self.layers)

    def fingerprint(self) -> str:
        """Return the SHA-256 of all that decides the outputs."""
        total = hashlib.sha256()
        for layer in self.layers:
            total.update(f"{layer.kernel.shape} {layer.activation} ".encode())
            total.update(layer.kernel.tobytes() + layer.bias.tobytes())
        return total.hexdigest()
