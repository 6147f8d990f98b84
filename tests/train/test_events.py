"""What is read for a training, and what is refused."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from rdfplugins.errors import InputError, MissingColumnError
from rdfplugins.train import events
from rdfplugins.train.events import Columns, read_events
from tests.train.helpers import INPUTS, made_up, write_tree

if TYPE_CHECKING:
    from pathlib import Path

COLUMNS = Columns("events", INPUTS, "genMass", "split", (50.0, 1000.0))


def test_splits_go_where_they_belong_in_the_order_of_the_files(tmp_path: Path) -> None:
    both = [made_up(500, 1), made_up(300, 2)]
    files = [write_tree(tmp_path / f"{number}.root", columns) for number, columns in enumerate(both)]
    data = read_events(files, COLUMNS)
    for found, split in ((data.training, 0), (data.validation, 1)):
        rows = [columns["split"] == split for columns in both]
        for number, name in enumerate(INPUTS):
            expected = np.concatenate([columns[name][row] for columns, row in zip(both, rows, strict=True)])
            np.testing.assert_array_equal(found.inputs[:, number], expected.astype(np.float32))
    assert [source.path for source in data.sources] == files
    assert list(data.kept) == [{n: int((columns["split"] == n).sum()) for n in (0, 1)} for columns in both]
    assert data.left_out == {}


def test_the_size_of_chunks_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_tree(tmp_path / "a.root", made_up(2000))
    whole = read_events([path], COLUMNS)
    monkeypatch.setattr(events, "_CHUNK", 3000)
    assert read_events([path], COLUMNS).fingerprint() == whole.fingerprint()


def test_events_that_are_left_out_are_counted(tmp_path: Path) -> None:
    columns = made_up(1000)
    columns["split"][:] = np.arange(1000) % 2
    columns["genMass"][:3] = np.nan
    columns["genMass"][3:5] = [49.9, 1000.1]
    columns["genMass"][5:7] = [50.0, 1000.0]
    columns["pt"][10] = np.inf
    columns["eta"][11] = np.nan
    columns["eta"][12] = 1e300  # infinite in single precision
    columns["split"][13], columns["genMass"][13] = 2, np.nan  # nobody looks at test
    data = read_events([write_tree(tmp_path / "a.root", columns)], COLUMNS)
    assert data.left_out == {
        "no true mass": 3,
        "true mass outside the range": 2,
        "an input is not finite": 3,
    }
    assert len(data.training) + len(data.validation) == 1000 - 3 - 2 - 3 - 1


def test_all_missing_columns_are_named_at_once(tmp_path: Path) -> None:
    columns = made_up(10)
    columns["Pt"] = columns.pop("pt")
    del columns["split"]
    with pytest.raises(MissingColumnError, match=r"a\.root: .*'pt'; did you mean 'Pt'\?.*'split'"):
        read_events([write_tree(tmp_path / "a.root", columns)], COLUMNS)


def test_a_file_without_truth_is_refused_by_name(tmp_path: Path) -> None:
    data = made_up(50, 2)
    data["genMass"][:] = np.nan
    files = [write_tree(tmp_path / "signal.root", made_up(50)), write_tree(tmp_path / "data.root", data)]
    with pytest.raises(InputError, match=r"data\.root: no event has a true mass \(genMass is NaN\): it is data"):
        read_events(files, COLUMNS)


@pytest.mark.parametrize(("split", "name"), [(0, "training"), (1, "validation")])
def test_an_empty_split_is_refused(tmp_path: Path, split: int, name: str) -> None:
    columns = made_up(200)
    columns["split"][columns["split"] == split] = 2
    with pytest.raises(InputError, match=f"no event of the {name} split.*select.split"):
        read_events([write_tree(tmp_path / "a.root", columns)], COLUMNS)


def test_a_strange_split_is_refused(tmp_path: Path) -> None:
    columns = made_up(50)
    columns["split"][7] = 3
    with pytest.raises(InputError, match="column 'split' holds 3"):
        read_events([write_tree(tmp_path / "a.root", columns)], COLUMNS)


def test_files_and_trees_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no file"):
        read_events([], COLUMNS)
    with pytest.raises(InputError, match=r"none\.root"):
        read_events([tmp_path / "none.root"], COLUMNS)
    path = write_tree(tmp_path / "a.root", made_up(10), tree="other")
    with pytest.raises(InputError, match=r"a\.root"):
        read_events([path], COLUMNS)


def test_a_column_of_vectors_is_refused(tmp_path: Path) -> None:
    columns = made_up(20)
    columns["eta"] = np.zeros((20, 3))
    import uproot

    with uproot.recreate(tmp_path / "a.root") as file:
        file.mktree("events", {n: (v.dtype, v.shape[1:]) if v.ndim > 1 else v.dtype for n, v in columns.items()})
        file["events"].extend(columns)
    with pytest.raises(InputError, match="column 'eta' is a vector of float64"):
        read_events([tmp_path / "a.root"], COLUMNS)


def with_weights(path: Path, **changed: Any) -> Path:
    columns = {**made_up(400), "w": np.random.default_rng(5).uniform(0, 2, 400)}
    columns["split"][:10] = 0
    for name, value in changed.items():
        columns["w"][int(name[1:])] = value
    return write_tree(path, columns)


def test_weights_and_groups_come_with_their_events(tmp_path: Path) -> None:
    path = with_weights(tmp_path / "a.root")
    wanted = dataclasses.replace(COLUMNS, weight="w", group="count")
    data = read_events([path], wanted)
    columns = made_up(400)
    columns["split"][:10] = 0
    rows = columns["split"] == 0
    expected = np.random.default_rng(5).uniform(0, 2, 400)[rows].astype(np.float32)
    np.testing.assert_array_equal(data.training.weight, expected)
    np.testing.assert_array_equal(data.training.group, columns["count"][rows])
    plain = read_events([path], COLUMNS)
    assert (plain.training.weight, plain.training.group) == (None, None)
    assert plain.fingerprint() != data.fingerprint() != read_events([path], replaced(weight="w")).fingerprint()
    same = read_events([path], replaced(weight="genMass"))
    np.testing.assert_array_equal(same.training.weight, same.training.mass)


def replaced(**changes: Any) -> Columns:
    return dataclasses.replace(COLUMNS, **changes)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"w7": -0.5, "w9": -1.0}, r"b\.root: column 'w': 2 of the weights negative \(-0.5 is the first\), as samples"),
        ({"w7": np.nan}, r"b\.root: column 'w': 1 of the weights not finite \(nan is the first\)"),
        ({"w7": 1e300}, r"b\.root: column 'w': 1 of the weights not finite \(1e\+300 is the first\)"),
        ({f"w{n}": 0.0 for n in range(400)}, r"b\.root: column 'w': all weights are 0; leave the file out"),
    ],
)
def test_weights_that_cannot_be_used(tmp_path: Path, changed: dict[str, float], message: str) -> None:
    files = [with_weights(tmp_path / "a.root"), with_weights(tmp_path / "b.root", **changed)]
    read_events(files, COLUMNS)
    with pytest.raises(InputError, match=message):
        read_events(files, replaced(weight="w"))


def test_weights_of_events_that_are_left_out_do_not_matter(tmp_path: Path) -> None:
    columns = {**made_up(400), "w": np.ones(400)}
    columns["w"][columns["split"] == 2] = -1
    columns["genMass"][:9], columns["w"][:9] = 20, np.nan
    columns["eta"][9], columns["w"][9] = np.nan, -3
    data = read_events([write_tree(tmp_path / "a.root", columns)], replaced(weight="w"))
    assert data.training.weight is not None
    assert (data.training.weight == 1).all()


def test_a_split_without_weight_is_refused(tmp_path: Path) -> None:
    columns = {**made_up(400), "w": np.ones(400)}
    columns["w"][columns["split"] == 1] = 0
    with pytest.raises(InputError, match=r"a\.root: column 'w': all weights of the validation split are 0"):
        read_events([write_tree(tmp_path / "a.root", columns)], replaced(weight="w"))


@pytest.mark.parametrize(
    ("group", "message"),
    [("pt", r"column 'pt' holds .*whole numbers"), ("number", r"column 'number' has more than 100 different values")],
)
def test_columns_that_are_no_groups(tmp_path: Path, group: str, message: str) -> None:
    path = write_tree(tmp_path / "a.root", {**made_up(400), "number": np.arange(400)})
    with pytest.raises(InputError, match=message):
        read_events([path], replaced(group=group))


def test_validation_may_come_from_other_files(tmp_path: Path) -> None:
    one, other = made_up(500, 1), made_up(300, 2)
    files = [write_tree(tmp_path / f"{n}.root", columns) for n, columns in enumerate((one, other))]
    data = read_events(files[:1], COLUMNS, files[1:])
    np.testing.assert_array_equal(data.training.mass, one["genMass"][one["split"] == 0].astype(np.float32))
    np.testing.assert_array_equal(data.validation.mass, other["genMass"][other["split"] == 1].astype(np.float32))
    assert list(data.kept) == [{0: int((one["split"] == 0).sum())}, {1: int((other["split"] == 1).sum())}]
    # one and the same file, by its split
    both = read_events(files[:1], COLUMNS, files[:1])
    assert both.fingerprint() == read_events(files[:1], COLUMNS).fingerprint()


def test_files_for_one_purpose_need_no_split(tmp_path: Path) -> None:
    one, other = made_up(500, 1), made_up(300, 2)
    del one["split"], other["split"]
    files = [write_tree(tmp_path / f"{n}.root", columns) for n, columns in enumerate((one, other))]
    data = read_events(files[:1], COLUMNS, files[1:])
    assert (len(data.training), len(data.validation)) == (500, 300)
    assert [source.whole for source in data.sources] == [True, True]
    with pytest.raises(InputError, match=r"0\.root: is given twice and has no column 'split'"):
        read_events(files[:1], COLUMNS, files)
    with pytest.raises(MissingColumnError, match=r"0\.root: the tree has no column 'splitt', nor have the others"):
        read_events(files[:1], replaced(split="splitt"), files[1:])
    with pytest.raises(MissingColumnError, match="has no column 'split'"):
        read_events(files, COLUMNS)
    with pytest.raises(InputError, match="there is no file to validate with"):
        read_events(files, COLUMNS, [])
