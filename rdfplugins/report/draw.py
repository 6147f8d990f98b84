"""Drawing of a histogram: data, stack, lines of signal and the fit; below them the residual or the ratio."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rdfplugins import plotting
from rdfplugins.report import axes, lower
from rdfplugins.report.blinding import overlaps

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from rdfplugins.report.model import Component, PlotNumbers, Points

_CURVE_POINTS = 400


def write_plot(numbers: PlotNumbers, folder: Path) -> tuple[Path, ...]:
    """Draw a plot into ``<name>.png`` and ``<name>.pdf``; see `rdfplugins.plotting.write`."""
    return plotting.write(lambda: figure(numbers), numbers.name, folder)


def figure(numbers: PlotNumbers) -> Any:
    """Return the matplotlib Figure of a plot, in the style that is set."""
    drawn, upper, below = plotting.new_figure(lower=numbers.residual is not None or numbers.ratio is not None)
    if numbers.log:
        upper.set_yscale("log", nonpositive="clip")
    upper.set_xlim(numbers.edges[0], numbers.edges[-1])
    _draw_upper(numbers, upper)
    plotting.put_titles(drawn, upper, axes.left_title(numbers.remarks), axes.right_title(numbers.remarks))
    if below is not None:
        draw_blinded(numbers, below)
        if numbers.residual is not None:
            draw_signal_stack(numbers, below)
            draw_points(numbers.centres, numbers.residual, below)
            lower.residual(numbers, below)
        else:
            lower.ratio(numbers, below)
    (below or upper).set_xlabel(axes.x_label(numbers), loc="right")
    drawn.align_ylabels()
    handles, labels = _legend_entries(numbers, upper)
    plotting.make_room(
        drawn,
        upper,
        handles,
        labels,
        highest=lambda low, high: _highest(numbers, low, high),
        floor=_floor(numbers),
        heading=None if numbers.category is None else plotting.readable(plotting.shortened(numbers.category)),
    )
    return drawn


def _draw_upper(numbers: PlotNumbers, pad: Any) -> None:
    if numbers.stack_is_seen:
        _draw_stack(numbers.stack, numbers.edges, pad, labelled=True)
    if numbers.band is not None:
        _draw_band(numbers, pad)
    if numbers.factor is not None and not numbers.lines:
        label = axes.scaled_label("Signal", numbers.factor)
        pad.stairs(
            numbers.total * numbers.factor, numbers.edges, color=plotting.LINE_COLOUR, linewidth=1.8, label=label
        )
    for index, part in enumerate(numbers.lines):
        pad.stairs(
            part.values * (numbers.factor or 1),
            numbers.edges,
            color=plotting.LINE_COLOURS[index % len(plotting.LINE_COLOURS)],
            linestyle=plotting.LINE_STYLES[index % len(plotting.LINE_STYLES)],
            linewidth=2.0,
            label=axes.scaled_label(axes.component_label(part), numbers.factor or 1),
        )
    _draw_fit(numbers, pad)
    if numbers.data is not None:
        draw_points(numbers.centres, numbers.data, pad, label=axes.data_label(numbers.remarks))
    draw_blinded(numbers, pad, label=axes.BLINDED_LABEL)
    if numbers.data_hidden:
        pad.plot([], [], linestyle="none", label=axes.HIDDEN_LABEL)
    if numbers.is_mass and numbers.data is not None and numbers.fit is None:
        pad.plot([], [], linestyle="none", label=axes.NO_FIT)
    if not pad.get_legend_handles_labels()[0]:  # an empty frame would not say whether something failed
        pad.plot([], [], linestyle="none", label=axes.NO_EVENTS)
    pad.set_ylabel(axes.y_label(numbers), loc="top")


def _draw_fit(numbers: PlotNumbers, pad: Any) -> None:
    if numbers.fit is None:
        return
    fit, result = numbers.fit, numbers.fit.result
    x = np.linspace(numbers.edges[0], numbers.edges[-1], _CURVE_POINTS)
    if result.gaussian is None:
        pad.plot(x, result(x), color=plotting.FIT_COLOUR, linestyle="--", linewidth=1.6, label=axes.fit_label(fit))
        return
    pad.plot(x, result(x), color=plotting.FIT_COLOUR, linewidth=1.6, label=axes.fit_label(fit))
    label = axes.background_label(fit)
    pad.plot(x, result.background(x), color=plotting.FIT_COLOUR, linestyle="--", linewidth=1.4, label=label)


def _draw_stack(parts: tuple[Component, ...], edges: NDArray[np.float64], pad: Any, *, labelled: bool = False) -> None:
    if not parts:
        return
    _, mplhep = plotting.libraries()
    mplhep.histplot(
        [part.values for part in parts],
        bins=edges,
        stack=True,
        histtype="fill",
        ax=pad,
        label=[axes.component_label(part) for part in parts] if labelled else None,
        color=[plotting.COLOURS[part.number % len(plotting.COLOURS)] for part in parts],
    )


def _draw_band(numbers: PlotNumbers, pad: Any) -> None:
    """Draw the uncertainty of the stack; that of signal beside data lies on the line that lifts it, if there is one."""
    band = numbers.band
    assert band is not None
    varied = bool(np.any(band.up) or np.any(band.down))
    of_signal = numbers.data is not None and numbers.is_all_signal
    if varied:
        factor = (numbers.factor or 1) if of_signal else 1
        low, high = factor * (band.total - band.all_down), factor * (band.total + band.all_up)
        lower.shade(pad, numbers.edges, low, high, axes.OF_SIGNAL if of_signal else axes.SYSTEMATIC)
    if not of_signal:  # of signal below the data, the line is too thin for its statistical uncertainty
        low, high = band.total - band.statistical, band.total + band.statistical
        lower.hatch(pad, numbers.edges, low, high, axes.STATISTICAL)


def draw_signal_stack(numbers: PlotNumbers, pad: Any) -> None:
    """Draw signal above a background that was subtracted: as a stack if it is one, else its sum as a line."""
    if numbers.stack and numbers.is_all_signal:
        _draw_stack(numbers.stack, numbers.edges, pad)
    elif numbers.lines:
        pad.stairs(numbers.signal, numbers.edges, color="black", linewidth=1.4, label="Signal")
        pad.legend(loc="upper right", fontsize=11, frameon=False, borderaxespad=0.2, handlelength=1.4)


def draw_points(x: NDArray[np.float64], points: Points, pad: Any, label: str | None = None) -> None:
    """Draw data points with their errors; hidden ones leave nothing."""
    shown = np.isfinite(points.values)
    pad.errorbar(
        x[shown],
        points.values[shown],
        yerr=np.array([points.down[shown], points.up[shown]]),
        label=label,
        **plotting.POINTS,
    )


def draw_blinded(numbers: PlotNumbers, pad: Any, label: str | None = None) -> None:
    """Shade the bins in which data are hidden."""
    if numbers.blinded is None:
        return
    hidden = np.flatnonzero(overlaps(numbers.edges, numbers.blinded))
    ends = numbers.edges[hidden[0]], numbers.edges[hidden[-1] + 1]
    pad.axvspan(*ends, facecolor=plotting.BLIND_COLOUR, edgecolor="none", zorder=0, label=label)


def _legend_entries(numbers: PlotNumbers, pad: Any) -> tuple[list[Any], list[str]]:
    """Return handles and labels as they are read: data, fit, lines, stack from its top, uncertainties, blinding."""
    handles, labels = pad.get_legend_handles_labels()
    stack = [axes.component_label(part) for part in numbers.stack]
    last = (axes.STATISTICAL, axes.SYSTEMATIC, axes.OF_SIGNAL, axes.BLINDED_LABEL, axes.HIDDEN_LABEL, axes.NO_FIT)
    fits = [] if numbers.fit is None else [axes.fit_label(numbers.fit), axes.background_label(numbers.fit)]

    def rank(index: int) -> tuple[int, int]:
        label = labels[index]
        if label in last:
            return 4, last.index(label)
        if label in stack:
            return 3, -stack.index(label)
        if label in fits:
            return 1, fits.index(label)
        return (0, 0) if label == axes.data_label(numbers.remarks) else (2, index)

    order = sorted(range(len(labels)), key=rank)
    return [handles[index] for index in order], [labels[index] for index in order]


def _highest(numbers: PlotNumbers, low: float, high: float) -> float:
    """Return the highest of everything drawn in the upper pad for x between ``low`` and ``high``; 0 if nothing is."""
    near = (numbers.edges[1:] > low) & (numbers.edges[:-1] < high)
    factor = numbers.factor or 1
    tops = [np.zeros(1), numbers.total[near] * (1 if numbers.lines else factor)]
    tops += [part.values[near] * factor for part in numbers.lines]
    if numbers.band is not None:
        tops.append((numbers.band.total + numbers.band.all_up)[near] * (1 if numbers.lines else factor))
    if numbers.data is not None:
        tops.append((numbers.data.values + numbers.data.up)[near])
    if numbers.fit is not None:
        tops.append(numbers.fit.result(numbers.centres)[near])
    return float(np.nanmax(np.concatenate(tops)))


def _floor(numbers: PlotNumbers) -> float:
    """Return the lower end of the upper pad: 0 or below; on a logarithmic axis below all that is not empty."""
    if not numbers.log:
        lines = [0.0, *(float(part.values.min()) * (numbers.factor or 1) for part in numbers.lines)]
        return min(*lines, 1.1 * float(numbers.total.min()))
    # a little below the top of the lowest component, and below each bin of data
    ends = [0.05 * float(part.values.max()) for part in (*numbers.stack, *numbers.lines)]
    if numbers.data is not None:
        values = numbers.data.values
        ends += [0.5 * float(value) for value in values[np.isfinite(values)]]
    return min((end for end in ends if end > 0), default=0.1)
