"""Plots of one variable: each class before and after, and its ratio to the target or to the mean of all below."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from rdfplugins import plotting
from rdfplugins.resample.report import canvas

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from rdfplugins.resample.report.looks import Scene
    from rdfplugins.resample.report.spectra import Panel, Spectrum

NO_ROWS = "no rows"
COINCIDE = "curves coincide"
_SMALL = 0.01  # of the highest bin of the reference: a ratio of lower ones is chance, and would set the scale
_HIGH = 0.3  # likewise, from which uncertainties have to be on the axis
_EXACT = 1e-6
_SAME = 1e-9  # relative difference of curves that lie upon each other
_READABLE = 3  # digits of a width
_MANY = 100  # bins
_RATIOS = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
_FAR = 3.0  # a ratio above which the axis is logarithmic
_SHADED = 400  # lines times bins, up to which uncertainties are drawn
_FLOOR = 0.5  # of the lowest content that is not 0, on logarithmic axes
_DEEPEST = 1e-6


def write(spectrum: Spectrum, scene: Scene, name: str, folder: Path, *, counts: bool, log: bool) -> tuple[Path, ...]:
    """Draw a variable into ``<name>.png`` and ``<name>.pdf``; see `rdfplugins.plotting.write`."""
    return plotting.write(lambda: figure(spectrum, scene, counts=counts, log=log), name, folder)


def figure(spectrum: Spectrum, scene: Scene, *, counts: bool, log: bool) -> Any:
    """Return the matplotlib Figure of a variable, in the style that is set.

    Parameters
    ----------
    spectrum, scene
        What is drawn, and how.
    counts
        Rows (or sums of weights) in place of shares of the rows of each class.
    log
        Logarithmic axis of the contents.
    """
    scaled = [_scaled(panel, spectrum, counts=counts) for panel in spectrum.panels]
    draws_target = scene.target is None and any(panel.target is not None for panel in scaled)
    handles, labels = _legend(spectrum, scene, target=draws_target, counts=counts)
    found = canvas.new_canvas(
        len(scaled),
        handles,
        labels,
        title=plotting.readable(plotting.shortened(spectrum.variable, 60)),
        right=scene.right(spectrum.category),
        lower=True,
        titles=True,
    )
    limits = _limits(scaled, log=log)
    for panel, upper, lower in zip(scaled, found.upper, found.lower, strict=True):
        scale, one = canvas.set_scale(upper, "x", spectrum.edges, scene.unit(spectrum.variable))
        for pad in (upper, lower):
            canvas.shade_gaps(pad, spectrum.edges, spectrum.gaps)
        _draw_contents(panel, spectrum, scene, upper, log=log, target=draws_target)
        upper.set_ylim(*(_limits([panel], log=log) if counts else limits))
        upper.set_ylabel(f"{_content(panel, counts=counts)}{_per(spectrum, scale, one)}", loc="top")
        upper.set_title(panel.title, loc="left", fontsize=15, pad=6)
        upper.yaxis.get_offset_text().set_x(-0.16)
        _draw_ratio(panel, spectrum, scene, lower)
        lower.tick_params(axis="x", pad=8)  # below the lowest number of the other axis
        lower.set_xlabel(plotting.readable(plotting.shortened(spectrum.variable)) + scale.behind(), loc="right")
    found.figure.align_ylabels()
    return found.figure


def _scaled(panel: Panel, spectrum: Spectrum, *, counts: bool) -> Panel:
    """Return a panel whose contents are what is drawn: per width where widths differ, NaN in gaps."""
    widths = np.ones(len(spectrum.widths)) if spectrum.uniform else spectrum.widths.copy()
    widths[list(spectrum.gaps)] = np.nan
    totals = panel.values.sum(axis=1, keepdims=True)
    size = np.ones_like(totals) if counts else np.where(totals > 0, totals, np.nan)
    target = panel.target
    if target is not None:
        target = target / widths / (1.0 if counts else float(target.sum()) or np.nan)
    return dataclasses.replace(
        panel, values=panel.values / widths / size, errors=panel.errors / widths / size, target=target
    )


def _legend(spectrum: Spectrum, scene: Scene, *, target: bool, counts: bool) -> tuple[list[Any], list[str]]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles: list[Any] = [Line2D([], [], **look.line()) for look in scene.looks]
    labels = []
    for number, look in enumerate(scene.looks):
        empty = not any(panel.rows[number] for panel in spectrum.panels)
        remark = NO_ROWS if empty else "target" if number == scene.target else ""
        labels.append(f"{look.label} ({remark})" if remark else look.label)
    if target:
        handles.append(Line2D([], [], color="black", linestyle=":", linewidth=1.8))
        labels.append("Target (scaled)" if counts else "Target")
    if spectrum.gaps:
        handles.append(Patch(facecolor=canvas.GAP_COLOUR))
        labels.append("Out of range")
    return handles, labels


def _draw_contents(panel: Panel, spectrum: Spectrum, scene: Scene, pad: Any, *, log: bool, target: bool) -> None:
    if log:
        pad.set_yscale("log", nonpositive="clip")
    for number, look in enumerate(scene.looks):
        if panel.rows[number]:
            line = look.line(scale=_scale(spectrum))
            pad.stairs(panel.values[number], spectrum.edges, baseline=None, zorder=2 + 0.01 * number, **line)
    if target and panel.target is not None:
        pad.stairs(panel.target, spectrum.edges, baseline=None, color="black", linestyle=":", linewidth=1.8, zorder=3)
    if not any(panel.rows):
        _say_nothing(pad)
    elif _coincide(panel):
        pad.text(0.98, 0.98, COINCIDE, transform=pad.transAxes, ha="right", va="top", fontsize=11)


def _coincide(panel: Panel) -> bool:
    """Return whether the curves of two or more classes are one, so that only the last of them is seen."""
    drawn = [np.nan_to_num(values) for values, rows in zip(panel.values, panel.rows, strict=True) if rows]
    return len(drawn) > 1 and all(np.allclose(one, drawn[0], rtol=_SAME, atol=0.0) for one in drawn[1:])


def _scale(spectrum: Spectrum) -> float:
    """Return how much thinner lines of many bins are."""
    return 1.0 if len(spectrum.widths) <= _MANY else 0.55


def _say_nothing(pad: Any) -> None:
    pad.text(0.5, 0.5, NO_ROWS, transform=pad.transAxes, ha="center", va="center", color="#8a9299")


def _limits(panels: Sequence[Panel], *, log: bool) -> tuple[float, float]:
    """Return the ends of the axis for everything that is drawn in some panels."""
    parts = [panel.values.ravel() for panel in panels]
    parts += [panel.target for panel in panels if panel.target is not None]
    values = np.concatenate(parts)
    filled = values[np.isfinite(values) & (values > 0)]
    if not len(filled):
        return (0.1, 1.0) if log else (0.0, 1.0)
    top = float(filled.max())
    if not log:
        return 0.0, 1.12 * top
    floor = max(_FLOOR * float(filled.min()), _DEEPEST * top)
    return floor, top * (top / floor) ** 0.06


def _content(panel: Panel, *, counts: bool) -> str:
    if not counts:
        return "Fraction of rows"
    return "Sum of weights" if "weighted" in panel.title else "Rows"


def _per(spectrum: Spectrum, scale: canvas.Scale, one: float) -> str:
    """Return the width of a bin in the numbers of its axis, of which 1 is ``one``; in words where it is not round."""
    if not spectrum.uniform:
        return " / width of bin"
    width = float(spectrum.widths[0])
    if np.isclose(width, 1.0) and not scale.unit:
        return ""  # a number of objects
    rounded = float(f"{width / one:.{_READABLE}g}")
    if spectrum.automatic or scale.power or not np.isclose(width / one, rounded, rtol=_EXACT):
        return " / bin"
    return f" / {canvas.short_number(rounded)}{f' {scale.unit}' if scale.unit else ''}"


def _reference(panel: Panel) -> NDArray[np.float64] | None:
    """Return what ratios are relative to, NaN where that is empty: the target, else the mean of classes with rows."""
    reference = panel.target
    if reference is None:
        filled = [values for values, rows in zip(panel.values, panel.rows, strict=True) if rows]
        if not filled:
            return None
        reference = np.mean(filled, axis=0)
    return np.where(reference > 0, reference, np.nan)


def _draw_ratio(panel: Panel, spectrum: Spectrum, scene: Scene, pad: Any) -> None:
    pad.axhline(1.0, color="black", linewidth=1.0, zorder=1)
    pad.set_ylabel("Ratio to\ntarget" if panel.target is not None else "Ratio to\nmean", loc="center", fontsize=14)
    reference = _reference(panel)
    if reference is None or not np.any(np.isfinite(reference)):
        pad.set_ylim(0.0, 2.0)
        return
    tops = np.nan_to_num(reference) / float(np.nanmax(reference))
    near = [np.ones(1)]
    for number, look in enumerate(scene.looks):
        if not panel.rows[number]:
            continue
        ratio, error = panel.values[number] / reference, panel.errors[number] / reference
        near.append(ratio[tops > _SMALL])
        pad.stairs(
            ratio, spectrum.edges, baseline=None, zorder=2 + 0.01 * number, **look.line(scale=0.85 * _scale(spectrum))
        )
        if number == scene.target or len(scene.looks) * len(ratio) > _SHADED or _is_exact(ratio):
            continue  # too many bands, or nothing is left to chance
        near += [(ratio + sign * error)[tops > _HIGH] for sign in (-1, 1)]
        low, top = (np.nan_to_num(ratio + sign * error, nan=1.0) for sign in (-1, 1))
        pad.stairs(top, spectrum.edges, baseline=low, fill=True, facecolor=look.colour, alpha=0.18, linewidth=0)
    _set_ratio_axis(pad, np.concatenate(near))


def _is_exact(ratio: NDArray[np.float64]) -> bool:
    """Return whether most bins are filled exactly: their ratios are the same."""
    there = ratio[np.isfinite(ratio)]
    return not len(there) or float(np.median(np.abs(there - np.median(there)))) < _EXACT


def _set_ratio_axis(pad: Any, values: NDArray[np.float64]) -> None:
    """Set the axis around 1 as far as the values go; logarithmic where some are many times larger than others."""
    finite = values[np.isfinite(values)]
    top = 1.05 * float(finite.max())
    if top > _FAR:
        pad.set_yscale("log", nonpositive="clip")
        end = 10.0 if top <= 10.0 else 100.0  # noqa: PLR2004 (a decade, or two)
        pad.set_ylim(0.7 / end, end / 0.7)
        return
    width = plotting.relative_limits(finite, _RATIOS)
    pad.set_ylim(1.0 - width, _FAR if top > 1.0 + _RATIOS[-1] else 1.0 + width)
    pad.locator_params(axis="y", nbins=4, prune="upper")
