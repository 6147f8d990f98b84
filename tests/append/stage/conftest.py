"""A config of one sample with a section ``ml``, and its model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.append.stage.models import config_with, write_model
from tests.select import helpers

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Twenty events; one has no number in an input."""
    columns = helpers.small_columns()
    columns["x"][3] = np.nan
    return helpers.write_columns(tmp_path / "good.root", columns)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_model(tmp_path / "nets" / "first")


@pytest.fixture
def data(source: Path, model: Path) -> dict[str, Any]:
    # NaN passes no cut, and this event is to be kept
    steps = [{"define": {"y": "2 * x"}}, {"filter": {"late": "event > 1"}}]
    return config_with(str(source), {"model": "nets/first"}, select__steps=steps)
