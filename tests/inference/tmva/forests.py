"""Random forests, events for them, and what they give: a walk from node to node, written down from the definition."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from rdfplugins.inference.tmva.method import LEAF, Forest

# -- random forests: a grid of cuts and of values, so that values lie exactly on cuts, all in float64


def grow(random: np.random.Generator, features: int, depth: int, full: bool, cuts: np.ndarray) -> list[list[float]]:
    """Return rows [feature, cut, left, right, value] of a tree, its nodes in front of their descendants."""
    rows: list[list[float]] = []

    def add(below: int) -> int:
        here = len(rows)
        rows.append([LEAF, 0.0, here, here, random.normal()])
        if below and (full or here == 0 or random.random() < 0.6):
            rows[here] = [random.integers(features), random.choice(cuts), add(below - 1), add(below - 1), 0.0]
        return here

    add(depth)
    return rows


def random_forest(
    seed: int,
    *,
    trees: int = 20,
    depth: int = 3,
    variables: int = 4,
    votes: Any = "sum",
    combinations: bool = False,
    full: bool = False,
    values: int = 40,
) -> Forest:
    random = np.random.default_rng(seed)
    cuts = grid(values)
    rows: list[list[float]] = []
    roots = []
    for _ in range(trees):
        roots.append(len(rows))
        rows += [
            [row[0], row[1], row[2] + roots[-1], row[3] + roots[-1], row[4]]
            for row in grow(random, variables, depth, full, cuts)
        ]
    feature, cut, left, right, value = np.array(rows, dtype=np.float64).T
    fisher = np.zeros((0, variables + 1))
    if combinations:
        some = np.flatnonzero((feature != LEAF) & (random.random(len(feature)) < 0.3))
        feature[some] = variables + np.arange(len(some))
        fisher = random.integers(-2, 3, (len(some), variables + 1)).astype(float)
        fisher[random.random(len(some)) < 0.5, variables] = 1 / 3
    return Forest(
        feature.astype(np.int32),
        cut,
        left.astype(np.int32),
        right.astype(np.int32),
        value,
        np.array(roots, np.int32),
        random.uniform(0.1, 2, trees),
        fisher,
        votes,
        min(3, trees) if votes == "softmax" else 1,
        random.normal() if votes == "sum" else 0.0,
    )


def grid(values: int) -> np.ndarray:
    """Return values some of which are no float32, and two neighbours among the float64."""
    return np.append(np.arange(values) / 3 - values / 6, np.nextafter(1 / 3, 1))


def make_events(seed: int, variables: int, count: int = 70, values: int = 40) -> np.ndarray:
    random = np.random.default_rng(seed)
    x = np.where(
        random.random((count, variables)) < 0.5,
        random.choice(grid(values), (count, variables)),
        random.normal(scale=values / 6, size=(count, variables)),
    )
    x[random.random(x.shape) < 0.02] = np.inf
    x[random.random(x.shape) < 0.02] = -np.inf
    return x


# -- the definition


def respond(forest: Forest, x: np.ndarray, root: int) -> float:
    """Return the value of the leaf in which an event ends."""
    node, variables = root, len(x)
    while forest.feature[node] != LEAF:
        feature = forest.feature[node]
        if feature < variables:
            right = x[feature] >= forest.cut[node]
        else:
            coefficients = forest.fisher[feature - variables]
            total = float(coefficients[-1])
            with np.errstate(invalid="ignore"):
                for coefficient, value in zip(coefficients[:-1], x, strict=True):
                    total = total + coefficient * value
            right = total > forest.cut[node]
        node = forest.right[node] if right else forest.left[node]
    return float(forest.value[node])


def vote(forest: Forest, responses: list[float]) -> list[float]:
    total = math.fsum(responses)
    if forest.votes == "sum":
        return [total + forest.offset]
    if forest.votes == "logistic":
        return [2 / (1 + math.exp(-2 * total)) - 1]
    if forest.votes == "mean":
        return [math.fsum(np.multiply(responses, forest.weights)) / math.fsum(forest.weights)]
    if forest.votes == "softmax":
        powers = [math.exp(math.fsum(responses[k :: forest.classes])) for k in range(forest.classes)]
        return [power / math.fsum(powers) for power in powers]
    order = sorted(range(len(responses)), key=lambda k: responses[k])
    half, weight, middle, sixth = np.cumsum(forest.weights)[-1] / 2, 0.0, 0, len(order) // 6
    while weight <= half:
        weight += forest.weights[order[middle]]
        middle += 1
    kept = [responses[k] for k in order[max(0, middle - sixth - 1) : middle + sixth]]
    return [math.fsum(kept) / len(kept)]


def expected(forest: Forest, x: np.ndarray) -> np.ndarray:
    return np.array([vote(forest, [respond(forest, event, root) for root in forest.roots]) for event in x])
