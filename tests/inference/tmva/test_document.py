"""What ``rdfrun models FILE.xml`` shows, and what ``--verify`` compares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from rdfplugins.cli import cli
from rdfplugins.errors import MissingDependencyError
from rdfplugins.inference.backends.compiled_method import CompiledMethod
from tests.inference.tmva import weight_files

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np


def shown(path: Path, *options: str) -> str:
    """Return what the command prints."""
    result = CliRunner().invoke(cli, ["models", str(path), *options])
    assert result.exit_code == 0, result.output
    return result.output


def lines_of(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        ({"trees": 7}, ["7 trees (AdaBoost)", "classification of Signal, Background", "-1 .. 1, greater for Signal"]),
        ({"yes_no": False}, ["0 .. 1, greater for Signal"]),
        ({"boost": "Grad", "analysis": "Regression"}, ["12 trees (Grad)", "regression"]),
        ({"method": "MLP", "layers": (6, 3), "steps": "NG"}, ["4-6-3-1 neurons, tanh", "Normalize, then Gauss"]),
        ({"method": "MLP", "estimator": "MSE"}, ["output linear", "TMVA of ROOT 6 puts a", "about 0 .. 1"]),
        ({"method": "MLP", "analysis": "Multiclass", "classes": 3}, ["multiclass", "softmax", "probability of"]),
        (
            {"method": "LD", "steps": "UPD"},
            ["5 coefficients", "Uniform, then PCA, then Decorrelation", "table of 10000"],
        ),
        ({"weighted": False}, ["UseWeightedTrees=False, which TMVA of ROOT 6"]),
        ({"fisher": True}, ["Fisher cuts"]),
        ({"spectators": 2}, ["spectators (2; not needed)"]),
    ],
)
def test_what_it_is(what: dict[str, Any], expected: list[str], tmp_path: Path) -> None:
    text = shown(weight_files.write(tmp_path / "X.weights.xml", **what))
    assert text.startswith("X\n")
    for part in expected:
        assert part in text


def test_formulas_and_the_columns_that_they_read(tmp_path: Path) -> None:
    path = weight_files.write(tmp_path / "X.weights.xml", variables=3, expressions=("a+b", "log(a)"), integers=(2,))
    text = shown(path)
    assert ["columns", "that", "they", "are", "computed", "from", "(3)"] in lines_of(text)
    assert ["a,", "b,", "x2"] in lines_of(text)
    assert [line[-1] for line in lines_of(text) if line[:1] == ["x2"]] == ["integer"]
    assert "columns that" not in shown(weight_files.write(tmp_path / "Y.weights.xml"))
    assert "BoostType" in shown(path, "-v")


def test_verify_notices_a_backend_that_computes_something_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = weight_files.write(tmp_path / "X.weights.xml", boost="Grad", steps="ND")
    assert "MISMATCH" not in shown(path, "--verify")
    right = CompiledMethod.run

    def wrong(self: CompiledMethod, x: np.ndarray, out: np.ndarray) -> None:
        right(self, x, out)
        out[3] += 1e-6

    monkeypatch.setattr(CompiledMethod, "run", wrong)
    result = CliRunner().invoke(cli, ["models", str(path), "--verify"])
    assert (result.exit_code, "MISMATCH" in result.output) == (1, True)
    assert "tmva        not compared: this ROOT" in result.output


def test_verify_that_could_compare_nothing_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = weight_files.write(tmp_path / "X.weights.xml", method="LD")

    def absent(self: CompiledMethod, method: Any) -> None:
        raise MissingDependencyError("ROOT cannot be imported")

    monkeypatch.setattr(CompiledMethod, "__init__", absent)
    result = CliRunner().invoke(cli, ["models", str(path), "--verify"])
    assert (result.exit_code, "nothing to compare numpy with" in result.output) == (2, True)


def test_references_of_a_card_are_compared_too(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    weight_files.write(folder / "weights.xml", method="LD", variables=2)
    (folder / "card.yaml").write_text("references:\n  - {inputs: [0, 0], outputs: [12345]}\n")
    result = CliRunner().invoke(cli, ["models", str(folder), "--verify"])
    assert (result.exit_code, "expected 12345" in result.output) == (1, True)
    assert shown(folder).startswith("mine\n")
