"""A weight file of TMVA in words, for ``rdfrun models FILE.xml``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rdfplugins.formula_tree import FormulaError, TreeFormula
from rdfplugins.inference.tmva.method import Forest, Perceptron, Rotate, Scale

if TYPE_CHECKING:
    from rdfplugins.inference.tmva.method import Method, Step
    from rdfplugins.inference.tmva.reader import Weights
    from rdfplugins.inference.tmva.variable import Variable

_NO_UNITS = frozenset({"", "nan", "none", "units", "f", "i"})  # what people write into the field
_RELEASES = (("TMVA Release", "TMVA"), ("ROOT Release", "ROOT"))


def shape(weights: Weights) -> str:
    """Return kind, size and purpose: ``BDT, 850 trees, classification``."""
    return f"{weights.kind}, {_size(weights.method)}, {weights.analysis}"


def facts(weights: Weights) -> list[tuple[str, str]]:
    """Return name and text of what a user asks first."""
    of = f" of {', '.join(weights.classes)}" if weights.classes else ""
    found = [("method", f"{weights.kind}::{weights.title}, {weights.analysis}{of}"), ("kernel", _kernel(weights))]
    steps = [_step(step) for step in weights.method.steps]
    names = list(dict.fromkeys(steps))
    found.append(("transforms", ", then ".join(names) if names else "none"))
    if len(weights.method.targets):
        found.append(("targets", "normalised, and brought back to their own range"))
    releases = [f"{name} {weights.facts[key].split()[0]}" for key, name in _RELEASES if weights.facts.get(key)]
    events, date = weights.facts.get("Training events"), weights.facts.get("Date")
    trained = [*releases, *([f"{events} events"] if events else []), *([date] if date else [])]
    found.append(("trained", ", ".join(trained) or "not said"))
    return [*found, *(("note", remark) for remark in weights.remarks)]


def columns(variables: tuple[Variable, ...]) -> list[str]:
    """Return the columns that an ntuple must have; nothing where variables are columns themselves."""
    found = dict.fromkeys(column for variable in variables for column in _read(variable.expression))
    return [] if [*found] == [variable.expression for variable in variables] else [*found]


def _read(expression: str) -> tuple[str, ...]:
    try:
        return TreeFormula(expression).columns
    except FormulaError:  # it has to be mapped
        return (expression,)


def outputs(weights: Weights, names: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Return a row for each output: its name, and what it means."""
    if weights.analysis == "regression":
        if not weights.targets:  # some converters leave them out
            return [(name,) for name in names]
        return [(name, target.title, _unit(target)) for name, target in zip(names, weights.targets, strict=True)]
    if weights.analysis == "multiclass":
        return [(name, f"probability of {of}") for name, of in zip(names, weights.classes, strict=True)]
    signal = next((name for name in weights.classes if name.lower() == "signal"), "signal")
    return [(names[0], f"{_range(weights)}greater for {signal}")]


def _range(weights: Weights) -> str:
    kernel = weights.method.kernel
    if isinstance(kernel, Forest):
        purity = kernel.votes == "mean" and kernel.value.min() >= 0
        return "0 .. 1, " if purity else "-1 .. 1, "
    if isinstance(kernel, Perceptron):
        return "0 .. 1, " if kernel.output == "sigmoid" else "about 0 .. 1, "
    return ""


def _unit(variable: Variable) -> str:
    return "" if variable.unit.lower() in _NO_UNITS else variable.unit


def inputs(variables: tuple[Variable, ...]) -> list[tuple[str, ...]]:
    """Return a row for each variable: its expression, what its author calls it, unit, range of the training."""
    return [
        (
            variable.expression,
            "" if variable.label == variable.expression else f"({variable.label})",
            _unit(variable),
            f"{variable.low:.6g} .. {variable.high:.6g}" if variable.low < variable.high else "",
            "integer" if variable.kind == "I" else "",
        )
        for variable in variables
    ]


def options(weights: Weights) -> list[tuple[str, ...]]:
    """Return the options of the training."""
    return [(name, text or "-") for name, text in weights.options.items()]


def _size(method: Method) -> str:
    kernel = method.kernel
    if isinstance(kernel, Forest):
        return f"{kernel.n_trees} tree{'s' if kernel.n_trees > 1 else ''}"
    if isinstance(kernel, Perceptron):
        return "-".join(str(width) for width in (method.n_inputs, *(one.shape[1] for one in kernel.kernels)))
    return f"{kernel.coefficients.size} coefficients"


def _kernel(weights: Weights) -> str:
    kernel = weights.method.kernel
    size = _size(weights.method)
    if isinstance(kernel, Forest):
        depth, boost = int(kernel.depths().max()), weights.options.get("BoostType", "")
        fisher = f", {len(kernel.fisher)} Fisher cuts" if len(kernel.fisher) else ""
        return f"{size} ({boost}), {len(kernel.feature)} nodes, at most {depth} cuts deep{fisher}"
    if isinstance(kernel, Perceptron):
        synapses = "" if kernel.synapses == "sum" else f", {kernel.synapses} of the synapses"
        end = ", softmax" if kernel.finish == "softmax" else ""
        return f"{size} neurons, {kernel.neuron}{synapses}, output {kernel.output}{end}"
    return size


def _step(step: Step) -> str:
    if isinstance(step, Scale):
        return "Normalize"
    if isinstance(step, Rotate):
        return "PCA" if step.mean.any() else "Decorrelation"
    return "Gauss" if step.gauss else "Uniform"
