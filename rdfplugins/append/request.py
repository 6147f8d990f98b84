"""What a user asks for when he adds a model's outputs to ntuples, and what came of it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from rdfplugins._version import __version__
from rdfplugins.errors import ConfigError
from rdfplugins.nodes.mass_models import BRANCH, branch_names

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rdfplugins.inference import Model
    from rdfplugins.nodes.mass_inputs import Plan, Units


_MOST_REASONS = 12
_MUCH = 0.3  # of the entries: more is worth a warning


@dataclasses.dataclass(frozen=True)
class Request:
    """What is to be appended; see `rdfplugins.append_ml_mass` for the meaning of each."""

    model: Model
    tree: str | None = None
    branch: str = BRANCH
    map: Mapping[str, str] = dataclasses.field(default_factory=dict)
    channel: str | None = None
    channel_column: str | None = None
    units: Units = "GeV"
    friend: bool = False
    force: bool = False

    def __post_init__(self) -> None:
        if not self.branch.isidentifier():
            raise ConfigError(
                f"'{self.branch}' cannot be the name of a branch; use letters, digits and _, and no digit first"
            )

    @property
    def branches(self) -> dict[str, str]:
        """Name -> title of the branches, one for each output of the model."""
        description = self.model.description
        made_by = f"model {description.name} (sha256 {description.digest[:12]}), rdfplugins {__version__}"
        titles = {}
        for name, output in zip(branch_names(description, self.branch), description.outputs, strict=True):
            unit = description.card.units.get(output, "GeV")
            what = "m_ML" if output == BRANCH else output
            titles[name] = f"{what} [{unit}], {made_by}"
        return titles


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What came of one file.

    Attributes
    ----------
    path
        The file that holds the branches.
    tree
        Name of the tree that was read, with its folder in the file.
    entries, estimated
        Entries of the tree, and those of them that have an estimate: the others are NaN.
    median
        Of the first output, over the events that have one (of a sample, where there are many); NaN if there is none.
    counts
        Reason -> entries, of what was found in the inputs.
    plan
        Where the inputs come from.
    """

    path: Path
    tree: str
    entries: int
    estimated: int
    median: float
    counts: Mapping[str, int]
    plan: Plan

    def record(self, request: Request) -> dict[str, Any]:
        """Return what a provenance says of it, as JSON values."""
        model = request.model
        return {
            "name": model.name,
            "digest": model.digest,
            "backend": model.backend,
            "precision": model.precision,
            "branch": request.branch,
            "branches": list(request.branches),
            "entries": self.entries,
            "estimated": self.estimated,
            "counts": dict(self.counts),
            "inputs": {slot.name: slot.expression or slot.how for slot in self.plan.slots},
        }

    def warnings(self) -> list[str]:
        """Return what looks like a mistake: most entries are not what the model was trained on."""
        no_estimate = self.entries - self.estimated
        found = []
        if no_estimate > _MUCH * self.entries:
            found.append(f"  warning: {no_estimate} of {self.entries} entries have no estimate")
        strange = max((count for reason, count in self.counts.items() if "is outside of" in reason), default=0)
        if strange > _MUCH * self.entries:
            found.append(
                f"  warning: {strange} of {self.entries} entries are not what the model was trained on: are the units"
                " (GeV or MeV) and the columns right?"
            )
        return found

    def lines(self, request: Request) -> list[str]:
        """Return what a user is told."""
        name = request.branch
        first = (
            f"{self.path}: {name} for {self.estimated} of {self.entries} entries of {self.tree}"
            f" (model {request.model.name}, {request.model.backend}"
            + (f", median {self.median:.4g})" if self.estimated else ")")
        )
        told = sorted(self.counts.items(), key=lambda found: -found[1])
        lines = [first, *self.warnings()]
        lines += [f"  {count} entries: {reason}" for reason, count in told[:_MOST_REASONS]]
        if len(told) > _MOST_REASONS:
            lines.append(f"  and {len(told) - _MOST_REASONS} other reasons, of fewer entries each")
        return lines
