"""Where the events of a training come from, as the trees tell it that were made by this package."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rdfplugins import provenance
from rdfplugins.train.event_faults import TRAINING, VALIDATION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rdfplugins.train.events import Data

_SETTINGS: Final = ("process", "mode", "mass", "spin", "events", "seed", "skim_pt", "release")
_DEEPEST: Final = 4  # simulation, selection, resampling, and one for what is to come
_PIECE: Final = 1 << 22  # bytes


def origins(data: Data) -> list[dict[str, Any]]:
    """Return a record of each file, as YAML values: its name, SHA-256, events kept, and what is known of its sample.

    No path is told: where files were says nothing to others.
    """
    made = []
    for source, kept in zip(data.sources, data.kept, strict=True):
        record: dict[str, Any] = {"file": source.path.name}
        record.update(
            {
                name: kept[number]
                for number, name in ((TRAINING, "training"), (VALIDATION, "validation"))
                if number in kept
            }
        )
        record["sha256"] = checksum(source.path)
        found = provenance.read(source.path) or {}
        sample = found.get("sample")
        if isinstance(sample, dict) and isinstance(sample.get("name"), str):
            record["sample"] = sample["name"]
        if found.get("partial"):
            record["partial"] = True
        settings = list(_simulated(found, _DEEPEST))
        if settings:
            record["simulated"] = settings
        made.append(record)
    return made


def checksum(path: Path) -> str:
    """Return the SHA-256 of a file."""
    total = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            total.update(piece)
    return total.hexdigest()


def _simulated(record: dict[str, Any], depth: int) -> Iterator[dict[str, Any]]:
    """Yield the settings of the simulations that a file was made of, each once."""
    if record.get("simulation") is True:
        yield {key: record[key] for key in _SETTINGS if isinstance(record.get(key), str | int | float)}
        return
    told: list[dict[str, Any]] = []
    for entry in _inputs(record) if depth else ():
        known = entry.get("generated")
        if not isinstance(known, dict):
            known = provenance.read(Path(str(entry.get("path")))) or {}
        told += [settings for settings in _simulated(known, depth - 1) if settings not in told]
    yield from told


def _inputs(record: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield what a selection, or a resampling, says of the files it read."""
    lists = [record.get("inputs")]
    samples = record.get("samples")
    if isinstance(samples, dict):
        lists += [each.get("files") for each in samples.values() if isinstance(each, dict)]
    for files in lists:
        if isinstance(files, list):
            yield from (entry for entry in files if isinstance(entry, dict))
