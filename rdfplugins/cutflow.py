"""Cutflows: how many events, and what sum of weights, remain after each cut."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

ALL = "all"


@dataclasses.dataclass(frozen=True)
class Yield:
    """Selected events of some kind.

    Attributes
    ----------
    events
        Number of entries.
    weighted, variance
        Sum of weights (pb for simulation, events for data) and sum of their squares.
    """

    events: int
    weighted: float
    variance: float


@dataclasses.dataclass(frozen=True)
class Cut:
    """Events after one cut.

    Attributes
    ----------
    events
        Number of entries.
    weighted, variance
        Sum of weights (pb for simulation, events for data) and sum of their squares.
    """

    name: str
    events: int
    weighted: float
    variance: float

    @property
    def error(self) -> float:
        """Statistical error of ``weighted``: the root of the sum of squared weights."""
        return math.sqrt(self.variance)


@dataclasses.dataclass(frozen=True)
class Cutflow:
    """The cuts of one sample in their order; the first is ``all``, before any cut.

    Attributes
    ----------
    bad_weights
        Events whose weight is NaN or infinite: counted in ``events``, left out of the sums of weights.
    weighted
        Whether there was a weight; without one each event counts 1, and is never scaled to a luminosity.
    """

    sample: str
    kind: str
    cuts: tuple[Cut, ...]
    bad_weights: int
    weighted: bool = True

    def to_json(self) -> dict[str, Any]:
        """Return the cutflow as JSON values."""
        cuts = [{**dataclasses.asdict(cut), "error": cut.error} for cut in self.cuts]
        return {
            "sample": self.sample,
            "kind": self.kind,
            "bad_weights": self.bad_weights,
            "weighted": self.weighted,
            "cuts": cuts,
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Cutflow:
        """Return the cutflow that `to_json` described; KeyError if it did not."""
        cuts = tuple(Cut(cut["name"], cut["events"], cut["weighted"], cut["variance"]) for cut in stored["cuts"])
        return cls(stored["sample"], stored["kind"], cuts, stored["bad_weights"], bool(stored.get("weighted", True)))
