"""What is read for a training, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
    assert data.files == {f"{n}.root": int((columns["split"] != 2).sum()) for n, columns in enumerate(both)}
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
