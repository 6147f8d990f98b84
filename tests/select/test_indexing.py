"""An index beyond the end of a collection is an error in whichever expression of a config, and no number by chance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from rdfplugins.errors import ConfigError, InputError
from tests.select import helpers

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:

    columns = helpers.small_columns(4)
    columns["pt"] = (np.float32, [[5.0, 3.0], [7.0], [], [2.0, 1.0, 9.0]])
    columns["tight"] = (np.bool_, [[True, False], [True], [], [False, True, True]])
    return helpers.write_columns(tmp_path_factory.mktemp("index") / "pt.root", columns)


def run(folder: Path, file: Path, **changes: Any) -> Any:
    return helpers.run(folder, helpers.small_config(str(file), **changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"select__steps": [{"filter": {"f": "pt[1] > 2"}}]},
        {"select__steps": [{"define": {"d": "pt[x > 0 ? 1 : 0]"}}]},
        {"select__steps": [{"filter": {"f": "int i = 2; return pt[i - 1] > 2;"}}]},
        {"select__categories": {"c": "tight[1]"}},
        {"select__weight": "pt[1]"},
        {"input__aliases": {"second": "pt[1]"}, "select__steps": [{"filter": {"f": "second > 2"}}]},
    ],
)
def test_beyond_the_end_is_an_error(tmp_path: Path, file: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(
        InputError,
        match=r"sample 'one': (pt|tight)\[1\] \(.*, .*config.yaml:\d+\) is read in an event with [01] of them; ask for",
    ):
        run(tmp_path, file, **changes)
    assert not list((tmp_path / "out").glob("*.root*"))


def test_before_the_begin_is_an_error(tmp_path: Path, file: Path) -> None:
    with pytest.raises(InputError, match=r"pt\[-1\] \(cut 'f', .*config.yaml:\d+\) is read in an event with 2 of them"):
        run(tmp_path, file, select__steps=[{"filter": {"f": "pt[-1] > 2"}}])


def test_what_is_asked_for_first_and_masks_are_as_ever(tmp_path: Path, file: Path) -> None:
    steps = [
        {"define": {"second": "pt.size() > 1 ? pt[1] : -1", "n": "int(pt[tight].size())", "top": "Max(pt[pt > 2])"}},
        {"filter": {"f": "pt.size() > 0 && tight[0]"}},
    ]
    result = run(tmp_path, file, select__steps=steps)
    found = helpers.columns(result.outputs["one"])
    assert found["second"].tolist() == [3.0, -1.0]
    assert found["n"].tolist() == [1, 1]
    assert found["top"].tolist() == [5.0, 7.0]


def test_a_fraction_is_no_index(tmp_path: Path, file: Path) -> None:
    with pytest.raises(ConfigError, match="an index is a whole number"):
        run(tmp_path, file, select__steps=[{"define": {"d": "pt[0.5]"}}])
