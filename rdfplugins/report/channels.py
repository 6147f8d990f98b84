"""Tables of channels: the cuts of each one's own with all that come after them, and what is left of each at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rdfplugins.pages import Grid
from rdfplugins.report.tables import (
    Cell,
    Row,
    cell_text,
    cell_values,
    cutflow_rows,
    expected_text,
    quantity,
)
from rdfplugins.report.terminal import terminal_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Group

    from rdfplugins.cutflow import Cutflow
    from rdfplugins.report.blinding import Blinding

SECTION = "Channels"


def channel_names(cutflows: Sequence[Cutflow]) -> list[str]:
    """Return the names of the channels of all samples, in their order."""
    return list(dict.fromkeys(name for cutflow in cutflows for name in cutflow.channels))


def own_rows(
    cutflows: Sequence[Cutflow],
    lumi_pb: float | None,
    channel: str,
    *,
    blinding: Blinding | None = None,
    before: int = 0,
) -> list[Row]:
    """Return the cuts of a channel's own and all behind them, with a cell for each sample.

    Parameters
    ----------
    cutflows, lumi_pb, blinding
        As for `rdfplugins.report.tables.cutflow_rows`.
    channel
        Its name.
    before
        How many of the cuts before its own, which are those of all events, are wanted, too.
    """
    common: set[str] = set()
    for cutflow in cutflows:
        if channel in cutflow.channels:
            shared = cutflow.shared(channel)
            common.update(cut.name for cut in cutflow.cuts[: max(0, shared - before)])
    rows = cutflow_rows(cutflows, lumi_pb, blinding=blinding, channel=channel)
    return [row for row in rows if row.cut not in common]


def yield_rows(cutflows: Sequence[Cutflow], lumi_pb: float | None, *, blinding: Blinding | None = None) -> list[Row]:
    """Return a row for each channel: what is left in it after the last cut; parameters are those of `own_rows`."""
    return [
        Row(name, tuple(_last(cutflow, lumi_pb, name, blinding) for cutflow in cutflows))
        for name in channel_names(cutflows)
    ]


def _last(cutflow: Cutflow, lumi_pb: float | None, channel: str, blinding: Blinding | None) -> Cell | None:
    rows = cutflow_rows([cutflow], lumi_pb, blinding=blinding, channel=channel)
    return rows[-1].cells[0] if rows else None


def channel_table(
    cutflows: Sequence[Cutflow], lumi_pb: float | None, *, blinding: Blinding | None = None, width: int = 100
) -> Group | None:
    """Return the yields of channels as a table for a terminal; None where there are no channels."""
    rows = yield_rows(cutflows, lumi_pb, blinding=blinding)
    return terminal_table((SECTION, "channel"), cutflows, rows, lumi_pb, width=width) if rows else None


def channel_grids(
    cutflows: Sequence[Cutflow], lumi_pb: float | None, *, blinding: Blinding | None = None
) -> list[Grid]:
    """Return tables of the yields of channels and one table of the cuts of each; none where there are no channels."""
    rows = yield_rows(cutflows, lumi_pb, blinding=blinding)
    if not rows:
        return []
    what, samples = quantity(cutflows, lumi_pb), [cutflow.sample for cutflow in cutflows]
    grids = [
        Grid(
            title, ("channel", *samples), tuple((row.cut, *(cell_text(one, word) for one in row.cells)) for row in rows)
        )
        for title, word in (
            (f"{SECTION}: raw events", lambda cell: str(cell.events)),
            (f"{SECTION}: {what}", expected_text),
        )
    ]
    for name in channel_names(cutflows):
        cuts = own_rows(cutflows, lumi_pb, name, blinding=blinding)
        table = tuple((row.cut, *(cell_text(one, _both) for one in row.cells)) for row in cuts)
        grids.append(Grid(f"Channel {name}: {what}; raw events in brackets", ("cut", *samples), table))
    return grids


def _both(cell: Cell) -> str:
    """Return what is expected and, where that is no count, the raw events."""
    return expected_text(cell) if cell.is_count else f"{expected_text(cell)} [{cell.events}]"


def channel_values(cutflow: Cutflow, lumi_pb: float | None, *, blinding: Blinding | None = None) -> dict[str, Any]:
    """Return channel -> its whole way, from ``all`` on, as JSON values."""
    found = {}
    for name in cutflow.channels:
        rows = cutflow_rows([cutflow], lumi_pb, blinding=blinding, channel=name)
        cells = [(row.cut, row.cells[0]) for row in rows]
        found[name] = [{"name": cut, **cell_values(cell, cutflow, lumi_pb)} for cut, cell in cells if cell is not None]
    return found
