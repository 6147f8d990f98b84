"""Systematic variations: by how much histograms shift, and what all shifts together make of a sum."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rdfplugins.report.model import Band, Component, Shift, summed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from rdfplugins.report.contents import Contents

UP, DOWN = "up", "down"


def variation_names(labels: Iterable[str]) -> list[str]:
    """Return the names of variations without direction, in the order of their first label.

    Examples
    --------
    >>> variation_names(["photon_pt_down", "photon_pt_up", "met_up"])
    ['photon_pt', 'met']
    """
    names = [label.removesuffix(f"_{way}") for label in labels for way in (UP, DOWN) if label.endswith(f"_{way}")]
    return list(dict.fromkeys(names))


def names_of(samples: Sequence[Contents]) -> list[str]:
    """Return the names of all variations that simulated samples have."""
    return variation_names(label for sample in samples if not sample.is_data for label in sample.cutflow_variations)


def shifts_of(
    histogram: str, samples: Sequence[Contents], lumi_pb: float | None, *, category: str | None = None
) -> tuple[Shift, ...]:
    """Return the shifts of the sum of simulated samples, one for each variation that any of them has.

    Shifts of one variation are added with their signs: its cause is the same in all samples.

    Parameters
    ----------
    histogram, category
        Which one, and of which category.
    samples
        Those that are added up.
    lumi_pb
        What contents are multiplied with; None: they stay as they are.
    """
    scale = 1.0 if lumi_pb is None else lumi_pb
    simulated = [sample for sample in samples if not sample.is_data]
    shifts = [
        Shift(
            name,
            *(_shift(histogram, simulated, f"{name}_{way}", category=category, scale=scale) for way in (UP, DOWN)),
        )
        for name in names_of(simulated)
    ]
    # of what is filled for the nominal events only there is none
    return tuple(shift for shift in shifts if shift.up is not None or shift.down is not None)


def _shift(
    histogram: str, samples: Sequence[Contents], label: str, *, category: str | None, scale: float
) -> NDArray[np.float64] | None:
    regions = [sample.regions[category] for sample in samples]
    regions = [region for region in regions if histogram in region.variations.get(label, {})]
    if not regions:
        return None
    shifts = [region.variations[label][histogram].values - region.histograms[histogram].values for region in regions]
    return np.asarray(scale * np.sum(shifts, axis=0))


def band_of(components: Sequence[Component], shifts: Sequence[Shift]) -> Band:
    """Return the uncertainty of a sum: statistical, and all shifts in quadrature for each side."""
    bins = len(components[0].values)
    variance = np.asarray(sum((part.variances for part in components), np.zeros(bins)))
    squares = {UP: np.zeros(bins), DOWN: np.zeros(bins)}
    for shift in shifts:
        ways = np.array([way for way in (shift.up, shift.down) if way is not None])
        squares[UP] += np.maximum(ways.max(axis=0), 0.0) ** 2
        squares[DOWN] += np.minimum(ways.min(axis=0), 0.0) ** 2
    return Band(summed(components, bins), np.sqrt(variance), np.sqrt(squares[UP]), np.sqrt(squares[DOWN]))
