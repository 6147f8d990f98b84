"""Ends by signals that clean up, as an error does."""

from __future__ import annotations

import contextlib
import signal
import threading
from typing import TYPE_CHECKING

from rdfplugins.errors import InterruptedRunError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType


seen: list[int] = []
"""Numbers of the signals that ended, or were to end, what the command line runs now."""


def refuse_lost() -> None:
    """Raise InterruptedRunError if a signal came whose error was lost: cppyy drops what a handler raises within it."""
    if seen:
        raise by_signal(seen[0])


def by_signal(number: int) -> InterruptedRunError:
    """Return the error that a signal becomes."""
    return InterruptedRunError("interrupted" if number == signal.SIGINT else f"interrupted by signal {number}")


@contextlib.contextmanager
def terminable(where: str) -> Iterator[None]:
    """Let SIGTERM end the block by an error, so that what it has begun is removed; in the main thread only.

    Parameters
    ----------
    where
        What is written, for the message.
    """

    def end(_number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once
        raise InterruptedRunError(f"{where}: interrupted; it was not written")

    ours = threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    if ours:
        signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        if ours:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)


@contextlib.contextmanager
def deferred() -> Iterator[None]:
    """Let Ctrl-C and SIGTERM wait until the block has ended; in the main thread only."""
    waiting: list[int] = []
    kept = {}
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            handler = signal.getsignal(number)
            if callable(handler):  # neither ignored nor left to the system
                kept[number] = signal.signal(number, lambda which, _frame: waiting.append(which))
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
        for which in dict.fromkeys(waiting):
            signal.raise_signal(which)
