"""What a user asks for when he adds a model's outputs to ntuples, and what came of it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from rdfplugins._version import __version__
from rdfplugins.append.friend import friend_tree
from rdfplugins.config.base import CPP_WORD
from rdfplugins.errors import ConfigError
from rdfplugins.nodes.mass_models import BRANCH, branch_names, output_titles, output_units

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rdfplugins.inference import Model
    from rdfplugins.nodes.mass_inputs import Plan, Units


_MOST_REASONS = 12
_MUCH = 0.3  # of the entries: more is worth a warning
_NEARLY_ALL = 0.9
_NONE = "no estimate"
_LEGS = ("tau1_pt_reco", "tau2_pt_reco")
# what is outside of the training where the unit is wrong; no MET is none, in any unit
_TOO_FAR: Mapping[Units, tuple[str, ...]] = {"GeV": (*_LEGS, "PuppiMET_pt_reco"), "MeV": _LEGS}


def refuse_name(branch: str) -> None:
    """Raise ConfigError for the name of a branch that no expression could read."""
    if not (branch.isidentifier() and branch.isascii()) or CPP_WORD.fullmatch(branch):
        raise ConfigError(
            f"'{branch}' cannot be the name of a branch; use letters, digits and _, no digit first, and no word of C++"
        )


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
        refuse_name(self.branch)

    @property
    def branches(self) -> dict[str, str]:
        """Name -> title of the branches, one for each output of the model."""
        description = self.model.description
        made_by = f"model {description.name} (sha256 {description.digest[:12]}), rdfplugins {__version__}"
        names = branch_names(description, self.branch)
        return {name: f"{what}, {made_by}" for name, what in zip(names, output_titles(description), strict=True)}


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

    def warnings(self, request: Request) -> list[str]:
        """Return what looks like a mistake: most entries are not what the model was trained on, or it is no mass."""
        description = request.model.description
        is_tmva = description.method is not None
        no_estimate = self.entries - self.estimated
        of_all = f"of {entries(self.entries)}"
        found = []
        if no_estimate > _MUCH * self.entries:
            found.append(f"  warning: {no_estimate} {of_all} have no estimate")
        strange = max((count for reason, count in self.counts.items() if "is outside of" in reason), default=0)
        if strange > _MUCH * self.entries:
            units = "their units" if is_tmva else "the units (GeV or MeV)"
            question = f"are {units} and the columns right?"
            other = "MeV" if request.units == "GeV" else "GeV"
            far = () if is_tmva else _TOO_FAR[request.units]
            if far and all(self._outside(name) > _NEARLY_ALL * self.entries for name in far):
                question = f"are momenta in {other}? then say so (units {other})"
            found.append(f"  warning: {strange} {of_all} are not what the model was trained on: {question}")
        if request.branch == BRANCH and is_tmva and not any(output_units(description)):
            found.append(
                f"  warning: model {description.name} is of TMVA, and nothing says that it gives a mass: give its"
                f" branch another name than {BRANCH} (branch bdt)"
            )
        elif request.branch == BRANCH and not any(output_units(description)):
            found.append(
                f"  warning: nothing says that model {description.name} gives a mass, and its branch is called"
                f" {BRANCH}: give it another name"
            )
        return found

    def _outside(self, name: str) -> int:
        return sum(count for reason, count in self.counts.items() if reason.startswith(f"{name} is outside of"))

    def lines(self, request: Request) -> list[str]:
        """Return what a user is told."""
        first = (
            f"{self.path}: {', '.join(request.branches)} for {self.estimated} of {entries(self.entries)} of {self.tree}"
            f" (model {request.model.name}, {request.model.backend}"
            + (f", median {self.median:.4g})" if self.estimated else ")")
        )
        lines = [first, *self.warnings(request)]
        if request.friend:
            name = friend_tree(self.tree, request.branches)
            lines.append(f'  a friend of {self.tree}, to be read with: tree.AddFriend("{name}", "{self.path}")')
        told = sorted(self.counts.items(), key=lambda found: -found[1])
        remarks = [(reason, count) for reason, count in told if not reason.startswith(_NONE)]
        shown = [*(found for found in told if found not in remarks), *remarks[:_MOST_REASONS]]
        lines += [f"  {entries(count)}: {reason}" for reason, count in shown]
        rest = len(remarks) - _MOST_REASONS
        if rest > 0:
            lines.append(f"  and {rest} other remark{'s' if rest > 1 else ''}, on fewer entries each")
        return lines


def entries(count: int) -> str:
    """Return how many entries, as a message says it."""
    return f"{count} entr{'y' if count == 1 else 'ies'}"
