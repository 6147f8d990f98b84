"""A dense network as a C++ object that evaluates one event: what the lazy graph calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from rdfplugins import cpp
from rdfplugins.inference.network import ACTIVATIONS

if TYPE_CHECKING:
    from rdfplugins.inference.network import Network

HEADER: Final = "rdfplugins/network.h"


BEST_CPU: Final = 2  # network::kAvx512; what the CPU does not have is not taken


def functor(network: Network, *, cpu: int = BEST_CPU) -> Any:
    """Return the network as ``std::shared_ptr<const rdfp::Network>`` of network.h.

    Its method ``evaluate(const float *in, float *out) const`` may be called from any number of threads. The weights are
    copied. The header is compiled once in a process, with optimisation.

    Parameters
    ----------
    network
        The network.
    cpu
        The best level of vector units to use: 0 those of every CPU, 1 AVX2, 2 AVX-512.

    Raises
    ------
    MissingDependencyError
        ROOT is not installed.
    """
    cpp.include(HEADER, optimised=True)
    root = cpp.load_root()
    activations = [ACTIVATIONS.index(layer.activation) for layer in network.layers]
    weights = np.concatenate([part.ravel() for layer in network.layers for part in (layer.kernel, layer.bias)])
    return root.rdfp.make_network(list(network.shape), activations, weights, weights.size, cpu)
