"""Objects of many events in flat arrays: each object knows its event; cut, merge and sort without loops."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rdfplugins.simulate.trees import Column

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Objects:
    """Objects of one kind, e.g. the jets of a block of events.

    Attributes
    ----------
    event
        Index of the event of each object in its block, int64[objects].
    fields
        Named properties, one value for each object.
    """

    event: Array
    fields: dict[str, Array]

    def __len__(self) -> int:
        return len(self.event)

    def __getitem__(self, field: str) -> Array:
        return self.fields[field]

    def where(self, keep: Array) -> Objects:
        """Return the objects for which ``keep`` (a mask or an array of positions) says so."""
        return Objects(self.event[keep], {name: values[keep] for name, values in self.fields.items()})

    def having(self, **fields: Array) -> Objects:
        """Return the same objects with more, or other, properties."""
        return Objects(self.event, {**self.fields, **fields})

    def of(self, kept: Array) -> Objects:
        """Return the objects of the events in the mask ``kept``, bool[events]."""
        return self if kept.all() else self.where(kept[self.event])

    def count(self, events: int, keep: Array | None = None) -> Array:
        """Return the number of objects of each event, of those in the mask ``keep``; int64[events]."""
        return np.bincount(self.event if keep is None else self.event[keep], minlength=events)

    def total(self, events: int, values: Array) -> Array:
        """Return the sum over the objects of each event, float64[events]."""
        return np.bincount(self.event, weights=values, minlength=events)


def merge(parts: Sequence[Objects]) -> Objects:
    """Return all objects of ``parts``, which have the same properties, in no particular order of events."""
    names = parts[0].fields
    return Objects(
        np.concatenate([part.event for part in parts]),
        {name: np.concatenate([part.fields[name] for part in parts]) for name in names},
    )


def sort(objects: Objects, key: Array) -> Objects:
    """Return the objects event by event, within an event by falling ``key``, those of equal keys in their order."""
    return objects.where(order_of(objects.event, -key))


def order_of(event: Array, key: Array) -> Array:
    """Return the positions that sort by event, then by rising ``key`` (numbers), as ``np.lexsort((key, event))``.

    Parameters
    ----------
    event, key
        Non-negative whole numbers and numbers without NaN, one each for every object.
    """
    # numpy's fastest sort does not keep the order of equal keys, which are hardly ever there
    by_key = np.argsort(key)
    ordered = key[by_key]
    if np.any(ordered[1:] == ordered[:-1]):
        by_key = np.argsort(key, kind="stable")
    return np.asarray(by_key[by_event(event[by_key])])


def by_event(event: Array) -> Array:
    """Return the positions that sort by event (non-negative whole numbers) and keep the order within one."""
    # numbers of 16 bits are sorted by counting, in one pass
    return np.argsort(event.astype(np.min_scalar_type(event.max(initial=0))), kind="stable")


def offsets_of(objects: Objects, events: int) -> NDArray[np.int64]:
    """Return int64[events + 1]: where the objects of each event begin, once sorted by event."""
    offsets = np.zeros(events + 1, dtype=np.int64)
    np.cumsum(objects.count(events), out=offsets[1:])
    return offsets


def columns(prefix: str, objects: Objects, events: int) -> dict[str, Column]:
    """Return the branches ``<prefix>_n`` and ``<prefix>_<field>`` of objects that are sorted by event."""
    offsets = offsets_of(objects, events)
    made = {f"{prefix}_{name}": Column(values, offsets) for name, values in objects.fields.items()}
    return {f"{prefix}_n": Column(np.diff(offsets).astype(np.uint32)), **made}


def join(pieces: Sequence[Column]) -> Column:
    """Return the column of the events of all pieces, in their order."""
    if len(pieces) == 1:
        return pieces[0]
    values = np.concatenate([piece.values for piece in pieces])
    if pieces[0].offsets is None:
        return Column(values)
    lengths = [np.diff(piece.offsets) for piece in pieces if piece.offsets is not None]
    return Column(values, np.concatenate([[0], np.cumsum(np.concatenate(lengths))]).astype(np.int64))
