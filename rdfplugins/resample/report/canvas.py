"""Pads of a plot beside each other, with one legend above all of them: nothing that is drawn can lie behind it."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from rdfplugins import plotting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

WIDTH = 13.5
_SINGLE = 8.6
_LEFT, _RIGHT, _BETWEEN = 1.15, 0.3, 1.05  # inches around the pads
_TOP, _BOTTOM = 0.36, 0.8  # of titles and of axes
_HEADER = 0.42
_UPPER, _LOWER, _SLIT = 4.3, 1.55, 0.14
_MOST_COLUMNS = 6
_SPREAD = 8.0  # widest over narrowest bin, from which a linear axis hides the narrow ones
_JUMP = 2.0
_DECADES = 1000.0  # a range of more is written in powers of ten
_NEAR = 0.085  # of the axis, between two numbers
_EASY = (1e-2, 1e5)  # numbers between these are easily read
_FEW = 25.0
_TIMES = "\N{MULTIPLICATION SIGN}"
_ENERGIES = ("eV", "keV", "MeV", "GeV", "TeV", "PeV")  # each 1000 times the one before
GAP_COLOUR = "#ececec"


@dataclasses.dataclass(frozen=True)
class Canvas:
    """A figure and its pads.

    Attributes
    ----------
    figure
        Of matplotlib.
    upper, lower
        The pads, from left to right; ``lower`` is empty where there are none below.
    """

    figure: Any
    upper: tuple[Any, ...]
    lower: tuple[Any, ...]


def new_canvas(
    columns: int,
    handles: Sequence[Any],
    labels: Sequence[str],
    *,
    title: str,
    right: str,
    lower: bool,
    titles: bool = False,
    height: float = _UPPER,
    left: float = _LEFT,
) -> Canvas:
    """Return pads beside each other under a title and a legend.

    Parameters
    ----------
    columns
        Number of pads beside each other.
    handles, labels
        Of the legend.
    title, right
        Words above the legend.
    lower
        Whether each pad has another one below.
    titles
        Whether pads have titles.
    height, left
        Of the upper pads, and of the room for what is written beside them; in inches.
    """
    figure = new_figure(WIDTH if columns > 1 else _SINGLE, height)
    width = figure.get_figwidth()
    legend, high = _legend(figure, handles, labels, width - left - _RIGHT)
    inner = (width - left - _RIGHT - (columns - 1) * _BETWEEN) / columns
    below = (_SLIT + _LOWER) if lower else 0.0
    total = _BOTTOM + below + height + (_TOP if titles else 0.08) + high + _HEADER
    figure.set_figheight(total)
    if legend is not None:
        legend.set_bbox_to_anchor((left / width, 1.0 - _HEADER / total), transform=figure.transFigure)
    put_header(figure, title, right, left=left)

    def pad(column: int, bottom: float, size: float, **more: Any) -> Any:
        start = left + column * (inner + _BETWEEN)
        return figure.add_axes((start / width, bottom / total, inner / width, size / total), **more)

    upper = tuple(pad(column, _BOTTOM + below, height) for column in range(columns))
    if not lower:
        return Canvas(figure, upper, ())
    for one in upper:
        one.tick_params(labelbottom=False)
    return Canvas(figure, upper, tuple(pad(column, _BOTTOM, _LOWER, sharex=one) for column, one in enumerate(upper)))


def new_figure(width: float, height: float) -> Any:
    """Return an empty figure of a size in inches."""
    plotting.libraries()
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height))
    FigureCanvasAgg(figure)
    return figure


def put_header(figure: Any, title: str, right: str, *, left: float = _LEFT) -> None:
    """Write two texts into the first line of a figure; the one on the left gets smaller where it is too long."""
    width, height = figure.get_size_inches()
    line = 1.0 - 0.5 * _HEADER / height
    end = figure.text(1.0 - _RIGHT / width, line, right, ha="right", va="center", fontsize=15)
    start = figure.text(left / width, line, title, ha="left", va="center", fontsize=17, fontweight="bold")
    renderer = figure.canvas.get_renderer()
    room = end.get_window_extent(renderer).x0 - 0.2 * figure.dpi - left * figure.dpi
    wide = start.get_window_extent(renderer).width
    if wide > room > 0:
        start.set_fontsize(max(17 * room / wide, 7.0))


def _legend(figure: Any, handles: Sequence[Any], labels: Sequence[str], room: float) -> tuple[Any, float]:
    """Return the legend with as many columns as there is room for, and its height; both in inches."""
    if not handles:
        return None, 0.0
    for columns in range(min(_MOST_COLUMNS, len(handles)), 0, -1):
        legend = figure.legend(
            handles, labels, loc="upper left", ncols=columns, frameon=False, borderaxespad=0.0, borderpad=0.1,
            columnspacing=1.4, handlelength=1.8, handletextpad=0.6, labelspacing=0.35,
        )  # fmt: skip
        box = legend.get_window_extent(figure.canvas.get_renderer())
        if box.width / figure.dpi <= room or columns == 1:
            break
        legend.remove()
    return legend, box.height / figure.dpi + 0.12


@dataclasses.dataclass(frozen=True)
class Scale:
    """What the numbers of an axis are in.

    Attributes
    ----------
    power
        Of ten, by which they are to be multiplied.
    unit
        In the language of matplotlib; empty for none.
    """

    power: int = 0
    unit: str = ""

    def behind(self) -> str:
        """Return what is written behind the name of the variable."""
        power = rf"$\mathdefault{{10^{{{self.power}}}}}$" if self.power else ""
        found = " ".join(one for one in (power, self.unit) if one)
        return f" [{found}]" if found else ""


def scale_of(power: int, unit: str) -> tuple[Scale, float]:
    """Return what numbers of ``unit`` are in that are divided by a power of ten, and one of it in ``unit``.

    Examples
    --------
    >>> scale_of(3, "MeV"), scale_of(3, "mm")
    ((Scale(power=0, unit='GeV'), 1000.0), (Scale(power=3, unit='mm'), 1000.0))
    """
    steps, rest = divmod(power, 3)
    number = _ENERGIES.index(unit) + steps if unit in _ENERGIES else -1
    if rest or not 0 <= number < len(_ENERGIES):
        return Scale(power, plotting.plain(unit)), 10.0**power
    return Scale(0, _ENERGIES[number]), 10.0**power


def set_scale(pad: Any, which: str, edges: NDArray[np.float64], unit: str = "") -> tuple[Scale, float]:
    """Set the range of an axis (``x`` or ``y``) to bins; logarithmic above narrow bins that a linear axis would hide.

    Returns
    -------
    What its numbers are in, and how much 1 is on this axis.
    """
    return scale_of(_set_scale(pad, which, edges), unit)


def _set_scale(pad: Any, which: str, edges: NDArray[np.float64]) -> int:
    """Set the axis, and return the power of ten by which its numbers are divided."""
    from matplotlib.ticker import MaxNLocator, NullLocator

    widths = np.diff(edges)
    low, high = float(edges[0]), float(edges[-1])
    setter, axis = (pad.set_xscale, pad.xaxis) if which == "x" else (pad.set_yscale, pad.yaxis)
    if low >= 0 and float(widths.max()) > _SPREAD * float(widths.min()):
        wider = np.flatnonzero(widths > _JUMP * widths[0])
        start = float(edges[wider[0]]) if len(wider) else 0.0
        if low > 0:
            setter("log")
            put_ticks(pad, which, low, high)
            return 0 if high > _DECADES * low else _in_powers(axis, high)
        if 0 < start < high:
            setter("symlog", linthresh=start, linscale=max(0.7, 0.8 * math.log10(high / start)))
            put_ticks(pad, which, low, high, linear=start)
            return 0 if high > _DECADES * start else _in_powers(axis, high)
    (pad.set_xlim if which == "x" else pad.set_ylim)(low, high)
    if np.allclose(widths, 1.0) and high - low <= _FEW and not np.allclose(edges, np.round(edges)):
        axis.set_major_locator(MaxNLocator(integer=True))  # numbers of objects, each in the middle of its bin
        axis.set_minor_locator(NullLocator())
    return _in_powers(axis, max(abs(low), abs(high)))


def _in_powers(axis: Any, largest: float) -> int:
    """Write large and small numbers as multiples of 1000, 1e6 ..., which the name of the axis then says."""
    from matplotlib.ticker import FuncFormatter

    if largest == 0 or _EASY[0] <= largest < _EASY[1]:
        return 0
    power = 3 * math.floor(math.log10(largest) / 3)
    unit = 10.0**power
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value / unit:.6g}"))
    return power


def put_ticks(pad: Any, which: str, low: float, high: float, linear: float | None = None) -> None:
    """Put numbers where they do not touch: powers of ten first, then their halves and fifths."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    axis = pad.xaxis if which == "x" else pad.yaxis
    (pad.set_xlim if which == "x" else pad.set_ylim)(low, high)

    def place(value: float) -> float:
        point = pad.transScale.transform((value, value))[0 if which == "x" else 1]
        ends = pad.transScale.transform([(low, low), (high, high)])[:, 0 if which == "x" else 1]
        return float((point - ends[0]) / (ends[1] - ends[0]))

    powers = range(math.floor(math.log10(linear or low)) - 1, math.ceil(math.log10(high)) + 1)
    wanted = [*([low] if low == 0 else []), *([linear] if linear else [])]
    for factor in (1.0, 5.0, 2.0):
        wanted += [factor * 10.0**power for power in powers]
    chosen: list[float] = []
    for value in wanted:
        if low <= value <= high and all(abs(place(value) - place(other)) > _NEAR for other in chosen):
            chosen.append(value)
    axis.set_major_locator(FixedLocator(sorted(chosen)))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: short_number(value)))


def short_number(value: float) -> str:
    """Return a number for an axis, in the language of matplotlib: very large and small ones with a power of ten.

    Examples
    --------
    >>> short_number(0.5), short_number(250.0)
    ('0.5', '250')
    """
    if value == 0 or _EASY[0] <= abs(value) < _EASY[1]:
        return f"{value:g}"
    power = math.floor(math.log10(abs(value)) + 1e-12)
    front = value / 10.0**power
    start = "" if math.isclose(front, 1.0) else f"{front:.3g}{_TIMES}"
    return rf"{start}$\mathdefault{{10^{{{power}}}}}$"


def shade_gaps(pad: Any, edges: NDArray[np.float64], gaps: Sequence[int]) -> None:
    """Make bins grey that are out of range."""
    for gap in gaps:
        pad.axvspan(edges[gap], edges[gap + 1], facecolor=GAP_COLOUR, edgecolor="none", zorder=0)
