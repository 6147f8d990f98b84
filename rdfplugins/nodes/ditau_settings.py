"""Parameters of ``ditau.select``: defaults, checks, names of the cuts, and the form in which C++ takes them."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any, Literal

from rdfplugins.errors import ConfigError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

CHANNELS = ("tt", "mt", "et", "em", "mm", "ee")
"""The channels, in the order of the values 0 to 5 of the column ``channel``."""

Charge = Literal["opposite", "same", "any"]
_CHARGES = ("opposite", "same", "any")

FLAGS = tuple(
    f"Flag_{name}"
    for name in (
        "goodVertices",
        "globalSuperTightHalo2016Filter",
        "HBHENoiseFilter",
        "HBHENoiseIsoFilter",
        "EcalDeadCellTriggerPrimitiveFilter",
        "BadPFMuonFilter",
        "eeBadScFilter",
        "ecalBadCalibFilter",
    )
)

# which channels have a leg of a kind
_WITH = {"tau": ("tt", "mt", "et"), "muon": ("mt", "em", "mm"), "electron": ("et", "em", "ee")}

TAU_MIN_PT = {"tt": 40.0, "mt": 30.0, "et": 30.0}
TAU_MAX_ABS_ETA = {"tt": 2.1, "mt": 2.3, "et": 2.3}
TAU_MIN_VS_E = {"tt": 2.0, "mt": 2.0, "et": 32.0}
TAU_MIN_VS_MU = {"tt": 1.0, "mt": 8.0, "et": 1.0}
TAU_MIN_VS_JET = {"tt": 16.0, "mt": 16.0, "et": 16.0}
MUON_MIN_PT = {"mt": 21.0, "em": 15.0, "mm": 10.0}
MUON_MAX_ABS_ETA = {"mt": 2.1, "em": 2.4, "mm": 2.4}
MUON_MAX_ISOLATION = {"mt": 0.15, "em": 0.15, "mm": 0.15}
ELECTRON_MIN_PT = {"et": 25.0, "em": 15.0, "ee": 20.0}
ELECTRON_MAX_ABS_ETA = {"et": 2.1, "em": 2.4, "ee": 2.4}
ELECTRON_MAX_ISOLATION = {"et": 0.15, "em": 0.15, "ee": 0.10}
MIN_DELTA_R = {"tt": 0.5, "mt": 0.5, "et": 0.5, "em": 0.3, "mm": 0.3, "ee": 0.5}
MAX_MUONS = {"tt": 0, "mt": 1, "et": 0, "em": 1, "mm": 2, "ee": 0}
MAX_ELECTRONS = {"tt": 0, "mt": 0, "et": 1, "em": 1, "mm": 0, "ee": 2}

PER_CHANNEL: Mapping[str, Mapping[str, float]] = {
    "tau_min_pt": TAU_MIN_PT,
    "tau_max_abs_eta": TAU_MAX_ABS_ETA,
    "tau_min_vs_e": TAU_MIN_VS_E,
    "tau_min_vs_mu": TAU_MIN_VS_MU,
    "tau_min_vs_jet": TAU_MIN_VS_JET,
    "muon_min_pt": MUON_MIN_PT,
    "muon_max_abs_eta": MUON_MAX_ABS_ETA,
    "muon_max_isolation": MUON_MAX_ISOLATION,
    "electron_min_pt": ELECTRON_MIN_PT,
    "electron_max_abs_eta": ELECTRON_MAX_ABS_ETA,
    "electron_max_isolation": ELECTRON_MAX_ISOLATION,
    "min_delta_r": MIN_DELTA_R,
    "max_muons": MAX_MUONS,
    "max_electrons": MAX_ELECTRONS,
}

# parameters that name a branch, and the collection it belongs to; an expression in its place is a decision, ...
IDS = {
    "muon_id": "Muon_mediumId",
    "muon_loose_id": "Muon_looseId",
    "electron_id": "Electron_mvaFall17V2noIso_WP90",
    "electron_conversion_veto": "Electron_convVeto",
    "electron_lost_hits": "Electron_lostHits",
    "tau_id": "Tau_idDecayModeNewDMs",
    "tau_decay_mode": "Tau_decayMode",
    "tau_vs_e": "Tau_idDeepTau2017v2p1VSe",
    "tau_vs_mu": "Tau_idDeepTau2017v2p1VSmu",
    "tau_vs_jet": "Tau_idDeepTau2017v2p1VSjet",
    "jet_id": "Jet_jetId",
    "jet_btag": "Jet_btagDeepB",
}
# ... and a plain column of these is compared with a threshold
WITH_THRESHOLD = (
    *("electron_lost_hits", "tau_decay_mode", "tau_vs_e", "tau_vs_mu", "tau_vs_jet"),
    *("jet_id", "jet_btag"),
)
# here, columns and expressions are numbers
NUMBERS: Mapping[str, str | None] = {
    "muon_isolation": "Muon_pfRelIso04_all",
    "electron_isolation": "Electron_pfRelIso03_all",
    "tau_jet_index": "Tau_jetIdx",
    "tau_order": None,
}
_NEVER_NULL = ("muon_isolation", "electron_isolation")


def is_column(value: str | None) -> bool:
    """Return whether the value of such a parameter is the plain name of a column."""
    return value is not None and value.isidentifier() and value not in {"true", "false"}


def listed(channels: Any) -> tuple[str, ...]:
    """Return the channels that are asked for, in the order of `CHANNELS`; `check` refuses those that are not there."""
    return tuple(channel for channel in CHANNELS if channel in channels)


def per_channel(name: str, value: Any) -> dict[str, float]:
    """Return a number for each channel: one number for all, or a mapping that leaves others at their default."""
    default = PER_CHANNEL[name]
    if not isinstance(value, dict):
        return dict.fromkeys(default, value)
    for channel in value:
        if channel not in default:
            raise ConfigError(
                f"parameter '{name}' has no channel '{channel}'{did_you_mean(str(channel), default)}"
                f" (it has: {', '.join(default)})"
            )
    return {**default, **value}


def uses(parameters: Mapping[str, Any], kind: str) -> bool:
    """Return whether one of the channels has a leg of a kind: ``tau``, ``muon``, ``electron``."""
    return any(channel in _WITH[kind] for channel in listed(parameters["channels"]))


def looks_at(parameters: Mapping[str, Any], kind: str) -> bool:
    """Return whether objects of a kind are looked at, as legs or by a veto."""
    if uses(parameters, kind):
        return True
    veto = {"muon": "max_muons", "electron": "max_electrons"}.get(kind)
    return veto is not None and parameters[veto] is not None


@dataclasses.dataclass(frozen=True)
class _Cut:
    name: str
    used: bool = True


def flag_names(parameters: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the cuts that all channels have in common."""
    return tuple(flag.removeprefix("Flag_") for flag in parameters["flags"])


def cut_names(parameters: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the cuts of the node as a whole."""
    return (*flag_names(parameters), "one_channel")


def channel_cut_names(parameters: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Return channel -> names of its own cuts, in the order of ``rdfp::ditau::passes``."""
    return {channel: _names_of(channel, parameters) for channel in listed(parameters["channels"])}


def _names_of(channel: str, parameters: Mapping[str, Any]) -> tuple[str, ...]:
    kinds = {"t": "tau", "m": "muon", "e": "electron"}
    legs = list(dict.fromkeys(kinds[letter] for letter in channel))
    cuts = [
        _Cut("trigger", channel in (parameters["triggers"] or {})),
        *(cut for leg in legs for cut in _criteria(leg, parameters)),
        _Cut("pair_charge", parameters["charge"] != "any"),
        _Cut("pair_delta_r"),
        _Cut("third_muon_veto", parameters["max_muons"] is not None),
        _Cut("third_electron_veto", parameters["max_electrons"] is not None),
        _Cut("dimuon_veto", channel == "mt" and parameters["dimuon_veto"]),
        _Cut("dielectron_veto", channel == "et" and parameters["dielectron_veto"]),
    ]
    return tuple(cut.name for cut in cuts if cut.used)


# criteria of objects, in the order of ``rdfp::ditau::passed_criteria``, and the parameters that switch them off: a cut
# of which nothing is asked is left out of the cutflow
_CRITERIA: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "muon": {"kinematics": (), "vertex": (), "id": ("muon_id",), "isolation": ()},
    "electron": {
        "kinematics": (),
        "vertex": (),
        "id": ("electron_id",),
        "conversion": ("electron_conversion_veto", "electron_lost_hits"),
        "isolation": (),
    },
    "tau": {
        "kinematics": (),
        "vertex": (),
        "charge": (),
        "decay_mode": ("tau_id", "tau_decay_mode"),
        "vs_e": ("tau_vs_e",),
        "vs_mu": ("tau_vs_mu",),
        "vs_jet": ("tau_vs_jet",),
    },
}
_MOST_CRITERIA = 7
_MODES = 64
_MOST_OBJECTS = 1000


def _criteria(leg: str, parameters: Mapping[str, Any]) -> list[_Cut]:
    cuts = [
        _Cut(f"{leg}_{name}", not switches or any(parameters[switch] is not None for switch in switches))
        for name, switches in _CRITERIA[leg].items()
    ]
    return [*cuts, _Cut("tau_jet_overlap", parameters["tau_jet_index"] is not None)] if leg == "tau" else cuts


def check(parameters: Mapping[str, Any]) -> None:
    """Raise ConfigError for values with which a cut would mean nothing."""
    _check_channels("channels", parameters["channels"])
    if not parameters["channels"]:
        raise ConfigError(f"parameter 'channels' is empty (all of them: {', '.join(CHANNELS)})")
    for name in PER_CHANNEL:
        if parameters[name] is not None:
            for value in per_channel(name, parameters[name]).values():
                _check_numbers({name: value})
    for name in ("max_muons", "max_electrons"):
        if parameters[name] is not None:
            _check_counts(name, per_channel(name, parameters[name]).values())
    _check_numbers({name: value for name, value in parameters.items() if isinstance(value, float)})
    _check_columns(parameters)
    odd = [mode for mode in parameters["decay_modes"] if not 0 <= mode < _MODES]
    if odd:
        raise ConfigError(f"parameter 'decay_modes': a decay mode is a number from 0 to {_MODES - 1}, not {odd[0]}")


def _check_channels(name: str, channels: Iterable[str]) -> None:
    for channel in channels:
        if channel not in CHANNELS:
            raise ConfigError(
                f"parameter '{name}': there is no channel '{channel}'{did_you_mean(channel, CHANNELS)}"
                f" (all of them: {', '.join(CHANNELS)})"
            )


def _check_columns(parameters: Mapping[str, Any]) -> None:
    """Refuse what names no column and is no expression."""
    for flag in parameters["flags"]:
        if not is_column(flag):
            raise ConfigError(f"parameter 'flags': '{flag}' is not the name of a column; filter steps take expressions")
    for name in (*IDS, *NUMBERS):
        value = parameters[name]
        if value is None and name in _NEVER_NULL:
            raise ConfigError(f"parameter '{name}' is a column or an expression; a bound of .inf switches it off")
        if isinstance(value, str) and not value.strip():
            raise ConfigError(f"parameter '{name}' is empty; null asks for nothing")
    triggers = parameters["triggers"] or {}
    _check_channels("triggers", triggers)
    for channel, trigger in triggers.items():
        if not trigger.strip():
            raise ConfigError(f"parameter 'triggers': that of channel '{channel}' is a column or an expression")


def _check_counts(name: str, values: Iterable[float]) -> None:
    for value in values:
        if not 0 <= value <= _MOST_OBJECTS:
            raise ConfigError(
                f"parameter '{name}' is a number of objects from 0 to {_MOST_OBJECTS}, not {value}; null: no veto"
            )


def _check_numbers(values: Mapping[str, float]) -> None:
    for name, value in values.items():
        if math.isnan(value):
            raise ConfigError(f"parameter '{name}' is not a number; .inf switches an upper bound off")


def numbers(parameters: Mapping[str, Any]) -> list[float]:
    """Return all numbers in the order in which ``rdfp::ditau::make_cuts`` reads them."""
    table = {
        name: per_channel(name, parameters[name]) if parameters[name] is not None else dict.fromkeys(CHANNELS, -1)
        for name in PER_CHANNEL
    }
    on, triggers = listed(parameters["channels"]), parameters["triggers"] or {}
    found: list[float] = []
    for channel in CHANNELS:
        row = {name: values.get(channel, 0.0) for name, values in table.items()}
        found += [channel in on, channel in triggers]
        for kind in ("tau", "muon", "electron"):
            found += [row[f"{kind}_min_pt"], row[f"{kind}_max_abs_eta"]]
        found += [row["tau_min_vs_e"], row["tau_min_vs_mu"], row["tau_min_vs_jet"]]
        found += [row["muon_max_isolation"], row["electron_max_isolation"], row["min_delta_r"]]
        found += [row["max_muons"], row["max_electrons"]]
    for veto in ("third_muon", "third_electron", "dimuon", "dielectron"):
        found += [parameters[f"{veto}_{name}"] for name in ("min_pt", "max_abs_eta", "max_isolation")]
        found.append(parameters.get(f"{veto}_min_delta_r", 0.0))
    found += [parameters["dimuon_veto"], parameters["dielectron_veto"]]
    found += [parameters["tau_jet_index"] is not None, parameters["tau_jet_min_delta_r"]]
    found.append(_CHARGES.index(parameters["charge"]))
    for kind in ("muon", "electron", "tau"):
        asked = [cut.used for cut in _criteria(kind, parameters)][:_MOST_CRITERIA]
        found += [*asked, *[False] * (_MOST_CRITERIA - len(asked))]
    return [float(number) for number in found]


def literals(values: Sequence[float]) -> str:
    """Return numbers as C++ writes them, separated by commas."""
    return ", ".join(literal(value) for value in values)


def literal(value: float) -> str:
    """Return a number as C++ writes it."""
    if math.isinf(value):
        return ("-" if value < 0 else "") + "std::numeric_limits<double>::infinity()"
    return repr(float(value))
