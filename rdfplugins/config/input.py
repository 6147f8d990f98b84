"""The section ``input``: which files, in which units, and how they are normalised."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationInfo,
    field_validator,
)

from rdfplugins.config.base import (
    Expression,
    FileName,
    Identifier,
    PathText,
    PositiveNumber,
    Section,
    Seed,
    Text,
    described,
    fault,
    in_schema,
    one_or_more,
)
from rdfplugins.config.scalars import FLOAT, INT, plain_tag
from rdfplugins.errors import did_you_mean


class SimulateHggConfig(Section):
    """Diphoton events in the format of the ATLAS Open Data, generated on first use and kept in the user's cache.

    Attributes
    ----------
    process, mode
        The generator, and which of its modes: the label of a production mode, or data.
    events, seed
        Number of events to generate, and the seed of the generator.
    release
        In the format of which release of the public data; ``input.tree`` and ``input.units`` must be those of it.
    """

    process: Literal["hgg"]
    mode: Text
    events: int = Field(ge=1, lt=1 << 63)
    seed: Seed = 1
    release: Literal[2020, 2025] = 2020


LOWEST_MASS, HIGHEST_MASS = 20.0, 6000.0  # of simulated resonances, GeV
_ENDS = 2  # of an interval
_FORMS_OF_MASS = "a number, [lowest, highest], or a mapping of masses to shares"


def _kind_of_mass(value: Any) -> str:
    return "<interval>" if isinstance(value, (list, tuple)) else "<mixture>" if isinstance(value, dict) else "<mass>"


def _known_form_of_mass(value: Any) -> Any:
    if isinstance(value, str):
        raise fault(f"{_FORMS_OF_MASS} is expected, not {described(value)}")
    return value


@in_schema(lambda text: {**text, "pattern": r"^[0-9.eE+]+$"})
def _mass_as_key(text: str) -> str:
    mass = float(text) if plain_tag(text) in {INT, FLOAT} else math.nan
    if not LOWEST_MASS <= mass <= HIGHEST_MASS:
        raise fault(f"'{text}' is no mass from {LOWEST_MASS:g} to {HIGHEST_MASS:g} GeV")
    return text


def _each_once(mixture: dict[str, float]) -> dict[str, float]:
    masses = [float(text) for text in mixture]
    for text, mass in zip(mixture, masses, strict=True):
        if masses.count(mass) > 1:
            raise fault(f"the mass {text} stands twice")
    return mixture


@in_schema(lambda several: {**several, "minItems": 2, "maxItems": 2})
def _rising(interval: list[float]) -> list[float]:
    if len(interval) != _ENDS:
        raise fault(f"an interval has two numbers, lowest and highest, and this has {len(interval)}")
    if interval[0] >= interval[1]:
        raise fault(f"the first mass must be below the second, and {interval[0]:g} is not below {interval[1]:g}")
    return interval


MassNumber = Annotated[float, Field(ge=LOWEST_MASS, le=HIGHEST_MASS)]
Mass = Annotated[
    Annotated[MassNumber, Tag("<mass>")]
    | Annotated[list[MassNumber], AfterValidator(_rising), Tag("<interval>")]
    | Annotated[
        dict[Annotated[str, AfterValidator(_mass_as_key)], PositiveNumber],
        Field(min_length=1),
        AfterValidator(_each_once),
        Tag("<mixture>"),
    ],
    Discriminator(_kind_of_mass),
    BeforeValidator(_known_form_of_mass),
]


# what the validators of mass, spin and skim_pt say, for editors
_BY_MODE: dict[str, Any] = {
    "allOf": [
        {
            "if": {"properties": {"mode": {"not": {"const": "tautau"}}}, "required": ["mode"]},
            "then": {"properties": {"mass": {"type": "null"}, "spin": {"type": "null"}}},
        },
        {
            "if": {"properties": {"mode": {"const": "data"}}, "required": ["mode"]},
            "then": {"properties": {"skim_pt": {"type": "null"}}},
        },
    ]
}


class SimulateDitauConfig(Section):
    """Di-tau events and backgrounds in the format of CMS NanoAOD, generated on first use and kept in the user's cache.

    Attributes
    ----------
    process
        The generator.
    mode
        ``tautau``, a resonance that decays to two taus; a background; or ``data``, a mixture of all.
    mass
        Of the resonance of ``tautau``, GeV: ``125``; ``[50, 1000]``, uniform between the two; or a mixture of masses
        with their shares, ``{"90": 0.3, "125": 0.7}``. None: [50, 1000].
    spin
        Of the resonance of ``tautau``: ``scalar`` (as None) or ``vector``, which has the relative width of the Z
        where a mass or mixture is given.
    events, seed
        Number of events to generate, and the seed of the generator.
    skim_pt
        Write only events with at least two reconstructed electrons, muons and hadronic taus, of any kind together, of
        pT above this (GeV). None: all. ``events``, cross-section and sum of weights are those of all generated events.
    """

    model_config = ConfigDict(json_schema_extra=_BY_MODE)

    process: Literal["ditau"]
    mode: Literal["tautau", "zll", "wjets", "qcd", "ttbar", "data"] = "tautau"
    mass: Mass | None = None
    spin: Literal["scalar", "vector"] | None = None
    events: int = Field(ge=1, lt=1 << 63)
    seed: Seed = 1
    skim_pt: PositiveNumber | None = None

    @field_validator("mass", "spin")
    @classmethod
    def _of_a_resonance(cls, value: Any, info: ValidationInfo) -> Any:
        mode = info.data.get("mode", "tautau")
        if value is not None and mode != "tautau":
            raise fault(f"only mode 'tautau' has a resonance to choose, and this is '{mode}'")
        return value

    @field_validator("skim_pt")
    @classmethod
    def _not_of_data(cls, value: float | None, info: ValidationInfo) -> float | None:
        if value is not None and info.data.get("mode") == "data":
            raise fault("data are written as a whole; remove this")
        return value


_PROCESSES = ("hgg", "ditau")


def _kind_of_process(value: Any) -> str:
    process = value.get("process") if isinstance(value, dict) else getattr(value, "process", None)
    return "<ditau>" if process == "ditau" else "<hgg>"


def _known_process(value: Any) -> Any:
    if isinstance(value, dict) and "process" in value and value["process"] not in _PROCESSES:
        process = value["process"]
        hint = did_you_mean(process, _PROCESSES, most=1) if isinstance(process, str) else ""
        raise fault(f"the process is 'hgg' or 'ditau', not {described(process)}{hint}", "process")
    return value


SimulateConfig = Annotated[
    Annotated[SimulateHggConfig, Tag("<hgg>")] | Annotated[SimulateDitauConfig, Tag("<ditau>")],
    Discriminator(_kind_of_process),
    BeforeValidator(_known_process),
]
"""What to simulate; the keys depend on the process."""


@in_schema(lambda text: {**text, "pattern": r"^(?=.*\S)[^\x00-\x1f\x7f]*$"})
def _one_line(text: str) -> str:
    if any(not char.isprintable() for char in text):
        raise fault("a label is one line without tabs, as it stands in tables")
    return text


def _named(key: str) -> dict[str, Any]:
    return {"required": [key], "properties": {key: {"not": {"type": "null"}}}}


# what the validators of a sample say of two keys at once, for editors
_RULES: dict[str, Any] = {
    "allOf": [
        {"if": {"type": "object"}, "then": {"oneOf": [_named("files"), _named("simulate")]}},
        {
            "if": {"properties": {"kind": {"const": "data"}}, "required": ["kind"]},
            "then": {"properties": {"xsec_pb": {"type": "null"}, "sum_of_weights": {"type": "null"}}},
        },
    ]
}


RUNS = "runs"


def _number_or_runs(value: Any) -> Any:
    if isinstance(value, str) and value != RUNS:
        if plain_tag(value) in {INT, FLOAT}:
            raise fault(f"a number or the word '{RUNS}' is expected, not {described(value)}; write it without quotes")
        raise fault(f"a number or the word '{RUNS}' is expected, not {described(value)}{did_you_mean(value, [RUNS])}")
    return value


def _kind_of_sum(value: Any) -> str:
    return "<runs>" if isinstance(value, str) else "<number>"


SumOfWeights = Annotated[
    Annotated[PositiveNumber, Tag("<number>")] | Annotated[Literal["runs"], Tag("<runs>")],
    Discriminator(_kind_of_sum),
    BeforeValidator(_number_or_runs),
]


class SampleConfig(Section):
    """One sample; its name is the key under which it stands.

    Attributes
    ----------
    kind
        ``mc`` is normalised by cross-section and sum of weights, ``data`` has weight 1.
    files
        Paths, globs, folders, ``@list.txt`` or URLs, as written but with the environment put in; None if simulated.
    simulate
        What to generate; None if there are files.
    label
        Label of the class in exports; the sample's name where None.
    xsec_pb, sum_of_weights
        Cross-section in pb and sum of generator weights before any skim; None where the branches of the files serve.
        ``sum_of_weights: runs`` adds up ``genEventSumw`` of the tree ``Runs`` (NanoAOD) over all files of the sample.
    """

    model_config = ConfigDict(json_schema_extra=_RULES)

    kind: Literal["mc", "data"]
    files: Annotated[tuple[PathText, ...], BeforeValidator(one_or_more("a path"))] | None = None
    simulate: SimulateConfig | None = Field(default=None, validate_default=True)
    label: Annotated[Text, AfterValidator(_one_line)] | None = None
    xsec_pb: PositiveNumber | None = None
    sum_of_weights: SumOfWeights | None = None

    @field_validator("simulate")
    @classmethod
    def _one_source(cls, value: SimulateConfig | None, info: ValidationInfo) -> SimulateConfig | None:
        if "files" in info.data:  # absent where it has a fault of its own
            files = info.data["files"]
            if files is None and value is None:
                raise fault("a sample needs 'files' or 'simulate'")
            if files is not None and value is not None:
                raise fault("a sample has 'files' or 'simulate', not both")
        return value

    @field_validator("xsec_pb", "sum_of_weights")
    @classmethod
    def _not_for_data(cls, value: float | str | None, info: ValidationInfo) -> float | str | None:
        if value is not None and info.data.get("kind") == "data":
            raise fault("a sample of kind data has weight 1 and no normalisation; remove this, or say 'kind: mc'")
        return value


def _list_or_entry(value: Any) -> Any:
    if isinstance(value, str) and value != "entry":
        hint = did_you_mean(value, ["entry"]) or f"; did you mean [{value}]?"
        raise fault(f"a list of columns or the word 'entry' is expected, not {described(value)}{hint}")
    return value


def _kind_of_key(value: Any) -> str:
    return "<entry>" if isinstance(value, str) else "<columns>"


EventKey = Annotated[
    Annotated[list[Text], Field(min_length=1), Tag("<columns>")] | Annotated[Literal["entry"], Tag("<entry>")],
    Discriminator(_kind_of_key),
    BeforeValidator(_list_or_entry),
]


DEFAULT_KEY = ("run", "luminosityBlock", "event")


class InputConfig(Section):
    """Trees to read.

    Attributes
    ----------
    tree
        Name of the tree in every file.
    units
        Unit of energies in the files; thresholds in configs are always GeV.
    lumi_pb
        Integrated luminosity in 1/pb, to which histograms and reports are scaled.
    key
        Columns that identify an event within its sample, or ``"entry"`` for file and entry. The default is NanoAOD's.
    aliases
        Our name -> expression over the branches of this release.
    samples
        Name -> sample, in the order of the config; there is at least one.
    on_bad_file
        What to do with a damaged file.
    on_duplicate
        What to do with an event that comes twice: ``fail``, or ``drop_later``, which keeps the first of all samples of
        data in the order of the config.
    """

    tree: Text
    units: Literal["MeV", "GeV"]
    lumi_pb: PositiveNumber | None = None
    key: EventKey = Field(default=list(DEFAULT_KEY))
    aliases: dict[Identifier, Expression] = Field(default_factory=dict)
    samples: dict[FileName, SampleConfig] = Field(min_length=1)
    on_bad_file: Literal["fail", "skip"] = "fail"
    on_duplicate: Literal["fail", "drop_later"] = "fail"
