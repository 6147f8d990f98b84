"""What docs/resampling.md shows runs as it is written there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import h5py
import numpy as np
import uproot
import yaml

from rdfplugins.cli.run import run
from rdfplugins.config import ResampleOptions, load_any, load_config
from rdfplugins.config.resample import METHODS
from rdfplugins.simulate import trees
from tests import documents

if TYPE_CHECKING:
    import pytest

FOLDER = Path(__file__).resolve().parent.parent
DOCS = (FOLDER / "docs" / "resampling.md").read_text()


def test_all_of_it_in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands and Python, one after the other; the steps of batch jobs give what one run gives."""
    monkeypatch.chdir(tmp_path)
    printed, whole = [], None
    for language, content in documents.all_blocks(DOCS):
        if language == "bash":
            if "--flavour" in content:
                whole = Path("out/hgg/resample/train.root")
                before = uproot.open(whole)["events"]["event_key"].array(library="np")
                whole.unlink()
                whole.with_name("train.index.h5").unlink()
            documents.run_commands(content, events=4000)
        elif language == "python":
            printed.append(documents.run_python(content, tmp_path))
    assert whole is not None
    np.testing.assert_array_equal(uproot.open(whole)["events"]["event_key"].array(library="np"), before)
    rows = [line.split() for line in printed[0].splitlines()]
    assert [row[0] for row in rows] == list("01234")
    assert len({row[1] for row in rows}) == 1
    assert np.ptp([float(row[2]) for row in rows]) <= 3
    counts = re.findall(r"\d+", printed[1].partition("]")[0])
    assert counts[0] == counts[1]
    assert Path("out/hgg/resample/report/index.html").is_file()


def test_sections_are_valid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The section for a config that selects, and the whole config for files of others, which runs."""
    monkeypatch.chdir(tmp_path)
    section, whole, tables = (yaml.safe_load(block) for block in documents.blocks(DOCS, "yaml"))
    config = yaml.safe_load((FOLDER / "configs" / "hgg.yaml").read_text())
    path = tmp_path / "hgg.yaml"
    path.write_text(yaml.safe_dump({**config, **section}, sort_keys=False))
    assert load_config(path).resample is not None
    other = tmp_path / "my.yaml"
    other.write_text(yaml.safe_dump(whole, sort_keys=False))
    random = np.random.default_rng(1)
    for number, name in enumerate(("signal1", "b1", "b2")):
        columns = {
            "run": np.full(3000, number, np.int32),
            "event": np.arange(3000, dtype=np.int64),
            "pt": random.exponential(60.0 - 10 * number, 3000).astype(np.float32),
        }
        made = {key: trees.Column(values) for key, values in columns.items()}
        trees.write_tree(tmp_path / f"{name}.root", "Events", made, title="test")
    assert load_any(other).resample is not None
    documents.run_commands("rdfrun my.yaml\n", events=0)
    assert uproot.open("out/my/resample/train.root")["Events"].num_entries > 3000
    for name, low, high in (("ttbar", 0.0, 250e3), ("zprime", 250e3, 5e6)):
        table = np.zeros(6000, [("pt_btagJes", "f4"), ("absEta_btagJes", "f4"), ("HadronConeExclTruthLabelID", "i4")])
        table["pt_btagJes"] = random.uniform(low, high, 6000)
        table["absEta_btagJes"] = random.uniform(0, 2.5, 6000)
        table["HadronConeExclTruthLabelID"] = random.choice([0, 4, 5], 6000)
        with h5py.File(f"{name}.h5", "w") as file:
            file["jets"] = table
            file["tracks"] = random.normal(size=(6000, 5))
    tables["resample"]["options"]["max_lost_fraction"] = 1.0  # of few jets and many bins
    (tmp_path / "flavours.yaml").write_text(yaml.safe_dump(tables, sort_keys=False))
    documents.run_commands("rdfrun check flavours.yaml\nrdfrun flavours.yaml\n", events=0)
    with h5py.File("out/flavours/resample/train.h5") as file:
        np.testing.assert_array_equal(np.bincount(file["jets"]["class_id"]), [3000, 3000, 3000])
        assert file["tracks"].shape == (9000, 5)


def test_names_of_the_text_exist() -> None:
    methods = re.findall(
        r"^\| `(\w+)`(?:, `(\w+)`)? \|", DOCS.partition("## Methods")[2].partition("## ")[0], re.MULTILINE
    )
    assert {name for pair in methods for name in pair if name} == set(METHODS)
    of_methods = DOCS.partition("| method |")[2].partition("For all methods")[0]
    options = {name for line in of_methods.splitlines() for name in re.findall(r"`(\w+)`", line.rpartition(" | ")[2])}
    assert options - set(METHODS) - {"neyman"} <= set(ResampleOptions.model_fields)
    known = {name for parameter in run.params for name in parameter.opts}
    text = DOCS.partition("## How fast it is")[0]
    assert set(re.findall(r"(--[a-z_]+)", text)) - {"--copy"} <= known


def test_readme_shows_a_section_that_is_valid(tmp_path: Path) -> None:
    """And commands and files that there are."""
    readme = (FOLDER / "README.md").read_text().partition("## Training samples")[2].partition("\n## ")[0]
    (section,) = (yaml.safe_load(block) for block in documents.blocks(readme, "yaml"))
    config = yaml.safe_load((FOLDER / "configs" / "hgg.yaml").read_text())
    path = tmp_path / "hgg.yaml"
    path.write_text(yaml.safe_dump({**config, **section}, sort_keys=False))
    assert load_config(path).resample is not None
    training = load_config(FOLDER / "configs" / "ditau_training.yaml")
    assert training.resample is not None
    assert f"{training.select.output.dir}/resample/train.root" in readme
    known = {name for parameter in run.params for name in parameter.opts}
    assert set(re.findall(r"(--[a-z_]+)", readme)) - {"--copy"} <= known
