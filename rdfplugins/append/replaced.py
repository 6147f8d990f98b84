"""Branches that are to be replaced must not be what the model reads: a second run would read the first one's output."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rdfplugins.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from rdfplugins.nodes.mass_inputs import Slot

_WORD = re.compile(r"(?<![\w.])[A-Za-z_]\w*")


def refuse_read(slots: Sequence[Slot], replaced: Collection[str]) -> None:
    """Raise ConfigError where a branch that is to be replaced is read.

    Parameters
    ----------
    slots
        What is read where all columns of the tree may be.
    replaced
        Branches of the tree that the outputs of the model are to replace.
    """
    for fault in faults(slots, replaced):
        raise ConfigError(fault)


def faults(slots: Sequence[Slot], replaced: Collection[str]) -> Iterator[str]:
    """Yield, for each branch that is to be replaced and is read, what is wrong and what to do."""
    for name in replaced:
        readers = [slot for slot in slots if name in _columns(slot)]
        if not readers:
            continue
        is_input = any(slot.name == name for slot in readers)
        what = "is an input of the model" if is_input else f"is read for the input '{readers[0].name}' of the model"
        yield f"branch '{name}' is to be replaced, and {what}; choose another name"


def _columns(slot: Slot) -> set[str]:
    """Return the columns that a slot reads, and other words of its expressions."""
    if slot.how == "found":
        return {slot.expression}  # which may be no word: a column 'a+b' is neither a nor b
    texts = slot.reads if slot.how == "computed" else (slot.expression,)
    return {word for text in texts for word in _WORD.findall(text)}
