"""Words on a plot, in the language of matplotlib."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rdfplugins.plotting import legend_text, plain, readable
from rdfplugins.report.blinding import WINDOW_TEXT
from rdfplugins.report.mass_fit import SIMULATION

if TYPE_CHECKING:
    from rdfplugins.report.model import Component, Fit, PlotNumbers, Remarks, VariationNumbers

BLINDED_LABEL = f"Blinded {WINDOW_TEXT}"
HIDDEN_LABEL = "Data blinded"
STATISTICAL, SYSTEMATIC = "Stat. uncertainty", r"Stat. $\oplus$ syst."
OF_SIGNAL = r"Signal stat. $\oplus$ syst."
NO_FIT = "No fit: too few events"
NO_EVENTS = "No events in this range"
_TIMES = "\N{MULTIPLICATION SIGN}"
_PB_PER_FB = 1000.0
_QUANTITIES = {"events": "Events", "pb": "Cross-section [pb]", "unweighted events": "Unweighted events"}

ESTIMATED_MASS = r"$m_{\mathrm{ML}}$"

# Quantities that our nodes make; any other column is called by its name.
_SYMBOLS = {
    "m_yy": r"$m_{\gamma\gamma}$",
    "h_mass": r"$m_{\gamma\gamma}$",
    "pt_yy": r"$p_{\mathrm{T}}^{\gamma\gamma}$",
    "y_yy": r"$y_{\gamma\gamma}$",
    "ptt_yy": r"$p_{\mathrm{Tt}}^{\gamma\gamma}$",
    "cos_theta_star": r"$\cos\theta^{*}$",
    "deta_yy": r"$\Delta\eta_{\gamma\gamma}$",
    "dphi_yy": r"$\Delta\phi_{\gamma\gamma}$",
    "m_jj": r"$m_{jj}$",
    "deta_jj": r"$\Delta\eta_{jj}$",
}


def x_label(numbers: PlotNumbers | VariationNumbers) -> str:
    """Return the quantity with its unit: the title of the config, or one made from the column."""
    name, bracket, unit = (numbers.title or numbers.column).partition(" [")
    text = _SYMBOLS.get(name, name) + bracket + unit
    return readable(text if "[" in text or not numbers.unit else f"{text} [{numbers.unit}]")


def y_label(numbers: PlotNumbers | VariationNumbers) -> str:
    """Return what is drawn per bin, e.g. ``Events / 1.83 GeV``."""
    data = getattr(numbers, "data", None)
    what = _QUANTITIES["events" if data is not None and numbers.quantity == "pb" else numbers.quantity]
    width = float(numbers.edges[1] - numbers.edges[0])
    if not numbers.unit and math.isclose(width, 1.0):
        return what  # a number of objects
    return f"{what} / {float(f'{width:.3g}'):.10g} {plain(numbers.unit)}".rstrip()


def data_label(remarks: Remarks) -> str:
    """Return what the data points are called."""
    return "Simulated data" if remarks.data_simulated else "Data"


def component_label(component: Component) -> str:
    """Return what a part of the stack is called."""
    return legend_text(component.shown)


def scaled_label(name: str, factor: int) -> str:
    """Return the name of a line, with what it is multiplied by."""
    return name if factor == 1 else f"{name} {_TIMES} {factor}"


def fit_label(fit: Fit) -> str:
    """Return what was fitted to which data, and how well."""
    result = fit.result
    quality = f"$\\chi^2$/ndf = {result.chi2:.1f}/{result.degrees_of_freedom}"
    if result.gaussian is None:
        return f"{'Fit' if fit.hidden is None else 'Sideband fit'} (pol{result.degree})\n{quality}"
    fixed = "Gaussian fixed to MC" if fit.source == SIMULATION else "fixed Gaussian"
    return f"Fit: pol{result.degree} + {fixed}\n{quality}"


def background_label(fit: Fit) -> str:
    """Return what the polynomial is called where a Gaussian stands on it."""
    return f"Background (pol{fit.result.degree})"


def residual_label(fit: Fit) -> str:
    """Return what is left of the data in the lower pad."""
    return f"Data \N{MINUS SIGN} {'fit' if fit.result.gaussian is None else 'bkg.'}"


def left_title(remarks: Remarks) -> str:
    """Return where the events come from, and whether some are missing; then the user's own words."""
    words = ["Simulation"] if remarks.simulation else []
    said = ", ".join([*words, "partial"] if remarks.partial else words)
    return " \N{EN DASH} ".join([*([said] if said else []), *([readable(remarks.title)] if remarks.title else [])])


def right_title(remarks: Remarks) -> str:
    """Return the energy of the collisions and the luminosity."""
    energy = f"\N{SQUARE ROOT}$s$ = {remarks.energy}"
    return energy if remarks.lumi_pb is None else f"{energy}, {luminosity(remarks.lumi_pb)}"


def luminosity(lumi_pb: float) -> str:
    """Return a luminosity in 1/fb, or in 1/pb where it is small, for matplotlib."""
    if lumi_pb >= _PB_PER_FB:
        return f"{lumi_pb / _PB_PER_FB:.4g} fb$^{{\\mathrm{{-1}}}}$"
    return f"{lumi_pb:.4g} pb$^{{\\mathrm{{-1}}}}$"
