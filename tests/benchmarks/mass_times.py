"""CPU time per event of each estimate of the di-tau mass: the same events in memory, one thread, with the reading."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

import numpy as np

import rdfplugins as rp
from rdfplugins import cpp
from rdfplugins.inference import load_model
from rdfplugins.nodes import base, ditau
from rdfplugins.nodes.ditau_fastmtt import INPUTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

FEW, MANY, TIMES = 20_000, 220_000, 3
_LEGS = [f"rdfp::ditau::Leg{{pt_{leg}, eta_{leg}, phi_{leg}, 0, m_{leg}}}" for leg in (1, 2)]
_MET = "rdfp::ditau::Met{met, metphi, metcov00, metcov01, metcov11}"
_VISIBLE = f"rdfp::ditau::mass_of({_LEGS[0]}, {_LEGS[1]})"
# the functions that make these columns of ditau.features
FORMULAS = {
    "m_vis": _VISIBLE,
    "mt_tot": f"rdfp::ditau::transverse_masses({{{_LEGS[0]}, {_LEGS[1]}}}, {_MET})[3]",
    "m_coll": f"rdfp::ditau::collinear_mass({_LEGS[0]}, {_LEGS[1]}, {_MET}, {_VISIBLE})",
}


def per_event(job: Callable[[int], None]) -> float:
    """Return CPU microseconds that one more event costs; what does not depend on their number is not in it."""
    best = {}
    for n in (FEW, MANY) * TIMES:
        start = time.process_time()
        job(n)
        best[n] = min(time.process_time() - start, best.get(n, math.inf))
    return (best[MANY] - best[FEW]) / (MANY - FEW) * 1e6


def times(columns: Mapping[str, NDArray[Any]], model: str | None, folder: Path) -> Iterator[tuple[str, float]]:
    """Yield each estimate, how it is computed, and its CPU microseconds per event.

    Parameters
    ----------
    columns
        Of selected events: the inputs of the networks and of ``ditau.fastmtt``, repeated until they are enough.
    model
        Name or path.
    folder
        For ntuples.
    """
    name = load_model(model, backend="numpy").name
    rows = {n: {key: np.resize(np.asarray(values), n) for key, values in columns.items()} for n in (FEW, MANY)}
    cpp.include("rdfplugins/ditau_features.h")

    def loop(names: tuple[str, ...], estimate: Callable[[Any], Any]) -> Callable[[int], None]:
        def run(n: int) -> None:
            df = cpp.load_root().RDF.FromNumpy({key: rows[n][key] for key in names})
            estimate(base.as_rnode(df)).GetValue()

        return run

    for column, formula in FORMULAS.items():
        yield column, per_event(loop(INPUTS, lambda df, formula=formula: df.Define("x", formula).Sum("x")))
    yield "m_fastmtt", per_event(loop(INPUTS, lambda df: ditau.fastmtt(df).Sum("m_fastmtt")))
    yield f"{name}, in the graph", per_event(loop(ditau.INPUTS, lambda df: rp.ml_mass(df, model=model).Sum("ml_mass")))
    for n, some in rows.items():
        frame = cpp.load_root().RDF.FromNumpy({key: some[key] for key in ditau.INPUTS})
        frame.Snapshot("events", str(folder / f"{n}.root"))
    for backend in ("cpp", "numpy"):

        def append(n: int, backend: Any = backend) -> None:
            output = folder / "appended.root"
            rp.append_ml_mass(
                folder / f"{n}.root", model=model, output=output, backend=backend, force=True, say=lambda _: None
            )

        yield f"{name}, appended ({backend}), file and all", per_event(append)


def table(measured: Mapping[str, float]) -> str:
    """Return the times as Markdown."""
    lines = ["| estimate | CPU µs per event |", "|---|---|"]
    return "\n".join([*lines, *(f"| {name} | {value:.2f} |" for name, value in measured.items())])
