"""What README and docs/ditau.md say of the di-tau nodes is what they do."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uproot
import yaml
from click.testing import CliRunner

import rdfplugins as rp
from rdfplugins.cli import cli
from rdfplugins.config import load_config
from rdfplugins.errors import ConfigError
from rdfplugins.nodes import ditau
from rdfplugins.nodes import ditau_settings as settings
from rdfplugins.paths import shipped
from rdfplugins.simulate import simulate_ditau
from tests.test_readme import blocks, expand, run_python

ROOT_FOLDER = Path(__file__).resolve().parent.parent
DOCS = (ROOT_FOLDER / "docs" / "ditau.md").read_text()
README = (ROOT_FOLDER / "README.md").read_text()


def code_in(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL))


def docs_blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", DOCS, re.MULTILINE | re.DOTALL)


def ditau_block(language: str) -> str:
    others = ("ml-mass", "_training")
    (found,) = [block for block in blocks(language) if "ditau" in block and not any(word in block for word in others)]
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
    assert named <= known


def test_every_id_is_in_the_table_with_what_it_takes() -> None:
    table = DOCS.partition("| parameter | a column of |")[2].partition("A decision other than 0 or 1")[0]
    rows = [code_in(line.split("|")[1]) for line in table.splitlines() if line.startswith("| `")]
    decide, whole, decimals, numbers = (set(row) for row in rows)
    assert decide == set(settings.IDS) - set(settings.WITH_THRESHOLD)
    assert whole | decimals == set(settings.WITH_THRESHOLD)
    assert decimals == {"jet_btag"}
    assert numbers | {"tau_jet_index", "tau_order"} == set(settings.NUMBERS)


def test_the_triggers_of_simulated_files_are_those_that_are_listed(tmp_path: Path) -> None:
    simulate_ditau(tmp_path / "z.root", events=100)
    with uproot.open(tmp_path / "z.root") as file:
        made = {name for name in file["Events"].keys() if name.startswith("HLT_")}  # noqa: SIM118 - a tree
    listed = DOCS.partition("Simulated files have")[2].partition("\n-")[0]
    assert set(code_in(listed)) == made


def test_readme_counts_the_columns() -> None:
    made = [*ditau.features.makes({}), *ditau.features.keeps({}), *ditau.select.makes({}), *ditau.weights.makes({})]
    made += ditau.fastmtt.makes({})
    assert f"the 27 inputs, {len(set(made) - set(ditau.INPUTS))} more columns" in README


def test_the_examples_that_read_the_output_run(tmp_path: Path) -> None:
    """The second makes what the first reads, of fewer events; the third is tested with its node."""
    text = (shipped("configs") / "ditau.yaml").read_text()
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "ditau.yaml").write_text(re.sub(r"events: \d+", "events: 2000", text))
    read, run, _ = docs_blocks("python")
    cutflow = [line.split() for line in run_python(run, tmp_path).splitlines()]
    events = {words[0]: float(words[1]) for words in cutflow}
    assert next(iter(events)) == "all"
    assert list(events)[-1] == "dimuon_veto"
    stored, shape = run_python(read, tmp_path).splitlines()
    assert stored == str(events)
    selected, inputs, name = re.fullmatch(r"\((\d+), (\d+)\) (\w\w)", shape).groups()
    assert (float(selected), int(inputs)) == (events["dimuon_veto"], 27)
    assert name in ditau.CHANNELS


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of the example with cuts and scale factors of one's own: header, good runs, a sample of each kind."""
    folder = tmp_path_factory.mktemp("own")
    simulate_ditau(folder / "mc.root", events=6000, mass=125)
    simulate_ditau(folder / "data.root", mode="data", events=2000)
    (folder / "tau_sf.h").write_text(docs_blocks("cpp")[0])
    with uproot.open(folder / "data.root") as file:
        where = file["Events"].arrays(["run", "luminosityBlock"], library="np")
    middle = int(np.median(where["luminosityBlock"]))
    good = {str(run): [[1, middle]] for run in np.unique(where["run"])}
    (folder / "good_runs.json").write_text(json.dumps(good))
    return folder


def own_config(folder: Path, name: str, **changes: Any) -> Path:
    """Write the example with the input that it lacks; ``changes`` are those of the section ``select``."""
    example = yaml.safe_load(docs_blocks("yaml")[1])
    samples = {
        "mc": {"kind": "mc", "files": "mc.root", "xsec_pb": 3.0, "sum_of_weights": "runs"},
        "data": {"kind": "data", "files": "data.root"},
    }
    config = {
        "version": 1,
        "input": {"tree": "Events", "units": "GeV", "lumi_pb": 1000.0, "samples": samples},
        "select": {**example["select"], "output": {"dir": "out"}, **changes},
    }
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(config, sort_keys=False))
    return path


@pytest.fixture(scope="module")
def own_run(own: Path) -> rp.RunResult:
    return rp.run(own_config(own, "own"), output=own / "out")


def columns_of(result: rp.RunResult, sample: str) -> dict[str, np.ndarray]:
    with uproot.open(result.outputs[sample]) as file:
        return file["events"].arrays(library="np")


def test_scale_factors_of_legs_are_in_cutflow_channels_and_column(own: Path, own_run: rp.RunResult) -> None:
    plain = rp.run(own_config(own, "plain", weight="weight"), output=own / "plain")
    tree = columns_of(own_run, "mc")
    of_leg = {leg: np.where(tree[f"pt_{leg}"] < 60, 0.95, 0.90) for leg in (1, 2)}
    channel = tree["channel"]
    factor = np.select([channel == 0, channel <= 2], [of_leg[1] * of_leg[2], of_leg[2]], 1.0)
    np.testing.assert_allclose(tree["final_weight"], tree["weight"] * factor, rtol=1e-12)
    cutflow, without = own_run.cutflow["mc"], plain.cutflow["mc"]
    assert cutflow.cuts[-1].weighted == pytest.approx(tree["final_weight"].sum())
    assert without.cuts[-1].weighted == pytest.approx(tree["weight"].sum())
    for number, name in enumerate(ditau.CHANNELS):
        last = cutflow.channels[name][-1]
        assert last.weighted == pytest.approx(tree["final_weight"][channel == number].sum()), name
        assert (last.weighted < without.channels[name][-1].weighted * 0.96) == (number <= 2), name
    # what is not selected has factor 1: the first row loses what the cut in front of low_mt does
    names = [cut.name for cut in cutflow.cuts]
    lost = [[flow.cuts[row].weighted for flow in (without, cutflow)] for row in (0, names.index("one_channel"))]
    assert lost[0][0] - lost[0][1] == pytest.approx(lost[1][0] - lost[1][1])
    data = columns_of(own_run, "data")
    assert set(data["final_weight"]) == {1.0}


def test_a_cut_in_one_channel_and_columns_of_the_legs(own_run: rp.RunResult) -> None:
    for name, cuts in own_run.cutflow["mc"].channels.items():
        assert cuts[-1].name == "low_mt"
        before = next(cut for cut in reversed(cuts) if cut.name not in {"golden_json", "low_mt"})
        assert (cuts[-1].events < before.events) == (name in {"mt", "et"}), name
    tree = columns_of(own_run, "mc")
    has_tau = tree["channel"] <= 2
    assert set(tree["dm_2"][has_tau]) <= {0, 1, 2, 10, 11}
    assert set(tree["dm_2"][~has_tau]) == {-1}
    leptons = tree["channel"] > 0
    assert np.abs(tree["dxy_1"][leptons]).max() < 0.045


def test_good_runs_in_front_of_the_selection_are_refused(own: Path) -> None:
    steps = yaml.safe_load(docs_blocks("yaml")[1])["select"]["steps"]
    (good_runs,) = (step for step in steps if "golden_json" in step)
    steps.remove(good_runs)
    steps.insert(steps.index({"node": "ditau.select"}), good_runs)
    with pytest.raises(ConfigError, match="weight uses column 'channel' before line"):
        rp.run(own_config(own, "front", steps=steps), samples=["data"], output=own / "front")


def test_how_often_the_collinear_mass_has_no_solution(own_run: rp.RunResult) -> None:
    assert "no solution for 4 in 10" in DOCS
    assert np.isnan(columns_of(own_run, "mc")["m_coll"]).mean() == pytest.approx(0.4, abs=0.08)


def test_ids_of_2015_run_on_a_real_file(real_data: Path, tmp_path: Path) -> None:
    (step,) = yaml.safe_load(docs_blocks("yaml")[0])
    path = real_data / "nanoaod" / "nanoAOD_2015_CMS_Open_Data_ttbar.root"
    sample = {"kind": "mc", "files": str(path), "xsec_pb": 831.8, "sum_of_weights": 200.0}
    config = {
        "version": 1,
        "input": {"tree": "Events", "units": "GeV", "lumi_pb": 1.0, "samples": {"tt": sample}},
        "select": {"steps": [step], "output": {"dir": "out"}},
    }
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    cuts = rp.run(tmp_path / "c.yaml", output=tmp_path / "out").cutflow["tt"].channels["et"]
    events = {cut.name: cut.events for cut in cuts}
    assert events["all"] == 200
    assert events["electron_isolation"] > events["tau_decay_mode"] > events["tau_vs_e"] >= events["tau_vs_mu"]


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
