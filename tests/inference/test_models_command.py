"""``rdfrun models``: lists, descriptions, references, citations, exit codes."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from rdfplugins.cli import cli
from rdfplugins.inference import model as models
from rdfplugins.inference import read_model
from rdfplugins.paths import shipped
from tests.inference import helpers

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

NETWORK = helpers.random_network((2, 3, 1))


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RDFPLUGINS_MODELS", raising=False)


@pytest.fixture
def numpy_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine with neither ROOT nor TensorFlow."""
    choose = models.choose

    def limited(description: object, backend: str = "auto", precision: str = "float32") -> models.Model:
        if backend in {"cpp", "tensorflow"}:
            raise models.MissingDependencyError(f"{backend} is not installed: pip install it")
        return choose(description, "numpy", precision)  # type: ignore[arg-type]

    monkeypatch.setattr("rdfplugins.inference.verify.choose", limited)
    monkeypatch.setattr("rdfplugins.inference.document.choose", limited)


def call(*words: str | Path) -> Result:
    result = CliRunner().invoke(cli, ["models", *map(str, words)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def referenced(folder: Path, *, wrong: float = 0.0, more: str = "") -> Path:
    expected = helpers.evaluate(NETWORK, helpers.events(2, 1))[0, 0] + wrong
    x = helpers.events(2, 1)[0].tolist()
    card = f"references:\n  - {{inputs: {x}, outputs: [{expected!r}]}}\nunits: {{ml_mass: GeV}}\n{more}"
    return helpers.write_model(folder, NETWORK, card=card.replace("np.float64(", "").replace(")]", "]"))


def test_names_only_where_nobody_reads(tmp_path: Path) -> None:
    helpers.write_model(tmp_path / "models" / "mine", NETWORK)
    (tmp_path / "models" / ".hidden").mkdir()
    result = call()
    names = sorted(path.name for path in shipped("models").iterdir() if path.is_dir())
    assert result.exit_code == 0
    assert result.stdout.split("\n")[:-1] == ["mine", *names]


def test_more_on_a_terminal(tmp_path: Path) -> None:
    helpers.write_model(tmp_path / "models" / "mine", NETWORK, card="title: cut after the width of a terminal\n")
    (tmp_path / "models" / "broken").mkdir()
    parent, terminal = os.openpty()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "COLUMNS": "76"}
    line = [sys.executable, "-m", "rdfplugins.cli", "models"]
    child = subprocess.Popen(line, cwd=tmp_path, env=environment, stdin=subprocess.DEVNULL, stdout=terminal)
    assert child.wait(60) == 0
    os.close(terminal)
    lines = os.read(parent, 65536).decode().split("\r\n")
    os.close(parent)
    assert lines[0].startswith("broken  cannot be read: models/broken: there is no model here")
    assert lines[1] == "mine         2-3-1                                cut after the width of..."
    assert "DNN1         27-1000-1000-1000-1  weights absent  di-tau mass, published,..." in lines
    assert any(line.startswith("ditau_3x256  27-256-256-256-1     default         di-tau mass, ") for line in lines)
    assert max(map(len, lines[1:])) <= 76


@pytest.mark.usefixtures("numpy_only")
def test_all_of_a_model(tmp_path: Path) -> None:
    more = "title: small\nmass_range: [50, 800]\norigin: a test\ntraining: {events: 3, masses: [[1, 2], [3, 4]]}\n"
    more += "license: CC0\nranges: {x1: [-1, 2]}\n"
    folder = referenced(tmp_path / "models" / "mine", more=more)
    by_name, by_path = call("mine", "-v"), call(folder, "-v")
    assert by_name.exit_code == by_path.exit_code == 0
    text = by_name.stdout
    assert text.startswith("mine: small\n")
    for line in (
        "format      keras-json+h5",
        f"sha256      {read_model(folder).digest}",
        "backend     numpy: as asked for",
        "network     2-3-1, 13 weights",
        "mass range  50 .. 800 GeV",
        "license     CC0",
        "references  1 (--verify compares them)",
        "citation    none",
        "  dense_1  Dense  2 -> 3  relu"
        if NETWORK.layers[0].activation == "relu"
        else "  dense_1  Dense  2 -> 3  linear",
        "inputs (2; ranges: 99.98 % of the training events, events outside are counted)",
        "  x1    -1 .. 2",
        "  ml_mass  GeV",
        "  events: 3",
        "  - [3, 4]",
        "  a test",
    ):
        assert f"\n{line}\n" in text + "\n", (line, text)


@pytest.mark.usefixtures("numpy_only")
def test_a_model_in_short(tmp_path: Path) -> None:
    folder = referenced(tmp_path / "mine", more="title: small\norigin: a test\ntraining: {events: 3}\n")
    text = call(folder).stdout
    assert "\n  a test\n" in text
    assert text.endswith("\n-v shows the layers and how it was trained\n")
    assert not {"layers", "training", "  events: 3"} & set(text.splitlines())
    assert "inputs (2)" in text.splitlines()  # without ranges nothing is said of them
    bare = helpers.write_model(tmp_path / "bare", NETWORK, card="units: {x1: none}\n")
    assert call(bare).stdout.endswith("\n-v shows the layers\n")
    assert "  x1" in call(bare).stdout.splitlines()


def test_without_weights() -> None:
    result = call("DNN1")
    assert result.exit_code == 0
    assert "weights     not here; get them from https://github.com/lucastorterotot/DiTau_ML_mass" in result.stdout
    assert "network     27-1000-1000-1000-1, 2031001 weights" in result.stdout
    result = call("DNN1", "--verify")
    assert result.exit_code == 2
    assert "the weights of this model are not here; get them from https://github.com" in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.usefixtures("numpy_only")
def test_verify(tmp_path: Path) -> None:
    result = call(referenced(tmp_path / "good"), "--verify")
    assert result.exit_code == 0, result.stdout
    lines = result.stdout.split("\n")
    assert lines[0].startswith("numpy       reference 1  ml_mass ")
    assert ", expected " in lines[0]
    assert ", difference " in lines[0]
    assert lines[1:] == [
        "cpp         not checked: cpp is not installed: pip install it",
        "tensorflow  not checked: tensorflow is not installed: pip install it",
        "",
    ]


@pytest.mark.usefixtures("numpy_only")
def test_verify_finds_a_difference(tmp_path: Path) -> None:
    result = call(referenced(tmp_path / "bad", wrong=0.01), "--verify")
    assert result.exit_code == 1
    assert "difference -0.01 GeV  MISMATCH (tolerance 0.0001)" in result.stdout


def test_verify_without_references(tmp_path: Path) -> None:
    folder = helpers.write_model(tmp_path / "m", NETWORK)
    result = call(folder, "--verify")
    assert result.exit_code == 2
    assert result.stderr == (
        f"{folder}: the card has no references to verify by; add inputs and outputs that are known\n"
    )


def test_cite(tmp_path: Path) -> None:
    folder = helpers.write_model(tmp_path / "m", NETWORK, card="citation: |\n  @misc{x}\n")
    assert call(folder, "--cite").stdout == "@misc{x}\n"
    assert "@misc{DiTau_ML_mass," in call("DNN1", "--cite").stdout
    folder = helpers.write_model(tmp_path / "n", NETWORK)
    result = call(folder, "--cite")
    assert result.exit_code == 2
    assert result.stderr == f"{folder}: the card of this model has no citation; ask those who made it\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["DNN2"], "there is no model 'DNN2' in models, "),
        (["./gone"], "gone: there is no such model; "),
        (["--verify"], "--verify needs the name of a model"),
        (["DNN1", "--cite", "--verify"], "--verify and --cite exclude each other"),
    ],
)
def test_what_is_wrong(words: list[str], message: str) -> None:
    result = call(*words)
    assert result.exit_code == 2
    assert message in result.stderr


def test_listing_needs_no_heavy_package(tmp_path: Path) -> None:
    code = "import sys; from rdfplugins.cli import cli; cli(['models', 'DNN1'], standalone_mode=False);"
    code += "assert not {'ROOT', 'tensorflow', 'matplotlib'} & set(sys.modules)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
