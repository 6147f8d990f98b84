"""What docs/ml_mass.md shows runs as it is written there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import uproot
from click.testing import CliRunner

from rdfplugins.cli import cli
from rdfplugins.config import MlConfig, load_config
from rdfplugins.nodes import ditau
from rdfplugins.simulate import trees
from tests.select import helpers

DOCS = (Path(__file__).resolve().parent.parent / "docs" / "ml_mass.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", DOCS, re.MULTILINE | re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with ``ntuple.root``, of no particular physics."""
    random = np.random.default_rng(1)
    columns = {name: trees.Column(random.uniform(2, 2.9, 100).astype(np.float32)) for name in ditau.INPUTS}
    columns["N_neutrinos_reco"] = trees.Column(np.full(100, 2, np.int32))
    trees.write_tree(tmp_path / "ntuple.root", "events", columns, title="test")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("number", range(3))
def test_python(folder: Path, number: int) -> None:
    assert len(blocks("python")) == 3
    done = subprocess.run(
        [sys.executable, "-c", blocks("python")[number]], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    if number == 0:
        with uproot.open(folder / "ntuple_ml_mass.root") as file:
            assert file["events"]["ml_mass"].num_entries == 100


def test_commands(folder: Path) -> None:
    """Those that need nothing but the file; of the others the options are taken."""
    for line in blocks("bash")[0].splitlines():
        words = line.split("#")[0].split()
        assert words[:2] == ["rdfrun", "add-ml-mass"]
        plain = not {"--tree", "--map"} & set(words)
        result = CliRunner().invoke(cli, words[1:])
        assert (result.exit_code == 0) == plain, result.output
        assert "no such option" not in result.output.lower()


def test_config(tmp_path: Path) -> None:
    data = helpers.small_config("x.root")
    path = helpers.write_config(tmp_path, data)
    text = path.read_text()
    (block,) = blocks("yaml")
    _, _, histograms = block.partition("  # ...\n")
    head, _, rest = text.partition("select:\n")
    path.write_text(f"{head}select:\n{rest}{histograms}")
    config = load_config(path)
    assert list(config.ml_histograms) == ["ml_mass"]
    assert set(re.findall(r"^  (?:# )?(\w+):", histograms.partition("ml:")[2], re.MULTILINE)) >= set(
        MlConfig.model_fields
    ) - {"channel_column"}


def test_every_input_is_in_the_table() -> None:
    named = set()
    for first, inner, last in re.findall(r"`(\w*?)(?:\{([\w,]+)\}(\w*))?`", DOCS.partition("## Inputs")[2]):
        named |= {first + word + last for word in (inner.split(",") if inner else [""])}
    assert set(ditau.INPUTS) <= named
