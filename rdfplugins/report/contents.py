"""What the report needs of the file of one sample: histograms, cutflow, and what its provenance says about it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
import uproot

from rdfplugins import provenance
from rdfplugins.cutflow import Cutflow
from rdfplugins.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from rdfplugins.config import Config

_AGAIN = "; run the stage select again"


@dataclasses.dataclass(frozen=True)
class Histogram:
    """Contents of a histogram without its outer bins.

    Attributes
    ----------
    edges
        float64[n + 1], in the unit of the axis.
    values, variances
        float64[n]: sum of weights, and sum of their squares.
    unit
        Unit of the axis; empty where the file does not say.
    """

    edges: NDArray[np.float64]
    values: NDArray[np.float64]
    variances: NDArray[np.float64]
    unit: str


@dataclasses.dataclass(frozen=True)
class Contents:
    """One sample.

    Attributes
    ----------
    kind
        ``mc`` or ``data``.
    simulation
        Whether the events come from our own simulation, data of the demos among them.
    partial
        Whether only the first events were looked at.
    """

    name: str
    kind: str
    label: str
    simulation: bool
    partial: bool
    cutflow: Cutflow
    histograms: dict[str, Histogram]


def read(config: Config, name: str, path: Path) -> Contents:
    """Read the file of a sample.

    Raises
    ------
    InputError
        If the file is not an output of the stage select, or was made with other histograms.
    """
    record = provenance.read(path)
    if record is None:
        raise InputError(f"{path}: no output of the stage select for sample '{name}'{_AGAIN}")
    try:
        sample = record["sample"]
        cutflow = Cutflow.from_json(record["cutflow"])
        with uproot.open(path) as file:
            histograms = {key: _histogram(config, file, path, key) for key in config.select.histograms}
        return Contents(
            name=name,
            kind=str(sample["kind"]),
            label=str(sample["label"] or name),
            simulation=bool(sample["simulation"]),
            partial=bool(record["partial"]),
            cutflow=cutflow,
            histograms=histograms,
        )
    except KeyError as error:
        raise InputError(f"{path}: its provenance has no {error}{_AGAIN}") from error


def _histogram(config: Config, file: Any, path: Path, key: str) -> Histogram:
    if key not in file:
        raise InputError(f"{path}: no histogram '{key}'{_AGAIN}")
    spec = config.select.histograms[key]
    stored = file[key]
    edges = np.asarray(stored.axis().edges(), dtype=np.float64)
    expected = np.linspace(*spec.range, spec.bins + 1)
    if edges.shape != expected.shape or not np.allclose(edges, expected, rtol=1e-9, atol=1e-9 * abs(expected).max()):
        raise InputError(f"{path}: histogram '{key}' has other bins than the config{_AGAIN}")
    values = np.asarray(stored.values(), dtype=np.float64)
    variances = np.asarray(stored.variances(), dtype=np.float64)
    return Histogram(edges, values, variances, _unit(file, config.select.output.tree, spec.column))


def _unit(file: Any, tree: str, column: str) -> str:
    """Return the unit that the title of a branch ends with, as the stage select writes it: ``m_yy/D in GeV``."""
    if tree not in file or column not in file[tree]:
        return ""
    _, found, unit = str(file[tree][column].title).rpartition(" in ")
    return unit if found else ""
