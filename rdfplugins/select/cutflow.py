"""Cutflows in ROOT: booked with the graph, read after the loop, written as histograms."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from rdfplugins.cutflow import Cut, Cutflow

if TYPE_CHECKING:
    from collections.abc import Sequence


def to_histograms(cutflow: Cutflow, root: Any) -> list[Any]:
    """Return the TH1D ``cutflow`` (entries) and ``cutflow_weighted``, one named bin a cut."""
    raw = [(cut.events, cut.events) for cut in cutflow.cuts]
    weighted = [(cut.weighted, cut.variance) for cut in cutflow.cuts]
    return [
        _histogram(cutflow, root, "cutflow", "events after each cut", raw),
        _histogram(cutflow, root, "cutflow_weighted", "sum of weights after each cut", weighted),
    ]


def _histogram(cutflow: Cutflow, root: Any, name: str, title: str, contents: Sequence[tuple[float, float]]) -> Any:
    histogram = root.TH1D(name, title, len(cutflow.cuts), 0.0, float(len(cutflow.cuts)))
    histogram.SetDirectory(root.nullptr)
    histogram.Sumw2()
    for number, (cut, (content, variance)) in enumerate(zip(cutflow.cuts, contents, strict=True), start=1):
        histogram.GetXaxis().SetBinLabel(number, cut.name)
        histogram.SetBinContent(number, content)
        histogram.SetBinError(number, math.sqrt(variance))
    histogram.SetEntries(cutflow.cuts[0].events)
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
