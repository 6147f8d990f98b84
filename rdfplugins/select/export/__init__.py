"""Exports: one table of all samples, in the order of the config and sorted by event key, the same for any threads."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from rdfplugins import cpp, provenance
from rdfplugins.errors import MissingDependencyError, OutputError, place
from rdfplugins.files import atomic
from rdfplugins.select.export import hdf5, parquet, tsv
from rdfplugins.select.export.contents import open_contents

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from rdfplugins.config import Config
    from rdfplugins.errors import ConfigError
    from rdfplugins.reading import Kind
    from rdfplugins.select.export.contents import Contents
    from rdfplugins.select.options import Options

_HOLDERS = {"tsv": "a TSV file", "h5": "an HDF5 table", "parquet": "a Parquet file"}
_LABELLED = ("tsv", "parquet")  # these have a column `label` of texts
_NUMBERS = re.compile(
    r"(?:ROOT::VecOps::|ROOT::)?RVec<(?P<rvec>[^<>]+)>|(?:std::)?vector<(?P<vector>[^<>,]+)>"
    r"|(?:std::)?array<(?P<array>[^<>,]+),[^<>]+>"
)


def run(config: Config, options: Options, labels: dict[str, int], outdated: Mapping[str, str]) -> tuple[Path, ...]:
    """Write the exports that the config asks for, once the trees of all samples are there and belong together.

    Parameters
    ----------
    labels
        Label -> ``label_id``.
    outdated
        Sample -> why its tree does not belong to this config.

    Raises
    ------
    ConfigError
        For a column that the format cannot hold.
    InputError
        For a tree that is damaged.
    MissingDependencyError
        For Parquet without pyarrow.
    """
    made: list[Path] = []
    for kind in dict.fromkeys(config.select.output.exports):
        path = options.folder / f"{config.name}.{kind}"
        files = [options.folder / f"{name}.root" for name in config.input.samples]
        records = [provenance.read(file) or {} for file in files]
        partial = {bool(record.get("partial")) for record in records}
        if outdated or len(partial) > 1:
            reason = _in_short(outdated) or "some trees hold the first events only"
            left = ", the one there is of an earlier run" if path.exists() else ""
            options.say(f"{path} is not written{left}: {reason}")
            continue
        key = provenance.stage_key([kind, [record["stages"] for record in records]])
        if not options.force and _is_fresh(path, key):
            options.say(f"{path} is up to date")
        else:
            _check_dependency(config, kind)
            with open_contents(config, files, labels, records) as contents:
                _check_kinds(config, kind, contents)
                _say_what_differs(path, contents, options)
                _write(config, kind, path, contents)
            _write_sidecar(config, path, key, partial=partial.pop())
        made.append(path)
    return tuple(made)


def _in_short(outdated: Mapping[str, str]) -> str:
    """Return why trees cannot be joined; of many the first, as it is mostly one reason for all."""
    reasons = list(outdated.values())
    return f"{reasons[0]} (and {len(reasons) - 1} more)" if len(reasons) > 1 else "".join(reasons)


def check(config: Config, df: Any, columns: Sequence[str]) -> None:
    """Raise ConfigError for a column that an export cannot hold, before the event loop is run."""
    known_class = cpp.load_root().TClass.GetClass
    kinds = {name: str(df.GetColumnType(name)) for name in columns}
    objects = [name for name, kind in kinds.items() if known_class(kind, True, True)]  # noqa: FBT003 (load, silent)
    for export in dict.fromkeys(config.select.output.exports):
        _check_dependency(config, export)
        _check_names(config, export, kinds)
        for name in objects:
            vector = _is_vector_of_numbers(kinds[name])
            if export != "parquet" or not vector:
                raise _unfit(config, export, name, vector=vector)
        if export == "h5":
            _check_width(config, np.dtype([(name, "?" if kind == "bool" else "f8") for name, kind in kinds.items()]))


def _say_what_differs(path: Path, contents: Contents, options: Options) -> None:
    """Say which columns are NaN in data, and which are not exported; one line each."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for column, samples in contents.absent.items():
        groups.setdefault(tuple(samples), []).append(column)
    if groups:
        options.say(f"{path.name}: {'; '.join(_nan_in(columns, samples) for samples, columns in groups.items())}")
    if contents.left_out:
        options.say(f"{path.name}: left out, as not every sample has them: {', '.join(contents.left_out)}")


def _nan_in(columns: Sequence[str], samples: Sequence[str]) -> str:
    have, them = "does" if len(samples) == 1 else "do", "it" if len(columns) == 1 else "them"
    return f"{', '.join(columns)}: NaN in {', '.join(samples)}, which {have} not have {them}"


def _write(config: Config, kind: str, path: Path, contents: Contents) -> None:
    with atomic(path) as part:
        if kind == "h5":
            rows = hdf5.write(part, contents, config.select.output.tree)
        else:
            rows = {"tsv": tsv.write, "parquet": parquet.write}[kind](part, contents)
        if rows != contents.entries:
            raise OutputError(f"{path}: {rows} rows were written where the trees have {contents.entries}")


# -- what a format cannot hold


def _check_dependency(config: Config, kind: str) -> None:
    if kind == "parquet":
        try:
            parquet.load()
        except MissingDependencyError as error:
            where = place(*config.position("select", "output", "exports"))
            raise MissingDependencyError(f"{where}{error}") from error


def _check_kinds(config: Config, export: str, contents: Contents) -> None:
    """Refuse columns of the trees as they are, which `check` has not seen where they were up to date."""
    _check_names(config, export, contents.columns)
    for own in contents.of_each():
        for name, kind in own.items():
            if kind.dtype is None or (kind.vector and export != "parquet"):
                raise _unfit(config, export, name, vector=kind.vector)
    if export != "tsv":
        common: dict[str, Kind] = contents.kinds()
        if export == "h5":
            _check_width(config, np.dtype([(name, kind.dtype) for name, kind in common.items()]))


def _check_names(config: Config, export: str, columns: Mapping[str, Any] | Sequence[str]) -> None:
    if export in _LABELLED and tsv.LABEL in columns:
        raise _fault(
            config,
            f"column '{tsv.LABEL}' has the name under which {_HOLDERS[export]} holds the label of the sample; give it"
            " another name, or list the columns without it under select.output.columns",
        )


def _check_width(config: Config, dtype: np.dtype[Any]) -> None:
    if not hdf5.holds(dtype):
        raise _fault(
            config,
            f"{len(dtype.names or ())} columns are more than an HDF5 table can describe (64 kB of names and types):"
            " list fewer under select.output.columns, or export to parquet",
        )


def _is_vector_of_numbers(kind: str) -> bool:
    found = _NUMBERS.fullmatch(kind)
    element = next((name for name in found.groups() if name), "") if found else ""
    return bool(element) and not cpp.load_root().TClass.GetClass(element, True, True)  # noqa: FBT003 (load, silent)


def _unfit(config: Config, export: str, name: str, *, vector: bool) -> ConfigError:
    if vector:
        advice = "list the columns without it under select.output.columns, or export to parquet"
        return _fault(config, f"column '{name}' is a vector, which {_HOLDERS[export]} cannot hold: {advice}")
    return _fault(
        config,
        f"column '{name}' is a vector, text or object, which {_HOLDERS[export]} cannot hold: list the columns without"
        " it under select.output.columns",
    )


def _fault(config: Config, message: str) -> ConfigError:
    return config.fault(message, "select", "output", "exports")


# -- freshness


def _write_sidecar(config: Config, path: Path, key: str, *, partial: bool) -> None:
    record = {
        **provenance.describe(config.folder),
        "stages": {"export": key},
        "size": path.stat().st_size,
        "partial": partial,
    }
    with atomic(_sidecar(path)) as part:
        part.write_text(json.dumps(record, indent=1))


def _sidecar(path: Path) -> Path:
    return path.with_name(f".{path.name}.provenance.json")


def _is_fresh(path: Path, key: str) -> bool:
    if not path.is_file():
        return False
    try:
        stored = json.loads(_sidecar(path).read_text())
    except (OSError, ValueError):
        return False
    return bool(stored.get("stages", {}).get("export") == key and stored.get("size") == path.stat().st_size)
