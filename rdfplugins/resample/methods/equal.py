"""Methods that take the same number of rows of every class in every bin, each row once: count, importance, ensemble."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rdfplugins.resample.draw import hashes, stream
from rdfplugins.resample.methods.plan import Draft, Facts, refuse_empty, target_tables
from rdfplugins.resample.methods.shares import thinned

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rdfplugins.resample.methods.plan import Plan

DEFAULT_SUBSETS = 10  # as EasyEnsemble has
_ROUNDING = "resample rounding"
_EXACT = 1e-13  # relative: what rounding takes off a number that is whole by its definition


def count(facts: Facts) -> Plan:
    """Undersample every class in every bin to the smallest one."""
    draft, counts = Draft(facts), _smallest(facts)
    _lose_rows(draft)
    _take(draft, counts)
    return draft.plan()


def ensemble(facts: Facts) -> Plan:
    """Make several samples as `count` does: the smallest class of a bin is in all of them (EasyEnsemble).

    Liu, Wu and Zhou, IEEE Trans. Syst. Man Cybern. B 39 (2009) 539, doi:10.1109/TSMCB.2008.2007853.
    """
    draft, counts = Draft(facts), _smallest(facts)
    _lose_rows(draft)
    _take(draft, counts)
    draft.subsets = facts.options.subsets or DEFAULT_SUBSETS
    return draft.plan()


def importance_no_replace(facts: Facts) -> Plan:
    """Take the shape of the target from every class, scaled down until each has enough rows in every bin."""
    draft, options = Draft(facts), facts.options
    refuse_empty(facts)
    targets = target_tables(facts, options.target_distribution, [0] * len(facts.tables))
    _lose_rows(draft)
    counts = []
    for family, (table, target, lost) in enumerate(zip(facts.tables, targets, draft.lost, strict=True)):
        used = (target > 0) & ~lost & (table.min(axis=0) > 0)
        taken = np.zeros(len(target), np.int64)
        if used.any():
            ratios = target[used] / table[:, used]
            limit = ratios.max() if options.clip_quantile is None else np.quantile(ratios, options.clip_quantile)
            exact = target[used] / limit
            rounded = _rounded(exact, family, np.flatnonzero(used), options.seed, options.rounding)
            least = table[:, used].min(axis=0)
            clipped = int((rounded > least).sum())
            if clipped:
                draft.says.append(f"clip_quantile: {clipped} bins have too few rows for the target and give all")
            taken[used] = np.minimum(rounded, least)
        counts.append(taken)
    draft.target = targets
    _take(draft, counts)
    return draft.plan()


def _rounded(
    exact: NDArray[np.float64], family: int, bins: NDArray[np.intp], seed: int, rounding: str
) -> NDArray[np.int64]:
    whole = np.floor(exact * (1 + _EXACT) + _EXACT)
    if rounding == "stochastic":
        marks = hashes(stream(seed, _ROUNDING, family), bins.astype(np.uint64))
        whole += (marks >> np.uint64(11)).astype(np.float64) * 2.0**-53 < exact - whole
    return whole.astype(np.int64)


def _smallest(facts: Facts) -> list[NDArray[np.int64]]:
    """Return the smallest class of each bin; 0 below ``min_bin_count``."""
    refuse_empty(facts)
    least = [table.min(axis=0) for table in facts.tables]
    return [np.where(one >= facts.options.min_bin_count, one, 0) for one in least]


def _lose_rows(draft: Draft) -> None:
    """Note bins that have rows, and too few of some class."""
    least = max(1, draft.facts.options.min_bin_count)
    tables = draft.facts.tables
    lost = [(table.min(axis=0) < least) & (table.max(axis=0) > 0) for table in tables]
    draft.lose(lost, [table.sum(axis=0).astype(np.float64) for table in tables], "the rows")


def _take(draft: Draft, counts: list[NDArray[np.int64]]) -> None:
    """Take these numbers of each class and bin, thinned to fractions and ``n_jets``: the same for all classes."""
    facts = draft.facts
    given = draft.numbers([int(one.sum()) for one in counts], facts.per_class, " of each class")
    for table, one, total in zip(facts.cells.tables(draft.take), counts, given, strict=True):
        table[:] = thinned(one, total)
