"""A config -> its chart: which samples go through which steps, what is filled where, what is written and read."""

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING

from rdfplugins.config.steps import VaryStep
from rdfplugins.cutflow import ALL
from rdfplugins.errors import ConfigError, did_you_mean
from rdfplugins.flowchart.chart import Arrow, Box, Chart, Row, capped
from rdfplugins.flowchart.steps import StepFacts, as_yaml, step_box, step_facts
from rdfplugins.select.stage import check_steps

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rdfplugins.config import Config, SampleConfig, Step

TREE, KEPT, OUTPUT = "input", "events", "output"
ML = "ml"
_MOST_NAMES = 3
_STAGES = ("ml", "preparation", "resample", "sampling", "train", "report")  # behind the selection, as files call them
_READ_BY = {"report": "reads cutflows and histograms", "ml": "adds branches to the trees"}


@dataclasses.dataclass(frozen=True)
class _Group:
    """Samples of one kind that go through the same steps."""

    kind: str
    samples: tuple[str, ...]
    steps: tuple[int, ...]


@dataclasses.dataclass
class _Drawing:
    config: Config
    groups: list[_Group]
    boxes: list[Box] = dataclasses.field(default_factory=list)
    arrows: list[Arrow] = dataclasses.field(default_factory=list)
    beside: list[tuple[str, str]] = dataclasses.field(default_factory=list)

    @property
    def steps(self) -> list[Step]:
        """The steps that some sample goes through."""
        used = {index for group in self.groups for index in group.steps}
        return [step for step in self.config.select.steps if step.index in used]

    def kind_of(self, step: Step) -> str:
        """Return the kind of the first samples that go through a step."""
        return next(group.kind for group in self.groups if step.index in group.steps)


def lay_out(config: Config, samples: Sequence[str] | None = None) -> Chart:
    """Return the chart of a config, or of some of its samples; errors as `text.to_dot`."""
    names = _chosen(config, samples)
    check_steps(config, names)
    drawing = _Drawing(config, _groups(config, names))
    known = [step_facts(config, step, drawing.kind_of(step)) for step in drawing.steps]
    _draw_input(drawing)
    _draw_steps(drawing, known)
    _draw_events(drawing)
    _draw_histograms(drawing, known)
    _draw_outputs(drawing, names)
    title = config.path.name if samples is None else f"{config.path.name}: {', '.join(names)}"
    return Chart(title, tuple(drawing.boxes), tuple(drawing.arrows), tuple(drawing.beside))


# -- samples


def _chosen(config: Config, wanted: Sequence[str] | None) -> list[str]:
    there = list(config.input.samples)
    for name in wanted or ():
        if name not in there:
            raise ConfigError(f"no sample '{name}' in the config{did_you_mean(name, there)}", file=str(config.path))
    return [name for name in there if wanted is None or name in wanted]


def _groups(config: Config, names: Sequence[str]) -> list[_Group]:
    found: dict[tuple[str, tuple[int, ...]], list[str]] = {}
    for name in names:
        kind = config.input.samples[name].kind
        through = tuple(step.index for step in config.select.steps if _goes_through(step, name, kind))
        found.setdefault((kind, through), []).append(name)
    return [_Group(kind, tuple(members), steps) for (kind, steps), members in found.items()]


def _goes_through(step: Step, name: str, kind: str) -> bool:
    return step.applies_to(name, kind) and (kind == "mc" or not isinstance(step, VaryStep))  # data do not vary


def _who(drawing: _Drawing, groups: Sequence[_Group]) -> tuple[str, str]:
    """Return the kind of an arrow that these groups go along, and its label; none where all do."""
    if len(groups) == len(drawing.groups):
        return "all", ""
    kinds = {group.kind for group in groups}
    words = []
    for kind in sorted(kinds, reverse=True):
        of_kind = [group for group in drawing.groups if group.kind == kind]
        here = [group for group in groups if group.kind == kind]
        words.append(kind if len(here) == len(of_kind) else _some([name for group in here for name in group.samples]))
    return kinds.pop() if len(kinds) == 1 else "all", ", ".join(words)


def _some(names: Sequence[str]) -> str:
    """Return the first few names, and how many more there are."""
    more = len(names) - _MOST_NAMES
    return ", ".join(names) if more <= 1 else f"{', '.join(names[:_MOST_NAMES])} and {more} more"


# -- boxes, from top to bottom


def _draw_input(drawing: _Drawing) -> None:
    config = drawing.config
    for number, group in enumerate(drawing.groups):
        title = "MC samples" if group.kind == "mc" else "data samples"
        rows = [Row(name, _source(config.input.samples[name])) for name in group.samples]
        drawing.boxes.append(Box(f"samples_{number}", group.kind, title, rows=capped(rows)))
        drawing.arrows.append(Arrow(f"samples_{number}", TREE, group.kind if len(drawing.groups) > 1 else "all"))
    key = config.input.key
    rows = [Row("units", config.input.units), Row("key", key if isinstance(key, str) else ", ".join(key))]
    rows += [Row("lumi_pb", f"{config.input.lumi_pb:g}")] if config.input.lumi_pb is not None else []
    rows += [Row("include", header) for header in config.select.include]
    rows += [Row("alias", f"{name} = {text}") for name, text in config.input.aliases.items()]
    drawing.boxes.append(Box(TREE, "input", f"tree {config.input.tree}", rows=capped(rows)))


def _source(sample: SampleConfig) -> str:
    label = f"label {sample.label}, " if sample.label is not None else ""
    if sample.simulate is not None:
        made = sample.simulate
        return f"{label}{made.events} simulated events, {made.process} {made.mode}"
    files = sample.files or ()
    return f"{label}{files[0]}{f' and {len(files) - 1} more' if len(files) > 1 else ''}"


def _draw_steps(drawing: _Drawing, known: Sequence[StepFacts]) -> None:
    drawing.boxes += [step_box(step, about) for step, about in zip(drawing.steps, known, strict=True)]
    along: dict[tuple[str, str], list[_Group]] = {}
    for group in drawing.groups:
        places = [TREE, *(f"step_{index}" for index in group.steps), KEPT]
        for pair in itertools.pairwise(places):
            along.setdefault(pair, []).append(group)
    for (tail, head), groups in along.items():
        kind, label = _who(drawing, groups)
        drawing.arrows.append(Arrow(tail, head, kind, label))


def _draw_events(drawing: _Drawing) -> None:
    select = drawing.config.select
    rows = [Row("weight", select.weight or "1")]
    if select.split is not None:
        rows.append(Row("split", ", ".join(f"{name} {share:g}" for name, share in select.split.fractions.items())))
        rows += [Row("folds", str(select.split.folds))] if select.split.folds is not None else []
    rows += [Row(f"category {name}", text) for name, text in select.categories.items()]
    drawing.boxes.append(Box(KEPT, "events", "selected events", rows=capped(rows)))


def _draw_histograms(drawing: _Drawing, known: Sequence[StepFacts]) -> None:
    """Draw one box for all histograms that are filled after the same cut, beside what makes the cut."""
    cuts = {ALL: (TREE, "")}
    for step, about in zip(drawing.steps, known, strict=True):
        cuts |= {name: (f"step_{step.index}", f"cut_{number}") for number, name in enumerate(about.cuts)}
    filled: dict[str | None, list[Row]] = {}
    later = drawing.config.ml_histograms
    for name, spec in drawing.config.select.histograms.items():
        if name in later:
            continue
        low, high = spec.range
        rows = filled.setdefault(spec.after, [])
        rows.append(Row(name, f"{spec.column}, {spec.bins} bins in [{low:g}, {high:g}]"))
    for number, (after, rows) in enumerate(filled.items()):
        place, port = (KEPT, "") if after is None else cuts.get(after, (KEPT, ""))
        box = Box(f"histograms_{number}", "histograms", "histograms", f"after {after}" if after else "", capped(rows))
        drawing.boxes.append(box)
        drawing.arrows.append(Arrow(place, box.name, "side", port=port))
        drawing.beside.append((place, box.name))


# -- what is written, and who reads it


def _draw_outputs(drawing: _Drawing, names: Sequence[str]) -> None:
    config, output = drawing.config, drawing.config.select.output
    rows = [
        Row("files", _some([f"{name}.root" for name in names])),
        Row(f"tree {output.tree}", f"{_columns(drawing)}, {output.format}"),
        Row("cutflow", "counted and weighted"),
    ]
    rows += [Row("histograms", str(len(config.select.histograms)))] if config.select.histograms else []
    varied = [name for step in drawing.steps if isinstance(step, VaryStep) for name in step.vary]
    rows += [Row("variations", _some([f"{name} up, down" for name in varied]))] if varied else []
    rows += [Row("categories", _some(list(config.select.categories)))] if config.select.categories else []
    drawing.boxes.append(Box(OUTPUT, "output", "one file a sample", output.dir, tuple(rows)))
    drawing.arrows.append(Arrow(KEPT, OUTPUT))
    if output.exports:
        files = tuple(Row(f"{config.name}.{ending}") for ending in output.exports)
        drawing.boxes.append(Box("exports", "output", "exports", "all samples, from the trees", files))
        drawing.arrows.append(Arrow(_stage_box(ML) if config.ml else OUTPUT, "exports"))
    whole = OUTPUT  # what has made the trees as the next stage reads them
    for stage in config.source.data:
        if stage in _STAGES:
            rows = _rows_of_ml(config) if stage == ML else _rows_of_stage(config.source.data[stage])
            name = _stage_box(stage)
            drawing.boxes.append(Box(name, "stage", stage, _READ_BY.get(stage, "reads the trees"), capped(rows)))
            drawing.arrows.append(Arrow(whole, name))
            if stage == ML:
                whole = name
                _draw_later_histograms(drawing)


def _stage_box(stage: str) -> str:
    return f"stage_{stage}"


def _rows_of_stage(section: object) -> list[Row]:
    said = dict(section) if isinstance(section, dict) else {}
    options = said.pop("options", None)
    if isinstance(options, dict):
        said.update(options)
    return [Row(str(key), as_yaml(value)) for key, value in said.items()]


def _rows_of_ml(config: Config) -> list[Row]:
    """Return for each branch its model, then what else is said of it."""
    rows = []
    for entry in config.ml:
        rows.append(Row(entry.branch, f"model {entry.model}" if entry.model else "the default model"))
        said = entry.model_dump(exclude_unset=True, exclude={"model", "branch", "map"})
        rows += [Row("", f"{key}: {as_yaml(value)}") for key, value in said.items()]
        rows += [Row("", f"{name} = {expression}") for name, expression in entry.map.items()]
    return rows


def _draw_later_histograms(drawing: _Drawing) -> None:
    """Draw what is filled with the branches of models beside what makes these."""
    rows = [
        Row(name, f"{spec.column}, {spec.bins} bins in [{spec.range[0]:g}, {spec.range[1]:g}]")
        for name, spec in drawing.config.ml_histograms.items()
    ]
    if rows:
        drawing.boxes.append(Box("histograms_ml", "histograms", "histograms", rows=capped(rows)))
        drawing.arrows.append(Arrow(_stage_box(ML), "histograms_ml", "side"))
        drawing.beside.append((_stage_box(ML), "histograms_ml"))


def _columns(drawing: _Drawing) -> str:
    """Return how many columns a tree has: as configured, or those that nodes and defines make and what we add."""
    select = drawing.config.select
    own = ["event_key", "label_id"]
    if select.split is not None:
        own += ["split", "fold"] if select.split.folds is not None else ["split"]
    own += ["category"] if select.categories else []
    wanted = select.output.columns
    if wanted is not None:
        patterns = any(mark in name for name in wanted for mark in "*?[")
        if patterns:
            return f"columns {_some(wanted)}"
        return f"{len({*wanted, *own})} columns"
    counts: dict[int, list[_Group]] = {}
    for group in drawing.groups:
        steps = [step for step in select.steps if step.index in group.steps]
        made = {name for step in steps for name in step_facts(drawing.config, step, group.kind).columns}
        counts.setdefault(len({*made, *own}), []).append(group)
    if len(counts) == 1:
        return f"{next(iter(counts))} columns"
    return ", ".join(f"{number} columns ({_who(drawing, groups)[1]})" for number, groups in counts.items())
