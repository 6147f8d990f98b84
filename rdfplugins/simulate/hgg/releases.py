"""The releases of the ATLAS Open Data that the diphoton simulation writes: the same events in other names and units."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from rdfplugins.errors import ConfigError, did_you_mean
from rdfplugins.simulate.hgg import analysis, mini

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rdfplugins.simulate.hgg.block import Block
    from rdfplugins.simulate.hgg.modes import Totals
    from rdfplugins.simulate.trees import Branch, Column


@dataclass(frozen=True)
class Release:
    """A format of files.

    Attributes
    ----------
    tree, schema
        Name of the tree, and its branches in their order.
    branches
        From a block of events to its branches, all but `constants`.
    constants
        From mode and totals of a sample to the branches that are the same in all its events.
    """

    tree: str
    schema: Mapping[str, Branch]
    branches: Callable[[Block], dict[str, Column]]
    constants: Callable[[str, Totals], dict[str, float]]


RELEASES: Mapping[str, Release] = MappingProxyType(
    {
        "2020": Release(mini.TREE, mini.SCHEMA, mini.branches, mini.constants),
        "2025": Release(analysis.TREE, analysis.SCHEMA, analysis.branches, analysis.constants),
    }
)


def find_release(name: str) -> Release:
    """Return the release of this name; ConfigError if there is none."""
    if name not in RELEASES:
        raise ConfigError(
            f"unknown release '{name}' of the hgg simulation{did_you_mean(name, RELEASES)}"
            f" (known: {', '.join(RELEASES)})"
        )
    return RELEASES[name]
