"""What the sections of a config are made of: the base model, and the types of their values."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping  # noqa: TC003 (pydantic reads the annotations when the class is made)
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError

from rdfplugins.config.environment import expand_environment
from rdfplugins.config.scalars import shortened
from rdfplugins.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

FAULT = "rdfplugins"
IN_SCHEMA = "in_schema"

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_FILE_NAME = re.compile(r"[A-Za-z0-9_+-][A-Za-z0-9_.+-]*")
_RESERVED = frozenset({"event_key", "split", "fold", "label_id", "category"})
CPP_WORD = re.compile(
    "alignas|alignof|and|and_eq|asm|auto|bitand|bitor|bool|break|case|catch|char|class|compl|const|constexpr"
    "|const_cast|continue|decltype|default|delete|do|double|dynamic_cast|else|enum|explicit|export|extern"
    "|false|float|for|friend|goto|if|inline|int|long|mutable|namespace|new|noexcept|not|not_eq|nullptr"
    "|operator|or|or_eq|private|protected|public|register|reinterpret_cast|return|short|signed|sizeof|static"
    "|static_assert|static_cast|struct|switch|template|this|thread_local|throw|true|try|typedef|typeid"
    "|typename|union|unsigned|using|virtual|void|volatile|wchar_t|while|xor|xor_eq"
)
_IDENTIFIER_PATTERN = f"^(?!rdfp_)(?!({CPP_WORD.pattern}|{'|'.join(sorted(_RESERVED))})$){_IDENTIFIER.pattern}$"

Validator = TypeVar("Validator", bound="Callable[..., Any]")


class Section(BaseModel):
    """A mapping of the config: unknown keys are refused, types are not converted, and nothing changes afterwards."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    OTHER_NAMES: ClassVar[Mapping[str, str]] = {}  # another name of a key -> the key

    @model_validator(mode="before")
    @classmethod
    def _note_model(cls, data: Any, info: ValidationInfo) -> Any:
        # the context, if there is one, tells messages which keys a mapping may have: pydantic's errors do not say
        if isinstance(info.context, dict):
            info.context[id(data)] = cls
        return cls._read(data) if isinstance(data, dict) else data

    @classmethod
    def _read(cls, data: dict[Any, Any]) -> dict[Any, Any]:
        """Return the mapping with the names that its keys have in this class.

        Of two names of one key, the one that is left empty goes; if none is, both stay, and one of them is unknown.
        """
        for name, key in cls.OTHER_NAMES.items():
            if name in data and key in data and None in (data[name], data[key]):
                empty = name if data[name] is None else key
                data = {one: value for one, value in data.items() if one != empty}
            if name in data and key not in data:
                data = {key if one == name else one: value for one, value in data.items()}
        return data

    @classmethod
    def keys(cls) -> list[str]:
        """Return the keys of this section as they are written in YAML."""
        return [*(spec.alias or name for name, spec in cls.model_fields.items()), *cls.OTHER_NAMES]

    @classmethod
    def offered(cls) -> list[str]:
        """Return the keys that may have been meant by an unknown one."""
        return cls.keys()


def fault(message: str, *at: str | int) -> PydanticCustomError:
    """Return an error with a message for the user; ``at`` leads from the value that is validated to the culprit."""
    return PydanticCustomError(FAULT, "{message}", {"message": message, "at": at})


def in_schema(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[Validator], Validator]:
    """Say what a validator takes or refuses in JSON Schema, which pydantic cannot know; see ``config.schema``.

    Parameters
    ----------
    change
        Schema of the value that is validated -> that schema with what the validator adds to it.
    """

    def marked(validator: Validator) -> Validator:
        setattr(validator, IN_SCHEMA, change)
        return validator

    return marked


def near_key(key: str, known: Sequence[str]) -> str:
    """Return what may have been meant by an unknown key, to be put behind a message."""
    if key.partition(":")[0] in known:
        return "; a space is missing after the ':'"
    return did_you_mean(key, known)


def described(value: object) -> str:
    """Return a value in words: ``the text 'abc'``, ``the number 5``, ``a list``."""
    if value is None:
        return "an empty value"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f"the text '{shortened(value)}'"
    if isinstance(value, float) and not math.isfinite(value):
        return ".nan" if math.isnan(value) else (".inf" if value > 0 else "-.inf")
    if isinstance(value, (int, float)):
        return f"the number {value}"
    return "a list" if isinstance(value, (list, tuple)) else "a mapping"


@in_schema(lambda text: {**text, "pattern": r"\S"})
def _not_blank(text: str) -> str:
    if not text.strip():
        raise fault("text is expected, and this is empty")
    return text


@in_schema(lambda text: {**text, "type": ["string", "number", "boolean"]})
def _as_expression(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        if not math.isfinite(value):
            raise fault(f"a C++ expression is expected, not {described(value)}")
        return repr(value)
    if not isinstance(value, str):
        hint = " (quote expressions that hold commas, colons or brackets)" if value is None else ""
        raise fault(f"a C++ expression is expected, not {described(value)}{hint}")
    return value


@in_schema(lambda text: {**text, "pattern": _IDENTIFIER_PATTERN})
def _identifier(name: str) -> str:
    if not _IDENTIFIER.fullmatch(name):
        raise fault(
            f"'{shortened(name)}' cannot be the name of a column; use letters, digits and _, and no digit first"
        )
    if CPP_WORD.fullmatch(name):
        raise fault(f"'{name}' cannot be the name of a column, it is a word of C++")
    if name.startswith("rdfp_") or name in _RESERVED:
        raise fault(f"'{name}' is reserved: rdfplugins makes a column of this name itself")
    return name


@in_schema(lambda text: {**text, "pattern": f"^{_FILE_NAME.pattern}$"})
def _file_name(name: str) -> str:
    if not _FILE_NAME.fullmatch(name):
        raise fault(
            f"'{shortened(name)}' cannot be a name here, it becomes the name of a file;"
            " use letters, digits and _ . + -, and no dot first"
        )
    return name


def _with_environment(path: str) -> str:
    try:
        return expand_environment(path)
    except ValueError as error:
        raise fault(str(error)) from error


def one_or_more(what: str) -> Callable[[Any], Any]:
    """Return a validator that makes a tuple of a text or of a list; ``what`` names the items, for the message."""

    @in_schema(lambda several: {"anyOf": [several.get("items", {}), {**several, "minItems": 1}]})
    def as_tuple(value: Any) -> Any:
        if isinstance(value, str):
            return (value,)
        if not isinstance(value, (list, tuple)):
            raise fault(f"{what} or a list of them is expected, not {described(value)}")
        if not value:
            raise fault("the list is empty")
        return tuple(value)

    return as_tuple


Text = Annotated[str, AfterValidator(_not_blank)]
Expression = Annotated[str, AfterValidator(_not_blank), BeforeValidator(_as_expression)]
Identifier = Annotated[str, AfterValidator(_identifier)]
FileName = Annotated[str, AfterValidator(_file_name)]
PathText = Annotated[str, AfterValidator(_not_blank), AfterValidator(_with_environment)]
Number = Annotated[float, Field(allow_inf_nan=False)]
PositiveNumber = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Seed = Annotated[int, Field(ge=0, lt=1 << 64)]
