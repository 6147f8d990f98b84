"""What the steps of a config say by themselves, before any file is opened: columns they read and make, parameters."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rdfplugins.config.steps import DefineStep, FilterStep, NodeStep
from rdfplugins.errors import ConfigError
from rdfplugins.nodes import base

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rdfplugins.config import Config
    from rdfplugins.sample import Sample

_WORD = re.compile(r"(?<!\w)[A-Za-z_]\w*")


def used_columns(config: Config, sample_name: str, sample: Sample) -> list[str]:
    """Return every name or pattern that may be a branch of the graph: needs of nodes, words of expressions."""
    expressions = [*config.input.aliases.values(), config.select.weight or ""]
    names: set[str] = set(() if isinstance(config.input.key, str) else config.input.key)
    for step in config.select.steps:
        if not step.applies_to(sample_name, sample.kind):
            continue
        if isinstance(step, NodeStep):
            node = base.find(step.node)
            checked = node.check(node_arguments(node, step, sample, config.input.units))
            names.update(node.needs(checked), node.keeps(checked))
            expressions += [value for value in step.with_.values() if isinstance(value, str)]
        else:
            expressions += (step.filter if isinstance(step, FilterStep) else step.define).values()
    names.update(spec.column for spec in config.select.histograms.values())
    names.update(config.select.output.columns or ())
    for expression in expressions:
        names.update(_WORD.findall(expression))
    return sorted(names)


def node_arguments(node: base.Node[Any], step: NodeStep, sample: Sample, units: str) -> dict[str, Any]:
    """Return the keyword parameters for a node of a pipeline: those of ``with:``, the sample and the file's unit."""
    arguments = dict(step.with_)
    if "sample" in arguments:
        raise ConfigError("'sample' is not set in 'with:'; a node is given the sample of the config")
    if "units" in arguments and arguments["units"] != units:
        raise ConfigError(f"'units: {arguments['units']}' contradicts input.units, which is {units}")
    if "sample" in node.parameters:
        arguments["sample"] = sample
    if "units" in node.parameters:
        arguments["units"] = units
    return arguments


def parameter_path(path: Sequence[str | int], step: NodeStep, message: str) -> tuple[str | int, ...]:
    """Return the config path of the parameter that a message quotes, or that of the step's ``node``."""
    for key in step.with_:
        if f"'{key}'" in message or f"'{key}:" in message:
            return (*path, "with", key)
    return (*path, "node")


def makes(step: NodeStep | FilterStep | DefineStep, sample: Sample) -> set[str]:
    """Return the columns that a step defines."""
    if isinstance(step, DefineStep):
        return set(step.define)
    if isinstance(step, FilterStep):
        return set()
    try:
        node = base.find(step.node)
        return set(
            node.makes(node.check({**step.with_, **({"sample": sample} if "sample" in node.parameters else {})}))
        )
    except ConfigError:
        return set()
