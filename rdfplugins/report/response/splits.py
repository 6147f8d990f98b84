"""Which split is looked at, and what has to be said of it where a model was trained with these events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rdfplugins.report.prepare import estimated_masses

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from rdfplugins.config import Config

SPLITS = {"train": 0, "val": 1, "test": 2}
"""Name -> value of the column ``split``."""
_WORDS = {"train": "training events", "val": "validation events", "test": "test events"}


def default_split(config: Config) -> str:
    """Return the split that is looked at where the config names none: what a training has seen least of.

    Without events of the test, that is the validation of a training, which chose the epoch only. Where the config
    trains nothing, all events are as good as each other.
    """
    shares = _shares(config)
    if shares is None or shares.get("test", 0.0) > 0:
        return "test"
    return "val" if config.train is not None and shares.get("val", 0.0) > 0 else "all"


def in_words(config: Config, split: str | None) -> str:
    """Return of which split events are, empty where there is none; of all splits, those that there are."""
    if split != "all":
        return "" if split is None else _WORDS[split]
    shares = _shares(config)
    there = [name for name in SPLITS if shares is None or shares.get(name, 0.0) > 0]
    return f"all splits ({', '.join(there)})"


def models_of(config: Config, estimates: Collection[str]) -> list[str]:
    """Return which estimates are of models."""
    return [name for name in estimates if name in {"ml_mass", *estimated_masses(config)}]


def doubt(config: Config, split: str | None, samples: Sequence[str], models: Sequence[str]) -> str:
    """Return what a training of this config did with these events of simulated samples; empty where nothing.

    Parameters
    ----------
    samples
        Whose events are looked at.
    models
        What the estimates of models are called.
    """
    train = config.train
    if train is None or not models or split == "test":
        return ""
    if train.samples is not None and not set(samples) & set(train.samples):
        return ""
    if split == "val":
        return "validation events chose the epoch of the training: no event of a test is there or asked for"
    may = "" if train.source is None else "may "
    return f"{may}{'hold' if may else 'holds'} events of the training: flatters {', '.join(models)}"


def _shares(config: Config) -> Mapping[str, float] | None:
    split = config.select.split
    return None if split is None else {str(name): share for name, share in split.fractions.items()}
