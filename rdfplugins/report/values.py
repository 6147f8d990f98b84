"""Numbers of plots as JSON values: what is drawn, and nothing that is hidden."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from rdfplugins.report.variation_plot import relative

if TYPE_CHECKING:
    from rdfplugins.report.fits import GaussianFit
    from rdfplugins.report.model import Band, Component, Fit, PlotNumbers, Ratio, Remarks, Shift, VariationNumbers

_GAUSSIAN = ("amplitude", "mean", "sigma")


def plot_values(numbers: PlotNumbers) -> dict[str, Any]:
    """Return a plot as JSON values; what is NaN (blinded bins, among others) is null."""
    values: dict[str, Any] = {
        **_head(numbers),
        "category": numbers.category,
        "blinded": None if numbers.blinded is None else list(numbers.blinded),
        "data_hidden": numbers.data_hidden,
        "nan": [dataclasses.asdict(part) for part in numbers.not_a_number],
        "data": None
        if numbers.data is None
        else {
            "values": numbers.data.values,
            "error_down": numbers.data.down,
            "error_up": numbers.data.up,
        },
        "stack": [_component(part) for part in numbers.stack],
        "lines": [_component(part) for part in numbers.lines],
        "drawn_factor": numbers.factor,
        "stack_sum": None if numbers.band is None else _band(numbers.band),
        "variations": {shift.name: _shift(shift) for shift in numbers.shifts},
        "ratio": None if numbers.ratio is None else _ratio(numbers.ratio),
        "fit": None if numbers.fit is None else _fit(numbers, numbers.fit),
        "residual": None
        if numbers.residual is None
        else {
            "values": numbers.residual.values,
            "error_down": numbers.residual.down,
            "error_up": numbers.residual.up,
        },
    }
    found: dict[str, Any] = plain(values)
    return found


def variation_values(numbers: VariationNumbers) -> dict[str, Any]:
    """Return the plot of a variation as JSON values."""
    found: dict[str, Any] = plain(
        {
            **_head(numbers),
            "variation": numbers.variation,
            "nominal": {"values": numbers.nominal, "errors": numbers.errors},
            "up": numbers.up,
            "down": numbers.down,
            "up_ratio": relative(numbers, "up"),
            "down_ratio": relative(numbers, "down"),
        }
    )
    return found


def plain(value: Any) -> Any:
    """Return values as JSON knows them: lists, numbers of Python, and null for what is no finite number."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, np.generic):
        return plain(value.item())
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _head(numbers: PlotNumbers | VariationNumbers) -> dict[str, Any]:
    return {
        "histogram": numbers.histogram,
        "column": numbers.column,
        "unit": numbers.unit,
        "quantity": numbers.quantity,
        "edges": numbers.edges,
        **_remarks(numbers.remarks),
    }


def _remarks(remarks: Remarks) -> dict[str, Any]:
    return dataclasses.asdict(remarks)


def _component(part: Component) -> dict[str, Any]:
    return {
        "label": part.label,
        "shown": part.shown,
        "samples": part.samples,
        "signal": part.signal,
        "values": part.values,
        "errors": np.sqrt(part.variances),
    }


def _band(band: Band) -> dict[str, Any]:
    return {
        "values": band.total,
        "statistical": band.statistical,
        "systematic_up": band.up,
        "systematic_down": band.down,
    }


def _shift(shift: Shift) -> dict[str, Any]:
    return {"up": shift.up, "down": shift.down}


def _ratio(ratio: Ratio) -> dict[str, Any]:
    band = _band(ratio.band)
    band.pop("values")
    return {"values": ratio.values, "error_down": ratio.down, "error_up": ratio.up, "simulation": band}


def _fit(numbers: PlotNumbers, fit: Fit) -> dict[str, Any]:
    """Return parameters with the units events per bin over powers of the unit of the axis."""
    result = fit.result
    gaussian = None
    if result.gaussian is not None:
        width = float(numbers.edges[1] - numbers.edges[0])
        gaussian = {
            **dataclasses.asdict(result.gaussian),
            "events": result.gaussian.events(width),
            "fixed": True,
            "from": fit.source,
            "signal_fit": None if fit.signal is None else _signal_fit(fit.signal),
        }
    return {
        "function": f"polynomial of degree {result.degree}{'' if gaussian is None else ' plus fixed Gaussian'}",
        "excluded": None if fit.hidden is None else list(fit.hidden),
        "chi2": result.chi2,
        "ndf": result.degrees_of_freedom,
        "bins": result.bins,
        "parameters": [
            {"name": f"p{power}", "value": value, "error": error}
            for power, (value, error) in enumerate(zip(result.coefficients, result.errors, strict=True))
        ],
        "covariance": result.covariance,
        "gaussian": gaussian,
    }


def _signal_fit(fit: GaussianFit) -> dict[str, Any]:
    return {
        "errors": dict(zip(_GAUSSIAN, fit.errors.tolist(), strict=True)),
        "chi2": fit.chi2,
        "ndf": fit.degrees_of_freedom,
        "bins": fit.bins,
    }
