"""TMVA methods compiled by ROOT's interpreter (tmva/method.h).

The same code as the functor of the lazy graph, and the same bits: a response that was appended is that of the graph.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rdfplugins.inference.tmva.functor import functor

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rdfplugins.inference.tmva.method import Method


class CompiledMethod:
    """Evaluates a method in compiled blocks, on the calling thread.

    Raises
    ------
    MissingDependencyError
        ROOT is not installed.
    """

    def __init__(self, method: Method) -> None:
        self._compiled = functor(method)

    def run(self, x: NDArray[np.float32], out: NDArray[np.float64]) -> None:
        """Write the outputs for ``x`` float32[n, k], C order, into ``out`` float64[n, m], C order; any n.

        Computed in float64; NaN in any input of an event makes all of its outputs NaN.
        """
        if len(x):
            self._compiled.evaluate_many(x, len(x), out)
