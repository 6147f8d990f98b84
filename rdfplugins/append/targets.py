"""Which file is written for which input."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from rdfplugins import provenance
from rdfplugins.config import expand_files
from rdfplugins.errors import ConfigError, InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def pairs(
    files: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    output: str | os.PathLike[str] | None,
    *,
    in_place: bool,
    friend: bool,
    branch: str,
    force: bool,
) -> list[tuple[Path, Path]]:
    """Return each input with the file that is written for it.

    Nothing is written yet, folders neither.

    Raises
    ------
    ConfigError
        For ways to write that exclude each other, two inputs for one output, or an output that is there, unless
        ``force``.
    InputError
        For a file that is not there, or on a server.
    """
    if in_place and (friend or output is not None):
        other = "a friend" if friend else "an output"
        raise ConfigError(f"in place and {other} exclude each other: say one of them")
    sources = inputs_of(files)
    if in_place:
        return [(source, source) for source in sources]
    suffix = f"_{branch}_friend" if friend else f"_{branch}"
    named = [source.with_name(f"{source.stem}{suffix}{source.suffix}") for source in sources]
    if output is not None:
        one, folder = len(sources) == 1, Path(output).expanduser()
        is_folder = os.path.isdir(folder) or os.fspath(output).endswith("/")  # noqa: PTH112 (as below)
        if one and not is_folder:
            named = [folder]
        else:
            if not is_folder and os.path.exists(folder):  # noqa: PTH110 (as below)
                raise ConfigError(f"{folder}: is a file, and several inputs need a folder as their output")
            named = [
                folder / (target.name if friend else source.name) for source, target in zip(sources, named, strict=True)
            ]
    _refuse_clashes(sources, named, force=force)
    return list(zip(sources, named, strict=True))


def inputs_of(files: str | os.PathLike[str] | Sequence[str | os.PathLike[str]]) -> list[Path]:
    """Return the files that paths, globs, folders and lists stand for; InputError for one that is not there."""
    given = [files] if isinstance(files, str | os.PathLike) else list(files)
    return [_local(name) for name in expand_files([_at_home(os.fspath(name)) for name in given], Path())]


def refuse_branches_of_a_stage(source: Path, branches: Iterable[str]) -> None:
    """Raise InputError for a branch that a run of a config made: its provenance would tell of another model."""
    models = (provenance.read(source) or {}).get("models") or ()
    made = {name for model in models for name in model.get("branches", ())}
    for name in branches:
        if name in made:
            raise InputError(
                f"{source}: the section ml of a config made '{name}', and its provenance says how; change the model"
                " there (rdfrun CONFIG --stage ml), or choose another name"
            )


def _at_home(pattern: str) -> str:
    """Return a pattern in which ``~`` is what a shell makes of it."""
    sign = "@" if pattern.startswith("@") else ""
    return sign + os.path.expanduser(pattern.removeprefix(sign))  # noqa: PTH111 (a Path would drop what a URL needs)


def _local(name: str) -> Path:
    if "://" in name:
        raise InputError(f"{name}: is on a server, where nothing can be added to it; copy it here first (xrdcp)")
    path = Path(name)
    if not path.exists():
        raise InputError(f"{name}: no such file")
    return path


def _refuse_clashes(sources: Sequence[Path], targets: Sequence[Path], *, force: bool) -> None:
    seen: dict[Path, Path] = {}
    inputs = {source.resolve() for source in sources}
    for source, target in zip(sources, targets, strict=True):
        place = target.resolve()
        if place == source.resolve():
            raise ConfigError(f"{target}: is the input itself, which is replaced only in place")
        if place in inputs:
            raise ConfigError(
                f"{target}: is one of the inputs and would be the output of another ({source}): is it that of an"
                " earlier run? name the files that are to be read"
            )
        if place in seen:
            raise ConfigError(f"{source} and {seen[place]} would both be written to {target}")
        seen[place] = source
        if os.path.isdir(target):  # noqa: PTH112 (answers for names that are too long, which the writer tells)
            raise ConfigError(f"{target}: is a folder")
        if os.path.exists(target) and not force:  # noqa: PTH110
            raise ConfigError(f"{target}: is there already; force=True (--force) replaces it, or name another output")
