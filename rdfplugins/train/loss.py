"""The loss of the mass regression."""

from __future__ import annotations

from typing import Any

from rdfplugins.inference.backends.tensorflow import load_tensorflow


def mass_loss(y_true: Any, y_pred: Any, mass_range: tuple[float, float] | None = (50.0, 1000.0)) -> Any:
    """Return the loss of each event, after the published mass networks (L. Torterotot, DL_for_HTT_mass).

    ``abs(y_true - y_pred) / sqrt(y_true) * factor``, where factor is

    - 0 if ``y_pred - y_true >= high - y_pred``: an estimate near the upper end of the masses in the training, which
      could not be as far off to the other side;
    - 0.1 else, if ``y_true - y_pred >= y_pred - low``: the same at the lower end, not removed so that it converges;
    - 1 else.

    The factor has no gradient.

    Parameters
    ----------
    y_true, y_pred
        Tensors float32[events], GeV; ``y_true`` above 0.
    mass_range
        low and high, GeV. None: the factor is 1, where ``y_true`` is an estimate itself, which knows of the limits.

    Returns
    -------
    Tensor
        float32[events], sqrt(GeV).
    """
    tf = load_tensorflow()
    loss = tf.abs(y_true - y_pred) / tf.sqrt(y_true)
    if mass_range is None:
        return loss
    low, high = mass_range
    factor = tf.where(
        y_pred - y_true >= high - y_pred,
        tf.zeros_like(y_pred),
        tf.where(y_true - y_pred >= y_pred - low, 0.1 * tf.ones_like(y_pred), tf.ones_like(y_pred)),
    )
    return loss * factor
