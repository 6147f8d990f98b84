"""What columns hold: one number an event or a collection of them, decisions, whole numbers or others."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Any, Literal

from rdfplugins.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# types of numbers, as ROOT may spell them, and numpy's name of each
DTYPES: Mapping[str, str] = {
    **dict.fromkeys(("bool", "Bool_t"), "bool"),
    **dict.fromkeys(("char", "signed char", "Char_t"), "int8"),
    **dict.fromkeys(("unsigned char", "UChar_t"), "uint8"),
    **dict.fromkeys(("short", "Short_t"), "int16"),
    **dict.fromkeys(("unsigned short", "UShort_t"), "uint16"),
    **dict.fromkeys(("int", "Int_t"), "int32"),
    **dict.fromkeys(("unsigned int", "UInt_t"), "uint32"),
    **dict.fromkeys(("long", "long long", "Long_t", "Long64_t"), "int64"),
    **dict.fromkeys(("unsigned long", "unsigned long long", "ULong_t", "ULong64_t"), "uint64"),
    **dict.fromkeys(("float", "Float_t"), "float32"),
    **dict.fromkeys(("double", "Double_t"), "float64"),
    # as RNTuple names the types of fields
    **{
        f"{space}{sign}int{bits}_t": f"{sign}int{bits}"
        for space in ("std::", "")
        for sign in ("", "u")
        for bits in (8, 16, 32, 64)
    },
}
_COLLECTION = re.compile(r"(?:ROOT::(?:VecOps::)?RVec|(?:std::)?vector)<\s*([\w: ]+?)\s*(?:,.*)?>")

Kind = Literal["bool", "whole", "real", "other"]
NUMBERS: tuple[Kind, ...] = ("bool", "whole", "real")
_WORDS = {"bool": "true or false", "whole": "whole numbers", "real": "numbers with decimals"}


@dataclasses.dataclass(frozen=True)
class ColumnType:
    """The type of a column.

    Attributes
    ----------
    name
        As C++ says it.
    is_collection
        Whether it holds several values an event.
    element
        The type of these, or its own, as C++ says it.
    """

    name: str
    is_collection: bool
    element: str

    @property
    def kind(self) -> Kind:
        """What a value is."""
        dtype = DTYPES.get(self.element)
        if dtype is None:
            return "other"
        return "bool" if dtype == "bool" else "real" if dtype.startswith("float") else "whole"


def type_of(df: Any, column: str) -> ColumnType:
    """Return the type of a column that is there."""
    name = str(df.GetColumnType(column))
    found = _COLLECTION.fullmatch(name)
    return ColumnType(name, found is not None, name if found is None else found[1])


def is_number(df: Any, column: str) -> bool:
    """Return whether a column that is there holds one number an event."""
    found = type_of(df, column)
    return not found.is_collection and found.kind in NUMBERS


def require(df: Any, column: str, what: str, kinds: Iterable[Kind], *, collection: bool) -> None:
    """Raise ConfigError where a column does not hold what is asked of it.

    Parameters
    ----------
    what
        How a message names the column or the parameter that names it.
    kinds
        What its values may be.
    collection
        Whether there are to be several values an event, or one.
    """
    found = type_of(df, column)
    if found.is_collection == collection and found.kind in kinds:
        return
    if set(kinds) == set(NUMBERS):
        expected = "numbers for each object of an event are" if collection else "a number once an event is"
    else:
        words = " or ".join(_WORDS[kind] for kind in kinds)
        expected = f"{words} {'for each object of an event' if collection else 'once an event'} are"
    raise ConfigError(f"{what} is of type {found.name}, and {expected} needed")
