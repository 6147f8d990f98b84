"""The section ``train``: a network that estimates the di-tau mass, trained on the trees of the selection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from rdfplugins.config.base import (
    FileName,
    Identifier,
    PathText,
    PositiveNumber,
    Section,
    Seed,
    Text,
    fault,
    in_schema,
    one_or_more,
)
from rdfplugins.config.overrides import dotted
from rdfplugins.config.scalars import shortened
from rdfplugins.config.values import Count, Names, as_tuple
from rdfplugins.errors import ConfigError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rdfplugins.config.loader import Document

STAGE = "train"
Activation = Literal["linear", "relu", "elu", "softplus", "tanh", "sigmoid"]
Augmentation = Literal["rotate", "mirror", "flip"]
_BEFORE = ("select", "preparation", "resample", "sampling")  # stages whose trees a training reads

Paths = Annotated[tuple[PathText, ...], BeforeValidator(one_or_more("the path of a file"))]
Width = Annotated[Count, Field(le=8192)]
Widths = Annotated[tuple[Width, ...], Field(min_length=1), BeforeValidator(as_tuple)]
Mass = Annotated[float, Field(gt=0, allow_inf_nan=False)]


@in_schema(lambda several: {**several, "minItems": 2, "maxItems": 2})
def _rising(interval: tuple[float, ...]) -> tuple[float, ...]:
    if len(interval) != 2 or interval[0] >= interval[1]:  # noqa: PLR2004 (the ends of an interval)
        raise fault("two masses are expected, the lowest and the highest")
    return interval


@in_schema(lambda several: {"anyOf": [several["items"], several]})
def _some(value: Any) -> Any:
    return (value,) if isinstance(value, str) else as_tuple(value)


MassRange = Annotated[tuple[Mass, ...], AfterValidator(_rising), BeforeValidator(as_tuple)]


class TeacherConfig(Section):
    """Networks that are trained first, on quantities that do not depend on the azimuth of the event as a whole.

    They learn faster than a network that is given the 27 inputs as they are. The model is then trained to give what
    they give on average, which has less noise than the true mass.

    Attributes
    ----------
    members
        How many; each has a seed of its own.
    widths, activation
        Number of nodes of each hidden layer, and their function.
    epochs, batch, learning_rate
        As those of the model.
    """

    members: Annotated[int, Field(ge=1, le=16)] = 1
    widths: Widths = (128, 128, 128)
    activation: Activation = "softplus"
    epochs: Count = 30
    batch: Count = 1024
    learning_rate: PositiveNumber = 1e-3


class EmphasisConfig(Section):
    """Masses that matter more than others: their weights are larger.

    Attributes
    ----------
    mass
        Where they are largest, GeV.
    factor
        By how much, there.
    width
        Of the Gaussian in the logarithm of the mass with which the factor falls to 1.
    """

    mass: Annotated[float, Field(ge=1, le=1e5)]
    factor: Annotated[float, Field(ge=1e-3, le=1e3)]
    width: Annotated[float, Field(ge=0.01, le=10)] = 0.3


class AboutConfig(Section):
    """What the card of the model says that only a person can tell.

    Attributes
    ----------
    title, origin, license, citation
        Texts; None: what can be said without.
    """

    title: Text | None = None
    origin: Text | None = None
    license: Text | None = None
    citation: Text | None = None


class TrainConfig(Section):
    """The stage ``train``: writes a folder of a model, which the section ``ml`` can name.

    Attributes
    ----------
    model
        Name of the model: that of the folder that is written.
    dir
        Where this folder is put, relative to the current folder. Models in ``models`` are found by their name.
    source
        Files to train on; None: that of ``resample``, or those of ``select``, as the config has them.
    validation
        Files with the events that say when to stop; None: the validation split of the trees that are trained on, or of
        the selection, where a resampling holds events of the training alone.
    tree
        Name of the tree in these files; None: that of the selection.
    samples
        Names of those whose trees are read; None: all that are simulated.
    inputs
        Columns that the network takes, in this order; None: the 27 of the published mass models.
    target
        Column of the true mass, GeV.
    split
        Column that is 0 for training, 1 for validation, 2 for test.
    weight
        Column of weights of the events, besides those that make the masses flat; None: that of the resampling, if it
        wrote one.
    widths, activation
        Number of nodes of each hidden layer, and their function. The output is linear.
    epochs
        How often each event is seen at most.
    batch
        Events of a step.
    learning_rate
        Of Adam in the first epoch; it falls to a hundredth.
    patience
        Epochs without a smaller validation loss after which the training ends.
    mass_range
        Lowest and highest true mass, GeV.
    flat_in
        Events are weighted so that the distribution of the true mass, or of its logarithm, is flat.
    flat_per
        Column of whole numbers, as ``channel``: flat for each of its values.
    cap
        The largest factor by which a mass is weighted up.
    emphasis
        Masses that matter more; None: all alike.
    augment
        What is done to the events of the training, anew in each epoch: ``rotate`` by any azimuth, ``mirror`` the
        azimuth, ``flip`` the beam axis.
    invariant
        Inputs that are none of the 27, and that these do not change.
    teacher
        Networks to learn from; None: from the true mass alone.
    seed
        Of the initial weights, the order of events, and the augmentation.
    about
        What the card says of the model.
    """

    model: FileName
    dir: PathText = "models"
    source: Paths | None = Field(default=None, alias="from")
    validation: Paths | None = None
    tree: Text | None = None
    samples: Names | None = None
    inputs: Names | None = None
    target: Text = "genMass"
    split: Text = "split"
    weight: Identifier | None = None
    widths: Widths = (128, 128, 128)
    activation: Activation = "softplus"
    epochs: Count = 100
    batch: Count = 1024
    learning_rate: PositiveNumber = 1e-3
    patience: Count = 20
    mass_range: MassRange = (50.0, 1000.0)
    flat_in: Literal["mass", "log_mass", "none"] = "mass"
    flat_per: Identifier | None = None
    cap: Annotated[float, Field(ge=1, allow_inf_nan=False)] = 10.0
    emphasis: EmphasisConfig | None = None
    augment: Annotated[tuple[Augmentation, ...], BeforeValidator(_some)] = ()
    invariant: Names = ()
    teacher: TeacherConfig | None = None
    seed: Seed = 1
    about: AboutConfig = Field(default_factory=AboutConfig)


def check_train(document: Document) -> Iterator[ConfigError]:
    """Yield the faults between ``train`` and other parts of a config, which may have faults of their own."""
    section = document.data.get(STAGE)
    if not isinstance(section, dict):
        return
    order = list(document.data)
    if document.position((STAGE,))[1] is not None:
        for stage in _BEFORE:
            if stage in order and order.index(STAGE) < order.index(stage):
                yield _fault(document, f"stands in front of '{stage}', whose trees it reads; move it behind", STAGE)
        if "ml" in order and order.index("ml") < order.index(STAGE) and _names_model(document, section):
            yield _fault(document, "stands in front of 'train', which makes its model; move it behind", "ml")
    own = any(key in order for key in _BEFORE if key != "preparation")  # which is read by way of a resampling
    if section.get("from") is None and not own:
        yield _fault(document, "without a selection or resampling it needs 'from', the files to train on", STAGE)
    elif section.get("from") is None and section.get("validation") is None and "select" not in order:
        yield _fault(
            document,
            "what was resampled holds events of the training alone: it needs 'validation', files of others",
            STAGE,
        )
    yield from _check_samples(document, section)
    yield from _check_inputs(document, section)


def _check_samples(document: Document, section: dict[str, Any]) -> Iterator[ConfigError]:
    names = section.get("samples")
    if names is None:
        return
    if section.get("from") is not None:
        yield _fault(document, "'samples' and 'from' exclude each other; keep one of them", STAGE, "samples")
        return
    head = document.data.get("input")
    samples = head.get("samples") if isinstance(head, dict) else None
    if not isinstance(samples, dict):
        return
    simulated = [name for name, spec in samples.items() if not (isinstance(spec, dict) and spec.get("kind") == "data")]
    for name in [names] if isinstance(names, str) else names if isinstance(names, list) else []:
        if isinstance(name, str) and name not in simulated:
            hint = "; it is data, which has no true mass" if name in samples else did_you_mean(name, simulated)
            yield _fault(document, f"no simulated sample '{name}'{hint}", STAGE, "samples")


def _check_inputs(document: Document, section: dict[str, Any]) -> Iterator[ConfigError]:
    """Yield a fault for what no network may see: with the truth among its inputs it would be of no use."""
    inputs = section.get("inputs")
    told = {key: section.get(key, default) for key, default in (("target", "genMass"), ("split", "split"))}
    told |= {"weight": section.get("weight"), "fold": "fold"}
    for key, name in told.items():
        if isinstance(inputs, list) and isinstance(name, str) and name in inputs:
            what = "its fold" if key == "fold" else f"the {key}"
            yield _fault(
                document, f"'{shortened(name)}' is {what} of an event, which no network may see", STAGE, "inputs"
            )


def _names_model(document: Document, section: dict[str, Any]) -> bool:
    """Return whether the section ``ml`` names the model of ``train``, by its name or path."""
    of_ml, model = document.data.get("ml"), section.get("model")
    paths = {str(model), f"{str(section.get('dir', 'models')).rstrip('/')}/{model}"}
    entries = of_ml if isinstance(of_ml, list) else [of_ml]
    return any(isinstance(entry, dict) and entry.get("model") in paths for entry in entries)


def _fault(document: Document, message: str, *path: str | int) -> ConfigError:
    file, line = document.position(path)
    return ConfigError(f"{dotted(path)}: {message}", file=file, line=line)
