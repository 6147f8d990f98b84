"""The plot of the cutflow: what remains of each sample after each cut."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from rdfplugins import plotting
from rdfplugins.report import axes
from rdfplugins.report.channels import own_rows
from rdfplugins.report.tables import cutflow_rows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from rdfplugins.cutflow import Cutflow
    from rdfplugins.report.blinding import Blinding
    from rdfplugins.report.model import Remarks

NAME = "cutflow"
_LONGEST_CUT = 26
_LONGEST_SAMPLE = 20
_TEXT = 13.0
_ANGLES = (35, 60, 90)
_ROOM = 14  # names of cuts that stand beside each other in this size
_BELOW = "0 or less"  # which a logarithmic axis does not have
_BOTTOM, _SPREAD = 0.022, 0.6  # where open triangles stand: of the height of the pad, of the room of a cut
_TRIANGLE: dict[str, Any] = {"marker": "v", "markersize": 6, "markerfacecolor": "none", "linestyle": "none"}


@dataclasses.dataclass(frozen=True)
class CutflowNumbers:
    """The plot of the cutflow.

    Attributes
    ----------
    cuts
        Names, in their order.
    samples, kinds, shown, colours
        Names and kinds of the samples, what they are called in the legend, and the numbers of their colours.
    values, errors
        float64[samples, cuts], in the quantity; NaN where data are hidden, where a sample does not have a cut, and
        where nothing (or a negative sum of weights) remains.
    below
        bool[samples, cuts]: where nothing (or a negative sum of weights) remains.
    quantity
        ``Events``, ``Cross-section [pb]``, or ``Raw events`` where simulation and data have no scale in common.
    remarks
        What has to be said about the events.
    channel
        Whose cuts they are; None: those of all events.
    """

    cuts: tuple[str, ...]
    samples: tuple[str, ...]
    kinds: tuple[str, ...]
    shown: tuple[str, ...]
    colours: tuple[int, ...]
    values: NDArray[np.float64]
    errors: NDArray[np.float64]
    below: NDArray[np.bool_]
    quantity: str
    remarks: Remarks
    channel: str | None = None


def prepare_cutflow(
    cutflows: Sequence[Cutflow],
    lumi_pb: float | None,
    remarks: Remarks,
    *,
    blinding: Blinding | None = None,
    shown: Sequence[str] | None = None,
    colours: Sequence[int] | None = None,
    channel: str | None = None,
) -> CutflowNumbers:
    """Return the numbers of the plot.

    Parameters
    ----------
    cutflows, lumi_pb, blinding
        As for `rdfplugins.report.tables.cutflow_rows`.
    remarks
        What has to be said about the events.
    shown
        What the samples are called; None: by their names.
    colours
        Numbers of their colours; None: in their order.
    channel
        Whose cuts are shown, behind the last one that all channels have in common; None: those of all events.
    """
    if channel is None:
        rows = cutflow_rows(cutflows, lumi_pb, blinding=blinding)
    else:
        rows = own_rows(cutflows, lumi_pb, channel, blinding=blinding, before=1)
    has_data = any(flow.kind == "data" for flow in cutflows)
    scaled = lumi_pb is not None and all(flow.weighted for flow in cutflows)
    only_weighted = not has_data and all(flow.weighted for flow in cutflows)
    raw = not scaled and not only_weighted
    values = np.full((len(cutflows), len(rows)), np.nan)
    errors = np.full_like(values, np.nan)
    below = np.zeros(values.shape, dtype=bool)
    for cut, row in enumerate(rows):
        for sample, cell in enumerate(row.cells):
            if cell is None or cell.blinded:
                continue
            found = (cell.events, np.sqrt(cell.events or 0)) if raw else (cell.expected, cell.expected_error)
            if found[0] is not None and found[0] > 0:
                values[sample, cut], errors[sample, cut] = found
            else:
                below[sample, cut] = True
    return CutflowNumbers(
        cuts=tuple(row.cut for row in rows),
        samples=tuple(flow.sample for flow in cutflows),
        kinds=tuple(flow.kind for flow in cutflows),
        shown=tuple(flow.sample for flow in cutflows) if shown is None else tuple(shown),
        colours=tuple(range(len(cutflows)) if colours is None else colours),
        values=values,
        errors=errors,
        below=below,
        quantity="Raw events" if raw else "Events" if scaled else "Cross-section [pb]",
        remarks=remarks,
        channel=channel,
    )


def write_cutflow(numbers: CutflowNumbers, folder: Path, name: str = NAME) -> tuple[Path, ...]:
    """Draw the cutflow into ``<name>.png`` and ``<name>.pdf``; see `rdfplugins.plotting.write`."""
    return plotting.write(lambda: figure(numbers), name, folder)


def figure(numbers: CutflowNumbers) -> Any:
    """Return the matplotlib Figure of the cutflow, in the style that is set."""
    drawn, pad, _ = plotting.new_figure(lower=False)
    pad.set_yscale("log")
    places = np.arange(len(numbers.cuts))
    pad.set_xlim(-0.6, len(places) - 0.4)
    for index, (name, kind) in enumerate(zip(numbers.shown, numbers.kinds, strict=True)):
        shown = np.isfinite(numbers.values[index])
        x, values, errors = places[shown], numbers.values[index][shown], numbers.errors[index][shown]
        label = plotting.legend_text(name, _LONGEST_SAMPLE)
        # a bar of an error that reaches 0 has no end on this axis
        bars = np.array([np.minimum(errors, 0.99 * values), errors])
        if kind == "data":
            pad.errorbar(x, values, yerr=bars, label=label, linestyle=":", linewidth=1.2, **plotting.POINTS)
            colour = plotting.POINTS["color"]
        else:
            colour = plotting.COLOURS[numbers.colours[index] % len(plotting.COLOURS)]
            rank = numbers.colours[:index].count(numbers.colours[index])  # of the samples of one label
            turn = rank + numbers.colours[index] // len(plotting.COLOURS)
            line = plotting.LINE_STYLES[turn % len(plotting.LINE_STYLES)]
            pad.errorbar(
                x, values, yerr=bars, color=colour, linestyle=line, marker="s", markersize=4.5, linewidth=1.6,
                elinewidth=1.2, label=label,
            )  # fmt: skip
        _mark_below(numbers, pad, index, colour)
    if numbers.below.any():
        pad.plot([], [], color="black", label=_BELOW, **_TRIANGLE)
    _name_cuts(numbers, drawn, pad, places)
    pad.set_ylabel(numbers.quantity, loc="top")
    plotting.put_titles(drawn, pad, axes.left_title(numbers.remarks), axes.right_title(numbers.remarks))
    handles, labels = pad.get_legend_handles_labels()
    order = sorted(range(len(labels)), key=lambda index: labels[index] == _BELOW)  # last, where it is no sample
    handles, labels = [handles[index] for index in order], [labels[index] for index in order]
    there = numbers.values[np.isfinite(numbers.values)]
    plotting.make_room(
        drawn,
        pad,
        handles,
        labels,
        highest=lambda low, high: _highest(numbers, low, high),
        floor=0.3 * float(there.min()) if len(there) else 0.1,
        heading=None if numbers.channel is None else plotting.plain(plotting.shortened(f"channel {numbers.channel}")),
    )
    return drawn


def _mark_below(numbers: CutflowNumbers, pad: Any, index: int, colour: str) -> None:
    """Put an open triangle at the end of the axis for what a sample has below it; samples stand beside each other."""
    places = np.flatnonzero(numbers.below[index])
    shift = _SPREAD * ((index + 0.5) / len(numbers.samples) - 0.5)
    heights = np.full(len(places), _BOTTOM)
    pad.plot(places + shift, heights, color=colour, transform=pad.get_xaxis_transform(), **_TRIANGLE)


def _name_cuts(numbers: CutflowNumbers, drawn: Any, pad: Any, places: NDArray[np.int64]) -> None:
    """Write the names of the cuts below the axis, as flat as they fit; the pad gets smaller where they are long."""
    pad.xaxis.set_minor_locator(plotting.no_ticks())
    names = [plotting.plain(plotting.shortened(" ".join(cut.split()), _LONGEST_CUT)) for cut in numbers.cuts]
    size = min(_TEXT, max(5.0, _TEXT * _ROOM / max(len(names), 1)))
    pad.tick_params(axis="x", top=False)
    renderer = drawn.canvas.get_renderer()
    for angle in _ANGLES:
        upright = "center" if angle == _ANGLES[-1] else "top"
        pad.set_xticks(places, names, rotation=angle, ha="right", va=upright, rotation_mode="anchor", fontsize=size)
        boxes = [text.get_window_extent(renderer) for text in pad.get_xticklabels()]
        if all(box.x0 >= 0 for box in boxes):
            break
    deepest = max((box.height for box in boxes), default=0.0)
    drawn.subplots_adjust(bottom=min(0.45, 0.03 + (deepest + 8) / drawn.bbox.height))


def _highest(numbers: CutflowNumbers, low: float, high: float) -> float:
    places = np.arange(len(numbers.cuts))
    near = (places >= np.floor(low)) & (places <= np.ceil(high))
    tops = (numbers.values + numbers.errors)[:, near]
    return float(np.nanmax(tops)) if np.any(np.isfinite(tops)) else 0.0
