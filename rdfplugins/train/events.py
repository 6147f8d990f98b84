"""Events to train on: training and validation split of trees that ``rdfrun`` wrote. The test split stays away."""

from __future__ import annotations

import dataclasses
import hashlib
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from rdfplugins.errors import InputError, MissingColumnError, did_you_mean
from rdfplugins.reading import open_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from rdfplugins.reading import Table

TRAINING, VALIDATION, TEST = 0, 1, 2
"""Values of the column ``split``."""
_CHUNK: Final = 32_000_000  # bytes in memory at once, beside the events that are kept


@dataclasses.dataclass(frozen=True, eq=False)
class Events:
    """Events of one split.

    Attributes
    ----------
    inputs
        float32[events, inputs].
    mass
        float32[events], true mass, GeV.
    """

    inputs: NDArray[np.float32]
    mass: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.mass)


@dataclasses.dataclass(frozen=True, eq=False)
class Data:
    """What a training sees.

    Attributes
    ----------
    training, validation
        Events of the two splits, in the order of the files.
    left_out
        Reason -> number of events of these two splits that were left out.
    files
        Name of each file and the number of its events that are kept; files of one name together.
    """

    training: Events
    validation: Events
    left_out: dict[str, int]
    files: dict[str, int]

    def fingerprint(self) -> str:
        """Return the SHA-256 of all numbers."""
        total = hashlib.sha256()
        for events in (self.training, self.validation):
            total.update(f"{events.inputs.shape} ".encode())
            total.update(events.inputs.data)  # not their bytes, which would be a copy
            total.update(events.mass.data)
        return total.hexdigest()


class _Part:
    """Events of a split while they are read: room for all that may come, as they are known after the first pass."""

    def __init__(self, events: int, inputs: int) -> None:
        self._inputs = np.empty((events, inputs), dtype=np.float32)
        self._mass = np.empty(events, dtype=np.float32)
        self._filled = 0

    def add(self, chunk: dict[str, Any], inputs: Sequence[str], mass: NDArray[Any], rows: NDArray[np.bool_]) -> None:
        stop = self._filled + int(np.count_nonzero(rows))
        for number, name in enumerate(inputs):
            self._inputs[self._filled : stop, number] = chunk[name][rows]
        self._mass[self._filled : stop] = mass[rows]
        self._filled = stop

    def events(self) -> Events:
        return Events(self._inputs[: self._filled], self._mass[: self._filled])


@dataclasses.dataclass(frozen=True)
class Columns:
    """What is read of a tree.

    Attributes
    ----------
    tree
        Its name.
    inputs
        Columns that the network takes.
    target
        Column of the true mass, GeV.
    split
        Column that is 0, 1 or 2 for training, validation, test.
    mass_range
        Lowest and highest true mass, GeV; events outside are left out.
    """

    tree: str
    inputs: tuple[str, ...]
    target: str
    split: str
    mass_range: tuple[float, float]

    @property
    def names(self) -> tuple[str, ...]:
        """All of them."""
        return (*self.inputs, self.target, self.split)

    def inside(self, mass: NDArray[Any]) -> NDArray[np.bool_]:
        """Return which masses are in the range; NaN is not."""
        return np.asarray((mass >= self.mass_range[0]) & (mass <= self.mass_range[1]))


def read_events(files: Sequence[Path], columns: Columns) -> Data:
    """Read the events of the training and the validation split.

    Left out are events without a true mass in the range, or with an input that is not finite in single precision.
    Memory: the numbers of the events that are kept, and 32 MB.

    Parameters
    ----------
    files
        ROOT files, in this order.
    columns
        What to read.

    Raises
    ------
    InputError
        A file that cannot be read, has no event with a true mass, or a split that is none; no event to train on or to
        validate with.
    MissingColumnError
        Columns that a file does not have, all at once.
    """
    if not files:
        raise InputError("there is no file to train on")
    room = dict.fromkeys((TRAINING, VALIDATION), 0)
    for path in files:
        for kept, events in _count(path, columns).items():
            room[kept] += events
    parts = {kept: _Part(events, len(columns.inputs)) for kept, events in room.items()}
    left_out: Counter[str] = Counter()
    kept_of: Counter[str] = Counter()
    for path in files:
        kept_of[path.name] += _fill(path, columns, parts, left_out)
    made = {number: part.events() for number, part in parts.items()}
    for number, name in ((TRAINING, "training"), (VALIDATION, "validation")):
        if not len(made[number]):
            low, high = columns.mass_range
            raise InputError(
                f"{', '.join(str(path) for path in files)}: no event of the {name} split ({columns.split} == {number}) "
                f"has a true mass in {low:g} to {high:g} GeV and finite inputs; set select.split of the config that "
                "wrote the trees"
            )
    return Data(made[TRAINING], made[VALIDATION], dict(left_out), dict(kept_of))


def _count(path: Path, columns: Columns) -> Counter[int]:
    """Return how many events of each split may be kept, by the true mass alone."""
    found: Counter[int] = Counter()
    with open_table(path, columns.tree) as table:
        _check_columns(path, table, columns.names)
        truth = 0
        for chunk in _chunks(table, (columns.target, columns.split)):
            mass, split = chunk[columns.target], chunk[columns.split]
            _check_split(path, columns.split, split)
            truth += int(np.count_nonzero(np.isfinite(mass)))
            for kept in (TRAINING, VALIDATION):
                found[kept] += int(np.count_nonzero(columns.inside(mass) & (split == kept)))
        if table.entries and not truth:
            raise InputError(
                f"{path}: no event has a true mass ({columns.target} is NaN): it is data, or background without a "
                "di-tau resonance; leave this file out of the training"
            )
    return found


def _fill(path: Path, columns: Columns, parts: dict[int, _Part], left_out: Counter[str]) -> int:
    """Put the events of a file into the splits; return how many."""
    kept = 0
    with open_table(path, columns.tree) as table:
        for chunk in _chunks(table, columns.names):
            mass, split = chunk[columns.target], chunk[columns.split]
            seen, known, inside = split != TEST, np.isfinite(mass), columns.inside(mass)
            finite = np.ones(len(mass), dtype=bool)
            for name in columns.inputs:
                with np.errstate(over="ignore"):  # too large for float32 is infinite for the network
                    finite &= np.isfinite(chunk[name].astype(np.float32))
            reasons = {
                "no true mass": ~known,
                "true mass outside the range": known & ~inside,
                "an input is not finite": inside & ~finite,
            }
            left_out.update(
                {why: number for why, rows in reasons.items() if (number := int(np.count_nonzero(seen & rows)))}
            )
            for number, part in parts.items():
                rows = inside & finite & (split == number)
                part.add(chunk, columns.inputs, mass, rows)
                kept += int(np.count_nonzero(rows))
    return kept


def _chunks(table: Table, columns: Sequence[str]) -> Iterator[dict[str, Any]]:
    yield from table.chunks(columns, table.rows_of(_CHUNK, columns))


def _check_columns(path: Path, table: Table, columns: Sequence[str]) -> None:
    missing = [name for name in columns if name not in table.kinds]
    if missing:
        hints = [f"'{name}'{did_you_mean(name, table.kinds)}" for name in missing]
        raise MissingColumnError(f"{path}: the tree has no column {', '.join(hints)}")
    for name in columns:
        kind = table.kinds[name]
        if kind.vector or kind.dtype is None:
            raise InputError(f"{path}: column '{name}' is {kind}; a training needs one number an event")


def _check_split(path: Path, name: str, values: NDArray[Any]) -> None:
    strange = values[~np.isin(values, (TRAINING, VALIDATION, TEST))]
    if len(strange):
        raise InputError(
            f"{path}: column '{name}' holds {strange[0]:g}; 0 is training, 1 validation, 2 test: nothing else is known"
        )
