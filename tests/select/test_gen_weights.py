"""The sum of generator weights from the tree ``Runs`` of NanoAOD files: of all files, whatever a skim has left."""

from __future__ import annotations

import math
import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import uproot

import rdfplugins as rp
from rdfplugins.cpp import load_root
from rdfplugins.errors import ConfigError, ConfigErrors, InputError
from rdfplugins.nodes import diphoton
from rdfplugins.select.samples import gen_weights, inputs
from rdfplugins.simulate import simulate_ditau
from tests.select import helpers

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SUMS = "genEventSumw"
KEY = ("run", "luminosityBlock", "event")
FACTORS = dict.fromkeys(diphoton.SCALE_FACTORS, "1.0f")
LINE = 4  # of the sample in the configs of this file


def nano(path: Path, sums: list[float] | None, *, events: int = 4, first: int = 1, name: str = SUMS) -> Path:
    """Write a file as NanoAOD is laid out: ``Events`` with a generator weight of 2, and ``Runs``, None: without it."""
    number = np.arange(first, first + events)
    with uproot.recreate(path) as file:
        columns = {"run": np.ones(events, np.uint32), "luminosityBlock": np.full(events, 3, np.uint32)}
        columns |= {"event": number.astype(np.uint64), "genWeight": np.full(events, 2, np.float32)}
        file.mktree("Events", {key: values.dtype for key, values in columns.items()})
        file["Events"].extend(columns)
        if sums is not None:
            file.mktree("Runs", {"run": np.uint32, name: np.float64})
            file["Runs"].extend({"run": np.arange(len(sums), dtype=np.uint32), name: np.array(sums, dtype=np.float64)})
    return path


def config_data(files: Any, **changes: Any) -> dict[str, Any]:
    sample = {"kind": "mc", "files": files, "xsec_pb": 10.0, "sum_of_weights": "runs"}
    data = {
        "version": 1,
        "input": {
            "samples": {"mc": sample},
            "tree": "Events",
            "units": "GeV",
            "aliases": {"mcWeight": "genWeight", **FACTORS},
        },
        "select": {"weight": "weight", "steps": [{"node": "diphoton.weights"}], "output": {"dir": "out"}},
    }
    return helpers.changed(data, changes)


def run(folder: Path, files: Any, **changes: Any) -> tuple[rp.RunResult, list[str]]:
    said: list[str] = []
    result = helpers.run(folder, config_data(files, **changes), say=said.append)
    return result, said


def faults(folder: Path, files: Any, **changes: Any) -> list[str]:
    """Return what is wrong, with the folder of the test as T; ``check`` must find the same."""
    data = config_data(files, **changes)
    with pytest.raises((ConfigError, InputError)) as raised:
        helpers.run(folder, data)
    checked, _ = rp.pipeline.check(helpers.write_config(folder, data))
    assert [str(fault) for fault in checked] == str(raised.value).splitlines()
    return str(raised.value).replace(str(folder), "T").splitlines()


# -- what is read


@pytest.mark.parametrize("name", [SUMS, f"{SUMS}_"])
def test_all_runs_of_all_files_count(tmp_path: Path, name: str) -> None:
    nano(tmp_path / "a.root", [100.5, -20.25], name=name)
    nano(tmp_path / "b.root", [1e9], name=name, first=11)
    result, said = run(tmp_path, "*.root")
    total = 1e9 + 80.25
    assert f"mc: sum of weights {total} from tree 'Runs' of its 2 files" in said
    assert helpers.provenance(result.outputs["mc"])["normalisation"] == {
        "sum_of_weights": {"value": total, "from": "Runs.genEventSumw"},
        "xsec_pb": {"value": 10.0, "from": "config"},
    }
    assert helpers.columns(result.outputs["mc"])["weight"].tolist() == [2.0 * (10.0 / total)] * 8


def test_a_skim_is_normalised_to_all_that_was_generated(tmp_path: Path) -> None:
    """Three of a thousand events of weight 2 are left: they stand for 3/1000 of the cross-section."""
    result, _ = run(tmp_path, str(nano(tmp_path / "skim.root", [2000.0], events=3)))
    assert result.cutflow["mc"].cuts[-1].weighted == pytest.approx(10.0 * 3 / 1000, rel=1e-14)


def test_data_beside_it_need_no_runs(tmp_path: Path) -> None:
    data = {"kind": "data", "files": str(nano(tmp_path / "data.root", None, first=50))}
    sample = config_data(str(nano(tmp_path / "mc.root", [8.0])))["input"]["samples"]["mc"]
    result, _ = run(tmp_path, [], input__samples={"mc": sample, "data": data})
    assert helpers.columns(result.outputs["data"])["weight"].tolist() == [1.0] * 4


def test_the_real_files(tmp_path: Path, real_data: Path) -> None:
    """One writes ``genEventSumw_``, the other ``genEventSumw``."""
    files = [real_data / "nanoaod" / name for name in ("nano_dy.root", "pfnano.root")]
    expected = []
    for file, name in zip(files, (f"{SUMS}_", SUMS), strict=True):
        with uproot.open(file) as opened:
            expected.append(opened["Runs"][name].array(library="np").sum())
    result, _ = run(tmp_path, [str(file) for file in files])
    origin = helpers.provenance(result.outputs["mc"])["normalisation"]["sum_of_weights"]
    assert origin["value"] == rp.sum_of_gen_weights(files) == math.fsum(expected)
    assert expected == [15166686735.858717, 10.0]


@pytest.mark.parametrize("source", ["files", "simulate"])
def test_simulated_nanoaod(tmp_path: Path, source: str) -> None:
    """Some of these events have negative weights; their file has a tree ``Runs``, and says the sum by itself."""
    made = simulate_ditau(tmp_path / "zll.root", mode="zll", events=2000, seed=5)
    with uproot.open(made.path) as file:
        weights = file["Events"]["genWeight"].array(library="np").astype(float)
    assert weights.min() < 0 < weights.sum() == made.sum_of_weights
    sample = {"kind": "mc", "xsec_pb": 100.0, "sum_of_weights": "runs"}
    sample |= {
        "files": {"files": str(made.path)},
        "simulate": {"simulate": {"process": "ditau", "mode": "zll", "events": 2000, "seed": 5}},
    }[source]
    steps = [{"node": "ditau.weights"}]
    result, said = run(tmp_path, [], input__samples={"mc": sample}, input__aliases=None, select__steps=steps)
    origin = helpers.provenance(result.outputs["mc"])["normalisation"]["sum_of_weights"]
    assert origin == {"value": made.sum_of_weights, "from": "Runs.genEventSumw"}
    assert f"mc: sum of weights {made.sum_of_weights:g} from tree 'Runs' of its file" in said
    assert result.cutflow["mc"].cuts[-1].weighted == pytest.approx(100.0, rel=1e-9)


# -- up to date


def test_another_sum_makes_anew(tmp_path: Path) -> None:
    file = nano(tmp_path / "a.root", [100.0])
    _, first = run(tmp_path, str(file))
    _, second = run(tmp_path, str(file))
    nano(file, [200.0])
    result, third = run(tmp_path, str(file))
    fresh = [any("is up to date" in line for line in said) for said in (first, second, third)]
    assert fresh == [False, True, False]
    assert helpers.columns(result.outputs["mc"])["weight"].tolist() == [0.1] * 4


# -- what cannot be read


def half_filled(path: Path) -> None:
    nano(path, None)
    root = load_root()
    file = root.TFile.Open(str(path), "UPDATE")
    tree = root.TTree("Runs", "")
    value = np.array([5.0])
    tree.Branch(SUMS, value, f"{SUMS}/D")
    tree.Fill()
    tree.SetEntries(3)
    tree.Write()
    file.Close()


def damaged(path: Path) -> None:
    """Spoil the compressed sums, and nothing else of the file."""
    nano(path, None)
    root = load_root()
    file = root.TFile.Open(str(path), "UPDATE")
    tree = root.TTree("Runs", "")
    value = np.array([0.0])
    tree.Branch(SUMS, value, f"{SUMS}/D")
    for number in range(1000):
        value[0] = number**0.5
        tree.Fill()
    tree.Write()
    place = int(tree.GetBranch(SUMS).GetBasketSeek(0))
    file.Close()
    content = bytearray(path.read_bytes())
    content[place + 200 : place + 260] = bytes(60)
    path.write_bytes(content)


def odd(leaves: str) -> Callable[[Path], None]:
    """Return what writes a tree ``Runs`` of one row whose sum is more or other than one number."""

    def write(path: Path) -> None:
        nano(path, None)
        root = load_root()
        file = root.TFile.Open(str(path), "UPDATE")
        tree = root.TTree("Runs", "")
        many, count = np.array([5.0, 6.0]), np.array([2], np.int32)
        text = np.frombuffer(b"50\0\0", np.int8).copy()
        objects = {"vector": root.std.vector["double"]([5.0]), "string": root.std.string("50")}
        if leaves in objects:
            tree.Branch(SUMS, objects[leaves])
        else:
            tree.Branch("n", count, "n/I")
            tree.Branch(SUMS, text if leaves.endswith(("/C", "/O")) else many, leaves)
        tree.Fill()
        tree.Write()
        file.Close()

    return write


BAD = {
    "no tree": (lambda path: nano(path, None), "has no tree 'Runs', from which sum_of_weights is to be read"),
    "no branch": (
        lambda path: nano(path, [1.0], name="genEventSum"),
        "tree 'Runs' has no branch 'genEventSumw' (are these data?)",
    ),
    "empty": (lambda path: nano(path, []), "tree 'Runs' is empty"),
    "half-filled": (half_filled, "branch 'genEventSumw' of tree 'Runs' has 1 entries where the tree has 3"),
    "nan": (lambda path: nano(path, [1.0, math.nan]), "'genEventSumw' of tree 'Runs' holds a value that is no number"),
    "inf": (lambda path: nano(path, [math.inf]), "'genEventSumw' of tree 'Runs' holds a value that is no number"),
    **{
        leaves: (odd(leaves), f"branch 'genEventSumw' of tree 'Runs' holds {what}, not one number a run")
        for leaves, what in {
            f"{SUMS}[2]/D": "Double_t[2]",
            f"{SUMS}[n]/D": "Double_t[n]",
            "a/D:b/D": "struct of 2 leaves",
            f"{SUMS}/C": "a text",
            f"{SUMS}/O": "Bool_t",
            "vector": "vector<double>",
            "string": "string",
        }.items()
    },
    "damaged": (damaged, "tree 'Runs' is damaged, its branch 'genEventSumw' cannot be read"),
}


@pytest.mark.parametrize("what", BAD)
def test_a_file_that_does_not_say(tmp_path: Path, what: str) -> None:
    make, message = BAD[what]
    nano(tmp_path / "a.root", [1.0], first=11)
    make(tmp_path / "b.root")
    (fault,) = faults(tmp_path, ["a.root", "b.root"])
    assert fault.startswith(f"T/config.yaml:{LINE}: T/b.root: {message}")
    assert what == "damaged" or "give sum_of_weights as a number" in fault
    with pytest.raises(InputError, match=r"b\.root: "):
        rp.sum_of_gen_weights(tmp_path / "b.root")


@pytest.mark.parametrize("what", BAD)
def test_a_skipped_file_leaves_its_sum_out(tmp_path: Path, what: str) -> None:
    nano(tmp_path / "a.root", [50.0], first=11)
    BAD[what][0](tmp_path / "b.root")
    result, said = run(tmp_path, ["a.root", "b.root"], input__on_bad_file="skip")
    record = helpers.provenance(result.outputs["mc"])
    assert record["normalisation"]["sum_of_weights"]["value"] == 50.0
    assert [file["path"] for file in record["skipped"]] == [str(tmp_path / "b.root")]
    assert helpers.columns(result.outputs["mc"])["weight"].tolist() == [2.0 * (10.0 / 50.0)] * 4
    (warning,) = [line for line in said if "skipped" in line]
    assert "a sum_of_weights of the config must be" not in warning


@pytest.mark.parametrize("sums", [[3.0, -3.0], [-1.0]])
def test_a_sum_that_normalises_nothing(tmp_path: Path, sums: list[float]) -> None:
    nano(tmp_path / "a.root", sums)
    (fault,) = faults(tmp_path, "a.root")
    assert fault == (
        f"T/config.yaml:{LINE + 4}: sample 'mc': Runs.genEventSumw adds up to {sum(sums):g}, and no event could be"
        " normalised to that; give a number here"
    )
    with pytest.raises(InputError, match=r"Runs\.genEventSumw adds up to"):
        rp.sum_of_gen_weights(tmp_path / "a.root")


# -- a number in the config


CONTRADICTION = "mc: warning: sum of weights {} of the config is used; tree 'Runs' of {} says {}, and"


@pytest.mark.parametrize(("number", "warned"), [(2704.0, False), (2706.0, False), (2708.0, True), (4000.0, True)])
def test_a_number_is_compared_with_all_files(tmp_path: Path, number: float, warned: bool) -> None:
    nano(tmp_path / "a.root", [2700.0])
    nano(tmp_path / "b.root", [1.5, 2.5], first=11)
    result, said = run(tmp_path, "*.root", input__samples__mc__sum_of_weights=number)
    line = f"{CONTRADICTION.format(f'{number:g}', 'its 2 files', '2704')} 'sum_of_weights: runs' takes that"
    assert [text for text in said if "Runs" in text] == [line] * warned
    assert helpers.columns(result.outputs["mc"])["weight"].tolist() == [2.0 * (10.0 / number)] * 8
    origin = helpers.provenance(result.outputs["mc"])["normalisation"]["sum_of_weights"]
    assert origin == {"value": number, "from": "config"}


def test_a_sum_below_zero_contradicts_too(tmp_path: Path) -> None:
    _, said = run(tmp_path, str(nano(tmp_path / "a.root", [-8.0])), input__samples__mc__sum_of_weights=8.0)
    assert any(line.startswith(CONTRADICTION.format("8", "its file", "-8")) for line in said)


@pytest.mark.parametrize("what", BAD)
def test_a_number_needs_no_tree(tmp_path: Path, what: str, capfd: pytest.CaptureFixture[str]) -> None:
    """One of the files has what contradicts the number, the other none, or something odd: nothing is said of it."""
    nano(tmp_path / "a.root", [1.0], first=11)
    BAD[what][0](tmp_path / "b.root")
    capfd.readouterr()
    result, said = run(tmp_path, ["a.root", "b.root"], input__samples__mc__sum_of_weights=50.0)
    assert not [line for line in said if "Runs" in line or SUMS in line]
    assert capfd.readouterr().err == ""
    assert len(helpers.columns(result.outputs["mc"])["weight"]) == 8


@pytest.mark.parametrize("kind", ["RNTuple", "histogram"])
def test_another_object_of_that_name(tmp_path: Path, kind: str) -> None:
    path = nano(tmp_path / "a.root", None)
    root = load_root()
    file = root.TFile.Open(str(path), "UPDATE")
    if kind == "RNTuple":
        model = root.RNTupleModel.Create()
        model.MakeField["double"](SUMS)
        root.RNTupleWriter.Append(model, "Runs", file)
    else:
        root.TH1D("Runs", "", 1, 0.0, 1.0).Write()
    file.Close()
    _, said = run(tmp_path, str(path), input__samples__mc__sum_of_weights=50.0)
    assert not [line for line in said if "Runs" in line]


def test_a_tree_that_ends_the_process_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = nano(tmp_path / "a.root", [1.0])
    monkeypatch.setattr(
        inputs, "_deaths", lambda paths, tree, _: dict.fromkeys(paths, "dies") if tree == "Runs" else {}
    )
    monkeypatch.setattr(gen_weights, "read", lambda *_: pytest.fail("was read"))
    _, said = run(tmp_path, str(path), input__samples__mc__sum_of_weights=50.0)
    assert not [line for line in said if "Runs" in line]
    shutil.rmtree(tmp_path / "out")
    assert faults(tmp_path, str(path)) == [f"T/config.yaml:{LINE}: T/a.root: is damaged: dies; fetch or write it again"]


def test_simulation_and_data_are_not_compared(tmp_path: Path) -> None:
    simulated = {"simulate": {"process": "ditau", "mode": "zll", "events": 500, "seed": 6}}
    samples = {
        "mc": {"kind": "mc", "xsec_pb": 1.0, "sum_of_weights": 7000.0, **simulated},
        "data": {"kind": "data", "files": str(nano(tmp_path / "data.root", [5.0], first=50))},
    }
    steps = [{"node": "ditau.weights"}]
    _, said = run(tmp_path, [], input__samples=samples, input__aliases=None, select__steps=steps)
    assert not [line for line in said if "Runs" in line]


# -- in Python


def test_several_ways_to_name_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = nano(tmp_path / "a.root", [1.0]), nano(tmp_path / "b.root", [2.0])
    monkeypatch.chdir(tmp_path)
    for files in ("*.root", str(tmp_path), tmp_path, [one, two], (str(one), "b.root"), ["?.root"]):
        assert rp.sum_of_gen_weights(files) == 3.0
    assert rp.sum_of_gen_weights(one) == 1.0


def test_files_that_are_named_twice_or_not_there(tmp_path: Path) -> None:
    one = nano(tmp_path / "a.root", [1.0])
    with pytest.raises(ConfigErrors, match="is named twice"):
        rp.sum_of_gen_weights([one, one])
    with pytest.raises(ConfigErrors, match="no file matches"):
        rp.sum_of_gen_weights(str(tmp_path / "x*.root"))
    with pytest.raises(InputError, match=r"b\.root: no such file"):
        rp.sum_of_gen_weights([one, tmp_path / "b.root"])


def test_a_node_by_itself_says_what_to_do(tmp_path: Path) -> None:
    file = nano(tmp_path / "a.root", [4.0])
    frame = load_root().RDataFrame("Events", str(file)).Define("mcWeight", "genWeight")
    for name in FACTORS:
        frame = frame.Define(name, "1.0")
    with pytest.raises(ConfigError) as raised:
        diphoton.weights(frame, sample=rp.Sample("mc", xsec_pb=1.0, sum_of_weights="runs"))
    assert str(raised.value) == (
        "diphoton.weights does not see the files that sum_of_weights='runs' is read from; say rp.Sample('mc',"
        " sum_of_weights=rp.sum_of_gen_weights(files), ...)"
    )
    sample = rp.Sample("mc", xsec_pb=1.0, sum_of_weights=rp.sum_of_gen_weights(file))
    assert diphoton.weights(frame, sample=sample).Sum("weight").GetValue() == 2.0
