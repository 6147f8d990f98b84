"""Scalars of YAML 1.2 (core schema): what a plain word in a config means.

PyYAML resolves YAML 1.1, where ``1e-3`` is text, ``on`` is true and ``1:30`` is the number 90. The rules here are those
of section 10.3.2 of the YAML 1.2.2 specification.
"""

from __future__ import annotations

import math
import re

STR = "tag:yaml.org,2002:str"
INT = "tag:yaml.org,2002:int"
FLOAT = "tag:yaml.org,2002:float"
BOOL = "tag:yaml.org,2002:bool"
NULL = "tag:yaml.org,2002:null"
MERGE = "tag:yaml.org,2002:merge"
MAP = "tag:yaml.org,2002:map"
SEQ = "tag:yaml.org,2002:seq"

Scalar = str | int | float | bool | None

_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INFINITE = re.compile(r"[-+]?\.(inf|Inf|INF)")
_NAN = frozenset({".nan", ".NaN", ".NAN"})
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_LONGEST_INT = 40


def plain_tag(text: str) -> str:
    """Return the tag that the core schema gives to a plain (unquoted) scalar; ``<<`` is the merge key."""
    if text in _NULL:
        return NULL
    if text in _BOOL:
        return BOOL
    if _INT.fullmatch(text):
        return INT
    if _FLOAT.fullmatch(text) or _INFINITE.fullmatch(text) or text in _NAN:
        return FLOAT
    return MERGE if text == "<<" else STR


def scalar(tag: str, text: str) -> Scalar:
    """Return the value of a scalar with a tag of the core schema.

    Raises
    ------
    ValueError
        With a message for the user, if the text is none of its tag (``!!int x``) or no computer number holds it.
    """
    if tag in {STR, MERGE}:
        return _text(text)
    if tag == NULL and text in _NULL:
        return None
    if tag == BOOL and text in _BOOL:
        return _BOOL[text]
    if tag == INT and _INT.fullmatch(text):
        return _integer(text)
    if tag == FLOAT and plain_tag(text) in {INT, FLOAT}:
        return _float(text)
    kind = tag.rpartition(":")[2]
    raise ValueError(f"'{shortened(text)}' is marked as !!{kind} and is none")


def _text(text: str) -> str:
    if any(char == "\0" or "\ud800" <= char <= "\udfff" for char in text):
        raise ValueError("the text holds an escape (\\0 or half of a surrogate pair) that stands for no character")
    return text


def _integer(text: str) -> int:
    # 64 bits hold whatever a tree or a seed may ask for; more digits than that are a slip of the keyboard
    value = int(text, 0 if text[:2] in {"0x", "0o"} else 10) if len(text) <= _LONGEST_INT else 1 << 64
    if not -(1 << 63) <= value < 1 << 64:
        raise ValueError(f"the number {shortened(text)} does not fit into 64 bits")
    return value


def _float(text: str) -> float:
    if plain_tag(text) == INT:
        return float(_integer(text))
    if text in _NAN:
        return math.nan
    if _INFINITE.fullmatch(text):
        return -math.inf if text[0] == "-" else math.inf
    value = float(text)
    if math.isinf(value):
        raise ValueError(f"the number {shortened(text)} is too large (write .inf if you mean infinity)")
    return value


def shortened(text: str, most: int = 60) -> str:
    """Return ``text`` on one line of at most ``most`` characters, for a message; odd characters are escaped."""
    if len(text) > most:
        text = text[: most - 3] + "..."
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)
