"""A chart -> text in the language of Graphviz."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from rdfplugins.config.scalars import shortened
from rdfplugins.flowchart.layout import lay_out

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rdfplugins.config import Config
    from rdfplugins.flowchart.chart import Arrow, Box, Row

COLOURS = {  # of the head of a box
    "mc": "#cfdfef",
    "data": "#e4dccd",
    "input": "#e3e5e8",
    "node": "#c9dcf2",
    "filter": "#f3d6cd",
    "define": "#d8e8cf",
    "vary": "#e2d8ee",
    "golden_json": "#f3d6cd",
    "events": "#d5d8dc",
    "histograms": "#faecc6",
    "output": "#e3e5e8",
    "stage": "#cfe6e3",
}
_OTHER = "#e3e5e8"
_ARROWS = {"all": "#5b6068", "mc": "#3f72a8", "data": "#8a6d3b", "side": "#b08f2e"}
_BORDER = "#9aa0a8"
_QUIET = "#5b6068"
_FONT = "Helvetica,Arial,sans-serif"
_LONGEST = 64  # letters of a cell


def to_dot(config: Config, samples: Sequence[str] | None = None) -> str:
    """Return the computation graph of a config as text for Graphviz, the same for the same config.

    Parameters
    ----------
    config
        A loaded config.
    samples
        Names of the samples whose graph is drawn; None: all.

    Raises
    ------
    ConfigError
        For an unknown sample; for unknown nodes and parameters that they do not take, with file and line of each.
    """
    drawn = lay_out(config, samples)
    lines = [
        "digraph rdfrun {",
        f'  graph [charset="UTF-8" rankdir=TB nodesep=0.45 ranksep=0.4 labelloc=t label=<{_escaped(drawn.title)}>]',
        f'  graph [fontname="{_FONT}" fontsize=15]',
        f'  node [shape=plain fontname="{_FONT}" fontsize=11]',
        f'  edge [fontname="{_FONT}" fontsize=10 arrowsize=0.7 penwidth=1.2]',
        *(f"  {box.name} [label=<{_table(box)}>]" for box in drawn.boxes),
        *(f"  {{ rank=same; {left}; {right} }}" for left, right in drawn.beside),
        *(f"  {_arrow(arrow)}" for arrow in drawn.arrows),
        "}",
    ]
    return "\n".join(lines) + "\n"


def _table(box: Box) -> str:
    two = any(row.name and row.value for row in box.rows)
    note = f'  <FONT COLOR="{_QUIET}">{_escaped(box.note)}</FONT>' if box.note else ""
    colour = COLOURS.get(box.kind, _OTHER)
    head = f'<TD ALIGN="LEFT" BGCOLOR="{colour}"{_span(two=two)}><B>{_escaped(box.title)}</B>{note}</TD>'
    rows = "".join(f"<TR>{_cells(row, two=two)}</TR>" for row in box.rows)
    return (
        f'<TABLE BORDER="1" COLOR="{_BORDER}" CELLBORDER="0" CELLSPACING="0" CELLPADDING="4" BGCOLOR="white">'
        f"<TR>{head}</TR>{rows}</TABLE>"
    )


def _cells(row: Row, *, two: bool) -> str:
    port = f' PORT="{row.port}"' if row.port else ""
    if row.name and row.value:
        value = f'<FONT COLOR="{_QUIET}">{_escaped(row.value)}</FONT>'
        return f'<TD ALIGN="LEFT">{_escaped(row.name)}</TD><TD ALIGN="LEFT"{port}>{value}</TD>'
    text = _escaped(row.name) if row.name else f'<FONT COLOR="{_QUIET}">{_escaped(row.value)}</FONT>'
    return f'<TD ALIGN="LEFT"{_span(two=two)}{port}>{text}</TD>'


def _span(*, two: bool) -> str:
    return ' COLSPAN="2"' if two else ""


def _arrow(arrow: Arrow) -> str:
    colour = _ARROWS[arrow.kind]
    tail = f"{arrow.tail}:{arrow.port}:e" if arrow.port else arrow.tail
    wishes = [f'color="{colour}"']
    if arrow.label:
        wishes.append(f'label=<<FONT COLOR="{colour}"> {_escaped(arrow.label)} </FONT>>')
    if arrow.kind == "side":
        wishes.append("style=dashed")
    else:
        wishes.append("weight=9")  # keeps the main line straight
    return f"{tail} -> {arrow.head} [{' '.join(wishes)}]"


def _escaped(text: str) -> str:
    """Return text as it may stand in a label: one line, not too long, nothing that Graphviz would read as a tag.

    A label that is empty or blank ends Graphviz' parser in an error.
    """
    line = shortened(" ".join(text.split()), _LONGEST) or '""'
    return html.escape(line, quote=True).replace("&#x27;", "&#39;")
