"""What docs/ml_mass.md shows runs as it is written there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import uproot
import yaml

from rdfplugins.cli.append import add_ml_mass
from rdfplugins.config import MlConfig, load_config
from rdfplugins.nodes import ditau
from tests import documents
from tests.select import helpers

if TYPE_CHECKING:
    import pytest

FOLDER = Path(__file__).resolve().parent.parent
DOCS = (FOLDER / "docs" / "ml_mass.md").read_text()


def column(path: Path, name: str = "ml_mass", tree: str = "events") -> np.ndarray:
    with uproot.open(path) as file:
        return file[tree][name].array(library="np")


def test_all_of_it_in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands and Python, one after the other; what one leaves must not stop the next."""
    monkeypatch.chdir(tmp_path)
    printed = []
    for language, content in documents.all_blocks(DOCS):
        if language == "bash":
            documents.run_commands(content, events=4000)
        elif language == "python":
            printed.append(documents.run_python(content, tmp_path))
    with uproot.open("ntuple.root") as file:
        assert "ml_mass" not in file["events"]
    mass = column(tmp_path / "ntuple_ml_mass.root")
    assert len(mass) > 100
    assert 100 < np.median(mass) < 150
    for name in ("with_mass.root", "mine.root", "from_python.root"):
        np.testing.assert_array_equal(column(tmp_path / name), mass)
    np.testing.assert_array_equal(column(tmp_path / "ntuple_ml_mass_friend.root", tree="events_ml_mass"), mass)
    mapped = column(tmp_path / "mapped.root")
    assert not np.isnan(mapped).any()  # the transverse masses have followed
    assert np.mean(mapped) > np.mean(mass)
    assert printed[0] == f"{np.mean(mass, dtype=np.float64):.0f} GeV\n"
    assert printed[-1] == "ditau_3x256 cpp 27\n"


def test_commands_of_the_text_have_these_options() -> None:
    known = {name for parameter in add_ml_mass.params for name in parameter.opts}
    named = set(re.findall(r"`(--[a-z-]+)", DOCS.partition("## Inputs")[0])) - {"--stage", "--sample", "--dry-run"}
    assert {"--tree", "--model", "--map", "--channel", "--channel-column", "--units", "--force"} <= named <= known


def test_config(tmp_path: Path) -> None:
    data = helpers.small_config("x.root")
    path = helpers.write_config(tmp_path, data)
    text = path.read_text()
    block, mapping = documents.blocks(DOCS, "yaml")
    _, _, histograms = block.partition("  # ...\n")
    head, _, rest = text.partition("select:\n")
    whole = f"{head}select:\n{rest}{histograms}"
    path.write_text(whole)
    config = load_config(path)
    assert list(config.ml_histograms) == ["ml_mass"]
    assert set(re.findall(r"^  (?:# )?(\w+):", histograms.partition("ml:")[2], re.MULTILINE)) >= set(
        MlConfig.model_fields
    ) - {"channel_column"}
    path.write_text(whole.replace("  map: {}", "\n".join(f"  {line}" for line in mapping.splitlines())))
    assert dict(load_config(path).ml[0].map) == yaml.safe_load(mapping)["map"]
    assert set(yaml.safe_load(mapping)["map"]) <= set(ditau.INPUTS)


def test_config_for_nanoaod_waits_for_two_signs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the # in front of ``ml:`` and of its histogram the config is one with the stage."""
    monkeypatch.setenv("NANOAOD_DIR", "/somewhere")
    text = (FOLDER / "configs" / "ditau_nanoaod.yaml").read_text()
    text = re.sub(r"^# (ml:|  model:|  branch:)", r"\1", text, flags=re.MULTILINE).replace("# ml_mass: {", "ml_mass: {")
    (tmp_path / "mine.yaml").write_text(text)
    config = load_config(tmp_path / "mine.yaml")
    assert [(entry.model, entry.branch) for entry in config.ml] == [("ditau_3x256", "ml_mass")]
    assert list(config.ml_histograms) == ["ml_mass"]


def test_every_input_is_in_the_table() -> None:
    named = set()
    for first, inner, last in re.findall(r"`(\w*?)(?:\{([\w,]+)\}(\w*))?`", DOCS.partition("## Inputs")[2]):
        named |= {first + word + last for word in (inner.split(",") if inner else [""])}
    assert set(ditau.INPUTS) <= named


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\((?!http)([^)]+)\)", DOCS):
        path, _, heading = target.partition("#")
        text = (FOLDER / "docs" / path).read_text() if path else DOCS
        headings = [
            re.sub(r"[^\w -]", "", line).strip().lower().replace(" ", "-")
            for line in text.splitlines()
            if line.startswith("#")
        ]
        assert not heading or heading in headings, target
