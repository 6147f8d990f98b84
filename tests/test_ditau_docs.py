"""What README and docs/ditau.md say of the di-tau nodes is what they do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from rdfplugins.cli import cli
from rdfplugins.config import load_config
from rdfplugins.nodes import ditau
from rdfplugins.nodes import ditau_settings as settings
from rdfplugins.paths import shipped
from tests.test_readme import blocks, expand, run_python

ROOT_FOLDER = Path(__file__).resolve().parent.parent
DOCS = (ROOT_FOLDER / "docs" / "ditau.md").read_text()


def code_in(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def ditau_block(language: str) -> str:
    (found,) = [block for block in blocks(language) if "ditau" in block]
    return found


def test_the_example_of_readme_runs_on_what_its_command_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    commands = [line.split("#")[0].split()[1:] for line in ditau_block("bash").splitlines()]
    assert [command[0] for command in commands] == ["configs/ditau.yaml", "simulate", "configs"]
    for command in commands[1:]:
        called = CliRunner().invoke(cli, command)
        assert called.exit_code == 0, called.output
    assert (tmp_path / "ditau_nanoaod.yaml").read_bytes() == (shipped("configs") / "ditau_nanoaod.yaml").read_bytes()
    printed = run_python(ditau_block("python"), tmp_path)
    number, mass = re.search(r"(\d+) events expected in 60 /fb, m_vis = (\d+) GeV", printed).groups()
    assert 1000 < int(number) < 3.05 * 59830
    assert 60 < int(mass) < 110


def test_every_column_is_documented() -> None:
    made = {*ditau.features.makes({}), *ditau.features.keeps({}), *ditau.select.makes({}), *ditau.weights.makes({})}
    documented: set[str] = set()
    for pattern in re.findall(r"`([A-Za-z][\w{},]*)`", DOCS):
        documented |= expand(pattern)
    legs = {name.replace("_1", "_2") for name in ("pt_1", "eta_1", "phi_1", "m_1", "q_1", "mt_1")}  # "the same with _2"
    assert not made - documented - legs


def test_the_inputs_stand_in_their_order() -> None:
    table = DOCS.partition("## The 27 inputs")[2].partition("The published weights")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    listed: list[str] = []
    for pattern in (pattern for row in rows for pattern in code_in(row)):
        head, _, rest = pattern.partition("{")
        inner, _, tail = rest.partition("}")
        listed += [f"{head}{part}{tail}" for part in inner.split(",")] if rest else [pattern]
    assert tuple(listed) == ditau.INPUTS


def test_the_cuts_of_the_channels_stand_in_their_order() -> None:
    table = DOCS.partition("Each channel has its own cutflow")[2].partition("Leg 1 is the first letter")[0]
    listed = [cut for line in table.splitlines() if line.startswith("| `") for cut in code_in(line.split("|")[1])]
    parameters = ditau.select.check({"triggers": dict.fromkeys(ditau.CHANNELS, "true")})
    for channel, cuts in ditau.select.channel_cuts(parameters).items():
        legs = {{"t": "tau", "m": "muon", "e": "electron"}[letter] for letter in channel}
        assert set(cuts) <= set(listed), channel
        for leg in legs:
            of_leg = [cut for cut in cuts if cut.startswith(f"{leg}_")]
            assert of_leg == [cut for cut in listed if cut.startswith(f"{leg}_")], channel
        others = [cut for cut in cuts if cut.partition("_")[0] not in {"tau", "muon", "electron"}]
        assert others == [cut for cut in listed if cut in others], channel
    assert "one_channel" in DOCS


def test_every_parameter_that_is_named_exists() -> None:
    """In ``name: value`` of the list for other ntuples."""
    known = {*ditau.select.parameters, *ditau.features.parameters, *ditau.weights.parameters}
    text = DOCS.partition("## Other ntuples")[2].partition("## Weights")[0]
    named = {pattern.partition(":")[0] for pattern in code_in(text) if re.match(r"[a-z_]+: ", pattern)}
    assert {"tau_vs_jet", "muon_min_pt", "tau_jet_index", "triggers", "tau_order"} <= named
    assert named - {"low_mt"} <= known


def test_the_numbers_of_the_tables_are_the_defaults() -> None:
    rows = dict(
        re.findall(r"^\| (τ in tt|τ in mt|τ in et|μ in mt[^|]*|e in et[^|]*) \| ([^\n]*) \|$", DOCS, re.MULTILINE)
    )
    numbers = {row: [float(number) for number in re.findall(r"(?<!Tau)(?<![\w.])\d+\.?\d*(?![\w)])", text)]
               for row, text in rows.items()}  # fmt: skip
    for channel in ("tt", "mt", "et"):
        expected = [settings.TAU_MIN_PT[channel], settings.TAU_MAX_ABS_ETA[channel]]
        assert numbers[f"τ in {channel}"][:2] == expected
        ids = [settings.TAU_MIN_VS_E[channel], settings.TAU_MIN_VS_MU[channel], settings.TAU_MIN_VS_JET[channel]]
        assert numbers[f"τ in {channel}"][-3:] == ids
    for row, channels, table, eta in (
        ("μ in mt; em; mm", ("mt", "em", "mm"), settings.MUON_MIN_PT, settings.MUON_MAX_ABS_ETA),
        ("e in et; em; ee", ("et", "em", "ee"), settings.ELECTRON_MIN_PT, settings.ELECTRON_MAX_ABS_ETA),
    ):
        pairs = [number for channel in channels for number in (table[channel], eta[channel])]
        assert numbers[row][:6] == pairs
    assert numbers["e in et; em; ee"][-3:] == [settings.ELECTRON_MAX_ISOLATION[c] for c in ("et", "em", "ee")]


@pytest.mark.parametrize("name", ["ditau_nanoaod", "ditau_outreach"])
def test_the_configs_that_are_named_have_no_fault(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NANOAOD_DIR", "somewhere")
    path = shipped("configs") / f"{name}.yaml"
    assert f"`{path.name}`" in DOCS
    config = load_config(path)
    nodes = [step["node"] for step in yaml.safe_load(path.read_text())["select"]["steps"] if "node" in step]
    assert nodes == ["ditau.weights", "ditau.select", "ditau.features"]
    assert config.input.key == ["run", "luminosityBlock", "event"]
