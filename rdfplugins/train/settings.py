"""What a training is told, checked before anything is read."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Literal, get_args

from rdfplugins.errors import ConfigError, did_you_mean
from rdfplugins.inference.inputs_file import fault_of_name
from rdfplugins.inference.network import ACTIVATIONS
from rdfplugins.train.augment import check_augment, directions_of

if TYPE_CHECKING:
    from rdfplugins.inference.network import Activation
    from rdfplugins.train.augment import Augment
    from rdfplugins.train.balance import Emphasis
    from rdfplugins.train.teacher import Teacher

FlatIn = Literal["mass", "log_mass", "none"]
_CHOICES = {"activation": ACTIVATIONS, "flat_in": get_args(FlatIn)}
_WHOLE = ("epochs", "batch", "patience")
_LARGEST_SEED = 2**64
WIDEST = 8192  # nodes of a layer


@dataclasses.dataclass(frozen=True)
class Settings:
    """How to train; `train_mass_model` says what each means.

    Raises
    ------
    ConfigError
        For a value that makes no sense.
    """

    inputs: tuple[str, ...]
    output: str
    widths: tuple[int, ...]
    activation: Activation
    epochs: int
    batch: int
    learning_rate: float
    patience: int
    mass_range: tuple[float, float]
    flat_in: FlatIn
    cap: float
    seed: int
    weight: str | None = None
    flat_per: str | None = None
    augment: tuple[Augment, ...] = ()
    invariant: tuple[str, ...] = ()
    emphasis: Emphasis | None = None
    teacher: Teacher | None = None

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            value = getattr(self, name)
            if value not in choices:
                raise ConfigError(
                    f"{name} '{value}' is not known{did_you_mean(str(value), choices)}; there are {', '.join(choices)}"
                )
        for name in _WHOLE:
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} is a whole number above 0, not {getattr(self, name)}")
        if not self.widths or min(self.widths) < 1 or max(self.widths) > WIDEST:
            raise ConfigError(
                f"widths are those of the hidden layers, at least one, each from 1 to {WIDEST}, not {self.widths}"
            )
        self._check_names()
        if not (math.isfinite(self.learning_rate) and self.learning_rate > 0):
            raise ConfigError(f"learning_rate is a number above 0, not {self.learning_rate}")
        if not self.cap >= 1:
            raise ConfigError(f"cap is the largest weight, at least 1, not {self.cap}")
        low, high = self.mass_range
        if not 0 < low < high < math.inf:
            raise ConfigError(f"mass_range is the lowest and the highest mass in GeV, above 0, not {self.mass_range}")
        if not 0 <= self.seed < _LARGEST_SEED:
            raise ConfigError(f"seed is a whole number from 0 to 2^64 - 1, not {self.seed}")
        check_augment(self.augment)
        if self.augment:
            directions_of(self.inputs, self.invariant)
        elif self.invariant:
            raise ConfigError("invariant says what augment leaves as it is, and there is no augment")

    def _check_names(self) -> None:
        if not self.inputs or len(set(self.inputs)) < len(self.inputs):
            raise ConfigError("inputs are names of columns, at least one and each once")
        if self.weight in self.inputs:
            raise ConfigError(f"inputs: '{self.weight}' is the weight, which no network may see")
        for name in (*self.inputs, self.output):
            wrong = fault_of_name(name)
            if wrong:
                raise ConfigError(f"inputs and output: {wrong}")
        for what, column in (("weight", self.weight), ("flat_per", self.flat_per)):
            if column is not None and (not isinstance(column, str) or not column):
                raise ConfigError(f"{what} is the name of a column, not {column!r}")
