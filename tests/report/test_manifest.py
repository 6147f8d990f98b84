"""What an earlier report left behind is removed, and nothing else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from rdfplugins import manifest, plotting, report
from rdfplugins.errors import MissingDependencyError

from .conftest import signal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rdfplugins.config import Config

TWO = "{m_yy: {column: m_yy, bins: 30, range: [105, 160]}, old: {column: x, bins: 30, range: [105, 160]}}"


@pytest.fixture
def files(write_sample: Callable[..., Path]) -> dict[str, Path]:
    return {"gg": write_sample("gg", {"m_yy": signal(1.0), "old": signal(1.0)})}


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_plots_of_removed_histograms_go_and_files_of_the_user_stay(
    config: Callable[..., Config], files: dict[str, Path], tmp_path: Path
) -> None:
    folder = tmp_path / "report"
    report.run(config(histograms=TWO), files, tmp_path)
    (folder / "mine.png").write_text("mine")
    (folder / "notes").mkdir()
    before = names(folder)
    report.run(config(), files, tmp_path)
    assert before - names(folder) == {"old.png", "old.pdf", "old.json"}
    assert (folder / "mine.png").read_text() == "mine"
    report.run(config(histograms=TWO), files, tmp_path)
    assert names(folder) == before


def test_a_run_that_ends_early_is_cleaned_up_by_the_next(
    config: Callable[..., Config], files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_plots() -> None:
        raise MissingDependencyError("no plots")

    with monkeypatch.context() as patch:
        patch.setattr(plotting, "libraries", no_plots)
        with pytest.raises(MissingDependencyError):
            report.run(config(histograms=TWO), files, tmp_path)
    assert "old.json" in names(tmp_path / "report")
    report.run(config(), files, tmp_path)
    assert not [name for name in names(tmp_path / "report") if name.startswith("old")]


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "{", "null", '{"files": ["keep.txt"]}', '{"made_by": "somebody", "files": ["keep.txt"]}',
        '{"made_by": "rdfplugins report", "files": 3}', "\xff\xfe",
    ],
)  # fmt: skip
def test_a_manifest_that_is_not_ours_names_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "keep.txt").write_text("")
    (tmp_path / manifest.NAME).write_bytes(text.encode("latin-1"))
    assert manifest.read(tmp_path) == []
    manifest.finish(tmp_path, ["new.png"])
    assert names(tmp_path) == {"keep.txt", manifest.NAME}
    assert manifest.read(tmp_path) == ["new.png"]


def test_nothing_outside_of_the_folder_is_removed(tmp_path: Path) -> None:
    inner = tmp_path / "report"
    inner.mkdir()
    (tmp_path / "victim").write_text("")
    (inner / "sub").mkdir()
    (inner / ".hidden").write_text("")
    edited = ["../victim", str(tmp_path / "victim"), "sub", ".hidden", "", "..", ".", 5, None, "gone.png"]
    (inner / manifest.NAME).write_text(json.dumps({"made_by": "rdfplugins report", "files": edited}))
    manifest.finish(inner, [])
    assert (tmp_path / "victim").exists()
    assert names(inner) == {"sub", ".hidden", manifest.NAME}
