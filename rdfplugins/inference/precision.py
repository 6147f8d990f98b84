"""Reduced precision: whether this CPU has units for it, and how far its outputs are from those in float32."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from rdfplugins.errors import ModelError
from rdfplugins.inference.backends.blas import BlasEngine

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rdfplugins.inference.network import Network

LIMIT: Final = 1e-2
SAMPLE: Final = 4096  # events: enough for the tails, a tenth of a second for the largest networks
_UNITS: Final = ("avx512_bf16", "amx_bf16")
_CPUINFO: Final = Path("/proc/cpuinfo")


@dataclasses.dataclass(frozen=True)
class Difference:
    """Relative differences of outputs to those in float32, over all outputs of ``events`` events."""

    largest: float
    rms: float
    events: int

    def __str__(self) -> str:
        return f"differs from float32 by {self.largest:.1e} at most, {self.rms:.1e} rms ({self.events} events)"


def measure(network: Network, x: NDArray[Any], reduced: NDArray[np.float32]) -> Difference | None:
    """Compare ``reduced``, the outputs [n, m] for ``x`` [n, k], with the network in float32.

    At most 4096 events are used, spread over ``x``, of those whose outputs in float32 are finite; None if there are no
    such events.
    """
    step = -(-len(x) // SAMPLE) or 1
    sample = np.ascontiguousarray(x[::step], dtype=np.float32)
    exact = np.empty((len(sample), network.n_outputs), dtype=np.float32)
    if len(sample):
        BlasEngine(network).run(sample, exact)
    used = np.isfinite(exact).all(axis=1)
    if not used.any():
        return None
    right, got = exact[used].astype(np.float64), reduced[::step][used].astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = np.where(got == right, 0.0, np.abs(got - right) / np.abs(right))
    relative[np.isnan(relative)] = np.inf
    return Difference(float(relative.max()), float(np.sqrt(np.mean(relative**2))), int(used.sum()))


def refuse_without_units(precision: str, cpuinfo: Path = _CPUINFO) -> None:
    """Raise ModelError where the CPU has no instructions for bfloat16: it would be emulated, and slow."""
    try:
        words = set(cpuinfo.read_text().split())
    except OSError:
        words = set()
    if words.isdisjoint(_UNITS):
        raise ModelError(
            f"precision {precision} needs a CPU with {' or '.join(_UNITS)} (see {cpuinfo}), which this one has not;"
            " use precision float32"
        )
