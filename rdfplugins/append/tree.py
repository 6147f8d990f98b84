"""The tree of somebody's file to which branches are to be added."""

from __future__ import annotations

import dataclasses
import os
import signal
import stat
from typing import TYPE_CHECKING, Any, Literal

from rdfplugins import cpp
from rdfplugins.config.scalars import shortened
from rdfplugins.errors import DamagedFileError, InputError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

MAX_NAMED = 10
_CHAIN = "TChain"


@dataclasses.dataclass(frozen=True)
class Tree:
    """One tree of a file.

    Attributes
    ----------
    name
        With its folders in the file, if any: ``dir/Events``.
    branches
        Names of those at the top, in order; of an RNTuple its fields.
    others
        The other trees of the file.
    uuid, modified
        Of the file; when ROOT, or uproot, last wrote it, as it says itself: a copy says the same.
    shuffled
        Whether several threads have written it, so that ROOT refuses friends.
    """

    name: str
    entries: int
    branches: tuple[str, ...]
    kind: Literal["TTree", "RNTuple"]
    others: tuple[str, ...]
    uuid: str = ""
    modified: str = ""
    shuffled: bool = False


def find_tree(path: Path, tree: str | None) -> Tree:
    """Return the named tree of a file, or the only one.

    Raises
    ------
    InputError
        For a URL, no such file, one that ROOT cannot read or that was not closed, no such tree, several where none is
        named (all are listed), or a TChain.
    """
    where = shown(path)
    refuse_what_is_no_file(path)
    look = _look(path, (tree or "").strip("/"))
    name = _choose(where, look.kinds, tree)
    others = tuple(other for other in look.kinds if other != name)
    if "RNTuple" in look.kinds[name]:
        return _ntuple(path, name, others)
    if not look.described:
        raise DamagedFileError(f"{where}: tree '{name}' is damaged and cannot be read; fetch the file again")
    return Tree(name, look.entries, look.branches, "TTree", others, look.uuid, look.modified, look.shuffled)


def find_ttree(path: Path, tree: str | None) -> Tree:
    """Return the tree as `find_tree` does; InputError, with what to do, for an RNTuple, which takes no new branch."""
    found = find_tree(path, tree)
    if found.kind != "TTree":
        raise InputError(
            f"{shown(path)}: '{found.name}' is an RNTuple, to which no field can be added: define the column in the"
            " graph, rdfplugins.ml_mass(ROOT.RDataFrame(...)), and Snapshot it (or the node ml_mass in a config)"
        )
    return found


def shown(path: Path) -> str:
    """Return a path on one line, as messages name it."""
    return shortened(str(path), len(str(path)) + len("..."))


def refuse_syntax(path: Path) -> None:
    """Raise InputError for a path in which ROOT would read more than a name."""
    found = [letter for letter in "$?#" if letter in str(path)]
    if found:
        raise InputError(f"{shown(path)}: ROOT reads '{found[0]}' in a path as something else; choose another name")


def refuse_what_is_no_file(path: Path) -> None:
    """Raise InputError where there is nothing on the disk that ROOT could open."""
    where = shown(path)
    if ":/" in str(path):  # a Path makes one slash of two
        raise InputError(f"{where}: is not a file on a disk; copy it here, branches are added to local files only")
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116 (a Path of some names raises elsewhere)
    except FileNotFoundError:
        raise InputError(f"{where}: no such file") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{where}: cannot be opened: {getattr(error, 'strerror', None) or error}") from None
    if stat.S_ISDIR(mode):
        raise InputError(f"{where}: is a folder, not a file")
    if not stat.S_ISREG(mode):
        raise InputError(f"{where}: is a pipe or a device, not a file")
    refuse_syntax(path)


@dataclasses.dataclass(frozen=True)
class _Look:
    """What ROOT finds in a file; ``kinds`` are the classes of all trees, ``described`` is whether one was looked at."""

    kinds: dict[str, str]
    described: bool
    shuffled: bool
    entries: int
    uuid: str
    modified: str
    branches: tuple[str, ...]


def _look(path: Path, tree: str) -> _Look:
    """Let a child process look into a file.

    Raises
    ------
    DamagedFileError
        Where it cannot be read, or was not closed.
    """
    where = shown(path)
    number, *words = map(str, load().Look.at(str(path), tree))
    if int(number):
        slow = int(number) == signal.SIGXCPU
        death = "reading it does not come to an end" if slow else "ROOT crashes when it reads it"
        raise DamagedFileError(f"{where}: is damaged: {death}; fetch or write it again")
    if not words:
        raise DamagedFileError(f"{where}: ROOT cannot read it, or not within two minutes")
    opened, recovered, described, shuffled = (word == "1" for word in words[:4])
    said = " ".join(words[7].split(": ", 1)[-1].split())
    if not opened:
        raise DamagedFileError(f"{where}: cannot be read as a ROOT file: {said or 'it is damaged'}")
    if recovered:
        raise DamagedFileError(f"{where}: was not closed properly, its end is missing; write or fetch it again")
    if said:
        raise DamagedFileError(f"{where}: is damaged: {said}; fetch or write it again")
    end = 9 + 2 * int(words[8])
    kinds = dict(zip(words[9:end:2], words[10:end:2], strict=True))
    return _Look(kinds, described, shuffled, int(words[4]), words[5], words[6], tuple(words[end:]))


def load() -> Any:
    """Return the namespace of our headers, which are compiled as fast as can be: ROOT's own functions do the work."""
    with cpp.optimisation(0):
        cpp.include("rdfplugins/append.h")
    return cpp.load_root().rdfp.append


def _choose(where: str, kinds: dict[str, str], wanted: str | None) -> str:
    names = [name for name, kind in kinds.items() if kind != _CHAIN]
    if wanted is None:
        if not names:
            chain = "only a TChain, a list of files: give these files" if kinds else "no tree"
            raise InputError(f"{where}: has {chain}")
        if len(names) > 1:
            raise InputError(f"{where}: has several trees, say which: {_listed(names)}")
        return names[0]
    name = wanted.strip("/")
    if kinds.get(name) == _CHAIN:
        raise InputError(f"{where}: '{name}' is a TChain, a list of files: give these files")
    if name in kinds:
        return name
    if ";" in name and name.rpartition(";")[0] in kinds:
        raise InputError(f"{where}: '{name}' is one cycle of a tree; give the name alone, the latest is taken")
    has = f"it has: {_listed(names)}" if names else "it has none"
    raise InputError(f"{where}: has no tree '{name}'{did_you_mean(name, names)} ({has})")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:MAX_NAMED]) + (f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else "")


def _ntuple(path: Path, name: str, others: tuple[str, ...]) -> Tree:
    cpp.include("rdfplugins/rntuple.h")
    try:
        ntuple = cpp.load_root().rdfp.rntuple
        entries, fields = int(ntuple.entries(name, str(path))), [str(field) for field in ntuple.fields(name, str(path))]
    except Exception as error:  # cppyy maps ROOT's exception to a type of its own
        raise DamagedFileError(
            f"{shown(path)}: '{name}' is damaged and cannot be read; fetch the file again"
        ) from error
    return Tree(name, entries, tuple(fields), "RNTuple", others)
