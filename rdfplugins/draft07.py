"""JSON Schema as pydantic writes it (draft 2020-12) -> draft-07, which every editor reads, in the form that helps most.

What is changed says the same of a value. Left out are the titles that pydantic makes of names, and ``default: null``,
which editors would write into a file.
"""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

_MAPS = ("properties", "patternProperties", "definitions")  # keywords that hold schemas by name
_LISTS = ("anyOf", "allOf", "oneOf")
_SINGLE = ("additionalProperties", "items", "not", "if", "then", "else", "propertyNames", "contains", "additionalItems")
_NOTES = frozenset({"description", "markdownDescription", "default", "title", "examples"})
_NULL = {"type": "null"}


def as_draft07(schema: Schema) -> Schema:
    """Return the schema in draft-07, with descriptions in Markdown too, for VS Code; the argument stays as it is."""
    here = _renamed(schema)
    for key in _MAPS:
        if key in here:
            here[key] = {name: as_draft07(value) for name, value in here[key].items()}
    for key in _LISTS:
        if key in here:
            here[key] = [as_draft07(value) for value in here[key]]
    for key in _SINGLE:
        if isinstance(here.get(key), dict):
            here[key] = as_draft07(here[key])
    here = _closed(_with_null_inside(here))
    return _ref_apart(here)


def inlined(schema: Schema) -> Schema:
    """Return the schema without ``$defs``, references replaced by what they refer to; a recursive one by anything."""
    definitions = schema.get("$defs", {})

    def resolved(value: Any, within: tuple[str, ...]) -> Any:
        if isinstance(value, list):
            return [resolved(item, within) for item in value]
        if not isinstance(value, dict):
            return value
        if isinstance(value.get("$ref"), str):
            name = value["$ref"].rpartition("/")[2]
            notes = {key: item for key, item in value.items() if key != "$ref"}
            return notes if name in within else {**resolved(definitions[name], (*within, name)), **notes}
        return {key: resolved(item, within) for key, item in value.items()}

    result: Schema = resolved({key: value for key, value in schema.items() if key != "$defs"}, ())
    return result


def _renamed(schema: Schema) -> Schema:
    here = {key: value for key, value in schema.items() if not (key == "title" and isinstance(value, str))}
    if "$defs" in here:
        here["definitions"] = here.pop("$defs")
    if isinstance(here.get("$ref"), str):
        here["$ref"] = here["$ref"].replace("#/$defs/", "#/definitions/")
    if "prefixItems" in here:
        items = here.pop("prefixItems")
        alike = all(item == items[0] for item in items) and here.get("maxItems") == len(items)
        # of items that are all alike any draft knows the meaning
        here |= {"items": items[0]} if alike else {"items": {"anyOf": items}}
    if here.get("default", ...) is None:
        del here["default"]
    here.pop("discriminator", None)
    if "description" in here:
        here["markdownDescription"] = here["description"]
    return here


def _with_null_inside(schema: Schema) -> Schema:
    """Return ``X or null`` as one schema, so that an editor offers and explains X at once, where X is a plain type."""
    options = schema.get("anyOf", [])
    others = [option for option in options if option != _NULL]
    if len(options) != len(others) + 1 or len(others) != 1:
        return schema
    inner = others[0]
    if not isinstance(inner.get("type"), (str, list)) or set(inner) & {"const", "enum", "not", "$ref"}:
        return schema
    kinds = [inner["type"]] if isinstance(inner["type"], str) else inner["type"]
    rest = {key: value for key, value in schema.items() if key != "anyOf"}
    return {**inner, **rest, "type": [*kinds, "null"]}


def _closed(schema: Schema) -> Schema:
    """Refuse the keys that a mapping's patterns or choices of keys leave out."""
    names = schema.get("propertyNames")
    if isinstance(names, dict) and "enum" in names:
        rest = {key: value for key, value in schema.items() if key != "propertyNames"}
        values = rest.get("additionalProperties", {})
        return {**rest, "properties": dict.fromkeys(names["enum"], values), "additionalProperties": False}
    if "patternProperties" in schema and "additionalProperties" not in schema:
        return {**schema, "additionalProperties": False}
    return schema


def _ref_apart(schema: Schema) -> Schema:
    """Move a reference away from what stands beside it: readers of draft-07 ignore that, which does notes no harm."""
    if "$ref" not in schema or set(schema) <= _NOTES | {"$ref"}:
        return schema
    rest = {key: value for key, value in schema.items() if key != "$ref"}
    return {**rest, "allOf": [{"$ref": schema["$ref"]}, *rest.get("allOf", [])]}
