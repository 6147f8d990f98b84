"""Schemas of trees written as tables: a kind, then the names of the branches that are of it, in the order of files."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from rdfplugins.simulate.trees import Branch

if TYPE_CHECKING:
    from collections.abc import Mapping

_SCALARS = {
    "bool": "bool",
    "int": "int32",
    "uint": "uint32",
    "ulong": "uint64",
    "float": "float32",
    "double": "float64",
}


def read_layout(table: str, *, rvec: bool = False) -> Mapping[str, Branch]:
    r"""Return name -> branch, in the order of the table.

    Parameters
    ----------
    table
        Rows ``kind name name ...``; a kind is one of ``bool``, ``int``, ``uint``, ``ulong``, ``float``, ``double``, or
        one of these with an ``s`` for a collection in each event.
    rvec
        Whether collections are ``ROOT::RVec``s, and not ``std::vector``s.

    Examples
    --------
    >>> {name: branch.leaf for name, branch in read_layout("int jet_n\nfloats jet_pt jet_eta").items()}
    {'jet_n': 'int', 'jet_pt': 'vector<float>', 'jet_eta': 'vector<float>'}
    """
    rows = [line.split() for line in table.strip().splitlines()]
    return MappingProxyType({name: _branch(kind, rvec=rvec) for kind, *names in rows for name in names})


def _branch(kind: str, *, rvec: bool) -> Branch:
    if kind in _SCALARS:
        return Branch(_SCALARS[kind])
    return Branch(_SCALARS[kind.removesuffix("s")], vector=True, rvec=rvec)
