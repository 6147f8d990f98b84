"""Input files of a sample, looked at before a graph is built: what RDataFrame would pass over is an error."""

from __future__ import annotations

import dataclasses
import fnmatch
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rdfplugins import cpp, provenance
from rdfplugins.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

MAX_NAMED = 5


@dataclasses.dataclass(frozen=True)
class InputFile:
    """One readable file: its tree's branches with their types and entries, and what tells it from another.

    Attributes
    ----------
    branches
        Name -> (type as ROOT names it, entries).
    constants
        Values of the asked branches in the first entry; empty where the tree is.
    simulation
        Whether the file says of itself that our generators made it.
    """

    path: str
    entries: int
    size: int
    mtime: float | None
    uuid: str
    branches: Mapping[str, tuple[str, int]]
    constants: Mapping[str, float]
    simulation: bool

    def identity(self) -> dict[str, Any]:
        """Return what the provenance says of the file."""
        return {"path": self.path, "entries": self.entries, "size": self.size, "mtime": self.mtime, "uuid": self.uuid}


@dataclasses.dataclass(frozen=True)
class Inputs:
    """The files of one sample; ``skipped`` holds path and reason of those left out by ``on_bad_file: skip``."""

    tree: str
    files: tuple[InputFile, ...]
    skipped: tuple[tuple[str, str], ...]

    @property
    def entries(self) -> int:
        """Entries of all files."""
        return sum(file.entries for file in self.files)

    def check(self, used: Sequence[str]) -> None:
        """Raise InputError where a used branch is lacking, half-filled, or of another type in one of the files.

        ``used`` may hold patterns such as ``jet_*``; names that no file has are passed over.
        """
        every = dict.fromkeys(name for file in self.files for name in file.branches)
        exact, patterns = set(used), [name for name in used if set(name) & set("*?[")]
        for name in every:  # `a.b` is used where its first word is
            if not ({name, name.partition(".")[0]} & exact or any(fnmatch.fnmatchcase(name, p) for p in patterns)):
                continue
            holders = [file for file in self.files if name in file.branches]
            lacking = [file.path for file in self.files if name not in file.branches]
            if lacking:
                raise InputError(
                    f"{lacking[0]}: tree '{self.tree}' has no branch '{name}', which {holders[0].path} has"
                )
            first = holders[0].branches[name][0]
            for file in self.files:
                kind, entries = file.branches[name]
                if kind != first:
                    raise InputError(
                        f"{file.path}: branch '{name}' is of type {kind}, but {first} in {self.files[0].path}; one"
                        " sample needs one schema"
                    )
                if entries != file.entries:
                    raise InputError(
                        f"{file.path}: branch '{name}' has {entries} entries where the tree has {file.entries}"
                    )


def inspect(paths: Sequence[str], tree: str, *, skip_bad: bool, constants: Iterable[str] = ()) -> Inputs:
    """Open every file and describe it.

    Parameters
    ----------
    paths
        Local paths or URLs that ROOT reads.
    tree
        Name of the TTree, with its folder in the file if any.
    skip_bad
        Leave out what cannot be read, in place of an error.
    constants
        Branches whose value in the first entry is wanted.

    Raises
    ------
    InputError
        For a file that is missing, damaged or without the tree; if none is left; or if none has a tree with entries.
    """
    wanted = tuple(constants)
    files: list[InputFile] = []
    skipped: list[tuple[str, str]] = []
    for path in paths:
        try:
            files.append(_inspect_file(path, tree, wanted))
        except InputError as error:  # noqa: PERF203 (opening a file costs far more)
            if not skip_bad:
                raise
            skipped.append((path, str(error)))
    if not files:
        raise InputError(f"{paths[0]}: none of the {len(paths)} files can be read; the first: {skipped[0][1]}")
    return Inputs(tree, tuple(files), tuple(skipped))


def _inspect_file(path: str, tree_name: str, constants: tuple[str, ...]) -> InputFile:
    root = cpp.load_root()
    local = None if "://" in path else Path(path)
    if local is not None and not local.is_file():
        raise InputError(f"{path}: {'is a folder, not a file' if local.is_dir() else 'no such file'}")
    cpp.include("rdfplugins/runtime.h")
    log = root.rdfp.runtime.ErrorLog()
    try:
        with cpp.captured_stderr():
            file = _open(root, path)
    finally:
        reasons = [str(message) for message in log.messages()]
        log.release()
    if not file or file.IsZombie():
        reason = reasons[-1].split(": ", 1)[-1] if reasons else "the system or the server refused"
        raise InputError(f"{path}: cannot be read as a ROOT file: {reason}")
    try:
        if file.TestBit(root.TFile.kRecovered):
            raise InputError(f"{path}: was not closed properly, its end is missing; write or fetch it again")
        return _describe(root, file, path, tree_name, constants)
    finally:
        file.Close()


def _open(root: Any, path: str) -> Any:
    try:
        return root.TFile.Open(path, "READ")
    except OSError:  # how PyROOT reports a null pointer
        return None


def _describe(root: Any, file: Any, path: str, tree_name: str, constants: tuple[str, ...]) -> InputFile:
    tree = file.Get(tree_name)
    if not tree:
        trees = sorted({str(key.GetName()) for key in file.GetListOfKeys() if "TTree" in str(key.GetClassName())})
        if tree_name in trees:
            raise InputError(f"{path}: tree '{tree_name}' is damaged and cannot be read; fetch the file again")
        listed = f" (it has: {', '.join(trees[:MAX_NAMED])})" if trees else ""
        raise InputError(f"{path}: has no tree '{tree_name}'{did_you_mean(tree_name, trees)}{listed}")
    if not isinstance(tree, root.TTree):
        raise InputError(f"{path}: '{tree_name}' is a {type(tree).__name__}, not a TTree")
    branches = {
        str(branch.GetName()): (_type_of(branch), int(branch.GetEntries())) for branch in tree.GetListOfBranches()
    }
    values = {}
    for name in constants:
        if name in branches and tree.GetEntries() > 0:
            tree.GetBranch(name).GetEntry(0)
            values[name] = float(tree.GetLeaf(name).GetValue())
    local = None if "://" in path else Path(path)
    return InputFile(
        path=path,
        entries=int(tree.GetEntries()),
        size=int(file.GetSize()),
        mtime=None if local is None else local.stat().st_mtime,
        uuid=str(file.GetUUID().AsString()),
        branches=branches,
        constants=values,
        simulation=_is_simulation(file),
    )


def _is_simulation(file: Any) -> bool:
    stored = file.Get(provenance.NAME)
    try:
        found = json.loads(str(stored.GetString())) if stored else None
    except (AttributeError, ValueError):  # another's object of that name
        return False
    return isinstance(found, dict) and found.get("simulation") is True


def _type_of(branch: Any) -> str:
    name = str(branch.GetClassName())
    if name:
        return name
    leaves = branch.GetListOfLeaves()
    leaf = leaves[0]
    title = str(leaf.GetTitle())
    shape = title[title.index("[") :] if "[" in title else ""
    return f"{leaf.GetTypeName()}{shape}" if len(leaves) == 1 else f"struct of {len(leaves)} leaves"
