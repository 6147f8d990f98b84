"""The contenders of the benchmark of trees compute the same; how fast is printed by `trees_speed`."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.benchmarks import trees_contenders as contenders
from tests.benchmarks import trees_speed

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("depth", [1, 3, 5])
def test_contenders_agree(tmp_path: Path, depth: int) -> None:
    forest = contenders.make_forest(30, depth, 5)
    x = contenders.make_events(500, 5)
    competing = contenders.competing(forest, 5, tmp_path)
    expected = competing[0].predict(x)
    assert np.std(expected) > 0.01
    for contender in competing[1:]:
        np.testing.assert_array_equal(contender.predict(x), expected, err_msg=contender.name)


def test_without_a_compiler_the_interpreter_serves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forest, x = contenders.make_forest(5, 3, 4), contenders.make_events(10, 4)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    rival = contenders.Rival(forest, tmp_path)
    assert rival.compiler == "the interpreter"
    assert not list(tmp_path.iterdir())
    np.testing.assert_array_equal(rival.predict(x), contenders.evaluate_forest(forest).run(x))


def test_what_differs_is_reported(capsys: pytest.CaptureFixture[str]) -> None:
    one = contenders.Contender("rival", lambda x: x[:, :1], rival=True, share=0.5)
    other = contenders.Contender("other", lambda x: x[:, :1] * (1 + 1e-15))
    assert trees_speed.compete([one, other], contenders.make_events(100, 2), 1) == ["other: outputs differ"]
    assert "x the rival" in capsys.readouterr().out
