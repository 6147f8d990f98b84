"""Histograms of a config: booked where their cut is, or checked where the stage ``ml`` fills them later."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rdfplugins import cpp
from rdfplugins.errors import did_you_mean
from rdfplugins.nodes import base

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rdfplugins.config import Config
    from rdfplugins.select.faults import Faults
    from rdfplugins.select.graph.bookings import Bookings


def book(config: Config, name: str, bookings: Bookings, df: Any) -> None:
    """Book a histogram behind its cut.

    Parameters
    ----------
    df
        The end of the graph.

    Raises
    ------
    ConfigError
        For a cut or a column that is not there, or a column that holds no numbers.
    """
    spec = config.select.histograms[name]
    path = ("select", "histograms", name)
    point = bookings.points[-1]
    if spec.after is not None:
        found = [point for point in bookings.points if point.cut == spec.after]
        if not found:
            cuts = [point.cut for point in bookings.points]
            raise config.fault(f"no cut '{spec.after}'{did_you_mean(spec.after, cuts)}", *path, "after")
        point = found[0]
    if not point.df.HasColumn(spec.column):
        hint = did_you_mean(spec.column, base.column_names(point.df))
        if df.HasColumn(spec.column):
            hint = ": it is made behind a later cut; name a later one, or leave 'after' out"
        message = f"histogram '{name}': no column '{spec.column}' after cut '{point.cut}'{hint}"
        raise config.fault(message, *path, "column")
    kind = str(point.df.GetColumnType(spec.column))
    known = cpp.load_root().TClass.GetClass(kind, True, True)  # noqa: FBT003 (load, silent)
    if known and (not known.GetCollectionProxy() or "string" in kind):
        raise config.fault(f"histogram '{name}': column '{spec.column}' is a {kind}, not numbers", *path, "column")
    _refuse_name_of_tree(config, name)
    bookings.histogram(point, name, spec)


def check_later(config: Config, name: str, columns: Sequence[str], faults: Faults) -> None:
    """Raise ConfigError for a histogram that the stage ``ml`` is to fill from a tree without the weight.

    Parameters
    ----------
    columns
        Those of the tree.
    faults
        What is known to be wrong already, and not to be told twice.
    """
    _refuse_name_of_tree(config, name)
    weight = config.select.weight
    if weight is not None and weight.strip() not in columns and not faults.explains(weight.strip()):
        raise config.fault(
            f"histogram '{name}' is filled from the written tree, which does not hold the weight '{weight}': define a"
            " column for an expression, and list it where there are select.output.columns",
            *("select", "histograms", name),
        )


def _refuse_name_of_tree(config: Config, name: str) -> None:
    if name == config.select.output.tree:
        path = ("select", "histograms", name)
        raise config.fault(f"histogram '{name}' has the name of the output tree; choose another", *path)
