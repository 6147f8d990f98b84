"""What a branch of a TTree holds, told by its leaves."""

from __future__ import annotations

from typing import Any

_NO_NUMBERS = {"Char_t", "Bool_t"}  # the first also of text


def is_number(branch: Any) -> bool:
    """Return whether a branch holds one number an entry, and no object, struct, array or string."""
    leaves = branch.GetListOfLeaves()
    if str(branch.GetClassName()) or len(leaves) != 1:
        return False
    leaf = leaves[0]
    return not leaf.GetLeafCount() and leaf.GetLen() == 1 and str(leaf.GetTypeName()) not in _NO_NUMBERS


def type_of(branch: Any) -> str:
    """Return the type of a branch as ROOT names it, with the shape of an array as its leaf does: ``Float_t[nJet]``."""
    name = str(branch.GetClassName())
    if name:
        return name
    leaves = branch.GetListOfLeaves()
    leaf = leaves[0]
    title = str(leaf.GetTitle())
    shape = title[title.index("[") :] if "[" in title else ""
    return f"{leaf.GetTypeName()}{shape}" if len(leaves) == 1 else f"struct of {len(leaves)} leaves"
