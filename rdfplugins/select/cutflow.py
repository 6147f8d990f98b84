"""Cutflows: how many events, and what sum of weights, remain after each cut."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

ALL = "all"


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
    """

    sample: str
    kind: str
    cuts: tuple[Cut, ...]
    bad_weights: int

    def scale(self, lumi_pb: float | None) -> float:
        """Return what the weighted numbers are multiplied with for expected events: the luminosity, or 1 for data."""
        return 1.0 if self.kind == "data" or lumi_pb is None else lumi_pb

    def to_json(self) -> dict[str, Any]:
        """Return the cutflow as JSON values."""
        cuts = [{**dataclasses.asdict(cut), "error": cut.error} for cut in self.cuts]
        return {"sample": self.sample, "kind": self.kind, "bad_weights": self.bad_weights, "cuts": cuts}

    def to_histograms(self, root: Any) -> list[Any]:
        """Return the TH1D ``cutflow`` (entries) and ``cutflow_weighted``, one named bin a cut."""
        raw = [(cut.events, cut.events) for cut in self.cuts]
        weighted = [(cut.weighted, cut.variance) for cut in self.cuts]
        return [
            self._histogram(root, "cutflow", "events after each cut", raw),
            self._histogram(root, "cutflow_weighted", "sum of weights after each cut", weighted),
        ]

    def _histogram(self, root: Any, name: str, title: str, contents: Sequence[tuple[float, float]]) -> Any:
        histogram = root.TH1D(name, title, len(self.cuts), 0.0, float(len(self.cuts)))
        histogram.SetDirectory(root.nullptr)
        histogram.Sumw2()
        for number, (cut, (content, variance)) in enumerate(zip(self.cuts, contents, strict=True), start=1):
            histogram.GetXaxis().SetBinLabel(number, cut.name)
            histogram.SetBinContent(number, content)
            histogram.SetBinError(number, math.sqrt(variance))
        histogram.SetEntries(self.cuts[0].events)
        return histogram


@dataclasses.dataclass(frozen=True)
class BookedCuts:
    """Histograms of how many cuts were passed, unweighted and weighted, filled by the event loop.

    The last bins belong to ``names``, one each; an earlier bin holds what passed none of them.
    """

    names: tuple[str, ...]
    raw: Any
    weighted: Any

    def read_total(self) -> Cut:
        """Return the sum of all bins, as that of the one name."""
        bins = range(1, self.raw.GetNbinsX() + 1)
        weighted = [(self.weighted.GetBinContent(number), self.weighted.GetBinError(number) ** 2) for number in bins]
        events = sum(self.raw.GetBinContent(number) for number in bins)
        return Cut(self.names[0], round(events), sum(pair[0] for pair in weighted), sum(pair[1] for pair in weighted))

    def read(self) -> list[Cut]:
        """Return the cuts after the loop: an event in the bin of one cut has passed all cuts before it, too."""
        last = self.raw.GetNbinsX()
        bins = range(last - len(self.names) + 1, last + 1)
        events = [self.raw.GetBinContent(number) for number in bins]
        sums = [self.weighted.GetBinContent(number) for number in bins]
        squares = [self.weighted.GetBinError(number) ** 2 for number in bins]
        kept = [np.cumsum(values[::-1])[::-1] for values in (events, sums, squares)]
        return [
            Cut(name, round(float(kept[0][k])), float(kept[1][k]), float(kept[2][k]))
            for k, name in enumerate(self.names)
        ]
