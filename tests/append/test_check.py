"""``rdfrun add-ml-mass --check``: what it finds before anything runs, and the command with which it ends."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import uproot
from click.testing import CliRunner

import rdfplugins as rp
from rdfplugins import cpp
from rdfplugins.append.command import command
from rdfplugins.cli import cli
from rdfplugins.errors import MissingColumnError
from rdfplugins.nodes.ditau import INPUTS
from tests.append.test_append_ml_mass import masses, write
from tests.nodes.mass_helpers import events, network, write_model
from tests.nodes.test_mass_models import close, expected

if TYPE_CHECKING:
    from pathlib import Path

# as ntuples of CMS analyses have them; the rest is derived, or follows from the channel
SHARED = {
    **{f"tau{leg}_{what}_reco": f"{what}_{leg}" for leg in (1, 2) for what in ("pt", "eta", "phi")},
    **{f"jet{rank}_{what}_reco": f"j{what}_{rank}" for rank in (1, 2) for what in ("pt", "eta", "phi")},
    "PuppiMET_pt_reco": "met",
    "PuppiMET_phi_reco": "metphi",
    "PU_npvsGood_reco": "npv",
    "MET_covXX_reco": "metcov00",
    "MET_covXY_reco": "metcov01",
    "MET_covYY_reco": "metcov11",
}
REMAINING = tuple(name for name in INPUTS if name.startswith("remaining_jets"))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_model(tmp_path_factory.mktemp("models") / "small", network()))


@pytest.fixture
def ntuple(tmp_path: Path) -> Path:
    columns: dict[str, Any] = events(50, seed=20, odd=0)
    ours = {theirs: columns[name] for name, theirs in SHARED.items()}
    return write(tmp_path / "in.root", {**ours, "njets": np.full(50, 4, np.int32), "odd name": np.zeros(50)})


def run(*words: object) -> tuple[int, str]:
    done = CliRunner().invoke(cli, ["add-ml-mass", *map(str, words)])
    return done.exit_code, done.output


def maps(values: dict[str, str]) -> list[str]:
    return [word for name, text in values.items() for word in ("--map", f"{name}={text}")]


def test_it_ends_with_a_command_that_maps_what_looks_like_inputs(ntuple: Path, model: str) -> None:
    code, text = run(ntuple, "--model", model, "--branch", "m", "--check")
    assert code == 2
    start = text.index("rdfrun add-ml-mass")
    lines = text[start : text.index("\nand what is still missing")]
    pasted = shlex.split(lines.replace("\\\n", ""))  # as a shell goes on in the next line
    assert pasted[:3] == ["rdfrun", "add-ml-mass", str(ntuple)]
    given = dict(zip(pasted[3::2], pasted[4::2], strict=True))
    assert (given["--model"], given["--branch"]) == (model, "m")
    assert {word for word in pasted if "=" in word} == {f"{name}={of}" for name, of in SHARED.items()}
    assert f"still missing then: {', '.join(REMAINING)}, N_neutrinos_reco\n" in text
    assert "MISSING (map remaining_jets_pt_reco=0, as if there were no further jets? the training had them)" in text
    assert "MISSING (map 'remaining_jets_N_reco=njets > 2 ? njets - 2 : 0', the jets behind the second?)" in text
    # what is named as missing there makes it complete
    rest = dict.fromkeys(REMAINING, "0") | {"remaining_jets_N_reco": "njets > 2 ? njets - 2 : 0"}
    more = [*maps(rest), "--channel", "mt"]
    code, text = run(*pasted[2:], *more, "--check")
    assert code == 0, text
    assert "rdfrun add-ml-mass" not in text
    code, text = run(*pasted[2:], *more)
    assert code == 0, text


def test_a_command_is_quoted_and_leaves_out_what_is_as_by_default() -> None:
    options = {"tree": None, "branch": "ml_mass", "units": "MeV", "friend": True, "force": False, "output": "my out"}
    made = command(["a b.root"], {**options, "map": {"x": "a > 1 ? b : 0"}}, {"y": "c"})
    assert made.replace(" \\\n   ", "") == (
        "rdfrun add-ml-mass 'a b.root' --units MeV --friend -o 'my out' --map 'x=a > 1 ? b : 0' --map y=c"
    )


def test_a_file_of_maps(ntuple: Path, model: str, tmp_path: Path) -> None:
    lines = [f"{name}: {text}" for name, text in SHARED.items()] + [f"{name}: 0" for name in REMAINING]
    given = tmp_path / "map.yaml"
    given.write_text("\n".join(lines))
    code, text = run(ntuple, "--model", model, "--channel", "tt", "--map", f"@{given}")
    assert code == 0, text
    columns: dict[str, Any] = {name: values for name, values in events(50, seed=20, odd=0).items() if name in SHARED}
    columns |= {name: np.zeros(50) for name in REMAINING}
    close(masses(tmp_path / "in_ml_mass.root"), expected(columns, channel="tt"))
    code, text = run(ntuple, "--model", model, "--map", f"@{given}", "--map", "tau1_pt_reco=pt_1")
    assert (code, text) == (2, "--map gives 'tau1_pt_reco' twice\n")
    given.write_text("tau1_pt_reco: pt_1\ntau2_pt_reco: [pt_2]\n")
    code, text = run(ntuple, "--map", f"@{given}")
    assert (code, text) == (2, f"{given}:2: a column or an expression is expected for 'tau2_pt_reco'\n")
    code, text = run(ntuple, "--map", f"@{tmp_path}/none.yaml")
    assert code == 2
    assert "none.yaml" in text


@pytest.mark.parametrize(
    ("expression", "fault"),
    [
        ("ptt_1", "WRONG: parameter 'map', input 'tau1_pt_reco': there is no column 'ptt_1'; did you mean 'pt_1'"),
        ("pt_1 +", "WRONG: parameter 'map', input 'tau1_pt_reco' does not compile: expected expression"),
        ("ROOT::RVecD{pt_1, 2.}", "is of type ROOT::VecOps::RVec<double>, and a number once an event is needed"),
    ],
)
def test_what_is_mapped_is_there_and_compiles(ntuple: Path, model: str, expression: str, fault: str) -> None:
    values = {**SHARED, **dict.fromkeys(REMAINING, "0"), "tau1_pt_reco": expression, "tau2_pt_reco": "pt_2 * 1.0"}
    before = sorted(ntuple.parent.iterdir())
    code, text = run(ntuple, "--model", model, "--channel", "mt", *maps(values), "--check")
    assert code == 2
    assert fault in text
    assert "mapped: pt_2 * 1.0" in text
    code, ran = run(ntuple, "--model", model, "--channel", "mt", *maps(values), "-o", ntuple.parent / "new" / "x.root")
    assert code == 2
    assert fault.removeprefix("WRONG: ") in ran
    assert sorted(ntuple.parent.iterdir()) == before  # no folder either


def test_a_branch_or_an_output_that_is_there(tmp_path: Path, model: str) -> None:
    path = write(tmp_path / "in.root", {**events(5), "score": np.zeros(5)})
    code, text = run(path, "--model", model, "--branch", "score", "--check")
    assert code == 2
    assert "there is a branch 'score' already; force=True (--force) replaces it" in text
    assert run(path, "--model", model, "--branch", "score", "--check", "--force")[0] == 0
    assert run(path, "--model", model, "--branch", "score")[0] == 2
    (tmp_path / "in_ml_mass.root").touch()
    for more in ([], ["--check"]):
        code, text = run(path, "--model", model, *more)
        assert code == 2
        assert f"{tmp_path}/in_ml_mass.root: is there already; force=True (--force) replaces it, or name" in text
    assert run(path, "--model", model, "-o", tmp_path / "new" / "x.root", "--check")[0] == 0
    assert not (tmp_path / "new").exists()


def test_a_branch_that_is_replaced_is_not_read(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "one", network((1, 4, 1)), ["x"])
    path = write(tmp_path / "in.root", {"x": np.arange(5.0), "m": np.arange(5.0), "x.m": np.arange(5.0)})
    for options, fault in (
        (["--branch", "x"], "branch 'x' is to be replaced, and is an input of the model; choose another name"),
        (["--branch", "m", "--map", "x=m*1.0"], "branch 'm' is to be replaced, and is read for the input 'x' of the m"),
    ):
        for more in ([], ["--check"], ["--in-place"]):
            code, text = run(path, "--model", folder, "--force", *options, *more)
            assert code == 2
            assert fault in text
    with uproot.open(path) as file:
        assert file["Events"]["x"].array(library="np").tolist() == [0, 1, 2, 3, 4]
    assert run(path, "--model", folder, "--force", "--branch", "m", "--map", "x=2 * x", "--in-place")[0] == 0


def test_what_is_to_be_done_fits_what_is_wrong(ntuple: Path, model: str) -> None:
    _, text = run(ntuple, "--model", model, "--check")
    assert text.endswith(
        "this cannot run as it is: name what holds what is missing with --map, and give the channel (--channel,"
        " --channel-column)\n"
    )
    rest = maps({**SHARED, **dict.fromkeys(REMAINING, "0")})
    _, text = run(ntuple, "--model", model, *rest, "--check")
    assert text.endswith("this cannot run as it is: give the channel (--channel, --channel-column)\n")
    _, text = run(ntuple, "--model", model, *rest, "--channel", "mt", "--map", "tau2_mass=1", "--check")
    assert "--map" not in text.splitlines()[-1]
    _, text = run(ntuple, "--model", model, *rest, "--channel", "mt", "--branch", "met", "--check")
    assert text.endswith("this cannot run as it is: see to what is told above\n")


def test_what_computes_is_there(ntuple: Path, model: str) -> None:
    rest = [*maps({**SHARED, **dict.fromkeys(REMAINING, "0")}), "--channel", "mt", "--model", model]
    for options, fault in (
        (["--backend", "tmva"], "backend tmva takes weight files of TMVA, and this is none"),
        (["--backend", "nothing"], "unknown backend 'nothing'"),
        (["--backend", "cpp", "--precision", "bfloat16"], "backend cpp has no precision bfloat16"),
    ):
        for more in ([], ["--check"]):
            code, text = run(ntuple, *rest, *options, *more)
            assert code == 2
            assert fault in text
    assert run(ntuple, *rest, "--backend", "numpy", "--check")[0] == 0


def test_an_rntuple(tmp_path: Path, model: str) -> None:
    with uproot.recreate(tmp_path / "in.root") as file:
        file.mkrntuple("events", events(5))
    for more in ([], ["--check"]):
        code, text = run(tmp_path / "in.root", "--model", model, *more)
        assert code == 2
        assert "in.root: 'events' is an RNTuple, to which no field can be added: define the column in the graph" in text


def test_units_that_are_not_known_name_the_card_that_is_read(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "one", network((1, 4, 1)), ["x"])
    path = write(tmp_path / "in.root", {"x": np.zeros(5)})
    code, text = run(path, "--model", folder, "--units", "MeV", "--check")
    assert code == 2
    assert f"name it in {folder}/card.yaml (units: {{x: GeV}}" in text
    (folder / "card.yaml").write_text("units: {x: none}\n")
    code, text = run(path, "--model", folder, "--units", "MeV", "--check")
    assert code == 0, text
    assert "  x                               found" in text


def test_what_is_missing_in_nanoaod(tmp_path: Path, model: str) -> None:
    """Vectors cannot stand for an input, and are not suggested."""
    df = cpp.load_root().RDataFrame(3).Define("Tau_pt", "ROOT::RVecF{20, 30}").Define("nTau", "2u")
    df = df.Define("Muon_pt", "ROOT::RVecF{20}").Define("nMuon", "1u").Define("tau1_pt_rec", "ROOT::RVecF{20}")
    df = df.Define("PuppiMET_pt", "30.f")
    df.Snapshot(
        "Events", str(tmp_path / "nano.root"), ["Tau_pt", "nTau", "Muon_pt", "nMuon", "tau1_pt_rec", "PuppiMET_pt"]
    )
    code, text = run(tmp_path / "nano.root", "--model", model, "--check")
    assert code == 2
    assert "'Tau_pt'" not in text
    assert "'tau1_pt_rec'" not in text
    assert "--map PuppiMET_pt_reco=PuppiMET_pt\n" in text
    (told,) = [line for line in text.splitlines() if "NanoAOD" in line]
    assert "node ditau.select" in told
    assert "configs/ditau_nanoaod.yaml" in told
    with pytest.raises(MissingColumnError, match=r"23 inputs .*N_neutrinos_reco; this is NanoAOD"):
        rp.append_ml_mass(tmp_path / "nano.root", model=model)


def test_an_option_that_stands_twice(ntuple: Path) -> None:
    for option in ("--branch", "--model", "--tree", "-o", "--channel", "--channel-column"):
        code, text = run(ntuple, option, "a", option, "b")
        assert code == 2
        assert "is given 2 times; a run takes one" in text
