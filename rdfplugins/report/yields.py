"""Tables beside the cutflow: yields of categories, and what systematic variations make of all yields."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from rdfplugins.pages import ABSENT, Grid
from rdfplugins.report.channels import channel_names, channel_values
from rdfplugins.report.systematics import DOWN, UP, names_of
from rdfplugins.report.tables import (
    HIDDEN,
    Cell,
    cell_of,
    cell_text,
    cell_values,
    expected_text,
    quantity,
    scale_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rdfplugins.cutflow import Cut
    from rdfplugins.report.blinding import Blinding
    from rdfplugins.report.contents import Contents

_ALL_SIMULATION = "all simulation"
NO_CATEGORY = "none"


def category_names(samples: Sequence[Contents]) -> list[str]:
    """Return the names of the categories of all samples, ``none`` last."""
    names = list(dict.fromkeys(name for sample in samples for name in sample.regions if name is not None))
    return [*names, *([NO_CATEGORY] if any(NO_CATEGORY in sample.categories for sample in samples) else [])]


def category_cells(sample: Contents, lumi_pb: float | None, *, blinding: Blinding | None = None) -> dict[str, Cell]:
    """Return the yield of each category of a sample; its efficiency is the share of what passed all cuts.

    Parameters
    ----------
    sample
        One sample.
    lumi_pb
        Integrated luminosity in 1/pb; None leaves simulation in pb.
    blinding
        Hides data; see `rdfplugins.report.blinding.Blinding.hides_categories`.
    """
    if sample.is_data and blinding is not None and blinding.hides_categories(sample.cuts):
        return dict.fromkeys(sample.categories, HIDDEN)
    scale, total = scale_of(sample.cutflow, lumi_pb), sample.cutflow.cuts[-1].weighted
    return {name: cell_of(cut, scale, total) for name, cut in sample.categories.items()}


def category_grids(
    samples: Sequence[Contents], lumi_pb: float | None, *, blinding: Blinding | None = None
) -> list[Grid]:
    """Return tables of raw and of expected events of the categories; none where they would repeat those of channels."""
    names = category_names(samples)
    if not names or are_channels(samples):
        return []
    cells = [category_cells(sample, lumi_pb, blinding=blinding) for sample in samples]
    head = ("category", *(sample.name for sample in samples))
    what = quantity([sample.cutflow for sample in samples], lumi_pb)
    return [
        Grid(title, head, tuple((name, *(cell_text(column.get(name), word) for column in cells)) for name in names))
        for title, word in (
            ("Categories: raw events", lambda cell: str(cell.events)),
            (f"Categories: {what}", expected_text),
        )
    ]


def are_channels(samples: Sequence[Contents]) -> bool:
    """Return whether categories are channels under the same names: each has the same yield, and none is left over."""
    channels = channel_names([sample.cutflow for sample in samples])
    names = [name for name in category_names(samples) if name != NO_CATEGORY]
    return set(names) == set(channels) != set() and all(map(_has_equal_yields, samples))


def _has_equal_yields(sample: Contents) -> bool:
    last = {name: way[-1] for name, way in sample.cutflow.channels.items()}
    rest = sample.categories.get(NO_CATEGORY)
    return (rest is None or rest.events == 0) and all(
        name in last and last[name].events == cut.events and math.isclose(last[name].weighted, cut.weighted)
        for name, cut in sample.categories.items()
        if name != NO_CATEGORY
    )


def relative(varied: float, nominal: float) -> float | None:
    """Return the change of a yield relative to what it was; None where it was 0."""
    return (varied - nominal) / nominal if nominal else None


def format_shift(fraction: float | None) -> str:
    """Return a relative change in per cent with its sign.

    Examples
    --------
    >>> format_shift(0.01234), format_shift(-1e-7)
    ('+1.23 %', '0.00 %')
    """
    if fraction is None or not math.isfinite(fraction):
        return ABSENT
    text = f"{100.0 * fraction:+.2f}"
    return f"{'0.00' if float(text) == 0 else text} %"


def variation_grids(samples: Sequence[Contents]) -> list[Grid]:
    """Return a table of what each variation changes after the last cut; none where there are no variations."""
    simulated = [sample for sample in samples if not sample.is_data]
    several = len(simulated) > 1 and len({sample.cutflow.weighted for sample in simulated}) == 1
    rows = []
    for label in _labels(simulated):
        changes = [_last_change(sample, label) for sample in simulated]
        rows.append((label, *changes, *([_change_of_sum(simulated, label)] if several else [])))
    head = ("variation", *(sample.name for sample in simulated), *([_ALL_SIMULATION] if several else []))
    grids = [Grid("Systematic variations: change after the last cut", head, tuple(rows))] if rows else []
    repeated = are_channels(samples)
    categories = [] if repeated else [name for name in category_names(simulated) if name != NO_CATEGORY]
    if rows and categories and len({sample.cutflow.weighted for sample in simulated}) == 1:
        table = [
            (label, *(_change_in_category(simulated, label, name) for name in categories))
            for label in _labels(simulated)
        ]
        title = f"Systematic variations: change of {_ALL_SIMULATION} in each category"
        grids.append(Grid(title, ("variation", *categories), tuple(table)))
    channels = channel_names([sample.cutflow for sample in simulated])
    if rows and channels and len({sample.cutflow.weighted for sample in simulated}) == 1:
        table = [
            (label, *(_change_in_channel(simulated, label, name) for name in channels)) for label in _labels(simulated)
        ]
        title = f"Systematic variations: change of {_ALL_SIMULATION} in each channel"
        grids.append(Grid(title, ("variation", *channels), tuple(table)))
    return grids


def _change_in_channel(samples: Sequence[Contents], label: str, channel: str) -> str:
    """Return the change of the summed yield of a channel after the last cut."""
    there = [sample for sample in samples if channel in sample.cutflow.channels]
    nominal = math.fsum(sample.cutflow.channels[channel][-1].weighted for sample in there)
    flows = [sample.cutflow_variations.get(label, sample.cutflow) for sample in there]
    return format_shift(relative(math.fsum(flow.channels[channel][-1].weighted for flow in flows), nominal))


def _change_in_category(samples: Sequence[Contents], label: str, category: str) -> str:
    """Return the change of the summed yield of a category; events may come from another or leave for one."""
    there = [sample for sample in samples if category in sample.categories]
    nominal = math.fsum(sample.categories[category].weighted for sample in there)
    varied = math.fsum(sample.category_variations.get(label, sample.categories)[category].weighted for sample in there)
    return format_shift(relative(varied, nominal))


def _labels(samples: Sequence[Contents]) -> list[str]:
    """Return all labels in the order up, down of each variation."""
    there = {label for sample in samples for label in sample.cutflow_variations}
    return [label for name in names_of(samples) for label in (f"{name}_{UP}", f"{name}_{DOWN}") if label in there]


def _last_change(sample: Contents, label: str) -> str:
    if label not in sample.cutflow_variations:
        return ABSENT
    return format_shift(relative(sample.cutflow_variations[label].cuts[-1].weighted, sample.cutflow.cuts[-1].weighted))


def _change_of_sum(samples: Sequence[Contents], label: str) -> str:
    """Return the change of the sum; a sample without this variation stays as it is."""
    nominal = math.fsum(sample.cutflow.cuts[-1].weighted for sample in samples)
    varied = math.fsum(sample.cutflow_variations.get(label, sample.cutflow).cuts[-1].weighted for sample in samples)
    return format_shift(relative(varied, nominal))


def extra_values(sample: Contents, lumi_pb: float | None, *, blinding: Blinding | None = None) -> dict[str, Any]:
    """Return channels, categories and variations of a sample as JSON values; a key is left out where there are none."""
    found: dict[str, Any] = {}
    flow = sample.cutflow
    if sample.cutflow_variations and not sample.is_data:
        found["variations"] = {
            label: [
                {"name": cut.name, **_varied(cut, nominal, sample, lumi_pb)}
                for cut, nominal in zip(varied.cuts, flow.cuts, strict=True)
            ]
            for label, varied in sample.cutflow_variations.items()
        }
    if flow.channels:
        found["channels"] = channel_values(flow, lumi_pb, blinding=blinding)
    if sample.categories:
        cells = category_cells(sample, lumi_pb, blinding=blinding)
        found["categories"] = {name: cell_values(cell, flow, lumi_pb) for name, cell in cells.items()}
        for label, cuts in ({} if sample.is_data else sample.category_variations).items():
            for name, cut in cuts.items():
                there = found["categories"].setdefault(name, {}).setdefault("variations", {})
                there[label] = _varied(cut, sample.categories[name], sample, lumi_pb)
    return found


def _varied(cut: Cut, nominal: Cut, sample: Contents, lumi_pb: float | None) -> dict[str, Any]:
    cell = cell_values(cell_of(cut, scale_of(sample.cutflow, lumi_pb), 0.0), sample.cutflow, lumi_pb)
    kept = {key: value for key, value in cell.items() if key not in {"efficiency", "blinded"}}
    return {**kept, "relative": relative(cut.weighted, nominal.weighted)}
