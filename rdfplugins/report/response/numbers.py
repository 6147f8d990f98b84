"""Median and width of estimate over truth, in bins of the truth: the numbers of the plots."""

from __future__ import annotations

import dataclasses
import functools
import itertools
from typing import TYPE_CHECKING

import numpy as np

from rdfplugins.report.response.quantiles import effective, quantiles
from rdfplugins.report.response.sensitivity import Sensitivity, sensitivities

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from rdfplugins.report.model import Remarks
    from rdfplugins.report.response.events import Events
    from rdfplugins.report.response.labels import Label

FEWEST, FEW = 20, 1000
"""Bins with fewer events than the first are not shown, and those with fewer than the second are marked."""
_LOW, _HALF, _HIGH = 0.16, 0.5, 0.84


@dataclasses.dataclass(frozen=True)
class Bin:
    """Estimate over truth, in a bin of the truth; numbers are NaN where there are fewer than `FEWEST` events.

    Attributes
    ----------
    low, high
        The bin, in the unit of the truth.
    events, estimated
        Number of events, and of those with an estimate: all that follows is of these.
    effective
        How many events of weight 1 they are worth.
    q16, median, q84
        Quantiles of estimate over truth.
    width
        Half the distance of the outer two over the median: the relative resolution, whatever the scale; how much the
        estimate follows the truth is not in it, see `Estimate.sensitivities`.
    median_error, width_error
        Statistical, of one standard deviation.
    centre
        Median of the truth.
    """

    low: float
    high: float
    events: int
    estimated: int
    effective: float
    q16: float = np.nan
    median: float = np.nan
    q84: float = np.nan
    width: float = np.nan
    median_error: float = np.nan
    width_error: float = np.nan
    centre: float = np.nan

    @property
    def shown(self) -> bool:
        """Whether there are enough events for its numbers."""
        return bool(np.isfinite(self.median))

    @property
    def marked(self) -> bool:
        """Whether there are so few events that a reader should know."""
        return self.shown and self.effective < FEW

    @property
    def share(self) -> float:
        """Share of the events with an estimate; NaN without events."""
        return self.estimated / self.events if self.events else np.nan

    @property
    def calibration(self) -> float:
        """What the estimate is multiplied with to have a median of 1; NaN where the median is not above 0."""
        return 1.0 / self.median if self.median > 0 else np.nan

    @property
    def calibration_error(self) -> float:
        """Statistical error of `calibration`."""
        return self.median_error * self.calibration**2


@dataclasses.dataclass(frozen=True)
class Estimate:
    """One estimate in all bins.

    Attributes
    ----------
    column
        Its name.
    bins
        In the order of the truth.
    """

    column: str
    bins: tuple[Bin, ...]

    @property
    def share(self) -> float:
        """Share of the events in all bins with an estimate; NaN without events."""
        events = sum(one.events for one in self.bins)
        return sum(one.estimated for one in self.bins) / events if events else np.nan

    @functools.cached_property
    def sensitivities(self) -> tuple[Sensitivity, ...]:
        """How much the estimate follows the truth, in each bin."""
        return sensitivities(self.bins)


@dataclasses.dataclass(frozen=True)
class ResponseNumbers:
    """One plot: all estimates, of all events or of those of a channel.

    Attributes
    ----------
    name
        Of its files, without ending.
    channel
        Its name; None: all events.
    truth, unit
        Column of the truth, and its unit (may be empty).
    edges
        Of the bins, float64[n + 1].
    estimates, labels
        In the order of the config; and column -> what it is called.
    samples
        Whose events these are.
    split, of_split
        Of which split, None where the trees have none; and that in words, which are empty then.
    weight
        By what events are weighted; None: each counts once.
    remarks
        What has to be said about the events.
    """

    name: str
    channel: str | None
    truth: str
    unit: str
    edges: NDArray[np.float64]
    estimates: tuple[Estimate, ...]
    labels: Mapping[str, Label]
    samples: tuple[str, ...]
    split: str | None
    of_split: str
    weight: str | None
    remarks: Remarks

    @property
    def shown(self) -> bool:
        """Whether any bin has enough events."""
        return any(one.shown for estimate in self.estimates for one in estimate.bins)


def estimates_of(
    events: Events, edges: Sequence[float], channels: Sequence[str | None]
) -> Mapping[str | None, tuple[Estimate, ...]]:
    """Return channel -> its estimates; None stands for all events.

    Parameters
    ----------
    events
        With a truth.
    edges
        Of the bins of the truth; a bin holds its lower edge.
    channels
        Which are wanted.
    """
    number = np.searchsorted(np.asarray(edges), events.truth, side="right")
    order = np.argsort(number, kind="stable")
    ends = np.searchsorted(number[order], np.arange(1, len(edges) + 1))
    found: dict[str | None, dict[str, list[Bin]]] = {
        channel: {column: [] for column in events.estimates} for channel in channels
    }
    for index, (low, high) in enumerate(itertools.pairwise(edges)):
        rows = order[ends[index] : ends[index + 1]]
        for channel, columns in found.items():
            here = rows if channel is None else rows[events.channels[channel][rows]]
            for column, bins in columns.items():
                ratio = events.estimates[column][here] / events.truth[here]
                bins.append(bin_of(low, high, ratio, events.weights[here], events.truth[here]))
    return {
        channel: tuple(Estimate(column, tuple(bins)) for column, bins in columns.items())
        for channel, columns in found.items()
    }


def bin_of(
    low: float,
    high: float,
    ratio: NDArray[np.float64],
    weights: NDArray[np.float64],
    truth: NDArray[np.float64] | None = None,
) -> Bin:
    """Return the numbers of a bin.

    Parameters
    ----------
    low, high
        The bin.
    ratio
        Estimate over truth, float64[n]; not finite where there is no estimate.
    weights
        float64[n].
    truth
        float64[n]; None: its median is not wanted.
    """
    there = np.isfinite(ratio)
    truth = None if truth is None else truth[there]
    ratio, weights, events = ratio[there], weights[there], len(ratio)
    worth = effective(weights)
    empty = Bin(low, high, events, len(ratio), worth)
    if worth < FEWEST:
        return empty
    (q16, median, q84), covariance = quantiles(ratio, weights, (_LOW, _HALF, _HIGH))
    found = dataclasses.replace(
        empty,
        q16=float(q16),
        median=float(median),
        q84=float(q84),
        median_error=float(np.sqrt(covariance[1, 1])),
        centre=np.nan if truth is None else float(quantiles(truth, weights, (_HALF,))[0][0]),
    )
    if not median > 0:
        return found
    width = (q84 - q16) / 2.0 / median
    slopes = np.array([-0.5, -width, 0.5]) / median
    variance = max(float(slopes @ covariance @ slopes), 0.0)
    return dataclasses.replace(found, width=float(width), width_error=float(np.sqrt(variance)))
