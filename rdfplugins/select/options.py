"""How a run of the stage is made."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def _silence(line: str) -> None:
    del line


@dataclasses.dataclass(frozen=True)
class Options:
    """How a run is made; none of it changes which events are selected, but for ``max_events``.

    Attributes
    ----------
    folder
        Where outputs go.
    samples
        Names of samples to run; None: all.
    threads
        Threads of the event loop; 1 keeps the order of the input.
    max_events
        Look at the first events of each sample only; the output is marked as partial.
    force
        Make again what is up to date.
    progress
        Draw a progress bar.
    say
        Told of what a user should know, a line at a time.
    told
        What has been said of a sample, and is not said again of the next.
    """

    folder: Path
    samples: tuple[str, ...] | None = None
    threads: int = 1
    max_events: int | None = None
    force: bool = False
    progress: bool = False
    say: Callable[[str], None] = _silence
    told: set[tuple[str, str]] = dataclasses.field(default_factory=set)
