"""Arrays that are put aside, in their order, on disk: memory stays flat."""

from __future__ import annotations

import tempfile
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from rdfplugins.errors import OutputError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


class Spool:
    """Arrays of one type.

    Parameters
    ----------
    folder
        Where a temporary file is made, which has no name and vanishes with the process; None: in memory.
    """

    def __init__(self, folder: Path | None, dtype: Any) -> None:
        self._dtype = np.dtype(dtype)
        self._kept: list[NDArray[Any]] = []
        self._ends = [0]
        self._file: IO[bytes] | None = None  # closed with the last who knows of this
        if folder is not None:
            try:
                self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 (it goes when nobody has it any more)
            except OSError as error:
                raise OutputError(f"{folder}: cannot be written: {error.strerror}") from error

    def __del__(self) -> None:
        if self._file is not None:
            self._file.close()

    def __len__(self) -> int:
        return len(self._ends) - 1

    def append(self, values: NDArray[Any]) -> None:
        """Put an array aside."""
        converted = np.ascontiguousarray(values, self._dtype)
        self._ends.append(self._ends[-1] + len(converted))
        if self._file is None:
            self._kept.append(converted)
            return
        try:
            self._file.seek(self._ends[-2] * self._dtype.itemsize)
            self._file.write(converted.data)
        except OSError as error:
            raise OutputError(f"a temporary file cannot be written: {error.strerror}") from error

    def __getitem__(self, number: int) -> NDArray[Any]:
        if self._file is None:
            return self._kept[number]
        first, last = self._ends[number], self._ends[number + 1]
        values = np.empty(last - first, self._dtype)
        self._file.seek(first * self._dtype.itemsize)
        self._file.readinto(values.view(np.uint8).data)  # type: ignore[attr-defined]  # of all binary files one opens
        return values
