"""Systematic variations of a sample: columns that shift together, and the weights that are written for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rdfplugins.config.steps import VaryStep
from rdfplugins.errors import did_you_mean
from rdfplugins.nodes import base
from rdfplugins.select.steps import WORD, used_by, words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rdfplugins.config import Config, Step
    from rdfplugins.sample import Sample
    from rdfplugins.select.graph.expressions import Expressions, Path

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
        self._shifted: dict[str, dict[str, dict[str, str]]] = {}  # variation -> direction -> column -> shifted one

    def apply(self, df: Any, path: Path, step: VaryStep, name: str, *, has_weight: bool) -> Any:
        """Return ``df`` with the columns of a variation shifted; as it is for data.

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
        shifted: dict[str, dict[str, str]] = {direction: {} for direction in DIRECTIONS}
        for column in variation.columns:
            if not df.HasColumn(column):
                hint = did_you_mean(column, base.column_names(df))
                raise self._config.fault(f"variation '{name}': no column '{column}'{hint}", *path, "up", column)
            if self._sample.kind == "data":
                continue
            self._refuse_late(path, step, name, column, has_weight=has_weight)
            for direction, expressions in (("down", variation.down), ("up", variation.up)):
                new = f"rdfp_{name}_{direction}_{column}_"
                what, place = f"variation '{name}' of column '{column}'", (*path, direction, column)
                df = self._expressions.define(df, place, what, new, expressions[column])
                shifted[direction][column] = new
            pair = (shifted["down"][column], shifted["up"][column])
            df = self._expressions.vary(df, path, name, column, pair)
        if self._sample.kind != "data":
            self._shifted[name] = shifted
        return df

    def define_weights(self, df: Any) -> tuple[Any, list[str]]:
        """Define the weight under each variation of a name in it, as columns for the output; return their names, too.

        Samples that do not shift have the nominal weight there, so that all have the same columns.
        """
        weight = (self._config.select.weight or "").strip()
        stem = weight if weight.isidentifier() else "weight"
        made: list[str] = []
        for name, columns in self._of_config().items():
            if not words([weight]) & set(columns):
                continue
            if stem != weight and not df.HasColumn(stem):  # what the shifted ones are compared with
                df = self._expressions.define(df, ("select", "weight"), f"weight '{stem}'", stem, f"double({weight})")
                made.append(stem)
            for direction in DIRECTIONS:
                new = f"{stem}_{name}_{direction}"
                if df.HasColumn(new):
                    message = f"variation '{name}' writes the shifted weight as '{new}', a column that is there already"
                    raise self._config.fault(message, "select", "weight")
                replaced = self._shifted.get(name, {}).get(direction, {})
                code = WORD.sub(lambda found, new=replaced: new.get(found[0], found[0]), weight)  # type: ignore[misc]
                df = self._expressions.define(df, ("select", "weight"), f"weight '{new}'", new, f"double({code})")
                made.append(new)
        return df, made

    def _of_config(self) -> dict[str, list[str]]:
        """Return name -> columns of all variations of the config, of whichever samples."""
        steps = [step for step in self._config.select.steps if isinstance(step, VaryStep)]
        return {name: variation.columns for step in steps for name, variation in step.vary.items()}

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
            if users[0][:2] == ("input", "aliases"):
                alias = users[0][2]
                raise self._config.fault(
                    f"variation '{name}': the alias '{alias}' at {file}:{line} is made of column '{column}' and would"
                    f" not shift; vary '{alias}', or define it in a step behind 'vary'",
                    *(*path, "up", column),
                )
            raise self._config.fault(
                f"variation '{name}': column '{column}' is used before, at {file}:{line}, which would not shift; put"
                " 'vary' in front of it",
                *(*path, "up", column),
            )
