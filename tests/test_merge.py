"""Outputs of single samples, joined: what one run of all makes, or a line that says why not and nothing written."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import uproot
from click.testing import CliRunner

import rdfplugins as rp
from rdfplugins.cli import cli
from rdfplugins.cpp import load_root
from rdfplugins.errors import ConfigError, InputError, OutputError, RdfpluginsError
from rdfplugins.files import lock
from rdfplugins.merge import merge
from tests.select import helpers

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ["one", "two", "three"]
EVENTS = 60
EXPORTS = ["tsv", "h5"]
UP_TO_DATE = [f"{name}: all/{name}.root is up to date" for name in NAMES]


def config_data() -> dict[str, Any]:
    data = helpers.small_config(["one.root"], select__output__exports=EXPORTS)
    data["input"]["samples"] |= {name: {"kind": "mc", "files": [f"{name}.root"], "label": "sim"} for name in NAMES[1:]}
    data["select"]["histograms"] = {"x": {"column": "x", "bins": 3, "range": [0, 100]}}
    return data


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Inputs, config, and the output of each sample in a folder of its own."""
    folder = tmp_path_factory.mktemp("made")
    for number, name in enumerate(NAMES):
        helpers.write_columns(folder / f"{name}.root", helpers.small_columns(EVENTS, first=1 + number * EVENTS))
    helpers.write_config(folder, config_data())
    for name in NAMES:
        rp.run(folder / "config.yaml", samples=[name], output=folder / "jobs" / name)
    return folder


@pytest.fixture
def here(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of all that, which must not be changed by a merge, as the current folder."""
    shutil.copytree(made, tmp_path / "here")
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


def jobs(*names: str) -> list[str]:
    return [f"jobs/{name}" for name in names or NAMES]


def state(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {
        str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.read_bytes())
        for path in folder.rglob("*")
        if path.is_file()
    }


def run_again(folder: Path, output: str) -> list[str]:
    said: list[str] = []
    rp.run(folder / "config.yaml", output=output, say=said.append)
    return said


def test_a_merge_is_what_one_run_makes(here: Path) -> None:
    before = state(here)
    said: list[str] = []
    result = merge(jobs("two", "one", "three"), "all", "config.yaml", say=said.append)
    assert list(result.outputs) == NAMES
    assert result.missing == ()
    assert result.run is not None
    assert [path.name for path in result.run.exports] == ["config.tsv", "config.h5"]
    assert [line for line in said if "up to date" in line] == UP_TO_DATE
    assert {name: value for name, value in state(here).items() if not name.startswith("all/")} == before
    whole = rp.run("config.yaml", output="whole")
    for name in NAMES:
        assert (here / "all" / f"{name}.root").read_bytes() == (here / "jobs" / name / f"{name}.root").read_bytes()
        one, other = helpers.columns(result.outputs[name]), helpers.columns(whole.outputs[name])
        assert set(one) == set(other)
        for column in one:
            order, others = np.argsort(one["event_key"]), np.argsort(other["event_key"])
            assert one[column][order].tobytes() == other[column][others].tobytes()
    for kind in EXPORTS:
        assert (here / "all" / f"config.{kind}").read_bytes() == (here / "whole" / f"config.{kind}").read_bytes()
    assert result.run.cutflow == whole.cutflow


def test_a_run_after_a_merge_makes_nothing_again(here: Path) -> None:
    result = merge(jobs(), "all", say=print)
    assert result.run is None
    before = {name: path.stat().st_ino for name, path in result.outputs.items()}
    said = run_again(here, "all")
    assert [line for line in said if "up to date" in line] == UP_TO_DATE
    assert {name: path.stat().st_ino for name, path in result.outputs.items()} == before
    assert (here / "all" / "config.tsv").is_file()


def test_copies_do_not_share_what_is_written_later(here: Path) -> None:
    result = merge(jobs("one"), "all")
    source = here / "jobs" / "one" / "one.root"
    before = source.read_bytes()
    root = load_root()
    file = root.TFile.Open(str(result.outputs["one"]), "UPDATE")
    file.WriteObject(root.TObjString("mine"), "note")
    file.Close()
    assert source.read_bytes() == before


def test_some_samples_now_and_the_others_later(here: Path) -> None:
    said: list[str] = []
    result = merge(jobs("one", "three"), "all", "config.yaml", say=said.append)
    assert result.missing == ("two",)
    assert "all: 2 of 3 samples; missing: two" in said
    assert "all/config.tsv is not written: all/two.root is not there" in said
    assert result.run is not None
    assert list(result.run.outputs) == ["one", "three"]
    assert not (here / "all" / "two.root").exists()
    said.clear()
    result = merge(jobs("two"), "all", "config.yaml", say=said.append)
    assert result.missing == ()
    assert list(result.outputs) == NAMES
    assert (here / "all" / "config.h5").is_file()


def test_the_folder_of_all_may_hold_those_of_the_jobs(here: Path) -> None:
    result = merge(jobs(), "jobs", "config.yaml")
    assert result.missing == ()
    said: list[str] = []
    assert merge(["jobs", *jobs()], "jobs", say=said.append).missing == ()
    assert [line for line in said if line.endswith("is there already")] == [
        f"jobs/{name}.root is there already" for name in ("one", "three", "two")
    ]
    assert "jobs/one/one.root is the same as jobs/one.root" in said


def test_one_output_by_two_names_is_one(here: Path) -> None:
    (here / "link").symlink_to(here / "jobs" / "one")
    shutil.copytree(here / "jobs" / "one", here / "copy")
    (here / "copy" / "one.root").rename(here / "copy" / "renamed.root")
    said: list[str] = []
    result = merge(["jobs/one", "link", "copy", "jobs/one/"], "all", say=said.append)
    assert list(result.outputs) == ["one"]
    assert said[0] == "copy/renamed.root is the same as jobs/one/one.root"


def test_a_sample_that_was_run_again_replaces_what_was_merged(here: Path) -> None:
    merge(jobs(), "all", "config.yaml")
    helpers.write_columns(here / "two.root", helpers.small_columns(EVENTS + 5, first=1000))
    rp.run("config.yaml", samples=["two"], output="jobs/two")
    result = merge(jobs(), "all", "config.yaml")
    assert len(helpers.columns(result.outputs["two"])["event_key"]) == EVENTS + 5
    assert len((here / "all" / "config.tsv").read_text().splitlines()) == 3 * EVENTS + 5 + 1


def test_rntuples(here: Path) -> None:
    data = config_data()
    data["select"]["output"]["format"] = "rntuple"
    helpers.write_config(here, data, "tuples.yaml")
    for name in NAMES:
        rp.run("tuples.yaml", samples=[name], output=f"tuples/{name}")
    result = merge([f"tuples/{name}" for name in NAMES], "all", "tuples.yaml")
    assert result.missing == ()
    assert len((here / "all" / "tuples.tsv").read_text().splitlines()) == 3 * EVENTS + 1


def refused(folder: Path, *folders: str, error: type[RdfpluginsError] = InputError, **options: Any) -> str:
    """Return the message of a merge that changes nothing at all."""
    before = state(folder)
    with pytest.raises(error) as caught:
        merge(list(folders), options.pop("output", "all"), **options)
    after = {name: value for name, value in state(folder).items() if not name.endswith(".rdfrun.lock")}
    assert after == {name: value for name, value in before.items() if not name.endswith(".rdfrun.lock")}
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_folders_without_outputs(here: Path) -> None:
    (here / "empty").mkdir()
    assert refused(here, *jobs(), "nowhere") == "nowhere: is not there; name folders of outputs"
    assert refused(here, *jobs(), "config.yaml") == "config.yaml: is no folder; name folders of outputs"
    assert refused(here, "empty", *jobs()) == "empty: holds no output (*.root) of a run; is the run finished?"
    assert refused(here) == "no folder of outputs is named"
    assert "ROOT cannot write to a folder with '#'" in refused(here, *jobs(), output="a#b", error=ConfigError)


@pytest.mark.parametrize("what", ["input", "histogram", "text", "truncated", "end", "tree", "empty"])
def test_files_that_are_no_outputs(here: Path, what: str) -> None:
    path = here / "jobs" / "two" / ("two.root" if what in {"truncated", "end", "tree"} else "other.root")
    root = load_root()
    message = "is no output of a selection; move it to another folder"
    if what == "input":
        shutil.copy(here / "one.root", path)
    elif what == "histogram":
        file = root.TFile(str(path), "RECREATE")
        file.WriteObject(root.TH1D("h", "", 1, 0, 1), "h")
        file.Close()
    elif what in {"text", "empty"}:
        path.write_text("no ROOT file" if what == "text" else "")
        message = "is damaged, or no ROOT file; run its sample again"
    elif what == "tree":
        _drop_rows(path)
        message = f"is damaged: its tree has 1 entries of {EVENTS}"
    else:
        size = path.stat().st_size
        os.truncate(path, size // 2 if what == "truncated" else size - 10)
        message = "is damaged"
    assert refused(here, *jobs()).startswith(f"jobs/two/{path.name}: {message}")


def _drop_rows(path: Path) -> None:
    """Replace the tree by one of a single row, beside the provenance of the whole."""
    root = load_root()
    with uproot.open(path) as file:
        record = str(file["provenance"])
    root.RDataFrame(1).Define("event_key", "1ULL").Snapshot("events", str(path))
    file = root.TFile.Open(str(path), "UPDATE")
    file.WriteObject(root.TObjString(record), "provenance")
    file.Close()


def test_outputs_of_different_configs(here: Path) -> None:
    data = config_data()
    data["select"]["steps"][0]["filter"]["positive"] = "x > 1"
    helpers.write_config(here, data)
    rp.run("config.yaml", samples=["two"], output="jobs/two")
    message = (
        "jobs/one/one.root and jobs/two/two.root are of different configs: config.yaml was changed between the runs"
    )
    assert refused(here, *jobs()).startswith(message)
    rp.run("config.yaml", samples=["one"], output="other")
    message = "jobs/one/one.root and other/one.root are different outputs of the sample 'one'; merge only one"
    assert refused(here, "jobs/one", "other") == message


def test_outputs_of_another_config_than_the_one_given(here: Path) -> None:
    data = config_data()
    data["select"]["steps"][0]["filter"]["positive"] = "x > 1"
    helpers.write_config(here, data, "other.yaml")
    message = "jobs/one/one.root was made with another config; give the config of the runs, with the same --set"
    assert refused(here, *jobs(), config="other.yaml") == message
    data = config_data()
    data["input"]["samples"].pop("two")
    helpers.write_config(here, data, "fewer.yaml")
    assert "no sample 'two' in fewer.yaml" in refused(here, *jobs("two"), config="fewer.yaml")
    assert "no such file" in refused(here, *jobs("two"), config="none.yaml", error=ConfigError)
    rp.run("config.yaml", samples=["one"], output="jobs/one", force=True)  # from the input that is here
    os.utime(here / "one.root", (1, 1))
    assert "one/one.root was made from another " in refused(here, *jobs(), config="config.yaml")


def test_values_that_were_set_in_the_runs(here: Path) -> None:
    change = ["select.steps.0.filter.positive=x > 2"]
    for name in NAMES:
        rp.run("config.yaml", samples=[name], output=f"jobs/{name}", overrides=change)
    assert "with the same --set" in refused(here, *jobs(), config="config.yaml")
    result = merge(jobs(), "all", "config.yaml", overrides=change)
    assert result.run is not None
    assert result.run.cutflow["one"].cuts[-1].events == EVENTS - 1


def test_first_events_only(here: Path) -> None:
    rp.run("config.yaml", samples=["two"], output="jobs/two", max_events=5, force=True)
    message = "jobs/two/two.root holds the first events only, jobs/one/one.root all; run it again without --max-events"
    assert refused(here, *jobs()) == message
    for name in NAMES:
        rp.run("config.yaml", samples=[name], output=f"jobs/{name}", max_events=5, force=True)
    assert "merge without --config" in refused(here, *jobs(), config="config.yaml")
    result = merge(jobs(), "all")
    assert all(json.loads(_provenance(path))["partial"] for path in result.outputs.values())


def _provenance(path: Path) -> str:
    with uproot.open(path) as file:
        return str(file["provenance"])


def test_inputs_and_files_of_others_are_never_replaced(here: Path) -> None:
    rp.run("config.yaml", samples=["one"], output="jobs/one", force=True)  # from the input that is here
    message = "one.root: is an input of the runs and would be overwritten; choose another folder"
    assert refused(here, *jobs(), output=".", error=OutputError) == message
    (here / "all").mkdir()
    (here / "all" / "two.root").write_text("precious")
    message = "all/two.root: is no output of a selection and would be overwritten; move it away"
    assert refused(here, *jobs(), error=OutputError) == message


def test_a_folder_that_another_run_writes(here: Path) -> None:
    (here / "all").mkdir()
    with lock(here / "all"):
        assert refused(here, *jobs(), error=OutputError).startswith("all: another run is writing here")
    (here / "file").write_text("")
    assert "cannot be written" in refused(here, *jobs(), output="file", error=OutputError)


def test_a_full_disk_half_way(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was copied stays, whole; the rest comes with the next merge."""
    copy = shutil.copyfile

    def full(source: Path, target: Path) -> Any:
        if source.name == "three.root":
            target.write_bytes(source.read_bytes()[:100])
            raise OSError(28, "No space left on device")
        return copy(source, target)

    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(OutputError, match=r"^all/three.root: cannot be written: No space left on device$"):
        merge(jobs(), "all")
    assert sorted(path.name for path in (here / "all").iterdir()) == [".rdfrun.lock", "one.root", "two.root"]
    monkeypatch.setattr(shutil, "copyfile", copy)
    assert merge(jobs(), "all").missing == ()


def test_an_output_that_changes_while_it_is_copied(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = (here / "jobs" / "three" / "three.root").read_bytes()
    monkeypatch.setattr(shutil, "copyfile", lambda source, target: target.write_bytes(other))
    message = "jobs/one/one.root: was changed while it was copied; merge again"
    assert refused(here, *jobs("one"), error=InputError) == message


KILLED = """
import os, shutil, sys
from rdfplugins.merge import merge
copy, left = shutil.copyfile, [1]
def killing(source, target):
    if not left:
        target.write_bytes(source.read_bytes()[:1000])
        os.kill(os.getpid(), 9)
    left.pop()
    return copy(source, target)
shutil.copyfile = killing
merge(["jobs/one", "jobs/two", "jobs/three"], "all")
"""


def test_killed_half_way(here: Path) -> None:
    before = state(here)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    child = subprocess.run([sys.executable, "-c", KILLED], cwd=here, env=environment, check=False)
    assert child.returncode == -9
    assert sorted(path.name for path in (here / "all").iterdir()) == [".rdfrun.lock", "one.root", "two.root.part"]
    assert {name: value for name, value in state(here).items() if not name.startswith("all/")} == before
    result = merge(jobs(), "all", "config.yaml")
    assert result.missing == ()
    assert not list((here / "all").glob("*.part"))
    assert run_again(here, "all").count("one: all/one.root is up to date") == 1


def test_two_merges_at_once(here: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, "-m", "rdfplugins.cli", "merge", *jobs(), "-o", "all"]
    children = []
    for _ in range(2):
        children.append(subprocess.Popen(command, cwd=here, env=environment, stderr=subprocess.PIPE, text=True))
        time.sleep(0.05)
    for child in children:
        _, err = child.communicate(timeout=120)
        assert child.returncode == 0 or "another run is writing here" in err
    assert {child.returncode for child in children} <= {0, 1}
    assert sorted(path.name for path in (here / "all").glob("*.root*")) == ["one.root", "three.root", "two.root"]
    assert merge(jobs(), "all").missing == ()


def test_the_command(here: Path) -> None:
    runner = CliRunner()
    found = runner.invoke(cli, ["merge", *jobs("one", "two"), "-o", "out/all"])
    assert found.exit_code == 0, found.output
    assert found.stdout.splitlines() == ["out/all/one.root", "out/all/two.root"]
    assert found.stderr.splitlines()[-2:] == [
        "out/all: 2 of 3 samples; missing: three",
        "exports and report: rdfrun config.yaml -o out/all",
    ]
    found = runner.invoke(cli, ["merge", *jobs(), "-o", "out/all", "--config", "config.yaml"])
    assert found.exit_code == 0, found.output
    assert found.stdout.splitlines()[-2:] == ["out/all/config.tsv", "out/all/config.h5"]
    assert "Cutflow" in found.stdout
    found = runner.invoke(cli, ["merge", *jobs(), "-o", "out/all", "-q"])
    assert (found.exit_code, found.output) == (0, "")
    found = runner.invoke(cli, ["merge", "nowhere", "-o", "out/all"])
    assert (found.exit_code, found.stderr) == (2, "nowhere: is not there; name folders of outputs\n")
    for arguments in (["merge", "-o", "x"], ["merge", "jobs/one"], ["merge", "jobs/one", "-o", "x", "--set", "a=b"]):
        assert runner.invoke(cli, arguments).exit_code == 2
