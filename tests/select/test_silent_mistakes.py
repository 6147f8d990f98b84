"""Mistakes that would give wrong numbers without an error: each is refused, or said."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from rdfplugins.cpp import load_root
from rdfplugins.errors import ConfigError, InputError
from rdfplugins.nodes import base, diphoton
from rdfplugins.simulate import simulate_hgg
from tests.select import helpers

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def gg(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("gg") / "gg.root"
    simulate_hgg(path, mode="gg", events=2000, seed=3)
    return path


@pytest.fixture(scope="module")
def gg2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("gg2") / "gg2.root"
    simulate_hgg(path, mode="gg", events=1500, seed=4)
    return path


@base.node(name="test.two_jets", needs=("jet_n",), makes=("extra",))
def two_jets(df: Any, *, named: bool = True) -> Any:
    """Filter inside of a node that does not return Cuts."""
    df = df.Filter("jet_n >= 2", "two_jets") if named else df.Filter("jet_n >= 2")
    return df.Define("extra", "int(jet_n) - 2")


@pytest.mark.parametrize("place", [1, 3])
@pytest.mark.parametrize("named", [True, False])
def test_a_node_that_filters_is_a_cut(
    tmp_path: Path, gg: Path, monkeypatch: pytest.MonkeyPatch, place: int, named: bool
) -> None:
    found = base.find
    monkeypatch.setattr(base, "find", lambda name: two_jets if name == "test.two_jets" else found(name))
    steps = [*helpers.STEPS]
    steps.insert(place, {"node": "test.two_jets", "with": {"named": named}})
    result = helpers.run(tmp_path, helpers.config_data(str(gg), select__steps=steps))
    cuts = {cut.name: cut.events for cut in result.cutflow["gg"].cuts}
    name = "two_jets" if named else "test.two_jets"
    assert list(cuts)[:1] == ["all"]
    assert cuts["all"] == 2000
    assert list(cuts).index(name) == (1 if place == 1 else len(cuts) - 1)
    rows = helpers.columns(result.outputs["gg"])
    assert cuts[list(cuts)[-1]] == len(rows["jet_n"])
    assert rows["jet_n"].min() >= 2
    jets = helpers.columns(gg, "mini")["jet_n"]
    if place == 1:
        assert cuts[name] == np.count_nonzero(jets >= 2)


def test_simulation_without_weight_is_counted_not_scaled(tmp_path: Path, gg: Path) -> None:
    said: list[str] = []
    result = helpers.run(tmp_path, helpers.config_data(str(gg), select__weight=None), say=said.append)
    assert "warning: without 'select.weight' events of simulation are counted, not weighted" in said
    assert not result.cutflow["gg"].weighted
    data = helpers.config_data(str(gg), select__weight=None)
    data["report"] = {}
    helpers.run(tmp_path, data)
    text = (tmp_path / "out" / "report" / "cutflow.md").read_text()
    assert "Events, without weights" in text
    assert "in pb" not in text


def test_stale_samples_are_left_out(tmp_path: Path, gg: Path, gg2: Path) -> None:
    own = tmp_path / "input.root"
    shutil.copy(gg, own)
    data = helpers.config_data(str(own), select__output__exports=["tsv"])
    data["input"]["samples"]["other"] = {**data["input"]["samples"]["gg"], "files": str(gg2)}
    data["report"] = {}
    helpers.run(tmp_path, data)
    data["input"]["samples"]["gg"]["xsec_pb"] = 0.204
    said: list[str] = []
    result = helpers.run(tmp_path, data, samples=["other"], say=said.append)
    assert result.exports == ()
    out = tmp_path / "out"
    assert f"gg is left out of plots and tables: {out / 'gg.root'} was made with another config" in said
    assert '"gg"' not in (out / "report" / "cutflow.json").read_text()
    helpers.run(tmp_path, data)
    shutil.copy(gg2, own)
    said.clear()
    helpers.run(tmp_path, data, stages=["report"], say=said.append)
    assert said == [f"gg is left out of plots and tables: {out / 'gg.root'} was made from another {own}"]


def test_partial_and_whole_outputs_are_not_mixed(tmp_path: Path, gg: Path, gg2: Path) -> None:
    data = helpers.config_data(str(gg))
    data["input"]["samples"]["other"] = {**data["input"]["samples"]["gg"], "files": str(gg2)}
    data["report"] = {}
    helpers.run(tmp_path, data)
    with pytest.raises(InputError, match="some outputs hold the first events only"):
        helpers.run(tmp_path, data, samples=["gg"], max_events=100, force=True)
    helpers.run(tmp_path, data, max_events=2000)  # all there are
    assert not helpers.provenance(tmp_path / "out" / "gg.root")["partial"]


def test_sums_of_weights_of_parts_are_refused(tmp_path: Path, gg: Path, gg2: Path) -> None:
    data = helpers.config_data([str(gg), str(gg2)])
    del data["input"]["samples"]["gg"]["sum_of_weights"]
    with pytest.raises(ConfigError, match=r"'SumWeights' differs between its files"):
        helpers.run(tmp_path, data)


def test_one_file_in_two_samples_is_said(tmp_path: Path, gg: Path) -> None:
    data = helpers.config_data(str(gg))
    data["input"]["samples"]["again"] = data["input"]["samples"]["gg"]
    said: list[str] = []
    helpers.run(tmp_path, data, say=said.append)
    assert f"warning: {gg} is read by the samples gg and again" in said


def test_features_keep_the_unit_of_select(gg: Path) -> None:
    df = load_root().RDataFrame("mini", str(gg))
    selected = diphoton.select(df, units="GeV", min_pt=25000.0, mass_range=(105000.0, 160000.0))
    assert diphoton.features(selected).Mean("m_yy").GetValue() == pytest.approx(125e3, rel=0.01)
    with pytest.raises(ConfigError, match=r"units='MeV' contradicts diphoton\.select, which was told GeV"):
        diphoton.features(selected, units="MeV")


def test_aliases_do_not_see_each_other(tmp_path: Path, gg: Path) -> None:
    aliases = {"photon_ptcone30": "photon_etcone20", "photon_etcone20": "photon_ptcone30"}
    steps = [{"node": "diphoton.weights"}]
    columns = ["eventNumber", "photon_ptcone30", "photon_etcone20"]
    data = helpers.config_data(str(gg), input__aliases=aliases, select__steps=steps, select__output__columns=columns)
    swapped = helpers.columns(helpers.run(tmp_path, data).outputs["gg"])
    original = helpers.columns(gg, "mini")
    for row in range(0, 2000, 97):
        assert list(swapped["photon_ptcone30"][row]) == list(original["photon_etcone20"][row])
        assert list(swapped["photon_etcone20"][row]) == list(original["photon_ptcone30"][row])


def test_simulated_files_given_as_files_are_simulation(tmp_path: Path, gg: Path) -> None:
    result = helpers.run(tmp_path, helpers.config_data(str(gg)))
    assert helpers.provenance(result.outputs["gg"])["sample"]["simulation"] is True


def test_nan_is_no_trigger(gg: Path) -> None:
    df = load_root().RDataFrame("mini", str(gg))
    kept = diphoton.select(df, trigger="mcWeight / 0.0f * 0.0f")
    assert kept.Count().GetValue() == 0
    assert diphoton.select(df, trigger="trigP * 2.5f").Count().GetValue() == diphoton.select(df).Count().GetValue()


@pytest.mark.parametrize(
    ("changes", "warning"),
    [
        ({"select__weight": "0 * weight"}, "gg: warning: all weights are 0"),
        ({"input__units": "GeV"}, "gg: warning: no event passes 'mass_105_160' (is input.units right?)"),
    ],
)
def test_what_is_likely_a_mistake_is_said(tmp_path: Path, gg: Path, changes: dict[str, Any], warning: str) -> None:
    said: list[str] = []
    helpers.run(tmp_path, helpers.config_data(str(gg), **changes), say=said.append)
    assert warning in said


def test_code_of_a_node_and_of_inner_headers_counts(tmp_path: Path, gg: Path) -> None:
    (tmp_path / "outer_of_test.h").write_text('#pragma once\n#include "inner_of_test.h"\n')
    inner = tmp_path / "inner_of_test.h"
    inner.write_text("#pragma once\ninline bool inner_of_test() { return true; }\n")
    data = helpers.config_data(str(gg), select__include=["outer_of_test.h"])
    helpers.run(tmp_path, data)
    said: list[str] = []
    helpers.run(tmp_path, data, say=said.append)
    assert any("up to date" in line for line in said)
    inner.write_text("#pragma once\ninline bool inner_of_test() { return false; }\n")
    said.clear()
    helpers.run(tmp_path, data, say=said.append)
    assert not any("up to date" in line for line in said)
    assert "diphoton.py" in [path.name for path in base.find("diphoton.select").source_files()]
