"""What docs/tmva.md says works as it is written there."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
import uproot
import yaml
from click.testing import CliRunner

import rdfplugins as rp
from rdfplugins.cli import cli
from rdfplugins.config.ml import MlConfig
from tests import documents
from tests.inference.tmva import weight_files

TEXT = (Path(__file__).resolve().parent.parent / "docs" / "tmva.md").read_text()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a weight file, and an ntuple that has its columns and some of other names."""
    monkeypatch.chdir(tmp_path)
    weight_files.write(tmp_path / "BDT.weights.xml", variables=4, expressions=("var1+var2", "var1-var2"), seed=5)
    names = ("var1", "var2", "x2", "x3", "pt_1", "met")
    with uproot.recreate("ntuple.root") as file:
        random = np.random.default_rng(1)
        file.mktree("events", {name: random.normal(0, 2, 300) for name in names})
    return tmp_path


def branch(path: str, name: str = "bdt") -> np.ndarray:
    """Return a branch of the tree ``events``."""
    with uproot.open(path) as file:
        return file["events"][name].array(library="np")


def test_all_of_it_in_an_empty_folder(folder: Path) -> None:
    commands, mapped = documents.blocks(TEXT, "bash")
    assert "var1+var2" in documents.run_commands(commands, events=0)
    expected = branch("ntuple_bdt.root")
    printed = documents.run_python("".join(documents.blocks(TEXT, "python")) + "print(response[:, 0].tolist())", folder)
    above, response = printed.strip().splitlines()
    assert int(above) == (expected > 0).sum()
    np.testing.assert_array_equal(np.array(json.loads(response)).astype(np.float32), expected)
    np.testing.assert_array_equal(branch("with_bdt.root"), expected)
    (folder / "ntuple_bdt.root").unlink()
    documents.run_commands(mapped, events=0)
    assert (branch("ntuple_bdt.root") != expected).any()
    columns = {name: branch("ntuple.root", name) for name in ("x2", "x3")}
    columns |= {"var1": branch("ntuple.root", "pt_1"), "var2": 0.001 * branch("ntuple.root", "met")}
    found = rp.load_model("BDT.weights.xml", backend="numpy").predict(columns)
    np.testing.assert_array_equal(branch("ntuple_bdt.root"), found[:, 0].astype(np.float32))


def test_the_section_is_one_of_a_config() -> None:
    (text,) = documents.blocks(TEXT, "yaml")
    assert MlConfig.model_validate(yaml.safe_load(text)["ml"]).branch == "bdt"


def test_the_refusal_is_the_one_that_is_quoted(folder: Path) -> None:
    path = folder / "other.xml"
    path.write_text((folder / "BDT.weights.xml").read_text().replace('"BDT::', '"Likelihood::'))
    result = CliRunner().invoke(cli, ["models", str(path)])
    (quoted,) = re.findall(r"`(the method 'Likelihood' [^`]*)`", " ".join(TEXT.split()))
    assert (result.exit_code, quoted in result.output) == (2, True)
