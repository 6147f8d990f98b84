"""Columns by name -> the inputs of a model in their order, so that no order of a data frame can be a wrong one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rdfplugins.errors import ModelError, did_you_mean
from rdfplugins.formula_tree import FormulaError, TreeFormula

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

    from rdfplugins.inference.description import Description


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

    An input is the column of its name; one of TMVA is else that of its label, or its formula over columns.

    Raises
    ------
    ModelError
        For a column that is not there, holds no numbers, or has another length.
    """
    names = _names(x) or []
    labels = {variable.expression: variable.label for variable in description.variables}
    found: list[NDArray[Any]] = []
    for name in description.inputs:
        source = next((one for one in (name, labels.get(name, name)) if one in names), None)
        values = np.asarray(x[source]) if source is not None else _computed(description, name, x, names)
        if values.ndim != 1 or values.dtype.kind not in "fiub":
            raise ModelError(f"model {description.name}: the column '{source or name}' is not one number an event")
        found.append(values)
    lengths = sorted({len(values) for values in found})
    if len(lengths) > 1:
        raise ModelError(f"model {description.name}: its columns have {' and '.join(map(str, lengths))} events")
    return np.stack([values.astype(np.float64) for values in found], axis=1)


def _computed(description: Description, name: str, x: Any, names: Collection[str]) -> NDArray[Any]:
    """Return what the formula of an input is; only TMVA has such inputs."""
    if not description.variables:
        raise _missing(description, name, names)
    try:
        formula = TreeFormula(name)
        for column in formula.columns:
            if column not in names:
                raise _missing(description, column, names, "" if column == name else f", which '{name}' reads")
        return formula.evaluate({column: np.asarray(x[column]) for column in formula.columns})
    except FormulaError as error:
        raise ModelError(
            f"model {description.name}: there is no column '{name}', and as a formula it is not known here: {error}"
        ) from error


def _missing(description: Description, column: str, names: Collection[str], why: str = "") -> ModelError:
    return ModelError(f"model {description.name}: there is no column '{column}'{why}{did_you_mean(column, names)}")
