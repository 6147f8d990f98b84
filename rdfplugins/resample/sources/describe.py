"""The files of a sample, opened and described: one schema, each file once, none of them remote."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from rdfplugins.errors import InputError, InputErrors, did_you_mean
from rdfplugins.resample.sources.contents import Column, Description, SourceFile

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Kind = Literal["root", "hdf5"]
SELECT = "select"
_HDF5_ENDINGS = frozenset({".h5", ".hdf5", ".hdf", ".he5"})
_MAX_BAD = 20


@dataclasses.dataclass(frozen=True)
class Files:
    """The files of a sample, which have the same columns.

    Attributes
    ----------
    columns
        Of the first file.
    records
        What each file says of itself.
    """

    kind: Kind
    tree: str
    files: tuple[SourceFile, ...]
    columns: dict[str, Column]
    records: tuple[Mapping[str, Any], ...]

    @property
    def entries(self) -> int:
        """Rows of all files."""
        return sum(file.entries for file in self.files)


def open_files(names: Sequence[str | Path], tree: str | None, dataset: str) -> Files:
    """Open all files of a sample.

    Parameters
    ----------
    names
        At least one path.
    tree
        Name of the tree of ROOT files; None: the only one.
    dataset
        Name of the dataset of HDF5 files.

    Raises
    ------
    InputError
        For files that are missing, damaged, remote, listed twice, of two formats or of two schemata.
    """
    paths = [_local(name) for name in names]
    kinds = {path: kind_of(path) for path in paths}
    kind = kinds[paths[0]]
    other = next((path for path in paths if kinds[path] != kind), None)
    if other is not None:
        raise InputError(f"{other}: is of another format than {paths[0]}; a sample has files of one format")
    _refuse_twice(paths)
    found: list[Description] = []
    bad: list[InputError] = []
    for path in paths:
        try:
            found.append(_describe(path, kind, tree if kind == "root" else dataset))
        except InputError as error:  # noqa: PERF203 (opening a file costs far more)
            bad.append(error)
            if len(bad) == _MAX_BAD:
                break
    if bad:
        raise InputErrors(bad) if len(bad) > 1 else bad[0]
    for path, one in zip(paths, found, strict=True):
        _refuse_other_schema(path, one, paths[0], found[0])
    nicks = _nicks(paths)
    files = tuple(_file(path, one, nicks[path]) for path, one in zip(paths, found, strict=True))
    return Files(kind, found[0].tree, files, found[0].columns, tuple(one.record for one in found))


def kind_of(path: Path) -> Kind:
    """Return the format of a file by its first bytes; InputError if it is none that is read."""
    import h5py

    try:
        with path.open("rb") as file:
            start = file.read(4)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be opened: {error.strerror}") from error
    if start == b"root":
        return "root"
    if h5py.is_hdf5(path):
        return "hdf5"
    wanted = (
        "an HDF5" if path.suffix.lower() in _HDF5_ENDINGS else "a ROOT" if path.suffix == ".root" else "a ROOT or HDF5"
    )
    raise InputError(f"{path}: is not {wanted} file, or it is damaged" + ("" if start else " (it is empty)"))


def _local(name: str | Path) -> Path:
    if "://" in str(name):
        raise InputError(f"{name}: is remote, and a resampling reads its files several times; copy it to a disk first")
    return Path(name)


def _refuse_twice(paths: Sequence[Path]) -> None:
    seen: dict[tuple[int, int], Path] = {}
    for path in paths:
        found = path.stat()
        earlier = seen.setdefault((found.st_dev, found.st_ino), path)
        if earlier is not path:
            also = "" if earlier == path else f" (also as {earlier})"
            raise InputError(f"{path}: is listed twice{also}; its rows would come twice")


def _describe(path: Path, kind: Kind, tree: str | None) -> Description:
    if kind == "root":
        from rdfplugins.resample.sources import root

        return root.describe(path, tree)
    from rdfplugins.resample.sources import hdf5

    assert tree is not None
    return hdf5.describe(path, tree)


def _refuse_other_schema(path: Path, one: Description, first_path: Path, first: Description) -> None:
    if one.tree != first.tree:
        raise InputError(f"{path}: its tree is '{one.tree}', but that of {first_path} is '{first.tree}'")
    for name, column in first.columns.items():
        if name not in one.columns:
            hint = did_you_mean(name, [other for other in one.columns if other not in first.columns])
            raise InputError(f"{path}: has no column '{name}', which {first_path} has{hint}")
        if one.columns[name].words != column.words:
            raise InputError(
                f"{path}: column '{name}' is {one.columns[name].words}, but {column.words} in {first_path}; one sample"
                " needs one schema"
            )
    for name in one.columns:
        if name not in first.columns:
            raise InputError(
                f"{path}: has a column '{name}', which {first_path} does not have; one sample needs one schema"
            )


def _nicks(paths: Sequence[Path]) -> dict[Path, str]:
    """Return, for each file, the last parts of its path that no other has.

    The place in the list would tell files of one name apart, too, but then rows would depend on the order of the list.
    """
    # as named and not as resolved: who keeps files elsewhere and links to them names the links
    parts = {path: path.absolute().parts for path in paths}
    nicks: dict[Path, str] = {}
    length, left = 1, list(paths)
    while left:
        ends = {path: "/".join(parts[path][-length:]) for path in left}
        counts: dict[str, int] = {}
        for end in ends.values():
            counts[end] = counts.get(end, 0) + 1
        nicks.update({path: end for path, end in ends.items() if counts[end] == 1})
        left = [path for path in left if path not in nicks]
        length += 1
    return nicks


def _file(path: Path, one: Description, nick: str) -> SourceFile:
    found = os.stat(path)  # noqa: PTH116 (as for the freshness of other stages)
    stages = one.record.get("stages")
    selection = str(stages.get(SELECT, "")) if isinstance(stages, dict) else ""
    return SourceFile(path, one.entries, found.st_size, found.st_mtime, one.uuid, selection, nick)
