"""The tree ``mini`` of the ATLAS Open Data release of 2020 (13 TeV, MeV): its 81 branches in the order of the files."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from rdfplugins.simulate.trees import Branch

if TYPE_CHECKING:
    from collections.abc import Mapping

TREE = "mini"

_TYPES = {
    "bool": Branch("bool"),
    "int": Branch("int32"),
    "uint": Branch("uint32"),
    "float": Branch("float32"),
    "bools": Branch("bool", vector=True),
    "ints": Branch("int32", vector=True),
    "uints": Branch("uint32", vector=True),
    "floats": Branch("float32", vector=True),
}

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


def _read_layout() -> dict[str, Branch]:
    rows = [line.split() for line in _LAYOUT.strip().splitlines()]
    return {name: _TYPES[kind] for kind, *names in rows for name in names}


SCHEMA: Mapping[str, Branch] = MappingProxyType(_read_layout())
"""Names and types of the branches, in the order of the files. Energies, momenta and masses are MeV."""
