"""The stage ``train``: a model of the di-tau mass from the trees of a config."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rdfplugins.errors import ModelError, OutputError, did_you_mean
from rdfplugins.nodes.ditau_features import INPUTS
from rdfplugins.paths import shipped
from rdfplugins.train.sources import samples_of, sources_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rdfplugins.config import Config
    from rdfplugins.config.models import Base
    from rdfplugins.train.sources import Sources

STAGE = "train"
_MADE_BY = "made_by"
_OF_THE_TRAINING = (
    "target", "split", "widths", "activation", "epochs", "batch", "learning_rate", "patience", "mass_range", "flat_in",
    "flat_per", "cap", "augment", "invariant", "seed",
)  # fmt: skip


def folder_of(config: Base) -> Path:
    """Return the folder of the model that the section ``train`` makes."""
    assert config.train is not None
    return Path(config.train.dir) / config.train.model


def run(
    config: Base,
    folder: Path,
    *,
    outdated: Mapping[str, str],
    threads: int = 1,
    force: bool = False,
    say: Callable[[str], None],
) -> Path:
    """Train the model of the section, unless it is there and of this section and these events.

    Parameters
    ----------
    config
        With a section ``train``.
    folder
        Base of the outputs of the stages before.
    outdated
        Sample, or ``resample`` -> why its file is not that of the config.
    threads
        Of TensorFlow.
    force
        Train again what is up to date, and replace a model that is not of this config.
    say
        Called with each line for the user.

    Returns
    -------
    The folder of the model.

    Raises
    ------
    ConfigError, InputError, OutputError, ModelError, MissingDependencyError
        With a message for the user. What was trained of a model is kept in a hidden folder beside it, and the next run
        goes on from there.
    """
    from rdfplugins.train import train_mass_model

    sources = sources_of(config, folder, outdated)
    target = folder_of(config)
    key = _key(config, sources)
    if not force:
        made_by = _made_by(target)
        if made_by.get("key") == key:
            say(f"train: {target} is up to date")
            return target
        _refuse_others(config, target, made_by)
    arguments = _arguments(config, sources)
    arguments["about"] = {**arguments["about"], "training": {_MADE_BY: {"config": config.path.name, "key": key}}}
    return train_mass_model(
        sources.files, target, replace=True, threads=threads, say=lambda line: say(f"train: {line}"), **arguments
    )


def _arguments(config: Base, sources: Sources) -> dict[str, Any]:
    """Return what `train_mass_model` is told, but for files and folder."""
    spec = config.train
    assert spec is not None
    return {
        **{name: getattr(spec, name) for name in _OF_THE_TRAINING},
        "inputs": spec.inputs or INPUTS,
        "tree": sources.tree,
        "validation": sources.validation,
        "weight": sources.weight,
        "emphasis": None if spec.emphasis is None else spec.emphasis.model_dump(),
        "teacher": None if spec.teacher is None else spec.teacher.model_dump(),
        "about": {name: text for name, text in spec.about.model_dump().items() if text is not None},
    }


def _key(config: Base, sources: Sources) -> str:
    """Return the hash of settings and events; headers and versions of the package are in the keys of the events."""
    told = {**_arguments(config, sources), "validation": len(sources.validation or ())}
    text = json.dumps([told, sources.identities()], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _made_by(target: Path) -> dict[str, Any]:
    """Return what the card of a model says of the config that made it; empty where no config did."""
    from rdfplugins.inference import read_model

    try:
        found = (read_model(target).card.training or {}).get(_MADE_BY) if target.is_dir() else None
    except ModelError:
        return {}
    return dict(found) if isinstance(found, dict) else {}


def _refuse_others(config: Base, target: Path, made_by: Mapping[str, Any]) -> None:
    """Refuse to replace a model that is not an earlier one of this config."""
    if not target.is_dir() or not any(target.iterdir()):
        return
    if target.resolve().parent == shipped("models").resolve():
        what = "comes with rdfplugins"
    elif made_by.get("config") != config.path.name:
        what = f"was not made by {config.path.name}"
    else:
        return
    raise OutputError(f"{target}: is there and {what}; choose another train.model or train.dir, or --force replaces it")


def check_columns(config: Config, columns: Sequence[str], sample: str) -> None:
    """Raise ConfigError, at its line, if the tree of a sample will lack a column of the training.

    Parameters
    ----------
    columns
        Those that the stage ``select`` writes.
    """
    spec = config.train
    if spec is None or spec.source is not None or sample not in samples_of(config):
        return
    if spec.split == "split" and config.select.split is None:
        raise config.fault(
            "the trees have no column 'split': a training needs a validation split; add select.split", STAGE
        )
    wanted = {"target": (spec.target,), "split": (spec.split,), "inputs": spec.inputs or INPUTS}
    wanted |= {key: (name,) for key in ("weight", "flat_per") if (name := getattr(spec, key)) is not None}
    known = [*columns, "split", *config.ml_branches]
    for key, names in wanted.items():
        missing = [name for name in names if name not in known]
        if missing:
            listed = "; list it in select.output.columns" if config.select.output.columns is not None else ""
            hint = did_you_mean(missing[0], known)
            raise config.fault(f"the tree of sample '{sample}' has no column '{missing[0]}'{hint}{listed}", STAGE, key)


def plan(config: Base) -> list[str]:
    """Return what `run` would do, a line each; nothing is opened but the card of the model."""
    target = folder_of(config)
    state = " (is there)" if target.is_dir() else ""
    return [f"train: model {target}{state}"]
