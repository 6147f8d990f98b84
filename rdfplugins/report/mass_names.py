"""Which columns carry the mass: its own names, and all that a config makes from them."""

from __future__ import annotations

import dataclasses
import functools
import re
from typing import TYPE_CHECKING

from rdfplugins.config import DefineStep, FilterStep, GoldenJsonStep, NodeStep, ReportConfig
from rdfplugins.errors import ConfigError, ModelError
from rdfplugins.nodes import base
from rdfplugins.sample import Sample

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from rdfplugins.config import Config, Step

# Names under which `diphoton.features` writes the mass of the two photons: in GeV, and in the unit of the file.
MASS_GEV, MASS_OF_FILE = "m_yy", "h_mass"
FEATURES = "diphoton.features"
_OURS = "diphoton."  # words among the parameters of these are no columns
_GOLDEN_CUT = "golden_json"
_CATEGORY = "category"
_WORD = re.compile(r"(?<![\w.])[A-Za-z_][\w.]*")
_TYPES = frozenset({"double", "float", "Double_t", "Float_t", "static_cast"})


@dataclasses.dataclass(frozen=True)
class CutsOnMass:
    """Cuts that read the mass.

    Attributes
    ----------
    names
        Those whose name is known.
    harmless
        Names of all cuts that do not read it, where a node reads it that does not say how its cuts are called: any
        other cut may be one of this node's. None where there is no such node.
    """

    names: tuple[str, ...]
    harmless: frozenset[str] | None


@dataclasses.dataclass(frozen=True)
class _NodeFacts:
    reads: tuple[str, ...]
    makes: tuple[str, ...]
    cuts: tuple[str, ...] | None
    is_known: bool = True


def mass_columns(config: Config) -> frozenset[str]:
    """Return the columns that are the mass itself: ours, and the one that ``report.mass`` names."""
    name = (config.report or ReportConfig()).mass
    spec = config.select.histograms.get(name)
    return frozenset({MASS_GEV, MASS_OF_FILE, name, *([] if spec is None else [spec.column])})


def carriers(config: Config) -> frozenset[str]:
    """Return the mass columns and all columns of data that are made from one, however many steps lie between.

    Followed are aliases, ``define`` steps and what nodes say they need and make. The order of the steps is not looked
    at, and words are not told from comments: rather one name too many than one too few.
    """
    found = set(mass_columns(config))
    makers = list(_makers(config))
    before = 0
    while before != len(found):
        before = len(found)
        for made, text, renamed in makers:
            if reads(text, found):
                found |= made
            if renamed is not None and made & found:
                found.add(renamed)  # the other name of a mass
    if any(reads(condition, found) for condition in config.select.categories.values()):
        found.add(_CATEGORY)
    return frozenset(found)


def reads(expression: str, names: Collection[str]) -> bool:
    """Return whether a C++ expression holds one of these names as a whole word."""
    return any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", expression) for name in names)


def cuts_on_mass(config: Config, names: Collection[str]) -> CutsOnMass:
    """Return which cuts of data read one of these names, and which may."""
    found: list[str] = []
    harmless: list[str] = []
    unnamed = False
    for step in _steps_of_data(config):
        if isinstance(step, FilterStep):
            for cut, expression in step.filter.items():
                (found if reads(expression, names) else harmless).append(cut)
        elif isinstance(step, GoldenJsonStep):
            harmless.append(_GOLDEN_CUT)
        elif isinstance(step, NodeStep):
            facts = _facts(config, step)
            touches = not facts.is_known or any(reads(text, names) for text in facts.reads)
            (found if touches else harmless).extend(facts.cuts or ())
            unnamed |= touches and facts.cuts is None
    return CutsOnMass(tuple(found), frozenset(harmless) if unnamed else None)


def made_by_us(config: Config) -> bool:
    """Return whether `diphoton.features` makes the mass, so that its unit is known."""
    return any(isinstance(step, NodeStep) and step.node == FEATURES for step in config.select.steps)


def _makers(config: Config) -> Iterator[tuple[set[str], str, str | None]]:
    """Yield columns, the text they are made from, and the one column of which they are another name or another unit."""
    for step in _steps_of_data(config):
        if isinstance(step, DefineStep):
            yield from _expressions(step.define)
        elif isinstance(step, NodeStep):
            facts = _facts(config, step)
            yield set(facts.makes), " ".join(facts.reads), None
    yield from _expressions(config.input.aliases)
    for entry in config.ml:
        inputs = _inputs_of(config.model_of(entry))
        if inputs is None:  # that cannot be read: it may read any mass
            inputs = tuple(mass_columns(config))
        yield {entry.branch}, " ".join([*inputs, *entry.map.values()]), None


@functools.lru_cache(maxsize=32)
def _inputs_of(model: str | None) -> tuple[str, ...] | None:
    from rdfplugins.inference import read_model

    try:
        return tuple(read_model(model).inputs)
    except ModelError:
        return None


def _expressions(columns: Mapping[str, str]) -> Iterator[tuple[set[str], str, str | None]]:
    for column, expression in columns.items():
        words = set(_WORD.findall(expression)) - _TYPES
        only = words.pop() if len(words) == 1 else None
        called = only is not None and re.search(rf"{re.escape(only)}\s*\(", expression)
        yield {column}, expression, None if called else only


def _steps_of_data(config: Config) -> Iterable[Step]:
    data = [name for name, sample in config.input.samples.items() if sample.kind == "data"]
    return [step for step in config.select.steps if any(step.applies_to(name, "data") for name in data)]


def _facts(config: Config, step: NodeStep) -> _NodeFacts:
    """Return what a node declares; one that is not installed here, or cannot be asked, may read the mass."""
    given = {"units": config.input.units, "sample": Sample("data")}
    try:
        node = base.find(step.node)
        own = {key: value for key, value in given.items() if key in node.parameters}
        checked = node.check({**step.with_, **own})
        texts = [] if step.node.startswith(_OURS) else [str(value) for value in step.with_.values()]
        return _NodeFacts((*node.needs(checked), *texts), node.makes(checked), node.cuts(checked))
    except ConfigError:
        return _NodeFacts((), (), None, is_known=False)
