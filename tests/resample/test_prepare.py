"""The stage prepare: each row of its outputs is a row of the inputs, whole, and those rows alone that pass the cuts."""

from __future__ import annotations

import json
import resource
from typing import TYPE_CHECKING, Any

import awkward as ak
import h5py
import numpy as np
import pytest
import uproot

from rdfplugins import provenance
from rdfplugins.cpp import load_root
from rdfplugins.errors import ConfigErrors, InputError, OutputError
from rdfplugins.resample import prepare
from rdfplugins.resample.sources import prepared, resolve
from tests.resample.source_files import as_records, config, table, write_hdf5

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = """
    classes:
      bjets: {{cut: label == 5}}
      cjets: {{cut: label == 4}}
    preparation:
      ntuples:
        ttbar: {{path: in, file_pattern: "*{0}"}}
      samples:
        training_bjets:
          type: ttbar
          category: bjets
          n_jets: {1}
          cuts:
            - event: {{operator: mod_2_==, condition: 0}}
            - pt: {{operator: ">", condition: 2.0e1, NaNcheck: true}}
        training_cjets: {{type: ttbar, category: cjets}}
        everything: {{type: ttbar, category: inclusive, cut: "pt > 20 && !(run == 3)"}}
    resample:
      method: none
      class_labels: [cjets, bjets]
      options: {{samples: {{ttbar: [training_bjets, training_cjets]}}}}
    """
PASSES = {
    "training_bjets": lambda row: row["event"] % 2 == 0 and not row["pt"] <= 20 and row["label"] == 5,
    "training_cjets": lambda row: row["label"] == 4,
    "everything": lambda row: row["pt"] > 20 and row["run"] != 3,
}


def run(folder: Path, text: str, *, force: bool = False) -> tuple[dict[str, Path], list[str]]:
    said: list[str] = []
    return prepare.run(config(folder, text), folder / "out", force=force, say=said.append), said


def tracks(first: int, rows: int) -> Any:
    """Return [rows, 4] structured values, of which each is different."""
    made = np.zeros((rows, 4), [("d0", "f4"), ("valid", "?"), ("index", "i8")])
    made["index"] = 10 * np.arange(first, first + rows)[:, None] + np.arange(4)
    made["d0"] = made["index"] / 7
    made["valid"] = made["index"] % 3 == 0
    return made


def hdf5_inputs(folder: Path, rows: tuple[int, ...] = (130, 70)) -> Any:
    (folder / "in").mkdir()
    first, parts = 0, []
    for number, n in enumerate(rows):
        columns = table(n, first=first)
        more = {"tracks": tracks(first, n), "weights": np.arange(first, first + n) * 0.5, "cutflow": np.arange(9)}
        path = write_hdf5(folder / "in" / f"{number}.h5", columns, types={"y": ">f8"}, more=more, compression="lzf")
        with h5py.File(path, "a") as file:
            file["jets"].attrs["flavour"] = ["b", "c"]
            file["tracks"].attrs["unit"] = "mm"
            file.attrs["version"] = 7
            file["group/inner"] = np.arange(3)
            file["pointer"] = h5py.ExternalLink("gone.h5", "jets")
        parts.append((as_records(columns, {"y": ">f8"}), more["tracks"], more["weights"]))
        first += n
    return tuple(np.concatenate(arrays).astype(arrays[0].dtype) for arrays in zip(*parts, strict=True))


def test_hdf5_rows_are_whole(tmp_path: Path) -> None:
    jets, trk, weights = hdf5_inputs(tmp_path)
    made, said = run(tmp_path, CONFIG.format(".h5", -1))
    assert list(made) == list(PASSES)
    for name, passes in PASSES.items():
        rows = [i for i in range(200) if passes(jets[i])]
        assert made[name] == tmp_path / "out" / "prepared" / f"{name}.h5"
        with h5py.File(made[name]) as file:
            assert set(file) == {"jets", "tracks", "weights"}
            assert file["jets"].dtype == jets.dtype
            assert file["jets"][:].tobytes() == jets[rows].tobytes()
            assert file["tracks"][:].tobytes() == trk[rows].tobytes()
            assert file["weights"][:].tolist() == weights[rows].tolist()
            assert file["jets"].compression == "lzf"
            assert list(file["jets"].attrs["flavour"]) == ["b", "c"]
            assert file["tracks"].attrs["unit"] == "mm"
            assert file.attrs["version"] == 7
            assert list(file.attrs["class_labels"]) == ["cjets", "bjets"]
            assert json.loads(file.attrs["provenance"])["class_labels"] == ["cjets", "bjets"]
        assert f"{name}: {len(rows)} of 200 rows -> {made[name]}" in said
    assert sum("left behind" in line and "cutflow, group, pointer" in line for line in said) == 3


def test_what_is_cut_away_is_counted(tmp_path: Path) -> None:
    jets, _, _ = hdf5_inputs(tmp_path)
    for job in prepare._jobs(config(tmp_path, CONFIG.format(".h5", -1)), tmp_path / "out"):
        away = sum(not PASSES[job.name](row) for row in jets)
        assert away > 0
        assert sum(chunk.unused.get("cut away", 0) for chunk in job.source.chunks({}, 37)) == away


@pytest.mark.parametrize("batch", [1, 7, 1000])
def test_the_first_rows_that_pass(tmp_path: Path, batch: int) -> None:
    jets, trk, _ = hdf5_inputs(tmp_path)
    text = CONFIG.format(".h5", 9).replace("preparation:\n", f"preparation:\n      batchsize: {batch}\n")
    made, said = run(tmp_path, text)
    rows = [i for i in range(200) if PASSES["training_bjets"](jets[i])][:9]
    with h5py.File(made["training_bjets"]) as file:
        assert file["jets"][:].tobytes() == jets[rows].tobytes()
        assert file["tracks"][:].tobytes() == trk[rows].tobytes()
    assert any("9 of 200 rows, the first 9 that pass (n_jets)" in line for line in said)


def test_fewer_rows_than_wanted(tmp_path: Path) -> None:
    hdf5_inputs(tmp_path)
    made, said = run(tmp_path, CONFIG.format(".h5", "10e6").replace("condition: 2.0e1", "condition: 1.0e9"))
    with h5py.File(made["training_bjets"]) as file:
        rows = file["jets"][:]
    assert np.isnan(rows["pt"]).all()  # what is NaN alone passes a cut with NaNcheck
    assert any("fewer than n_jets (10000000) pass" in line for line in said)


def test_no_row_passes(tmp_path: Path) -> None:
    jets, _, _ = hdf5_inputs(tmp_path)
    made, said = run(tmp_path, CONFIG.format(".h5", -1).replace("label == 4", "label == 99"))
    with h5py.File(made["training_cjets"]) as file:
        assert len(file["jets"]) == len(file["tracks"]) == 0
        assert file["jets"].dtype == jets.dtype
    assert "training_cjets: warning: no row passes" in said


def test_resampling_reads_what_was_prepared(tmp_path: Path) -> None:
    jets, _, _ = hdf5_inputs(tmp_path)
    text = CONFIG.format(".h5", -1)
    loaded = config(tmp_path, text)
    with pytest.raises(InputError, match=r"training_bjets\.h5: is not there; run the stage 'prepare' first"):
        resolve(loaded, tmp_path / "out", "train", outdated={})
    run(tmp_path, text)
    found = resolve(loaded, tmp_path / "out", "train", outdated={})
    assert found.classes == ("cjets", "bjets")
    assert [(one.name, one.category, one.rules.classes.number) for one in found.all] == [
        ("training_bjets", "ttbar", 1),
        ("training_cjets", "ttbar", 0),
    ]
    kept = jets[[i for i in range(200) if PASSES["training_bjets"](jets[i])]]
    (chunk,) = found.all[0].chunks({"event": "event"})
    assert chunk.values["event"].tolist() == kept["event"].tolist()
    assert chunk.unused == {"other split": int(np.count_nonzero(kept["split"] != 0))}
    with pytest.raises(ConfigErrors, match=r"the order differs from that in .*\.h5, which is \[cjets, bjets\]"):
        resolve(
            config(tmp_path, text.replace("[cjets, bjets]", "[bjets, cjets]")), tmp_path / "out", "train", outdated={}
        )


def test_inclusive_samples_have_classes_by_cuts(tmp_path: Path) -> None:
    jets, _, _ = hdf5_inputs(tmp_path)
    text = CONFIG.format(".h5", -1).replace("[training_bjets, training_cjets]", "[everything]")
    run(tmp_path, text)
    (source,) = resolve(config(tmp_path, text), tmp_path / "out", "train", outdated={}).all
    kept = jets[[i for i in range(200) if PASSES["everything"](jets[i])]]
    wanted = np.select([kept["label"] == 4, kept["label"] == 5], [0, 1], -1)
    (chunk,) = source.chunks({})
    assert chunk.class_id.tolist() == np.where(kept["split"] == 0, wanted, -1).tolist()


def test_what_is_up_to_date_stays(tmp_path: Path) -> None:
    hdf5_inputs(tmp_path)
    text = CONFIG.format(".h5", -1)
    made, _ = run(tmp_path, text)
    times = {name: path.stat().st_mtime_ns for name, path in made.items()}
    _, said = run(tmp_path, text)
    assert said == [f"{name}: {path} is up to date" for name, path in made.items()]
    assert {name: path.stat().st_mtime_ns for name, path in made.items()} == times
    _, said = run(tmp_path, text.replace("label == 4", "label == 15"))  # of one class
    assert [line for line in said if "up to date" in line] == [said[0], said[-1]]
    _, said = run(tmp_path, text, force=True)
    assert not any("up to date" in line for line in said)
    loaded = config(tmp_path, text)
    assert prepared.why_outdated(loaded, "everything", made["everything"]) is None
    # the order of bytes is another one, too, and that of the other file is written
    write_hdf5(tmp_path / "in" / "1.h5", table(70), more={"tracks": tracks(0, 70), "weights": np.zeros(70)})
    assert f"was made from another {tmp_path}/in/1.h5" in str(
        prepared.why_outdated(loaded, "everything", made["everything"])
    )
    with pytest.raises(InputError, match=r"was made from another .*1\.h5; run the stage 'prepare' again"):
        resolve(loaded, tmp_path / "out", "train", outdated={})
    _, said = run(tmp_path, text)
    assert not any("up to date" in line for line in said)
    with h5py.File(made["everything"]) as file:
        kept = [row["y"] for part in (table(130), table(70)) for row in as_records(part) if PASSES["everything"](row)]
        assert file["jets"]["y"].tolist() == kept


def test_a_damaged_output_is_made_again(tmp_path: Path) -> None:
    hdf5_inputs(tmp_path)
    text = CONFIG.format(".h5", -1)
    made, _ = run(tmp_path, text)
    made["everything"].write_bytes(made["everything"].read_bytes()[:2000])
    _, said = run(tmp_path, text)
    assert sum("up to date" in line for line in said) == 2
    with h5py.File(made["everything"]) as file:
        assert len(file["jets"]) > 0


class StoppedError(Exception):
    pass


def test_a_full_disk(tmp_path: Path) -> None:
    hdf5_inputs(tmp_path, (3000, 2000))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
    try:
        with pytest.raises(OutputError, match=r"training_bjets\.h5: cannot be written: File too large"):
            run(tmp_path, CONFIG.format(".h5", -1))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not list((tmp_path / "out" / "prepared").iterdir())


def test_nothing_is_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from rdfplugins.resample import prepare_hdf5

    hdf5_inputs(tmp_path)
    text = CONFIG.format(".h5", -1)
    made, _ = run(tmp_path, text)
    before = {path: path.read_bytes() for path in made.values()}
    calls = []
    append = prepare_hdf5._append

    def failing(dataset: Any, rows: Any) -> None:
        calls.append(len(rows))
        if len(calls) == 5:
            raise StoppedError
        append(dataset, rows)

    monkeypatch.setattr(prepare_hdf5, "_append", failing)
    with pytest.raises(StoppedError):
        run(tmp_path, text, force=True)
    assert {path: path.read_bytes() for path in before} == before
    assert {path.name for path in (tmp_path / "out" / "prepared").iterdir()} == {path.name for path in before}


def test_files_whose_datasets_differ(tmp_path: Path) -> None:
    hdf5_inputs(tmp_path)
    columns = table(10)
    write_hdf5(tmp_path / "in" / "2.h5", columns, types={"y": ">f8"}, more={"tracks": tracks(0, 10)})
    with pytest.raises(InputError, match=r"2\.h5: has no dataset 'weights', which .*0\.h5 has"):
        run(tmp_path, CONFIG.format(".h5", -1))
    more = {"tracks": tracks(0, 10)[:, :3], "weights": np.zeros(10)}
    write_hdf5(tmp_path / "in" / "2.h5", columns, types={"y": ">f8"}, more=more)
    with pytest.raises(InputError, match=r"2\.h5: the shape of a row of dataset 'tracks' is \[3\], but \[4\] in"):
        run(tmp_path, CONFIG.format(".h5", -1))
    changed = np.zeros((10, 4), [("d0", "f8"), ("valid", "?"), ("index", "i8")])
    write_hdf5(tmp_path / "in" / "2.h5", columns, types={"y": ">f8"}, more={**more, "tracks": changed})
    with pytest.raises(InputError, match=r"2\.h5: column 'd0' of dataset 'tracks' is float64, but float32 in .*0\.h5"):
        run(tmp_path, CONFIG.format(".h5", -1))
    assert not list((tmp_path / "out" / "prepared").iterdir())


@pytest.mark.parametrize(
    ("change", "line", "said"),
    [
        (("label == 5", "lable == 5"), 3, "sample 'training_bjets' has no column 'lable'; did you mean 'label'?"),
        (("- pt:", "- ptt:"), 9, "sample 'training_bjets' has no column 'ptt'; did you mean 'pt'?"),
        (
            ("{type: ttbar, category: cjets}", "{type: ttbar, category: cjets, output_name: a.root}"),
            16,
            "let its name end",
        ),
        (
            ("{type: ttbar, category: cjets}", "{type: ttbar, category: cjets, output_name: ../../in/0.h5}"),
            16,
            "../../in/0.h5 leads out of",
        ),
        (
            ("{type: ttbar, category: cjets}", "{type: ttbar, category: cjets, output_name: training_bjets.h5}"),
            16,
            "samples 'training_bjets' and 'training_cjets' would be written to the same file",
        ),
        (("file_pattern: '*.h5'", "file_pattern: '*.h6'"), 7, "no file matches"),
    ],
)
def test_configs_that_cannot_be(tmp_path: Path, change: tuple[str, str], line: int, said: str) -> None:
    hdf5_inputs(tmp_path)
    text = CONFIG.format(".h5", -1).replace('"*.h5"', "'*.h5'")
    assert change[0] in text
    with pytest.raises(ConfigErrors) as caught:
        run(tmp_path, text.replace(*change))
    first = str(caught.value).split("\n")[0]
    assert first.startswith(f"{tmp_path}/config.yaml:{line}: ")
    assert said in first
    assert not (tmp_path / "out").exists()


def test_classes_that_no_cut_tells_apart(tmp_path: Path) -> None:
    hdf5_inputs(tmp_path)
    text = """
        preparation:
          ntuples: {ttbar: {path: in, file_pattern: "*.h5"}}
          samples:
            one: {type: ttbar, category: bjets}
            two: {type: ttbar, category: cjets}
        """
    with pytest.raises(
        ConfigErrors, match=r"config.yaml:6: samples 'one' and 'two' are of classes 'bjets' and 'cjets'"
    ):
        run(tmp_path, text)


# -- where outputs are

ONE = """
    preparation:
      ntuples: {{ttbar: {{path: in, file_pattern: "*.h5"}}}}
      samples:
        one: {{type: ttbar, category: bjets{}}}
        two: {{files: other/x.h5, category: bjets}}
    """


def test_an_absolute_path_of_umami_is_its_name(tmp_path: Path) -> None:
    hdf5_inputs(tmp_path)
    (tmp_path / "other").mkdir()
    write_hdf5(tmp_path / "other" / "x.h5", table(5))
    made, said = run(tmp_path, ONE.format(f", f_output: {{path: {tmp_path}/in, file: 0.h5}}"))
    assert made["one"] == tmp_path / "out" / "prepared" / "0.h5"
    assert [line for line in said if line.startswith("prepare:")] == [
        "prepare: of the absolute paths of one the names of the files are taken; they are in 'prepared'"
    ]


def test_outputs_stay_in_their_folder(tmp_path: Path) -> None:
    hdf5_inputs(tmp_path)
    (tmp_path / "other").mkdir()
    write_hdf5(tmp_path / "other" / "x.h5", table(5))
    (tmp_path / "out" / "prepared").mkdir(parents=True)
    (tmp_path / "out" / "prepared" / "away").symlink_to(tmp_path / "other")
    for name in ("away/y.h5", "../y.h5", "a/../../../y.h5"):
        with pytest.raises(ConfigErrors, match=rf"config.yaml:5: {name} leads out of .*prepared"):
            run(tmp_path, ONE.format(f", output_name: {name}"))
    assert [path.name for path in (tmp_path / "other").iterdir()] == ["x.h5"]


def test_inputs_of_any_sample_stay(tmp_path: Path) -> None:
    hdf5_inputs(tmp_path)
    (tmp_path / "other").mkdir()
    write_hdf5(tmp_path / "other" / "x.h5", table(5))
    folder = tmp_path / "out" / "prepared"
    folder.mkdir(parents=True)
    (folder / "y.h5").hardlink_to(tmp_path / "other" / "x.h5")
    with pytest.raises(ConfigErrors, match=r":5: the output of 'one' would replace an input of 'two', .*other/x\.h5"):
        run(tmp_path, ONE.format(", output_name: y.h5"))
    assert [path.name for path in folder.iterdir()] == ["y.h5"]


@pytest.mark.parametrize("content", ["table", "text", "tree"])
def test_a_file_of_somebody_stays(tmp_path: Path, content: str) -> None:
    hdf5_inputs(tmp_path)
    (tmp_path / "other").mkdir()
    write_hdf5(tmp_path / "other" / "x.h5", table(5))
    path = tmp_path / "out" / "prepared" / "two.h5"
    path.parent.mkdir(parents=True)
    if content == "table":
        write_hdf5(path, table(3))
    elif content == "text":
        path.write_text("my notes")
    else:
        with uproot.recreate(path) as file:
            file["x"] = {"y": np.arange(3)}
    before = path.read_bytes()
    with pytest.raises(OutputError, match=r"two\.h5: is there, and is no prepared sample"):
        run(tmp_path, ONE.format(""), force=True)
    assert path.read_bytes() == before
    assert [one.name for one in path.parent.iterdir()] == ["two.h5"]


# -- trees


def root_inputs(folder: Path) -> Any:
    """Write two trees with scalars, vectors, arrays and text, and return all entries."""
    (folder / "in").mkdir()
    root = load_root()
    for number, (first, rows) in enumerate([(0, 130), (130, 70)]):
        df = root.RDataFrame(rows).Define("i", f"int(rdfentry_) + {first}")
        defines = {
            "run": "i % 7 - 3",
            "event": "Long64_t(i) * 1000003",
            "pt": 'i % 50 == 3 ? std::nanf("") : float(i * 37 % 100)',
            "label": "std::array<int, 4>{0, 4, 5, 15}[i * 13 % 4]",
            "split": "i % 3",
            "event_key": "ULong64_t(i) * 0x9E3779B97F4A7C15ULL",
            "floats": "ROOT::RVecF(i % 4, i / 3.f)",
            "real": "std::vector<double>(i % 3, i / 7.)",
            "text": "std::string(i % 5, 'x')",
        }
        for name, code in defines.items():
            df = df.Define(name, code)
        options = root.RDF.RSnapshotOptions()
        options.fVector2RVec = False
        df.Snapshot("events", str(folder / "in" / f"{number}.root"), ["i", *defines], options)
    return ak.concatenate([uproot.open(f"{folder}/in/{number}.root:events").arrays() for number in range(2)])


@pytest.mark.parametrize("most", [-1, 5])
def test_trees_are_whole(tmp_path: Path, most: int) -> None:
    rows = root_inputs(tmp_path)
    with uproot.open(tmp_path / "in" / "0.root") as file:
        types = file["events"].typenames()
    text = CONFIG.format(".root", most)
    made, _ = run(tmp_path, text)
    plain = {name: rows[name].to_numpy() for name in ("event", "pt", "label", "run")}
    for name, passes in PASSES.items():
        wanted = [i for i in range(200) if passes({key: values[i] for key, values in plain.items()})]
        if name == "training_bjets" and most > 0:
            wanted = wanted[:most]
        with uproot.open(made[name]) as file:
            found = file["events"].arrays()
            assert file["events"].keys() == rows.fields
            assert file["events"].typenames() == types
        assert len(wanted) > 0
        for field in rows.fields:
            assert str(found[field].to_list()) == str(rows[field][wanted].to_list()), field
        record = provenance.read(made[name])
        assert record is not None
        assert record["class_labels"] == ["cjets", "bjets"]
    _, said = run(tmp_path, text)
    assert all("up to date" in line for line in said)
    source = resolve(config(tmp_path, text), tmp_path / "out", "train", outdated={}).all[0]
    assert source.key_is == "event_key"


def test_a_tree_in_a_folder(tmp_path: Path) -> None:
    with uproot.recreate(tmp_path / "a.root") as file:
        file.mktree("folder/events", {"x": np.float64})
        file["folder/events"].extend({"x": np.arange(10.0)})
        file.mktree("other", {"x": np.float64})
    text = """
        preparation:
          tree: folder/events
          samples: {one: {files: a.root, category: signal, cut: x >= 4}}
        resample: {method: none}
        """
    made, _ = run(tmp_path, text)
    with uproot.open(made["one"]) as file:
        assert [name for name, kind in file.classnames().items() if kind == "TTree"] == ["events;1"]
    (source,) = resolve(config(tmp_path, text), tmp_path / "out", "train", outdated={}).all
    (chunk,) = source.chunks({"x": "x"})
    assert chunk.values["x"].tolist() == [4.0, 5.0, 6.0, 7.0, 8.0, 9.0]


def test_a_tree_of_which_nothing_passes(tmp_path: Path) -> None:
    rows = root_inputs(tmp_path)
    made, said = run(tmp_path, CONFIG.format(".root", -1).replace("label == 4", "label == 99"))
    with uproot.open(made["training_cjets"]) as file:
        assert file["events"].num_entries == 0
        assert file["events"].keys() == rows.fields
    assert "training_cjets: warning: no row passes" in said
