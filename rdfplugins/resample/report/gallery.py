"""Which plots a report of a resampling has, in which order, and what their files are called."""

from __future__ import annotations

import dataclasses
import functools
from typing import TYPE_CHECKING

from rdfplugins.pages import unique
from rdfplugins.resample.report import bars, draw, maps
from rdfplugins.resample.report.spectra import ALL

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from rdfplugins.resample.report.looks import Scene
    from rdfplugins.resample.report.maps import Map
    from rdfplugins.resample.report.numbers import Numbers
    from rdfplugins.resample.report.spectra import Spectrum

ROWS, MAPS, OTHERS = "Rows", "Maps", "Other variables"
_LONGEST, _ENDINGS = 80, 12  # letters of a name, and of what is put behind it


@dataclasses.dataclass(frozen=True)
class Picture:
    """One plot.

    Attributes
    ----------
    name
        Of its files, without ending.
    section, heading
        Under which it stands on the page, and what it shows.
    write
        Draws it into a folder and returns the files.
    note
        What else belongs to it; may be empty.
    wide
        Whether it takes the whole width of the page.
    """

    name: str
    section: str
    heading: str
    write: Callable[[Path], tuple[Path, ...]]
    note: str = ""
    wide: bool = False


@dataclasses.dataclass(frozen=True)
class Drawn:
    """Distributions: of the sampling variables, of two of them together, and of other columns."""

    sampled: Sequence[Spectrum]
    maps: Sequence[Map]
    others: Sequence[Spectrum]


def pictures(numbers: Numbers, drawn: Drawn, scene: Scene) -> list[Picture]:
    """Return all plots: rows and copies, sampling variables, their maps, other columns."""
    taken: set[str] = set()
    found = []
    for name, heading, write in (
        ("classes", "Rows of each class, before and after", bars.write_classes),
        ("copies", "How often rows were taken", bars.write_copies),
    ):
        chosen = file_name(name, taken)
        found.append(Picture(chosen, ROWS, heading, functools.partial(write, numbers, scene, chosen)))
    whole = {one.variable for one in drawn.sampled if one.category == ALL}
    for one in drawn.sampled:
        both = one.category == ALL or one.variable not in whole
        found += _variants(one, f"Sampling variable {one.variable}", scene, taken, both=both)
    found += [_map(one, scene, taken) for one in drawn.maps]
    for one in drawn.others:
        found += _variants(one, OTHERS, scene, taken, both=False)
    return found


def file_name(wanted: str, taken: set[str]) -> str:
    """Return a name of files that is not taken yet, is not hidden, and not too long for a disk."""
    return unique(wanted.strip("._ ")[:_LONGEST] or "plot", taken)


def _map(one: Map, scene: Scene, taken: set[str]) -> Picture:
    heading = " and ".join(axis.name for axis in one.axes) + (f", {one.category}" if one.category != ALL else "")
    name = file_name("_".join(["map", *(axis.name for axis in one.axes), one.category]), taken)
    return Picture(name, MAPS, heading, functools.partial(maps.write, one, scene, name), wide=len(scene.looks) > 1)


def _variants(one: Spectrum, section: str, scene: Scene, taken: set[str], *, both: bool) -> list[Picture]:
    """Return the plots of a variable: shares of rows, and rows where ``both``; logarithmic ones where it is steep."""
    start = one.variable if one.category == ALL else f"{one.variable}_{one.category}"
    whose = one.variable if one.category == ALL else f"{one.variable}, {one.category}"
    found = []
    for counts in (False, True) if both else (False,):
        for log in (False, True) if one.steep else (False,):
            endings = [*(["counts"] if counts else []), *(["log"] if log else [])]
            name = file_name("_".join([start[: _LONGEST - _ENDINGS], *endings]), taken)
            heading = f"{whose}: {'rows' if counts else 'fraction of the rows of each class'}"
            write = functools.partial(draw.write, one, scene, name, counts=counts, log=log)
            shown = f"{heading}, logarithmic" if log else heading
            found.append(Picture(name, section, shown, write, note=one.note, wide=True))
    return found
