"""From a config and the files of its samples to the plots, tables and notes of a response."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from rdfplugins.pages import unique
from rdfplugins.report.gallery import Picture
from rdfplugins.report.prepare import remarks_of, shown_label
from rdfplugins.report.response import draw, draw_separation, events, labels, plan, splits, tables, values
from rdfplugins.report.response.numbers import ResponseNumbers, estimates_of
from rdfplugins.report.response.separation import SeparationNumbers, separate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from rdfplugins.config import Config
    from rdfplugins.pages import Grid
    from rdfplugins.report.contents import Contents
    from rdfplugins.report.model import Remarks

MARKDOWN = "response.md"


@dataclasses.dataclass(frozen=True)
class Made:
    """What a report has of a response; nothing where no simulated event can be looked at.

    Attributes
    ----------
    pictures, tables
        In their order.
    notes
        Section of the page -> what must be known to read its plots and tables.
    """

    pictures: tuple[Picture, ...] = ()
    tables: tuple[Grid, ...] = ()
    notes: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)


def make(
    config: Config,
    samples: Sequence[Contents],
    files: Mapping[str, Path],
    taken: set[str],
    say: Callable[[str], None],
) -> Made:
    """Read the trees and compute all numbers; nothing is drawn or written yet.

    Data are not opened, so that nothing that is blinded can be told.

    Parameters
    ----------
    samples
        In the order of the config.
    files
        Sample -> its file.
    taken
        Names of files of other plots; those of the new ones are added.
    say
        Called with each line for the user.

    Raises
    ------
    ConfigErrors
        For columns that the trees do not have, at the lines of the config.
    InputError
        If a file is damaged.
    """
    there = {sample.name: sample for sample in samples if not sample.is_data}
    trees = {name: events.open_tree(config, files[name]) for name in there}
    found = plan.resolve(config, {name: tree.kinds for name, tree in trees.items()})
    events.check_kinds(config, found, trees)
    maker = _Maker(config, found, there, trees, taken, say)
    parts = []
    if found.samples:
        parts.append(maker.response())
    else:
        say("the response is left out: none of the samples that are there has a truth")
    if plan.section(config).separation is not None:
        parts.append(maker.separation())
    return Made(
        tuple(picture for part in parts for picture in part.pictures),
        tuple(grid for part in parts for grid in part.tables),
        {section: notes for part in parts for section, notes in part.notes.items()},
    )


@dataclasses.dataclass(frozen=True)
class _Maker:
    config: Config
    plan: plan.Plan
    samples: Mapping[str, Contents]
    trees: Mapping[str, events.Tree]
    taken: set[str]
    say: Callable[[str], None]

    def response(self) -> Made:
        """Return plots and tables of all events, and of each channel that has enough of them."""
        spec, wanted = plan.section(self.config), self.plan.samples
        read = events.read(self.config, self.plan, [self.trees[name] for name in wanted], of_response=True)
        names = tuple(name for name, count in zip(wanted, read.counts, strict=True) if count) or wanted
        edges, channels = plan.edges(self.config), list(self.plan.channels)
        estimates = estimates_of(read, edges, [None, *channels])
        first = ResponseNumbers(
            name=unique("response", self.taken),
            channel=None,
            truth=spec.truth,
            unit=self.trees[names[0]].units.get(spec.truth) or self.config.input.units,
            edges=np.asarray(edges, dtype=np.float64),
            estimates=estimates[None],
            labels=self._labels(),
            samples=names,
            split=self.plan.split,
            of_split=self._of_split(),
            weight=self._weight() if spec.weighted else None,
            remarks=self._remarks(names),
        )
        of_channels = [dataclasses.replace(first, channel=name, estimates=estimates[name]) for name in channels]
        shown = [
            dataclasses.replace(numbers, name=unique(f"{first.name}_{numbers.channel}", self.taken))
            for numbers in of_channels
            if numbers.shown
        ]
        notes = [*tables.response_notes(first), *self._doubts(names), *_notes_of_reading(read, "response")]
        few = [str(numbers.channel) for numbers in of_channels if not numbers.shown]
        if few:
            notes.append(f"Channels with too few events in all bins: {', '.join(few)}.")
        columns = ", ".join(self.plan.estimates)
        whose = f" ({first.of_split})" if first.of_split else ""
        self.say(f"response of {columns}: {sum(read.counts)} events of {', '.join(names)}{whose}")
        for doubt in self._doubts(names):
            self.say(
                f"response: {doubt}" if self.plan.split == "val" else doubt.replace("Warning", "warning: response", 1)
            )
        if not first.shown:
            self.say("warning: response: no bin has enough events with a truth")
        return Made(
            tuple(map(_picture_of_response, [first, *shown])),
            tuple(grid for numbers in [first, *shown] for grid in tables.response_grids(numbers)),
            {tables.RESPONSE: tuple(notes)},
        )

    def separation(self) -> Made:
        """Return plot and tables of signal and background; nothing where one of them is not there."""
        background, signal = self.plan.background, self.plan.signal
        if not background:
            self.say("the separation is left out: signal or background is not there")
            return Made()
        kinds = [
            events.read(self.config, self.plan, [self.trees[name] for name in names], of_response=False)
            for names in (background, signal)
        ]
        estimates = separate(*kinds)
        if not estimates:
            self.say("the separation is left out: signal or background has too few events with all estimates")
            return Made()
        numbers = SeparationNumbers(
            name=unique("separation", self.taken),
            background=self._called(background),
            signal=self._called(signal),
            background_samples=background,
            signal_samples=signal,
            estimates=estimates,
            labels=self._labels(),
            units={column: self.trees[signal[0]].units.get(column, "") for column in self.plan.estimates},
            split=self.plan.split,
            of_split=self._of_split(),
            weight=self._weight(),
            remarks=self._remarks((*background, *signal)),
        )
        notes = (
            *tables.separation_notes(numbers),
            *self._doubts((*background, *signal)),
            *(note for kind in kinds for note in _notes_of_reading(kind, "separation")),
        )
        grids = tuple(tables.separation_grids(numbers))
        return Made((_picture_of_separation(numbers),), grids, {tables.SEPARATION: notes})

    def _labels(self) -> dict[str, labels.Label]:
        return labels.labels_of(self.config, self.plan.estimates)

    def _remarks(self, names: Sequence[str]) -> Remarks:
        """Return what has to be said of these samples; no luminosity, on which nothing depends.

        What has a truth is a simulation, be it of this package or of an experiment.
        """
        remarks = remarks_of(self.config, [self.samples[name] for name in names])
        return dataclasses.replace(remarks, lumi_pb=None, simulation=True)

    def _weight(self) -> str | None:
        return None if self.plan.weight is None else self.plan.weight.text

    def _called(self, names: Sequence[str]) -> str:
        shown = [shown_label(self.config, self.samples[name].label) for name in names]
        return " + ".join(dict.fromkeys(shown))

    def _of_split(self) -> str:
        return splits.in_words(self.config, self.plan.split)

    def _doubts(self, names: Sequence[str]) -> list[str]:
        """Return what a training has to do with these events, as a note of the page; none where it has nothing."""
        called = self._labels()
        models = [called[column].plain for column in splits.models_of(self.config, self.plan.estimates)]
        doubt = splits.doubt(self.config, self.plan.split, names, models)
        if not doubt:
            return []
        return [f"{doubt[:1].upper()}{doubt[1:]}." if self.plan.split == "val" else f"Warning: {doubt}."]


def _notes_of_reading(read: events.Events, what: str) -> list[str]:
    notes = []
    if read.every > 1:
        notes.append(f"One in {read.every} events was looked at for the {what}, as there are many.")
    if read.bad_weights:
        notes.append(f"Left out of the {what}, as their weight is NaN or infinite: {read.bad_weights} events.")
    return notes


def _picture_of_response(numbers: ResponseNumbers) -> Picture:
    return Picture(
        numbers.name,
        tables.RESPONSE,
        "Estimate over truth" if numbers.channel is None else f"Estimate over truth, channel {numbers.channel}",
        values.response_values(numbers),
        lambda folder: draw.write_response(numbers, folder),
        tables.missing_in_words(numbers),
    )


def _picture_of_separation(numbers: SeparationNumbers) -> Picture:
    return Picture(
        numbers.name,
        tables.SEPARATION,
        f"{numbers.signal} and {numbers.background}",
        values.separation_values(numbers),
        lambda folder: draw_separation.write_separation(numbers, folder),
        wide=True,
    )
