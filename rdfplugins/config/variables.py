"""Variables in whose bins classes are made alike: ``- pt: {bins: [0, 100, 11]}``."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, WrapValidator

from rdfplugins.config.base import Section, Text, described, fault, in_schema
from rdfplugins.config.classes import CutFormula, is_column
from rdfplugins.config.values import as_tuple

if TYPE_CHECKING:
    from collections.abc import Callable

Range = tuple[float, float, int]

_RANGE = {"type": "array", "minItems": 3, "maxItems": 3, "items": {"type": "number"}}
_PARTS = 3  # of a range
_ENDS = 2  # of a bin
_MOST = 2_000_000
_FORM = "[low, high, number]"


@in_schema(lambda _: {"anyOf": [_RANGE, {"type": "array", "minItems": 1, "items": _RANGE}]})
def _ranges(value: Any) -> Any:
    """Return one flat list, or each of several, as a range."""
    if isinstance(value, dict):
        again = "; the key stands twice here" if "bins" in value else ""
        raise fault(f"{_FORM} or a list of such lists is expected, not a mapping{again}: write `bins: [0, 100, 11]`")
    if not isinstance(value, (list, tuple)):
        raise fault(f"{_FORM} or a list of such lists is expected, not {described(value)}")
    if not value:
        raise fault(f"the list is empty; {_FORM} is expected")
    nested = [isinstance(item, (list, tuple)) for item in value]
    if not any(nested):
        return (_range(value, ()),)
    if not all(nested):
        raise fault(f"this mixes numbers and lists; write {_FORM}, or [{_FORM}, {_FORM}]", nested.index(False))
    return tuple(_range(one, (number,)) for number, one in enumerate(value))


def _range(value: Any, at: tuple[int, ...]) -> Range:
    if any(isinstance(item, (list, tuple)) for item in value):
        raise fault(f"the lists are nested too deeply; write {_FORM} or [{_FORM}, {_FORM}]", *at)
    if len(value) != _PARTS:
        raise fault(f"{_FORM} has three numbers, and this has {len(value)}", *at)
    for number, item in enumerate(value):
        if isinstance(item, bool) or not isinstance(item, (int, float)) or not math.isfinite(item):
            remedy = "; write it without quotes" if isinstance(item, str) and _is_number(item) else ""
            raise fault(f"a finite number is expected in {_FORM}, not {described(item)}{remedy}", *at, number)
    low, high, number = value
    if not low < high:
        raise fault(f"the first number must be below the second, and {low:g} is not below {high:g}", *at)
    if not math.isfinite(high - low):
        raise fault(f"from {low:g} to {high:g} is further than numbers go; take narrower bins", *at)
    if number != int(number) or not 1 <= number <= _MOST:
        raise fault(f"the third number of {_FORM} is a whole number from 1 to {_MOST}, not {number:g}", *at, 2)
    return float(low), float(high), int(number)


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


@in_schema(lambda several: {**several, "minItems": _ENDS})
def _ascending(edges: tuple[float, ...]) -> tuple[float, ...]:
    if len(edges) < _ENDS:
        raise fault("at least two edges are expected: those of one bin")
    for number, (low, high) in enumerate(pairwise(edges)):
        if not low < high:
            raise fault(f"edges ascend, and {low:g} is not below {high:g}", number + 1)
        if not math.isfinite(high - low):
            raise fault(f"from {low:g} to {high:g} is further than numbers go; take narrower bins", number + 1)
    return edges


Edge = Annotated[float, Field(allow_inf_nan=False)]


class BinsConfig(Section):
    """The bins of a variable, whose name is the key under which they stand: ``bins`` or ``edges``.

    Attributes
    ----------
    expression
        Formula over columns; None: the column that bears the name of the variable.
    bins
        ``[low, high, number]``, or a list of such lists: ranges side by side, or, for pdf, one for each category. The
        number counts edges, for pdf bins; ``bin_semantics`` says otherwise.
    edges
        The edges of the bins, ascending.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [{"required": [key], "properties": {key: {"not": {"type": "null"}}}} for key in ("bins", "edges")]
        }
    )

    expression: CutFormula | None = None
    bins: Annotated[tuple[Range, ...], BeforeValidator(_ranges)] | None = None
    edges: Annotated[tuple[Edge, ...], AfterValidator(_ascending), BeforeValidator(as_tuple)] | None = None


class VariableConfig(BinsConfig):
    """A sampling variable.

    Attributes
    ----------
    name
        Its name: of a column, or of what ``expression`` makes.
    """

    name: Text

    @property
    def formula(self) -> str:
        """Formula over columns."""
        return self.expression if self.expression is not None else self.name


@in_schema(lambda item: {**item, "minProperties": 1, "maxProperties": 1})
def _one_variable(item: Any) -> Any:
    if not isinstance(item, dict):
        raise fault(
            f"a variable and its bins are expected, such as `pt: {{bins: [0, 100, 11]}}`, not {described(item)}"
        )
    stray = [key for key in BinsConfig.keys() if key in item]  # noqa: SIM118 (a method, not a dict)
    if stray and len(item) > 1:
        raise fault(f"'{stray[0]}' stands beside the name of its variable; indent it more than the name", stray[0])
    if len(item) != 1:
        raise fault(f"a variable is one key, and this has {len(item)}; begin each variable with '- '")
    return item


def _one_way(spec: BinsConfig) -> BinsConfig:
    if (spec.bins is None) == (spec.edges is None):
        given = "has neither 'bins' nor 'edges'" if spec.bins is None else "has 'bins' and 'edges'; keep one of them"
        raise fault(f"a variable {given}" + ("; write `bins: [0, 100, 11]`" if spec.bins is None else ""))
    return spec


_Item = Annotated[dict[Text, Annotated[BinsConfig, AfterValidator(_one_way)]], BeforeValidator(_one_variable)]


def _named(value: Any, handler: Callable[[Any], Any]) -> tuple[VariableConfig, ...]:
    """Return the variables with their names; those that Python code has made pass."""
    if isinstance(value, tuple) and all(isinstance(item, VariableConfig) for item in value):
        return value
    if isinstance(value, dict) and value:
        raise fault("a list of variables is expected, not a mapping; begin each variable with '- '")
    made: dict[str, VariableConfig] = {}
    for number, item in enumerate(handler(value)):
        for name, spec in item.items():
            if name in made:
                raise fault(f"the variable '{name}' stands twice", number, name)
            if spec.expression is None and not is_column(name):
                raise fault(
                    f"'{name}' cannot be the name of a column; say what it is: `expression: abs(eta)`", number, name
                )
            made[name] = VariableConfig(name=name, expression=spec.expression, bins=spec.bins, edges=spec.edges)
    return tuple(made.values())


if TYPE_CHECKING:
    Variables = tuple[VariableConfig, ...]
else:
    Variables = Annotated[list[_Item], WrapValidator(_named)]
