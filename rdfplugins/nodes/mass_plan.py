"""Where the inputs of a model come from: what is read of an ntuple for each, and what is done with it."""

from __future__ import annotations

import dataclasses
import math
import re
from typing import TYPE_CHECKING, Any, Literal

from rdfplugins import cpp
from rdfplugins.nodes import mass_conventions as conventions

if TYPE_CHECKING:
    from collections.abc import Mapping

How = Literal["found", "mapped", "derived", "computed", "channel", "missing"]

CONCLUDED = "computed from the momenta"
CHECK = "rdfrun add-ml-mass --check"  # says what may stand for inputs that are missing
_PLAIN = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
_ROUNDING = 1e-7  # of float32, in which TMVA keeps values: those at the ends of a range are in it


@dataclasses.dataclass(frozen=True)
class Slot:
    """One number of the row that is read for an event.

    Attributes
    ----------
    name
        Of the input that it is, or that others are derived from.
    how
        ``found``: the column of this name; ``mapped``: another column or expression; ``derived``: computed from
        other slots; ``computed``: by the formula that is its name; ``channel``: from the channel.
    expression
        What is read: a column, or C++; empty where nothing is.
    sources
        Numbers of the slots that it is derived from, or that it must agree with.
    reads
        What a formula reads: columns, ``x[0]`` for an element of one, and expressions that are mapped in their place.
    is_raw
        Whether no convention applies to its values: only NaN says that there is none.
    note
        What the user should know of where it comes from, or why it is missing.
    """

    name: str
    how: How
    expression: str
    sources: tuple[int, ...] = ()
    reads: tuple[str, ...] = ()
    is_raw: bool = False
    note: str = ""

    @property
    def is_column(self) -> bool:
        """Whether what is read is the name of a column and no expression."""
        return _PLAIN.fullmatch(self.expression) is not None


@dataclasses.dataclass(frozen=True)
class Plan:
    """How the inputs of a model are made of the columns of an ntuple.

    Attributes
    ----------
    slots
        The model's inputs in their order, then what else is needed to derive some of them.
    n_inputs
        How many of the slots are inputs.
    channels
        Number in the channel's column -> channel.
    scales
        Factor of each slot from the unit of the ntuple to that of the model.
    ranges
        Slot -> lowest and highest value of the training, where the model's card or its weight file says so.
    """

    slots: tuple[Slot, ...]
    n_inputs: int
    channels: Mapping[int, str]
    scales: tuple[float, ...]
    ranges: Mapping[int, tuple[float, float]]

    @property
    def inputs(self) -> tuple[str, ...]:
        """The inputs of the model, in their order."""
        return tuple(slot.name for slot in self.slots[: self.n_inputs])

    @property
    def read(self) -> tuple[int, ...]:
        """Numbers of the slots for which something is read."""
        return tuple(number for number, slot in enumerate(self.slots) if slot.expression)

    def lines(self) -> list[str]:
        """Return what is computed in place of being read, a line for each kind, for the user."""
        derived = [slot.name for slot in self.slots if slot.how == "derived"]
        lines = [f"{', '.join(derived)} {'is' if len(derived) == 1 else 'are'} {CONCLUDED}"] if derived else []
        lines += [f"{slot.name}: {slot.note}" for slot in self.slots if slot.note]
        return lines + [
            f"{slot.name} follows from the channel ({self._channel_text(slot)})"
            for slot in self.slots
            if slot.how == "channel"
        ]

    def preparation(self) -> Any:
        """Return the plan as ``std::shared_ptr<const rdfp::mass_inputs::Preparation>``."""
        root = cpp.load_root()
        cpp.include("rdfplugins/mass_inputs.h", optimised=True)
        preparation = root.std.make_shared["rdfp::mass_inputs::Preparation"](self.n_inputs)
        for number, slot in enumerate(self.slots):
            role = conventions.ROLES.index(_role(slot))
            low, high = self._limits(number)
            computed, group = slot.how == "derived", -1 if slot.is_raw else conventions.jet_group(slot.name)
            preparation.add(role, computed, self.scales[number], group, list(slot.sources), low, high)
        for code, channel in self.channels.items():
            preparation.add_channel(code, conventions.NEUTRINOS_OF[channel])
        return preparation

    def _limits(self, number: int) -> tuple[float, float]:
        low, high = self.ranges.get(number, (-math.inf, math.inf))
        margin = _ROUNDING * max(abs(low), abs(high)) if self.slots[number].is_raw else 0.0
        return low - margin, high + margin

    def _channel_text(self, slot: Slot) -> str:
        if re.fullmatch(r"-?\d+", slot.expression):
            return self.channels[int(slot.expression)]
        numbers = ", ".join(f"{code}={channel}" for code, channel in self.channels.items())
        return f"column {slot.expression}: {numbers}"


def _role(slot: Slot) -> str:
    if slot.is_raw:
        return "raw"
    return "channel" if slot.how == "channel" else conventions.role(slot.name)
