"""Mass models in the lazy graph: a column that is a network's estimate, for any action, filter or variation."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping  # noqa: TC003 (the annotations are read when the node is made)
from typing import TYPE_CHECKING, Any

from rdfplugins import cpp
from rdfplugins.errors import ConfigError, MissingColumnError, ModelError, did_you_mean
from rdfplugins.formula_tree import HEADER as FORMULAS
from rdfplugins.inference.find import find
from rdfplugins.nodes import column_types, mass_inputs, user_expressions, variables
from rdfplugins.nodes.base import RNode, as_rnode, column_names, node
from rdfplugins.nodes.ditau_features import INPUTS
from rdfplugins.nodes.mass_inputs import Units  # noqa: TC001 (as that of Mapping)

if TYPE_CHECKING:
    from pathlib import Path

    from rdfplugins.inference.description import Description, Outline
    from rdfplugins.nodes.mass_inputs import Plan, Slot

BRANCH = "ml_mass"
_BOUNDED = ("sigmoid", "tanh")  # of what ends in these no mass in GeV comes
_UNNAMED = re.compile(rf"{BRANCH}(?:_(\d+))?")
_WORD, _AFFECTED = re.compile(r"[A-Za-z_]\w*"), re.compile(r" affect columns? ")
_COLUMN = re.compile(r"[A-Za-z_][\w.]*(\[\d+\])?")
_FEATURES = "rdfp_ditau_features_"  # where ditau.features was before: its inputs are GeV, whatever the file has


def _read(model: str | None) -> Description:
    """Return a model's description; what has not changed is read once, as declarations are asked for many times."""
    path = find(model)
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    return _read_path(path, tuple((file.name, file.stat().st_mtime_ns, file.stat().st_size) for file in files))


@functools.lru_cache(maxsize=8)
def _read_path(path: Path, files: tuple[tuple[str, int, int], ...]) -> Description:
    from rdfplugins.inference import read_model

    del files
    return read_model(path)


def _read_if_possible(model: str | None) -> Description | None:
    """Return a model's description, or None where it cannot be read, of which the node itself tells."""
    try:
        return _read(model)
    except ModelError:
        return None


def branch_names(description: Description | Outline, branch: str) -> tuple[str, ...]:
    """Return a name for each output of a model: the branch itself where there is one."""
    if len(description.outputs) == 1:
        return (branch,)
    return tuple(f"{branch}_{output}" for output in description.outputs)


def output_units(description: Description) -> tuple[str | None, ...]:
    """Return the unit of each output of a model; None where it has none.

    The card says it. Without, one number from inputs of the published models is a mass in GeV, unless the network ends
    in a function whose values are bounded, or it is a model of TMVA; of any other output nothing is known.
    """
    known = len(description.outputs) == 1 and set(description.inputs) <= set(INPUTS) and description.method is None
    if description.network is not None and description.network.layers[-1].activation in _BOUNDED:
        known = False
    units = [description.card.units.get(output, "GeV" if known else "none") for output in description.outputs]
    return tuple(None if unit.lower() in mass_inputs.NO_UNIT else unit for unit in units)


def output_titles(description: Description) -> tuple[str, ...]:
    """Return what each output of a model is, with its unit: ``m_ML [GeV]``."""
    titles = []
    for output, unit in zip(description.outputs, output_units(description), strict=True):
        unnamed = _UNNAMED.fullmatch(output)
        if unit is not None:
            titles.append(f"{'m_ML' if output == BRANCH else output} [{unit}]")
        elif unnamed:
            titles.append(f"output {unnamed[1]}" if unnamed[1] else "output")
        else:
            titles.append(output)
    return tuple(titles)


def _names(parameters: Mapping[str, Any]) -> tuple[str, ...]:
    description = _read_if_possible(parameters["model"])
    return (parameters["branch"],) if description is None else branch_names(description, parameters["branch"])


def _units(parameters: Mapping[str, Any]) -> dict[str, str]:
    description = _read_if_possible(parameters["model"])
    if description is None:
        return {}
    units = zip(_names(parameters), output_units(description), strict=True)
    return {name: unit for name, unit in units if unit is not None}


def _facts(parameters: Mapping[str, Any]) -> dict[str, Any]:
    description = _read_if_possible(parameters["model"])
    if description is None:
        return {}
    return {"model": description.name, "digest": description.digest, "branch": parameters["branch"]}


def _reads(parameters: Mapping[str, Any]) -> tuple[str, ...]:
    column = (parameters["channel_column"] or "").partition(":")[0]
    description = _read_if_possible(parameters["model"])
    if description is None:
        return (column,) if column else ()
    # a variable of TMVA is a column itself, or made of others
    read = dict.fromkeys([*description.inputs, *variables.columns(description), *([column] if column else [])])
    return tuple(read)


def _substitutions(df: RNode, parameters: Mapping[str, Any]) -> dict[str, str]:
    plan = _plan(df, **{key: parameters.get(key) for key in ("model", "map", "channel", "channel_column", "units")})
    texts = {}
    for slot in plan.slots:
        if slot.how == "channel":
            texts[slot.name] = "not there: taken from the channel"
        elif slot.how == "derived":
            why = "there, but what it follows from is mapped or varied" if df.HasColumn(slot.name) else "not there"
            texts[slot.name] = f"{why}: {mass_inputs.CONCLUDED}"
        elif slot.note:
            texts[slot.name] = slot.note
    return texts


def _plan(
    df: RNode,
    *,
    model: str | None,
    map: Mapping[str, str] | None,  # noqa: A002
    channel: str | None,
    channel_column: str | None,
    units: Units | None,
) -> Plan:
    description = _read(model)
    if description.variables:  # that of the file says nothing: a weight file was trained on whatever it is applied to
        units = None
    behind_features = df.HasColumn(_FEATURES)
    if behind_features and units == "MeV":
        if map:
            raise ConfigError(
                "parameter 'map': columns made by ditau.features are GeV and those of the file MeV; Define what you map"
                " in GeV, under the names of the inputs"
            )
        units = "GeV"
    columns = column_names(df)
    return mass_inputs.plan(
        description,
        columns,
        map=map,
        channel=channel,
        channel_column=channel_column,
        units=units or "GeV",
        shifted=_varied(df),
        is_number=functools.partial(column_types.is_number, df),
    )


def _varied(df: RNode) -> set[str]:
    """Return the columns that a ``Vary`` names; those defined from them follow by themselves."""
    text = str(as_rnode(df).GetVariations().AsString())
    return {name for line in text.splitlines() for name in _WORD.findall(_AFFECTED.split(line)[-1])}


@node(name="ml_mass", makes=_names, reads=_reads, units_of=_units, facts=_facts, substitutions=_substitutions)
def ml_mass(
    df: RNode,
    *,
    model: str | None = None,
    branch: str = BRANCH,
    map: Mapping[str, str] | None = None,  # noqa: A002
    channel: str | None = None,
    channel_column: str | None = None,
    units: Units | None = None,
) -> RNode:
    """Define a column with a model's output: a network's estimate of the di-tau mass, float32 in GeV.

    It is computed event by event where it is asked for, with any number of threads and under variations; to add it to
    all entries of a file, `append_ml_mass` is faster. It is NaN where an input is NaN, infinite or says that there is
    no such object (a momentum below 0), or where the event is in none of the channels. A jet with pT at or below 0 is
    not there, and its inputs are 0.

    A weight file of TMVA is a model, too, and its output whatever it was trained for. Its variables are columns, or
    computed from columns by the formulas of the file as TMVA did; nothing else is made of their values, and the output
    is NaN where one is NaN.

    Parameters
    ----------
    df
        With the inputs of the model, e.g. behind `ditau.features`.
    model
        Name of a model (``rdfrun models``) or its path, from the current folder; null: the default. Weight files of
        TMVA end in ``.xml``.
    branch
        Name of the column. A model of several outputs makes BRANCH_OUTPUT for each.
    map
        Input -> column, or C++ expression, that holds it; ``derived`` for a transverse mass that is to be computed
        though it is there. It is anyway where one of its momenta is mapped or varied. Of TMVA: expression or label of a
        variable, or a column that its formulas read.
    channel
        tt, mt, et, em, mm or ee, if all events are of one: gives the number of neutrinos.
    channel_column
        Column with the number of the channel (0 tt, 1 mt, 2 et, 3 em, 4 mm, 5 ee), or ``NAME:0=mt,1=et``.
    units
        Unit of the columns; behind `ditau.features` its inputs are GeV. Of TMVA nothing is converted.
    """
    description = _read(model)
    if description.network is None and description.method is None:
        raise ConfigError(
            f"parameter 'model': {description.name} ({description.format}) is no dense network, which is what the graph"
            " can compute; append its branch to the written tree (rdfrun add-ml-mass, or the section ml)"
        )
    names = branch_names(description, branch)
    for name in names:
        if df.HasColumn(name):
            raise ConfigError(f"parameter 'branch': a column '{name}' is there already; choose another name")
    plan = _plan(df, model=model, map=map, channel=channel, channel_column=channel_column, units=units)
    return define(as_rnode(df), plan, description, names)


def define(df: RNode, plan: Plan, description: Description, names: tuple[str, ...]) -> RNode:
    """Define the outputs of a dense network, or of a method of TMVA, for the rows of a plan."""
    df, row = define_row(df, plan, names[0])
    model, define_outputs = _compiled(description)
    return define_outputs(df, list(names), row, f"rdfp_{names[0]}_outputs_", model, plan.preparation())


def _compiled(description: Description) -> tuple[Any, Any]:
    """Return a model as a C++ object, and what defines its outputs."""
    if description.method is not None:
        from rdfplugins.inference.tmva import functor as tmva

        model = tmva.functor(description.method)
        cpp.include("rdfplugins/tmva/graph.h", optimised=True)
        return model, cpp.load_root().rdfp.tmva.graph.define
    from rdfplugins.inference.functor import functor

    assert description.network is not None
    network = functor(description.network)
    cpp.include("rdfplugins/ml_mass.h", optimised=True)
    return network, cpp.load_root().rdfp.ml_mass.define


def define_row(df: RNode, plan: Plan, name: str) -> tuple[RNode, str]:
    """Define the row of a plan as one column of ``RVec<double>``, and return its name."""
    read: list[str] = []
    for number, slot in enumerate(plan.slots):
        df, column = define_input(df, slot, f"rdfp_{name}_input_{number}_")
        read.append(column)
    row = f"rdfp_{name}_row_"
    values = ", ".join(f"rdfp_mass_number({column or '0'})" for column in read)
    cpp.include("rdfplugins/mass_inputs.h", optimised=True)
    with cpp.compiling(f"the inputs of {name}"):
        df = df.Define(row, f"rdfp_mass_row{{{values}}}")
    return df, row


def define_input(df: RNode, slot: Slot, name: str) -> tuple[RNode, str]:
    """Define what one slot of a plan reads, under this name if it is an expression, and return what to read.

    Raises
    ------
    MissingColumnError
        Where a column that is mapped is not there.
    CppError, ConfigError
        For an expression that does not compile, or what is not one number an event.
    """
    column = slot.expression
    if slot.how == "computed":
        return _define_formula(df, slot, name), name
    if slot.how == "found" and not slot.is_column:
        return _define_odd(df, slot, name), name
    where = f"parameter 'map', input '{slot.name}'"
    if slot.how == "mapped" and not slot.is_column:
        df, column = user_expressions.define(df, name, where, slot.expression), name
    elif slot.how == "mapped" and not df.HasColumn(column):
        hint = did_you_mean(column, filter(functools.partial(column_types.is_number, df), column_names(df)))
        raise MissingColumnError(f"{where}: there is no column '{column}'{hint}")
    if column and not column.lstrip("-").isdigit():
        what = f"input '{slot.name}': '{slot.expression}'"
        column_types.require(df, column, what, column_types.NUMBERS, collection=False)
    return df, column


def _define_odd(df: RNode, slot: Slot, name: str) -> RNode:
    """Define what is read of a column whose name no expression can hold."""
    column = slot.expression
    column_types.require(df, column, f"input '{slot.name}'", column_types.NUMBERS, collection=False)
    cpp.include("rdfplugins/odd_column.h")
    return cpp.load_root().rdfp.define_number[column_types.type_of(df, column).element](as_rnode(df), name, column)


def _define_formula(df: RNode, slot: Slot, name: str) -> RNode:
    """Define a variable of TMVA by its formula."""
    for read in slot.reads:
        column, bracket, _ = read.partition("[")
        if _COLUMN.fullmatch(read) is None:
            continue
        if not df.HasColumn(column):  # the others were looked for when it was planned
            hint = did_you_mean(column, column_names(df))
            raise MissingColumnError(f"parameter 'map', for input '{slot.name}': there is no column '{column}'{hint}")
        what = f"input '{slot.name}': '{column}'"
        column_types.require(df, column, what, column_types.NUMBERS, collection=bool(bracket))
    cpp.include(FORMULAS)
    return user_expressions.define(df, name, f"input '{slot.name}'", slot.expression)
