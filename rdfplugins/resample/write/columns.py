"""Which columns an output has: those of all files, if they hold the same."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from rdfplugins.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

MAX_NAMED = 10


@dataclasses.dataclass(frozen=True)
class Extra:
    """Names of the new columns.

    Attributes
    ----------
    class_id
        Number of the class, int32.
    source_sample
        Number of the sample, int32.
    event_key
        Identity of the row, uint64; where the sources have a column of this name, it is that.
    copy_number
        From 0 on, int32.
    sample_weight
        float64; if weights are attached.
    subset
        Of an ensemble, int32.
    """

    class_id: str = "class_id"
    source_sample: str = "source_sample"
    event_key: str = "event_key"
    copy_number: str = "copy_number"
    sample_weight: str = "sample_weight"
    subset: str = "subset"

    def wanted(self, *, key: bool, attach: bool, subset: bool) -> dict[str, str]:
        """Return what each new column is -> its name, empty for those that are not wanted; in their order."""
        without = {"event_key": not key, "sample_weight": not attach, "subset": not subset}
        return {what: "" if without.get(what) else name for what, name in dataclasses.asdict(self).items()}


EXTRA = Extra()


@dataclasses.dataclass(frozen=True)
class Column:
    """What entries have in a column.

    Attributes
    ----------
    words
        The type, for messages.
    layout
        What is the same where the bytes of entries have the same meaning.
    counter
        Another column, without which it cannot be read; empty if there is none.
    """

    words: str
    layout: str
    counter: str = ""


@dataclasses.dataclass(frozen=True)
class Table:
    """What a file holds.

    Attributes
    ----------
    sample
        Of which it is a part.
    entries
        Number of its rows.
    columns
        In their order.
    skipped
        Those of them that cannot be copied -> why.
    """

    path: Path
    sample: str
    entries: int
    columns: Mapping[str, Column]
    skipped: Mapping[str, str] = dataclasses.field(default_factory=dict)


def common(tables: Sequence[Table]) -> tuple[list[str], dict[str, str]]:
    """Return the columns that all tables have, in the order of the first, and column -> why it is left out.

    Raises
    ------
    InputError
        For a column that holds something else in another file.
    """
    first = tables[0]
    left: dict[str, str] = {}
    names = dict.fromkeys(name for table in tables for name in table.columns)
    for name in names:
        why = next(filter(None, (_lacks(table, name) for table in tables)), "")
        if why:
            left[name] = why
            continue
        for table in tables[1:]:
            _refuse_other(name, first, table)
    while True:  # what is left out may count the elements of others
        kept = [name for name in first.columns if name not in left]
        lost = {name: first.columns[name].counter for name in kept if first.columns[name].counter in left}
        if not lost:
            return kept, left
        left.update({name: f"its lengths '{counter}' are {left[counter]}" for name, counter in lost.items()})


def _lacks(table: Table, name: str) -> str:
    """Return why a column cannot be taken from a table; empty if it can."""
    return table.skipped.get(name, "") if name in table.columns else f"not in {table.sample}"


def _refuse_other(name: str, first: Table, other: Table) -> None:
    one, two = first.columns[name], other.columns[name]
    if one.layout == two.layout:
        return
    if one.words != two.words:
        raise InputError(
            f"{other.path}: column '{name}' is {two.words}, but {one.words} in {first.path}; make them the same, or"
            " give it another name in one of them"
        )
    raise InputError(
        f"{other.path}: column '{name}' ({two.words}) is stored in another way than in {first.path} (split levels,"
        " ranges or versions of a class); write the files alike"
    )


def refuse_taken(tables: Sequence[Table], extras: Mapping[str, str]) -> None:
    """Raise InputError where a file has a column that bears the name of a new one."""
    new = {name for what, name in extras.items() if name and what != "event_key"}
    for table in tables:
        taken = sorted(new & set(table.columns))
        if taken:
            raise InputError(
                f"{table.path}: has a column '{taken[0]}', which is the name of a new one of the output; rename it, or"
                " leave it out when the file is made (a resampled file is not resampled again)"
            )


def told(left: Mapping[str, str]) -> str:
    """Return what is left out on one line."""
    named = [f"{name} ({why})" for name, why in list(left.items())[:MAX_NAMED]]
    more = f" and {len(left) - MAX_NAMED} more" if len(left) > MAX_NAMED else ""
    return f"columns that are left out: {', '.join(named)}{more}"
