"""A TMVA method as numbers: what the reader of weight files makes and every backend computes; no XML is left in it.

Everything is computed in float64 from inputs in float32, which is what TMVA's readers take.
"""

from __future__ import annotations

import dataclasses
import hashlib
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Doubles = NDArray[np.float64]
    Numbers = NDArray[np.int32]

Neuron = Literal["sigmoid", "tanh", "linear", "radial"]
Synapses = Literal["sum", "sqsum", "abssum"]
Votes = Literal["mean", "logistic", "softmax", "sum", "median"]
Finish = Literal["none", "softmax"]

LEAF = -1


@dataclasses.dataclass(frozen=True, eq=False)
class Scale:
    """Normalisation: ``(x - low) / (high - low) * 2 - 1`` of some variables.

    Attributes
    ----------
    variables
        int32[m], each once.
    low, high
        float64[m]; low < high.
    """

    variables: Numbers
    low: Doubles
    high: Doubles


@dataclasses.dataclass(frozen=True, eq=False)
class Rotate:
    """Decorrelation (mean 0), or principal components: ``matrix @ (x - mean)`` of some variables.

    Attributes
    ----------
    variables
        int32[m], each once; the results take their places in this order.
    mean
        float64[m].
    matrix
        float64[m, m].
    """

    variables: Numbers
    mean: Doubles
    matrix: Doubles


@dataclasses.dataclass(frozen=True, eq=False)
class Quantile:
    """Gauss and uniform transformation: the cumulative distribution of one variable, and its normal quantile.

    The cumulative is interpolated linearly between ``points``, goes on beyond them along the outermost two at each end,
    and is cut to [1e-9, 1 - 1e-9]. ``gauss``: of it ``1.414213562 * erfinv(clip(2 c - 1, -0.99999999, 0.99999999))``.

    Attributes
    ----------
    variable
        Number of the variable.
    points, cumulative
        float64[m]: rising points, and the cumulative distribution at each.
    gauss
        False: the cumulative itself.
    """

    variable: int
    points: Doubles
    cumulative: Doubles
    gauss: bool


Step = Scale | Rotate | Quantile


@dataclasses.dataclass(frozen=True, eq=False)
class Forest:
    """Decision trees. An event goes right where ``x[feature] >= cut``, compared in float64.

    The features are the (transformed) variables, and behind them the linear combinations of ``fisher``, for which it
    goes right where they are greater than the cut.

    Attributes
    ----------
    feature
        int32[nodes]; ``LEAF`` (-1) for a leaf. Nodes of a tree are next to each other, its root first, in front of its
        descendants.
    cut
        float64[nodes]; of a leaf 0.
    left, right
        int32[nodes]: numbers of nodes; of a leaf itself.
    value
        float64[nodes]: what a leaf says; 0 elsewhere.
    roots
        int32[trees], rising.
    weights
        float64[trees].
    fisher
        float64[combinations, variables + 1]: coefficients, then a constant. One of them belongs to one node.
    votes
        How trees become outputs. ``mean``: weighted mean (0 where the weights sum to less than 2.2e-16). ``logistic``:
        ``2 / (1 + exp(-2 sum)) - 1`` without weights. ``softmax``: tree i belongs to class i mod ``classes``, softmax
        of the sums. ``sum``: sum without weights, plus ``offset``. ``median``: that of AdaBoost.R2, see
        `rdfplugins.inference.tmva.forest`.
    classes
        Number of outputs of ``softmax``; else 1.
    offset
        Of ``sum``; else 0.
    """

    feature: Numbers
    cut: Doubles
    left: Numbers
    right: Numbers
    value: Doubles
    roots: Numbers
    weights: Doubles
    fisher: Doubles
    votes: Votes
    classes: int = 1
    offset: float = 0.0

    @property
    def n_outputs(self) -> int:
        """Number of outputs."""
        return self.classes

    @property
    def n_trees(self) -> int:
        """Number of trees."""
        return len(self.roots)

    def depths(self) -> Numbers:
        """Return how many cuts the longest path of each tree has, int32[trees]."""
        depth = np.zeros(len(self.feature), np.int32)
        level, below = self.roots, 0
        while len(level):  # all trees at once, a level at a time
            depth[level] = below
            inner = level[self.feature[level] != LEAF]
            level, below = np.concatenate([self.left[inner], self.right[inner]]), below + 1
        return np.maximum.reduceat(depth, self.roots).astype(np.int32)


@dataclasses.dataclass(frozen=True, eq=False)
class Perceptron:
    """Multilayer perceptron; what a neuron sends is the activation of what its synapses bring.

    Attributes
    ----------
    kernels
        float64[inputs + 1, outputs] for each layer of synapses; the last row is of the bias, whose value is 1.
    neuron
        Activation of all hidden neurons. sigmoid ``1 / (1 + exp(-x))``; radial ``exp(-x^2 / 2)``.
    synapses
        How inputs of a neuron become one: sum of ``w x``, of ``(w x)^2``, or of ``|w x|``, the bias among them.
    output
        Activation of the last layer: linear or sigmoid.
    finish
        ``softmax`` over the outputs, or nothing.
    """

    kernels: tuple[Doubles, ...]
    neuron: Neuron
    synapses: Synapses
    output: Neuron
    finish: Finish = "none"

    @property
    def n_outputs(self) -> int:
        """Number of outputs."""
        return int(self.kernels[-1].shape[1])


@dataclasses.dataclass(frozen=True, eq=False)
class Linear:
    """Linear function of the variables: Fisher discriminant, LD.

    Attributes
    ----------
    coefficients
        float64[outputs, variables + 1]: the constant, then one for each variable.
    """

    coefficients: Doubles

    @property
    def n_outputs(self) -> int:
        """Number of outputs."""
        return int(self.coefficients.shape[0])


Kernel = Forest | Perceptron | Linear


@dataclasses.dataclass(frozen=True, eq=False)
class Method:
    """Transformations of the variables, then a kernel, then the way back to the targets of a regression.

    Attributes
    ----------
    n_inputs
        Number of variables.
    steps
        Transformations, applied in this order.
    kernel
        What gives the response.
    targets
        float64[steps back, outputs, 2]: low and high of a target; ``low + (y + 1) / 2 * (high - low)``, applied in this
        order. An output that is not to be changed has low -1 and high 1.
    """

    n_inputs: int
    steps: tuple[Step, ...]
    kernel: Kernel
    targets: Doubles

    @property
    def n_outputs(self) -> int:
        """Number of outputs."""
        return self.kernel.n_outputs

    def fingerprint(self) -> str:
        """Return the SHA-256 of all that decides the outputs."""
        total = hashlib.sha256()
        for part in _parts(self):
            data = part.tobytes() if isinstance(part, np.ndarray) else repr(part).encode()
            total.update(f"{len(data)} ".encode() + data)
        return total.hexdigest()


def _parts(value: object) -> Iterator[object]:
    """Yield names of classes, numbers and arrays, in the order of the attributes."""
    if dataclasses.is_dataclass(value):
        yield type(value).__name__
        for field in dataclasses.fields(value):
            yield from _parts(getattr(value, field.name))
    elif isinstance(value, tuple):
        yield len(value)
        for one in value:
            yield from _parts(one)
    else:
        if isinstance(value, np.ndarray):
            yield value.shape
        yield value
