"""The section ``select``: the event loop of a sample, and what it writes."""

from __future__ import annotations

import math
import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from rdfplugins.config.base import (
    Expression,
    FileName,
    Number,
    PathText,
    Section,
    Seed,
    Text,
    described,
    fault,
    in_schema,
)
from rdfplugins.config.steps import Step, numbered

_TOLERANCE = 1e-6
_TREE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*(/[A-Za-z0-9_][A-Za-z0-9_.+-]*)*")
_OWN_OBJECTS = frozenset({"cutflow", "cutflow_weighted", "provenance", "variations", "categories", "channels"})


def _edges(value: Any) -> Any:
    if not isinstance(value, (list, tuple)):
        raise fault(f"two numbers such as [105, 160] are expected, not {described(value)}")
    if len(value) != len(("low", "high")):
        raise fault(f"two numbers such as [105, 160] are expected, not {len(value)}")
    return tuple(value)


def _ordered(value: tuple[float, float]) -> tuple[float, float]:
    low, high = value
    if not low < high:
        raise fault(f"the first number must be below the second, and {low:g} is not below {high:g}")
    return value


@in_schema(lambda text: {**text, "pattern": f"^{_TREE_NAME.pattern}$"})
def _tree_name(name: str) -> str:
    if not _TREE_NAME.fullmatch(name):
        raise fault(f"'{name}' cannot be the name of a tree; use letters, digits and _ . + -")
    return name


@in_schema(lambda text: {**text, "not": {"enum": sorted(_OWN_OBJECTS)}})
def _not_ours(name: str) -> str:
    if name in _OWN_OBJECTS:
        raise fault(f"'{name}' is the name of an object that each output file has; choose another")
    return name


class HistogramConfig(Section):
    """A histogram of one column; its name is the key under which it stands.

    Attributes
    ----------
    column
        What is filled, in the unit in which ``range`` is given.
    bins, range
        Number of equal bins between the two finite ends.
    after
        Name of the cut after which it is filled; None: after the last.
    title
        Title of the axis; None: made from the column.
    """

    column: Text
    bins: int = Field(ge=1, le=100_000)
    range: Annotated[tuple[Number, Number], BeforeValidator(_edges), AfterValidator(_ordered)]
    after: Text | None = None
    title: str | None = None


@in_schema(lambda shares: {**shares, "required": ["train"]})
def _sum_to_one(fractions: dict[str, float]) -> dict[str, float]:
    if "train" not in fractions:
        raise fault("a fraction for 'train' is needed")
    total = math.fsum(fractions.values())
    if abs(total - 1.0) > _TOLERANCE:
        raise fault(f"the fractions must add up to 1, and they make {total:.6g}")
    return fractions


class SplitConfig(Section):
    """Columns ``split`` and ``fold``, from a hash of the identity of an event.

    Attributes
    ----------
    fractions
        Share of the events for each of ``train``, ``val``, ``test``; they add up to 1.
    folds
        Number of folds for cross-validation; None: no column ``fold``.
    seed
        Another seed makes another split.
    """

    fractions: Annotated[
        dict[Literal["train", "val", "test"], Annotated[float, Field(ge=0, allow_inf_nan=False)]],
        AfterValidator(_sum_to_one),
    ]
    folds: int | None = Field(default=None, ge=2, le=1_000_000)
    seed: Seed = 1


@in_schema(lambda categories: {**categories, "propertyNames": {"not": {"const": "none"}}})
def _named_categories(categories: dict[str, str]) -> dict[str, str]:
    if "none" in categories:
        raise fault("'none' is what events of no category are called; choose another name", "none")
    return categories


class OutputConfig(Section):
    """What a selection writes.

    Attributes
    ----------
    dir
        Folder, relative to the current one.
    tree
        Name of the tree in each file.
    columns
        Columns to write; None: those that the nodes make and keep.
    format
        How the tree is stored: as TTree, or as RNTuple (ROOT 6.34 and newer read it).
    exports
        Further formats, one file for all samples each.
    """

    dir: PathText
    tree: Annotated[Text, AfterValidator(_tree_name), AfterValidator(_not_ours)] = "events"
    columns: Annotated[list[Text], Field(min_length=1)] | None = None
    format: Literal["ttree", "rntuple"] = "ttree"
    exports: list[Literal["tsv", "h5", "parquet"]] = Field(default_factory=list)


class SelectConfig(Section):
    """The stage ``select``.

    Attributes
    ----------
    include
        C++ headers of the user, relative to the folder of the config.
    weight
        Column or expression for cutflow and histograms; None: unweighted.
    steps
        What is done to the events, in this order.
    categories
        Name -> condition on selected events; an event belongs to the first whose condition is true. They become the
        integer column ``category`` (0, 1 ... in this order, -1 for none), yields, and a copy of each histogram.
    histograms, split, output
        See the classes.
    """

    include: list[PathText] = Field(default_factory=list)
    weight: Expression | None = None
    steps: Annotated[list[Step], AfterValidator(numbered)]
    histograms: dict[Annotated[FileName, AfterValidator(_not_ours)], HistogramConfig] = Field(default_factory=dict)
    categories: Annotated[dict[FileName, Expression], AfterValidator(_named_categories)] = Field(default_factory=dict)
    split: SplitConfig | None = None
    output: OutputConfig
