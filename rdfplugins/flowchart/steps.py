"""What one step of a selection looks like, and the cuts and columns that it is known to make."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from rdfplugins.config.steps import DefineStep, FilterStep, GoldenJsonStep, NodeStep, VaryStep
from rdfplugins.flowchart.chart import Box, Row, capped
from rdfplugins.nodes import base
from rdfplugins.sample import Sample
from rdfplugins.select.steps import node_arguments

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rdfplugins.config import Config, Step


@dataclasses.dataclass(frozen=True)
class StepFacts:
    """Names of the cuts of a step, in their order, of the columns that it adds to the output, and cuts by channel."""

    cuts: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    channels: dict[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)


def step_facts(config: Config, step: Step, kind: str) -> StepFacts:
    """Return what a step makes of samples of a kind; a node that filters without declaring its cuts tells of none."""
    if isinstance(step, NodeStep):
        node = base.find(step.node)
        sample = Sample("data" if kind == "data" else "mc")
        checked = node.check(node_arguments(node, step, sample, config.input.units))
        columns = (*node.keeps(checked), *node.makes(checked))
        return StepFacts(node.cuts(checked) or (), columns, node.channel_cuts(checked))
    if isinstance(step, FilterStep):
        return StepFacts(cuts=tuple(step.filter))
    if isinstance(step, DefineStep):
        return StepFacts(columns=tuple(step.define))
    return StepFacts(cuts=("golden_json",) if isinstance(step, GoldenJsonStep) else ())


def step_box(step: Step, known: StepFacts) -> Box:
    """Return the box of a step; the row of its cut number n, from 0, has the port ``cut_n``."""
    note = f"only {', '.join(step.only)}" if step.only is not None else ""
    name = f"step_{step.index}"
    if isinstance(step, NodeStep):
        return Box(name, "node", step.node, note, tuple(_rows_of_node(step, known)))
    if isinstance(step, FilterStep):
        cuts = enumerate(step.filter.items())
        return Box(name, "filter", "filter", note, tuple(Row(cut, text, f"cut_{at}") for at, (cut, text) in cuts))
    if isinstance(step, DefineStep):
        return Box(name, "define", "define", note, capped([Row(*item) for item in step.define.items()]))
    if isinstance(step, VaryStep):
        return Box(name, "vary", "vary", note or "mc", capped(list(_rows_of_vary(step))))
    assert isinstance(step, GoldenJsonStep)
    spec = step.golden_json
    blocks = f" and {spec.lumi_block}" if spec.lumi_block is not None else ""
    return Box(name, "filter", "golden_json", note or "data", (Row(spec.file, f"by {spec.run}{blocks}", "cut_0"),))


def _rows_of_node(step: NodeStep, known: StepFacts) -> Iterator[Row]:
    for key, value in step.with_.items():
        yield Row(key, as_yaml(value))
    last = len(known.cuts) - 1
    for number, cut in enumerate(known.cuts):
        if number == last:  # that an event went one of the channels
            for channel, cuts in known.channels.items():
                yield Row(f"channel {channel}", f"{len(cuts)} cuts: {', '.join(cuts)}")
        yield Row(cut, f"cut {number + 1}", f"cut_{number}")
    if known.columns:
        number = len(known.columns)
        yield Row("", f"{number} column{'' if number == 1 else 's'} for the output")


def _rows_of_vary(step: VaryStep) -> Iterator[Row]:
    for name, variation in step.vary.items():
        for column, up in variation.up.items():
            yield Row(name, f"{column}: {up} / {variation.down.get(column, column)}")


def as_yaml(value: Any) -> str:
    """Return a value as it may stand in a config."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(as_yaml, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {as_yaml(item)}' for key, item in value.items())}}}"
    return str(value)
