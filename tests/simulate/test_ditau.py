"""``simulate_ditau``: files that say what they are, the same events in whatever pieces, requests that make sense."""

from __future__ import annotations

import json
import subprocess
import sys

import awkward as ak
import numpy as np
import pytest
import uproot

from rdfplugins import __version__
from rdfplugins.errors import ConfigError
from rdfplugins.simulate import DITAU_MODES, Generated, simulate_ditau
from rdfplugins.simulate.ditau.events import generate, sum_of_weights
from rdfplugins.simulate.ditau.modes import (
    DATA_RATES,
    HIGGS_XSEC_PB,
    Z_XSEC_PB,
    luminosity_pb,
    masses_of,
    read_masses,
    request,
)
from rdfplugins.simulate.streams import BLOCK


def assert_same(one, other) -> None:
    assert list(one) == list(other)
    for name in one:
        np.testing.assert_array_equal(one[name].values, other[name].values, err_msg=name)
        if one[name].offsets is not None:
            np.testing.assert_array_equal(one[name].offsets, other[name].offsets, err_msg=name)


@pytest.mark.parametrize("mode", DITAU_MODES)
def test_a_file_says_that_it_is_a_simulation(tmp_path, mode):
    made = simulate_ditau(tmp_path / "x.root", mode=mode, events=300, seed=4)
    what = "tautau scalar 50:1000" if mode == "tautau" else mode
    title = f"SIMULATION by rdfplugins {__version__}: ditau {what}, 300 events, seed 4"
    with uproot.open(tmp_path / "x.root") as file:
        provenance = json.loads(file["provenance"])
        assert file["Events"].title == file["Runs"].title == title
        assert file["Events"].num_entries == 300
        runs = file["Runs"].arrays(library="np")
        weights = file["Events"]["genWeight"].array(library="np") if mode != "data" else None
    assert provenance["simulation"] is True
    assert provenance["made_by"] == f"rdfplugins {__version__}"
    assert (provenance["process"], provenance["mode"], provenance["events"], provenance["seed"]) == (
        *("ditau", mode),
        *(300, 4),
    )
    assert provenance["sum_of_weights"] == made.sum_of_weights
    assert (made.path, made.events) == (tmp_path / "x.root", 300)
    if weights is None:
        assert made == Generated(made.path, 300, None, None, luminosity_pb(300))
        return
    assert set(weights) <= {-1.0, 1.0}
    assert made.sum_of_weights == weights.sum(dtype=np.float64)
    assert runs["genEventCount"].tolist() == [300]
    assert runs["genEventSumw"].tolist() == [made.sum_of_weights]
    assert runs["genEventSumw2"].tolist() == [300.0]
    assert made.luminosity_pb is None


def test_weights_of_a_generator_beyond_leading_order():
    total = sum_of_weights(request("zll"), 3 * BLOCK, 1)
    assert total / (3 * BLOCK) == pytest.approx(1 - 2 * 0.16, abs=0.02)
    assert sum_of_weights(request("zll"), 12_345, 1) == sum(
        generate(request("zll"), count, 1, first)["genWeight"].values.sum(dtype=np.float64)
        for first, count in ((0, 5000), (5000, 7345))
    )
    assert sum_of_weights(request("tautau"), 2000, 1) == 2000.0


@pytest.mark.parametrize(
    ("words", "xsec"),
    [
        ({"mass": 91.2, "spin": "vector"}, Z_XSEC_PB),
        ({"mass": 125}, HIGGS_XSEC_PB),
        ({"mass": 125, "spin": "scalar"}, HIGGS_XSEC_PB),
        ({"mass": 125, "spin": "vector"}, None),
        ({"mass": 91.2}, None),
        ({"mass": (50, 1000)}, None),
        ({"mass": {"91.2": 1, "125": 1}}, None),
        ({}, None),
        ({"mode": "zll"}, DATA_RATES["zll"]),
        ({"mode": "ttbar"}, DATA_RATES["ttbar"]),
    ],
)
def test_cross_sections_are_stated_where_they_are_known(tmp_path, words, xsec):
    assert simulate_ditau(tmp_path / "x.root", events=5, **words).xsec_pb == xsec


def test_pieces_make_the_same_events():
    wanted = request("ttbar")
    whole = generate(wanted, BLOCK + 500, 3)
    tail = generate(wanted, 900, 3, BLOCK - 400)
    assert_same({name: column[BLOCK - 400 :] for name, column in whole.items()}, tail)


def test_chunks_change_nothing_and_are_reported(tmp_path):
    seen: list[int] = []
    one = simulate_ditau(tmp_path / "one.root", mass=125, events=1500, seed=2, progress=seen.append)
    assert seen == [1500]
    seen.clear()
    many = simulate_ditau(tmp_path / "many.root", mass=125, events=1500, seed=2, chunk=400, progress=seen.append)
    assert seen == [400, 800, 1200, 1500]
    with uproot.open(one.path) as first, uproot.open(many.path) as second:
        arrays = first["Events"].arrays(), second["Events"].arrays()
    assert arrays[0].fields == arrays[1].fields
    for name in arrays[0].fields:
        values = [ak.to_numpy(ak.flatten(array[name], axis=None)) for array in arrays]
        np.testing.assert_array_equal(*values, err_msg=name)


def test_what_decides_the_events():
    reference = generate(request("tautau", 125), 100, 1)
    assert_same(reference, generate(request("tautau", {125: 2}, "scalar"), 100, 1))
    for wanted, seed in (
        (request("tautau", 125), 2),
        (request("tautau", 126), 1),
        (request("tautau", 125, "vector"), 1),
        (request("tautau"), 1),
        (request("zll"), 1),
    ):
        assert not np.array_equal(reference["MET_pt"].values, generate(wanted, 100, seed)["MET_pt"].values)


def test_events_are_numbered_once():
    for mode in ("zll", "data"):
        columns = generate(request(mode), 2 * BLOCK, 1)
        key = np.stack([columns[name].values for name in ("run", "luminosityBlock", "event")])
        assert len(np.unique(key, axis=1).T) == 2 * BLOCK
        assert columns["luminosityBlock"].values.min() >= 1
    assert len(np.unique(columns["run"].values)) > 2, "data have runs"


def test_data_of_other_seeds_have_other_runs():
    runs = [set(generate(request("data"), 9000, seed)["run"].values.tolist()) for seed in (1, 2)]
    assert not runs[0] & runs[1]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"mode": "tautu"}, "unknown mode 'tautu' of the ditau simulation; did you mean 'tautau'"),
        ({"mode": "zll", "mass": 125}, "mode 'zll' has no 'mass': only 'tautau' has a resonance"),
        ({"mode": "data", "spin": "scalar"}, "mode 'data' has no 'spin'"),
        ({"spin": "tensor"}, "unknown spin 'tensor'"),
        ({"mass": 5}, "resonances of 20 to 6000 GeV, not 5"),
        ({"mass": float("nan")}, "not nan"),
        ({"mass": (100, 50)}, "the lowest mass, 100 GeV, is not below the highest, 50 GeV"),
        ({"mass": (100, 200, 300)}, "two numbers"),
        ({"mass": "125"}, "the mass is a number"),
        ({"mass": {}}, "a mixture of masses"),
        ({"mass": {90: 0}}, "a number above 0"),
        ({"mass": {"x": 1}}, "'x' is no mass"),
        ({"mass": {"1_000": 1}}, "'1_000' is no mass"),
        ({"mass": {"90": 1, 90.0: 2}}, "90 GeV stands twice"),
        ({"events": 0}, "at least one event"),
        ({"seed": -1}, "seed"),
        ({"chunk": 0}, "a chunk holds at least one event, not 0"),
    ],
)
def test_impossible_requests_leave_nothing(tmp_path, words, message):
    with pytest.raises(ConfigError, match=message):
        simulate_ditau(tmp_path / "new" / "x.root", **{"events": 10, **words})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("125", "125"),
        ("1.25e2", "125"),
        ("50:1000", "50:1000"),
        ("90,125", "90=0.5,125=0.5"),
        ("90=1,125=3", "90=0.25,125=0.75"),
        ("90=1", "90"),
    ],
)
def test_masses_as_text(text, means):
    assert str(masses_of(read_masses(text))) == means


@pytest.mark.parametrize("text", ["", "x", "1:2:3", "50:", "90,", "90=,125", "90=x", "1_000", "1_00:200", "90=1_0,125"])
def test_what_is_no_mass(text):
    with pytest.raises(ConfigError, match=rf"^--mass: '{text}' is no mass; write 125, 50:1000, 90,125 or 90=0\.3,125="):
        read_masses(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("90,90", "90 GeV stands twice"),
        ("90=1,125,90.0=3", "90 GeV stands twice"),
        ("5", "resonances of 20 to 6000 GeV, not 5"),
        ("nan", "not nan"),
        ("100:50", "the lowest mass, 100 GeV, is not below the highest, 50 GeV"),
        ("90=0,125=1", "a number above 0"),
    ],
)
def test_impossible_masses_as_text_name_the_option(text, message):
    with pytest.raises(ConfigError, match=rf"^--mass: .*{message}"):
        read_masses(text)


def test_the_luminosity_of_data():
    assert luminosity_pb(1000) == pytest.approx(1000 / sum(DATA_RATES.values()))


def test_an_interrupt_leaves_nothing(tmp_path):
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate_ditau(tmp_path / "x.root", events=200, chunk=100, progress=interrupt)
    assert list(tmp_path.iterdir()) == []


def test_generating_needs_no_root():
    code = (
        "import sys\n"
        "from rdfplugins.simulate.ditau.events import generate\n"
        "from rdfplugins.simulate.ditau.modes import request\n"
        "generate(request('zll'), 5, 1)\n"
        "sys.exit('ROOT' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
