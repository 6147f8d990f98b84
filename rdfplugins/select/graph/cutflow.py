"""Counting histograms in ROOT: booked with the graph, read after the loop, written as cutflows."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from rdfplugins.cutflow import Cut, Yield

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rdfplugins.cutflow import Cutflow


def to_histograms(cutflow: Cutflow, root: Any) -> Iterator[tuple[str, Any]]:
    """Yield (path in the output file, TH1D) of a cutflow and of those of its channels, one named bin a cut.

    ``cutflow`` holds entries, ``cutflow_weighted`` sums of weights; a channel's are below ``channels/<name>``.
    """
    ways = {"": cutflow.cuts, **{f"channels/{name}/": cuts for name, cuts in cutflow.channels.items()}}
    for folder, cuts in ways.items():
        raw = [(cut.events, cut.events) for cut in cuts]
        weighted = [(cut.weighted, cut.variance) for cut in cuts]
        yield f"{folder}cutflow", _histogram(cuts, root, "cutflow", "events after each cut", raw)
        title = "sum of weights after each cut"
        yield f"{folder}cutflow_weighted", _histogram(cuts, root, "cutflow_weighted", title, weighted)


def _histogram(cuts: Sequence[Cut], root: Any, name: str, title: str, contents: Sequence[tuple[float, float]]) -> Any:
    histogram = root.TH1D(name, title, len(cuts), 0.0, float(len(cuts)))
    histogram.SetDirectory(root.nullptr)
    histogram.Sumw2()
    for number, (cut, (content, variance)) in enumerate(zip(cuts, contents, strict=True), start=1):
        histogram.GetXaxis().SetBinLabel(number, cut.name)
        histogram.SetBinContent(number, content)
        histogram.SetBinError(number, math.sqrt(variance))
    histogram.SetEntries(cuts[0].events)
    return histogram


def _sum_of_squares(histogram: Any, number: int) -> float:
    """Return the sum of squared weights of a bin; ROOT keeps none where all weights are 1."""
    return float(histogram.GetSumw2()[number] if histogram.GetSumw2N() else histogram.GetBinContent(number))


@dataclasses.dataclass(frozen=True)
class Booked:
    """A histogram that the event loop fills, and the map of its systematic variations if there are any."""

    nominal: Any
    varied: Any

    def variations(self) -> set[str]:
        """Return the names of the variations that the histogram depends on."""
        keys = [] if self.varied is None else [str(key) for key in self.varied.GetKeys()]
        return {key.rpartition(":")[0] for key in keys if ":" in key}

    def read(self, variation: str | None) -> Any:
        """Return the TH1D; the nominal one for a variation that it does not depend on."""
        if variation is None or self.varied is None:
            return self.nominal.GetValue()
        name, _, direction = variation.rpartition("_")
        key = f"{name}:{direction}"
        return self.varied[key] if key in {str(known) for known in self.varied.GetKeys()} else self.nominal.GetValue()


@dataclasses.dataclass(frozen=True)
class BookedCuts:
    """Histograms of how many cuts were passed, unweighted and weighted, filled by the event loop.

    The last bins belong to ``names``, one each; an earlier bin holds what passed none of them. Where events are counted
    in several ``parts``, each of them has as many bins, one part behind the other.
    """

    names: tuple[str, ...]
    raw: Booked
    weighted: Booked
    parts: int = 1

    @property
    def both(self) -> tuple[Booked, Booked]:
        """Both histograms."""
        return self.raw, self.weighted

    def read_total(self, variation: str | None = None) -> Cut:
        """Return the sum of all bins, as that of the one name."""
        events, sums, squares = self._contents(variation)
        return Cut(self.names[0], round(float(events.sum())), float(sums.sum()), float(squares.sum()))

    def read_bad(self, variation: str | None = None) -> int:
        """Return the entries of the second bin."""
        return round(float(self._contents(variation)[0][1]))

    def read_each(self, variation: str | None = None) -> dict[str, Yield]:
        """Return the contents of each bin by its name."""
        rows = zip(self.names, *self._contents(variation), strict=True)
        return {name: Yield(round(float(n)), float(total), float(squares)) for name, n, total, squares in rows}

    def read(self, variation: str | None = None, part: int = 0) -> list[Cut]:
        """Return the cuts after the loop: an event in the bin of one cut has passed all cuts before it, too."""
        contents = [values.reshape(self.parts, -1)[part] for values in self._contents(variation)]
        passed = [np.cumsum(values[::-1])[::-1][-len(self.names) :] for values in contents]
        rows = zip(self.names, *passed, strict=True)
        return [Cut(name, round(float(n)), float(total), float(squares)) for name, n, total, squares in rows]

    def _contents(self, variation: str | None) -> tuple[Any, Any, Any]:
        raw, weighted = self.raw.read(variation), self.weighted.read(variation)
        bins = range(1, raw.GetNbinsX() + 1)
        events = np.array([raw.GetBinContent(number) for number in bins])
        sums = np.array([weighted.GetBinContent(number) for number in bins])
        squares = np.array([_sum_of_squares(weighted, number) for number in bins])
        return events, sums, squares
