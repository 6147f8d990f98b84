"""Maps of two variables: where the rows of each class are, before and after."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from rdfplugins import plotting
from rdfplugins.resample.report import canvas
from rdfplugins.resample.report.draw import NO_ROWS
from rdfplugins.resample.report.spectra import ALL, after_title, first_bins

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from rdfplugins.resample.binning import Axis
    from rdfplugins.resample.report.looks import Scene
    from rdfplugins.resample.report.numbers import Numbers
    from rdfplugins.resample.tally import Tally

_COLUMNS = 4
_PANEL = (2.55, 2.3)  # inches
_GAP_X, _GAP_Y = 0.28, 0.42
_LEFT, _RIGHT, _TOP, _BOTTOM = 1.15, 1.5, 0.3, 0.8
_BLOCK = 0.35  # between blocks of classes
_VECTORS = 400  # bins, from which a map is an image in a PDF
_LOST_COLOUR = "#f4c7c3"
_STEEP = 8.0  # highest over median bin, from which colours are logarithmic
_TITLE, _SMALLEST = 13.0, 7.0
_NARROWEST = 6.8
_MOST = 500  # bins of each variable that are drawn
_DEEPEST = 1e-5


@dataclasses.dataclass(frozen=True, eq=False)
class Map:
    """Distribution of two variables.

    Attributes
    ----------
    axes
        The two variables.
    category
        Whose rows; `ALL` where there is one category only.
    titles
        Of what stands in ``values``: before and after.
    values
        float64[2, classes, bins of the first, bins of the second], shares of the rows of each class.
    lost
        bool[bins of the first, bins of the second], bins of which nothing can be taken.
    """

    axes: tuple[Axis, Axis]
    category: str
    titles: tuple[str, str]
    values: NDArray[np.float64]
    lost: NDArray[np.bool_]


def maps_of(tally: Tally, numbers: Numbers) -> list[Map]:
    """Return a map for each category; none where there are not two variables."""
    found = []
    for index, grid in enumerate(tally.grids):
        if len(grid.axes) != len(("x", "y")):
            return []
        first = [first_bins(size, _MOST) for size in grid.shape]
        shares = []
        for contents in (tally.before[index].astype(np.float64), tally.weights[index]):
            totals = contents.sum(axis=1, keepdims=True)
            share = (contents / np.where(totals > 0, totals, 1.0)).reshape(-1, *grid.shape)
            shares.append(np.add.reduceat(np.add.reduceat(share, first[0], axis=1), first[1], axis=2))
        lost = tally.lost[index].reshape(grid.shape)
        lost = np.logical_and.reduceat(np.logical_and.reduceat(lost, first[0], axis=0), first[1], axis=1)
        found.append(
            Map(
                (_coarser(grid.axes[0], first[0]), _coarser(grid.axes[1], first[1])),
                tally.categories[index] if len(tally.grids) > 1 else ALL,
                ("Before", after_title(tally, numbers)),
                np.stack(shares),
                lost,
            )
        )
    return found


def _coarser(axis: Axis, first: NDArray[np.int64]) -> Axis:
    """Return an axis whose bins are merged, each with those up to the next of ``first``."""
    if len(first) == axis.bins:
        return axis
    gap = np.logical_and.reduceat(np.isin(np.arange(axis.bins), axis.gaps), first)
    edges = np.append(axis.edges[first], axis.edges[-1])
    return dataclasses.replace(axis, edges=edges, gaps=tuple(np.flatnonzero(gap).tolist()))


def write(one: Map, scene: Scene, name: str, folder: Path) -> tuple[Path, ...]:
    """Draw a map into ``<name>.png`` and ``<name>.pdf``; see `rdfplugins.plotting.write`."""
    return plotting.write(lambda: figure(one, scene), name, folder)


def figure(one: Map, scene: Scene) -> Any:
    """Return the matplotlib Figure of a map: a column for each class, after below before; at most four side by side."""
    classes = len(scene.looks)
    columns, blocks = min(classes, _COLUMNS), math.ceil(classes / _COLUMNS)
    width = max(_LEFT + columns * (_PANEL[0] + _GAP_X) + _RIGHT, _NARROWEST)
    height = _TOP + 2 * blocks * (_PANEL[1] + _GAP_Y) + (blocks - 1) * _BLOCK + _BOTTOM
    drawn = canvas.new_figure(width, height)
    names = " and ".join(plotting.plain(plotting.shortened(axis.name, 30)) for axis in one.axes)
    canvas.put_header(drawn, names, scene.right(one.category), left=_LEFT)
    norm, image = _norm(one.values), None
    for number, look in enumerate(scene.looks):
        block, column = divmod(number, _COLUMNS)
        for way, title in enumerate(one.titles):
            row = 2 * block + way
            left = _LEFT + column * (_PANEL[0] + _GAP_X)
            bottom = height - _TOP - (row + 1) * (_PANEL[1] + _GAP_Y) - block * _BLOCK
            pad = drawn.add_axes((left / width, bottom / height, _PANEL[0] / width, _PANEL[1] / height))
            image = _draw(one, number, way, pad, norm) or image
            _name_axes(one, scene, pad, left=column == 0, bottom=way == 1 and number + _COLUMNS >= classes)
            _put_title(drawn, pad, f"{look.label}: {title[0].lower()}{title[1:]}")
    _put_bar(drawn, image, left=_LEFT + columns * (_PANEL[0] + _GAP_X), lost=_lost_words(one))
    return drawn


def _norm(values: NDArray[np.float64]) -> Any:
    """Return the scale of colours: the same for all classes, before and after; logarithmic where it has to be."""
    from matplotlib.colors import LogNorm, Normalize

    filled = values[values > 0]
    if not len(filled):
        return Normalize(0.0, 1.0)
    top = float(filled.max())
    low = max(float(filled.min()), _DEEPEST * top)
    if top > _STEEP * float(np.median(filled)) and low < top:
        return LogNorm(low, top, clip=True)
    return Normalize(0.0, top)


def _draw(one: Map, number: int, way: int, pad: Any, norm: Any) -> Any:
    """Draw one class; what is empty stays white. Return the image, None where there is nothing."""
    from matplotlib.colors import ListedColormap

    first, second = one.axes
    image_of_pdf = one.lost.size > _VECTORS
    if way == 1 and one.lost.any():
        lost = np.ma.masked_where(~one.lost, np.ones(one.lost.shape))
        pad.pcolormesh(first.edges, second.edges, lost.T, cmap=ListedColormap([_LOST_COLOUR]), rasterized=image_of_pdf)
    for axis, span in ((first, pad.axvspan), (second, pad.axhspan)):
        for gap in axis.gaps:
            span(axis.edges[gap], axis.edges[gap + 1], facecolor=canvas.GAP_COLOUR, edgecolor="none", zorder=0)
    contents = one.values[way, number]
    if not contents.any():
        pad.text(0.5, 0.5, NO_ROWS, transform=pad.transAxes, ha="center", va="center", color="#8a9299", fontsize=13)
        return None
    shown = np.ma.masked_where(contents <= 0, contents)
    return pad.pcolormesh(first.edges, second.edges, shown.T, norm=norm, cmap="viridis", rasterized=image_of_pdf)


def _name_axes(one: Map, scene: Scene, pad: Any, *, left: bool, bottom: bool) -> None:
    """Set the ranges; numbers and names stand at the outer pads only."""
    units = [
        canvas.set_scale(pad, which, axis.edges, scene.unit(axis.name))[0].behind()
        for which, axis in zip("xy", one.axes, strict=True)
    ]
    pad.tick_params(labelsize=11, labelbottom=bottom, labelleft=left)
    pad.tick_params(which="both", color="#777777")  # seen on light and on dark
    names = [plotting.plain(plotting.shortened(axis.name, 24)) for axis in one.axes]
    if bottom:
        pad.set_xlabel(names[0] + units[0], loc="right", fontsize=13)
    if left:
        pad.set_ylabel(names[1] + units[1], loc="top", fontsize=13)


def _put_title(drawn: Any, pad: Any, title: str) -> None:
    """Write the title of a pad, smaller where it is too long."""
    text = pad.set_title(title, loc="left", fontsize=_TITLE, pad=4)
    wide, room = (one.get_window_extent(drawn.canvas.get_renderer()).width for one in (text, pad))
    if wide > room:
        text.set_fontsize(max(_TITLE * room / wide, _SMALLEST))


def _lost_words(one: Map) -> str:
    """Return what lost bins are called; empty where there are none."""
    if not one.lost.any():
        return ""
    return "incomplete bin" if one.values[1][:, one.lost].any() else "lost bin"


def _put_bar(drawn: Any, image: Any, *, left: float, lost: str) -> None:
    """Put the scale of colours ``left`` inches from the left, and what lost bins are called below it."""
    from matplotlib.patches import Rectangle

    width, height = drawn.get_size_inches()
    left = left / width
    top = 1.0 - (_TOP + _GAP_Y) / height
    bottom = top - min(2 * _PANEL[1] + _GAP_Y, 5.0) / height
    if image is not None:
        bar = drawn.colorbar(image, cax=drawn.add_axes((left, bottom, 0.18 / width, top - bottom)))
        bar.set_label("Fraction of rows in bin", fontsize=13)
        bar.ax.tick_params(labelsize=11)
    if lost:
        place = (left, bottom - 0.35 / height)
        size = (0.18 / width, 0.18 / height)
        drawn.add_artist(Rectangle(place, *size, facecolor=_LOST_COLOUR, transform=drawn.transFigure))
        drawn.text(left + 0.26 / width, place[1] + size[1] / 2, lost, va="center", fontsize=12)
