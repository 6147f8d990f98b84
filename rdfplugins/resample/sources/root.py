"""Trees and RNTuples of ROOT files as sources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rdfplugins import provenance
from rdfplugins.errors import InputError, RdfpluginsError, did_you_mean
from rdfplugins.reading import open_table
from rdfplugins.resample.sources.contents import Column, Description

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

_RNTUPLE = "ROOT::RNTuple"
_TREES = frozenset({"TTree", "TNtuple", "TNtupleD", _RNTUPLE})
MAX_NAMED = 5


def describe(path: Path, tree: str | None) -> Description:
    """Open a file and say what its tree holds.

    Parameters
    ----------
    tree
        Its name; None: the only one.

    Raises
    ------
    InputError
        If it is no ROOT file, or damaged, or has no such tree.
    """
    name = _tree_of(path, tree)
    with open_table(path, name) as table:
        columns = {}
        for column, kind in table.kinds.items():
            dtype = None if kind.vector else kind.dtype
            words = str(kind) if dtype is not None else f"{kind} ({table.typename(column)})"
            columns[column] = Column(words, dtype)
        entries, uuid = table.entries, table.uuid
        short = {column: table.entries_of(column) for column in columns}
    for column, filled in short.items():
        if filled != entries:
            raise InputError(f"{path}: branch '{column}' has {filled} entries where the tree has {entries}")
    return Description(name, entries, columns, uuid, provenance.read(path) or {})


def read(path: Path, tree: str, columns: tuple[str, ...], rows: int) -> Iterator[dict[str, NDArray[Any]]]:
    """Yield columns of numbers as they are stored, at most ``rows`` rows at once."""
    with open_table(path, tree) as table:
        yield from table.numbers(columns, rows)


def is_rntuple(path: Path, tree: str) -> bool:
    """Return whether a tree is stored as RNTuple."""
    return trees(path).get(tree) == _RNTUPLE


def _tree_of(path: Path, tree: str | None) -> str:
    """Return the name of the tree; InputError if it is not there, or not the only one and none was named."""
    there = list(trees(path))
    if tree is not None and tree in there:
        return tree
    named = ", ".join(there[:MAX_NAMED]) + (" ..." if len(there) > MAX_NAMED else "")
    if tree is not None:
        has = f"it has {named}" if there else "it has none"
        raise InputError(f"{path}: there is no tree '{tree}'{did_you_mean(tree, there) or f'; {has}'}")
    if len(there) != 1:
        found = f"holds {len(there)} trees ({named}); say which with 'tree'" if there else "holds no tree"
        raise InputError(f"{path}: {found}")
    return there[0]


def trees(path: Path) -> dict[str, str]:
    """Return the names of all trees, with their folders, and the class of each."""
    import uproot

    try:
        with uproot.open(path, handler=uproot.MultithreadedFileSource) as file:
            classes = file.classnames(recursive=True, cycle=False)
            end = int(file.file.fEND)
    except RdfpluginsError:  # SIGTERM raises one, wherever it comes
        raise
    except Exception as error:  # of many types
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise InputError(f"{path}: cannot be read as a ROOT file: {lines[0].strip()}") from error
    size = path.stat().st_size
    if size < end:  # uproot reads what is left of it
        raise InputError(f"{path}: its end is missing, it has {size} of {end} bytes; write or fetch it again")
    return {name: kind for name, kind in classes.items() if kind in _TREES}
