"""The file that is added to: held while it is copied, and copied by the kernel."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import fcntl
import os
import shutil
from typing import TYPE_CHECKING

from rdfplugins.append.tree import refuse_what_is_no_file, shown
from rdfplugins.errors import InputError, OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STEP = 64 << 20  # bytes at a time: signals are seen between them
_NO_KERNEL_COPY = {errno.ENOSYS, errno.EXDEV, errno.EINVAL, errno.EOPNOTSUPP, errno.EPERM, errno.EBADF}


@dataclasses.dataclass(frozen=True)
class Held:
    """A file that is open, and that no other run of ours changes."""

    path: Path
    descriptor: int
    status: os.stat_result

    @property
    def mode(self) -> int:
        """Permissions."""
        return self.status.st_mode & 0o7777

    def refuse_changed(self) -> None:
        """Raise OutputError if it is no longer what it was at the beginning: what was read of it may be a mixture."""
        try:
            now = [self.path.stat(), os.fstat(self.descriptor)]
        except OSError:
            now = []
        if {_identity(one) for one in now} != {_identity(self.status)}:
            raise OutputError(f"{shown(self.path)}: changed while it was read; run again when it is complete")

    def copy_to(self, part: Path) -> None:
        """Fill an empty file with all of it."""
        with open(part, "r+b") as target:  # noqa: PTH123 (beside the descriptor)
            _copy(self.descriptor, target.fileno(), self.status.st_size)
        if part.stat().st_size != self.status.st_size:
            self.refuse_changed()
            raise OutputError(f"{shown(part)}: could not be written whole")


def _identity(status: os.stat_result) -> tuple[int, int, int, int]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


@contextlib.contextmanager
def held(path: Path, *, alone: bool) -> Iterator[Held]:
    """Yield a file that stays as it is, if all who change it ask; the right to that ends with the process.

    Parameters
    ----------
    alone
        Whether the file is to be replaced: other runs, also those that only read it, are refused meanwhile.

    Raises
    ------
    InputError, OutputError
        If it cannot be read; if another run has it.
    """
    refuse_what_is_no_file(path)
    descriptor = _locked(path, alone=alone)
    try:
        yield Held(path, descriptor, os.fstat(descriptor))
    finally:
        os.close(descriptor)


def _locked(path: Path, *, alone: bool) -> int:
    while True:
        try:
            descriptor = os.open(path, os.O_RDONLY)
        except OSError as error:
            raise InputError(f"{shown(path)}: cannot be opened: {error.strerror}") from error
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise OutputError(f"{shown(path)}: another run is adding branches to it; wait for it") from None
        except OSError:
            # NFS locks a file alone only if it is open for writing, and some disks lock nothing: then the claim of the
            # temporary name keeps a second run out
            return descriptor
        if os.path.samestat(os.fstat(descriptor), path.stat()):
            return descriptor
        os.close(descriptor)  # another run has put a new file in its place meanwhile


def _copy(source: int, target: int, size: int) -> None:
    """Copy within the kernel, where the disk can by sharing the blocks."""
    done = 0
    try:
        while done < size:
            step = os.copy_file_range(source, target, min(STEP, size - done), done, done)
            if step == 0:
                break
            done += step
    except OSError as error:
        if error.errno not in _NO_KERNEL_COPY:
            raise
    if done < size:
        os.lseek(source, done, os.SEEK_SET)
        os.lseek(target, done, os.SEEK_SET)
        with open(source, "rb", closefd=False) as old, open(target, "wb", closefd=False) as new:
            shutil.copyfileobj(old, new, 1 << 20)
