"""Pages of reports: tables and plots in one HTML file that needs no scripts and no network, or in Markdown."""

from __future__ import annotations

import dataclasses
import html
import re
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

NAME = "index.html"
ABSENT = "\N{EN DASH}"
_NO_NAME = re.compile(r"[^A-Za-z0-9_.+-]")

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
figure.wide { grid-column: 1 / -1; max-width: none; }
figure img { display: block; width: 100%; height: auto; border: 1px solid #eceff1; }
figcaption { font-size: .9rem; color: #444; padding: .3rem 0; }
figcaption a { margin-left: .7rem; }
figcaption p { margin: 0; color: #667; }
footer { margin-top: 3rem; color: #8a9299; font-size: .85rem; }
""".strip()


@dataclasses.dataclass(frozen=True)
class Grid:
    """A table of words, for Markdown and HTML.

    Attributes
    ----------
    title
        What it shows.
    head
        Of the columns; the first is that of the names of the rows.
    rows
        Each of the length of the head.
    """

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def markdown(title: str, grids: Sequence[Grid], notes: Sequence[str] = ()) -> str:
    """Return a page of tables, with what has to be said about the samples above them."""
    parts = [f"# {title}", *notes]
    for grid in grids:
        parts += [f"## {_escaped(grid.title)}", _markdown_table(grid)]
    return "\n\n".join(parts) + "\n"


def _markdown_table(grid: Grid) -> str:
    lines = [grid.head, (":--", *["--:"] * (len(grid.head) - 1)), *grid.rows]
    return "\n".join("| " + " | ".join(_escaped(cell) for cell in line) + " |" for line in lines)


def _escaped(text: str) -> str:
    """Return a text that is one cell of a table, and no HTML, in Markdown."""
    return re.sub(r"<(?=[A-Za-z/!?])", r"\\<", " ".join(text.split()).replace("|", "\\|"))


@dataclasses.dataclass(frozen=True)
class Section:
    """A part of a page: its heading, and the HTML below it."""

    heading: str
    body: str


def document(
    title: str,
    *,
    facts: Mapping[str, str],
    notes: Sequence[str],
    first: str,
    sections: Sequence[Section],
    files: Sequence[str],
) -> str:
    """Return the text of a page; all that is not ours is escaped.

    Parameters
    ----------
    title
        Of the page.
    facts
        Of the run: name -> value.
    notes
        What a reader must know before the numbers.
    first
        HTML between the facts and the sections.
    sections
        In their order; links at the top lead to them.
    files
        Names of files that hold the same as text and data.
    """
    links = "".join(f'<a href="#s{number}">{text(one.heading)}</a>' for number, one in enumerate(sections))
    rows = "".join(f"<tr><td>{text(key)}</td><td>{text(value)}</td></tr>" for key, value in facts.items())
    said = "".join(f"<p>{text(note)}</p>" for note in notes)
    others = ", ".join(f'<a href="{quote(name)}">{text(name)}</a>' for name in files)
    parts = [
        "<!DOCTYPE html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{text(title)}</title>",
        f"<style>\n{_STYLE}\n</style>",
        "</head>",
        "<body>",
        f"<h1>{text(title)}</h1>",
        f"<nav>{links}</nav>",
        f'<div class="notes">{said}</div>' if said else "",
        f'<table class="facts">{rows}</table>',
        first,
        *(f'<h2 id="s{number}">{text(one.heading)}</h2>\n{one.body}'.rstrip() for number, one in enumerate(sections)),
        "<footer>Also as text and data:",
        f"{others}</footer>",
        "</body>",
        "</html>",
    ]
    return "\n".join(part for part in parts if part) + "\n"


def titled(grid: Grid, faint: Collection[str] = (ABSENT,)) -> str:
    """Return a table with its title above it."""
    return f"<h3>{text(grid.title)}</h3>\n{table(grid, faint)}"


def table(grid: Grid, faint: Collection[str] = (ABSENT,)) -> str:
    """Return a table; cells of the words ``faint`` are those without a number."""
    head = "".join(f"<th>{text(cell)}</th>" for cell in grid.head)
    rows = "".join(f"<tr>{''.join(_cell(cell, faint) for cell in row)}</tr>\n" for row in grid.rows)
    return f'<div class="scroll"><table>\n<tr>{head}</tr>\n{rows}</table></div>'


def plots(figures: Sequence[str]) -> str:
    """Return plots side by side, as many as the window has room for."""
    return "\n".join(['<div class="plots">', *figures, "</div>"])


def figure(name: str, heading: str, *, note: str = "", data: str | None = None, wide: bool = False) -> str:
    """Return a plot with what it shows below it.

    Parameters
    ----------
    name
        Of its files, without ending.
    heading, note
        What it shows, and what else belongs to it.
    data
        Name of the JSON file with its numbers, without ending, where there is one.
    wide
        Give it the whole width.
    """
    file, caption = quote(name), text(heading)
    links = f'<a href="{file}.pdf">pdf</a>' + ("" if data is None else f'<a href="{quote(data)}.json">json</a>')
    said = f"<p>{text(note)}</p>" if note else ""
    opening = '<figure class="wide">' if wide else "<figure>"
    return (
        f'{opening}<a href="{file}.png"><img src="{file}.png" alt="{caption}" loading="lazy"></a>'
        f"<figcaption>{caption}{links}{said}</figcaption></figure>"
    )


def text(words: str) -> str:
    """Return a text that is no HTML."""
    return html.escape(words, quote=True)


def _cell(words: str, faint: Collection[str]) -> str:
    return f'<td class="none">{text(words)}</td>' if words in faint else f"<td>{text(words)}</td>"


def unique(wanted: str, taken: set[str]) -> str:
    """Return the name of a file that is not taken yet, whatever the case of its letters, and note it as taken."""
    plain = _NO_NAME.sub("_", wanted)
    used = {name.casefold() for name in taken}
    name, number = plain, 1
    while name.casefold() in used:
        number += 1
        name = f"{plain}_{number}"
    taken.add(name)
    return name
