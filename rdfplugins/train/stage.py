"""The stage ``train``: a model of the di-tau mass from the trees of a config."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import yaml

from rdfplugins.errors import ConfigError, ConfigErrors, ModelError, OutputError, RdfpluginsError, did_you_mean
from rdfplugins.files import atomic
from rdfplugins.inference.backends.tensorflow import load_tensorflow
from rdfplugins.inference.card import NAME as CARD
from rdfplugins.nodes.ditau_features import INPUTS
from rdfplugins.paths import shipped
from rdfplugins.train.balance import Emphasis
from rdfplugins.train.events import Columns, read_events
from rdfplugins.train.folder import card_text
from rdfplugins.train.invariants import invariants
from rdfplugins.train.settings import Settings
from rdfplugins.train.sources import Sources, named, samples_of, sources_of
from rdfplugins.train.teacher import Teacher

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rdfplugins.config import Config
    from rdfplugins.config.models import Base

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

    refuse(config, force=force)
    sources = sources_of(config, folder, outdated)
    target = folder_of(config)
    settings, key = _keys(config, sources)
    if not force:
        card = _card(target)
        made_by = card.get(_MADE_BY, {})
        if made_by.get("key") == key:
            say(f"train: {target} is up to date")
            _retitle(config, target)
            return target
        if made_by.get("settings") == settings and card.get("fingerprint") == _fingerprint(config, sources):
            say(f"train: {target} is up to date: the trees were made again, and their events are the same")
            return target
    arguments = _arguments(config, sources)
    record = {"config": config.path.name, "settings": settings, "key": key}
    arguments["about"] = {**_about(config), "training": {_MADE_BY: record}}
    train_mass_model(
        sources.files, target, replace=True, threads=threads, say=lambda line: say(f"train: {line}"), **arguments
    )
    return target


def refuse(config: Base, *, force: bool = False) -> None:
    """Raise for all that can be known to be wrong before the trees are made, which may take hours.

    Raises
    ------
    ConfigErrors
        For settings that make no sense together, at the line of the section; patterns that name no file.
    OutputError
        If something else is in the place of the model.
    MissingDependencyError
        Without TensorFlow.
    """
    spec = config.train
    assert spec is not None
    _refuse_others(config, force=force)
    if importlib.util.find_spec("tensorflow") is None:
        load_tensorflow()  # which says what to do
    try:
        names = _arguments(config, Sources((), None, "", spec.weight))
        for key in ("tree", "validation", "target", "split"):
            names.pop(key)
        names["emphasis"] = None if spec.emphasis is None else Emphasis.of(names["emphasis"])
        names["teacher"] = None if spec.teacher is None else Teacher.of(names["teacher"])
        settings = Settings(output="ml_mass", **names)
        if spec.teacher is not None:
            invariants(np.zeros((0, len(settings.inputs)), dtype=np.float32), settings.inputs)
    except ConfigError as error:
        raise ConfigErrors([config.fault(error.message, STAGE)]) from error
    for key, patterns in (("from", spec.source), ("validation", spec.validation)):
        for number, path in enumerate(named(config, key) if patterns else ()):
            if not path.is_file():
                raise ConfigErrors([config.fault(f"{path}: there is no such file", STAGE, key, *_at(patterns, number))])


def _at(patterns: Sequence[str] | None, number: int) -> tuple[int, ...]:
    """Return where a pattern stands, if each is one file."""
    return (number,) if patterns is not None and 1 < len(patterns) == number + 1 else ()


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
    }


def _about(config: Base) -> dict[str, str]:
    assert config.train is not None
    return {name: text for name, text in config.train.about.model_dump().items() if text is not None}


def _retitle(config: Base, target: Path) -> None:
    """Put what the config says about the model into its card."""
    path = target / CARD
    card = yaml.safe_load(path.read_text(encoding="utf-8"))
    changed = {**card, **_about(config)}
    if changed != card:
        with atomic(path) as part:
            part.write_text(card_text(changed), encoding="utf-8")


def _keys(config: Base, sources: Sources) -> tuple[str, str]:
    """Return the hash of the settings, and that of settings and events.

    Headers and versions of the package are in the keys of the events. What the card says of the model decides nothing.
    """
    told = {**_arguments(config, sources), "validation": len(sources.validation or ())}
    texts = [json.dumps(told, sort_keys=True), json.dumps([told, sources.identities()], sort_keys=True)]
    settings, key = (hashlib.sha256(text.encode()).hexdigest() for text in texts)
    return settings, key


def _fingerprint(config: Base, sources: Sources) -> str:
    """Return the hash of the events, which are read for it: in seconds, where a training takes hours."""
    spec = config.train
    assert spec is not None
    inputs, (low, high) = tuple(spec.inputs or INPUTS), spec.mass_range
    columns = Columns(sources.tree, inputs, spec.target, spec.split, (low, high), sources.weight, spec.flat_per)
    return read_events(sources.files, columns, sources.validation).fingerprint()


def _card(target: Path) -> dict[str, Any]:
    """Return what the card of a model says of its training; empty where there is no model or card."""
    from rdfplugins.inference import read_model

    try:
        return dict(read_model(target).card.training or {}) if target.is_dir() else {}
    except ModelError:
        return {}


def _refuse_others(config: Base, *, force: bool) -> None:
    """Refuse to replace what is no model, and without force a model that is not an earlier one of this config."""
    target = folder_of(config)
    if target.is_symlink() and not target.exists():
        raise OutputError(f"{target}: is a link to what is not there; remove it, or choose another train.model")
    if target.exists() and not target.is_dir():
        raise OutputError(f"{target}: is there and no folder; choose another train.model or train.dir")
    if force or not target.is_dir() or not any(target.iterdir()):
        return
    if target.resolve().parent == shipped("models").resolve():
        what = "comes with rdfplugins"
    elif _card(target).get(_MADE_BY, {}).get("config") != config.path.name:
        what = f"was not made by {config.path.name}, or is damaged"
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


def plan(config: Base, folder: Path, outdated: Mapping[str, str]) -> list[str]:
    """Return what `run` would do, a line each.

    Parameters
    ----------
    folder, outdated
        As of `run`.
    """
    target = folder_of(config)
    state = ""
    if target.is_dir():
        state = ", which is there and will be replaced"
        with contextlib.suppress(RdfpluginsError):  # of trees that are still to be made
            sources = sources_of(config, folder, outdated)
            made_by = _card(target).get(_MADE_BY, {})
            if made_by.get("key") == _keys(config, sources)[1]:
                state = ", which is up to date"
            elif made_by.get("config") != config.path.name:
                state = ", which is there and not of this config: refused without --force"
    return [f"train: model {target}{state}"]
