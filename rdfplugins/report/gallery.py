"""Which plots a report has, in which order, and what their files are called."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from rdfplugins.pages import unique
from rdfplugins.report import cutflow_plot, draw, not_a_number, values, variation_plot
from rdfplugins.report.blinding import mass_histogram
from rdfplugins.report.channels import SECTION, channel_names
from rdfplugins.report.prepare import label_number, prepare, remarks_of, shown_label

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from rdfplugins.config import Config
    from rdfplugins.report.blinding import Blinding
    from rdfplugins.report.contents import Contents
    from rdfplugins.report.model import PlotNumbers, VariationNumbers


@dataclasses.dataclass(frozen=True)
class Picture:
    """One plot of a report.

    Attributes
    ----------
    name
        Of its files, without ending.
    section, heading, note
        Under which it stands on the page, what it shows, and what else belongs to it (may be empty).
    values
        What goes into ``<name>.json``; None: the numbers stand in another file.
    write
        Draws it into a folder and returns the files.
    wide
        Whether it needs the whole width of the page.
    """

    name: str
    section: str
    heading: str
    values: dict[str, Any] | None
    write: Callable[[Path], tuple[Path, ...]]
    note: str = ""
    wide: bool = False


def pictures(config: Config, samples: Sequence[Contents], blinding: Blinding | None) -> list[Picture]:
    """Return all plots: cutflows, histograms with the mass first, categories, variations of what they shift."""
    histograms = list(config.select.histograms)
    # histograms come first: their files have their names, whatever the others are called
    taken = {cutflow_plot.NAME, *histograms}
    found = [_cutflow(config, samples, blinding, None, cutflow_plot.NAME)]
    found += [
        _cutflow(config, samples, blinding, channel, unique(f"{cutflow_plot.NAME}_{channel}", taken))
        for channel in channel_names([sample.cutflow for sample in samples])
    ]
    mass = mass_histogram(config)
    histograms.sort(key=lambda name: name != mass)
    found += [_histogram(config, samples, name, None, name) for name in histograms]
    for category in dict.fromkeys(name for sample in samples for name in sample.regions if name is not None):
        found += [
            _histogram(config, samples, name, category, unique(f"{name}_{category}", taken))
            for name in histograms
            if all(category in one.regions and name in one.regions[category].histograms for one in samples)
        ]
    for name in histograms:
        for numbers in variation_plot.prepare_variations(config, name, samples):
            if variation_plot.shifts_anything(numbers):
                found.append(
                    _variation(dataclasses.replace(numbers, name=unique(f"{name}_{numbers.variation}", taken)))
                )
    return found


def shown_names(config: Config, samples: Sequence[Contents]) -> list[str]:
    """Return what samples are called where each stands alone: by label, by name where several have the label."""
    labels = [sample.label for sample in samples]
    return [
        sample.name if sample.is_data or labels.count(sample.label) > 1 else shown_label(config, sample.label)
        for sample in samples
    ]


def _cutflow(
    config: Config, samples: Sequence[Contents], blinding: Blinding | None, channel: str | None, name: str
) -> Picture:
    numbers = cutflow_plot.prepare_cutflow(
        [sample.cutflow for sample in samples],
        config.input.lumi_pb,
        remarks_of(config, samples),
        blinding=blinding,
        shown=shown_names(config, samples),
        colours=[label_number(config, sample.label) for sample in samples],
        channel=channel,
    )
    section, heading = ("Cutflow", "Cutflow") if channel is None else (SECTION, f"Cutflow of channel {channel}")
    note = "Open triangles: no events, or a sum of weights of 0 or less" if numbers.below.any() else ""
    return Picture(name, section, heading, None, lambda folder: cutflow_plot.write_cutflow(numbers, folder, name), note)


def _histogram(config: Config, samples: Sequence[Contents], histogram: str, category: str | None, name: str) -> Picture:
    numbers = prepare(config, histogram, samples, category=category, name=name)
    return Picture(
        name,
        "Histograms" if category is None else f"Category {category}",
        histogram if category is None else f"{histogram}, {category}",
        values.plot_values(numbers),
        lambda folder: draw.write_plot(numbers, folder),
        ". ".join(filter(None, (_quality(numbers), not_a_number.note(numbers)))),
    )


def _quality(numbers: PlotNumbers) -> str:
    """Return how well the Gaussian of the fit describes the simulated signal that it is from."""
    signal = None if numbers.fit is None else numbers.fit.signal
    if signal is None:
        return ""
    return (
        f"Gaussian of the simulated signal: mean {signal.gaussian.mean:.2f}, sigma {signal.gaussian.sigma:.2f} "
        f"{numbers.unit}, \N{GREEK SMALL LETTER CHI}\N{SUPERSCRIPT TWO}/ndf = "
        f"{signal.chi2:.1f}/{signal.degrees_of_freedom}"
    )


def _variation(numbers: VariationNumbers) -> Picture:
    return Picture(
        numbers.name,
        "Systematic variations",
        f"{numbers.histogram}, {numbers.variation} up and down",
        values.variation_values(numbers),
        lambda folder: variation_plot.write_variation(numbers, folder),
    )
