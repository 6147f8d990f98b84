# os.path answers for names that no file can have, where Path raises
# ruff: noqa: PTH110, PTH112, PTH207
"""Names of input files: globs, folders, lists and URLs -> single files."""

from __future__ import annotations

import glob
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from rdfplugins.config.environment import expand_environment
from rdfplugins.config.scalars import shortened
from rdfplugins.errors import ConfigError, ConfigErrors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Place = tuple[str | None, int | None]

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_LONG = 300  # names of files in messages


def expand_files(patterns: Sequence[str], folder: Path, *, place: Callable[[int], Place] | None = None) -> list[str]:
    """Return the files that patterns stand for, in their order.

    Parameters
    ----------
    patterns
        Each a path, a glob (``**`` for any depth), a folder (its ``*.root``), ``@list.txt`` (one pattern a line,
        relative to the folder of the list; ``#`` begins a comment) or a URL. What a glob or a folder yields is sorted.
    folder
        What paths are relative to.
    place
        Number of a pattern -> file and line where it stands, for messages.

    Returns
    -------
    Paths and URLs, at least one. A path without wildcard is kept whether there is such a file or not: opening it tells.

    Raises
    ------
    ConfigErrors
        With every pattern that names nothing, and every file that is named twice.
    """
    if not patterns:
        raise ConfigErrors([ConfigError("the list of files is empty")])
    faults: list[ConfigError] = []
    named: list[tuple[str, Place]] = []
    for index, pattern in enumerate(patterns):
        named += _expand(pattern, folder, place(index) if place else (None, None), faults)
    faults += _named_twice(named)
    if faults:
        raise ConfigErrors(faults)
    return [name for name, _ in named]


def _expand(pattern: str, folder: Path, where: Place, faults: list[ConfigError]) -> Iterator[tuple[str, Place]]:
    if pattern.startswith("@"):
        yield from _from_list(pattern[1:], folder, where, faults)
        return
    try:
        names = _matches(pattern, folder)
    except ConfigError as error:
        faults.append(ConfigError(error.message, file=where[0], line=where[1]))
        return
    for name in names:
        yield name, where


def _matches(pattern: str, folder: Path) -> list[str]:
    if _URL.match(pattern):
        return [pattern]
    if not pattern.strip():
        raise ConfigError("the name of a file is empty")
    path = str(folder / pattern)
    if os.path.isdir(path):
        names = _globbed("*.root", Path(path))
        if not names:
            raise ConfigError(f"the folder {shortened(path, _LONG)} holds no *.root file")
        return names
    if not glob.has_magic(pattern) or os.path.exists(path):
        return [path]
    names = _globbed(pattern, folder)
    if not names:
        raise ConfigError(f"no file matches {shortened(path, _LONG)}")
    return names


def _globbed(pattern: str, folder: Path) -> list[str]:
    # root_dir: the folder itself may hold brackets, which are no wildcards
    names = (str(folder / name) for name in glob.glob(pattern, root_dir=folder, recursive=True))
    return sorted(name for name in names if not os.path.isdir(name))


def _from_list(name: str, folder: Path, where: Place, faults: list[ConfigError]) -> Iterator[tuple[str, Place]]:
    path = str(folder / name)
    try:
        entries = _entries(path)
    except ValueError as error:
        faults.append(ConfigError(f"list of files {shortened(path, _LONG)}: {error}", file=where[0], line=where[1]))
        return
    for number, entry in entries:
        yield from _from_entry(entry, path, number, faults)


def _from_entry(entry: str, path: str, number: int, faults: list[ConfigError]) -> Iterator[tuple[str, Place]]:
    if entry.startswith("@"):
        faults.append(ConfigError("a list of files cannot name another list", file=path, line=number))
        return
    try:
        pattern = expand_environment(entry)
    except ValueError as error:
        faults.append(ConfigError(str(error), file=path, line=number))
        return
    yield from _expand(pattern, Path(path).parent, (path, number), faults)


def _entries(path: str) -> list[tuple[int, str]]:
    """Return (line, pattern) of a list of files."""
    lines = enumerate(_read_lines(path), start=1)
    stripped = [(number, re.sub(r"(^|\s)#.*", "", line).strip()) for number, line in lines]
    entries = [(number, entry) for number, entry in stripped if entry]
    if not entries:
        raise ValueError("it is empty")
    return entries


def _read_lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise ValueError("it is not UTF-8 text") from error
    except OSError as error:
        raise ValueError(f"it cannot be read ({error.strerror})") from error


def _named_twice(named: Sequence[tuple[str, Place]]) -> Iterator[ConfigError]:
    """Yield one fault for each two places that share files: two globs may share hundreds."""
    first: dict[str, tuple[str, Place]] = {}
    shared: dict[tuple[Place, Place], list[tuple[str, str]]] = {}
    for name, place in named:
        identity = name if _URL.match(name) else os.path.realpath(name)
        if identity in first:
            first_name, first_place = first[identity]
            shared.setdefault((first_place, place), []).append((name, first_name))
        else:
            first[identity] = (name, place)
    for (first_place, place), names in shared.items():
        name, first_name = names[0]
        alias = f" (also as {shortened(first_name, _LONG)})" if first_name != name else ""
        verb = "is" if len(names) == 1 else f"and {len(names) - 1} more are"
        elsewhere = None not in first_place and first_place != place
        where = f", first in {first_place[0]}:{first_place[1]}" if elsewhere else ""
        message = f"the file {shortened(name, _LONG)}{alias} {verb} named twice{where}"
        yield ConfigError(message, file=place[0], line=place[1])
