"""Nodes of somebody else's package: a definition with typed parameters, and cuts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from rdfplugins.nodes.base import Cuts, GeV, RNode, node

if TYPE_CHECKING:
    from collections.abc import Mapping

NOT_A_NODE = "a text"


def _made(parameters: Mapping[str, Any]) -> tuple[str, ...]:
    return (f"scaled_{parameters['column']}",)


def _needed(parameters: Mapping[str, Any]) -> tuple[str, ...]:
    return (parameters["column"],)


def _units(parameters: Mapping[str, Any]) -> dict[str, str]:
    return {f"scaled_{parameters['column']}": parameters["units"]}


@node(name="testplugin.scale", needs=_needed, makes=_made, keeps=("event",), units_of=_units)
def scale(
    df: RNode, *, factor: float, column: str = "x", mode: Literal["up", "down"] = "up", units: str = "GeV"
) -> RNode:
    """Multiply a column by a number, or divide it.

    Parameters
    ----------
    df
        Any data frame.
    factor
        The number.
    column
        What is multiplied.
    mode
        ``up`` multiplies, ``down`` divides.
    units
        Unit of the file.
    """
    sign = "*" if mode == "up" else "/"
    return df.Define(f"scaled_{column}", f"{column} {sign} {float(factor)!r}")


@node(name="testplugin.window", needs=("x",))
def window(df: RNode, *, low: GeV = 2.0, high: GeV | None = None) -> Cuts:
    """Keep the events whose ``x`` is between two thresholds.

    Parameters
    ----------
    df
        Any data frame.
    low, high
        The thresholds; no upper one where null.
    """
    names = ("above",) if high is None else ("above", "below")
    above, below = f"x > {float(low)!r}", "true" if high is None else f"x < {float(high)!r}"
    passed = f"!({above}) ? 0 : !({below}) ? 1 : {len(names)}"
    return Cuts(df.Define("rdfp_testplugin_passed_", passed), "rdfp_testplugin_passed_", names)
