"""Runs that would write the same file do so one after the other."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from rdfplugins.errors import OutputError
from rdfplugins.files import lock, make_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


@contextlib.contextmanager
def only_writer(path: Path, *, replace: bool) -> Iterator[None]:
    """Make the folder of a file, and let no other run write the file in this block; nothing else is left in the folder.

    Parameters
    ----------
    path
        The file.
    replace
        Replace a file that is there, after another run that writes it has ended; else both are errors.

    Raises
    ------
    OutputError
        The file is there or written by another run, and must not be replaced; or the folder cannot be written.
    """
    make_folder(path.parent)
    with lock(path.parent, f".{path.name}.lock", wait=replace, remove=True):
        if not replace:
            refuse_to_replace([path])
        yield


def refuse_to_replace(paths: Iterable[Path]) -> None:
    """Raise `OutputError` if one of these files is there."""
    there = [str(path) for path in paths if path.exists()]
    if there:
        raise OutputError(f"{', '.join(there)}: already there; --force replaces it, -o DIR writes elsewhere")
