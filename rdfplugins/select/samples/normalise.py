"""Normalisation of a sample: what the config says against what the branches of the files say."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import TYPE_CHECKING

from rdfplugins.config.files import expand_files
from rdfplugins.config.input import RUNS
from rdfplugins.config.steps import NodeStep
from rdfplugins.errors import InputError
from rdfplugins.nodes import base
from rdfplugins.sample import Sample
from rdfplugins.select.samples import first_entry, gen_weights
from rdfplugins.select.samples.inputs import inspect, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rdfplugins.config import Config
    from rdfplugins.select.samples.inputs import Inputs

TOLERANCE = 1e-3
_WORDS = {"xsec_pb": "cross-section", "sum_of_weights": "sum of weights"}
_UNITS = {"xsec_pb": " pb", "sum_of_weights": ""}


def branches(config: Config, sample_name: str) -> dict[str, str]:
    """Return which branches or aliases hold the normalisation, as declared by the nodes of the sample."""
    kind = config.input.samples[sample_name].kind
    if kind == "data":
        return {}
    found: dict[str, str] = {}
    for step in config.select.steps:
        if isinstance(step, NodeStep) and step.applies_to(sample_name, kind):
            found.update(base.find(step.node).normalisation)
    return found


def constants(config: Config, sample_name: str) -> set[str]:
    """Return what must be read of the first entry of each file: these branches, or the words of these aliases."""
    aliases = config.input.aliases
    stated = [aliases.get(branch, branch) for branch in branches(config, sample_name).values()]
    return {word for expression in stated for word in first_entry.words(expression)}


def reads_runs(config: Config, sample_name: str) -> bool:
    """Return whether the sum of weights of a sample is to be read from the tree ``Runs`` of its files."""
    return config.input.samples[sample_name].sum_of_weights == RUNS


def reading_of_runs(config: Config, sample_name: str) -> gen_weights.Reading | None:
    """Return how the tree ``Runs`` of the files is to be read: of files with a number in the config, to compare it."""
    if reads_runs(config, sample_name):
        return "demanded"
    spec = config.input.samples[sample_name]
    return "if there" if spec.files is not None and spec.sum_of_weights is not None else None


def sum_of_gen_weights(files: str | os.PathLike[str] | Sequence[str | os.PathLike[str]]) -> float:
    """Return the sum of ``Runs.genEventSumw`` over NanoAOD files, for `rdfplugins.Sample`.

    Parameters
    ----------
    files
        One or several: a path, a glob, a folder (its ``*.root``), ``@list.txt`` or a URL, as in a config; relative to
        the current folder. Those of the data frame, and all of them.

    Returns
    -------
    Sum of the generator weights of all events that were generated for these files, before any skim.

    Raises
    ------
    ConfigErrors
        For a pattern that names nothing, and a file that is named twice.
    InputError
        For a file that is missing or damaged, or has no such tree or branch; or if the sum is not above 0.

    Examples
    --------
    >>> import rdfplugins as rp
    >>> files = ["nano_1.root", "nano_2.root"]
    >>> total = rp.sum_of_gen_weights(files)  # doctest: +SKIP
    >>> sample = rp.Sample("mc", xsec_pb=6077.2, sum_of_weights=total)  # doctest: +SKIP
    """
    single = isinstance(files, (str, os.PathLike))
    patterns = [os.fspath(files)] if single else [os.fspath(file) for file in files]  # type: ignore[arg-type, union-attr]
    found = inspect(expand_files(patterns, Path()), gen_weights.TREE, skip_bad=False, runs="demanded")
    total = gen_weights.added(file.sum_of_weights for file in found.files)
    if not total > 0:
        raise InputError(f"{shown(found.files[0].path)}: {gen_weights.not_positive(total)}; {gen_weights.ADVICE}")
    return total


def resolve(
    config: Config, name: str, inputs: Inputs, *, generated: dict[str, float | None], say: Callable[[str], None]
) -> tuple[Sample, dict[str, object]]:
    """Return the sample as its nodes see it, and what the provenance says of its normalisation.

    Parameters
    ----------
    generated
        Normalisation of a simulated sample; the config goes before it.
    say
        Told of normalisation taken from branches, and of a config that contradicts them.

    Raises
    ------
    ConfigError
        For simulation that has neither a config value nor a branch for something that a node needs, and for simulated
        events whose weights do not add up to more than 0.
    """
    spec = config.input.samples[name]
    label = spec.label or name
    lumi = config.input.lumi_pb
    if spec.kind == "data":
        return Sample("data", label=label, lumi_pb=lumi), {}
    declared = branches(config, name)
    files = _Files(config, name, inputs, say)
    values: dict[str, float | None] = {}
    origin: dict[str, object] = {}
    if reads_runs(config, name):
        values["sum_of_weights"] = total = files.of_runs()
        origin["sum_of_weights"] = {"value": total, "from": f"{gen_weights.TREE}.{gen_weights.BRANCHES[0]}"}
    for key in (key for key in _WORDS if key not in values):
        given, branch = getattr(spec, key), declared.get(key)
        values[key] = value = given if given is not None else generated.get(key)
        if value is not None and not value > 0:  # the schema refuses such a value of the config
            raise files.not_above_zero(key, value)
        if value is not None:
            origin[key] = {"value": value, "from": "config" if given is not None else "simulation"}
        if branch is not None and value is None:
            origin[key] = {"branch": branch, "first_values": files.first_values(key, branch)}
        elif branch is not None and given is not None:
            files.compare(key, given, branch)
    stated = values["sum_of_weights"]
    if stated is not None and reading_of_runs(config, name) == "if there":
        files.compare_with_runs(stated)
    return Sample("mc", label=label, lumi_pb=lumi, **values), origin


@dataclasses.dataclass(frozen=True)
class _Files:
    """What the files of a sample say of its normalisation, in a branch or in an alias over branches."""

    config: Config
    sample: str
    inputs: Inputs
    say: Callable[[str], None]

    def stated(self, branch: str) -> dict[str, float]:
        """Return path -> value in the first entry, of the files that have it."""
        if branch not in self.config.input.aliases:
            return {file.path: file.constants[branch] for file in self.inputs.files if branch in file.constants}
        values = {file.path: first_entry.evaluate(self.config, branch, file) for file in self.inputs.files}
        return {path: value for path, value in values.items() if value is not None}

    def first_values(self, key: str, branch: str) -> list[float]:
        """Return the value in each file; ConfigError where there is none, or one that cannot be."""
        if not self.inputs.entries and self._is_there(branch):
            return []
        found = list(self.stated(branch).values())
        what = self._named(branch)
        if not found:
            if branch in self.config.input.aliases:
                self.say(f"{self.sample}: warning: {what}: its {_WORDS[key]} cannot be looked at before the run")
                return []
            number = " that holds one number" if self._is_there(branch) else ""
            raise self._fault(f"has no {_WORDS[key]}: set '{key}' here (no branch '{branch}'{number} in its files)")
        bad = [value for value in found if not 0 < value < float("inf")]
        if bad:
            raise self._fault(f"{what} says that the {_WORDS[key]} is {bad[0]:g}; set '{key}' here", colon=True)
        if key == "sum_of_weights" and max(found) - min(found) > TOLERANCE * abs(max(found)) and self._one_process():
            raise self._fault(
                f"{what} differs between its files ({min(found):g} to {max(found):g}): each would be normalised to the"
                " whole cross-section; set 'sum_of_weights' to that of all, or make several samples",
                colon=True,
            )
        if key == "xsec_pb" and set(found) == {1.0}:
            self.say(f"{self.sample}: warning: {what} says 1 pb, as in files of data; is this simulation?")
        same = max(found) == min(found)
        shown = f"{min(found):g}" if same else f"{min(found):g} to {max(found):g}"
        differ = "" if same else ", which differs between files"
        self.say(f"{self.sample}: {_WORDS[key]} {shown}{_UNITS[key]} from {what}{differ}")
        return found

    def of_runs(self) -> float:
        """Return the sum over the trees ``Runs`` of all files; ConfigError where no event can be normalised to it."""
        total = gen_weights.added(file.sum_of_weights for file in self.inputs.files)
        if not total > 0:
            raise self.config.fault(
                f"sample '{self.sample}': {gen_weights.not_positive(total)}; give a number here",
                *("input", "samples", self.sample, "sum_of_weights"),
            )
        self.say(f"{self.sample}: sum of weights {total:.12g} from {self._runs()}")
        return total

    def compare_with_runs(self, value: float) -> None:
        """Say where the trees ``Runs`` contradict the config, whose value is used; not unless all files have one."""
        sums = [file.sum_of_weights for file in self.inputs.files]
        there = gen_weights.added(sums)
        if None in sums or abs(there - value) <= TOLERANCE * value:
            return
        self.say(
            f"{self.sample}: warning: sum of weights {value:.12g} of the config is used; {self._runs()} says"
            f" {there:.12g}, and 'sum_of_weights: runs' takes that"
        )

    def compare(self, key: str, value: float, branch: str) -> None:
        """Say where a file contradicts the config, whose value is used."""
        for path, there in self.stated(branch).items():
            if not abs(there - value) <= TOLERANCE * abs(value):  # NaN contradicts, too
                self.say(
                    f"{self.sample}: warning: {_WORDS[key]} {value:g}{_UNITS[key]} of the config is used;"
                    f" {self._named(branch)} of {path} says {there:g}"
                )
                return

    def not_above_zero(self, key: str, value: float) -> Exception:
        """Return the error for what the simulation states: of few events, the negative weights may be more."""
        what = f"its {_WORDS[key]} as simulated is {value:g}"
        return self._fault(f"{what}; simulate more events, or set '{key}' here", colon=True)

    def _runs(self) -> str:
        count = len(self.inputs.files)
        return f"tree '{gen_weights.TREE}' of {'its file' if count == 1 else f'its {count} files'}"

    def _one_process(self) -> bool:
        """Return whether all files state one cross-section, or the config does: they are parts of one sample."""
        branch = branches(self.config, self.sample).get("xsec_pb")
        if branch is None or self.config.input.samples[self.sample].xsec_pb is not None:
            return True
        return len(set(self.stated(branch).values())) <= 1

    def _is_there(self, branch: str) -> bool:
        """Return whether there is an alias of this name, or a branch in one of the files."""
        return branch in self.config.input.aliases or any(branch in file.branches for file in self.inputs.files)

    def _named(self, branch: str) -> str:
        expression = self.config.input.aliases.get(branch)
        return f"branch '{branch}'" if expression is None else f"alias '{branch}' ({expression})"

    def _fault(self, message: str, *, colon: bool = False) -> Exception:
        place = ("input", "samples", self.sample)
        return self.config.fault(f"sample '{self.sample}'{':' if colon else ''} {message}", *place)
