"""Functions of `rdfplugins.formula_tree.TreeFormula`: of doubles, with the results of ``TTreeFormula``.

Each is here for arrays, and under the name ``rdfp_tree_...`` in ``tmva/tree_formula.h`` for the compiler. In the places
where ROOT's own functions have no value its formulas have one: 0, or that of a neighbour. What differs between releases
of ROOT is left out.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    Doubles = NDArray[np.float64]

_LARGEST_EXPONENT = 700.0


@dataclasses.dataclass(frozen=True)
class TreeFunction:
    """A function of a formula.

    Attributes
    ----------
    cpp
        Its name in ``tmva/tree_formula.h``.
    compute
        Of as many arrays float64[n] as it has arguments.
    arguments
        How many.
    """

    cpp: str
    compute: Callable[..., Any]
    arguments: int


def divide(left: Doubles, right: Doubles) -> Doubles:
    """Return the quotient; 0 where it is by zero."""
    return np.where(right == 0, _zero(left), np.divide(left, right))


def modulo(left: Doubles, right: Doubles) -> Doubles:
    """Return the remainder of the whole parts with the sign of the left one; NaN where it is by zero."""
    return np.asarray(np.fmod(np.trunc(left), np.trunc(right)) + 0.0)


def power(left: Doubles, right: Doubles) -> Doubles:
    """Return the power, as ``std::pow``."""
    return np.asarray(np.power(left, right))


def _zero(x: Doubles) -> Doubles:
    """Return 0, and NaN for NaN."""
    return np.where(np.isnan(x), x, 0.0)


def _log(x: Doubles) -> Doubles:
    return np.where(x > 0, np.log(x), _zero(x))


def _log10(x: Doubles) -> Doubles:
    return np.where(x > 0, np.log10(x), _zero(x))


def _exp(x: Doubles) -> Doubles:
    return np.where(x < -_LARGEST_EXPONENT, 0.0, np.exp(np.where(x > _LARGEST_EXPONENT, _LARGEST_EXPONENT, x)))


def _asin(x: Doubles) -> Doubles:
    return np.where(np.abs(x) > 1, 0.0, np.arcsin(x))


def _acos(x: Doubles) -> Doubles:
    return np.where(np.abs(x) > 1, 0.0, np.arccos(x))


def _acosh(x: Doubles) -> Doubles:
    return np.where(x < 1, 0.0, np.arccosh(x))


def _atanh(x: Doubles) -> Doubles:
    return np.where(np.abs(x) > 1, 0.0, np.arctanh(x))


def _int(x: Doubles) -> Doubles:
    return np.asarray(np.trunc(x) + 0.0)


def _sign(x: Doubles) -> Doubles:
    return np.where(np.isnan(x), x, np.where(x < 0, -1.0, 1.0))


def _sqrt(x: Doubles) -> Doubles:
    return np.asarray(np.sqrt(np.abs(x)))


def _min(left: Doubles, right: Doubles) -> Doubles:
    return np.where(right < left, right, left)


def _max(left: Doubles, right: Doubles) -> Doubles:
    return np.where(left < right, right, left)


def _tmath_min(left: Doubles, right: Doubles) -> Doubles:
    return np.where(left <= right, left, right)


def _tmath_max(left: Doubles, right: Doubles) -> Doubles:
    return np.where(left >= right, left, right)


# name in tree_formula.h -> function of one, or of two
_ONE: Mapping[str, Callable[..., Any]] = {
    "sqrt": _sqrt,
    "log": _log,
    "log10": _log10,
    "exp": _exp,
    "asin": _asin,
    "acos": _acos,
    "acosh": _acosh,
    "atanh": _atanh,
    "int": _int,
    "sign": _sign,
    "sq": np.square,
    "abs": np.abs,
    "floor": np.floor,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "atan": np.arctan,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "tanh": np.tanh,
    "asinh": np.arcsinh,
    "ceil": np.ceil,
    "rint": np.rint,
    "isnan": np.isnan,
    "plain_sqrt": np.sqrt,
    "plain_log": np.log,
    "plain_log10": np.log10,
    "plain_log2": np.log2,
    "plain_exp": np.exp,
    "isfinite": np.isfinite,
}
_TWO: Mapping[str, Callable[..., Any]] = {
    "pow": np.power,
    "atan2": np.arctan2,
    "hypot": np.hypot,
    "fmod": np.fmod,
    "min": _min,
    "max": _max,
    "plain_min": _tmath_min,
    "plain_max": _tmath_max,
}
_OF_TMATH = {
    "Sqrt": "plain_sqrt",
    "Log": "plain_log",
    "Log10": "plain_log10",
    "Log2": "plain_log2",
    "Exp": "plain_exp",
    "Sin": "sin",
    "Cos": "cos",
    "Tan": "tan",
    "ATan": "atan",
    "SinH": "sinh",
    "CosH": "cosh",
    "TanH": "tanh",
    "Abs": "abs",
    "Floor": "floor",
    "Ceil": "ceil",
    "IsNaN": "isnan",
    "Finite": "isfinite",
    "Power": "pow",
    "ATan2": "atan2",
    "Hypot": "hypot",
    "Min": "plain_min",
    "Max": "plain_max",
}
_NUMBERS = {"Pi": np.pi, "TwoPi": 2 * np.pi, "PiOver2": np.pi / 2, "DegToRad": np.pi / 180, "RadToDeg": 180 / np.pi}


def _all() -> dict[str, TreeFunction]:
    known = {short: TreeFunction(f"rdfp_tree_{short}", compute, 1) for short, compute in _ONE.items()}
    known |= {short: TreeFunction(f"rdfp_tree_{short}", compute, 2) for short, compute in _TWO.items()}
    functions = {name: function for name, function in known.items() if not name.startswith("plain_")}
    functions |= {"fabs": known["abs"], "log2": known["plain_log2"]}
    functions |= {f"TMath::{name}": known[short] for name, short in _OF_TMATH.items()}
    for name, value in _NUMBERS.items():
        functions[f"TMath::{name}"] = TreeFunction(f"rdfp_tree_{name}", lambda value=value: value, 0)
    return functions


FUNCTIONS = _all()
