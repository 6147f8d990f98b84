"""What `rdfrun check` says of configs that select nothing: sources, bins, faults; nothing is run or written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import yaml
from click.testing import CliRunner

from rdfplugins import pipeline
from rdfplugins.cli import cli
from rdfplugins.simulate import trees

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, n in (("s1", 70), ("s2", 50), ("b", 200)):
        numbers = {"event": trees.Column(np.arange(n)), "pt": trees.Column(np.linspace(0, 100, n))}
        trees.write_tree(tmp_path / f"{name}.root", "events", numbers, title="test")
    return tmp_path


def config(folder: Path, *, bins: Any = (0, 100, 5), column: str = "pt", **more: Any) -> Path:
    section = {
        "method": "count",
        "from": {"signal": ["s1.root", "s2.root"], "background": "b.root"},
        "key": ["event"],
        "options": {"sampling_variables": [{column: {"bins": list(bins)}}]},
        **more.pop("resample", {}),
    }
    section = {key: value for key, value in section.items() if value is not None}
    path = folder / "c.yaml"
    path.write_text(yaml.safe_dump({"version": 1, "resample": section, **more}, sort_keys=False))
    return path


def check(path: Path, **more: Any) -> tuple[list[str], list[str]]:
    faults, lines = pipeline.check(path, say=lambda _: None, **more)
    return [str(fault) for fault in faults], lines


def files(folder: Path) -> set[Path]:
    return set(folder.rglob("*"))


def test_a_line_for_each_sample(folder: Path) -> None:
    path = config(folder)
    before = files(folder)
    assert check(path) == (
        [],
        ["signal: 2 files, 120 rows, key: event", "background: 1 file, 200 rows, key: event"],
    )
    done = CliRunner().invoke(cli, ["check", str(path)])
    assert done.exit_code == 0, done.output
    assert done.output.endswith(f"{path}: no fault found\n")
    assert files(folder) == before


def test_faults(folder: Path) -> None:
    (fault,), lines = check(config(folder, column="ptt"))
    assert "c.yaml:" in fault
    assert "did you mean 'pt'" in fault
    assert lines == []
    (fault,), lines = check(config(folder, bins=(0, 100, 1)))
    assert "c.yaml:" in fault
    assert "makes no bin" in fault
    assert len(lines) == 2
    both, _ = check(config(folder, column="ptt", bins=(0, 100, 1)))
    assert len(both) == 2
    path = config(folder)
    (folder / "b.root").unlink()
    (fault,), _ = check(path)
    assert "b.root" in fault
    assert check(path, samples=["signal"])[0][0].endswith("--sample is of the selection, which this config has not")


def test_samples_that_are_still_to_be_prepared(folder: Path) -> None:
    samples = {
        "signal": {"files": ["s1.root"], "category": "s", "n_split": 10},
        "background": {"files": "b.root", "category": "b"},
    }
    path = config(folder, resample={"from": None, "key": None}, preparation={"samples": samples})
    said: list[str] = []
    faults, lines = pipeline.check(path, say=said.append)
    assert faults == []
    assert lines[:2] == ["prepare: signal: 1 file, 70 rows", "prepare: background: 1 file, 200 rows"]
    assert lines[2].startswith("resample: its samples are not looked at: ")
    assert lines[2].endswith("run the stage 'prepare' first (--prepare)")
    assert [line.endswith("n_split has no effect here") for line in said] == [True]
    pipeline.run(path, stages=["prepare"], say=said.append)
    faults, lines = pipeline.check(path, say=said.append)
    assert faults == []
    assert [line.partition(":")[0] for line in lines] == ["prepare", "prepare", "signal", "background"]


def test_a_step_is_the_stage_resample_alone(folder: Path) -> None:
    samples = {
        "signal": {"files": ["s1.root"], "category": "s"},
        "background": {"files": "b.root", "category": "b"},
    }
    path = config(folder, resample={"from": None}, preparation={"samples": samples})
    done = CliRunner().invoke(cli, [str(path), "--flavour", "target"])
    assert done.exit_code != 0
    assert "run the stage 'prepare' first" in done.output  # which did not run
    assert CliRunner().invoke(cli, [str(path), "--prepare"]).exit_code == 0
    done = CliRunner().invoke(cli, [str(path), "--flavour", "target"])
    assert done.exit_code == 0, done.output
    assert "train.target.h5" in done.output
    assert "signal.root" not in done.output


def test_resampling_needs_all_samples(folder: Path) -> None:
    done = CliRunner().invoke(cli, ["configs/ditau_training.yaml", "--resampling", "--sample", "light_spin0"])
    assert done.exit_code == 2
    assert done.output.splitlines()[-1] == "the stage resample needs all samples: run it without --sample"
    done = CliRunner().invoke(cli, [str(config(folder)), "--sample", "signal"])
    assert done.output.endswith("c.yaml: --sample and --max-events are of the selection, which this config has not\n")
