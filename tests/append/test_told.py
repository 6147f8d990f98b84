"""What a user is told of a run that appends: counts, doubts, and what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import rdfplugins as rp
from rdfplugins import cpp
from rdfplugins.append.request import entries
from rdfplugins.errors import ConfigError, InputError, MissingColumnError, ModelError
from rdfplugins.nodes.ditau import INPUTS
from tests.append.test_append_ml_mass import masses, write
from tests.nodes.mass_helpers import events, network, write_model

if TYPE_CHECKING:
    from pathlib import Path

_MOMENTA = [name for name in INPUTS if "pt" in name.split("_")]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A model that knows the range of each input, as those that this package has trained do."""
    ranges = "".join(f"  {name}: {[1, 900] if name in _MOMENTA else [-1e9, 1e9]}\n" for name in INPUTS)
    return str(write_model(tmp_path_factory.mktemp("models") / "small", network(), card=f"ranges:\n{ranges}"))


def lines_of(path: Path, **options: Any) -> list[str]:
    lines: list[str] = []
    rp.append_ml_mass(path, **options, say=lines.append)
    return lines


def test_all_reasons_for_no_estimate_are_told_first(tmp_path: Path) -> None:
    ranges = "".join(f"  {name}: [1e6, 2e6]\n" for name in INPUTS)  # more remarks than are shown
    model = write_model(tmp_path / "far", network(), card=f"ranges:\n{ranges}")
    columns = events(100, seed=21, odd=0)
    for row, name in enumerate(("tau1_pt_reco", "tau2_eta_reco", "N_neutrinos_reco")):
        columns[name][row] = np.nan
    lines = lines_of(write(tmp_path / "in.root", columns), model=model)
    counted = [line for line in lines if line.startswith("  ") and ": " in line and "warning" not in line]
    assert sorted(counted[:3]) == sorted(
        f"  1 entry: no estimate: {name} is NaN or infinite"
        for name in ("tau1_pt_reco", "tau2_eta_reco", "N_neutrinos_reco")
    )
    assert counted[3].startswith("  97 entries: ")
    assert len(counted) == 3 + 12
    assert any(line.startswith("  and ") and "other remarks" in line for line in lines)


def test_entries_are_counted_in_english() -> None:
    assert [entries(count) for count in (0, 1, 2)] == ["0 entries", "1 entry", "2 entries"]


@pytest.mark.parametrize(("units", "factor", "other"), [("GeV", 1000, "MeV"), ("MeV", 1, "GeV")])
def test_units_that_are_wrong_in_nearly_all_entries(
    tmp_path: Path, model: str, units: Any, factor: float, other: str
) -> None:
    columns = {name: values for name, values in events(500, seed=22, odd=0).items() if "mT" not in name}
    for name in _MOMENTA:
        there = columns[name] > 0
        columns[name][there] = np.clip(columns[name][there], 2, 700) * factor
    path = write(tmp_path / "in.root", columns)
    question = f"are momenta in {other}? then say so (units {other})"
    assert any(question in line for line in lines_of(path, model=model, units=units))
    assert not any("are momenta in" in line for line in lines_of(path, model=model, units=other, branch="right"))


def test_a_score_is_not_called_a_mass(tmp_path: Path) -> None:
    score = write_model(tmp_path / "score", network((2, 4, 1)), ["a", "b"])
    path = write(tmp_path / "in.root", {"a": np.zeros(9), "b": np.ones(9)})
    doubt = "nothing says that model score gives a mass, and its branch is called ml_mass: give it another name"
    assert any(doubt in line for line in lines_of(path, model=score))
    lines = lines_of(path, model=score, branch="nn_score")
    assert not any("warning" in line for line in lines)
    df = cpp.load_root().RDataFrame("Events", str(tmp_path / "in_nn_score.root"))
    assert df.HasColumn("nn_score")


def test_several_outputs_are_named_as_they_are(tmp_path: Path) -> None:
    two = write_model(tmp_path / "two", network((2, 4, 2)), ["a", "b"], card="outputs: [p, q]\n")
    path = write(tmp_path / "in.root", {"a": np.zeros(9), "b": np.ones(9)})
    lines = lines_of(path, model=two, branch="nn")
    assert any(": nn_p, nn_q for 9 of 9 entries of Events (model two" in line for line in lines)


def test_a_friend_is_told_how_to_be_read(tmp_path: Path, model: str) -> None:
    path = write(tmp_path / "in.root", events(20))
    (line,) = [line for line in lines_of(path, model=model, friend=True, branch="m") if "AddFriend" in line]
    assert f'tree.AddFriend("Events_m", "{tmp_path}/in_m_friend.root")' in line
    root = cpp.load_root()
    with root.TFile(str(path)) as file:
        tree = file.Get("Events")
        tree.AddFriend("Events_m", f"{tmp_path}/in_m_friend.root")
        assert root.RDataFrame(tree).HasColumn("m")


def test_home_and_new_folders(tmp_path: Path, model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    write(tmp_path / "in.root", events(5))
    made = rp.append_ml_mass("~/in.root", model=model, output="~/new/deep/x.root")
    assert made == [tmp_path / "new" / "deep" / "x.root"]
    assert len(masses(made[0])) == 5
    (tmp_path / "list.txt").write_text("in.root\n")
    assert rp.append_ml_mass("@~/list.txt", model=model) == [tmp_path / "in_ml_mass.root"]


def test_a_folder_that_holds_an_earlier_output(tmp_path: Path, model: str) -> None:
    write(tmp_path / "in.root", events(5))
    rp.append_ml_mass(tmp_path, model=model)
    with pytest.raises(
        ConfigError, match=r"in_ml_mass\.root: is one of the inputs .*in\.root\): is it that of an earl"
    ):
        rp.append_ml_mass(tmp_path, model=model)
    with pytest.raises(ConfigError, match="is the input itself, which is replaced only in place"):
        rp.append_ml_mass(tmp_path / "in.root", model=model, output=tmp_path / "in.root", force=True)


def test_a_map_that_was_turned_round(tmp_path: Path, model: str) -> None:
    path = write(tmp_path / "in.root", events(5) | {"pt_1": np.zeros(5)})
    with pytest.raises(ConfigError, match=r"no input 'pt_1'; the other way round \(tau1_pt_reco=pt_1\)\?"):
        rp.append_ml_mass(path, model=model, map={"pt_1": "tau1_pt_reco"})
    with pytest.raises(ConfigError, match=r"no input 'tau1_pt_rec'; did you mean 'tau1_pt_reco'"):  # and no such column
        rp.append_ml_mass(path, model=model, map={"tau1_pt_rec": "tau2_pt_reco"})


def test_several_inputs_and_one_file(tmp_path: Path, model: str) -> None:
    paths = [write(tmp_path / f"{name}.root", events(5)) for name in "abc"]
    for force in (False, True):
        with pytest.raises(ConfigError, match=r"c\.root: is a file, and several inputs need a folder as their output"):
            rp.append_ml_mass(paths[:2], model=model, output=paths[2], force=force)


def test_what_is_no_model(tmp_path: Path) -> None:
    path = write(tmp_path / "in.root", events(5))
    for what, name in (([tmp_path], "list"), (3, "int")):
        with pytest.raises(ModelError, match=f"or what rdfplugins.load_model returns, and this is a {name}$"):
            rp.append_ml_mass(path, model=what)  # type: ignore[arg-type]


def test_many_missing_inputs_are_named_and_few_explained(tmp_path: Path, model: str) -> None:
    columns = events(5)
    few = write(
        tmp_path / "few.root",
        {name: columns[name] for name in INPUTS if name != "jet1_pt_reco"} | {"jpt_1": columns["jet1_pt_reco"]},
    )
    with pytest.raises(
        MissingColumnError, match=r"1 input that is not there: 'jet1_pt_reco' \(map jet1_pt_reco=jpt_1\?\)$"
    ):
        rp.append_ml_mass(few, model=model)
    many = write(tmp_path / "many.root", {"pt_1": columns["tau1_pt_reco"]})
    with pytest.raises(MissingColumnError) as raised:
        rp.append_ml_mass(many, model=model)
    assert len(str(raised.value)) < 700 + len(str(many))
    assert str(raised.value).endswith("N_neutrinos_reco; what may stand for them: rdfrun add-ml-mass --check")


def test_an_element_that_is_not_there(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """The message is that of the expression: nothing of the machinery before it, nothing of ROOT beside it."""
    folder = write_model(tmp_path / "one", network((1, 4, 1)), ["x"])
    df = cpp.load_root().RDataFrame(9).Define("v", "ROOT::RVecF(rdfentry_ % 2, 1.f)")
    df.Snapshot("t", str(tmp_path / "in.root"), ["v"])
    with pytest.raises(InputError, match=r"in\.root: v\[0\] \(parameter 'map', input 'x'\) is read in an event with 0"):
        rp.append_ml_mass(tmp_path / "in.root", model=folder, map={"x": "v[0]"})
    said = capfd.readouterr()
    assert "RDataFrame::Run" not in said.err + said.out
