"""The stage itself: read the files of the samples, write tables, draw plots."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from rdfplugins.errors import InputError
from rdfplugins.files import atomic, make_folder
from rdfplugins.report import contents, tables
from rdfplugins.report.blinding import WINDOW_GEV, WINDOW_TEXT, Blinding, blinding
from rdfplugins.report.draw import write_plot
from rdfplugins.report.prepare import prepare

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from rdfplugins.config import Config
    from rdfplugins.report.contents import Contents

FOLDER = "report"


def run(config: Config, files: Mapping[str, Path], folder: Path) -> tuple[Path, ...]:
    """Write ``cutflow.md``, ``cutflow.json`` and a plot for each histogram, as PNG and PDF, into ``<folder>/report``.

    Parameters
    ----------
    config
        Histograms, luminosity, and the section ``report``: data in the signal window are hidden unless it says
        ``unblind: true``.
    files
        Sample -> output of the stage select; tables and stacks are in the order of the config.
    folder
        Folder of the outputs.

    Returns
    -------
    The files written.

    Raises
    ------
    InputError
        If a file is not an output of the stage select with this config.
    MissingDependencyError
        Without matplotlib or mplhep; the tables are written before.
    OutputError
        If something cannot be written.
    """
    order = list(config.input.samples)
    names = sorted(files, key=lambda name: order.index(name) if name in order else len(order))
    if not names:
        raise InputError("a report needs the file of at least one sample")
    samples = [contents.read(config, name, files[name]) for name in names]
    target = folder / FOLDER
    make_folder(target)
    written = list(_write_tables(config, samples, target))
    for name in config.select.histograms:
        written += write_plot(prepare(config, name, samples), target)
    return tuple(written)


def _write_tables(config: Config, samples: Sequence[Contents], target: Path) -> tuple[Path, Path]:
    have_data = any(sample.kind == "data" for sample in samples)
    hidden = blinding(config) if have_data else None
    cutflows = [sample.cutflow for sample in samples]
    lumi_pb = config.input.lumi_pb
    paths = (target / "cutflow.md", target / "cutflow.json")
    with atomic(paths[0]) as part:
        text = tables.markdown(cutflows, lumi_pb, blinding=hidden, notes=_notes(config, samples, hidden))
        part.write_text(text, encoding="utf-8")
    values = tables.to_json(cutflows, lumi_pb, blinding=hidden)
    for sample in samples:
        said = {"label": sample.label, "simulation": sample.simulation, "partial": sample.partial}
        values["samples"][sample.name] = {**said, **values["samples"][sample.name]}
    values = {"config": config.path.name, "blinded_gev": list(WINDOW_GEV) if hidden else None, **values}
    with atomic(paths[1]) as part:
        part.write_text(json.dumps(values, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    return paths


def _notes(config: Config, samples: Sequence[Contents], hidden: Blinding | None) -> list[str]:
    notes = [f"Config `{config.path.name}`."]
    simulated = [sample.name for sample in samples if sample.simulation]
    if simulated:
        notes.append(f"**Simulation**, not data of an experiment: {', '.join(simulated)}.")
    partial = [sample.name for sample in samples if sample.partial]
    if partial:
        notes.append(f"**Partial**, only the first events were looked at: {', '.join(partial)}.")
    if hidden is not None:
        notes.append(
            f"Data are blinded in {WINDOW_TEXT}: numbers of data that would reveal the events in this window are hidden"
            " (`report: {unblind: true}` shows them)."
        )
    return notes
