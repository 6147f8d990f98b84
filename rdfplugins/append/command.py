"""The command line that asks for what a user has asked for, and more."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

from rdfplugins.nodes.mass_models import BRANCH

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_DEFAULTS = {"branch": BRANCH, "units": "GeV", "backend": "auto", "precision": "float32"}
_BREAK = " \\\n    "


def command(files: Sequence[str | os.PathLike[str]], options: Mapping[str, object], found: Mapping[str, str]) -> str:
    """Return ``rdfrun add-ml-mass ...``, to be pasted into a shell.

    Parameters
    ----------
    files
        As they were given.
    options
        The keyword parameters of `append_ml_mass`; those that are as by default are left out.
    found
        Input -> column, to be mapped beside what ``options`` map.
    """
    words = ["rdfrun add-ml-mass", *(shlex.quote(os.fspath(file)) for file in files)]
    maps: dict[str, str] = {}
    for key, value in options.items():
        name = "-o" if key == "output" else f"--{key.replace('_', '-')}"
        if key == "map":
            maps = dict(value) if value else {}  # type: ignore[call-overload]
        elif value is True:
            words.append(name)
        elif value and value != _DEFAULTS.get(key):
            words.append(f"{name} {shlex.quote(str(value))}")
    parts = [f"--map {shlex.quote(f'{name}={column}')}" for name, column in (maps | dict(found)).items()]
    lines = [" ".join(parts[first : first + 3]) for first in range(0, len(parts), 3)]
    return _BREAK.join([" ".join(words), *lines])
