"""A TMVA method as a C++ object that evaluates one event, or many: what the lazy graph and the fast backend call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, get_args

import numpy as np

from rdfplugins import cpp
from rdfplugins.inference.tmva.forest import BEST_CPU, arguments
from rdfplugins.inference.tmva.method import Forest, Linear, Neuron, Perceptron, Rotate, Scale, Synapses

if TYPE_CHECKING:
    from rdfplugins.inference.tmva.method import Kernel, Method, Step

HEADER: Final = "rdfplugins/tmva/method.h"

# perceptron.h counts them in the same order
_NEURONS: Final = get_args(Neuron)
_SYNAPSES: Final = get_args(Synapses)


def functor(method: Method, *, cpu: int = BEST_CPU) -> Any:
    """Return the method as ``std::shared_ptr<const rdfp::tmva::Method>`` of tmva/method.h.

    Its methods ``evaluate(const float *in, double *out) const`` and ``evaluate_many(const float *in, std::size_t
    events, double *out) const`` may be called from any number of threads. All numbers are copied. The header is
    compiled once in a process, with optimisation.

    Parameters
    ----------
    method
        The method.
    cpu
        The best level of vector units to use: 0 those of every CPU, 1 AVX2, 2 AVX-512.

    Raises
    ------
    MissingDependencyError
        ROOT is not installed.
    """
    cpp.include(HEADER, optimised=True)
    root = cpp.load_root()
    made = root.rdfp.tmva.make_method(method.n_inputs, _kernel(root.rdfp, method.kernel, method.n_inputs, cpu))
    for step in method.steps:
        _add(made, step)
    for ranges in method.targets:
        made.add_targets(_doubles(ranges))
    return root.rdfp.tmva.finished(made)


def _kernel(rdfp: Any, kernel: Kernel, n_inputs: int, cpu: int) -> Any:
    if isinstance(kernel, Forest):
        return rdfp.trees.Forest(*arguments(kernel, n_inputs, cpu=cpu))
    if isinstance(kernel, Linear):
        return rdfp.tmva.Linear(n_inputs, kernel.n_outputs, _doubles(kernel.coefficients))
    return _perceptron(rdfp, kernel, cpu)


def _perceptron(rdfp: Any, kernel: Perceptron, cpu: int) -> Any:
    shape = [kernel.kernels[0].shape[0] - 1, *(weights.shape[1] for weights in kernel.kernels)]
    weights = np.concatenate([weights.ravel() for weights in kernel.kernels])
    neuron, output = _NEURONS.index(kernel.neuron), _NEURONS.index(kernel.output)
    synapses = _SYNAPSES.index(kernel.synapses)
    softmax = kernel.finish == "softmax"
    return rdfp.tmva.Perceptron(shape, _doubles(weights), weights.size, neuron, synapses, output, softmax, cpu)


def _add(made: Any, step: Step) -> None:
    if isinstance(step, Scale):
        made.add_scale(_numbers(step.variables), _doubles(step.low), _doubles(step.high), len(step.variables))
    elif isinstance(step, Rotate):
        made.add_rotate(_numbers(step.variables), _doubles(step.mean), _doubles(step.matrix), len(step.variables))
    else:
        points, cumulative = _doubles(step.points), _doubles(step.cumulative)
        made.add_quantile(step.variable, points, cumulative, len(points), step.gauss)


def _doubles(values: Any) -> Any:
    return np.ascontiguousarray(values, np.float64)


def _numbers(values: Any) -> Any:
    return np.ascontiguousarray(values, np.int32)
