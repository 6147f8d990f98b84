"""``append_ml_mass`` from ntuple to branch: every value against the oracle, every way to name inputs, messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import uproot
from click.testing import CliRunner

import rdfplugins as rp
from rdfplugins import cpp
from rdfplugins.append import columns as reading
from rdfplugins.cli import cli
from rdfplugins.errors import ConfigError, CppError, InputError, MissingColumnError, OutputError
from tests.nodes.mass_helpers import events, network, reference, write_model
from tests.nodes.test_mass_models import MASSES, close, expected

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    card = "ranges:\n  tau1_pt_reco: [20, 100]\n"
    return str(write_model(tmp_path_factory.mktemp("models") / "small", network(), card=card))


def write(path: Path, columns: dict[str, NDArray[Any]], tree: str = "Events") -> Path:
    with uproot.recreate(path) as file:
        file.mktree(tree, {name: values.dtype for name, values in columns.items()})
        file[tree].extend(columns)
    return path


def masses(path: Path, branch: str = "ml_mass", tree: str = "Events") -> NDArray[np.float32]:
    with uproot.open(path) as file:
        return file[tree][branch].array(library="np")


def test_values_and_counts(tmp_path: Path, model: str) -> None:
    columns = events(40000)  # more than two batches
    assert len(columns["tau1_pt_reco"]) > 2 * reading.BATCH
    lines: list[str] = []
    (made,) = rp.append_ml_mass(write(tmp_path / "in.root", columns), model=model, say=lines.append)
    assert made == tmp_path / "in_ml_mass.root"
    found, wanted = masses(made), expected(columns)
    assert found.dtype == np.float32
    close(found, wanted)
    assert f"ml_mass for {np.isfinite(wanted).sum()} of 40000 entries of Events (model small, cpp" in "\n".join(lines)
    good = np.isfinite(wanted)
    outside = good & ~((columns["tau1_pt_reco"] >= 20) & (columns["tau1_pt_reco"] <= 100))
    assert f"  {outside.sum()} entries: tau1_pt_reco is outside of [20, 100]" in "\n".join(lines)
    with uproot.open(made) as file:
        assert file["Events"]["ml_mass"].title.startswith("m_ML [GeV], model small (sha256 ")
        for name, values in columns.items():
            assert np.array_equal(file["Events"][name].array(library="np"), values, equal_nan=True), name


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_expressions_and_columns_are_the_same(tmp_path: Path, model: str, dtype: type) -> None:
    """Through RDataFrame, where one input is an expression, each number is what it is when read as it is."""
    with np.errstate(over="ignore"):
        columns = {name: values.astype(dtype) for name, values in events(20000, seed=2).items()}
    columns |= {"nbad": (np.arange(20000) % 7).astype(np.int32), "flag": np.arange(20000) % 2 == 0}
    path = write(tmp_path / "in.root", columns)
    plain, expression = tmp_path / "plain.root", tmp_path / "expression.root"
    rp.append_ml_mass(path, model=model, output=plain)
    rp.append_ml_mass(path, model=model, output=expression, map={"PU_npvsGood_reco": "PU_npvsGood_reco + 0 * nbad"})
    assert np.array_equal(masses(plain), masses(expression), equal_nan=True)
    close(masses(plain), expected(columns))


def test_expressions_under_threads_keep_the_order(tmp_path: Path, model: str) -> None:
    root = cpp.load_root()
    columns = events(30000, seed=3)
    path = write(tmp_path / "in.root", columns)
    root.EnableImplicitMT(2)
    try:
        (made,) = rp.append_ml_mass(path, model=model, map={"PU_npvsGood_reco": "PU_npvsGood_reco * 1.0"})
        assert root.IsImplicitMTEnabled()
    finally:
        root.DisableImplicitMT()
    close(masses(made), expected(columns))


@pytest.mark.parametrize(
    ("dtype", "values"),
    [("bool", [True, False]), ("i1", [-1, 3]), ("u1", [0, 200]), ("i2", [-5, 9]), ("u2", [1, 60000]), ("i4", [-7, 7]),
     ("u4", [1, 4000000000]), ("i8", [-(2**40), 2**40]), ("u8", [0, 2**40]), ("f4", [1.5, -2.5]), ("f8", [0.1, 1e9])],
)  # fmt: skip
def test_branches_of_every_number(tmp_path: Path, dtype: str, values: list[Any]) -> None:
    made = network((1, 4, 1), seed=5)
    folder = write_model(tmp_path / "one", made, ["x"])
    column = np.array(values * 50, dtype=dtype)
    path = write(tmp_path / "in.root", {"x": column})
    (plain,) = rp.append_ml_mass(path, model=folder)
    (graph,) = rp.append_ml_mass(path, model=folder, map={"x": "x + 0"}, branch="other")
    wanted = reference(made, column.astype(np.float32).astype(np.float64)[:, None])[:, 0]
    np.testing.assert_allclose(masses(plain), wanted, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(masses(graph, "other"), wanted, rtol=1e-5, atol=1e-5)


def test_derived_inputs_and_channel_are_told(tmp_path: Path, model: str) -> None:
    columns: dict[str, Any] = events(1000, seed=4)
    for name in (*MASSES, "N_neutrinos_reco"):
        del columns[name]
    codes = np.random.default_rng(3).integers(0, 8, 1000).astype(np.int32)
    path = write(tmp_path / "in.root", {**columns, "chan": codes})
    lines: list[str] = []
    (made,) = rp.append_ml_mass(path, model=model, channel_column="chan", say=lines.append)
    channels = ["tt", "mt", "et", "em", "mm", "ee", "?", "?"]
    close(masses(made), expected(columns, channel=[channels[code] for code in codes]))
    text = "\n".join(lines)
    assert f"{', '.join(MASSES)} are computed from the momenta" in text
    assert "N_neutrinos_reco follows from the channel (column chan: 0=tt, 1=mt" in text
    assert f"{(codes > 5).sum()} entries: no estimate: in none of the channels" in text


def test_members_of_objects_arrays_and_vectors(tmp_path: Path) -> None:
    """What is no plain number is read through RDataFrame: leaves of a leaf list, elements, sizes."""
    root = cpp.load_root()
    made = network((3, 4, 1), seed=6)
    folder = write_model(tmp_path / "three", made, ["a", "b", "c"])
    df = root.RDataFrame(100).Define("x", "float(rdfentry_)").Define("v", "ROOT::RVecF(rdfentry_ % 4 + 1, x + 1)")
    df = df.Define("n", "int(v.size())")
    df.Snapshot("t", str(tmp_path / "in.root"), ["x", "v", "n"])
    (path,) = rp.append_ml_mass(tmp_path / "in.root", model=folder, map={"a": "v[0]", "b": "n", "c": "x"})
    entry = np.arange(100.0)
    wanted = reference(made, np.stack([entry + 1, entry % 4 + 1, entry], axis=1))[:, 0]
    np.testing.assert_allclose(masses(path, tree="t"), wanted, rtol=1e-5, atol=1e-5)
    with pytest.raises(InputError, match="v"):
        rp.append_ml_mass(tmp_path / "in.root", model=folder, branch="m", map={"a": "v[3]", "b": "n", "c": "x"})
    assert sorted(file.name for file in tmp_path.glob("*.root*")) == ["in.root", "in_ml_mass.root"]


def test_several_files_and_where_they_go(tmp_path: Path, model: str) -> None:
    for name in ("a", "b"):
        write(tmp_path / f"{name}.root", events(50, seed=ord(name)))
    out = tmp_path / "out"
    made = rp.append_ml_mass(str(tmp_path / "?.root"), model=model, output=out)
    assert made == [out / "a.root", out / "b.root"]
    for name, path in zip("ab", made, strict=True):
        close(masses(path), expected(events(50, seed=ord(name))))
    with pytest.raises(ConfigError, match=r"is there already; force=True \(--force\) replaces it"):
        rp.append_ml_mass(str(tmp_path / "?.root"), model=model, output=out)
    rp.append_ml_mass(str(tmp_path / "?.root"), model=model, output=out, force=True)
    assert rp.append_ml_mass([tmp_path / "a.root"], model=model, in_place=True) == [tmp_path / "a.root"]
    with pytest.raises(InputError, match="ml_mass"):
        rp.append_ml_mass(tmp_path / "a.root", model=model, in_place=True)
    rp.append_ml_mass(tmp_path / "a.root", model=model, in_place=True, force=True)
    close(masses(tmp_path / "a.root"), expected(events(50, seed=ord("a"))))


def test_nothing_is_written_when_the_last_of_several_lacks_an_input(tmp_path: Path, model: str) -> None:
    write(tmp_path / "a.root", events(5))
    columns = events(5)
    columns["pt_2"] = columns.pop("tau2_pt_reco")
    write(tmp_path / "b.root", columns)
    with pytest.raises(MissingColumnError, match=r"b\.root, tree 'Events': .* 'tau2_pt_reco' \(map tau2_pt_reco=pt_2"):
        rp.append_ml_mass([tmp_path / "a.root", tmp_path / "b.root"], model=model)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.root", "b.root"]


def test_friend(tmp_path: Path, model: str) -> None:
    root = cpp.load_root()
    columns = events(300, seed=8)
    path = write(tmp_path / "in.root", columns)
    (made,) = rp.append_ml_mass(path, model=model, friend=True)
    assert made == tmp_path / "in_ml_mass_friend.root"
    chain = root.TChain("Events")
    chain.Add(str(path))
    chain.AddFriend("Events_ml_mass", str(made))
    close(root.RDataFrame(chain).AsNumpy(["ml_mass"])["ml_mass"], expected(columns))


def test_no_entries(tmp_path: Path, model: str) -> None:
    columns = {name: values[:0] for name, values in events(1).items()}
    (made,) = rp.append_ml_mass(write(tmp_path / "in.root", columns), model=model)
    assert len(masses(made)) == 0


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"map": {"tau1_pt_reco": "tau1_pt_reco +"}}, CppError, "parameter 'map', input 'tau1_pt_reco'"),
        ({"map": {"tau1_pt_reco": "nothing"}}, MissingColumnError, "no column 'nothing'"),
        ({"map": {"tau9": "x"}}, ConfigError, "no input 'tau9'"),
        ({"units": "TeV"}, ConfigError, "GeV or MeV"),
        ({"branch": "a b"}, ConfigError, "cannot be the name of a branch"),
        ({"branch": "a/b"}, ConfigError, "cannot be the name of a branch"),
        ({"branch": "class"}, ConfigError, "no word of C\\+\\+"),
        ({"output": f"{'x' * 252}.root"}, OutputError, "File name too long"),
        ({"in_place": True, "friend": True}, ConfigError, "exclude each other"),
        ({"tree": "Event"}, InputError, "Event"),
        ({"channel": "mt"}, ConfigError, "leave one of them out"),
        ({"backend": "cuda"}, ConfigError, "cuda"),
    ],
)
def test_what_is_wrong_is_one_line_and_leaves_nothing(
    tmp_path: Path, model: str, options: Any, error: type, message: str
) -> None:
    path = write(tmp_path / "in.root", events(5))
    before = path.read_bytes()
    with pytest.raises(error, match=message) as raised:
        rp.append_ml_mass(path, model=model, **options)
    assert "\n" not in str(raised.value)
    assert [file.name for file in tmp_path.iterdir()] == ["in.root"]
    assert path.read_bytes() == before


def test_command(tmp_path: Path, model: str) -> None:
    columns: dict[str, Any] = events(100, seed=9, odd=0)
    del columns["N_neutrinos_reco"]
    columns["pt_1"] = columns.pop("tau1_pt_reco")
    path = write(tmp_path / "in.root", columns)
    checked = CliRunner().invoke(cli, ["add-ml-mass", str(path), "--model", model, "--check"])
    assert checked.exit_code == 2
    assert "tau1_pt_reco              GeV   MISSING (map tau1_pt_reco=pt_1?)" in checked.output
    assert "N_neutrinos_reco                MISSING (give the channel: one of tt, mt" in checked.output
    options = ["--model", model, "--map", "tau1_pt_reco=pt_1", "--channel", "et"]
    checked = CliRunner().invoke(cli, ["add-ml-mass", str(path), *options, "--check"])
    assert checked.exit_code == 0, checked.output
    assert "mapped: pt_1" in checked.output
    assert [file.name for file in tmp_path.iterdir()] == ["in.root"]
    done = CliRunner().invoke(cli, ["add-ml-mass", str(path), *options])
    assert done.exit_code == 0, done.output
    assert done.stdout.strip() == str(tmp_path / "in_ml_mass.root")
    columns["tau1_pt_reco"] = columns.pop("pt_1")
    close(masses(tmp_path / "in_ml_mass.root"), expected(columns, channel="et"))
    again = CliRunner().invoke(cli, ["add-ml-mass", str(path), *options])
    assert again.exit_code == 2
    assert "is there already; force=True (--force) replaces it" in again.output
    wrong = CliRunner().invoke(cli, ["add-ml-mass", str(path), "--map", "tau1_pt_reco"])
    assert wrong.exit_code == 2
    assert "--map takes INPUT=COLUMN" in wrong.output


def test_masses_of_another_met_have_no_estimate(tmp_path: Path, model: str) -> None:
    """Of inputs that contradict each other a network may say anything: no number is better than a wrong one."""
    columns = events(2000, seed=10, odd=0)
    rng = np.random.default_rng(1)
    columns["PuppimT1_reco"] = columns["PuppimT1_reco"] * rng.uniform(0.5, 1.5, 2000)
    path = write(tmp_path / "in.root", columns)
    lines: list[str] = []
    (made,) = rp.append_ml_mass(path, model=model, say=lines.append)
    wanted = expected(columns)
    assert np.isnan(wanted).sum() > 1000
    close(masses(made), wanted)
    text = "\n".join(lines)
    assert "entries have no estimate" in text
    assert (
        "PuppimT1_reco contradicts tau1_pt_reco, tau1_phi_reco, PuppiMET_pt_reco, PuppiMET_phi_reco (of anoth" in text
    )
    lines.clear()
    derived = {"PuppimT1_reco": "derived", "PuppimTtot_reco": "derived"}
    (made,) = rp.append_ml_mass(path, model=model, map=derived, branch="other", say=lines.append)
    close(masses(made, "other"), expected({name: columns[name] for name in columns if name not in derived}))
    assert not np.isnan(masses(made, "other")).any()


def test_what_is_far_from_the_training_is_warned_of(tmp_path: Path, model: str) -> None:
    columns = events(500, seed=11, odd=0)
    for name in columns:
        if "pt" in name.split("_") or "mT" in name:
            columns[name] = columns[name] * 1000  # MeV, and nobody said so
    lines: list[str] = []
    rp.append_ml_mass(write(tmp_path / "in.root", columns), model=model, say=lines.append)
    assert any("are the units (GeV or MeV) and the columns right?" in line for line in lines)
