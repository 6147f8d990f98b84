"""Plots of numbers of rows: of each class before and after, and how often single rows were taken."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from rdfplugins import plotting
from rdfplugins.resample.report import canvas

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from rdfplugins.resample.report.looks import Look, Scene
    from rdfplugins.resample.report.numbers import Numbers

_MOST_STEPS = 100
_LOG = 50.0  # largest over smallest number of rows, from which the axis is logarithmic
_PALE = 0.35


def write_classes(numbers: Numbers, scene: Scene, name: str, folder: Path) -> tuple[Path, ...]:
    """Draw the rows of each class; see `rdfplugins.plotting.write`."""
    return plotting.write(lambda: classes_figure(numbers, scene), name, folder)


def write_copies(numbers: Numbers, scene: Scene, name: str, folder: Path) -> tuple[Path, ...]:
    """Draw how often rows were taken; see `rdfplugins.plotting.write`."""
    return plotting.write(lambda: copies_figure(numbers, scene), name, folder)


def classes_figure(numbers: Numbers, scene: Scene) -> Any:
    """Return the matplotlib Figure of the rows of each class: in range, taken, and the different ones of these."""
    from matplotlib.patches import Patch

    kinds: dict[str, dict[str, Any]] = {
        "In range": {"facecolor": "#555555", "alpha": _PALE},
        "Taken": {"facecolor": "#555555"},
        "Different rows taken": {"facecolor": "white", "edgecolor": "#555555", "hatch": "////"},
    }
    handles = [Patch(**look) for look in kinds.values()]
    high = max(1.6, 0.72 * len(scene.looks) + 0.4)
    left = min(4.6, 1.0 + 0.115 * max((len(look.label) for look in scene.looks), default=0))
    found = canvas.new_canvas(
        1, handles, list(kinds), title="Rows of each class", right=scene.right(), lower=False, height=high, left=left
    )
    (pad,) = found.upper
    found_rows = [(whole.part.in_range, whole.written, whole.different) for whole in numbers.wholes]
    rows = np.array(found_rows, np.float64).reshape(-1, 3)
    filled = rows[rows > 0]
    log = bool(len(filled)) and float(filled.max()) > _LOG * float(filled.min())
    top = float(filled.max()) if len(filled) else 1.0
    low = 10.0 ** math.floor(math.log10(float(filled.min())) - 0.3) if log else 0.0
    if log:
        pad.set_xscale("log")
    pad.set_xlim(low, top * (top / low) ** 0.16 if log else 1.18 * top)
    for number, look in enumerate(scene.looks):
        for kind, style in enumerate(kinds.values()):
            _bar(pad, number + 0.27 * (kind - 1), float(rows[number, kind]), look, style, low=low)
    pad.set_ylim(len(scene.looks) - 0.4, -0.6)
    pad.set_yticks(range(len(scene.looks)), [look.label for look in scene.looks])
    pad.yaxis.set_minor_locator(plotting.no_ticks())
    pad.tick_params(axis="y", length=0)
    pad.set_xlabel("Rows", loc="right")
    return found.figure


def _bar(pad: Any, place: float, rows: float, look: Look, style: dict[str, Any], *, low: float) -> None:
    colours = {"facecolor": look.colour} if "hatch" not in style else {"edgecolor": look.colour}
    pad.barh(place, max(rows - low, 0.0), left=low, height=0.25, **{"linewidth": 0.8, **style, **colours})
    pad.annotate(
        f"{int(rows)}", (max(rows, low), place), xytext=(4, 0), textcoords="offset points", va="center", fontsize=10
    )


def copies_figure(numbers: Numbers, scene: Scene) -> Any:
    """Return the matplotlib Figure of the number of rows that were taken 0, 1, 2 ... times."""
    from matplotlib.lines import Line2D
    from matplotlib.ticker import MaxNLocator

    handles = [Line2D([], [], **look.line()) for look in scene.looks]
    found = canvas.new_canvas(
        1, handles, [look.label for look in scene.looks], title="Copies of each row", right=scene.right(), lower=False
    )
    (pad,) = found.upper
    most = max((whole.largest for whole in numbers.wholes), default=0)
    step = math.ceil((most + 1) / _MOST_STEPS)
    edges = np.arange(0, most + 1 + step, step) - 0.5
    drawn: list[NDArray[Any]] = [np.ones(1)]
    for number, (whole, look) in enumerate(zip(numbers.wholes, scene.looks, strict=True)):
        rows = _grouped(whole.copies, step, len(edges) - 1)
        if rows.any():
            pad.stairs(rows, edges, baseline=None, zorder=2 + 0.01 * number, **look.line())
            drawn.append(rows[rows > 0])
    ends = np.concatenate(drawn[1:] or drawn)
    if float(ends.max()) > _LOG * float(ends.min()):
        pad.set_yscale("log", nonpositive="clip")
        canvas.put_ticks(pad, "y", 0.5 * float(ends.min()), 2.0 * float(ends.max()))
    else:
        pad.set_ylim(0.0, 1.15 * float(ends.max()))
    pad.set_xlim(edges[0], max(edges[-1], 1.5))
    pad.xaxis.set_major_locator(MaxNLocator(integer=True))
    pad.xaxis.set_minor_locator(plotting.no_ticks())
    pad.set_xlabel("Copies" if step == 1 else f"Copies, in steps of {step}", loc="right")
    pad.set_ylabel("Rows", loc="top")
    return found.figure


def _grouped(copies: NDArray[np.int64], step: int, groups: int) -> NDArray[np.int64]:
    wide = np.zeros(groups * step, np.int64)
    wide[: min(len(copies), len(wide))] = copies[: len(wide)]
    return np.asarray(wide.reshape(groups, step).sum(axis=1))
