"""JSON Schema of a config, from the models of this package: what lets an editor complete, explain and underline.

Nothing is listed here: keys, types, choices and limits are those of the models, documentation is that of their
docstrings, and what the validators of the models add is said beside each (`base.in_schema`).
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, get_args

from pydantic.json_schema import GenerateJsonSchema

from rdfplugins.config.base import IN_SCHEMA, Section
from rdfplugins.config.models import HIDDEN, SAME_STAGES, TRAINING_STAGES, Config, TrainingConfig
from rdfplugins.config.steps import NodeStep
from rdfplugins.docstrings import entries, prose
from rdfplugins.draft07 import as_draft07

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pydantic_core import core_schema

    Schema = dict[str, Any]

DRAFT = "http://json-schema.org/draft-07/schema#"
_INCLUDED = r"\.ya?ml\s*$"
_STRUCTURE = frozenset({"properties", "patternProperties", "additionalProperties", "items"})
_ELSEWHERE = "See the class"


def config_schema(nodes: Mapping[str, Schema] | None = None) -> Schema:
    """Return the JSON Schema (draft-07) of a config.

    Parameters
    ----------
    nodes
        Name -> schema of what may stand under ``with:``, of each node that is installed (``nodes.with_schema``); None:
        any name of a node, and any parameters, are taken.

    Returns
    -------
    A mapping of plain values. A value that `load_config` takes satisfies it; what it cannot say is left to the loader:
    names that must exist elsewhere in the file, numbers that must add up, C++.
    """
    schema = Config.model_json_schema(by_alias=True, schema_generator=_Generator)
    schema |= _of_either_kind(schema.pop("required"))
    schema["patternProperties"] = {f"^{re.escape(HIDDEN)}": {"description": "Holds anchors, and nothing else."}}
    if nodes is not None:
        step = schema["$defs"][NodeStep.__name__]
        schema["$defs"] |= {_definition(name): value for name, value in nodes.items()}
        schema["$defs"][NodeStep.__name__] = _choosing(step, nodes)
    about = "A config of rdfrun (YAML 1.2). `!include FILE` may stand for any value, `rdfrun --set A.B=C` replaces one."
    described = as_draft07({**schema, "description": about})
    return {"$schema": DRAFT, **{key: _with_includes(value) for key, value in described.items()}}


def _of_either_kind(needed: Sequence[str]) -> Schema:
    """Return what tells a config that selects events, which needs some keys, from one of the training branch alone."""
    of_selection = ("input", "select")
    alone = [
        {"required": [key], "properties": {key: {"not": {"type": "null"}}}} for key in (*TRAINING_STAGES, *SAME_STAGES)
    ]
    known = TrainingConfig.keys()
    others = [key for key in Config.keys() if key not in known and key not in of_selection]  # noqa: SIM118 (a method)
    return {
        "if": {"not": {"anyOf": [{"required": [key]} for key in of_selection]}, "anyOf": alone},
        "then": {"not": {"anyOf": [{"required": [key]} for key in others]}},
        "else": {"required": list(needed)},
    }


def schema_text(nodes: Mapping[str, Schema] | None = None) -> str:
    """Return `config_schema` as text of a file, the same for the same nodes."""
    return json.dumps(config_schema(nodes), indent=1, allow_nan=False) + "\n"


class _Generator(GenerateJsonSchema):
    """Adds to pydantic's own what docstrings say of a key, and what validators say of themselves."""

    def model_schema(self, schema: core_schema.ModelSchema) -> Schema:
        result = super().model_schema(schema)
        model = schema["cls"]
        result["description"] = prose(model)
        _add_other_names(result, model)
        keys = result.get("properties", {})
        for key, value in list(keys.items()):
            text = _documentation(model, key)
            if text:
                keys[key] = {**value, "description": text}
        return result

    def tagged_union_schema(self, schema: core_schema.TaggedUnionSchema) -> Schema:
        result = super().tagged_union_schema(schema)
        # alternatives of a union exclude each other, unless an include stands for any of them
        return {"anyOf" if key == "oneOf" else key: value for key, value in result.items()}

    def function_after_schema(self, schema: core_schema.AfterValidatorFunctionSchema) -> Schema:
        return _changed(super().function_after_schema(schema), schema)

    def function_before_schema(self, schema: core_schema.BeforeValidatorFunctionSchema) -> Schema:
        return _changed(super().function_before_schema(schema), schema)


def _add_other_names(schema: Schema, model: type[Section]) -> None:
    keys = schema.get("properties", {})
    for name, key in getattr(model, "OTHER_NAMES", {}).items():  # a list has no keys
        keys[name] = keys[key]
        said = {one: {"not": {"type": "null"}} for one in (name, key)}
        schema.setdefault("allOf", []).append({"not": {"required": [name, key], "properties": said}})


def _changed(inner: Schema, schema: Any) -> Schema:
    change = getattr(schema["function"]["function"], IN_SCHEMA, None)
    return inner if change is None else change(inner)


def _documentation(model: type[Section], key: str) -> str:
    """Return the text for a key: of its class's ``Attributes``, or of the section that it holds."""
    if key in model.OTHER_NAMES:
        return f"Another name of `{model.OTHER_NAMES[key]}`."
    name = next(name for name, field in model.model_fields.items() if key in {name, field.alias})
    listed = {**entries(model.__mro__[1], "Attributes"), **entries(model, "Attributes")}
    text = listed.get(name) or listed.get(key) or ""
    if text and not text.startswith(_ELSEWHERE):
        return text
    inner = next(_sections(model.model_fields[name].annotation), None)
    return prose(inner or model)


def _sections(annotation: Any) -> Iterator[type[Section]]:
    """Yield the sections that a type is made of."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        yield annotation
    for argument in get_args(annotation):
        yield from _sections(argument)


def _choosing(step: Schema, nodes: Mapping[str, Schema]) -> Schema:
    """Return the schema of a node's step with the names of the nodes, and for each what stands under ``with:``."""
    about = [str(value.get("description", "")) for value in nodes.values()]
    name = {
        **step["properties"]["node"],
        "enum": list(nodes),
        "enumDescriptions": about,
        "markdownEnumDescriptions": about,
    }
    return {
        **step,
        "properties": {**step["properties"], "node": name},
        "allOf": [_parameters_of(name, value) for name, value in nodes.items()],
    }


def _parameters_of(node: str, parameters: Schema) -> Schema:
    then: Schema = {"properties": {"with": {"$ref": f"#/$defs/{_definition(node)}"}}}
    if "required" in parameters:
        then["required"] = ["with"]
    return {"if": {"properties": {"node": {"const": node}}, "required": ["node"]}, "then": then}


def _with_includes(schema: Any) -> Any:
    """Return the schema with the name of a YAML file taken for any mapping or list.

    Editors know the tag ``!include``, and take the value for the text behind it.
    """
    if isinstance(schema, list):
        return [_with_includes(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    here = {key: _with_includes(value) for key, value in schema.items()}
    kinds = [here["type"]] if isinstance(here.get("type"), str) else here.get("type")
    if isinstance(kinds, list) and {"object", "array"} & set(kinds) and _STRUCTURE & set(here):
        here |= {"type": [*kinds, "string"], "pattern": _INCLUDED}
    return here


def _definition(node: str) -> str:
    """Return the name under which the parameters of a node are kept; in a reference, '/', '~' and '%' would be read."""
    return "with_" + re.sub(r"[^A-Za-z0-9_.-]", lambda match: f"_{ord(match[0])}_", node)
