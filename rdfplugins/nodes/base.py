"""Nodes: functions from RNode to RNode that say which columns they need and make, and the registry that finds them.

A node is made with the decorator `node` and found by its entry point in the group ``rdfplugins.nodes``; ours are
registered in the same way as anybody's. Its keyword parameters are the keys of ``with:`` in a config.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import sys
import typing
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Generic, Literal, ParamSpec

import pydantic

from rdfplugins import cpp
from rdfplugins.errors import ConfigError, MissingColumnError, did_you_mean
from rdfplugins.sample import Sample

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from importlib.metadata import EntryPoint

GROUP = "rdfplugins.nodes"
_MOST_HINTS = 4
_OWN_KEYWORDS = ("sample", "units")  # given by the pipeline, not by `with:`

P = ParamSpec("P")
RNode: typing.TypeAlias = Any
UnitsOf: typing.TypeAlias = "Callable[[Mapping[str, Any]], Mapping[str, str]] | None"
Columns: typing.TypeAlias = "tuple[str, ...] | Callable[[Mapping[str, Any]], Sequence[str]]"


@dataclasses.dataclass(frozen=True)
class Unit:
    """Unit of a parameter, for its documentation: ``min_pt: Annotated[float, Unit("GeV")]``."""

    name: str


GeV = Annotated[float, Unit("GeV")]


@dataclasses.dataclass(frozen=True)
class Cuts:
    """What a node returns that cuts: the events before its cuts, and a column that counts those passed in their order.

    Attributes
    ----------
    df
        The data frame before the cuts, with ``column`` defined.
    column
        Integer column: number of cuts passed before the first that was not.
    names
        Names of the cuts, in their order; an event is kept when ``column`` equals their number.
    """

    df: RNode
    column: str
    names: tuple[str, ...]

    def kept(self) -> RNode:
        """Return the events that pass all cuts, in one filter."""
        return self.df.Filter(f"{self.column} == {len(self.names)}") if self.names else self.df

    def kept_by_name(self) -> RNode:
        """Return the same events through one named filter a cut, so that RDataFrame's own ``Report()`` shows them."""
        df = self.df
        for number, name in enumerate(self.names, start=1):
            df = df.Filter(f"{self.column} >= {number}", name)
        return df


class Node(Generic[P]):
    """A function of a data frame with its declarations; call it on any RDataFrame or RNode.

    Attributes
    ----------
    name
        The name of its entry point, e.g. ``diphoton.select``.
    normalisation
        Branches that hold what a `Sample` may state: ``{"xsec_pb": "XSection", "sum_of_weights": "SumWeights"}``.
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
    ) -> None:
        functools.update_wrapper(self, function)
        self._function = function
        self.name = name
        self._needs, self._makes, self._keeps = needs, makes, keeps
        self._units_of = units_of
        self._cuts = cuts
        self._offers = offers
        self.normalisation = dict(normalisation)
        self.signature = inspect.signature(function)
        # a module may import these for type checking only
        known = {"RNode": RNode, "Sample": Sample, "Cuts": Cuts, **function.__globals__}
        self.types = typing.get_type_hints(function, globalns=known, include_extras=True)
        self._model = _parameter_model(name, self.parameters, self.types)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> RNode:
        """Apply the node; its cuts become named filters."""
        self._refuse_unknown(kwargs)
        bound = self.signature.bind(*args, **kwargs)
        bound.apply_defaults()
        arguments = dict(bound.arguments)
        df = as_rnode(arguments.pop(next(iter(self.signature.parameters))))
        result = self.apply(df, arguments)
        return result.kept_by_name() if isinstance(result, Cuts) else result

    def apply(self, df: RNode, arguments: Mapping[str, Any]) -> RNode | Cuts:
        """Check parameters and columns, then apply the node to ``df`` and return what its function returns.

        Raises
        ------
        ConfigError
            For a parameter that the node does not have or that is of another type.
        MissingColumnError
            For columns that ``df`` lacks; it names all of them, with near misses.
        """
        checked = self.check(arguments)
        self.require(df, checked)
        return self._function(df, **checked)

    def check(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return all parameters with their defaults; ConfigError for the first that is unknown or of another type."""
        self._refuse_unknown(arguments)
        given = {key: self._plain(key, value) for key, value in arguments.items()}
        try:
            model = self._model.model_validate(given)
        except pydantic.ValidationError as error:
            raise self._fault_of(str(error.errors()[0]["loc"][0]), given) from None
        # what the pipeline gives is left out where it was not given: the function has its own default
        return {key: getattr(model, key) for key in self.parameters if key in given or key not in _OWN_KEYWORDS}

    def faults(self, arguments: Mapping[str, Any]) -> list[tuple[str, ConfigError]]:
        """Return each parameter that is unknown, of another type or lacking, and the error that says so."""
        known = list(self.parameters)
        found = {
            key: ConfigError(f"node {self.name} has no parameter '{key}'{did_you_mean(key, known)}")
            for key in arguments
            if key not in known
        }
        given = {key: self._plain(key, value) for key, value in arguments.items() if key in known}
        try:
            self._model.model_validate(given)
        except pydantic.ValidationError as error:
            for item in error.errors():
                key = str(item["loc"][0])
                found.setdefault(key, self._fault_of(key, given))
        return list(found.items())

    def _fault_of(self, key: str, given: Mapping[str, Any]) -> ConfigError:
        if key not in given:
            return ConfigError(f"node {self.name} needs the parameter '{key}'")
        expected = type_text(self.types[key])
        return ConfigError(f"parameter '{key}' of node {self.name} must be {expected}, not {given[key]!r}")

    def _refuse_unknown(self, arguments: Mapping[str, Any]) -> None:
        known = list(self.parameters)
        for key in arguments:
            if key not in self.signature.parameters:
                raise ConfigError(f"node {self.name} has no parameter '{key}'{did_you_mean(key, known)}")

    def _plain(self, key: str, value: Any) -> Any:
        """Return a YAML list as the tuple that the parameter is annotated as."""
        return tuple(value) if isinstance(value, list) and "tuple" in str(self.types.get(key)) else value

    def require(self, df: RNode, checked: Mapping[str, Any]) -> None:
        """Raise MissingColumnError where ``df`` lacks a column that the node needs with these parameters."""
        missing = [column for column in self.needs(checked) if not df.HasColumn(column)]
        if missing:
            have = column_names(df) if len(missing) <= _MOST_HINTS else []  # many: another release, not a typo
            hints = [f"'{column}'{did_you_mean(column, have).rstrip('?')}" for column in missing]
            raise MissingColumnError(f"node {self.name} needs columns that are not there: {', '.join(hints)}")

    def source_file(self) -> Path:
        """Return the file in which the node is written: outputs are made anew when it changes."""
        return Path(inspect.getsourcefile(self._function) or "")

    @property
    def parameters(self) -> dict[str, inspect.Parameter]:
        """The parameters but for the data frame."""
        return dict(list(self.signature.parameters.items())[1:])

    def needs(self, checked: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the columns that must be there, for these parameters."""
        return self._columns(self._needs, checked)

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
    """Return any RDataFrame or RNode as the one common type."""
    return cpp.load_root().RDF.AsRNode(df)


def unpack(df: RNode, array: str, names: Sequence[str]) -> RNode:
    """Define one float64 column for each element of a column of type ``std::array<double, N>``, in their order.

    The compiler's time is what a graph of many columns costs at its start: this way it sees one definition for all.
    """
    cpp.include("rdfplugins/unpack.h")
    return cpp.load_root().rdfp.unpack[len(names)](as_rnode(df), array, list(names))


def column_names(df: RNode) -> list[str]:
    """Return the names of all columns, branches and defined ones."""
    return [str(name) for name in df.GetColumnNames()]


def type_text(annotation: Any) -> str:
    """Return a type in a physicist's words: ``a number or null``."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Annotated:
        return type_text(arguments[0])
    if origin is Literal:
        return " or ".join(repr(value) for value in arguments)
    if origin is tuple:
        return "a list" if Ellipsis in arguments else f"a list of {len(arguments)} numbers"
    if origin is list:
        return "a list"
    if arguments:
        return " or ".join(type_text(argument) for argument in arguments)
    plain = {float: "a number", int: "a whole number", bool: "true or false", str: "text", type(None): "null"}
    return plain.get(annotation, getattr(annotation, "__name__", str(annotation)))


def unit_text(annotation: Any) -> str:
    """Return the unit of a parameter, or an empty string."""
    if typing.get_origin(annotation) is Annotated:
        return next((extra.name for extra in annotation.__metadata__ if isinstance(extra, Unit)), "")
    return next((unit for argument in typing.get_args(annotation) if (unit := unit_text(argument))), "")


def _parameter_model(
    name: str, parameters: Mapping[str, inspect.Parameter], types: Mapping[str, Any]
) -> type[pydantic.BaseModel]:
    """Return a model that checks the types of the keyword parameters strictly; a list serves for a tuple."""
    fields: dict[str, Any] = {}
    for key, parameter in parameters.items():
        default = ... if parameter.default is inspect.Parameter.empty else parameter.default
        fields[key] = (types.get(key, Any), default)
    config = pydantic.ConfigDict(strict=True, arbitrary_types_allowed=True, protected_namespaces=(), allow_inf_nan=True)
    model: type[pydantic.BaseModel] = pydantic.create_model(f"parameters of {name}", __config__=config, **fields)
    return model
