"""A file for libraries that cannot bear an error while they write."""

from __future__ import annotations

import contextlib
from typing import IO, TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


T = TypeVar("T")


class Sink:
    """A binary file that keeps its first error, and from then on takes what it is given and drops it.

    HDF5 cannot close a file that it could not write, and then crashes at the end of the process; Parquet writes its
    footer behind an error. Both are told that all is well, and the error is raised once they have closed.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.error: OSError | None = None

    @property
    def closed(self) -> bool:
        """Whether it is closed: by who opened it alone."""
        return self._file.closed

    def check(self) -> None:
        """Raise the first error, if there was one."""
        if self.error is not None:
            raise self.error

    def write(self, data: Any) -> int:
        """Write, or drop; return the length either way."""
        size = memoryview(data).nbytes
        self._kept(lambda: self._file.write(data), 0)
        return size

    def flush(self) -> None:
        """Give all to the system."""
        self._kept(self._file.flush, None)

    def truncate(self, size: int | None = None) -> int:
        """Cut or extend."""
        return self._kept(lambda: self._file.truncate(size), size or 0)

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move; after an error to nowhere."""
        return self._kept(lambda: self._file.seek(offset, whence), offset)

    def tell(self) -> int:
        """Return the position."""
        return self._kept(self._file.tell, 0)

    def read(self, size: int = -1) -> bytes:
        """Read what was written."""
        return self._kept(lambda: self._file.read(size), b"")

    def readinto(self, buffer: Any) -> int:
        """Read into a buffer."""
        size = memoryview(buffer).nbytes
        return self._kept(lambda: int(self._file.readinto(buffer)), size)  # type: ignore[attr-defined]

    def readable(self) -> bool:
        """Return whether it can be read."""
        return True

    def writable(self) -> bool:
        """Return whether it can be written."""
        return True

    def seekable(self) -> bool:
        """Return whether it can be moved in."""
        return True

    def close(self) -> None:
        """Leave it open: who opened it closes it."""

    def _kept(self, action: Callable[[], T], otherwise: T) -> T:
        if self.error is None:
            try:
                return action()
            except OSError as error:
                self.error = error
        return otherwise


@contextlib.contextmanager
def open_sink(path: Path) -> Iterator[Sink]:
    """Open a new file, and raise at the end of the block what went wrong in it."""
    with path.open("w+b") as file:
        sink = Sink(file)
        try:
            yield sink
            sink.flush()
            sink.check()
        except Exception:
            if sink.error is None:
                raise
            with contextlib.suppress(OSError):  # it would try to write what is left
                file.close()
            raise sink.error from None  # whatever the library made of it
