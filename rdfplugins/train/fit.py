"""The training itself: Adam on a dense network, many batches in one call of a compiled graph."""

from __future__ import annotations

import itertools
import math
import statistics
import time
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from rdfplugins.errors import ModelError
from rdfplugins.inference.backends.tensorflow import load_tensorflow
from rdfplugins.train import checkpoint
from rdfplugins.train.augment import augment_tensor, directions_of, draws, stream
from rdfplugins.train.checkpoint import State
from rdfplugins.train.loss import mass_loss

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from rdfplugins.train.scaling import Scaling
    from rdfplugins.train.settings import Settings

LAST_RATE: Final = 0.01
"""Learning rate of the last epoch, relative to that of the first."""
_SMALL: Final = 0.1  # of the last kernel in the beginning: estimates begin near the offset
_BETA_1, _BETA_2, _EPSILON = 0.9, 0.999, 1e-7  # of Adam (arXiv:1412.6980)
_INITIAL, _ORDER = 0, 1  # purposes of random numbers
_VALIDATION_BATCH = 16384
_RECENT: Final = 10  # epochs that tell how long the next ones take
_BLOCK: Final = 8_000_000  # bytes of events that are copied at once, in the order of an epoch


class Sample:
    """Events to fit to, or to validate with.

    Parameters
    ----------
    inputs
        float32[events, inputs], raw.
    mass
        float32[events], true mass, GeV.
    weight
        float32[events].
    target
        float32[events], GeV: what the estimate is compared with; None: the true mass.
    """

    def __init__(
        self,
        inputs: NDArray[np.float32],
        mass: NDArray[np.float32],
        weight: NDArray[np.float32],
        target: NDArray[np.float32] | None = None,
    ) -> None:
        self.inputs, self.mass, self.weight = inputs, mass, weight
        self.target = mass if target is None else target

    def __len__(self) -> int:
        return len(self.mass)


def fit(
    training: Sample,
    validation: Sample,
    settings: Settings,
    scaling: Scaling,
    *,
    state_file: Path,
    key: str,
    say: Callable[[str], None],
) -> State:
    """Train until the last epoch, or until the validation loss does not fall any more; ``best`` holds the weights.

    Every epoch ends with a checkpoint, and takes its random numbers from the seed and its own number alone: a run
    that was killed goes on as if nothing had happened.

    Parameters
    ----------
    training, validation
        Raw inputs, what is to be estimated, weights. They are read where they are: there is no copy of all events.
    settings
        How to train. Events of ``training`` are augmented as it says, anew in each epoch.
    scaling
        Of inputs and output.
    state_file
        The checkpoint.
    key
        Of settings and data: a checkpoint of another training is not taken up.
    say
        Takes a line an epoch.

    Raises
    ------
    ModelError
        If the loss becomes NaN or infinite.
    """
    shape = (len(settings.inputs), *settings.widths, 1)
    try:
        state = checkpoint.load(state_file, key, shape)
    except checkpoint.UnusableError as unusable:
        say(f"starting anew: {unusable}")
        state = None
    if state is None:
        state = State.start(initial_weights(shape, settings.seed))
    else:
        say(f"going on after epoch {len(state.history)}, where an earlier run ended")
    trainer = _Trainer(state, settings, scaling, training, validation)
    first = len(state.history)
    for epoch in range(first, settings.epochs):
        if epoch - state.best_epoch >= settings.patience:
            say(f"the validation loss has not fallen for {settings.patience} epochs: done")
            break
        started = time.monotonic()
        rate = learning_rate(settings, epoch)
        row = {"epoch": epoch + 1, **trainer.epoch(epoch, rate), "learning_rate": rate}
        if not math.isfinite(row["loss"] + row["val_loss"]):
            raise ModelError(
                f"the loss is not a number in epoch {epoch + 1}: choose a smaller learning_rate than "
                f"{settings.learning_rate:g}"
            )
        state.history.append({**row, "seconds": round(time.monotonic() - started, 3)})
        trainer.store(state)
        if state.best_epoch == epoch + 1:
            state.best = state.weights
        checkpoint.save(state_file, state, key)
        say(_progress(state, settings.epochs, first))
    return state


def _progress(state: State, epochs: int, first: int) -> str:
    """Return the line of the last epoch; times are those of this run, of which ``first`` was the first."""
    row = state.history[-1]
    epoch = int(row["epoch"])
    best = "best so far"
    if state.best_epoch < epoch:
        best = f"best {state.history[state.best_epoch - 1]['val_loss']:.4f} in {state.best_epoch}"
    line = f"epoch {epoch} of {epochs}: loss {row['loss']:.4f}, validation {row['val_loss']:.4f} ({best})"
    if epoch == epochs:
        return line
    # the middle one: the first epoch compiles, and others may have been disturbed
    each = statistics.median(past["seconds"] for past in state.history[first:][-_RECENT:])
    return f"{line}, {duration(each * (epochs - epoch))} left"


def duration(seconds: float) -> str:
    """Return a time as people say it: ``40 s``, ``12 min``, ``3 h 05 min``."""
    if seconds < 100:  # noqa: PLR2004 (as many as one still grasps)
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60:02} min"  # noqa: PLR2004


def learning_rate(settings: Settings, epoch: int) -> float:
    """Return that of an epoch, from 0: half a cosine from the one of the settings down to `LAST_RATE` of it."""
    fall = 0.5 * (1 + math.cos(math.pi * epoch / max(1, settings.epochs - 1)))
    return settings.learning_rate * (LAST_RATE + (1 - LAST_RATE) * fall)


def initial_weights(shape: Sequence[int], seed: int) -> list[NDArray[np.float32]]:
    """Return kernel and bias of each layer: uniform after Glorot and Bengio (AISTATS 2010), biases 0.

    The last kernel is a tenth of that, so that no event begins where the loss has no gradient.
    """
    random = np.random.default_rng([seed, _INITIAL])
    weights = []
    for fan_in, fan_out in itertools.pairwise(shape):
        limit = math.sqrt(6 / (fan_in + fan_out))
        weights += [random.uniform(-limit, limit, (fan_in, fan_out)), np.zeros(fan_out)]
    weights[-2] *= _SMALL
    return [weight.astype(np.float32) for weight in weights]


class _Trainer:
    """Variables and compiled functions of TensorFlow."""

    def __init__(
        self, state: State, settings: Settings, scaling: Scaling, training: Sample, validation: Sample
    ) -> None:
        self._tf = tf = load_tensorflow()
        self._settings, self._scaling = settings, scaling
        self._training, self._validation = training, validation
        # what a teacher says is no true mass: it is to be met near the limits, too
        self._limits = settings.mass_range if training.target is training.mass else None
        self._mean = scaling.mean.astype(np.float32)
        self._per_width = (1 / scaling.width).astype(np.float32)
        groups = (state.weights, state.first_moments, state.second_moments)
        self._weights, self._first, self._second = ([tf.Variable(array) for array in group] for group in groups)
        self._activation = {
            "linear": tf.identity,
            "relu": tf.nn.relu,
            "elu": tf.nn.elu,
            # of tf.math an epoch takes a fifth longer
            "softplus": lambda x: tf.nn.relu(x) + tf.math.log1p(tf.exp(-tf.abs(x))),
            "tanh": tf.math.tanh,
            "sigmoid": tf.math.sigmoid,
        }[settings.activation]
        self._directions = directions_of(settings.inputs, settings.invariant) if settings.augment else None
        self._stream = stream(settings.seed)
        self._batch = min(settings.batch, len(training))
        # XLA fuses the small operations of a batch: a third faster on a CPU
        self._step = tf.function(self._step_eagerly, jit_compile=True, autograph=False)
        numbers = tf.TensorSpec([None, self._batch], tf.float32)
        self._pass = tf.function(
            self._pass_eagerly,
            input_signature=[
                tf.TensorSpec([None, self._batch, len(settings.inputs)], tf.float32),
                *(numbers, numbers, tf.TensorSpec([], tf.int64), tf.TensorSpec([], tf.float32)),
            ],
        )
        some = tf.TensorSpec([None], tf.float32)
        self._loss_sum = tf.function(
            self._loss_sum_eagerly,
            input_signature=[tf.TensorSpec([None, len(settings.inputs)], tf.float32), some, some],
            autograph=False,
        )

    def epoch(self, epoch: int, rate: float) -> dict[str, float]:
        """Train for one epoch, from 0; return the losses."""
        tf, sample = self._tf, self._training
        order = np.random.default_rng([self._settings.seed, _ORDER, epoch]).permutation(len(sample))
        # what is left is less than a batch, and other events in each epoch
        batches = len(order) // self._batch
        at_once = max(1, _BLOCK // (self._batch * sample.inputs.itemsize * sample.inputs.shape[1]))
        total = 0.0
        for first in range(0, batches, at_once):
            rows = order[first * self._batch : min(first + at_once, batches) * self._batch]
            total += float(
                self._pass(
                    np.take(sample.inputs, rows, axis=0).reshape(-1, self._batch, sample.inputs.shape[1]),
                    np.take(sample.target, rows).reshape(-1, self._batch),
                    np.take(sample.weight, rows).reshape(-1, self._batch),
                    tf.constant(epoch * batches + first, tf.int64),
                    tf.constant(rate, tf.float32),
                )
            )
        return {"loss": total / batches, "val_loss": self._validation_loss()}

    def store(self, state: State) -> None:
        """Copy the variables."""
        state.weights, state.first_moments, state.second_moments = (
            [variable.numpy() for variable in group] for group in (self._weights, self._first, self._second)
        )

    def _validation_loss(self) -> float:
        sample, total = self._validation, 0.0
        for start in range(0, len(sample), _VALIDATION_BATCH):
            rows = slice(start, start + _VALIDATION_BATCH)
            total += float(self._loss_sum(sample.inputs[rows], sample.target[rows], sample.weight[rows]))
        return total / float(sample.weight.sum(dtype=np.float64))

    def _estimate(self, inputs: Any) -> Any:
        values = (inputs - self._mean) * self._per_width
        for number in range(0, len(self._weights), 2):
            values = values @ self._weights[number] + self._weights[number + 1]
            if number < len(self._weights) - 2:
                values = self._activation(values)
        return values[:, 0] * self._scaling.scale + self._scaling.offset

    def _loss_sum_eagerly(self, inputs: Any, target: Any, weight: Any) -> Any:
        # without the factor: with it, an estimate that is always near the lower limit is better than any good one
        return self._tf.reduce_sum(weight * mass_loss(target, self._estimate(inputs), None))

    def _augmented(self, inputs: Any, done: Any) -> Any:
        """Return a batch as it is seen in the step behind ``done`` others."""
        if self._directions is None:
            return inputs
        tf, asked = self._tf, self._settings.augment
        angle, mirror, flip = draws(tf, self._batch, tf.stack([tf.constant(self._stream, tf.int64), done]))
        return augment_tensor(
            *(tf, inputs, self._directions),
            angle=angle if "rotate" in asked else None,
            mirror=mirror if "mirror" in asked else None,
            flip=flip if "flip" in asked else None,
        )

    def _step_eagerly(self, inputs: Any, target: Any, weight: Any, done: Any, rate: Any) -> Any:
        """Change the variables by one batch; ``done`` is the number of steps before. Return the loss."""
        tf = self._tf
        inputs = self._augmented(inputs, done)
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(weight * mass_loss(target, self._estimate(inputs), self._limits))
        gradients = tape.gradient(loss, self._weights)
        number = tf.cast(done + 1, tf.float32)
        for variable, first, second, gradient in zip(self._weights, self._first, self._second, gradients, strict=True):
            tf.raw_ops.ResourceApplyAdam(
                var=variable.handle,
                m=first.handle,
                v=second.handle,
                beta1_power=tf.pow(_BETA_1, number),
                beta2_power=tf.pow(_BETA_2, number),
                lr=rate,
                beta1=_BETA_1,
                beta2=_BETA_2,
                epsilon=_EPSILON,
                grad=gradient,
            )
        return loss

    def _pass_eagerly(self, inputs: Any, target: Any, weight: Any, done: Any, rate: Any) -> Any:
        """Take batches, [batches, batch, ...], one after the other; return the sum of their losses."""
        tf = self._tf
        total = tf.constant(0.0)
        for number in tf.range(tf.shape(inputs)[0]):
            total += self._step(inputs[number], target[number], weight[number], done + tf.cast(number, tf.int64), rate)
        return total
