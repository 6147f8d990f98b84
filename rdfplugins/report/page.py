"""The page of a report: one HTML file that shows every table and every plot; it needs no scripts and no network."""

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING

from rdfplugins import pages
from rdfplugins.pages import ABSENT
from rdfplugins.report.channels import SECTION
from rdfplugins.report.response.tables import RESPONSE, SEPARATION
from rdfplugins.report.tables import BLINDED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rdfplugins.pages import Grid
    from rdfplugins.report.gallery import Picture

_FAINT = (ABSENT, BLINDED)
_PLOTS_FIRST = (RESPONSE, SEPARATION)


@dataclasses.dataclass(frozen=True)
class Page:
    """What stands on the page, in plain text.

    Attributes
    ----------
    title
        Of the page.
    facts
        Of the run: name -> value.
    notes
        What a reader must know before the numbers.
    samples, tables
        Tables; each of the second kind is put under the section that its title begins with.
    pictures
        Plots, by section.
    files
        Names of files that hold the same as text and data.
    remarks
        Section -> what must be known to read it.
    """

    title: str
    facts: dict[str, str]
    notes: Sequence[str]
    samples: Grid
    tables: Sequence[Grid]
    pictures: Sequence[Picture]
    files: Sequence[str] = ("cutflow.md", "cutflow.json")
    remarks: Mapping[str, Sequence[str]] = dataclasses.field(default_factory=dict)


def render(page: Page) -> str:
    """Return the text of the page; all that is not ours is escaped."""
    plots = {
        section: list(group) for section, group in itertools.groupby(page.pictures, key=lambda picture: picture.section)
    }
    tables: dict[str, list[Grid]] = {}
    for grid in page.tables:
        tables.setdefault(_section_of(grid), []).append(grid)
    sections = list(
        dict.fromkeys(
            [
                "Cutflow",
                *([SECTION] if SECTION in tables else []),
                *(name for name in plots if not _late(name)),
                *tables,
                *plots,
            ]
        )
    )
    return pages.document(
        page.title,
        facts=page.facts,
        notes=page.notes,
        first=pages.titled(page.samples, _FAINT),
        sections=[
            pages.Section(name, _body(name, page.remarks.get(name, ()), tables.get(name, []), plots.get(name, [])))
            for name in sections
        ],
        files=page.files,
    )


def _late(section: str) -> bool:
    return section.startswith(("Category ", "Systematic"))


def _section_of(grid: Grid) -> str:
    if grid.title.startswith("Channel"):
        return SECTION
    own = ("Categories", "Systematic variations", RESPONSE, SEPARATION)
    return next((name for name in own if grid.title.startswith(name)), "Cutflow")


def _body(section: str, remarks: Sequence[str], tables: Sequence[Grid], pictures: Sequence[Picture]) -> str:
    said = [f"<p>{pages.text(line)}</p>" for line in remarks]
    parts = [pages.titled(grid, _FAINT) for grid in tables]
    plots = [pages.plots([_figure(picture) for picture in pictures])] if pictures else []
    return "\n".join([*said, *plots, *parts] if section in _PLOTS_FIRST else [*said, *parts, *plots])


def _figure(picture: Picture) -> str:
    numbers = "cutflow" if picture.values is None else picture.name
    return pages.figure(picture.name, picture.heading, note=picture.note, data=numbers, wide=picture.wide)
