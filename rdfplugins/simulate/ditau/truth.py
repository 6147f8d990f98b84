"""The truth of simulated di-tau events: particles and their mothers, as a generator lists them. All in GeV."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from rdfplugins.simulate.kinematics import pt_eta_phi

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

NO_FAKE, FAKE_TAU, FAKE_ELECTRON, FAKE_MUON = range(4)
"""What a parton is taken for, beside the jet that it makes."""

UNSTABLE, STABLE, PARTON = 62, 1, 23
"""Codes of status: particles that decay (taus and mesons: 2), stable ones, partons that become jets."""
DECAYED = 2

ELECTRON, MUON = 11, 13
PROMPT, FROM_TAU = 1, 15
"""Origins of leptons, as NanoAOD numbers them; partons give theirs by flavour."""

# bits of GenPart_statusFlags: isPrompt, isDirectPromptTauDecayProduct, isHardProcess, fromHardProcess, isLastCopy
_IS_PROMPT, _FROM_PROMPT_TAU, _HARD, _FROM_HARD, _LAST = 1 << 0, 1 << 5, 1 << 7, 1 << 8, 1 << 13
HARD_FLAGS = _IS_PROMPT | _HARD | _FROM_HARD | _LAST
TAU_PRODUCT_FLAGS = _FROM_PROMPT_TAU | _LAST


@dataclass(frozen=True, eq=False)
class Truth:
    """Particles of a block of events, group by group; in a group there is at most one of each event.

    Attributes
    ----------
    event
        Index of the event of each particle, int64[n].
    p4
        Four-momenta, float64[4, n].
    pt, eta, phi, mass
        The same in other words.
    pdg, status, flags
        As in NanoAOD.
    decay
        Number of the decay (`decay`) that made a tau's visible product; -1 for all others.
    origin
        Of leptons: `PROMPT` or `FROM_TAU`; else 0.
    fake
        What a parton is taken for.
    charge
        Of fakes, leptons and visible products; 0 for the rest.
    index, mother
        Position of the particle, and of its mother (-1: none), among those of the event.
    """

    event: Array
    p4: Array
    pt: Array
    eta: Array
    phi: Array
    mass: Array
    pdg: Array
    status: Array
    flags: Array
    decay: Array
    origin: Array
    fake: Array
    charge: Array
    index: Array
    mother: Array

    def __len__(self) -> int:
        return len(self.event)

    def of(self, *kinds: int) -> Array:
        """Return the mask of particles of these numbers of the PDG, whatever their sign."""
        chosen = np.zeros(len(self), dtype=bool)
        for kind in kinds:  # few: comparing is faster than np.isin
            chosen |= self._abs_pdg == kind
        return chosen

    @cached_property
    def leptons(self) -> dict[int, Array]:
        """Positions of the electrons and of the muons, by their number; they are asked for often."""
        stable = self.status == STABLE
        return {kind: np.flatnonzero(stable & (self._abs_pdg == kind)) for kind in (ELECTRON, MUON)}

    @cached_property
    def _abs_pdg(self) -> Array:
        return np.abs(self.pdg)


class Particles:
    """Collects the particles of a block group by group."""

    _INTEGERS = ("pdg", "status", "flags", "decay", "origin", "fake", "charge")

    def __init__(self, events: int) -> None:
        self._events = events
        self._event: list[Array] = []
        self._p4: list[Array] = []
        self._mass: list[Array] = []
        self._mother: list[Array] = []
        self._integers: dict[str, list[Array]] = {name: [] for name in self._INTEGERS}
        self._index: list[Array] = []
        self._filled = np.zeros(events, dtype=np.int64)
        self._position: list[Array] = []

    def add(
        self,
        event: Array,
        p4: Array,
        mass: Array | float,
        mother: int | None = None,
        **integers: Array | int,
    ) -> int:
        """Add a group of particles, of different events, and return its number.

        Parameters
        ----------
        event, p4, mass
            Index of the event int64[n], four-momenta float64[4, n] and masses.
        mother
            Number of the group of their mothers, which must hold one in each of these events; None: no mother.
        **integers
            Fields of `Truth`; those not given are 0, and ``decay`` -1.
        """
        count = len(event)
        self._event.append(event)
        self._p4.append(p4)
        self._mass.append(np.broadcast_to(mass, count))
        for name, parts in self._integers.items():
            parts.append(np.broadcast_to(integers.get(name, -1 if name == "decay" else 0), count))
        position = np.full(self._events, -1)
        position[event] = self._filled[event]
        self._position.append(position)
        self._index.append(self._filled[event])
        self._mother.append(np.full(count, -1) if mother is None else self._position[mother][event])
        self._filled[event] += 1
        return len(self._event) - 1

    def done(self) -> Truth:
        """Return all of them."""
        p4 = np.concatenate(self._p4, axis=1)
        pt, eta, phi = pt_eta_phi(p4)
        return Truth(
            np.concatenate(self._event),
            p4,
            pt,
            eta,
            phi,
            np.concatenate(self._mass),
            **{name: np.concatenate(parts).astype(np.int64, copy=False) for name, parts in self._integers.items()},
            index=np.concatenate(self._index),
            mother=np.concatenate(self._mother),
        )
