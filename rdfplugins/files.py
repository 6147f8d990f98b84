"""Writing that leaves the old file or the new one, never a part; and a lock for what two runs would both write."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
from typing import TYPE_CHECKING

from rdfplugins.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PART = ".part"


@contextlib.contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Yield a temporary name beside ``path``; the file becomes ``path`` when the block ends without an error.

    Raises
    ------
    OutputError
        Where the system refuses to write: no permission, no space.
    """
    part = path.with_name(path.name + PART)
    try:
        with _explained(path):
            _refuse_device(path)
            part.unlink(missing_ok=True)
            yield part
            _sync(part)
            part.replace(path)
            _sync(path.parent)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def claimed(path: Path, *, mode: int | None = None) -> Iterator[Path]:
    """Yield an empty file beside ``path`` that no other run has; it becomes ``path`` when the block ends without error.

    What a run left that was killed is taken over. Runs that end in any other way leave nothing.

    Parameters
    ----------
    path
        Its last part is no symbolic link, or one that is to be replaced.
    mode
        Permissions of the result, which nobody else can read until then; None: those of a new file.

    Raises
    ------
    OutputError
        Where another run has the temporary name, or the system refuses to write: no permission, no space.
    """
    part = path.with_name(path.name + PART)
    with _explained(path):
        _refuse_device(path)
        descriptor = _claim(part, path, 0o666 if mode is None else 0o600)
    try:
        with _explained(path):
            yield part
            _refuse_lost(descriptor, part)
            if mode is not None:
                os.fchmod(descriptor, mode)
            os.fsync(descriptor)
            part.replace(path)
            _sync(path.parent)
    except BaseException:
        if _is_there(descriptor, part):
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
        raise
    finally:
        os.close(descriptor)


def _refuse_device(path: Path) -> None:
    """Raise OutputError for what a file must not take the place of: /dev/null, pipes, sockets."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise OutputError(f"{path}: is a device or a pipe, in whose place no file is put; name another output")


def _refuse_lost(descriptor: int, part: Path) -> None:
    if not _is_there(descriptor, part):
        raise OutputError(f"{part}: this temporary file was removed or replaced by somebody; run again")


def _claim(part: Path, path: Path, mode: int) -> int:
    """Return the descriptor of a new file, which is locked until it is closed."""
    while True:
        try:
            descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
            new = True
        except FileExistsError:
            new = False
            try:
                descriptor = os.open(part, os.O_RDWR | os.O_NOFOLLOW)
            except FileNotFoundError:
                continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if not isinstance(error, BlockingIOError) and new:
                return descriptor  # a disk without locks: that it was not there before has to do
            os.close(descriptor)
            if not isinstance(error, BlockingIOError):
                raise OutputError(
                    f"{part}: is in the way, and this disk has no locks that tell whether another run uses it; remove"
                    " it if none does"
                ) from error
            raise OutputError(f"{path}: another run is writing it; wait for it, or choose another name") from None
        if new and _is_there(descriptor, part):
            return descriptor
        # what a killed run left goes, for one with the right permissions; or another run has just taken this one away
        if _is_there(descriptor, part):
            part.unlink()
        os.close(descriptor)


def make_folder(folder: Path) -> None:
    """Make a folder for outputs and make sure that it can be written to; OutputError if not."""
    with _explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


@contextlib.contextmanager
def lock(folder: Path, name: str = ".rdfrun.lock", *, wait: bool = False, remove: bool = False) -> Iterator[None]:
    """Hold the only right to write into ``folder``; it ends with the process, however that ends.

    Parameters
    ----------
    folder, name
        The file that is locked; it stays, empty.
    wait
        Wait for another run that holds it, in place of an error.
    remove
        Remove the file at the end of the block. All that lock it must say so.

    Raises
    ------
    OutputError
        If another run holds it.
    """
    descriptor = _locked(folder, name, wait=wait)
    while remove and not _is_there(descriptor, folder / name):
        # whoever held it has removed it meanwhile: it keeps nobody out who comes now
        os.close(descriptor)
        descriptor = _locked(folder, name, wait=wait)
    try:
        yield
    finally:
        if remove:  # while it is held: later it may be that of another run
            with contextlib.suppress(OSError):
                (folder / name).unlink()
        os.close(descriptor)


def _locked(folder: Path, name: str, *, wait: bool) -> int:
    """Return the descriptor of the file, which is locked until it is closed."""
    with _explained(folder):
        descriptor = os.open(folder / name, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError as error:
        os.close(descriptor)
        if not isinstance(error, BlockingIOError):
            raise OutputError(f"{folder}: cannot be locked: {error.strerror}") from error
        raise OutputError(
            f"{folder}: another run is writing here; wait for it, or choose another folder with -o"
        ) from None
    return descriptor


def _is_there(descriptor: int, path: Path) -> bool:
    """Return whether the open file still has this name."""
    with contextlib.suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(descriptor), path.stat())
    return False


@contextlib.contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno is None:
            raise
        raise OutputError(f"{path}: cannot be written: {os.strerror(error.errno)}") from error


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
