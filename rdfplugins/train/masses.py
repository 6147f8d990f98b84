"""Which true masses a training has seen, so that no card calls three mass points a range."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

FEW: Final = 20
"""Fewer different masses than this are points, and named."""
_STEPS: Final = 20  # of the range, in the logarithm: of 50 to 1000 GeV each is 16 %, about what an estimate resolves
_ENOUGH: Final = 0.9


@dataclasses.dataclass(frozen=True)
class Masses:
    """True masses of the training split.

    Attributes
    ----------
    asked
        Lowest and highest mass that was asked for, GeV.
    lowest, highest
        Of the events, GeV.
    points
        The different masses, if they are fewer than `FEW`; else empty.
    covered
        Share of ``asked`` that has events, of 20 steps of equal ratio.
    interval
        What a card may claim: ``asked``, where its first and last step have events; else lowest and highest of the
        events in whole GeV.
    """

    asked: tuple[float, float]
    lowest: float
    highest: float
    points: tuple[float, ...]
    covered: float
    interval: tuple[float, float]

    def record(self) -> dict[str, Any]:
        """Return what a card says of them."""
        found: dict[str, Any] = {"lowest": self.lowest, "highest": self.highest}
        return {**found, "points": list(self.points)} if self.points else {**found, "share_of_range": self.covered}

    def remark(self) -> str | None:
        """Return what a user should know of gaps; None where there are none."""
        if self.points:
            what = "one true mass only" if len(self.points) == 1 else f"{len(self.points)} true masses only"
            return (
                f"{what} ({', '.join(f'{point:g}' for point in self.points)} GeV): all others are a guess of the model;"
                " a continuum of masses serves better"
            )
        if self.covered < _ENOUGH:
            low, high = self.asked
            return (
                f"true masses from {self.lowest:g} to {self.highest:g} GeV, in {self.covered:.0%} of the range"
                f" {low:g} to {high:g} GeV (of its logarithm): the rest is a guess of the model"
            )
        return None


def masses_of(mass: NDArray[np.float32], asked: tuple[float, float]) -> Masses:
    """Return which masses there are.

    Parameters
    ----------
    mass
        [events], at least one, GeV, within ``asked``.
    asked
        Lowest and highest, GeV.
    """
    different = np.unique(mass)
    filled, _ = np.histogram(different, np.geomspace(*asked, _STEPS + 1))
    points = tuple(_short(value) for value in different) if len(different) < FEW else ()
    covered = float(np.count_nonzero(filled)) / _STEPS
    lowest, highest = _short(different[0]), _short(different[-1])
    low = asked[0] if filled[0] and not points else max(float(math.floor(lowest)), asked[0])
    high = asked[1] if filled[-1] and not points else min(float(math.ceil(highest)), asked[1])
    # one mass is no interval, which a card must have
    interval = (low, high) if low < high else (lowest - 0.5, highest + 0.5)
    return Masses(asked, lowest, highest, points, covered, interval)


def _short(value: float) -> float:
    """Return single precision as people write it: 125.3 and not 125.30000305."""
    return float(f"{float(value):.7g}")
