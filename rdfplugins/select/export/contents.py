"""What all exports hold: the columns that samples have in common, their rows in order, and what is said about them."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

import numpy as np

from rdfplugins._version import __version__
from rdfplugins.reading import Kind, open_table
from rdfplugins.select.export.sort import sorted_blocks
from rdfplugins.select.keys import SPLITS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from rdfplugins.config import Config
    from rdfplugins.reading import Table
    from rdfplugins.select.export.blocks import Block

LABEL_ID = "label_id"
_FROM_RECORD = ("kind", "label", "simulation")


class Contents:
    """The trees of all samples, open.

    Attributes
    ----------
    columns
        Those that every sample has, and floats of simulation (such as the true mass), which are NaN in data; in the
        order of the first sample that has them all. ``event_key`` and ``label_id`` are among them.
    left_out
        All others.
    absent
        Columns that are NaN in some samples of data -> the names of these samples.
    labels
        Label -> ``label_id``.
    entries
        Rows of all samples.
    about
        What is said beside the rows, as JSON texts: ``labels``, ``splits``, ``units``, ``samples``, ``provenance``,
        ``maps`` (column -> name -> number) where nodes name the numbers of a column, and ``models`` (branch -> name and
        digest) where the stage ``ml`` made some.
        Neither times nor paths of machines: equal inputs give equal bytes.
    """

    def __init__(
        self,
        config: Config,
        tables: Sequence[Table],
        labels: Mapping[str, int],
        records: Sequence[Mapping[str, Any]],
        folder: Path,
    ) -> None:
        self._config = config
        self._tables = tables
        self._folder = folder
        self.labels = labels
        self.entries = sum(table.entries for table in tables)
        self.absent = _absent_in_data(dict(zip(config.input.samples, tables, strict=True)), config)
        common = {name for name in tables[0].kinds if all(name in table.kinds for table in tables)} | set(self.absent)
        fullest = next(table for table in tables if common <= set(table.kinds))  # any of simulation, or the first
        self.columns = [name for name in fullest.kinds if name in common]
        self.left_out = sorted({name for table in tables for name in table.kinds} - set(self.columns))
        self.units: dict[str, str] = _of_columns("units", records, self.columns)
        maps = _of_columns("maps", records, self.columns)
        self.about = {
            "labels": _json(labels),
            "splits": _json({name: number for number, name in enumerate(SPLITS)}),
            **({"maps": _json(maps)} if maps else {}),
            "units": _json(self.units),
            "samples": _json(_samples(config, tables, labels, records)),
            **({"models": _json(models)} if (models := _models(records)) else {}),
            "provenance": _json(_provenance(config, records)),
        }

    def kinds(self) -> dict[str, Kind]:
        """Return the one kind of each column that holds the values of all samples exactly.

        Raises
        ------
        ConfigError
            For a column whose types have no such kind, as int64 and float32.
        """
        found = {}
        for name in self.columns:
            kinds = [table.kinds[name] for table in self._tables if name in table.kinds]
            common = _common(kinds)
            if common is None:
                every = zip(self._config.input.samples, self._tables, strict=True)
                samples = [sample for sample, table in every if name in table.kinds]
                other = next(number for number, kind in enumerate(kinds) if _common([kinds[0], kind]) is None)
                raise self._config.fault(
                    f"column '{name}' is {kinds[0]} in sample {samples[0]} and {kinds[other]} in {samples[other]},"
                    " which have no common type: cast one of them, or list the columns without it under"
                    " select.output.columns",
                    *("select", "output", "exports"),
                )
            found[name] = common
        return found

    def of_each(self) -> list[dict[str, Kind]]:
        """Return, for each sample, the kinds of the columns as its tree has them; of one that it lacks, another's."""
        there: dict[str, Kind] = {}
        for table in self._tables:
            there = table.kinds | there
        return [{name: table.kinds.get(name, there[name]) for name in self.columns} for table in self._tables]

    def blocks(self, kinds: Mapping[str, Kind] | Sequence[Mapping[str, Kind]]) -> Iterator[Block]:
        """Yield all rows, sample by sample, each sorted by ``event_key``; ``kinds`` is one for all, or one for each."""
        each = [kinds] * len(self._tables) if not isinstance(kinds, list) else kinds
        for table, own in zip(self._tables, each, strict=True):
            there = {name: kind for name, kind in own.items() if name in table.kinds}
            yield from (block.widened(own) for block in sorted_blocks(table, there, self._folder))


@contextlib.contextmanager
def open_contents(
    config: Config, files: Sequence[Path], labels: Mapping[str, int], records: Sequence[Mapping[str, Any]]
) -> Iterator[Contents]:
    """Open the trees of all samples; ``records`` are their provenances."""
    with contextlib.ExitStack() as stack:
        tree = config.select.output.tree
        tables = [stack.enter_context(open_table(file, tree)) for file in files]
        yield Contents(config, tables, labels, records, files[0].parent)


def _absent_in_data(tables: Mapping[str, Table], config: Config) -> dict[str, list[str]]:
    """Return the columns of floats that all simulation has -> the samples of data, at least one, that lack them."""
    data = [name for name in tables if config.input.samples[name].kind == "data"]
    simulated = [table for name, table in tables.items() if name not in data]
    found = {}
    for column in simulated[0].kinds if simulated else ():
        lacking = [name for name in data if column not in tables[name].kinds]
        kinds = [table.kinds[column] for table in tables.values() if column in table.kinds]
        everywhere = len(kinds) + len(lacking) == len(tables)
        if lacking and everywhere and all(_is_float(kind) for kind in kinds):
            found[column] = lacking
    return found


def _is_float(kind: Kind) -> bool:
    return kind.dtype is not None and kind.dtype.kind == "f" and not kind.vector


def _common(kinds: Sequence[Kind]) -> Kind | None:
    """Return the kind that holds the values of all exactly: integers stay integers, bool stays bool."""
    if len(set(kinds)) == 1:
        return kinds[0]
    dtypes = [kind.dtype for kind in kinds if kind.dtype is not None]
    if len(dtypes) < len(kinds) or len({kind.vector for kind in kinds}) > 1:
        return None
    common = np.result_type(*dtypes)
    letters = {dtype.kind for dtype in dtypes}
    if letters <= {"i", "u"} and common.kind in "iu":
        return Kind(common, kinds[0].vector)
    return Kind(common, kinds[0].vector) if letters == {"f"} else None


def _of_columns(key: str, records: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> dict[str, Any]:
    """Return what provenances say of columns under a key; where they differ, the first sample decides."""
    found: dict[str, Any] = {}
    for record in reversed(records):
        said = record.get(key)
        found |= said if isinstance(said, dict) else {}
    return {name: found[name] for name in columns if found.get(name)}


def _samples(
    config: Config, tables: Sequence[Table], labels: Mapping[str, int], records: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    found = {}
    for name, table, record in zip(config.input.samples, tables, records, strict=True):
        said = {key: record["sample"][key] for key in _FROM_RECORD}
        number = {"label_id": labels[said["label"]], "entries": table.entries}
        found[name] = {**said, **number, "normalisation": record["normalisation"]}
    return found


def _models(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return branch -> the model that made it: the same in all samples, or they would not be exported."""
    return {
        branch: {key: model[key] for key in ("name", "digest", "precision")}
        for record in records
        for model in record.get("models") or ()
        for branch in model["branches"]
    }


def _provenance(config: Config, records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "made_by": f"rdfplugins {__version__}",
        "root": sorted({str(record.get("root")) for record in records}),
        "config": {"name": config.path.name, "sha256": config.source.sha256, "text": config.source.text},
        "lumi_pb": config.input.lumi_pb,
        "input_units": config.input.units,
        "partial": any(record.get("partial") for record in records),
    }


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
