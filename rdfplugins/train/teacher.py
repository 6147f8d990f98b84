"""Networks that are trained first, for a model to learn from: their estimate has less noise than the true mass.

What a model is to give, the median of the masses that an event may have, is hidden in the spread of true masses around
it. A teacher that has found it shows it event by event (distillation: Hinton, Vinyals and Dean, arXiv:1503.02531).
Teachers see `invariants` of the event, which are easier to learn from than the inputs of the model.
"""

from __future__ import annotations

import dataclasses
import hashlib
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from rdfplugins.errors import ConfigError
from rdfplugins.inference.backends.blas import BlasEngine
from rdfplugins.train.fit import Sample, fit
from rdfplugins.train.invariants import invariants
from rdfplugins.train.scaling import fold, scaling_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from rdfplugins.inference.network import Activation
    from rdfplugins.train.settings import Settings

_SEEDS: Final = 1_000_003  # between the seeds of the members: far from those that people choose
_MOST_MEMBERS: Final = 16
_BEYOND: Final = 2.0  # factor by which an estimate may be outside of the masses


@dataclasses.dataclass(frozen=True)
class Teacher:
    """One network, or several whose mean is taken.

    Attributes
    ----------
    members
        How many; each has a seed of its own.
    widths, activation
        Number of nodes of each hidden layer, and their function.
    epochs, batch, learning_rate
        As those of the model.

    Raises
    ------
    ConfigError
        For a value that makes no sense.
    """

    members: int = 1
    widths: tuple[int, ...] = (128, 128, 128)
    activation: Activation = "softplus"
    epochs: int = 30
    batch: int = 1024
    learning_rate: float = 1e-3

    def __post_init__(self) -> None:
        if not 1 <= self.members <= _MOST_MEMBERS:
            raise ConfigError(f"teacher: members is a whole number from 1 to {_MOST_MEMBERS}, not {self.members}")

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Teacher:
        """Return the teacher that a mapping of a config describes; ConfigError for a key that is none."""
        known = [field.name for field in dataclasses.fields(cls)]
        for key in said:
            if key not in known:
                raise ConfigError(f"teacher: '{key}' is not known; there are {', '.join(known)}")
        return cls(**{**said, **({"widths": tuple(said["widths"])} if "widths" in said else {})})


def taught(
    training: Sample, validation: Sample, settings: Settings, *, place: Path, key: str, say: Callable[[str], None]
) -> tuple[Sample, dict[str, Any]]:
    """Train the teacher, and return the events of the training with its estimates as target.

    The events of the validation keep the true mass as theirs, so that the losses of teacher and model can be compared.

    Parameters
    ----------
    training, validation
        Raw inputs, all of `ditau.INPUTS` among them, true masses, weights.
    settings
        Of the model; ``settings.teacher`` is that of the teacher.
    place
        Folder for checkpoints; what was trained there before is taken up.
    key
        Of settings and data.
    say
        Takes a line an epoch.

    Returns
    -------
    The events to train the model with, and what a card says of the teacher.

    Raises
    ------
    ConfigError
        If inputs are lacking.
    ModelError
        If a training diverges.
    """
    teacher = settings.teacher
    assert teacher is not None
    seen, checked = (
        Sample(invariants(sample.inputs, settings.inputs), sample.mass, sample.weight)
        for sample in (training, validation)
    )
    scaling = scaling_of(seen.inputs, seen.mass)
    target = np.zeros(len(training), dtype=np.float32)
    losses = []
    for member in range(teacher.members):
        name = "teacher" if teacher.members == 1 else f"teacher {member + 1} of {teacher.members}"
        own = _settings(settings, teacher, seen.inputs.shape[1], member)
        state = fit(
            seen,
            checked,
            own,
            scaling,
            state_file=place / f"teacher_{member}.npz",
            key=hashlib.sha256(f"{key} {member}".encode()).hexdigest(),
            say=lambda line, name=name: say(f"{name}, {line}"),  # type: ignore[misc]
        )
        losses.append(float(state.history[-1]["val_loss"]))
        # the last epoch, where the learning rate is smallest; that of the smallest loss was lucky near the limits
        target += _estimates(BlasEngine(fold(state.weights, own.activation, scaling)), seen.inputs) / teacher.members
    low, high = settings.mass_range
    np.clip(target, low / _BEYOND, high * _BEYOND, out=target)  # the loss divides by its root
    record = {**dataclasses.asdict(teacher), "validation_losses": [round(loss, 5) for loss in losses]}
    record["widths"] = list(teacher.widths)
    return Sample(training.inputs, training.mass, training.weight, target), record


def _settings(settings: Settings, teacher: Teacher, quantities: int, member: int) -> Settings:
    return dataclasses.replace(
        settings,
        inputs=tuple(f"invariant_{number}" for number in range(quantities)),
        widths=teacher.widths,
        activation=teacher.activation,
        epochs=teacher.epochs,
        batch=teacher.batch,
        learning_rate=teacher.learning_rate,
        patience=teacher.epochs,
        seed=(settings.seed + _SEEDS * (member + 1)) % 2**64,
        augment=(),
        invariant=(),
        teacher=None,
    )


def _estimates(engine: BlasEngine, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
    made = np.empty((len(inputs), 1), dtype=np.float32)
    engine.run(np.ascontiguousarray(inputs), made)
    return made[:, 0]
