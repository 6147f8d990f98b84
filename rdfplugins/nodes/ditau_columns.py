"""What the parameters of ``ditau.select`` put into C++: columns, expressions of the user, and what they may hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rdfplugins import indexing
from rdfplugins.nodes import column_types, user_expressions
from rdfplugins.nodes import ditau_settings as settings
from rdfplugins.nodes.ditau_settings import CHANNELS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rdfplugins.nodes.base import RNode
    from rdfplugins.nodes.column_types import Kind

_DECISION: tuple[Kind, ...] = ("bool", "whole")
# of ids that are compared with a threshold, and of numbers; all others decide
_KINDS: Mapping[str, tuple[Kind, ...]] = {
    "jet_btag": ("bool", "real"),
    "muon_isolation": ("real",),
    "electron_isolation": ("real",),
    "tau_jet_index": ("whole",),
    "tau_order": ("whole", "real"),
}


def column_of(df: RNode, name: str, value: str | None) -> tuple[RNode, str]:
    """Return what stands for a parameter in C++: a column, one that is made of an expression, or no condition.

    Raises
    ------
    ConfigError
        For a column or expression that is not what the parameter asks for, such as a score in place of a decision.
    CppError
        For an expression that does not compile.
    """
    if value is None:
        return df, "rdfp_ditau_nothing()" if name == "jet_btag" else "rdfp_ditau_all()"
    plain = settings.is_column(value)
    what = f"parameter '{name}' of node ditau.select"
    column = value if plain else f"rdfp_ditau_raw_{name}_"
    if not plain:
        df = user_expressions.define(df, column, what, value)
    kinds = _KINDS.get(name, _DECISION) if plain or name in settings.NUMBERS else _DECISION
    column_types.require(df, column, f"parameter '{name}': '{value}'", kinds, collection=True)
    if name in settings.NUMBERS or (plain and name in settings.WITH_THRESHOLD):
        return df, column
    if plain and column_types.type_of(df, column).kind == "bool":
        return df, column
    made = f"rdfp_ditau_{name}_"
    return df.Define(made, f"rdfp_ditau_decisions({column}, {indexing.as_numbers(f'{name}: {value}')})"), made


def decision_of(df: RNode, column: str) -> str:
    """Return a filter of bad events in C++; one that is not there counts as true."""
    if not df.HasColumn(column):
        return "true"
    column_types.require(df, column, f"column '{column}'", column_types.NUMBERS, collection=False)
    return f"rdfp_ditau_true({column})"


def define_triggers(df: RNode, triggers: Mapping[str, str]) -> tuple[RNode, str]:
    """Return the decision of each channel in C++, true where there is no trigger."""
    decisions = []
    for channel in CHANNELS:
        if channel not in triggers:
            decisions.append("true")
            continue
        column = f"rdfp_ditau_trigger_{channel}_"
        df = user_expressions.define(
            df, column, f"parameter 'triggers' of node ditau.select, channel '{channel}'", triggers[channel]
        )
        what = f"parameter 'triggers': '{triggers[channel]}' of channel '{channel}'"
        column_types.require(df, column, what, _DECISION, collection=False)
        decisions.append(f"rdfp_ditau_true({column})")
    return df, ", ".join(decisions)
