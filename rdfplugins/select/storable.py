"""Which of a user's columns a tree can hold: ROOT finds out in the event loop, and some types end the process there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rdfplugins import cpp
from rdfplugins.config.steps import DefineStep

if TYPE_CHECKING:
    from collections.abc import Collection

    from rdfplugins.config import Config

# of the standard library, without dictionaries: a tree takes them and holds nothing of them, or what cannot be read
_HOLLOW = re.compile(
    r"(std::)?(array|tuple|unique_ptr|shared_ptr|weak_ptr|optional|variant|function|atomic|basic_string_view"
    r"|initializer_list|reference_wrapper)<|(std::)?(any|thread|mutex)$"
)
_INT8 = re.compile(r"\bsigned char|\bint8_t")  # ROOT 6.40 leaves them out of a tree, or ends the process


def refuse_unstorable(config: Config, df: Any, columns: Collection[str]) -> None:
    """Raise ConfigError, at the line of the definition if it is one, for a column that cannot be written.

    Parameters
    ----------
    df
        The data frame that has the columns.
    columns
        Those of the output.
    """
    rntuple = config.select.output.format == "rntuple"
    for name in () if rntuple else columns:
        if _INT8.search(str(df.GetColumnType(name))):
            message = f"column '{name}' is an integer of 8 bits, which a TTree cannot hold; cast it to int"
            raise config.fault(message, "select", "output")
    for index, step in enumerate(config.select.steps):
        for name in step.define if isinstance(step, DefineStep) else ():
            if name not in columns or not df.HasColumn(name):
                continue
            kind = str(df.GetColumnType(name))
            if not _storable(kind, rntuple=rntuple):
                raise config.fault(
                    f"column '{name}' is a {kind}, which a tree cannot hold; make it a number or a vector of numbers,"
                    " or list the columns without it under select.output.columns",
                    *("select", "steps", index, "define", name),
                )


def with_bool_vectors(df: Any, columns: Collection[str]) -> Any:
    """Return ``df`` with vectors of bool as such: ROOT 6.40 stores garbage for a branch of them that is passed on."""
    for column in columns:
        if "RVec<bool>" in str(df.GetColumnType(column)):
            df = df.Redefine(column, f"std::vector<bool>({column}.begin(), {column}.end())")
    return df


def _storable(kind: str, *, rntuple: bool) -> bool:
    if "*" in kind or "(" in kind:  # pointers, functions, lambdas
        return False
    root = cpp.load_root()
    with cpp.captured_stderr():
        if root.gROOT.GetType(kind):
            return kind not in {"nullptr_t", "std::nullptr_t"}
        found = root.TClass.GetClass(kind, True, True)  # noqa: FBT003 (load, silent)
        if not found:
            return bool(root.TEnum.GetEnum(kind))
        if rntuple or found.HasDictionary():
            return True
        return not found.GetCollectionProxy() and not _HOLLOW.match(kind)
