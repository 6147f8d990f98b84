"""The graph of one sample: aliases, keys and steps on a data frame; cutflow and histograms booked on the way."""

from __future__ import annotations

import contextlib
import dataclasses
import fnmatch
import re
from typing import TYPE_CHECKING, Any

from rdfplugins import cpp
from rdfplugins.config.steps import DefineStep, FilterStep, GoldenJsonStep, NodeStep, VaryStep
from rdfplugins.cutflow import ALL
from rdfplugins.errors import ConfigError, CppError, MissingColumnError, ModelError, RdfpluginsError, did_you_mean
from rdfplugins.nodes import base
from rdfplugins.select import keys
from rdfplugins.select.faults import Faults
from rdfplugins.select.graph import good_runs, histograms, substitutions
from rdfplugins.select.graph.bookings import CATEGORY, ONE, WEIGHT, Bookings
from rdfplugins.select.graph.expressions import Expressions, Path
from rdfplugins.select.graph.variations import Shifts, labels
from rdfplugins.select.steps import makes, node_arguments, parameter_path
from rdfplugins.select.storable import with_bool_vectors

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rdfplugins.config import Config, Step
    from rdfplugins.cutflow import Cutflow
    from rdfplugins.sample import Sample
    from rdfplugins.select.samples.inputs import Inputs

OWN_COLUMNS = ("event_key", "split", "fold", "label_id")
_ZERO = "rdfp_zero_"
_BAD = "rdfp_bad_weight_"
_TAKEN = re.compile(r'cannot define column "(\w+)"')  # how RDataFrame says so


class Graph:
    """Books everything that one event loop of a sample makes.

    Parameters
    ----------
    df
        The data frame of the sample's input.
    config, sample_name, sample, label_id
        The config and what it says of this sample, normalisation resolved.
    faults
        Where faults are collected, so that all of them are found; None raises the first.

    Attributes
    ----------
    columns
        Those of the output.
    shifted_weights
        Columns of the output that hold the weight under variations.
    replaced
        Columns of the input in whose place the output has its own of that name.
    left_out
        Columns that a node would make if its optional inputs were there.
    unit_of
        Column -> unit, of those that have one.
    maps
        Integer column of a node -> what its numbers are called.
    substitutions
        Column that is not there as a node would have it -> what stands in its place.

    Raises
    ------
    ConfigError, CppError, MissingColumnError
        At the line of the config that is at fault.
    """

    def __init__(
        self,
        df: Any,
        *,
        config: Config,
        sample_name: str,
        sample: Sample,
        label_id: int,
        inputs: Inputs,
        faults: Faults | None = None,
    ) -> None:
        self._config = config
        self._name = sample_name
        self._sample = sample
        self._inputs = inputs
        self._faults = faults or Faults(collect=False)
        self._steps: list[tuple[int, Step]] = [
            (index, step) for index, step in enumerate(config.select.steps) if step.applies_to(sample_name, sample.kind)
        ]
        self._expressions = Expressions(config, sample, self._steps)
        self._shifts = Shifts(config, sample, self._steps, self._expressions)
        self.bookings = Bookings(labels(sample, self._steps))
        self._columns: list[str] = []
        self._names: set[str] = set()
        self.left_out: list[str] = []
        self.shifted_weights: list[str] = []
        self.unit_of: dict[str, str] = {}
        self.maps: dict[str, dict[str, int]] = {}
        self.substitutions: dict[str, str] = {}
        cpp.include("rdfplugins/hash.h")
        self._include_user_headers()
        self.df = base.as_rnode(df)
        self.df = self._expressions.define_aliases(self.df, self._faults)
        self._define_own(label_id)
        self.keyed = self.df
        for index, step in self._steps:
            self._apply(index, step)
        self._book_weight()
        self.bookings.points[-1].df = self.df
        self._define_categories()
        self.columns = self._output_columns()
        self.df = with_bool_vectors(self.df, self.columns)
        for name in config.select.histograms:
            with self._faults.noted():
                if name in config.ml_histograms:
                    histograms.check_later(config, name, self.columns, self._faults)
                else:
                    histograms.book(config, name, self.bookings, self.df)

    # -- steps

    def _apply(self, index: int, step: Step) -> None:
        path = ("select", "steps", index)
        if isinstance(step, NodeStep):
            with self._faults.noted(step.node, *makes(step, self._sample, self._config.input.units)):
                self._apply_node(path, step)
        elif isinstance(step, VaryStep):
            for name in step.vary:
                with self._faults.noted():
                    self._vary((*path, "vary", name), step, name)
        elif isinstance(step, GoldenJsonStep):
            with self._faults.noted():
                self._keep_good_runs((*path, "golden_json"), step)
        elif isinstance(step, FilterStep):
            for name, expression in step.filter.items():
                with self._faults.noted():
                    self._filter((*path, "filter", name), name, expression)
        else:
            assert isinstance(step, DefineStep)
            for name, expression in step.define.items():
                with self._faults.noted(name):
                    self._define((*path, "define", name), name, expression)

    def _apply_node(self, path: Path, step: NodeStep) -> None:
        with self._explained(path, step):
            node = base.find(step.node)
            arguments = node_arguments(node, step, self._sample, self._config.input.units)
            checked = node.check(arguments)
            node.require(self.df, checked)
            self.substitutions.update(substitutions.of_node(self._config, step, self._sample, self.df, checked))
            result = node.apply(self.df, arguments)
            filters = [] if isinstance(result, base.Cuts) else _new_filters(self.df, result)
            if filters:  # all events, and the previous cut, are counted before it
                self._book_weight()
                result = node.apply(self.df, arguments)
        if isinstance(result, base.Cuts):
            self._book_node_cuts(path, step.node, result)
        elif filters:
            self._book_node_filter(path, filters[0] if len(filters) == 1 and filters[0] else step.node, result)
        else:
            self.df = base.as_rnode(result)
        self.unit_of.update(node.column_units(checked))
        self.maps.update(node.maps)
        for column in (*node.keeps(checked), *node.makes(checked)):
            if self.df.HasColumn(column):
                self._columns.append(column)
            else:
                self.left_out.append(column)

    @contextlib.contextmanager
    def _explained(self, path: Path, step: NodeStep) -> Iterator[None]:
        """Put faults of a node at their line of the config."""
        try:
            yield
        except MissingColumnError as error:
            raise MissingColumnError(str(self._fault(f"{error}; sample '{self._name}'", *path))) from error
        except CppError as error:
            at = parameter_path(path, step, error.message)
            stated = error.message.partition(":")[0].removesuffix(" does not compile")
            what = stated if stated.startswith("parameter ") else step.node
            raise self._expressions.explained(self.df, error, at, what) from error
        except ConfigError as error:
            raise self._fault(error.message, *parameter_path(path, step, error.message)) from error
        except ModelError as error:
            raise self._fault(str(error), *parameter_path(path, step, "'model'")) from error
        except Exception as error:
            taken = _TAKEN.search(str(error))
            if taken is None:
                raise
            message = f"{step.node} makes a column '{taken[1]}', and one of that name is there already"
            raise self._fault(message, *path) from error

    def _book_node_cuts(self, path: Path, name: str, cuts: base.Cuts) -> None:
        self.df = base.as_rnode(cuts.df)
        self._book_weight()
        self.bookings.points[-1].df = before = self.df
        for cut in cuts.names:
            self._claim(cut, path)
        self._claim_in_channels(cuts, path)
        self.bookings.count_cuts(before, cuts.column, cuts.names)
        self.df = base.as_rnode(dataclasses.replace(cuts, df=before).kept())
        if cuts.channels:
            self.bookings.count_channels(before, self.df, cuts, name)
        last = self.bookings.points[-1]
        last.df, last.condition = self.df, None

    def _book_node_filter(self, path: Path, name: str, df: Any) -> None:
        """Count a node that filters by itself as one cut."""
        self._claim(name, path)
        self.bookings.points[-1].df = self.df
        self.df = base.as_rnode(df)
        self.bookings.count_filter(self.df, name, _ZERO)

    def _filter(self, path: Path, name: str, expression: str) -> None:
        self._book_weight()
        self._claim(name, path)
        self.bookings.points[-1].df = self.df
        self.df = self._expressions.filter(self.df, path, f"cut '{name}'", name, expression)
        self.bookings.count_filter(self.df, name, _ZERO)

    def _define(self, path: Path, name: str, expression: str) -> None:
        if self.df.HasColumn(name):
            raise self._fault(
                f"column '{name}' is there already; choose another name, or put it in input.aliases", *path
            )
        self.df = self._expressions.define(self.df, path, f"column '{name}'", name, expression)
        self._columns.append(name)

    def _vary(self, path: Path, step: VaryStep, name: str) -> None:
        has_weight = bool(self.bookings.points)
        self.df = self._shifts.apply(self.df, path, step, name, has_weight=has_weight)

    def _keep_good_runs(self, path: Path, step: GoldenJsonStep) -> None:
        name = "golden_json"
        condition = good_runs.condition(self.df, self._config, path, step.golden_json, self._name)
        self._book_weight()
        self._claim(name, path)
        self.bookings.points[-1].df = self.df
        with cpp.compiling(name):
            self.df = self.df.Filter(condition, name)
        self.bookings.count_filter(self.df, name, _ZERO)

    # -- what stands before the steps

    def _include_user_headers(self) -> None:
        for number, header in enumerate(self._config.select.include):
            file, line = self._config.source.position(("select", "include", number))
            with self._faults.noted():
                cpp.include_user_header(self._config.folder / header, file=file, line=line)

    def _define_own(self, label_id: int) -> None:
        there = [name for name in OWN_COLUMNS if self.df.HasColumn(name)]
        self._own = ["event_key"]
        with self._faults.noted("event_key", "split", "fold"):
            try:
                self.df = keys.define_event_key(self.df, self._name, self._config.input.key, self._inputs)
            except ConfigError as error:
                raise self._fault(error.message, "input", "key") from error
            if self._config.select.split is not None:
                self.df, names = keys.define_split(self.df, self._config.select.split)
                self._own += names
        self.df = keys.put(self.df, "label_id", str(label_id)).Define(_ZERO, "0").Define(ONE, "1.0")
        self._own.append("label_id")
        self.replaced = [name for name in there if name in self._own]

    def _book_weight(self) -> None:
        """Define the weight and count all events, before the first cut or, without cuts, at the end."""
        if self.bookings.points:
            return
        expression = self._config.select.weight
        path = ("select", "weight")
        bad = _ZERO
        try:
            if expression is not None:
                raw = expression.strip()
                if not self.df.HasColumn(raw):
                    raw = "rdfp_raw_weight_"
                    self.df = self._expressions.define(self.df, path, "weight", raw, expression)
                code = f"std::isfinite(double({raw})) ? 0 : 1"
                self.df = self._expressions.define(self.df, path, "weight", _BAD, code)
                bad = _BAD
                self.df, self.shifted_weights = self._shifts.define_weights(self.df)
                self._columns += self.shifted_weights
                unit = self.unit_of.get(raw)
                self.unit_of.update(dict.fromkeys(self.shifted_weights, unit) if unit else {})
                # NaN and infinite weights are left out of the sums, but counted
                self.df = self.df.Define(WEIGHT, f"{_BAD} ? 0.0 : double({raw})")
        except RdfpluginsError as error:
            self._faults.note(error)
        if not self.df.HasColumn(WEIGHT):
            self.df = self.df.Define(WEIGHT, "1.0")
        self.bookings.count_all(self.df, bad)
        self._names.add(self.bookings.points[0].cut)

    # -- what stands behind them

    def _define_categories(self) -> None:
        """Define the column ``category``: the number of the first condition that is true, or -1."""
        categories = self._config.select.categories
        if not categories:
            return
        value = "-1"
        for number, (name, expression) in reversed(list(enumerate(categories.items()))):
            path = ("select", "categories", name)
            column = f"rdfp_category_{number}_"
            with self._faults.noted():
                self.df = self._expressions.condition(self.df, path, f"category '{name}'", column, expression)
                value = f"{column} ? {number} : {value}"
        # files of the release of 2025 have a branch of this name: conditions see theirs, the output holds ours
        define = self.df.Redefine if self.df.HasColumn(CATEGORY) else self.df.Define
        self.df = define(CATEGORY, value)
        self.bookings.points[-1].df = self.df
        self.bookings.count_categories(self.df, tuple(categories))
        self._own.append(CATEGORY)

    def _output_columns(self) -> list[str]:
        wanted = self._config.select.output.columns
        made = [name for name in dict.fromkeys([*self._columns, *self._own]) if self.df.HasColumn(name)]
        if wanted is None:
            return made
        have = [name for name in base.column_names(self.df) if not name.startswith("rdfp_")]
        chosen: dict[str, None] = {}
        for number, pattern in enumerate(wanted):
            matches = [name for name in have if fnmatch.fnmatchcase(name, pattern)]
            if not matches and not self._faults.explains(pattern):
                path = ("select", "output", "columns", number)
                self._faults.note(self._fault(f"no column '{pattern}'{did_you_mean(pattern, have)}", *path))
            chosen.update(dict.fromkeys(matches))
        shifted = self.shifted_weights if (self._config.select.weight or "").strip() in chosen else []
        return list(dict.fromkeys([*chosen, *shifted, *(name for name in made if name in self._own)]))

    def cutflow(self, variation: str | None = None) -> Cutflow:
        """Return the cutflow, nominal or under a variation; to be called after the event loop."""
        weighted = self._config.select.weight is not None
        return self.bookings.cutflow(self._name, self._sample.kind, weighted=weighted, variation=variation)

    # -- faults

    def _claim(self, name: str, path: Sequence[str | int]) -> None:
        """Note the name of a cut; two of one name would be one row in the cutflow."""
        if name in self._names:
            why = "is the first row of the cutflow" if name == ALL else "is there already"
            raise self._fault(f"a cut named '{name}' {why}; each needs a name of its own", *path)
        self._names.add(name)

    def _claim_in_channels(self, cuts: base.Cuts, path: Path) -> None:
        """Note the names of cuts of channels: those of one name in several channels are cuts of one kind."""
        if cuts.channels and self.bookings.channels is not None:
            other = self.bookings.channels.node
            raise self._fault(f"node {other} has made channels already, and a cutflow has one set of them", *path)
        for channel in cuts.channels:
            twice = [cut for cut in channel.names if cut in self._names or channel.names.count(cut) > 1]
            if twice:
                raise self._fault(f"a cut named '{twice[0]}' is there already; each needs a name of its own", *path)
        self._names.update(cut for channel in cuts.channels for cut in channel.names)

    def _fault(self, message: str, *path: str | int) -> ConfigError:
        return self._config.fault(message, *path)


def _new_filters(before: Any, after: Any) -> list[str]:
    """Return the names of the filters that a node has added; an empty one for a filter without a name."""
    names = [str(name) for name in base.as_rnode(after).GetFilterNames()]
    return ["" if name == "Unnamed Filter" else name for name in names[len(before.GetFilterNames()) :]]
