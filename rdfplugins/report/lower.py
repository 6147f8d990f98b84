"""The pad below a plot: data less a fit, data over simulation; and bands of uncertainty."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rdfplugins import plotting
from rdfplugins.report import axes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rdfplugins.report.model import PlotNumbers

_CURVE_POINTS = 400
_WIDTHS = (0.1, 0.2, 0.5)


def residual(numbers: PlotNumbers, pad: Any) -> None:
    """Draw the fit of which the background was subtracted, and set the axis of the residual."""
    assert numbers.residual is not None
    assert numbers.fit is not None
    fit, points = numbers.fit, numbers.residual
    pad.axhline(0.0, color=plotting.FIT_COLOUR, linestyle="--", linewidth=1.4)
    ends = [*(points.values - points.down), *(points.values + points.up), *numbers.signal]
    if fit.result.gaussian is not None:
        x = np.linspace(numbers.edges[0], numbers.edges[-1], _CURVE_POINTS)
        curve = fit.result.gaussian(x)
        pad.plot(x, curve, color=plotting.FIT_COLOUR, linewidth=1.6)
        ends += [float(curve.max())]
    pad.set_ylabel(axes.residual_label(fit), loc="center")
    low, high = float(np.nanmin(ends)), float(np.nanmax(ends))
    margin = 0.12 * (high - low) or 1.0
    pad.set_ylim(min(low - margin, -margin), high + margin)
    pad.locator_params(axis="y", nbins=5)


def ratio(numbers: PlotNumbers, pad: Any) -> None:
    """Draw data over simulation; a point beyond the axis becomes a triangle at its end."""
    assert numbers.ratio is not None
    found, band = numbers.ratio, numbers.ratio.band
    if np.any(band.up > 0) or np.any(band.down > 0):
        shade(pad, numbers.edges, band.total - band.all_down, band.total + band.all_up)
    hatch(pad, numbers.edges, band.total - band.statistical, band.total + band.statistical)
    pad.axhline(1.0, color="black", linewidth=1.0)
    width = plotting.relative_limits(found.values, widths=_WIDTHS)
    shown = np.isfinite(found.values)
    inside = shown & (np.abs(found.values - 1.0) <= width)
    x, values = numbers.centres, found.values
    errors = np.array([found.down[inside], found.up[inside]])
    pad.errorbar(x[inside], values[inside], yerr=errors, **plotting.POINTS)
    for beyond, marker, end in ((values > 1.0 + width, "^", 0.93), (values < 1.0 - width, "v", -0.93)):
        place = x[shown & beyond]
        pad.plot(place, np.full(len(place), 1.0 + end * width), marker, color="black", markersize=6)
    pad.set_ylim(1.0 - width, 1.0 + width)
    pad.set_ylabel("Data / bkg." if numbers.lines else "Data / MC", loc="center")
    pad.locator_params(axis="y", nbins=5)


def shade(
    pad: Any, edges: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64], label: str | None = None
) -> None:
    """Draw a band as a light area."""
    look = {"facecolor": plotting.BAND_COLOUR, "alpha": 0.25, "label": label}
    pad.stairs(high, edges, baseline=low, fill=True, linewidth=0, **look)


def hatch(
    pad: Any, edges: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64], label: str | None = None
) -> None:
    """Draw a band as hatching."""
    look = {"facecolor": "none", "edgecolor": plotting.BAND_COLOUR, "hatch": "/////", "label": label}
    pad.stairs(high, edges, baseline=low, fill=True, linewidth=0, **look)
