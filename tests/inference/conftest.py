"""TensorFlow and the two versions of Keras, imported once; what they warn about on import is not ours."""

from __future__ import annotations

import os
import warnings
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


def _imported(name: str) -> Any:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip(name)


@pytest.fixture(scope="session")
def _tensorflow() -> Any:
    return _imported("tensorflow")


@pytest.fixture(scope="session")
def _keras3(_tensorflow: Any) -> Any:
    return _imported("keras")


@pytest.fixture(scope="session")
def _keras2(_tensorflow: Any) -> Any:
    return _imported("tf_keras")


@pytest.fixture
def tensorflow(_tensorflow: Any) -> Iterator[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield _tensorflow


@pytest.fixture
def keras3(_keras3: Any) -> Iterator[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield _keras3


@pytest.fixture
def keras2(_keras2: Any) -> Iterator[Any]:
    """The package that goes on with Keras 2."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield _keras2
