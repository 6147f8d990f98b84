"""The training itself: Adam on a dense network, batches in one compiled graph an epoch."""

from __future__ import annotations

import itertools
import math
import time
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from rdfplugins.errors import ModelError
from rdfplugins.inference.backends.tensorflow import load_tensorflow
from rdfplugins.train import checkpoint
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


class Sample:
    """Events as the network sees them.

    Parameters
    ----------
    inputs
        float32[events, inputs], scaled.
    mass
        float32[events], GeV.
    weight
        float32[events].
    """

    def __init__(self, inputs: NDArray[np.float32], mass: NDArray[np.float32], weight: NDArray[np.float32]) -> None:
        self.inputs, self.mass, self.weight = inputs, mass, weight

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
        Scaled inputs, true masses, weights.
    settings
        How to train.
    scaling
        Of the output.
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
    state = checkpoint.load(state_file, key, 2 * (len(shape) - 1))
    if state is None:
        state = State.start(initial_weights(shape, settings.seed))
    else:
        say(f"going on after epoch {len(state.history)}, where an earlier run ended")
    trainer = _Trainer(state, settings, scaling, training, validation)
    for epoch in range(len(state.history), settings.epochs):
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
        say(
            f"epoch {epoch + 1} of {settings.epochs}: loss {row['loss']:.4f}, validation {row['val_loss']:.4f}"
            f"{' (best)' if state.best_epoch == epoch + 1 else ''}"
        )
    return state


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
        self._validation = validation
        groups = (state.weights, state.first_moments, state.second_moments)
        self._weights, self._first, self._second = ([tf.Variable(array) for array in group] for group in groups)
        self._activation = {
            "linear": tf.identity,
            "relu": tf.nn.relu,
            "elu": tf.nn.elu,
            "softplus": tf.math.softplus,
            "tanh": tf.math.tanh,
            "sigmoid": tf.math.sigmoid,
        }[settings.activation]
        self._batch = min(settings.batch, len(training))
        self._training = tuple(tf.constant(array) for array in (training.inputs, training.mass, training.weight))
        # XLA fuses the small operations of a batch: a third faster on a CPU
        self._step = tf.function(self._step_eagerly, jit_compile=True, autograph=False, reduce_retracing=True)
        self._pass = tf.function(self._pass_eagerly)
        self._loss_sum = tf.function(self._loss_sum_eagerly, autograph=False, reduce_retracing=True)

    def epoch(self, epoch: int, rate: float) -> dict[str, float]:
        """Train for one epoch, from 0; return the losses."""
        order = np.random.default_rng([self._settings.seed, _ORDER, epoch]).permutation(len(self._training[1]))
        batches = len(order) // self._batch
        chosen = order[: batches * self._batch].reshape(batches, self._batch)
        # what is left is less than a batch, and other events in each epoch
        tf = self._tf
        total = self._pass(
            tf.constant(chosen, tf.int32),
            tf.constant(epoch * batches, tf.int64),
            tf.constant(rate, tf.float32),
        )
        return {"loss": float(total) / batches, "val_loss": self._validation_loss()}

    def store(self, state: State) -> None:
        """Copy the variables."""
        state.weights, state.first_moments, state.second_moments = (
            [variable.numpy() for variable in group] for group in (self._weights, self._first, self._second)
        )

    def _validation_loss(self) -> float:
        sample, total = self._validation, 0.0
        for start in range(0, len(sample), _VALIDATION_BATCH):
            rows = slice(start, start + _VALIDATION_BATCH)
            total += float(self._loss_sum(sample.inputs[rows], sample.mass[rows], sample.weight[rows]))
        return total / float(sample.weight.sum(dtype=np.float64))

    def _estimate(self, inputs: Any) -> Any:
        values = inputs
        for number in range(0, len(self._weights), 2):
            values = values @ self._weights[number] + self._weights[number + 1]
            if number < len(self._weights) - 2:
                values = self._activation(values)
        return values[:, 0] * self._scaling.scale + self._scaling.offset

    def _loss_sum_eagerly(self, inputs: Any, mass: Any, weight: Any) -> Any:
        return self._tf.reduce_sum(weight * mass_loss(mass, self._estimate(inputs), self._settings.mass_range))

    def _step_eagerly(self, inputs: Any, mass: Any, weight: Any, number: Any, rate: Any) -> Any:
        """Change the variables by one batch; ``number`` of the step, from 1. Return the loss."""
        tf = self._tf
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(weight * mass_loss(mass, self._estimate(inputs), self._settings.mass_range))
        gradients = tape.gradient(loss, self._weights)
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

    def _pass_eagerly(self, chosen: Any, done: Any, rate: Any) -> Any:
        """Take all batches of an epoch; ``chosen`` int32[batches, batch] are the rows of each."""
        tf = self._tf
        total = tf.constant(0.0)
        for number in tf.range(tf.shape(chosen)[0]):
            rows = chosen[number]
            step = tf.cast(done + tf.cast(number, tf.int64) + 1, tf.float32)
            total += self._step(*(tf.gather(column, rows) for column in self._training), step, rate)
        return total
