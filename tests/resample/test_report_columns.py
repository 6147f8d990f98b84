"""Other variables: which rows are read, that order and chunks do not matter, and what is drawn of them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from rdfplugins.random import uniform
from rdfplugins.resample.report import columns
from rdfplugins.simulate import trees

from .report_cases import jets, sources_of, write_table

if TYPE_CHECKING:
    from pathlib import Path

    from rdfplugins.resample.report.columns import Rows

ROWS = 3000
COLUMNS = ("mass", "n_tracks")


def sorted_values(rows: Rows) -> list[list[tuple[float, ...]]]:
    return [sorted(map(tuple, values.tolist())) for values in rows.values]


def test_rows_are_those_with_the_smallest_draws(tmp_path: Path) -> None:
    table = jets(ROWS)
    found = columns.rows_of_sources(sources_of([write_table(tmp_path / "a.h5", table)]), COLUMNS, 300)
    draws = uniform(0, table["event_key"], "plots")
    for number in range(3):
        mine = [row for row in range(ROWS) if table["label"][row] == number]
        chosen = sorted(mine, key=lambda row: draws[row])[:100]
        assert sorted_values(found)[number] == sorted(
            (float(table["mass"][row]), float(table["n_tracks"][row])) for row in chosen
        )
        assert found.totals[number] == len(mine)
    assert found.chosen == 300
    assert not found.weighted


def test_neither_order_nor_files_nor_chunks_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = jets(ROWS)
    one = columns.rows_of_sources(sources_of([write_table(tmp_path / "a.h5", table)]), COLUMNS, 300)
    order = np.random.default_rng(2).permutation(ROWS)
    moved = {name: values[order] for name, values in table.items()}
    halves = [{name: values[part] for name, values in moved.items()} for part in (slice(0, 700), slice(700, None))]
    paths = [write_table(tmp_path / f"b{number}.h5", half) for number, half in enumerate(halves)]
    monkeypatch.setattr(columns, "_ROWS", 97)
    two = columns.rows_of_sources(sources_of(paths), COLUMNS, 300)
    assert sorted_values(one) == sorted_values(two)
    for left, right in zip(one.values, two.values, strict=True):
        assert np.array_equal(left, right)  # sums of weights depend on the order


def output_of(table: dict[str, Any]) -> dict[str, np.ndarray]:
    """Return an output: every row twice, the weights of one class are 2."""
    twice = {name: np.concatenate([values, values]) for name, values in table.items() if name not in {"label", "hits"}}
    label = np.concatenate([table["label"], table["label"]])
    copies = np.repeat([0, 1], len(table["label"])).astype(np.int32)
    return {
        **twice,
        "class_id": label,
        "copy_number": copies,
        "sample_weight": np.where(label == 1, 2.0, 1.0),
    }


@pytest.mark.parametrize("kind", ["hdf5", "root"])
def test_output_of_either_format(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columns, "_ROWS", 512)
    table = jets(ROWS)
    made = output_of(table)
    del made["n_tracks"]
    sources = sources_of([write_table(tmp_path / "a.h5", table)])
    if kind == "root":
        path = tmp_path / "train.root"
        trees.write_tree(path, "events", {name: trees.Column(one) for name, one in made.items()}, title="test")
        object.__setattr__(sources.all[0], "kind", "root")
    else:
        path = write_table(tmp_path / "train.h5", made)
    found, there = columns.rows_of_output(path, sources, COLUMNS, 10**6)
    assert there == ("mass",)
    assert found.totals == tuple(2 * int(np.sum(table["label"] == number)) for number in range(3))
    assert found.weighted
    assert [set(weights) for weights in found.weights] == [{1.0}, {2.0}, {1.0}]
    masses = np.concatenate([values[:, 0] for values in found.values])
    assert sorted(masses) == sorted(np.repeat(table["mass"].astype(float), 2))
    few, _ = columns.rows_of_output(path, sources, COLUMNS, 30)
    assert [len(values) for values in few.values] == [10, 10, 10]


def test_contents_are_those_of_all_rows(tmp_path: Path) -> None:
    table = jets(ROWS)
    table["mass"][:50] = np.nan
    table["mass"][50:60] = np.inf
    sources = sources_of([write_table(tmp_path / "a.h5", table)])
    whole = columns.rows_of_sources(sources, COLUMNS, 10**6)
    after, _ = columns.rows_of_output(write_table(tmp_path / "o.h5", output_of(table)), sources, COLUMNS, 10**6)
    spectrum = columns.spectrum_of("mass", (whole, 0), (after, 0), 1)
    assert spectrum is not None
    before, taken = spectrum.panels
    for number in range(3):
        for low, high, content, double in zip(
            spectrum.edges[:-1], spectrum.edges[1:], before.values[number], taken.values[number], strict=True
        ):
            inside = sum(
                low <= value < high or value == high == spectrum.edges[-1]
                for value, label in zip(table["mass"].astype(float), table["label"], strict=True)
                if label == number
            )
            assert content == inside
            assert double == (4 if number == 1 else 2) * inside
        # the two copies of a row are one event
        assert before.errors[number] == pytest.approx(np.sqrt(before.values[number]))
        assert taken.errors[number] == pytest.approx((4 if number == 1 else 2) * np.sqrt(before.values[number]))
    assert before.target is not None
    assert np.array_equal(before.target, before.values[1])
    assert taken.title == "After (weighted)"
    assert "2 % NaN or infinite" in spectrum.note
    few = columns.spectrum_of("mass", (columns.rows_of_sources(sources, COLUMNS, 600), 0), None, None)
    assert few is not None
    totals = np.array([np.sum(table["label"] == number) for number in range(3)])
    assert few.panels[0].values.sum(axis=1) == pytest.approx(totals, rel=0.1)  # scaled to all rows


@pytest.mark.parametrize(
    ("values", "edges"),
    [
        ([], None),
        ([math.nan, math.inf], None),
        ([-1.7e308, 1.7e308], None),
        ([2.0, 2.0], [1.5, 2.5]),
        ([0.0, 1.0, 1.0], [-0.5, 0.5, 1.5]),
        ([-2.0, 0.0, 1.0], [-2.5, -1.5, -0.5, 0.5, 1.5]),
    ],
)
def test_bins(values: list[float], edges: list[float] | None) -> None:
    found = columns.edges_of(np.array(values))
    assert edges == (None if found is None else found.tolist())


def test_bins_hold_the_central_values() -> None:
    values = np.random.default_rng(1).normal(size=20_000)
    values[:5] = 1e6
    found = columns.edges_of(values)
    assert found is not None
    assert 2.5 < found[-1] < 4.0
    assert np.mean((values < found[0]) | (values > found[-1])) == pytest.approx(0.002, abs=2e-4)
    many = columns.edges_of(np.arange(1000.0))
    assert many is not None
    assert len(many) <= 52
    assert np.all(np.diff(many) == many[1] - many[0])
    constant = columns.edges_of(np.array([0.3, 0.3]))
    assert constant is not None
    assert constant[0] < 0.3 < constant[-1]


def test_patterns(tmp_path: Path) -> None:
    sources = sources_of([write_table(tmp_path / "a.h5", jets(10)), write_table(tmp_path / "b.h5", jets(10, seed=2))])
    said: list[str] = []
    found = columns.matching(sources, ["n_*", "mass", "pt", "n_tracks"], {"pt"}, said.append)
    assert found == ("n_tracks", "mass")
    assert said == []
    assert columns.matching(sources, ["hits", "masss", "x*"], (), said.append) == ()
    assert [line.startswith("warning: plot_variables: ") for line in said] == [True] * 3
    assert "did you mean 'mass'" in said[1]
    assert "did you mean" not in said[2]
