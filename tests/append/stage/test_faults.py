"""What is wrong with a section ``ml`` is told at its line, before the first loop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rdfplugins import pipeline
from rdfplugins.errors import ConfigError, ConfigErrors, OutputError
from tests.append.stage.models import HISTOGRAM, file_of, run, tree, write_model
from tests.select import helpers

if TYPE_CHECKING:
    from pathlib import Path


def refused(folder: Path, data: dict[str, Any]) -> list[str]:
    """Return what a run says, and make sure that a check says it, too, and that no loop was run."""
    with pytest.raises(ConfigError) as caught:
        run(folder, data)
    assert not file_of(folder).exists()
    error = caught.value
    told = [str(fault) for fault in (error.faults if isinstance(error, ConfigErrors) else [error])]
    faults, _ = pipeline.check(helpers.write_config(folder, data), say=lambda line: None)
    assert [str(fault) for fault in faults] == told
    return told


def line_of(folder: Path, text: str) -> int:
    lines = (folder / "config.yaml").read_text().splitlines()
    return next(number for number, line in enumerate(lines, start=1) if text in line)


def test_a_model_that_is_not_there(tmp_path: Path, data: dict[str, Any]) -> None:
    data["ml"] = {"model": "nets/frist"}
    (fault,) = refused(tmp_path, data)
    assert fault.startswith(f"{tmp_path / 'config.yaml'}:{line_of(tmp_path, 'frist')}: ")


def test_inputs_that_the_tree_will_not_have(tmp_path: Path, data: dict[str, Any]) -> None:
    write_model(tmp_path / "nets" / "first", inputs=("x", "ww", "yy"))
    (fault,) = refused(tmp_path, data)
    assert f"config.yaml:{line_of(tmp_path, 'ml:')}: " in fault
    assert "'ww'" in fault
    assert "'yy'" in fault
    assert "did you mean 'y'" in fault
    assert "select.output.columns" in fault


def test_a_column_that_is_mapped_and_not_there(tmp_path: Path, data: dict[str, Any]) -> None:
    data["ml"]["map"] = {"x": "yy"}
    (fault,) = refused(tmp_path, data)
    assert f"config.yaml:{line_of(tmp_path, 'x: yy')}: " in fault
    assert "no column 'yy'; did you mean 'y'?" in fault


@pytest.mark.parametrize("branch", ["y", "x"])
def test_a_branch_that_the_tree_will_have_already(tmp_path: Path, data: dict[str, Any], branch: str) -> None:
    data["ml"]["branch"] = branch
    (fault,) = refused(tmp_path, data)
    assert f"config.yaml:{line_of(tmp_path, 'branch:')}: " in fault
    assert f"a column '{branch}' already" in fault


def test_a_check_with_nothing_wrong(tmp_path: Path, data: dict[str, Any]) -> None:
    data["select"]["histograms"] = {"mass": HISTOGRAM}
    faults, _ = pipeline.check(helpers.write_config(tmp_path, data), say=lambda line: None)
    assert faults == []


def test_a_model_with_other_outputs_needs_another_selection(tmp_path: Path, data: dict[str, Any]) -> None:
    write_model(tmp_path / "nets" / "first", outputs=2)
    run(tmp_path, data)
    assert list(tree(tmp_path))[-2:] == ["ml_mass_ml_mass_0", "ml_mass_ml_mass_1"]
    write_model(tmp_path / "nets" / "first")
    with pytest.raises(OutputError, match="--stage select --force"):
        run(tmp_path, data)
    run(tmp_path, data, force=True)
    assert list(tree(tmp_path))[-1] == "ml_mass"
