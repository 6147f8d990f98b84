"""Systematic variations of a sample: columns that shift together, and the weights that are written for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rdfplugins.config.steps import VaryStep
from rdfplugins.errors import did_you_mean
from rdfplugins.nodes import base
from rdfplugins.select.steps import used_by, words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rdfplugins.config import Config, Step
    from rdfplugins.sample import Sample
    from rdfplugins.select.expressions import Expressions, Path

DIRECTIONS = ("down", "up")


def labels(sample: Sample, steps: Sequence[tuple[int, Step]]) -> list[str]:
    """Return the labels of the variations of a sample, ``<name>_down`` and ``<name>_up``; none for data."""
    names = [name for _, step in steps if isinstance(step, VaryStep) for name in step.vary]
    return [] if sample.kind == "data" else [f"{name}_{direction}" for name in names for direction in DIRECTIONS]


class Shifts:
    """Applies the ``vary`` steps of a sample.

    Parameters
    ----------
    steps
        Those of the sample, with their numbers in the config.
    """

    def __init__(
        self, config: Config, sample: Sample, steps: Sequence[tuple[int, Step]], expressions: Expressions
    ) -> None:
        self._config = config
        self._sample = sample
        self._steps = steps
        self._expressions = expressions

    def apply(self, df: Any, path: Path, step: VaryStep, name: str, *, has_weight: bool) -> tuple[Any, dict[str, str]]:
        """Return ``df`` with the columns of a variation shifted, and shifted weight -> weight for the output.

        Parameters
        ----------
        path
            Of the variation in the config.
        has_weight
            Whether the weight of an event has been taken, and would not shift any more.

        Raises
        ------
        ConfigError
            For a column that is not there, or that something before this step has used.
        CppError
            For an expression that does not compile, or is of another type than its column.
        """
        variation = step.vary[name]
        written: dict[str, str] = {}
        for column in variation.columns:
            if not df.HasColumn(column):
                hint = did_you_mean(column, base.column_names(df))
                raise self._config.fault(f"variation '{name}': no column '{column}'{hint}", *path, "up", column)
            if self._sample.kind != "data":
                self._refuse_late(path, step, name, column, has_weight=has_weight)
            is_weight = column == (self._config.select.weight or "").strip()
            of_sample = {"down": variation.down, "up": variation.up}
            shifted = {}
            for direction in DIRECTIONS:
                new = f"{column}_{name}_{direction}" if is_weight else f"rdfp_{name}_{direction}_{column}_"
                shifted[direction] = new
                if is_weight:
                    written[new] = column
                if self._sample.kind != "data":
                    what, place = f"variation '{name}' of column '{column}'", (*path, direction, column)
                    df = self._expressions.define(df, place, what, new, of_sample[direction][column])
                elif is_weight:  # all samples have the same columns
                    df = df.Define(new, f"double({column})")
            if self._sample.kind != "data":
                df = self._expressions.vary(df, path, name, column, (shifted["down"], shifted["up"]))
        return df, written

    def _refuse_late(self, path: Path, late: VaryStep, name: str, column: str, *, has_weight: bool) -> None:
        """Refuse a variation of what has been used already: what was made of it would not shift."""
        aliases = [alias for alias, expression in self._config.input.aliases.items() if column in words([expression])]
        users: list[Path] = [("input", "aliases", alias) for alias in aliases if alias != column]
        for index, step in self._steps:
            used = set() if isinstance(step, VaryStep) else used_by(step, self._sample, self._config.input.units)
            if index < late.index and column in used:
                users.append(("select", "steps", index))
        if has_weight and column in words([self._config.select.weight or ""]):
            users.append(("select", "weight"))
        if users:
            file, line = self._config.position(*users[0])
            raise self._config.fault(
                f"variation '{name}': column '{column}' is used before, at {file}:{line}, which would not shift; put"
                " 'vary' in front of it",
                *(*path, "up", column),
            )
