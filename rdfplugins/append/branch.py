"""New branches in a tree that somebody wrote: a copy of the file gets them, is checked, and takes the name."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rdfplugins import cpp
from rdfplugins.append.copy import held
from rdfplugins.append.tree import Tree, find_tree, load, refuse_syntax, shown
from rdfplugins.errors import ConfigError, InputError, OutputError, RdfpluginsError
from rdfplugins.files import claimed
from rdfplugins.interrupts import terminable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import numpy.typing as npt

_DONE = "done"  # what a step of append.h returns
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


class Appender:
    """The new branches of one tree, while they are filled; `adding` makes it."""

    def __init__(self, writer: Any, where: str, tree: Tree, branches: int) -> None:
        self._writer = writer
        self._where = where
        self._tree = tree
        self._branches = branches
        self._filled = 0

    def fill(self, values: npt.NDArray[np.float32]) -> None:
        """Append the values of the next entries, in the order of the file.

        Parameters
        ----------
        values
            Shape [n, m]: m branches in the order in which they were given. Other types of numbers are converted.

        Raises
        ------
        OutputError
            Where they are more than the tree has entries, or cannot be written.
        """
        rows = np.ascontiguousarray(values, dtype=np.float32)
        if rows.ndim != 2 or rows.shape[1] != self._branches:  # noqa: PLR2004 (rows and columns)
            raise ValueError(f"values have shape {rows.shape}, not [n, {self._branches}]")
        self._filled += len(rows)
        if self._filled > self._tree.entries:
            raise OutputError(
                f"{self._where}: {self._filled} values for the {self._tree.entries} entries of tree '{self._tree.name}'"
            )
        refuse(self._where, attempt(self._writer.fill, rows.ctypes.data, len(rows)))

    def put(self, path: str, thing: Any) -> None:
        """Write a ROOT object, in place of one that has its name.

        Parameters
        ----------
        path
            In the file, folders first; they are made where they are not there.
        thing
            A TObject.

        Raises
        ------
        OutputError
            If it cannot be written, or a tree or a folder has this name.
        """
        refuse(self._where, attempt(self._writer.put, path, thing))


@contextlib.contextmanager
def adding(
    source: Path, target: Path, tree: str, branches: Mapping[str, str], *, replace: bool = False
) -> Iterator[Appender]:
    """Write a file anew with more branches in one of its trees; all else in it stays as it is.

    The new file appears, whole and checked, when the block ends without an error; else there is no trace of it.

    Parameters
    ----------
    source, target
        Local files; the same for a change in place. An existing target is replaced.
    tree
        Its name, with folders.
    branches
        Name -> title, each a branch of one float an entry. All entries must be filled.
    replace
        Put them in the place of branches of one number an entry that have these names.

    Raises
    ------
    InputError
        If the source is not a whole ROOT file with this TTree, or a branch is there and cannot or must not be replaced.
    OutputError
        If something cannot be written, entries were not filled, another run has one of the files, or the source
        changed.
    InterruptedRunError
        At SIGTERM.

    Examples
    --------
    >>> with adding(Path("a.root"), Path("b.root"), "events", {"score": "of a model"}) as new:  # doctest: +SKIP
    ...     new.fill(scores[:, None])
    """
    refuse_names(branches)
    source, target = Path(source).resolve(), Path(target).resolve()
    in_place = source == target
    where = shown(target)
    refuse_syntax(target)
    with terminable(where), held(source, alone=in_place) as original:
        found = find_tree(source, tree)
        if found.kind != "TTree":
            raise InputError(f"{shown(source)}: '{tree}' is an RNTuple, to which no branches can be added")
        with claimed(target, mode=original.mode if in_place else None) as part:
            original.copy_to(part)
            writer = load().Writer(str(part), found.name)
            with closing(writer):
                reason = attempt(writer.open, list(branches), list(branches.values()), replace)
                if reason and writer.refused:
                    raise InputError(f"{shown(source)}: {reason}")
                refuse(where, reason)
                yield Appender(writer, where, found, len(branches))
                refuse(where, attempt(writer.finish))
            original.refuse_changed()


def refuse_names(branches: Mapping[str, str]) -> None:
    """Raise ConfigError for names that ROOT would read as something else."""
    if not branches:
        raise ConfigError("no branch to add")
    for name in branches:
        if not _NAME.fullmatch(name):
            raise ConfigError(f"'{name}' is no name for a branch: letters, digits and _, a letter first")


def attempt(step: Callable[..., Any], *arguments: Any) -> str:
    """Return what went wrong in a step of the writer, on one line; empty if it says that nothing did."""
    try:
        with cpp.optimisation(0):  # as its header
            reason = str(step(*arguments))
    except RdfpluginsError:  # a signal
        raise
    except Exception as error:  # cppyy maps C++ exceptions to several types
        reason = str(error) or type(error).__name__
    if reason == _DONE:
        return ""
    # where the interpreter cannot compile a function, a call of it does nothing and returns nothing
    return " ".join(reason.split()) or "ROOT's interpreter failed; start a new process"


def refuse(where: str, reason: str) -> None:
    """Raise OutputError for the reason, if there is one."""
    if reason:
        raise OutputError(f"{where}: cannot be written: {reason}")


@contextlib.contextmanager
def closing(writer: Any) -> Iterator[None]:
    """Close the file behind the block, however that ends: nothing may be written once its name is gone."""
    try:
        yield
    finally:
        writer.close()
