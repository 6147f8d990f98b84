"""What the steps of a config say by themselves, before any file is opened: columns they read and make, parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rdfplugins.config.steps import DefineStep, FilterStep, GoldenJsonStep, NodeStep, VaryStep
from rdfplugins.errors import ConfigError
from rdfplugins.nodes import base
from rdfplugins.sample import Sample

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rdfplugins.config import Config, Step

WORD = re.compile(r"(?<!\w)[A-Za-z_]\w*")


def used_columns(config: Config, sample_name: str, sample: Sample) -> list[str]:
    """Return every name or pattern that may be a branch of the graph: needs of nodes, words of expressions."""
    names: set[str] = set(() if isinstance(config.input.key, str) else config.input.key)
    for step in config.select.steps:
        if step.applies_to(sample_name, sample.kind):
            names |= used_by(step, sample, config.input.units)
    later = config.ml_histograms
    names.update(spec.column for name, spec in config.select.histograms.items() if name not in later)
    names.update(config.select.output.columns or ())
    outside = [*config.input.aliases.values(), *config.select.categories.values(), config.select.weight or ""]
    return sorted(names | words(outside))


def used_by(step: Step, sample: Sample, units: str) -> set[str]:
    """Return the names that a step may read; of a node its needs and the words of its parameters."""
    if isinstance(step, NodeStep):
        found = _checked(step, sample, units)
        declared = (
            () if found is None else (*found[0].needs(found[1]), *found[0].reads(found[1]), *found[0].keeps(found[1]))
        )
        return {*declared, *words(texts(step.with_))}
    if isinstance(step, FilterStep):
        return words(step.filter.values())
    if isinstance(step, DefineStep):
        return words(step.define.values())
    if isinstance(step, VaryStep):
        both = [shift for variation in step.vary.values() for shift in (variation.up, variation.down)]
        return words(expression for shift in both for expression in shift.values()).union(*both)
    assert isinstance(step, GoldenJsonStep)
    return {column for column in (step.golden_json.run, step.golden_json.lumi_block) if column is not None}


def node_facts(config: Config) -> dict[str, Any]:
    """Return number of a step -> what its node says of the files that decide its results, such as a model."""
    sample = Sample("mc", xsec_pb=1.0, sum_of_weights=1.0)  # no node reads other files for another sample
    found: dict[str, Any] = {}
    for index, step in enumerate(config.select.steps):
        if not isinstance(step, NodeStep):
            continue
        checked = _checked(step, sample, config.input.units)
        if checked is not None and (facts := checked[0].facts(checked[1])):
            found[str(index)] = {"node": step.node, **facts}
    return found


def texts(value: Any) -> Iterator[str]:
    """Yield all texts among the parameters of a node: an expression may stand in a list or in a mapping."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from texts(item)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from texts(item)


def _checked(step: NodeStep, sample: Sample, units: str) -> tuple[base.Node[Any], dict[str, Any]] | None:
    """Return the node of a step with its parameters; None for a step with a fault, which is told elsewhere."""
    try:
        node = base.find(step.node)
        return node, node.check(node_arguments(node, step, sample, units))
    except ConfigError:
        return None


def words(expressions: Iterable[str]) -> set[str]:
    """Return the names in C++ expressions."""
    return {word for expression in expressions for word in WORD.findall(expression)}


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
    """Return the config path of the parameter that a message quotes, or that of the step's ``node``.

    Where the parameter is a mapping of which the message quotes a key, too, it is the path of that.
    """
    for key, value in step.with_.items():
        if f"'{key}'" in message or f"'{key}:" in message:
            inner = [name for name in value if f"'{name}'" in message] if isinstance(value, dict) else []
            return (*path, "with", key, *inner[:1])
    return (*path, "node")


def makes(step: Step, sample: Sample, units: str) -> set[str]:
    """Return the columns that a step defines."""
    if isinstance(step, DefineStep):
        return set(step.define)
    if not isinstance(step, NodeStep):
        return set()
    # one with wrong parameters would make about what it makes without them
    found = _checked(step, sample, units) or _checked(step.model_copy(update={"with_": {}}), sample, units)
    return set() if found is None else {*found[0].makes(found[1]), *found[0].offers(found[1])}
