"""Every number and switch of the di-tau selection, with the values of the original analysis.

Fields have the names of the parameters of the nodes. A number may differ per channel: then it is a mapping, which may
be given in part (the rest is that of `DEFAULTS`), or one number for all channels. None switches a cut off.
Momenta in GeV whatever the unit of the file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

CHANNELS = ("tt", "mt", "et", "em", "mm", "ee")
LEGS = {
    "tt": ("tau", "tau"),
    "mt": ("muon", "tau"),
    "et": ("electron", "tau"),
    "em": ("electron", "muon"),
    "mm": ("muon", "muon"),
    "ee": ("electron", "electron"),
}
FLAGS = (
    "Flag_goodVertices",
    "Flag_globalSuperTightHalo2016Filter",
    "Flag_HBHENoiseFilter",
    "Flag_HBHENoiseIsoFilter",
    "Flag_EcalDeadCellTriggerPrimitiveFilter",
    "Flag_BadPFMuonFilter",
    "Flag_eeBadScFilter",
    "Flag_ecalBadCalibFilter",
)

Number = float | None
PerChannel = Mapping[str, Number] | Number
# a branch, or a function from the event to what an expression would give; None: not asked
Expression = str | Callable[[Mapping[str, Any]], Any] | None
# what a number is where it differs per channel
DEFAULTS: dict[str, dict[str, Number]] = {
    "tau_min_pt": {"tt": 40.0, "mt": 30.0, "et": 30.0},
    "tau_max_abs_eta": {"tt": 2.1, "mt": 2.3, "et": 2.3},
    "tau_min_vs_e": {"tt": 2, "mt": 2, "et": 32},
    "tau_min_vs_mu": {"tt": 1, "mt": 8, "et": 1},
    "tau_min_vs_jet": {"tt": 16, "mt": 16, "et": 16},
    "muon_min_pt": {"mt": 21.0, "em": 15.0, "mm": 10.0},
    "muon_max_abs_eta": {"mt": 2.1, "em": 2.4, "mm": 2.4},
    "muon_max_isolation": {"mt": 0.15, "em": 0.15, "mm": 0.15},
    "electron_min_pt": {"et": 25.0, "em": 15.0, "ee": 20.0},
    "electron_max_abs_eta": {"et": 2.1, "em": 2.4, "ee": 2.4},
    "electron_max_isolation": {"et": 0.15, "em": 0.15, "ee": 0.10},
    "min_delta_r": {"tt": 0.5, "mt": 0.5, "et": 0.5, "em": 0.3, "mm": 0.3, "ee": 0.5},
    "max_muons": {"tt": 0, "mt": 1, "et": 0, "em": 1, "mm": 2, "ee": 0},
    "max_electrons": {"tt": 0, "mt": 0, "et": 1, "em": 1, "mm": 0, "ee": 2},
}


@dataclass
class Settings:
    """Parameters of the selection and of the features."""

    units: str = "GeV"
    channels: Sequence[str] = CHANNELS
    charge: str = "opposite"
    flags: Sequence[str] = FLAGS
    triggers: Mapping[str, Expression] = field(default_factory=dict)
    jets: str = "j30"
    aha_phi: str = "atan2"

    muon_id: Expression = "Muon_mediumId"
    muon_loose_id: Expression = "Muon_looseId"
    muon_isolation: Expression = "Muon_pfRelIso04_all"
    electron_id: Expression = "Electron_mvaFall17V2noIso_WP90"
    electron_conversion_veto: Expression = "Electron_convVeto"
    electron_lost_hits: Expression = "Electron_lostHits"
    electron_isolation: Expression = "Electron_pfRelIso03_all"
    tau_id: Expression = "Tau_idDecayModeNewDMs"
    tau_decay_mode: Expression = "Tau_decayMode"
    tau_vs_e: Expression = "Tau_idDeepTau2017v2p1VSe"
    tau_vs_mu: Expression = "Tau_idDeepTau2017v2p1VSmu"
    tau_vs_jet: Expression = "Tau_idDeepTau2017v2p1VSjet"
    tau_jet_index: Expression = "Tau_jetIdx"
    tau_order: Expression = None
    jet_id: Expression = "Jet_jetId"
    jet_btag: Expression = "Jet_btagDeepB"

    tau_min_pt: PerChannel = field(default_factory=dict)
    tau_max_abs_eta: PerChannel = field(default_factory=dict)
    tau_min_vs_e: PerChannel = field(default_factory=dict)
    tau_min_vs_mu: PerChannel = field(default_factory=dict)
    tau_min_vs_jet: PerChannel = field(default_factory=dict)
    muon_min_pt: PerChannel = field(default_factory=dict)
    muon_max_abs_eta: PerChannel = field(default_factory=dict)
    muon_max_isolation: PerChannel = field(default_factory=dict)
    electron_min_pt: PerChannel = field(default_factory=dict)
    electron_max_abs_eta: PerChannel = field(default_factory=dict)
    electron_max_isolation: PerChannel = field(default_factory=dict)
    min_delta_r: PerChannel = field(default_factory=dict)
    max_muons: PerChannel = field(default_factory=dict)
    max_electrons: PerChannel = field(default_factory=dict)

    decay_modes: Sequence[int] | None = (0, 1, 2, 10, 11)
    electron_max_lost_hits: Number = 1
    max_dxy: Number = 0.045
    max_dz: Number = 0.2
    third_muon_min_pt: Number = 10.0
    third_muon_max_abs_eta: Number = 2.4
    third_muon_max_isolation: Number = 0.3
    third_electron_min_pt: Number = 10.0
    third_electron_max_abs_eta: Number = 2.4
    third_electron_max_isolation: Number = 0.3
    dimuon_veto: bool = True
    dimuon_min_pt: Number = 15.0
    dimuon_max_abs_eta: Number = 2.4
    dimuon_max_isolation: Number = 0.3
    dimuon_min_delta_r: Number = 0.15
    dielectron_veto: bool = True
    dielectron_min_pt: Number = 15.0
    dielectron_max_abs_eta: Number = 2.4
    dielectron_max_isolation: Number = 0.3
    dielectron_min_delta_r: Number = 0.15
    jet_min_pt: Number = 30.0
    jet_max_abs_eta: Number = 4.7
    jet_min_id: Number = 6
    bjet_min_pt: Number = 20.0
    bjet_max_abs_eta: Number = 2.5
    bjet_min_btag: Number = 0.3033
    tau_jet_min_delta_r: Number = 0.5
    jet_min_delta_r: Number = 0.5

    def __post_init__(self) -> None:
        assert self.units in {"GeV", "MeV"}, self.units
        assert set(self.channels) <= set(CHANNELS), self.channels
        assert self.charge in {"opposite", "same", "any"}, self.charge
        assert self.jets in {"j30", "j30+b"}, self.jets
        assert self.aha_phi in {"atan2", "asin"}, self.aha_phi

    @property
    def gev(self) -> float:
        """One GeV in the unit of the file."""
        return 1000.0 if self.units == "MeV" else 1.0

    def of(self, name: str, channel: str) -> Number:
        """Return the number of a field in a channel."""
        given = getattr(self, name)
        if not isinstance(given, Mapping):
            return given
        return given[channel] if channel in given else DEFAULTS[name][channel]
