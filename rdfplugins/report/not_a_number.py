"""Events that plots do not show, as their value is NaN: what was selected less what the histogram was filled with."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rdfplugins.report.blinding import blinding, hides_histogram
from rdfplugins.report.model import NotANumber
from rdfplugins.report.tables import format_percent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rdfplugins.config import Config
    from rdfplugins.cutflow import Cut
    from rdfplugins.report.contents import Contents
    from rdfplugins.report.model import PlotNumbers

_MANY = 1000.0  # events, of which parts are not told
_ROUNDING = 1e-9  # of sums of many numbers in another order


def not_a_number(
    config: Config, histogram: str, parts: Mapping[str, Sequence[Contents]], *, category: str | None
) -> tuple[NotANumber, ...]:
    """Return what a histogram lacks, for each of the parts that lacks something and may be told.

    Parameters
    ----------
    histogram, category
        Which one; category None: that of all events.
    parts
        What they are called -> their samples; of ``data``, a hidden one hides all.
    """
    lumi_pb = config.input.lumi_pb if config.select.weight is not None else None
    found = []
    for name, members in parts.items():
        if name == "data" and any(_is_hidden(config, histogram, sample, category) for sample in members):
            continue
        counted = [sample for sample in members if sample.cutflow.cuts]
        stored = [sample.regions[category].histograms[histogram].filled for sample in counted]
        yields = [_selected(config, histogram, sample, category) for sample in counted]
        scale = 1.0 if name == "data" or lumi_pb is None else lumi_pb
        total = math.fsum(one.weighted for one in yields)
        missing = [
            one.weighted - filled[0]
            for one, filled in zip(yields, stored, strict=True)
            # squares tell: weights of both signs may add up to nothing
            if filled is not None and one.variance - filled[1] > _ROUNDING * one.variance
        ]
        if missing:
            found.append(NotANumber(name, scale * math.fsum(missing), scale * total))
    return tuple(found)


def note(numbers: PlotNumbers) -> str:
    """Return one line about the events that are not shown; empty where there are none."""
    if not numbers.not_a_number:
        return ""
    parts = "; ".join(_in_words(part, numbers.quantity) for part in numbers.not_a_number)
    return f"{numbers.column} is NaN, hence not shown: {parts}"


def _in_words(part: NotANumber, quantity: str) -> str:
    unit = "pb" if quantity == "pb" and part.of != "data" else "events"
    text = f"{_rounded(part.missing)} of {_rounded(part.total)} {unit} of {part.of}"
    return f"{text} ({format_percent(part.missing / part.total)})" if part.total > 0 else text


def _rounded(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= _MANY else f"{value:.4g}"


def _selected(config: Config, histogram: str, sample: Contents, category: str | None) -> Cut:
    if category is not None:
        return sample.categories[category]
    after = config.select.histograms[histogram].after
    return next((cut for cut in sample.cutflow.cuts if cut.name == after), sample.cutflow.cuts[-1])


def _is_hidden(config: Config, histogram: str, sample: Contents, category: str | None) -> bool:
    """Return whether the number of events of data must not be told; with that of the plot, a share would tell it."""
    hidden = blinding(config)
    if hidden is None:
        return False
    after = config.select.histograms[histogram].after
    return (
        hidden.hides(after, sample.cuts)
        or (category is not None and hidden.hides_categories(sample.cuts))
        or hides_histogram(config, histogram, sample.cuts, category=category)
    )
