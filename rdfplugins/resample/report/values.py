"""All numbers of a resampling as JSON: what is not a number is null."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from rdfplugins.resample.report.numbers import AGREEMENT_TEXT

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rdfplugins.resample.report.numbers import Agreement, Numbers, Part
    from rdfplugins.resample.report.spectra import Panel, Spectrum
    from rdfplugins.resample.tally import Tally

MOST_NUMBERS = 1_000_000  # of single bins: larger tables are for no reader of JSON
_LISTS = re.compile(r"\[[^\[\]{}\"]*\]")


def values_of(tally: Tally, numbers: Numbers, sampled: Sequence[Spectrum], drawn: Sequence[Spectrum]) -> dict[str, Any]:
    """Return all numbers.

    Parameters
    ----------
    sampled, drawn
        Distributions of the sampling variables, and of other columns.
    """
    target = None if numbers.target_class is None else tally.classes[numbers.target_class]
    return {
        "method": tally.method,
        "classes": list(tally.classes),
        "subsets": tally.subsets,
        "weighted": numbers.weighted,
        "target": {"there": tally.target is not None, "class": target, "agreement": AGREEMENT_TEXT},
        "all": {name: _whole(numbers, place) for place, name in enumerate(tally.classes)},
        "categories": {name or "all": _category(tally, numbers, index) for index, name in enumerate(tally.categories)},
        "sampling_variables": _spectra(tally, sampled),
        "plot_variables": _spectra(tally, drawn),
    }


def text_of(values: Any) -> str:
    """Return JSON with sorted keys, a list of numbers on one line."""
    text = json.dumps(_plain(values), indent=1, sort_keys=True, allow_nan=False, ensure_ascii=False)
    # a string has no line break, so that none of a user's words is changed
    return _LISTS.sub(lambda found: re.sub(r"\s*\n\s*", " ", found[0]), text) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    return value


def _whole(numbers: Numbers, place: int) -> dict[str, Any]:
    whole = numbers.wholes[place]
    return {
        **_part(whole.part),
        "rows": whole.rows,
        "rows_of_output": whole.written,
        "different_rows_of_output": whole.different,
        "unused": whole.unused,
        "largest_copies": whole.largest,
        "effective_size_of_copies": whole.effective_copies,
        "copies": whole.copies,
    }


def _part(part: Part) -> dict[str, Any]:
    return {
        "in_range": part.in_range,
        "taken": part.taken,
        "different_rows": part.different,
        "mean_copies": part.mean_copies,
        "taken_over_in_range": part.ratio,
        "sum_of_weights": part.weights,
        "effective_size": part.effective,
        "rows_in_lost_bins": part.lost,
        "rows_of_output_in_lost_bins": part.kept,
        "agreement_before": _agreement(part.before),
        "agreement_after": _agreement(part.after),
    }


def _agreement(found: Agreement | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "chi2": found.chi2,
        "ndf": found.ndf,
        "chi2_per_ndf": found.per_ndf,
        "bins_without_the_class": found.missing_bins,
        "share_of_target_without_the_class": found.missing_share,
    }


def _category(tally: Tally, numbers: Numbers, index: int) -> dict[str, Any]:
    one, grid = numbers.categories[index], tally.grids[index]
    found = {
        "bins": one.bins,
        "bins_with_rows": one.filled,
        "lost_bins": one.lost,
        "rows": one.rows,
        "rows_in_lost_bins": one.lost_rows,
        "fraction_of_rows_in_lost_bins": one.lost_fraction,
        "largest_difference_before": one.difference_before,
        "largest_difference_after": one.difference_after,
        "classes": {name: _part(part) for name, part in zip(tally.classes, one.parts, strict=True)},
        "axes": [
            {
                "name": axis.name,
                "expression": axis.expression,
                "edges": axis.edges if axis.bins <= MOST_NUMBERS else None,
                "out_of_range": list(axis.gaps),
            }
            for axis in grid.axes
        ],
    }
    contents = _contents(tally, index)
    if sum(table.size for table in contents.values()) <= MOST_NUMBERS:
        found["contents"] = {
            name: table if table.ndim == 1 else dict(zip(tally.classes, table, strict=True))
            for name, table in contents.items()
        }
    return found


def _contents(tally: Tally, index: int) -> dict[str, Any]:
    """Return what is in each bin; the last variable runs fastest."""
    named = ("before", "after", "distinct", "weights", "squares", "variances")
    found = {name: getattr(tally, name)[index] for name in named}
    found["lost"] = tally.lost[index]
    if tally.target is not None:
        found["target"] = tally.target[index]
    return found


def _spectra(tally: Tally, spectra: Iterable[Spectrum]) -> list[dict[str, Any]]:
    return [
        {
            "variable": one.variable,
            "category": one.category or "all",
            "edges": one.edges,
            "out_of_range": list(one.gaps),
            "note": one.note,
            "before": _panel(tally, one.panels[0]),
            "after": _panel(tally, one.panels[1]) if len(one.panels) > 1 else None,
        }
        for one in spectra
    ]


def _panel(tally: Tally, panel: Panel) -> dict[str, Any]:
    return {
        "target": panel.target,
        "classes": {
            name: {"rows": rows, "values": values, "errors": errors}
            for name, rows, values, errors in zip(tally.classes, panel.rows, panel.values, panel.errors, strict=True)
        },
    }
