"""Files to add branches to."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.append.files import plain
from tests.benchmarks.contenders import compiler

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def odd_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the files of odd_files.py."""
    if not compiler():
        pytest.skip("no C++ compiler, without which classes cannot be written")
    folder = tmp_path_factory.mktemp("odd")
    done = subprocess.run(
        [sys.executable, "-m", "tests.append.odd_files", str(folder)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="session")
def _plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return plain(tmp_path_factory.mktemp("plain") / "plain.root")


@pytest.fixture
def source(_plain: Path, tmp_path: Path) -> Path:
    """Return a file with a tree ``events`` of `files.ENTRIES` entries and a histogram ``h``."""
    folder = tmp_path / "files"
    folder.mkdir()
    return shutil.copy(_plain, folder / "a.root")
