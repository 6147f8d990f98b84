"""Nodes: functions from RNode to RNode that say which columns they need and make, and the registry that finds them.

A node is made with the decorator `node` and found by its entry point in the group ``rdfplugins.nodes``; ours are
registered in the same way as anybody's. Its keyword parameters are the keys of ``with:`` in a config.
"""

from __future__ import annotations

import functools
import inspect
import os
import sys
import typing
import warnings
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Generic, ParamSpec

from rdfplugins import cpp
from rdfplugins.errors import ConfigError, MissingColumnError, SubstitutionWarning, did_you_mean
from rdfplugins.nodes.cuts import Channel, Cuts
from rdfplugins.nodes.parameters import Parameters, Unit, type_text, unit_text
from rdfplugins.paths import shipped
from rdfplugins.sample import Sample

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from importlib.metadata import EntryPoint

    from rdfplugins.nodes.parameters import KeyPath

__all__ = [
    "GROUP", "Channel", "Cuts", "GeV", "Node", "RNode", "Unit", "apply", "as_rnode", "column_names", "find", "names",
    "node", "type_text", "unit_text", "unpack",
]  # fmt: skip

GROUP = "rdfplugins.nodes"
_MOST_HINTS = 4
_MOST_NAMED = 12
_OWN_KEYWORDS = ("sample", "units")  # given by the pipeline, not by `with:`

P = ParamSpec("P")
RNode: typing.TypeAlias = Any
UnitsOf: typing.TypeAlias = "Callable[[Mapping[str, Any]], Mapping[str, str]] | None"
Columns: typing.TypeAlias = "tuple[str, ...] | Callable[[Mapping[str, Any]], Sequence[str]]"
ChannelCuts: typing.TypeAlias = "Callable[[Mapping[str, Any]], Mapping[str, Sequence[str]]] | None"
Substitutions: typing.TypeAlias = "Callable[[RNode, Mapping[str, Any]], Mapping[str, str]] | None"
Hints: typing.TypeAlias = "Callable[[Mapping[str, Any]], Mapping[str, str]] | None"
Facts: typing.TypeAlias = "Callable[[Mapping[str, Any]], Mapping[str, Any]] | None"

GeV = Annotated[float, Unit("GeV")]


class Node(Generic[P]):
    """A function of a data frame with its declarations; call it on any RDataFrame or RNode.

    Attributes
    ----------
    name
        The name of its entry point, e.g. ``diphoton.select``.
    normalisation
        Branches that hold what a `Sample` may state: ``{"xsec_pb": "XSection", "sum_of_weights": "SumWeights"}``.
    maps
        Integer column that it makes -> what its numbers are called: ``{"channel": {"tt": 0, "mt": 1}}``.
    """

    def __init__(
        self,
        function: Callable[P, RNode | Cuts],
        *,
        name: str,
        needs: Columns,
        makes: Columns,
        keeps: Columns,
        units_of: UnitsOf,
        normalisation: Mapping[str, str],
        cuts: Columns | None = None,
        offers: Columns = (),
        channel_cuts: ChannelCuts = None,
        substitutions: Substitutions = None,
        replacements: Hints = None,
        maps: Mapping[str, Mapping[str, int]] | None = None,
        hints: Hints = None,
        reads: Columns = (),
        facts: Facts = None,
    ) -> None:
        functools.update_wrapper(self, function)
        self._function = function
        self.name = name
        self._needs, self._makes, self._keeps = needs, makes, keeps
        self._units_of = units_of
        self._cuts = cuts
        self._offers = offers
        self._channel_cuts, self._substitutions = channel_cuts, substitutions
        self._replacements, self._hints = replacements, hints
        self._reads, self._facts = reads, facts
        self.maps = {column: dict(numbers) for column, numbers in (maps or {}).items()}
        self.normalisation = dict(normalisation)
        self.signature = inspect.signature(function)
        # a module may import these for type checking only
        known = {"RNode": RNode, "Sample": Sample, "Cuts": Cuts, **function.__globals__}
        self.types = typing.get_type_hints(function, globalns=known, include_extras=True)
        self._checker = Parameters(name, self.parameters, self.types)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> RNode:
        """Apply the node; its cuts become named filters, and its substitutions a `SubstitutionWarning` a text."""
        first, *_ = self.signature.parameters
        for key in kwargs:
            if key != first:
                self._checker.refuse_unknown(key)
        bound = self.signature.bind(*args, **kwargs)
        bound.apply_defaults()
        arguments = dict(bound.arguments)
        df = as_rnode(arguments.pop(first))
        checked = self.check(arguments)
        self.require(df, checked)
        told: dict[str, list[str]] = {}
        for column, text in self.substitutions(df, checked).items():
            told.setdefault(text, []).append(f"'{column}'")
        for text, columns in told.items():
            verb = "is" if len(columns) == 1 else "are"
            warnings.warn(f"{self.name}: {', '.join(columns)} {verb} {text}", SubstitutionWarning, stacklevel=2)
        result = self._function(df, **checked)
        return result.kept_by_name() if isinstance(result, Cuts) else result

    def apply(self, df: RNode, arguments: Mapping[str, Any]) -> RNode | Cuts:
        """Check parameters and columns, then apply the node to ``df`` and return what its function returns.

        Raises
        ------
        ConfigError
            For a parameter that the node does not have or that is of another type.
        MissingColumnError
            For columns that ``df`` lacks; it names them, with near misses and with what may stand in their place.
        """
        checked = self.check(arguments)
        self.require(df, checked)
        return self._function(df, **checked)

    def check(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return all parameters with their defaults; ConfigError for the first that is unknown or of another type."""
        model = self._checker.check(arguments)
        # what the pipeline gives is left out where it was not given: the function has its own default
        return {key: getattr(model, key) for key in self.parameters if key in arguments or key not in _OWN_KEYWORDS}

    def faults(self, arguments: Mapping[str, Any]) -> list[tuple[KeyPath, ConfigError]]:
        """Return where a parameter is unknown, of another type or lacking, and the error that says so.

        The place is the name of the parameter, or that and a key where the parameter is a mapping.
        """
        return self._checker.faults(arguments)

    def require(self, df: RNode, checked: Mapping[str, Any]) -> None:
        """Raise MissingColumnError where ``df`` lacks a column that the node needs with these parameters."""
        if isinstance(sample := checked.get("sample"), Sample):
            sample.refuse_unread(self.name)
        missing = list(dict.fromkeys(column for column in self.needs(checked) if not df.HasColumn(column)))
        if not missing:
            return
        have = column_names(df) if len(missing) <= _MOST_HINTS else []  # many: another release, not a typo
        hints = self.hints(checked)
        named = missing if len(missing) <= _MOST_NAMED + 1 else missing[:_MOST_NAMED]
        texts = [
            f"'{column}'{did_you_mean(column, have).rstrip('?')}{f' ({hints[column]})' if column in hints else ''}"
            for column in named
        ]
        more = f" and {len(missing) - len(named)} more" if len(named) < len(missing) else ""
        raise MissingColumnError(f"node {self.name} needs columns that are not there: {', '.join(texts)}{more}")

    def source_files(self) -> list[Path]:
        """Return the files in which the node is written: outputs are made anew when one changes."""
        own = Path(inspect.getsourcefile(self._function) or "")
        if own.parent != Path(__file__).parent:
            return [own]
        return [*sorted(own.parent.glob("*.py")), *sorted((shipped("macros") / "rdfplugins").rglob("*.h"))]

    @property
    def parameters(self) -> dict[str, inspect.Parameter]:
        """The parameters but for the data frame."""
        return dict(list(self.signature.parameters.items())[1:])

    def needs(self, checked: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the columns that must be there, for these parameters."""
        return self._columns(self._needs, checked)

    def reads(self, checked: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the columns that it reads where they are there, beside those it needs."""
        return self._columns(self._reads, checked)

    def facts(self, checked: Mapping[str, Any]) -> dict[str, Any]:
        """Return what decides its results beside code and parameters, as JSON values: files that it reads."""
        return {} if self._facts is None else dict(self._facts(checked))

    def makes(self, checked: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the columns that the node defines for the output."""
        return self._columns(self._makes, checked)

    def keeps(self, checked: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the columns of the input that belong into the output beside those made."""
        return self._columns(self._keeps, checked)

    def offers(self, checked: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the columns that it defines for expressions, and not for the output."""
        return self._columns(self._offers, checked)

    def cuts(self, checked: Mapping[str, Any]) -> tuple[str, ...] | None:
        """Return the names of its cuts with these parameters; None where it does not declare them."""
        return None if self._cuts is None else self._columns(self._cuts, checked)

    def channel_cuts(self, checked: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
        """Return channel -> names of its own cuts with these parameters; empty where it declares none."""
        found = {} if self._channel_cuts is None else self._channel_cuts(checked)
        return {channel: tuple(cuts) for channel, cuts in found.items()}

    def substitutions(self, df: RNode, checked: Mapping[str, Any]) -> dict[str, str]:
        """Return what stands in the place of something that ``df`` lacks: column -> text."""
        return {} if self._substitutions is None else dict(self._substitutions(df, checked))

    def replacements(self, checked: Mapping[str, Any]) -> dict[str, str]:
        """Return what the parameters put in the place of columns that it reads by default: column -> text."""
        return {} if self._replacements is None else dict(self._replacements(checked))

    def hints(self, checked: Mapping[str, Any]) -> dict[str, str]:
        """Return column that it needs -> what may be configured where it is not there."""
        return {} if self._hints is None else dict(self._hints(checked))

    def column_units(self, checked: Mapping[str, Any]) -> dict[str, str]:
        """Return column -> unit for those of its columns that have one."""
        return dict(self._units_of(checked)) if self._units_of is not None else {}

    @staticmethod
    def _columns(declared: Columns, checked: Mapping[str, Any]) -> tuple[str, ...]:
        return tuple(declared(checked)) if callable(declared) else declared


def node(
    *,
    name: str,
    needs: Columns = (),
    makes: Columns = (),
    keeps: Columns = (),
    units_of: UnitsOf = None,
    normalisation: Mapping[str, str] | None = None,
    cuts: Columns | None = None,
    offers: Columns = (),
    channel_cuts: ChannelCuts = None,
    substitutions: Substitutions = None,
    replacements: Hints = None,
    maps: Mapping[str, Mapping[str, int]] | None = None,
    hints: Hints = None,
    reads: Columns = (),
    facts: Facts = None,
) -> Callable[[Callable[P, RNode | Cuts]], Node[P]]:
    """Turn a function ``(df, *, parameters...) -> RNode or Cuts`` into a node.

    Parameters
    ----------
    name
        As in its entry point: ``package.node``.
    needs, makes, keeps
        Names of columns, or a function from the parameters (a mapping, defaults filled in) to such names.
    units_of
        A function from the parameters to a mapping column -> unit, which goes into the titles of branches.
    normalisation
        Branches that hold what a `Sample` may state; the pipeline compares the two.
    offers
        Columns that it defines for expressions behind it; they are written only where the config names them.
    cuts
        Names of its cuts, or a function from the parameters to such names, so that ``rdfrun graph`` can draw them.
    channel_cuts
        A function from the parameters to a mapping channel -> names of its own cuts (see `Channel`).
    substitutions
        A function from the data frame before the node and the parameters to a mapping of what is not there to what
        is done about it, such as ``{"Flag_x": "not there: counted as true"}``. Users are told, and it is stored.
    replacements
        A function from the parameters to a mapping of columns that it reads by default to what the parameters put in
        their place. It is stored with the outputs; a call from Python does not warn of what it was told itself.
    maps
        Integer column that it makes -> name of each number, stored with the outputs.
    hints
        A function from the parameters to a mapping of columns that it needs to what a user may do where one is not
        there, such as ``{"Tau_id": "with: {tau_id: ...} replaces it"}``.
    reads
        Columns that it reads where they are there, beside those it needs.
    facts
        A function from the parameters to JSON values that tell the files it reads, such as a model, from others.
        Outputs are made anew when they change, and hold them in their provenance.

    A function with a keyword ``sample`` receives the `Sample`, one with ``units`` the unit of the file, MeV or GeV.
    """

    def decorate(function: Callable[P, RNode | Cuts]) -> Node[P]:
        return Node(
            function,
            name=name,
            needs=needs,
            makes=makes,
            keeps=keeps,
            units_of=units_of,
            normalisation=normalisation or {},
            cuts=cuts,
            offers=offers,
            channel_cuts=channel_cuts,
            substitutions=substitutions,
            replacements=replacements,
            maps=maps,
            hints=hints,
            reads=reads,
            facts=facts,
        )

    return decorate


def apply(name: str, df: RNode, **parameters: Any) -> RNode:
    """Apply the node of this name to a data frame.

    Parameters
    ----------
    name
        As printed by ``rdfrun nodes``.
    df
        An RDataFrame or RNode.
    **parameters
        Keyword parameters of the node.
    """
    return find(name)(df, **parameters)


def names() -> list[str]:
    """Return the names of all nodes that are installed, sorted."""
    return sorted(_entries(tuple(sys.path)))


def find(name: str) -> Node[Any]:
    """Return the node of this name; ConfigError with near misses if there is none, or if it cannot be imported."""
    entry = _entries(tuple(sys.path)).get(name)
    if entry is None:
        raise ConfigError(f"unknown node '{name}'{did_you_mean(name, names())} (all of them: rdfrun nodes)")
    try:
        found = entry.load()
    except Exception as error:
        raise ConfigError(f"node '{name}' of {entry.value} cannot be imported: {error}") from error
    if not isinstance(found, Node):
        raise ConfigError(f"node '{name}': {entry.value} is not made with @rdfplugins.nodes.node")
    return found


@functools.lru_cache(maxsize=1)
def _entries(path: tuple[str, ...]) -> dict[str, EntryPoint]:
    """Return the entry points that are found with this ``sys.path``; looking through all packages takes 20 ms."""
    del path
    return {entry.name: entry for entry in entry_points(group=GROUP)}


def as_rnode(df: RNode) -> RNode:
    """Return any RDataFrame or RNode as the one common type; ConfigError for anything else."""
    root = cpp.load_root()
    try:
        return root.RDF.AsRNode(df)
    except TypeError:  # of every overload that it does not fit
        is_file = isinstance(df, str | os.PathLike)
        given = f"'{os.fspath(df)}'" if is_file else f"a {type(df).__name__}"
        hint = (
            "; ROOT.RDataFrame(TREE, FILE) makes one (a model is added to files by rdfplugins.append_ml_mass)"
            if is_file
            else ""
        )
        raise ConfigError(f"a node takes an RDataFrame or RNode, not {given}{hint}") from None


def unpack(df: RNode, array: str, names: Sequence[str]) -> RNode:
    """Define one float64 column for each element of a column of type ``std::array<double, N>``, in their order.

    The compiler's time is what a graph of many columns costs at its start: this way it sees one definition for all.
    """
    cpp.include("rdfplugins/unpack.h")
    return cpp.load_root().rdfp.unpack[len(names)](as_rnode(df), array, list(names))


def column_names(df: RNode) -> list[str]:
    """Return the names of all columns, branches and defined ones."""
    return [str(name) for name in df.GetColumnNames()]
