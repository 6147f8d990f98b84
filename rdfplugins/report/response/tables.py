"""Responses and a separation as tables, and what has to be said about them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rdfplugins.pages import ABSENT, Grid
from rdfplugins.report.response.numbers import FEW, FEWEST
from rdfplugins.report.response.separation import POWER_BINS
from rdfplugins.report.tables import format_percent, format_value

if TYPE_CHECKING:
    from collections.abc import Callable

    from rdfplugins.report.response.numbers import Bin, Estimate, ResponseNumbers
    from rdfplugins.report.response.separation import Measure, SeparationNumbers

RESPONSE, SEPARATION = "Response", "Separation"
"""What the titles of tables begin with, and the sections of the page under which they stand."""
_FEW = "*"


def response_grids(numbers: ResponseNumbers) -> list[Grid]:
    """Return tables of bins and estimates: median, resolution, calibration; of a channel one for all."""
    if numbers.channel is not None:
        title = f"{RESPONSE} in channel {numbers.channel}: median; relative resolution"
        return [_grid(numbers, title, lambda one: f"{_median(one)}; {_width(one)}{_mark(one)}")]
    grids = [
        _grid(numbers, f"{RESPONSE}: median of estimate / truth", lambda one: f"{_median(one)}{_mark(one)}"),
        _grid(numbers, f"{RESPONSE}: relative resolution", lambda one: f"{_width(one)}{_mark(one)}"),
        _grid(numbers, f"{RESPONSE}: calibration, 1 / median", lambda one: f"{_calibration(one)}{_mark(one)}"),
        *_sensitivity_grids(numbers),
    ]
    if any(one.estimated < one.events for estimate in numbers.estimates for one in estimate.bins):
        title = f"{RESPONSE}: share of the events with an estimate"
        grids.append(_grid(numbers, title, lambda one: format_percent(one.share), shown=lambda one: one.events > 0))
    return grids


def _grid(
    numbers: ResponseNumbers,
    title: str,
    word: Callable[[Bin], str],
    shown: Callable[[Bin], bool] = lambda one: one.shown,
) -> Grid:
    words = [[word(one) if shown(one) else ABSENT for one in estimate.bins] for estimate in numbers.estimates]
    return _table(numbers, title, words)


def _table(numbers: ResponseNumbers, title: str, words: list[list[str]]) -> Grid:
    """Return a table of the words of each estimate for its bins."""
    unit = f" / {numbers.unit}" if numbers.unit else ""
    head = (f"{numbers.truth}{unit}", "events", *(numbers.labels[one.column].plain for one in numbers.estimates))
    rows = [
        (f"{one.low:g} to {one.high:g}", str(one.events), *said)
        for one, *said in zip(numbers.estimates[0].bins, *words, strict=True)
    ]
    return Grid(title, head, tuple(rows))


def _sensitivity_grids(numbers: ResponseNumbers) -> list[Grid]:
    """Return tables of the sensitivity, and of the resolution over it; none where no bin has neighbours."""
    if not any(np.isfinite(one.slope) for estimate in numbers.estimates for one in estimate.sensitivities):
        return []
    titles = {"slope": "sensitivity, d ln(estimate) / d ln(truth)", "width": "resolution over sensitivity"}
    return [
        _table(numbers, f"{RESPONSE}: {title}", [_sensitivity(estimate, key) for estimate in numbers.estimates])
        for key, title in titles.items()
    ]


def _sensitivity(estimate: Estimate, key: str) -> list[str]:
    found = [(getattr(one, key), getattr(one, f"{key}_error")) for one in estimate.sensitivities]
    return [
        f"{format_value(value, error)}{_mark(one)}" if np.isfinite(value) else ABSENT
        for one, (value, error) in zip(estimate.bins, found, strict=True)
    ]


def _median(one: Bin) -> str:
    return format_value(one.median, one.median_error)


def _width(one: Bin) -> str:
    return format_value(one.width, one.width_error) if np.isfinite(one.width) else ABSENT


def _calibration(one: Bin) -> str:
    return format_value(one.calibration, one.calibration_error) if np.isfinite(one.calibration) else ABSENT


def _mark(one: Bin) -> str:
    return _FEW if one.marked else ""


def separation_grids(numbers: SeparationNumbers) -> list[Grid]:
    """Return a table of all estimates on the same events, and one of each on its own."""
    kinds = f"{numbers.signal} from {numbers.background}"
    whose = (("the same events, which have all estimates", "same"), ("all events that each estimate has", "own"))
    return [
        Grid(
            f"{SEPARATION} of {kinds}: {words}",
            ("estimate", "area below the ROC curve", "<S^2>", "<S^2> by chance", *_head(numbers)),
            tuple(
                (numbers.labels[one.column].plain, *_row(one.same if key == "same" else one.own))
                for one in numbers.estimates
            ),
        )
        for words, key in whose
    ]


def _head(numbers: SeparationNumbers) -> tuple[str, ...]:
    return (f"events of {numbers.signal}", f"events of {numbers.background}")


def _row(measure: Measure) -> tuple[str, ...]:
    return (
        f"{format_value(measure.area, measure.area_error)}{'' if measure.rising else ', signal is below'}",
        f"{measure.power:.3f}",
        f"{measure.chance:.3f}",
        f"{measure.signal_events} ({format_percent(measure.signal_share)})",
        f"{measure.background_events} ({format_percent(measure.background_share)})",
    )


def response_notes(numbers: ResponseNumbers) -> list[str]:
    """Return what must be known to read the tables of a response."""
    split = numbers.of_split
    counted = "each event counts once" if numbers.weight is None else f"events are weighted by {numbers.weight}"
    notes = [
        f"Simulated events of {', '.join(numbers.samples)}{f' ({split})' if split else ''}; {counted}.",
        "Resolution: half the central 68 % of estimate / truth, over its median. Errors are statistical.",
        "Sensitivity: the slope of the median estimate with the truth, both in logarithms.",
        "An estimate that makes an interval of masses smaller looks narrower than it is, but not over its sensitivity.",
        f"Fewer than {FEWEST} events with an estimate: no number; fewer than {FEW}: marked with {_FEW}.",
    ]
    missing = missing_in_words(numbers)
    return [*notes, f"{missing}."] if missing else notes


def missing_in_words(numbers: ResponseNumbers) -> str:
    """Return which estimates are not there for all events, and that these are left out; empty where all are."""
    parts = [
        f"{numbers.labels[estimate.column].plain} for {format_percent(1.0 - estimate.share)} of the events"
        for estimate in numbers.estimates
        if estimate.share < 1.0
    ]
    return f"Without an estimate, and left out of median and resolution: {', '.join(parts)}" if parts else ""


def separation_notes(numbers: SeparationNumbers) -> list[str]:
    """Return what must be known to read the tables of a separation."""
    split = numbers.of_split
    counted = "each event counts once" if numbers.weight is None else f"events are weighted by {numbers.weight}"
    return [
        f"Separation of {numbers.signal} from {numbers.background}{f' ({split})' if split else ''}; {counted}.",
        f"<S^2> = 1/2 sum (s - b)^2 / (s + b) over {POWER_BINS} bins with equal shares of both kinds.",
        "By chance: what <S^2> of equal shapes is on average, with as many events.",
    ]
