"""Methods of TMVA with numpy alone: all events of a block at once, in float64."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from rdfplugins.inference.tmva.erfinv import erfinv
from rdfplugins.inference.tmva.forest import ForestEngine
from rdfplugins.inference.tmva.method import Forest, Linear, Perceptron, Rotate, Scale

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from rdfplugins.inference.tmva.method import Method, Quantile

    Doubles = NDArray[np.float64]

ROWS: Final = 4096  # events of a block: what a layer of a usual perceptron makes of them stays in the cache
_LEAST: Final = 1e-9  # of a cumulative distribution; this and the two below are those of TMVA
_FARTHEST: Final = 0.99999999
_ROOT_OF_2: Final = 1.414213562


class VectorisedMethod:
    """Evaluates a method block by block."""

    def __init__(self, method: Method) -> None:
        self._method = method
        self._kernel = _kernel(method)

    def run(self, x: NDArray[np.float32], out: Doubles) -> None:
        """Write the outputs for ``x`` float32[n, k], C order, into ``out`` float64[n, m]; NaN where an input is NaN."""
        with np.errstate(all="ignore"):  # infinities and NaN are values like others here
            for first in range(0, len(x), ROWS):
                block = x[first : first + ROWS]
                values = block.astype(np.float64)
                for step in self._method.steps:
                    if isinstance(step, Scale):
                        _scale(step, values)
                    elif isinstance(step, Rotate):
                        _rotate(step, values)
                    else:
                        _to_quantiles(step, values)
                found = self._kernel(values)
                for low, high in np.moveaxis(self._method.targets, 2, 1):
                    found = low + (found + 1) / 2 * (high - low)
                found[np.isnan(block).any(axis=1)] = np.nan
                out[first : first + len(block)] = found


def _scale(step: Scale, values: Doubles) -> None:
    columns = values[:, step.variables]
    values[:, step.variables] = (columns - step.low) / (step.high - step.low) * 2 - 1


def _rotate(step: Rotate, values: Doubles) -> None:
    centred = values[:, step.variables] - step.mean
    found = np.zeros_like(centred)
    for column, weights in zip(centred.T, step.matrix.T, strict=True):
        found += column[:, np.newaxis] * weights  # in the order of C++: the same bits, the same side of a cut
    values[:, step.variables] = found


def _to_quantiles(step: Quantile, values: Doubles) -> None:
    x, points, heights = values[:, step.variable], step.points, step.cumulative
    # the interval that x is in, or the nearest: beyond the ends its line goes on
    index = np.clip(np.searchsorted(points, x) - 1, 0, len(points) - 2)
    slope = (heights[index + 1] - heights[index]) / (points[index + 1] - points[index])
    line = np.where(slope == 0, heights[index], heights[index] + (x - points[index]) * slope)  # infinity x 0 is 0 here
    found = np.clip(line, _LEAST, 1 - _LEAST)
    if step.gauss:
        found = _ROOT_OF_2 * erfinv(np.clip(2 * found - 1, -_FARTHEST, _FARTHEST))
    values[:, step.variable] = found


def _kernel(method: Method) -> Callable[[Doubles], Doubles]:
    kernel = method.kernel
    if isinstance(kernel, Forest):
        trees = ForestEngine(kernel)
        return trees.run
    if isinstance(kernel, Linear):
        return lambda values: _linear(kernel, values)
    return lambda values: _perceptron(kernel, values)


def _linear(kernel: Linear, values: Doubles) -> Doubles:
    return values @ kernel.coefficients[:, 1:].T + kernel.coefficients[:, 0]


def _perceptron(kernel: Perceptron, values: Doubles) -> Doubles:
    last = len(kernel.kernels) - 1
    for number, weights in enumerate(kernel.kernels):
        if kernel.synapses == "sum":
            values = values @ weights[:-1] + weights[-1]
        elif kernel.synapses == "sqsum":
            values = values**2 @ weights[:-1] ** 2 + weights[-1] ** 2
        else:
            values = np.abs(values) @ np.abs(weights[:-1]) + np.abs(weights[-1])
        values = _NEURONS[kernel.neuron if number < last else kernel.output](values)
    return _softmax(values) if kernel.finish == "softmax" else values


def _softmax(values: Doubles) -> Doubles:
    powers = np.exp(values - values.max(axis=1, keepdims=True))
    found: Doubles = powers / powers.sum(axis=1, keepdims=True)
    return found


_NEURONS: dict[str, Callable[[Doubles], Doubles]] = {
    "linear": lambda x: x,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "tanh": np.tanh,
    "radial": lambda x: np.exp(-(x**2) / 2),
}
