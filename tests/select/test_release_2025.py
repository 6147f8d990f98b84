"""The release of 2025 through the shipped config: the events of 2020 again, by aliases and units alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import yaml

from rdfplugins.config import load_config
from rdfplugins.errors import ConfigError, CppError, InputError
from rdfplugins.paths import shipped
from rdfplugins.simulate import simulate_hgg
from tests.select import helpers

if TYPE_CHECKING:
    from pathlib import Path

    import rdfplugins as rp

EVENTS, SEED = 4000, 6
SELECT = {"trigger_matched": False}
STEPS = [{"node": "diphoton.weights"}, {"node": "diphoton.select", "with": SELECT}, {"node": "diphoton.features"}]

# energies and momenta: GeV in 2025, MeV in 2020, both rounded to float
MOMENTA = re.compile(
    r"photon_[12]lead_(pt|E|etcone20|ptcone30)|h_mass|pt_yy|ptt_yy|m_jj|met_et|jet_(pt|E)_\w+"
    r"|lep_(pt|E|ptcone30|etcone20)_\w+"
)
SAME = re.compile(
    r"runNumber|photon_n|jet_n|lep_n|photon_[12]lead_(eta|phi)|m_yy|y_yy|cos_theta_star|deta_yy|dphi_yy|deta_jj|met_phi"
    r"|(jet|lep)_(phi|theta)_\w+|lep_(charge|z0)_\w+|label_id"
)
# what has another meaning in the release; docs/hgg.md says which
OTHER = re.compile(r"weight|weight_df104|jet_MV2c10_\w+|channelNumber|eventNumber|event_key|split|fold")


def shipped_config() -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load((shipped("configs") / "hgg_2025.yaml").read_text())
    return data


def config_2025(files: Any, kind: str = "mc", **changes: Any) -> dict[str, Any]:
    """Return the shipped config with one sample ``gg`` of files."""
    data = shipped_config()
    data["input"]["samples"] = {"gg": {"kind": kind, "files": files}}
    data["select"]["output"] = {"dir": "out"}
    data.pop("report")
    return helpers.changed(data, changes)


def config_2020(files: Any, kind: str = "mc") -> dict[str, Any]:
    data = helpers.config_data(files, select__steps=STEPS)
    data["input"]["samples"] = {"gg": {"kind": kind, "files": files}}
    return data


def sorted_rows(path: Path) -> dict[str, np.ndarray]:
    """Return the output sorted by identity: run, and event number as an unsigned number of 32 bits."""
    found = helpers.columns(path)
    order = np.lexsort((found["eventNumber"].astype(np.uint32), found["runNumber"]))
    return {name: values[order] for name, values in found.items()}


@pytest.fixture(scope="module", params=["gg", "tt", "data"])
def both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, Path]]:
    """A mode, and its file in each release."""
    folder = tmp_path_factory.mktemp("releases")
    paths = {release: folder / f"{release}.root" for release in ("2020", "2025")}
    for release, path in paths.items():
        simulate_hgg(path, mode=request.param, events=EVENTS, seed=SEED, release=release)
    return request.param, paths


@pytest.fixture(scope="module")
def gg(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("gg") / "gg.root"
    simulate_hgg(path, mode="gg", events=600, seed=3, release="2025")
    return path


@pytest.mark.parametrize("threads", [1, 2])
def test_the_same_events_cuts_and_features(tmp_path: Path, both: tuple[str, dict[str, Path]], threads: int) -> None:
    mode, paths = both
    kind = "data" if mode == "data" else "mc"
    old = helpers.run(tmp_path, config_2020([str(paths["2020"])], kind), output=tmp_path / "old")
    new = helpers.run(tmp_path, config_2025([str(paths["2025"])], kind), output=tmp_path / "new", threads=threads)
    cuts = [[(cut.name, cut.events) for cut in result.cutflow["gg"].cuts] for result in (old, new)]
    assert cuts[0] == cuts[1]
    assert "trigger_matched" not in dict(cuts[0])
    first, second = sorted_rows(old.outputs["gg"]), sorted_rows(new.outputs["gg"])
    assert len(first["m_yy"]) > 300
    np.testing.assert_array_equal(first["eventNumber"].astype(np.uint32), second["eventNumber"])
    assert second["eventNumber"].dtype == np.uint64
    # fold and split come from the shipped config; all other columns are there in both
    assert set(second) - set(first) == {"split", "fold"}
    assert set(first) <= set(second)
    for name, values in first.items():
        matches = [bool(pattern.fullmatch(name)) for pattern in (MOMENTA, SAME, OTHER)]
        assert sum(matches) == 1, name
        if OTHER.fullmatch(name):
            continue
        scale = 1000.0 if MOMENTA.fullmatch(name) else 1.0
        largest = np.nanmax(np.abs(values)) if len(values) else 0.0
        # sums, means and pT of a pair may cancel: what is left is rounding of the largest
        np.testing.assert_allclose(
            scale * second[name].astype(float), values.astype(float), rtol=1e-6, atol=1e-6 * largest, err_msg=name
        )
    np.testing.assert_allclose(second["m_yy"], first["m_yy"], rtol=5e-7, atol=0)


def test_what_changes_its_meaning(tmp_path: Path, both: tuple[str, dict[str, Path]]) -> None:
    mode, paths = both
    kind = "data" if mode == "data" else "mc"
    old = sorted_rows(
        helpers.run(tmp_path, config_2020([str(paths["2020"])], kind), output=tmp_path / "o").outputs["gg"]
    )
    new = sorted_rows(
        helpers.run(tmp_path, config_2025([str(paths["2025"])], kind), output=tmp_path / "n").outputs["gg"]
    )
    has_jets = old["jet_n"] > 0
    quantiles = new["jet_MV2c10_max"][has_jets]
    assert set(quantiles) <= {1.0, 2.0, 3.0, 4.0, 5.0}
    assert len(set(quantiles)) > 2
    discriminant = old["jet_MV2c10_max"][has_jets]
    for lower in range(1, 5):  # the order of the jets stays
        below, above = discriminant[quantiles == lower], discriminant[quantiles == lower + 1]
        if len(below) and len(above):
            assert below.max() <= above.min()
    assert np.isnan(new["jet_MV2c10_max"][~has_jets]).all()
    if kind == "data":
        assert set(old["weight"]) == set(new["weight"]) == set(new["weight_df104"]) == {1.0}
        np.testing.assert_array_equal(new["channelNumber"], old["channelNumber"])
        return
    mini, analysis = helpers.columns(paths["2020"], "mini"), helpers.columns(paths["2025"], "analysis")
    event = old["eventNumber"] - 1  # row of the input, as events are numbered from 1
    trigger = mini["scaleFactor_PhotonTRIGGER"].astype(float)[event]
    jvt = analysis["ScaleFactor_JVT"].astype(float)[event]
    assert 0.9 < jvt.mean() < 1.0
    # normalisation of 2020 is stored as float32, and the product of two factors is formed in it
    np.testing.assert_allclose(new["weight"], old["weight"] / trigger * jvt, rtol=4e-7)
    np.testing.assert_allclose(new["weight_df104"], old["weight_df104"] / trigger, rtol=4e-7)
    assert set(new["channelNumber"]) == {{"gg": 343981, "tt": 346525}[mode]}


def test_isolation_as_the_release_says(tmp_path: Path, gg: Path) -> None:
    """As docs/hgg.md recommends: photons that are tight and isolated by the decisions of the file."""
    data = config_2025([str(gg)])
    data["input"]["aliases"]["photon_isTightID"] = "ROOT::RVec<bool>(photon_isTightID && photon_isTightIso)"
    data["select"]["steps"][1]["with"].update(max_track_isolation=None, max_calo_isolation=None)
    found = {cut.name: cut.events for cut in helpers.run(tmp_path, data).cutflow["gg"].cuts}
    events = helpers.columns(gg, "analysis")
    good = []
    for row in range(len(events["trigP"])):
        pt, eta = (events[f"photon_{name}"][row].astype(float) for name in ("pt", "eta"))
        inside = (np.abs(eta) < 2.37) & ~((np.abs(eta) >= 1.37) & (np.abs(eta) <= 1.52))
        both = events["photon_isTightID"][row] & events["photon_isTightIso"][row]
        good.append(events["trigP"][row] and np.count_nonzero(both & inside & (pt > 25.0)) == 2)
    assert found["two_good_photons"] == sum(good) > 100
    assert not {"track_isolation", "calo_isolation"} & set(found)


def test_the_shipped_config_runs_the_same_nodes() -> None:
    ours = shipped_config()
    theirs = yaml.safe_load((shipped("configs") / "hgg.yaml").read_text())
    assert ours["select"]["steps"] == STEPS
    assert [step["node"] for step in ours["select"]["steps"]] == [step["node"] for step in theirs["select"]["steps"]]
    assert (ours["input"]["tree"], ours["input"]["units"]) == ("analysis", "GeV")
    assert list(ours["input"]["samples"]) == list(theirs["input"]["samples"])
    for name, sample in ours["input"]["samples"].items():
        expected = theirs["input"]["samples"][name]
        assert sample == {**expected, "simulate": {**expected["simulate"], "release": 2025}}


def test_simulated_on_first_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RDFPLUGINS_CACHE", str(tmp_path / "cache"))
    data = config_2025([])
    simulate = {"process": "hgg", "mode": "VBF", "events": 300}
    data["input"]["samples"] = {"gg": {"kind": "mc", "simulate": {**simulate, "release": 2025}}}
    result = helpers.run(tmp_path, data)
    record = helpers.provenance(result.outputs["gg"])
    assert record["normalisation"]["xsec_pb"] == {"value": 0.008518764, "from": "simulation"}
    # the same numbers of another release are another file
    data["input"]["samples"]["gg"]["simulate"] = simulate
    with pytest.raises(InputError, match=r"has no tree 'analysis' \(it has: mini\)"):
        helpers.run(tmp_path, data)
    assert len(list((tmp_path / "cache" / "simulated").glob("hgg_*_VBF_300_seed1_*.root"))) == 2


@pytest.mark.parametrize("release", [2019, "2025", True])
def test_a_release_that_is_none(tmp_path: Path, release: Any) -> None:
    data = config_2025([])
    data["input"]["samples"]["gg"] = {
        "kind": "mc",
        "simulate": {"process": "hgg", "mode": "gg", "events": 3, "release": release},
    }
    with pytest.raises(ConfigError) as caught:
        load_config(helpers.write_config(tmp_path, data))
    message = str(caught.value)
    assert message.count("\n") == 0
    assert "release" in message
    assert "2020" in message
    assert "2025" in message


# -- normalisation in aliases

WORDS = {"xsec_pb": ("XSection", "cross-section"), "sum_of_weights": ("SumWeights", "sum of weights")}
STATED = {"xsec": 0.5, "kfac": 2.0, "filteff": 0.25, "sum_of_weights": 20.0}


def small_file(path: Path, **changes: Any) -> Path:
    """Write ten events without objects; ``changes`` replace the normalisation, None takes a branch out."""
    one = np.ones(10, dtype=np.float32)
    columns: dict[str, Any] = {"mcWeight": one, "runNumber": np.full(10, 1, np.uint32)}
    first = changes.pop("first", 0)
    columns["eventNumber"] = np.arange(first, first + 10, dtype=np.uint64)
    for name in ("PILEUP", "ELE", "MUON", "PHOTON", "TAU", "FTAG", "JVT", "LepTRIGGER"):
        columns[f"ScaleFactor_{name}"] = one
    for name, value in {**STATED, **changes}.items():
        if isinstance(value, tuple):
            columns[name] = value
        elif value is not None:
            columns[name] = np.full(10, value)
    return helpers.write_columns(path, columns, tree="analysis")


def weight_aliases() -> dict[str, str]:
    """Return those of the shipped aliases that the weights use."""
    aliases = shipped_config()["input"]["aliases"]
    return {name: text for name, text in aliases.items() if name.startswith(("XSection", "SumWeights", "scaleFactor"))}


def normalised(folder: Path, files: list[Path], said: list[str], **changes: Any) -> rp.RunResult:
    """Run the weights alone; ``changes`` are keys of the sample, and ``aliases`` and ``include`` of the config."""
    aliases = {**weight_aliases(), **changes.pop("aliases", {})}
    include = changes.pop("include", [])
    data = config_2025(
        [str(file) for file in files],
        input__aliases=aliases,
        select__steps=[{"node": "diphoton.weights"}],
        select__histograms={},
        select__include=include,
    )
    data["input"]["samples"]["gg"].update(changes)
    return helpers.run(folder, data, say=said.append)


def line_of(folder: Path, text: str) -> int:
    lines = (folder / "config.yaml").read_text().splitlines()
    return next(number for number, line in enumerate(lines, start=1) if text in line)


def test_aliases_alone_serve_with_a_message(tmp_path: Path) -> None:
    said: list[str] = []
    path = normalised(tmp_path, [small_file(tmp_path / "in.root")], said).outputs["gg"]
    assert np.allclose(helpers.columns(path)["weight"], 0.25 / 20.0, rtol=1e-12)
    assert "gg: cross-section 0.25 pb from alias 'XSection' (xsec * kfac * filteff)" in said
    assert "gg: sum of weights 20 from alias 'SumWeights' (sum_of_weights)" in said
    assert helpers.provenance(path)["normalisation"] == {
        "xsec_pb": {"branch": "XSection", "first_values": [0.25]},
        "sum_of_weights": {"branch": "SumWeights", "first_values": [20.0]},
    }


def test_a_simulated_file_states_its_normalisation_exactly(tmp_path: Path, gg: Path) -> None:
    said: list[str] = []
    record = helpers.provenance(helpers.run(tmp_path, config_2025([str(gg)]), say=said.append).outputs["gg"])
    stated = helpers.provenance(gg)
    assert record["normalisation"]["xsec_pb"]["first_values"] == pytest.approx([stated["xsec_pb"]], rel=1e-15)
    assert record["normalisation"]["sum_of_weights"]["first_values"] == [stated["sum_of_weights"]]


@pytest.mark.parametrize(("value", "shown"), [(0.0, "0"), (np.nan, "nan"), (np.inf, "inf"), (-np.inf, "-inf")])
@pytest.mark.parametrize(("branch", "key"), [("kfac", "xsec_pb"), ("sum_of_weights", "sum_of_weights")])
def test_a_useless_value(tmp_path: Path, branch: str, key: str, value: float, shown: str) -> None:
    file = small_file(tmp_path / "in.root", **{branch: value})
    with pytest.raises(ConfigError) as caught:
        normalised(tmp_path, [file], [])
    alias, words = WORDS[key]
    expression = shipped_config()["input"]["aliases"][alias]
    assert str(caught.value) == (
        f"{tmp_path}/config.yaml:{line_of(tmp_path, 'gg:')}: sample 'gg': alias '{alias}' ({expression}) says that the"
        f" {words} is {shown}; set '{key}' here"
    )
    assert not (tmp_path / "out" / "gg.root").exists()


@pytest.mark.parametrize(("factor", "warned"), [(1.0005, False), (1.002, True), (0.998, True)])
@pytest.mark.parametrize(("key", "stated"), [("xsec_pb", 0.25), ("sum_of_weights", 20.0)])
def test_the_config_goes_before_and_a_difference_is_said(
    tmp_path: Path, *, key: str, stated: float, factor: float, warned: bool
) -> None:
    file = small_file(tmp_path / "in.root")
    said: list[str] = []
    path = normalised(tmp_path, [file], said, **{key: factor * stated}).outputs["gg"]
    expected = 0.25 / 20.0 * (factor if key == "xsec_pb" else 1 / factor)
    assert np.allclose(helpers.columns(path)["weight"], expected, rtol=1e-12)
    warnings = [line for line in said if line.startswith("gg: warning: ")]
    assert len(warnings) == warned
    alias, words = WORDS[key]
    assert all(words in line and f"alias '{alias}' (" in line and str(file) in line for line in warnings)
    assert helpers.provenance(path)["normalisation"][key] == {"value": factor * stated, "from": "config"}


def test_parts_of_one_sample_that_state_their_own_sums(tmp_path: Path) -> None:
    files = [small_file(tmp_path / "a.root"), small_file(tmp_path / "b.root", sum_of_weights=21.0)]
    with pytest.raises(
        ConfigError, match=r"alias 'SumWeights' \(sum_of_weights\) differs between its files \(20 to 21\)"
    ):
        normalised(tmp_path, files, [])


def test_processes_with_sums_of_their_own_may_be_one_sample(tmp_path: Path) -> None:
    one = small_file(tmp_path / "a.root")
    two = small_file(tmp_path / "b.root", sum_of_weights=40.0, xsec=0.25, first=100)
    said: list[str] = []
    path = normalised(tmp_path, [one, two], said).outputs["gg"]
    found = helpers.columns(path)
    assert sorted(set(found["weight"])) == [pytest.approx(0.125 / 40.0), pytest.approx(0.25 / 20.0)]
    alias = "alias 'XSection' (xsec * kfac * filteff)"
    assert f"gg: cross-section 0.125 to 0.25 pb from {alias}, which differs between files" in said


def test_a_file_that_lacks_a_branch_of_the_alias(tmp_path: Path) -> None:
    bad, good = small_file(tmp_path / "b.root", filteff=None), small_file(tmp_path / "a.root")
    with pytest.raises(InputError, match=f"{bad}: tree 'analysis' has no branch 'filteff', which {good} has"):
        normalised(tmp_path, [good, bad], [])
    with pytest.raises(CppError) as caught:
        normalised(tmp_path, [bad], [])
    line = line_of(tmp_path, "XSection:")
    assert str(caught.value).startswith(f"{tmp_path}/config.yaml:{line}: alias 'XSection' uses 'filteff', which is no")


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("0.5", 0.5),
        ("kfac > 1 ? xsec : 3 * xsec", 0.5),
        ("double x = xsec * kfac; return x / 4;", 0.25),
        ("std::max(xsec, filteff)", 0.5),
        ("count / 4", 1.0),  # whole numbers divide as in C++
        ("my::scaled(xsec)", 5.0),
    ],
)
def test_aliases_are_evaluated_as_in_the_graph(tmp_path: Path, expression: str, value: float) -> None:
    header = ["my.h"] if "my::" in expression else []
    (tmp_path / "my.h").write_text("#pragma once\nnamespace my { inline double scaled(double x) { return 10 * x; } }\n")
    file = small_file(tmp_path / "in.root", count=np.int32(7))
    said: list[str] = []
    result = normalised(tmp_path, [file], said, aliases={"XSection": expression}, include=header)
    assert np.allclose(helpers.columns(result.outputs["gg"])["weight"], value / 20.0, rtol=1e-12)
    record = helpers.provenance(result.outputs["gg"])["normalisation"]["xsec_pb"]
    assert record == {"branch": "XSection", "first_values": [value]}
    assert any(line.startswith(f"gg: cross-section {value:g} pb from alias 'XSection'") for line in said)


def test_an_alias_over_a_vector_is_left_to_the_run_and_said(tmp_path: Path) -> None:
    file = small_file(tmp_path / "in.root", many=(np.float64, [[0.5, 0.25]] * 10))
    said: list[str] = []
    result = normalised(tmp_path, [file], said, aliases={"XSection": "many[1]"})
    assert np.allclose(helpers.columns(result.outputs["gg"])["weight"], 0.25 / 20.0, rtol=1e-12)
    expected = "gg: warning: alias 'XSection' (many[1]): its cross-section cannot be looked at before the run"
    assert expected in said


def test_a_file_without_events_states_nothing(tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    empty = tmp_path / "empty.root"
    full = small_file(tmp_path / "full.root")
    columns = {name: values[:0] for name, values in helpers.columns(full, "analysis").items()}
    helpers.write_columns(empty, columns, tree="analysis")
    said: list[str] = []
    result = normalised(tmp_path, [empty, full], said)
    assert helpers.provenance(result.outputs["gg"])["normalisation"]["xsec_pb"]["first_values"] == [0.25]
    nothing = normalised(tmp_path / "nothing", [empty], [])
    assert nothing.cutflow["gg"].cuts[0].events == 0
