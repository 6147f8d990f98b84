"""The graph of one sample: aliases, keys and steps on a data frame; cutflow and histograms booked on the way."""

from __future__ import annotations

import dataclasses
import fnmatch
import re
from functools import partial
from typing import TYPE_CHECKING, Any

from rdfplugins import cpp
from rdfplugins.config.steps import DefineStep, FilterStep, NodeStep
from rdfplugins.cutflow import ALL, Cutflow
from rdfplugins.errors import ConfigError, CppError, MissingColumnError, did_you_mean
from rdfplugins.nodes import base
from rdfplugins.select import keys
from rdfplugins.select.cutflow import BookedCuts
from rdfplugins.select.steps import makes, node_arguments, parameter_path

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rdfplugins.config import Config
    from rdfplugins.sample import Sample
    from rdfplugins.select.inputs import Inputs

OWN_COLUMNS = ("event_key", "split", "fold", "label_id")
WEIGHT = "rdfp_weight_"
_ZERO = "rdfp_zero_"
_ONE = "rdfp_one_"
_BAD = "rdfp_bad_weight_"
_UNDECLARED = re.compile(r"undeclared identifier '(\w+)'")


@dataclasses.dataclass
class _Point:
    """A place in the graph after a cut: the events that passed it, until the next cut takes some away."""

    cut: str
    df: Any
    condition: str | None = None


class Graph:
    """Books everything that one event loop of a sample makes.

    Parameters
    ----------
    df
        The data frame of the sample's input.
    config, sample_name, sample, label_id
        The config and what it says of this sample, normalisation resolved.

    Raises
    ------
    ConfigError, CppError, MissingColumnError
        At the line of the config that is at fault.
    """

    def __init__(
        self, df: Any, *, config: Config, sample_name: str, sample: Sample, label_id: int, inputs: Inputs
    ) -> None:
        self._config = config
        self._name = sample_name
        self._sample = sample
        self._inputs = inputs
        self._steps = [
            (index, step) for index, step in enumerate(config.select.steps) if step.applies_to(sample_name, sample.kind)
        ]
        self._columns: list[str] = []
        self._cuts: list[BookedCuts] = []
        self._points: list[_Point] = []
        self._names: dict[str, int] = {}
        self._all: Any = None
        self.left_out: list[str] = []
        self.unit_of: dict[str, str] = {}
        cpp.include("rdfplugins/hash.h")
        cpp.include("rdfplugins/runtime.h")
        self._include_user_headers()
        self.df = base.as_rnode(df)
        self._define_aliases()
        self._define_own(label_id)
        self.keyed = self.df
        for index, step in self._steps:
            self._apply(index, step)
        self._book_weight()
        self._points[-1].df = self.df
        self.columns = self._output_columns()
        self._store_bool_vectors()
        self.histograms = {name: self._histogram(name) for name in config.select.histograms}

    # -- steps

    def _apply(self, index: int, step: NodeStep | FilterStep | DefineStep) -> None:
        path = ("select", "steps", index)
        if isinstance(step, NodeStep):
            self._apply_node(path, step)
        elif isinstance(step, FilterStep):
            for name, expression in step.filter.items():
                self._filter((*path, "filter", name), name, expression)
        else:
            for name, expression in step.define.items():
                self._define((*path, "define", name), name, expression)

    def _apply_node(self, path: tuple[str | int, ...], step: NodeStep) -> None:
        try:
            node = base.find(step.node)
            arguments = node_arguments(node, step, self._sample, self._config.input.units)
            checked = node.check(arguments)
            result = node.apply(self.df, arguments)
            filters = [] if isinstance(result, base.Cuts) else _new_filters(self.df, result)
            if filters:  # all events, and the previous cut, are counted before it
                self._book_weight()
                result = node.apply(self.df, arguments)
        except MissingColumnError as error:
            raise MissingColumnError(str(self._fault(f"{error}; sample '{self._name}'", *path))) from error
        except CppError as error:
            raise self._explained(error, path, step.node) from error
        except ConfigError as error:
            where = parameter_path(path, step, error.message)
            raise self._fault(error.message, *where) from error
        if isinstance(result, base.Cuts):
            self._book_node_cuts(path, result)
        elif filters:
            self._book_node_filter(path, filters[0] if len(filters) == 1 and filters[0] else step.node, result)
        else:
            self.df = base.as_rnode(result)
        self.unit_of.update(node.column_units(checked))
        for column in (*node.keeps(checked), *node.makes(checked)):
            if self.df.HasColumn(column):
                self._columns.append(column)
            else:
                self.left_out.append(column)

    def _book_node_cuts(self, path: tuple[str | int, ...], cuts: base.Cuts) -> None:
        self.df = base.as_rnode(cuts.df)
        self._book_weight()
        self._points[-1].df = before = self.df
        for name in cuts.names:
            self._claim(name, path)
        self._cuts.append(self._count(before, cuts.column, cuts.names, len(cuts.names) + 1))
        for number, name in enumerate(cuts.names, start=1):
            self._points.append(_Point(name, before, f"{cuts.column} >= {number}"))
        self.df = base.as_rnode(dataclasses.replace(cuts, df=before).kept())
        self._points[-1] = _Point(self._points[-1].cut, self.df)

    def _book_node_filter(self, path: tuple[str | int, ...], name: str, df: Any) -> None:
        """Count a node that filters by itself as one cut."""
        self._claim(name, path)
        self._points[-1].df = self.df
        self.df = base.as_rnode(df)
        self._cuts.append(self._count(self.df, _ZERO, (name,), 1))
        self._points.append(_Point(name, self.df))

    def _filter(self, path: tuple[str | int, ...], name: str, expression: str) -> None:
        self._book_weight()
        self._claim(name, path)
        self._points[-1].df = self.df
        self.df = self._compiled(
            path, f"cut '{name}'", expression, lambda code: self.df.Filter(code, name), is_cut=True
        )
        self._cuts.append(self._count(self.df, _ZERO, (name,), 1))
        self._points.append(_Point(name, self.df))

    def _define(self, path: tuple[str | int, ...], name: str, expression: str) -> None:
        if self.df.HasColumn(name):
            raise self._fault(
                f"column '{name}' is there already; choose another name, or put it in input.aliases", *path
            )
        self.df = self._compiled(path, f"column '{name}'", expression, lambda code: self.df.Define(name, code))
        self._columns.append(name)

    # -- what stands before the steps

    def _include_user_headers(self) -> None:
        for number, header in enumerate(self._config.select.include):
            file, line = self._config.source.position(("select", "include", number))
            cpp.include_user_header(self._config.folder / header, file=file, line=line)

    def _define_aliases(self) -> None:
        """Define all aliases over the branches of the files: none of them sees another."""
        aliases = self._config.input.aliases
        for number, (name, expression) in enumerate(aliases.items()):
            make = partial(self.df.Define, f"rdfp_alias_{number}_")
            self.df = self._compiled(("input", "aliases", name), f"alias '{name}'", expression, make)
        for number, name in enumerate(aliases):
            define = self.df.Redefine if self.df.HasColumn(name) else self.df.Define
            self.df = define(name, f"rdfp_alias_{number}_")

    def _define_own(self, label_id: int) -> None:
        taken = [name for name in OWN_COLUMNS if self.df.HasColumn(name)]
        if taken:
            raise self._fault(f"the input has a column '{taken[0]}', a name that the output needs", "input", "tree")
        try:
            self.df = keys.define_event_key(self.df, self._name, self._config.input.key, self._inputs)
        except ConfigError as error:
            raise self._fault(error.message, "input", "key") from error
        self._own = ["event_key"]
        if self._config.select.split is not None:
            self.df, names = keys.define_split(self.df, self._config.select.split)
            self._own += names
        self.df = self.df.Define("label_id", str(label_id)).Define(_ZERO, "0").Define(_ONE, "1.0")
        self._own.append("label_id")

    def _book_weight(self) -> None:
        """Define the weight and count all events, before the first cut or, without cuts, at the end."""
        if self._points:
            return
        expression = self._config.select.weight
        if expression is None:
            self.df = self.df.Define(WEIGHT, "1.0")
        else:
            raw = expression.strip()
            if not self.df.HasColumn(raw):
                raw = "rdfp_raw_weight_"
                path = ("select", "weight")
                self.df = self._compiled(path, "weight", expression, lambda code: self.df.Define(raw, code))
            self.df = self._compiled(
                ("select", "weight"),
                "weight",
                f"std::isfinite(double({raw})) ? 0 : 1",
                lambda code: self.df.Define(_BAD, code),
            )
            self.df = self.df.Define(WEIGHT, f"{_BAD} ? 0.0 : double({raw})")
        # NaN and infinite weights are left out of the sums, but counted
        self._all = self._count(self.df, _BAD if expression else _ZERO, (ALL,), 2)
        self._points.append(_Point(ALL, self.df))
        self._names[ALL] = 0

    # -- bookings

    def _count(self, df: Any, column: str, names: tuple[str, ...], bins: int) -> BookedCuts:
        """Book how many cuts were passed, counted and weighted; all of double, so that ROOT compiles one action."""
        book = cpp.load_root().rdfp.runtime.histogram
        label = names[0] if names else column
        passed = f"rdfp_passed_{len(self._cuts)}_"
        node = base.as_rnode(df.Define(passed, f"double({column})"))
        raw = book(node, f"raw_{label}", "", bins, -0.5, bins - 0.5, passed, _ONE)
        weighted = book(node, f"weighted_{label}", "", bins, -0.5, bins - 0.5, passed, WEIGHT)
        return BookedCuts(names, raw, weighted)

    def cutflow(self) -> Cutflow:
        """Return the cutflow; to be called after the event loop."""
        cuts = [self._all.read_total(), *(cut for booked in self._cuts for cut in booked.read())]
        bad = round(self._all.raw.GetBinContent(2))
        weighted = self._config.select.weight is not None
        return Cutflow(self._name, self._sample.kind, tuple(cuts), bad, weighted)

    def _histogram(self, name: str) -> Any:
        spec = self._config.select.histograms[name]
        path = ("select", "histograms", name)
        point = self._points[-1]
        if spec.after is not None:
            found = [point for point in self._points if point.cut == spec.after]
            if not found:
                cuts = [point.cut for point in self._points]
                raise self._fault(f"no cut '{spec.after}'{did_you_mean(spec.after, cuts)}", *path, "after")
            point = found[0]
        df = point.df if point.condition is None else point.df.Filter(point.condition)
        if not df.HasColumn(spec.column):
            have = base.column_names(df)
            raise self._fault(
                f"histogram '{name}': no column '{spec.column}' after cut '{point.cut}'{self._hint(spec.column, have)}",
                *path,
                "column",
            )
        kind = str(df.GetColumnType(spec.column))
        known = cpp.load_root().TClass.GetClass(kind, True, True)  # noqa: FBT003 (load, silent)
        if known and (not known.GetCollectionProxy() or "string" in kind):
            raise self._fault(f"histogram '{name}': column '{spec.column}' is a {kind}, not numbers", *path, "column")
        if name == self._config.select.output.tree:
            raise self._fault(f"histogram '{name}' has the name of the output tree; choose another", *path)
        if kind in {"float", "double", "Float_t", "Double_t"}:  # NaN would count as overflow
            df = df.Filter(f"{spec.column} == {spec.column}")
        title = f"{name};{spec.title or spec.column};events"
        book = cpp.load_root().rdfp.runtime.histogram
        return book(base.as_rnode(df), name, title, spec.bins, *spec.range, spec.column, WEIGHT)

    def _output_columns(self) -> list[str]:
        wanted = self._config.select.output.columns
        made = list(dict.fromkeys([*self._columns, *self._own]))
        if wanted is None:
            return made
        have = [name for name in base.column_names(self.df) if not name.startswith("rdfp_")]
        chosen: dict[str, None] = {}
        for number, pattern in enumerate(wanted):
            matches = [name for name in have if fnmatch.fnmatchcase(name, pattern)]
            if not matches:
                path = ("select", "output", "columns", number)
                raise self._fault(f"no column '{pattern}'{did_you_mean(pattern, have)}", *path)
            chosen.update(dict.fromkeys(matches))
        return list(dict.fromkeys([*chosen, *self._own]))

    def _store_bool_vectors(self) -> None:
        """Write vectors of bool as such: ROOT 6.40 stores garbage for a vector<bool> branch that is only passed on."""
        for column in self.columns:
            if "RVec<bool>" in str(self.df.GetColumnType(column)):
                self.df = self.df.Redefine(column, f"std::vector<bool>({column}.begin(), {column}.end())")

    # -- faults

    def _hint(self, column: str, have: Sequence[str]) -> str:
        """Say that a column is made behind a later cut, or which is near."""
        if self.df.HasColumn(column):
            return ": it is made behind a later cut; name a later one, or leave 'after' out"
        return did_you_mean(column, have)

    def _claim(self, name: str, path: Sequence[str | int]) -> None:
        """Note the name of a cut; two of one name would be one row in the cutflow."""
        if name in self._names:
            raise self._fault(f"a cut named '{name}' is there already; each needs a name of its own", *path)
        self._names[name] = len(self._names)

    def _compiled(
        self, path: tuple[str | int, ...], what: str, expression: str, make: Any, *, is_cut: bool = False
    ) -> Any:
        file, line = self._config.source.position(path)
        try:
            with cpp.compiling(what, file=file, line=line):
                code = cpp.at_line(expression, file, line)
                return make(code if is_cut else _valued(code))
        except CppError as error:
            if "does not evaluate to bool" in error.message:
                message = (
                    f"{what}: '{expression}' is not true or false for an event; of a vector take Any(...) or All(...)"
                )
                raise CppError(message, file=file, line=line) from error
            raise self._explained(error, path, what) from error

    def _explained(self, error: CppError, path: Sequence[str | int], what: str) -> CppError:
        """Say of an unknown name whether a later step makes it, or which column is near."""
        file, line = (error.file, error.line) if error.file else self._config.source.position(tuple(path))
        found = _UNDECLARED.search(error.message)
        if found is None:
            return CppError(error.message, file=file, line=line)
        name = found[1]
        later = [index for index, step in self._steps if index > _step_of(path) and name in makes(step, self._sample)]
        if later:
            step = next(step for index, step in self._steps if index == later[0])
            inner = ("define", name) if isinstance(step, DefineStep) else ("node",)
            _, there = self._config.source.position(("select", "steps", later[0], *inner))
            return CppError(f"{what} uses column '{name}' before line {there} makes it", file=file, line=line)
        hint = did_you_mean(name, base.column_names(self.df))
        return CppError(f"{what} uses '{name}', which is no column and no C++ name{hint}", file=file, line=line)

    def _fault(self, message: str, *path: str | int) -> ConfigError:
        return self._config.fault(message, *path)


def _valued(code: str) -> str:
    """Return code that does not compile where it has no value.

    RDataFrame takes such code, fails in the event loop, and with it fails every loop of the process after that.
    """
    if re.search(r"\breturn\b", code):  # statements, as RDataFrame sees it
        return f"return rdfp::runtime::value([&]() {{{code}\n;}}());"
    return f"rdfp::runtime::value({code}\n)"


def _new_filters(before: Any, after: Any) -> list[str]:
    """Return the names of the filters that a node has added; an empty one for a filter without a name."""
    names = [str(name) for name in base.as_rnode(after).GetFilterNames()]
    return ["" if name == "Unnamed Filter" else name for name in names[len(before.GetFilterNames()) :]]


def _step_of(path: Sequence[str | int]) -> int:
    return int(path[2]) if len(path) > 2 and path[1] == "steps" else -1  # noqa: PLR2004 (select, steps, index)
