"""Events to train on: training and validation split of trees that ``rdfrun`` wrote. The test split stays away."""

from __future__ import annotations

import dataclasses
import hashlib
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from rdfplugins.errors import InputError, MissingColumnError
from rdfplugins.reading import open_table
from rdfplugins.train import event_faults as faults
from rdfplugins.train.event_faults import TEST, TRAINING, VALIDATION

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from rdfplugins.reading import Table

SPLIT: Final = "split"
"""Usual name of the column that says of which split an event is."""
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
    weight
        float32[events], weights of the tree; None where they are not asked for.
    group
        float32[events], values of the column that has a flat distribution in each of its values; None without.
    """

    inputs: NDArray[np.float32]
    mass: NDArray[np.float32]
    weight: NDArray[np.float32] | None = None
    group: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.mass)

    @property
    def arrays(self) -> tuple[NDArray[np.float32], ...]:
        """All that there are."""
        return tuple(a for a in (self.inputs, self.mass, self.weight, self.group) if a is not None)


@dataclasses.dataclass(frozen=True)
class Source:
    """A file, and what it gives.

    Attributes
    ----------
    path
        The file.
    gives
        Splits that are taken from it.
    whole
        It has no column ``split``: all of its events are of the one split in ``gives``.
    unweighted
        It gives events to validate with only, and has no column of weights: they are 1. What was resampled has
        weights, and the trees of which it was made, which have the validation split, do not.
    """

    path: Path
    gives: tuple[int, ...]
    whole: bool = False
    unweighted: bool = False


@dataclasses.dataclass(frozen=True, eq=False)
class Data:
    """What a training sees.

    Attributes
    ----------
    training, validation
        Events of the two splits, in the order of the files.
    left_out
        Reason -> number of events of these two splits that were left out.
    sources
        The files.
    kept
        Events of each split that are kept, for each of the files.
    """

    training: Events
    validation: Events
    left_out: dict[str, int]
    sources: tuple[Source, ...]
    kept: tuple[dict[int, int], ...]

    def fingerprint(self) -> str:
        """Return the SHA-256 of all numbers."""
        total = hashlib.sha256()
        for events in (self.training, self.validation):
            total.update(f"{[array.shape for array in events.arrays]} {events.weight is None} ".encode())
            for array in events.arrays:
                total.update(array.data)  # not their bytes, which would be a copy
        return total.hexdigest()


class _Part:
    """Events of a split while they are read: room for all that may come, as they are known after the first pass."""

    def __init__(self, events: int, columns: Columns) -> None:
        self._columns = columns
        self._inputs = np.empty((events, len(columns.inputs)), dtype=np.float32)
        self._others = {name: np.empty(events, dtype=np.float32) for name in columns.numbers}
        self._filled = 0

    def add(self, chunk: Mapping[str, Any], rows: NDArray[np.bool_]) -> int:
        stop = self._filled + int(np.count_nonzero(rows))
        for number, name in enumerate(self._columns.inputs):
            self._inputs[self._filled : stop, number] = chunk[name][rows]
        for name, values in self._others.items():
            values[self._filled : stop] = chunk[name][rows]
        added, self._filled = stop - self._filled, stop
        return added

    def events(self) -> Events:
        filled = slice(self._filled)
        extra = [None if name is None else self._others[name][filled] for name in self._columns.extra]
        return Events(self._inputs[filled], self._others[self._columns.target][filled], *extra)


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
    weight
        Column of weights, 0 or above; None: there are none.
    group
        Column of whole numbers in each of which the distribution of the mass is flat; None: in all events together.
    """

    tree: str
    inputs: tuple[str, ...]
    target: str
    split: str
    mass_range: tuple[float, float]
    weight: str | None = None
    group: str | None = None

    @property
    def extra(self) -> tuple[str | None, str | None]:
        """Weight and group."""
        return self.weight, self.group

    @property
    def numbers(self) -> tuple[str, ...]:
        """Columns beside the inputs of which each event that is kept has a number, each once."""
        return tuple(dict.fromkeys((self.target, *(name for name in self.extra if name is not None))))

    def inside(self, mass: NDArray[Any]) -> NDArray[np.bool_]:
        """Return which masses are in the range; NaN is not."""
        return np.asarray((mass >= self.mass_range[0]) & (mass <= self.mass_range[1]))


def read_events(files: Sequence[Path], columns: Columns, validation: Sequence[Path] | None = None) -> Data:
    """Read the events of the training and the validation split.

    Left out are events without a true mass in the range, or with an input that is not finite in single precision.
    Memory: the numbers of the events that are kept, and 32 MB.

    Parameters
    ----------
    files
        ROOT files, in this order.
    columns
        What to read.
    validation
        Files from which the validation split is taken; ``files`` then give the training split alone. Of both, all
        events where there is no column ``split``. None: ``files`` give both splits.

    Raises
    ------
    InputError
        A file that cannot be read, has no event with a true mass, a split that is none, or weights that cannot be
        used; no event to train on or to validate with.
    MissingColumnError
        Columns that a file does not have, all at once.
    """
    sources = _sources(files, columns, validation)
    room = dict.fromkeys((TRAINING, VALIDATION), 0)
    for source in sources:
        for kept, events in _count(source, columns).items():
            room[kept] += events
    parts = {kept: _Part(events, columns) for kept, events in room.items()}
    left_out: Counter[str] = Counter()
    kept_of = tuple(_fill(source, columns, parts, left_out) for source in sources)
    made = {number: part.events() for number, part in parts.items()}
    for number, events_of in made.items():
        faults.check_part(events_of, number, columns, [source.path for source in sources if number in source.gives])
    return Data(made[TRAINING], made[VALIDATION], dict(left_out), sources, kept_of)


def read_test(
    sources: Sequence[Source], columns: Columns, group: str | None
) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]]:
    """Yield inputs, true mass and ``group`` of the events of the test split, piece by piece.

    They are those of the files that gave the validation split, and chosen as the events of the other two are.

    Parameters
    ----------
    sources
        What a training was made of.
    columns
        What to read.
    group
        A column; None: zeros stand for it.

    Raises
    ------
    InputError
        If a file cannot be read any more.
    """
    extra = [] if group is None else [group]
    for source in sources:
        if VALIDATION not in source.gives or source.whole:
            continue
        with open_table(source.path, columns.tree) as table:
            for chunk in _chunks(table, source, columns, (*columns.inputs, columns.target, *extra)):
                rows = _usable(chunk, (TEST,), columns, Counter())
                if rows.any():
                    inputs = np.stack([chunk[name][rows].astype(np.float32) for name in columns.inputs], axis=1)
                    of_group = np.zeros(len(inputs)) if group is None else chunk[group][rows]
                    yield inputs, chunk[columns.target][rows].astype(np.float32), of_group.astype(np.float32)


def _sources(files: Sequence[Path], columns: Columns, validation: Sequence[Path] | None) -> tuple[Source, ...]:
    """Open each file once, to see that the columns are there."""
    if not files or validation == []:
        raise InputError(f"there is no file to {'validate with' if files else 'train on'}")
    if validation is None:
        return tuple(_source(path, columns, (TRAINING, VALIDATION)) for path in files)
    found = [_source(path, columns, (TRAINING,)) for path in files]
    found += [_source(path, columns, (VALIDATION,)) for path in validation]
    if columns.split != SPLIT and all(source.whole for source in found):
        raise MissingColumnError(f"{found[0].path}: the tree has no column '{columns.split}', nor have the others")
    whole = [source.path.resolve() for source in found if source.whole]
    for path in whole:
        if whole.count(path) > 1:
            raise InputError(
                f"{path}: is given twice and has no column '{columns.split}': its events would be both in the training "
                "and in the validation; give each file once, or files with a split"
            )
    return tuple(found)


def _source(path: Path, columns: Columns, gives: tuple[int, ...]) -> Source:
    needed = (*columns.inputs, *columns.numbers)
    with open_table(path, columns.tree) as table:
        whole = len(gives) == 1 and columns.split not in table.kinds
        unweighted = gives == (VALIDATION,) and columns.weight is not None and columns.weight not in table.kinds
        needed = tuple(name for name in needed if not (unweighted and name == columns.weight))
        faults.check_columns(path, table, needed if whole else (*needed, columns.split))
    return Source(path, gives, whole, unweighted)


def _count(source: Source, columns: Columns) -> Counter[int]:
    """Return how many events of each split may be kept, by the true mass alone."""
    found: Counter[int] = Counter()
    with open_table(source.path, columns.tree) as table:
        truth = 0
        for chunk in _chunks(table, source, columns, (columns.target,)):
            mass = chunk[columns.target]
            truth += int(np.count_nonzero(np.isfinite(mass)))
            for kept in source.gives:
                found[kept] += int(np.count_nonzero(columns.inside(mass) & (chunk[columns.split] == kept)))
        if table.entries and not truth:
            raise InputError(
                f"{source.path}: no event has a true mass ({columns.target} is NaN): it is data, or background without "
                "a di-tau resonance; leave this file out of the training"
            )
    return found


def _fill(source: Source, columns: Columns, parts: dict[int, _Part], left_out: Counter[str]) -> dict[int, int]:
    """Put the events of a file into the splits; return how many of each."""
    kept = dict.fromkeys(source.gives, 0)
    weighted: bool = columns.weight is None
    with open_table(source.path, columns.tree) as table:
        for chunk in _chunks(table, source, columns, (*columns.inputs, *columns.numbers)):
            usable = _usable(chunk, source.gives, columns, left_out)
            if columns.weight is not None:
                weights = chunk[columns.weight][usable]
                faults.check_weights(source.path, columns.weight, weights)
                weighted = weighted or bool(np.any(weights > 0))
            if columns.group is not None:
                faults.check_group(source.path, columns.group, chunk[columns.group][usable])
            for number in source.gives:
                kept[number] += parts[number].add(chunk, usable & (chunk[columns.split] == number))
    if not weighted and any(kept.values()):
        raise InputError(
            f"{source.path}: column '{columns.weight}': all weights are 0; leave the file out, or train without weights"
        )
    return kept


def _usable(
    chunk: Mapping[str, Any], splits: Sequence[int], columns: Columns, left_out: Counter[str]
) -> NDArray[np.bool_]:
    """Return which events are kept; count the others."""
    mass = chunk[columns.target]
    seen, known, inside = np.isin(chunk[columns.split], splits), np.isfinite(mass), columns.inside(mass)
    finite = np.ones(len(mass), dtype=bool)
    for name in columns.inputs:
        with np.errstate(over="ignore"):  # too large for float32 is infinite for the network
            finite &= np.isfinite(chunk[name].astype(np.float32))
    reasons = {
        "no true mass": ~known,
        "true mass outside the range": known & ~inside,
        "an input is not finite": inside & ~finite,
    }
    left_out.update({why: number for why, rows in reasons.items() if (number := int(np.count_nonzero(seen & rows)))})
    return np.asarray(seen & inside & finite)


def _chunks(table: Table, source: Source, columns: Columns, names: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield columns and the split, which is made where the file has none."""
    there = [name for name in names if not (source.unweighted and name == columns.weight)]
    read = list(dict.fromkeys(there if source.whole else (*there, columns.split)))
    for chunk in table.chunks(read, table.rows_of(_CHUNK, read)):
        made: dict[str, Any] = dict(chunk)
        if source.whole:
            made[columns.split] = np.full(len(made[read[0]]), source.gives[0], dtype=np.int8)
        else:
            faults.check_split(source.path, columns.split, made[columns.split])
        if source.unweighted and columns.weight is not None and columns.weight in names:
            made[columns.weight] = np.ones(len(made[read[0]]), dtype=np.float32)
        yield made
