"""Files that two samples have in common: their rows would be of two classes, or in training and validation."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rdfplugins.config.models import Config
from rdfplugins.resample.sources import prepared

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping

    from rdfplugins.config.models import Base

SELECT = "select"


@dataclasses.dataclass(frozen=True)
class Ancestry:
    """Where the rows of a sample come from.

    Attributes
    ----------
    own
        What tells a file that it has from others -> its path.
    read
        The same of files that a selection read to make them.
    """

    own: dict[Hashable, str]
    read: dict[Hashable, str]


def ancestry(paths: Iterable[str | Path], records: Iterable[Mapping[str, Any]] | None = None) -> Ancestry:
    """Return where files come from; ``records``: what each says of itself, which is read if it is None."""
    own: dict[Hashable, str] = {}
    read: dict[Hashable, str] = {}
    files = [Path(path) for path in paths]
    for path in files:
        found = path.stat()
        own[found.st_dev, found.st_ino] = str(path)
    for record in map(prepared.record_of, files) if records is None else records:
        stages = record.get("stages")
        if isinstance(stages, dict) and SELECT in stages:
            for file in record.get("inputs") or ():
                read.update(dict.fromkeys(_marks(file), str(file["path"])))
    return Ancestry(own, read)


def _marks(file: Mapping[str, Any]) -> list[Hashable]:
    """Return what tells an input from others: its path; and what goes along with it where it is copied or moved."""
    path = str(file["path"])
    place = path if "://" in path else str(Path(path).resolve())
    if not file.get("uuid"):
        return [place]
    return [place, (file["uuid"], file.get("size"), file.get("entries"), path.rpartition("/")[2])]


def shared(one: Mapping[Hashable, str], other: Mapping[Hashable, str]) -> str | None:
    """Return the path of a file that is in both; None if there is none."""
    return next((path for mark, path in one.items() if mark in other), None)


def told_apart(config: Base, one: str, other: str) -> bool:
    """Return whether some step of the selection is made for one of two samples alone: their events may differ."""
    if not isinstance(config, Config) or not {one, other} <= set(config.input.samples):
        return False
    kinds = {name: config.input.samples[name].kind for name in (one, other)}
    return any(step.applies_to(one, kinds[one]) != step.applies_to(other, kinds[other]) for step in config.select.steps)
