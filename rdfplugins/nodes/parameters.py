"""Keyword parameters of nodes: checked against their types, and their types in a physicist's words."""

from __future__ import annotations

import collections.abc
import dataclasses
import inspect
import typing
from typing import TYPE_CHECKING, Annotated, Any, Literal

import pydantic

from rdfplugins.errors import ConfigError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_PLAIN = {float: "a number", int: "a whole number", bool: "true or false", str: "text", type(None): "null"}
_PLURAL = {float: "numbers", int: "whole numbers", bool: "true or false", str: "texts"}
_MAPPINGS = (dict, collections.abc.Mapping)
_A_KEY = "[key]"  # how pydantic says that it is the key of a mapping that is wrong

KeyPath: typing.TypeAlias = tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Unit:
    """Unit of a parameter, for its documentation: ``min_pt: Annotated[float, Unit("GeV")]``."""

    name: str


class Parameters:
    """The keyword parameters of a node.

    Parameters
    ----------
    node
        The node's name, for messages.
    parameters
        What its function says of them: names and defaults.
    types
        Their annotations, resolved.
    """

    def __init__(self, node: str, parameters: Mapping[str, inspect.Parameter], types: Mapping[str, Any]) -> None:
        self._node = node
        self._known = list(parameters)
        self._types = types
        fields: dict[str, Any] = {}
        for key, parameter in parameters.items():
            default = ... if parameter.default is inspect.Parameter.empty else parameter.default
            fields[key] = (types.get(key, Any), default)
        config = pydantic.ConfigDict(
            strict=True, arbitrary_types_allowed=True, protected_namespaces=(), allow_inf_nan=True
        )
        self._model: type[pydantic.BaseModel] = pydantic.create_model(
            f"parameters of {node}", __config__=config, **fields
        )

    def check(self, arguments: Mapping[str, Any]) -> pydantic.BaseModel:
        """Return all parameters with their defaults; ConfigError for the first that is unknown or of another type."""
        for key in arguments:
            self.refuse_unknown(key)
        given = {key: self._plain(key, value) for key, value in arguments.items()}
        try:
            return self._model.model_validate(given)
        except pydantic.ValidationError as error:
            raise next(self._of_pydantic(error, given))[1] from None

    def faults(self, arguments: Mapping[str, Any]) -> list[tuple[KeyPath, ConfigError]]:
        """Return where a parameter is unknown, of another type or lacking, and the error that says so.

        Where a mapping holds what it must not, the place is the parameter and the key of the mapping.
        """
        found: dict[KeyPath, ConfigError] = {}
        for key in arguments:
            try:
                self.refuse_unknown(key)
            except ConfigError as error:  # noqa: PERF203 (all of them are wanted)
                found[(key,)] = error
        given = {key: self._plain(key, value) for key, value in arguments.items() if key in self._known}
        try:
            self._model.model_validate(given)
        except pydantic.ValidationError as error:
            for path, fault in self._of_pydantic(error, given):
                found.setdefault(path, fault)
        return list(found.items())

    def refuse_unknown(self, key: str) -> None:
        """Raise ConfigError with near misses for a parameter that the node does not have."""
        if key not in self._known:
            raise ConfigError(f"node {self._node} has no parameter '{key}'{did_you_mean(key, self._known)}")

    def _plain(self, key: str, value: Any) -> Any:
        """Return a YAML list as the tuple that the parameter is annotated as, in a mapping, too."""
        if "tuple" not in str(self._types.get(key)):
            return value
        if isinstance(value, dict):
            return {name: tuple(item) if isinstance(item, list) else item for name, item in value.items()}
        return tuple(value) if isinstance(value, list) else value

    def _of_pydantic(
        self, error: pydantic.ValidationError, given: Mapping[str, Any]
    ) -> Iterator[tuple[KeyPath, ConfigError]]:
        """Yield one fault for each parameter, or for each key of one that is a mapping and may be one."""
        places: dict[str, list[tuple[Any, ...]]] = {}
        for item in error.errors():
            places.setdefault(str(item["loc"][0]), []).append(item["loc"][1:])
        for key, inside in places.items():
            value = given.get(key)
            wrong = {}
            if isinstance(value, dict) and mapping_of(self._types[key]) is not None:
                parts = {part for loc in inside for part in loc}
                unknown = {part for loc in inside for part in loc if _A_KEY in loc}
                wrong = {name: name in unknown for name in value if name in parts}
                for name, is_unknown in wrong.items():
                    yield (key, str(name)), self._inner_fault(key, name, value[name], is_unknown=is_unknown)
            if not wrong:
                yield (key,), self._fault(key, given)

    def _fault(self, key: str, given: Mapping[str, Any]) -> ConfigError:
        if key not in given:
            return ConfigError(f"node {self._node} needs the parameter '{key}'")
        expected = type_text(self._types[key])
        return ConfigError(f"parameter '{key}' of node {self._node} must be {expected}, not {given[key]!r}")

    def _inner_fault(self, key: str, name: Any, value: Any, *, is_unknown: bool) -> ConfigError:
        keys, values = mapping_of(self._types[key]) or (Any, Any)
        where = f"parameter '{key}' of node {self._node}"
        if not is_unknown:
            return ConfigError(f"{where}: '{name}' must be {type_text(values)}, not {value!r}")
        names = [str(one) for one in typing.get_args(keys)]
        hint = did_you_mean(str(name), names) or (f"; it may have: {', '.join(names)}" if names else "")
        return ConfigError(f"{where} has no '{name}'{hint}" if names else f"{where}: the key {name!r} is no text")


def mapping_of(annotation: Any) -> tuple[Any, Any] | None:
    """Return the types of keys and values where a type is a mapping, or may be one; None where not."""
    arguments = typing.get_args(annotation)
    if typing.get_origin(annotation) in _MAPPINGS:
        return (arguments[0], arguments[1]) if arguments else (Any, Any)
    return next((found for argument in arguments if (found := mapping_of(argument)) is not None), None)


def type_text(annotation: Any) -> str:
    """Return a type in a physicist's words: ``a number or null``, ``a mapping of names to numbers``."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Annotated:
        return type_text(arguments[0])
    if origin is Literal:
        return " or ".join(repr(value) for value in arguments)
    if origin in _MAPPINGS:
        return f"a mapping of names to {_plural(arguments[1])}"
    if origin in (tuple, list):
        whole = origin is list or Ellipsis in arguments
        return "a list" if whole else f"a list of {len(arguments)} numbers"
    if arguments:
        *others, last = (type_text(argument) for argument in arguments)
        return " or ".join([*others, last]) if mapping_of(annotation) is None else f"{', '.join(others)}, or {last}"
    return _PLAIN.get(annotation, getattr(annotation, "__name__", str(annotation)))


def _plural(annotation: Any) -> str:
    """Return what the values of a mapping are: ``numbers``, ``numbers or null``."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Annotated:
        return _plural(arguments[0])
    if arguments and origin not in (Literal, tuple, list, *_MAPPINGS):
        return " or ".join(_plural(argument) for argument in arguments)
    return _PLURAL.get(annotation, type_text(annotation))


def unit_text(annotation: Any) -> str:
    """Return the unit of a parameter, or an empty string."""
    if typing.get_origin(annotation) is Annotated:
        return next((extra.name for extra in annotation.__metadata__ if isinstance(extra, Unit)), "")
    return next((unit for argument in typing.get_args(annotation) if (unit := unit_text(argument))), "")
