"""Dense networks compiled by ROOT's interpreter, with the widest vectors that this CPU has (network.h).

The same code as the functor of the lazy graph, and the same bits: a mass that was appended equals that of the graph.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rdfplugins import cpp
from rdfplugins.inference.functor import functor

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rdfplugins.inference.network import Network


class CompiledEngine:
    """Evaluates a network in compiled blocks, on the calling thread.

    Raises
    ------
    MissingDependencyError
        ROOT is not installed.
    """

    def __init__(self, network: Network) -> None:
        self._compiled = functor(network)

    @property
    def vectorised(self) -> bool:
        """Whether this CPU has vector units for which there is fast code."""
        return bool(cpp.load_root().rdfp.network.cpu_level() > 0)

    def run(self, x: NDArray[np.float32], out: NDArray[np.float32]) -> None:
        """Write the outputs for ``x`` float32[n, k], C order, into ``out`` float32[n, m], C order; any n."""
        if len(x):
            self._compiled.evaluate_many(x, len(x), out)
