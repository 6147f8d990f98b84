"""The section ``resample`` (also ``sampling``): which rows make a training sample, and how often each is taken."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field

from rdfplugins.config.base import (
    FileName,
    PathText,
    PositiveNumber,
    Section,
    Seed,
    Text,
    fault,
    in_schema,
    one_or_more,
)
from rdfplugins.config.classes import CutFormula  # noqa: TC001 (pydantic reads the annotations)
from rdfplugins.config.values import AllOrSome, Count, Names, PerName, Whole, whole
from rdfplugins.config.variables import VariableConfig, Variables

__all__ = ["METHODS", "LabelColumn", "ResampleConfig", "ResampleOptions", "VariableConfig"]

Method = Literal[
    "none",
    "count",
    "pdf",
    "importance_no_replace",
    "weighting",
    "countup",
    "ensemble",
    "stratified",
    "random_undersampling",
    "random_oversampling",
    "planing",
]
METHODS: tuple[str, ...] = get_args(Method)
WITH_WEIGHTS = ("weighting", "planing", "stratified")
"""Methods whose rows have weights of their own."""
MOST_SUBSETS = 64  # which of them hold a row is a mask of 64 bits
_MOST_MEMORY = 1 << 20  # MB
_MOST_ROWS = 1 << 40
_MOST_TIMES = 1e6

Fraction = Annotated[float, Field(ge=0, le=1)]
Rows = Annotated[AllOrSome, Field(le=_MOST_ROWS)]
Factor = Annotated[PositiveNumber, Field(le=_MOST_TIMES)]
Samples = dict[Text, Annotated[tuple[Text, ...], BeforeValidator(one_or_more("the name of a sample"))]]


def _with_null(schema: dict[str, Any]) -> None:
    """Say that each option may be left empty, which is the same as to leave it out."""
    for name, spec in schema["properties"].items():
        if {"type": "null"} in spec.get("anyOf", ()):
            continue
        options = [{key: value for key, value in spec.items() if key != "default"}]
        notes = {key: spec[key] for key in ("default",) if key in spec}
        schema["properties"][name] = {"anyOf": [*options, {"type": "null"}], **notes}


class ResampleOptions(Section):
    """Options of a method. An empty value is the same as none; which method takes which option, the checks say.

    Attributes
    ----------
    sampling_variables
        Variables in whose bins the classes are made alike: a list of ``name: {bins: [low, high, number]}``.
    samples
        Category -> its samples, for training. None: all samples, one category.
    samples_training
        The same as ``samples``.
    samples_validation, samples_testing
        Category -> its samples, for the hybrid samples of ``--hybrid_validation``.
    custom_n_jets_initial
        Sample -> how many of its rows take part.
    initial
        Which: those with the smallest hashes of their keys, whatever the order of rows; or the first of the file.
    fractions
        Category -> its share of the output; they add up to 1. A category with 0 is left out.
    n_jets
        Rows of the output; for pdf, of each class. -1: as many as possible.
    n_jets_validation
        The same for the hybrid samples; None: ``n_jets``.
    max_upsampling_ratio
        Sample or class -> how often one of its rows may be taken on average.
    sampling_fraction
        Sample or class -> factor of the number of its rows in the output.
    target_distribution
        The class whose distribution all others take, or ``uniform``. None: the method's own choice.
    weighting_target_flavour
        The same for the method weighting.
    bool_attach_sample_weights
        Write a column of weights; None: where the method makes weights.
    save_tracks
        Take the variable-length collections of HDF5 files along; those of trees always travel with their event.
    tracks_names
        Names of these collections.
    save_track_labels
        Write ``track_truth_variables`` into a group of their own.
    track_truth_variables
        Variables of the collections that are labels.
    intermediate_index_file
        Where it is kept which rows were chosen. None: beside the output.
    intermediate_index_file_validation
        The same for the hybrid samples.
    n_jets_to_plot
        Rows in plots; an empty value: no plots.
    n_jets_scaling
        Of umami; without effect.
    plot_variables
        Columns that are drawn besides the sampling variables; ``*`` and ``?`` stand for any text and character.
    seed
        Another seed makes another draw.
    shuffle
        Mix the rows of the output. None: for pdf, countup and random_oversampling.
    max_duplicates
        How often one row may be taken at most. None: no limit.
    max_lost_fraction
        Largest share of rows that may be lost in bins that lack a class.
    min_bin_count
        Bins with fewer rows than this of some class are left out.
    clip_quantile
        Quantile of the sampling probabilities at which the largest is clipped; None: not clipped.
    rounding
        How expected numbers of rows become whole: rounded down, or up and down at random.
    bin_semantics
        What the third number of ``bins`` counts; None: bins for pdf, edges for all others.
    gap_bins
        Make a bin of what lies between two ranges that do not touch; else it is out of range.
    interpolation
        Between bins of the target: none, or a cubic spline.
    out_of_range
        Rows out of range have weight zero or one, or are dropped.
    subsets
        Number of subsets of an ensemble.
    allocation
        Rows of a stratum: proportional to its size, or to size and spread (Neyman).
    allocation_variable
        Formula over columns whose spread Neyman's allocation takes.
    """

    OTHER_NAMES: ClassVar[dict[str, str]] = {"njets": "n_jets", "custom_njets_initial": "custom_n_jets_initial"}
    model_config = ConfigDict(json_schema_extra=_with_null)

    sampling_variables: Variables = ()
    samples: Samples | None = None
    samples_training: Samples | None = None
    samples_validation: Samples | None = None
    samples_testing: Samples | None = None
    custom_n_jets_initial: PerName[Count] = Field(default_factory=dict)
    initial: Literal["hash", "head"] = "hash"
    fractions: dict[Text, Fraction] | None = None
    n_jets: Rows = -1
    n_jets_validation: Rows | None = None
    max_upsampling_ratio: PerName[Factor] = Field(default_factory=dict)
    sampling_fraction: PerName[Factor] = Field(default_factory=dict)
    target_distribution: Text | None = None
    weighting_target_flavour: Text | None = None
    bool_attach_sample_weights: bool | None = None
    save_tracks: bool = False
    tracks_names: Names = ("tracks",)
    save_track_labels: bool = False
    track_truth_variables: Names = ()
    intermediate_index_file: PathText | None = None
    intermediate_index_file_validation: PathText | None = None
    n_jets_to_plot: Count | None = 100_000
    n_jets_scaling: Whole | None = None
    plot_variables: Names = ()
    seed: Seed = 42
    shuffle: bool | None = None
    max_duplicates: Count | None = None
    max_lost_fraction: Fraction = 0.1
    min_bin_count: Annotated[int, Field(ge=0), BeforeValidator(whole)] = 0
    clip_quantile: Annotated[float, Field(gt=0, le=1)] | None = None
    rounding: Literal["floor", "stochastic"] = "floor"
    bin_semantics: Literal["edges", "bins"] | None = None
    gap_bins: bool = False
    interpolation: Literal["none", "spline"] = "none"
    out_of_range: Literal["zero", "one", "drop"] = "zero"
    subsets: Annotated[int, Field(ge=2, le=MOST_SUBSETS), BeforeValidator(whole)] | None = None
    allocation: Literal["proportional", "neyman"] = "proportional"
    allocation_variable: CutFormula | None = None

    @classmethod
    def _read(cls, data: dict[Any, Any]) -> dict[Any, Any]:
        # umami's files leave many options empty; an empty n_jets_to_plot alone means something
        droppable = set(cls.keys()) - {"n_jets_to_plot"}
        return super()._read({key: value for key, value in data.items() if value is not None or key not in droppable})

    def samples_of(self, split: Literal["train", "val", "test"]) -> dict[str, tuple[str, ...]] | None:
        """Return category -> samples for a split; None where the config names none for it."""
        if split == "train":
            return self.samples if self.samples is not None else self.samples_training
        return self.samples_validation if split == "val" else self.samples_testing


@in_schema(lambda mapping: {"anyOf": [{"type": "string", "pattern": r"\S"}, mapping]})
def _column_alone(value: Any) -> Any:
    return {"column": value} if isinstance(value, str) else value


def _different(values: dict[str, int]) -> dict[str, int]:
    first: dict[int, str] = {}
    for name, value in values.items():
        if value in first:
            raise fault(f"'{first[value]}' and '{name}' have the same value {value}", name)
        first[value] = name
    return values


LabelValue = Annotated[int, Field(ge=-(1 << 63), lt=1 << 64), BeforeValidator(whole)]


class LabelColumn(Section):
    """A column that tells the class of a row.

    Attributes
    ----------
    column
        Its name.
    values
        Class -> value of the column; rows with other values have no class. None: the map stored with the trees.
    """

    column: Text
    values: Annotated[dict[Text, LabelValue], Field(min_length=1), AfterValidator(_different)] | None = None


class ResampleConfig(Section):
    """The stage ``resample``: makes a training sample in which the sampling variables tell nothing of the class.

    Attributes
    ----------
    method
        How rows are chosen.
    class_labels
        The classes, in the order of their numbers. None: all there are.
    options
        See the class.
    source
        Sample -> files to read in place of what ``select`` or ``preparation`` wrote.
    tree
        Name of the tree in ROOT files. None: that of ``select``, or the only one.
    dataset
        Name of the table in HDF5 files.
    key
        Columns that identify a row within its sample. None: ``event_key``, or file and row.
    label_column
        Column that tells the class of a row: its name, or its name and the value of each class.
    split_column
        Column with 0, 1, 2 for training, validation, test; where files lack it, all rows are for training.
    output
        Name of the output without its ending. None: ``train``.
    memory_mb
        Memory for mixing rows, MB.
    """

    method: Method
    class_labels: Names | None = None
    options: ResampleOptions = Field(default_factory=ResampleOptions)
    source: (
        Annotated[
            dict[FileName, Annotated[tuple[PathText, ...], BeforeValidator(one_or_more("a path"))]], Field(min_length=1)
        ]
        | None
    ) = Field(default=None, alias="from")
    tree: Text | None = None
    dataset: Text = "jets"
    key: Names | None = None
    label_column: Annotated[LabelColumn, BeforeValidator(_column_alone)] | None = None
    split_column: Text = "split"
    output: FileName | None = None
    memory_mb: Annotated[int, Field(ge=16, le=_MOST_MEMORY), BeforeValidator(whole)] = 512

    @property
    def attaches(self) -> bool:
        """Whether the output has a column of weights: always, unless a method makes weights and is told not to."""
        return self.options.bool_attach_sample_weights is not False or self.method not in WITH_WEIGHTS
