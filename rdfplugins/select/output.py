"""The file of one sample: histograms and provenance beside its tree, checked before it takes its name."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rdfplugins import cpp, provenance
from rdfplugins.errors import OutputError
from rdfplugins.select.cutflow import to_histograms

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rdfplugins.cutflow import Cutflow


def complete(
    path: Path,
    *,
    tree: str,
    cutflow: Cutflow,
    histograms: Mapping[str, Any],
    record: Mapping[str, Any],
    unit_of: Mapping[str, str],
) -> None:
    """Add cutflow, histograms and provenance to a file that holds the tree, and check that the tree is whole.

    Raises
    ------
    OutputError
        If something cannot be written, or the tree has not the entries that the cutflow counts.
    """
    root = cpp.load_root()
    log = root.rdfp.runtime.ErrorLog()
    try:
        file = root.TFile.Open(str(path), "UPDATE")
        written = _check_tree(file, path, tree, cutflow.cuts[-1].events)
        _name_units(written, unit_of)
        filled = [result.GetValue() for result in histograms.values()]
        for histogram in filled:
            if not histogram.GetSumw2N():  # ROOT keeps none where all weights are 1
                histogram.Sumw2()
        for histogram in [*to_histograms(cutflow, root), *filled]:
            file.WriteObject(histogram, histogram.GetName())
        # uproot and people read a TObjString with ease
        file.WriteObject(root.TObjString(json.dumps(record, indent=1, default=str)), provenance.NAME)
        file.Close()
        errors = [str(message) for message in log.messages()]
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error}") from error
    finally:
        log.release()
    if errors:
        raise OutputError(f"{path}: cannot be written: {errors[0]}")


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
