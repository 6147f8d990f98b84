"""``rdfrun add-ml-mass`` with weight files of TMVA: values, maps of odd names, what is told, and the section ``ml``."""

from __future__ import annotations

import logging
import signal
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import uproot
from click.testing import CliRunner

import rdfplugins as rp
from rdfplugins import cpp, interrupts
from rdfplugins.append.freshness import open_models
from rdfplugins.append.stage import check_columns
from rdfplugins.cli import cli
from rdfplugins.config import load_config
from rdfplugins.errors import ConfigError, InterruptedRunError, MissingColumnError
from rdfplugins.inference import load_model
from tests.append.stage.models import config_with, tree
from tests.append.stage.models import run as run_config
from tests.inference.tmva import weight_files
from tests.select import helpers

if TYPE_CHECKING:
    from pathlib import Path

TERNARY = "(Ht>=2500e3)?2500e3:Ht"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return weight_files.write(tmp_path / "w.xml", variables=4, expressions=("v1+v2", TERNARY, "jet[1]"))


def columns(events: int = 20_000) -> dict[str, Any]:
    rng = np.random.default_rng(3)
    made = {
        "v1": rng.normal(size=events).astype(np.float32),
        "v2": rng.integers(-3, 3, events),
        "Ht": rng.normal(2500e3, 5, events),
        "jet": rng.normal(size=(events, 2)).astype(np.float32),
        "x3": rng.normal(size=events) * 3,
    }
    made["x3"][5] = np.nan
    return made


@pytest.fixture
def ntuple(tmp_path: Path) -> Path:
    values = columns()
    with uproot.recreate(tmp_path / "in.root") as file:
        file.mktree("t", {name: (one.dtype, one.shape[1:]) for name, one in values.items()})
        file["t"].extend(values)
    return tmp_path / "in.root"


def expected(model: Path, **other: Any) -> np.ndarray[Any, Any]:
    made = columns()
    inputs = {
        "sum": made["v1"].astype(float) + made["v2"],
        "ht": np.minimum(made["Ht"], 2500e3),
        "jet": made["jet"][:, 1].astype(float),
        "x3": made["x3"],
    } | other
    rows = np.stack(list(inputs.values()), axis=1)
    return load_model(model, backend="cpp").predict(rows).astype(np.float32)


def run(*words: object) -> tuple[int, str]:
    done = CliRunner().invoke(cli, ["add-ml-mass", *map(str, words)])
    return done.exit_code, done.output


def branches(path: Path) -> dict[str, Any]:
    with uproot.open(path) as file:
        return {name: file["t"][name].array(library="np") for name in file["t"].keys()}  # noqa: SIM118


def test_appended_and_graph_are_the_same_bits(ntuple: Path, model: Path, tmp_path: Path) -> None:
    code, text = run(ntuple, "--model", model, "--branch", "bdt", "-o", tmp_path / "out.root")
    assert code == 0, text
    assert "bdt for 19999 of 20000 entries of t (model w, cpp" in text
    assert "1 entry: no estimate: x3 is NaN\n" in text
    assert "x3 is outside of [-6, 6], where the model was trained" in text
    found = branches(tmp_path / "out.root")["bdt"]
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, expected(model)[:, 0])
    with cpp.optimisation(0):
        df = rp.ml_mass(cpp.load_root().RDataFrame("t", str(ntuple)), model=str(model), branch="bdt")
        np.testing.assert_array_equal(df.AsNumpy(["bdt"])["bdt"], found)


@pytest.mark.parametrize("written", ["pair", "file", "label"])
def test_names_with_signs_are_mapped(ntuple: Path, model: Path, tmp_path: Path, written: str) -> None:
    given = {"pair": f"{TERNARY}=x3 == x3 ? 1 : 2", "label": "label1=x3 == x3 ? 1 : 2"}.get(written)
    if given is None:
        (tmp_path / "m.yaml").write_text(f'"{TERNARY}": "x3 == x3 ? 1 : 2"\n')
        given = f"@{tmp_path / 'm.yaml'}"
    code, text = run(ntuple, "--model", model, "--branch", "bdt", "-o", tmp_path / "out.root", "--map", given)
    assert code == 0, text
    ht = np.where(np.isnan(columns()["x3"]), 2.0, 1.0)
    np.testing.assert_array_equal(branches(tmp_path / "out.root")["bdt"], expected(model, ht=ht)[:, 0])


def test_check_says_where_variables_come_from(ntuple: Path, model: Path) -> None:
    code, text = run(ntuple, "--model", model, "--check", "--map", "v1=x3", "--map", "Ht=2 * x3")
    assert code == 0, text
    lines = [line.split(maxsplit=1) for line in text.splitlines()[1:]]
    assert lines == [
        ["v1+v2", "computed from x3, v2"],
        [TERNARY, "computed from 2 * x3"],
        ["jet[1]", "computed from jet[1]"],
        ["x3", "found"],
    ]
    code, text = run(ntuple, "--model", model, "--check", "--map", "Ht=hx")
    assert code == 2
    assert "WRONG: parameter 'map', for input '(Ht>=2500e3)?2500e3:Ht': there is no column 'hx'" in text


def test_check_says_what_is_missing(tmp_path: Path) -> None:
    path = helpers.write_columns(tmp_path / "in.root", {"V1": np.zeros(3), "label2": np.ones(3), "b": np.ones(3)})
    model = weight_files.write(tmp_path / "w.xml", variables=4, expressions=("v1", "Max$(v1)", "v1-b", "b*b"))
    code, text = run(path, "--model", model, "--check")
    assert code == 2
    assert "MISSING (did you mean 'V1'?)" in text
    assert "MISSING ('$' cannot stand in a formula ('Max$(v1)'); map the variable to a C++ expression)" in text
    assert "not there: read from 'label2', its label" in text
    assert "computed from b\n" in text
    assert "--map v1=V1" in text
    with pytest.raises(MissingColumnError, match=r"in\.root, tree 't': the model w needs 2 variables that are"):
        rp.append_ml_mass(path, model=str(model))


def test_columns_whose_names_are_formulas(tmp_path: Path) -> None:
    """TMVA writes such trees; no expression can name these columns."""
    model = weight_files.write(tmp_path / "w.xml", variables=3, expressions=("v1+v2", "2*b"))
    values = np.linspace(-2, 2, 50)
    path = tmp_path / "in.root"
    with uproot.recreate(path) as file:
        file.mktree("t", {"v1+v2": "f8", "b": "f8", "x2": "f8"})
        file["t"].extend({"v1+v2": values, "b": values, "x2": values})
    rp.append_ml_mass(path, model=str(model), branch="bdt", output=tmp_path / "out.root")
    wanted = load_model(model).predict(np.stack([values, 2 * values, values], axis=1)).astype(np.float32)[:, 0]
    np.testing.assert_array_equal(branches(tmp_path / "out.root")["bdt"], wanted)


def test_several_outputs_are_branches_of_their_names(tmp_path: Path) -> None:
    model = weight_files.write(
        tmp_path / "w.xml", variables=2, analysis="Multiclass", classes=3, boost="Grad", method="BDT"
    )
    path = helpers.write_columns(tmp_path / "in.root", {"x0": np.linspace(-3, 3, 9), "x1": np.zeros(9)})
    said: list[str] = []
    rp.append_ml_mass(path, model=str(model), branch="bdt", output=tmp_path / "out.root", say=said.append)
    found = branches(tmp_path / "out.root")
    assert list(found) == ["x0", "x1", *(f"bdt_{name}" for name in load_model(model).outputs)]
    assert "warning" not in "".join(said)


def test_a_response_is_no_mass(tmp_path: Path) -> None:
    model = weight_files.write(tmp_path / "w.xml", variables=1)
    path = helpers.write_columns(tmp_path / "in.root", {"x0": np.zeros(3)})
    said: list[str] = []
    rp.append_ml_mass(path, model=str(model), say=said.append)
    assert any(
        "model w is of TMVA, and nothing says that it gives a mass: give its branch another name than ml_mass" in line
        for line in said
    )
    with uproot.open(tmp_path / "in_ml_mass.root") as file:
        assert "GeV" not in file["t"]["ml_mass"].title
    with pytest.raises(ConfigError, match="units: the model w is of TMVA"):
        rp.append_ml_mass(path, model=str(model), units="MeV", branch="b")


@pytest.mark.parametrize("where", ["ml", "node"])
def test_a_config_takes_weight_files(tmp_path: Path, where: str) -> None:
    weight_files.write(tmp_path / "w.xml", variables=2, expressions=("x-2*w",), integers=(1,))
    source = helpers.write_columns(tmp_path / "good.root", helpers.small_columns())
    given = {"model": "w.xml", "branch": "bdt", "map": {"x1": "y / 3"}}
    if where == "ml":
        data = config_with(str(source), given, select__steps=[{"define": {"y": "2 * x"}}])
    else:
        given["model"] = str(tmp_path / "w.xml")
        steps = [{"define": {"y": "2 * x"}}, {"node": "ml_mass", "with": given}]
        data = config_with(str(source), None, select__steps=steps)
        del data["ml"]
        data["select"]["output"]["columns"].append("bdt")
    result, said = run_config(tmp_path, data)
    assert result.outputs, said
    found, start = tree(tmp_path), helpers.small_columns()
    x, w = (start[name].astype(np.float64) for name in ("x", "w"))
    wanted = load_model(tmp_path / "w.xml").predict(np.stack([x - 2 * w, 2 * x / 3], axis=1))
    np.testing.assert_array_equal(found["bdt"], wanted.astype(np.float32)[:, 0])


def test_a_config_says_what_is_missing_at_its_line(tmp_path: Path) -> None:
    weight_files.write(tmp_path / "w.xml", variables=1, expressions=("xx-2*w",))
    source = helpers.write_columns(tmp_path / "good.root", helpers.small_columns())
    data = config_with(str(source), {"model": "w.xml", "branch": "bdt"}, select__steps=[{"define": {"y": "2 * x"}}])
    with pytest.raises(ConfigError, match="needs 1 variable that is not there: 'xx-2\\*w' \\(no xx to compute it from"):
        run_config(tmp_path, data)


def test_a_config_says_which_columns_the_stage_needs(tmp_path: Path) -> None:
    """Where inputs of ntuples come from is asked of --check; the trees of a selection are what its config says."""
    weight_files.write(tmp_path / "w.xml", variables=8)
    source = helpers.write_columns(tmp_path / "good.root", helpers.small_columns())
    data = config_with(str(source), {"model": "w.xml", "branch": "bdt"}, select__steps=[{"define": {"y": "2 * x"}}])
    with pytest.raises(ConfigError) as raised:
        run_config(tmp_path, data)
    of_selection = "; ml reads the trees of the selection"
    assert f"'x7'{of_selection}: list what the model needs in select.output.columns; sample 'one'" in str(raised.value)
    run_config(tmp_path, {name: section for name, section in data.items() if name != "ml"})
    with pytest.raises(ConfigError) as raised:  # the selection is up to date
        run_config(tmp_path, data)
    assert str(raised.value).endswith(f"'x7'{of_selection}: list what the model needs in select.output.columns")
    del data["select"]["output"]["columns"]
    config = load_config(helpers.write_config(tmp_path, data))
    with pytest.raises(ConfigError) as raised:
        check_columns(config, open_models(config), ["x"], "one")
    assert f"'x7'{of_selection}, which hold columns of nodes alone: list what the model needs" in str(raised.value)
    assert "--check" not in str(raised.value)


def test_a_branch_of_a_config_that_is_no_mass(tmp_path: Path) -> None:
    weight_files.write(tmp_path / "w.xml", variables=1, expressions=("x",))
    source = helpers.write_columns(tmp_path / "good.root", helpers.small_columns())
    data = config_with(str(source), {"model": "w.xml"}, select__steps=[{"define": {"y": "2 * x"}}])
    _, said = run_config(tmp_path, data)
    assert any("warning: model w is of TMVA, and nothing says that it gives a mass" in line for line in said)


def test_warnings_are_seen_where_no_one_listens(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    model = weight_files.write(tmp_path / "w.xml", variables=1)
    path = helpers.write_columns(tmp_path / "in.root", {"x0": np.array([np.nan, np.nan, 0.0, 99.0, 99.0])})
    with caplog.at_level(logging.INFO, "rdfplugins"):
        rp.append_ml_mass(path, model=str(model))
    told = {level: [r.getMessage() for r in caplog.records if r.levelno == level] for level in (20, 30)}
    where = f"{tmp_path / 'in_ml_mass.root'}: warning: "
    assert [line.removeprefix(where)[:24] for line in told[30]] == [
        "2 of 5 entries have no e",
        "2 of 5 entries are not w",
        "model w is of TMVA, and ",
    ]
    assert any("ml_mass for 3 of 5 entries" in line for line in told[20])
    assert not any("warning:" in line for line in told[20])


def test_a_branch_that_is_replaced_is_not_read(ntuple: Path, model: Path) -> None:
    before = branches(ntuple)
    given = ["--model", model, "--force", "--in-place"]
    for options, what in (
        (["--branch", "x3"], "branch 'x3' is to be replaced, and is an input of the model"),
        (["--branch", "v1"], "branch 'v1' is to be replaced, and is read for the input 'v1+v2' of the model"),
        (["--branch", "v1", "--map", "Ht=2 * v1", "--map", "v1+v2=x3"], f"is read for the input '{TERNARY}'"),
    ):
        for more in ([], ["--check"]):
            code, text = run(ntuple, *given, *options, *more)
            assert code == 2
            assert what in text
            assert "did you mean" not in text
    np.testing.assert_array_equal(branches(ntuple)["x3"], before["x3"])
    assert run(ntuple, *given, "--branch", "v1", "--map", "v1=x3")[0] == 0  # it is not read


def test_check_tells_what_cannot_be_done(ntuple: Path, model: Path) -> None:
    code, text = run(ntuple, "--model", model, "--check", "--branch", "v1")
    assert code == 2
    assert text.endswith("this cannot run as it is: see to what is told above\n")
    code, text = run(ntuple, "--model", model, "--check", "--backend", "tensorflow")
    assert code == 2
    assert "backend tensorflow takes networks, not TMVA" in text


def test_without_tmva_its_backend_is_refused_by_check(ntuple: Path, model: Path) -> None:
    if "tmva" in str(cpp.load_root().gROOT.GetConfigFeatures()).split():
        pytest.skip("this ROOT has TMVA")
    code, text = run(ntuple, "--model", model, "--backend", "tmva")
    checked, listed = run(ntuple, "--model", model, "--backend", "tmva", "--check")
    assert code == checked == 2
    assert text.strip() in listed


def test_what_is_infinite_as_a_float_is_no_estimate_in_the_graph_either(tmp_path: Path) -> None:
    """A response beyond float32 is infinite in a branch of it; with one such output none is an estimate."""
    model = weight_files.write(tmp_path / "w.xml", variables=2, method="LD", analysis="Regression", targets=2)
    values = np.array([0.0, 1.0, 1e38, -3e38, np.nan])
    path = helpers.write_columns(tmp_path / "in.root", {"x0": values, "x1": 2 * values.clip(-1e38, 1e38)})
    raw = load_model(model).predict(np.stack([values, 2 * values.clip(-1e38, 1e38)], axis=1))
    with np.errstate(over="ignore"):
        assert np.isinf(raw.astype(np.float32)).any()
    rp.append_ml_mass(path, model=str(model), branch="m", output=tmp_path / "out.root", say=lambda _line: None)
    appended = branches(tmp_path / "out.root")
    names = [name for name in appended if name.startswith("m_")]
    with cpp.optimisation(0):
        graph = rp.ml_mass(cpp.load_root().RDataFrame("t", str(path)), model=str(model), branch="m").AsNumpy(names)
    assert len(names) == 2
    for name in names:
        np.testing.assert_array_equal(graph[name], appended[name])
        assert np.isfinite(graph[name]).tolist()[:2] == [True, True]
        assert np.isnan(graph[name][2:4]).any()


def test_a_signal_that_was_lost_is_found_before_the_file_is_replaced(
    ntuple: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a handler raises within cppyy is dropped there."""
    before = ntuple.read_bytes()
    monkeypatch.setattr(interrupts, "seen", [signal.SIGTERM])
    with pytest.raises(InterruptedRunError, match="interrupted by signal 15"):
        rp.append_ml_mass(ntuple, model=model, branch="bdt", in_place=True)
    assert ntuple.read_bytes() == before
    assert [path.name for path in ntuple.parent.iterdir() if path.name.endswith(".part")] == []
