"""Schemas of trees written as tables: a kind, then the names of the branches that are of it, in the order of files."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from rdfplugins.simulate.trees import Branch

if TYPE_CHECKING:
    from collections.abc import Mapping

_SCALARS = {
    "bool": "bool",
    "byte": "uint8",
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
        Rows ``kind name name ...``; a kind is one of ``bool``, ``byte`` (unsigned), ``int``, ``uint``, ``ulong``,
        ``float``, ``double``, or one of these with an ``s`` for a collection in each event.
    rvec
        Whether collections are ``ROOT::RVec``s, and not ``std::vector``s.

    Examples
    --------
    >>> {name: branch.leaf for name, branch in read_layout("int jet_n\nfloats jet_pt jet_eta").items()}
    {'jet_n': 'int', 'jet_pt': 'vector<float>', 'jet_eta': 'vector<float>'}
    """
    return MappingProxyType(dict(_rows(table, rvec=rvec)))


def read_counted_layout(table: str) -> Mapping[str, Branch]:
    r"""Return name -> branch as `read_layout`; collections are arrays counted by a branch, as in NanoAOD.

    The counter of ``Jet_pt`` is ``nJet``: it is made where the first branch of its collection stands.

    Examples
    --------
    >>> {name: branch.leaf for name, branch in read_counted_layout("uint run\nfloats Jet_pt Jet_eta").items()}
    {'run': 'unsigned int', 'nJet': 'unsigned int', 'Jet_pt': 'float[nJet]', 'Jet_eta': 'float[nJet]'}
    """
    made: dict[str, Branch] = {}
    for name, branch in _rows(table):
        if branch.vector:
            counter = f"n{name.partition('_')[0]}"
            made.setdefault(counter, Branch("uint32"))
            made[name] = Branch(branch.dtype, vector=True, counter=counter)
        else:
            made[name] = branch
    return MappingProxyType(made)


def _rows(table: str, *, rvec: bool = False) -> list[tuple[str, Branch]]:
    rows = [line.split() for line in table.strip().splitlines()]
    return [(name, _branch(kind, rvec=rvec)) for kind, *names in rows for name in names]


def _branch(kind: str, *, rvec: bool) -> Branch:
    if kind in _SCALARS:
        return Branch(_SCALARS[kind])
    return Branch(_SCALARS[kind.removesuffix("s")], vector=True, rvec=rvec)
