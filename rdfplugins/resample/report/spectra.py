"""What plots of one variable show: contents of bins before and after, for each class."""

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from rdfplugins.resample.binning import Axis
    from rdfplugins.resample.report.numbers import Numbers
    from rdfplugins.resample.tally import Tally

ALL = ""  # the name of all categories together
_MOST = 2000  # bins of a plot
_STEEP = 30.0  # highest over median bin, from which a logarithmic axis shows more


@dataclasses.dataclass(frozen=True, eq=False)
class Panel:
    """One pad.

    Attributes
    ----------
    title
        What it shows.
    rows
        For each class the rows that it has, drawn or not.
    values, errors
        float64[classes, bins], contents and their statistical uncertainties, for which copies of a row are one event.
    target
        float64[bins], the shape aimed at, of the size of the class that it is, else of the mean of all; None: there is
        none.
    """

    title: str
    rows: tuple[int, ...]
    values: NDArray[np.float64]
    errors: NDArray[np.float64]
    target: NDArray[np.float64] | None


@dataclasses.dataclass(frozen=True, eq=False)
class Spectrum:
    """The distribution of one variable.

    Attributes
    ----------
    variable
        Its name.
    category
        Whose rows; `ALL` where it is those of all categories.
    edges
        float64[bins + 1].
    gaps
        Bins that are out of range.
    panels
        Before, and after where there is an output.
    note
        What else has to be said.
    automatic
        Whether the bins are ours, and not those of the config.
    """

    variable: str
    category: str
    edges: NDArray[np.float64]
    gaps: tuple[int, ...]
    panels: tuple[Panel, ...]
    note: str = ""
    automatic: bool = False

    @property
    def widths(self) -> NDArray[np.float64]:
        """Widths of the bins."""
        return np.diff(self.edges)

    @property
    def uniform(self) -> bool:
        """Whether all bins have the same width."""
        return bool(np.allclose(self.widths, self.widths[0], rtol=1e-6))

    @property
    def steep(self) -> bool:
        """Whether contents differ so much that a logarithmic axis is asked for."""
        contents = np.concatenate([(panel.values / self.widths).ravel() for panel in self.panels])
        filled = contents[contents > 0]
        return bool(len(filled)) and float(filled.max()) > _STEEP * float(np.median(filled))


def spectra_of(tally: Tally, numbers: Numbers) -> list[Spectrum]:
    """Return the distributions of all sampling variables: in all categories, where bins allow, and in each."""
    found = []
    for place in range(len(tally.grids[0].axes) if tally.grids else 0):
        each = [_of_category(tally, numbers, index, place) for index in range(len(tally.categories))]
        if len(each) > 1:
            whole = _together(each)
            found += [] if whole is None else [whole]
            found += each
        else:
            found += [dataclasses.replace(each[0], category=ALL)]
    return [_coarser(one) for one in found]


def after_title(tally: Tally, numbers: Numbers) -> str:
    """Return the title of what was taken."""
    words = ["weighted"] if numbers.weighted else []
    words += [f"sum of {tally.subsets} subsets"] if tally.subsets else []
    return f"After ({', '.join(words)})" if words else "After"


def _of_category(tally: Tally, numbers: Numbers, index: int, place: int) -> Spectrum:
    grid = tally.grids[index]

    def projected(values: NDArray[np.int64] | NDArray[np.float64]) -> NDArray[np.float64]:
        shaped = values.reshape(-1, *grid.shape)
        others = tuple(axis + 1 for axis in range(len(grid.axes)) if axis != place)
        return np.asarray(shaped.sum(axis=others), np.float64)

    def panel(title: str, counts: NDArray[np.int64], values: NDArray[np.float64], errors: NDArray[np.float64]) -> Panel:
        target = None if tally.target is None else projected(tally.target[index])[0]
        rows = tuple(int(count) for count in counts.sum(axis=1))
        return Panel(title, rows, values, errors, _sized(target, values, numbers.target_class))

    before, weights = projected(tally.before[index]), projected(tally.weights[index])
    errors = np.sqrt(projected(tally.variances[index]))
    axis = grid.axes[place]
    panels = (
        panel("Before", tally.before[index], before, np.sqrt(before)),
        panel(after_title(tally, numbers), tally.after[index], weights, errors),
    )
    return Spectrum(axis.name, tally.categories[index], axis.edges, axis.gaps, panels, _note(axis))


def first_bins(bins: int, most: int) -> NDArray[np.int64]:
    """Return the first of the bins that are merged into one, so that there are ``most`` at most, int64[n]."""
    return np.arange(0, bins, max(1, -(-bins // most)), dtype=np.int64)


def _coarser(one: Spectrum) -> Spectrum:
    """Return a distribution whose bins are merged where there are more than a plot can show."""
    bins = len(one.edges) - 1
    if bins <= _MOST:
        return one
    first = first_bins(bins, _MOST)

    def merged(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(np.add.reduceat(values, first, axis=-1))

    panels = tuple(
        dataclasses.replace(
            panel,
            values=merged(panel.values),
            errors=np.sqrt(merged(panel.errors**2)),
            target=None if panel.target is None else merged(panel.target),
        )
        for panel in one.panels
    )
    gap = np.isin(np.arange(bins), one.gaps)
    gaps = np.flatnonzero(np.logical_and.reduceat(gap, first))
    note = "; ".join(filter(None, [one.note, f"{first[1]} bins are drawn as one"]))
    edges = np.append(one.edges[first], one.edges[-1])
    return dataclasses.replace(one, edges=edges, gaps=tuple(gaps.tolist()), panels=panels, note=note)


def _sized(
    target: NDArray[np.float64] | None, values: NDArray[np.float64], number: int | None
) -> NDArray[np.float64] | None:
    """Return the target with the total of the class that it is, else with the mean total of classes that have one."""
    totals = values.sum(axis=1)
    filled = totals[totals > 0]
    if target is None or not len(filled) or not target.any():
        return None
    total = totals[number] if number is not None and totals[number] > 0 else filled.mean()
    return target * (float(total) / float(target.sum()))


def _note(axis: Axis) -> str:
    return "" if axis.expression == axis.name else f"{axis.name} = {axis.expression}"


def _together(each: Sequence[Spectrum]) -> Spectrum | None:
    """Return the sum over categories of the same bins, or their ranges beside each other; None where neither goes."""
    first = each[0]
    if all(len(one.edges) == len(first.edges) and np.array_equal(one.edges, first.edges) for one in each):
        panels = tuple(_sum(parts) for parts in zip(*(one.panels for one in each), strict=True))
        return dataclasses.replace(first, category=ALL, panels=panels)
    ordered = sorted(each, key=lambda one: float(one.edges[0]))
    if any(float(left.edges[-1]) > float(right.edges[0]) for left, right in itertools.pairwise(ordered)):
        return None
    return _beside(ordered)


def _sum(panels: Sequence[Panel]) -> Panel:
    targets = [panel.target for panel in panels if panel.target is not None]
    return Panel(
        panels[0].title,
        tuple(sum(rows) for rows in zip(*(panel.rows for panel in panels), strict=True)),
        np.asarray(sum(panel.values for panel in panels)),
        np.sqrt(np.asarray(sum(panel.errors**2 for panel in panels))),
        np.asarray(sum(targets)) if len(targets) == len(panels) else None,
    )


def _beside(ordered: Sequence[Spectrum]) -> Spectrum:
    """Return categories whose ranges follow each other as one distribution; bins between them are gaps."""
    edges, gaps, starts = ordered[0].edges, list(ordered[0].gaps), [0]
    for one in ordered[1:]:
        touches = one.edges[0] == edges[-1]
        if not touches:
            gaps.append(len(edges) - 1)
        starts.append(len(edges) - (1 if touches else 0))
        gaps += [starts[-1] + gap for gap in one.gaps]
        edges = np.concatenate([edges, one.edges[1 if touches else 0 :]])
    panels = []
    for parts in zip(*(one.panels for one in ordered), strict=True):
        wide = [_widened(part, start, len(edges) - 1) for part, start in zip(parts, starts, strict=True)]
        panels.append(_sum(wide))
    return dataclasses.replace(ordered[0], category=ALL, edges=edges, gaps=tuple(gaps), panels=tuple(panels))


def _widened(panel: Panel, start: int, bins: int) -> Panel:
    def wide(values: NDArray[np.float64]) -> NDArray[np.float64]:
        found = np.zeros((*values.shape[:-1], bins))
        found[..., start : start + values.shape[-1]] = values
        return found

    target = None if panel.target is None else wide(panel.target)
    return dataclasses.replace(panel, values=wide(panel.values), errors=wide(panel.errors), target=target)
