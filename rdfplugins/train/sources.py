"""Which files a training of a config reads, and what tells them from others."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rdfplugins import provenance
from rdfplugins.config import Config
from rdfplugins.config.files import expand_files
from rdfplugins.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rdfplugins.config import TrainConfig
    from rdfplugins.config.models import Base

SELECT, RESAMPLE = "select", "resample"
RESAMPLED, SAMPLE_WEIGHT = "train.root", "sample_weight"
_TREE = "events"


@dataclasses.dataclass(frozen=True)
class Sources:
    """What a training reads.

    Attributes
    ----------
    files
        Of the events to train on.
    validation
        Files whose validation split says when to stop; None: that of ``files``.
    tree
        Name of the tree in all of them; where the config does not tell, ``events`` or the only one of the first file.
    weight
        Column of the weights; None: there are none.
    stages
        Those that make what is read of our own files.
    foreign
        Files that the config names.
    """

    files: tuple[Path, ...]
    validation: tuple[Path, ...] | None
    tree: str
    weight: str | None
    stages: tuple[str, ...] = ()
    foreign: frozenset[Path] = frozenset()

    @property
    def all(self) -> tuple[Path, ...]:
        """All files."""
        return (*self.files, *(self.validation or ()))

    def identities(self) -> list[Any]:
        """Return, of each file, what changes with its events: the keys of our stages; size and time of those of others.

        What others made of files of ours, ``hadd`` say, holds the keys of one of them.
        """
        return [_identity(path, () if path in self.foreign else self.stages) for path in self.all]


def sources_of(config: Base, folder: Path, outdated: Mapping[str, str]) -> Sources:
    """Return what the section ``train`` reads.

    The files of ``from``; else the output of ``resample``, with the validation split of the selection; else the trees
    of the selection.

    Parameters
    ----------
    config
        With a section ``train``.
    folder
        Base of the outputs.
    outdated
        Sample, or ``resample`` -> why its file is not that of the config.

    Raises
    ------
    ConfigErrors
        For patterns that name no file, with their lines.
    InputError
        For files that are not there, or not of this config.
    """
    spec = config.train
    assert spec is not None
    validation = None if spec.validation is None else named(config, "validation")
    tree, stages, foreign = _tree(config, spec), _stages(config, spec), frozenset(validation or ())
    if spec.source is not None:
        files = named(config, "from")
        tree = spec.tree or _only_tree(config, files[0])
        return Sources(files, validation, tree, spec.weight, stages, foreign | set(files))
    if config.resample is not None:
        if RESAMPLE in outdated:
            raise InputError(f"{outdated[RESAMPLE]}; run the stage 'resample' first")
        path = folder / RESAMPLE / RESAMPLED
        if validation is None and isinstance(config, Config):
            validation = _selected(config, folder, outdated)
        weight = spec.weight or (SAMPLE_WEIGHT if config.resample.attaches else None)
        return Sources((path,), validation, tree, weight, stages, foreign)
    assert isinstance(config, Config), "a config without any of these is refused when it is read"
    return Sources(_selected(config, folder, outdated), validation, tree, spec.weight, stages, foreign)


def samples_of(config: Config) -> tuple[str, ...]:
    """Return the samples whose trees are read: those that are named, else all that are simulated."""
    assert config.train is not None
    named = config.train.samples
    return tuple(
        name
        for name, sample in config.input.samples.items()
        if (name in named if named is not None else sample.kind == "mc")
    )


def _selected(config: Config, folder: Path, outdated: Mapping[str, str]) -> tuple[Path, ...]:
    names = samples_of(config)
    for name in names:
        if name in outdated:
            raise InputError(f"{outdated[name]}; run the stage '{SELECT}' first")
    return tuple(folder / f"{name}.root" for name in names)


def named(config: Base, key: str) -> tuple[Path, ...]:
    """Return the files of ``from`` or ``validation``; ConfigErrors for patterns that name none."""
    assert config.train is not None
    patterns = config.train.source if key == "from" else config.train.validation
    found = expand_files(patterns or (), config.folder, place=lambda index: config.position("train", key, index))
    return tuple(Path(name) for name in found)


def _tree(config: Base, spec: TrainConfig) -> str:
    if spec.tree is not None:
        return spec.tree
    return config.select.output.tree if isinstance(config, Config) else _TREE


def _only_tree(config: Base, path: Path) -> str:
    """Return the name of the tree of a file that others wrote: ours, or the only one."""
    import uproot

    try:
        with uproot.open(path) as file:
            kinds = file.classnames(recursive=False)
    except (OSError, ValueError):  # which is told when it is read
        return _TREE
    trees = sorted({name.partition(";")[0] for name, kind in kinds.items() if kind in {"TTree", "ROOT::RNTuple"}})
    if _TREE in trees or not trees:
        return _TREE
    if len(trees) > 1:
        raise config.fault(f"{path} has the trees {', '.join(trees)}; name one in train.tree", "train", "from")
    return str(trees[0])


def _stages(config: Base, spec: TrainConfig) -> tuple[str, ...]:
    """Return the stages that make the events and the columns that are read."""
    read = {*(spec.inputs or ()), spec.target, spec.split, spec.weight, spec.flat_per}
    by_models = isinstance(config, Config) and bool(read & set(config.ml_branches))
    return (SELECT, RESAMPLE, *(["ml"] if by_models else []))


def _identity(path: Path, names: Sequence[str]) -> list[Any]:
    stages = (provenance.read(path) or {}).get("stages") or {} if names else {}
    keys = [stages[name] for name in names if name in stages]
    if keys:
        return [path.name, *keys]
    found = path.stat() if path.is_file() else None
    return [path.name, None if found is None else [found.st_size, found.st_mtime_ns]]
