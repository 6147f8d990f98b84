"""Words on a plot, and where its contents end."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from rdfplugins.report.blinding import WINDOW_TEXT

if TYPE_CHECKING:
    from rdfplugins.report.prepare import PlotNumbers

SQRT_S = "\N{SQUARE ROOT}$s$ = 13 TeV"
BLINDED_LABEL = f"Blinded {WINDOW_TEXT}"
_PB_PER_FB = 1000.0

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


def x_label(numbers: PlotNumbers) -> str:
    """Return the quantity with its unit: the title of the config, or one made from the column."""
    name, bracket, unit = (numbers.title or numbers.column).partition(" [")
    text = _SYMBOLS.get(name, name) + bracket + unit
    return text if "[" in text or not numbers.unit else f"{text} [{numbers.unit}]"


def y_label(numbers: PlotNumbers) -> str:
    """Return what is drawn per bin, e.g. ``Events / 1.83 GeV``."""
    what = "Cross-section [pb]" if numbers.per_pb else "Events"
    width = float(numbers.edges[1] - numbers.edges[0])
    if not numbers.unit and math.isclose(width, 1.0):
        return what  # a number of objects
    return f"{what} / {float(f'{width:.3g}'):.10g} {numbers.unit}".rstrip()


def data_label(numbers: PlotNumbers) -> str:
    """Return what the data points are called."""
    return "Simulated data" if numbers.data_simulated else "Data"


def component_labels(numbers: PlotNumbers) -> list[str]:
    """Return what the parts of the stack are called, lowest first; matplotlib would leave out names like ``_x``."""
    names = [readable(component.label) for component in numbers.components]
    return [f" {name}" if name.startswith("_") else name for name in names]


def left_title(numbers: PlotNumbers) -> str:
    """Return where the events come from, and whether some are missing."""
    words = ["Simulation"] if numbers.simulation else ["ATLAS Open Data"] if numbers.open_data else []
    return ", ".join([*words, "partial"] if numbers.partial else words)


def right_title(numbers: PlotNumbers) -> str:
    """Return the energy of the collisions and the luminosity."""
    return SQRT_S if numbers.lumi_pb is None else f"{SQRT_S}, {luminosity(numbers.lumi_pb)}"


def luminosity(lumi_pb: float) -> str:
    """Return a luminosity in 1/fb, or in 1/pb where it is small, for matplotlib."""
    if lumi_pb >= _PB_PER_FB:
        return f"{lumi_pb / _PB_PER_FB:.4g} fb$^{{\\mathrm{{-1}}}}$"
    return f"{lumi_pb:.4g} pb$^{{\\mathrm{{-1}}}}$"


def readable(text: str) -> str:
    """Return a text for matplotlib of one that may be TLatex (``m_{#gamma#gamma} [GeV]``) or plain (``my_column``)."""
    if "$" in text and _parses(text):
        return text
    body, bracket, unit = text.partition(" [")
    if "#" in body or re.search(r"[_^]\{", body):
        words = body.replace("#", "\\").replace(" ", r"\ ")
        found = f"${words}${bracket}{unit}"
        if _parses(found):
            return found
    return text.replace("$", r"\$")


def _parses(text: str) -> bool:
    from matplotlib.mathtext import MathTextParser

    try:
        MathTextParser("path").parse(text)
    except ValueError:
        return False
    return True


def legend_entries(numbers: PlotNumbers, pad: Any) -> tuple[list[Any], list[str]]:
    """Return handles and labels in the order in which they are read: data, fit, line, stack from its top, blinding."""
    handles, labels = pad.get_legend_handles_labels()
    stack = component_labels(numbers)

    def rank(label: str) -> tuple[int, int]:
        if label in stack:
            return 2, -stack.index(label)
        first, last = label == data_label(numbers), label == BLINDED_LABEL
        return 0 if first else 3 if last else 1, -labels.index(label)

    order = sorted(range(len(labels)), key=lambda index: rank(labels[index]))
    return [handles[index] for index in order], [labels[index] for index in order]


def highest(numbers: PlotNumbers, low: float, high: float) -> float:
    """Return the highest of everything drawn in the upper pad for x between ``low`` and ``high``; 0 if nothing is."""
    near = (numbers.edges[1:] > low) & (numbers.edges[:-1] < high)
    tops = [np.zeros(1), numbers.total[near] * (numbers.factor or 1)]
    if numbers.data is not None:
        tops.append((numbers.data.values + numbers.data.up)[near])
    if numbers.background is not None:
        tops.append(numbers.background(numbers.centres)[near])
    return float(np.nanmax(np.concatenate(tops)))
