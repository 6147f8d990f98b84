"""Drawing of a response: medians with bands of 68 %, and below them the relative resolution."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from rdfplugins import plotting
from rdfplugins.report import axes
from rdfplugins.report.response import labels
from rdfplugins.report.response.numbers import FEW

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from rdfplugins.report.response.numbers import Estimate, ResponseNumbers

# no grey, which is that of backgrounds and of what belongs to no estimate
COLOURS = (*plotting.COLOURS[:4], plotting.LINE_COLOURS[2], *(plotting.COLOURS[number] for number in (7, 8, 5)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
_WIDE = 5.0  # last over first edge from which masses stand on a logarithmic axis
_FEWEST_TICKS = 3
_HIGHEST = 1.7  # bands end here, unless a median is higher,
_FAR = 2.0  # but for those that are so many times the median of all
_OUTLIER = 3.0  # times the median resolution: what is above ends the axis
_ROOM = 0.8  # of a bin, for its estimates
_POINTS_PER_INCH = 72.0
_EDGE_COLOUR = "#e2e2e2"


def colour_of(number: int) -> str:
    """Return the colour of the estimate of this number, in all plots."""
    return COLOURS[number % len(COLOURS)]


def write_response(numbers: ResponseNumbers, folder: Path) -> tuple[Path, ...]:
    """Draw a response into ``<name>.png`` and ``<name>.pdf``; see `rdfplugins.plotting.write`."""
    return plotting.write(lambda: figure(numbers), numbers.name, folder)


def figure(numbers: ResponseNumbers) -> Any:
    """Return the matplotlib Figure of a response, in the style that is set."""
    drawn, upper, lower = plotting.new_figure(lower=True, heights=(5, 3))
    scale = _Scale(numbers.edges)
    edges = scale.of(numbers.edges)
    for pad in (upper, lower):
        pad.set_xlim(edges[0], edges[-1])
        pad.xaxis.set_minor_locator(plotting.no_ticks())
        for edge in edges[1:-1]:
            pad.axvline(edge, color=_EDGE_COLOUR, linewidth=0.8, zorder=0)
    lower.set_xticks(scale.of(scale.ticks), [f"{tick:g}" for tick in scale.ticks])
    top, middles = _top(numbers), 0.5 * (edges[:-1] + edges[1:])
    upper.axhline(1.0, color="black", linewidth=1.0, zorder=1)
    limit, wide = _limit(numbers), _bar_width(drawn, edges, len(numbers.estimates))
    for number, estimate in enumerate(numbers.estimates):
        places = _places(edges, number, len(numbers.estimates))
        look = {"color": colour_of(number), "marker": MARKERS[number % len(MARKERS)]}
        label = labels.with_share(numbers.labels[estimate.column].drawn, estimate.share)
        upper.errorbar([], [], yerr=[], label=label, linestyle="none", markersize=6.5, **look)
        band = {"color": look["color"], "linewidth": wide, "alpha": 0.38, "capstyle": "butt", "zorder": 2}
        _draw_medians(upper, estimate, places, look, band, top)
        _draw_widths(lower, estimate, middles, look, limit)  # beside each other, lines would make equal ones differ
    lower.set_ylim(0.0, limit)
    lower.tick_params(axis="x", pad=8)  # the first number would touch that of the other axis
    upper.set_ylabel("Estimate / truth", loc="top")
    lower.set_ylabel("Resolution", loc="center")
    lower.set_xlabel(labels.truth_label(numbers.truth, numbers.unit), loc="right")
    drawn.align_ylabels()
    plotting.put_titles(drawn, upper, axes.left_title(numbers.remarks), axes.right_title(numbers.remarks))
    _put_legend(numbers, drawn, upper, edges, top)
    return drawn


class _Scale:
    """The axis of the truth: linear in its logarithm where the bins reach far."""

    def __init__(self, edges: NDArray[np.float64]) -> None:
        self._log = bool(edges[0] > 0 and edges[-1] / edges[0] > _WIDE)
        self.ticks = self._ticks(float(edges[0]), float(edges[-1]))

    def of(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return where values stand on the axis."""
        return np.log10(values) if self._log else np.asarray(values)

    def _ticks(self, low: float, high: float) -> NDArray[np.float64]:
        from matplotlib.ticker import MaxNLocator

        powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1) if self._log else ()
        ticks = np.array([step * 10.0**power for power in powers for step in (1, 2, 5)])
        ticks = ticks[(ticks >= low * (1 - 1e-9)) & (ticks <= high * (1 + 1e-9))]
        if len(ticks) < _FEWEST_TICKS:
            ticks = np.asarray(MaxNLocator(nbins=7, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high))
            ticks = ticks[(ticks >= low) & (ticks <= high)]
        return ticks


def _places(edges: NDArray[np.float64], number: int, of: int) -> NDArray[np.float64]:
    """Return where an estimate stands in each bin: beside the others."""
    share = 0.5 + _ROOM * ((number + 0.5) / of - 0.5)
    return np.asarray(edges[:-1] + share * np.diff(edges))


def _bar_width(drawn: Any, edges: NDArray[np.float64], of: int) -> float:
    """Return the width of bands in points: as wide as those of the narrowest bin can be."""
    inches = 0.81 * float(drawn.get_figwidth()) * float(np.diff(edges).min()) / float(edges[-1] - edges[0])
    return float(np.clip(0.8 * _ROOM * inches * _POINTS_PER_INCH / of, 2.0, 10.0))


def _draw_medians(  # noqa: PLR0917 (as many things to draw)
    pad: Any, estimate: Estimate, places: NDArray[np.float64], look: dict[str, str], band: dict[str, Any], top: float
) -> None:
    low, high = (np.array([getattr(one, name) for one in estimate.bins]) for name in ("q16", "q84"))
    shown = np.isfinite(low)
    pad.vlines(places[shown], np.minimum(low[shown], top), np.minimum(high[shown], top), **band)
    _draw_arrows(pad, places[shown & (high > top)], top, look)
    _draw_points(pad, estimate, places, "median", look, top)


def _draw_widths(pad: Any, estimate: Estimate, places: NDArray[np.float64], look: dict[str, str], limit: float) -> None:
    widths = np.array([one.width for one in estimate.bins])
    pad.plot(places, np.where(widths <= limit, widths, np.nan), color=look["color"], linewidth=1.2, alpha=0.8)
    _draw_arrows(pad, places[widths > limit], 0.95 * limit, look)
    _draw_points(pad, estimate, places, "width", look, limit)


def _draw_arrows(pad: Any, places: NDArray[np.float64], height: float, look: dict[str, str]) -> None:
    """Draw a triangle at the end of the axis for what is beyond."""
    heights = np.full(len(places), height)
    pad.plot(places, heights, marker="^", color=look["color"], linestyle="none", markersize=5, zorder=3)


def _draw_points(  # noqa: PLR0917 (as many things to draw)
    pad: Any,
    estimate: Estimate,
    places: NDArray[np.float64],
    name: str,
    look: dict[str, str],
    limit: float = np.inf,
) -> None:
    """Draw numbers with their errors; those of few events are open."""
    values, errors = (np.array([getattr(one, key) for one in estimate.bins]) for key in (name, f"{name}_error"))
    few = np.array([one.marked for one in estimate.bins])
    for chosen, face in ((~few, look["color"]), (few, "white")):
        here = chosen & (values <= limit)  # NaN is not
        pad.errorbar(
            places[here], values[here], yerr=errors[here], linestyle="none", markersize=5.5, markerfacecolor=face,
            elinewidth=1.3, capsize=0, zorder=5, **look,
        )  # fmt: skip


def _top(numbers: ResponseNumbers) -> float:
    """Return where bands end: above all medians but those that would leave no room for the others."""
    medians = np.array([one.median for estimate in numbers.estimates for one in estimate.bins if one.shown])
    near = medians[medians <= _FAR * np.median(medians)] if len(medians) else medians
    return max(_HIGHEST, 1.1 * float(near.max(initial=1.0)))


def _limit(numbers: ResponseNumbers) -> float:
    """Return the end of the axis of the resolution: above all but what is far beyond most."""
    widths = np.array([one.width for estimate in numbers.estimates for one in estimate.bins if np.isfinite(one.width)])
    if not len(widths):
        return 1.0
    near = widths[widths <= _OUTLIER * np.median(widths)]
    return 1.2 * float(near.max()) or 1.0


def _put_legend(numbers: ResponseNumbers, drawn: Any, pad: Any, edges: NDArray[np.float64], top: float) -> None:
    shown = [one for estimate in numbers.estimates for one in estimate.bins if one.shown]
    if shown:
        pad.plot([], [], color="grey", alpha=0.5, linewidth=8, solid_capstyle="butt", label="Central 68 %")
    if any(one.marked for one in shown):
        few = f"< {FEW} events in the bin"
        pad.plot([], [], marker="o", color="grey", markerfacecolor="white", linestyle="none", label=few)
    if not shown:
        pad.plot([], [], linestyle="none", label=axes.NO_EVENTS)
    handles, names = pad.get_legend_handles_labels()
    # of matplotlib, lines come before points with errors; a reader looks for the estimates first
    lines = len(handles) - len(numbers.estimates)
    handles, names = [*handles[lines:], *handles[:lines]], [*names[lines:], *names[:lines]]

    def highest(low: float, high: float) -> float:
        near = (edges[1:] > low) & (edges[:-1] < high)
        tops = [
            min(one.q84, top)
            for estimate in numbers.estimates
            for one, is_near in zip(estimate.bins, near, strict=True)
            if is_near and one.shown
        ]
        return max([1.1, *tops])

    floor = min((min(one.q16, top) for one in shown), default=0.5)
    floor = max(0.0, floor - 0.1)
    plotting.make_room(
        drawn,
        pad,
        handles,
        names,
        highest=highest,
        floor=floor,
        heading=labels.heading(numbers.channel, numbers.of_split),
    )
