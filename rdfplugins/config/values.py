"""Types of values that several sections of the training branch share: lists as tuples, whole numbers such as 10e6."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator, Field

from rdfplugins.config.base import Text, described, fault, in_schema, one_or_more

T = TypeVar("T")

AS_MANY_AS_POSSIBLE = -1


def as_tuple(value: Any) -> Any:
    """Return a list as tuple: what is read is a list, what a section holds does not change."""
    return tuple(value) if isinstance(value, list) else value


def whole(value: Any) -> Any:
    """Return 10e6, which YAML reads as a number with a fraction, as a whole number."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


@in_schema(lambda number: {**number, "not": {"const": 0}, "minimum": AS_MANY_AS_POSSIBLE})
def _all_or_some(value: Any) -> Any:
    value = whole(value)
    if isinstance(value, (int, float)) and not isinstance(value, bool) and (value < -1 or value == 0):
        raise fault(f"-1 (as many as possible) or a number above 0 is expected, not {described(value)}")
    return value


@in_schema(lambda mapping: {"anyOf": [mapping, {"type": "null"}]})
def _empty_is_none(value: Any) -> Any:
    return {} if value is None else value


Whole = Annotated[int, BeforeValidator(whole)]
Count = Annotated[int, Field(ge=1, lt=1 << 63), BeforeValidator(whole)]
AllOrSome = Annotated[int, Field(lt=1 << 63), BeforeValidator(_all_or_some)]
Names = Annotated[tuple[Text, ...], BeforeValidator(one_or_more("a name"))]
PerName = Annotated[dict[Text, T], BeforeValidator(_empty_is_none)]
"""A mapping by name, for which an empty value is an empty mapping."""
