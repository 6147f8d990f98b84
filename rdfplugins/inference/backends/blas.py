"""Dense networks with numpy alone: one BLAS product a layer for a block of events, then bias and activation in place.

A block is as small as BLAS runs at full speed, so that what a layer wrote is still in the cache when bias and
activation are applied to it, piece by piece; memory does not depend on the number of events.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from rdfplugins.inference.network import Activation, Layer, Network

    Floats = NDArray[np.float32]

ROWS: Final = 1024  # sgemm with a kernel of 1000 x 1000 runs at 0.95 of its peak; a block of 1000 columns is 4 MB
PIECE: Final = 1 << 16  # floats of a piece: it and its scratch are half a megabyte
ONE: Final = np.float32(1)


class BlasEngine:
    """Evaluates a network block by block, on as many threads as BLAS takes."""

    def __init__(self, network: Network) -> None:
        self._layers = network.layers
        self._widest = max(network.shape[1:])

    def run(self, x: Floats, out: Floats) -> None:
        """Write the outputs for ``x`` float32[n, k], C order, into ``out`` float32[n, m]; any n."""
        buffers = [np.empty(min(ROWS, len(x)) * self._widest, dtype=np.float32) for _ in range(2)]
        with np.errstate(all="ignore"):  # infinities and NaN are values like others here
            for first in range(0, len(x), ROWS):
                block = x[first : first + ROWS]
                for number, layer in enumerate(self._layers):
                    shape = (len(block), len(layer.bias))
                    product = buffers[number % 2][: shape[0] * shape[1]].reshape(shape)
                    np.matmul(block, layer.kernel, out=product)
                    _finish(layer, product)
                    block = product
                out[first : first + len(block)] = block


def _finish(layer: Layer, block: Floats) -> None:
    """Make ``activation(block + bias)`` of ``block``, float32[rows, outputs], in place."""
    activate = _ACTIVATIONS[layer.activation]
    step = max(1, PIECE // block.shape[1])
    scratch = np.empty((min(step, len(block)), block.shape[1]), dtype=np.float32)
    for first in range(0, len(block), step):
        piece = block[first : first + step]
        piece += layer.bias
        activate(piece, scratch[: len(piece)])


def _linear(x: Floats, scratch: Floats) -> None:
    del x, scratch


def _relu(x: Floats, scratch: Floats) -> None:
    del scratch
    np.maximum(x, 0, out=x)


def _elu(x: Floats, scratch: Floats) -> None:
    np.minimum(x, 0, out=scratch)
    np.expm1(scratch, out=scratch)
    np.maximum(x, 0, out=x)
    x += scratch


def _softplus(x: Floats, scratch: Floats) -> None:
    """Apply max(x, 0) + log1p(exp(-|x|)): never overflows, and keeps small values of large negative x."""
    np.abs(x, out=scratch)
    np.negative(scratch, out=scratch)
    np.exp(scratch, out=scratch)
    np.log1p(scratch, out=scratch)
    np.maximum(x, 0, out=x)
    x += scratch


def _tanh(x: Floats, scratch: Floats) -> None:
    del scratch
    np.tanh(x, out=x)


def _sigmoid(x: Floats, scratch: Floats) -> None:
    """Apply 1 / (1 + exp(-x)); exp(-x) is infinite far below 0, which gives 0."""
    np.negative(x, out=scratch)
    np.exp(scratch, out=scratch)
    scratch += ONE
    np.divide(ONE, scratch, out=x)


_ACTIVATIONS: Final[dict[Activation, Callable[[Floats, Floats], None]]] = {
    "linear": _linear,
    "relu": _relu,
    "elu": _elu,
    "softplus": _softplus,
    "tanh": _tanh,
    "sigmoid": _sigmoid,
}
