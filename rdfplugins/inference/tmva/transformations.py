"""<Transformations> of a weight file -> the steps of a method, and the way back of a regression's targets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rdfplugins.config.scalars import shortened
from rdfplugins.inference.tmva.method import Quantile, Rotate, Scale, Step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from rdfplugins.inference.tmva.elements import Element
    from rdfplugins.inference.tmva.variable import Variable

_LINEAR = "1"  # how a PDF of TMVA interpolates


class _Places:
    """The variables that a transformation takes, and the targets."""

    def __init__(self, element: Element, variables: Sequence[Variable], targets: Sequence[Variable]) -> None:
        selection = element.child("Selection")
        self.variables: list[int] = list(range(len(variables)))
        self.targets: list[int] = list(range(len(targets)))
        if selection is None:  # of the first releases, which took all variables
            self.targets = []
            return
        known = {"Variable": variables, "Target": targets}
        taken = _selected(selection.must("Input"), "Input", "NInputs", known)
        written = selection.child("Output")
        if written is not None and _selected(written, "Output", "NOutputs", known) != taken:
            raise selection.fault("a transformation that writes to other variables than it reads is not supported")
        self.variables = [number for kind, number in taken if kind == "Variable"]
        self.targets = [number for kind, number in taken if kind == "Target"]
        if [kind for kind, _ in taken] != ["Variable"] * len(self.variables) + ["Target"] * len(self.targets):
            raise selection.fault("targets in front of variables are not supported")

    @property
    def count(self) -> int:
        return len(self.variables) + len(self.targets)

    def numbers(self) -> NDArray[np.int32]:
        return np.array(self.variables, np.int32)


def _selected(element: Element, name: str, count: str, known: dict[str, Sequence[Variable]]) -> list[tuple[str, int]]:
    found: list[tuple[str, int]] = []
    for one in element.counted(name, count):
        kind = one.attribute("Type")
        if kind not in known:
            raise one.fault(f"a transformation of '{shortened(kind)}' is not supported; of variables and targets it is")
        expression, label = one.attribute("Expression").strip(), one.attributes.get("Label", "").strip()
        places = [number for number, of in enumerate(known[kind]) if of.expression == expression]
        places = places or [number for number, of in enumerate(known[kind]) if of.label == (label or expression)]
        if len(places) != 1 or (kind, places[0]) in found:
            many = "is taken twice" if places else "is not declared"
            raise one.fault(f"the {kind.lower()} '{shortened(expression)}' of a transformation {many}")
        found.append((kind, places[0]))
    return found


def read(
    root: Element, variables: Sequence[Variable], targets: Sequence[Variable], n_outputs: int
) -> tuple[tuple[Step, ...], NDArray[np.float64]]:
    """Return the steps in the order of the file, and what leads back to the targets.

    Returns
    -------
    Steps, and float64[steps back, outputs, 2] as in `rdfplugins.inference.tmva.method.Method`.
    """
    section = root.child("Transformations")
    steps: list[Step] = []
    back: list[NDArray[np.float64]] = []
    for element in section.counted("Transform", "NTransformations") if section is not None else ():
        name = element.attribute("Name")
        if name not in (*_READ, "Normalize"):
            known = ", ".join(["Normalize", *_READ])
            raise element.fault(f"the transformation '{shortened(name)}' is not supported; {known} are")
        places = _Places(element, variables, targets)
        if name == "Normalize":
            step, ranges = _normalised(element, places, n_outputs)
            steps += [step] if places.variables else []
            back += [ranges] if places.targets else []
            continue
        if places.targets:
            raise element.fault(f"the transformation '{name}' of a target is not supported; Normalize is")
        steps += _READ[name](element, places)
        # TMVA undoes the first alone: whatever follows has to leave them as they are
    for later in back[1:]:
        if not np.allclose(later, [-1.0, 1.0], atol=1e-6):
            raise section.fault("targets that are normalised twice are not supported")  # type: ignore[union-attr]
    return tuple(steps), np.array(back[:1]).reshape(len(back[:1]), n_outputs, 2)


def _last(elements: Sequence[Element], place: Element, what: str) -> Element:
    """Return the last of several blocks, one for each class: it is that of all classes, which the reader takes."""
    if not elements:
        raise place.fault(f"a transformation has no {what}; this file is damaged")
    return elements[-1]


def _normalised(element: Element, places: _Places, n_outputs: int) -> tuple[Scale, NDArray[np.float64]]:
    ranges = _last(element.all("Class"), element, "<Class>").must("Ranges")
    found = ranges.in_order("Range", "Index")
    if len(found) != places.count:
        raise ranges.fault(f"{len(found)} ranges, and the transformation takes {places.count} variables and targets")
    limits = np.array([[one.number("Min"), one.number("Max")] for one in found]).reshape(-1, 2)
    for one, (low, high) in zip(found, limits, strict=True):
        if not low < high:
            raise one.fault(f"a range from {low:g} to {high:g} cannot be normalised: TMVA itself would give no number")
    cut = len(places.variables)
    back = np.tile([-1.0, 1.0], (n_outputs, 1))
    back[places.targets] = limits[cut:]
    return Scale(places.numbers(), limits[:cut, 0].copy(), limits[:cut, 1].copy()), back


def _decorrelated(element: Element, places: _Places) -> list[Step]:
    matrix = _last(element.all("Matrix"), element, "<Matrix>")
    return [Rotate(places.numbers(), np.zeros(places.count), _matrix(matrix, "Rows", "Columns", places.count))]


def _principal(element: Element, places: _Places) -> list[Step]:
    mean = _last(element.all("Statistics"), element, "<Statistics>")
    vectors = _last(element.all("Eigenvectors"), element, "<Eigenvectors>")
    if mean.whole("NRows") != places.count:
        raise mean.fault(f"{mean.whole('NRows')} means, and the transformation takes {places.count} variables")
    columns = _matrix(vectors, "NRows", "NCols", places.count)
    return [Rotate(places.numbers(), np.array(mean.numbers(places.count)), np.ascontiguousarray(columns.T))]


def _matrix(element: Element, rows: str, columns: str, count: int) -> NDArray[np.float64]:
    shape = element.whole(rows), element.whole(columns)
    if shape != (count, count):
        raise element.fault(f"a matrix of {shape[0]} x {shape[1]}, and the transformation takes {count} variables")
    return np.array(element.numbers(count * count)).reshape(count, count)


def _quantiles(element: Element, places: _Places) -> list[Step]:
    shape = element.attribute("FlatOrGauss")
    if shape not in ("Gauss", "Flat"):
        raise element.fault(f"FlatOrGauss is Gauss or Flat, not '{shortened(shape)}'")
    found = element.in_order("Variable", "VarIndex")
    if len(found) != places.count:
        raise element.fault(f"{len(found)} distributions, and the transformation takes {places.count} variables")
    return [
        Quantile(number, *_distribution(one), gauss=shape == "Gauss")
        for number, one in zip(places.variables, found, strict=True)
    ]


def _distribution(variable: Element) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the centres of the bins, and the cumulative distribution at them."""
    blocks = [one for one in variable.children if one.name.startswith("CumulativePDF_cls")]
    pdf = _last(blocks, variable, "<CumulativePDF_cls...>").must("PDF")
    how = pdf.attributes.get("InterpolMethod", _LINEAR).strip()
    if how != _LINEAR:
        raise pdf.fault(f"InterpolMethod {shortened(how)} is not supported; 1, linear, is")
    histogram = pdf.must("Histogram")
    bins = histogram.whole("NBins", low=2, high=1_000_000)
    cumulative = np.array(histogram.numbers(bins))
    if histogram.whole("HasEquidistantBins", high=1):
        edges = np.linspace(histogram.number("XMin"), histogram.number("XMax"), bins + 1)
    else:
        edges = np.array(pdf.must("HistogramBinning").numbers(bins + 1))
    if not (np.diff(edges) > 0).all():
        raise histogram.fault("the edges of the bins do not rise")
    return (edges[:-1] + edges[1:]) / 2, cumulative


_READ = {"Decorrelation": _decorrelated, "PCA": _principal, "Gauss": _quantiles, "Uniform": _quantiles}
