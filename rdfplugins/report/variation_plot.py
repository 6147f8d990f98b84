"""The plot of a systematic variation: a histogram with it, up and down, and without."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rdfplugins import plotting
from rdfplugins.report import axes, lower
from rdfplugins.report.blinding import mass_histogram
from rdfplugins.report.model import VariationNumbers
from rdfplugins.report.prepare import axis, components, luminosity_of, quantity_of, remarks_of, title_of
from rdfplugins.report.systematics import shifts_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from rdfplugins.config import Config
    from rdfplugins.report.contents import Contents

_NOMINAL = "Nominal"
_LOOKS = {"up": {"color": "#e42536", "linestyle": "-"}, "down": {"color": "#5790fc", "linestyle": "--"}}
# Of the highest bin: a ratio of bins lower than this is chance, and would set the scale of the axis.
_SMALL = 0.01
# Bins with a larger relative error have no ratio that means anything; their numbers are in the JSON file.
_NOISE = 0.5
_WIDTHS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
_VISIBLE = 1e-3  # of the content of a bin: less is no shift that a plot could show
_INSIDE = 0.93  # where the triangles stand, of the half height of the pad


def prepare_variations(config: Config, histogram: str, samples: Sequence[Contents]) -> list[VariationNumbers]:
    """Return the numbers for each variation that simulated samples have, without the names of files."""
    parts = components(config, histogram, samples, category=None, have_data=False)
    if not parts:
        return []
    spec = config.select.histograms[histogram]
    is_mass = histogram == mass_histogram(config)
    first = samples[0].regions[None].histograms[histogram]
    scale, unit = axis(config, spec, first, is_mass=is_mass)
    nominal = np.asarray(sum(part.values for part in parts))
    return [
        VariationNumbers(
            name="",
            histogram=histogram,
            variation=shift.name,
            column=spec.column,
            title=title_of(config, spec, unit, first.title),
            edges=first.edges * scale,
            unit=unit,
            quantity=quantity_of(config),
            nominal=nominal,
            errors=np.sqrt(np.asarray(sum(part.variances for part in parts))),
            up=None if shift.up is None else nominal + shift.up,
            down=None if shift.down is None else nominal + shift.down,
            remarks=remarks_of(config, [sample for sample in samples if not sample.is_data]),
        )
        for shift in shifts_of(histogram, samples, luminosity_of(config))
    ]


def shifts_anything(numbers: VariationNumbers) -> bool:
    """Return whether the variation shifts a bin that has content by more than 0.1 %."""
    ratios = [ratio for ratio in (relative(numbers, way) for way in _LOOKS) if ratio is not None]
    return any(bool(np.any(np.abs(ratio[np.isfinite(ratio)] - 1.0) > _VISIBLE)) for ratio in ratios)


def write_variation(numbers: VariationNumbers, folder: Path) -> tuple[Path, ...]:
    """Draw a variation into ``<name>.png`` and ``<name>.pdf``; see `rdfplugins.plotting.write`."""
    return plotting.write(lambda: figure(numbers), numbers.name, folder)


def relative(numbers: VariationNumbers, way: str) -> NDArray[np.float64] | None:
    """Return contents with the variation over those without, float64[n]; NaN where there are none."""
    varied: NDArray[np.float64] | None = getattr(numbers, way)
    if varied is None:
        return None
    return varied / np.where(numbers.nominal > 0, numbers.nominal, np.nan)


def figure(numbers: VariationNumbers) -> Any:
    """Return the matplotlib Figure of a variation, in the style that is set."""
    drawn, upper, below = plotting.new_figure(lower=True)
    edges, nominal, errors = numbers.edges, numbers.nominal, numbers.errors
    upper.set_xlim(edges[0], edges[-1])
    upper.stairs(nominal, edges, color="black", linewidth=1.6, label=_NOMINAL)
    lower.hatch(upper, edges, nominal - errors, nominal + errors, axes.STATISTICAL)
    below.axhline(1.0, color="black", linewidth=1.2)
    tops, drawn_ratios, near = [nominal + errors], [], [np.ones(1)]
    for way, look in _LOOKS.items():
        varied, ratio = getattr(numbers, way), relative(numbers, way)
        if varied is None or ratio is None:
            continue
        name = plotting.plain(plotting.shortened(numbers.variation))
        upper.stairs(varied, edges, linewidth=1.6, label=f" {name} {way}".removeprefix(" "), **look)
        drawn_ratios.append((np.where(errors < _NOISE * nominal, ratio, np.nan), look))
        tops.append(varied)
        near.append(ratio[nominal > _SMALL * float(nominal.max())])
    upper.set_ylabel(axes.y_label(numbers), loc="top")
    plotting.put_titles(drawn, upper, axes.left_title(numbers.remarks), axes.right_title(numbers.remarks))
    width = plotting.relative_limits(np.concatenate(near), _WIDTHS)
    below.set_ylim(1.0 - width, 1.0 + width)
    for ratio, look in drawn_ratios:
        _draw_ratio(below, edges, ratio, width, look)
    below.set_ylabel("Ratio to nominal", loc="center", fontsize=14)
    below.set_xlabel(axes.x_label(numbers), loc="right")
    below.locator_params(axis="y", nbins=5)
    drawn.align_ylabels()
    handles, labels = upper.get_legend_handles_labels()

    def highest(low: float, high: float) -> float:
        inside = (edges[1:] > low) & (edges[:-1] < high)
        return max(0.0, *(float(top[inside].max()) for top in tops))

    floor = min(0.0, 1.1 * min(float(top.min()) for top in tops))
    plotting.make_room(drawn, upper, handles, labels, highest=highest, floor=floor)
    return drawn


def _draw_ratio(
    pad: Any, edges: NDArray[np.float64], ratio: NDArray[np.float64], width: float, look: dict[str, str]
) -> None:
    """Draw a ratio as steps from 1 and back to it; a triangle at the end of the axis stands for what is beyond."""
    there = np.flatnonzero(np.isfinite(ratio))
    # bins that follow each other are one line, whose ends lead to 1: a line in the middle of nowhere tells nothing
    for group in np.split(there, np.flatnonzero(np.diff(there) > 1) + 1):
        if len(group):
            pad.stairs(ratio[group], edges[group[0] : group[-1] + 2], baseline=1.0, linewidth=1.6, **look)
    centres = (edges[:-1] + edges[1:]) / 2.0
    for beyond, marker, end in ((ratio > 1.0 + width, "^", _INSIDE), (ratio < 1.0 - width, "v", -_INSIDE)):
        place = centres[beyond]
        pad.plot(place, np.full(len(place), 1.0 + end * width), marker, color=look["color"], markersize=6)
