"""The door to TensorFlow."""

from __future__ import annotations

import os
from typing import Any

from rdfplugins.errors import MissingDependencyError


def tensorflow() -> Any:
    """Return the module tensorflow; its notes on CPU features are off, unless the environment asks for them.

    Raises
    ------
    MissingDependencyError
        If it is not installed.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    try:
        import tensorflow as tf
    except ImportError as error:
        raise MissingDependencyError(
            f"training needs TensorFlow ({error}); install it with: pip install 'rdfplugins[tensorflow]'"
        ) from error
    return tf
