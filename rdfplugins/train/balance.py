"""Weights that make the distribution of the true mass flat, so that no mass is favoured because it was simulated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rdfplugins.train.settings import FlatIn

BINS: Final = 50


class Balance:
    """Weight of an event as a function of its true mass, from the masses of the training split.

    Parameters
    ----------
    mass
        [events], GeV, within ``mass_range``.
    mass_range
        Lowest and highest mass, GeV.
    flat_in
        Bins of equal width in the mass or in its logarithm; ``none``: all weights are 1.
    cap
        The largest weight, where 1 is that of an event if all bins held equally many.
    """

    def __init__(self, mass: NDArray[np.float32], mass_range: tuple[float, float], flat_in: FlatIn, cap: float) -> None:
        low, high = mass_range
        space = np.geomspace if flat_in == "log_mass" else np.linspace
        self._edges = space(low, high, (1 if flat_in == "none" else BINS) + 1)
        counts = np.bincount(self._bin(mass), minlength=len(self._edges) - 1)
        # an empty bin has no event that could ask for its weight in training; one of validation gets the cap
        raw = len(mass) / (np.maximum(counts, 1e-9) * len(counts))
        self._weights = np.minimum(raw, cap)
        # the mean over the training split is 1: the learning rate means the same for any distribution
        self._weights /= np.dot(self._weights, counts) / len(mass)

    def __call__(self, mass: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the weight of each event, float32."""
        return self._weights[self._bin(mass)].astype(np.float32)

    def _bin(self, mass: NDArray[np.float32]) -> NDArray[np.intp]:
        return np.clip(np.searchsorted(self._edges, mass, side="right") - 1, 0, len(self._edges) - 2)
