"""Print how well a model estimates the di-tau mass, beside the masses that need no training, on the same events.

usage: python -m tests.benchmarks.mass_response [MODEL] [-n EVENTS] [--seed SEED] [--channels] [--times] [--yaml]

The events are a scalar resonance in the fast simulation of rdfplugins, of all masses from 50 to 1000 GeV, behind the
selection of ``ditau.select``; the seed is none of those of the training of the shipped model. In bins of the true mass:
median of estimate / true mass, and width: half the central 68 % of this ratio over its median. ``--channels`` adds a
table for each channel, ``--times`` the CPU time per event of each estimate, ``--yaml`` prints figures as they stand in
the card of a model.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import yaml

from rdfplugins.cpp import load_root
from rdfplugins.inference import load_model
from rdfplugins.nodes import ditau
from rdfplugins.nodes.ditau_fastmtt import INPUTS, STATUS
from rdfplugins.response import MASS_EDGES, responses
from rdfplugins.simulate import simulate_ditau
from tests.benchmarks import mass_times

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

# lowest and highest mass, GeV; share of the events: few of the light ones are selected
RANGES = ((50.0, 70.0, 0.45), (70.0, 90.0, 0.22), (90.0, 135.0, 0.13), (135.0, 300.0, 0.07), (300.0, 1000.0, 0.13))
OTHERS = ("m_vis", "mt_tot", "m_coll", "m_fastmtt")
SEED, SKIM_PT = 20_000, 10.0  # GeV: no leg is softer


def selected(events: int, seed: int, folder: Path) -> dict[str, NDArray[Any]]:
    """Return columns of selected events: all inputs, the true mass, the masses to compare with."""
    root = load_root()
    parts = []
    for number, (low, high, share) in enumerate(RANGES):
        path = folder / "sample.root"
        count = max(1, round(share * events))
        simulate_ditau(path, events=count, mass=(low, high), spin="scalar", seed=seed + number, skim_pt=SKIM_PT)
        df = ditau.fastmtt(ditau.features(ditau.select(root.RDataFrame("Events", str(path)))))
        parts.append(df.AsNumpy([*ditau.INPUTS, *INPUTS, *OTHERS, "fastmtt_status", "genMass"]))
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def estimates(columns: Mapping[str, NDArray[Any]], model: Any) -> dict[str, NDArray[Any]]:
    """Return the estimates to compare: that of the model first."""
    inputs = np.column_stack([columns[name] for name in model.inputs])
    return {model.name: model.predict(inputs)[:, 0], **{name: columns[name] for name in OTHERS}}


def table(found: Mapping[str, NDArray[Any]], mass: NDArray[Any]) -> str:
    """Return the responses of all estimates as Markdown; a fraction of events with an estimate where it is not 1."""
    rows = {name: responses(values, mass) for name, values in found.items()}
    lines = [f"| true mass / GeV | events | {' | '.join(rows)} |", f"|---|---|{'---|' * len(rows)}"]
    for number, one in enumerate(next(iter(rows.values()))):
        cells = []
        for each in rows.values():
            here = each[number]
            some = "" if here.defined == 1 else f" ({here.defined:.0%})"
            cells.append(f"{here.median:.3f} {here.width:.3f}{some}")
        lines.append(f"| {one.low:g} to {one.high:g} | {one.events} | {' | '.join(cells)} |")
    return "\n".join(lines)


def as_yaml(found: Mapping[str, NDArray[Any]], mass: NDArray[Any]) -> str:
    """Return median and width for each estimate in the form of a card."""
    figures: dict[str, Any] = {"mass_bins": list(MASS_EDGES)}
    for name, values in found.items():
        each = responses(values, mass)
        figures[name] = {
            "median": [round(one.median, 3) for one in each],
            "width": [round(one.width, 3) for one in each],
        }
        figures.setdefault("events", [one.events for one in each])
    return yaml.safe_dump(figures, sort_keys=False, default_flow_style=None, width=110)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", help="name or path; default: the shipped model")
    parser.add_argument("-n", "--events", type=int, default=2_000_000, help="to be simulated")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--channels", action="store_true", help="a table for each channel, too")
    parser.add_argument("--times", action="store_true", help="CPU time per event of each estimate")
    parser.add_argument("--yaml", action="store_true", help="figures for a card")
    given = parser.parse_args(arguments)
    model = load_model(given.model, say=print)
    with tempfile.TemporaryDirectory() as folder:
        columns = selected(given.events, given.seed, Path(folder))
    found, mass = estimates(columns, model), columns["genMass"]
    print(f"{len(mass)} of {given.events} events selected; median and width of estimate / true mass\n")
    print(table(found, mass))
    for number, channel in enumerate(ditau.CHANNELS if given.channels else ()):
        rows = columns["channel"] == number
        print(f"\nchannel {channel}\n\n{table({name: values[rows] for name, values in found.items()}, mass[rows])}")
    without = {name: int(np.count_nonzero(columns["fastmtt_status"] == number)) for name, number in STATUS.items()}
    print("\nm_fastmtt, events by status: " + ", ".join(f"{name} {count}" for name, count in without.items()))
    if given.times:
        with tempfile.TemporaryDirectory() as folder:
            measured = dict(mass_times.times(columns, given.model, Path(folder)))
        print(f"\n{mass_times.table(measured)}")
    if given.yaml:
        print(f"\n{as_yaml(found, mass)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
