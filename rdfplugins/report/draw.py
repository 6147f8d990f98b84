"""Drawing of prepared numbers, with matplotlib and mplhep."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rdfplugins.errors import MissingDependencyError
from rdfplugins.files import atomic
from rdfplugins.report import axes
from rdfplugins.report.blinding import overlaps

if TYPE_CHECKING:
    from pathlib import Path

    from rdfplugins.report.prepare import PlotNumbers, Points

# Petroff (2021, arXiv:2107.02270): can be told apart with any colour vision, and in grey.
_COLOURS = (
    "#5790fc", "#f89c20", "#e42536", "#964a8b", "#9c9ca1", "#7a21dd", "#b9ac70", "#a96b59", "#92dadd", "#717581",
)  # fmt: skip
_FIT_COLOUR = "#1845fb"
_LINE_COLOUR = "#c91f16"
_BLIND_COLOUR = "#e4e4e4"
_DPI = 150
# neither time nor versions: equal inputs give equal files
_METADATA: dict[str, dict[str, None]] = {
    "png": {"Software": None},
    "pdf": dict.fromkeys(("CreationDate", "Creator", "Producer")),
}
_CURVE_POINTS = 400
_LONGEST_COLUMN = 4
_TALL, _FLAT = (8.0, 7.6), (8.0, 6.0)
_SETTINGS = {
    "font.size": 15,
    "axes.labelsize": 17,
    "xtick.labelsize": 14,
    "ytick.labelsize": 14,
    "legend.fontsize": 13,
    "axes.formatter.limits": (-3, 6),
    "pdf.fonttype": 42,  # text that can be searched and copied
}


def write_plot(numbers: PlotNumbers, folder: Path) -> tuple[Path, Path]:
    """Draw a plot into ``<name>.png`` and ``<name>.pdf``; the same numbers give the same bytes.

    Raises
    ------
    MissingDependencyError
        Without matplotlib or mplhep.
    OutputError
        If a file cannot be written.
    """
    matplotlib, mplhep = _libraries()
    paths = (folder / f"{numbers.name}.png", folder / f"{numbers.name}.pdf")
    with matplotlib.rc_context({**mplhep.style.ATLAS, **_SETTINGS}):
        drawn = figure(numbers)
        for path in paths:
            kind = path.suffix[1:]
            with atomic(path) as part:
                drawn.savefig(part, format=kind, dpi=_DPI, metadata=_METADATA[kind])
    return paths


def figure(numbers: PlotNumbers) -> Any:
    """Return the matplotlib Figure of a plot, in the style that is set."""
    _libraries()
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    two = numbers.residual is not None
    drawn = Figure(figsize=_TALL if two else _FLAT)
    FigureCanvasAgg(drawn)
    # room of fixed size: axes of all plots of a report lie at the same place
    grid = drawn.add_gridspec(2 if two else 1, 1, height_ratios=(3, 1) if two else (1,), hspace=0.07)
    drawn.subplots_adjust(left=0.145, right=0.955, top=0.935, bottom=0.105 if two else 0.13)
    upper = drawn.add_subplot(grid[0])
    _draw_upper(numbers, upper)
    lowest = upper
    if two:
        lowest = drawn.add_subplot(grid[1], sharex=upper)
        _draw_lower(numbers, lowest)
        upper.tick_params(labelbottom=False)
    upper.set_xlim(numbers.edges[0], numbers.edges[-1])
    lowest.set_xlabel(axes.readable(axes.x_label(numbers)), loc="right")
    drawn.align_ylabels()
    _make_room(numbers, drawn, upper)
    return drawn


def _libraries() -> tuple[Any, Any]:
    try:
        import matplotlib as mpl
        import mplhep
    except ImportError as error:
        raise MissingDependencyError(
            f"plots need matplotlib and mplhep ({error}); install them with: pip install 'rdfplugins[plot]'"
        ) from error
    return mpl, mplhep


def _draw_upper(numbers: PlotNumbers, pad: Any) -> None:
    _draw_stack(numbers, pad)
    if numbers.factor is not None:
        what = "Signal" if numbers.is_mass else "MC sum"
        label = f"{what} \N{MULTIPLICATION SIGN} {numbers.factor}"
        pad.stairs(numbers.total * numbers.factor, numbers.edges, color=_LINE_COLOUR, linewidth=1.8, label=label)
    if numbers.background is not None:
        fit = numbers.background
        x = np.linspace(numbers.edges[0], numbers.edges[-1], _CURVE_POINTS)
        quality = f"$\\chi^2$/ndf = {fit.chi2:.1f}/{fit.degrees_of_freedom}"
        pad.plot(x, fit(x), color=_FIT_COLOUR, linestyle="--", linewidth=1.6, label=f"Sideband fit, {quality}")
    if numbers.data is not None:
        _draw_points(numbers, numbers.data, pad, label=axes.data_label(numbers))
    _draw_blinded(numbers, pad, label=axes.BLINDED_LABEL)
    pad.set_ylabel(axes.y_label(numbers), loc="top")
    pad.yaxis.get_offset_text().set_x(-0.13)  # a power of ten stands beside the title, not in it
    pad.set_title(axes.left_title(numbers), loc="left", fontsize=16, fontweight="bold", pad=7)
    pad.set_title(axes.right_title(numbers), loc="right", fontsize=15, pad=7)


def _draw_lower(numbers: PlotNumbers, pad: Any) -> None:
    assert numbers.residual is not None
    _draw_stack(numbers, pad)
    pad.axhline(0.0, color=_FIT_COLOUR, linestyle="--", linewidth=1.6)
    _draw_points(numbers, numbers.residual, pad)
    _draw_blinded(numbers, pad)
    pad.set_ylabel("Data \N{MINUS SIGN} fit", loc="center")
    residual = numbers.residual
    ends = [*(residual.values - residual.down), *(residual.values + residual.up), *numbers.total]
    low, high = float(np.nanmin(ends)), float(np.nanmax(ends))
    margin = 0.12 * (high - low)
    pad.set_ylim(min(low - margin, -margin), high + margin)
    pad.locator_params(axis="y", nbins=5)


def _draw_stack(numbers: PlotNumbers, pad: Any) -> None:
    if not numbers.components:
        return
    _, mplhep = _libraries()
    # colours go by size and so does the stack; the same labels have the same colours in both pads
    count = len(numbers.components)
    mplhep.histplot(
        [component.values for component in numbers.components],
        bins=numbers.edges,
        stack=True,
        histtype="fill",
        ax=pad,
        label=axes.component_labels(numbers),
        color=[_COLOURS[(count - 1 - index) % len(_COLOURS)] for index in range(count)],
    )


def _draw_points(numbers: PlotNumbers, points: Points, pad: Any, label: str | None = None) -> None:
    shown = np.isfinite(points.values)
    errors = np.array([points.down[shown], points.up[shown]])
    pad.errorbar(
        numbers.centres[shown],
        points.values[shown],
        yerr=errors,
        fmt="o",
        color="black",
        markersize=4.5,
        elinewidth=1.3,
        capsize=0,
        label=label,
        zorder=5,
    )


def _draw_blinded(numbers: PlotNumbers, pad: Any, label: str | None = None) -> None:
    if numbers.blinded is None:
        return
    hidden = np.flatnonzero(overlaps(numbers.edges, numbers.blinded))
    low, high = numbers.edges[hidden[0]], numbers.edges[hidden[-1] + 1]
    pad.axvspan(low, high, facecolor=_BLIND_COLOUR, edgecolor="none", zorder=0, label=label)


def _make_room(numbers: PlotNumbers, drawn: Any, pad: Any) -> None:
    """Put the legend into the upper pad, and raise the end of the axis until nothing that is drawn lies behind it."""
    handles, labels = axes.legend_entries(numbers, pad)
    columns = 2 if len(labels) > _LONGEST_COLUMN else 1
    top = axes.highest(numbers, -np.inf, np.inf)
    floor = min(0.0, 1.1 * float(numbers.total.min()))
    pad.set_ylim(floor, 1.12 * top if top > 0 else 1.0)
    if not handles:
        return
    legend = pad.legend(
        handles, labels, loc="upper right", ncols=columns, frameon=False, borderaxespad=0.6, columnspacing=1.2,
        handlelength=1.6, handletextpad=0.6, labelspacing=0.35,
    )  # fmt: skip
    drawn.canvas.draw()
    box = legend.get_window_extent().transformed(pad.transAxes.inverted())
    low, high = (numbers.edges[0] + fraction * (numbers.edges[-1] - numbers.edges[0]) for fraction in (box.x0, box.x1))
    behind = axes.highest(numbers, low, high)
    needed = floor + (behind - floor) / max(box.y0 - 0.04, 0.2)
    pad.set_ylim(floor, max(pad.get_ylim()[1], needed))
