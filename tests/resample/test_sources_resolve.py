"""From a config to sources: which samples, classes and categories there are, and which rows are for training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pytest

import rdfplugins as rp
from rdfplugins.errors import ConfigErrors, InputError
from rdfplugins.resample.sources import NO_CLASS, resolve
from rdfplugins.select import freshness
from tests.resample.source_files import config, sources_of, table, write, write_hdf5

if TYPE_CHECKING:
    from pathlib import Path

    from rdfplugins.resample.sources import Source

SAMPLES = """
    resample:
      method: {}
      from: {{ttbar_b: a.h5, ttbar_c: b.h5, zprime_b: c.h5, zprime_c: d.h5}}
      label_column: {{column: label, values: {{b: 5, c: 4, u: 0}}}}
      options:
        {}
    """


def four_files(folder: Path, **changes: Any) -> None:
    for number, name in enumerate("abcd"):
        columns = table(20, first=100 * number)
        for key, value in changes.items():
            if value is None:
                columns.pop(key)
        write_hdf5(folder / f"{name}.h5", columns)


def used(source: Source) -> list[int]:
    """Return the numbers of the rows that are used."""
    return [chunk.start + int(i) for chunk in source.chunks({}, 7) for i in np.flatnonzero(chunk.class_id != NO_CLASS)]


def test_categories_and_numbers(tmp_path: Path) -> None:
    four_files(tmp_path)
    found = sources_of(tmp_path, SAMPLES.format("none", "samples: {zp: [zprime_c], tt: [ttbar_c, ttbar_b]}"))
    assert found.categories == ("zp", "tt")
    assert [(one.number, one.name, one.category) for one in found.all] == [
        (0, "ttbar_b", "tt"),
        (1, "ttbar_c", "tt"),
        (2, "zprime_c", "zp"),
    ]
    assert found.classes == ("b", "c", "u")


def test_a_category_without_a_class(tmp_path: Path) -> None:
    four_files(tmp_path)
    text = SAMPLES.format("random_undersampling", "samples: {tt: [ttbar_b, ttbar_c], zp: [zprime_b]}")
    text = text.replace("label_column: {column: label, values: {b: 5, c: 4, u: 0}}", "split_column: split")
    with pytest.raises(ConfigErrors, match=r"config.yaml:7: category 'tt' has no sample of class zprime_b"):
        sources_of(tmp_path, text)
    sources_of(tmp_path, text.replace("random_undersampling", "none"))


def test_samples_of_other_classes_are_left_out(tmp_path: Path) -> None:
    four_files(tmp_path)
    text = "resample: {method: random_undersampling, from: {x: a.h5, y: b.h5, z: c.h5}, class_labels: [z, x]MORE}"
    found = sources_of(tmp_path, text.replace("MORE", ""))
    assert found.classes == ("z", "x")
    assert [(one.name, one.rules.classes.number) for one in found.all] == [("x", 1), ("z", 0)]
    assert "left out, as their classes are not in 'class_labels': y" in found.says
    with pytest.raises(ConfigErrors, match="sample 'y' is named in 'samples', and its class 'y' is not in"):
        sources_of(tmp_path, text.replace("MORE", ", options: {samples: {all: [x, y, z]}}"))


def test_other_splits(tmp_path: Path) -> None:
    four_files(tmp_path)
    text = SAMPLES.format("none", "seed: 1")
    columns = table(20)
    labelled = np.isin(columns["label"], (0, 4, 5))
    for number, split in enumerate(("train", "val", "test")):
        found = sources_of(tmp_path, text, split)
        assert used(found.all[0]) == np.flatnonzero(labelled & (columns["split"] == number)).tolist()
        assert not any("split" in line for line in found.says)


def test_hybrid_samples_without_a_column_of_splits(tmp_path: Path) -> None:
    four_files(tmp_path, split=None)
    text = SAMPLES.format("none", "{}")
    with pytest.raises(ConfigErrors, match="samples ttbar_b, ttbar_c, zprime_b, zprime_c: no column 'split'"):
        sources_of(tmp_path, text.replace("{}", "seed: 1"), "val")
    text = text.replace("{}", "{{samples: {{tt: [ttbar_b]}}, samples_validation: {{tt: [{}]}}}}")
    text = text.replace(
        "{column: label, values: {b: 5, c: 4, u: 0}}", "{{column: label, values: {{b: 5, c: 4, u: 0}}}}"
    )
    text = text.replace(
        "{ttbar_b: a.h5, ttbar_c: b.h5, zprime_b: c.h5, zprime_c: d.h5}", "{{ttbar_b: a.h5, zprime_b: c.h5}}"
    )
    with pytest.raises(ConfigErrors, match=r"config.yaml:7: sample 'ttbar_b' is for training, too, and has no column"):
        sources_of(tmp_path, text.format("ttbar_b"), "val")
    found = sources_of(tmp_path, text.format("zprime_b"), "val")
    assert used(found.all[0]) == np.flatnonzero(np.isin(table(20, first=200)["label"], (0, 4, 5))).tolist()
    assert "no column 'split' in zprime_b: all of their rows are used" in found.says


def test_all_rows_train_without_a_column_of_splits(tmp_path: Path) -> None:
    four_files(tmp_path, split=None)
    found = sources_of(tmp_path, SAMPLES.format("none", "seed: 1"))
    assert [line for line in found.says if "split" in line] == [
        "no column 'split' in ttbar_b, ttbar_c, zprime_b, zprime_c: all of their rows are for training"
    ]


def test_maps_that_files_tell(tmp_path: Path) -> None:
    for name, labels in {"a": '{"gg": 0, "VBF": 1}', "b": '{"gg": 0, "VBF": 1}', "c": '{"VBF": 0, "gg": 1}'}.items():
        write_hdf5(tmp_path / f"{name}.h5", {"label_id": np.array([0, 1, 1]), "channel": np.zeros(3, int)})
        with h5py.File(tmp_path / f"{name}.h5", "a") as file:
            file["jets"].attrs["labels"] = labels
            file["jets"].attrs["maps"] = '{"channel": {"tt": 0}}'
    text = "resample: {{method: none, label_column: label_id, from: {{one: [{}]}}{}}}"
    found = sources_of(tmp_path, text.format("a.h5, b.h5", ""))
    assert found.classes == ("gg", "VBF")
    assert found.stored_maps == {"label_id": {"gg": 0, "VBF": 1}, "channel": {"tt": 0}}
    with pytest.raises(ConfigErrors, match=r"the order differs from that in .*a.h5, which is .gg, VBF.: numbers of"):
        sources_of(tmp_path, text.format("a.h5", ", class_labels: [VBF, gg]"))
    with pytest.raises(ConfigErrors, match="no file says what the numbers of 'label_id' mean"):
        sources_of(tmp_path, text.format("a.h5, c.h5", ""))


# -- after a selection


SELECTION = """
    version: 1
    input:
      tree: events
      units: GeV
      key: [run, event]
      samples:
        ggH: {kind: mc, label: gg, files: gg.root, xsec_pb: 1, sum_of_weights: 1}
        VBF: {kind: mc, files: vbf.root, xsec_pb: 1, sum_of_weights: 1}
        more: {kind: mc, label: gg, files: more.root, xsec_pb: 1, sum_of_weights: 1}
        data: {kind: data, files: data.root}
    select:
      steps: [{filter: {positive: "pt > 20"}}]
      split: {fractions: {train: 0.5, val: 0.3, test: 0.2}}
      output: {dir: out, columns: [run, event, pt, y]}
    resample: {method: none, options: {sampling_variables: [{pt: {bins: [0, 100, 11]}}]}}
    """


@pytest.fixture(scope="module")
def selected(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tmp_path = tmp_path_factory.mktemp("selected")
    names = ("gg", "vbf", "more", "data")
    for number, name in enumerate(names):
        columns = table(60, first=1000 * number)
        write(tmp_path / f"{name}.root", {key: columns[key] for key in ("run", "event", "pt", "y")})
    config(tmp_path, SELECTION)
    rp.run(tmp_path / "config.yaml", output=tmp_path / "out", stages=["select"])
    return tmp_path


def test_trees_of_the_selection(selected: Path) -> None:
    found = sources_of(selected, SELECTION)
    assert [one.name for one in found.all] == ["ggH", "VBF", "more"]
    assert found.classes == ("gg", "VBF")
    assert [one.rules.classes.number for one in found.all] == [0, 1, 0]
    assert {one.key_is for one in found.all} == {"event_key"}
    assert found.stored_maps["label_id"] == {"gg": 0, "VBF": 1, "data": 2}
    assert found.stored_maps["split"] == {"train": 0, "val": 1, "test": 2}
    assert found.says == ("left out, as they are data: data (to use them, name them in 'samples')",)
    (first, *_) = found.all[0].chunks({"pt": "pt"})
    columns = table(60)
    wanted = columns["pt"][columns["pt"] > 20]
    assert np.array_equal(first.values["pt"], wanted.astype(np.float64))
    splits = [sources_of(selected, SELECTION, split).all[0] for split in ("train", "val", "test")]
    assert sorted(row for one in splits for row in used(one)) == list(range(len(wanted)))


def test_data_that_are_named_are_read(selected: Path) -> None:
    text = SELECTION.replace("options: {", "options: {samples: {one: [ggH, data]}, ")
    found = sources_of(selected, text)
    assert [one.name for one in found.all] == ["ggH", "data"]
    assert found.classes == ("gg", "data")


def test_the_order_of_labels_is_kept(selected: Path) -> None:
    text = SELECTION.replace("method: none", "method: none, class_labels: [VBF, gg]")
    with pytest.raises(ConfigErrors, match=r"config.yaml:16: the order differs from that in .*ggH.root, which is"):
        sources_of(selected, text)


def test_a_selection_that_is_outdated(selected: Path) -> None:
    with pytest.raises(InputError, match=r"ggH.root was made with another config; run the stage 'select' first"):
        sources_of(selected, SELECTION.replace("pt > 20", "pt > 21"))
    loaded = config(selected, SELECTION)
    with pytest.raises(InputError, match=r"ggH.root is not there; run the stage 'select' first"):
        resolve(loaded, selected / "elsewhere", "train", outdated=freshness.outdated(loaded, selected / "elsewhere"))
    with pytest.raises(InputError, match=r"ggH.root: its model changed; run the stage 'select' first"):
        resolve(loaded, selected / "out", "train", outdated={"ggH": "ggH.root: its model changed"})


def test_a_tree_of_the_selection_is_known_by_its_key(selected: Path) -> None:
    file = sources_of(selected, SELECTION).all[0].files[0]
    assert set(file.identity()) == {"path", "entries", "selection"}
    write_hdf5(selected / "a.h5", table(3))
    (other,) = sources_of(selected, "resample: {method: none, from: {one: a.h5}}").all
    assert set(other.files[0].identity()) == {"path", "entries", "size", "mtime", "uuid"}


def test_real_files(real_data: Path, tmp_path: Path) -> None:
    folder = real_data / "atlas_mini"
    text = f"""
        resample:
          method: none
          from: {{data: ["{folder}/data_A.4lep.root", "{folder}/data_B.4lep.root"]}}
          key: [runNumber, eventNumber]
        """
    (source,) = sources_of(tmp_path, text).all
    import uproot

    total = 0
    for chunk in source.chunks({"n": "lep_n", "met": "met_et / 1000."}, 50):
        total += len(chunk)
    with uproot.open({f"{folder}/data_A.4lep.root": source.tree}) as tree:
        first = tree["met_et"].array(library="np")
    made = np.concatenate([chunk.values["met"] for chunk in source.chunks({"met": "met_et / 1000."}, 50)])
    assert total == source.entries == len(made)
    assert np.array_equal(made[: len(first)], first.astype(np.float64) / 1000.0)
    keys = np.concatenate([chunk.key for chunk in source.chunks({})])
    assert len(set(keys.tolist())) == len(keys)


# -- samples that have files in common


def test_hybrid_samples_of_files_of_the_training(tmp_path: Path) -> None:
    four_files(tmp_path, split=None)
    (tmp_path / "linked.h5").symlink_to(tmp_path / "a.h5")
    text = """
        resample:
          method: none
          from: {{one: [a.h5, b.h5], two: {}}}
          options: {{samples: {{all: [one]}}, samples_validation: {{all: [two]}}}}
        """
    for name in ("b.h5", "linked.h5"):
        with pytest.raises(
            ConfigErrors, match=r"config.yaml:5: sample 'two' is made of .*, as is 'one', which is for tra"
        ):
            sources_of(tmp_path, text.format(name), "val")
    sources_of(tmp_path, text.format("c.h5"), "val")
    (tmp_path / "a.h5").unlink()
    (tmp_path / "linked.h5").unlink()
    found = sources_of(tmp_path, text.format("c.h5").replace("a.h5, b.h5", "a.h5"), "val")
    assert any("have events of 'one' in training is unknown" in line for line in found.says)


def test_files_with_a_column_of_splits_may_be_shared(tmp_path: Path) -> None:
    four_files(tmp_path)
    text = """
        resample:
          method: none
          from: {one: a.h5, two: a.h5}
          options: {samples: {all: [one]}, samples_validation: {all: [two]}}
        """
    (source,) = sources_of(tmp_path, text, "val").all
    assert used(source) == np.flatnonzero(table(20)["split"] == 1).tolist()


def test_samples_selected_from_one_file(tmp_path: Path) -> None:
    columns = table(60)
    (tmp_path / "copies").mkdir()
    for name in ("gg.root", "copies/gg.root", "data.root"):
        write(tmp_path / name, {key: columns[key] for key in ("run", "event", "pt", "y")})
    write(tmp_path / "vbf.root", {key: table(60, first=900)[key] for key in ("run", "event", "pt", "y")})
    text = SELECTION.replace("files: more.root", "files: [gg.root]").replace("more:", "again:")

    def found(change: tuple[str, str], split: str = "train") -> tuple[str, ...]:
        changed = text.replace(*change)
        config(tmp_path, changed)
        rp.run(tmp_path / "config.yaml", output=tmp_path / "out", stages=["select"])
        return sources_of(tmp_path, changed, split).says

    warning = f"warning: samples 'ggH' and 'again' are both selected from {tmp_path}/gg.root: events may come twice"
    assert warning in found(("", ""))
    with pytest.raises(ConfigErrors, match=r"sample '.*' is made of .*gg.root, as is '.*', which is for training"):
        found(("", ""), "val")
    other_class = ("again: {kind: mc, label: gg", "again: {kind: mc, label: other")
    with pytest.raises(
        InputError, match=r"gg\.root: samples 'ggH' and 'again' are both selected from it, and are of dif"
    ):
        found(other_class)
    apart = '{filter: {high: "pt > 50"}, only: again}'
    text = text.replace('"pt > 20"}}', f'"pt > 20"}}}}, {apart}')
    assert warning in found(other_class)


def test_a_key_that_is_not_looked_at_is_said(tmp_path: Path) -> None:
    columns = table(10)
    write_hdf5(tmp_path / "a.h5", {**columns, "event_key": columns["key"]})
    text = "resample: {{method: none, from: {{one: a.h5}}{}}}"
    line = "one: 'key' is not looked at, as there is a column 'event_key'"
    assert line in sources_of(tmp_path, text.format(", key: [run, event]")).says
    assert line not in sources_of(tmp_path, text.format("")).says


@pytest.mark.parametrize("kind", [np.uint64, np.int64, np.uint8, np.float64])
def test_labels_at_the_ends_of_64_bits(tmp_path: Path, kind: Any) -> None:
    numbers = {
        np.uint64: [0, 1 << 63, (1 << 64) - 1],
        np.int64: [0, -1, (1 << 63) - 1, -(1 << 63)],
        np.uint8: [0, 255],
        np.float64: [0.0, -1.0, 2.0**63],
    }[kind]
    write_hdf5(tmp_path / "a.h5", {"label": np.array(numbers, kind), "x": np.zeros(len(numbers))})
    values = {"minus": -1, "high": 1 << 63, "zero": 0, "most": (1 << 64) - 1, "least": -(1 << 63)}
    text = f"resample: {{method: none, from: {{one: a.h5}}, label_column: {{column: label, values: {values}}}}}"
    found = sources_of(tmp_path, text.replace("'", ""))
    (chunk,) = found.all[0].chunks({})
    wanted = [next((name for name, value in values.items() if value == int(number)), None) for number in numbers]
    assert [None if one == NO_CLASS else found.classes[one] for one in chunk.class_id] == wanted
