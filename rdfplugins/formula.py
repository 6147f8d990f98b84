"""Formulas of C++ over flat columns, evaluated by numpy: what cuts and variables of training samples are written in.

A formula gives what ROOT's interpreter gives for the same text: integers and floats are converted as in C++, ``%`` has
the sign of its left side, and comparisons with NaN are false (but ``!=``, which is true). Where C++ would surprise a
physicist, the formula is refused in its place: ``1/2`` of whole numbers, ``a < b < c``, ``!a > b``, ``&`` and ``^``.

The text becomes Python's syntax tree, of which a few kinds of nodes are known here; nothing is ever run by Python.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

import numpy as np

from rdfplugins.errors import did_you_mean
from rdfplugins.formula_functions import CONSTANTS, FUNCTIONS, common, promoted
from rdfplugins.formula_text import FormulaError, Translation, translated

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    Array = NDArray[Any]

__all__ = ["Formula", "FormulaError"]

_MOST_NODES = 2000
_DEEPEST = 200  # each level is several calls deep when it is evaluated
_COMPARISONS = {
    ast.Eq: np.equal,
    ast.NotEq: np.not_equal,
    ast.Lt: np.less,
    ast.LtE: np.less_equal,
    ast.Gt: np.greater,
    ast.GtE: np.greater_equal,
}
_SYMBOLS = {ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
_BETWEEN = frozenset({*_SYMBOLS.values(), *"+-*/%^!,?:", "&&", "||", "and", "or", "not", "not_eq"})
_ARITHMETIC = {ast.Add: np.add, ast.Sub: np.subtract, ast.Mult: np.multiply}


class Formula:
    """A formula over columns.

    Parameters
    ----------
    text
        In C++: numbers, names of columns, ``+ - * / %``, comparisons, ``&& || !`` (also ``and or not``), ``c ? a : b``,
        brackets, and the functions of `rdfplugins.formula_functions`, with or without ``std::`` or ``TMath::``.

    Attributes
    ----------
    text
        The formula as it was written.
    columns
        Names of the columns that it reads, each once, in the order in which they stand.

    Raises
    ------
    FormulaError
        With a message for the user, if the text is no formula.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._translation = translated(text)
        self._tree = parsed(self._translation)
        _check(self._tree, self._translation)
        self.columns: tuple[str, ...] = self._translation.columns

    def __repr__(self) -> str:
        return f"Formula({self.text!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Formula) and other.text == self.text

    def __hash__(self) -> int:
        return hash(self.text)

    def evaluate(self, values: Mapping[str, Array]) -> Array:
        """Return the value for each row.

        Parameters
        ----------
        values
            Column -> bool, integers or floats [n]; columns that the formula does not read are left alone, but for
            their length where it reads none.

        Returns
        -------
        bool, int32, int64, uint32, uint64, float32 or float64 [n], as C++ has it.

        Raises
        ------
        FormulaError
            If a column is missing or holds no numbers, or whole numbers are divided.
        """
        with np.errstate(all="ignore"):  # as in C++: infinity and NaN say what happened
            found = _Evaluation(self._translation, values).value(self._tree)
        lengths = [np.shape(values[name]) for name in (self.columns or values)]
        return np.broadcast_to(found, lengths[0]).copy() if found.ndim == 0 and lengths else found

    def passes(self, values: Mapping[str, Array]) -> NDArray[np.bool_]:
        """Return where a cut is passed, bool[n]: its value is neither 0 nor NaN; parameters are those of `evaluate`."""
        found = self.evaluate(values)
        passed: NDArray[np.bool_] = (found != 0) & (found == found)  # noqa: PLR0124 (NaN alone differs from itself)
        return passed


def parsed(text: Translation) -> ast.expr:
    """Return Python's syntax tree of a formula; FormulaError for what is no expression."""
    try:
        return ast.parse(text.python, mode="eval").body
    except SyntaxError as error:
        near = text.near((error.offset or 1) - 1)
        if text.end in _BETWEEN or not near:
            raise FormulaError(f"'{text.shown}' is not complete", "something is missing at its end") from error
        raise FormulaError(f"'{text.shown}' cannot be read at '{near}'", "check operators and brackets") from error
    except (RecursionError, MemoryError) as error:
        raise FormulaError(f"'{text.shown}' is nested too deeply") from error


def _check(tree: ast.expr, text: Translation) -> None:
    """Refuse all that is not known here, so that nothing is left to be found when rows are there."""
    check_size(tree, text)
    nodes = list(ast.walk(tree))
    called = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
    for node in nodes:
        if isinstance(node, ast.Name) and id(node) not in called and text.name(node.id) in FUNCTIONS:
            raise FormulaError(f"'{text.name(node.id)}' is a function; write it with what it takes in brackets")
        if isinstance(node, ast.expr):
            _check_node(node, text)


def check_size(tree: ast.expr, text: Translation) -> None:
    """Raise FormulaError for a tree of more nodes or levels than a formula needs."""
    if sum(1 for _ in ast.walk(tree)) > _MOST_NODES:
        raise FormulaError(f"'{text.shown}' is too long", "make a column of it")
    level: list[ast.AST] = [tree]
    for _ in range(_DEEPEST):
        level = [child for node in level for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)]
        if not level:
            return
    raise FormulaError(f"'{text.shown}' is nested too deeply, or has too many terms", "make a column of a part of it")


def _check_node(node: ast.expr, text: Translation) -> None:
    if isinstance(node, ast.Compare):
        _check_comparison(node, text)
    elif isinstance(node, ast.Call):
        _check_call(node, text)
    elif isinstance(node, ast.BinOp):
        _check_binary(node, text)
    elif isinstance(node, ast.UnaryOp):
        if not isinstance(node.op, (ast.Invert, ast.USub, ast.UAdd)):
            raise FormulaError(f"'{text.of(node)}' is not known here")
    elif isinstance(node, ast.Constant):
        if isinstance(node.value, bool) or not isinstance(node.value, (int, float)):
            raise FormulaError(f"'{text.of(node)}' is no number")
    elif not isinstance(node, (ast.BoolOp, ast.IfExp, ast.Name)):
        raise FormulaError(
            f"'{text.of(node)}' cannot stand in a formula; it has numbers, columns, operators, functions"
        )


def _check_comparison(node: ast.Compare, text: Translation) -> None:
    if any(type(operator) not in _COMPARISONS for operator in node.ops):
        raise FormulaError(f"'{text.of(node)}' cannot stand in a formula; compare with == != < <= > >=")
    sides = [node.left, *node.comparators]
    if len(node.ops) > 1:
        first, second, third = (text.of(side) for side in sides[:3])
        one, two = (_SYMBOLS[type(operator)] for operator in node.ops[:2])
        raise FormulaError(
            f"'{text.of(node)}' compares the outcome of a comparison in C++; write '{first} {one} {second} && {second}"
            f" {two} {third}'"
        )
    for side in sides:
        _refuse_bare_not(side, text)


def _check_binary(node: ast.BinOp, text: Translation) -> None:
    if type(node.op) not in {*_ARITHMETIC, ast.Div, ast.Mod}:
        raise FormulaError(f"'{text.of(node)}': only + - * / % are known")
    if isinstance(node.op, ast.Div) and _is_whole(node.left) and _is_whole(node.right):
        raise _divides_whole_numbers(node, text)
    for side in (node.left, node.right):
        _refuse_bare_not(side, text)


def _is_whole(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int)


def _divides_whole_numbers(node: ast.BinOp, text: Translation) -> FormulaError:
    shown = text.of(node)
    return FormulaError(f"'{shown}' divides whole numbers, which C++ does without a remainder; write '1.0 * {shown}'")


def _refuse_bare_not(side: ast.expr, text: Translation) -> None:
    if isinstance(side, ast.UnaryOp) and isinstance(side.op, ast.Invert) and not text.in_brackets(side):
        raise FormulaError(
            f"'{text.of(side)}' is taken before what stands beside it in C++; put what is to be negated in brackets:"
            " !(a > b)"
        )


def _check_call(node: ast.Call, text: Translation) -> None:
    name = text.name(node.func.id) if isinstance(node.func, ast.Name) else text.of(node.func)
    if name not in FUNCTIONS:
        raise FormulaError(f"no function '{name}'{did_you_mean(name, FUNCTIONS)}")
    if node.keywords or any(isinstance(argument, ast.Starred) for argument in node.args):
        raise FormulaError(f"'{text.of(node)}' cannot stand in a formula")
    takes = FUNCTIONS[name].arguments
    if len(node.args) != takes:
        raise FormulaError(f"{name} takes {takes} argument{'s' * (takes != 1)}, and has {len(node.args)}")


class _Evaluation:
    """Walks the tree for some rows."""

    def __init__(self, text: Translation, values: Mapping[str, Array]) -> None:
        self._text = text
        self._values = values
        self._of: dict[type[ast.expr], Callable[[Any], Array]] = {
            ast.Constant: self._number,
            ast.Name: self._column,
            ast.BoolOp: self._joined,
            ast.IfExp: self._chosen,
            ast.UnaryOp: self._unary,
            ast.Compare: self._comparison,
            ast.BinOp: self._binary,
            ast.Call: self._call,
        }

    def value(self, node: ast.expr) -> Array:
        return self._of[type(node)](node)

    def _number(self, node: ast.Constant) -> Array:
        if isinstance(node.value, float):
            return np.asarray(node.value, np.float32 if self._text.is_float32(node) else np.float64)
        assert isinstance(node.value, int)
        # the type of a literal in C++: int, else long, else unsigned long
        kind = np.int32 if node.value < 1 << 31 else np.int64 if node.value < 1 << 63 else np.uint64
        return np.asarray(node.value, kind)

    def _column(self, node: ast.Name) -> Array:
        name = self._text.name(node.id)
        if name in CONSTANTS:
            return np.asarray(CONSTANTS[name])
        if name not in self._values:
            raise FormulaError(f"no column '{name}'{did_you_mean(name, self._values)}")
        found = np.asarray(self._values[name])
        if found.dtype.kind not in "biuf":
            raise FormulaError(f"the column '{name}' holds no numbers; a formula takes one number a row")
        return found.astype(found.dtype.newbyteorder("="), copy=False)

    def _joined(self, node: ast.BoolOp) -> Array:
        join = np.logical_and if isinstance(node.op, ast.And) else np.logical_or
        sides = [np.asarray(self.value(side) != 0) for side in node.values]
        result = sides[0]
        for side in sides[1:]:
            result = np.asarray(join(result, side))
        return result

    def _chosen(self, node: ast.IfExp) -> Array:
        # `c ? a : b` is read as `c if (a) else b`: Python's parser takes the condition for its body
        condition, left, right = self.value(node.body) != 0, self.value(node.test), self.value(node.orelse)
        if left.dtype != right.dtype:  # of one type they keep it, even one that is promoted elsewhere
            left, right = common(left, right)
        return np.where(condition, left, right)

    def _unary(self, node: ast.UnaryOp) -> Array:
        found = self.value(node.operand)
        if isinstance(node.op, ast.Invert):
            return np.asarray(found == 0)
        return np.asarray(np.negative(promoted(found))) if isinstance(node.op, ast.USub) else promoted(found)

    def _comparison(self, node: ast.Compare) -> Array:
        left, right = common(self.value(node.left), self.value(node.comparators[0]))
        return np.asarray(_COMPARISONS[type(node.ops[0])](left, right))

    def _binary(self, node: ast.BinOp) -> Array:
        left, right = common(self.value(node.left), self.value(node.right))
        if isinstance(node.op, ast.Div):
            if left.dtype.kind in "iu":
                raise _divides_whole_numbers(node, self._text)
            return np.asarray(np.divide(left, right))
        if isinstance(node.op, ast.Mod):
            if left.dtype.kind in "iu" and not np.all(right):  # C++ stops the process at a division by zero; here: NaN
                left, right = left.astype(np.float64), right.astype(np.float64)
            return np.asarray(np.fmod(left, right))
        return np.asarray(_ARITHMETIC[type(node.op)](left, right))

    def _call(self, node: ast.Call) -> Array:
        assert isinstance(node.func, ast.Name)
        return FUNCTIONS[self._text.name(node.func.id)](*(self.value(argument) for argument in node.args))
