"""The di-tau nodes in plain PyROOT, event by event against the oracle."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import rdfplugins as rp
from rdfplugins.cpp import load_root
from rdfplugins.errors import ConfigError, CppError, MissingColumnError, SubstitutionWarning
from rdfplugins.nodes import ditau
from tests.nodes.ditau_helpers import compare
from tests.oracle.ditau_edges import edge_cases
from tests.oracle.ditau_events import electron, event, jet, muon, tau, write_events
from tests.oracle.ditau_settings import FLAGS

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def edges(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ditau") / "edges.root"
    write_events(path, [case.event for case in edge_cases()])
    return path


def test_every_edge_case_is_as_the_oracle_says(edges: Path) -> None:
    assert compare(edges) > 100


@pytest.mark.parametrize(
    ("select", "features"),
    [
        ({"charge": "same"}, {}),
        ({"charge": "any"}, {"jets": "j30+b", "aha_phi": "asin"}),
        ({"channels": ("mt", "em")}, {}),
        ({"channels": ("mm",)}, {}),
        ({"max_muons": None, "channels": ("mt",)}, {}),
        ({"max_electrons": None, "dielectron_veto": False, "channels": ("et",)}, {}),
        ({"tau_jet_index": None}, {}),
        ({"tau_vs_e": None, "muon_id": None, "electron_id": None, "jet_btag": None}, {}),
        ({"flags": ("Flag_goodVertices", "Flag_notThere")}, {}),
        ({"tau_min_pt": {"tt": 45.0}, "muon_max_isolation": 0.1, "min_delta_r": 1.0, "decay_modes": (0, 1)}, {}),
    ],
    ids=lambda value: ",".join(value) or "default",
)
def test_parameters_mean_what_they_mean_in_the_oracle(
    edges: Path, select: dict[str, Any], features: dict[str, Any]
) -> None:
    assert compare(edges, select, features) > 0


def _weight_of(df: Any) -> list[float]:
    return [float(value) for value in df.AsNumpy(["weight"])["weight"]]


def _frame(path: Path) -> Any:
    return load_root().RDataFrame("Events", str(path))


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three events of mt, em and none, whose weights are 1, -2 and 0.5."""
    path = tmp_path_factory.mktemp("ditau") / "plain.root"
    events = [
        event([tau()], [muon()], genWeight=1.0),
        event([], [muon()], [electron(charge=1, eta=-1.25, phi=-2.75)], genWeight=-2.0),
        event(genWeight=0.5),
    ]
    for number, one in enumerate(events):
        one["event"] = np.uint64(number)
    write_events(path, events)
    return path


def test_a_plain_call_selects_and_names_its_filters(plain: Path) -> None:
    df = ditau.features(ditau.select(_frame(plain)))
    found = df.AsNumpy(["event", "channel", "m_vis"])
    assert dict(zip(found["event"].tolist(), found["channel"].tolist(), strict=True)) == {0: 1, 1: 3}
    names = [str(name) for name in df.GetFilterNames()]
    assert names == [*(flag.removeprefix("Flag_") for flag in FLAGS), "one_channel"]


def test_weights_of_simulation_and_data(plain: Path) -> None:
    mc = rp.Sample("mc", xsec_pb=6.0, sum_of_weights=3.0)
    assert _weight_of(ditau.weights(_frame(plain), sample=mc)) == [2.0, -4.0, 1.0]
    assert _weight_of(ditau.weights(_frame(plain), sample=rp.Sample("data"))) == [1.0, 1.0, 1.0]
    df = _frame(plain).Define("sf", "0.5").Define("one", "1")
    assert _weight_of(ditau.weights(df, sample=mc, scale_factors=("sf", "sf"))) == [0.5, -1.0, 0.25]
    assert _weight_of(ditau.weights(df, sample=mc, generator_weight="one")) == [2.0, 2.0, 2.0]


@pytest.mark.parametrize(
    ("sample", "said"),
    [
        (None, "needs to know what the events are"),
        (rp.Sample("mc", sum_of_weights=2.0), "no cross-section: set 'xsec_pb'"),
        (rp.Sample("mc", xsec_pb=2.0), "no sum of weights: set 'sum_of_weights'"),
    ],
)
def test_simulation_without_normalisation_is_refused(plain: Path, sample: Any, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        ditau.weights(_frame(plain), sample=sample)


def test_a_missing_generator_weight_says_what_to_do(plain: Path) -> None:
    sample = rp.Sample("mc", xsec_pb=1.0, sum_of_weights=1.0)
    with pytest.raises(MissingColumnError, match=r"'noWeight'.*input.aliases: \{noWeight: \"1\"\}"):
        ditau.weights(_frame(plain), sample=sample, generator_weight="noWeight")


def test_an_absent_id_names_branch_and_parameter(plain: Path) -> None:
    with pytest.raises(MissingColumnError, match=r"'Tau_other'.* \(with: \{tau_vs_jet: ...\} replaces it\)"):
        ditau.select(_frame(plain), tau_vs_jet="Tau_other")


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"channels": ("mt", "tm")}, "there is no channel 'tm'.*all of them: tt, mt"),
        ({"channels": ()}, "'channels' is empty"),
        ({"charge": "both"}, "'charge' of node ditau.select must be 'opposite' or 'same' or 'any'"),
        ({"tau_min_pt": {"em": 20.0}}, "'tau_min_pt' has no channel 'em'"),
        ({"tau_min_pt": math.nan}, "'tau_min_pt' is not a number"),
        ({"dimuon_min_pt": math.nan}, "'dimuon_min_pt' is not a number"),
        ({"tau_id": " "}, "'tau_id' is empty"),
        ({"decay_modes": (0, 64)}, "a decay mode is a number from 0 to 63, not 64"),
        ({"triggers": {"mu": "true"}}, "'triggers': there is no channel 'mu'"),
        ({"triggers": {"mt": "Muon_pt > 20"}}, "'Muon_pt > 20' of channel 'mt' is of type .*once an event"),
        ({"triggers": {"mt": '"yes"'}}, "of channel 'mt' is of type .*once an event"),
        ({"flags": ("!Flag_goodVertices",)}, "'!Flag_goodVertices' is not the name of a column"),
        ({"flags": ("Muon_mediumId",)}, "'Muon_mediumId' is of type .*once an event"),
        ({"max_muons": -1}, "'max_muons' is a number of objects from 0"),
        ({"max_electrons": {"mt": 3_000_000_000}}, "'max_electrons' is a number of objects from 0"),
        ({"muon_id": "Muon_pfRelIso04_all"}, "'Muon_pfRelIso04_all' is of type .*true or false or whole"),
        ({"tau_vs_jet": "Tau_mass"}, "'Tau_mass' is of type .*true or false or whole"),
        ({"tau_vs_jet": "Tau_pt * 2"}, r"'Tau_pt \* 2' is of type .*true or false or whole"),
        ({"jet_btag": "Jet_btagDeepB * 1"}, r"'Jet_btagDeepB \* 1' is of type .*true or false or whole"),
        ({"muon_isolation": "Muon_mediumId"}, "'Muon_mediumId' is of type .*with decimals"),
        ({"electron_isolation": "Electron_pfRelIso03_all < 0.1"}, "'Electron_pfRelIso03_all < 0.1' is of type"),
        ({"tau_jet_index": "Tau_pt"}, "'Tau_pt' is of type .*whole numbers"),
        ({"muon_id": "Flag_goodVertices"}, "'Flag_goodVertices' is of type .*for each object"),
        ({"triggers": {"mt": " "}}, "that of channel 'mt' is a column or an expression"),
        ({"muon_id": "nMuon > 0"}, "'nMuon > 0' is of type bool, and .* for each object of an event are needed"),
        ({"min_tau_pt": 20.0}, "no parameter 'min_tau_pt'"),
    ],
)
def test_parameters_that_mean_nothing_are_refused(plain: Path, parameters: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        ditau.select(_frame(plain), **parameters)


def test_an_expression_that_does_not_compile_names_the_parameter(plain: Path) -> None:
    with pytest.raises(CppError, match=r"parameter 'muon_id' of node ditau\.select"):
        ditau.select(_frame(plain), muon_id="Muon_mediumIdd && true")


def test_features_need_the_selection_and_its_units(plain: Path) -> None:
    with pytest.raises(ConfigError, match="put that node before it"):
        ditau.features(_frame(plain))
    df = ditau.select(_frame(plain))
    with pytest.raises(ConfigError, match=r"contradicts ditau\.select, which was told GeV"):
        ditau.features(df, units="MeV")
    with pytest.raises(ConfigError, match="there already"):
        ditau.select(df)


def test_absent_flags_count_as_true_and_are_told(edges: Path) -> None:
    names = [name for name in _frame(edges).GetColumnNames() if str(name) != "Flag_eeBadScFilter"]
    root = load_root()
    path = str(edges.with_name("fewer.root"))
    _frame(edges).Snapshot("Events", path, names)
    with pytest.warns(SubstitutionWarning, match="'Flag_eeBadScFilter' is not there: counted as true"):
        few = ditau.select(root.RDataFrame("Events", path)).Count().GetValue()
    assert few > ditau.select(_frame(edges)).Count().GetValue()


def test_columns_of_absent_branches_are_left_out(edges: Path) -> None:
    names = [str(name) for name in _frame(edges).GetColumnNames() if str(name) not in {"Tau_mass", "Jet_mass"}]
    path = str(edges.with_name("massless.root"))
    _frame(edges).Snapshot("Events", path, names)
    df = ditau.features(ditau.select(load_root().RDataFrame("Events", path)))
    assert not any(df.HasColumn(name) for name in ("m_1", "m_2", "m_vis", "m_coll", "mjj"))
    full = ditau.features(ditau.select(_frame(edges)))
    for name in (*ditau.INPUTS, "mt_tot", "njets"):
        assert np.array_equal(df.AsNumpy([name])[name], full.AsNumpy([name])[name], equal_nan=True)
    alone = ditau.features(ditau.select(load_root().RDataFrame("Events", path), channels=("em", "mm", "ee")))
    assert alone.HasColumn("m_vis")  # no tau, no need of its mass


@pytest.mark.parametrize("triggered", [True, False])
def test_a_trigger_belongs_to_its_channel(plain: Path, *, triggered: bool) -> None:
    decision = "Muon_pt[0] > 1" if triggered else "Muon_pt[0] > 1000"
    df = ditau.select(_frame(plain), triggers={"mt": f"nMuon > 0 && {decision}"})
    assert df.AsNumpy(["event"])["event"].tolist() == ([0, 1] if triggered else [1])


def test_ids_may_be_expressions(edges: Path) -> None:
    df = _frame(edges)
    plain = ditau.select(df).AsNumpy(["event", "channel"])
    ids = {
        "tau_vs_jet": "Tau_idDeepTau2017v2p1VSjet >= 16",
        "tau_decay_mode": "(Tau_decayMode >= 0 && Tau_decayMode <= 2) || Tau_decayMode == 10 || Tau_decayMode == 11",
        "electron_lost_hits": "Electron_lostHits <= 1",
        "muon_id": "Muon_mediumId && Muon_pt > -1",
        "jet_id": "Jet_jetId >= 6",
        "jet_btag": "Jet_btagDeepB > 0.3033",
    }
    same = ditau.select(df, **ids).AsNumpy(["event", "channel"])
    assert {key: values.tolist() for key, values in same.items()} == {
        key: values.tolist() for key, values in plain.items()
    }


def test_an_event_in_two_channels_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "two.root"
    write_events(path, [event([tau(), tau(charge=-1, eta=0.25, phi=-0.5, pt=45.0)], [muon()])])
    df = ditau.select(_frame(path), max_muons=None)
    with pytest.raises(Exception, match=r"selected in channel tt and in mt: vetoes of ditau\.select"):
        df.Count().GetValue()


def test_megaelectronvolts_give_the_same_events(edges: Path) -> None:
    momenta = ["Tau_pt", "Muon_pt", "Electron_pt", "Jet_pt", "Tau_mass", "Jet_mass", "PuppiMET_pt"]
    df = _frame(edges)
    for name in momenta:
        df = df.Redefine(name, f"{name} * 1000.0f")
    df = df.Redefine("genMass", "genMass * 1000.0f") if df.HasColumn("genMass") else df.Define("genMass", "125000.0f")
    for name in ("MET_covXX", "MET_covXY", "MET_covYY"):
        df = df.Redefine(name, f"double({name}) * 1e6")
    columns = ["event", "channel", *ditau.INPUTS, "m_vis", "mjj"]
    mev = ditau.features(ditau.select(df, units="MeV")).AsNumpy([*columns, "genMass"])
    assert set(mev["genMass"]) == {125.0}
    gev = ditau.features(ditau.select(_frame(edges))).AsNumpy(columns)
    rows = {number: row for row, number in enumerate(gev["event"].tolist())}
    both = [(row, rows[number]) for row, number in enumerate(mev["event"].tolist()) if number in rows]
    assert len(both) > 0.9 * len(rows)  # 1000 times a float32 at a threshold may fall on its other side
    for name in columns:
        one, other = np.array([(mev[name][i], gev[name][j]) for i, j in both]).T
        assert np.allclose(one, other, rtol=1e-5, atol=1e-4, equal_nan=True), name


@pytest.mark.parametrize(
    ("parameter", "expression", "said"),
    [
        ("tau_decay_mode", "(Tau_decayMode)", "tau_decay_mode: .* says 1"),
        ("electron_lost_hits", "Electron_lostHits + 2", "electron_lost_hits: .* says 2"),
        ("tau_vs_jet", "Tau_idDeepTau2017v2p1VSjet * 1", "tau_vs_jet: .*write a comparison"),
        ("jet_id", "Jet_jetId + 0", "jet_id: .* says 6"),
        ("muon_id", "nMuonIds", "muon_id: nMuonIds .* says 3"),
    ],
)
def test_numbers_are_no_decisions(tmp_path: Path, parameter: str, expression: str, said: str) -> None:
    path = tmp_path / "one.root"
    write_events(path, [event([tau(decayMode=10)], [muon()], [electron()], [jet()])])
    df = _frame(path).Define("nMuonIds", "ROOT::RVec<int>(nMuon, 3)")
    df = ditau.select(df, **{parameter: expression})
    with pytest.raises(Exception, match=said):
        df.Count().GetValue()


def test_unequal_lengths_are_said(tmp_path: Path) -> None:
    path = tmp_path / "one.root"
    write_events(path, [event([tau()], [muon()])])
    changes = {
        "Tau_jetIdx": ("ROOT::RVec<int>{}", "tau_jet_index has 0 elements in an event with 1 in Tau_pt"),
        "Tau_mass": ("ROOT::RVec<float>{1.f, 2.f}", "Tau_mass has 2 elements in an event with 1 in Tau_pt"),
        "Jet_mass": ("ROOT::RVec<float>{1.f}", "Jet_mass has 1 elements in an event with 0 in Jet_pt"),
        "Muon_dz": ("ROOT::RVec<float>{}", "Muon_dz has 0 elements in an event with 1 in Muon_pt"),
    }
    for column, (values, said) in changes.items():
        df = ditau.features(ditau.select(_frame(path).Redefine(column, values)))
        with pytest.raises(Exception, match=said):
            df.AsNumpy(["m_vis", "mjj"])


def test_columns_may_have_the_names_of_our_functions(edges: Path) -> None:
    df = _frame(edges)
    plain = ditau.features(ditau.select(df)).AsNumpy(["event", "m_vis", "mjj"])
    for name in ("muons", "taus", "jets", "select", "features", "steps", "cuts", "make_cuts", "decisions", "value"):
        df = df.Define(name, "7.5")
    same = ditau.features(ditau.select(df, tau_vs_jet="Tau_idDeepTau2017v2p1VSjet >= 16")).AsNumpy(
        ["event", "m_vis", "mjj"]
    )
    for name, values in plain.items():
        assert np.array_equal(values, same[name], equal_nan=True)


def _with_truth(path: Path, particles: list[tuple[int, int, float, int]]) -> list[float]:
    """Return genMass of an event with these particles: id, mother, mass, status flags."""
    df = _frame(path).Filter("event == 0")
    columns = {
        "pdgId": ("int", [one[0] for one in particles]),
        "genPartIdxMother": ("int", [one[1] for one in particles]),
        "mass": ("float", [one[2] for one in particles]),
        "statusFlags": ("int", [one[3] for one in particles]),
        **{name: ("float", [value] * len(particles)) for name, value in (("pt", 40.0), ("eta", 0.0))},
        "phi": ("float", [3.0 * number for number in range(len(particles))]),
    }
    for name, (kind, values) in columns.items():
        df = df.Define(f"GenPart_{name}", f"ROOT::RVec<{kind}>{{{', '.join(map(str, values))}}}")
    return [float(value) for value in ditau.features(ditau.select(df)).AsNumpy(["genMass"])["genMass"]]


def test_the_generated_mass_is_that_of_a_boson_of_two_taus(plain: Path) -> None:
    hard = 1 << 7
    assert _with_truth(plain, [(25, -1, 125.5, 0), (15, 0, 0.0, hard), (-15, 0, 0.0, hard)]) == [125.5]
    assert _with_truth(plain, [(36, -1, 300.0, 0), (15, 0, 0.0, 0), (-15, 0, 0.0, 0), (15, 1, 0.0, 0)]) == [300.0]
    of_quarks = _with_truth(plain, [(2, -1, 0.0, 0), (15, 0, 0.0, hard), (-15, 0, 0.0, hard)])
    p = np.array([[40 * math.cos(phi), 40 * math.sin(phi), math.hypot(40, 1.77686)] for phi in (3.0, 6.0)]).sum(axis=0)
    assert of_quarks[0] == pytest.approx(math.sqrt(p[2] ** 2 - p[0] ** 2 - p[1] ** 2), rel=1e-6)
    two_w = [(24, -1, 80.0, 0), (-24, -1, 80.0, 0), (-15, 0, 0.0, hard), (15, 1, 0.0, hard)]
    assert all(math.isnan(value) for value in _with_truth(plain, two_w))
    leptons = [(23, -1, 91.0, 0), (13, 0, 0.1, hard), (-13, 0, 0.1, hard)]
    assert all(math.isnan(value) for value in _with_truth(plain, leptons))


def test_a_scale_factor_is_a_number(plain: Path) -> None:
    mc = rp.Sample("mc", xsec_pb=6.0, sum_of_weights=3.0)
    with pytest.raises(ConfigError, match=r"column 'Muon_pt' is of type .*once an event"):
        ditau.weights(_frame(plain), sample=mc, scale_factors=("Muon_pt",))
    with pytest.raises(ConfigError, match=r"are names of columns, not '1\.05'"):
        ditau.weights(_frame(plain), sample=mc, scale_factors=("1.05",))


def test_branches_that_are_not_there_are_named_with_what_gives_them(plain: Path) -> None:
    columns = [str(name) for name in _frame(plain).GetColumnNames()]
    for name, channels in (("Tau_pt", ("mm",)), ("Tau_dz", ("mt",)), ("Jet_eta", ("ee",))):
        path = str(plain.with_name(f"without_{name}.root"))
        _frame(plain).Snapshot("Events", path, [column for column in columns if column != name])
        with pytest.raises(MissingColumnError, match=rf"'{name}'.*\(input\.aliases can give it\)"):
            ditau.select(load_root().RDataFrame("Events", path), channels=channels)


def test_a_tau_whose_order_is_not_a_number_comes_last(tmp_path: Path) -> None:
    path = tmp_path / "two.root"
    write_events(path, [event([tau(pt=60.0), tau(pt=50.0, phi=-0.5)], [muon()])])
    df = _frame(path).Define("order", 'ROOT::RVec<double>{std::nan(""), -5.0}')
    assert ditau.select(df).AsNumpy(["leg_2_index"])["leg_2_index"].tolist() == [0]
    assert ditau.select(df, tau_order="order").AsNumpy(["leg_2_index"])["leg_2_index"].tolist() == [1]
