"""The stage as a user runs it: every output row is its source row, whatever the way to it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import uproot

import rdfplugins as rp
from rdfplugins import provenance
from rdfplugins.errors import ConfigError, InputError, OutputError
from rdfplugins.resample.freshness import record_of
from rdfplugins.resample.index import open_index
from rdfplugins.simulate import trees

NEW = ("class_id", "source_sample", "event_key", "copy_number", "sample_weight")
METHOD = {
    "count": {},
    "pdf": {"max_duplicates": 4},
    "countup": {},
    "importance_no_replace": {"target_distribution": "uniform", "rounding": "stochastic"},
    "weighting": {"out_of_range": "one"},
    "ensemble": {"subsets": 3},
    "stratified": {"n_jets": 300},
}


def columns(n: int, seed: int, scale: float) -> dict[str, Any]:
    random = np.random.default_rng(seed)
    counts = random.integers(0, 5, n)
    pt = random.exponential(scale, n)
    pt[::97] = np.nan
    return {
        "event": trees.Column(np.arange(n, dtype=np.int64) + 1000 * seed),
        "pt": trees.Column(pt),
        "y": trees.Column(random.normal(size=n).astype(np.float32)),
        "jets": trees.Column(
            random.normal(size=counts.sum()).astype(np.float32), np.concatenate([[0], counts.cumsum()])
        ),
        "split": trees.Column((random.random(n) > 0.7).astype(np.int32)),
    }


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A signal of two files and a background of one, and the current folder."""
    monkeypatch.chdir(tmp_path)
    for name, n, seed, scale in (("s1", 700, 1, 60.0), ("s2", 500, 2, 60.0), ("b", 2500, 3, 40.0)):
        trees.write_tree(tmp_path / f"{name}.root", "events", columns(n, seed, scale), title="test")
    return tmp_path


def config(folder: Path, method: str = "count", name: str = "c", **more: Any) -> Path:
    import yaml

    variables = [
        {"pt": {"edges": [0, 20, 40, 60, 100, 150]}},
        {"abs_y": {"expression": "abs(y)", "edges": [0, 0.7, 3]}},
    ]
    options = {"sampling_variables": variables, "n_jets_to_plot": None, **METHOD.get(method, {})}
    if method != "stratified":
        options["max_lost_fraction"] = 0.5
    options.update(more.pop("options", {}))
    section = {
        "method": method,
        "from": {"signal": ["s1.root", "s2.root"], "background": "b.root"},
        "key": ["event"],
        "class_labels": ["signal", "background"],
        "options": options,
        **more,
    }
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump({"version": 1, "resample": section}, sort_keys=False))
    return path


def read(path: Path) -> dict[str, np.ndarray]:
    with uproot.open(path) as file:
        return dict(file["events"].arrays(library="np"))


def rows(path: Path) -> list[tuple[Any, ...]]:
    """All of each row, as something that can be compared; in the order of the file."""
    found = read(path)
    return [
        tuple(value.tobytes() if isinstance(value, np.ndarray) else np.asarray(value).tobytes() for value in row)
        for row in zip(*(found[name] for name in sorted(found)), strict=True)
    ]


def assert_from_sources(path: Path) -> None:
    found = read(path)
    sources = {
        0: [read(Path("s1.root")), read(Path("s2.root"))],
        1: [read(Path("b.root"))],
    }
    for number, parts in sources.items():
        mine = np.flatnonzero(found["source_sample"] == number)
        event = np.concatenate([part["event"] for part in parts])
        at = {int(one): row for row, one in enumerate(event)}
        assert len(at) == len(event)
        where = np.array([at[int(one)] for one in found["event"][mine]])
        for name in parts[0]:
            column = np.concatenate([part[name] for part in parts])
            for here, there in zip(mine, where, strict=True):
                np.testing.assert_array_equal(found[name][here], column[there])
    assert (found["split"] == 0).all()
    assert (found["class_id"] == found["source_sample"]).all()


@pytest.mark.parametrize("method", list(METHOD))
def test_every_row_is_its_source_row(folder: Path, method: str) -> None:
    result = rp.run(config(folder, method))
    assert result.training == (Path("out/c/resample/train.root"),)
    assert_from_sources(result.training[0])
    found = read(result.training[0])
    extra = {"subset"} if method == "ensemble" else set()
    assert set(found) == {"event", "pt", "y", "jets", "njets", "split", *NEW} - {"njets"} | extra
    pairs = list(zip(found["event_key"].tolist(), found["copy_number"].tolist(), strict=True))
    assert len(set(pairs)) == len(pairs)
    tally = result.resampled[0]
    for number in range(2):
        assert (found["class_id"] == number).sum() == sum(int(one[number].sum()) for one in tally.after) + (
            sum(n for reason, n in tally.unused[tally.classes[number]].items()) if method == "weighting" else 0
        )
    if method == "count":
        np.testing.assert_array_equal(tally.after[0][0], tally.after[0][1])
    if method == "weighting":
        assert set(found["sample_weight"][found["pt"] > 150]) == {1.0}
        assert set(found["sample_weight"][np.isnan(found["pt"])]) == {0.0}
    if extra:
        for number in range(3):
            taken = found["subset"] == number
            assert len(set(found["event"][taken & (found["class_id"] == 0)])) == taken.sum() // 2


@pytest.mark.parametrize("method", ["count", "pdf", "ensemble"])
def test_steps_of_batch_jobs_give_the_same(folder: Path, method: str) -> None:
    whole = rp.run(config(folder, method), output="whole").training[0]
    for step in ("target", "background", "0", "plotting", "combining"):
        if step == "plotting":
            assert not Path("parts/resample/train.root").exists()
        rp.run(config(folder, method), output="parts", flavour=step)
    assert rows(Path("parts/resample/train.root")) == rows(whole)
    with (
        open_index(Path("parts/resample/train.index.h5")) as one,
        open_index(Path("whole/resample/train.index.h5")) as two,
    ):
        assert one.attributes == two.attributes
        for name in two.samples:
            for left, right in zip(one.rows(name), two.rows(name), strict=True):
                for a, b in zip(left.columns().values(), right.columns().values(), strict=True):
                    np.testing.assert_array_equal(a, b)
        for name, values in two.tables().items():
            np.testing.assert_array_equal(one.tables()[name], values)


def test_parts_that_lack_are_named(folder: Path) -> None:
    path = config(folder)
    with pytest.raises(InputError, match=r"parts/train\.target\.h5 is not there.* --flavour target first"):
        rp.run(path, flavour="signal")
    rp.run(path, flavour="target")
    rp.run(path, flavour="signal")
    with pytest.raises(InputError, match=r"train\.background\.h5 is not there.* --flavour background first"):
        rp.run(path, flavour="combining")
    with pytest.raises(ConfigError, match=r"--flavour 2: is none of target, 0, 1, plotting, combining"):
        rp.run(path, flavour="2")
    changed = config(folder, options={"seed": 1})
    with pytest.raises(InputError, match=r"of another config"):
        rp.run(changed, flavour="signal")


def test_order_of_files_and_rows_decides_nothing(folder: Path) -> None:
    """The index names other rows then, but they are the same events, in the same order if they are mixed."""
    one = rp.run(config(folder, "pdf"), output="one").training[0]
    Path("s1.root").rename("s9.root")
    turned = {name: np.array(values[::-1]) for name, values in read(Path("b.root")).items() if name != "jets"}
    lists = read(Path("b.root"))["jets"][::-1]
    counts = np.array([len(each) for each in lists])
    made = {name: trees.Column(values) for name, values in turned.items()}
    made["jets"] = trees.Column(np.concatenate(lists), np.concatenate([[0], counts.cumsum()]))
    trees.write_tree(folder / "b.root", "events", {name: made[name] for name in columns(1, 1, 1.0)}, title="test")
    source = {"signal": ["s2.root", "s9.root"], "background": "b.root"}
    two = rp.run(config(folder, "pdf", **{"from": source}), output="two").training[0]
    assert rows(two) == rows(one)
    other = rp.run(config(folder, "pdf", options={"seed": 5}, **{"from": source}), output="other").training[0]
    assert sorted(rows(other)) != sorted(rows(one))


def test_what_is_up_to_date_is_not_made_again(folder: Path) -> None:
    path, said = config(folder), []
    made = rp.run(path).training[0]
    index = made.with_name("train.index.h5")
    before = [one.stat().st_mtime_ns for one in (made, index)]
    rp.run(path, say=said.append)
    assert [one.stat().st_mtime_ns for one in (made, index)] == before
    assert any("train.root is up to date" in line for line in said)
    made.unlink()  # as if killed behind the index
    rp.run(path)
    assert index.stat().st_mtime_ns == before[1]
    assert_from_sources(made)
    rp.run(config(folder, options={"shuffle": True}))  # another order of the same rows
    assert index.stat().st_mtime_ns == before[1]
    shuffled = rows(made)
    rp.run(config(folder, options={"seed": 3}))
    assert index.stat().st_mtime_ns != before[1]
    assert sorted(rows(made)) != sorted(shuffled)
    shutil.copy("s2.root", "s1.root.new")
    trees.write_tree(folder / "s1.root", "events", columns(700, 7, 50.0), title="test")
    rp.run(config(folder, options={"seed": 3}))
    assert_from_sources(made)


def test_inputs_of_the_index_are_those_of_now(folder: Path) -> None:
    """An index of other inputs is never written from."""
    path = config(folder)
    made = rp.run(path).training[0]
    made.unlink()
    trees.write_tree(folder / "b.root", "events", columns(2500, 9, 40.0), title="test")
    rp.run(path)
    assert_from_sources(made)


def test_hybrid_validation_has_files_of_its_own(folder: Path) -> None:
    path = config(folder)
    train = rp.run(path).training[0]
    with uproot.open("b.root") as file:
        assert set(file["events"]["split"].array(library="np")) == {0, 1}
    said: list[str] = []
    made = rp.run(path, hybrid_validation=True, say=said.append).training[0]
    assert made == train.with_name("hybrid_val.root")
    assert made.with_name("hybrid_val.index.h5").is_file()
    found = read(made)
    assert (found["split"] == 1).all()
    record = provenance.read(made)
    assert record is not None
    assert record["training"] is False
    assert record["split"] == "val"
    of_train = provenance.read(train)
    assert of_train is not None
    assert of_train["training"] is True
    assert of_train["class_labels"] == ["signal", "background"]
    assert of_train["maps"]["source_sample"] == {"signal": 0, "background": 1}


def test_hdf5_in_and_out(folder: Path) -> None:
    for name in ("s1", "s2", "b"):
        found = read(Path(f"{name}.root"))
        names = [one for one in found if found[one].dtype != object]
        table = np.zeros(len(found["pt"]), [(one, found[one].dtype) for one in names])
        for one in names:
            table[one] = found[one]
        with h5py.File(f"{name}.h5", "w") as file:
            file["jets"] = table
    source = {"signal": ["s1.h5", "s2.h5"], "background": "b.h5"}
    made = rp.run(config(folder, "pdf", **{"from": source})).training[0]
    assert made == Path("out/c/resample/train.h5")
    with h5py.File(made) as file:
        table = file["jets"][()]
        assert [str(one) for one in file.attrs["class_labels"]] == ["signal", "background"]
    of_root = read(rp.run(config(folder, "pdf"), output="root").training[0])
    for name in table.dtype.names:  # the key is that of sample and event: the same in both
        np.testing.assert_array_equal(table[name], of_root[name])
    record = record_of(made)
    assert record is not None
    assert record["method"] == "pdf"


def test_memory_of_mixing_decides_nothing(folder: Path) -> None:
    one = rows(rp.run(config(folder, "pdf"), output="one").training[0])
    two = rows(rp.run(config(folder, "pdf", memory_mb=16), output="two").training[0])
    assert one == two


def test_the_same_key_twice_is_an_error(folder: Path) -> None:
    same = {"event": trees.Column(np.full(10, 5)), "split": trees.Column(np.zeros(10, np.int32))}
    trees.write_tree(folder / "b.root", "events", {**columns(10, 1, 40.0), **same}, title="test")
    with pytest.raises(InputError, match=r"row 0 of background, row 1 of background.* have the same event_key"):
        rp.run(config(folder))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"options": {"sampling_variables": [{"ptt": {"bins": [0, 1, 3]}}]}}, r"c\.yaml:\d+: .*'ptt'.*did you mean"),
        ({"class_labels": ["signal", "higgs"]}, r"c\.yaml:\d+: .*'higgs'"),
        ({"options": {"sampling_variables": [{"pt": {"bins": [1e6, 2e6, 3]}}]}}, r"c\.yaml:\d+: .*no rows in the bins"),
        ({"options": {"max_lost_fraction": 0.0, "sampling_variables": [{"pt": {"bins": [0, 500, 300]}}]}},
         r"c\.yaml:\d+: .*bins are lost.*max_lost_fraction 0"),
        ({"options": {"sampling_variables": [{"pt": {"bins": [0, 100, 1]}}]}}, r"c\.yaml:\d+: pt: .*makes no bin"),
        ({"from": {"signal": "nothing*.root", "background": "b.root"}}, r"c\.yaml:\d+: .*nothing\*\.root"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told_with_its_line(folder: Path, change: dict[str, Any], message: str) -> None:
    with pytest.raises((ConfigError, InputError), match=message):
        rp.run(config(folder, **change))
    assert not list(folder.glob("out/c/resample/train*"))


def test_two_at_once(folder: Path) -> None:
    from rdfplugins.files import lock

    path = config(folder)
    rp.run(path)
    with lock(folder / "out" / "c" / "resample", ".train.lock"), pytest.raises(OutputError, match="another run"):
        rp.run(path, force=True)


def test_a_file_of_somebody_is_not_taken_for_the_index(folder: Path) -> None:
    shutil.copy(folder / "b.root", folder / "other.root")
    for name, content in (("mine.h5", None), ("other.root", None), ("notes.h5", b"my notes")):
        path = folder / name
        if name == "mine.h5":
            with h5py.File(path, "w") as file:
                file["jets"] = np.arange(5)
        elif content:
            path.write_bytes(content)
        before = path.read_bytes()
        with pytest.raises((OutputError, ConfigError), match=rf"{name}:? is (there, and is no index file|an input)"):
            rp.run(config(folder, options={"intermediate_index_file": name}), force=True)
        assert path.read_bytes() == before
    rp.run(config(folder, options={"intermediate_index_file": "new.h5"}))
    rp.run(config(folder, options={"intermediate_index_file": "new.h5", "seed": 3}))


def test_bins_in_the_wrong_unit_are_remarked_on(folder: Path) -> None:
    said: list[str] = []
    rp.run(config(folder, options={"sampling_variables": [{"pt": {"bins": [0, 150e3, 11]}}]}), say=said.append)
    assert any("all rows lie in one of 10 bins (pt: values from " in line for line in said)
    few = {"sampling_variables": [{"pt": {"bins": [0, 0.5, 3]}}]}
    rp.run(config(folder, options=few), say=said.append)
    assert any("rows lie in no bin (pt: values from " in line for line in said)


def test_weights_that_are_not_written_are_told_of(folder: Path) -> None:
    said: list[str] = []
    made = rp.run(config(folder, "weighting", options={"bool_attach_sample_weights": False}), say=said.append).training[
        0
    ]
    assert "sample_weight" not in read(made)
    assert any("the weights are in the index, not in the output" in line for line in said)


def test_a_limit_of_a_sample_holds_for_all_of_its_classes(folder: Path) -> None:
    """And, where there are fractions, in all categories of a class."""
    from rdfplugins.config import ResampleConfig
    from rdfplugins.resample import ArraySample, resample_arrays

    rng = np.random.default_rng(4)
    samples = [
        ArraySample(name, k, np.arange(4000, dtype=np.uint64) + 4000 * k, np.arange(4000, dtype=np.int32) % 2,
                    {"x": rng.random(4000)})
        for k, name in enumerate(("low", "high"))
    ]  # fmt: skip
    options = {
        "sampling_variables": [{"x": {"bins": [0, 1, 4]}}],
        "n_jets": 10_000,
        "fractions": {"low": 0.4, "high": 0.6},
        "max_upsampling_ratio": {"low": 0.5},
        "target_distribution": "a",
    }
    spec = ResampleConfig.model_validate({"method": "pdf", "options": options})
    after = resample_arrays(spec, ["a", "b"], ["low", "high"], samples).tally.after
    np.testing.assert_array_equal(after[0].sum(axis=1), [1000, 1000])
    np.testing.assert_array_equal(after[1].sum(axis=1), [1500, 1500])


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("b.root", "is an input of sample 'background'"),
        ("linked.root", "is an input of sample 'background'"),
        ("c.yaml", "is this config"),
        ("out/c/resample/train.root", "is an output of this stage"),
        ("out/c/resample/hybrid_val.root", "is an output of this stage"),
        ("out/c/resample/train.root.part", "is an output of this stage while it is written"),
        ("out/c/resample/.train.lock", "is a lock of this stage"),
        ("out/c/../c/resample/report/resampling.json", "is in the folder .*report, whose files this stage makes"),
    ],
)
def test_the_index_takes_no_other_place(folder: Path, name: str, what: str) -> None:
    (folder / "linked.root").hardlink_to(folder / "b.root")
    path = config(folder, options={"intermediate_index_file": name})
    before = {one: one.read_bytes() for one in folder.glob("*.*") if one.is_file()}
    with pytest.raises(ConfigError, match=rf"c\.yaml:\d+: intermediate_index_file: .* {what}.*; choose another name"):
        rp.run(path)
    assert {one: one.read_bytes() for one in before} == before
    assert not list(folder.glob("out/c/resample/*"))


def test_each_split_has_an_index(folder: Path) -> None:
    for name, seed in (("s1", 1), ("b", 3)):
        made = columns(400, seed, 50.0)
        made["split"] = trees.Column(np.arange(400, dtype=np.int32) % 3)
        trees.write_tree(folder / f"{name}.root", "events", made, title="test")
    named = {"all": ["signal", "background"]}
    options = {"samples_validation": named, "samples_testing": named, "intermediate_index_file_validation": "hybrid.h5"}
    more = {"from": {"signal": "s1.root", "background": "b.root"}}
    path = config(folder, options=options, **more)
    rp.run(path, hybrid_validation=True)
    assert (folder / "hybrid.h5").is_file()
    assert (folder / "hybrid.test.h5").is_file()
    with open_index(folder / "hybrid.h5") as one, open_index(folder / "hybrid.test.h5") as other:
        assert (one.attributes["split"], other.attributes["split"]) == ("val", "test")
    same = {**options, "intermediate_index_file": "hybrid.h5"}
    with pytest.raises(ConfigError, match=r"hybrid\.h5 is the index of the split val"):
        rp.run(config(folder, options=same, **more))


def test_a_full_disk(folder: Path) -> None:
    import resource

    path = config(folder, "none", options={"max_lost_fraction": None, "sampling_variables": []})
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, limits[1]))
    try:
        with pytest.raises(OutputError, match=r"train\.index\.h5: cannot be written: File too large") as caught:
            rp.run(path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "\n" not in str(caught.value)
    assert [one.name for one in (folder / "out" / "c" / "resample").iterdir()] == [".train.lock"]


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("multiplicity", -1, "a row is taken -1 times"),
        ("class_id", 7, "a row is of class 7 where there are 2"),
        ("index", 10**9, "row 1000000000 of 1200"),
    ],
)
def test_an_index_that_is_damaged(folder: Path, name: str, value: int, message: str) -> None:
    path = config(folder)
    output = rp.run(path).training[0]
    index = output.with_name("train.index.h5")
    with h5py.File(index, "r+") as file:
        file[f"samples/signal/{name}"][-1] = value
    output.unlink()
    with pytest.raises(InputError, match=rf"train\.index\.h5: damaged index, make it again with --force .*{message}"):
        rp.run(path)
    with h5py.File(index, "r+") as file:
        del file[f"samples/signal/{name}"]
    with pytest.raises(InputError, match="damaged index"):
        rp.run(path)
    assert rp.run(path, force=True).training == (output,)


def test_bins_of_all_classes_are_counted(folder: Path) -> None:
    variables = [{"pt": {"bins": [0, 100, 1201]}}, {"y": {"bins": [-3, 3, 1001]}}]
    with pytest.raises(ConfigError, match=r"c\.yaml:\d+: .*make 1200000 bins of 2 classes, and 2000000 are the most"):
        rp.run(config(folder, options={"sampling_variables": variables}))
    variables = [{f"v{number}": {"expression": "y", "bins": [-3, 3, 1_500_000]}} for number in range(4)]
    with pytest.raises(ConfigError, match=r"make \d{25} bins, and"):
        rp.run(config(folder, options={"sampling_variables": variables}))


def test_an_rntuple_is_refused_before_it_is_read(folder: Path) -> None:
    found = read(Path("b.root"))
    with uproot.recreate("b.root") as file:
        file.mkrntuple("events", {name: values for name, values in found.items() if name != "jets"})
    with pytest.raises(InputError, match=r"b\.root: 'events' is an RNTuple, whose rows are not copied"):
        rp.run(config(folder))
    assert not list(folder.glob("out/c/resample/*"))
    faults, _ = rp.pipeline.check(config(folder))
    assert ["is an RNTuple" in str(fault) for fault in faults] == [True]


def test_a_stricter_limit_of_what_is_lost_is_looked_at_again(folder: Path) -> None:
    """An index that was made under a looser one is not up to date."""
    fine = {"sampling_variables": [{"pt": {"bins": [0, 500, 60]}}]}
    rp.run(config(folder, options=fine))
    with pytest.raises(ConfigError, match=r"bins are lost.*more than max_lost_fraction 1e-06"):
        rp.run(config(folder, options={**fine, "max_lost_fraction": 1e-6}))
