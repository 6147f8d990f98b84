"""A weight file of TMVA -> what it declares, and the method as numbers.

What the file says in words decides which formulas are meant; what is not known here is refused by its name, as a
response by other formulas would look like one.
"""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Literal

from rdfplugins.config.scalars import shortened
from rdfplugins.inference.tmva import kernels, transformations
from rdfplugins.inference.tmva.elements import read_xml
from rdfplugins.inference.tmva.method import Forest, Method, Perceptron, Quantile
from rdfplugins.inference.tmva.variable import Variable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from rdfplugins.inference.tmva.elements import Element
    from rdfplugins.inference.tmva.method import Kernel

Analysis = Literal["classification", "regression", "multiclass"]

_METHODS: dict[str, Callable[[Element, kernels.Wanted], Kernel]] = {
    "BDT": kernels.forest,
    "MLP": kernels.perceptron,
    "Fisher": kernels.linear,
    "LD": kernels.linear,
}
_ANALYSES: dict[str, Analysis] = {
    "classification": "classification",
    "regression": "regression",
    "multiclass": "multiclass",
}
_OF_TREES: dict[int, Analysis] = {0: "classification", 1: "regression", 2: "multiclass"}
_KINDS: dict[str, Literal["F", "I"]] = {"F": "F", "D": "F", "I": "I", "i": "I", "L": "I", "l": "I"}
_RESPONSE = "response"
_LONGEST_EXPRESSION, _LONGEST_OUTPUT = 10_000, 100


@dataclasses.dataclass(frozen=True, eq=False)
class Weights:
    """A weight file.

    Attributes
    ----------
    kind, title
        Method and the name that its author gave it: ``BDT`` and ``BDTG``.
    analysis
        What it was trained for.
    facts
        Name -> text of ``<GeneralInfo>``: releases, date, number of training events.
    options
        Name -> text of the options of the training.
    variables, spectators, targets
        As declared. Spectators are not needed.
    classes
        Their names; empty for a regression.
    method
        The numbers.
    remarks
        What somebody who uses the file should know.
    """

    kind: str
    title: str
    analysis: Analysis
    facts: dict[str, str]
    options: dict[str, str]
    variables: tuple[Variable, ...]
    spectators: tuple[Variable, ...]
    targets: tuple[Variable, ...]
    classes: tuple[str, ...]
    method: Method
    remarks: tuple[str, ...] = ()

    @property
    def inputs(self) -> tuple[str, ...]:
        """Expressions of the variables, in their order."""
        return tuple(variable.expression for variable in self.variables)

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the outputs, fit for names of branches."""
        if self.analysis == "classification":
            return (_RESPONSE,)
        names = self.classes if self.analysis == "multiclass" else [target.label for target in self.targets]
        made: list[str] = []
        for name in names or [_RESPONSE]:
            text = re.sub(r"\W", "_", name[:_LONGEST_OUTPUT], flags=re.ASCII).strip("_") or _RESPONSE
            text = f"_{text}" if text[0].isdigit() else text
            while text in made:
                text += "_"
            made.append(text)
        return tuple(made)


def read_weights(path: Path) -> Weights:
    """Read a weight file.

    Raises
    ------
    ModelError
        With file and line, for what is no such file, is damaged, or uses what is not supported.
    """
    root = read_xml(path)
    kind, _, title = _line(root.attribute("Method")).partition("::")
    if kind not in _METHODS:
        known = ", ".join(_METHODS)
        raise root.fault(f"the method '{shortened(kind)}' of TMVA is not supported; {known} are")
    facts, options = _said(root, "GeneralInfo", "Info"), _said(root, "Options", "Option")
    variables = _declared(root, "Variables", "Variable", "NVar", "VarIndex")
    if not variables:
        raise root.fault("this file declares no variables")
    _refuse_twins(root.must("Variables"), variables)
    targets = _declared(root, "Targets", "Target", "NTrgt", "TargetIndex")
    analysis, remarks = _analysis(root, kind, facts, targets)
    targets = targets if analysis == "regression" else ()
    classes = _classes(root) if analysis != "regression" else ()
    if analysis == "multiclass" and len(classes) < 2:  # noqa: PLR2004
        raise root.fault(f"a multiclass method with {len(classes)} classes in <Classes>; at least 2 are expected")
    n_outputs = {"classification": 1, "multiclass": len(classes), "regression": max(len(targets), 1)}[analysis]
    wanted = kernels.Wanted(kind, analysis, options, len(variables), n_outputs)
    steps, back = transformations.read(root, variables, targets, n_outputs)
    method = Method(len(variables), steps, _METHODS[kind](root.must("Weights"), wanted), back)
    remarks += tuple(_remarks(method, wanted))
    return Weights(
        *(kind, title or kind, analysis, _texts(facts), _texts(options), variables),
        *(_declared(root, "Spectators", "Spectator", "NSpec", "SpecIndex"), targets, classes, method, remarks),
    )


def _said(root: Element, section: str, name: str) -> dict[str, Element]:
    """Return name -> <Info> or <Option>, with what it says as its text; a file of others may have none."""
    element = root.child(section)
    found: dict[str, Element] = {}
    for one in element.all(name) if element is not None else ():
        key = one.attribute("name")
        text = one.attributes.get("value", "") if name == "Info" else one.text
        one.text = text.strip()
        if found.setdefault(key, one).text != one.text:
            raise one.fault(f"'{shortened(key)}' stands twice in <{section}>, with two values; leave one")
    return found


def _texts(said: dict[str, Element]) -> dict[str, str]:
    return {_line(name): _line(one.text) for name, one in said.items()}


def _remarks(method: Method, wanted: kernels.Wanted) -> Iterator[str]:
    """Yield where TMVA's own reader gives other responses than the training, or than the classes that TMVA writes."""
    if any(isinstance(step, Quantile) for step in method.steps):
        yield (
            "Gauss and Uniform are as in the stand-alone class that TMVA writes; its reader takes them from a table of"
            " 10000 bins, which differs by about 1e-3, and by more in long tails"
        )
    kernel, said = method.kernel, wanted.options.get("EstimatorType")
    classifies = isinstance(kernel, Perceptron) and wanted.analysis == "classification"
    if classifies and said is not None and said.text == "MSE":
        yield (
            "trained with EstimatorType=MSE, so that its output is linear; TMVA of ROOT 6 puts a sigmoid on it whatever"
            " the file says"
        )
    if isinstance(kernel, Forest) and not wanted.switch("UseWeightedTrees", default=True):
        yield "trained with UseWeightedTrees=False, which TMVA of ROOT 6 ignores"


def _declared(root: Element, section: str, name: str, count: str, index: str) -> tuple[Variable, ...]:
    element = root.must(section) if section == "Variables" else root.child(section)
    if element is None:
        return ()
    element.counted(name, count)
    return tuple(_variable(one) for one in element.in_order(name, index))


def _variable(element: Element) -> Variable:
    given = element.attributes
    expression = element.attribute("Expression").strip()
    if not expression or not expression.isprintable() or len(expression) > _LONGEST_EXPRESSION:
        raise element.fault(
            f"the expression of a variable is empty, not printable or too long: {shortened(repr(expression))}"
        )
    kind = _KINDS.get(given.get("Type", "F"))
    if kind is None:
        raise element.fault(f"a variable of type '{shortened(given['Type'])}' is not supported; F, D, I and L are")
    low, high = (element.number(name) if name in given else 0.0 for name in ("Min", "Max"))
    label, title, unit = (_name(element, name) for name in ("Label", "Title", "Unit"))
    return Variable(expression, label or expression, title, unit, kind, low, high)


def _line(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text).strip()


def _name(element: Element, attribute: str) -> str:
    text = _line(element.attributes.get(attribute, ""))
    if len(text) > _LONGEST_EXPRESSION:
        raise element.fault(f"{attribute} of <{element.name}> has {len(text)} letters; this file is damaged")
    return text


def _refuse_twins(element: Element, variables: Sequence[Variable]) -> None:
    seen: dict[str, int] = {}
    for number, variable in enumerate(variables):
        first = seen.setdefault(variable.expression, number)
        if first != number:
            what = shortened(variable.expression)
            raise element.fault(f"the variables {first} and {number} have one expression, '{what}'")


def _classes(root: Element) -> tuple[str, ...]:
    element = root.child("Classes")
    if element is None:
        return ()
    element.counted("Class", "NClass")
    return tuple(_name(one, "Name") for one in element.in_order("Class", "Index"))


def _analysis(
    root: Element, kind: str, facts: dict[str, Element], targets: Sequence[Variable]
) -> tuple[Analysis, tuple[str, ...]]:
    """Return what the method was trained for; <Weights AnalysisType> alone says 1 for gradient classification, too."""
    said = facts.get("AnalysisType")
    if said is not None:
        if said.text.lower() not in _ANALYSES:
            known = ", ".join(_ANALYSES)
            raise said.fault(f"the analysis type '{shortened(said.text)}' is not supported; {known} are")
        return _ANALYSES[said.text.lower()], ()
    n_classes = len(_classes(root))
    if targets:
        return "regression", ()
    if n_classes > 1:
        return ("classification" if n_classes == 2 else "multiclass"), ()  # noqa: PLR2004
    weights = root.must("Weights")
    if kind == "BDT" and "AnalysisType" in weights.attributes:
        found = _OF_TREES.get(weights.whole("AnalysisType"))
        if found is not None:
            remark = "the file says neither its classes nor its targets: read as a {} from the type of its trees"
            return found, (remark.format(found),)
    raise root.fault("the file does not say what it was trained for (AnalysisType in <GeneralInfo>)")
