"""Whether the branches of ``ml`` in an output are those of this config, of its models and of this selection."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from rdfplugins import provenance
from rdfplugins.errors import ConfigErrors, ModelError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from rdfplugins.config import Config, HistogramConfig, MlConfig
    from rdfplugins.errors import ConfigError
    from rdfplugins.inference.description import Description

STAGE, SELECTION = "ml", "select"
_NAME_ALONE = frozenset({"model"})  # where a model lies decides nothing: its digest does


@dataclasses.dataclass(frozen=True)
class Entry:
    """One model of the section.

    Attributes
    ----------
    number
        Of the entry in the section, from 0.
    spec
        What the config says of it.
    description
        The model as read; None where it is not there and was not asked for.
    histograms
        Name -> those of the config that are filled with its branch.
    settings
        Hash of what the config says of it, but for where the model lies.
    """

    number: int
    spec: MlConfig
    description: Description | None
    histograms: dict[str, HistogramConfig]
    settings: str

    def key(self, digest: str, selection: str) -> str:
        """Return the hash of what makes its branch: settings, model, and the key of the selection."""
        return provenance.stage_key([self.settings, digest, selection])

    @property
    def title(self) -> str:
        """Name of the model for messages."""
        known = None if self.description is None else self.description.name
        return known or self.spec.model or "the default model"


def open_models(config: Config, *, needed: bool = True, trained: bool = True) -> list[Entry]:
    """Read the models of the section.

    Parameters
    ----------
    needed
        Whether each must be there; else one that cannot be read is not looked at, as inputs that were taken away.
    trained
        Whether that of the section ``train`` must; it is not there before the stage has run.

    Raises
    ------
    ConfigErrors
        With all models that cannot be read, at their lines.
    """
    from rdfplugins.inference import read_model

    entries: list[Entry] = []
    faults: list[ConfigError] = []
    for number, spec in enumerate(config.ml):
        description = None
        try:
            if trained or not config.is_trained(spec):  # an earlier one of the same name says nothing
                description = read_model(config.model_of(spec))
        except ModelError as error:
            faults.append(config.fault(str(error), *config.ml_path(number), "model"))
        own = {name: one for name, one in config.ml_histograms.items() if one.column == spec.branch}
        entries.append(Entry(number, spec, description, own, _settings(spec, own)))
    if faults and needed:
        raise ConfigErrors(faults)
    return entries


def _settings(spec: MlConfig, histograms: Mapping[str, HistogramConfig]) -> str:
    said = {name: one.model_dump(mode="json") for name, one in histograms.items()}
    return provenance.stage_key([spec.model_dump(mode="json", exclude=set(_NAME_ALONE)), said])


def outdated(config: Config, folder: Path) -> dict[str, str]:
    """Return sample -> why its branches are not those of the section; nothing of samples without an output."""
    if not config.ml:
        return {}
    entries = open_models(config, needed=False)
    found: dict[str, str] = {}
    for name in config.input.samples:
        path = folder / f"{name}.root"
        record = provenance.read(path)
        reason = None if record is None else why_outdated(entries, record, path)
        if reason is not None:
            found[name] = reason
    return found


def why_outdated(entries: Sequence[Entry], record: Mapping[str, Any], path: Path) -> str | None:
    """Return why the branches of a file are not those of the models; None if they are."""
    for entry in entries:
        reason = _why(entry, record)
        if reason is not None:
            return f"{path}: {reason}; run the stage 'ml'"
    whole = not entries or record["stages"].get(STAGE) == stage_key(entries, record)
    return None if whole else f"{path}: not all of its branches are made; run the stage 'ml'"


def is_made(entry: Entry, record: Mapping[str, Any]) -> bool:
    """Return whether a file holds the branch of an entry, of this selection and model."""
    return _why(entry, record) is None


def _why(entry: Entry, record: Mapping[str, Any]) -> str | None:
    branch = entry.spec.branch
    model = of_branch(record, branch)
    if model is None:
        return f"it has no branch '{branch}' yet"
    if model["settings"] != entry.settings:
        return f"its branch '{branch}' was made with another section ml"
    if entry.description is not None and model["digest"] != entry.description.digest:
        return f"its branch '{branch}' was made with another model"
    if model["key"] != entry.key(model["digest"], record["stages"][SELECTION]):
        return f"its branch '{branch}' is that of another selection"
    return None


def of_branch(record: Mapping[str, Any], branch: str) -> dict[str, Any] | None:
    """Return what a provenance says of the model that made a branch."""
    return next((model for model in record.get("models") or () if model["branch"] == branch), None)


def stage_key(entries: Sequence[Entry], record: Mapping[str, Any]) -> str | None:
    """Return the key of the stage, whatever the order of its models; None while some of them are lacking."""
    models = [of_branch(record, entry.spec.branch) for entry in entries]
    if any(model is None for model in models):
        return None
    return provenance.stage_key(sorted(model["key"] for model in models if model is not None))
