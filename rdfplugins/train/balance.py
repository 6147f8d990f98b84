"""Weights that make the distribution of the true mass flat, so that no mass is favoured because it was simulated."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from rdfplugins.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from rdfplugins.train.settings import FlatIn

FEWEST_BINS: Final = 50
MOST_BINS: Final = 190
"""Of the range of masses; 190 of them are 5 GeV each from 50 to 1000 GeV, finer than any estimate."""
_EVENTS_PER_BIN: Final = 1000  # on average, for more than the fewest bins
_LIMITS: Final = {"mass": (1.0, 1e5), "factor": (1e-3, 1e3), "width": (0.01, 10.0)}  # of an emphasis
_NOTHING: Final = 1e-12  # of the weight of a group: a bin with less has none


@dataclasses.dataclass(frozen=True)
class Emphasis:
    """Masses that matter more than others: 1 + (factor - 1) exp(-(ln(m / mass) / width)^2 / 2) times the weight.

    Estimates of events that may have many masses are drawn towards these: the resolution is better there, and worse
    on both sides.

    Attributes
    ----------
    mass
        Where it is largest, GeV.
    factor
        How large it is there.
    width
        Of the Gaussian in the logarithm of the mass.

    Raises
    ------
    ConfigError
        For a number that is not above 0.
    """

    mass: float
    factor: float
    width: float = 0.3

    def __post_init__(self) -> None:
        for name, (low, high) in _LIMITS.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise ConfigError(f"emphasis: {name} is a number from {low:g} to {high:g}, not {value}")

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Emphasis:
        """Return what a mapping of a config describes; ConfigError for a key that is none, or one that is missing."""
        known = {field.name: field.default is dataclasses.MISSING for field in dataclasses.fields(cls)}
        for key in said:
            if key not in known:
                raise ConfigError(f"emphasis: '{key}' is not known; there are {', '.join(known)}")
        missing = [name for name, needed in known.items() if needed and name not in said]
        if missing:
            raise ConfigError(f"emphasis: '{missing[0]}' is missing")
        return cls(**said)

    def __call__(self, mass: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the factor of each event."""
        distance = np.log(np.asarray(mass, dtype=np.float64) / self.mass) / self.width
        return np.asarray(1 + (self.factor - 1) * np.exp(-0.5 * distance**2))


class Balance:
    """Weight of an event as a function of its true mass, from the masses of the training split.

    Parameters
    ----------
    mass
        [events], GeV, within ``mass_range``.
    mass_range
        Lowest and highest mass, GeV.
    flat_in
        Bins of equal width in the mass or in its logarithm, 50 to 190 of them, as there are events: within a bin the
        distribution stays as it is. ``none``: no mass is weighted up.
    cap
        The largest factor by which a bin is weighted up, where 1 is that of a bin with its share of the events; what
        is missing in total then is made up by all events of the group.
    weight
        [events], weights that events have already, at least one of them above 0; None: all 1.
    group
        [events], whole numbers: each value has a flat distribution of its own and keeps its total weight. None: all
        events together.
    """

    def __init__(
        self,
        mass: NDArray[np.float32],
        mass_range: tuple[float, float],
        flat_in: FlatIn,
        cap: float,
        *,
        weight: NDArray[np.float32] | None = None,
        group: NDArray[Any] | None = None,
    ) -> None:
        low, high = mass_range
        space = np.geomspace if flat_in == "log_mass" else np.linspace
        number = min(max(len(mass) // _EVENTS_PER_BIN, FEWEST_BINS), MOST_BINS)
        self._edges = space(low, high, (1 if flat_in == "none" else number) + 1)
        self._groups = np.unique(group) if group is not None else np.zeros(1)
        bins = len(self._edges) - 1
        # one row more: for groups that the training split does not have
        total = np.bincount(
            self._cell(mass, group),
            weights=None if weight is None else weight.astype(np.float64),
            minlength=(len(self._groups) + 1) * bins,
        ).reshape(-1, bins)
        of_group = total.sum(axis=1, keepdims=True)
        # an empty bin has no event that could ask for its weight in training; one of validation gets the cap
        share = bins * np.maximum(total, _NOTHING * of_group)
        factor = np.minimum(np.divide(of_group, share, where=share > 0, out=np.ones_like(share)), cap)
        kept = (factor * total).sum(axis=1, keepdims=True)
        factor *= np.divide(of_group, kept, where=kept > 0, out=np.ones_like(kept))
        # the mean over the training split is 1: the learning rate means the same for any distribution
        self._factor = (factor * (len(mass) / total.sum())).ravel()

    def __call__(
        self, mass: NDArray[np.float32], *, weight: NDArray[np.float32] | None = None, group: NDArray[Any] | None = None
    ) -> NDArray[np.float32]:
        """Return the weight of each event, float32: the factor of its mass and group times the weight that it has."""
        factor = self._factor[self._cell(mass, group)]
        return np.asarray(factor if weight is None else factor * weight, dtype=np.float32)

    def _cell(self, mass: NDArray[np.float32], group: NDArray[Any] | None) -> NDArray[np.intp]:
        bins = len(self._edges) - 1
        of_mass = np.clip(np.searchsorted(self._edges, mass, side="right") - 1, 0, bins - 1)
        if group is None:
            return np.asarray(of_mass)
        row = np.searchsorted(self._groups, group)
        known = self._groups[np.minimum(row, len(self._groups) - 1)] == group
        return np.asarray(np.where(known, row, len(self._groups)) * bins + of_mass)
