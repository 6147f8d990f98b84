"""A node with two channels over the columns of `helpers.small_columns`, and what it does said once more in numpy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rdfplugins.nodes import Channel, Cuts, node
from rdfplugins.nodes.base import column_names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rdfplugins.nodes.base import RNode

CHANNELS = {"low": ("low_x", "even"), "high": ("high_x", "odd", "not_19")}
SIDE_OF_MAP = {"low": 0, "high": 1}


def _channel_cuts(parameters: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    return {name: CHANNELS[name] for name in parameters["channels"]}


def _substitutions(df: RNode, parameters: Mapping[str, Any]) -> dict[str, str]:
    have = column_names(df)
    return {name: "not there: counted as true" for name in parameters["flags"] if name not in have}


@node(
    name="test.sides",
    needs=lambda parameters: ["event", "x", *parameters["more"]],
    makes=("side", "x_plus"),
    cuts=("flag", "one_side"),
    channel_cuts=_channel_cuts,
    substitutions=_substitutions,
    maps={"side": SIDE_OF_MAP, "not_made": {"a": 1}},
    hints=lambda parameters: dict.fromkeys(parameters["more"], "with: {more: ...} replaces it"),
)
def sides(
    df: RNode,
    *,
    channels: tuple[str, ...] = ("low", "high"),
    flags: tuple[str, ...] = ("w",),
    more: tuple[str, ...] = (),
    edge: float | dict[str, float] = {"low": 8.0, "high": 12.0},  # noqa: B006 (as nodes have it)
    triggers: dict[str, str] = {},  # noqa: B006
    lose: int = 0,
    stray: int = 0,
    strays_to: int = 0,
) -> Cuts:
    """Keep events of small and of large ``x``, by channel.

    Parameters
    ----------
    df
        Any data frame.
    channels
        Which of the two.
    flags
        Columns that are counted as true where they are not there.
    more
        More columns that are needed.
    edge
        Upper end of ``low``, lower end of ``high``.
    triggers
        Channel -> condition, which is part of the first cut.
    lose
        An event that is kept in no channel.
    stray, strays_to
        An event that passes the cuts of no channel and is kept, and the number of its channel.
    """
    low, high = (edge[name] if isinstance(edge, dict) else edge for name in ("low", "high"))
    flag = "event != 3"
    low_x = f"{flag} && x < {low} && ({triggers.get('low', 'true')})"
    high_x = f"{flag} && x > {high} && ({triggers.get('high', 'true')})"
    made = {
        "low": (f"!({low_x}) ? 0 : event % 2 != 0 ? 1 : 2", 2),
        "high": (f"!({high_x}) ? 0 : event % 2 != 1 ? 1 : event == 19 ? 2 : 3", 3),
    }
    for name in channels:
        df = df.Define(f"rdfp_{name}_", f"int({made[name][0]})")
    numbers = " : ".join(f"rdfp_{name}_ == {made[name][1]} ? {number}" for number, name in enumerate(channels))
    df = df.Define("rdfp_side_", f"{numbers} : event == {stray} ? {strays_to} : -1")
    df = df.Define("rdfp_passed_", f"!({flag}) ? 0 : event != {stray} && (rdfp_side_ < 0 || event == {lose}) ? 1 : 2")
    df = df.Define("side", "rdfp_side_").Define("x_plus", "x + 1.0")
    ways = tuple(Channel(name, f"rdfp_{name}_", CHANNELS[name]) for name in channels)
    return Cuts(df, "rdfp_passed_", ("flag", "one_side"), ways, "rdfp_side_")


@node(name="test.bands", needs=("x_plus",), cuts=("not_5", "below"))
def bands(df: RNode, *, below: float = 1000.0) -> Cuts:
    """Cut twice behind it.

    Parameters
    ----------
    df
        Any data frame.
    below
        Upper end of ``x_plus``.
    """
    df = df.Define("rdfp_bands_", f"event == 5 ? 0 : !(x_plus < {below}) ? 1 : 2")
    return Cuts(df, "rdfp_bands_", ("not_5", "below"))


NODES = {"test.sides": sides, "test.bands": bands}


def reference(event: np.ndarray, x: np.ndarray) -> dict[str, dict[str, np.ndarray]]:
    """Return channel -> cut -> which events have passed it and all before it, bool[n], for default parameters."""
    ways: dict[str, list[tuple[str, Any]]] = {
        "low": [("low_x", x < 8), ("even", event % 2 == 0)],
        "high": [("high_x", x > 12), ("odd", event % 2 == 1), ("not_19", event != 19)],
    }
    found = {}
    for name, own in ways.items():
        passed = np.ones(len(event), dtype=bool)
        found[name] = {}
        for cut, condition in [("all", passed), ("before", event != 1), ("flag", event != 3), *own]:
            passed = passed & condition
            found[name][cut] = passed
    return found
