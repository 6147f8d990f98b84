"""What of the data must not be seen before an analysis is final: the mass window in which the signal would be."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from rdfplugins.config import NodeStep, ReportConfig
from rdfplugins.report.mass_names import (
    MASS_GEV,
    MASS_OF_FILE,
    carriers,
    cuts_on_mass,
    made_by_us,
    mass_columns,
    reads,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from rdfplugins.config import Config, HistogramConfig

WINDOW_GEV = (120.0, 130.0)
WINDOW_TEXT = "120-130 GeV"

# No histogram of this mass ends above 10 TeV, and none ends below 10 GeV: a higher end means MeV.
_HIGHEST_GEV = 10_000.0
# Cuts of `diphoton.select` on the mass: what is left after them is a number of events in a region of the mass.
_NODE = "diphoton.select"
_MASS_CUTS = ("mass_105_160", "mass_window")
MEV_PER_GEV = 1000.0


@dataclasses.dataclass(frozen=True)
class Blinding:
    """Data that are hidden.

    Attributes
    ----------
    after
        Cuts after which histograms of the mass, or of what is made from it, are filled; None stands for the last cut.
        From the first of them on, a number of data events less the events that are drawn would be the number in the
        window.
    cuts
        Names of cuts that read the mass: from the first of them on all numbers are hidden.
    harmless
        Cuts that do not, where any other but the first row may; None where ``cuts`` are all.
    everything
        Whether the weight depends on the mass, so that every number does.
    categories
        Whether the condition of a category reads the mass: yields and plots of all of them are hidden.
    """

    after: tuple[str | None, ...]
    cuts: tuple[str, ...] = ()
    harmless: frozenset[str] | None = None
    everything: bool = False
    categories: bool = False

    def first_hidden(self, cuts: Sequence[str]) -> int:
        """Return the index of the first cut of a data sample whose events must not be told."""
        if self.everything:
            return 0
        found = [cuts.index(name) if name in cuts else len(cuts) - 1 for name in self.after]
        found += [cuts.index(name) for name in (*_MASS_CUTS, *self.cuts) if name in cuts]
        if self.harmless is not None:
            found += [index for index, name in enumerate(cuts) if index > 0 and name not in self.harmless]
        return min(found, default=len(cuts))

    def hides(self, after: str | None, cuts: Sequence[str]) -> bool:
        """Return whether a histogram filled after this cut holds events that must not be told, of whatever quantity."""
        return (cuts.index(after) if after in cuts else len(cuts) - 1) >= self.first_hidden(cuts)

    def hides_categories(self, cuts: Sequence[str]) -> bool:
        """Return whether the yields of categories must not be told: they add up to what is left after the last cut."""
        return self.categories or self.hides(None, cuts)


def mass_histogram(config: Config) -> str | None:
    """Return the name of the histogram of the mass, if there is one whose range overlaps the signal window."""
    name = (config.report or ReportConfig()).mass
    spec = config.select.histograms.get(name)
    return name if spec is not None and window_of(config, spec) is not None else None


def window_of(config: Config, spec: HistogramConfig) -> tuple[float, float] | None:
    """Return the signal window in the unit of a histogram of the mass; None where its range does not overlap it."""
    low, high = spec.range
    scale = MEV_PER_GEV if mass_unit(config, spec) == "MeV" else 1.0
    window = (WINDOW_GEV[0] * scale, WINDOW_GEV[1] * scale)
    return window if low < window[1] and high > window[0] else None


def mass_unit(config: Config, spec: HistogramConfig) -> str:
    """Return the unit, GeV or MeV, of a histogram of the mass: that of our columns, else what its range speaks of."""
    if made_by_us(config) and spec.column in {MASS_GEV, MASS_OF_FILE}:
        return "GeV" if spec.column == MASS_GEV else config.input.units
    return "MeV" if spec.range[1] > _HIGHEST_GEV else "GeV"


def blinded_window(config: Config, name: str) -> tuple[float, float] | None:
    """Return where the data of a histogram are hidden, in its own unit; None where all of it may be seen.

    The histogram that ``report.mass`` names is blinded, and every other one of the same quantity.
    """
    spec = config.select.histograms[name]
    if (config.report or ReportConfig()).unblind or spec.column not in mass_columns(config):
        return None
    return window_of(config, spec)


def hides_histogram(config: Config, name: str, cuts: Sequence[str], *, category: str | None = None) -> bool:
    """Return whether none of the data of a histogram may be shown.

    Of the mass itself only the window is hidden, see `blinded_window`. What is made from the mass has its window
    elsewhere, and the total of anything else would tell, with the sidebands of the mass, how many events are in it.

    Parameters
    ----------
    config, name
        Which histogram.
    cuts
        Names of the cuts of the sample of data.
    category
        Of which category; None: of all events.
    """
    hidden, spec = blinding(config), config.select.histograms[name]
    if hidden is None:
        return False
    if category is not None and hidden.categories:
        return True
    if spec.column in mass_columns(config):
        return False
    return reads(spec.column, carriers(config)) or hidden.hides(spec.after, cuts)


def blinding(config: Config) -> Blinding | None:
    """Return what the cutflow, and histograms of other quantities, must hide; None where nothing is blinded."""
    select = config.select
    if (config.report or ReportConfig()).unblind:
        return None
    names = carriers(config)
    after = tuple(spec.after for spec in select.histograms.values() if reads(spec.column, names))
    cuts = cuts_on_mass(config, names)
    found = Blinding(
        after,
        cuts.names,
        cuts.harmless,
        everything=select.weight is not None and reads(select.weight, names),
        categories=any(reads(condition, names) for condition in select.categories.values()),
    )
    ours = any(isinstance(step, NodeStep) and step.node == _NODE for step in select.steps)
    return found if ours or found != Blinding(()) else None


def overlaps(edges: NDArray[np.float64], window: tuple[float, float]) -> NDArray[np.bool_]:
    """Return which bins share more than a point with the window, bool[n] for n + 1 edges."""
    rounding = 1e-9 * (window[1] - window[0])  # an edge meant to be 120 may be 120.00000000000001
    return np.asarray((edges[:-1] < window[1] - rounding) & (edges[1:] > window[0] + rounding))
