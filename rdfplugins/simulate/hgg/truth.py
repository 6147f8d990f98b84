"""The truth of simulated diphoton events as collections: what left the hard process, before any detector. In GeV."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rdfplugins.simulate.hgg.process import ELECTRON, MUON
from rdfplugins.simulate.jagged import Objects, sort
from rdfplugins.simulate.kinematics import pt_eta_phi
from rdfplugins.simulate.streams import BLOCK

if TYPE_CHECKING:
    from rdfplugins.simulate.hgg.block import Block

_JET_PT, _JET_ETA = 20.0, 4.5


def truth(block: Block) -> dict[str, Objects]:
    """Return photons, electrons, muons, hadronic taus (visible part) and jets by falling pt; none in data.

    Jets are quarks and gluons with pt > 20 GeV, |eta| < 4.5, massless. Fields: pt, eta, phi, of jets m, too.
    """
    hard = block.hard
    pt, eta, phi = pt_eta_phi(np.concatenate(hard.photons, axis=1))
    photons = Objects(np.tile(np.arange(BLOCK), 2), {"pt": pt, "eta": eta, "phi": phi}).where(~hard.fake.ravel())
    jets = hard.partons.having(m=np.zeros(len(hard.partons)))
    found = {
        "jet": jets.where((jets["pt"] > _JET_PT) & (np.abs(jets["eta"]) < _JET_ETA)),
        "elec": hard.leptons.where(hard.leptons["type"] == ELECTRON),
        "muon": hard.leptons.where(hard.leptons["type"] == MUON),
        "tau": hard.taus,
        "photon": photons,
    }
    if block.is_data:
        found = {name: objects.where(np.zeros(len(objects), dtype=bool)) for name, objects in found.items()}
    return {name: sort(objects, objects["pt"]) for name, objects in found.items()}
