"""TMVA weight files, one event at a time, straight from the XML: no arrays, no order of evaluation to save time."""

from __future__ import annotations

import functools
import math
import struct
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def respond(path: str | Path, row: Sequence[float]) -> list[float]:
    """Return the outputs of the method for one event, in double precision from inputs in single precision."""
    path = Path(path)
    setup = _parsed(str(path), path.stat().st_mtime_ns, path.stat().st_size)
    x = [single(float(value)) for value in row]
    if len(x) != len(declared(setup, "Variables")):
        raise ValueError(f"{path}: {len(x)} values for {len(declared(setup, 'Variables'))} variables")
    if any(math.isnan(value) for value in x):
        return [math.nan] * outputs(setup)
    x = transformed(setup, x)
    method = setup.attrib["Method"].split("::")[0]
    if method == "BDT":
        answer = of_trees(setup, x)
    elif method == "MLP":
        answer = of_neurons(setup, x)
    elif method in ("Fisher", "LD"):
        answer = of_coefficients(setup, x)
    else:
        raise ValueError(f"{path}: no oracle of {method}")
    if analysis(setup) == "regression":
        answer = targets_back(setup, answer)
    return answer


@functools.lru_cache(maxsize=4)
def _parsed(path: str, _changed: int, _size: int) -> ET.Element:
    return ET.parse(path).getroot()


def single(value: float) -> float:
    try:
        return struct.unpack("f", struct.pack("f", value))[0]
    except OverflowError:
        return math.copysign(math.inf, value)


def analysis(setup: ET.Element) -> str:
    for info in setup.findall("GeneralInfo/Info"):
        if info.attrib["name"] == "AnalysisType":
            return info.attrib["value"].lower()
    raise ValueError("the file does not say what its method is for")


def option(setup: ET.Element, name: str, default: str) -> str:
    for one in setup.findall("Options/Option"):
        if one.attrib["name"] == name:
            return (one.text or "").strip()
    return default


def declared(setup: ET.Element, what: str) -> list[ET.Element]:
    """Variables or targets, in the order of their index."""
    index = {"Variables": "VarIndex", "Targets": "TargetIndex"}[what]
    return sorted(setup.findall(f"{what}/*"), key=lambda one: int(one.attrib[index]))


def outputs(setup: ET.Element) -> int:
    if analysis(setup) == "multiclass":
        return len(setup.findall("Classes/Class"))
    return max(1, len(declared(setup, "Targets"))) if analysis(setup) == "regression" else 1


def exp(value: float) -> float:
    return math.inf if value > 709.78 else math.exp(value)


def softmax(sums: list[float]) -> list[float]:
    return [1 / (1 + sum(exp(other - one) for k, other in enumerate(sums) if k != i)) for i, one in enumerate(sums)]


# Transformations


def selected(setup: ET.Element, step: ET.Element, kind: str) -> list[tuple[int, int]]:
    """(position in the selection, number of the variable or target), in the order of the selection."""
    known = declared(setup, {"Variable": "Variables", "Target": "Targets"}[kind])
    pairs = []
    for position, entry in enumerate(step.findall("Selection/Input/Input")):
        if entry.attrib["Type"] == kind:
            number = next(i for i, one in enumerate(known) if one.attrib["Expression"] == entry.attrib["Expression"])
            pairs.append((position, number))
    return pairs


def steps_of(setup: ET.Element) -> list[ET.Element]:
    return setup.findall("Transformations/Transform")


def transformed(setup: ET.Element, x: list[float]) -> list[float]:
    for step in steps_of(setup):
        pairs = selected(setup, step, "Variable")
        before = [x[number] for _, number in pairs]
        after = {
            "Normalize": normalised,
            "Decorrelation": decorrelated,
            "PCA": projected,
            "Gauss": gaussian,
        }[step.attrib["Name"]](step, [position for position, _ in pairs], before)
        x = list(x)
        for (_, number), value in zip(pairs, after, strict=True):
            x[number] = value
    return x


def limits(step: ET.Element, position: int) -> tuple[float, float]:
    """Lowest and highest value in the last block of a class."""
    for one in step.findall("Class")[-1].findall("Ranges/Range"):
        if int(one.attrib["Index"]) == position:
            return float(one.attrib["Min"]), float(one.attrib["Max"])
    raise ValueError(f"no range {position}")


def normalised(step: ET.Element, positions: list[int], before: list[float]) -> list[float]:
    after = []
    for position, value in zip(positions, before, strict=True):
        low, high = limits(step, position)
        after.append((value - low) / (high - low) * 2 - 1)
    return after


def numbers(node: ET.Element) -> list[float]:
    return [float(word) for word in (node.text or "").split()]


def decorrelated(step: ET.Element, positions: list[int], before: list[float]) -> list[float]:
    assert len(positions) == len(before)
    size = len(before)
    matrix = numbers(step.findall("Matrix")[-1])
    return [sum(matrix[i * size + j] * before[j] for j in range(size)) for i in range(size)]


def projected(step: ET.Element, positions: list[int], before: list[float]) -> list[float]:
    assert len(positions) == len(before)
    size = len(before)
    mean = numbers(step.findall("Statistics")[-1])
    vectors = numbers(step.findall("Eigenvectors")[-1])
    return [sum((before[j] - mean[j]) * vectors[j * size + i] for j in range(size)) for i in range(size)]


def gaussian(step: ET.Element, positions: list[int], before: list[float]) -> list[float]:
    flat = step.attrib.get("FlatOrGauss") == "Flat"
    after = []
    for position, value in zip(positions, before, strict=True):
        variable = next(one for one in step.findall("Variable") if int(one.attrib["VarIndex"]) == position)
        pdf = list(variable)[-1].find("PDF")
        assert pdf is not None
        level = min(max(cumulative(pdf, value), 1e-9), 1 - 1e-9)
        after.append(level if flat else 1.414213562 * inverse_erf(min(max(2 * level - 1, -0.99999999), 0.99999999)))
    return after


def cumulative(pdf: ET.Element, value: float) -> float:
    """Straight lines between centres of bins; beyond the outermost centres the outermost line goes on."""
    histogram = pdf.find("Histogram")
    assert histogram is not None
    contents = numbers(histogram)
    bins = int(histogram.attrib["NBins"])
    if histogram.attrib["HasEquidistantBins"] == "1":
        low, high = float(histogram.attrib["XMin"]), float(histogram.attrib["XMax"])
        borders = [low + (high - low) * i / bins for i in range(bins + 1)]
    else:
        binning = pdf.find("HistogramBinning")
        assert binning is not None
        borders = numbers(binning)
    centres = [(borders[i] + borders[i + 1]) / 2 for i in range(bins)]
    i = 0
    while i < bins - 2 and value > centres[i + 1]:
        i += 1
    slope = (contents[i + 1] - contents[i]) / (centres[i + 1] - centres[i])
    near = i + 1 if i == bins - 2 and value > centres[i + 1] else i
    if slope == 0:
        return contents[near]  # also infinitely far away
    return contents[near] + (value - centres[near]) * slope


def inverse_erf(level: float) -> float:
    """Halve an interval; in the tail compare 1 - erf, which does not round away."""
    if math.isnan(level):
        return math.nan  # from an infinite input, which decorrelation adds up with its opposite
    if level < 0:
        return -inverse_erf(-level)
    low, high = 0.0, 6.0
    for _ in range(200):
        middle = (low + high) / 2
        beyond = math.erf(middle) > level if level < 0.5 else math.erfc(middle) < 1 - level
        low, high = (low, middle) if beyond else (middle, high)
    return (low + high) / 2


def targets_back(setup: ET.Element, answer: list[float]) -> list[float]:
    for step in reversed(steps_of(setup)):
        for position, number in selected(setup, step, "Target"):
            if step.attrib["Name"] != "Normalize":
                raise ValueError(f"no way back from {step.attrib['Name']}")
            low, high = limits(step, position)
            answer[number] = low + (answer[number] + 1) / 2 * (high - low)
    return answer


# Methods


def goes_right(node: ET.Element, x: list[float]) -> bool:
    cut = float(node.attrib["Cut"])
    count = int(node.attrib.get("NCoef", "0"))
    if count > 0:
        coefficients = [float(node.attrib[f"fC{i}"]) for i in range(count)]
        passes = sum(c * value for c, value in zip(coefficients, x, strict=False)) + coefficients[-1] > cut
    else:
        passes = x[int(node.attrib["IVar"])] >= cut
    return passes == (float(node.attrib["cType"]) == 1)


def leaf_of(tree: ET.Element, x: list[float]) -> ET.Element:
    node = tree.find("Node")
    assert node is not None
    while float(node.attrib["nType"]) == 0:
        side = "r" if goes_right(node, x) else "l"
        node = next(child for child in node.findall("Node") if child.attrib["pos"] == side)
    return node


def of_trees(setup: ET.Element, x: list[float]) -> list[float]:
    trees = setup.findall("Weights/BinaryTree")
    leaves = [leaf_of(tree, x) for tree in trees]
    weights = [float(tree.attrib["boostWeight"]) for tree in trees]
    boost = option(setup, "BoostType", "AdaBoost")
    kind = analysis(setup)
    responses = [float(leaf.attrib["res"]) for leaf in leaves]
    if boost == "Grad" and kind == "multiclass":
        classes = outputs(setup)
        return softmax([sum(responses[k::classes]) for k in range(classes)])
    if boost == "Grad" and kind == "regression":
        return [sum(responses) + weights[0]]
    if boost == "Grad":
        return [2 / (1 + exp(-2 * sum(responses))) - 1]
    if boost == "AdaBoostR2":
        return [near_median(responses, weights)]
    if kind == "regression":
        values = responses
    elif option(setup, "UseYesNoLeaf", "True") == "True":
        values = [float(leaf.attrib["nType"]) for leaf in leaves]
    else:
        values = [float(leaf.attrib["purity"]) for leaf in leaves]
    if option(setup, "UseWeightedTrees", "True") == "False":
        weights = [1.0] * len(weights)
    norm = sum(weights)
    return [sum(w * v for w, v in zip(weights, values, strict=True)) / norm if norm > 2.220446049250313e-16 else 0.0]


def near_median(responses: list[float], weights: list[float]) -> float:
    """Mean of the responses around the one where half of the weight is reached."""
    order = sorted(range(len(responses)), key=lambda i: responses[i])
    reached, t = 0.0, 0
    while t < len(order) and reached <= sum(weights) / 2:
        reached += weights[order[t]]
        t += 1
    sixth = len(order) // 6
    first, end = max(0, math.floor(t - sixth - 0.5)), min(len(order), math.floor(t + sixth + 0.5))
    return sum(responses[i] for i in order[first:end]) / (end - first)


def of_neurons(setup: ET.Element, x: list[float]) -> list[float]:
    layers = setup.findall("Weights/Layout/Layer")
    neuron, input_type = option(setup, "NeuronType", "sigmoid"), option(setup, "NeuronInputType", "sum")
    last = "sigmoid" if option(setup, "EstimatorType", "MSE") == "CE" else "linear"
    values = [*x, 1.0]
    for number, layer in enumerate(layers[:-1]):
        synapses = [numbers(one) for one in layer.findall("Neuron")]
        is_last = number == len(layers) - 2
        after = []
        for k in range(len(synapses[0])):
            brought = [weights[k] * value for weights, value in zip(synapses, values, strict=True)]
            after.append(activation(last if is_last else neuron, combined(input_type, brought)))
        values = after if is_last else [*after, 1.0]
    return softmax(values) if analysis(setup) == "multiclass" else values


def combined(input_type: str, brought: list[float]) -> float:
    if input_type == "sum":
        return sum(brought)
    if input_type == "sqsum":
        return sum(value * value for value in brought)
    if input_type == "abssum":
        return sum(abs(value) for value in brought)
    raise ValueError(input_type)


def activation(name: str, value: float) -> float:
    if name == "linear":
        return value
    if name == "sigmoid":
        return 1 / (1 + exp(-value))
    if name == "tanh":
        return math.tanh(value)
    if name == "radial":
        return exp(-value * value / 2)
    raise ValueError(name)


def of_coefficients(setup: ET.Element, x: list[float]) -> list[float]:
    sums: dict[int, float] = {}
    for one in setup.findall("Weights/Coefficient"):
        index = int(one.attrib["IndexCoeff"] if "IndexCoeff" in one.attrib else one.attrib["Index"])
        number = int(one.attrib.get("IndexOut", "0"))
        term = float(one.attrib["Value"]) * (1.0 if index == 0 else x[index - 1])
        sums[number] = sums.get(number, 0.0) + term
    return [sums[number] for number in sorted(sums)]
