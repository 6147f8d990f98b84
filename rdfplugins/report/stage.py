"""The stage itself: read the files of the samples, write tables, numbers, plots and the page that shows them."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

from rdfplugins import manifest, pages, provenance
from rdfplugins.config import ReportConfig
from rdfplugins.errors import InputError
from rdfplugins.files import atomic, make_folder
from rdfplugins.plotting import ENDINGS
from rdfplugins.report import channels, contents, gallery, page, prepare, tables, yields
from rdfplugins.report.assumed_signal import no_peak
from rdfplugins.report.blinding import WINDOW_GEV, WINDOW_TEXT, Blinding, blinding
from rdfplugins.report.response import made as response

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from rdfplugins.config import Config
    from rdfplugins.report.contents import Contents

FOLDER = "report"
MARKDOWN, JSON = "cutflow.md", "cutflow.json"


def run(
    config: Config, files: Mapping[str, Path], folder: Path, say: Callable[[str], None] | None = None
) -> tuple[Path, ...]:
    """Write tables, plots and the page ``index.html`` into ``<folder>/report``.

    ``cutflow.md`` and ``cutflow.json`` hold cutflows, yields of channels and of categories, and systematic variations;
    each plot is a PNG, a PDF and (but for those of cutflows) a JSON file with its numbers. ``response.md`` has the
    tables of ``report.response``, if the config asks for it. Files of an earlier report that this one does not have are
    removed.

    Parameters
    ----------
    config
        Histograms, luminosity, and the section ``report``: data in the signal window are hidden unless it says
        ``unblind: true``.
    files
        Sample -> output of the stage select; tables and stacks are in the order of the config.
    folder
        Folder of the outputs.
    say
        Called with each line for the user, which also stands in the notes of the page.

    Returns
    -------
    The files written, the page first.

    Raises
    ------
    InputError
        If a file is not an output of the stage select with this config.
    MissingDependencyError
        Without matplotlib or mplhep; tables and numbers are written before.
    OutputError
        If something cannot be written.
    """
    order = list(config.input.samples)
    names = sorted(files, key=lambda name: order.index(name) if name in order else len(order))
    if not names:
        raise InputError("a report needs the file of at least one sample")
    samples = [contents.read(config, name, files[name]) for name in names]
    hidden = blinding(config) if any(sample.is_data for sample in samples) else None
    pictures = gallery.pictures(config, samples, hidden)
    responses = _responses(config, samples, files, pictures, say)
    pictures += responses.pictures
    doubt = no_peak(config, samples)
    if doubt and say is not None:
        say(f"warning: {doubt}")
    target = folder / FOLDER
    make_folder(target)
    texts = (MARKDOWN, JSON, *([response.MARKDOWN] if responses.tables else []))
    written = [target / name for name in (pages.NAME, *texts)]
    for picture in pictures:
        endings = [*ENDINGS, *([] if picture.values is None else [".json"])]
        written += [target / f"{picture.name}{ending}" for ending in endings]
    manifest.add(target, [path.name for path in written])
    grids = [*_write_tables(config, samples, target, hidden), *_write_responses(config, samples, target, responses)]
    for picture in pictures:
        if picture.values is not None:
            _write_json(target / f"{picture.name}.json", {"config": config.path.name, **picture.values})
    for picture in pictures:
        picture.write(target)
    with atomic(target / pages.NAME) as part:
        whole = dataclasses.replace(
            _page(config, samples, hidden, grids, pictures), files=texts, remarks=responses.notes
        )
        part.write_text(page.render(whole), encoding="utf-8")
    manifest.finish(target, [path.name for path in written])
    return tuple(written)


def _write_tables(
    config: Config, samples: Sequence[Contents], target: Path, hidden: Blinding | None
) -> list[pages.Grid]:
    cutflows, lumi_pb = [sample.cutflow for sample in samples], config.input.lumi_pb
    grids = [
        *tables.cutflow_grids(cutflows, lumi_pb, blinding=hidden),
        *channels.channel_grids(cutflows, lumi_pb, blinding=hidden),
        *yields.category_grids(samples, lumi_pb, blinding=hidden),
        *yields.variation_grids(samples),
    ]
    notes = [f"Config `{config.path.name}`.", *_notes(config, samples, hidden)]
    with atomic(target / MARKDOWN) as part:
        part.write_text(pages.markdown("Cutflow", grids, notes), encoding="utf-8")
    values = tables.to_json(cutflows, lumi_pb, blinding=hidden)
    for sample in samples:
        values["samples"][sample.name] = {
            "label": sample.label,
            "simulation": sample.simulation,
            "partial": sample.partial,
            **values["samples"][sample.name],
            **yields.extra_values(sample, lumi_pb, blinding=hidden),
        }
    head = {"config": config.path.name, "blinded_gev": list(WINDOW_GEV) if hidden else None}
    _write_json(target / JSON, {**head, **values})
    return grids


def _silence(line: str) -> None:
    del line


def _responses(
    config: Config,
    samples: Sequence[Contents],
    files: Mapping[str, Path],
    pictures: Sequence[gallery.Picture],
    say: Callable[[str], None] | None,
) -> response.Made:
    """Return what the config asks for of responses: nothing where it does not."""
    if config.report is None or config.report.response is None:
        return response.Made()
    taken = {picture.name for picture in pictures} | {JSON.partition(".")[0]}
    return response.make(config, samples, files, taken, say or _silence)


def _write_responses(
    config: Config, samples: Sequence[Contents], target: Path, responses: response.Made
) -> Sequence[pages.Grid]:
    if responses.tables:
        said = [note for note in _notes(config, samples, None) if note.startswith(("**Simulation", "**Partial"))]
        notes = [f"Config `{config.path.name}`.", *said, *(note for part in responses.notes.values() for note in part)]
        with atomic(target / response.MARKDOWN) as part:
            part.write_text(pages.markdown("Response of estimates", responses.tables, notes), encoding="utf-8")
    return responses.tables


def _write_json(path: Path, values: dict[str, Any]) -> None:
    with atomic(path) as part:
        part.write_text(json.dumps(values, indent=1, allow_nan=False) + "\n", encoding="utf-8")


def _notes(config: Config, samples: Sequence[Contents], hidden: Blinding | None) -> list[str]:
    notes = []
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
    notes += _notes_of_substitutions(samples)
    doubt = no_peak(config, samples)
    if doubt:
        notes.append(f"**Warning**: {doubt}.")
    bad = [f"{one.name} {one.cutflow.bad_weights}" for one in samples if one.cutflow.bad_weights]
    if bad:
        notes.append(f"Events whose weight is NaN or infinite, left out of sums of weights: {', '.join(bad)}.")
    return notes


def _notes_of_substitutions(samples: Sequence[Contents]) -> list[str]:
    """Return a line for each set of substitutions, with the samples that have it."""
    found: dict[str, list[str]] = {}
    for sample in samples:
        if sample.substitutions:
            found.setdefault(provenance.substitutions_text(sample.substitutions), []).append(sample.name)
    return [f"Substitutions in {', '.join(names)}: {text}." for text, names in found.items()]


def _page(
    config: Config,
    samples: Sequence[Contents],
    hidden: Blinding | None,
    grids: Sequence[pages.Grid],
    pictures: Sequence[gallery.Picture],
) -> page.Page:
    report, lumi_pb = config.report or ReportConfig(), config.input.lumi_pb
    versions: dict[str, dict[str, None]] = {}
    for sample in samples:
        for software, version in sample.versions.items():
            versions.setdefault(software, {})[version] = None
    facts = {
        "Config": config.path.name,
        "Luminosity": "not given" if lumi_pb is None else tables.luminosity(lumi_pb),
        "Energy": report.energy,
        **{software: ", ".join(found) for software, found in versions.items()},
    }
    return page.Page(
        title=report.title or config.name,
        facts=facts,
        notes=[note.replace("**", "").replace("`", "") for note in _notes(config, samples, hidden)],
        samples=_sample_grid(config, samples, hidden),
        tables=grids,
        pictures=pictures,
    )


def _sample_grid(config: Config, samples: Sequence[Contents], hidden: Blinding | None) -> pages.Grid:
    first = tables.cutflow_rows([sample.cutflow for sample in samples], None, blinding=hidden)[0]
    rows = []
    for sample, cell in zip(samples, first.cells, strict=True):
        kind = "data" if sample.is_data else "signal" if prepare.is_signal(config, sample) else "background"
        made = ", ".join(
            word for word, true in (("simulation of ours", sample.simulation), ("partial", sample.partial)) if true
        )
        events = tables.cell_text(cell, lambda found: str(found.events))
        rows.append((sample.name, sample.label, kind, events, made or pages.ABSENT))
    return pages.Grid("Samples", ("sample", "label", "kind", "events", "remarks"), tuple(rows))
