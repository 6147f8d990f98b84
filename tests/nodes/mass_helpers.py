"""A small network on the 27 inputs, events that are odd in every way, and a model folder made of the network."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from rdfplugins.inference import Layer, Network, write_json, write_legacy
from rdfplugins.nodes.ditau import INPUTS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

SENTINELS = (-10.0, -99.0, -999.0, -9999.0, float("nan"), float("inf"), -float("inf"), 1e300)


def network(shape: Sequence[int] = (27, 16, 8, 1), *, seed: int = 1, activation: str = "softplus") -> Network:
    rng = np.random.default_rng(seed)
    layers = []
    for number, (inputs, outputs) in enumerate(itertools.pairwise(shape)):
        scale = 0.02 if number == 0 else 1 / np.sqrt(inputs)
        kernel = (rng.standard_normal((inputs, outputs)) * scale).astype(np.float32)
        bias = rng.standard_normal(outputs).astype(np.float32)
        last = number == len(shape) - 2
        layers.append(Layer(kernel, bias, "linear" if last else activation))  # type: ignore[arg-type]
    return Network(tuple(layers))


def write_model(folder: Path, made: Network, inputs: Sequence[str] = INPUTS, *, card: str = "") -> Path:
    """Write a folder of the layout of the published models."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{folder.name}.json").write_text(write_json(made, folder.name))
    write_legacy(folder / f"NN_weights-{folder.name}.h5", made)
    listed = "".join(f'    "{name}",\n' for name in inputs)
    (folder / "inputs_for_models_in_this_dir.py").write_text(f"inputs = [\n{listed}]\n")
    if card:
        (folder / "card.yaml").write_text(card)
    return folder


def reference(made: Network, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """The network in float64, a layer a line."""
    functions = {
        "linear": lambda y: y,
        "softplus": lambda y: np.maximum(y, 0) + np.log1p(np.exp(-np.abs(y))),
        "relu": lambda y: np.maximum(y, 0),
    }
    for layer in made.layers:
        x = functions[layer.activation](x @ layer.kernel.astype(np.float64) + layer.bias)
    return x


def add_transverse_masses(columns: dict[str, NDArray[np.float64]]) -> None:
    """Make those of the legs, of MET, and their quadrature sum what the momenta say."""
    momenta = {name: (columns[f"{name}_pt_reco"], columns[f"{name}_phi_reco"]) for name in ("tau1", "tau2", "PuppiMET")}
    for name, one, other in (("1", "tau1", "PuppiMET"), ("2", "tau2", "PuppiMET"), ("tt", "tau1", "tau2")):
        (pt_a, phi_a), (pt_b, phi_b) = momenta[one], momenta[other]
        columns[f"PuppimT{name}_reco"] = np.sqrt(2 * pt_a * pt_b * (1 - np.cos(phi_a - phi_b)))
    masses = [columns[f"PuppimT{name}_reco"] ** 2 for name in ("1", "2", "tt")]
    columns["PuppimTtot_reco"] = np.sqrt(sum(masses))


def events(n: int, *, seed: int = 1, odd: float = 0.3) -> dict[str, NDArray[np.float64]]:
    """Columns of plausible events; a fraction ``odd`` of them with values that mean that something is not there."""
    rng = np.random.default_rng(seed)
    columns: dict[str, NDArray[np.float64]] = {}
    for name in INPUTS:
        if "phi" in name:
            columns[name] = rng.uniform(-np.pi, np.pi, n)
        elif "eta" in name:
            columns[name] = rng.uniform(-4.7, 4.7, n)
        elif name == "N_neutrinos_reco":
            columns[name] = rng.integers(2, 5, n).astype(float)
        elif name in {"PU_npvsGood_reco", "remaining_jets_N_reco"}:
            columns[name] = rng.integers(0, 60, n).astype(float)
        elif "covXY" in name:
            columns[name] = rng.uniform(-0.9, 0.9, n) * np.sqrt(columns["MET_covXX_reco"] * 300)
        elif "covYY" in name:
            columns[name] = 300 + rng.exponential(60, n)
        else:
            columns[name] = rng.exponential(60, n)
    for jet in ("jet1", "jet2", "remaining_jets"):
        gone = rng.random(n) < 0.3
        convention = rng.choice([0.0, -10.0, -999.0], n)
        for what in ("pt", "eta", "phi"):
            columns[f"{jet}_{what}_reco"] = np.where(gone, convention, columns[f"{jet}_{what}_reco"])
    add_transverse_masses(columns)
    for row in np.flatnonzero(rng.random(n) < odd):
        name = INPUTS[rng.integers(len(INPUTS))]
        columns[name][row] = rng.choice([*SENTINELS, 0.0, 6.1, 3.1415927, -3.2, 7.0])
    return columns
