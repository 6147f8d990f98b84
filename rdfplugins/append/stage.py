"""The stage ``ml``: branches of models in the trees of the selection, with their histograms and provenance."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Any

from rdfplugins import cpp, provenance
from rdfplugins.append.freshness import (
    SELECTION,
    STAGE,
    Entry,
    is_made,
    of_branch,
    open_models,
    stage_key,
    why_outdated,
)
from rdfplugins.append.histograms import Histograms, histograms
from rdfplugins.errors import ConfigErrors, InputError, OutputError, RdfpluginsError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from rdfplugins.append.request import Outcome, Request
    from rdfplugins.config import Config
    from rdfplugins.errors import ConfigError
    from rdfplugins.inference import Model


_NONE = "no estimate"
_RARE = 0.01  # of the events: what is rarer is not worth a line for each sample


@dataclasses.dataclass
class _Run:
    """One run of the stage; models are loaded when the first sample needs them, and once."""

    config: Config
    entries: list[Entry]
    say: Callable[[str], None]
    models: dict[int, Model] = dataclasses.field(default_factory=dict)
    told_of_variations: bool = False

    def request(self, entry: Entry, *, replace: bool) -> Request:
        """Return what is to be appended, as `rdfplugins.append` takes it."""
        from rdfplugins.append.request import Request
        from rdfplugins.inference import load_model

        spec = entry.spec
        if entry.number not in self.models:
            self.models[entry.number] = load_model(
                self.config.model_of(spec), backend=spec.backend, precision=spec.precision, say=self.say
            )
        return Request(
            self.models[entry.number],
            tree=self.config.select.output.tree,
            branch=spec.branch,
            map=spec.map,
            channel=spec.channel,
            channel_column=spec.channel_column,
            units=spec.units,
            force=replace,
        )


def run(config: Config, files: Mapping[str, Path], *, force: bool = False, say: Callable[[str], None]) -> None:
    """Add the branches of the section to the outputs of the selection; who calls holds their folder.

    Each file is replaced as a whole, by one that holds the branch, its histograms and a provenance that tells of them.
    What is up to date stays as it is.

    Parameters
    ----------
    files
        Sample -> output of the stage select, which must be up to date.
    force
        Make again what is up to date.
    say
        Called with each line for the user.

    Raises
    ------
    ConfigErrors
        For a model that is not there, or whose inputs are not in the trees; at its line.
    InputError, OutputError
        If a file cannot be read or written; it is as it was then.
    """
    this = _Run(config, open_models(config), say)
    for name, path in files.items():
        record = provenance.read(path)
        if record is None or SELECTION not in record.get("stages", {}):
            raise InputError(f"{path}: no output of the stage select for sample '{name}'; run it again")
        if not force and why_outdated(this.entries, record, path) is None:
            say(f"{name}: {_branches(this.entries)} of {path} {'is' if len(this.entries) == 1 else 'are'} up to date")
            continue
        for entry in this.entries:
            if force or not is_made(entry, record):
                record = _add(this, path, entry, record)


def _branches(entries: Sequence[Entry]) -> str:
    return ", ".join(entry.spec.branch for entry in entries)


def _add(this: _Run, path: Path, entry: Entry, record: Mapping[str, Any]) -> dict[str, Any]:
    """Add the branch of one model to the file of a sample, and return what its provenance says then."""
    from rdfplugins.nodes.mass_models import output_titles

    config, before = this.config, of_branch(record, entry.spec.branch)
    request = this.request(entry, replace=before is not None)
    stale = [branch for branch in (before or {}).get("branches", ()) if branch not in request.branches]
    if stale:
        raise OutputError(
            f"{path}: holds '{stale[0]}' of a model with other outputs; make its sample again (--stage select --force)"
        )
    _warn_of_variations(this, entry, record)
    done: dict[str, Any] = {}
    said: list[str] = []
    names = list((record.get("categories") or {}).get("names", ()))
    weight = None if config.select.weight is None else config.select.weight.strip()
    title = output_titles(request.model.description)[0]
    with histograms(path, config.select.output.tree, entry.histograms, names, weight, title=title) as filled:

        def objects(outcome: Outcome) -> dict[str, Any]:
            done.update(_updated(this, entry, record, request, outcome))
            said.extend(_lines(outcome, request))
            text = cpp.load_root().TObjString(provenance.to_text(done))
            return {**filled.objects(), provenance.NAME: text}

        try:
            _append(path, request, filled, objects, this.say)
        except RdfpluginsError as error:
            raise _placed(config, entry, error) from error
    for line in said:
        this.say(line)
    return done


def _append(
    path: Path,
    request: Request,
    filled: Histograms,
    objects: Callable[[Outcome], Mapping[str, Any]],
    say: Callable[[str], None],
) -> None:
    """Call what appends: a branch in place, and in the same step objects, which are made when all is known."""
    from rdfplugins.append import run_one

    run_one(path, path, request, say=say, watch=lambda outputs: filled.fill(outputs[:, 0]), put=objects)


def _lines(outcome: Outcome, request: Request) -> list[str]:
    """Return what is said of a file: why events have no estimate, and what many have; the provenance has the rest."""
    told = {
        reason: count
        for reason, count in outcome.counts.items()
        if reason.startswith(_NONE) or count > _RARE * outcome.entries
    }
    rare = len(outcome.counts) - len(told)
    lines = dataclasses.replace(outcome, counts=told).lines(request)
    return [*lines, f"  {rare} rarer remarks on its inputs are in the provenance"] if rare else lines


def _updated(this: _Run, entry: Entry, record: Mapping[str, Any], request: Request, outcome: Outcome) -> dict[str, Any]:
    """Return the provenance of a file with this branch in it; the stage's key only when all branches are there."""
    from rdfplugins.nodes.mass_models import output_units

    assert entry.description is not None
    key = entry.key(entry.description.digest, record["stages"][SELECTION])
    made = {
        **outcome.record(request),
        "key": key,
        "settings": entry.settings,
        "histograms": list(entry.histograms),
    }
    order = [one.spec.branch for one in this.entries]
    models = [model for model in record.get("models") or () if model["branch"] != entry.spec.branch]
    models = sorted([*models, made], key=lambda model: order.index(model["branch"]))
    branches = list(request.branches)
    units = {name: unit for name, unit in zip(branches, output_units(entry.description), strict=True) if unit}
    new: dict[str, Any] = {
        **record,
        "columns": [*(column for column in record["columns"] if column not in branches), *branches],
        "units": {**record["units"], **units},
        "models": models,
    }
    stages = {stage: value for stage, value in record["stages"].items() if stage != STAGE}
    if all(is_made(one, new) for one in this.entries):
        stages[STAGE] = stage_key(this.entries, new)
    return {**new, "stages": stages}


def _warn_of_variations(this: _Run, entry: Entry, record: Mapping[str, Any]) -> None:
    """Say once that the trees, and so these histograms, hold the nominal events."""
    if entry.histograms and record.get("variations") and not this.told_of_variations:
        this.told_of_variations = True
        this.say(
            f"histograms of {entry.spec.branch} are filled for the nominal events only, as trees hold these; the node"
            " 'ml_mass' in select.steps, in place of the section ml, gives varied ones"
        )


def _placed(config: Config, entry: Entry, error: RdfpluginsError) -> RdfpluginsError:
    """Return an error of what the config says of a model with its line; errors of files name these already."""
    from rdfplugins.errors import ConfigError, MissingColumnError, ModelError

    if not isinstance(error, (ConfigError, MissingColumnError, ModelError)):
        return error
    if isinstance(error, MissingColumnError):
        return config.fault(_of_the_selection(config, str(error)), *config.ml_path(entry.number))
    message = error.message if isinstance(error, ConfigError) else str(error)
    return config.fault(message, *config.ml_path(entry.number))


# -- before any loop


def check_columns(config: Config, entries: Sequence[Entry], columns: Sequence[str], sample: str) -> None:
    """Raise ConfigErrors for models whose branch a tree has already, or whose inputs it does not have.

    Parameters
    ----------
    columns, sample
        Those that the tree of a sample will have, and its name.
    """
    from rdfplugins.errors import MissingColumnError
    from rdfplugins.nodes import mass_inputs
    from rdfplugins.nodes.mass_models import branch_names

    faults: list[ConfigError] = []
    for entry in entries:
        if entry.description is None:
            continue
        spec, path = entry.spec, config.ml_path(entry.number)
        there = [branch for branch in branch_names(entry.description, spec.branch) if branch in columns]
        faults += [config.fault(_taken(branch), *path, "branch") for branch in there]
        for name, text in spec.map.items():
            if text.strip().isidentifier() and text.strip() not in columns:
                message = f"the tree of sample '{sample}' has no column '{text}'{did_you_mean(text, columns)}"
                faults.append(config.fault(message, *path, "map", name))
        try:
            mass_inputs.plan(
                entry.description,
                columns,
                map=spec.map,
                channel=spec.channel,
                channel_column=spec.channel_column,
                units=spec.units,
            )
        except MissingColumnError as error:
            faults.append(config.fault(f"{_of_the_selection(config, str(error))}; sample '{sample}'", *path))
        except RdfpluginsError as error:
            faults.append(_as_fault(config, entry, error))
    if faults:
        raise ConfigErrors(faults)


def _of_the_selection(config: Config, message: str) -> str:
    """Return what is said of inputs that are missing, with what to do where the trees are those of the selection."""
    from rdfplugins.nodes.mass_plan import CHECK

    named = re.sub(rf"; [^;]*: {re.escape(CHECK)}$", "", message)  # it looks at ntuples, not at what a config makes
    if config.select.output.columns is None:
        what = "which hold columns of nodes alone: list what the model needs, and all else, in select.output.columns"
    else:
        what = "list what the model needs in select.output.columns"
    return f"{named}; ml reads the trees of the selection{',' if what.startswith('which') else ':'} {what}"


def _as_fault(config: Config, entry: Entry, error: RdfpluginsError) -> ConfigError:
    from rdfplugins.errors import ConfigError

    message = error.message if isinstance(error, ConfigError) else str(error)
    key = next((key for key in ("map", "channel_column", "channel", "units") if message.startswith(key)), "")
    return config.fault(message, *config.ml_path(entry.number), *([key] if key else []))


def _taken(branch: str) -> str:
    """Return what is said where the selection has a column of this name."""
    return f"the selection has a column '{branch}' already; give the model another `branch:`"


def plan(config: Config, files: Mapping[str, Path], outdated: Mapping[str, str]) -> list[str]:
    """Return, a line for each sample, what `run` would add to which file.

    Parameters
    ----------
    outdated
        Sample -> why its file is not that of this config, by any stage.
    """
    entries = open_models(config, trained=False)
    what = ", ".join(f"{entry.spec.branch} ({entry.title})" for entry in entries)
    return [
        f"ml: {name}: {what} -> {path}{'' if name in outdated else ', which is up to date'}"
        for name, path in files.items()
    ]
