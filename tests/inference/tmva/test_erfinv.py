"""The inverse of the error function, with numpy and compiled."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import special

from rdfplugins import cpp
from rdfplugins.inference.tmva.erfinv import erfinv

ENDS = [0.85, math.nextafter(0.85, 1), 0.99999999, 1 - 2.0**-53, 1e-300, 5e-324, 0.0]


@pytest.fixture(scope="module")
def values() -> np.ndarray:
    random = np.random.default_rng(1)
    x = np.concatenate(
        [
            random.uniform(0, 1, 3000),
            1 - 10 ** random.uniform(-15.9, -1, 3000),
            10 ** random.uniform(-300, -1, 500),
            ENDS,
        ]
    )
    return np.concatenate([x, -x])


def test_it_is_right_to_the_last_digits(values: np.ndarray) -> None:
    np.testing.assert_allclose(erfinv(values), special.erfinv(values), rtol=1.5e-15, atol=5e-324)


def test_erf_gives_it_back() -> None:
    x = np.linspace(-0.999, 0.999, 1999)
    np.testing.assert_allclose([math.erf(y) for y in erfinv(x)], x, rtol=1e-15, atol=1e-15)


def test_the_ends() -> None:
    found = erfinv(np.array([1, -1, 0, -0.0, 1.0000001, -2, math.inf, math.nan]))
    np.testing.assert_array_equal(found, [math.inf, -math.inf, 0, 0, math.nan, math.nan, math.nan, math.nan])
    np.testing.assert_array_equal(np.signbit(found[:4]), [False, True, False, True])


def test_any_shape() -> None:
    assert erfinv(np.zeros((2, 0, 3))).shape == (2, 0, 3)
    np.testing.assert_array_equal(erfinv(np.full((2, 3), 0.5)), np.full((2, 3), erfinv(np.array([0.5]))[0]))


@pytest.fixture(scope="module")
def compiled() -> Any:
    cpp.include("rdfplugins/tmva/erfinv.h")
    cpp.declare(
        "void rdfp_test_erfinv(const double *x, std::size_t n, double *out)"
        " { for (std::size_t k = 0; k < n; ++k) out[k] = rdfp::erfinv(x[k]); }",
        "test",
    )
    return cpp.load_root().rdfp_test_erfinv


def test_compiled_it_is_the_same(compiled: Any, values: np.ndarray) -> None:
    x = np.concatenate([values, [1, -1, 1.5, -math.inf, math.nan]])
    found = np.empty_like(x)
    compiled(x, len(x), found)
    np.testing.assert_allclose(found, erfinv(x), rtol=5e-16)  # logarithms may differ in the last bit
