"""What ``rdfrun nodes NAME`` prints: the documentation of a node, its parameters and its columns."""

from __future__ import annotations

import inspect
import math
import textwrap
from typing import TYPE_CHECKING, Any

from rdfplugins.sample import Sample

from .base import type_text, unit_text

if TYPE_CHECKING:
    from rdfplugins.nodes.base import Node

_WIDTH = 110


def summary(node: Node[Any]) -> str:
    """Return the first line of the node's documentation."""
    return (inspect.getdoc(node) or "").partition("\n")[0]


def document(node: Node[Any]) -> str:
    """Return documentation, parameters with types, units and defaults, and columns with default parameters."""
    lines = [node.name, "", inspect.getdoc(node) or "", "", "Parameters in `with:`"]
    rows = [(key, *_parameter(node, key)) for key in node.parameters if key not in {"sample", "units"}]
    if rows:
        widths = [max(len(row[column]) for row in rows) for column in range(3)]
        lines += [
            "  " + "  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=False)).rstrip()
            for row in rows
        ]
    else:
        lines.append("  none")
    given = {"sample", "units"} & set(node.parameters)
    if given:
        lines.append(f"  (given by the pipeline: {', '.join(sorted(given))})")
    defaults = {
        key: f"<{key}>" if value.default is inspect.Parameter.empty else value.default
        for key, value in node.parameters.items()
    }
    if "sample" in node.parameters:
        defaults["sample"] = Sample("mc")
    kinds = {"Needs": node.needs, "Makes": node.makes, "Offers to expressions": node.offers, "Keeps": node.keeps}
    for title, columns in kinds.items():
        listed = ", ".join(columns(defaults))
        if listed or title != "Offers to expressions":
            lines += ["", *textwrap.wrap(f"{title}: {listed or 'nothing'}", _WIDTH, subsequent_indent="  ")]
    return "\n".join(lines)


def _parameter(node: Node[Any], key: str) -> tuple[str, str]:
    annotation = node.types.get(key)
    unit = unit_text(annotation)
    default = node.parameters[key].default
    shown = "required" if default is inspect.Parameter.empty else f"default {_yaml(default)}"
    return f"{type_text(annotation)}{f', {unit}' if unit else ''}", shown


def _yaml(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, tuple):
        return f"[{', '.join(_yaml(item) for item in value)}]"
    if isinstance(value, float) and not math.isfinite(value):
        return ".nan" if math.isnan(value) else "-.inf" if value < 0 else ".inf"
    return str(value)
