"""Small input files that tests of whole runs share, made once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.select import helpers

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty events, run 7, events 1 to 20."""
    return helpers.write_columns(tmp_path_factory.mktemp("good") / "good.root", helpers.small_columns())


@pytest.fixture(scope="session")
def more(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five other events, 100 to 104."""
    return helpers.write_columns(tmp_path_factory.mktemp("more") / "more.root", helpers.small_columns(5, first=100))
