"""What pydantic found, in the words of a physicist and with the place in the file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rdfplugins.config.base import FAULT, Section, described, near_key
from rdfplugins.config.overrides import dotted
from rdfplugins.config.resample import ResampleConfig, ResampleOptions
from rdfplugins.config.scalars import BOOL, FLOAT, INT, plain_tag, shortened
from rdfplugins.errors import ConfigError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

    from rdfplugins.config.loader import Document, Keys

_EXPECTED = {
    "model_type": "a mapping",
    "dict_type": "a mapping",
    "list_type": "a list",
    "tuple_type": "a list",
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "finite_number": "a finite number",
    "greater_than": "a number above {gt}",
    "greater_than_equal": "a number not below {ge}",
    "less_than": "a number below {lt}",
    "less_than_equal": "a number not above {le}",
}

_MARK = re.compile(r"<.*>|\[key\]")
_STEP_DEPTH = 3  # select, steps, number


def messages(error: ValidationError, document: Document, models: Mapping[int, type[Section]]) -> list[ConfigError]:
    """Return the faults that pydantic found.

    Parameters
    ----------
    error
        What pydantic raised.
    document
        What was validated.
    models
        ``id`` of each mapping of the document -> the model it was taken for.
    """
    faults = []
    details = [(item, *_path(item, document, models)) for item in error.errors(include_url=False)]
    unknown = {path for item, path, _ in details if item["type"] == "extra_forbidden"}
    for item, path, of_key in details:
        if any(path[:length] in document.broken for length in range(1, len(path) + 1)):
            continue  # the value could not be read, which has been said
        if item["type"] == "missing" and _is_misspelt(path, unknown, document, models):
            continue  # the unknown key is reported, with this one as its hint
        text, place = _said(item, path, of_key, document, models)
        file, line = document.position(place)
        faults.append(ConfigError(text, file=file, line=line))
    return faults


def _path(item: ErrorDetails, document: Document, models: Mapping[int, type[Section]]) -> tuple[Keys, bool]:
    """Return the path in the document, and whether its last key is at fault and not what stands under it.

    pydantic puts the tags of unions into its path, and a mark behind a key at fault.
    """
    path: Keys = ()
    here: Any = document.data
    for name in item["loc"]:
        key = _as_written(name, here, models)
        if _has(here, key):
            here = here[key]
        elif isinstance(key, str) and _MARK.fullmatch(key):
            continue
        else:
            here = None
        path += (key,)
    if item["type"] == FAULT:
        path += tuple(item["ctx"]["at"])
    return path, item["loc"][-1:] == ("[key]",)


def _as_written(key: str | int, here: object, models: Mapping[int, type[Section]]) -> str | int:
    """Return the name that a key has in the file: some have two."""
    model = models.get(id(here))
    if model is None or _has(here, key):
        return key
    return next((name for name, other in model.OTHER_NAMES.items() if other == key and _has(here, name)), key)


def _said(
    item: ErrorDetails,
    path: Keys,
    of_key: bool,  # noqa: FBT001
    document: Document,
    models: Mapping[int, type[Section]],
) -> tuple[str, Keys]:
    """Return the message, and the path of the place it is given for."""
    kind, parent = item["type"], path[:-1]
    if kind == "missing":
        return f"missing key '{path[-1]}'{_within(parent)}", parent
    if kind == "extra_forbidden":
        same = _same_key(path, document, models)
        if same:
            return f"'{path[-1]}' and '{same}'{_within(parent)} are two names of one key; keep one of them", path
        return f"unknown key '{shortened(str(path[-1]))}'{_within(parent)}{_hint(path, document, models)}", path
    if kind == "literal_error" and of_key:
        hint = did_you_mean(str(path[-1]), _choices(item)) or f"; {item['ctx']['expected']} is expected"
        return f"unknown key '{shortened(str(path[-1]))}'{_within(parent)}{hint}", path
    text = _about_value(item)
    if text.startswith("unknown key"):
        return text, path
    shown = parent if of_key else path[: len(path) - len(item.get("ctx", {}).get("at", ()))]
    return f"{dotted(_existing(shown, document))}: {text}", path


def _about_value(item: ErrorDetails) -> str:
    kind, value, ctx = item["type"], item["input"], item.get("ctx", {})
    if kind == FAULT:
        return str(ctx["message"])
    if kind == "too_short":
        return "at least one entry is expected, and this is empty"
    if kind == "literal_error":
        choices = _choices(item)
        hint = did_you_mean(value, choices, most=1) if isinstance(value, str) and len(choices) > 1 else ""
        return f"{ctx['expected']} is expected, not {described(value)}{hint}"
    if kind in _EXPECTED:
        limits = {name: f"{limit:g}" if isinstance(limit, float) else limit for name, limit in ctx.items()}
        return f"{_EXPECTED[kind].format(**limits)} is expected, not {described(value)}{_remedy(kind, value)}"
    return f"{described(value)} cannot stand here"


def _remedy(kind: str, value: object) -> str:
    if kind == "string_type" and isinstance(value, (bool, int, float)):
        return "; put it in quotes if it is meant as text"
    if kind in {"float_type", "int_type"} and isinstance(value, str) and plain_tag(value) in {INT, FLOAT}:
        return "; write it without quotes"
    if kind == "int_type" and isinstance(value, float) and value.is_integer():
        return f"; write {int(value)}"
    if kind == "bool_type" and isinstance(value, str):
        if plain_tag(value) == BOOL:
            return "; write it without quotes"
        meant = {"yes": "true", "on": "true", "no": "false", "off": "false"}.get(value.lower())
        return f"; write {meant}" if meant else ""
    return ""


def _choices(item: ErrorDetails) -> list[str]:
    return re.findall(r"'([^']*)'", item["ctx"]["expected"])


def _within(parent: Keys) -> str:
    if not parent:
        return ""
    return " in a step" if len(parent) == _STEP_DEPTH and parent[:2] == ("select", "steps") else f" in {dotted(parent)}"


def _has(container: object, key: str | int) -> bool:
    return key in (
        container if isinstance(container, dict) else range(len(container)) if isinstance(container, list) else ()
    )


def _existing(path: Keys, document: Document) -> Keys:
    """Return ``path`` without the keys at its end that the document does not have."""
    here: Any = document.data
    for length, key in enumerate(path):
        if not _has(here, key):
            return path[:length]
        here = here[key]
    return path


def _model_around(path: Keys, document: Document, models: Mapping[int, type[Section]]) -> type[Section] | None:
    """Return what the mapping was taken for which holds the last key of ``path``."""
    here: Any = document.data
    for key in path[:-1]:
        here = here[key]
    return models.get(id(here))


def _same_key(path: Keys, document: Document, models: Mapping[int, type[Section]]) -> str | None:
    """Return the other name of the last key of ``path``, which stands beside it."""
    model = _model_around(path, document, models)
    return None if model is None else model.OTHER_NAMES.get(str(path[-1]))


def _hint(path: Keys, document: Document, models: Mapping[int, type[Section]]) -> str:
    model = _model_around(path, document, models)
    return _elsewhere(path, model) or near_key(str(path[-1]), [] if model is None else model.offered())


def _elsewhere(path: Keys, model: type[Section] | None) -> str:
    """Return where a key belongs that stands on the wrong level of ``resample``; empty if it does not."""
    if model is ResampleConfig and path[-1] in ResampleOptions.keys():  # noqa: SIM118 (a method, not a dict)
        return f"; it belongs to {dotted((*path[:-1], 'options'))}, one level below"
    if model is ResampleOptions and path[-1] in ResampleConfig.keys():  # noqa: SIM118
        return f"; it belongs to {dotted(path[:-2])}, one level above"
    return ""


def _is_misspelt(path: Keys, unknown: set[Keys], document: Document, models: Mapping[int, type[Section]]) -> bool:
    beside = [other for other in unknown if other[:-1] == path[:-1]]
    return any(f"'{path[-1]}'" in _hint(other, document, models) for other in beside)
