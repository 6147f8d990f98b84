"""Rows: which are used, to which class each belongs, and the values of expressions; computed on whole columns."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from rdfplugins.errors import ConfigError, InputError, MissingColumnError, did_you_mean
from rdfplugins.formula import Formula, FormulaError
from rdfplugins.resample.sources.contents import NO_CLASS, Chunk

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from rdfplugins.resample.sources.contents import Column, SourceFile
    from rdfplugins.resample.sources.keys import KeyRule

OTHER_SPLIT, CUT_AWAY, WITHOUT_CLASS = "other split", "cut away", "no class"
SPLITS = ("train", "val", "test")
"""Names of the values 0, 1, 2 of a column of splits."""


@dataclasses.dataclass(frozen=True)
class OneClass:
    """All rows are of one class, of this number."""

    number: int


@dataclasses.dataclass(frozen=True)
class Labels:
    """A column tells the class: ``values[i]`` means class ``numbers[i]``."""

    column: str
    values: tuple[int, ...]
    numbers: tuple[int, ...]


@dataclasses.dataclass(frozen=True)
class FirstTrue:
    """Number of a class and its cut, in turn: a row is of the first whose cut is true; None is true for all rows."""

    cuts: tuple[tuple[int, str | None], ...]


ClassRule = OneClass | Labels | FirstTrue


@dataclasses.dataclass(frozen=True)
class Rules:
    """What a source says of its rows.

    Attributes
    ----------
    columns
        All of them.
    key, classes
        How key and class of a row are made.
    split
        Column of splits and its value for the rows that are used; None: all are.
    cut
        Formula that is true for the rows that are used; None: all are.
    """

    columns: Mapping[str, Column]
    key: KeyRule
    classes: ClassRule
    split: tuple[str, int] | None = None
    cut: str | None = None


class Plan:
    """What is read of a source for some expressions, and what is made of it; formulas are parsed once.

    Attributes
    ----------
    columns
        Those that are read, each once.
    """

    def __init__(self, name: str, rules: Rules, expressions: Mapping[str, str]) -> None:
        self._name = name
        self._rules = rules
        self._values = {name: parse(text, rules.columns) for name, text in expressions.items()}
        self._cut = None if rules.cut is None else parse(rules.cut, rules.columns)
        self._classes: list[tuple[int, str | Formula | None]] = []
        if isinstance(rules.classes, FirstTrue):
            self._classes = [
                (number, None if cut is None else parse(cut, rules.columns)) for number, cut in rules.classes.cuts
            ]
        self.columns = self._needed()
        self._table = _Lookup(rules.classes) if isinstance(rules.classes, Labels) else None

    def _needed(self) -> tuple[str, ...]:
        """Return the columns that are read, in the order of the source; errors for those that cannot be."""
        rules = self._rules
        wanted = dict.fromkeys(rules.key.columns)
        wanted |= dict.fromkeys([rules.split[0]] if rules.split else [])
        wanted |= dict.fromkeys([rules.classes.column] if isinstance(rules.classes, Labels) else [])
        texts = [*self._values.values(), self._cut, *(cut for _, cut in self._classes)]
        for parsed in texts:
            if parsed is not None:
                wanted |= dict.fromkeys([parsed] if isinstance(parsed, str) else parsed.columns)
        check_columns(f"sample '{self._name}'", wanted, rules.columns)
        for parsed in texts:
            if isinstance(parsed, Formula):
                _refuse_types(parsed, rules.columns)
        return tuple(name for name in rules.columns if name in wanted)

    def chunk(self, raw: Mapping[str, NDArray[Any]], size: int, *, start: int, file: SourceFile, entry: int) -> Chunk:
        """Return what these rows are.

        Parameters
        ----------
        raw
            `columns` as they are stored, each [size].
        start, entry
            Place of the first row in the source and in its file.
        """
        values = Values(raw, size)
        class_id, unused = self._assigned(values, file)
        key = self._rules.key.keys(raw, file, entry, size)
        return Chunk(start, key, class_id, {name: values.numbers(one) for name, one in self._values.items()}, unused)

    def _assigned(self, values: Values, file: SourceFile) -> tuple[NDArray[np.int32], dict[str, int]]:
        """Return the class of each row, and why others have none."""
        class_id = self._class_of(values)
        unused: dict[str, int] = {}
        left = values.size
        kept: NDArray[np.bool_] | None = None
        if self._rules.split is not None:
            column, number = self._rules.split
            kept = _split(values.raw[column], number, column, file)
            left = _count(unused, OTHER_SPLIT, left, kept)
        if self._cut is not None:
            passed = values.truth(self._cut)
            kept = passed if kept is None else kept & passed
            left = _count(unused, CUT_AWAY, left, kept)
        if kept is not None:
            class_id[~kept] = NO_CLASS
        if not isinstance(self._rules.classes, OneClass):
            _count(unused, WITHOUT_CLASS, left, class_id != NO_CLASS)
        return class_id, unused

    def _class_of(self, values: Values) -> NDArray[np.int32]:
        rule = self._rules.classes
        if isinstance(rule, OneClass):
            return np.full(values.size, rule.number, np.int32)
        if self._table is not None:
            return self._table.find(values.raw[self._table.column])
        found = np.full(values.size, NO_CLASS, np.int32)
        for number, cut in reversed(self._classes):  # the first that is true is written last
            if cut is None:
                found[:] = number
            else:
                found[values.truth(cut)] = number
        return found


class Values:
    """Columns of consecutive rows, each converted once."""

    def __init__(self, raw: Mapping[str, NDArray[Any]], size: int) -> None:
        self.raw = raw
        self.size = size
        self._doubles: dict[str, NDArray[np.float64]] = {}

    def numbers(self, parsed: str | Formula) -> NDArray[np.float64]:
        """Return a column or the values of a formula, float64[n]."""
        if isinstance(parsed, str):
            return self._double(parsed)
        return np.ascontiguousarray(self._evaluated(parsed), dtype=np.float64)

    def truth(self, parsed: str | Formula) -> NDArray[np.bool_]:
        """Return where a column or a formula is true, bool[n]: not 0 and not NaN."""
        found = self.raw[parsed] if isinstance(parsed, str) else self._evaluated(parsed)
        if found.dtype == np.bool_:
            return found
        return np.asarray((found != 0) & (found == found))  # noqa: PLR0124 (NaN differs from itself)

    def _evaluated(self, formula: Formula) -> NDArray[Any]:
        found = formula.evaluate({name: _native(self.raw[name]) for name in formula.columns})
        return np.broadcast_to(found, (self.size,))

    def _double(self, name: str) -> NDArray[np.float64]:
        if name not in self._doubles:
            self._doubles[name] = np.ascontiguousarray(self.raw[name], dtype=np.float64)
        return self._doubles[name]


class _Lookup:
    """Values of a column -> numbers of classes."""

    def __init__(self, rule: Labels) -> None:
        self.column = rule.column
        self._rule = rule
        self._tables: dict[Any, tuple[NDArray[Any], NDArray[np.int32]]] = {}

    def find(self, labels: NDArray[Any]) -> NDArray[np.int32]:
        """Return the number of the class of each label; NaN is none."""
        kinds: dict[str, type[np.float64 | np.uint64 | np.int64]] = {"f": np.float64, "u": np.uint64}
        kind = kinds.get(labels.dtype.kind, np.int64)
        if kind not in self._tables:
            self._tables[kind] = self._table(kind)
        values, numbers = self._tables[kind]
        if not len(values):
            return np.full(len(labels), NO_CLASS, np.int32)
        given = np.ascontiguousarray(labels, dtype=kind)
        at = np.searchsorted(values, given)
        np.minimum(at, len(values) - 1, out=at)
        return np.where(values[at] == given, numbers[at], np.int32(NO_CLASS))

    def _table(self, kind: type[np.float64 | np.uint64 | np.int64]) -> tuple[NDArray[Any], NDArray[np.int32]]:
        """Return the values that a type can hold, ascending, and their classes: -1 is no value of unsigned columns."""
        pairs = sorted(pair for pair in zip(self._rule.values, self._rule.numbers, strict=True) if _fits(pair[0], kind))
        return np.array([value for value, _ in pairs], kind), np.array([number for _, number in pairs], np.int32)


def _fits(value: int, kind: type[np.float64 | np.uint64 | np.int64]) -> bool:
    if kind is np.float64:
        return int(float(value)) == value
    low, high = (0, 1 << 64) if kind is np.uint64 else (-(1 << 63), 1 << 63)
    return low <= value < high


def check_columns(what: str, wanted: Iterable[str], columns: Mapping[str, Column]) -> None:
    """Refuse columns that are not there or hold no numbers.

    Raises
    ------
    MissingColumnError
        With all that are not there.
    InputError
        For one that holds no numbers.
    """
    names = list(wanted)
    missing = [name for name in names if name not in columns]
    if missing:
        hints = ", ".join(f"'{name}'{did_you_mean(name, columns)}" for name in missing)
        raise MissingColumnError(f"{what} has no column {hints}")
    for name in names:
        if columns[name].dtype is None:
            raise InputError(f"{what}: column '{name}' is {columns[name].words}, where one number a row is needed")


def check_expression(what: str, text: str, columns: Mapping[str, Column]) -> None:
    """Refuse an expression that cannot be evaluated; ConfigError, without a place, or what `check_columns` raises."""
    parsed = parse(text, columns)
    check_columns(what, [parsed] if isinstance(parsed, str) else parsed.columns, columns)
    if not isinstance(parsed, str):
        _refuse_types(parsed, columns)


def parse(text: str, columns: Mapping[str, Column]) -> str | Formula:
    """Return a column by its name, whatever signs are in it, or a formula; ConfigError if it is none."""
    name = text.strip()
    if name in columns:
        return name
    try:
        return Formula(text)
    except FormulaError as error:
        raise ConfigError(str(error)) from error


def _refuse_types(formula: Formula, columns: Mapping[str, Column]) -> None:
    """Raise ConfigError where a formula cannot be evaluated for columns of these types, as the quotient of integers."""
    try:
        formula.evaluate({name: _native(np.empty(0, columns[name].dtype)) for name in formula.columns})
    except FormulaError as error:
        raise ConfigError(str(error)) from error


def _split(values: NDArray[Any], number: int, column: str, file: SourceFile) -> NDArray[np.bool_]:
    """Return which rows are of a split; InputError for values that no split has."""
    known = [values == one for one in range(len(SPLITS))]
    strange = ~(known[0] | known[1] | known[2])
    if strange.any():
        raise InputError(
            f"{file.path}: column '{column}' holds {values[strange][0]:g}; 0 is training, 1 validation, 2 test: nothing"
            " else is known (another column: 'split_column')"
        )
    return np.asarray(known[number])


def _count(unused: dict[str, int], reason: str, before: int, kept: NDArray[np.bool_]) -> int:
    """Note how many rows of ``before`` are lost where only ``kept`` are left; return how many are left."""
    left = int(np.count_nonzero(kept))
    if left < before:
        unused[reason] = before - left
    return left


def _native(values: NDArray[Any]) -> NDArray[Any]:
    """Return a column as C++ has it: in the order of bytes of this machine, and half precision as float."""
    if values.dtype == np.float16:
        return values.astype(np.float32)
    return np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("="))
