"""The section ``input``: which files, in which units, and how they are normalised."""

from __future__ import annotations

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
    Number,
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
from rdfplugins.errors import did_you_mean


class SimulateConfig(Section):
    """A sample that is generated on first use and kept in the user's cache.

    Attributes
    ----------
    process, mode
        The generator, and which of its modes.
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
    """

    model_config = ConfigDict(json_schema_extra=_RULES)

    kind: Literal["mc", "data"]
    files: Annotated[tuple[PathText, ...], BeforeValidator(one_or_more("a path"))] | None = None
    simulate: SimulateConfig | None = Field(default=None, validate_default=True)
    label: Annotated[Text, AfterValidator(_one_line)] | None = None
    xsec_pb: PositiveNumber | None = None
    sum_of_weights: Number | None = None

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
    def _not_for_data(cls, value: float | None, info: ValidationInfo) -> float | None:
        if value is not None and info.data.get("kind") == "data":
            raise fault("a sample of kind data has weight 1 and no normalisation; remove this, or say 'kind: mc'")
        return value

    @field_validator("sum_of_weights")
    @classmethod
    @in_schema(lambda number: {**number, "not": {"const": 0}})
    def _not_zero(cls, value: float | None) -> float | None:
        if value == 0:
            raise fault("a number other than 0 is expected")
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
        Columns that identify an event within its sample, or ``"entry"`` for file and entry.
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
    key: EventKey
    aliases: dict[Identifier, Expression] = Field(default_factory=dict)
    samples: dict[FileName, SampleConfig] = Field(min_length=1)
    on_bad_file: Literal["fail", "skip"] = "fail"
    on_duplicate: Literal["fail", "drop_later"] = "fail"
