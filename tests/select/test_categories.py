"""Categories: the first condition that is true, yields, and a copy of each histogram of the last cut."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import uproot

from rdfplugins.errors import ConfigError
from tests.select import helpers

if TYPE_CHECKING:
    from pathlib import Path

CATEGORIES = {"high": "x > 15", "even": "event % 2 == 0", "low": "x < 3"}


def expected(x: np.ndarray, event: np.ndarray) -> list[int]:
    out = []
    for value, number in zip(x, event, strict=True):
        if value > 15:
            out.append(0)
        elif number % 2 == 0:
            out.append(1)
        elif value < 3:
            out.append(2)
        else:
            out.append(-1)
    return out


def config(good: Path, **changes: Any) -> dict[str, Any]:
    data = helpers.small_config(
        str(good),
        select__categories=CATEGORIES,
        select__histograms={
            "x": {"column": "x", "bins": 10, "range": [0, 25]},
            "early": {"column": "x", "bins": 10, "range": [0, 25], "after": "all"},
        },
    )
    return helpers.changed(data, changes)


@pytest.mark.parametrize("threads", [1, 2])
def test_first_condition_that_is_true(tmp_path: Path, good: Path, threads: int) -> None:
    result = helpers.run(tmp_path, config(good), threads=threads)
    found = helpers.columns(result.outputs["one"])
    assert found["category"].dtype == np.int32
    event = found["y"] / 2 - 0.25
    assert found["category"].tolist() == expected(found["y"] / 2, event)
    yields = helpers.provenance(result.outputs["one"])["categories"]
    assert yields["names"] == list(CATEGORIES)
    for number, name in enumerate(["none", *CATEGORIES], start=-1):
        count = int(np.sum(found["category"] == number))
        assert yields["yields"][name] == {"events": count, "weighted": count, "variance": count}
    with uproot.open(result.outputs["one"]) as stored:
        for number, name in enumerate(CATEGORIES):
            want = np.histogram(found["y"][found["category"] == number] / 2, bins=10, range=(0, 25))[0]
            assert np.array_equal(stored[f"categories/{name}/x"].values(), want)
            assert f"categories/{name}/early" not in stored
        assert stored["x"].values().sum() == 20


def test_weighted_yields(tmp_path: Path, good: Path) -> None:
    result = helpers.run(tmp_path, config(good, select__weight="w", select__output={"dir": "o", "columns": ["x", "w"]}))
    found = helpers.columns(result.outputs["one"])
    yields = helpers.provenance(result.outputs["one"])["categories"]["yields"]
    for number, name in enumerate(["none", *CATEGORIES], start=-1):
        weights = found["w"][found["category"] == number]
        assert yields[name]["weighted"] == pytest.approx(weights.sum(), rel=1e-12)
        assert yields[name]["variance"] == pytest.approx((weights**2).sum(), rel=1e-12)


@pytest.mark.parametrize(
    ("categories", "words"),
    [
        ({"a": "x + 1"}, "is not true or false"),
        ({"a": "xx > 1"}, "category 'a' uses 'xx', which is no column"),
        ({"none": "x > 1"}, "'none' is what events of no category are called"),
        ({"a": ""}, "text is expected"),
        ({"a/b": "x > 1"}, "becomes the name of a file"),
    ],
)
def test_wrong_conditions_are_told_at_their_line(
    tmp_path: Path, good: Path, categories: dict[str, str], words: str
) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        helpers.run(tmp_path, config(good, select__categories=categories))
    assert "config.yaml:" in str(caught.value)


def test_a_branch_of_that_name_is_seen_by_conditions_and_replaced_in_the_output(tmp_path: Path) -> None:
    columns = {**helpers.small_columns(6), "category": np.array([5, 6, 5, 6, 6, 5], np.int32)}
    path = helpers.write_columns(tmp_path / "own.root", columns)
    found = helpers.columns(
        helpers.run(tmp_path, config(path, select__categories={"six": "category == 6"})).outputs["one"]
    )
    assert found["category"].tolist() == [-1, 0, -1, 0, 0, -1]
    plain = helpers.small_config(str(path), select__output={"dir": "out", "columns": ["category"]})
    found = helpers.columns(helpers.run(tmp_path, plain, output=tmp_path / "plain").outputs["one"])
    assert found["category"].tolist() == [5, 6, 5, 6, 6, 5]


def test_name_of_the_column_is_reserved(tmp_path: Path, good: Path) -> None:
    steps = [{"define": {"category": "1"}}]
    with pytest.raises(ConfigError, match="'category' is reserved"):
        helpers.run(tmp_path, config(good, select__steps=steps))
