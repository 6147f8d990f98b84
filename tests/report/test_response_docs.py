"""What docs/response.md says of keys, defaults and limits is what the code has."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from rdfplugins.config import ResponseConfig, load_config
from rdfplugins.config.response import ESTIMATES
from rdfplugins.paths import shipped
from rdfplugins.report.response import events, numbers, separation
from rdfplugins.response import MASS_EDGES
from tests import documents

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "response.md").read_text()


def test_all_keys_are_documented_with_their_defaults() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", TEXT, re.MULTILINE))
    assert list(rows) == ResponseConfig.keys()
    assert re.findall(r"`(\w+)`", rows["estimates"]) == list(ESTIMATES)
    assert "all branches of the section `ml:`" in rows["estimates"]
    assert [float(edge) for edge in rows["edges"].split(", ")] == list(MASS_EDGES)
    assert rows["truth"] == f"`{ResponseConfig().truth}`"
    assert rows["weighted"] == "`false`"


def test_limits_are_those_of_the_code() -> None:
    words = " ".join(TEXT.split())
    assert f"fewer than {numbers.FEWEST} events with an estimate; one with fewer than {numbers.FEW} has open" in words
    assert f"over {separation.POWER_BINS} bins" in words
    assert events.MOST_ROWS == 2_000_000
    assert "Of more than two million events" in words


def test_the_example_is_one_of_a_config(tmp_path: Path) -> None:
    found = []
    for example in documents.blocks(TEXT, "yaml"):
        config = yaml.safe_load((shipped("configs") / "ditau.yaml").read_text())
        for section, values in yaml.safe_load(example).items():
            config[section] = {**config[section], **values} if section == "select" else values
        path = tmp_path / "ditau.yaml"
        path.write_text(yaml.safe_dump(config, sort_keys=False))
        found.append(load_config(path).report.response)
    assert found[0].separation.signal == ("H125",)
    assert found[1].truth == "m_true"
