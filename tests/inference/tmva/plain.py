"""A TMVA method event by event, written down from its definition; and random methods."""

from __future__ import annotations

import itertools
import math

import numpy as np
from scipy.special import erfinv

from rdfplugins.inference.tmva.method import Forest, Linear, Method, Perceptron, Quantile, Rotate, Scale, Step
from tests.inference.tmva.forests import random_forest, respond, vote

NEURONS = {
    "linear": lambda x: x,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "tanh": np.tanh,
    "radial": lambda x: np.exp(-x * x / 2),
}
SYNAPSES = {"sum": lambda x: x, "sqsum": lambda x: x * x, "abssum": abs}


def evaluate(method: Method, x: np.ndarray) -> np.ndarray:
    """Return float64[n, outputs] for ``x`` float32[n, inputs]."""
    with np.errstate(all="ignore"):  # of infinities
        return np.array([of_event(method, row) for row in x]).reshape(len(x), method.n_outputs)


def of_event(method: Method, row: np.ndarray) -> list[float]:
    if np.isnan(row).any():
        return [math.nan] * method.n_outputs
    x = list(row.astype(np.float64))
    for step in method.steps:
        transform(step, x)
    answer = of_kernel(method.kernel, x)
    for ranges in method.targets:
        answer = [low + (y + 1) / 2 * (high - low) for y, (low, high) in zip(answer, ranges, strict=True)]
    return answer


def transform(step: Step, x: list[float]) -> None:
    if isinstance(step, Scale):
        for variable, low, high in zip(step.variables, step.low, step.high, strict=True):
            x[variable] = (x[variable] - low) / (high - low) * 2 - 1
    elif isinstance(step, Rotate):
        centred = [x[variable] - mean for variable, mean in zip(step.variables, step.mean, strict=True)]
        for variable, row in zip(step.variables, step.matrix, strict=True):
            x[variable] = sum(element * value for element, value in zip(row, centred, strict=True))
    else:
        x[step.variable] = quantile(step, x[step.variable])


def quantile(step: Quantile, x: float) -> float:
    points, heights = step.points, step.cumulative
    k = 0
    while k < len(points) - 2 and x > points[k + 1]:
        k += 1
    slope = (heights[k + 1] - heights[k]) / (points[k + 1] - points[k])
    c = np.clip(heights[k] + (x - points[k]) * slope, 1e-9, 1 - 1e-9)
    return 1.414213562 * erfinv(np.clip(2 * c - 1, -0.99999999, 0.99999999)) if step.gauss else c


def of_kernel(kernel: Forest | Perceptron | Linear, x: list[float]) -> list[float]:
    if isinstance(kernel, Forest):
        return vote(kernel, [respond(kernel, np.array(x), root) for root in kernel.roots])
    if isinstance(kernel, Linear):
        return [row[0] + sum(c * value for c, value in zip(row[1:], x, strict=True)) for row in kernel.coefficients]
    for number, weights in enumerate(kernel.kernels):
        neuron = kernel.neuron if number < len(kernel.kernels) - 1 else kernel.output
        brought = [
            [SYNAPSES[kernel.synapses](w * v) for w, v in zip(column, [*x, 1.0], strict=True)] for column in weights.T
        ]
        x = [NEURONS[neuron](sum(terms)) for terms in brought]
    if kernel.finish == "softmax":
        return [1 / sum(np.exp(other - one) for other in x) for one in x]
    return x


# -- random methods


def targets(*ranges: list[tuple[float, float]], outputs: int = 1) -> np.ndarray:
    """Return the way back to targets; without ranges there is none."""
    return np.array(ranges, np.float64).reshape(len(ranges), outputs, 2)


def make_steps(random: np.random.Generator, n: int) -> dict[str, tuple[Step, ...]]:
    """Return all kinds of transformations of n variables, alone and behind each other."""
    some = random.permutation(n)[: max(1, n - 1)].astype(np.int32)
    scale = Scale(some, random.uniform(-4, -1, len(some)), random.uniform(1, 4, len(some)))
    rotate = Rotate(some, random.normal(size=len(some)), random.normal(size=(len(some), len(some))))
    gauss, flat = (
        Quantile(number % n, np.sort(random.normal(size=12)), np.linspace(0, 1, 12) ** 2, gauss=number == 0)
        for number in range(2)
    )
    alone = {"none": (), "scale": (scale,), "rotate": (rotate,), "gauss": (gauss,), "flat": (flat,)}
    return {**alone, "all": (rotate, gauss, flat, scale, rotate)}


def make_perceptron(
    random: np.random.Generator, shape: tuple[int, ...], neuron: str = "tanh", synapses: str = "sum", **rest: str
) -> Perceptron:
    kernels = tuple(random.normal(size=(a + 1, b)) for a, b in itertools.pairwise(shape))
    return Perceptron(kernels, neuron, synapses, rest.pop("output", "linear"), **rest)


def make_kernels(random: np.random.Generator, n: int) -> dict[str, Forest | Perceptron | Linear]:
    """Return a kernel of n variables of every kind."""
    forests = {
        f"forest {votes}": random_forest(int(random.integers(1000)), variables=n, votes=votes, combinations=True)
        for votes in ("mean", "logistic", "softmax", "sum", "median")
    }
    perceptrons = {
        f"perceptron {neuron} {synapses}": make_perceptron(random, (n, 9, 4, 1), neuron, synapses)
        for neuron in NEURONS
        for synapses in SYNAPSES
    }
    return {
        **forests,
        **perceptrons,
        "perceptron sigmoid": make_perceptron(random, (n, 9, 1), "tanh", output="sigmoid"),
        "perceptron softmax": make_perceptron(random, (n, 9, 3), "tanh", finish="softmax"),
        "perceptron without hidden neurons": make_perceptron(random, (n, 2)),
        "linear": Linear(random.normal(size=(1, n + 1))),
        "linear of two": Linear(random.normal(size=(2, n + 1))),
    }


def make_events(random: np.random.Generator, n: int, count: int = 60, *, infinite: bool = True) -> np.ndarray:
    x = random.normal(scale=2, size=(count, n)).astype(np.float32)
    x[random.random(x.shape) < 0.02] = np.nan
    if infinite:
        x[random.random(x.shape) < 0.02] = np.inf
        x[random.random(x.shape) < 0.02] = -np.inf
    x[random.random(x.shape) < 0.05] = 0
    return x
