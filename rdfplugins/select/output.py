"""The file of one sample: histograms and provenance beside its tree, checked before it takes its name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rdfplugins import cpp, provenance
from rdfplugins.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path


def complete(
    path: Path,
    *,
    tree: str,
    rntuple: bool,
    entries: int,
    histograms: Iterable[tuple[str, Any]],
    record: Mapping[str, Any],
    unit_of: Mapping[str, str],
) -> None:
    """Add histograms and provenance to a file that holds the tree, and check that the tree is whole.

    Parameters
    ----------
    rntuple
        Whether the tree is an RNTuple; units are then in the provenance alone.
    entries
        How many the tree must have.
    histograms
        Path in the file, folders first, and histogram.

    Raises
    ------
    OutputError
        If something cannot be written, or the tree has other entries.
    """
    root = cpp.load_root()
    log = root.rdfp.runtime.ErrorLog()
    try:
        if rntuple:
            _check_rntuple(path, tree, entries)
        file = root.TFile.Open(str(path), "UPDATE")
        if not rntuple:
            _name_units(_check_tree(file, path, tree, entries), unit_of)
        for name, histogram in histograms:
            if not histogram.GetSumw2N():  # ROOT keeps none where all weights are 1
                histogram.Sumw2()
            _folder(file, name.rpartition("/")[0]).WriteObject(histogram, name.rpartition("/")[2])
        # uproot and people read a TObjString with ease
        file.WriteObject(root.TObjString(provenance.to_text(record)), provenance.NAME)
        file.Close()
        errors = [str(message) for message in log.messages()]
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error}") from error
    finally:
        log.release()
    if errors:
        raise OutputError(f"{path}: cannot be written: {errors[0]}")


def _folder(file: Any, path: str) -> Any:
    """Return a folder of the file, made where it is not there; the file itself for an empty path."""
    if not path:
        return file
    file.mkdir(path, "", True)  # noqa: FBT003 (an existing one will do)
    return file.GetDirectory(path)


def _check_rntuple(path: Path, tree: str, expected: int) -> None:
    try:
        found = int(cpp.load_root().rdfp.rntuple.entries(tree, str(path)))
    except Exception as error:  # cppyy maps ROOT's exception to a type of its own
        raise OutputError(f"{path}: the tree was not written (is the disk full?)") from error
    if found != expected:
        raise OutputError(f"{path}: the tree has {found} entries where {expected} were selected")


def _check_tree(file: Any, path: Path, tree: str, expected: int) -> Any:
    written = file.Get(tree) if file and not file.IsZombie() else None
    if not written:
        raise OutputError(f"{path}: the tree was not written (is the disk full?)")
    counts = {written.GetEntries(), *(branch.GetEntries() for branch in written.GetListOfBranches())}
    if counts != {expected}:
        raise OutputError(f"{path}: the tree has {written.GetEntries()} entries where {expected} were selected")
    return written


def _name_units(tree: Any, unit_of: Mapping[str, str]) -> None:
    """Put units into the titles of branches, where people look for them; brackets would be read as array bounds."""
    changed = False
    for branch in tree.GetListOfBranches():
        unit = unit_of.get(str(branch.GetName()))
        if unit:
            branch.SetTitle(f"{branch.GetTitle()} in {unit}")
            changed = True
    if changed:
        tree.Write("", cpp.load_root().TObject.kOverwrite)
