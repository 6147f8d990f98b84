"""Di-tau simulation from configs and from the command line."""

from __future__ import annotations

import json
from typing import get_args

import jsonschema
import pytest
import uproot
from click.testing import CliRunner

from rdfplugins import run
from rdfplugins.cli import cli
from rdfplugins.config import SimulateDitauConfig, SimulateHggConfig, load_config
from rdfplugins.config.input import HIGHEST_MASS as HIGHEST_IN_CONFIG
from rdfplugins.config.input import LOWEST_MASS as LOWEST_IN_CONFIG
from rdfplugins.config.schema import config_schema
from rdfplugins.errors import ConfigErrors
from rdfplugins.paths import cache_dir
from rdfplugins.select.samples import sources
from rdfplugins.simulate import DITAU_MODES
from rdfplugins.simulate.ditau.modes import HIGHEST_MASS, LOWEST_MASS, SPINS, masses_of

CONFIG = {
    "version": 1,
    "input": {"tree": "Events", "units": "GeV", "samples": {"a": {"kind": "mc", "xsec_pb": 2.0}}},
    "select": {"steps": [{"filter": {"any tau": "nTau > 0"}}], "output": {"dir": "out"}},
}
PLAIN = {"process": "ditau", "events": 40}


def config_of(folder, simulate, **sample):
    """Path and content of a config with one sample."""
    data = json.loads(json.dumps(CONFIG))
    data["input"]["samples"]["a"] |= {**sample, "simulate": simulate}
    path = folder / "config.yaml"
    path.write_text(json.dumps(data), encoding="utf-8")
    return path, data


@pytest.fixture(scope="module")
def validator():
    return jsonschema.Draft7Validator(config_schema())


@pytest.mark.parametrize(
    ("more", "means"),
    [
        ({}, None),
        ({"mass": 125}, "125"),
        ({"mass": 91.2, "spin": "vector"}, "91.2"),
        ({"mass": [50, 1000]}, "50:1000"),
        ({"mass": {"90": 3, "1.25e2": 1}}, "90=0.75,125=0.25"),
        ({"mode": "zll", "seed": 0}, None),
        ({"mode": "data"}, None),
        ({"mode": "data", "skim_pt": None}, None),
        ({"mass": 125, "skim_pt": 10}, "125"),
        ({"mode": "wjets", "skim_pt": 0.5}, None),
    ],
)
def test_what_is_taken(tmp_path, validator, more, means):
    path, data = config_of(tmp_path, {**PLAIN, **more})
    spec = load_config(path).input.samples["a"].simulate
    assert isinstance(spec, SimulateDitauConfig)
    assert (None if spec.mass is None else str(masses_of(spec.mass))) == means
    assert (spec.mode, spec.spin) == (more.get("mode", "tautau"), more.get("spin"))
    assert spec.skim_pt == more.get("skim_pt")
    assert validator.is_valid(data)


@pytest.mark.parametrize(
    ("simulate", "message", "expressible"),
    [
        ({**PLAIN, "mass": "50:1000"}, "mass: a number, [lowest, highest], or a mapping of masses to shares", True),
        ({**PLAIN, "mass": 10}, "mass: a number not below 20 is expected, not the number 10", True),
        ({**PLAIN, "mass": 7000.0}, "mass: a number not above 6000 is expected", True),
        ({**PLAIN, "mass": [60]}, "mass: an interval has two numbers, lowest and highest, and this has 1", True),
        ({**PLAIN, "mass": [60, 50]}, "mass: the first mass must be below the second, and 60 is not below 50", False),
        ({**PLAIN, "mass": {}}, "mass: at least one entry is expected", True),
        ({**PLAIN, "mass": {"x": 1}}, "mass: 'x' is no mass from 20 to 6000 GeV", True),
        ({**PLAIN, "mass": {"5": 1}}, "mass: '5' is no mass from 20 to 6000 GeV", False),
        ({**PLAIN, "mass": {"90": 1, "9e1": 1}}, "mass: the mass 90 stands twice", False),
        ({**PLAIN, "mass": {"90": 0}}, "mass.90: a number above 0 is expected", True),
        ({**PLAIN, "mode": "zll", "mass": 125}, "mass: only mode 'tautau' has a resonance to choose", True),
        ({**PLAIN, "mode": "data", "spin": "scalar"}, "spin: only mode 'tautau' has a resonance to choose", True),
        ({**PLAIN, "mode": "data", "skim_pt": 10}, "skim_pt: data are written as a whole; remove this", True),
        ({**PLAIN, "skim_pt": 0}, "skim_pt: a number above 0 is expected", True),
        ({**PLAIN, "skim_pt": "10"}, "skim_pt: a number is expected, not the text '10'", True),
        ({"process": "hgg", "mode": "gg", "events": 1, "skim_pt": 5}, "unknown key 'skim_pt' in", True),
        ({**PLAIN, "mode": "zl"}, "did you mean 'zll'?", True),
        ({**PLAIN, "spin": "vectr"}, "did you mean 'vector'?", True),
        ({**PLAIN, "release": 2020}, "unknown key 'release' in input.samples.a.simulate", True),
        ({"process": "hgg", "mode": "gg", "events": 1, "mass": 5}, "unknown key 'mass' in", True),
        ({"process": "ditua", "events": 1}, "not the text 'ditua'; did you mean 'ditau'?", True),
        ({"process": 5}, "the process is 'hgg' or 'ditau', not the number 5", True),
        ({"events": 1}, "missing key 'process' in input.samples.a.simulate", True),
        ({"process": "ditau"}, "missing key 'events' in input.samples.a.simulate", True),
        ([1], "a mapping is expected, not a list", True),
    ],
)
def test_what_is_refused(tmp_path, validator, simulate, message, expressible):
    path, data = config_of(tmp_path, simulate)
    with pytest.raises(ConfigErrors) as caught:
        load_config(path)
    assert message in str(caught.value)
    assert str(caught.value).startswith(f"{path}:1: ")
    assert validator.is_valid(data) is not expressible


def test_the_config_knows_what_the_simulation_knows():
    fields = SimulateDitauConfig.model_fields
    assert get_args(fields["mode"].annotation) == DITAU_MODES
    assert get_args(get_args(fields["spin"].annotation)[0]) == SPINS
    assert (LOWEST_IN_CONFIG, HIGHEST_IN_CONFIG) == (LOWEST_MASS, HIGHEST_MASS)


def test_a_run_generates_what_it_reads_once(tmp_path):
    path, _ = config_of(tmp_path, {**PLAIN, "mass": [80, 90], "seed": 77, "events": 90})
    said: list[str] = []
    result = run(path, output=tmp_path / "out", say=said.append)
    files = list((cache_dir() / "simulated").glob("ditau_tautau-scalar-80-90_90_seed77_*.root"))
    assert len(files) == 1
    assert [line for line in said if "simulating 90 events of ditau tautau" in line]
    with uproot.open(result.outputs["a"]) as file:
        provenance = json.loads(file["provenance"])
        kept = file["events"].num_entries
    assert 0 < kept < 90
    assert provenance["sample"]["simulation"] is True
    assert provenance["normalisation"]["sum_of_weights"] == {"value": 90.0, "from": "simulation"}
    before = files[0].stat().st_mtime_ns
    run(path, output=tmp_path / "again", say=said.append)
    assert files[0].stat().st_mtime_ns == before


def test_names_of_cached_files():
    def name(**more):
        return sources._cache_path(SimulateDitauConfig(**{**PLAIN, **more})).name.rpartition("_")[0]

    assert name() == "ditau_tautau-scalar-50-1000_40_seed1"
    assert name(mode="zll") == "ditau_zll_40_seed1"
    assert name(mass=91.2, spin="vector") == "ditau_tautau-vector-91.2_40_seed1"
    many = {str(mass): 1.0 for mass in range(50, 90)}
    others = {**many, "90": 1.0}
    assert len(name(mass=many)) < 60
    assert name(mass=many) != name(mass=others)
    assert name(mass=[100, 200]) != name(mass={"100": 1, "200": 1})
    assert name(skim_pt=10) == name(skim_pt=10.0) == "ditau_tautau-scalar-50-1000_40_seed1_skim10.0"
    assert name(skim_pt=10.0000001) != name(skim_pt=10)
    hgg = SimulateHggConfig(process="hgg", mode="gg", events=40)
    assert sources._cache_path(hgg).name.startswith("hgg_2020_gg_40_seed1_")


def test_check_sketches_what_is_not_there_yet(tmp_path):
    path, _ = config_of(tmp_path, {**PLAIN, "mode": "ttbar", "events": 123_456_789})
    result = CliRunner().invoke(cli, ["check", str(path)])
    assert result.exit_code == 0, result.output
    assert "123456789 events to be simulated" in result.output
    assert not list((cache_dir() / "simulated").glob("ditau_ttbar_123456789*"))


# -- the command


def call(*words):
    return CliRunner().invoke(cli, ["simulate", "ditau", *map(str, words)])


def test_the_command_writes_a_resonance(tmp_path):
    result = call("-n", "2e2", "-o", tmp_path, "--mass", "91.2", "--spin", "vector", "--seed", 3)
    assert result.exit_code == 0, result.output
    path = tmp_path / "ditau_tautau.root"
    assert result.stdout == f"{path}: 200 events, SIMULATION, xsec_pb: 2025.7, sum_of_weights: 200.0\n"
    with uproot.open(path) as file:
        assert file["Events"].title.endswith("ditau tautau vector 91.2, 200 events, seed 3")


def test_a_resonance_of_unknown_cross_section(tmp_path):
    result = call("-n", 20, "-o", tmp_path, "--mass", "90,125")
    assert result.stdout == f"{tmp_path / 'ditau_tautau.root'}: 20 events, SIMULATION, sum_of_weights: 20.0\n"


def test_all_modes(tmp_path):
    result = call("-n", 20, "-o", tmp_path, "--mode", "all", "--mass", "125")
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(f"ditau_{mode}.root" for mode in DITAU_MODES)
    assert "xsec_pb: 3.04694" in result.stdout
    assert "/pb of data" in result.stdout
    again = call("-n", 20, "-o", tmp_path, "--mode", "zll")
    assert (again.exit_code, again.stdout) == (1, "")
    assert "already there; --force replaces it" in again.stderr
    assert call("-n", 20, "-o", tmp_path, "--mode", "zll", "--force").exit_code == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--mode", "zll", "--mass", "125"], "mode 'zll' has no 'mass': only 'tautau' has a resonance to choose\n"),
        (["--mass", "heavy"], "--mass: 'heavy' is no mass; write 125, 50:1000, 90,125 or 90=0.3,125=0.7 (GeV)\n"),
        (["--mass", "90,90"], "--mass: 90 GeV stands twice in a mixture of masses\n"),
        (["--mode", "all", "--mass", "5"], "--mass: the simulation makes resonances of 20 to 6000 GeV, not 5\n"),
        (["--spin", "vectr"], "unknown spin 'vectr'; did you mean 'vector'? (known: scalar, vector)\n"),
        (["--mode", "ttbra"], "unknown mode 'ttbra' of the ditau simulation; did you mean 'ttbar'? (known: "),
    ],
)
def test_impossible_words(tmp_path, words, message):
    result = call("-o", tmp_path / "new", *words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(message)
    assert list(tmp_path.iterdir()) == []
