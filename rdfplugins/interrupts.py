"""An end by SIGTERM that cleans up, as an error does."""

from __future__ import annotations

import contextlib
import signal
import threading
from typing import TYPE_CHECKING

from rdfplugins.errors import InterruptedRunError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType


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
