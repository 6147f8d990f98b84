"""What ``with:`` of a node may hold, as JSON Schema: types, choices, units, defaults and documentation."""

from __future__ import annotations

import inspect
import json
from typing import TYPE_CHECKING, Any

import pydantic

from rdfplugins.docstrings import entries, prose
from rdfplugins.draft07 import as_draft07, inlined
from rdfplugins.errors import ConfigError
from rdfplugins.nodes import base
from rdfplugins.nodes.base import type_text, unit_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from rdfplugins.nodes.base import Node

_GIVEN = "sample"  # by the pipeline; a config may not say it
_REPEATED = "units"  # a config may repeat what its input says


def with_schema(node: Node[Any]) -> dict[str, Any]:
    """Return the JSON Schema (draft-07) of the mapping under ``with:`` for this node; its description is the node's."""
    texts = entries(node, "Parameters")
    parameters = {key: value for key, value in node.parameters.items() if key != _GIVEN}
    required = [key for key, value in parameters.items() if value.default is inspect.Parameter.empty]
    return {
        "description": prose(node),
        "type": "object",
        "additionalProperties": False,
        "properties": {
            key: _parameter(node.types.get(key, Any), None if key == _REPEATED else value.default, texts.get(key, ""))
            for key, value in parameters.items()
        },
        **({"required": required} if required else {}),
    }


def installed(say: Callable[[str], None]) -> dict[str, dict[str, Any]]:
    """Return name -> `with_schema` of all installed nodes, and tell ``say`` of those that cannot be imported."""
    found = {}
    for name in base.names():
        try:
            found[name] = with_schema(base.find(name))
        except ConfigError as error:  # noqa: PERF203 (one broken node must not hide the others)
            say(f"left out: {error}")
    return found


def _parameter(annotation: Any, default: Any, text: str) -> dict[str, Any]:
    unit = unit_text(annotation)
    kind = f"{type_text(annotation)[:1].upper()}{type_text(annotation)[1:]}{f', {unit}' if unit else ''}."
    described = {**_type_schema(annotation), "description": f"{text}\n\n{kind}" if text else kind}
    if default is not inspect.Parameter.empty and default is not None and _is_json(default):
        described["default"] = list(default) if isinstance(default, tuple) else default
    return described


def _type_schema(annotation: Any) -> dict[str, Any]:
    """Return the schema of a type; of one that has none in JSON (somebody's class), that of any value."""
    try:
        return as_draft07(inlined(pydantic.TypeAdapter(annotation).json_schema()))
    except pydantic.errors.PydanticUserError:
        return {}


def _is_json(value: Any) -> bool:
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        return False
    return True
