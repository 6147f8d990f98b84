"""What the report needs of the file of one sample: histograms, cutflow, and what its provenance says about it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
import uproot

from rdfplugins import provenance
from rdfplugins.cutflow import Cut, Cutflow
from rdfplugins.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from rdfplugins.config import Config

_FLOATS = {"float", "double", "std::float32_t", "std::float64_t"}
_AGAIN = "; run the stage select again"
_VERSIONS = {"made_by": "Made by", "root": "ROOT", "python": "Python", "git_commit": "Git commit"}


@dataclasses.dataclass(frozen=True)
class Histogram:
    """Contents of a histogram.

    Attributes
    ----------
    edges
        float64[n + 1], in the unit of the axis.
    values, variances
        float64[n]: sum of weights, and sum of their squares, without those of the outer bins.
    unit
        Unit of the axis; empty where the file does not say.
    filled
        The same two sums of all bins, the outer ones too, where an event has one number, that may be NaN: such events
        are in none. None where it may have any number of them, or where the tree does not say.
    title
        Of the axis, as the file has it.
    """

    edges: NDArray[np.float64]
    values: NDArray[np.float64]
    variances: NDArray[np.float64]
    unit: str
    filled: tuple[float, float] | None = None
    title: str = ""


@dataclasses.dataclass(frozen=True)
class Region:
    """All events of a sample, or those of one category.

    Attributes
    ----------
    histograms
        Name -> contents.
    variations
        Label of a variation (``photon_pt_up``) -> name -> contents, of histograms that are filled for variations.
    """

    histograms: dict[str, Histogram]
    variations: dict[str, dict[str, Histogram]]


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
    regions
        Category -> histograms; None: those of all events.
    cutflow_variations
        Label of a variation -> cutflow.
    categories
        Category -> yield after the last cut, ``none`` last; empty where the config has no categories.
    category_variations
        Label of a variation -> category -> yield.
    versions
        What made the file: software -> version.
    substitutions
        Column -> what stands in its place.
    """

    name: str
    kind: str
    label: str
    simulation: bool
    partial: bool
    cutflow: Cutflow
    regions: dict[str | None, Region]
    cutflow_variations: dict[str, Cutflow] = dataclasses.field(default_factory=dict)
    categories: dict[str, Cut] = dataclasses.field(default_factory=dict)
    category_variations: dict[str, dict[str, Cut]] = dataclasses.field(default_factory=dict)
    versions: dict[str, str] = dataclasses.field(default_factory=dict)
    substitutions: dict[str, str] = dataclasses.field(default_factory=dict)

    @property
    def is_data(self) -> bool:
        """Whether these are data."""
        return self.kind == "data"

    @property
    def cuts(self) -> list[str]:
        """Names of the cuts in their order."""
        return [cut.name for cut in self.cutflow.cuts]


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
        sample, cutflow = record["sample"], Cutflow.from_json(record["cutflow"])
        categories = record.get("categories") or {}
        names = [str(category) for category in categories.get("names", ())]
        variations = [str(label) for label in record.get("variations") or ()]
        with uproot.open(path) as file:
            regions = _regions(_Reader(config, file, path, record.get("units")), cutflow, names, variations)
        return Contents(
            name=name,
            kind=str(sample["kind"]),
            label=str(sample["label"] or name),
            simulation=bool(sample["simulation"]),
            partial=bool(record["partial"]),
            cutflow=cutflow,
            regions=regions,
            cutflow_variations={label: Cutflow.from_json(record["cutflow_variations"][label]) for label in variations},
            categories=_yields(categories["yields"], names) if names else {},
            category_variations={label: _yields(categories["variations"][label], names) for label in variations}
            if names
            else {},
            versions={shown: str(record[key]) for key, shown in _VERSIONS.items() if record.get(key)},
            substitutions=dict(record.get("substitutions") or {}),
        )
    except KeyError as error:
        raise InputError(f"{path}: its provenance has no {error}{_AGAIN}") from error


def _yields(stored: Mapping[str, Any], names: list[str]) -> dict[str, Cut]:
    return {
        name: Cut(name, int(stored[name]["events"]), float(stored[name]["weighted"]), float(stored[name]["variance"]))
        for name in [*names, *(["none"] if "none" in stored else [])]
    }


def _regions(
    reader: _Reader, cutflow: Cutflow, categories: list[str], variations: list[str]
) -> dict[str | None, Region]:
    """Read all histograms; those of categories are there where a histogram is filled after the last cut."""
    specs = reader.config.select.histograms
    last = (None, cutflow.cuts[-1].name if cutflow.cuts else None)
    later = reader.config.ml_histograms  # filled from the tree, which holds the nominal events
    at_the_end = [key for key, spec in specs.items() if spec.after in last]
    regions: dict[str | None, Region] = {}
    for category in (None, *categories):
        folder = "" if category is None else f"categories/{category}/"
        keys = list(specs) if category is None else at_the_end
        regions[category] = Region(
            {key: reader.histogram(key, folder) for key in keys},
            {
                label: {key: reader.histogram(key, f"variations/{label}/{folder}") for key in keys if key not in later}
                for label in variations
            },
        )
    return regions


class _Reader:
    """Reads histograms of one file, and compares each with the config."""

    def __init__(self, config: Config, file: Any, path: Path, units: object) -> None:
        self.config = config
        self._file = file
        self._path = path
        self._units = units if isinstance(units, dict) else None
        self._there = set(file.keys(cycle=False, filter_classname="TH1*"))
        self._tree = file.get(config.select.output.tree, {})
        self._floats = {spec.column: self._is_float(spec.column) for spec in config.select.histograms.values()}

    def histogram(self, key: str, folder: str) -> Histogram:
        """Read one; ``folder`` ends with a slash where it is not the top of the file."""
        name = f"{folder}{key}"
        if name not in self._there:
            raise InputError(f"{self._path}: no histogram '{name}'{_AGAIN}")
        spec = self.config.select.histograms[key]
        stored = self._file[name]
        edges = np.asarray(stored.axis().edges(), dtype=np.float64)
        wanted = np.linspace(*spec.range, spec.bins + 1)
        if edges.shape != wanted.shape or not np.allclose(edges, wanted, rtol=1e-9, atol=1e-9 * abs(wanted).max()):
            raise InputError(f"{self._path}: histogram '{name}' has other bins than the config{_AGAIN}")
        values = np.asarray(stored.values(), dtype=np.float64)
        variances = np.asarray(stored.variances(), dtype=np.float64)
        filled = None
        if self._floats[spec.column]:
            filled = float(stored.values(flow=True).sum()), float(stored.variances(flow=True).sum())
        title = str(stored.member("fXaxis").member("fTitle"))
        return Histogram(edges, values, variances, self._unit(spec.column), filled, title)

    def _is_float(self, column: str) -> bool:
        return column in self._tree and self._tree[column].typename in _FLOATS

    def _unit(self, column: str) -> str:
        """Return the unit that the provenance names, or the title of a branch ends with: ``m_yy/D in GeV``."""
        if self._units is not None:
            return str(self._units.get(column) or "")
        if column not in self._tree:
            return ""
        _, found, unit = str(self._tree[column].title).rpartition(" in ")
        return unit if found else ""
