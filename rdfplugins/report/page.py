"""The page of a report: one HTML file that shows every table and every plot; it needs no scripts and no network."""

from __future__ import annotations

import dataclasses
import html
import itertools
from typing import TYPE_CHECKING
from urllib.parse import quote

from rdfplugins.report.channels import SECTION
from rdfplugins.report.tables import ABSENT, BLINDED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rdfplugins.report.gallery import Picture
    from rdfplugins.report.tables import Grid

NAME = "index.html"

_STYLE = """
:root { color-scheme: light; }
body { margin: 0 auto; padding: 2rem 1.5rem 4rem; max-width: 74rem; background: #fff; color: #1c2024;
  font: 16px/1.5 system-ui, "Segoe UI", Helvetica, Arial, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.7rem; font-weight: 600; margin: 0 0 .3rem; }
h2 { font-size: 1.2rem; font-weight: 600; margin: 2.6rem 0 .8rem; padding-bottom: .3rem;
  border-bottom: 1px solid #d8dce0; }
h3 { font-size: 1rem; font-weight: 600; margin: 1.4rem 0 .5rem; }
a { color: #1f5fa8; text-decoration: none; }
a:hover { text-decoration: underline; }
nav { color: #667; font-size: .92rem; }
nav a { margin-right: 1rem; }
.notes { margin: 1rem 0; padding: .7rem 1rem; background: #fff6e0; border-left: 4px solid #e0a020; }
.notes p { margin: .2rem 0; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; overflow-wrap: normal; }
th, td { padding: .25rem .8rem; text-align: right; white-space: nowrap; border-bottom: 1px solid #eceff1; }
th { font-weight: 600; border-bottom-color: #b8bec4; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
table.facts td { text-align: left; white-space: normal; }
table.facts td:first-child { color: #667; white-space: nowrap; }
td.none { color: #8a9299; font-style: italic; }
.plots { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(30rem, 100%), 1fr)); gap: 1.6rem; }
figure { margin: 0; max-width: 44rem; }
figure img { display: block; width: 100%; height: auto; border: 1px solid #eceff1; }
figcaption { font-size: .9rem; color: #444; padding: .3rem 0; }
figcaption a { margin-left: .7rem; }
figcaption p { margin: 0; color: #667; }
footer { margin-top: 3rem; color: #8a9299; font-size: .85rem; }
""".strip()


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
    """

    title: str
    facts: dict[str, str]
    notes: Sequence[str]
    samples: Grid
    tables: Sequence[Grid]
    pictures: Sequence[Picture]


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
    blocks = [_section(number, name, tables.get(name, []), plots.get(name, [])) for number, name in enumerate(sections)]
    links = "".join(f'<a href="#s{number}">{_text(name)}</a>' for number, name in enumerate(sections))
    facts = "".join(f"<tr><td>{_text(key)}</td><td>{_text(value)}</td></tr>" for key, value in page.facts.items())
    notes = "".join(f"<p>{_text(note)}</p>" for note in page.notes)
    parts = [
        "<!DOCTYPE html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{_text(page.title)}</title>",
        f"<style>\n{_STYLE}\n</style>",
        "</head>",
        "<body>",
        f"<h1>{_text(page.title)}</h1>",
        f"<nav>{links}</nav>",
        f'<div class="notes">{notes}</div>' if notes else "",
        f'<table class="facts">{facts}</table>',
        f"<h3>{_text(page.samples.title)}</h3>",
        _table(page.samples),
        *blocks,
        "<footer>Also as text and data:",
        '<a href="cutflow.md">cutflow.md</a>, <a href="cutflow.json">cutflow.json</a></footer>',
        "</body>",
        "</html>",
    ]
    return "\n".join(part for part in parts if part) + "\n"


def _late(section: str) -> bool:
    return section.startswith(("Category ", "Systematic"))


def _section_of(grid: Grid) -> str:
    if grid.title.startswith("Channel"):
        return SECTION
    return next((name for name in ("Categories", "Systematic variations") if grid.title.startswith(name)), "Cutflow")


def _section(number: int, name: str, tables: Sequence[Grid], pictures: Sequence[Picture]) -> str:
    parts = [f'<h2 id="s{number}">{_text(name)}</h2>']
    for grid in tables:
        parts += [f"<h3>{_text(grid.title)}</h3>", _table(grid)]
    if pictures:
        parts += ['<div class="plots">', *(_figure(picture) for picture in pictures), "</div>"]
    return "\n".join(parts)


def _figure(picture: Picture) -> str:
    name = quote(picture.name)
    numbers = "cutflow" if picture.values is None else name
    links = f'<a href="{name}.pdf">pdf</a><a href="{numbers}.json">json</a>'
    heading = _text(picture.heading)
    note = f"<p>{_text(picture.note)}</p>" if picture.note else ""
    return (
        f'<figure><a href="{name}.png"><img src="{name}.png" alt="{heading}" loading="lazy"></a>'
        f"<figcaption>{heading}{links}{note}</figcaption></figure>"
    )


def _table(grid: Grid) -> str:
    head = "".join(f"<th>{_text(cell)}</th>" for cell in grid.head)
    rows = "".join(f"<tr>{''.join(_cell(cell) for cell in row)}</tr>\n" for row in grid.rows)
    return f'<div class="scroll"><table>\n<tr>{head}</tr>\n{rows}</table></div>'


def _cell(text: str) -> str:
    return f'<td class="none">{_text(text)}</td>' if text in {ABSENT, BLINDED} else f"<td>{_text(text)}</td>"


def _text(text: str) -> str:
    return html.escape(text, quote=True)
