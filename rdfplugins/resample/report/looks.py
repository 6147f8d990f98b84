"""How classes look on plots: colours and names of the config, ours where it has none."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from rdfplugins import plotting

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_THICK, _THIN = 3.0, 1.3
_MANY = 6  # classes, from which thick lines would hide more than they show
_LONGEST, _END = 32, 12


@dataclasses.dataclass(frozen=True)
class Look:
    """How one class is drawn.

    Attributes
    ----------
    label
        What it is called, in the language of matplotlib.
    colour, style, width
        Of its lines: those of later classes are thinner, so that lines which lie upon each other are all seen.
    """

    label: str
    colour: str
    style: str
    width: float

    def line(self, *, scale: float = 1.0) -> dict[str, Any]:
        """Return what matplotlib calls these."""
        return {"color": self.colour, "linestyle": self.style, "linewidth": self.width * scale}


@dataclasses.dataclass(frozen=True)
class Scene:
    """What all plots of a resampling have in common.

    Attributes
    ----------
    looks
        One for each class.
    method
        Name of the method.
    target
        Number of the class that the target is, if it is one.
    units
        Variable -> its unit, where it is known.
    """

    looks: tuple[Look, ...]
    method: str
    target: int | None
    units: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def unit(self, variable: str) -> str:
        """Return the unit of a variable; empty for none."""
        return self.units.get(variable, "")

    def right(self, category: str = "") -> str:
        """Return what stands on the right above a plot."""
        whose = f", {plotting.plain(plotting.shortened(category, 30))}" if category else ""
        return f"{plotting.plain(self.method)}{whose}"


def looks_of(
    classes: Sequence[str],
    colours: Mapping[str, str | None],
    labels: Mapping[str, str | None],
    say: Callable[[str], None],
) -> tuple[Look, ...]:
    """Return how the classes look; those of one colour get different lines, and the user is told of unknown colours."""
    chosen = [_colour(name, number, colours.get(name), say) for number, name in enumerate(classes)]
    thick = _THICK if len(classes) <= _MANY else 1.8
    widths = np.linspace(thick, _THIN, len(classes)) if len(classes) > 1 else [2.0]
    found = []
    for number, (name, colour) in enumerate(zip(classes, chosen, strict=True)):
        style = plotting.LINE_STYLES[chosen[:number].count(colour) % len(plotting.LINE_STYLES)]
        label = plotting.legend_text(_shortened(labels.get(name) or name), _LONGEST)
        found.append(Look(label, colour, style, float(widths[number])))
    return tuple(found)


def _shortened(label: str) -> str:
    """Return a label that fits in a legend: without its middle, as long names often differ in their ends only."""
    text = " ".join(label.split())
    if len(text) <= _LONGEST:
        return text
    return f"{text[: _LONGEST - _END - 1].rstrip()}\N{HORIZONTAL ELLIPSIS}{text[-_END:].lstrip()}"


def _colour(name: str, number: int, wanted: str | None, say: Callable[[str], None]) -> str:
    ours = plotting.COLOURS[number % len(plotting.COLOURS)]
    if wanted is None:
        return ours
    from matplotlib.colors import is_color_like, to_hex

    if is_color_like(wanted):
        return str(to_hex(wanted))
    say(f"warning: class {name}: matplotlib knows no colour '{wanted}'; plots use {ours}")
    return ours
