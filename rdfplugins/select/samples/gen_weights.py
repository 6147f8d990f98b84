"""Sum of generator weights from the tree ``Runs`` of NanoAOD files: of all generated events, whatever a skim has left.

``genEventSumw`` holds one number a run, in simulation mostly one a file that was merged into this one; some versions of
NanoAOD write ``genEventSumw_``.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

from rdfplugins.errors import DamagedFileError, InputError, did_you_mean
from rdfplugins.select.samples.leaves import is_number, type_of

if TYPE_CHECKING:
    from collections.abc import Iterable

TREE = "Runs"
BRANCHES = ("genEventSumw", "genEventSumw_")
Reading = Literal["demanded", "if there"]
"""How the tree is read: to normalise, or to compare a number of the config with."""
ADVICE = "give sum_of_weights as a number"


def added(values: Iterable[float | None]) -> float:
    """Return the sum of what files state, those without a statement passed over; the order does not matter."""
    return math.fsum(value for value in values if value is not None)


def not_positive(total: float) -> str:
    """Return what is wrong with a sum."""
    return f"{TREE}.{BRANCHES[0]} adds up to {total:g}, and no event could be normalised to that"


def read(file: Any, path: str) -> float:
    """Return the sum that an open TFile states.

    Raises
    ------
    InputError
        Where there is no such tree or branch, it is empty or half-filled, holds more or other than one number a run, or
        the sum is no number.
    """
    tree = file.Get(TREE)
    if not tree:
        raise InputError(f"{path}: has no tree '{TREE}', from which sum_of_weights is to be read; {ADVICE}")
    if "TTree" not in type(tree).__name__:
        raise InputError(f"{path}: '{TREE}' is a {type(tree).__name__}, not a TTree; {ADVICE}")
    names = [str(branch.GetName()) for branch in tree.GetListOfBranches()]
    name = next((name for name in BRANCHES if name in names), None)
    if name is None:
        hint = did_you_mean(BRANCHES[0], names)
        raise InputError(f"{path}: tree '{TREE}' has no branch '{BRANCHES[0]}' (are these data?); {ADVICE}{hint}")
    branch = tree.GetBranch(name)
    if not is_number(branch):
        raise InputError(
            f"{path}: branch '{name}' of tree '{TREE}' holds {_content(branch)}, not one number a run; {ADVICE}"
        )
    rows = int(tree.GetEntries())
    if not rows:
        raise InputError(f"{path}: tree '{TREE}' is empty; {ADVICE}")
    filled = int(branch.GetEntries())
    if filled != rows:
        raise InputError(
            f"{path}: branch '{name}' of tree '{TREE}' has {filled} entries where the tree has {rows}; write or"
            f" fetch the file again, or {ADVICE}"
        )
    leaf = branch.GetListOfLeaves()[0]
    values = []
    for row in range(rows):
        if branch.GetEntry(row) <= 0:
            raise DamagedFileError(
                f"{path}: tree '{TREE}' is damaged, its branch '{name}' cannot be read; fetch it again"
            )
        values.append(float(leaf.GetValue()))
    total = math.fsum(values) if all(map(math.isfinite, values)) else math.nan
    if not math.isfinite(total):
        raise InputError(f"{path}: '{name}' of tree '{TREE}' holds a value that is no number; {ADVICE}")
    return total


def read_if_there(file: Any, path: str) -> float | None:
    """Return the sum that an open TFile states; None where `read` finds anything odd, as nothing depends on it."""
    try:
        return read(file, path)
    except Exception:  # cppyy maps C++ exceptions to several types; a tree Runs that is not needed may be anything
        return None


def _content(branch: Any) -> str:
    leaves = branch.GetListOfLeaves()
    text = len(leaves) == 1 and str(leaves[0].ClassName()) == "TLeafC"
    return "a text" if text else type_of(branch)
