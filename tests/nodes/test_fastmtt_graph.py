"""The node ditau.fastmtt: threads, filters and variations, whole runs, columns of other names, and what it refuses."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import yaml

import rdfplugins as rp
from rdfplugins import cpp
from rdfplugins.errors import ConfigError, CppError, MissingColumnError
from rdfplugins.nodes import ditau
from rdfplugins.nodes.ditau_fastmtt import COLUMNS, INPUTS, STATUS
from rdfplugins.simulate import simulate_ditau
from tests.nodes.fastmtt_helpers import MASS, PLAIN, STATE, found, frame, random_events
from tests.select import helpers
from tests.test_readme import run_python

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCS = Path(__file__).resolve().parents[2] / "docs" / "ditau.md"


@pytest.fixture(scope="module", autouse=True)
def _compiled_in_a_hurry() -> Iterator[None]:
    """Graphs of few events are not worth the compiler's time."""
    with cpp.optimisation(0):
        yield


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("fastmtt") / "in.root"
    simulate_ditau(path, events=3000, mass=(60.0, 900.0), spin="scalar", seed=5)
    return path


def test_same_for_threads_filters_and_variations(tmp_path: Path) -> None:
    root = cpp.load_root()
    events = [event for event in random_events(3000, 10) if 5 < event["pt_1"] < 500]
    path = str(tmp_path / "in.root")
    frame([{**event, "row": number} for number, event in enumerate(events)]).Snapshot("events", path)
    wanted = found(events)[MASS]
    up = found([{**event, "pt_1": event["pt_1"] * 1.1} for event in events])[MASS]
    cut = float(np.nanmedian(wanted))
    results = []
    for threads in (1, 2):
        if threads > 1:
            root.EnableImplicitMT(threads)
        try:
            df = root.RDataFrame("events", path)
            df = df.Vary("pt_1", "ROOT::RVecD{pt_1 * 1.1}", ["up"], "tes")
            df = ditau.fastmtt(df)
            kept = df.Filter(f"{MASS} > {cut!r}").AsNumpy(["row", MASS])
            nominal = df.Histo1D(("m", "", 60, 0, 3000), MASS)
            shifted = root.RDF.Experimental.VariationsFor(nominal)
            shapes = [np.array(list(shifted[name])) for name in ("nominal", "tes:up")]
        finally:
            if threads > 1:
                root.DisableImplicitMT()
        order = np.argsort(kept["row"])
        results.append((np.asarray(kept["row"])[order].astype(int), np.asarray(kept[MASS])[order], shapes))
    for rows, masses, shapes in results:
        assert np.array_equal(rows, np.flatnonzero(wanted > cut))
        assert np.array_equal(masses, wanted[rows])
        for shape, values in zip(shapes, (wanted, up), strict=True):
            counts = np.histogram(values[np.isfinite(values)], 60, (0, 3000))[0]
            assert np.array_equal(shape[1:-1], counts)
    assert not np.array_equal(results[0][2][0], results[0][2][1])


def test_a_run_writes_the_columns_and_what_the_status_means(tmp_path: Path, simulated: Path) -> None:
    steps: list[dict[str, Any]] = [{"node": f"ditau.{name}"} for name in ("weights", "select", "features")]
    config = {
        "version": 1,
        "input": {
            "tree": "Events",
            "units": "GeV",
            "samples": {"mc": {"kind": "mc", "files": str(simulated), "xsec_pb": 1.0, "sum_of_weights": 3000.0}},
        },
        "select": {
            "weight": "weight",
            "steps": [*steps, {"node": "ditau.fastmtt"}, {"filter": {"heavy": "m_fastmtt > 100"}}],
            "output": {"dir": "out"},
        },
    }
    result = helpers.run(tmp_path, config, stages=["select"])
    written = helpers.columns(result.outputs["mc"])
    assert all(value > 100 for value in written[MASS])
    assert written[STATE].dtype == np.int32
    assert helpers.provenance(result.outputs["mc"])["maps"]["fastmtt_status"] == dict(STATUS)
    faults, _ = rp.pipeline.check(helpers.write_config(tmp_path, config))
    assert not faults


def test_other_names_expressions_and_one_channel() -> None:
    events = [{**event, "channel": 3} for event in random_events(60, 11)]
    renamed = [
        {**{f"{name}_x": value for name, value in event.items() if name != "channel"}, "one": 1.0} for event in events
    ]
    names = {name: f"{name}_x" for name in INPUTS if name != "channel"}
    wanted = found(events)
    for channel in ({"channel": "em"}, {"map": {"channel": "one > 0 ? 3 : 0"}}):
        got = found(renamed, **{**channel, "map": {**names, **channel.get("map", {}), "pt_1": "2 * pt_1_x / 2"}})
        for name in COLUMNS:
            assert np.array_equal(got[name], wanted[name], equal_nan=True)


def test_one_channel_wins_over_a_column_of_another_meaning() -> None:
    events = list(random_events(60, 12))
    got = found([{**event, "channel": 77} for event in events], channel="mt")
    wanted = found([{**event, "channel": 1} for event in events])
    assert np.array_equal(got[MASS], wanted[MASS], equal_nan=True)


def test_momenta_in_mev() -> None:
    events = list(random_events(100, 13))
    scale = {"pt": 1e3, "m": 1e3, "met": 1e3, "metcov00": 1e6, "metcov01": 1e6, "metcov11": 1e6}
    in_mev = [
        {name: value * scale.get(name, scale.get(name[:-2], 1.0)) for name, value in event.items()} for event in events
    ]
    got, wanted = found(in_mev, units="MeV"), found(events)
    assert np.count_nonzero(~np.isclose(got[MASS], wanted[MASS], rtol=1e-9, equal_nan=True)) <= 1


def test_gev_taken_for_mev_is_no_estimate_and_the_provenance_says_what_it_is() -> None:
    events = [event for event in random_events(100, 13) if max(event["pt_1"], event["pt_2"]) < 1000]
    got = found(events, units="MeV")
    assert len(events) > 90
    assert np.isnan(got[MASS]).all()
    assert set(got[STATE]) == {STATUS["too_soft"]}
    assert ditau.fastmtt.maps["fastmtt_status"]["too_soft"] == 5


@pytest.mark.parametrize(
    ("missing", "columns", "hint"),
    [
        ("eta_1", ["mu_eta", "tau_m"], r" \(did you mean 'mu_eta'\?\)"),
        ("eta_1", ["mu_eta", "tau_eta", "tau_phi"], r" \(did you mean 'mu_eta' or 'tau_eta'\?\)"),
        ("eta_1", ["tau_m", "beta_1", "jet_eta", "theta_1"], ""),
        ("eta_1", [f"lep{number}_eta" for number in range(4)], ""),
        ("eta_1", ["muEta"], r" \(did you mean 'muEta'\?\)"),
        ("phi_2", ["phi_tau2", "pt_tau2"], r" \(did you mean 'phi_tau2'\?\)"),
        ("pt_2", ["tau_pt_corrected", "met_pt_raw"], r" \(did you mean 'tau_pt_corrected'\?\)"),
        ("m_2", ["tau_m", "tau_pt", "am_2"], r" \(did you mean 'tau_m'\?\)"),
        ("m_1", ["tauMass", "genMass", "mass_of_jet"], r" \(did you mean 'tauMass'\?\)"),
        ("met", ["metx", "pfmet", "metsig"], r" \(did you mean 'pfmet'\?\)"),
        ("metphi", ["pfmet_phi", "met_px"], r" \(did you mean 'pfmet_phi'\?\)"),
        ("metcov01", ["mycov_xy", "mycov_xx"], r" \(did you mean 'mycov_xy'\?\)"),
        ("metcov11", ["metcov"], ""),
    ],
)
def test_a_hint_is_of_the_same_quantity(missing: str, columns: list[str], hint: str) -> None:
    there = {name: value for name, value in PLAIN.items() if name != missing} | dict.fromkeys(columns, 1.0)
    with pytest.raises(MissingColumnError, match=f"not there: '{missing}'{hint}$"):
        ditau.fastmtt(frame([there]))


@pytest.mark.parametrize(
    ("without", "parameters", "error", "message"),
    [
        (["pt_1"], {}, MissingColumnError, r"1 column that is not there: 'pt_1' \(map: \{pt_1: tau1_pt_reco\}\?\)"),
        (["metcov01", "met"], {}, MissingColumnError, r"2 columns .*'met' \(map: \{met: PuppiMET_pt\}\?\), 'metcov01'"),
        (["m_2"], {}, MissingColumnError, r"'m_2' \(map: \{m_2: mass_2\}\?\)"),
        (["channel"], {}, MissingColumnError, r"'channel' \(if all events are of one: channel: tt, mt, et, em, mm or"),
        (INPUTS, {}, MissingColumnError, r"needs 14 columns .*'pt_1' .*'m_1'.*'metcov11'.*'channel'"),
        (
            [],
            {"map": {"pt_1": "tau1_pt_rec"}},
            MissingColumnError,
            r"'tau1_pt_rec' \(of 'map', input 'pt_1'\); did you",
        ),
        ([], {"map": {"pt1": "pt_1"}}, ConfigError, "no input 'pt1'; did you mean 'pt_1'"),
        ([], {"map": {"tau1_pt_reco": "pt_1"}}, ConfigError, r"the other way round \(pt_1: tau1_pt_reco\)"),
        ([], {"map": {"pt_1": " "}}, ConfigError, "a column or an expression is expected"),
        ([], {"map": {"pt_1": "pt_1 +"}}, CppError, "parameter 'map', input 'pt_1'"),
        ([], {"map": {"pt_1": "ROOT::RVecD{1, 2}"}}, ConfigError, "is of type"),
        ([], {"map": {"channel": "channel"}, "channel": "mt"}, ConfigError, "it is mapped, too"),
        ([], {"channel": "tautau"}, ConfigError, "'channel' of node ditau.fastmtt must be 'tt' or 'mt'"),
        ([], {"grid": 5}, ConfigError, "'grid' is a number from 10 to 1000, not 5"),
        ([], {"units": "TeV"}, ConfigError, "units"),
    ],
)
def test_what_is_wrong_is_said(without: Any, parameters: Any, error: type, message: str) -> None:
    there = {name: value for name, value in PLAIN.items() if name not in without}
    there |= {"tau1_pt_reco": 1.0, "PuppiMET_pt": 1.0, "mass_2": 1.0}
    with pytest.raises(error, match=message) as raised:
        ditau.fastmtt(frame([there]), **parameters)
    assert "\n" not in str(raised.value)


def test_it_is_defined_once() -> None:
    df = ditau.fastmtt(frame([PLAIN]))
    with pytest.raises(ConfigError, match="is there already"):
        ditau.fastmtt(df)


def test_behind_features_columns_are_gev_and_the_channel_is_theirs(simulated: Path) -> None:
    df = ditau.features(ditau.select(cpp.load_root().RDataFrame("Events", str(simulated))))
    with pytest.raises(ConfigError, match=r"ditau\.select made the column of this name"):
        ditau.fastmtt(df, channel="mt")
    with pytest.raises(ConfigError, match=r"columns made by ditau\.features are GeV"):
        ditau.fastmtt(df, units="MeV", map={"pt_1": "pt_1 * 1.02"})
    one, other = (ditau.fastmtt(df, units=units).Max(MASS) for units in (None, "MeV"))
    assert one.GetValue() == other.GetValue()


def test_a_tau_without_mass_is_told(simulated: Path) -> None:
    df = cpp.load_root().RDataFrame("Events", str(simulated))
    names = [str(name) for name in df.GetColumnNames() if str(name) != "Tau_mass"]
    path = str(simulated.with_name("massless.root"))
    df.Range(200).Snapshot("Events", path, names)
    df = ditau.features(ditau.select(cpp.load_root().RDataFrame("Events", path)))
    with pytest.raises(MissingColumnError, match=r"2 columns .*'m_1' \(made of Tau_mass, .*map: \{m_1: 0.8\}"):
        ditau.fastmtt(df)
    assert ditau.fastmtt(df, map={"m_1": "0.8", "m_2": "0.8"}).Max(MASS).GetValue() > 0


def test_the_documentation_runs_and_names_every_column(tmp_path: Path) -> None:
    section = DOCS.read_text().partition("## FastMTT")[2].partition("\n## ")[0]
    for name in (*COLUMNS, *(name for name in INPUTS if not name.endswith("_2"))):
        assert f"`{name}`" in section
    assert yaml.safe_load(re.search(r"^```yaml\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)[1])[1] == {
        "node": "ditau.fastmtt"
    }
    events = list(random_events(100, 14))
    own = {f"{what}_{leg}": f"{of}_{what}" for leg, of in ((1, "mu"), (2, "tau")) for what in ("pt", "eta", "phi", "m")}
    own |= {"met": "puppimet", "metphi": "puppimetphi"}
    own |= {f"metcov{number}": f"puppimetcov_{axes}" for number, axes in (("00", "xx"), ("01", "xy"), ("11", "yy"))}
    rows = [{own[name]: event[name] for name in INPUTS if name not in {"m_1", "channel"}} for event in events]
    assert all(f"| {number} | {'' if number == 0 else 'NaN: '}" in section for number in STATUS.values())
    assert max(map(len, section.splitlines())) <= 120
    frame(rows).Snapshot("ntuple", str(tmp_path / "mine.root"))
    printed = run_python(re.search(r"^```python\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)[1], tmp_path)
    got = found([{**event, "m_1": 0.10566, "channel": 1} for event in events])
    assert printed.split() == [f"{np.nanmean(got[MASS]):.0f}", "GeV"]
