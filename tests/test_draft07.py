"""Draft 2020-12 -> draft-07: of every value the two say the same."""

from __future__ import annotations

import itertools
from typing import Annotated, Literal

import jsonschema
import pydantic
import pytest

from rdfplugins.draft07 import as_draft07, inlined


class Inner(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid")

    title: str | None = None
    default: int = 3


TYPES = [
    int | None,
    Annotated[float, pydantic.Field(gt=0, le=5)] | None,
    Annotated[str, pydantic.Field(pattern="^a")] | None,
    Literal["a", "b"] | None,
    Literal[1] | None,
    int | str | None,
    tuple[float, float],
    tuple[float, float] | None,
    tuple[int, ...],
    Annotated[list[int], pydantic.Field(min_length=1)] | None,
    Inner,
    Inner | None,
    list[Inner | None],
    dict[str, Inner],
]
VALUES = [
    None, True, 0, 1, 3, 6, 2.5, "a", "b", "c", "ab", "", [], [1], [1, 2], [1, 2, 3], ["a", 1], [1, "a"], {}, [{}],
    {"title": "x"}, {"title": None}, {"title": 1}, {"default": 2}, {"default": "x"}, {"other": 1}, [None],
    {"a": {}}, {"a": {"title": "x"}}, {"a": {"x": 1}}, {"a": None},
]  # fmt: skip


@pytest.mark.parametrize("annotation", TYPES, ids=str)
def test_the_same_values_are_valid(annotation):
    newer = pydantic.TypeAdapter(annotation).json_schema()
    for schema in (as_draft07(newer), as_draft07(inlined(newer))):
        jsonschema.Draft7Validator.check_schema(schema)
        old, new = jsonschema.Draft7Validator(schema), jsonschema.Draft202012Validator(newer)
        for value in VALUES:
            assert old.is_valid(value) == new.is_valid(value), value


def test_keys_named_as_keywords_stay():
    made = as_draft07(Inner.model_json_schema())
    assert list(made["properties"]) == ["title", "default"]
    assert made["properties"]["title"] == {"type": ["string", "null"]}
    assert made["properties"]["default"] == {"type": "integer", "default": 3}


def test_a_pair_of_unlike_items_takes_either_in_each_place():
    made = jsonschema.Draft7Validator(as_draft07(pydantic.TypeAdapter(tuple[int, str]).json_schema()))
    for value in itertools.product([1, "a"], repeat=2):
        assert made.is_valid(list(value))
    for value in ([1], [1, "a", 2], [1, None]):
        assert not made.is_valid(value)


def test_keys_that_no_pattern_fits_and_keys_of_a_choice():
    patterned = pydantic.TypeAdapter(dict[Annotated[str, pydantic.Field(pattern="^[a-z]+$")], int]).json_schema()
    chosen = pydantic.TypeAdapter(dict[Literal["x", "y"], int]).json_schema()
    for schema, good, bad in ((patterned, {"abc": 1}, {"A": 1}), (chosen, {"x": 1}, {"z": 1})):
        made = jsonschema.Draft7Validator(as_draft07(schema))
        assert made.is_valid(good)
        assert made.is_valid({})
        assert not made.is_valid(bad)
        assert not made.is_valid(dict.fromkeys(good, "text"))
    assert list(as_draft07(chosen)["properties"]) == ["x", "y"]


def test_what_stands_beside_a_reference_counts():
    schema = {"$defs": {"T": {"type": "string"}}, "$ref": "#/$defs/T", "minLength": 2, "description": "d"}
    made = as_draft07(schema)
    assert "$ref" not in made
    valid = jsonschema.Draft7Validator(made).is_valid
    assert [valid("ab"), valid("a"), valid(12)] == [True, False, False]


def test_recursion_ends():
    schema = {"$defs": {"T": {"type": "array", "items": {"$ref": "#/$defs/T"}}}, "$ref": "#/$defs/T"}
    assert inlined(schema) == {"type": "array", "items": {}}


def test_the_argument_stays_as_it_is():
    schema = Inner.model_json_schema()
    before = repr(schema)
    as_draft07(schema)
    assert repr(schema) == before
