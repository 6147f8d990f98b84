"""A chart as plain data: boxes with rows, arrows between them, and which boxes stand side by side."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_MOST_ROWS = 14


@dataclasses.dataclass(frozen=True)
class Row:
    """A line of a box.

    Attributes
    ----------
    name, value
        Two cells; the first is set in bold. Either may be empty.
    port
        Name by which an arrow may begin at this row; empty: none does.
    """

    name: str
    value: str = ""
    port: str = ""


@dataclasses.dataclass(frozen=True)
class Box:
    """What is drawn as a table: a coloured head with title and note, and rows.

    Attributes
    ----------
    name
        By which arrows refer to it; letters, digits and _.
    kind
        Its colour: a key of `text.COLOURS`.
    """

    name: str
    kind: str
    title: str
    note: str = ""
    rows: tuple[Row, ...] = ()


@dataclasses.dataclass(frozen=True)
class Arrow:
    """From the row ``port`` of the box ``tail``, or from the box as a whole, to the box ``head``.

    Attributes
    ----------
    kind
        ``all``, ``mc`` or ``data``: whose events go this way; ``side`` for what is filled on the way.
    """

    tail: str
    head: str
    kind: str = "all"
    label: str = ""
    port: str = ""


@dataclasses.dataclass(frozen=True)
class Chart:
    """All that is drawn, in this order; ``beside`` are pairs of boxes, left and right, at the same height."""

    title: str
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    beside: tuple[tuple[str, str], ...] = ()


def capped(rows: Sequence[Row]) -> tuple[Row, ...]:
    """Return the rows of a box; where there are too many, their number in place of the last."""
    more = len(rows) - _MOST_ROWS
    return tuple(rows) if more <= 1 else (*rows[:_MOST_ROWS], Row("", f"and {more} more"))
