"""Formulas over branches as ``TTree::Draw`` takes them: in which weight files of TMVA write their variables.

They look like C++ and are not: every number is a double, ``1/2`` is 0.5, ``^`` is a power, ``%`` binds weaker than
``*``, a division by zero is 0, and so is the logarithm of what has none; ``sqrt`` is that of the absolute value. A
classifier was trained on that, and is given that. What is not known here is refused, and what people read in another
way than ROOT does, too.

A formula becomes Python's syntax tree, and the tree numbers (`TreeFormula.evaluate`) or C++ (`TreeFormula.cpp`): no
text of a file is ever run or compiled.
"""

from __future__ import annotations

import ast
import functools
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from rdfplugins.errors import did_you_mean
from rdfplugins.formula import check_size, parsed
from rdfplugins.formula_text import TREE, FormulaError, Translation, translated
from rdfplugins.formula_tree_functions import FUNCTIONS, divide, modulo, power

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from rdfplugins.formula_tree_functions import TreeFunction

    Doubles = NDArray[np.float64]

__all__ = ["HEADER", "FormulaError", "TreeFormula"]

HEADER = "rdfplugins/tmva/tree_formula.h"
_ADVICE = "map the variable to a C++ expression"
_COMPARISONS: Mapping[type[ast.cmpop], tuple[str, Callable[..., Any]]] = {
    ast.Eq: ("==", np.equal),
    ast.NotEq: ("!=", np.not_equal),
    ast.Lt: ("<", np.less),
    ast.LtE: ("<=", np.less_equal),
    ast.Gt: (">", np.greater),
    ast.GtE: (">=", np.greater_equal),
}
_ARITHMETIC: Mapping[type[ast.operator], tuple[str, Callable[..., Any]]] = {
    ast.Add: ("({} + {})", np.add),
    ast.Sub: ("({} - {})", np.subtract),
    ast.Mult: ("({} * {})", np.multiply),
    ast.Div: ("rdfp_tree_divide({}, {})", divide),
    ast.Mod: ("rdfp_tree_modulo({}, {})", modulo),
    ast.Pow: ("rdfp_tree_pow({}, {})", power),
}


class TreeFormula:
    """A formula over branches.

    Parameters
    ----------
    text
        Numbers, names of branches (``x``, ``x.y``, ``x[0]``), ``+ - * / % ^``, comparisons, ``&& || !``,
        ``c ? a : b``, brackets, ``pi``, and the functions of `rdfplugins.formula_tree_functions`.

    Attributes
    ----------
    text
        The formula as it was written.
    columns
        What it reads, each once, in the order in which it stands; an element of an array as ``x[0]``.

    Raises
    ------
    FormulaError
        With a message for the user, if the text is no formula, or one that is not known here.

    Notes
    -----
    The numbers are those of ``TTreeFormula::EvalInstance``, but that NaN stays NaN in ``log``, ``log10``, ``int``,
    ``sign`` and over 0, that ``%`` by zero, which stops a process there, is NaN, and that whole parts may have more
    than 64 bits, of which C++ says nothing.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        try:
            self._translation = translated(text, TREE)
            self._tree = parsed(self._translation)
            _check(self._tree, self._translation)
        except FormulaError as error:
            raise FormulaError(error.what, _ADVICE) from error
        self.columns: tuple[str, ...] = self._translation.columns

    def __repr__(self) -> str:
        return f"TreeFormula({self.text!r})"

    @property
    def is_column(self) -> bool:
        """Whether it is the name of a branch, and nothing else."""
        return isinstance(self._tree, ast.Name) and bool(self.columns)

    @property
    def constants(self) -> frozenset[str]:
        """Names that stand for numbers: a branch of such a name would be read by ROOT in its place."""
        names = {self._translation.name(node.id) for node in ast.walk(self._tree) if isinstance(node, ast.Name)}
        return frozenset(names & TREE.literals)

    def evaluate(self, values: Mapping[str, Any]) -> Doubles:
        """Return the value for each row, float64[n].

        Parameters
        ----------
        values
            Column -> bool, integers or floats [n]; columns that the formula does not read are left alone, but for
            their length where it reads none.

        Raises
        ------
        FormulaError
            If a column is missing or holds no numbers.
        """
        with np.errstate(all="ignore"):
            found = _Evaluation(self._translation, values).value(self._tree)
        lengths = [np.shape(values[name]) for name in (self.columns or values)]
        return np.broadcast_to(found, lengths[0]).copy() if found.ndim == 0 and lengths else found

    def cpp(self, read: Callable[[str], str]) -> str:
        """Return the formula as a C++ expression of type double; the header `HEADER` must be included.

        Parameters
        ----------
        read
            Column -> C++ expression that reads it; any type that converts to double.
        """
        return _Writing(self._translation, read).text(self._tree)


def _check(tree: ast.expr, text: Translation) -> None:
    """Refuse all that is not known here, or that ROOT reads in another way than Python's parser."""
    check_size(tree, text)
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.expr)]
    called = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
    for node in nodes:
        if isinstance(node, ast.Name) and id(node) not in called:
            if text.name(node.id) in FUNCTIONS:
                raise FormulaError(f"'{text.name(node.id)}' is a function and has nothing in brackets")
        elif isinstance(node, ast.Call):
            _check_call(node, text)
        elif isinstance(node, ast.BinOp):
            _check_binary(node, text)
        elif isinstance(node, ast.UnaryOp):
            _refuse_unclear(node, node.operand, (ast.Pow,) if isinstance(node.op, ast.Invert) else (), text)
        elif isinstance(node, ast.Compare):
            if len(node.ops) > 1 or type(node.ops[0]) not in _COMPARISONS:
                raise FormulaError(f"'{text.of(node)}' has no brackets to say what is compared first")
            for side in (node.left, *node.comparators):
                _refuse_bare_not(node, side, text)
        elif not isinstance(node, (ast.Name, ast.Constant, ast.BoolOp, ast.IfExp)):
            raise FormulaError(f"'{text.of(node)}' is not known here")


def _check_binary(node: ast.BinOp, text: Translation) -> None:
    if type(node.op) not in _ARITHMETIC:
        raise FormulaError(f"'{text.of(node)}' is not known here")
    if isinstance(node.op, (ast.Mult, ast.Div, ast.Mod)):  # a % b * c is a % (b * c) for ROOT
        _refuse_unclear(node, node.left, (ast.Mod,), text)
    if isinstance(node.op, ast.Pow):  # from the left for ROOT
        exponent = node.right.operand if isinstance(node.right, ast.UnaryOp) else node.right
        _refuse_unclear(node, exponent, (ast.Pow,), text)
    for side in (node.left, node.right):
        _refuse_bare_not(node, side, text)


def _refuse_unclear(node: ast.expr, side: ast.expr, kinds: tuple[type[ast.operator], ...], text: Translation) -> None:
    if isinstance(side, ast.BinOp) and isinstance(side.op, kinds) and not text.in_brackets(side):
        raise FormulaError(f"'{text.of(node)}' has no brackets to say what is computed first")


def _refuse_bare_not(node: ast.expr, side: ast.expr, text: Translation) -> None:
    if isinstance(side, ast.UnaryOp) and isinstance(side.op, ast.Invert) and not text.in_brackets(side):
        raise FormulaError(f"'{text.of(node)}' has no brackets to say what is negated")


def _check_call(node: ast.Call, text: Translation) -> None:
    name = text.name(node.func.id) if isinstance(node.func, ast.Name) else text.of(node.func)
    if name not in FUNCTIONS:
        raise FormulaError(f"there is no function '{name}' here")
    if node.keywords or any(isinstance(argument, ast.Starred) for argument in node.args):
        raise FormulaError(f"'{text.of(node)}' is not known here")
    takes = FUNCTIONS[name].arguments
    if len(node.args) != takes:
        raise FormulaError(f"{name} takes {takes} argument{'s' * (takes != 1)}, and has {len(node.args)}")


class _Evaluation:
    """Walks the tree for some rows."""

    def __init__(self, text: Translation, values: Mapping[str, Any]) -> None:
        self._text, self._values = text, values
        self._of: dict[type[ast.expr], Callable[[Any], Any]] = {
            ast.Constant: lambda node: float(node.value),
            ast.Name: self._column,
            ast.BoolOp: self._joined,
            ast.UnaryOp: self._unary,
            ast.Compare: lambda node: _COMPARISONS[type(node.ops[0])][1](*map(self.value, _sides(node))),
            ast.BinOp: lambda node: _ARITHMETIC[type(node.op)][1](self.value(node.left), self.value(node.right)),
            ast.IfExp: lambda node: np.where(*map(self.value, _condition_first(node))),
            ast.Call: lambda node: _function(node, self._text).compute(*map(self.value, node.args)),
        }

    def value(self, node: ast.expr) -> Doubles:
        return np.asarray(self._of[type(node)](node), np.float64)

    def _column(self, node: ast.Name) -> Any:
        name = self._text.name(node.id)
        if name in TREE.literals:
            return np.pi
        if name not in self._values:
            raise FormulaError(f"no column '{name}'{did_you_mean(name, self._values)}")
        found = np.asarray(self._values[name])
        if found.dtype.kind not in "biuf":
            raise FormulaError(f"the column '{name}' holds no numbers")
        return found

    def _joined(self, node: ast.BoolOp) -> Any:
        join = np.logical_and if isinstance(node.op, ast.And) else np.logical_or
        return functools.reduce(join, map(self.value, node.values))

    def _unary(self, node: ast.UnaryOp) -> Any:
        found = self.value(node.operand)
        if isinstance(node.op, ast.Invert):
            return found == 0
        return -found if isinstance(node.op, ast.USub) else found


class _Writing:
    """Writes the tree as C++; everything is in brackets."""

    def __init__(self, text: Translation, read: Callable[[str], str]) -> None:
        self._text, self._read = text, read
        self._of: dict[type[ast.expr], Callable[[Any], str]] = {
            ast.Constant: lambda node: repr(float(node.value)),
            ast.Name: self._column,
            ast.BoolOp: self._joined,
            ast.UnaryOp: self._unary,
            ast.Compare: self._comparison,
            ast.BinOp: lambda node: _ARITHMETIC[type(node.op)][0].format(self.text(node.left), self.text(node.right)),
            ast.IfExp: self._chosen,
            ast.Call: lambda node: f"{_function(node, self._text).cpp}({', '.join(map(self.text, node.args))})",
        }

    def text(self, node: ast.expr) -> str:
        return self._of[type(node)](node)

    def _column(self, node: ast.Name) -> str:
        name = self._text.name(node.id)
        return repr(math.pi) if name in TREE.literals else f"static_cast<double>({self._read(name)})"

    def _joined(self, node: ast.BoolOp) -> str:
        sign = " && " if isinstance(node.op, ast.And) else " || "
        return f"static_cast<double>({sign.join(f'{self.text(side)} != 0.0' for side in node.values)})"

    def _unary(self, node: ast.UnaryOp) -> str:
        operand = self.text(node.operand)
        if isinstance(node.op, ast.Invert):
            return f"static_cast<double>({operand} == 0.0)"
        return f"(-{operand})" if isinstance(node.op, ast.USub) else operand

    def _comparison(self, node: ast.Compare) -> str:
        left, right = map(self.text, _sides(node))
        return f"static_cast<double>({left} {_COMPARISONS[type(node.ops[0])][0]} {right})"

    def _chosen(self, node: ast.IfExp) -> str:
        condition, left, right = map(self.text, _condition_first(node))
        return f"({condition} != 0.0 ? {left} : {right})"


def _sides(node: ast.Compare) -> tuple[ast.expr, ast.expr]:
    return node.left, node.comparators[0]


def _condition_first(node: ast.IfExp) -> tuple[ast.expr, ast.expr, ast.expr]:
    """Return the parts of ``c ? a : b`` in this order: it was read as ``c if (a) else b``."""
    return node.body, node.test, node.orelse


def _function(node: ast.Call, text: Translation) -> TreeFunction:
    assert isinstance(node.func, ast.Name)
    return FUNCTIONS[text.name(node.func.id)]
