"""What estimates, the truth and splits are called, as physicists write them."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from rdfplugins import plotting
from rdfplugins.report.axes import ESTIMATED_MASS
from rdfplugins.report.response.splits import models_of
from rdfplugins.report.tables import format_percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rdfplugins.config import Config

_ALMOST_ALL = 0.9995  # a share that is written as 100 %
_LONGEST = 24


@dataclasses.dataclass(frozen=True)
class Label:
    """Name of an estimate: for matplotlib, and for tables."""

    drawn: str
    plain: str


_KNOWN = {
    "ml_mass": Label(ESTIMATED_MASS, "m_ML"),
    "m_vis": Label(r"$m_{\mathrm{vis}}$", "m_vis"),
    "mt_tot": Label(r"$m_{\mathrm{T}}^{\mathrm{tot}}$", "m_T^tot"),
    "m_coll": Label(r"$m_{\mathrm{coll}}$", "m_coll"),
    "m_fastmtt": Label("FastMTT", "FastMTT"),
}
_TRUTHS = {"genMass": r"True di-tau mass $m_{\tau\tau}$"}


def labels_of(config: Config, columns: Sequence[str]) -> dict[str, Label]:
    """Return column -> what it is called: that of the only model m_ML, others but ``ml_mass`` as their branches."""
    models = models_of(config, columns)
    if len(models) == 1:
        return {name: _KNOWN["ml_mass"] if name in models else _label_of(name) for name in columns}
    return {name: _label_of(name) for name in columns}


def _label_of(column: str) -> Label:
    return _KNOWN.get(column) or Label(plotting.legend_text(column, _LONGEST), column)


def with_share(label: str, share: float) -> str:
    """Return a label with the share of the events that have the estimate, where some have none."""
    return label if not share < _ALMOST_ALL else f"{label}, {format_percent(share)} of events"


def truth_label(column: str, unit: str) -> str:
    """Return the title of the axis of the truth."""
    name = _TRUTHS.get(column) or f"True value ({plotting.plain(plotting.shortened(column))})"
    return f"{name} [{unit}]" if unit else name


def value_label(drawn: str, unit: str) -> str:
    """Return the title of the axis of an estimate."""
    return f"{drawn} [{unit}]" if unit else drawn


def heading(channel: str | None, of_split: str) -> str:
    """Return whose events these are, as the title of a legend."""
    name = "" if channel is None else f"channel {plotting.plain(plotting.shortened(channel, _LONGEST))}"
    words = ", ".join(filter(None, (name, of_split)))
    return words[:1].upper() + words[1:]
