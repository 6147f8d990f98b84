"""What a simulation hands back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Generated:
    """A simulated sample.

    Attributes
    ----------
    path
        The file.
    events
        Its number of generated events.
    sum_of_weights
        Exact sum of the generator weights; None for data. The branch SumWeights of the ATLAS release of 2020 holds it
        rounded to float32, which is off by up to 6e-8 of it.
    xsec_pb
        Cross-section times branching ratio, pb; None for data, and for resonances that are not known.
    luminosity_pb
        What the events of data stand for, 1/pb: `hgg.events.luminosity_pb`, `ditau.modes.luminosity_pb`; else None.
    written
        Number of events in the file where a skim may leave out some; None: all.
    """

    path: Path
    events: int
    sum_of_weights: float | None
    xsec_pb: float | None
    luminosity_pb: float | None
    written: int | None = None
