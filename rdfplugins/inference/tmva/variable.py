"""A variable of a TMVA method, as its weight file declares it."""

from __future__ import annotations

import dataclasses
from typing import Literal


@dataclasses.dataclass(frozen=True)
class Variable:
    """An input, a spectator or a target.

    Attributes
    ----------
    expression
        What it is computed from: the name of a branch, or a formula of `TTreeFormula` over branches.
    label
        What its author calls it; the expression where nothing else was said.
    title
        For plots.
    unit
        As its author wrote it: free text, which nothing relies on.
    kind
        F for floats, I for integers.
    low, high
        Lowest and highest value of the training; equal where the file does not say it.
    """

    expression: str
    label: str
    title: str = ""
    unit: str = ""
    kind: Literal["F", "I"] = "F"
    low: float = 0.0
    high: float = 0.0
