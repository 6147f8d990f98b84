"""The command line: options, listings, exit codes, what goes to which stream; no traceback that was not asked for."""

from __future__ import annotations

import inspect
import math
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import uproot
from click.testing import CliRunner

from rdfplugins import __version__
from rdfplugins.cli import cli
from rdfplugins.cli.common import errors_to_exit_codes
from rdfplugins.errors import InputError
from rdfplugins.nodes import base
from rdfplugins.nodes.base import type_text, unit_text
from rdfplugins.paths import shipped
from rdfplugins.shipped import shipped_configs
from rdfplugins.simulate import MODES, simulate_hgg
from tests.select import helpers

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

SHIPPED = [
    *("ditau.yaml", "ditau_nanoaod.yaml", "ditau_outreach.yaml"),
    *("hgg.yaml", "hgg_2025.yaml", "hgg_df104.yaml", "hgg_notebook.yaml", "hgg_opendata.yaml", "hgg_systematics.yaml"),
]
NODES = ["collections.pad", "diphoton.features", "diphoton.select", "diphoton.weights"]


def call(*words: str | Path) -> Result:
    result = CliRunner().invoke(cli, [str(word) for word in words])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def command(*words: str | Path, cwd: Path, **options: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path), **options}
    line = [sys.executable, "-m", "rdfplugins.cli", *map(str, words)]
    return subprocess.run(line, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return helpers.write_columns(tmp_path_factory.mktemp("good") / "good.root", helpers.small_columns())


@pytest.fixture
def config(tmp_path: Path, good: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A config in the current folder."""
    monkeypatch.chdir(tmp_path)
    data = helpers.small_config([str(good)], select__output__exports=["tsv"])
    data["input"]["samples"]["two"] = {"kind": "mc", "files": [str(good)]}
    return helpers.write_config(tmp_path, data).name


# -- help and version


@pytest.mark.parametrize("words", [["--help"], ["-h"]])
def test_help(words: list[str]) -> None:
    result = call(*words)
    assert result.exit_code == 0
    for name in ("run", "nodes", "configs", "simulate", "rdfrun CONFIG.yaml", "configs/hgg.yaml"):
        assert name in result.stdout


@pytest.mark.parametrize("name", ["run", "nodes", "configs", "simulate"])
def test_help_of_a_command(name: str) -> None:
    result = call(name, "--help")
    assert result.exit_code == 0
    assert result.stdout.startswith(f"Usage: cli {name} [OPTIONS]")


def test_help_names_every_option() -> None:
    text = call("run", "-h").stdout
    for option in ("--stage", "--sample", "-o", "-j", "--max-events", "--set", "--dry-run", "--force", "-q", "-v"):
        assert option in text


def test_version() -> None:
    result = call("--version")
    assert (result.exit_code, result.stdout) == (0, f"rdfrun, version {__version__}\n")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["nodes", "--nonsense"], "--nonsense"),
        (["run", "x.yaml", "--nonsense"], "--nonsense"),
        (["x.yaml", "--thread", "2"], "Did you mean '--threads'?"),
        (["x.yaml", "-j", "0"], "0 is not in the range"),
        (["x.yaml", "-j", "two"], "is not a valid integer"),
        (["x.yaml", "--max-events", "0"], "0 is not in the range"),
        (["nonsense"], "no command 'nonsense'"),
        (["run"], "Missing argument 'CONFIG'"),
        (["a.yaml", "b.yaml"], "Got unexpected extra argument (b.yaml)"),
    ],
)
def test_what_is_no_command(words: list[str], expected: str) -> None:
    result = call(*words)
    assert result.exit_code == 2
    assert expected in result.stderr
    assert "Traceback" not in result.output


# -- run


def test_the_main_form_is_the_command_run(config: str, tmp_path: Path) -> None:
    forms = [
        [config, "-o", "a", "--sample", "one"],
        ["-o", "b", "--sample", "one", config],
        ["--sample", "one", config, "-o", "c"],
        ["run", config, "--sample", "one", "-o", "d"],
    ]
    for words, folder in zip(forms, "abcd", strict=True):
        result = call(*words)
        assert result.exit_code == 0, result.output
        assert result.stdout.splitlines()[-1] == f"{folder}/one.root"
        with uproot.open(tmp_path / folder / "one.root") as file:
            assert sorted(file["events"]["y"].array(library="np")) == [2 * event + 0.5 for event in range(1, 21)]
        assert not (tmp_path / folder / "two.root").exists()


def test_what_is_printed(config: str) -> None:
    result = call(config)
    assert result.exit_code == 0
    lines = [line.rstrip() for line in result.stdout.splitlines()]
    assert lines[-3:] == ["out/one.root", "out/two.root", "out/config.tsv"]
    assert any(line.startswith("cut ") and "one" in line and "two" in line for line in lines)
    assert any(line.startswith("positive") for line in lines)
    warnings = result.stderr.splitlines()
    assert [line.partition(" ")[0] for line in warnings] == ["warning:", "warning:"]
    again = call(config)
    assert again.stdout == result.stdout
    assert again.stderr.splitlines() == [
        *warnings,
        "one: out/one.root is up to date",
        "two: out/two.root is up to date",
        "out/config.tsv is up to date",
    ]


def test_quiet(config: str, tmp_path: Path) -> None:
    for _ in range(2):
        result = call(config, "-q")
        assert (result.exit_code, result.output) == (0, "")
    assert (tmp_path / "out" / "config.tsv").is_file()
    result = call(config, "--quiet", "--sample", "thre")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "no sample 'thre' in config.yaml (it has: one, two)\n"


def test_options_reach_the_run(config: str, tmp_path: Path) -> None:
    words = ["--max-events", "7", "--set", "select.steps.0.filter.positive=x > 3", "--set", "input.units=MeV"]
    result = call(config, *words, "-j", "2", "--force", "--stage", "select")
    assert result.exit_code == 0, result.output
    record = helpers.provenance(tmp_path / "out" / "two.root")
    assert record["partial"] is True
    assert record["file_units"] == "MeV"
    assert [cut["events"] for cut in record["cutflow"]["cuts"]] == [7, 5]


def test_dry_run_opens_and_writes_nothing(config: str, tmp_path: Path) -> None:
    path = tmp_path / config
    text = path.read_text().replace("/good.root", "/nowhere.root")
    path.write_text(text)
    result = call(config, "--dry-run", "-o", "there")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("select: one (data): 1 file, ")
    assert lines[0].endswith("nowhere.root -> there/one.root")
    assert lines[1].startswith("select: two (mc): 1 file, ")
    assert lines[2] == "select: export -> there/config.tsv"
    assert [item.name for item in tmp_path.iterdir()] == [config]
    assert call(config, "--dry-run", "--sample", "two").stdout.startswith("select: two (mc): ")
    assert call(config, "-o", "there").exit_code == 2


def test_dry_run_finds_faults_of_nodes(config: str, tmp_path: Path) -> None:
    (tmp_path / config).write_text((tmp_path / config).read_text().replace("steps:", "steps:\n  - node: nowhere"))
    result = call(config, "--dry-run")
    assert result.exit_code == 2
    assert "unknown node 'nowhere'" in result.stderr


def test_dry_run_of_a_simulated_sample_simulates_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RDFPLUGINS_CACHE", str(tmp_path / "cache"))
    result = call("configs/hgg.yaml", "--dry-run")
    assert result.exit_code == 0
    assert "select: tt (mc): 20000 simulated events (hgg tt) -> out/hgg/tt.root" in result.stdout
    assert result.stdout.splitlines()[-1] == "report: plots and tables in out/hgg/report"
    assert list(tmp_path.iterdir()) == []


def test_the_shipped_config_serves_where_there_is_no_such_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    there = shipped("configs") / "hgg.yaml"
    for given in ("configs/hgg.yaml", "hgg.yaml"):
        result = call(given, "--dry-run")
        assert result.exit_code == 0
        assert result.stderr == f"{given} does not exist here; running the one that is shipped: {there}\n"
    result = call("other/hgg.yaml", "--dry-run")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("other/hgg.yaml: no such file; did you mean 'hgg.yaml'")
    (tmp_path / "hgg.yaml").write_text("version: 1\n")
    assert call("hgg.yaml", "--dry-run").exit_code == 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "empty"),
        ("version: 1\ninput: [", "config.yaml:"),
        ("version: 2\n", "config.yaml:1:"),
        ("a: 1\nb: 2\n", "config.yaml:"),
    ],
)
def test_config_that_is_none(tmp_path: Path, text: str, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yaml").write_text(text)
    result = call("config.yaml")
    assert (result.exit_code, result.stdout) == (2, "")
    assert expected in result.stderr
    assert "Traceback" not in result.stderr
    assert [item.name for item in tmp_path.iterdir()] == ["config.yaml"]


def test_all_faults_of_a_config_one_a_line(config: str, tmp_path: Path) -> None:
    text = (tmp_path / config).read_text().replace("units: GeV", "units: TeV").replace("kind: mc", "kind: mcc")
    (tmp_path / config).write_text(text)
    result = call(config)
    assert result.exit_code == 2
    lines = result.stderr.splitlines()
    assert len(lines) == 2
    assert all(line.startswith("config.yaml:") for line in lines)


def test_a_run_that_fails(config: str, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file where a folder should be")
    result = call(config)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "out: cannot be written: File exists\n"


def test_traceback_on_request_only(config: str) -> None:
    quiet = call(config, "--sample", "nowhere")
    assert "Traceback" not in quiet.output
    assert quiet.stderr.count("\n") == 1
    loud = call(config, "--sample", "nowhere", "-v")
    assert loud.exit_code == 2
    assert loud.stderr.startswith("Traceback (most recent call last):\n")
    assert loud.stderr.splitlines()[-1] == quiet.stderr.rstrip("\n")


def test_another_current_folder(config: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert call(f"../{config}", "-q").exit_code == 0
    assert (tmp_path / "elsewhere" / "out" / "one.root").is_file()
    assert not (tmp_path / "out").exists()


# -- nodes, configs, simulate


def test_nodes_one_name_a_line_where_no_one_looks() -> None:
    result = call("nodes")
    assert result.exit_code == 0
    assert set(NODES) <= set(result.stdout.splitlines())
    assert all(" " not in line for line in result.stdout.splitlines())


def in_yaml(value: object) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, tuple):
        return f"[{', '.join(map(in_yaml, value))}]"
    if isinstance(value, float) and math.isnan(value):
        return ".nan"
    return str(value)


@pytest.mark.parametrize("name", NODES)
def test_documentation_of_a_node_has_every_parameter(name: str) -> None:
    text = call("nodes", name).stdout
    node = base.find(name)
    rows = {line.split()[0]: line for line in text.splitlines() if line.startswith("  ") and line.split()}
    assert text.startswith(f"{name}\n")
    checked = 0
    for key, parameter in node.parameters.items():
        if key in {"sample", "units"}:
            assert key not in rows
            assert "given by the pipeline" in text
            continue
        kind, unit = type_text(node.types[key]), unit_text(node.types[key])
        assert kind in rows[key]
        assert f"{kind}, {unit}" in rows[key] if unit else f"{kind}," not in rows[key]
        required = parameter.default is inspect.Parameter.empty
        assert ("required" if required else f"default {in_yaml(parameter.default)}") in rows[key]
        checked += 1
    numbers = {"collections.pad": 6, "diphoton.weights": 0, "diphoton.select": 14, "diphoton.features": 1}
    assert checked == numbers[name]
    for word in ("Needs: ", "Makes: ", "Keeps: "):
        assert word in text


def test_units_of_thresholds_are_said() -> None:
    rows = [line.split() for line in call("nodes", "diphoton.select").stdout.splitlines()]
    assert ["min_pt", "a", "number,", "GeV", "default", "25.0"] in rows


def test_unknown_node() -> None:
    result = call("nodes", "diphoton.selct")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("unknown node 'diphoton.selct'; did you mean 'diphoton.select'")
    assert result.stderr.count("\n") == 1


def test_configs() -> None:
    result = call("configs")
    assert (result.exit_code, result.stdout.splitlines()) == (0, sorted(shipped_configs()))
    assert set(SHIPPED) <= set(result.stdout.splitlines())


@pytest.mark.parametrize("name", ["hgg", "hgg.yaml"])
def test_copy_of_a_config_never_replaces_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    result = call("configs", "--copy", name)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "hgg.yaml\n", "")
    copied = tmp_path / "hgg.yaml"
    assert copied.read_bytes() == (shipped("configs") / "hgg.yaml").read_bytes()
    copied.write_text("mine")
    result = call("configs", "--copy", name)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "hgg.yaml: is there already; remove it, or copy it elsewhere\n"
    assert copied.read_text() == "mine"
    copied.unlink()
    copied.symlink_to(tmp_path / "nowhere.yaml")
    assert call("configs", "--copy", name).exit_code == 2
    assert copied.is_symlink()


@pytest.mark.parametrize("name", ["hggg", "../hgg", "/etc/passwd", ""])
def test_copy_of_a_config_that_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    result = call("configs", "--copy", name)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"no shipped config '{name}'")
    assert list(tmp_path.iterdir()) == []


def test_simulate(tmp_path: Path) -> None:
    result = call("simulate", "hgg", "--mode", "VBF", "-n", "30", "--seed", "4", "-o", tmp_path / "new" / "er")
    assert result.exit_code == 0, result.output
    path = tmp_path / "new" / "er" / "hgg_VBF.root"
    assert result.stdout.startswith(f"{path}: 30 events, SIMULATION, xsec_pb: ")
    simulate_hgg(tmp_path / "same.root", mode="VBF", events=30, seed=4)
    with uproot.open(path) as one, uproot.open(tmp_path / "same.root") as two:
        for name in ("eventNumber", "mcWeight", "photon_n"):
            pair = [file["mini"][name].array(library="np").tolist() for file in (one, two)]
            assert pair[0] == pair[1]


def test_simulate_all_modes(tmp_path: Path) -> None:
    assert call("simulate", "hgg", "-n", "5", "-o", tmp_path).exit_code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(f"hgg_{mode}.root" for mode in MODES)


@pytest.mark.parametrize(
    ("words", "expected"),
    [(["--mode", "VBFF"], "VBF"), (["-n", "0"], "0"), (["--seed", "-1"], "-1")],
)
def test_simulate_what_cannot_be(tmp_path: Path, words: list[str], expected: str) -> None:
    result = call("simulate", "hgg", "-o", tmp_path, *words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert expected in result.stderr
    assert result.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


# -- processes of their own


def test_exit_codes_and_streams_of_a_process(config: str, tmp_path: Path) -> None:
    done = command(config, cwd=tmp_path)
    assert done.returncode == 0
    assert {line.partition(" ")[0] for line in done.stderr.splitlines()} == {"warning:"}
    assert done.stdout.splitlines()[-3:] == ["out/one.root", "out/two.root", "out/config.tsv"]
    assert "\x1b" not in done.stdout
    bad = command(config, "--sample", "three", cwd=tmp_path)
    assert (bad.returncode, bad.stdout, bad.stderr) == (2, "", "no sample 'three' in config.yaml (it has: one, two)\n")
    (tmp_path / "file").write_text("")
    failed = command(config, "-o", "file", cwd=tmp_path)
    assert (failed.returncode, failed.stdout, failed.stderr) == (1, "", "file: cannot be written: File exists\n")


@pytest.mark.parametrize(
    ("number", "told"), [(signal.SIGTERM, "interrupted by signal 15\n"), (signal.SIGINT, "interrupted\n")]
)
@pytest.mark.parametrize("made_of_it", [None, TypeError("could not convert argument 2"), InputError("a: unreadable")])
def test_a_signal_is_told_whatever_is_made_of_it(
    number: int, told: str, made_of_it: Exception | None, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a handler raises within a conversion of arguments for C++ becomes an error of the conversion."""

    def converted() -> None:
        try:
            signal.raise_signal(number)
        except BaseException:
            if made_of_it is None:
                raise
            raise made_of_it from None

    before = {one: signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGINT)}
    with pytest.raises(SystemExit) as ended, errors_to_exit_codes(verbose=False):
        converted()
    assert (ended.value.code, capsys.readouterr().err) == (130, told)
    assert before == {one: signal.getsignal(one) for one in before}


def test_a_fault_without_a_signal(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended, errors_to_exit_codes(verbose=False):
        raise TypeError("could not convert argument 2")
    assert ended.value.code == 1
    assert capsys.readouterr().err.startswith("unexpected TypeError: could not convert argument 2 (a fault of ours")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("add-ml-mass", ["weight file of TMVA; else the default", "Name of the branch, such as bdt", "Not of TMVA"]),
        ("models", ["for a weight file of TMVA the backends with each other, and with TMVA itself where ROOT has it"]),
    ],
)
def test_help_tells_of_weight_files(name: str, words: list[str]) -> None:
    text = " ".join(call(name, "--help").stdout.split())
    for word in words:
        assert word in text


def test_a_pipe_that_is_closed(config: str, tmp_path: Path) -> None:
    """As in ``rdfrun X.yaml | head -1``."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    child = subprocess.Popen(
        [sys.executable, "-m", "rdfplugins.cli", config],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stderr is not None
    child.stdout.close()
    assert "Traceback" not in child.stderr.read()
    child.stderr.close()
    assert child.wait(60) in {0, 1}
    assert (tmp_path / "out" / "config.tsv").is_file()


def test_a_progress_bar_on_a_terminal_only(config: str, tmp_path: Path) -> None:
    import pty

    parent, terminal = pty.openpty()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "TERM": "xterm"}
    child = subprocess.Popen(
        [sys.executable, "-m", "rdfplugins.cli", config],
        cwd=tmp_path,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=terminal,
        stderr=terminal,
    )
    os.close(terminal)
    seen = b""
    while True:
        try:
            piece = os.read(parent, 4096)
        except OSError:  # how Linux reports the end
            break
        if not piece:
            break
        seen += piece
    os.close(parent)
    assert child.wait(60) == 0
    text = seen.decode()
    assert "events" in text
    assert "\x1b[" in text
    assert "out/config.tsv" in text
    assert "Traceback" not in text


def test_nodes_need_no_root(tmp_path: Path) -> None:
    code = "import sys; from rdfplugins.cli import cli; cli(['nodes', 'diphoton.select'], standalone_mode=False);"
    code += "assert 'ROOT' not in sys.modules and 'matplotlib' not in sys.modules"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
