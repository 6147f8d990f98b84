"""The report of a resampling: tables, all numbers as JSON, plots before and after, and the page that shows them."""

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING

from rdfplugins import manifest, pages
from rdfplugins.files import atomic, make_folder
from rdfplugins.plotting import ENDINGS
from rdfplugins.resample.report import columns, gallery, looks, maps, numbers, spectra, tables, values, words

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from rdfplugins.resample.report.gallery import Picture
    from rdfplugins.resample.report.numbers import Numbers
    from rdfplugins.resample.report.spectra import Spectrum
    from rdfplugins.resample.sources import Sources
    from rdfplugins.resample.tally import Tally

MARKDOWN, JSON = "resampling.md", "resampling.json"


def run(
    tally: Tally,
    sources: Sources,
    output: Path | None,
    folder: Path,
    *,
    variables: Mapping[str, str],
    n_rows: int | None,
    say: Callable[[str], None],
    plot_variables: Sequence[str] = (),
    colors: Mapping[str, str | None] | None = None,
    labels: Mapping[str, str | None] | None = None,
    units: Mapping[str, str] | None = None,
    attached: bool = True,
) -> tuple[Path, ...]:
    """Write tables, numbers, plots and the page ``index.html``; equal inputs give equal bytes.

    Files of an earlier report in the folder that this one does not have are removed.

    Parameters
    ----------
    tally, sources
        What was taken, and of what.
    output
        File of the rows that were taken; None: it is not there, and other variables are drawn before only.
    folder
        Where files go; it is made.
    variables
        Sampling variables, name -> expression.
    n_rows
        How many rows are read for plots of other variables, of all classes together; None: there are no plots.
    say
        Called with each line for the user.
    plot_variables
        Names of columns that are drawn besides the sampling variables, or patterns such as ``jet_*``.
    colors, labels
        Class -> colour of matplotlib, and what it is called on plots; where there is none: ours, and its name.
    units
        Variable or column -> its unit, where it is known.
    attached
        Whether the output has the weights of its rows; else all is said and drawn without them, as it is there.

    Returns
    -------
    The files written, the page first.

    Raises
    ------
    InputError
        If a source or the output cannot be read.
    MissingDependencyError
        Without matplotlib or mplhep; tables and numbers are written before.
    OutputError
        If something cannot be written.
    """
    make_folder(folder)
    hidden = not attached and numbers.is_weighted(tally)
    tally = numbers.without_weights(tally) if hidden else tally
    found = numbers.numbers_of(tally)
    chosen: tuple[str, ...] = ()
    if n_rows is not None and n_rows > 0:
        chosen = columns.matching(sources, plot_variables, set(variables.values()), say)
    others = _others(sources, output, chosen, n_rows=n_rows or 0, target=found.target_class, say=say) if chosen else []
    drawn = gallery.Drawn(spectra.spectra_of(tally, found), maps.maps_of(tally, found), others)
    notes = words.notes(tally, found, sources, attached=not hidden)
    if others and output is None:
        notes.append("There is no output yet: other variables are drawn before only.")
    report = _Report(tally, found, sources, words.facts(tally, found, output, attached=not hidden), notes)
    manifest.add(folder, [pages.NAME, MARKDOWN, JSON])
    _write(folder / MARKDOWN, report.markdown())
    _write(folder / JSON, values.text_of(values.values_of(tally, found, drawn.sampled, drawn.others)))
    pictures: list[Picture] = []
    if n_rows is not None:
        shown = looks.looks_of(tally.classes, colors or {}, labels or {}, say)
        pictures = gallery.pictures(found, drawn, looks.Scene(shown, tally.method, found.target_class, units or {}))
    names = [pages.NAME, MARKDOWN, JSON, *(f"{one.name}{ending}" for one in pictures for ending in ENDINGS)]
    manifest.add(folder, names)
    for one in pictures:
        one.write(folder)
    _write(folder / pages.NAME, report.page(pictures))
    manifest.finish(folder, names)
    return tuple(folder / name for name in names)


def _others(
    sources: Sources,
    output: Path | None,
    names: Sequence[str],
    *,
    n_rows: int,
    target: int | None,
    say: Callable[[str], None],
) -> list[Spectrum]:
    """Return the distributions of columns, before and after."""
    before = columns.rows_of_sources(sources, names, n_rows)
    read = f"{before.chosen} of {sum(before.totals)} rows before{'' if output else '; there is no output yet'}"
    after: columns.Rows | None = None
    there: tuple[str, ...] = ()
    if output is not None:
        after, there = columns.rows_of_output(output, sources, names, n_rows)
        read += f", {after.chosen} of {sum(after.totals)} after"
    found = []
    for place, name in enumerate(names):
        if after is not None and name not in there:
            say(f"warning: plot_variables: the output has no column of numbers '{name}'; it is drawn before only")
        other = (after, there.index(name)) if after is not None and name in there else None
        one = columns.spectrum_of(name, (before, place), other, target)
        if one is None:
            say(f"warning: plot_variables: '{name}' has no finite values; it is not drawn")
        else:
            found.append(dataclasses.replace(one, note="; ".join(filter(None, [read, one.note]))))
    return found


class _Report:
    """What is written about a resampling."""

    def __init__(self, tally: Tally, found: Numbers, sources: Sources, facts: dict[str, str], notes: list[str]) -> None:
        self._grids = tables.grids(tally, found)
        self._samples = words.samples(sources)
        self._facts, self._notes = facts, notes
        self._definitions = words.definitions(found)
        self._method = tally.method
        self._said = words.METHODS.get(tally.method, "")

    def markdown(self) -> str:
        """Return it as Markdown."""
        facts = words.paragraphs([f"{key}: {value}" for key, value in self._facts.items()])
        head = [part for part in (self._said, facts, *self._notes) if part]
        text = pages.markdown(words.TITLE, [*self._grids, self._samples], head)
        return f"{text}\n## Definitions\n\n{words.paragraphs(self._definitions)}\n"

    def page(self, pictures: Sequence[Picture]) -> str:
        """Return it as HTML, with plots."""
        plots = {name: list(group) for name, group in itertools.groupby(pictures, key=lambda picture: picture.section)}
        rows = [*(pages.titled(grid) for grid in self._grids), *_figures(plots.pop(gallery.ROWS, []))]
        sections = [pages.Section(gallery.ROWS, "\n".join(rows))]
        sections += [pages.Section(name, "\n".join(_figures(group))) for name, group in plots.items()]
        definitions = "\n".join(f"<p>{pages.text(line)}</p>" for line in self._definitions)
        said = [f"<p>{pages.text(self._said)}</p>"] if self._said else []
        return pages.document(
            f"{words.TITLE}: {self._method}",
            facts=self._facts,
            notes=self._notes,
            first="\n".join([*said, pages.titled(self._samples)]),
            sections=[*sections, pages.Section("Definitions", definitions)],
            files=(MARKDOWN, JSON),
        )


def _figures(pictures: Sequence[Picture]) -> list[str]:
    if not pictures:
        return []
    return [pages.plots([pages.figure(one.name, one.heading, note=one.note, wide=one.wide) for one in pictures])]


def _write(path: Path, text: str) -> None:
    with atomic(path) as part:
        part.write_text(text, encoding="utf-8")
