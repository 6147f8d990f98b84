"""Make, read and write events of NanoAOD as dictionaries: branch -> numpy scalar or array, in the branch's type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import awkward as ak
import numpy as np
import uproot

from tests.oracle.ditau_settings import FLAGS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

_F, _I, _B, _U = np.float32, np.int32, np.bool_, np.uint8
COLLECTIONS: dict[str, dict[str, type]] = {
    "Tau": {
        **dict.fromkeys(("pt", "eta", "phi", "mass", "dz"), _F),
        "charge": _I,
        "decayMode": _I,
        "jetIdx": _I,
        "idDecayModeNewDMs": _B,
        **dict.fromkeys((f"idDeepTau2017v2p1VS{what}" for what in ("e", "mu", "jet")), _U),
    },
    "Muon": {
        **dict.fromkeys(("pt", "eta", "phi", "dxy", "dz", "pfRelIso04_all"), _F),
        "charge": _I,
        "mediumId": _B,
        "looseId": _B,
    },
    "Electron": {
        **dict.fromkeys(("pt", "eta", "phi", "dxy", "dz", "pfRelIso03_all"), _F),
        "charge": _I,
        "mvaFall17V2noIso_WP90": _B,
        "convVeto": _B,
        "lostHits": _U,
    },
    "Jet": {**dict.fromkeys(("pt", "eta", "phi", "mass", "btagDeepB"), _F), "jetId": _I},
}
SCALARS: dict[str, type] = {
    "run": np.uint32,
    "luminosityBlock": np.uint32,
    "event": np.uint64,
    "genWeight": _F,
    **dict.fromkeys(("PuppiMET_pt", "PuppiMET_phi", "MET_covXX", "MET_covXY", "MET_covYY"), _F),
    "PV_npvsGood": _I,
    **dict.fromkeys(FLAGS, _B),
}
BRANCHES = (*SCALARS, *(f"{kind}_{name}" for kind, names in COLLECTIONS.items() for name in names))
_DEFAULT_SCALARS = {
    "run": 1,
    "luminosityBlock": 1,
    "event": 0,
    "genWeight": 1.0,
    "PuppiMET_pt": 37.5,
    "PuppiMET_phi": 1.1,
    "MET_covXX": 420.0,
    "MET_covXY": -35.0,
    "MET_covYY": 390.0,
    "PV_npvsGood": 28,
    **dict.fromkeys(FLAGS, True),
}


def muon(**changes: Any) -> dict[str, Any]:
    """Make a muon that is good in mt, em and mm."""
    base = {"pt": 50.0, "eta": 0.25, "phi": 0.25, "dxy": 0.001, "dz": 0.01, "pfRelIso04_all": 0.02}
    return base | {"charge": -1, "mediumId": True, "looseId": True} | changes


def electron(**changes: Any) -> dict[str, Any]:
    """Make an electron that is good in et, em and ee."""
    base = {"pt": 50.0, "eta": 0.5, "phi": -1.25, "dxy": -0.002, "dz": -0.02, "pfRelIso03_all": 0.03}
    return base | {"charge": -1, "mvaFall17V2noIso_WP90": True, "convVeto": True, "lostHits": 0} | changes


def tau(**changes: Any) -> dict[str, Any]:
    """Make a tau that is good in tt, mt and et."""
    base = {"pt": 50.0, "eta": -0.75, "phi": 2.5, "mass": 0.875, "dz": -0.03, "charge": 1, "decayMode": 1}
    ids = {"VSe": 255, "VSmu": 15, "VSjet": 127}
    return (
        base
        | {"jetIdx": -1, "idDecayModeNewDMs": True}
        | {f"idDeepTau2017v2p1{k}": v for k, v in ids.items()}
        | changes
    )


def jet(**changes: Any) -> dict[str, Any]:
    """Make a light jet away from the other default objects."""
    return {"pt": 50.0, "eta": 1.5, "phi": -2.5, "mass": 8.0, "btagDeepB": 0.05, "jetId": 6} | changes


def event(
    taus: Sequence[Mapping[str, Any]] = (),
    muons: Sequence[Mapping[str, Any]] = (),
    electrons: Sequence[Mapping[str, Any]] = (),
    jets: Sequence[Mapping[str, Any]] = (),
    **scalars: Any,
) -> dict[str, Any]:
    """Make an event with all branches of `BRANCHES`."""
    assert set(scalars) <= set(SCALARS), set(scalars) - set(SCALARS)
    made: dict[str, Any] = {name: kind((_DEFAULT_SCALARS | scalars)[name]) for name, kind in SCALARS.items()}
    for (collection, names), objects in zip(COLLECTIONS.items(), (taus, muons, electrons, jets), strict=True):
        for one in objects:
            assert set(one) == set(names), set(one) ^ set(names)
        made |= {f"{collection}_{name}": np.array([o[name] for o in objects], kind) for name, kind in names.items()}
    return made


def read_events(path: str | Path, tree: str = "Events") -> list[dict[str, Any]]:
    """Read those of `BRANCHES` that a file has (and genMass)."""
    with uproot.open({str(path): tree}) as source:
        arrays = source.arrays([name for name in (*BRANCHES, "genMass") if name in source])
    columns = {}
    for name in arrays.fields:
        jagged = arrays[name].ndim > 1
        columns[name] = [ak.to_numpy(x) for x in arrays[name]] if jagged else list(ak.to_numpy(arrays[name]))
    return [{name: values[i] for name, values in columns.items()} for i in range(len(arrays))]


def arrays_of(events: Iterable[Mapping[str, Any]]) -> ak.Array:
    """Return events as one record array with a field for each branch, lists of any length."""
    events = list(events)
    fields: dict[str, Any] = {name: np.array([e[name] for e in events], kind) for name, kind in SCALARS.items()}
    for collection, names in COLLECTIONS.items():
        numbers = np.array([len(e[f"{collection}_pt"]) for e in events], np.int64)
        for name, kind in names.items():
            branch = f"{collection}_{name}"
            flat = np.concatenate([np.empty(0, kind), *(e[branch] for e in events)])
            fields[branch] = ak.unflatten(flat, numbers)
    return ak.zip(fields, depth_limit=1)


def write_events(path: str | Path, events: Iterable[Mapping[str, Any]], tree: str = "Events") -> None:
    """Write events that `event` made as NanoAOD has them: counters ``nTau`` and arrays ``Tau_pt[nTau]``."""
    arrays = arrays_of(events)
    contents: dict[str, Any] = {name: arrays[name] for name in SCALARS}
    for collection, names in COLLECTIONS.items():
        contents[collection] = ak.zip({name: arrays[f"{collection}_{name}"] for name in names})
    with uproot.recreate(str(path)) as file:
        types = {name: values.type.content for name, values in contents.items()}
        file.mktree(tree, types)
        file[tree].extend(contents)
