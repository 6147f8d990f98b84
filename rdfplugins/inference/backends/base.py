"""What `rdfplugins.inference.model.Model` asks of a backend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Engine(Protocol):
    """A model that is ready to be evaluated."""

    def run(self, x: NDArray[np.float32], out: NDArray[Any]) -> None:
        """Write the outputs for ``x`` float32[n, k] into ``out`` [n, m]; both in C order; any n from 1.

        ``out`` is float32 for a network and float64 for a method of TMVA.
        """
