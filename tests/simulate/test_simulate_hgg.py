from __future__ import annotations

import json
import resource
import signal
import subprocess
import sys

import numpy as np
import pytest
import uproot

from rdfplugins import __version__
from rdfplugins.cpp import load_root
from rdfplugins.errors import ConfigError, OutputError
from rdfplugins.simulate import MODES, Generated, simulate_hgg
from rdfplugins.simulate.hgg.events import luminosity_pb
from rdfplugins.simulate.hgg.mini import SCHEMA


def contents(path):
    with uproot.open(path) as file:
        array = file["mini"].arrays()
    return {name: array[name].tolist() for name in SCHEMA}


def test_a_file_has_the_schema_with_true_vectors(tmp_path):
    simulate_hgg(tmp_path / "gg.root", mode="gg", events=50)
    file = load_root().TFile(str(tmp_path / "gg.root"))
    tree = file.Get("mini")
    found = [(branch.GetName(), branch.GetClassName()) for branch in tree.GetListOfBranches()]
    scalars = {branch.GetName(): branch.GetTitle() for branch in tree.GetListOfBranches() if not branch.GetClassName()}
    file.Close()
    assert found == [(name, branch.leaf if branch.vector else "") for name, branch in SCHEMA.items()]
    assert scalars["jet_n"] == "jet_n/i"
    assert scalars["mcWeight"] == "mcWeight/F"
    assert scalars["trigP"] == "trigP/O"
    assert scalars["runNumber"] == "runNumber/I"


@pytest.mark.parametrize("mode", MODES)
def test_a_file_says_that_it_is_a_simulation(tmp_path, mode):
    made = simulate_hgg(tmp_path / "x.root", mode=mode, events=20, seed=4)
    with uproot.open(tmp_path / "x.root") as file:
        provenance = json.loads(file["provenance"])
        assert file["mini"].title == f"SIMULATION by rdfplugins {__version__}: hgg {mode}, 20 events, seed 4"
        weights = file["mini"]["mcWeight"].array().to_numpy()
    assert provenance["simulation"] is True
    assert provenance["made_by"] == f"rdfplugins {__version__}"
    assert (provenance["process"], provenance["mode"], provenance["events"], provenance["seed"]) == ("hgg", mode, 20, 4)
    assert provenance["sum_of_weights"] == made.sum_of_weights
    assert made.path == tmp_path / "x.root"
    assert made.events == 20
    if mode == "data":
        assert made == Generated(made.path, 20, None, None, luminosity_pb(20))
    else:
        assert made.sum_of_weights == weights.sum(dtype=np.float64)
        assert made.xsec_pb is not None
        assert made.luminosity_pb is None


def test_chunks_change_nothing_and_are_reported(tmp_path):
    seen: list[int] = []
    one = simulate_hgg(tmp_path / "one.root", mode="Z", events=1500, seed=2, progress=seen.append)
    assert seen == [1500]
    seen.clear()
    many = simulate_hgg(tmp_path / "many.root", mode="Z", events=1500, seed=2, chunk=400, progress=seen.append)
    assert seen == [400, 800, 1200, 1500]
    assert one.sum_of_weights == many.sum_of_weights
    assert contents(one.path) == contents(many.path)


def test_the_seed_decides_the_events(tmp_path):
    first = contents(simulate_hgg(tmp_path / "a.root", mode="tt", events=30, seed=1).path)
    again = contents(simulate_hgg(tmp_path / "b.root", mode="tt", events=30, seed=1).path)
    other = contents(simulate_hgg(tmp_path / "c.root", mode="tt", events=30, seed=2).path)
    assert first == again
    assert first["photon_pt"] != other["photon_pt"]
    assert first["mcWeight"] != other["mcWeight"]


def test_folders_are_made(tmp_path):
    simulate_hgg(tmp_path / "a" / "b" / "x.root", mode="data", events=1)
    assert [file.name for file in (tmp_path / "a" / "b").iterdir()] == ["x.root"]


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"mode": "ggf", "events": 1}, r"unknown mode 'ggf'.*did you mean 'gg'"),
        ({"mode": "DATA", "events": 1}, "did you mean 'data'"),
        ({"mode": "gg", "events": 0}, "at least one event"),
        ({"mode": "data", "events": 0}, "at least one event"),
        ({"mode": "gg", "events": 1, "seed": -1}, "seed"),
        ({"mode": "gg", "events": 1, "chunk": 0}, "a chunk holds at least one event, not 0"),
    ],
)
def test_impossible_requests_leave_nothing(tmp_path, request_, message):
    with pytest.raises(ConfigError, match=message):
        simulate_hgg(tmp_path / "new" / "x.root", **request_)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_nothing(tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))
    try:
        with pytest.raises(OutputError) as caught:
            simulate_hgg(tmp_path / "x.root", mode="gg", events=20_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_leaves_nothing(tmp_path):
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate_hgg(tmp_path / "x.root", mode="gg", events=200, chunk=100, progress=interrupt)
    assert list(tmp_path.iterdir()) == []


def test_a_killed_process_leaves_no_file_of_the_final_name(tmp_path):
    code = (
        "import pathlib, sys, time\n"
        "from rdfplugins.simulate import simulate_hgg\n"
        "def wait(events):\n"
        "    print(events, flush=True)\n"
        "    time.sleep(60)\n"
        "simulate_hgg(pathlib.Path(sys.argv[1]), mode='gg', events=20_000, chunk=10_000, progress=wait)\n"
    )
    path = tmp_path / "x.root"
    process = subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process.stdout:
        assert process.stdout.readline() == "10000\n"
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    assert not path.exists()
    # what a killed process leaves behind is no obstacle to the next one
    simulate_hgg(path, mode="gg", events=10)
    assert [file.name for file in tmp_path.iterdir()] == ["x.root"]


def test_the_module_is_imported_without_root():
    code = "import sys, rdfplugins.simulate; sys.exit('ROOT' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
