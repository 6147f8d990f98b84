"""Nodes for the collections of an event (jets, leptons, photons), whatever the analysis."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from rdfplugins import cpp
from rdfplugins.errors import ConfigError
from rdfplugins.nodes.base import RNode, as_rnode, node
from rdfplugins.nodes.column_types import DTYPES, type_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MOST = 1000
_MOMENTA = ("pt", "E", "e", "m", "mass", "px", "py", "pz", "et")
_UNITS = {"phi": "rad", "theta": "rad", "z0": "mm", "d0": "mm", "charge": "e"}


def _listed(value: Any) -> Sequence[str]:
    return [value] if isinstance(value, str) else value


def _ranks(count: Any) -> list[str]:
    # without a number, as in the documentation, the columns have no end
    return [str(rank) for rank in range(1, count + 1)] if isinstance(count, int) else ["1", "2", "..."]


def _needs(parameters: Mapping[str, Any]) -> tuple[str, ...]:
    names = [*_listed(parameters["quantities"]), *([parameters["order_by"]] if parameters["order_by"] else [])]
    return tuple(dict.fromkeys(f"{parameters['collection']}_{name}" for name in names))


def _columns(parameters: Mapping[str, Any], name: str) -> list[str]:
    return [f"{parameters['collection']}_{rank}_{name}" for rank in _ranks(parameters["count"])]


def _makes(parameters: Mapping[str, Any]) -> tuple[str, ...]:
    names = [*_listed(parameters["quantities"]), *(["valid"] if parameters["mask"] else [])]
    by_name = [_columns(parameters, name) for name in names]
    return tuple(column for of_rank in zip(*by_name, strict=True) for column in of_rank)


def _column_units(parameters: Mapping[str, Any]) -> dict[str, str]:
    unit_of = {**_UNITS, **dict.fromkeys(_MOMENTA, str(parameters.get("units") or ""))}
    return {
        column: unit_of[name]
        for name in parameters["quantities"]
        if unit_of.get(name)
        for column in _columns(parameters, name)
    }


@node(name="collections.pad", needs=_needs, makes=_makes, units_of=_column_units)
def pad(
    df: RNode,
    *,
    collection: str,
    quantities: list[str],
    count: int,
    fill: float = 0.0,
    order_by: str | None = None,
    mask: bool = True,
    units: Literal["MeV", "GeV"] | None = None,  # noqa: ARG001 (see _column_units)
) -> RNode:
    """Define columns for the first objects of a collection, filled up where an event has fewer.

    ``collection: jet, quantities: [pt, eta], count: 2`` turns ``jet_pt`` and ``jet_eta`` into ``jet_1_pt``,
    ``jet_1_eta``, ``jet_1_valid``, ``jet_2_pt``, ``jet_2_eta``, ``jet_2_valid``: a table of fixed width, for what takes
    no lists. Where there are more objects, those behind the last rank are left out.

    Parameters
    ----------
    df
        Data frame with the columns ``<collection>_<quantity>``, vectors of numbers or of bool.
    collection
        What their names begin with: ``jet``, ``truth_jet``.
    quantities
        What stands behind it and an underscore.
    count
        Number of objects, 1 to 1000.
    fill
        Value where an event has no object of the rank. Columns keep the type of their branch, which must be able to
        hold it exactly (floats may round it): no -1 for unsigned numbers, no NaN for whole ones.
    order_by
        Quantity by whose falling values objects are ranked: equal values in the order of the file, NaN last. Null: in
        the order of the file.
    mask
        Whether to define ``<collection>_<rank>_valid``, too: true where there is an object.
    units
        Unit of momenta in the file, which the columns keep, for the titles of branches.

    Raises
    ------
    ConfigError
        For a column that is no vector of numbers, one that is there already, or a fill value that does not fit.
    InputError
        In the event loop: where the quantities of an event differ in length.

    Notes
    -----
    The node may be used several times, for several collections, or for other quantities of one with ``mask: false``.
    """
    parameters = {"collection": collection, "quantities": quantities, "count": count, "mask": mask}
    _check(df, parameters)
    df = as_rnode(df)
    first = f"{collection}_{order_by or quantities[0]}"
    _element_type(df, first)
    kinds = {name: _element_type(df, f"{collection}_{name}") for name in quantities}
    fills = {name: _fill_value(fill, kinds[name], f"{collection}_{name}") for name in quantities}
    cpp.include("rdfplugins/pad.h")
    rdfp = cpp.load_root().rdfp
    order = _free_name(df, f"rdfp_{collection}_order_")
    df = df.Define(order, f"rdfp::ranking({first}, {count}, {'false' if order_by is None else 'true'})")
    for name in quantities:
        column = f"{collection}_{name}"
        df, values = _as_rvec(df, column, kinds[name])
        df = rdfp.pad[kinds[name]](as_rnode(df), order, values, column, fills[name], _columns(parameters, name))
    return rdfp.mask(as_rnode(df), order, _columns(parameters, "valid")) if mask else df


def _check(df: RNode, parameters: Mapping[str, Any]) -> None:
    """Refuse parameters that name nothing, or columns that are there already."""
    quantities, count = parameters["quantities"], parameters["count"]
    if not quantities:
        raise ConfigError("parameter 'quantities' of node collections.pad is empty")
    for name in (parameters["collection"], *quantities):
        if not re.fullmatch(r"\w+", name, re.ASCII):
            key = "collection" if name == parameters["collection"] else "quantities"
            raise ConfigError(f"parameter '{key}' of node collections.pad: '{name}' is no part of the name of a column")
    twice = sorted({name for name in quantities if quantities.count(name) > 1})
    if twice:
        raise ConfigError(f"parameter 'quantities' of node collections.pad names '{twice[0]}' twice")
    if not 1 <= count <= MOST:
        raise ConfigError(f"parameter 'count' of node collections.pad must be from 1 to {MOST}, not {count}")
    there = [column for column in _makes(parameters) if df.HasColumn(column)]
    if there:
        hint = "; 'mask: false' leaves it to the other" if there[0].endswith("_valid") else ""
        raise ConfigError(f"node collections.pad would make column '{there[0]}', which is there already{hint}")


def _element_type(df: RNode, column: str) -> str:
    """Return the type of the elements of a collection as C++ names it."""
    found = type_of(df, column)
    if not found.is_collection or found.kind == "other":
        raise ConfigError(f"node collections.pad: column '{column}' is a {found.name}, not a vector of numbers")
    return found.element


def _fill_value(fill: float, kind: str, column: str) -> bool | int | float:
    """Return the fill value as the type of a column holds it; ConfigError where it cannot."""
    dtype = np.dtype(DTYPES[kind])
    if dtype.kind == "f":
        if math.isfinite(fill) and abs(fill) > float(np.finfo(dtype).max):
            raise _unfit(fill, kind, column)
        return float(fill)
    whole = math.isfinite(fill) and float(fill).is_integer()
    low, high = (0, 1) if dtype.kind == "b" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    if not whole or not low <= int(fill) <= high:
        raise _unfit(fill, kind, column)
    return bool(fill) if dtype.kind == "b" else int(fill)


def _unfit(fill: float, kind: str, column: str) -> ConfigError:
    return ConfigError(
        f"parameter 'fill' of node collections.pad: {fill:g} does not fit '{column}', a vector of {kind}"
    )


def _as_rvec(df: RNode, column: str, kind: str) -> tuple[RNode, str]:
    """Return a column of RVec: a branch of vectors is read as one, a vector that a definition returns is not."""
    if "RVec" in str(df.GetColumnType(column)) or column not in {str(name) for name in df.GetDefinedColumnNames()}:
        return df, column
    name = _free_name(df, f"rdfp_{column}_")
    return df.Define(name, f"ROOT::RVec<{kind}>({column}.begin(), {column}.end())"), name


def _free_name(df: RNode, stem: str) -> str:
    """Return a name that no column has: each use of the node has an order of its own."""
    number = 1
    while df.HasColumn(f"{stem}{number}_"):
        number += 1
    return f"{stem}{number}_"
