"""Normalisation of a sample: what the config says against what the branches of the files say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rdfplugins.config.steps import NodeStep
from rdfplugins.nodes import base
from rdfplugins.sample import Sample

if TYPE_CHECKING:
    from collections.abc import Callable

    from rdfplugins.config import Config
    from rdfplugins.select.inputs import Inputs

TOLERANCE = 1e-3
_WORDS = {"xsec_pb": "cross-section", "sum_of_weights": "sum of weights"}
_UNITS = {"xsec_pb": " pb", "sum_of_weights": ""}


def branches(config: Config, sample_name: str) -> dict[str, str]:
    """Return which branches hold the normalisation, as declared by the nodes that the sample goes through."""
    kind = config.input.samples[sample_name].kind
    if kind == "data":
        return {}
    found: dict[str, str] = {}
    for step in config.select.steps:
        if isinstance(step, NodeStep) and step.applies_to(sample_name, kind):
            found.update(base.find(step.node).normalisation)
    return found


def resolve(
    config: Config, name: str, inputs: Inputs, *, generated: dict[str, float | None], say: Callable[[str], None]
) -> tuple[Sample, dict[str, object]]:
    """Return the sample as its nodes see it, and what the provenance says of its normalisation.

    Parameters
    ----------
    generated
        Normalisation of a simulated sample; the config goes before it.
    say
        Told of normalisation taken from branches, and of a config that contradicts them.

    Raises
    ------
    ConfigError
        For simulation that has neither a config value nor a branch for something that a node needs.
    """
    spec = config.input.samples[name]
    label = spec.label or name
    lumi = config.input.lumi_pb
    if spec.kind == "data":
        return Sample("data", label=label, lumi_pb=lumi), {}
    declared = branches(config, name)
    values: dict[str, float | None] = {}
    origin: dict[str, object] = {}
    for key, branch in declared.items():
        given = getattr(spec, key)
        value = given if given is not None else generated.get(key)
        values[key] = value
        origin[key] = {"value": value, "from": "config" if given is not None else "simulation"}
        if value is None:
            origin[key] = {
                "branch": branch,
                "first_values": _first_values(config, name, key, branch, inputs=inputs, say=say),
            }
        elif given is not None and branch not in config.input.aliases:
            _compare(name, key, value, branch, inputs=inputs, say=say)
    for key in _WORDS:  # of use to nodes that declare no branches
        values.setdefault(key, getattr(spec, key) if getattr(spec, key) is not None else generated.get(key))
    return Sample("mc", label=label, lumi_pb=lumi, **values), origin


def _first_values(
    config: Config, name: str, key: str, branch: str, *, inputs: Inputs, say: Callable[[str], None]
) -> list[float]:
    aliased = branch in config.input.aliases
    if aliased or (any(file.entries == 0 and branch in file.branches for file in inputs.files) and not inputs.entries):
        return []
    found = [file.constants[branch] for file in inputs.files if branch in file.constants]
    place = ("input", "samples", name)
    if not found:
        raise config.fault(
            f"sample '{name}' has no {_WORDS[key]}: set '{key}' here (no branch '{branch}' in its files)", *place
        )
    bad = [value for value in found if not abs(value) > 0 or value in {float("inf"), float("-inf")}]
    if bad:
        raise config.fault(
            f"sample '{name}': branch '{branch}' says that the {_WORDS[key]} is {bad[0]:g}; set '{key}' here", *place
        )
    if (
        key == "sum_of_weights"
        and max(found) - min(found) > TOLERANCE * abs(max(found))
        and _one_process(config, name, inputs)
    ):
        raise config.fault(
            f"sample '{name}': branch '{branch}' differs between its files ({min(found):g} to"
            f" {max(found):g}): each would be normalised to the whole cross-section; set 'sum_of_weights' to that of"
            " all, or make several samples",
            *place,
        )
    if key == "xsec_pb" and set(found) == {1.0}:
        say(f"{name}: warning: branch '{branch}' says 1 pb, as in files of data; is this simulation?")
    differ = "" if max(found) == min(found) else f" to {max(found):g} (it differs between files)"
    say(f"{name}: {_WORDS[key]} {min(found):g}{differ}{_UNITS[key]} from branch '{branch}'")
    return found


def _one_process(config: Config, name: str, inputs: Inputs) -> bool:
    """Return whether all files state one cross-section, or the config does, so that they are parts of one sample."""
    branch = branches(config, name).get("xsec_pb")
    stated = config.input.samples[name].xsec_pb is not None
    return stated or len({file.constants.get(str(branch)) for file in inputs.files}) == 1


def _compare(name: str, key: str, value: float, branch: str, *, inputs: Inputs, say: Callable[[str], None]) -> None:
    for file in inputs.files:
        there = file.constants.get(branch)
        if there is not None and not abs(there - value) <= TOLERANCE * abs(value):  # NaN contradicts, too
            say(
                f"{name}: warning: {_WORDS[key]} {value:g}{_UNITS[key]} of the config is used; branch '{branch}' of"
                f" {file.path} says {there:g}"
            )
            return
