"""What README says works as it is written there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import rdfplugins as rp
from rdfplugins.config import load_config
from rdfplugins.nodes import diphoton
from rdfplugins.simulate import simulate_hgg

ROOT_FOLDER = Path(__file__).resolve().parent.parent
README = (ROOT_FOLDER / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def run_python(code: str, folder: Path) -> str:
    result = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_pyroot_example_runs_and_finds_the_higgs(tmp_path: Path) -> None:
    simulate_hgg(tmp_path / "hgg_gg.root", mode="gg", events=20000)
    printed = run_python(blocks("python")[0], tmp_path)
    number, mass = re.search(r"(\d+) events expected in 10 /fb, m = ([\d.]+) GeV", printed).groups()
    assert 350 < int(number) < 550
    assert 124.5 < float(mass) < 125.5
    assert "two_good_photons" in printed


def test_node_example_is_a_node(tmp_path: Path) -> None:
    used = "\nimport ROOT\ndf = ROOT.RDataFrame(4).Define('jet_n', 'rdfentry_')\n"
    assert (
        run_python(blocks("python")[1] + used + "print(two_jets(df).Sum('n_extra_jets').GetValue())", tmp_path)
        == "1.0\n"
    )


def test_config_example_has_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(blocks("yaml")[0])
    config = load_config(path)
    assert [type(step).__name__ for step in config.select.steps] == [
        *("NodeStep", "FilterStep", "NodeStep", "NodeStep", "DefineStep"),
    ]


def test_config_example_runs(tmp_path: Path) -> None:
    """On files of its two samples; all else is as it stands."""
    text = blocks("yaml")[0]
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
