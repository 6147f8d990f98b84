"""Rules that tie parts of a config together: names that must differ, and names that must exist.

They look at the values as read, so that they find everything although some part has a fault of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rdfplugins.config.overrides import dotted
from rdfplugins.config.scalars import shortened
from rdfplugins.config.steps import KINDS
from rdfplugins.errors import ConfigError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rdfplugins.config.loader import Document, Keys

    Earlier = dict[str, list[tuple[frozenset[str], Keys]]]


def check_rules(document: Document) -> Iterator[ConfigError]:
    """Yield the faults between parts of a config."""
    steps = _at(document, "select", "steps")
    kinds = _kinds(document)
    cuts: Earlier = {}
    columns: Earlier = {}
    shifts: Earlier = {}
    for alias in _mapping(_at(document, "input", "aliases")):
        columns[alias] = [(frozenset(kinds), ("input", "aliases", alias))]
    for index, step in enumerate(steps if isinstance(steps, list) else []):
        path: Keys = ("select", "steps", index)
        if not isinstance(step, dict):
            continue
        if kinds:
            yield from _check_only(document, (*path, "only"), step.get("only"), kinds)
        for name in _mapping(step.get("filter")):
            yield from _check_new(document, (*path, "filter", name), frozenset(kinds), cuts, "cut")
        for name in _mapping(step.get("define")):
            # `only` may define a column in one way for data and in another for simulation
            yield from _check_new(document, (*path, "define", name), _samples_of(step, kinds), columns, "column")
        for name in _mapping(step.get("vary")):
            yield from _check_new(document, (*path, "vary", name), _samples_of(step, kinds), shifts, "variation")


def _at(document: Document, *path: str) -> Any:
    here = document.data
    for key in path:
        here = here.get(key) if isinstance(here, dict) else None
    return here


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _kinds(document: Document) -> dict[str, str]:
    samples = _mapping(_at(document, "input", "samples"))
    return {name: str(_mapping(sample).get("kind")) for name, sample in samples.items()}


def _names(only: object) -> dict[int | None, str]:
    """Return index -> name; the index is None for a name that stands alone."""
    if isinstance(only, str):
        return {None: only}
    items = only if isinstance(only, list) else []
    return {index: item for index, item in enumerate(items) if isinstance(item, str)}


def _samples_of(step: dict[str, Any], kinds: dict[str, str]) -> frozenset[str]:
    names = set(_names(step.get("only")).values())
    if not names:
        return frozenset(kinds)
    return frozenset(name for name, kind in kinds.items() if kind in names or (name in names and name not in KINDS))


def _check_only(document: Document, path: Keys, only: object, kinds: dict[str, str]) -> Iterator[ConfigError]:
    for index, name in _names(only).items():
        if name.strip() and name not in KINDS and name not in kinds:
            place = document.position(path if index is None else (*path, index))
            hint = did_you_mean(name, [*KINDS, *kinds])
            message = f"{dotted(path)}: '{shortened(name)}' is neither mc, nor data, nor a sample{hint}"
            yield ConfigError(message, file=place[0], line=place[1])


def _check_new(
    document: Document, path: Keys, samples: frozenset[str], earlier: Earlier, what: str
) -> Iterator[ConfigError]:
    name = str(path[-1])
    file, line = document.position(path)
    for others, other_path in earlier.get(name, []):
        if samples & others or not samples or not others:
            other_file, other_line = document.position(other_path)
            where = f"line {other_line}" if other_file == file else f"{other_file}:{other_line}".removesuffix(":None")
            yield ConfigError(f"{what} '{shortened(name)}' exists already, see {where}", file=file, line=line)
            return
    earlier.setdefault(name, []).append((samples, path))
