"""What stands in the place of columns that are not there, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rdfplugins import provenance
from rdfplugins.nodes import base
from rdfplugins.select.steps import texts, used_by, words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rdfplugins.config import Config, NodeStep
    from rdfplugins.sample import Sample


def of_node(config: Config, step: NodeStep, sample: Sample, df: Any, checked: Mapping[str, Any]) -> dict[str, str]:
    """Return column that a node reads -> what stands in its place: an alias of the config, or what the node says.

    Parameters
    ----------
    df
        The data frame before the node.
    checked
        The parameters of the node.
    """
    mentioned = used_by(step, sample, config.input.units) | words(texts(checked))
    aliases = {name: text for name, text in config.input.aliases.items() if name in mentioned}
    node = base.find(step.node)
    return {**aliases, **node.replacements(checked), **node.substitutions(df, checked)}


def lines(sample: str, substitutions: Mapping[str, str], told: set[tuple[str, str]]) -> list[str]:
    """Return the line that tells of the substitutions of a sample; none where all have been told of others before.

    Parameters
    ----------
    substitutions
        Column -> what stands in its place.
    told
        What has been told; added to.
    """
    new = {name: text for name, text in substitutions.items() if (name, text) not in told}
    told.update(new.items())
    return [f"substitutions, first in sample '{sample}': {provenance.substitutions_text(new)}"] if new else []
