"""What the steps of a resampling leave for each other on disk: counts and plan, and the chosen rows of each class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rdfplugins.resample.methods import Plan
from rdfplugins.resample.tally import Counts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from rdfplugins.resample.choose import Choice
    from rdfplugins.resample.tally import Tally

_CELLS = ("base", "take", "rate", "group", "draws", "weight")
_NUMBER, _TARGET, _LOST, _COUNT = "n", "target", "lost", "count_"


def of_plan(choice: Choice, plan: Plan) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Return what is to be stored of a plan: attributes, and numbers of cells."""
    tables: dict[str, NDArray[Any]] = {name: getattr(plan, name) for name in _CELLS}
    tables[_NUMBER] = choice.n
    for family, lost in enumerate(plan.lost):
        tables[f"{_LOST}_{family}"] = lost
    for family, target in enumerate(plan.target or ()):
        tables[f"{_TARGET}_{family}"] = target
    attributes = {"subsets": plan.subsets, "says": list(plan.says), "unused": choice.unused}
    return attributes, tables


def to_plan(choice: Choice, attributes: Mapping[str, Any], tables: Mapping[str, NDArray[Any]]) -> Plan:
    """Return a stored plan, and give ``choice`` the counts that were stored with it."""
    choice.n = tables[_NUMBER]
    choice.unused = {name: dict(reasons) for name, reasons in attributes["unused"].items()}
    families = range(len(choice.cells.families))
    targets = tuple(tables[f"{_TARGET}_{family}"] for family in families if f"{_TARGET}_{family}" in tables)
    return Plan(
        **{name: tables[name] for name in _CELLS},
        target=targets or None,
        lost=tuple(tables[f"{_LOST}_{family}"] for family in families),
        subsets=int(attributes["subsets"]),
        says=tuple(attributes["says"]),
    )


def of_counts(counts: Counts) -> dict[str, NDArray[Any]]:
    """Return what is to be stored of counts."""
    return {f"{_COUNT}{name}": values for name, values in counts.tables().items()}


def to_counts(tables: Mapping[str, NDArray[Any]]) -> Counts:
    """Return stored counts."""
    return Counts(**{name.removeprefix(_COUNT): values for name, values in tables.items() if name.startswith(_COUNT)})


def to_tally(choice: Choice, attributes: Mapping[str, Any], tables: Mapping[str, NDArray[Any]]) -> Tally:
    """Return the tally of a stored plan with its counts."""
    return choice.tally(to_plan(choice, attributes, tables), to_counts(tables))
