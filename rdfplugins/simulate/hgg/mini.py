"""The tree ``mini`` of the ATLAS Open Data release of 2020 (13 TeV, MeV): its 81 branches in the order of the files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rdfplugins.simulate.hgg import objects
from rdfplugins.simulate.hgg.modes import SIGNALS
from rdfplugins.simulate.jagged import Objects, columns
from rdfplugins.simulate.layout import read_layout
from rdfplugins.simulate.streams import BLOCK
from rdfplugins.simulate.trees import Column

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rdfplugins.simulate.hgg.block import Block
    from rdfplugins.simulate.hgg.modes import Totals
    from rdfplugins.simulate.trees import Branch

TREE = "mini"

_LAYOUT = """
int    runNumber eventNumber channelNumber
float  mcWeight scaleFactor_PILEUP scaleFactor_ELE scaleFactor_MUON scaleFactor_PHOTON scaleFactor_TAU
float  scaleFactor_BTAG scaleFactor_LepTRIGGER scaleFactor_PhotonTRIGGER
bool   trigE trigM trigP
uint   lep_n
bools  lep_truthMatched lep_trigMatched
floats lep_pt lep_eta lep_phi lep_E lep_z0
ints   lep_charge
uints  lep_type
bools  lep_isTightID
floats lep_ptcone30 lep_etcone20 lep_trackd0pvunbiased lep_tracksigd0pvunbiased
float  met_et met_phi
uint   jet_n
floats jet_pt jet_eta jet_phi jet_E jet_jvt
ints   jet_trueflav
bools  jet_truthMatched
floats jet_MV2c10
uint   photon_n
bools  photon_truthMatched photon_trigMatched
floats photon_pt photon_eta photon_phi photon_E
bools  photon_isTightID
floats photon_ptcone30 photon_etcone20
ints   photon_convType
uint   tau_n
floats tau_pt tau_eta tau_phi tau_E
bools  tau_isTightID tau_truthMatched tau_trigMatched
ints   tau_nTracks
floats tau_BDTid
float  ditau_m
floats lep_pt_syst
float  met_et_syst
floats jet_pt_syst photon_pt_syst tau_pt_syst
float  XSection SumWeights
uint   largeRjet_n
floats largeRjet_pt largeRjet_eta largeRjet_phi largeRjet_E largeRjet_m largeRjet_truthMatched largeRjet_D2
floats largeRjet_tau32 largeRjet_pt_syst
ints   tau_charge
"""


SCHEMA: Mapping[str, Branch] = read_layout(_LAYOUT)
"""Names and types of the branches, in the order of the files. Energies, momenta and masses are MeV."""

# relative uncertainty of the momentum: a constant, and a part that falls with pt (GeV)
_UNCERTAINTIES = {
    "photon": (0.006, 0.1),
    "jet": (0.012, 0.9),
    "lep": (0.004, 0.02),
    "tau": (0.02, 0.3),
    "largeRjet": (0.03, 5.0),
}
_GEV_FIELDS = ("pt", "E", "m", "ptcone30", "etcone20")
_TRUTH_FIELDS = ("truthMatched", "trueflav")


def branches(block: Block) -> dict[str, Column]:
    """Return all branches of a block but those of `constants`.

    As in the real files, weights and scale factors of data are 0, the vectors that tell their truth are empty while the
    others are filled, and half of the event numbers read as negative.
    """
    collections = {
        "photon": block.photon,
        "jet": block.jet,
        "lep": block.lepton,
        "tau": block.tau,
        "largeRjet": block.large,
    }
    made: dict[str, Column] = {}
    for prefix, found in collections.items():
        made.update(_object_columns(prefix, found, is_data=block.is_data))
    scalars: dict[str, Any] = {
        "runNumber": block.run,
        "eventNumber": block.event.astype(np.uint32).view(np.int32),
        "channelNumber": block.run if block.is_data else np.full(BLOCK, SIGNALS[block.mode].dsid),
        **{f"scaleFactor_{name}": values for name, values in block.factors.items()},
        "mcWeight": block.weight,
        **{f"trig{name}": fired for name, fired in block.trigger.items()},
        "met_et": 1000 * block.met,
        "met_phi": block.met_phi,
        "met_et_syst": 1000 * block.met_uncertainty,
        "ditau_m": 1000 * objects.ditau_mass(block.tau, BLOCK),
    }
    made.update({name: Column(values.astype(SCHEMA[name].dtype)) for name, values in scalars.items()})
    return made


def constants(mode: str, totals: Totals) -> dict[str, float]:
    """Return the branches that are the same in all events: cross-section (pb) and sum of weights; both 1 in data."""
    return {"XSection": SIGNALS[mode].xsec_pb if mode in SIGNALS else 1.0, "SumWeights": totals.weights}


def _object_columns(prefix: str, found: Objects, *, is_data: bool) -> dict[str, Column]:
    """Return the branches of a kind of objects with the types and units of the files."""
    constant, falling = _UNCERTAINTIES[prefix]
    uncertainty = np.zeros(len(found)) if is_data else constant * found["pt"] + falling
    fields = {name: 1000 * values if name in _GEV_FIELDS else values for name, values in found.fields.items()}
    fields["pt_syst"] = 1000 * uncertainty
    typed = {
        name: values.astype(SCHEMA[f"{prefix}_{name}"].dtype)
        for name, values in fields.items()
        if f"{prefix}_{name}" in SCHEMA
    }
    made = columns(prefix, Objects(found.event, typed), BLOCK)
    if is_data:
        for field in _TRUTH_FIELDS:
            if field in typed:
                made[f"{prefix}_{field}"] = Column(typed[field][:0], np.zeros(BLOCK + 1, dtype=np.int64))
    return made
