"""Arrays of Keras -> network: what is linear between two activations becomes one layer.

The folding is done in double precision and rounded once, at the end.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from rdfplugins.errors import ModelError
from rdfplugins.inference.architecture import MAX_WEIGHTS, BatchNorm, Bend, Dense, Standardise
from rdfplugins.inference.network import Layer, Network

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from numpy.typing import NDArray

    from rdfplugins.inference.architecture import Architecture
    from rdfplugins.inference.network import Activation

    Array = NDArray[np.floating[Any]]

_LARGEST_RATIO = 1e3  # costs three of the seven digits
_SMALLEST = 1e-7  # keras.backend.epsilon(), below which Normalization takes no standard deviation


@dataclasses.dataclass
class _Piece:
    kernel: Array
    bias: Array
    activation: Activation


def fold(architecture: Architecture, arrays: Sequence[Array], where: str) -> Network:
    """Return the network that computes what the layers of a description compute.

    Parameters
    ----------
    architecture
        Layers.
    arrays
        The arrays of ``architecture.weights``, in that order and of these shapes.
    where
        Name of the file with the weights, for messages.

    Raises
    ------
    ModelError
        If a weight is no finite number in single precision.
    """
    given = iter(arrays)
    pieces: list[_Piece] = []
    waiting: tuple[Array, Array] | None = None  # scale and shift behind the last piece, which is not linear
    for step in architecture.steps:
        own = [next(given) for _ in step.weights]
        if isinstance(step, Dense):
            piece = _Piece(own[0], own[1] if step.bias else np.zeros(step.units), step.activation)
            pieces.append(piece if waiting is None else _behind(piece, *waiting))
            waiting = None
        elif isinstance(step, Bend):
            if step.activation == "linear":
                continue
            if waiting is None and pieces and pieces[-1].activation == "linear":
                pieces[-1].activation = step.activation
            else:
                pieces.append(_diagonal(step.width, waiting, step.activation, where))
                waiting = None
        else:
            scale, shift = _scaling(step, own, where)
            if waiting is not None:
                _check_exact(step, own, where)
                waiting = (waiting[0] * scale, waiting[1] * scale + shift)
            elif pieces and pieces[-1].activation == "linear":
                pieces[-1].kernel = pieces[-1].kernel * scale
                pieces[-1].bias = pieces[-1].bias * scale + shift
            else:
                _check_exact(step, own, where)
                waiting = (scale, shift)
    if waiting is not None or not pieces:
        pieces.append(_diagonal(architecture.outputs, waiting, "linear", where))
    return Network(tuple(_layers(pieces, where)))


def _behind(piece: _Piece, scale: Array, shift: Array) -> _Piece:
    """Return ``piece(x * scale + shift)``."""
    kernel = piece.kernel.astype(np.float64)
    return _Piece(scale[:, None] * kernel, piece.bias + shift @ kernel, piece.activation)


def _diagonal(width: int, scaling: tuple[Array, Array] | None, activation: Activation, where: str) -> _Piece:
    """Return ``activation(x * scale + shift)``, which stands alone: no linear layer is beside it to take it in."""
    if width * width > MAX_WEIGHTS:
        raise ModelError(f"{where}: {width} numbers are too many for a layer without weights of its own")
    scale, shift = scaling or (np.ones(width), np.zeros(width))
    return _Piece(np.diag(scale), shift, activation)


def _scaling(step: BatchNorm | Standardise, own: Sequence[Array], where: str) -> tuple[Array, Array]:
    """Return scale and shift, float64[width] each: the layer is ``x * scale + shift``."""
    mean, deviation = _moments(step, own, where)
    if isinstance(step, BatchNorm):
        by_name = dict(zip([name for name, _ in step.weights], own, strict=True))
        scale = by_name.get("gamma", np.ones(step.width)) / deviation
        return scale, by_name.get("beta", np.zeros(step.width)) - mean * scale
    return (deviation, mean) if step.inverse else (1 / deviation, -mean / deviation)


def _moments(step: BatchNorm | Standardise, own: Sequence[Array], where: str) -> tuple[Array, Array]:
    """Return the mean and what it is divided by, float64[width] each."""
    names = [name for name, _ in step.weights]
    if isinstance(step, BatchNorm):
        given = [own[names.index(f"moving_{name}")] for name in ("mean", "variance")]
    else:
        given = list(own[:2]) if step.fixed is None else [np.array(values) for values in step.fixed]
    mean, variance = (np.broadcast_to(values, step.width).astype(np.float64) for values in given)
    floor = step.epsilon if isinstance(step, BatchNorm) else 0.0
    if (variance < 0).any() or (isinstance(step, BatchNorm) and (variance + floor <= 0).any()):
        raise ModelError(f"{where}: the variance in layer '{step.name}' is not above 0; the file is damaged")
    deviation = np.sqrt(variance + floor)
    return mean, deviation if isinstance(step, BatchNorm) else np.maximum(deviation, _SMALLEST)


def _check_exact(step: BatchNorm | Standardise, own: Sequence[Array], where: str) -> None:
    """Refuse to fold where ``x - mean``, exact in Keras, would become the difference of two large rounded numbers."""
    if isinstance(step, Standardise) and step.inverse:
        return
    mean, deviation = _moments(step, own, where)
    ratio = float(np.max(np.abs(mean) / deviation))
    if ratio > _LARGEST_RATIO:
        raise ModelError(
            f"{where}: layer '{step.name}' subtracts a mean of {ratio:.1e} standard deviations, which single precision"
            " cannot hold once it is part of the weights; train without inputs that are constant"
        )


def _layers(pieces: Sequence[_Piece], where: str) -> Iterator[Layer]:
    for number, piece in enumerate(pieces, start=1):
        with np.errstate(over="ignore"):
            kernel = np.ascontiguousarray(piece.kernel, dtype=np.float32)
            bias = np.ascontiguousarray(piece.bias, dtype=np.float32)
        if not (np.isfinite(kernel).all() and np.isfinite(bias).all()):
            raise ModelError(
                f"{where}: weights of dense layer {number} are not finite in single precision;"
                " the training went wrong or the file is damaged"
            )
        yield Layer(kernel, bias, piece.activation)
