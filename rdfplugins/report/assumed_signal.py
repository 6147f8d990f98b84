"""Simulation that is taken as signal for want of a name, although it does not look like signal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rdfplugins.config import ReportConfig
from rdfplugins.report.blinding import mass_histogram, overlaps, window_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rdfplugins.config import Config
    from rdfplugins.report.contents import Contents


def no_peak(config: Config, samples: Sequence[Contents]) -> str:
    """Return a warning that names the simulated samples without a peak; empty without any.

    A sample has no peak where the share of its weight that lies in the signal window is nearer to that of a flat
    spectrum than to all of it. Nothing is said of samples without weight, nor where ``report.signal`` decides.
    """
    name = mass_histogram(config)
    if name is None or (config.report or ReportConfig()).signal is not None:
        return ""
    window = window_of(config, config.select.histograms[name])
    assert window is not None  # or it would not be the histogram of the mass
    flat = [sample.name for sample in samples if not sample.is_data and _is_flat(sample, name, window)]
    if not flat:
        return ""
    verb = "is" if len(flat) == 1 else "are"
    return f"{', '.join(flat)} {verb} taken as signal, without a peak in {name}; name the signal with report.signal"


def _is_flat(sample: Contents, name: str, window: tuple[float, float]) -> bool:
    stored = sample.regions[None].histograms[name]
    inside, total = overlaps(stored.edges, window), float(stored.values.sum())
    width = np.diff(stored.edges)
    flat = float(width[inside].sum() / width.sum())
    if not total > 0 or flat >= 1:
        return False
    return float(stored.values[inside].sum()) / total < (1.0 + flat) / 2.0
