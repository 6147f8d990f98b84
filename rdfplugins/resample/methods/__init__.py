"""How many rows of each class and bin are taken, how often and with which weight: pure functions of counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rdfplugins.resample.methods import equal, replacing, weighted
from rdfplugins.resample.methods.plan import Facts, MisfitError, Plan

if TYPE_CHECKING:
    from collections.abc import Callable

METHODS: dict[str, Callable[[Facts], Plan]] = {
    "none": weighted.none,
    "count": equal.count,
    "pdf": replacing.pdf,
    "importance_no_replace": equal.importance_no_replace,
    "weighting": weighted.weighting,
    "countup": replacing.countup,
    "ensemble": equal.ensemble,
    "stratified": weighted.stratified,
    "random_undersampling": equal.count,
    "random_oversampling": replacing.random_oversampling,
    "planing": weighted.planing,
}

__all__ = ["METHODS", "Facts", "MisfitError", "Plan"]
