"""Configs that come with the package: found by their name, listed, copied."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rdfplugins.errors import ConfigError, did_you_mean
from rdfplugins.files import atomic, make_folder
from rdfplugins.paths import shipped

if TYPE_CHECKING:
    import os
    from collections.abc import Callable


def copy_config(name: str, folder: Path) -> Path:
    """Copy a shipped config into a folder and return its path there; an existing file is never replaced."""
    wanted = name if name.endswith(".yaml") else f"{name}.yaml"
    if wanted not in shipped_configs():
        raise ConfigError(f"no shipped config '{name}'{did_you_mean(wanted, shipped_configs())}")
    target = folder / wanted
    if target.exists() or target.is_symlink():
        raise ConfigError("is there already; remove it, or copy it elsewhere", file=str(target))
    make_folder(folder)
    with atomic(target) as part:
        part.write_bytes((shipped("configs") / wanted).read_bytes())
    return target


def find_config(path: str | os.PathLike[str], say: Callable[[str], None]) -> Path:
    """Return the config at ``path``, or the shipped one of that name where there is no such file."""
    given = Path(path)
    if given.exists() or given.suffix not in {".yaml", ".yml"}:
        return given
    there = shipped("configs") / given.name
    if len(given.parts) <= 2 and given.parts[0] in {"configs", given.name} and there.is_file():  # noqa: PLR2004
        say(f"{given} does not exist here; running the one that is shipped: {there}")
        return there
    raise ConfigError(f"no such file{did_you_mean(given.name, shipped_configs())}", file=str(given))


def shipped_configs() -> list[str]:
    """Return the names of the shipped configs."""
    return sorted(path.name for path in shipped("configs").glob("*.yaml"))
