"""Resampling of arrays in memory, for those who have them: the same as the stage does of files."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from rdfplugins.resample.choose import ROWS, Choice
from rdfplugins.resample.index import Rows, joined
from rdfplugins.resample.scratch import opened, refuse_twice

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from rdfplugins.config.resample import ResampleConfig
    from rdfplugins.resample.methods import Plan
    from rdfplugins.resample.tally import Tally


@dataclasses.dataclass(frozen=True, eq=False)
class ArraySample:
    """A sample in memory.

    Attributes
    ----------
    name, category
        Its name, and the number of its category.
    key
        Identities of the rows, uint64[n], all different.
    class_id
        int32[n]; negative: of no class.
    values
        Name of a sampling variable (or of ``allocation_variable``) -> float64[n].
    """

    name: str
    category: int
    key: NDArray[np.uint64]
    class_id: NDArray[np.int32]
    values: Mapping[str, NDArray[np.float64]]

    def pieces(self, rows: int) -> Iterator[ArraySample]:
        """Yield it in pieces."""
        for start in range(0, len(self.key), rows):
            part = slice(start, start + rows)
            values = {name: one[part] for name, one in self.values.items()}
            yield ArraySample(self.name, self.category, self.key[part], self.class_id[part], values)


@dataclasses.dataclass(frozen=True, eq=False)
class Chosen:
    """What `resample_arrays` returns: rows of each sample, and counts."""

    rows: dict[str, Rows]
    tally: Tally


def resample_arrays(
    spec: ResampleConfig,
    classes: Sequence[str],
    categories: Sequence[str],
    samples: Sequence[ArraySample],
    chunk: int = ROWS,
) -> Chosen:
    """Choose rows of arrays, as the stage does of files.

    Parameters
    ----------
    spec
        The section ``resample``; what it says of files is not looked at.
    classes, categories
        Names; their order gives the numbers in ``samples``.
    chunk
        Rows at once; the result does not depend on it.

    Raises
    ------
    ConfigError
        If the options do not fit the rows.
    InputError
        For rows with the same key.
    """
    choice = Choice(spec, tuple(classes), tuple(categories))
    with opened([one.name for one in samples], [one.category for one in samples], None, choice.extra_columns) as rooms:
        for scratch, sample in zip(rooms, samples, strict=True):
            choice.fill(scratch, sample.pieces(chunk))
        refuse_twice(rooms)
        plan = choice.plan(rooms)
        draws = choice.draw(plan, rooms)
        counts = choice.counts()
        rows = {scratch.name: joined([_no_rows(plan), *choice.rows(draws, scratch, counts)]) for scratch in rooms}
    return Chosen(rows, choice.tally(plan, counts))


def _no_rows(plan: Plan) -> Rows:
    none = np.empty(0, np.int32)
    subsets = np.empty(0, np.uint64) if plan.subsets else None
    return Rows(np.empty(0, np.uint64), np.empty(0, np.uint64), none, none, np.empty(0), subsets)
