"""What is wrong with trees that a training reads: one line that says the file, the column, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from rdfplugins.errors import InputError, MissingColumnError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from rdfplugins.reading import Table
    from rdfplugins.train.events import Columns, Events

TRAINING, VALIDATION, TEST = 0, 1, 2
"""Values of the column ``split``."""
MOST_GROUPS: Final = 100
_NAMES: Final[Mapping[int, str]] = {TRAINING: "training", VALIDATION: "validation", TEST: "test"}


def check_columns(path: Path, table: Table, columns: Sequence[str]) -> None:
    """Raise MissingColumnError for all columns that are not there, InputError for one that is not a number an event."""
    missing = [name for name in columns if name not in table.kinds]
    if missing:
        hints = [f"'{name}'{did_you_mean(name, table.kinds)}" for name in missing]
        raise MissingColumnError(f"{path}: the tree has no column {', '.join(hints)}")
    for name in columns:
        kind = table.kinds[name]
        if kind.vector or kind.dtype is None:
            raise InputError(f"{path}: column '{name}' is {kind}; a training needs one number an event")


def check_split(path: Path, name: str, values: NDArray[Any]) -> None:
    """Raise InputError for what is no split."""
    strange = values[~np.isin(values, (TRAINING, VALIDATION, TEST))]
    if len(strange):
        raise InputError(
            f"{path}: column '{name}' holds {strange[0]:g}; 0 is training, 1 validation, 2 test: nothing else is known"
        )


def check_weights(path: Path, name: str, values: NDArray[Any]) -> None:
    """Raise InputError for weights that are negative, or not finite in single precision."""
    with np.errstate(over="ignore"):
        infinite = ~np.isfinite(values.astype(np.float32))
    negative = values < 0
    if infinite.any():
        raise InputError(
            f"{path}: column '{name}': {np.count_nonzero(infinite)} of the weights not finite ({values[infinite][0]:g} "
            "is the first); correct them, or train without weights"
        )
    if negative.any():
        raise InputError(
            f"{path}: column '{name}': {np.count_nonzero(negative)} of the weights negative ({values[negative][0]:g} "
            "is the first), as samples at next-to-leading order have them: a training that is rewarded for errors does "
            "not converge; give a column of weights that are 0 or above, or train without weights"
        )


def check_group(path: Path, name: str, values: NDArray[Any]) -> None:
    """Raise InputError for values that are no few whole numbers."""
    different = np.unique(values)
    strange = different[~(np.isfinite(different) & (different == np.round(different)))] if len(different) else different
    if len(strange):
        raise InputError(f"{path}: column '{name}' holds {strange[0]:g}; flat_per is for whole numbers, as a channel")
    if len(different) > MOST_GROUPS:
        raise InputError(
            f"{path}: column '{name}' has more than {MOST_GROUPS} different values; flat_per is for a few, as a channel"
        )


def check_part(events: Events, number: int, columns: Columns, paths: Sequence[Path]) -> None:
    """Raise InputError for a split without events, or of no weight."""
    low, high = columns.mass_range
    listed, name = ", ".join(str(path) for path in paths), _NAMES[number]
    if not len(events):
        raise InputError(
            f"{listed}: no event of the {name} split ({columns.split} == {number}) has a true mass in {low:g} to "
            f"{high:g} GeV and finite inputs; set select.split of the config that wrote the trees"
        )
    if events.weight is not None and not events.weight.any():
        raise InputError(
            f"{listed}: column '{columns.weight}': all weights of the {name} split are 0; train without weights"
        )
