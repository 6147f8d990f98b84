"""The diphoton nodes in plain PyROOT, event by event against the oracle."""

from __future__ import annotations

import inspect
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import rdfplugins as rp
from rdfplugins.cpp import load_root
from rdfplugins.errors import ConfigError, CppError, MissingColumnError
from rdfplugins.nodes import base, diphoton
from rdfplugins.simulate import simulate_hgg
from tests.oracle import compare
from tests.oracle import diphoton as oracle
from tests.oracle.edge_events import complete, edge_events, event, photon

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EVENTS = 600
MOMENTA = ("pt", "E", "ptcone30", "etcone20")
WEIGHTS = ("weight", "weight_df104")
SWITCHES = {
    "photon_trigger": {"trigger": None},
    "trigger_matched": {"trigger_matched": False},
    "track_isolation": {"max_track_isolation": None},
    "calo_isolation": {"max_calo_isolation": None},
    "lead_pt_over_mass": {"min_lead_fraction": None},
    "sublead_pt_over_mass": {"min_sublead_fraction": None},
    "mass_105_160": {"mass_range": None},
}


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Simulated events with jets, leptons and negative weights, and the edge cases of the oracle after them."""
    folder = tmp_path_factory.mktemp("diphoton")
    simulate_hgg(folder / "simulated.root", mode="tt", events=EVENTS, seed=5)
    simulated = list(compare.events_from_root(str(folder / "simulated.root")))
    edges = [dict(one) for _, one in edge_events()]
    for number, one in enumerate(edges):
        one["eventNumber"] = np.int32(1_000_000 + number)
    compare.write_mini(str(folder / "mini.root"), [*simulated, *edges])
    return folder / "mini.root"


@pytest.fixture(scope="module")
def events(file: Path) -> list[dict[str, Any]]:
    return list(compare.events_from_root(str(file)))


@pytest.fixture
def df(file: Path) -> Any:
    return load_root().RDataFrame("mini", str(file))


@pytest.fixture
def two_threads() -> Iterator[None]:
    root = load_root()
    root.EnableImplicitMT(2)
    try:
        yield
    finally:
        root.DisableImplicitMT()


def numbers(df: Any) -> list[int]:
    return sorted(df.AsNumpy(["eventNumber"])["eventNumber"].tolist())


def expected_numbers(events: list[dict[str, Any]], **parameters: Any) -> list[int]:
    return sorted(int(one["eventNumber"]) for one in events if oracle.select(one, **parameters).passed)


def without_weights(table: dict[int, compare.Row]) -> dict[int, compare.Row]:
    return {key: {k: v for k, v in row.items() if k not in WEIGHTS} for key, row in table.items()}


def assert_features(df: Any, table: dict[int, compare.Row]) -> None:
    assert len(table) > 50
    compare.assert_same_events(df.AsNumpy(list(next(iter(table.values())))), table)


# -- the whole chain


def test_as_in_the_readme(df: Any, events: list[dict[str, Any]]) -> None:
    found = diphoton.features(diphoton.select(df, min_pt=25.0))
    table = without_weights(compare.expected_table(events, "mc"))
    assert_features(found, table)
    assert set(oracle.COLUMNS_82 + oracle.EXTRA_COLUMNS) - set(WEIGHTS) == set(next(iter(table.values())))


def test_by_name(df: Any, events: list[dict[str, Any]]) -> None:
    sample = rp.Sample("mc", xsec_pb=0.102, sum_of_weights=1000.0)
    found = rp.apply("diphoton.weights", df, sample=sample)
    found = rp.apply("diphoton.features", rp.apply("diphoton.select", found, crack=None), empty=-99)
    table = compare.expected_table(events, "mc", xsec_pb=0.102, sum_of_weights=1000.0, crack=None, empty=-99.0)
    assert_features(found, table)


def test_two_threads_give_the_same_events(two_threads: None, df: Any, events: list[dict[str, Any]]) -> None:
    found = diphoton.features(diphoton.select(df))
    assert_features(found, without_weights(compare.expected_table(events, "mc")))


def test_one_event_loop(df: Any) -> None:
    found = diphoton.features(diphoton.select(df))
    found.AsNumpy(["m_yy", "jet_n"])
    assert df.GetNRuns() == 1


def test_after_filters_and_definitions_of_the_user(df: Any, events: list[dict[str, Any]]) -> None:
    mine = df.Filter("eventNumber % 2 == 0", "even").Define("mine", "2 * eventNumber")
    found = diphoton.features(diphoton.select(mine).Filter("photon_n >= 2"))
    kept = [one for one in events if one["eventNumber"] % 2 == 0 and one["photon_n"] >= 2]
    table = without_weights(compare.expected_table(kept, "mc"))
    assert_features(found, table)
    got = found.AsNumpy(["mine", "eventNumber"])
    assert (got["mine"] == 2 * got["eventNumber"]).all()


def test_two_selections_of_one_frame(df: Any, events: list[dict[str, Any]]) -> None:
    tight, loose = diphoton.select(df, min_pt=45.0), diphoton.select(df, mass_range=None)
    assert numbers(tight) == expected_numbers(events, min_pt=45.0)
    assert numbers(loose) == expected_numbers(events, mass_range=None)
    assert df.GetNRuns() == 2


def test_frame_in_memory() -> None:
    """Any data source will do: the photons of one event, from arrays and definitions."""
    frame = load_root().RDF.FromNumpy({"pt": np.array([60e3, 20e3]), "trigP": np.array([True, True])})
    for name, value in (("pt", "float(pt), 50e3f"), ("eta", "0.5f, -0.5f"), ("phi", "0.f, 2.5f"), ("E", "1.f, 1.f")):
        frame = frame.Define(f"photon_{name}", f"ROOT::RVecF{{{value}}}")
    for name in ("ptcone30", "etcone20"):
        frame = frame.Define(f"photon_{name}", "ROOT::RVecF{0.f, 0.f}")
    for name in ("isTightID", "trigMatched"):
        frame = frame.Define(f"photon_{name}", "ROOT::RVec<bool>{true, true}")
    assert diphoton.select(frame).AsNumpy(["pt"])["pt"].tolist() == [60e3]


def test_column_types(df: Any) -> None:
    found = diphoton.features(diphoton.select(diphoton.weights(df, sample=rp.Sample("data"))))
    types = {name: str(found.GetColumnType(name)) for name in [*diphoton.features.makes({}), *WEIGHTS]}
    copies = {f"photon_{rank}lead_{name}" for rank in (1, 2) for name in diphoton.PHOTON_QUANTITIES}
    assert {name for name, kind in types.items() if kind in {"float", "Float_t"}} == copies
    assert {name for name, kind in types.items() if kind == "double"} == set(types) - copies


def test_what_is_declared_is_made(df: Any) -> None:
    found = diphoton.features(diphoton.select(df))
    makes, keeps = diphoton.features.makes({}), diphoton.features.keeps({})
    new = set(base.column_names(found)) - set(base.column_names(df))
    assert new == {*makes, "photon_1lead_index", "photon_2lead_index"}
    assert len(makes) == len(set(makes))
    assert set(makes) | set(keeps) | set(WEIGHTS) == set(oracle.COLUMNS_82 + oracle.EXTRA_COLUMNS)
    assert set(diphoton.features.column_units({"units": "MeV"})) <= set(makes) | set(keeps)
    assert diphoton.features.column_units({"units": "GeV"})["h_mass"] == "GeV"
    assert diphoton.features.column_units({"units": "MeV"})["m_yy"] == "GeV"


# -- units


def test_files_in_gev(df: Any, events: list[dict[str, Any]]) -> None:
    """Powers of two in place of 1000 would be exact; these are not, so thresholds are kept away from."""
    scaled = df
    for name in MOMENTA:
        scaled = scaled.Redefine(f"photon_{name}", f"photon_{name} / 1000.f")
    found = diphoton.features(diphoton.select(scaled, units="GeV"), units="GeV")
    got = found.AsNumpy(["eventNumber", "m_yy", "h_mass", "photon_1lead_pt", "pt_yy"])
    one_by_one = []
    for one in events:
        copy = dict(one)
        for name in MOMENTA:
            copy[f"photon_{name}"] = (one[f"photon_{name}"] / np.float32(1000)).astype(np.float32)
        one_by_one.append(copy)
    table = compare.expected_table(one_by_one, "mc", units="GeV")
    wanted = {key: {name: row[name] for name in got} for key, row in table.items()}
    compare.assert_same_events(got, wanted)
    mev = {k: row["m_yy"] for k, row in compare.expected_table(events, "mc").items() if k < 1_000_000}
    gev = dict(zip(got["eventNumber"].tolist(), got["m_yy"].tolist(), strict=True))
    assert {key for key in gev if key < 1_000_000} == set(mev)
    assert all(gev[key] == pytest.approx(mass, rel=1e-6) for key, mass in mev.items())
    assert np.array_equal(got["m_yy"], got["h_mass"])


def test_unknown_unit_is_refused(df: Any) -> None:
    with pytest.raises(ConfigError, match=r"parameter 'units' of node diphoton\.select must be 'MeV' or 'GeV'"):
        diphoton.select(df, units="gev")


@pytest.mark.parametrize(
    ("gev", "mev"), [(25.0, 25000.0), (16.1, 16100.0), (32.3, 32300.0), (0.0011, 1.1), (25, 25000.0)]
)
def test_thresholds_are_converted_in_decimal(gev: float, mev: float) -> None:
    assert diphoton.to_file_unit(gev, "MeV") == mev
    assert diphoton.to_file_unit(gev, "GeV") == gev
    assert diphoton.to_file_unit(math.inf, "MeV") == math.inf


def test_threshold_without_a_binary_product(tmp_path: Path) -> None:
    """32.3 x 1000 is 32300 less a bit in binary, and a photon of exactly 32300 MeV would pass the strict cut."""
    assert 32.3 * 1000 < 32300.0
    a, b = (photon(32300.0, 0.2, 0.0), photon(60000.0, -0.2, 3.0))
    compare.write_mini(str(tmp_path / "a.root"), [complete(event([a, b]))])
    frame = load_root().RDataFrame("mini", str(tmp_path / "a.root"))
    off = {key: value for switch in SWITCHES.values() for key, value in switch.items()}
    assert numbers(diphoton.select(frame, min_pt=32.3, **off)) == []
    assert len(numbers(diphoton.select(frame, min_pt=32.29, **off))) == 1


# -- parameters


@pytest.mark.parametrize("cut", SWITCHES)
def test_null_switches_a_cut_off(df: Any, events: list[dict[str, Any]], cut: str) -> None:
    parameters = SWITCHES[cut]
    found = diphoton.select(df, **parameters)
    assert numbers(found) == expected_numbers(events, **parameters)
    names = [str(one.GetName()) for one in found.Report().GetValue()]
    assert names == oracle.active_cuts(**parameters)
    assert cut not in names
    assert len(names) == 7


@pytest.mark.parametrize(
    "parameters",
    [
        {"min_pt": 40},
        {"max_abs_eta": 1},
        {"max_abs_eta": None},
        {"crack": None},
        {"crack": [0, 1]},
        {"crack": (0.5, 2)},
        {"pairing": "leading_two"},
        {"order": "file", "min_lead_fraction": 0.45},
        {"pairing": "leading_two", "order": "file", "fraction_of": "E", "crack": None},
        {"trigger": "trigE"},
        {"max_track_isolation": 0.01},
        {"max_calo_isolation": 0},
        {"min_lead_fraction": 0.6},
        {"min_sublead_fraction": 0.4},
        {"fraction_of": "E", "min_lead_fraction": 0.5},
        {"mass_range": [120, 130]},
        {"mass_window": [124, 126.0]},
    ],
    ids=str,
)
def test_parameters(df: Any, events: list[dict[str, Any]], parameters: dict[str, Any]) -> None:
    found = diphoton.select(df, **parameters)
    wanted = expected_numbers(events, **parameters)
    assert numbers(found) == wanted
    others = {key: value for key, value in parameters.items() if key != next(iter(parameters))}
    assert wanted != expected_numbers(events, **others), "the sample does not tell the first parameter from its default"


def test_cutflow(df: Any, events: list[dict[str, Any]]) -> None:
    parameters = {"mass_window": (120.0, 130.0)}
    expected = compare.expected_cutflow(events, "data", **parameters)
    report = {str(cut.GetName()): cut.GetPass() for cut in diphoton.select(df, **parameters).Report().GetValue()}
    assert report == {name: count for name, (count, _, _) in expected.items() if name != "all"}


def test_trigger_may_be_an_expression(df: Any, events: list[dict[str, Any]]) -> None:
    found = diphoton.select(df, trigger="trigP || eventNumber % 2 == 0")
    kept = [one for one in events if one["trigP"] or one["eventNumber"] % 2 == 0]
    assert numbers(found) == expected_numbers(kept, trigger=None)


def test_trigger_that_does_not_compile(df: Any) -> None:
    with pytest.raises(MissingColumnError, match="'trigQ'; did you mean 'trigP'"):
        diphoton.select(df, trigger="trigQ")
    with pytest.raises(CppError, match=r"trigger 'trigP && nothere' of node diphoton\.select .*'nothere'"):
        diphoton.select(df, trigger="trigP && nothere")


def test_columns_of_cuts_that_are_off_are_not_needed(df: Any) -> None:
    need = diphoton.select.needs(diphoton.select.check({}))
    assert set(need) >= {"trigP", "photon_trigMatched", "photon_ptcone30", "photon_etcone20"}
    assert "photon_E" not in need
    off = {key: value for switch in SWITCHES.values() for key, value in switch.items()}
    few = diphoton.select.needs(diphoton.select.check(off))
    assert set(few) == {"photon_isTightID", "photon_pt", "photon_eta", "photon_phi"}
    assert "photon_E" in diphoton.select.needs(diphoton.select.check({"fraction_of": "E"}))


def test_the_parameters_are_those_of_the_oracle() -> None:
    ours = {name for name in inspect.signature(diphoton.select).parameters if name != "df"}
    assert ours == set(inspect.signature(oracle.Parameters).parameters)


def test_features_need_a_selection(df: Any) -> None:
    with pytest.raises(ConfigError, match=r"diphoton\.select found: put that node before it"):
        diphoton.features(df)


def test_features_name_what_is_missing() -> None:
    frame = load_root().RDataFrame(1).Define("photon_pt", "ROOT::RVecF{}")
    with pytest.raises(MissingColumnError) as raised:
        diphoton.features(frame)
    missing = [name for name in diphoton.features.needs({}) if name != "photon_pt"]
    assert all(f"'{name}'" in str(raised.value) for name in missing[:12])
    assert f"and {len(missing) - 12} more" in str(raised.value)
    assert "did you mean" not in str(raised.value)  # so many are no slip of the keyboard


def test_vectors_of_unequal_length_are_no_events(df: Any) -> None:
    frame = diphoton.select(df.Redefine("photon_eta", "ROOT::RVecF{}"))
    with pytest.raises(Exception, match="photon_eta has 0 elements where photon_pt has"):
        numbers(frame)


# -- weights


@pytest.mark.parametrize(
    "norm",
    [
        {"xsec_pb": 0.102, "sum_of_weights": 55922617.6297},
        {"xsec_pb": 2, "sum_of_weights": 7},
        {"xsec_pb": 0.5},
        {"sum_of_weights": 12.5},
        {},
    ],
    ids=str,
)
def test_weights_of_simulation(df: Any, events: list[dict[str, Any]], norm: dict[str, float]) -> None:
    plain = [one for one in events if one["eventNumber"] < 1_000_000]  # edge cases have no normalisation of their own
    found = diphoton.weights(df.Filter("eventNumber < 1000000"), sample=rp.Sample("mc", **norm))
    got = found.AsNumpy(["eventNumber", *WEIGHTS])
    expected = {
        int(one["eventNumber"]): oracle.weights(one, "mc", norm.get("xsec_pb"), norm.get("sum_of_weights"))
        for one in plain
    }
    compare.assert_same_events(got, expected, rtol=1e-14)
    assert min(got["weight"]) < 0 < max(got["weight"])
    assert (got["weight"] != got["weight_df104"]).any()


def test_weights_of_data_are_one(df: Any) -> None:
    got = diphoton.weights(df, sample=rp.Sample("data")).AsNumpy(list(WEIGHTS))
    assert all((got[name] == 1.0).all() and got[name].dtype == np.float64 for name in WEIGHTS)


def test_weights_of_data_need_no_branch() -> None:
    frame = diphoton.weights(load_root().RDataFrame(2), sample=rp.Sample("data"))
    assert frame.AsNumpy(["weight"])["weight"].tolist() == [1.0, 1.0]


def test_weights_need_a_sample(df: Any) -> None:
    with pytest.raises(ConfigError, match="needs to know what the events are"):
        diphoton.weights(df)
    with pytest.raises(ConfigError, match=r"parameter 'sample' of node diphoton\.weights must be"):
        diphoton.weights(df, sample="data")


def test_simulation_without_normalisation_is_an_error() -> None:
    frame = load_root().RDataFrame(1)
    for column in ("mcWeight", *diphoton.SCALE_FACTORS):
        frame = frame.Define(column, "1.f")
    with pytest.raises(MissingColumnError, match="'XSection', 'SumWeights'"):
        diphoton.weights(frame, sample=rp.Sample("mc"))
    with pytest.raises(MissingColumnError, match="there: 'SumWeights'"):
        diphoton.weights(frame, sample=rp.Sample("mc", xsec_pb=1.0))
    done = diphoton.weights(frame, sample=rp.Sample("mc", xsec_pb=1.0, sum_of_weights=4.0))
    assert done.AsNumpy(["weight"])["weight"].tolist() == [0.25]


def test_units_of_weights() -> None:
    assert diphoton.weights.column_units({"sample": rp.Sample("mc")}) == dict.fromkeys(WEIGHTS, "pb")
    assert diphoton.weights.column_units({"sample": rp.Sample("data")}) == {}
    assert diphoton.weights.makes({}) == WEIGHTS
