"""Columns by name -> the inputs of a model in their order, so that no order of a data frame can be a wrong one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from rdfplugins.errors import ModelError, did_you_mean
from rdfplugins.formula_tree import FormulaError, TreeFormula

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rdfplugins.inference.description import Description
    from rdfplugins.inference.tmva.variable import Variable


_ELEMENT: Final = re.compile(r"(.+)\[(\d+)\]")


def has_names(x: Any) -> bool:
    """Return whether something holds columns by name: a mapping, a data frame, a record or structured array."""
    return _names(x) is not None


def _names(x: Any) -> list[str] | None:
    if isinstance(x, np.ndarray):
        return None if x.dtype.names is None else list(x.dtype.names)
    if callable(getattr(x, "keys", None)):
        return [str(name) for name in x.keys()]  # noqa: SIM118 (a data frame of pandas iterates over its columns, too)
    found = getattr(x, "columns", None) or getattr(x, "fields", None)  # of polars, of awkward
    return [str(name) for name in found] if isinstance(found, list) and found else None


def by_name(description: Description, x: Any) -> NDArray[np.float64]:
    """Return the inputs of a model [n, k] from columns by name.

    An input is the column of its name; one of TMVA is else its formula over columns, or the column of its label.

    Raises
    ------
    ModelError
        For a column that is not there, holds no numbers, or has another length.
    """
    columns = _Columns(description, x)
    found: list[NDArray[Any]] = []
    for number, name in enumerate(description.inputs):
        if name in columns.names:
            found.append(columns[name])
        elif description.variables:
            found.append(_of_variable(description, description.variables[number], columns))
        else:
            raise columns.missing(name)
    if columns.length is None:  # formulas of numbers alone
        columns.length = len(np.asarray(x[next(iter(columns.names))])) if columns.names else 0
    return np.stack([np.broadcast_to(values, columns.length).astype(np.float64) for values in found], axis=1)


def without_mask(values: Any) -> NDArray[Any]:
    """Return an array, with NaN where it is masked."""
    if isinstance(values, np.ma.MaskedArray) and values.dtype.kind in "fiub":
        return np.ma.filled(values.astype(np.float64), np.nan)
    return np.asarray(values)


class _Columns:
    """Columns by name, each of one number an event, and all as long as the first that is read."""

    def __init__(self, description: Description, x: Any) -> None:
        self._model, self._x = description.name, x
        self.names = dict.fromkeys(_names(x) or [])
        self.length: int | None = None
        self._first: str | None = None

    def __contains__(self, name: str) -> bool:
        return name in self.names or self._array(name) is not None

    def _array(self, name: str) -> tuple[str, int] | None:
        """Return the column that an element is of, and its index; None where it is none, or there is no such column."""
        element = _ELEMENT.fullmatch(name)
        return (element[1], int(element[2])) if element is not None and element[1] in self.names else None

    def _values(self, name: str) -> NDArray[Any]:
        array = self._array(name)
        if name in self.names or array is None:
            return without_mask(self._x[name])
        rows, index = self._x[array[0]], array[1]
        if isinstance(rows, np.ndarray) and rows.ndim == 2 and rows.shape[1] > index:  # noqa: PLR2004 (events, elements)
            return without_mask(rows[:, index])
        # as in the graph: no such element, no number
        return np.array([row[index] if len(row) > index else np.nan for row in rows], np.float64)

    def __getitem__(self, name: str) -> NDArray[Any]:
        try:
            values = self._values(name)
        except (TypeError, ValueError) as error:
            raise ModelError(f"model {self._model}: the column of '{name}' holds no arrays of numbers") from error
        if values.ndim != 1 or values.dtype.kind not in "fiub":
            raise ModelError(f"model {self._model}: the column '{name}' is not one number an event")
        if self._first is None:
            self._first, self.length = name, len(values)
        if len(values) != self.length:
            raise ModelError(
                f"model {self._model}: the column '{name}' has {len(values)} events, and '{self._first}' {self.length}"
            )
        return values

    def missing(self, name: str, why: str = "") -> ModelError:
        """Return the error for a column that is not there."""
        return ModelError(f"model {self._model}: there is no column '{name}'{why}{did_you_mean(name, self.names)}")


def _of_variable(description: Description, variable: Variable, columns: _Columns) -> NDArray[Any]:
    """Return what the formula of a variable of TMVA is; where its columns are not there, the column of its label."""
    name, label = variable.expression, variable.label
    try:
        formula = TreeFormula(name)
        lacking = [column for column in formula.columns if column not in columns]
        if lacking and label in columns.names:
            return columns[label]
        if lacking:
            raise columns.missing(lacking[0], "" if lacking[0] == name else f", which '{name}' reads")
        if clash := formula.constants & columns.names.keys():
            raise columns.missing(name, f", and '{min(clash)}' in it is a number, while there is a column of this name")
        return formula.evaluate({column: columns[column] for column in formula.columns})
    except FormulaError as error:
        if label in columns.names:
            return columns[label]
        raise ModelError(
            f"model {description.name}: there is no column '{name}', and as a formula it is not known here: {error}"
        ) from error
