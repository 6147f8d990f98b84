"""The tree ``Events`` of CMS NanoAOD (version 7): names and types of the real files, for simulated di-tau events.

Collections are C arrays with a counter, as there. Momenta and masses are GeV, impact parameters cm. Files of data have
no truth: none of the branches of `TRUTH`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rdfplugins.simulate.ditau.block import FLAGS
from rdfplugins.simulate.ditau.jets import ELECTRON_JET, MUON_JET, sorted_positions
from rdfplugins.simulate.jagged import Objects, by_event, offsets_of
from rdfplugins.simulate.layout import read_counted_layout
from rdfplugins.simulate.streams import BLOCK
from rdfplugins.simulate.trees import Column

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from rdfplugins.simulate.ditau.block import Block
    from rdfplugins.simulate.trees import Branch

    Array = NDArray[Any]

TREE = "Events"

_LAYOUT = f"""
uint   run luminosityBlock
ulong  event
floats Electron_dxy Electron_dz Electron_eta Electron_mass Electron_pfRelIso03_all Electron_phi Electron_pt
ints   Electron_charge Electron_jetIdx Electron_pdgId
bools  Electron_convVeto
bytes  Electron_lostHits
bools  Electron_mvaFall17V2noIso_WP80 Electron_mvaFall17V2noIso_WP90 Electron_mvaFall17V2noIso_WPL
ints   Electron_genPartIdx
bytes  Electron_genPartFlav
floats GenPart_eta GenPart_mass GenPart_phi GenPart_pt
ints   GenPart_genPartIdxMother GenPart_pdgId GenPart_status GenPart_statusFlags
float  genWeight genMass
floats Jet_btagDeepB Jet_eta Jet_mass Jet_phi Jet_pt
ints   Jet_electronIdx1 Jet_jetId Jet_muonIdx1 Jet_puId
ints   Jet_hadronFlavour Jet_partonFlavour
float  GenMET_phi GenMET_pt MET_covXX MET_covXY MET_covYY MET_phi MET_pt MET_sumEt
floats Muon_dxy Muon_dz Muon_eta Muon_mass Muon_pfRelIso03_all Muon_pfRelIso04_all Muon_phi Muon_pt
ints   Muon_charge Muon_jetIdx Muon_pdgId
bools  Muon_looseId Muon_mediumId Muon_tightId
ints   Muon_genPartIdx
bytes  Muon_genPartFlav
float  Pileup_nTrueInt
int    Pileup_nPU
float  PuppiMET_phi PuppiMET_pt fixedGridRhoFastjetAll
floats Tau_dxy Tau_dz Tau_eta Tau_mass Tau_phi Tau_pt
ints   Tau_charge Tau_decayMode Tau_jetIdx
bools  Tau_idDecayMode Tau_idDecayModeNewDMs
bytes  Tau_idDeepTau2017v2p1VSe Tau_idDeepTau2017v2p1VSjet Tau_idDeepTau2017v2p1VSmu
ints   Tau_genPartIdx
bytes  Tau_genPartFlav
int    PV_npvs PV_npvsGood
bool   {" ".join(f"Flag_{name}" for name in FLAGS)} Flag_METFilters
bool   HLT_IsoMu24 HLT_Ele32_WPTight_Gsf HLT_DoubleMediumChargedIsoPFTau35_Trk1_eta2p1_Reg
"""

SCHEMA: Mapping[str, Branch] = read_counted_layout(_LAYOUT)
"""Names and types of the branches, in order."""

TRUTH = frozenset(
    name
    for name in SCHEMA
    if name.startswith(("GenPart_", "GenMET_", "Pileup_", "gen"))
    or name.endswith(("_genPartIdx", "_genPartFlav", "Flavour"))
    or name == "nGenPart"
)
"""Branches that files of data do not have. ``genMass`` is ours: the mass of the resonance of two taus,
NaN without one."""

_OLD_DECAY_MODES = (0, 1, 2, 10)


def schema(*, is_data: bool) -> dict[str, Branch]:
    """Return the branches of a file."""
    return {name: branch for name, branch in SCHEMA.items() if not (is_data and name in TRUTH)}


def branches(block: Block) -> dict[str, Column]:
    """Return all branches of the events of a block that are kept, those of the truth where it is not data."""
    made: dict[str, Column] = {}
    collections = {
        "Electron": _electrons(block),
        "Muon": _muons(block),
        "Tau": _taus(block),
        "Jet": _jets(block),
    }
    if not block.request.is_data:
        collections["GenPart"] = _particles(block)
    for prefix, found in collections.items():
        offsets = offsets_of(found, BLOCK)[np.append(block.kept, True)]  # no other event has objects
        made[f"n{prefix}"] = Column(np.diff(offsets).astype(np.uint32))
        for field, values in found.fields.items():
            name = f"{prefix}_{field}"
            made[name] = Column(np.asarray(values).astype(SCHEMA[name].dtype), offsets)
    for name, values in _scalars(block).items():
        made[name] = Column(np.asarray(values)[block.kept].astype(SCHEMA[name].dtype))
    return {name: made[name] for name in schema(is_data=block.request.is_data)}


def _electrons(block: Block) -> Objects:
    found = block.electron
    special = {
        "pfRelIso03_all": found["iso03"],
        "convVeto": found["conversion_veto"],
        "lostHits": found["lost_hits"],
        "mvaFall17V2noIso_WP80": found["tight"],
        "mvaFall17V2noIso_WP90": found["medium"],
        "mvaFall17V2noIso_WPL": found["loose"],
    }
    return _lepton(block, found, special)


def _muons(block: Block) -> Objects:
    found = block.muon
    special = {
        "pfRelIso03_all": found["iso03"],
        "pfRelIso04_all": found["iso04"],
        "looseId": found["loose"],
        "mediumId": found["medium"],
        "tightId": found["tight"],
    }
    return _lepton(block, found, special)


def _lepton(block: Block, found: Objects, special: dict[str, Array]) -> Objects:
    same = ("pt", "eta", "phi", "mass", "charge", "pdgId", "dxy", "dz")
    fields = {name: found[name] for name in same} | special | {"jetIdx": _jet_index(block, found["seed"])}
    flavour = found["flavour"]
    fields |= _match(block, np.where(found["true"], found["seed"], -1), flavour)
    return Objects(found.event, fields)


def _taus(block: Block) -> Objects:
    found = block.tau
    same = ("pt", "eta", "phi", "mass", "charge", "decayMode", "dxy", "dz")
    fields = {
        **{name: found[name] for name in same},
        "jetIdx": _jet_index(block, found["seed"]),
        "idDecayMode": found["new_modes"] & np.isin(found["decayMode"], _OLD_DECAY_MODES),
        "idDecayModeNewDMs": found["new_modes"],
        "idDeepTau2017v2p1VSe": found["vs_e"],
        "idDeepTau2017v2p1VSjet": found["vs_jet"],
        "idDeepTau2017v2p1VSmu": found["vs_mu"],
    }
    return Objects(found.event, fields | _match(block, np.where(found["gen"] > 0, found["seed"], -1), found["gen"]))


def _jets(block: Block) -> Objects:
    found = block.jet
    fields = {
        **{name: found[name] for name in ("pt", "eta", "phi", "mass")},
        "btagDeepB": found["btag"],
        "jetId": found["jet_id"],
        "puId": found["pile_up_id"],
    }
    for name, kind, leptons in (
        ("electronIdx1", ELECTRON_JET, block.electron),
        ("muonIdx1", MUON_JET, block.muon),
    ):
        positions = sorted_positions(leptons, len(block.truth) + 1, BLOCK, leptons["true"])
        fields[name] = np.where(found["kind"] == kind, positions[np.minimum(found["seed"], len(block.truth))], -1)
    if not block.request.is_data:
        fields |= {"hadronFlavour": found["flavour"], "partonFlavour": found["parton"]}
    return Objects(found.event, fields)


def _jet_index(block: Block, seed: Array) -> Array:
    """Return the position of the jet that an object lies in; -1 where there is none."""
    size = 1 + max(len(block.truth), int(max(block.jet["seed"].max(initial=0), seed.max(initial=0)) + 1))
    return sorted_positions(block.jet, size, BLOCK)[seed]  # of seed -1: the last, which no jet has


def _match(block: Block, seed: Array, flavour: Array) -> dict[str, Array]:
    if block.request.is_data:
        return {}
    return {"genPartIdx": np.where(seed >= 0, block.truth.index[seed], -1), "genPartFlav": flavour}


def _particles(block: Block) -> Objects:
    truth = block.truth
    chosen = np.flatnonzero(block.kept[truth.event])
    order = chosen[by_event(truth.event[chosen])]  # those of an event are in their order
    fields = {
        "pt": truth.pt,
        "eta": truth.eta,
        "phi": truth.phi,
        "mass": truth.mass,
        "pdgId": truth.pdg,
        "status": truth.status,
        "statusFlags": truth.flags,
        "genPartIdxMother": truth.mother,
    }
    return Objects(truth.event, fields).where(order)


def _scalars(block: Block) -> dict[str, Array]:
    missing, around = block.missing, block.pile_up
    made = {
        "run": block.run,
        "luminosityBlock": block.luminosity_block,
        "event": block.event,
        "MET_pt": missing.pt,
        "MET_phi": missing.phi,
        "MET_sumEt": missing.sum_et,
        **{f"MET_cov{axes}": values for axes, values in zip(("XX", "XY", "YY"), missing.covariance, strict=True)},
        "PuppiMET_pt": missing.puppi_pt,
        "PuppiMET_phi": missing.puppi_phi,
        "PV_npvs": around.vertices,
        "PV_npvsGood": around.good,
        "fixedGridRhoFastjetAll": 0.6 * around.collisions + 1.5,
        **{f"Flag_{name}": passed for name, passed in block.flags.items()},
        "Flag_METFilters": np.all(list(block.flags.values()), axis=0),
        **{f"HLT_{name}": fired for name, fired in block.triggers.items()},
    }
    if block.request.is_data:
        return made
    return made | {
        "genWeight": block.weight,
        "genMass": block.mass,
        "GenMET_pt": missing.true_pt,
        "GenMET_phi": missing.true_phi,
        "Pileup_nTrueInt": around.mean,
        "Pileup_nPU": around.collisions,
    }
