"""Where samples come from: ``resample.from``, the stage ``prepare``, or the stage ``select``."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from rdfplugins.config.files import expand_files
from rdfplugins.config.models import Config
from rdfplugins.config.preparation import INCLUSIVE
from rdfplugins.errors import InputError
from rdfplugins.resample.sources import prepared

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from rdfplugins.config.models import Base
    from rdfplugins.config.resample import ResampleConfig

Place = tuple["str | int", ...]


@dataclasses.dataclass(frozen=True)
class Origin:
    """A sample that a config knows, before a file of it is looked at.

    Attributes
    ----------
    files
        Gives its files when it is called; errors say why they cannot be had.
    tree, dataset
        Names of tree (None: the only one) and table.
    label
        Class of its rows where neither a column nor cuts tell it.
    category
        Class that all of its rows have by the way they were prepared; None: they were not prepared by class.
    wanted
        Whether it is read where the config does not say which samples are.
    """

    name: str
    files: Callable[[], list[str | Path]]
    tree: str | None
    dataset: str
    label: str
    category: str | None = None
    wanted: bool = True


def all_of(config: Base, folder: Path, outdated: Mapping[str, str]) -> dict[str, Origin]:
    """Return all samples in the order of the config; nothing is opened.

    Parameters
    ----------
    folder
        Base of the outputs.
    outdated
        Sample -> why the tree of the selection is not that of the config.
    """
    assert config.resample is not None
    if config.resample.source is not None:
        return {name: _named(config, config.resample, name) for name in config.resample.source}
    if config.preparation is not None:
        return {name: _prepared(config, name, folder) for name in config.preparation.samples}
    assert isinstance(config, Config), "a config without any of these is refused when it is read"
    selection = _Selection(config, folder, outdated)
    return {name: selection.origin(name) for name in config.input.samples}


def _named(config: Base, spec: ResampleConfig, name: str) -> Origin:
    assert spec.source is not None
    patterns, here = spec.source[name], config.resample_path("from", name)

    def files() -> list[str | Path]:
        return [*expand_files(patterns, config.folder, place=lambda index: config.position(*here, index))]

    label = name
    if isinstance(config, Config) and name in config.input.samples:
        label = config.input.samples[name].label or name
    return Origin(name, files, spec.tree, spec.dataset, label)


def _prepared(config: Base, name: str, folder: Path) -> Origin:
    made = prepared.section(config)
    category = made.samples[name].category
    return Origin(
        name,
        lambda: [prepared.find(config, name, folder)],
        None,  # the only one; it is written without the folder that it had
        made.dataset,
        label=name,
        category=None if category == INCLUSIVE else category,
    )


class _Selection:
    """The trees of the stage ``select``."""

    def __init__(self, config: Config, folder: Path, outdated: Mapping[str, str]) -> None:
        self._config = config
        self._folder = folder
        self._outdated = outdated

    def origin(self, name: str) -> Origin:
        spec = self._config.input.samples[name]
        return Origin(
            name,
            lambda: self._file(name),
            self._config.select.output.tree,
            "jets",
            label=spec.label or name,
            wanted=spec.kind == "mc",
        )

    def _file(self, name: str) -> list[str | Path]:
        if name in self._outdated:
            raise InputError(f"{self._outdated[name]}; run the stage 'select' first")
        return [self._folder / f"{name}.root"]
