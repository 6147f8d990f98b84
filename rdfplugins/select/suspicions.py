"""What a cutflow looks like when something is wrong with its config: nothing of this fails a run."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rdfplugins.cutflow import Cut, Cutflow

MANY_EVENTS = 1000  # of which a sensible cut keeps one
EXCESS = 0.05  # scale factors move a sum of weights by a few per cent


def found(cutflow: Cutflow, *, xsec_pb: float | None, partial: bool) -> Iterator[str]:
    """Yield what is likely to be a mistake, a line each.

    Parameters
    ----------
    cutflow
        Of one sample, behind its loop.
    xsec_pb
        Its cross-section in pb; None where it has none, or several.
    partial
        Whether the loop was ended before all events were read: weights are then those of a part.
    """
    first = cutflow.cuts[0]
    if cutflow.bad_weights:
        yield (
            f"{cutflow.bad_weights} of {first.events} events have a weight that is NaN or infinite; they are left out"
            " of sums of weights"
        )
    elif first.events and first.variance == 0:
        yield "all weights are 0"
    elif cutflow.kind == "data" and not math.isclose(first.variance, first.events, rel_tol=1e-9):
        yield "weights of data are not 1"
    if cutflow.kind == "mc" and cutflow.weighted and not partial and xsec_pb is not None:
        yield from _more_than_there_are(first.weighted, xsec_pb)
    empty = next((cut.name for cut in cutflow.cuts if not cut.events), None)
    if empty is not None and first.events:
        yield f"no event passes '{empty}' ({_hint(cutflow, empty)})"
    yield from _emptied_channels(cutflow, empty)


def _hint(cutflow: Cutflow, empty: str) -> str:
    if empty == "golden_json":
        return "are its runs those of the list?"
    # the cut at which each channel ends, where the channels decide
    ends = {}
    for channel, cuts in cutflow.channels.items():
        stops = [cut.name for cut in cuts if not cut.events and cut.name != empty]
        if stops and all(cut.name != stops[0] for cut in cutflow.cuts):
            ends[channel] = stops[0]
    if len(ends) == len(cutflow.channels) and ends:
        return "channels end at: " + ", ".join(f"{channel} {name}" for channel, name in ends.items())
    return "is input.units right?"


def _more_than_there_are(weighted: float, xsec_pb: float) -> Iterator[str]:
    if weighted > xsec_pb * (1 + EXCESS):
        yield (
            f"before any cut the weights add up to {weighted:.4g} pb, and the cross-section is {xsec_pb:.4g} pb; look"
            " at sum_of_weights, the generator weight (and its alias) and the scale factors"
        )


def _emptied_channels(cutflow: Cutflow, empty: str | None) -> Iterator[str]:
    """Say in one line which channels lose many events at once, but at the cut that all events are known to fail."""
    emptied: dict[str, list[str]] = {}
    for channel, cuts in cutflow.channels.items():
        name = _emptying(cuts)
        if name is not None and name != empty:
            emptied.setdefault(name, []).append(channel)
    if emptied:
        parts = [
            f"of channel{'s' if len(channels) > 1 else ''} {', '.join(channels)} passes '{name}'"
            for name, channels in emptied.items()
        ]
        yield f"no event {', and none '.join(parts)} (are the parameters of the cuts right?)"


def _emptying(cuts: Sequence[Cut]) -> str | None:
    pairs = itertools.pairwise(cuts)
    return next((cut.name for before, cut in pairs if before.events >= MANY_EVENTS and not cut.events), None)
