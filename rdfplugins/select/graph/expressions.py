"""C++ expressions of a config: compiled at their own line, and what the compiler says put into the user's words."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

from rdfplugins import cpp, indexing
from rdfplugins.config.steps import DefineStep
from rdfplugins.errors import CppError, did_you_mean
from rdfplugins.nodes import base
from rdfplugins.select.steps import makes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rdfplugins.config import Config, Step
    from rdfplugins.sample import Sample
    from rdfplugins.select.faults import Faults

_VECTOR = re.compile(r"(ROOT::)?(VecOps::)?RVec<|(std::)?vector<")
_UNDECLARED = re.compile(r"undeclared identifier '(\w+)'")

Path = tuple[str | int, ...]


class Expressions:
    """Compiles the expressions that a sample goes through.

    Parameters
    ----------
    steps
        Those of the sample, with their numbers in the config.
    """

    def __init__(self, config: Config, sample: Sample, steps: Sequence[tuple[int, Step]]) -> None:
        self._config = config
        self._sample = sample
        self._steps = steps

    def define_aliases(self, df: Any, faults: Faults) -> Any:
        """Return ``df`` with all aliases of the config, over the branches of the files: none of them sees another."""
        made = {}
        for number, (name, expression) in enumerate(self._config.input.aliases.items()):
            column = f"rdfp_alias_{number}_"
            with faults.noted(name):
                df = self.define(df, ("input", "aliases", name), f"alias '{name}'", column, expression)
                made[name] = column
        for name, column in made.items():
            define = df.Redefine if df.HasColumn(name) else df.Define
            df = define(name, column)
        return df

    def define(self, df: Any, path: Path, what: str, column: str, expression: str) -> Any:
        """Return ``df`` with a new column.

        Raises
        ------
        CppError
            At the line of ``path`` if the expression does not compile; ``what`` names it in the message.
        """
        return self._compiled(df, path, what, expression, lambda code: df.Define(column, cpp.valued(code)))

    def filter(self, df: Any, path: Path, what: str, name: str, expression: str) -> Any:
        """Return the events for which the expression is true, behind a filter of this name; CppError as `define`."""
        try:
            return self._compiled(df, path, what, expression, lambda code: df.Filter(code, name))
        except CppError as error:
            if "does not evaluate to bool" not in error.message:
                raise
            raise self.not_true_or_false(path, what, expression) from error

    def condition(self, df: Any, path: Path, what: str, column: str, expression: str) -> Any:
        """Return ``df`` with a new column of type bool; CppError as `define`."""
        df = self.define(df, path, what, column, expression)
        if str(df.GetColumnType(column)) not in {"bool", "Bool_t"}:
            raise self.not_true_or_false(path, what, expression)
        return df

    def not_true_or_false(self, path: Path, what: str, expression: str) -> CppError:
        """Return the error of an expression that is no condition."""
        file, line = self._config.source.position(path)
        remedy = "of a vector take Any(...) or All(...)"
        if re.search(r"\breturn\b", expression):
            remedy = (
                "code that holds 'return' is taken as statements: let it begin or end with the 'return' of the result"
            )
        message = f"{what}: '{expression}' is not true or false for an event; {remedy}"
        return CppError(message, file=file, line=line)

    def vary(self, df: Any, path: Path, name: str, column: str, shifted: tuple[str, str]) -> Any:
        """Return ``df`` with a column that shifts under the variation ``name``; CppError as `define`.

        Parameters
        ----------
        shifted
            Columns that hold its values when it is shifted down and up.
        """
        kind = str(df.GetColumnType(column))
        code = f"rdfp::variations::shifted<{kind}>({', '.join(shifted)})"
        what = f"variation '{name}' of column '{column}'"
        make = partial(df.Vary, column, variationTags=["down", "up"], variationName=name)
        return self._compiled(df, (*path, "up", column), what, code, make)

    def _compiled(self, df: Any, path: Path, what: str, expression: str, make: Callable[[str], Any]) -> Any:
        file, line = self._config.source.position(path)
        guarded = indexing.checked(expression, partial(_is_collection, df), f"{what}, {file}:{line}")
        if guarded != expression:
            cpp.include("rdfplugins/element.h")
        try:
            with cpp.compiling(what, file=file, line=line, code=expression):
                return make(cpp.at_line(guarded, file, line))
        except CppError as error:
            raise self.explained(df, error, path, what) from error

    def explained(self, df: Any, error: CppError, path: Sequence[str | int], what: str) -> CppError:
        """Say of an unknown name whether a later step makes it, or which column is near."""
        file, line = (error.file, error.line) if error.file else self._config.source.position(tuple(path))
        found = _UNDECLARED.search(error.message)
        if found is None:
            return CppError(error.message, file=file, line=line)
        name = found[1]
        later = [
            index
            for index, step in self._steps
            if index > _step_of(path) and name in makes(step, self._sample, self._config.input.units)
        ]
        if later:
            step = next(step for index, step in self._steps if index == later[0])
            inner = ("define", name) if isinstance(step, DefineStep) else ("node",)
            _, there = self._config.source.position(("select", "steps", later[0], *inner))
            return CppError(f"{what} uses column '{name}' before line {there} makes it", file=file, line=line)
        hint = did_you_mean(name, base.column_names(df))
        return CppError(f"{what} uses '{name}', which is no column and no C++ name{hint}", file=file, line=line)


def _is_collection(df: Any, name: str) -> bool:
    return bool(df.HasColumn(name)) and bool(_VECTOR.match(str(df.GetColumnType(name))))


def _step_of(path: Sequence[str | int]) -> int:
    return int(path[2]) if len(path) > 2 and path[1] == "steps" else -1  # noqa: PLR2004 (select, steps, index)
