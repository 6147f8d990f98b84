"""Numbers of responses and of a separation as JSON values."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from rdfplugins.report.values import plain

if TYPE_CHECKING:
    from rdfplugins.report.response.numbers import Bin, ResponseNumbers
    from rdfplugins.report.response.sensitivity import Sensitivity
    from rdfplugins.report.response.separation import Measure, Separated, SeparationNumbers, Shape


def response_values(numbers: ResponseNumbers) -> dict[str, Any]:
    """Return a response as JSON values; null stands for a bin with too few events."""
    found: dict[str, Any] = plain(
        {
            "channel": numbers.channel,
            "truth": numbers.truth,
            "unit": numbers.unit,
            "edges": numbers.edges,
            "samples": numbers.samples,
            "split": numbers.split,
            "weight": numbers.weight,
            **dataclasses.asdict(numbers.remarks),
            "estimates": {
                estimate.column: {
                    "label": numbers.labels[estimate.column].plain,
                    "share_with_estimate": estimate.share,
                    "bins": [_bin(*both) for both in zip(estimate.bins, estimate.sensitivities, strict=True)],
                }
                for estimate in numbers.estimates
            },
        }
    )
    return found


def _bin(one: Bin, sensitivity: Sensitivity) -> dict[str, Any]:
    return {
        **dataclasses.asdict(one),
        "calibration": one.calibration,
        "calibration_error": one.calibration_error,
        "sensitivity": sensitivity.slope,
        "sensitivity_error": sensitivity.slope_error,
        "width_over_sensitivity": sensitivity.width,
        "width_over_sensitivity_error": sensitivity.width_error,
        "few_events": one.marked,
    }


def separation_values(numbers: SeparationNumbers) -> dict[str, Any]:
    """Return a separation as JSON values."""
    found: dict[str, Any] = plain(
        {
            "background": {"label": numbers.background, "samples": numbers.background_samples},
            "signal": {"label": numbers.signal, "samples": numbers.signal_samples},
            "split": numbers.split,
            "weight": numbers.weight,
            **dataclasses.asdict(numbers.remarks),
            "estimates": {one.column: _separated(numbers, one) for one in numbers.estimates},
        }
    )
    return found


def _separated(numbers: SeparationNumbers, one: Separated) -> dict[str, Any]:
    return {
        "label": numbers.labels[one.column].plain,
        "unit": numbers.units.get(one.column, ""),
        "same_events": _measure(one.same),
        "own_events": _measure(one.own),
        "edges": one.edges,
        "background": _shape(one.background),
        "signal": _shape(one.signal),
        "roc": {"signal_efficiency": one.curve[0], "background_rejection": one.curve[1]},
    }


def _measure(measure: Measure) -> dict[str, Any]:
    return dataclasses.asdict(measure)


def _shape(shape: Shape) -> dict[str, Any]:
    return dataclasses.asdict(shape)
