"""What a response is made of: the section of the config, and what the trees have of it."""

from __future__ import annotations

import dataclasses
import functools
from typing import TYPE_CHECKING

from rdfplugins.config.response import ESTIMATES, ResponseConfig, is_of
from rdfplugins.errors import ConfigErrors, ModelError, did_you_mean
from rdfplugins.formula import Formula, FormulaError
from rdfplugins.nodes.ditau_settings import CHANNELS
from rdfplugins.report.response.splits import default_split
from rdfplugins.response import MASS_EDGES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from rdfplugins.config import Config
    from rdfplugins.errors import ConfigError

PATH = ("report", "response")
SPLIT, CHANNEL = "split", "channel"


@dataclasses.dataclass(frozen=True)
class Plan:
    """What is read of which samples.

    Attributes
    ----------
    estimates
        Columns.
    channels
        Name -> condition.
    split
        ``train``, ``val``, ``test`` or ``all``; None where the trees have no split.
    weight
        Over columns of the trees; None: the config has none, or none is needed.
    samples
        Those of the response; none where not all simulated samples are there, and no other has a truth.
    background, signal
        Those that are told apart; none where the config does not ask for it.
    """

    estimates: tuple[str, ...]
    channels: Mapping[str, Formula]
    split: str | None
    weight: Formula | None
    samples: tuple[str, ...]
    background: tuple[str, ...]
    signal: tuple[str, ...]


def section(config: Config) -> ResponseConfig:
    """Return ``report.response`` of a config that has it."""
    assert config.report is not None
    assert config.report.response is not None
    return config.report.response


def edges(config: Config) -> tuple[float, ...]:
    """Return the edges of the bins of the truth."""
    return section(config).edges or MASS_EDGES


def resolve(config: Config, trees: Mapping[str, Collection[str]]) -> Plan:
    """Return what is to be read.

    Parameters
    ----------
    trees
        Simulated sample -> columns of its tree, in the order of the config.

    Raises
    ------
    ConfigErrors
        With all that the trees lack, at the lines of the config.
    """
    spec = section(config)
    samples = tuple(name for name in trees if _has_response(config, name) and spec.truth in trees[name])
    sides = sides_of(config, list(trees))
    faults = [fault for name, columns in trees.items() for fault in faults_of_sample(config, name, columns)]
    everything = {name for name, sample in config.input.samples.items() if sample.kind != "data"}
    if not samples and not faults and everything <= set(trees):  # of some samples, others may have it
        faults.append(_no_truth(config, [column for columns in trees.values() for column in columns]))
    if faults:
        raise ConfigErrors(_first_of_each(faults))
    used = dict.fromkeys([*samples, *sides[0], *sides[1]])
    estimates = spec.estimates or [name for name in usual(config) if all(name in trees[sample] for sample in used)]
    if used and not estimates:
        raise ConfigErrors([config.fault(_no_estimate(config, "all samples"), *PATH)])
    channels = spec.channels
    if channels is None:
        has_channels = all(CHANNEL in trees[sample] for sample in samples)
        channels = {name: f"{CHANNEL} == {number}" for number, name in enumerate(CHANNELS)} if has_channels else {}
    return Plan(
        tuple(estimates),
        {name: Formula(text) for name, text in channels.items()},
        _split(config, spec, [trees[sample] for sample in used]),
        Formula(config.select.weight.strip()) if config.select.weight and (spec.weighted or sides[0]) else None,
        samples,
        *sides,
    )


def usual(config: Config) -> tuple[str, ...]:
    """Return what is compared where the trees have it and the config names nothing: models first."""
    first, *others = ESTIMATES
    return tuple(dict.fromkeys([first, *config.ml_branches, *others]))


def sides_of(config: Config, names: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return which of these samples are background and which are signal; none of both where one side has none."""
    separation = section(config).separation
    if separation is None:
        return (), ()
    background, signal = (
        tuple(name for name in names if _is_of(config, name, side))
        for side in (separation.background, separation.signal)
    )
    return (background, signal) if background and signal else ((), ())


def faults_of_sample(config: Config, name: str, columns: Collection[str]) -> Iterator[ConfigError]:
    """Yield what the tree of one simulated sample lacks of what is read of it, if anything is."""
    spec = section(config)
    separation = spec.separation
    in_response = _has_response(config, name) and (spec.samples is not None or spec.truth in columns)
    apart = separation is not None and _is_of(config, name, (*separation.background, *separation.signal))
    if not in_response and not apart:
        return
    for number, column in enumerate(spec.estimates or ()):
        if column not in columns:
            yield _lacks(config, name, column, columns, "estimates", number)
    if spec.estimates is None and not any(column in columns for column in usual(config)):
        yield config.fault(_no_estimate(config, f"sample '{name}'"), *PATH)
    if spec.split not in (None, "all") and SPLIT not in columns:
        message = f"the tree of sample '{name}' has no column '{SPLIT}', which select.split makes"
        yield config.fault(f"report.response.split: {message}", *PATH, "split")
    if in_response and spec.truth not in columns:
        yield _lacks(config, name, spec.truth, columns, "truth")
    if in_response:
        for channel, text in (spec.channels or {}).items():
            for column in Formula(text).columns:
                if column not in columns:
                    yield _lacks(config, name, column, columns, "channels", channel)
    if apart or spec.weighted:
        yield from _faults_of_weight(config, name, columns, "separation" if apart else "weighted")


def _faults_of_weight(config: Config, name: str, columns: Collection[str], key: str) -> Iterator[ConfigError]:
    if config.select.weight is None:
        return
    text = config.select.weight.strip()
    try:
        missing = [column for column in Formula(text).columns if column not in columns]
    except FormulaError:
        yield config.fault(
            f"report.response.{key}: events are weighted by select.weight, which is C++ that is not evaluated here;"
            " make a column of it with 'define', and name that",
            *PATH,
            key,
        )
        return
    for column in missing:
        yield _lacks(config, name, column, columns, key, why="events are weighted by select.weight, and ")


def _split(config: Config, spec: ResponseConfig, trees: Sequence[Collection[str]]) -> str | None:
    """Return the split of which events are read; None where the trees have none."""
    if not all(SPLIT in columns for columns in trees):
        return None
    return spec.split or default_split(config)


def _has_response(config: Config, name: str) -> bool:
    samples = section(config).samples
    return samples is None or _is_of(config, name, samples)


def _is_of(config: Config, name: str, names: Sequence[str]) -> bool:
    return is_of(name, config.input.samples[name].label, names)


def _lacks(
    config: Config, name: str, column: str, columns: Collection[str], *keys: str | int, why: str = ""
) -> ConfigError:
    message = f"{why}the tree of sample '{name}' has no column '{column}'{_hint(config, column, columns)}"
    return config.fault(f"report.response.{keys[0]}: {message}", *PATH, *keys)


def _hint(config: Config, column: str, columns: Collection[str]) -> str:
    """Return what to do about a column that the trees lack: another name, or to have it written."""
    near = did_you_mean(column, columns)
    if config.select.output.columns is not None:
        return f"{near} Or list it in select.output.columns" if near else "; list it in select.output.columns"
    return near or "; of the input's branches, only those are written that select.output.columns lists, with all else"


def _no_truth(config: Config, columns: Collection[str]) -> ConfigError:
    truth = section(config).truth
    message = f"no tree of a simulated sample has a column '{truth}'{_hint(config, truth, columns)}"
    return config.fault(f"report.response.truth: {message}", *PATH, "truth")


def _no_estimate(config: Config, of: str) -> str:
    listed = ", and list them in select.output.columns" if config.select.output.columns is not None else ""
    names = ", ".join(usual(config))
    return f"report.response: none of {names} is in the trees of {of}; name columns with 'estimates'{listed}"


def _without_sample(fault: ConfigError) -> tuple[str | None, int | None, str]:
    """Return what faults have in common that differ by the name of the sample only."""
    before, _, behind = fault.message.partition("the tree of sample '")
    return fault.file, fault.line, before + behind.partition("' ")[2]


def _first_of_each(faults: Iterable[ConfigError]) -> list[ConfigError]:
    found: dict[tuple[str | None, int | None, str], ConfigError] = {}
    for fault in faults:
        found.setdefault(_without_sample(fault), fault)
    return list(found.values())


class ColumnCheck:
    """Looks at the columns of one sample after the other, before any of them is written."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._seen: dict[str, list[str]] = {}
        self._told: set[tuple[str | None, int | None, str]] = set()

    @functools.cached_property
    def _later(self) -> list[str]:
        return list(_made_by_models(self._config))

    def __call__(self, sample: str, columns: Sequence[str]) -> None:
        """Raise ConfigErrors for what is read of this sample and its tree will not have.

        What several samples lack is told of the first; that none has a truth is seen at the last one.
        """
        config = self._config
        simulated = [name for name, spec in config.input.samples.items() if spec.kind != "data"]
        if sample not in simulated:
            return
        self._seen[sample] = [*columns, *self._later]
        faults = faults_of_sample(config, sample, self._seen[sample])
        new = [fault for fault in _first_of_each(faults) if _without_sample(fault) not in self._told]
        self._told.update(map(_without_sample, new))
        if new:
            raise ConfigErrors(new)
        if len(self._seen) == len(simulated) and not self._told:
            resolve(config, {name: self._seen[name] for name in simulated})


def _made_by_models(config: Config) -> Iterator[str]:
    """Yield the branches that the stage ``ml`` will make."""
    for entry in config.ml:
        yield from _branches(config.model_of(entry), entry.branch)


def _branches(model: str | None, branch: str) -> tuple[str, ...]:
    from rdfplugins.inference import read_model
    from rdfplugins.nodes.mass_models import branch_names

    try:
        return branch_names(read_model(model), branch)
    except ModelError:  # told elsewhere, or it is still to be trained
        return (branch,)
