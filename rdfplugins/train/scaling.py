"""Scaling of inputs and output for the training, and how it vanishes in the first and last layer of what is stored."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final

import numpy as np

from rdfplugins.inference.network import Layer, Network

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from rdfplugins.inference.network import Activation

_TAILS: Final = (0.001, 0.999)
START_MASS: Final = 400.0
"""Where the output begins at most, GeV. The loss has no gradient where the estimate is above the middle of the true
mass and the upper limit (525 GeV for 50 and 1000): an output that begins there for low masses would stay."""


@dataclasses.dataclass(frozen=True, eq=False)
class Scaling:
    """``(x - mean) / width`` for each input, ``y * scale + offset`` for the output.

    Attributes
    ----------
    mean, width
        float64[inputs]; an input that never changes has width infinity, so that it is 0 for the network.
    offset, scale
        GeV.
    """

    mean: NDArray[np.float64]
    width: NDArray[np.float64]
    offset: float
    scale: float


def scaling_of(inputs: NDArray[np.float32], mass: NDArray[np.float32]) -> Scaling:
    """Return the scaling that suits the events of the training split.

    Mean and standard deviation of each input are those of its values clipped to the central 99.8 %, so that a few far
    ones do not squeeze all others; of all values where that leaves only one.

    Parameters
    ----------
    inputs
        float32[events, inputs].
    mass
        float32[events], GeV.
    """
    moments = [_moments(inputs[:, number]) for number in range(inputs.shape[1])]
    mean, width = (np.array(values, dtype=np.float64) for values in zip(*moments, strict=True))
    spread = float(mass.std(dtype=np.float64))
    return Scaling(mean, width, min(float(mass.mean(dtype=np.float64)), START_MASS), spread if spread > 0 else 1.0)


def _moments(values: NDArray[np.float32]) -> tuple[float, float]:
    clipped = np.clip(values.astype(np.float64), *np.quantile(values.astype(np.float64), _TAILS))
    if clipped.min() == clipped.max():
        clipped = values.astype(np.float64)
    if clipped.min() == clipped.max():
        return float(clipped[0]), np.inf
    return float(clipped.mean()), float(clipped.std())


def fold(weights: Sequence[NDArray[np.float32]], activation: Activation, scaling: Scaling) -> Network:
    """Return the network that takes raw inputs and gives GeV.

    Parameters
    ----------
    weights
        Kernel and bias of each layer in turn, for scaled inputs and output; the last layer is linear.
    activation
        Of the hidden layers.
    scaling
        Goes into the first kernel and bias, and the last. The products are made in double precision. The first bias
        then cancels against mean / width of the inputs, so that single precision loses about as many digits as that
        ratio has: one or two for the inputs of mass models.
    """
    kernels = [weight.astype(np.float64) for weight in weights[::2]]
    biases = [weight.astype(np.float64) for weight in weights[1::2]]
    biases[0] = biases[0] - (scaling.mean / scaling.width) @ kernels[0]
    kernels[0] = kernels[0] / scaling.width[:, np.newaxis]
    kernels[-1] = kernels[-1] * scaling.scale
    biases[-1] = biases[-1] * scaling.scale + scaling.offset
    last = len(kernels) - 1
    return Network(
        tuple(
            Layer(
                np.ascontiguousarray(kernel, dtype=np.float32),
                np.ascontiguousarray(bias, dtype=np.float32),
                activation if number < last else "linear",
            )
            for number, (kernel, bias) in enumerate(zip(kernels, biases, strict=True))
        )
    )
