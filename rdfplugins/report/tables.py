"""Cutflows as tables: in Markdown, and as JSON; with no more digits than the errors allow."""

from __future__ import annotations

import dataclasses
import math
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

from rdfplugins.pages import ABSENT, Grid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from rdfplugins.cutflow import Cut, Cutflow
    from rdfplugins.report.blinding import Blinding

BLINDED = "blinded"
_SMALLEST, _LARGEST = 1e-4, 1e9  # decimals between these, powers of ten outside
_PB_PER_FB = 1000.0
_ALMOST_ALL = 99.95  # per cent, from which one decimal would give 100.0


@dataclasses.dataclass(frozen=True)
class Cell:
    """One sample after one cut; all numbers are None where data are blinded.

    Attributes
    ----------
    events
        Number of entries.
    weighted, weighted_error
        Sum of weights: pb for simulation, events for data.
    expected, expected_error
        The same times the luminosity (data: times 1).
    efficiency
        ``weighted`` relative to that of the first cut; None if that is 0.
    """

    events: int | None
    weighted: float | None
    weighted_error: float | None
    expected: float | None
    expected_error: float | None
    efficiency: float | None

    @property
    def blinded(self) -> bool:
        """Whether the numbers are hidden."""
        return self.events is None

    @property
    def is_count(self) -> bool:
        """Whether ``expected`` is a number of events that were counted, each with weight 1."""
        if self.events is None or self.expected_error is None:
            return False
        return self.expected == self.events and math.isclose(self.expected_error**2, self.events)


HIDDEN = Cell(None, None, None, None, None, None)


@dataclasses.dataclass(frozen=True)
class Row:
    """One cut; a cell for each sample, None where the sample does not have the cut."""

    cut: str
    cells: tuple[Cell | None, ...]


def format_value(value: float, error: float) -> str:
    """Return ``value ± error`` with two significant digits of the error; the value alone where the error is 0.

    Examples
    --------
    >>> format_value(443.4142, 2.7182), format_value(43351.0, 208.2)
    ('443.4 ± 2.7', '43350 ± 210')
    >>> format_value(60000.0, 0.0), format_value(2.5e-7, 1.24e-8)
    ('60000', '(2.50 ± 0.12)e-07')
    """
    if not (math.isfinite(value) and math.isfinite(error)) or error == 0:
        return f"{value:.6g}" if abs(value) < _LARGEST and value != round(value) else f"{value:.10g}"
    largest = max(abs(value), error)
    if not _SMALLEST <= largest < _LARGEST:
        power = math.floor(math.log10(largest))
        value, error = value / 10.0**power, error / 10.0**power
        return f"({_rounded(value, error)})e{power:+03d}"
    return _rounded(value, error)


def _rounded(value: float, error: float) -> str:
    # the exponent is that of the rounded error: 0.0996 is 0.10, not 0.100
    last = int(f"{error:.1e}".partition("e")[2]) - 1
    unit = Decimal(1).scaleb(last)
    # halves go up, as people round: a count of 17245 is 17250
    value_digits, error_digits = (Decimal(repr(x)).quantize(unit, ROUND_HALF_UP) for x in (value, error))
    sign = "-" if value_digits < 0 else ""
    return f"{sign}{abs(value_digits):f} \N{PLUS-MINUS SIGN} {error_digits:f}"


def format_percent(fraction: float | None) -> str:
    """Return a fraction in per cent with one decimal, or two significant digits where it is small; 1 is ``100 %``."""
    if fraction is None:
        return ABSENT
    percent = 100.0 * fraction
    return (
        f"{percent:.1f} %"
        if 1 <= abs(percent) < _ALMOST_ALL
        else f"{percent:.2g} %"
        if percent < 1
        else f"{percent:.0f} %"
    )


def cutflow_rows(
    cutflows: Sequence[Cutflow], lumi_pb: float | None, *, blinding: Blinding | None = None, channel: str | None = None
) -> list[Row]:
    """Return the cuts of all samples, in their order, with a cell for each sample.

    Parameters
    ----------
    cutflows
        One a sample; a cut that only some samples have comes after the one that it follows there.
    lumi_pb
        Integrated luminosity in 1/pb; None leaves simulation in pb.
    blinding
        Hides numbers of data; see `rdfplugins.report.blinding.blinding`.
    channel
        Whose way is shown, from ``all`` to the last cut; None: the cuts of all events.
    """
    columns = [_cells(cutflow, lumi_pb, blinding, channel) for cutflow in cutflows]
    return [Row(name, tuple(column.get(name) for column in columns)) for name in _merged(columns)]


def _cells(cutflow: Cutflow, lumi_pb: float | None, blinding: Blinding | None, channel: str | None) -> dict[str, Cell]:
    cuts = cutflow.cuts if channel is None else cutflow.channels.get(channel, ())
    if not cuts:
        return {}
    scale, hidden = scale_of(cutflow, lumi_pb), _hidden(cutflow, blinding, channel)
    return {cut.name: HIDDEN if cut.name in hidden else cell_of(cut, scale, cuts[0].weighted) for cut in cuts}


def _hidden(cutflow: Cutflow, blinding: Blinding | None, channel: str | None) -> set[str]:
    """Return the names of the cuts whose numbers must not be told.

    The cuts of a channel's own stand for the one of all events behind the last that they share: the sum of its
    channels would tell it.
    """
    names = [cut.name for cut in cutflow.cuts]
    if cutflow.kind != "data" or blinding is None or not names:
        return set()
    first = blinding.first_hidden(names)
    hidden = set(names[first:])
    if channel is not None and cutflow.shared(channel) >= first:
        hidden.update(cut.name for cut in cutflow.channels[channel] if cut.name not in names)
    return hidden


def cell_of(cut: Cut, scale: float, first: float) -> Cell:
    """Return the numbers of a cut; ``scale`` is the luminosity or 1, ``first`` what is left of all events."""
    return Cell(
        events=cut.events,
        weighted=cut.weighted,
        weighted_error=cut.error,
        expected=cut.weighted * scale,
        expected_error=cut.error * scale,
        efficiency=cut.weighted / first if first else None,
    )


def scale_of(cutflow: Cutflow, lumi_pb: float | None) -> float:
    """Return what the sums of weights of a sample are multiplied with."""
    return 1.0 if cutflow.kind == "data" or lumi_pb is None or not cutflow.weighted else lumi_pb


def _merged(columns: Sequence[Iterable[str]]) -> list[str]:
    names: list[str] = []
    for column in columns:
        place = 0
        for cut in column:
            if cut in names:
                place = names.index(cut) + 1
            else:
                names.insert(place, cut)
                place += 1
    return names


def expected_text(cell: Cell) -> str:
    """Return what is expected with its error; what was counted is a whole number."""
    if cell.is_count:
        return str(cell.events)
    assert cell.expected is not None
    assert cell.expected_error is not None
    return format_value(cell.expected, cell.expected_error)


def cutflow_grids(
    cutflows: Sequence[Cutflow], lumi_pb: float | None, *, blinding: Blinding | None = None
) -> list[Grid]:
    """Return a table of raw events and one of expected events; parameters are those of `cutflow_rows`."""
    rows = cutflow_rows(cutflows, lumi_pb, blinding=blinding)
    what = quantity(cutflows, lumi_pb)
    head = ("cut", *(cutflow.sample for cutflow in cutflows))
    return [
        Grid("Raw events", head, _words(rows, lambda cell: str(cell.events))),
        Grid(what[0].upper() + what[1:], head, _words(rows, expected_text)),
    ]


def _words(rows: Sequence[Row], word: Callable[[Cell], str]) -> tuple[tuple[str, ...], ...]:
    return tuple((row.cut, *(cell_text(cell, word) for cell in row.cells)) for row in rows)


def cell_text(cell: Cell | None, word: Callable[[Cell], str]) -> str:
    """Return the word for a cell, or why there is none."""
    return ABSENT if cell is None else BLINDED if cell.blinded else word(cell)


def to_json(cutflows: Sequence[Cutflow], lumi_pb: float | None, *, blinding: Blinding | None = None) -> dict[str, Any]:
    """Return the cutflows as JSON values: ``weighted`` in ``unit``, ``expected`` in events; null where blinded.

    Without a luminosity the ``expected`` numbers of simulation are null.
    """
    rows = cutflow_rows(cutflows, lumi_pb, blinding=blinding)
    samples = {}
    for index, cutflow in enumerate(cutflows):
        data = cutflow.kind == "data"
        cuts = []
        for row in rows:
            cell = row.cells[index]
            if cell is not None:
                cuts.append({"name": row.cut, **cell_values(cell, cutflow, lumi_pb)})
        samples[cutflow.sample] = {
            "kind": cutflow.kind,
            "unit": "events" if data or not cutflow.weighted else "pb",
            "bad_weights": cutflow.bad_weights,
            "cuts": cuts,
        }
    return {"lumi_pb": lumi_pb, "samples": samples}


def cell_values(cell: Cell, cutflow: Cutflow, lumi_pb: float | None) -> dict[str, Any]:
    """Return a cell as JSON values; what is expected of simulation is null where it cannot be scaled."""
    if cutflow.kind != "data" and (lumi_pb is None or not cutflow.weighted):
        cell = dataclasses.replace(cell, expected=None, expected_error=None)
    return {**dataclasses.asdict(cell), "blinded": cell.blinded}


def quantity(cutflows: Sequence[Cutflow], lumi_pb: float | None) -> str:
    """Return what the expected numbers of cutflows are."""
    if not all(cutflow.weighted for cutflow in cutflows):
        return "events, without weights"
    return "sums of weights in pb (data: events)" if lumi_pb is None else f"events expected in {luminosity(lumi_pb)}"


def luminosity(lumi_pb: float) -> str:
    """Return a luminosity in 1/fb, or in 1/pb where it is small, in plain text."""
    return f"{lumi_pb / _PB_PER_FB:.4g}/fb" if lumi_pb >= _PB_PER_FB else f"{lumi_pb:.4g}/pb"
