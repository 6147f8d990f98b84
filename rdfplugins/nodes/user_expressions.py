"""Expressions that users give to nodes, in which indices are checked: beyond the end of a vector there is memory."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from rdfplugins import cpp, indexing
from rdfplugins.nodes import column_types

if TYPE_CHECKING:
    from rdfplugins.nodes.base import RNode


def define(df: RNode, column: str, what: str, expression: str) -> RNode:
    """Define a column by an expression of the user.

    Parameters
    ----------
    what
        How messages name the expression.

    Raises
    ------
    CppError
        If it does not compile, or has no value.
    """
    guarded = indexing.checked(expression, partial(_is_collection, df), what)
    if guarded != expression:
        cpp.include("rdfplugins/element.h")
    cpp.include("rdfplugins/value.h")
    with cpp.compiling(what):
        cpp.refuse_unclosed(expression, None, None)
        return df.Define(column, cpp.valued(guarded))


def _is_collection(df: RNode, column: str) -> bool:
    return bool(df.HasColumn(column)) and column_types.type_of(df, column).is_collection
