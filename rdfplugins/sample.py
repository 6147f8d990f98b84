"""What a sample is to a node: its kind and its normalisation."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from rdfplugins.errors import ConfigError

RUNS = "runs"


@dataclass(frozen=True)
class Sample:
    """Kind and normalisation of the events of a data frame.

    Parameters
    ----------
    kind
        ``"mc"`` or ``"data"``.
    label
        Class of the events, e.g. a production mode.
    xsec_pb
        Cross-section in pb, branching ratio and filter efficiency included. None: a branch of the tree has it.
    sum_of_weights
        Sum of the generator weights of all generated events, before any skim. None: a branch of the tree has it.
        ``"runs"``: that of the tree ``Runs`` of NanoAOD files, which a pipeline puts in when it opens them; a node by
        itself sees no files and refuses the word, see `rdfplugins.sum_of_gen_weights`.
    lumi_pb
        Integrated luminosity in 1/pb; trees never contain it, plots and tables do.

    Raises
    ------
    ConfigError
        For a cross-section or sum of weights that is not a finite number above zero, or given for data.
    """

    kind: Literal["mc", "data"]
    label: str | None = None
    xsec_pb: float | None = None
    sum_of_weights: float | Literal["runs"] | None = None
    lumi_pb: float | None = None

    def __post_init__(self) -> None:
        if self.kind not in {"mc", "data"}:
            raise ConfigError(f"a sample is of kind 'mc' or 'data', not {self.kind!r}")
        for name in ("xsec_pb", "sum_of_weights", "lumi_pb"):
            value = getattr(self, name)
            if name == "sum_of_weights" and value == RUNS:
                continue
            if value is not None and (isinstance(value, bool) or not isinstance(value, (int, float))):
                raise ConfigError(f"{name} of a sample is a number, not {value!r}")
            if value is not None and (not math.isfinite(value) or value <= 0):
                raise ConfigError(f"{name} of a sample is a finite number above zero, not {value!r}")
        if self.kind == "data" and (self.xsec_pb is not None or self.sum_of_weights is not None):
            raise ConfigError("data has no xsec_pb and no sum_of_weights: its weight is 1")

    def refuse_unread(self, reader: str) -> None:
        """Raise ConfigError where the sum of weights is still to be read; ``reader`` is the node that needs it."""
        if self.sum_of_weights == RUNS:
            raise ConfigError(
                f"{reader} does not see the files that sum_of_weights='runs' is read from; say"
                " rp.Sample('mc', sum_of_weights=rp.sum_of_gen_weights(files), ...)"
            )
