"""<Weights> of a weight file -> the kernel of a method: trees, a perceptron, or a linear function."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, get_args

import numpy as np

from rdfplugins.config.scalars import shortened
from rdfplugins.inference.tmva.method import LEAF, Forest, Linear, Neuron, Perceptron, Synapses

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from rdfplugins.inference.tmva.elements import Element
    from rdfplugins.inference.tmva.method import Votes
    from rdfplugins.inference.tmva.nodes import Nodes

_BOOSTS = ("AdaBoost", "Grad", "Bagging", "AdaBoostR2")
_MOST_NEURONS = 100_000
_MOST_SYNAPSES = 50_000_000


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What the rest of the file says of its weights.

    Attributes
    ----------
    kind, analysis
        As in `rdfplugins.inference.tmva.reader.Weights`.
    options
        Name -> <Option>.
    n_inputs, n_outputs
        Numbers of variables, and of responses.
    """

    kind: str
    analysis: str
    options: Mapping[str, Element]
    n_inputs: int
    n_outputs: int

    def choice(self, element: Element, option: str, known: Sequence[str], default: str | None = None) -> str:
        """Return the value of an option, which must be one of those that are supported."""
        said = self.options.get(option)
        found = default if said is None else said.text
        if found is None:
            raise element.fault(f"the option {option} is not in <Options>; this file is damaged, or not of TMVA")
        if found not in known:
            raise (said or element).fault(f"{option}={shortened(found)} is not supported; {', '.join(known)} are")
        return found

    def switch(self, option: str, *, default: bool) -> bool:
        """Return whether an option is on."""
        said = self.options.get(option)
        if said is None:
            return default
        if said.text.lower() not in ("true", "false", "1", "0"):
            raise said.fault(f"{option} is neither True nor False but '{shortened(said.text)}'; this file is damaged")
        return said.text.lower() in ("true", "1")


# -- trees


def forest(weights: Element, wanted: Wanted) -> Forest:
    """Read decision trees."""
    boost = wanted.choice(weights, "BoostType", _BOOSTS)
    votes = _votes(weights, wanted, boost)
    if wanted.analysis == "regression" and wanted.n_outputs != 1:
        raise weights.fault(f"trees have one target, and this file declares {wanted.n_outputs}")
    if wanted.switch("DoPreselection", default=False):
        raise wanted.options["DoPreselection"].fault("DoPreselection=True is not supported: cuts in front of the trees")
    _refuse_other_trees(weights, wanted, boost)
    trees = weights.counted("BinaryTree", "NTrees")
    if not trees:
        raise weights.fault("there are no trees")
    if votes == "softmax" and len(trees) % wanted.n_outputs:
        raise weights.fault(f"{len(trees)} trees cannot be shared by {wanted.n_outputs} classes")
    boosts = np.array([tree.number("boostWeight") for tree in trees])
    if votes == "median" and (boosts < 0).any():
        raise trees[int(np.argmax(boosts < 0))].fault("a boostWeight below 0, which AdaBoostR2 does not give")
    said = _leaf(wanted, boost)
    parts = [_arrays(tree, said, wanted.n_inputs) for tree in trees]
    roots = np.cumsum([0, *(len(part.feature) for part in parts[:-1])]).astype(np.int32)
    combinations = [part.combinations for part in parts if part.combinations is not None]
    seen = 0
    for part in parts:  # the combinations of a tree are behind those of the trees in front of it
        own = part.feature >= wanted.n_inputs
        part.feature[own] += seen
        seen += int(np.count_nonzero(own))
    weighted = wanted.switch("UseWeightedTrees", default=True)
    return Forest(
        feature=np.concatenate([part.feature for part in parts]),
        cut=np.concatenate([part.cut for part in parts]),
        left=np.concatenate([part.left + root for part, root in zip(parts, roots, strict=True)]).astype(np.int32),
        right=np.concatenate([part.right + root for part, root in zip(parts, roots, strict=True)]).astype(np.int32),
        value=np.concatenate([part.value for part in parts]),
        roots=roots,
        weights=boosts if weighted or votes == "median" else np.ones_like(boosts),
        fisher=np.concatenate(combinations) if combinations else np.zeros((0, wanted.n_inputs + 1)),
        votes=votes,
        classes=wanted.n_outputs if votes == "softmax" else 1,
        offset=float(boosts[0]) if votes == "sum" else 0.0,
    )


def _votes(weights: Element, wanted: Wanted, boost: str) -> Votes:
    if wanted.analysis == "multiclass":
        if boost != "Grad":
            raise weights.fault(f"a multiclass BDT with BoostType={boost} is not supported; Grad is")
        return "softmax"
    if boost == "Grad":
        return "sum" if wanted.analysis == "regression" else "logistic"
    if boost == "AdaBoostR2":
        if wanted.analysis != "regression":
            raise weights.fault("BoostType=AdaBoostR2 is for a regression, and this is none")
        return "median"
    return "mean"


def _refuse_other_trees(weights: Element, wanted: Wanted, boost: str) -> None:
    """Refuse what TMVA would read otherwise: it takes from this attribute what a leaf says."""
    if "AnalysisType" not in weights.attributes:
        return
    said = weights.whole("AnalysisType")
    responses = wanted.analysis != "classification" or boost == "Grad"
    if (said == 0) == responses:
        raise weights.fault(
            f"<Weights> has trees of type {said}, which are not those of a {wanted.analysis} with BoostType={boost}"
        )


def _leaf(wanted: Wanted, boost: str) -> str:
    """Return what a leaf says: its response, its type (1 or -1), or its purity."""
    if wanted.analysis != "classification" or boost == "Grad":
        return "response"
    return "kind" if wanted.switch("UseYesNoLeaf", default=True) else "purity"


@dataclasses.dataclass(eq=False)
class _Tree:
    feature: NDArray[np.int32]
    cut: NDArray[np.float64]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    value: NDArray[np.float64]
    combinations: NDArray[np.float64] | None


def _arrays(tree: Element, said: str, n_inputs: int) -> _Tree:
    nodes = tree.nodes
    assert nodes is not None, "a tree has nodes"
    feature = np.array(nodes.feature, np.int32)
    kind = np.array(nodes.kind, np.int32)
    inner = kind == 0
    left, right = np.array(nodes.left, np.int32), np.array(nodes.right, np.int32)
    selects = np.array(nodes.selects, np.int8) == 1
    # right is where the variable is at or above the cut, whatever the file calls it
    left, right = np.where(inner & ~selects, right, left), np.where(inner & ~selects, left, right)
    combined = np.zeros(len(inner), bool)
    combined[list(nodes.combinations)] = True
    _refuse_unknown_variables(tree, nodes, feature, inner & ~combined, n_inputs)
    rows = None
    if nodes.combinations:
        rows = _combinations(tree, nodes, n_inputs)
        feature[combined] = n_inputs + np.arange(len(rows))
    feature[~inner] = LEAF
    value = np.array(getattr(nodes, said), np.float64)
    if np.isnan(value[~inner]).any():
        name = {"response": "res", "purity": "purity"}[said]
        line = nodes.line(int(np.flatnonzero(~inner & np.isnan(value))[0]))
        raise dataclasses.replace(tree, line=line).fault(f'<Node> has no {name}="...", which is what a leaf says here')
    if said == "kind" and not np.isin(value[~inner], (-1, 1)).all():
        line = nodes.line(int(np.flatnonzero(~inner & ~np.isin(value, (-1, 1)))[0]))
        raise dataclasses.replace(tree, line=line).fault("nType of a leaf is 1 or -1 in a classification")
    value[inner] = 0.0
    return _Tree(feature, np.array(nodes.cut), left.astype(np.int32), right.astype(np.int32), value, rows)


def _refuse_unknown_variables(
    tree: Element, nodes: Nodes, feature: NDArray[np.int32], cuts: NDArray[np.bool_], n_inputs: int
) -> None:
    wrong = np.flatnonzero(cuts & ((feature < 0) | (feature >= n_inputs)))
    if len(wrong):
        found = int(feature[wrong[0]])
        place = dataclasses.replace(tree, line=nodes.line(int(wrong[0])))
        raise place.fault(f"a node cuts on variable {found} (IVar), and there are 0 to {n_inputs - 1}")


def _combinations(tree: Element, nodes: Nodes, n_inputs: int) -> NDArray[np.float64]:
    for number, coefficients in nodes.combinations.items():
        if len(coefficients) != n_inputs + 1:
            place = dataclasses.replace(tree, line=nodes.line(number))
            raise place.fault(f"NCoef of <Node> is {len(coefficients)}, and {n_inputs + 1} are expected")
    return np.array(list(nodes.combinations.values()))


# -- perceptron


def perceptron(weights: Element, wanted: Wanted) -> Perceptron:
    """Read a multilayer perceptron."""
    neuron = wanted.choice(weights, "NeuronType", get_args(Neuron), "sigmoid")
    synapses = wanted.choice(weights, "NeuronInputType", get_args(Synapses), "sum")
    estimator = wanted.choice(weights, "EstimatorType", ("MSE", "CE"), "MSE")
    layout = weights.must("Layout")
    layout.counted("Layer", "NLayers")
    layers = layout.in_order("Layer", "Index")
    if len(layers) < 2:  # noqa: PLR2004 (inputs and outputs)
        raise layout.fault("a perceptron has two layers at least")
    sizes = [layer.whole("NNeurons", low=1, high=_MOST_NEURONS) for layer in layers]
    for layer in layers:
        layer.counted("Neuron", "NNeurons")
    if sizes[0] != wanted.n_inputs + 1:
        raise layers[0].fault(f"{sizes[0]} neurons of input, and {wanted.n_inputs} variables and a bias are expected")
    if sizes[-1] != wanted.n_outputs:
        raise layers[-1].fault(f"{sizes[-1]} neurons of output, and {wanted.n_outputs} are expected")
    kernels = []
    for number, layer in enumerate(layers[:-1]):
        targets = sizes[number + 1] - (number + 1 < len(layers) - 1)  # nothing leads to the bias of the next layer
        if targets < 1 or sizes[number] * targets > _MOST_SYNAPSES:
            raise layer.fault(f"{sizes[number]} neurons with {targets} synapses each are not read")
        kernels.append(np.array([_synapses(one, targets) for one in layer.all("Neuron")]))
    return Perceptron(
        tuple(kernels),
        neuron,  # type: ignore[arg-type]
        synapses,  # type: ignore[arg-type]
        "sigmoid" if estimator == "CE" else "linear",
        "softmax" if wanted.analysis == "multiclass" else "none",
    )


def _synapses(neuron: Element, count: int) -> list[float]:
    said = neuron.whole("NSynapses")
    if said != count:
        raise neuron.fault(f"a neuron with {said} synapses, and {count} lead to the next layer")
    return neuron.numbers(count)


# -- linear functions


def linear(weights: Element, wanted: Wanted) -> Linear:
    """Read the coefficients of a Fisher discriminant, or of LD."""
    if wanted.analysis == "multiclass" or (wanted.kind == "Fisher" and wanted.analysis == "regression"):
        raise weights.fault(f"{wanted.kind} for a {wanted.analysis} is not supported")
    found = weights.all("Coefficient")
    expected = wanted.n_inputs + 1
    by_output = "NOut" in weights.attributes
    n_outputs = weights.whole("NOut", low=1, high=_MOST_NEURONS) if by_output else 1
    said = weights.whole("NCoeff")
    if n_outputs != wanted.n_outputs or said != expected or len(found) != expected * n_outputs:
        raise weights.fault(
            f"<Weights> says {n_outputs} x {said} coefficients and holds {len(found)}; expected are"
            f" {wanted.n_outputs} x {expected}, for {wanted.n_inputs} variables"
        )
    table = np.full((n_outputs, expected), np.nan)
    for one in found:
        row = one.whole("IndexOut", high=n_outputs - 1) if by_output else 0
        column = one.whole("IndexCoeff" if by_output else "Index", high=expected - 1)
        if not np.isnan(table[row, column]):
            raise one.fault(f"coefficient {column} stands a second time")
        table[row, column] = one.number("Value")
    return Linear(table)
