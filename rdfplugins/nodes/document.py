"""What ``rdfrun nodes NAME`` prints: the documentation of a node, its parameters and its columns."""

from __future__ import annotations

import inspect
import math
import textwrap
from typing import TYPE_CHECKING, Any

from rdfplugins.sample import Sample

from .base import type_text, unit_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rdfplugins.nodes.base import Node

_WIDTH = 110
_WIDEST_KIND = 36  # of a column of types; longer ones take the room of their default


def summary(node: Node[Any]) -> str:
    """Return the first line of the node's documentation."""
    return (inspect.getdoc(node) or "").partition("\n")[0]


def document(node: Node[Any]) -> str:
    """Return documentation, parameters with types, units and defaults, and columns with default parameters."""
    lines = [node.name, "", inspect.getdoc(node) or "", "", "Parameters in `with:`"]
    rows = [(key, *_parameter(node, key)) for key in node.parameters if key not in {"sample", "units"}]
    lines += _table(rows) if rows else ["  none"]
    given = {"sample", "units"} & set(node.parameters)
    if given:
        lines.append(f"  (given by the pipeline: {', '.join(sorted(given))})")
    defaults = {
        key: f"<{key}>" if value.default is inspect.Parameter.empty else value.default
        for key, value in node.parameters.items()
    }
    if "sample" in node.parameters:
        defaults["sample"] = Sample("mc")
    channels = node.channel_cuts(defaults)
    if channels:
        text = f"Cuts: {', '.join(node.cuts(defaults) or ())}; before the last of them, in each channel:"
        lines += ["", *textwrap.wrap(text, _WIDTH, subsequent_indent="  ")]
        for channel, cuts in channels.items():
            text = f"{channel}: {', '.join(cuts)}"
            lines += textwrap.wrap(text, _WIDTH, initial_indent="  ", subsequent_indent="    ")
    # what may be mapped is looked for when the node is applied, which can then say what may stand for it
    is_mapped = "map" in node.parameters and not node.needs(defaults) and bool(node.reads(defaults))
    needed = (
        {"Needs, unless mapped, computed or given by a parameter": node.reads}
        if is_mapped
        else {"Needs": node.needs, "Reads, where they are there": node.reads}
    )
    kinds = {
        **needed,
        "Makes": node.makes,
        "Offers to expressions": node.offers,
        "Keeps": node.keeps,
    }
    for title, columns in kinds.items():
        listed = ", ".join(columns(defaults))
        if listed or title in {"Needs", "Makes", "Keeps"}:
            lines += ["", *textwrap.wrap(f"{title}: {listed or 'nothing'}", _WIDTH, subsequent_indent="  ")]
    return "\n".join(lines)


def _table(rows: Sequence[tuple[str, str, str]]) -> list[str]:
    """Return lines of names, types and defaults; a default for which there is no room stands below its type."""
    names, kinds = (max(len(row[column]) for row in rows) for column in (0, 1))
    kinds = min(kinds, _WIDEST_KIND)
    below = " " * (names + 6)
    lines = []
    for name, kind, default in rows:
        line = f"  {name:{names}}  {kind:{kinds}}  {default}"
        if len(line) <= _WIDTH:
            lines.append(line)
            continue
        lines.append(f"  {name:{names}}  {kind}")
        lines += textwrap.wrap(default, _WIDTH, initial_indent=below, subsequent_indent=f"{below}  ")
    return lines


def _parameter(node: Node[Any], key: str) -> tuple[str, str]:
    annotation = node.types.get(key)
    unit = unit_text(annotation)
    default = node.parameters[key].default
    shown = "required" if default is inspect.Parameter.empty else f"default {_yaml(default)}"
    return f"{type_text(annotation)}{f', {unit}' if unit else ''}", shown


def _yaml(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, (tuple, list)):
        return f"[{', '.join(_yaml(item) for item in value)}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {_yaml(item)}' for key, item in value.items())}}}"
    if isinstance(value, float) and not math.isfinite(value):
        return ".nan" if math.isnan(value) else "-.inf" if value < 0 else ".inf"
    return str(value)
