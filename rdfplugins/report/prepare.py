"""From the files of samples to the numbers of a plot."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from rdfplugins.config import NodeStep, ReportConfig
from rdfplugins.report.axes import ESTIMATED_MASS
from rdfplugins.report.blinding import (
    MEV_PER_GEV,
    blinded_window,
    hides_histogram,
    mass_histogram,
    mass_unit,
    overlaps,
    window_of,
)
from rdfplugins.report.mass_fit import fit_mass, residual_of
from rdfplugins.report.model import Component, PlotNumbers, Points, Ratio, Remarks, summed
from rdfplugins.report.not_a_number import not_a_number
from rdfplugins.report.statistics import poisson_errors
from rdfplugins.report.systematics import band_of, shifts_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from rdfplugins.config import Config, HistogramConfig
    from rdfplugins.report.contents import Contents, Histogram

_LINE_HEIGHT = 0.35  # of the highest data point: high enough to be seen, low enough to stay below the data
_HIGHEST_POWER = 9
# What the labels of the open data's samples mean to physicists; any other label is its own name.
_NODES_OF_HGG = "diphoton."
_ESTIMATES = "ml_mass"  # a node, and the name of its column
_HGG_MODES = {"gg": "ggH", "VBF": "VBF", "Wp": "W\N{SUPERSCRIPT PLUS SIGN}H", "Z": "ZH", "tt": "ttH"}


def prepare(
    config: Config, histogram: str, samples: Sequence[Contents], *, category: str | None = None, name: str | None = None
) -> PlotNumbers:
    """Return the numbers of the plot of a histogram.

    Parameters
    ----------
    config
        Its ``input.lumi_pb`` scales simulation; its section ``report`` says whether data are blinded, what is signal,
        and how the mass is fitted.
    histogram
        Its name.
    samples
        At least one; samples of one label are added up, as are all samples of data.
    category
        Of which category; None: all events.
    name
        Of the files of the plot, without ending; None: that of the histogram.
    """
    spec, report = config.select.histograms[histogram], config.report or ReportConfig()
    is_mass = histogram == mass_histogram(config)
    first = samples[0].regions[category].histograms[histogram]
    scale, unit = axis(config, spec, first, is_mass=is_mass)
    edges = first.edges * scale
    blinded, window = (_scaled(found, scale) for found in (blinded_window(config, histogram), window_of(config, spec)))
    seen = np.ones(len(edges) - 1, dtype=bool) if blinded is None else ~overlaps(edges, blinded)
    data_hidden = any(
        hides_histogram(config, histogram, sample.cuts, category=category) for sample in samples if sample.is_data
    )
    if data_hidden:
        seen[:], blinded = False, None
    data = _points([sample.regions[category].histograms[histogram] for sample in samples if sample.is_data], seen)
    everything = components(config, histogram, samples, category=category, have_data=data is not None)
    stack, lines = _arranged(config, everything)
    shifts = shifts_of(histogram, _of(stack, samples), luminosity_of(config), category=category)
    numbers = PlotNumbers(
        name=name or histogram,
        histogram=histogram,
        category=category,
        column=spec.column,
        title=title_of(config, spec, unit, first.title),
        edges=edges,
        unit=unit,
        quantity=quantity_of(config),
        is_mass=is_mass,
        log=histogram in report.log,
        data=data,
        stack=stack,
        lines=lines,
        factor=None,
        band=band_of(stack, shifts) if stack else None,
        shifts=shifts,
        blinded=blinded if any(sample.is_data for sample in samples) else None,
        data_hidden=data_hidden,
        fit=None,
        residual=None,
        ratio=None,
        remarks=remarks_of(config, samples),
        not_a_number=not_a_number(config, histogram, _parts(config, samples, data), category=category),
    )
    if is_mass:
        gev = MEV_PER_GEV * scale if mass_unit(config, spec) == "MeV" else 1.0
        numbers = dataclasses.replace(numbers, fit=fit_mass(numbers, report, window, gev=gev))
    numbers = dataclasses.replace(numbers, residual=residual_of(numbers))
    return dataclasses.replace(numbers, factor=_line_factor(numbers), ratio=_ratio(numbers))


def axis(config: Config, spec: HistogramConfig, histogram: Histogram, *, is_mass: bool) -> tuple[float, str]:
    """Return what the axis of a plot is multiplied with, and its unit: energies are read in GeV.

    A title with a unit of its own is taken at its word.
    """
    if spec.title is not None and "[" in spec.title:
        return 1.0, spec.title.partition("[")[2].partition("]")[0]
    unit = histogram.unit or (mass_unit(config, spec) if is_mass else "")
    return (1.0 / MEV_PER_GEV, "GeV") if unit == "MeV" else (1.0, unit)


def title_of(config: Config, spec: HistogramConfig, unit: str, stored: str) -> str | None:
    """Return the title of an axis, of an estimated mass its symbol; None where it is made from the column.

    Of a column that is called a mass and has no such unit it is the title that is ``stored``: what the model gives.
    """
    if spec.title is not None:
        return spec.title
    if spec.column in {_ESTIMATES, *estimated_masses(config)} and unit == "GeV":
        return f"{ESTIMATED_MASS} [{unit}]"
    return stored.partition(" [")[0] or None if spec.column == _ESTIMATES else None


def estimated_masses(config: Config) -> frozenset[str]:
    """Return the columns that models make, in the stage ``ml`` or in a node."""
    nodes = [step.with_ for step in config.select.steps if isinstance(step, NodeStep) and step.node == _ESTIMATES]
    return frozenset([*config.ml_branches, *(str(parameters.get("branch", _ESTIMATES)) for parameters in nodes)])


def luminosity_of(config: Config) -> float | None:
    """Return what simulation is multiplied with; None where it cannot be set beside data."""
    return config.input.lumi_pb if config.select.weight is not None else None


def quantity_of(config: Config) -> str:
    """Return what the contents of histograms of simulation are, once they are scaled."""
    if config.select.weight is None:
        return "unweighted events"
    return "pb" if config.input.lumi_pb is None else "events"


def remarks_of(config: Config, samples: Sequence[Contents]) -> Remarks:
    """Return what has to be said about the events of these samples."""
    report = config.report or ReportConfig()
    return Remarks(
        simulation=any(sample.simulation for sample in samples),
        data_simulated=any(sample.simulation for sample in samples if sample.is_data),
        partial=any(sample.partial for sample in samples),
        lumi_pb=luminosity_of(config),
        energy=report.energy,
        title=report.title,
    )


def _parts(config: Config, samples: Sequence[Contents], data: Points | None) -> dict[str, list[Contents]]:
    """Return data, signal and background (all simulation, where no signal is named) -> their samples, if any."""
    apart = luminosity_of(config) is None and data is not None  # simulation is not drawn then
    simulated = [] if apart else [sample for sample in samples if not sample.is_data]
    if (config.report or ReportConfig()).signal is None:
        parts = {"simulation": simulated}
    else:
        parts = {
            "signal": [sample for sample in simulated if is_signal(config, sample)],
            "background": [sample for sample in simulated if not is_signal(config, sample)],
        }
    parts = {"data": [sample for sample in samples if sample.is_data], **parts}
    return {name: found for name, found in parts.items() if found}


def is_signal(config: Config, sample: Contents) -> bool:
    """Return whether a simulated sample is signal; without ``report.signal`` all are where the mass is drawn."""
    named = (config.report or ReportConfig()).signal
    if named is None:
        return mass_histogram(config) is not None
    return sample.name in named or sample.label in named


def shown_label(config: Config, label: str) -> str:
    """Return what plots call a label."""
    is_hgg = any(isinstance(step, NodeStep) and step.node.startswith(_NODES_OF_HGG) for step in config.select.steps)
    return _HGG_MODES.get(label, label) if is_hgg else label


def label_number(config: Config, label: str) -> int:
    """Return the number of a label among those of all simulation in the config, whose colour it decides."""
    simulated = {name: spec for name, spec in config.input.samples.items() if spec.kind != "data"}
    labels = list(dict.fromkeys(spec.label or name for name, spec in simulated.items()))
    return labels.index(label) if label in labels else len(labels)


def components(
    config: Config, histogram: str, samples: Sequence[Contents], *, category: str | None, have_data: bool
) -> tuple[Component, ...]:
    """Return simulation by label, smallest first; without a luminosity nothing can be compared with data."""
    lumi_pb = luminosity_of(config)
    if lumi_pb is None and have_data:
        return ()
    scale = 1.0 if lumi_pb is None else lumi_pb
    found: dict[tuple[str, bool], Component] = {}
    for sample in samples:
        if sample.is_data:
            continue
        key = (sample.label, is_signal(config, sample))
        stored = sample.regions[category].histograms[histogram]
        part = Component(
            sample.label,
            shown_label(config, sample.label),
            (sample.name,),
            key[1],
            label_number(config, sample.label),
            stored.values * scale,
            stored.variances * scale**2,
        )
        found[key] = _added(found[key], part) if key in found else part
    # an empty one would be a name without a colour
    filled = [part for part in found.values() if np.any(part.values) or np.any(part.variances)]
    # smallest at the bottom: a big one below would leave the small ones as slivers on a steep slope
    return tuple(sorted(filled, key=lambda part: float(part.values.sum())))


def round_factor(height: float, limit: float) -> int:
    """Return the largest of 1, 2, 5, 10, 20, 50 ... by which ``height`` may be multiplied to stay within ``limit``."""
    steps = [digit * 10**power for power in range(_HIGHEST_POWER) for digit in (1, 2, 5)]
    return max((step for step in steps if height * step <= limit), default=1)


def _added(one: Component, other: Component) -> Component:
    return dataclasses.replace(
        one,
        samples=(*one.samples, *other.samples),
        values=one.values + other.values,
        variances=one.variances + other.variances,
    )


def _arranged(config: Config, parts: tuple[Component, ...]) -> tuple[tuple[Component, ...], tuple[Component, ...]]:
    """Return what is stacked and what is drawn as lines; signal that nobody named is a stack of its own."""
    if (config.report or ReportConfig()).signal is None:
        return parts, ()
    return tuple(part for part in parts if not part.signal), tuple(part for part in parts if part.signal)


def _of(parts: Sequence[Component], samples: Sequence[Contents]) -> list[Contents]:
    names = {name for part in parts for name in part.samples}
    return [sample for sample in samples if sample.name in names]


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
    errors = np.sqrt(variances)
    if np.array_equal(values[seen], variances[seen]):
        return Points(values, *poisson_errors(values), errors)
    return Points(values, errors, errors, errors)  # the user's own weights: there is no count


def _line_factor(numbers: PlotNumbers) -> int | None:
    """Return a factor that lifts small signal to where it can be seen."""
    bins = len(numbers.edges) - 1
    beside = float(np.nanmax(numbers.data.values)) if numbers.data is not None else 0.0
    if numbers.lines:
        beside = max(beside, float(numbers.total.max()))
        height = max(float(part.values.max()) for part in numbers.lines)
        return round_factor(height, _LINE_HEIGHT * beside) if height > 0 and not numbers.log else 1
    if numbers.data is None or not numbers.is_all_signal or numbers.log:
        return None
    height = float(summed(numbers.stack, bins).max())
    factor = round_factor(height, _LINE_HEIGHT * beside) if height > 0 else 1
    return factor if factor > 1 else None


def _ratio(numbers: PlotNumbers) -> Ratio | None:
    """Return data over the stack; signal alone is nothing to compare with, and a fit is compared in its place."""
    if numbers.data is None or numbers.band is None or numbers.residual is not None:
        return None
    if numbers.is_all_signal:
        return None
    band, total = numbers.band, np.where(numbers.band.total > 0, numbers.band.total, np.nan)
    relative = dataclasses.replace(
        band, total=total / total, statistical=band.statistical / total, up=band.up / total, down=band.down / total
    )
    data = numbers.data
    return Ratio(data.values / total, data.down / total, data.up / total, relative)
