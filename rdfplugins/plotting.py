"""How all plots look, what is written on them, and how they become files: equal numbers give equal bytes."""

from __future__ import annotations

import contextlib
import math
import re
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from rdfplugins.errors import MissingDependencyError
from rdfplugins.files import atomic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

# Petroff (2021, arXiv:2107.02270): can be told apart with any colour vision, and in grey.
COLOURS = (
    "#5790fc", "#f89c20", "#e42536", "#964a8b", "#9c9ca1", "#7a21dd", "#b9ac70", "#a96b59", "#92dadd", "#717581",
)  # fmt: skip
# of lines over filled areas: darker than all of these
LINE_COLOURS = ("#c91f16", "#4b1d91", "#0b5d33", "#1c1c1c", "#7a4300")
FIT_COLOUR = "#1845fb"
LINE_COLOUR = "#c91f16"
BLIND_COLOUR = "#e4e4e4"
BAND_COLOUR = "#555555"
LINE_STYLES = ("-", "--", "-.", ":")
POINTS: dict[str, Any] = {
    "fmt": "o", "color": "black", "markersize": 4.5, "elinewidth": 1.3, "capsize": 0, "zorder": 5,
}  # fmt: skip
ENDINGS = (".png", ".pdf")
_DPI = 150
# neither time nor versions: equal inputs give equal files
_METADATA: dict[str, dict[str, None]] = {
    "png": {"Software": None},
    "pdf": dict.fromkeys(("CreationDate", "Creator", "Producer")),
}
_TALL, _FLAT = (8.0, 7.6), (8.0, 6.0)
_SETTINGS = {
    "font.size": 15,
    "axes.labelsize": 17,
    "xtick.labelsize": 14,
    "ytick.labelsize": 14,
    "legend.fontsize": 13,
    "axes.titley": 1.0,  # where it is anyway: to look for free room costs a fifth of the time
    "axes.formatter.limits": (-3, 6),
    "hatch.linewidth": 0.7,
    "pdf.fonttype": 3,  # its text can be searched too, and it takes half of the time of 42
}
_LONGEST_COLUMN = 4
_SMALLEST_TITLE = 8
_LONGEST = 40
_PLUS = ("\N{SUPERSCRIPT PLUS SIGN}", "$^{+}$")  # which the fonts of plots lack
_WIDTHS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
_GAP = 0.03  # between what is drawn and the legend above it, of the height of the pad


def libraries() -> tuple[Any, Any]:
    """Return the modules matplotlib and mplhep.

    Raises
    ------
    MissingDependencyError
        If one is not installed.
    """
    try:
        import matplotlib as mpl
        import mplhep
    except ImportError as error:
        raise MissingDependencyError(
            f"plots need matplotlib and mplhep ({error}); install them with: pip install 'rdfplugins[plot]'"
        ) from error
    return mpl, mplhep


@contextlib.contextmanager
def styled() -> Iterator[None]:
    """Set our style, and what the user has set again when the block ends."""
    matplotlib, mplhep = libraries()
    with matplotlib.rc_context({**mplhep.style.ATLAS, **_SETTINGS}), warnings.catch_warnings():
        # names may be in any script; what the font lacks becomes a box, and that says enough
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield


def write(make: Callable[[], Any], name: str, folder: Path, *, endings: Sequence[str] = ENDINGS) -> tuple[Path, ...]:
    """Draw a figure into ``<name>.png`` and ``<name>.pdf``, or those of ``endings``.

    Raises
    ------
    MissingDependencyError
        Without matplotlib or mplhep.
    OutputError
        If a file cannot be written.
    """
    paths = tuple(folder / f"{name}{ending}" for ending in endings)
    with styled():
        drawn = make()
        for path in paths:
            kind = path.suffix[1:]
            with atomic(path) as part:
                drawn.savefig(part, format=kind, dpi=_DPI, metadata=_METADATA[kind])
    return paths


def new_figure(*, lower: bool, heights: tuple[int, int] = (3, 1)) -> tuple[Any, Any, Any]:
    """Return a figure, its pad, and the pad below it (None without ``lower``); all plots have them at one place.

    ``heights`` is how the two pads share the height.
    """
    libraries()
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    drawn = Figure(figsize=_TALL if lower else _FLAT)
    FigureCanvasAgg(drawn)
    grid = drawn.add_gridspec(2 if lower else 1, 1, height_ratios=heights if lower else (1,), hspace=0.07)
    drawn.subplots_adjust(left=0.145, right=0.955, top=0.935, bottom=0.105 if lower else 0.13)
    upper = drawn.add_subplot(grid[0])
    if not lower:
        return drawn, upper, None
    upper.tick_params(labelbottom=False)
    return drawn, upper, drawn.add_subplot(grid[1], sharex=upper)


def no_ticks() -> Any:
    """Return a locator of no ticks, for axes of names."""
    from matplotlib.ticker import NullLocator

    return NullLocator()


def put_titles(drawn: Any, pad: Any, left: str, right: str) -> None:
    """Put two texts above a pad; a long one on the left gets smaller, and shorter at last."""
    pad.set_title(right, loc="right", fontsize=15, pad=7)
    pad.set_title(left, loc="left", fontsize=16, fontweight="bold", pad=7)
    pad.yaxis.get_offset_text().set_x(-0.13)  # a power of ten stands beside the title, not in it
    renderer = drawn.canvas.get_renderer()
    left_text, right_text = pad._left_title, pad._right_title  # noqa: SLF001 (get_title gives no artists)
    room = pad.get_window_extent().width - right_text.get_window_extent(renderer).width - 12
    wide = left_text.get_window_extent(renderer).width
    if wide <= room:
        return
    size = max(16 * room / wide, _SMALLEST_TITLE)
    left_text.set_fontsize(size)
    while left and left_text.get_window_extent(renderer).width > room:
        left = left[:-2]
        left_text.set_parse_math(False)  # half of a formula is none
        left_text.set_text(f"{left.rstrip()}\N{HORIZONTAL ELLIPSIS}")


def make_room(
    drawn: Any,
    pad: Any,
    handles: Sequence[Any],
    labels: Sequence[str],
    *,
    highest: Callable[[float, float], float],
    floor: float,
    heading: str | None = None,
) -> None:
    """Put the legend into a pad, and raise the end of the axis until nothing that is drawn lies behind it.

    Parameters
    ----------
    drawn, pad
        The figure, and the pad with its scale and its x axis set.
    handles, labels
        Of the legend, in the order in which they are read.
    highest
        Gives the highest of everything drawn between two x.
    floor
        Lower end of the axis; above 0 where it is logarithmic.
    heading
        Title of the legend.
    """
    log = pad.get_yscale() == "log"
    low, high = pad.get_xlim()
    top = highest(low, high)
    if log:
        top = max(top, 10.0 * floor)
        pad.set_ylim(floor, top * (top / floor) ** 0.08)
    else:
        pad.set_ylim(floor, top + 0.12 * (top - min(floor, 0.0)) if top > floor else floor + 1.0)
    if not handles:
        return
    legend = pad.legend(
        handles, labels, title=heading, loc="upper right", ncols=2 if len(labels) > _LONGEST_COLUMN else 1,
        frameon=False, borderaxespad=0.6, columnspacing=1.2, handlelength=1.6, handletextpad=0.6, labelspacing=0.35,
        title_fontproperties={"weight": "bold"}, alignment="left",
    )  # fmt: skip
    legend.set_zorder(10)
    box = legend.get_window_extent(drawn.canvas.get_renderer()).transformed(pad.transAxes.inverted())
    behind = highest(low + box.x0 * (high - low), low + box.x1 * (high - low))
    share = max(box.y0 - _GAP, 0.2)
    needed = floor * (max(behind, floor) / floor) ** (1.0 / share) if log else floor + (behind - floor) / share
    if math.isfinite(needed):
        pad.set_ylim(floor, max(pad.get_ylim()[1], needed))


def legend_text(text: str, length: int = _LONGEST) -> str:
    """Return a name for a legend; matplotlib would leave out names like ``_x``."""
    name = readable(shortened(text, length))
    name = name if "$" in name else name.replace(*_PLUS)
    return f" {name}" if name.startswith("_") else name


def readable(text: str) -> str:
    """Return a text for matplotlib of one that may be TLatex (``m_{#gamma#gamma} [GeV]``) or plain (``my_column``)."""
    text = " ".join(text.split())
    if "$" in text and _parses(text):
        return text
    body, bracket, unit = text.partition(" [")
    if "#" in body or re.search(r"[_^]\{", body):
        words = body.replace("#", "\\").replace(" ", r"\ ")
        found = f"${words}${bracket}{unit}"
        if _parses(found):
            return found
    return plain(text)


def plain(text: str) -> str:
    """Return a text that matplotlib draws as it is."""
    return text.replace("$", r"\$")


def shortened(text: str, length: int = _LONGEST) -> str:
    """Return a text that fits in a legend."""
    return text if len(text) <= length else f"{text[: length - 1].rstrip()}\N{HORIZONTAL ELLIPSIS}"


def _parses(text: str) -> bool:
    from matplotlib.mathtext import MathTextParser

    try:
        MathTextParser("path").parse(text)
    except (ValueError, RuntimeError):
        return False
    return True


def relative_limits(values: NDArray[np.float64], widths: Sequence[float] = _WIDTHS) -> float:
    """Return how far an axis around 1 reaches to each side: the first of ``widths`` that holds all values, or 1."""
    distance = np.abs(values[np.isfinite(values)] - 1.0)
    furthest = 1.1 * float(distance.max()) if len(distance) else 0.0
    return next((width for width in widths if furthest <= width), 1.0)
