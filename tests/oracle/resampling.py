"""Resampling in plain Python, row by row: what each method has to take, in exact fractions. Slow, and meant to be.

A bin is a tuple of numbers, one a variable; a cell is (category, class, bin), where the category is None if categories
are merged. A spec is the mapping of the YAML, not the package's model of it. Which rows of a cell are taken is told by
a draw for each key, which the caller has: the smallest ones.
"""

from __future__ import annotations

import dataclasses
import math
from collections import defaultdict
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

Bin = tuple[int, ...]
Cell = tuple[int | None, int, Bin]
PER_CLASS = ("pdf", "countup")  # methods whose n_jets is that of each class
CLASS_ONLY = ("random_undersampling", "random_oversampling")  # methods that do not look at the variables


@dataclasses.dataclass(frozen=True)
class Event:
    """A row: its sample, numbers of category and class (-1: none), key, and values of the variables by name."""

    sample: str
    category: int
    label: int
    key: int
    values: tuple[tuple[str, float], ...]

    def value(self, name: str) -> float:
        return dict(self.values)[name]


@dataclasses.dataclass(frozen=True)
class Spec:
    """A mapping as of YAML, with the numbers of classes and categories, and the bins."""

    raw: Mapping[str, Any]
    classes: tuple[str, ...]
    categories: tuple[str, ...]

    @property
    def method(self) -> str:
        return str(self.raw["method"])

    def option(self, name: str, default: Any = None) -> Any:
        value = self.raw.get("options", {}).get(name)
        return default if value is None else value

    @property
    def merged(self) -> bool:
        """Whether categories are one: without fractions, but for pdf."""
        return self.option("fractions") is None and self.method != "pdf"

    def groups(self) -> list[int | None]:
        return [None] if self.merged else list(range(len(self.categories)))

    def fraction(self, category: int) -> Fraction:
        """Return the share of a category as it is written: 0.7 is 7/10."""
        return Fraction(repr(self.option("fractions")[self.categories[category]]))


# ------------------------------------------------------------------------------------------------------------- bins


def ranges(bins: Sequence[Any]) -> list[Sequence[float]]:
    """Return ranges [low, high, number], be there one or a list of them."""
    return list(bins) if isinstance(bins[0], (list, tuple)) else [bins]


def edges(spec: Spec, variable: Mapping[str, Any], category: int) -> tuple[list[float], set[int]]:
    """Return the edges of a variable's bins, and the bins that are gaps between ranges."""
    if "edges" in variable:
        return [float(edge) for edge in variable["edges"]], set()
    parts = ranges(variable["bins"])
    if spec.method == "pdf" and len(parts) > 1 and len(spec.categories) > 1:
        parts = [parts[category]]
    as_edges = spec.option("bin_semantics", "bins" if spec.method == "pdf" else "edges") == "edges"
    found: list[float] = []
    gaps: set[int] = set()
    for low, high, number in parts:
        steps = number - 1 if as_edges else number
        width = (high - low) / steps
        made = [low + i * width for i in range(steps)] + [float(high)]
        if found and math.isclose(found[-1], made[0], rel_tol=1e-12, abs_tol=0.0):
            made = made[1:]
        elif found:
            gaps.add(len(found) - 1)
        found += made
    return found, (set() if spec.option("gap_bins", False) else gaps)


def bin_of(value: float, boundaries: Sequence[float], gaps: Iterable[int]) -> int | None:
    """Return the bin of a value: half-open, the last one closed; None where there is none."""
    last = len(boundaries) - 2
    for number in range(last + 1):
        low, high = boundaries[number], boundaries[number + 1]
        if low <= value < high or (number == last and value == high):
            return None if number in gaps else number
    return None


Axes = list[tuple[str, list[float], set[int]]]


def axes(spec: Spec, category: int) -> Axes:
    """Return name, edges and gaps of each variable."""
    return [(name, *edges(spec, variable, category)) for name, variable in variables(spec)]


def variables(spec: Spec) -> list[tuple[str, Mapping[str, Any]]]:
    if spec.method in CLASS_ONLY:
        return []
    return [pair for entry in spec.option("sampling_variables", ()) for pair in entry.items()]


def find_bin(having: Axes, event: Event) -> Bin | None:
    """Return the bin of an event; without variables there is one, which holds everything."""
    numbers = []
    for name, boundaries, gaps in having:
        number = bin_of(event.value(name), boundaries, gaps)
        if number is None:
            return None
        numbers.append(number)
    return tuple(numbers)


def volumes(spec: Spec, category: int | None) -> dict[Bin, Fraction]:
    """Return the volume of each bin that is no gap; widths as people mean them: bins of a range are equal."""
    found: dict[Bin, Fraction] = {(): Fraction(1)}
    for _, boundaries, gaps in axes(spec, category or 0):
        steps = (boundaries[i + 1] - boundaries[i] for i in range(len(boundaries) - 1))
        widths = {i: Fraction(step).limit_denominator(10**6) for i, step in enumerate(steps) if i not in gaps}
        found = {(*bin_, i): volume * width for bin_, volume in found.items() for i, width in widths.items()}
    return found


def flat(spec: Spec, bin_: Bin, category: int | None) -> int:
    """Return the number of a bin when the last variable runs fastest."""
    number = 0
    for index, (_, boundaries, _) in zip(bin_, axes(spec, category or 0), strict=True):
        number = number * (len(boundaries) - 1) + index
    return number


# ---------------------------------------------------------------------------------------------------------- content


@dataclasses.dataclass(frozen=True)
class Content:
    """The rows of each cell, and those of no bin, by class and by why."""

    spec: Spec
    cells: Mapping[Cell, list[Event]]
    outside: Mapping[tuple[int, str], list[Event]]

    def count(self, group: int | None, label: int, bin_: Bin) -> int:
        return len(self.cells.get((group, label, bin_), ()))

    def bins(self, group: int | None) -> list[Bin]:
        return sorted({bin_ for found, _, bin_ in self.cells if found == group})

    def lowest(self, group: int | None, bin_: Bin) -> int:
        return min(self.count(group, label, bin_) for label in range(len(self.spec.classes)))

    def lowest_anywhere(self, group: int | None) -> int:
        """Return the rows of the smallest class."""
        return min(self.total(group, label) for label in range(len(self.spec.classes)))

    def total(self, group: int | None, label: int) -> int:
        return sum(len(rows) for (found, one, _), rows in self.cells.items() if (found, one) == (group, label))


def content(spec: Spec, events: Iterable[Event]) -> Content:
    cells: dict[Cell, list[Event]] = defaultdict(list)
    outside: dict[tuple[int, str], list[Event]] = defaultdict(list)
    having = [axes(spec, category) for category in range(len(spec.categories))]
    for event in events:
        if event.label < 0:
            continue
        bin_ = find_bin(having[event.category], event)
        if bin_ is None:
            finite = all(math.isfinite(event.value(name)) for name, _ in variables(spec))
            outside[event.label, "out of range" if finite else "NaN or infinite"].append(event)
        else:
            cells[None if spec.merged else event.category, event.label, bin_].append(event)
    return Content(spec, cells, outside)


def initial(spec: Spec, events: Sequence[Event], draw: Callable[[Event], float]) -> list[Event]:
    """Return what ``custom_n_jets_initial`` leaves: of a sample those with the smallest draws, or the first ones."""
    wanted = spec.option("custom_n_jets_initial", {})
    by_draw = spec.option("initial", "hash") == "hash"
    kept: set[tuple[str, int]] = set()
    for sample in {event.sample for event in events}:
        rows = [event for event in events if event.sample == sample and event.label >= 0]
        if sample in wanted and spec.method != "pdf":
            rows = (sorted(rows, key=draw) if by_draw else rows)[: wanted[sample]]
        kept |= {(event.sample, event.key) for event in rows}
    return [event for event in events if (event.sample, event.key) in kept]


# ---------------------------------------------------------------------------------------------------------- numbers


def largest_remainder(quotas: Mapping[Any, Fraction], total: int) -> dict[Any, int]:
    """Round quotas that sum to ``total``: down, then up where most was lost; of equals the first."""
    assert sum(quotas.values()) == total
    rounded = {key: math.floor(quota) for key, quota in quotas.items()}
    order = sorted(quotas, key=lambda key: rounded[key] - quotas[key])  # stable
    for key in order[: total - sum(rounded.values())]:
        rounded[key] += 1
    return rounded


def thinned(numbers: Mapping[Any, int], total: int) -> dict[Any, int]:
    """Return numbers in the same proportions that sum to ``total``, which is not above their sum."""
    had = sum(numbers.values())
    return largest_remainder({key: Fraction(k * total, had or 1) for key, k in numbers.items()}, total)


def totals(spec: Spec, available: Mapping[int | None, int], wanted: int) -> dict[int | None, int]:
    """Return how many each group gives of each class, if so many are there, and ``wanted`` (-1: all) are wanted."""
    if list(available) == [None]:
        return {None: available[None] if wanted < 0 else min(wanted, available[None])}
    shares = {k: spec.fraction(k) for k in available if k is not None}
    most = min((available[k] / share for k, share in shares.items() if share), default=Fraction(0))
    largest = {k: math.floor(share * most) for k, share in shares.items()}
    if wanted < 0 or wanted > sum(largest.values()):
        return {**largest}
    return {**largest_remainder({k: share * wanted for k, share in shares.items()}, wanted)}


def of_each_class(spec: Spec) -> int:
    """Return how many rows of each class are wanted; -1: as many as there are."""
    wanted = int(spec.option("n_jets", -1))
    return wanted if wanted < 0 or spec.method in PER_CLASS else wanted // len(spec.classes)


def balanced(spec: Spec, most: Mapping[int | None, Mapping[Bin, int]]) -> dict[Cell, int]:
    """Return the rows to take of each cell, where so many could be taken of each group's bin in every class."""
    wanted = totals(spec, {group: sum(bins.values()) for group, bins in most.items()}, of_each_class(spec))
    return {
        (group, label, bin_): number
        for group, bins in most.items()
        for bin_, number in thinned(bins, wanted[group]).items()
        for label in range(len(spec.classes))
    }


def target(here: Content, group: int | None) -> dict[Bin, Fraction]:
    """Return the distribution aimed at: that of a class, or the volumes of the bins."""
    spec = here.spec
    named = spec.option("weighting_target_flavour") if spec.method == "weighting" else None
    named = named or spec.option("target_distribution", spec.classes[0])
    if named == "uniform":
        return volumes(spec, group)
    return {bin_: Fraction(here.count(group, spec.classes.index(named), bin_)) for bin_ in here.bins(group)}


# ---------------------------------------------------------------------------------------------------------- methods


def count(here: Content) -> dict[Cell, int]:
    most = {group: {bin_: here.lowest(group, bin_) for bin_ in here.bins(group)} for group in here.spec.groups()}
    return balanced(here.spec, most)


def lost_bins(here: Content, group: int | None, least: int = 1) -> set[Bin]:
    """Return the bins of which nothing is taken as a class has too few rows there."""
    return {bin_ for bin_ in here.bins(group) if here.lowest(group, bin_) < max(least, 1)}


def ratios(here: Content, group: int | None) -> dict[tuple[int, Bin], Fraction]:
    """Return target / content of each class and bin that counts in a draw without replacement."""
    lost = lost_bins(here, group, here.spec.option("min_bin_count", 0))
    aim = target(here, group)
    return {
        (label, bin_): aim[bin_] / here.count(group, label, bin_)
        for bin_ in here.bins(group)
        if bin_ not in lost
        for label in range(len(here.spec.classes))
    }


def importance(here: Content, largest: Callable[[int | None], Fraction] | None = None) -> dict[Cell, int]:
    """Return the rows to take for ``rounding: floor``; ``largest`` gives M of a group where it is not the maximum."""
    most: dict[int | None, dict[Bin, int]] = {}
    for group in here.spec.groups():
        p = ratios(here, group)
        top = largest(group) if largest else max(p.values(), default=Fraction(0))
        aim = target(here, group)
        most[group] = {
            bin_: min(math.floor(aim[bin_] / top), here.lowest(group, bin_)) if (0, bin_) in p and top else 0
            for bin_ in here.bins(group)
        }
    return balanced(here.spec, most)


def weighting(here: Content) -> dict[Cell, Fraction]:
    """Return the weight of the rows of each cell."""
    return {
        (group, label, bin_): target(here, group)[bin_] / len(rows) for (group, label, bin_), rows in here.cells.items()
    }


def undersampling(here: Content) -> dict[tuple[int | None, int], int]:
    """Return the rows to take of each group and class, whatever their bins."""
    labels = range(len(here.spec.classes))
    most = {group: min(here.total(group, label) for label in labels) for group in here.spec.groups()}
    wanted = totals(here.spec, most, of_each_class(here.spec))
    return {(group, label): wanted[group] for group in most for label in labels}


def neyman(sizes: Mapping[Any, int], spreads: Mapping[Any, Fraction], total: int) -> dict[Any, Fraction]:
    """Return the share of each stratum, n_h ~ N_h S_h; those that have no more rows give their share to the others."""
    full: set[Any] = set()
    while True:
        left = total - sum(sizes[h] for h in full)
        scale = sum(sizes[h] * spreads[h] for h in sizes if h not in full)
        quotas = {h: Fraction(sizes[h]) for h in full}
        quotas |= {h: sizes[h] * spreads[h] * left / scale if scale else Fraction(0) for h in sizes if h not in full}
        over = {h for h in sizes if h not in full and quotas[h] > sizes[h]}
        if not over:
            return quotas
        full |= over


def smallest(rows: Sequence[Event], number: int, draw: Callable[[Event], float]) -> set[tuple[str, int]]:
    """Return sample and key of so many rows, those with the smallest draws."""
    return {(event.sample, event.key) for event in sorted(rows, key=draw)[:number]}
