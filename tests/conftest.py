"""What all tests share: no cache of the user, no thread pool left from another test, the folder of real data."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

# Jobs in the background of a script ignore Ctrl-C, and so would the processes that tests start and interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Simulated samples of configs go into a folder of the session, made once."""
    monkeypatch.setenv("RDFPLUGINS_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))


@pytest.fixture
def real_data() -> Path:
    folder = os.environ.get("RDFPLUGINS_REAL_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("RDFPLUGINS_REAL_DATA does not name a folder")
    return Path(folder)
