"""What of the data must not be seen before an analysis is final: the mass window in which the signal would be."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from rdfplugins.config import NodeStep, ReportConfig

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from rdfplugins.config import Config, HistogramConfig

WINDOW_GEV = (120.0, 130.0)
WINDOW_TEXT = "120-130 GeV"

# Names under which `diphoton.features` writes the mass of the two photons, in GeV and in the unit of the file.
_MASS_COLUMNS = frozenset({"m_yy", "h_mass"})
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
        Cuts after which blinded histograms are filled; None stands for the last cut. From the first of them on, a
        number of data events less the events that are drawn would be the number in the window.
    """

    after: tuple[str | None, ...]

    def first_hidden(self, cuts: Sequence[str]) -> int:
        """Return the index of the first cut of a data sample whose events must not be told."""
        found = [cuts.index(name) if name in cuts else len(cuts) - 1 for name in self.after]
        return min([*found, *(cuts.index(name) for name in _MASS_CUTS if name in cuts)], default=len(cuts))

    def hides(self, after: str | None, cuts: Sequence[str]) -> bool:
        """Return whether a histogram filled after this cut holds events that must not be told, of whatever quantity."""
        return (cuts.index(after) if after in cuts else len(cuts) - 1) >= self.first_hidden(cuts)


def mass_histogram(config: Config) -> str | None:
    """Return the name of the histogram of the mass, if there is one whose range overlaps the signal window."""
    name = (config.report or ReportConfig()).mass
    spec = config.select.histograms.get(name)
    return name if spec is not None and window_of(spec) is not None else None


def window_of(spec: HistogramConfig) -> tuple[float, float] | None:
    """Return the signal window in the unit of a histogram of the mass; None where its range does not overlap it."""
    low, high = spec.range
    scale = MEV_PER_GEV if mass_unit(spec) == "MeV" else 1.0
    window = (WINDOW_GEV[0] * scale, WINDOW_GEV[1] * scale)
    return window if low < window[1] and high > window[0] else None


def mass_unit(spec: HistogramConfig) -> str:
    """Return the unit, GeV or MeV, that the range of a histogram of the mass must be in."""
    return "MeV" if spec.range[1] > _HIGHEST_GEV else "GeV"


def blinded_window(config: Config, name: str) -> tuple[float, float] | None:
    """Return where the data of a histogram are hidden, in its own unit; None where all of it may be seen.

    The histogram that ``report.mass`` names is blinded, and every other one of the same quantity.
    """
    report = config.report or ReportConfig()
    histograms = config.select.histograms
    columns = _MASS_COLUMNS | {report.mass}
    if report.mass in histograms:
        columns |= {histograms[report.mass].column}
    if report.unblind or histograms[name].column not in columns:
        return None
    return window_of(histograms[name])


def blinding(config: Config) -> Blinding | None:
    """Return what the cutflow, and histograms of other quantities, must hide; None where nothing is blinded."""
    histograms = config.select.histograms
    after = tuple(spec.after for name, spec in histograms.items() if blinded_window(config, name) is not None)
    unblind = (config.report or ReportConfig()).unblind
    cuts_on_mass = any(isinstance(step, NodeStep) and step.node == _NODE for step in config.select.steps)
    return Blinding(after) if after or (cuts_on_mass and not unblind) else None


def overlaps(edges: NDArray[np.float64], window: tuple[float, float]) -> NDArray[np.bool_]:
    """Return which bins share more than a point with the window, bool[n] for n + 1 edges."""
    rounding = 1e-9 * (window[1] - window[0])  # an edge meant to be 120 may be 120.00000000000001
    return np.asarray((edges[:-1] < window[1] - rounding) & (edges[1:] > window[0] + rounding))
