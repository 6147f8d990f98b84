"""The fit of a mass plot: what is fitted, where the Gaussian is from, and what remains above the background."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rdfplugins.report.blinding import overlaps
from rdfplugins.report.fits import Gaussian, GaussianFit, fit_gaussian, fit_polynomial
from rdfplugins.report.model import Fit, Points

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rdfplugins.config import ReportConfig
    from rdfplugins.report.model import PlotNumbers

_ENOUGH, _SHARE = 5.0, 0.2
CONFIG, SIMULATION = "config", "simulation"


def fit_mass(
    numbers: PlotNumbers, report: ReportConfig, window: tuple[float, float] | None, *, gev: float
) -> Fit | None:
    """Fit the data of a mass plot.

    Data that are shown in full are fitted in full if there is a Gaussian for the signal in them; else the polynomial is
    fitted outside of the signal window.

    Parameters
    ----------
    numbers
        Data and simulation; the fit itself is not looked at.
    report
        Degree of the polynomial, and where the Gaussian is from.
    window
        The signal window in the unit of the axis.
    gev
        One GeV in the unit of the axis.

    Returns
    -------
    None without data, or with too few bins or too few events in them.
    """
    if numbers.data is None:
        return None
    given, signal = report.fit.gaussian, None
    gaussian, source = None, None
    if given is not None and numbers.blinded is None:
        # numbers of the config count all events: in a category they would count too many
        if isinstance(given, str) or numbers.category is not None:
            signal = fit_signal(numbers)
            gaussian, source = (None, None) if signal is None else (signal.gaussian, SIMULATION)
        else:
            gaussian, source = Gaussian(given.amplitude, given.mean * gev, given.sigma * gev), CONFIG
    hidden = window if gaussian is None else None
    values = numbers.data.values
    if hidden is not None:
        values = np.where(overlaps(numbers.edges, hidden), np.nan, values)
    errors, degree = numbers.data.errors, report.fit.degree
    if _too_few(values, errors):
        return None
    found = fit_polynomial(numbers.centres, values, errors, degree=degree, gaussian=gaussian)
    return None if found is None else Fit(found, hidden, source, signal)


def _too_few(values: NDArray[np.float64], errors: NDArray[np.float64]) -> bool:
    """Return whether least squares say nothing about these bins: more than a fifth of them hold less than 5 events.

    The rule is that of Cochran (1954, doi:10.2307/3001616). For less, empty bins, which have no error and are left out,
    pull the fit up. Weighted data count as many events as would have their relative error.
    """
    seen = np.isfinite(values)
    equivalent = np.where(errors[seen] > 0, values[seen] / np.where(errors[seen] > 0, errors[seen], 1.0), 0.0) ** 2
    return bool(np.mean(equivalent < _ENOUGH) > _SHARE) if len(equivalent) else True


def fit_signal(numbers: PlotNumbers) -> GaussianFit | None:
    """Fit a Gaussian to all simulated signal of a plot, where it is in events; None where that gives no peak."""
    parts = [part for part in (*numbers.stack, *numbers.lines) if part.signal]
    if numbers.quantity != "events" or not parts:
        return None
    errors = np.sqrt(np.sum([part.variances for part in parts], axis=0))
    return fit_gaussian(numbers.centres, numbers.signal, errors)


def residual_of(numbers: PlotNumbers) -> Points | None:
    """Return data less the polynomial of the fit: what remains is signal, and chance."""
    if numbers.data is None or numbers.fit is None:
        return None
    data, background = numbers.data, numbers.fit.result.background(numbers.centres)
    return Points(data.values - background, data.down, data.up, data.errors)
