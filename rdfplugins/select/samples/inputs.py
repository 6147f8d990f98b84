"""Input files of a sample, looked at before a graph is built: what RDataFrame would pass over is an error."""

from __future__ import annotations

import dataclasses
import fnmatch
import json
import os
import signal
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rdfplugins import cpp, provenance
from rdfplugins.config.scalars import shortened
from rdfplugins.errors import DamagedFileError, InputError, InputErrors, did_you_mean
from rdfplugins.select.samples import gen_weights
from rdfplugins.select.samples.leaves import is_number, type_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

MAX_NAMED = 5
MAX_BAD = 20


@dataclasses.dataclass(frozen=True)
class InputFile:
    """One readable file: its tree's branches with their types and entries, and what tells it from another.

    Attributes
    ----------
    branches
        Name -> (type as ROOT names it, entries).
    constants
        Values in the first entry of those asked branches that hold one number; empty where the tree is.
    generated
        What the file says of itself if our generators made it; None if they did not.
    sum_of_weights
        What its tree ``Runs`` says of the events generated for it; None where that was not asked for, or is not there
        and was not demanded.
    """

    path: str
    entries: int
    size: int
    mtime: float | None
    uuid: str
    branches: Mapping[str, tuple[str, int]]
    constants: Mapping[str, float]
    generated: Mapping[str, Any] | None
    sum_of_weights: float | None = None

    @property
    def simulation(self) -> bool:
        """Whether our generators made it."""
        return self.generated is not None

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

    def refuse_changed(self) -> None:
        """Raise InputError if a local file is no longer the one that was opened: what was read of it is a mixture."""
        for file in self.files:
            if file.mtime is not None and _size_and_time(file.path) != (file.size, file.mtime):
                raise InputError(f"{shown(file.path)}: changed while it was read; run again when it is complete")

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


def inspect(
    paths: Sequence[str],
    tree: str,
    *,
    skip_bad: bool,
    constants: Iterable[str] = (),
    runs: gen_weights.Reading | None = None,
) -> Inputs:
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
    runs
        Whether the sum of generator weights in the tree ``Runs`` is demanded, or taken where a file has it.

    Raises
    ------
    InputError
        For files that are missing, damaged or without the tree, up to twenty of them; or if none is left.
    """
    wanted = tuple(constants)
    deaths = _deaths(paths, tree, wanted)
    deadly = {}
    if runs is not None:
        deadly = _deaths([path for path in paths if path not in deaths], gen_weights.TREE, gen_weights.BRANCHES)
    if runs == "demanded":
        deaths |= deadly
    files: list[InputFile] = []
    bad: dict[str, InputError] = {}
    for path in paths:
        try:
            read = None if path in deadly else runs
            files.append(_inspect_file(path, tree, wanted, deaths.get(path), runs=read))
        except InputError as error:  # noqa: PERF203 (opening a file costs far more)
            bad[path] = error
            if not skip_bad and len(bad) == MAX_BAD:  # a server that is down would take minutes
                break
    if bad and not skip_bad:
        raise InputErrors(list(bad.values())) if len(bad) > 1 else next(iter(bad.values()))
    if not files:
        first = next(iter(bad.values()))
        raise type(first)(f"{shown(paths[0])}: none of the {len(paths)} files can be read; the first: {first}")
    return Inputs(tree, tuple(files), tuple((path, str(error)) for path, error in bad.items()))


def _deaths(paths: Sequence[str], tree: str, branches: tuple[str, ...]) -> dict[str, str]:
    """Return what a local file does to the process that opens it, for those that would end it."""
    local = [path for path in paths if "://" not in path and _not_a_file(path) is None]
    cpp.include("rdfplugins/damage.h")
    trial = cpp.load_root().rdfp.runtime.FileTrial
    found = zip(local, trial.signals(local, tree, list(branches)), strict=True)
    slow = "reading it does not come to an end"
    crash = "ROOT crashes when it reads it (an RNTuple in a folder, or damage)"
    return {path: slow if number == signal.SIGXCPU else crash for path, number in found if number}


def _not_a_file(path: str) -> str | None:
    """Say why there is nothing to open; None for a file."""
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116 (a Path of some names raises elsewhere)
    except FileNotFoundError:
        return "no such file"
    except OSError as error:
        return f"cannot be opened: {error.strerror}"
    if stat.S_ISDIR(mode):
        return "is a folder, not a file"
    return None if stat.S_ISREG(mode) else "is a pipe or a device, not a file"


def _size_and_time(path: str) -> tuple[int, float] | None:
    """Return size and time of the last change of a file; None where it is gone."""
    try:
        found = os.stat(path)  # noqa: PTH116 (as above)
    except OSError:
        return None
    return found.st_size, found.st_mtime


def shown(path: str) -> str:
    """Return a path on one line, as messages name it."""
    return shortened(path, len(path) + len("..."))


def _inspect_file(
    path: str, tree_name: str, constants: tuple[str, ...], death: str | None, *, runs: gen_weights.Reading | None
) -> InputFile:
    root = cpp.load_root()
    if death is not None:
        raise DamagedFileError(f"{shown(path)}: is damaged: {death}; fetch or write it again")
    reason = None if "://" in path else _not_a_file(path)
    if reason is not None:
        raise InputError(f"{shown(path)}: {reason}")
    cpp.include("rdfplugins/runtime.h", optimised=True)
    crash = f"{shown(path)}: is damaged: ROOT crashed when it read it; fetch or write it again"
    log = root.rdfp.runtime.ErrorLog()
    try:
        with cpp.ending_cleanly(crash, code=InputError.exit_code), cpp.captured_stderr():
            return _opened(root, path, tree_name, constants, log, runs=runs)
    finally:
        log.release()


def _opened(
    root: Any, path: str, tree_name: str, constants: tuple[str, ...], log: Any, *, runs: gen_weights.Reading | None
) -> InputFile:
    try:
        file = root.TFile.Open(path, "READ")
    except Exception:  # a null pointer is an OSError to PyROOT; a size that is not true is something else
        file = None
    if not file or file.IsZombie():
        refused = "the server refused" if "://" in path else "it is damaged"
        raise DamagedFileError(f"{shown(path)}: cannot be read as a ROOT file: {_first_reason(log) or refused}")
    try:
        if file.TestBit(root.TFile.kRecovered):
            raise DamagedFileError(
                f"{shown(path)}: was not closed properly, its end is missing; write or fetch it again"
            )
        try:
            found = _describe(root, file, path, tree_name, constants)
            if runs == "demanded":
                found = dataclasses.replace(found, sum_of_weights=gen_weights.read(file, shown(path)))
        except InputError:
            raise
        except Exception as error:  # cppyy maps C++ exceptions to several types, bad_alloc among them
            raise DamagedFileError(
                f"{shown(path)}: is damaged, ROOT cannot read it; fetch or write it again"
            ) from error
        if reason := _first_reason(log):  # ROOT goes on without what it cannot read
            raise DamagedFileError(f"{shown(path)}: is damaged: {reason}; fetch or write it again")
        if runs == "if there":  # behind the look at ROOT's errors: what is odd there is no fault of the file
            found = dataclasses.replace(found, sum_of_weights=gen_weights.read_if_there(file, shown(path)))
        return found
    finally:
        file.Close()


def _first_reason(log: Any) -> str:
    """Return ROOT's first error, on one line and without the function that reports it; empty if there was none."""
    said = [str(message) for message in log.messages()]
    return " ".join(said[0].split(": ", 1)[-1].split()) if said else ""


def _describe(root: Any, file: Any, path: str, tree_name: str, constants: tuple[str, ...]) -> InputFile:
    tree = file.Get(tree_name)
    if not tree:
        trees = sorted({str(key.GetName()) for key in file.GetListOfKeys() if "TTree" in str(key.GetClassName())})
        if tree_name in trees:
            raise DamagedFileError(
                f"{shown(path)}: tree '{tree_name}' is damaged and cannot be read; fetch the file again"
            )
        listed = f" (it has: {', '.join(trees[:MAX_NAMED])})" if trees else ""
        raise InputError(f"{shown(path)}: has no tree '{tree_name}'{did_you_mean(tree_name, trees)}{listed}")
    if not isinstance(tree, root.TTree):
        advice = "; write it as a TTree (ROOT: Snapshot, uproot: mktree)" if "RNTuple" in type(tree).__name__ else ""
        raise InputError(f"{shown(path)}: '{tree_name}' is a {type(tree).__name__}, not a TTree{advice}")
    branches = {
        str(branch.GetName()): (type_of(branch), int(branch.GetEntries())) for branch in tree.GetListOfBranches()
    }
    values = {}
    for name in constants:
        if name in branches and tree.GetEntries() > 0 and is_number(tree.GetBranch(name)):
            tree.GetBranch(name).GetEntry(0)
            values[name] = float(tree.GetBranch(name).GetListOfLeaves()[0].GetValue())
    local = None if "://" in path else Path(path)
    return InputFile(
        path=path,
        entries=int(tree.GetEntries()),
        size=int(file.GetSize()),
        mtime=None if local is None else local.stat().st_mtime,
        uuid=str(file.GetUUID().AsString()),
        branches=branches,
        constants=values,
        generated=_generated(file),
    )


def _generated(file: Any) -> dict[str, Any] | None:
    stored = file.Get(provenance.NAME)
    try:
        found = json.loads(str(stored.GetString())) if stored else None
    except (AttributeError, ValueError):  # another's object of that name
        return None
    return found if isinstance(found, dict) and found.get("simulation") is True else None
