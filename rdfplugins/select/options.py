"""How a run of the stage is made."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path


def _silence(line: str) -> None:
    del line


def _take_all(sample: str, columns: Sequence[str]) -> None:
    del sample, columns


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
    columns_known
        Told of the columns of a sample's tree as soon as its graph is built, before the loop: later stages may refuse
        them.
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
    columns_known: Callable[[str, Sequence[str]], None] = _take_all
    told: set[tuple[str, str]] = dataclasses.field(default_factory=set)
