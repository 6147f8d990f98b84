"""Drawing of a separation: a pad with two shapes for each estimate, and one with all ROC curves."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from rdfplugins import plotting
from rdfplugins.report import axes
from rdfplugins.report.response import labels
from rdfplugins.report.response.draw import colour_of

if TYPE_CHECKING:
    from pathlib import Path

    from rdfplugins.report.response.separation import Separated, SeparationNumbers, Shape

_MOST_COLUMNS = 3
_PAD = (4.3, 3.5)  # inches
_GAP = (1.1, 0.95)
_MARGINS = (0.95, 0.25, 0.95, 0.75)  # left, right, top, bottom
_FILL, _LINE = "#d9d9d9", "#8a8a8a"
_LONGEST = 28


def write_separation(numbers: SeparationNumbers, folder: Path) -> tuple[Path, ...]:
    """Draw a separation into ``<name>.png`` and ``<name>.pdf``; see `rdfplugins.plotting.write`."""
    return plotting.write(lambda: figure(numbers), numbers.name, folder)


def figure(numbers: SeparationNumbers) -> Any:
    """Return the matplotlib Figure of a separation, in the style that is set."""
    drawn, pads = _pads(len(numbers.estimates) + 1)
    for pad in pads:
        pad.tick_params(axis="x", pad=7)  # the first number would touch that of the other axis
    for number, (estimate, pad) in enumerate(zip(numbers.estimates, pads, strict=False)):
        _draw_shapes(numbers, estimate, pad, colour_of(number))
    _draw_curves(numbers, pads[-1])
    _put_header(numbers, drawn)
    return drawn


def _pads(count: int) -> tuple[Any, list[Any]]:
    plotting.libraries()
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    columns = min(_MOST_COLUMNS, math.ceil(math.sqrt(count)) if count <= 4 else _MOST_COLUMNS)  # noqa: PLR2004 (a square)
    rows = math.ceil(count / columns)
    left, right, top, bottom = _MARGINS
    width = left + right + columns * _PAD[0] + (columns - 1) * _GAP[0]
    height = top + bottom + rows * _PAD[1] + (rows - 1) * _GAP[1]
    drawn = Figure(figsize=(width, height))
    FigureCanvasAgg(drawn)
    pads = []
    for number in range(count):
        row, column = divmod(number, columns)
        x = left + column * (_PAD[0] + _GAP[0])
        y = height - top - (row + 1) * _PAD[1] - row * _GAP[1]
        pads.append(drawn.add_axes((x / width, y / height, _PAD[0] / width, _PAD[1] / height)))
    return drawn, pads


def _draw_shapes(numbers: SeparationNumbers, estimate: Separated, pad: Any, colour: str) -> None:
    edges, background, signal = estimate.edges, estimate.background, estimate.signal
    pad.stairs(background.values, edges, fill=True, color=_FILL)
    pad.stairs(background.values, edges, color=_LINE, linewidth=1.2)
    pad.stairs(signal.values, edges, color=colour, linewidth=2.2)
    for shape, look in ((background, _LINE), (signal, colour)):
        _draw_errors(pad, edges, shape, look)
    pad.set_xlim(edges[0], edges[-1])
    highest = max(float((shape.values + shape.errors).max()) for shape in (background, signal))
    lowest = min(0.0, *(float(shape.values.min()) for shape in (background, signal)))
    pad.set_ylim(1.1 * lowest, 1.25 * highest or 1.0)
    pad.locator_params(axis="x", nbins=6)
    pad.locator_params(axis="y", nbins=5)
    drawn, unit = numbers.labels[estimate.column].drawn, numbers.units.get(estimate.column, "")
    pad.set_xlabel(labels.value_label(drawn, unit), loc="right")
    width = f"{float(f'{edges[1] - edges[0]:.3g}'):g} {plotting.plain(unit)}".rstrip()
    pad.set_ylabel(f"Share / {width}", loc="top")
    said = f"ROC area {estimate.same.area:.3f}\n$\\langle S^2\\rangle$ {estimate.same.power:.3f}"
    pad.text(0.96, 0.95, said, transform=pad.transAxes, ha="right", va="top", fontsize=14, linespacing=1.35)


def _draw_errors(pad: Any, edges: Any, shape: Shape, colour: str) -> None:
    centres = 0.5 * (edges[:-1] + edges[1:])
    pad.errorbar(centres, shape.values, yerr=shape.errors, linestyle="none", color=colour, elinewidth=1.0, capsize=0)


def _draw_curves(numbers: SeparationNumbers, pad: Any) -> None:
    pad.plot([0, 1], [1, 0], color="black", linewidth=0.8, linestyle=":")
    for number, estimate in enumerate(numbers.estimates):
        line = plotting.LINE_STYLES[number % len(plotting.LINE_STYLES)]
        label = numbers.labels[estimate.column].drawn
        pad.plot(*estimate.curve, color=colour_of(number), linewidth=2.0, linestyle=line, label=label)
    pad.set_xlim(0, 1)
    pad.set_ylim(0, 1.05)
    pad.set_xlabel(f"Efficiency, {_name(numbers.signal)}", loc="right")
    pad.set_ylabel(f"Rejection, {_name(numbers.background)}", loc="top")
    pad.legend(loc="lower left", frameon=False, handlelength=2.0, labelspacing=0.3, borderaxespad=0.4)


def _name(text: str) -> str:
    return plotting.legend_text(text, _LONGEST)


def _put_header(numbers: SeparationNumbers, drawn: Any) -> None:
    """Write whose events these are above all pads, and what the two kinds look like."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    width, height = drawn.get_size_inches()
    left, right = _MARGINS[:2]
    line = 1.0 - 0.28 / height
    drawn.text(left / width, line, axes.left_title(numbers.remarks), fontsize=17, fontweight="bold", va="center")
    energy = axes.right_title(numbers.remarks)
    drawn.text(1.0 - right / width, line, energy, fontsize=15, ha="right", va="center")
    words = ["normalised to 1", "events with all estimates", numbers.of_split]
    handles = [
        Patch(facecolor=_FILL, edgecolor=_LINE, label=_name(numbers.background)),
        Line2D([], [], color="black", linewidth=2.2, label=_name(numbers.signal)),
        Line2D([], [], linestyle="none", label=", ".join(filter(None, words))),
    ]
    drawn.legend(
        handles=handles, loc="center left", bbox_to_anchor=(left / width, 1.0 - 0.66 / height), ncols=len(handles),
        frameon=False, borderaxespad=0.0, borderpad=0.0, handlelength=1.6, handletextpad=0.6, columnspacing=1.4,
        fontsize=14,
    )  # fmt: skip
