"""What a weight file that nobody trusts must come to: a model that answers, or one line that says what is wrong."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import rdfplugins
from rdfplugins.errors import ModelError
from tests.inference.tmva import weight_files

if TYPE_CHECKING:
    from pathlib import Path

    from rdfplugins.inference.model import Model

LONGEST = 1000  # characters of a message


def fault(path: Path) -> str:
    """Return the message of a file that is refused: one line, that starts with the file."""
    with pytest.raises(ModelError) as caught:
        rdfplugins.load_model(path, backend="numpy")
    message = str(caught.value)
    assert message.startswith(str(path))
    assert len(message.splitlines()) == 1
    assert len(message) < LONGEST
    assert message.isprintable()
    return message[len(str(path)) :]


def model_or_fault(path: Path, backend: str = "numpy") -> Model | None:
    """Return a model that answers, or None for a file that is refused as it should be."""
    message = ""
    try:
        model = rdfplugins.load_model(path, backend=backend)
    except ModelError as error:
        message = str(error)
    if message:
        assert len(message.splitlines()) == 1
        assert len(message) < LONGEST
        return None
    assert len(repr(model).splitlines()) == 1
    events = np.array([np.linspace(-3, 3, len(model.inputs)), np.zeros(len(model.inputs))])
    assert model.predict(events).shape == (2, len(model.outputs))
    return model


def changed(tmp_path: Path, old: str, new: str, **what: Any) -> tuple[Path, int]:
    """Write a file with the first match of a pattern replaced; return it and the line of the match."""
    text = weight_files.text(**what)
    match = re.search(old, text)
    assert match, old
    path = tmp_path / "weights.xml"
    path.write_text(text[: match.start()] + match.expand(new) + text[match.end() :], encoding="utf-8")
    return path, text[: match.start()].count("\n") + 1
