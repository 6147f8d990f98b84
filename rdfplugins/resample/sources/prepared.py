"""Files of the stage ``prepare``: where they are, what they are made of, and whether they are of this config."""

from __future__ import annotations

from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from rdfplugins import provenance
from rdfplugins.config.files import expand_files
from rdfplugins.config.preparation import INCLUSIVE
from rdfplugins.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rdfplugins.config.models import Base
    from rdfplugins.config.preparation import PreparationConfig, PreparedSample
    from rdfplugins.resample.sources.describe import Kind

STAGE = "prepare"
FOLDER = "prepared"
SUFFIXES: dict[Kind, str] = {"hdf5": ".h5", "root": ".root"}


def section(config: Base) -> PreparationConfig:
    """Return the section ``preparation``, which the config must have."""
    assert config.preparation is not None
    return config.preparation


def inputs(config: Base, name: str) -> list[str]:
    """Return the files that a sample is made of.

    Raises
    ------
    ConfigError
        For a type that is none, and patterns that name nothing.
    """
    here = ("preparation", "samples", name)
    spec = _spec(config, name)
    if spec.files is not None:
        return expand_files(spec.files, config.folder, place=lambda index: config.position(*here, "files", index))
    ntuples = section(config).ntuples
    if spec.type not in ntuples:
        hint = did_you_mean(spec.type or "", ntuples)
        raise config.fault(f"there is no type '{spec.type}' in 'ntuples'{hint}", *here, "type")
    found = ntuples[spec.type]
    where = config.position(*_of_ntuples(config), spec.type, "file_pattern")
    return expand_files(found.file_pattern, config.folder / found.path, place=lambda _: where)


def _of_ntuples(config: Base) -> tuple[str, str]:
    there = config.source.data.get("preparation") or {}
    return "preparation", "input_h5" if "input_h5" in there else "ntuples"


def cut(config: Base, name: str) -> str | None:
    """Return the cuts of a sample and that of its class as one formula; None where there are none."""
    spec = _spec(config, name)
    of_class = None if spec.category == INCLUSIVE else class_cut(config, spec.category)
    parts = [part for part in (spec.cut, None if of_class is None else f"({of_class})") if part is not None]
    return " && ".join(parts) if parts else None


def class_cut(config: Base, name: str) -> str | None:
    """Return the cut of a class; None where the config has none for it."""
    found = (config.classes or {}).get(name)
    return None if found is None else found.cut


def target(config: Base, name: str, folder: Path, kind: Kind) -> Path:
    """Return where a sample is written: within ``prepared`` of the folder of outputs, whatever the config says.

    Of an absolute path, as umami's configs have it, the name of the file is taken.

    Raises
    ------
    ConfigError
        For a path that leads out of the folder, by ``..`` or by a link.
    """
    stated = _spec(config, name).file_name
    if stated is None:
        return folder / FOLDER / f"{name}{SUFFIXES[kind]}"
    inside = PurePath(stated)
    path = folder / FOLDER / (inside.name if inside.is_absolute() else inside)
    if ".." in inside.parts or not path.parent.resolve().is_relative_to((folder / FOLDER).resolve()):
        key = "output_name" if _spec(config, name).f_output is None else "f_output"
        raise config.fault(
            f"{stated} leads out of {folder / FOLDER}, where prepared samples are; give a name within it",
            *("preparation", "samples", name, key),
        )
    return path


def says(config: Base) -> list[str]:
    """Return a line on what the config says of outputs and is not done."""
    names = [name for name, spec in section(config).samples.items() if PurePath(spec.file_name or "").is_absolute()]
    if not names:
        return []
    return [f"of the absolute paths of {', '.join(names)} the names of the files are taken; they are in '{FOLDER}'"]


def find(config: Base, name: str, folder: Path) -> Path:
    """Return the file of a sample that was prepared.

    Raises
    ------
    InputError
        If it is not there, or not of this config and of its inputs as they are now.
    """
    paths = list(dict.fromkeys(target(config, name, folder, kind) for kind in SUFFIXES))
    reasons = {path: why_outdated(config, name, path) for path in paths if path.exists()}
    if not reasons:
        raise InputError(f"{paths[0]}: is not there; run the stage 'prepare' first (--prepare)")
    for path, reason in reasons.items():
        if reason is None:
            return path
    raise InputError(f"{next(iter(reasons.values()))}; run the stage 'prepare' again (--prepare)")


def settings(config: Base, name: str) -> str:
    """Return the hash of all that the config says of a sample, but for its files."""
    spec, all_ = _spec(config, name), section(config)
    return provenance.stage_key([name, spec.category, cut(config, name), spec.n_jets, all_.tree, all_.dataset])


def why_outdated(config: Base, name: str, path: Path) -> str | None:
    """Return why a file is not the prepared sample; None if it is. Inputs that were taken away are not looked at."""
    record = record_of(path)
    if STAGE not in record.get("stages", {}):
        return f"{path} is no output of the stage 'prepare'"
    if record.get("settings") != settings(config, name):
        return f"{path} was made with another config"
    changed = [file["path"] for file in record["inputs"] if _has_changed(file)]
    return f"{path} was made from another {changed[0]}" if changed else None


def record_of(path: Path) -> dict[str, Any]:
    """Return the provenance of a ROOT or HDF5 file; empty if it has none, is not there, or cannot be read."""
    from rdfplugins.resample.sources import hdf5
    from rdfplugins.resample.sources.describe import kind_of

    try:
        if kind_of(path) == "root":
            return provenance.read(path) or {}
        return hdf5.record_of(path)
    except InputError:
        return {}


def is_foreign(path: Path) -> bool:
    """Return whether a file is there that is none of this stage. One that is damaged is no loss to anybody."""
    from rdfplugins.resample.sources import hdf5, root
    from rdfplugins.resample.sources.describe import kind_of

    if not path.exists():
        return False
    if STAGE in (record_of(path).get("stages") or {}):
        return False
    try:
        kind = kind_of(path)
    except InputError:
        return True
    try:
        if kind == "root":
            root.trees(path)
        else:
            hdf5.record_of(path)
    except InputError:
        return False
    return True


def _has_changed(file: Mapping[str, Any]) -> bool:
    path = Path(file["path"])
    if not path.is_file() or "size" not in file:
        return False
    now = path.stat()
    return bool(now.st_size != file["size"] or now.st_mtime != file["mtime"])


def _spec(config: Base, name: str) -> PreparedSample:
    return section(config).samples[name]
