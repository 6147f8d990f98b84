"""The numbers of a plot, made before anything is drawn: what is not in here cannot be seen in the plot."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from rdfplugins.report.blinding import (
    MEV_PER_GEV,
    blinded_window,
    blinding,
    mass_histogram,
    mass_unit,
    overlaps,
    window_of,
)
from rdfplugins.report.statistics import PolynomialFit, fit_polynomial, poisson_errors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from rdfplugins.config import Config, HistogramConfig
    from rdfplugins.report.contents import Contents, Histogram

_LINE_HEIGHT = 0.35  # of the highest data point: high enough to be seen, low enough to stay below the data
_HIGHEST_POWER = 9
# Trees of the open data releases of ATLAS for education, of 2020 and of 2025.
_ATLAS_TREES = frozenset({"mini", "analysis"})


@dataclasses.dataclass(frozen=True)
class Points:
    """Data points; all three are float64[n], in events, and NaN in blinded bins.

    Attributes
    ----------
    values, down, up
        Contents, and the lengths of the error bars.
    """

    values: NDArray[np.float64]
    down: NDArray[np.float64]
    up: NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class Component:
    """Simulated samples of one label, float64[n], in events; in pb where there is no luminosity."""

    label: str
    values: NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class PlotNumbers:
    """One plot.

    Attributes
    ----------
    name, column, title
        Of the histogram; the title is None where the config gives none.
    edges, unit
        float64[n + 1], and the unit of the axis (may be empty).
    is_mass
        Whether this is the mass, whose smooth background is fitted.
    data
        None where there are no data events to be shown.
    components
        Parts of the stack, lowest first.
    per_pb
        Whether the components are in pb, for want of a luminosity.
    factor
        What the line of the summed components is multiplied with; None where no line is needed.
    blinded
        Window in which data are hidden, in the unit of the axis.
    background
        The fit to the data outside the signal window; None without data.
    residual
        Data less background, with the errors of the data; None without a fit.
    simulation, data_simulated, open_data, partial
        What has to be said about the events: whether any of them, and those of data, come from our own simulation,
        whether they are the open data of ATLAS, and whether only the first of them were looked at.
    lumi_pb
        Integrated luminosity in 1/pb.
    """

    name: str
    column: str
    title: str | None
    edges: NDArray[np.float64]
    unit: str
    is_mass: bool
    data: Points | None
    components: tuple[Component, ...]
    per_pb: bool
    factor: int | None
    blinded: tuple[float, float] | None
    background: PolynomialFit | None
    residual: Points | None
    simulation: bool
    data_simulated: bool
    open_data: bool
    partial: bool
    lumi_pb: float | None

    @property
    def centres(self) -> NDArray[np.float64]:
        """Centres of the bins, float64[n]."""
        return np.asarray((self.edges[:-1] + self.edges[1:]) / 2.0)

    @property
    def total(self) -> NDArray[np.float64]:
        """Sum of the components, float64[n]."""
        zeros = np.zeros(len(self.edges) - 1)
        return np.asarray(sum((component.values for component in self.components), zeros))


def prepare(config: Config, name: str, samples: Sequence[Contents]) -> PlotNumbers:
    """Return the numbers of the plot of a histogram.

    Parameters
    ----------
    config
        Its ``input.lumi_pb`` scales simulation; its section ``report`` says whether data are blinded.
    name
        Of the histogram.
    samples
        At least one; samples of one label are added up, as are all samples of data.
    """
    spec = config.select.histograms[name]
    is_mass = name == mass_histogram(config)
    scale, unit = _axis(spec, samples[0].histograms[name], is_mass=is_mass)
    edges = samples[0].histograms[name].edges * scale
    blinded, window = (_scaled(found, scale) for found in (blinded_window(config, name), window_of(spec)))
    seen = np.ones(len(edges) - 1, dtype=bool) if blinded is None else ~overlaps(edges, blinded)
    if blinded is None and _hides_data(config, name, samples):
        seen[:] = False  # with the sidebands of the mass, these would tell the number in the window
    data = _points([sample.histograms[name] for sample in samples if sample.kind == "data"], seen)
    lumi_pb = config.input.lumi_pb if config.select.weight is not None else None
    components, per_pb = _components(name, samples, lumi_pb, have_data=data is not None)
    background = None
    if is_mass and data is not None:
        background = _fit_sidebands(edges, data, window)
    simulation = any(sample.simulation for sample in samples)
    numbers = PlotNumbers(
        name=name,
        column=spec.column,
        title=spec.title,
        edges=edges,
        unit=unit,
        is_mass=is_mass,
        data=data,
        components=components,
        per_pb=per_pb,
        factor=None,
        blinded=blinded if any(sample.kind == "data" for sample in samples) else None,
        background=background,
        residual=None,
        simulation=simulation,
        data_simulated=any(sample.simulation for sample in samples if sample.kind == "data"),
        open_data=not simulation and config.input.tree in _ATLAS_TREES,
        partial=any(sample.partial for sample in samples),
        lumi_pb=lumi_pb,
    )
    return dataclasses.replace(numbers, factor=_line_factor(numbers), residual=_residual(numbers))


def _hides_data(config: Config, name: str, samples: Sequence[Contents]) -> bool:
    hidden, after = blinding(config), config.select.histograms[name].after
    cutflows = [[cut.name for cut in sample.cutflow.cuts] for sample in samples if sample.kind == "data"]
    return hidden is not None and any(hidden.hides(after, cuts) for cuts in cutflows)


def round_factor(height: float, limit: float) -> int:
    """Return the largest of 1, 2, 5, 10, 20, 50 ... by which ``height`` may be multiplied to stay within ``limit``."""
    steps = [digit * 10**power for power in range(_HIGHEST_POWER) for digit in (1, 2, 5)]
    return max((step for step in steps if height * step <= limit), default=1)


def _axis(spec: HistogramConfig, histogram: Histogram, *, is_mass: bool) -> tuple[float, str]:
    """Return what the axis of a plot is multiplied with, and its unit: energies are read in GeV.

    A title with a unit of its own is taken at its word.
    """
    if spec.title is not None and "[" in spec.title:
        return 1.0, spec.title.partition("[")[2].partition("]")[0]
    unit = histogram.unit or (mass_unit(spec) if is_mass else "")
    return (1.0 / MEV_PER_GEV, "GeV") if unit == "MeV" else (1.0, unit)


def _scaled(window: tuple[float, float] | None, scale: float) -> tuple[float, float] | None:
    return None if window is None else (window[0] * scale, window[1] * scale)


def _points(histograms: Sequence[Histogram], seen: NDArray[np.bool_]) -> Points | None:
    """Return the sum of data histograms; None where no bin that may be seen has an event."""
    if not histograms:
        return None
    # blinded contents end here: what follows, whether there are data to be drawn too, knows only the others
    values = np.where(seen, np.sum([histogram.values for histogram in histograms], axis=0), np.nan)
    variances = np.where(seen, np.sum([histogram.variances for histogram in histograms], axis=0), np.nan)
    if not np.any(values[seen]):
        return None
    if np.array_equal(values[seen], variances[seen]):
        return Points(values, *poisson_errors(values))
    errors = np.sqrt(variances)  # the user's own weights: there is no count
    return Points(values, errors, errors)


def _components(
    name: str, samples: Sequence[Contents], lumi_pb: float | None, *, have_data: bool
) -> tuple[tuple[Component, ...], bool]:
    """Return the stack, and whether it is in pb; without a luminosity nothing can be compared with data."""
    if lumi_pb is None and have_data:
        return (), False
    sums: dict[str, NDArray[np.float64]] = {}
    for sample in samples:
        if sample.kind != "data":
            scaled = sample.histograms[name].values * (1.0 if lumi_pb is None else lumi_pb)
            sums[sample.label] = sums[sample.label] + scaled if sample.label in sums else scaled
    filled = [Component(label, values) for label, values in sums.items() if np.any(values)]
    # smallest at the bottom: a big one below would leave the small ones as slivers on a steep slope
    filled.sort(key=lambda component: float(component.values.sum()))
    return tuple(filled), lumi_pb is None and bool(filled)


def _fit_sidebands(
    edges: NDArray[np.float64], data: Points, window: tuple[float, float] | None
) -> PolynomialFit | None:
    outside = data.values if window is None else np.where(overlaps(edges, window), np.nan, data.values)
    errors = np.sqrt(np.where(outside > 0, outside, 0.0))
    return fit_polynomial((edges[:-1] + edges[1:]) / 2.0, outside, errors)


def _line_factor(numbers: PlotNumbers) -> int | None:
    if numbers.data is None or not numbers.components:
        return None
    height = float(numbers.total.max())
    factor = round_factor(height, _LINE_HEIGHT * float(np.nanmax(numbers.data.values))) if height > 0 else 1
    return factor if factor > 1 else None


def _residual(numbers: PlotNumbers) -> Points | None:
    if numbers.data is None or numbers.background is None:
        return None
    values = numbers.data.values - numbers.background(numbers.centres)
    return Points(values, numbers.data.down, numbers.data.up)
