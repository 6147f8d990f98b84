"""New branches in a small file of their own, which knows the tree that it is a friend of."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rdfplugins import cpp, provenance
from rdfplugins._version import __version__
from rdfplugins.append.branch import Appender, attempt, closing, refuse, refuse_names
from rdfplugins.append.copy import held
from rdfplugins.append.tree import Tree, find_tree, load, refuse_syntax, refuse_what_is_no_file, shown
from rdfplugins.errors import ConfigError, InputError
from rdfplugins.files import claimed
from rdfplugins.interrupts import terminable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rdfplugins.append.copy import Held

NAME = "friend_of"


def friend_tree(tree: str, branches: Mapping[str, str]) -> str:
    """Return the name of the tree of a friend: that of the source, without folders, and the first branch."""
    return f"{tree.rpartition('/')[2]}_{next(iter(branches))}"


@contextlib.contextmanager
def friend(
    source: Path, target: Path, tree: str, branches: Mapping[str, str], *, replace: bool = False
) -> Iterator[Appender]:
    """Write a file with a tree of new branches alone, to be read with ``AddFriend``; as `adding` in all else.

    Parameters
    ----------
    source
        A local file, which is only read.
    target
        The new file; an existing one is replaced.
    tree
        Name of the tree in the source, with folders.
    branches
        Name -> title, each a branch of one float an entry. All entries must be filled.
    replace
        Allow names that branches of the source have: ROOT then takes those of the source where no tree is named.

    Raises
    ------
    ConfigError
        If the target is the source.
    InputError
        If the source is not a whole ROOT file with this TTree, has such a branch, or its entries were shuffled.
    OutputError
        If something cannot be written, entries were not filled, another run has one of the files, or the source
        changed.

    Examples
    --------
    >>> with friend(Path("a.root"), Path("scores.root"), "events", {"score": "of a model"}) as new:  # doctest: +SKIP
    ...     new.fill(scores[:, None])
    >>> events.AddFriend("events_score", "scores.root")  # doctest: +SKIP
    """
    refuse_names(branches)
    source, target = Path(source).resolve(), Path(target).resolve()
    if source == target:
        raise ConfigError(f"{shown(source)}: a friend cannot be written into its source")
    where = shown(target)
    refuse_syntax(target)
    with terminable(where), held(source, alone=False) as original:
        found = find_tree(source, tree)
        _check(found, shown(source), branches, replace=replace)
        name = friend_tree(found.name, branches)
        with claimed(target) as part:
            writer = load().Writer(str(part), name)
            with closing(writer):
                names, titles = list(branches), list(branches.values())
                refuse(where, attempt(writer.create, target.name, _title(source, found), found.entries, names, titles))
                yield Appender(writer, where, found, len(branches))
                record = {"made_by": f"rdfplugins {__version__}", NAME: _identity(original, found)}
                text = cpp.load_root().TObjString(provenance.to_text(record))
                refuse(where, attempt(writer.put, NAME, text))
                refuse(where, attempt(writer.finish))
            original.refuse_changed()


def check_friend(friend_path: Path, source_path: Path) -> None:
    """Raise InputError where a file of new branches does not belong to a source, or no longer.

    Parameters
    ----------
    friend_path
        What `friend` has written.
    source_path
        The file with the tree to which it is to be added.
    """
    where = shown(friend_path)
    refuse_what_is_no_file(friend_path)
    try:
        known = json.loads(str(load().text_in(str(friend_path), NAME)))[NAME]
    except (ValueError, KeyError, TypeError):
        raise InputError(f"{where}: does not say whose friend it is; it was not written with --friend") from None
    with held(Path(source_path), alone=False) as source:
        now = _identity(source, find_tree(Path(source_path), str(known.get("tree"))))
    # the time of the file's last change is for people: a copy has another one
    changed = [what for what in ("uuid", "entries", "size", "modified") if known.get(what) != now[what]]
    if changed:
        what = changed[0]
        raise InputError(
            f"{where}: is no friend of {shown(source_path)}: {what} was {known.get(what)} and is {now[what]}; make it"
            " again"
        )


def _check(found: Tree, where: str, branches: Mapping[str, str], *, replace: bool) -> None:
    """Raise InputError where a friend could not be used."""
    if found.kind != "TTree":
        raise InputError(f"{where}: '{found.name}' is an RNTuple, which takes no friends")
    if found.shuffled:
        raise InputError(
            f"{where}: several threads have written tree '{found.name}', ROOT refuses friends of such; append to it"
            " in place of a friend"
        )
    there = [name for name in branches if name in found.branches]
    if there and not replace:
        raise InputError(
            f"{where}: has a branch '{there[0]}' already, which would hide that of a friend; choose another name"
        )


def _identity(source: Held, found: Tree) -> dict[str, Any]:
    status = source.status
    return {
        "file": source.path.name,
        "tree": found.name,
        "entries": found.entries,
        "size": status.st_size,
        "mtime": status.st_mtime,
        "uuid": found.uuid,
        "modified": found.modified,
    }


def _title(source: Path, found: Tree) -> str:
    return f"friend of {found.name} in {source.name}"
