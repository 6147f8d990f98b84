"""Two runs that write the same file: one after the other, or one of them is told."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import uproot
from click.testing import CliRunner

from rdfplugins.cli import cli
from rdfplugins.errors import OutputError
from rdfplugins.simulate import simulate_ditau, simulate_hgg

if TYPE_CHECKING:
    from pathlib import Path

FIRST = """
import sys
from rdfplugins.simulate import {function}
def pause(done):
    if done == 10:
        print("begun", flush=True)
        sys.stdin.readline()
{function}(sys.argv[1], mode="{mode}", events=20, chunk=10, progress=pause)
"""
PROCESSES = pytest.mark.parametrize(
    ("process", "mode", "tree"), [("ditau", "zll", "Events"), ("hgg", "tt", "mini")], ids=["ditau", "hgg"]
)
ONE_PROCESS = pytest.mark.parametrize(("process", "mode", "tree"), [("ditau", "zll", "Events")])


def in_the_middle(path: Path, process: str, mode: str) -> subprocess.Popen[str]:
    """Start to write 20 events, and return when 10 of them are; a line of input ends the pause."""
    code = FIRST.format(function=f"simulate_{process}", mode=mode)
    pipe = subprocess.PIPE
    run = subprocess.Popen([sys.executable, "-c", code, str(path)], stdin=pipe, stdout=pipe, stderr=pipe, text=True)
    assert run.stdout is not None
    assert run.stdout.readline() == "begun\n", run.communicate()[1]
    return run


def entries(path: Path, tree: str) -> int:
    with uproot.open(path) as file:
        return int(file[tree].num_entries)


@PROCESSES
def test_the_second_run_is_told_so(tmp_path, process, mode, tree):
    path = tmp_path / f"{process}_{mode}.root"
    with in_the_middle(path, process, mode) as first:
        result = CliRunner().invoke(cli, ["simulate", process, "--mode", mode, "-n", "7", "-o", str(tmp_path)])
        errors = first.communicate("go on\n")[1]
    assert (first.returncode, errors) == (0, "")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        f"{tmp_path}: another run is writing here; wait for it, or choose another folder with -o\n"
    )
    assert entries(path, tree) == 20
    assert list(tmp_path.iterdir()) == [path], "no trace of either run"


@ONE_PROCESS
def test_with_force_the_second_run_waits_and_replaces(tmp_path, process, mode, tree):
    path = tmp_path / f"{process}_{mode}.root"
    command = ["simulate", process, "--mode", mode, "-n", "7", "-o", str(tmp_path), "--force"]
    with in_the_middle(path, process, mode) as first:
        pipe = subprocess.PIPE
        with subprocess.Popen(
            [sys.executable, "-m", "rdfplugins.cli", *command], stdout=pipe, stderr=pipe, text=True
        ) as second:
            with pytest.raises(subprocess.TimeoutExpired):
                second.wait(4.0)
            assert not path.exists()
            errors = first.communicate("go on\n")[1]
            said = second.communicate(timeout=60)
    assert (first.returncode, errors) == (0, "")
    assert (second.returncode, said[1]) == (0, "")
    assert said[0].startswith(f"{path}: 7 events, SIMULATION")
    assert entries(path, tree) == 7
    assert list(tmp_path.iterdir()) == [path], "no trace of either run"


def test_another_mode_of_the_same_folder_is_no_obstacle(tmp_path):
    with in_the_middle(tmp_path / "ditau_zll.root", "ditau", "zll") as first:
        simulate_ditau(tmp_path / "ditau_qcd.root", mode="qcd", events=5)
        first.communicate("go on\n")
    assert first.returncode == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ditau_qcd.root", "ditau_zll.root"]


@pytest.mark.parametrize(("simulate", "mode"), [(simulate_ditau, "qcd"), (simulate_hgg, "gg")])
def test_a_file_is_kept_where_it_must_not_be_replaced(tmp_path, simulate, mode):
    path = tmp_path / "x.root"
    simulate(path, mode=mode, events=5)
    before = path.read_bytes()
    with pytest.raises(OutputError, match=r"x\.root: already there"):
        simulate(path, mode=mode, events=6, replace=False)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
