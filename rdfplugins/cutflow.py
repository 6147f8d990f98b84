"""Cutflows: how many events, and what sum of weights, remain after each cut."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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
    channels
        Channel -> its whole way, from ``all`` to the last cut: before the node that makes the channels, and behind it,
        the cuts are those of all events, between them the channel's own. Empty where no node makes channels.
    """

    sample: str
    kind: str
    cuts: tuple[Cut, ...]
    bad_weights: int
    weighted: bool = True
    channels: dict[str, tuple[Cut, ...]] = dataclasses.field(default_factory=dict)

    def shared(self, channel: str) -> int:
        """Return how many cuts, ``all`` among them, stand before those of a channel's own."""
        pairs = zip(self.cuts, self.channels[channel], strict=False)
        return next((number for number, (one, other) in enumerate(pairs) if one.name != other.name), len(self.cuts))

    def to_json(self) -> dict[str, Any]:
        """Return the cutflow as JSON values."""
        channels = {name: _cuts_to_json(cuts) for name, cuts in self.channels.items()}
        return {
            "sample": self.sample,
            "kind": self.kind,
            "bad_weights": self.bad_weights,
            "weighted": self.weighted,
            "cuts": _cuts_to_json(self.cuts),
            **({"channels": channels} if channels else {}),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Cutflow:
        """Return the cutflow that `to_json` described; KeyError if it did not."""
        return cls(
            stored["sample"],
            stored["kind"],
            _cuts_from_json(stored["cuts"]),
            stored["bad_weights"],
            bool(stored.get("weighted", True)),
            {name: _cuts_from_json(cuts) for name, cuts in (stored.get("channels") or {}).items()},
        )


def _cuts_to_json(cuts: Sequence[Cut]) -> list[dict[str, Any]]:
    return [{**dataclasses.asdict(cut), "error": cut.error} for cut in cuts]


def _cuts_from_json(stored: Sequence[Mapping[str, Any]]) -> tuple[Cut, ...]:
    return tuple(Cut(cut["name"], cut["events"], cut["weighted"], cut["variance"]) for cut in stored)
