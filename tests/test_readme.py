"""What README says works as it is written there."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import uproot
import yaml
from click.testing import CliRunner

import rdfplugins as rp
from rdfplugins.cli import cli
from rdfplugins.config import load_config
from rdfplugins.nodes import diphoton, variables
from rdfplugins.simulate import simulate_ditau, simulate_hgg
from tests import documents
from tests.documents import run_python
from tests.inference.tmva import weight_files

ROOT_FOLDER = Path(__file__).resolve().parent.parent
README = (ROOT_FOLDER / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return documents.blocks(README, language)


def test_pyroot_example_runs_and_finds_the_higgs(tmp_path: Path) -> None:
    simulate_hgg(tmp_path / "hgg_gg.root", mode="gg", events=20000)
    printed = run_python(blocks("python")[1], tmp_path)
    number, mass = re.search(r"(\d+) events expected in 10 /fb, m = ([\d.]+) GeV", printed).groups()
    assert 350 < int(number) < 550
    assert 124.5 < float(mass) < 125.5
    assert "two_good_photons" in printed


def test_from_zero_to_plot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands of that section, on fewer events; the plot that its code draws is there."""
    monkeypatch.chdir(tmp_path)
    commands = [line.split("#")[0].split() for line in blocks("bash")[2].splitlines()]
    assert [command[0] for command in commands] == ["rdfrun"] * 3
    copy, graph, run = (command[1:] for command in commands)
    assert CliRunner().invoke(cli, copy).exit_code == 0
    if shutil.which("dot"):
        assert CliRunner().invoke(cli, graph).exit_code == 0
        assert (tmp_path / "hgg.svg").is_file()
    step, _, rest = blocks("yaml")[0].partition("  histograms:\n")
    text = (tmp_path / "hgg.yaml").read_text()
    assert "  histograms:\n" in text
    text = re.sub(r"^    - node: diphoton\.select.*\n", step, text, flags=re.MULTILINE)
    text = re.sub(r"events: \d+", "events: 1500", text.replace("  histograms:\n", "  histograms:\n" + rest))
    (tmp_path / "hgg.yaml").write_text(text)
    checked = CliRunner().invoke(cli, ["check", "hgg.yaml"])
    assert checked.exit_code == 0, checked.output
    result = CliRunner().invoke(cli, run)
    assert result.exit_code == 0, result.output
    assert (tmp_path / "out" / "hgg" / "report" / "index.html").is_file()
    assert (tmp_path / "out" / "hgg" / "report" / "pt_yy.png").is_file()
    monkeypatch.setenv("MPLBACKEND", "Agg")
    run_python(blocks("python")[0], tmp_path)
    assert (tmp_path / "m_yy.png").stat().st_size > 5000


def test_measurement_example_runs(tmp_path: Path) -> None:
    """What a measurement adds, put into the config of the example before it."""
    for mode in ("gg", "data"):
        simulate_hgg(tmp_path / f"{mode}.root", mode=mode, events=1000)
    (tmp_path / "good_runs.json").write_text("[300000]")
    added = yaml.safe_load(blocks("yaml")[2])
    config = yaml.safe_load(blocks("yaml")[1])
    config["input"]["samples"] = {
        "gg": {"kind": "mc", "files": "gg.root"},
        "data": {"kind": "data", "files": "data.root"},
    }
    config["input"]["aliases"] = {}
    config["input"]["on_duplicate"] = added["input"]["on_duplicate"]
    config["select"] = {**config["select"], **added["select"], "include": []}
    config["select"]["output"]["dir"] = str(tmp_path / "out")
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    result = rp.run(tmp_path / "mine.yaml")
    assert [cut.name for cut in result.cutflow["data"].cuts][1] == "golden_json"
    with uproot.open(result.outputs["gg"]) as stored:
        assert {"variations/photon_pt_up/m_yy", "categories/vbf_like/m_yy"} <= set(stored.keys(cycle=False))
        assert {"jet_1_pt", "jet_4_E", "weight_trigger_sf_up", "category"} <= set(stored["events"].keys())
    assert {path.suffix for path in result.exports} == {".h5", ".parquet"}


def test_table_example_reads_what_the_shipped_config_writes(tmp_path: Path) -> None:
    config = yaml.safe_load((ROOT_FOLDER / "configs" / "hgg_systematics.yaml").read_text())
    for sample in config["input"]["samples"].values():
        sample["simulate"]["events"] = 300
    (tmp_path / "hgg_systematics.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    rp.run(tmp_path / "hgg_systematics.yaml", stages=["select"], output=tmp_path / "out" / "hgg_systematics")
    printed = run_python(blocks("python")[2] + "print(len(train), len(table), sorted(labels))", tmp_path)
    train, rows, names = printed.split(" ", 2)
    assert 0.55 < int(train) / int(rows) < 0.75
    assert names.strip() == "['VBF', 'Wp', 'Z', 'data', 'gg', 'tt']"


def test_node_example_is_a_node(tmp_path: Path) -> None:
    used = "\nimport ROOT\ndf = ROOT.RDataFrame(4).Define('jet_n', 'rdfentry_')\n"
    assert (
        run_python(blocks("python")[3] + used + "print(two_jets(df).Sum('n_extra_jets').GetValue())", tmp_path)
        == "1.0\n"
    )


def test_config_example_has_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(blocks("yaml")[1])
    config = load_config(path)
    assert [type(step).__name__ for step in config.select.steps] == [
        *("NodeStep", "FilterStep", "NodeStep", "NodeStep", "DefineStep"),
    ]


def test_config_example_runs(tmp_path: Path) -> None:
    """On files of its two samples; all else is as it stands."""
    text = blocks("yaml")[1]
    for mode, listed in (("gg", "[mc/ggH*.root]"), ("data", '[data/, "@more.txt", "root://server//path/file.root"]')):
        simulate_hgg(tmp_path / f"{mode}.root", mode=mode, events=3000)
        assert listed in text
        text = text.replace(listed, f"{mode}.root")
    (tmp_path / "mine.yaml").write_text(text)
    (tmp_path / "my_functions.h").write_text("#pragma once\n")
    result = rp.run(tmp_path / "mine.yaml", output=tmp_path / "out")
    assert (tmp_path / "out" / "report" / "m_yy.png").is_file()
    header = (tmp_path / "out" / "mine.tsv").read_text().partition("\n")[0].split("\t")
    identity = {"event_key", "split", "fold", "label"}
    assert set(header) == {"photon_1lead_pt", "photon_2lead_pt", "m_yy", "weight"} | identity
    assert result.cutflow["gg"].cuts[-1].name == "mass_window"
    assert result.cutflow["gg"].cuts[-1].events > 500


def test_mass_section_in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its commands, then its Python."""
    monkeypatch.chdir(tmp_path)
    commands = next(block for block in blocks("bash") if "add-ml-mass" in block)
    (code,) = [block for block in blocks("python") if "append_ml_mass" in block]
    assert rp.load_model().name in documents.run_commands(commands, events=4000).split()
    with uproot.open("ntuple_ml_mass.root") as file:
        mass = file["events"]["ml_mass"].array(library="np")
    assert len(mass) > 100
    printed = run_python(code + "print(len(model.inputs))", tmp_path)
    above, total, inputs = re.search(r"(\d+) of (\d+) events above 100 GeV\n(\d+)", printed).groups()
    with uproot.open("with_mass.root") as file:
        np.testing.assert_array_equal(file["events"]["ml_mass"].array(library="np"), mass)
    assert (int(above), int(total), int(inputs)) == ((mass > 100).sum(), len(mass), 27)


def test_tmva_section_in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its commands and its Python, with a weight file and an ntuple that has other names."""
    monkeypatch.chdir(tmp_path)
    weight_files.write(Path("BDT.weights.xml"), variables=4, expressions=("var1+var2", "var1-var2"), seed=5)
    model = rp.load_model("BDT.weights.xml", backend="numpy")
    columns = {name: np.random.default_rng(1).normal(0, 2, 500) for name in variables.columns(model.description)}
    with uproot.recreate("ntuple.root") as file:
        file.mktree("events", columns)
    (commands,) = [block for block in blocks("bash") if "--model BDT.weights.xml" in block]
    assert "BDT" in documents.run_commands(commands, events=0)
    with uproot.open("ntuple_bdt.root") as file:
        bdt = file["events"]["bdt"].array(library="np")
    np.testing.assert_array_equal(bdt, model.predict(columns)[:, 0].astype(np.float32))
    (code,) = [block for block in blocks("python") if 'model="BDT.weights.xml"' in block]
    assert int(run_python(code, tmp_path)) == (bdt > 0).sum()


def test_mass_section_is_one_of_a_config(tmp_path: Path) -> None:
    text = blocks("yaml")[1].replace("report:", next(block for block in blocks("yaml") if "ml:" in block) + "report:")
    (tmp_path / "mine.yaml").write_text(text)
    assert [entry.branch for entry in load_config(tmp_path / "mine.yaml").ml] == ["ml_mass"]


@pytest.mark.parametrize("command", ["rdfrun configs/hgg.yaml", "bin/pytest"])
def test_first_two_commands_stand_alone(command: str) -> None:
    line = next(block for block in blocks("bash") if command in block)
    assert line.startswith("python3 -m venv .venv && .venv/bin/pip install -e ")
    assert line.count("\n") == 1


def test_every_column_and_cut_is_documented() -> None:
    text = (ROOT_FOLDER / "docs" / "hgg.md").read_text()
    made = set(diphoton.features.makes({})) | set(diphoton.features.keeps({})) | set(diphoton.weights.makes({}))
    documented: set[str] = set()
    for pattern in re.findall(r"`([a-z][\w{},.]*)`", text, re.IGNORECASE):
        documented |= expand(pattern.replace("{...}", "{min,max,mean,sum,std}"))
    assert not made - documented
    checked = diphoton.select.check({"mass_window": (115.0, 135.0)})
    cuts = re.findall(r"^\| `(\w+)` \| (?!float|uint|as in)", text.partition("## Columns")[0], re.MULTILINE)
    assert tuple(cuts) == diphoton._cut_names(checked)


def expand(pattern: str) -> set[str]:
    """Return what a pattern with braces stands for: ``a_{b,c}`` -> a_b, a_c."""
    found = re.search(r"{([^{}]*)}", pattern)
    if found is None:
        return {pattern}
    return set().union(
        *(expand(pattern[: found.start()] + part + pattern[found.end() :]) for part in found[1].split(","))
    )


def test_a_model_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The config of that section, on a few events; the model that it makes has filled the branch."""
    pytest.importorskip("tensorflow")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mc").mkdir()
    for name, mass, events in (("low", (80, 300), 3000), ("high", (300, 1000), 1500)):
        simulate_ditau(tmp_path / "mc" / f"{name}_1.root", events=events, mass=mass)
    text = next(block for block in blocks("yaml") if "train:\n" in block)
    (tmp_path / "mine.yaml").write_text(text)
    result = rp.run("mine.yaml", overrides=["train.epochs=2", "train.widths=[16]", "train.batch=128"])
    assert result.models == (Path("models/mine"),)
    with uproot.open(result.outputs["high"]) as file:
        columns = file["events"].arrays(library="np")
    model = rp.load_model("mine", backend="numpy")
    found = model.predict(np.column_stack([columns[name] for name in model.inputs]))[:, 0]
    np.testing.assert_allclose(columns["ml_mass"], found, rtol=1e-4)
    assert np.isfinite(columns["m_fastmtt"]).all()
    assert (tmp_path / "out/mine/report/response.png").stat().st_size > 5000
