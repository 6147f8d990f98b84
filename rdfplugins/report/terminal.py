"""Tables for a terminal of any width: samples stand beside each other as far as they fit, and never lose a digit."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from rich import box
from rich.cells import cell_len
from rich.console import Group
from rich.table import Table
from rich.text import Text

from rdfplugins.pages import ABSENT
from rdfplugins.report.tables import BLINDED, cutflow_rows, expected_text, format_percent, quantity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rdfplugins.cutflow import Cutflow
    from rdfplugins.report.blinding import Blinding
    from rdfplugins.report.tables import Cell, Row

_LAYOUTS = ("wide", "compact", "tall")
_GAP = 2  # between two columns
_RULE = 2  # lines of a head
_SHORTEST = 8  # what a name of a row is folded to at most
_SHARE_OF_HEAD = 3  # the name of a sample may take a third of the width, where its numbers do not take more


def cutflow_table(
    cutflows: Sequence[Cutflow], lumi_pb: float | None, *, blinding: Blinding | None = None, width: int = 100
) -> Group:
    """Return a table for a terminal: expected events with errors; below them, dim, raw events and efficiency.

    Parameters
    ----------
    cutflows, lumi_pb, blinding
        As for `rdfplugins.report.tables.cutflow_rows`.
    width
        Columns of the terminal. Where they do not suffice, numbers are written without spaces, then below each other;
        at last the samples are shared among several tables, one below the other. Names may be folded, numbers are not.
    """
    rows = cutflow_rows(cutflows, lumi_pb, blinding=blinding)
    return terminal_table(("Cutflow", "cut"), cutflows, rows, lumi_pb, width=width)


def terminal_table(
    words: tuple[str, str], cutflows: Sequence[Cutflow], rows: Sequence[Row], lumi_pb: float | None, *, width: int
) -> Group:
    """Return rows as `cutflow_table` shows them; ``words`` are the title, and what the rows are."""
    title, head = words
    efficiency = "weighted efficiency" if any(cutflow.weighted for cutflow in cutflows) else "efficiency"
    first = "the first row" if head == "cut" else "all events"
    parts = _fitting([_Sheet.of(head, cutflows, rows, layout) for layout in _LAYOUTS], width)
    tables = [part.table() for part in parts]
    return Group(
        Text(f"{title}: {quantity(cutflows, lumi_pb)}", style="bold"),
        tables[0],
        *(renderable for table in tables[1:] for renderable in (Text(), table)),
        Text(f"below: raw events, and {efficiency} relative to {first}", style="dim"),
    )


@dataclasses.dataclass(frozen=True)
class _Column:
    """One sample; the head may be of several lines."""

    head: str
    cells: tuple[Text, ...]

    @property
    def numbers(self) -> int:
        """Width of the longest line of the cells."""
        return max((_width(cell.plain) for cell in self.cells), default=0)

    @property
    def width(self) -> int:
        """Width of the longest line."""
        return max(self.numbers, _width(self.head))

    def with_short_head(self, width: int) -> _Column:
        """Return the column with a head that is folded where it is much longer than the numbers."""
        most = max(self.numbers, width // _SHARE_OF_HEAD, 1)
        lines = [self.head[start : start + most] for start in range(0, len(self.head), most)]
        return dataclasses.replace(self, head="\n".join(lines))


@dataclasses.dataclass(frozen=True)
class _Sheet:
    """A table to be: names of rows, a column for each sample, and how wide the names may be (None: as they are)."""

    head: str
    names: tuple[str, ...]
    columns: tuple[_Column, ...]
    limit: int | None = None

    @classmethod
    def of(cls, head: str, cutflows: Sequence[Cutflow], rows: Sequence[Row], layout: str) -> _Sheet:
        """Return the sheet of all samples in a layout."""
        columns = [
            _Column(cutflow.sample, tuple(_text(row.cells[index], layout) for row in rows))
            for index, cutflow in enumerate(cutflows)
        ]
        return cls(head, tuple(row.cut for row in rows), tuple(columns))

    @property
    def name_width(self) -> int:
        """Width of the names as they are."""
        return max(map(_width, (self.head, *self.names)))

    @property
    def width(self) -> int:
        """Width of the table; that of the last gap is one."""
        names = self.name_width if self.limit is None else min(self.limit, self.name_width)
        return names + 1 + sum(_GAP + column.width for column in self.columns)

    @property
    def height(self) -> int:
        """Lines of the table, as long as no name is folded."""
        heights = (max((cell.plain.count("\n") + 1 for cell in cells), default=1) for cells in self._rows())
        return _RULE + sum(heights)

    def _rows(self) -> list[tuple[Text, ...]]:
        return [tuple(column.cells[number] for column in self.columns) for number in range(len(self.names))]

    def split(self, width: int) -> list[_Sheet]:
        """Return sheets of consecutive samples, each as many as fit into the width."""
        columns = [column.with_short_head(width) for column in self.columns]
        widest = max(column.width for column in columns)
        limit = max(_SHORTEST, width - 1 - _GAP - widest)
        parts: list[list[_Column]] = [[]]
        for column in columns:
            wider = dataclasses.replace(self, columns=(*parts[-1], column), limit=limit)
            if parts[-1] and wider.width > width:
                parts.append([])
            parts[-1].append(column)
        return [dataclasses.replace(self, columns=tuple(part), limit=limit) for part in parts]

    def table(self) -> Table:
        """Return the table."""
        table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
        table.add_column(Text(self.head), style="bold", overflow="fold", max_width=self.limit)
        for column in self.columns:
            table.add_column(Text(column.head), justify="right", overflow="fold")
        for name, cells in zip(self.names, self._rows(), strict=True):
            table.add_row(Text(name), *cells)
        return table


def _fitting(sheets: Sequence[_Sheet], width: int) -> list[_Sheet]:
    """Return the first of the layouts that fits, else the one whose parts take the fewest lines."""
    whole = next((sheet for sheet in sheets if sheet.width <= width or not sheet.columns), None)
    if whole is not None:
        return [whole]

    def cost(parts: list[_Sheet]) -> tuple[bool, bool, int]:
        too_wide = any(part.width > width for part in parts)
        folded = parts[0].limit is not None and parts[0].limit < parts[0].name_width
        return too_wide, folded, sum(part.height for part in parts)

    return min((sheet.split(width) for sheet in sheets), key=cost)


def _text(cell: Cell | None, layout: str) -> Text:
    if cell is None:
        return Text(ABSENT, style="dim")
    if cell.blinded:
        return Text(BLINDED, style="italic")
    expected, percent = expected_text(cell), format_percent(cell.efficiency)
    if layout == "tall":
        expected = expected.replace(" \N{PLUS-MINUS SIGN}", "\n\N{PLUS-MINUS SIGN}")
        return Text(f"{expected}\n").append(f"{cell.events}\n{percent}", style="dim")
    if layout == "compact":
        expected, percent = expected.replace(" ", ""), percent.replace(" ", "")
    aligned = percent.rjust(len("99.9%") if layout == "compact" else len("99.9 %"))
    return Text(f"{expected}\n").append(f"{cell.events} {aligned}", style="dim")


def _width(text: str) -> int:
    return max(map(cell_len, text.splitlines()), default=0)
