"""Columns of events that are written by hand, for tests and examples."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from rdfplugins.errors import did_you_mean
from rdfplugins.simulate.trees import Column

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from rdfplugins.simulate.trees import Branch


def columns_from_events(events: Sequence[Mapping[str, Any]], schema: Mapping[str, Branch]) -> dict[str, Column]:
    """Return the columns of hand-written events.

    Parameters
    ----------
    events
        One mapping an event: a number for a scalar branch, a list of numbers for a vector. A branch that an event
        does not name is 0, false or empty in it, counters too.
    schema
        Names and types of the branches, in order.

    Raises
    ------
    ValueError
        A name outside the schema, or a value that its type cannot hold.

    Examples
    --------
    >>> from rdfplugins.simulate.trees import Branch
    >>> schema = {"photon_n": Branch("uint32"), "photon_pt": Branch("float32", vector=True)}
    >>> columns = columns_from_events([{"photon_n": 2, "photon_pt": [61e3, 44e3]}, {}], schema)
    >>> columns["photon_n"].values.tolist(), columns["photon_pt"].offsets.tolist()
    ([2, 0], [0, 2, 2])
    """
    for number, event in enumerate(events):
        for name in event:
            if name not in schema:
                raise ValueError(f"event {number} has '{name}', which is no branch{did_you_mean(name, schema)}")
    return {name: _column_of(name, branch, [event.get(name) for event in events]) for name, branch in schema.items()}


def _column_of(name: str, branch: Branch, values: Sequence[Any]) -> Column:
    dtype = np.dtype(branch.dtype)
    try:
        if not branch.vector:
            return Column(_typed([dtype.type(0).item() if value is None else value for value in values], dtype))
        vectors = [[] if value is None else list(value) for value in values]
        offsets = np.zeros(len(vectors) + 1, dtype=np.int64)
        np.cumsum([len(vector) for vector in vectors], out=offsets[1:])
        return Column(_typed([element for vector in vectors for element in vector], dtype), offsets)
    except (TypeError, ValueError, ArithmeticError) as error:
        raise ValueError(f"branch '{name}' ({branch.leaf}): {error}") from error


def _typed(values: list[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return Python numbers as an array of this type; none may be rounded to a whole number or cut off."""
    if not values:
        return np.empty(0, dtype=dtype)
    if dtype.kind == "f":
        found = np.array(values)
        if found.ndim != 1 or found.dtype.kind not in "biuf":
            raise TypeError("not a number")
        with np.errstate(over="raise"):
            return found.astype(dtype)
    whole = [int(value) if isinstance(value, np.bool_) else operator.index(value) for value in values]
    low, high = (0, 1) if dtype.kind == "b" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    if min(whole) < low or max(whole) > high:
        raise ValueError(f"{min(whole)} to {max(whole)} exceeds {low} to {high}")
    return np.array(whole, dtype=dtype)
