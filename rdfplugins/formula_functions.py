"""Functions and conversions of C++ for arrays: what a `rdfplugins.formula.Formula` is computed with."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Array = NDArray[Any]

CONSTANTS: dict[str, bool | float] = {"true": True, "false": False, "M_PI": math.pi}


def promoted(values: Array) -> Array:
    """Return bool and integers below 32 bits as int32, as C++ does before it computes; float16, too, is widened."""
    kind = values.dtype
    if kind == np.float16:
        return values.astype(np.float32)
    return values.astype(np.int32) if kind.kind == "b" or (kind.kind in "iu" and kind.itemsize < 4) else values  # noqa: PLR2004


def common(left: Array, right: Array) -> tuple[Array, Array]:
    """Return both in the type in which C++ computes with them ("usual arithmetic conversions", [expr.arith.conv])."""
    left, right = promoted(left), promoted(right)
    kind = _common_type(left.dtype, right.dtype)
    return left.astype(kind, copy=False), right.astype(kind, copy=False)


def _common_type(one: np.dtype[Any], other: np.dtype[Any]) -> np.dtype[Any]:
    floats = [kind for kind in (one, other) if kind.kind == "f"]
    if floats:  # numpy makes float64 of float32 and int32; C++ stays with float
        return max(floats, key=lambda kind: kind.itemsize)
    if one.kind == other.kind or one.itemsize != other.itemsize:
        # a larger signed type holds all values of a smaller unsigned one
        return max(one, other, key=lambda kind: kind.itemsize)
    return one if one.kind == "u" else other


def _floating(*values: Array) -> tuple[Array, ...]:
    """Return all as float32 if they all are, else as float64: the overloads of <cmath>."""
    single = all(value.dtype == np.float32 for value in values)
    return tuple(value.astype(np.float32 if single else np.float64, copy=False) for value in values)


@dataclasses.dataclass(frozen=True)
class Function:
    """A function of a formula.

    Attributes
    ----------
    compute
        Of as many arrays as it has arguments.
    arguments
        How many.
    """

    compute: Callable[..., Any]
    arguments: int = 1

    def __call__(self, *values: Array) -> Array:
        """Return the value for each row."""
        return np.asarray(self.compute(*values))


def _of_floats(compute: Callable[..., Any], arguments: int = 1) -> Function:
    return Function(lambda *values: compute(*_floating(*values)), arguments)


def _of_doubles(compute: Callable[..., Any], arguments: int = 1) -> Function:
    return Function(lambda *values: compute(*(value.astype(np.float64) for value in values)), arguments)


def _std_min(left: Array, right: Array) -> Array:
    left, right = common(left, right)
    return np.where(right < left, right, left)


def _std_max(left: Array, right: Array) -> Array:
    left, right = common(left, right)
    return np.where(left < right, right, left)


def _tmath_min(left: Array, right: Array) -> Array:
    left, right = common(left, right)
    return np.where(left <= right, left, right)


def _tmath_max(left: Array, right: Array) -> Array:
    left, right = common(left, right)
    return np.where(left >= right, left, right)


_ONE = {
    "sqrt": np.sqrt,
    "exp": np.exp,
    "log": np.log,
    "log10": np.log10,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "tanh": np.tanh,
}
_TWO = {"pow": np.power, "atan2": np.arctan2, "hypot": np.hypot}
_TESTS = {"isnan": np.isnan, "isfinite": np.isfinite}
_OF_TMATH = {
    "Sqrt": "sqrt",
    "Exp": "exp",
    "Log": "log",
    "Log10": "log10",
    "Sin": "sin",
    "Cos": "cos",
    "Tan": "tan",
    "SinH": "sinh",
    "CosH": "cosh",
    "TanH": "tanh",
    "Power": "pow",
    "ATan2": "atan2",
    "Hypot": "hypot",
    "IsNaN": "isnan",
}


def _all() -> dict[str, Function]:
    plain = {name: _of_floats(compute) for name, compute in _ONE.items()}
    plain |= {name: _of_floats(compute, 2) for name, compute in _TWO.items()}
    plain |= {name: _of_floats(compute) for name, compute in _TESTS.items()}
    plain |= {
        "abs": Function(lambda values: np.abs(promoted(values))),
        "fabs": _of_floats(np.abs),
        "min": Function(_std_min, 2),
        "max": Function(_std_max, 2),
    }
    functions = {prefix + name: function for prefix in ("", "std::") for name, function in plain.items()}
    computed = {**_ONE, **_TWO, **_TESTS}
    # those of TMath take and return doubles
    functions |= {f"TMath::{name}": _of_doubles(computed[c], plain[c].arguments) for name, c in _OF_TMATH.items()}
    functions |= {
        "TMath::Abs": plain["abs"],
        "TMath::Finite": Function(lambda values: np.isfinite(values.astype(np.float64)).astype(np.int32)),
        "TMath::Min": Function(_tmath_min, 2),
        "TMath::Max": Function(_tmath_max, 2),
        "TMath::Pi": Function(lambda: np.pi, 0),
    }
    return functions


FUNCTIONS = _all()
