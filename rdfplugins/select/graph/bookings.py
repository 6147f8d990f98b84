"""What an event loop fills: cutflow, histograms and yields of categories, nominal and for each systematic shift."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from rdfplugins import cpp
from rdfplugins.cutflow import ALL, Cutflow, Yield
from rdfplugins.nodes import base
from rdfplugins.select.graph.channels import Channels
from rdfplugins.select.graph.cutflow import Booked, BookedCuts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rdfplugins.config import HistogramConfig

WEIGHT = "rdfp_weight_"
ONE = "rdfp_one_"
CATEGORY = "category"
NO_CATEGORY = "none"


@dataclasses.dataclass
class Point:
    """A place in the graph after a cut: the events that passed it, until the next cut takes some away."""

    cut: str
    df: Any
    condition: str | None = None

    def passed(self) -> Any:
        """Return the events."""
        return self.df if self.condition is None else self.df.Filter(self.condition)


class Bookings:
    """Books histograms on a graph, and reads them after its event loop.

    Parameters
    ----------
    variations
        Labels such as ``photon_pt_up``; what is booked is filled for each of them, too.
    """

    def __init__(self, variations: Sequence[str]) -> None:
        cpp.include("rdfplugins/runtime.h", optimised=True)
        if variations:
            cpp.include("rdfplugins/variations.h")
        self.variations = tuple(variations)
        self.points: list[Point] = []
        self._counts = 0
        self._all: BookedCuts | None = None
        self._cuts: list[BookedCuts] = []
        self.channels: Channels | None = None
        self._categories: tuple[str, ...] = ()
        self._yields: BookedCuts | None = None
        self._histograms: dict[str, Booked] = {}

    # -- cuts

    def count_all(self, df: Any, bad: str) -> None:
        """Count all events; the column ``bad`` is 1 for those whose weight is not finite, else 0."""
        self._all = self._count(df, bad, (ALL,), 2)
        self.points.append(Point(ALL, df))

    def count_cuts(self, df: Any, column: str, names: tuple[str, ...]) -> None:
        """Count the cuts of a node: ``column`` holds how many of them, in their order, an event has passed."""
        if names:
            self._count_next(df, column, names, len(names) + 1)
        self.points += [Point(name, df, f"{column} >= {number}") for number, name in enumerate(names, start=1)]

    def count_filter(self, df: Any, name: str, zero: str) -> None:
        """Count the events behind a filter; ``zero`` is a column of zeros."""
        self._count_next(df, zero, (name,), 1)
        self.points.append(Point(name, df))

    def _count_next(self, df: Any, column: str, names: tuple[str, ...], bins: int) -> None:
        """Count cuts of all events, and behind a node with channels once more for each of these."""
        self._cuts.append(self._count(df, column, names, bins))
        if self.channels is not None:
            parts = len(self.channels.channels)
            by_channel = f"{bins} * ({self.channels.column}) + ({column})"
            self.channels.later.append(self._count(df, by_channel, names, bins, parts=parts))

    def count_channels(self, before: Any, kept: Any, cuts: base.Cuts, node: str) -> None:
        """Count the channels of a node, whose cuts were counted last: each one's own cuts, and what is kept in it."""
        own = [self._count(before, one.column, one.names, len(one.names) + 1, from_first=True) for one in cuts.channels]
        last = self._count(kept, cuts.channel, cuts.names[-1:], 1, parts=len(cuts.channels))
        start = len(self.points) - 1  # each row has a point
        self.channels = Channels(node, cuts.channels, cuts.channel, start, own, last)

    def count_categories(self, df: Any, names: tuple[str, ...]) -> None:
        """Count the events of each category, by the column ``category``."""
        self._categories = names
        self._yields = self._count(df, f"{CATEGORY} + 1", (NO_CATEGORY, *names), len(names) + 1)

    def _count(
        self, df: Any, column: str, names: tuple[str, ...], bins: int, *, parts: int = 1, from_first: bool = False
    ) -> BookedCuts:
        """Book how many cuts were passed, counted and weighted; all of double, so that ROOT compiles one action.

        ``from_first``: events that pass none of them are left out, as no cut counts them.
        """
        self._counts += 1
        passed = column if column.isidentifier() and _is_double(df, column) else f"rdfp_passed_{self._counts}_"
        node = df if passed == column else df.Define(passed, f"double({column})")
        node = base.as_rnode(node.Filter(f"{passed} > 0") if from_first else node)
        count = cpp.load_root().rdfp.runtime.count
        raw = self._booked(count(node, f"raw_{names[0]}", parts * bins, passed, ONE))
        weighted = self._booked(count(node, f"weighted_{names[0]}", parts * bins, passed, WEIGHT))
        return BookedCuts(names, raw, weighted, parts)

    # -- histograms

    def histogram(self, point: Point, name: str, spec: HistogramConfig) -> None:
        """Book a histogram of the events at a point; one of the last point is booked for each category, too."""
        df = _numbers(point.passed(), spec.column)
        title = f"{name};{spec.title or spec.column};events"
        axis = (spec.bins, *spec.range)
        self._histograms[name] = self._book(base.as_rnode(df), title, axis, spec.column, WEIGHT)
        if point is not self.points[-1]:
            return
        for number, category in enumerate(self._categories):
            node = base.as_rnode(df.Filter(f"{CATEGORY} == {number}"))
            path = f"categories/{category}/{name}"
            self._histograms[path] = self._book(node, title, axis, spec.column, WEIGHT)

    def _book(self, node: Any, title: str, axis: tuple[int, float, float], column: str, weight: str) -> Booked:
        rdfp = cpp.load_root().rdfp
        name = title.partition(";")[0]
        return self._booked(rdfp.runtime.histogram(node, name, title, *axis, column, weight))

    def _booked(self, nominal: Any) -> Booked:
        return Booked(nominal, cpp.load_root().rdfp.variations.of(nominal) if self.variations else None)

    # -- what shifts

    def reached(self) -> set[str]:
        """Return the names of the variations that something booked depends on."""
        booked = [*self._histograms.values(), *(histogram for cuts in self._counted() for histogram in cuts.both)]
        return {name for histogram in booked for name in histogram.variations()}

    def shifting_the_weight(self) -> set[str]:
        """Return the names of the variations that the weight of an event depends on."""
        assert self._all is not None
        return self._all.weighted.variations()

    def _counted(self) -> list[BookedCuts]:
        found = [cuts for cuts in (self._all, *self._cuts, self._yields) if cuts is not None]
        return found if self.channels is None else [*found, *self.channels.own, self.channels.kept]

    # -- after the loop

    def cutflow(self, sample: str, kind: str, *, weighted: bool, variation: str | None = None) -> Cutflow:
        """Return the cutflow, nominal or under a variation."""
        assert self._all is not None
        cuts = [self._all.read_total(variation), *(cut for booked in self._cuts for cut in booked.read(variation))]
        ways = {} if self.channels is None else self.channels.read(cuts, self.variations, variation)
        return Cutflow(sample, kind, tuple(cuts), self._all.read_bad(variation), weighted, ways)

    def categories(self, variation: str | None = None) -> Mapping[str, Yield]:
        """Return the yield of each category, and of events that belong to none under ``none``."""
        return {} if self._yields is None else self._yields.read_each(variation)

    def histograms(self) -> Iterator[tuple[str, Any]]:
        """Yield (path in the output file, TH1D), nominal ones first."""
        for path, booked in self._histograms.items():
            yield path, booked.read(None)
        for variation in self.variations:
            for path, booked in self._histograms.items():
                yield f"variations/{variation}/{path}", booked.read(variation)


def _is_double(df: Any, column: str) -> bool:
    return str(df.GetColumnType(column)) in {"double", "Double_t"}


def _numbers(df: Any, column: str) -> Any:
    """Return the events whose value is a number: NaN would count as overflow."""
    kind = str(df.GetColumnType(column))
    return df.Filter(f"{column} == {column}") if kind in {"float", "double", "Float_t", "Double_t"} else df
