"""How well each estimate tells signal from background: shapes, the ROC curve with its area, the separation power."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from rdfplugins.report.response.numbers import FEWEST
from rdfplugins.report.response.quantiles import effective, quantiles

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from rdfplugins.report.model import Remarks
    from rdfplugins.report.response.events import Events
    from rdfplugins.report.response.labels import Label

POWER_BINS = 20
_MOST_POINTS = 400  # of a curve that is drawn
_BINS = 40  # of a shape, at least half of it
_SHARES = (0.005, 0.16, 0.5, 0.98)  # shapes are drawn between the outer two
_TAIL = 5.0  # times the distance of the inner two, above which they end in any case


@dataclasses.dataclass(frozen=True)
class Weighted:
    """Numbers with weights: those of an estimate, of one kind of events.

    Attributes
    ----------
    values, weights
        float64[n], in rising order of the values, which are finite; the sum of the weights is above 0.
    share
        Share of the weight of all events of this kind that these have.
    """

    values: NDArray[np.float64]
    weights: NDArray[np.float64]
    share: float

    @property
    def total(self) -> float:
        """Sum of the weights."""
        return float(self.weights.sum())


@dataclasses.dataclass(frozen=True)
class Measure:
    """How well an estimate tells two kinds of events apart.

    Attributes
    ----------
    background_events, signal_events
        Numbers of events.
    background_share, signal_share
        Shares of all events of their kind, by weight.
    area, area_error
        Area below the ROC curve, not below 0.5 but for the last digit, and its statistical error.
    rising
        Whether signal has the larger values.
    power
        ``1/2 sum (s - b)^2 / (s + b)`` over bins with equal shares of both: 0 for equal shapes, 1 without overlap.
    chance
        What the power of equal shapes would be on average, with as many events.
    """

    background_events: int
    signal_events: int
    background_share: float
    signal_share: float
    area: float
    area_error: float
    rising: bool
    power: float
    chance: float


@dataclasses.dataclass(frozen=True)
class Shape:
    """A distribution, of all events that have the estimate, normalised to 1 with those beyond the axis.

    Attributes
    ----------
    values, errors
        float64[n] of equal bins.
    """

    values: NDArray[np.float64]
    errors: NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class Separated:
    """One estimate.

    Attributes
    ----------
    column
        Its name.
    edges
        Of the shapes, float64[n + 1].
    background, signal
        Shapes on the events that have all estimates.
    curve
        float64[2, m]: shares of signal that is kept and of background that is rejected, on these events.
    same, own
        Numbers on these events, and on all that have this estimate.
    """

    column: str
    edges: NDArray[np.float64]
    background: Shape
    signal: Shape
    curve: NDArray[np.float64]
    same: Measure
    own: Measure


@dataclasses.dataclass(frozen=True)
class SeparationNumbers:
    """The plot.

    Attributes
    ----------
    name
        Of its files, without ending.
    background, signal
        What the two kinds are called.
    background_samples, signal_samples
        Names of their samples.
    estimates, labels
        In the order of the config; and column -> what it is called.
    units
        Column -> unit, where it is known.
    split
        As in `ResponseNumbers`.
    weight
        By what events are weighted; None: each counts once.
    remarks
        What has to be said about the events.
    """

    name: str
    background: str
    signal: str
    background_samples: tuple[str, ...]
    signal_samples: tuple[str, ...]
    estimates: tuple[Separated, ...]
    labels: Mapping[str, Label]
    units: Mapping[str, str]
    split: str | None
    of_split: str
    weight: str | None
    remarks: Remarks


def separate(background: Events, signal: Events) -> tuple[Separated, ...]:
    """Return shapes, curves and numbers of each estimate; none where one side has too few events with all of them."""
    kinds = (background, signal)
    same = [np.all([np.isfinite(values) for values in one.estimates.values()], axis=0) for one in kinds]
    found = []
    for column in background.estimates:
        on_same = [_weighted(one, column, rows) for one, rows in zip(kinds, same, strict=True)]
        on_own = [_weighted(one, column, np.isfinite(one.estimates[column])) for one in kinds]
        if any(effective(one.weights) < FEWEST for one in (*on_same, *on_own)):
            return ()
        edges = _drawn_edges(*on_same)
        found.append(
            Separated(
                column,
                edges,
                shape_of(on_same[0], edges),
                shape_of(on_same[1], edges),
                curve_of(*on_same),
                measure(*on_same),
                measure(*on_own),
            )
        )
    return tuple(found)


def _weighted(events: Events, column: str, rows: NDArray[np.bool_]) -> Weighted:
    values, weights = events.estimates[column][rows], events.weights[rows]
    order = np.argsort(values, kind="stable")
    total = float(events.weights.sum())
    return Weighted(values[order], weights[order], float(weights.sum()) / total if total > 0 else np.nan)


def measure(background: Weighted, signal: Weighted) -> Measure:
    """Return all numbers of two kinds of events."""
    area, error = area_of(background, signal)
    power, chance = power_of(background, signal)
    return Measure(
        len(background.values),
        len(signal.values),
        background.share,
        signal.share,
        max(area, 1.0 - area),
        error,
        area >= 0.5,  # noqa: PLR2004 (no separation)
        power,
        chance,
    )


def area_of(background: Weighted, signal: Weighted) -> tuple[float, float]:
    """Return the chance that signal is above background, a tie counting half, and its statistical error.

    It is the area below the ROC curve. The error is that of DeLong, DeLong and Clarke-Pearson (1988,
    doi:10.2307/2531595), with the events' weights.
    """
    above = _below(background, signal.values)
    beneath = 1.0 - _below(signal, background.values)
    area = float(np.sum(signal.weights * above)) / signal.total
    squares = [
        float(np.sum((one.weights * (ranks - area)) ** 2)) / one.total**2
        for one, ranks in ((signal, above), (background, beneath))
    ]
    return area, float(np.sqrt(sum(squares)))


def _below(events: Weighted, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share of the events that is below each value, with half of what is equal, float64[values]."""
    sums = np.concatenate([[0.0], np.cumsum(events.weights)])
    left, right = (sums[np.searchsorted(events.values, values, side=side)] for side in ("left", "right"))
    return np.asarray(0.5 * (left + right) / sums[-1])


def curve_of(background: Weighted, signal: Weighted) -> NDArray[np.float64]:
    """Return the ROC curve, float64[2, m]: signal that is kept, background that is rejected, both from 0 to 1.

    Every cut between two different values is a point of it, and equal values are joined by a line, so that the area
    below is that of `area_of`; of more than some hundred cuts, points along the curve are taken.
    """
    cuts = np.unique(np.concatenate([background.values, signal.values]))
    kept, passed = (_from(one, cuts) for one in (signal, background))
    if area_of(background, signal)[0] < 0.5:  # noqa: PLR2004 (signal is below)
        kept, passed = 1.0 - kept, 1.0 - passed
    else:
        kept, passed = kept[::-1], passed[::-1]
    way = np.linspace(0.0, 1.0, _MOST_POINTS) * 2.0
    rows = np.unique(np.searchsorted(np.maximum.accumulate(kept + passed), way).clip(0, len(kept) - 1))
    rows = np.arange(len(kept)) if len(kept) <= _MOST_POINTS else np.union1d(rows, [0, len(kept) - 1])
    return np.stack([kept[rows], 1.0 - passed[rows]])


def _from(events: Weighted, cuts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share of the events at or above each cut, and above all of them, float64[cuts + 1]."""
    sums = np.concatenate([[0.0], np.cumsum(events.weights)])
    below = sums[np.searchsorted(events.values, cuts, side="left")] / sums[-1]
    return np.concatenate([1.0 - below, [0.0]])


def power_of(background: Weighted, signal: Weighted) -> tuple[float, float]:
    """Return the separation power, and what it would be by chance, were both shapes the same.

    It is the binned ``<S^2>`` of the TMVA Users Guide (arXiv:physics/0703039). The bins are those in which both kinds
    together, each normalised to 1, have equal shares: they are the same for an estimate and for any rising function of
    it, such as one with another scale.
    """
    both = np.concatenate([background.values, signal.values])
    weights = np.concatenate([background.weights / background.total, signal.weights / signal.total])
    cuts = np.unique(quantiles(both, weights, [number / POWER_BINS for number in range(1, POWER_BINS)])[0])
    (b, b_variance), (s, s_variance) = (_in_bins(one, cuts) for one in (background, signal))
    filled = s + b > 0
    s, b, variance = s[filled], b[filled], (s_variance + b_variance)[filled]
    return 0.5 * float(np.sum((s - b) ** 2 / (s + b))), 0.5 * float(np.sum(variance / (s + b)))


def _in_bins(events: Weighted, cuts: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return shares between cuts, and what the variance of each would be for as many events at random."""
    number = np.searchsorted(cuts, events.values, side="right")
    share = np.bincount(number, weights=events.weights, minlength=len(cuts) + 1) / events.total
    squares = np.bincount(number, weights=events.weights**2, minlength=len(cuts) + 1) / events.total**2
    return share, squares * (1.0 - share)


def shape_of(events: Weighted, edges: NDArray[np.float64]) -> Shape:
    """Return the shares of the events in bins."""
    shares = np.histogram(events.values, edges, weights=events.weights / events.total)[0]
    squares = np.histogram(events.values, edges, weights=(events.weights / events.total) ** 2)[0]
    return Shape(shares, np.sqrt(squares))


def _drawn_edges(background: Weighted, signal: Weighted) -> NDArray[np.float64]:
    """Return edges of equal bins of a round width that hold nearly all events of both kinds, but for long tails."""
    found = [quantiles(one.values, one.weights, _SHARES)[0].tolist() for one in (background, signal)]
    low = min(first for first, _, _, _ in found)
    high = max(min(last, half + _TAIL * (half - below)) if half > below else last for _, below, half, last in found)
    width = _round_width(low, high)
    first, last = np.floor(low / width), np.ceil(high / width)
    return np.asarray(np.arange(first, max(last, first + 1) + 1) * width)


def _round_width(low: float, high: float) -> float:
    """Return the smallest of ... 1, 2, 5, 10 ... that makes no more bins than are wanted."""
    wanted = (high - low) / _BINS
    if not wanted > 0:
        return max(abs(low), 1.0) * 0.1
    power = 10.0 ** np.floor(np.log10(wanted))
    return float(next(step * power for step in (1.0, 2.0, 5.0, 10.0) if step * power >= wanted * (1.0 - 1e-9)))
