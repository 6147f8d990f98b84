"""Two thousand wrong configs: one line for each fault, with its place, or a run that is what the config says."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import uproot

from rdfplugins import pipeline
from rdfplugins.config import load_config
from rdfplugins.errors import RdfpluginsError
from rdfplugins.paths import shipped
from rdfplugins.simulate import simulate_hgg
from tests.config import mutations

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MACHINERY = re.compile(
    r"pydantic|(?<!_)validat|traceback|cppyy|input_line|\bvar\d|R_rdf|rdfp_(?!x)|template method|Error in <"
    r"|object at 0x|NoneType"
    r"|rdfp::runtime|value_error|type=|<class|\.py\b",
    re.IGNORECASE,
)
PLACE = re.compile(r"^config\.yaml:(\d+): ")
EVENTS = 300

# Runs the configs that are named on its input, one a line, in one process, in which the compiler keeps its state.
RUNNER = """
import json, sys, warnings
warnings.simplefilter("ignore")
import rdfplugins as rp
from rdfplugins.errors import RdfpluginsError
for line in sys.stdin:
    folder = line.strip()
    try:
        result = rp.run(f"{folder}/config.yaml", output=f"{folder}/out", max_events=50, say=lambda said: None)
        answer = [0, ""]
    except RdfpluginsError as error:
        answer = [error.exit_code, str(error)]
    except BaseException as error:
        answer = [99, f"TRACEBACK {error!r}"]
    print("ANSWER", json.dumps(answer), flush=True)
"""


def mutated(number: int, *, tree: bool | None = None, mini: bool = False, vary: bool = True) -> bytes:
    """Return the wrong config of this number; of the text for even ones, of the tree for odd ones, unless told.

    ``mini``: of those configs whose files are in the format that the tests simulate; without ``vary`` of those that
    have no variations, which take ten times as long.
    """
    chance = random.Random(number)
    texts = [path.read_text() for path in sorted(shipped("configs").glob("*.yaml"))]
    texts = [text for text in texts if not mini or "\n  tree: mini\n" in text]
    text = chance.choice([text for text in texts if vary or "- vary:" not in text])
    of_tree = number % 2 == 1 if tree is None else tree
    return mutations.of_tree(text, chance) if of_tree else mutations.of_text(text, chance)


def check_message(message: str, lines: int) -> None:
    """Each line of the message is one fault, in words of a user, at a line that exists."""
    for line in message.split("\n"):
        assert line.strip(), message
        assert all(char.isprintable() for char in line), line
        assert not MACHINERY.search(line), line
        place = PLACE.match(line)
        if place:
            assert 1 <= int(place[1]) <= lines, line
        else:
            assert line.startswith("config.yaml: "), line
        assert len(line) < 700, line


def plan(folder: Path, content: bytes) -> bool:
    """Load and plan; return whether that worked."""
    path = folder / "config.yaml"
    path.write_bytes(content)
    try:
        assert len(pipeline.plan("config.yaml")) >= 1
    except RdfpluginsError as error:
        fault = error
    else:
        return True
    assert fault.exit_code == 2
    check_message(str(fault), content.count(b"\n") + content.count(b"\r") + 1)
    return False


@pytest.mark.parametrize("numbers", [range(500), pytest.param(range(500, 2000), marks=pytest.mark.slow)])
def test_loading_and_planning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, numbers: range) -> None:
    monkeypatch.chdir(tmp_path)
    good = sum(plan(tmp_path, mutated(number)) for number in numbers)
    assert 0.1 < good / len(numbers) < 0.7, "the mutations are too mild, or too wild"


# -- runs


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("source") / "gg.root"
    simulate_hgg(path, mode="gg", events=EVENTS)
    return path


class Runner:
    """A process that runs configs one after the other, and a new one after each that it did not survive."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[str] | None = None
        self.deaths = 0

    def run(self, folder: Path) -> tuple[int, str]:
        if self._process is None:
            environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
            with (self._folder / "stderr").open("w") as stderr:
                self._process = subprocess.Popen(
                    [sys.executable, "-c", RUNNER],
                    cwd=self._folder,
                    env=environment,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=stderr,
                    text=True,
                )
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{folder.name}\n")
        process.stdin.flush()
        for line in process.stdout:
            if line.startswith("ANSWER "):
                code, message = json.loads(line.removeprefix("ANSWER "))
                return code, message
        process.communicate()
        code = process.returncode
        self._process, self.deaths = None, self.deaths + 1
        return code, (self._folder / "stderr").read_text().splitlines()[-1]  # warnings of the compiler come first

    def close(self) -> None:
        if self._process is not None:
            self._process.communicate()


@pytest.fixture
def runner(tmp_path: Path) -> Iterator[Runner]:
    made = Runner(tmp_path)
    yield made
    made.close()


def small(content: bytes, source: Path) -> bytes | None:
    """Return a config that loads, with one small file in place of its samples; None for one that does not load."""
    import yaml

    data = yaml.safe_load(content)
    data["input"]["samples"] = {"gg": {"kind": "mc", "files": str(source), "xsec_pb": 0.1, "sum_of_weights": 1.0}}
    return yaml.dump(data, sort_keys=False).encode()


def loads(path: Path, content: bytes, source: Path) -> bytes | None:
    """Return the config on the small file, where it loads before and after that."""
    path.write_bytes(content)
    try:
        load_config(path)
        path.write_bytes(made := small(content, source) or b"")
        load_config(path)
    except (RdfpluginsError, ValueError, AttributeError):
        return None
    return made


def check_output(path: Path, config: Path) -> None:
    """The output holds what the config says: the columns, the cuts, the histograms."""
    loaded = load_config(config)
    with uproot.open(path) as file:
        text = json.loads(str(file["provenance"]))
        names = set(file[loaded.select.output.tree].keys())
        rows = [str(label) for label in file["cutflow"].axis().labels() or []]
        assert set(text["columns"]) == names
        for name, spec in loaded.select.histograms.items():
            found = file[name]
            assert len(found.values()) == spec.bins
            assert [found.axis().low, found.axis().high] == pytest.approx(list(spec.range))
    cuts = [cut for step in loaded.select.steps for cut in getattr(step, "filter", {}) if step.applies_to("gg", "mc")]
    made = [name for step in loaded.select.steps for name in getattr(step, "define", {}) if step.applies_to("gg", "mc")]
    assert [row for row in rows if row in cuts] == cuts
    assert rows[0] == "all"
    if loaded.select.output.columns is None:
        assert set(made) <= names


def run_some(tmp_path: Path, source: Path, runner: Runner, number: int, first: int, *, vary: bool) -> dict[int, int]:
    """Run this many mutated configs that load; return exit code -> how many of them."""
    codes: dict[int, int] = {}
    seed, done = first, 0
    while done < number:
        folder = tmp_path / f"c{seed}"
        folder.mkdir()
        content = loads(folder / "config.yaml", mutated(seed, tree=done % 3 > 0, mini=True, vary=vary), source)
        seed += 1
        if content is None:
            continue
        done += 1
        code, message = runner.run(folder)
        codes[code] = codes.get(code, 0) + 1
        message = message.replace(f"{folder.name}/config.yaml", "config.yaml")
        if code == 0:
            check_output(folder / "out" / "gg.root", folder / "config.yaml")
            continue
        assert code in {1, 2}, (folder, message)
        assert len(message.split("\n")) < 20, message
        if message.startswith("config.yaml"):
            check_message(message, content.count(b"\n") + 1)
        else:
            assert "\n" not in message, message
            assert not MACHINERY.search(message), message
        assert not list((folder / "out").glob("*.root*"))
    return codes


@pytest.mark.parametrize(("number", "first"), [(8, 5000), pytest.param(150, 9000, marks=pytest.mark.slow)])
def test_runs_in_one_process(tmp_path: Path, source: Path, runner: Runner, number: int, first: int) -> None:
    codes = run_some(tmp_path, source, runner, number, first, vary=number > 100)
    assert codes[0] >= number / 10
    assert codes[2] >= number / 10
    assert runner.deaths <= number / 10, "a compiler that crashes is an exception"


def rdfrun(folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, "-m", "rdfplugins.cli", "config.yaml", "-q", "--max-events", "50"]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


def config_with(source: Path, expression: str, kind: str = "filter") -> str:
    return f"""\
version: 1
input:
  tree: mini
  units: MeV
  key: [runNumber, eventNumber]
  samples: {{gg: {{kind: mc, files: "{source}", xsec_pb: 1, sum_of_weights: 1}}}}
select:
  steps:
    - {kind}: {{x: {json.dumps(expression)}}}
  output: {{dir: out}}
"""


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("runNumber > 0 /* so", "a '/*' is never closed"),
        pytest.param("\\n#if 0\\nrunNumber".replace("\\n", "\n"), "a '#if' is never closed", marks=pytest.mark.slow),
        pytest.param("<% runNumber", "a '{' is never closed", marks=pytest.mark.slow),
        ("true; } bool f() { return true;", "is never closed"),
        pytest.param(
            "std::get<5>(std::make_tuple(runNumber))",
            "cut 'x' does not compile: static assertion failed",
            marks=pytest.mark.slow,
        ),
        ("[&] { return runNumber > 0; }", "is not true or false"),
        pytest.param(
            "runNumber = 3",
            "cut 'x' does not compile: cannot assign to variable 'runNumber' with const-qualified type",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            "std::enable_if_t<(sizeof(runNumber) > 99), bool>{}",
            "cut 'x' does not compile: no type named 'type' in",
            marks=pytest.mark.slow,
        ),
        pytest.param("-" * 9000 + "runNumber > 0", "cut 'x': ROOT's compiler crashed on it", marks=pytest.mark.slow),
    ],
)
def test_code_that_ends_or_stops_the_compiler(tmp_path: Path, source: Path, expression: str, said: str) -> None:
    (tmp_path / "config.yaml").write_text(config_with(source, expression))
    done = rdfrun(tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert re.match(r"config\.yaml:(9|10): ", done.stderr), done.stderr
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert not list((tmp_path / "out").glob("*.root*"))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20000, 20016))
def test_rdfrun(tmp_path: Path, source: Path, seed: int) -> None:
    content = loads(tmp_path / "config.yaml", mutated(seed, tree=True, mini=True), source)
    if content is None:
        (tmp_path / "config.yaml").write_bytes(mutated(seed, tree=True, mini=True))
    done = rdfrun(tmp_path)
    assert done.returncode in {0, 1, 2}, done.stderr
    assert content is not None or done.returncode == 2
    assert "Traceback" not in done.stderr
    if done.returncode:
        assert not MACHINERY.search(done.stderr), done.stderr
