"""Bad inputs and configs of whole runs: one line that says where and what, the right class, and no file left."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import rdfplugins as rp
from rdfplugins.cpp import captured_stderr, load_root
from rdfplugins.errors import ConfigError, CppError, InputError, MissingColumnError, OutputError, RdfpluginsError
from rdfplugins.simulate import simulate_hgg
from tests.select import helpers

if TYPE_CHECKING:
    from pathlib import Path


def fault(tmp_path: Path, data: dict[str, Any], kind: type[RdfpluginsError] = ConfigError, **options: Any) -> str:
    """Return the message of a run that must fail: on one line, with nothing on the terminal and no file left."""
    said: list[str] = []
    with captured_stderr() as printed, pytest.raises(RdfpluginsError) as caught:
        helpers.run(tmp_path, data, say=said.append, **options)
    assert isinstance(caught.value, kind), repr(caught.value)
    assert caught.value.exit_code == (1 if kind is OutputError else 2)
    assert printed[0] == ""
    folder = options.get("output", tmp_path / "out")
    assert {path.name for path in folder.glob("*")} <= {".rdfrun.lock"}
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 600
    return message.replace(str(tmp_path), "T")


def line_of(tmp_path: Path, text: str) -> int:
    """Return the number of the first line of the written config that holds a text."""
    lines = (tmp_path / "config.yaml").read_text().splitlines()
    return next(number for number, line in enumerate(lines, start=1) if text in line)


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory, good: Path) -> Path:
    """A folder of files that cannot serve beside the good one."""
    folder = tmp_path_factory.mktemp("bad")
    whole = good.read_bytes()
    (folder / "truncated.root").write_bytes(whole[: len(whole) // 2])
    (folder / "tail.root").write_bytes(whole[:-50])
    (folder / "empty.root").write_bytes(b"")
    (folder / "text.root").write_text("these are not the events you are looking for\n" * 20)
    (folder / "folder.root").mkdir()
    (folder / "folder.root" / "note.txt").write_text("")
    root = load_root()
    file = root.TFile(str(folder / "histogram.root"), "RECREATE")
    histogram = root.TH1D("t", "t", 2, 0, 1)
    histogram.Write()
    file.Close()
    helpers.write_columns(folder / "othertree.root", helpers.small_columns(), tree="tt")
    columns = helpers.small_columns(5, first=100)
    helpers.write_columns(folder / "nox.root", {name: values for name, values in columns.items() if name != "x"})
    helpers.write_columns(folder / "now.root", {name: values for name, values in columns.items() if name != "w"})
    helpers.write_columns(folder / "doublex.root", {**columns, "x": columns["x"].astype(np.float64)})
    helpers.write_columns(folder / "floatw.root", {**columns, "w": columns["w"].astype(np.float32)})
    helpers.write_columns(folder / "vectorx.root", {**columns, "x": (np.float32, [[1.0]] * 5)})
    _write_half(folder / "half.root")
    return folder


def _write_half(path: Path) -> None:
    """Write a tree of ten events of which the branch ``x`` has five."""
    root = load_root()
    file = root.TFile(str(path), "RECREATE")
    tree = root.TTree("t", "t")
    values = {name: np.zeros(1, kind) for name, kind in helpers.SMALL.items()}
    letters = dict(zip(helpers.SMALL, "ILFD", strict=True))
    branches = {name: tree.Branch(name, values[name], f"{name}/{letters[name]}") for name in values}
    for number in range(10):
        values["event"][0] = number
        for name, branch in branches.items():
            if name != "x" or number < 5:
                branch.Fill()
    tree.SetEntries(10)
    tree.Write()
    file.Close()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("missing.root", r"no such file"),
        ("truncated.root", r"cannot be read as a ROOT file: .*"),
        ("tail.root", r"cannot be read as a ROOT file: .*"),
        ("empty.root", r"cannot be read as a ROOT file: .*"),
        ("text.root", r"cannot be read as a ROOT file: .*not a ROOT file"),
        ("histogram.root", r"'t' is a TH1D, not a TTree"),
        ("othertree.root", r"has no tree 't'; did you mean 'tt'\? \(it has: tt\)"),
        ("half.root", r"branch 'x' has 5 entries where the tree has 10"),
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_bad_file(tmp_path: Path, good: Path, *, bad: Path, name: str, expected: str, first: bool) -> None:
    files = [str(bad / name), str(good)]
    message = fault(tmp_path, helpers.small_config(files if first else files[::-1]), InputError)
    line = line_of(tmp_path, "one:")
    assert re.fullmatch(rf"T/config.yaml:{line}: {re.escape(str(bad / name))}: {expected}", message), message


def test_folder_without_files(tmp_path: Path, bad: Path) -> None:
    message = fault(tmp_path, helpers.small_config([str(bad / "folder.root")]))
    line = line_of(tmp_path, "folder.root")
    assert message == f"T/config.yaml:{line}: the folder {bad / 'folder.root'} holds no *.root file"


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize(
    ("use", "other", "expected"),
    [
        ({}, "nox.root", "{bad}: tree 't' has no branch 'x', which {good} has"),
        ({}, "doublex.root", "{second}: branch 'x' is of type {kinds}; one sample needs one schema"),
        ({"select__weight": "w"}, "now.root", "{bad}: tree 't' has no branch 'w', which {good} has"),
        ({"input__aliases": {"v": "1/w"}}, "now.root", "{bad}: tree 't' has no branch 'w', which {good} has"),
        ({"select__output__columns": ["w"]}, "now.root", "{bad}: tree 't' has no branch 'w', which {good} has"),
        (
            {"select__histograms": {"h": {"column": "w", "bins": 2, "range": [0, 1]}}},
            "now.root",
            "{bad}: tree 't' has no branch 'w', which {good} has",
        ),
        (
            {"select__steps": [{"define": {"z": "x > 3 ? x :w"}}]},
            "now.root",
            "{bad}: tree 't' has no branch 'w', which {good} has",
        ),
    ],
)
def test_files_of_one_sample_differ(
    tmp_path: Path, good: Path, *, bad: Path, use: dict[str, Any], other: str, expected: str, first: bool
) -> None:
    files = [str(bad / other), str(good)] if first else [str(good), str(bad / other)]
    message = fault(tmp_path, helpers.small_config(files, **use), InputError)
    kinds = f"Float_t, but Double_t in {files[0]}" if first else f"Double_t, but Float_t in {files[0]}"
    said = expected.format(bad=bad / other, good=good, second=files[1], kinds=kinds)
    assert message == f"T/config.yaml:{line_of(tmp_path, 'one:')}: {said}"


@pytest.mark.parametrize("other", ["now.root", "floatw.root"])
@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("pattern", ["*", "w*", "[w]"])
def test_branches_of_a_pattern_are_compared(
    tmp_path: Path, good: Path, *, bad: Path, pattern: str, first: bool, other: str
) -> None:
    """ROOT reads a branch of another type as that of the first file, without an error and with wrong values."""
    files = [str(bad / other), str(good)] if first else [str(good), str(bad / other)]
    message = fault(tmp_path, helpers.small_config(files, select__output__columns=[pattern]), InputError)
    assert "'w'" in message
    assert str(bad / other) in message


@pytest.mark.parametrize("other", ["now.root", "floatw.root"])
@pytest.mark.parametrize("first", [True, False])
def test_unused_branches_may_differ(tmp_path: Path, good: Path, bad: Path, other: str, first: bool) -> None:
    files = [str(bad / other), str(good)] if first else [str(good), str(bad / other)]
    found = helpers.columns(helpers.run(tmp_path, helpers.small_config(files)).outputs["one"])
    expected = np.array([*range(1, 21), *range(100, 105)]) * 2 + 0.5
    assert np.array_equal(np.sort(found["y"]), expected.astype(np.float32))


def test_a_scalar_here_and_a_vector_there(tmp_path: Path, good: Path, bad: Path) -> None:
    message = fault(tmp_path, helpers.small_config([str(good), str(bad / "vectorx.root")]), InputError)
    assert "branch 'x' is of type vector<float>, but Float_t in" in message


def test_bad_files_are_skipped_on_request_and_recorded(tmp_path: Path, good: Path, bad: Path) -> None:
    names = [str(bad / "truncated.root"), str(good), str(bad / "text.root"), "missing.root"]
    said: list[str] = []
    data = helpers.small_config(names, input__on_bad_file="skip")
    path = helpers.run(tmp_path, data, say=said.append).outputs["one"]
    assert sorted(helpers.columns(path)["y"]) == [2 * event + 0.5 for event in range(1, 21)]
    record = helpers.provenance(path)
    skipped = [names[0], names[2], str(tmp_path / "missing.root")]
    assert [item["path"] for item in record["skipped"]] == skipped
    assert all(item["reason"] for item in record["skipped"])
    assert [item["path"] for item in record["inputs"]] == [str(good)]
    assert len(said) == 3
    for line, name in zip(said, skipped, strict=True):
        assert line.startswith(f"one: warning: skipped {name}: ")


def test_nothing_left_to_skip(tmp_path: Path, bad: Path) -> None:
    files = [str(bad / "truncated.root"), str(bad / "text.root")]
    message = fault(tmp_path, helpers.small_config(files, input__on_bad_file="skip"), InputError)
    assert f"{files[0]}: none of the 2 files can be read; the first: " in message


def test_another_schema_is_not_skipped(tmp_path: Path, good: Path, bad: Path) -> None:
    files = [str(good), str(bad / "nox.root")]
    message = fault(tmp_path, helpers.small_config(files, input__on_bad_file="skip"), InputError)
    assert "has no branch 'x'" in message


# -- normalisation


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("mini") / "gg.root"
    simulate_hgg(path, mode="gg", events=300, seed=3)
    return path


def normalised(tmp_path: Path, files: list[Path], said: list[str], **sample: Any) -> Any:
    data = helpers.config_data([str(file) for file in files], select__steps=[{"node": "diphoton.weights"}])
    data["input"]["samples"]["gg"] = {"kind": "mc", "files": [str(file) for file in files], **sample}
    return helpers.run(tmp_path, data, say=said.append)


def rewritten(simulated: Path, path: Path, **changes: Any) -> Path:
    """Write ten events with constant weights; a change to None takes the branch out."""
    one = np.ones(10, dtype=np.float32)
    columns: dict[str, Any] = {"mcWeight": one, "XSection": 0.5 * one, "SumWeights": 20 * one}
    factors = ("PILEUP", "ELE", "MUON", "PHOTON", "TAU", "BTAG", "LepTRIGGER", "PhotonTRIGGER")
    columns |= {f"scaleFactor_{name}": one for name in factors}
    columns |= {"runNumber": np.full(10, 1, np.int32), "eventNumber": np.arange(10, dtype=np.int32)}
    for name, value in changes.items():
        if value is None:
            del columns[name]
        else:
            columns[name] = np.full(10, value, dtype=np.float32)
    return helpers.write_columns(path, columns, tree="mini")


@pytest.mark.parametrize(
    ("branch", "words", "key"),
    [("XSection", "cross-section", "xsec_pb"), ("SumWeights", "sum of weights", "sum_of_weights")],
)
class TestNormalisation:
    def test_neither_value_nor_branch(self, tmp_path: Path, simulated: Path, branch: str, words: str, key: str) -> None:
        file = rewritten(simulated, tmp_path / "in.root", **{branch: None})
        with pytest.raises(ConfigError) as caught:
            normalised(tmp_path, [file], [])
        line = line_of(tmp_path, "gg:")
        assert str(caught.value) == (
            f"{tmp_path}/config.yaml:{line}: sample 'gg' has no {words}: set '{key}' here"
            f" (no branch '{branch}' in its files)"
        )
        assert [path.name for path in (tmp_path / "out").iterdir()] == [".rdfrun.lock"]

    @pytest.mark.parametrize(("value", "shown"), [(0.0, "0"), (np.nan, "nan"), (np.inf, "inf"), (-np.inf, "-inf")])
    def test_useless_branch(
        self, tmp_path: Path, simulated: Path, *, branch: str, words: str, key: str, value: float, shown: str
    ) -> None:
        file = rewritten(simulated, tmp_path / "in.root", **{branch: value})
        with pytest.raises(ConfigError) as caught:
            normalised(tmp_path, [file], [])
        assert str(caught.value).endswith(
            f": sample 'gg': branch '{branch}' says that the {words} is {shown}; set '{key}' here"
        )

    def test_value_of_the_config_serves_a_useless_branch(
        self, tmp_path: Path, simulated: Path, branch: str, words: str, key: str
    ) -> None:
        file = rewritten(simulated, tmp_path / "in.root", **{branch: None})
        said: list[str] = []
        found = helpers.columns(normalised(tmp_path, [file], said, **{key: 4.0}).outputs["gg"])
        expected = 4.0 / 20.0 if key == "xsec_pb" else 0.5 / 4.0
        assert np.allclose(found["weight"], expected, rtol=1e-12)
        assert not any(words in line for line in said)

    @pytest.mark.parametrize(("factor", "warned"), [(1.0005, False), (1.002, True), (0.998, True)])
    def test_config_goes_before_the_branch_and_warns(
        self, tmp_path: Path, simulated: Path, *, branch: str, words: str, key: str, factor: float, warned: bool
    ) -> None:
        file = rewritten(simulated, tmp_path / "in.root")
        value = factor * (0.5 if key == "xsec_pb" else 20.0)
        said: list[str] = []
        path = normalised(tmp_path, [file], said, **{key: value}).outputs["gg"]
        expected = value / 20.0 if key == "xsec_pb" else 0.5 / value
        assert np.allclose(helpers.columns(path)["weight"], expected, rtol=1e-12)
        warnings = [line for line in said if line.startswith("gg: warning: ")]
        assert len(warnings) == warned
        assert all(words in line and f"branch '{branch}' of {file}" in line for line in warnings)
        assert helpers.provenance(path)["normalisation"][key] == {"value": value, "from": "config"}

    def test_branch_alone_serves_with_a_message(
        self, tmp_path: Path, simulated: Path, branch: str, words: str, key: str
    ) -> None:
        file = rewritten(simulated, tmp_path / "in.root")
        said: list[str] = []
        path = normalised(tmp_path, [file], said).outputs["gg"]
        assert np.allclose(helpers.columns(path)["weight"], 0.5 / 20.0, rtol=1e-12)
        shown = "0.5 pb" if key == "xsec_pb" else "20"
        assert f"gg: {words} {shown} from branch '{branch}'" in said
        value = 0.5 if key == "xsec_pb" else 20.0
        assert helpers.provenance(path)["normalisation"][key] == {"branch": branch, "first_values": [value]}


# -- nodes


def test_unknown_node(tmp_path: Path, good: Path) -> None:
    message = fault(tmp_path, helpers.small_config([str(good)], select__steps=[{"node": "diphoton.selct"}]))
    assert message.startswith("T/config.yaml:")
    assert f":{line_of(tmp_path, 'selct')}: unknown node 'diphoton.selct'; did you mean 'diphoton.select'" in message


def test_all_faults_of_all_nodes_at_once(tmp_path: Path, good: Path) -> None:
    steps = [
        {"node": "diphoton.select", "with": {"min_ptt": 3, "max_abs_eta": "wide", "units": "MeV"}},
        {"node": "nowhere"},
        {"node": "diphoton.features", "with": {"empty": "a"}},
        {"node": "diphoton.weights", "with": {"sample": "gg"}},
    ]
    with pytest.raises(ConfigError) as caught:
        helpers.run(tmp_path, helpers.small_config([str(good)], select__steps=steps))
    lines = str(caught.value).replace(str(tmp_path), "T").split("\n")
    expected = {
        "min_ptt": "node diphoton.select has no parameter 'min_ptt'; did you mean 'min_pt'?",
        "max_abs_eta": "parameter 'max_abs_eta' of node diphoton.select must be a number or null, not 'wide'",
        "units: MeV": "'units: MeV' contradicts input.units, which is GeV",
        "node: nowhere": "unknown node 'nowhere' (all of them: rdfrun nodes)",
        "empty": "parameter 'empty' of node diphoton.features must be a number, not 'a'",
        "sample: gg": "'sample' is not set in 'with:'; a node is given the sample of the config",
    }
    assert lines == [f"T/config.yaml:{line_of(tmp_path, key)}: {text}" for key, text in expected.items()]
    assert not (tmp_path / "out").exists()


def test_node_of_columns_that_are_not_there(tmp_path: Path, good: Path) -> None:
    data = helpers.small_config([str(good)], select__steps=[{"node": "diphoton.select", "with": {"trigger": None}}])
    message = fault(tmp_path, data, MissingColumnError)
    line = line_of(tmp_path, "diphoton.select")
    assert message.startswith(f"T/config.yaml:{line}: node diphoton.select needs columns that are not there: ")
    assert "'photon_pt'" in message
    assert message.endswith("; sample 'one'")


def test_trigger_that_does_not_compile(tmp_path: Path, simulated: Path) -> None:
    steps = [{"node": "diphoton.weights"}, {"node": "diphoton.select", "with": {"trigger": "trigP &&"}}]
    message = fault(tmp_path, helpers.config_data([str(simulated)], select__steps=steps), CppError)
    assert message.startswith("T/config.yaml:")
    assert "trigger 'trigP &&' of node diphoton.select does not compile: expected expression" in message


@pytest.mark.parametrize("first", [True, False])
def test_name_of_a_cut_is_taken_by_a_node(tmp_path: Path, simulated: Path, first: bool) -> None:
    node, cut = {"node": "diphoton.select"}, {"filter": {"track_isolation": "true"}}
    steps = [{"node": "diphoton.weights"}, *([cut, node] if first else [node, cut])]
    message = fault(tmp_path, helpers.config_data([str(simulated)], select__steps=steps))
    line = line_of(tmp_path, "diphoton.select" if first else "track_isolation")
    assert message == (
        f"T/config.yaml:{line}: a cut named 'track_isolation' is there already; each needs a name of its own"
    )


def test_the_first_row_of_the_cutflow_is_taken(tmp_path: Path, good: Path) -> None:
    message = fault(tmp_path, helpers.small_config([str(good)], select__steps=[{"filter": {"all": "x > 0"}}]))
    assert message.endswith(": a cut named 'all' is the first row of the cutflow; each needs a name of its own")


# -- C++


@pytest.mark.parametrize(
    ("changes", "at", "expected"),
    [
        ({"select__steps": [{"filter": {"cut": "x >"}}]}, "cut:", "cut 'cut' does not compile: expected expression"),
        (
            {"select__steps": [{"filter": {"cut": "xx > 1"}}]},
            "cut:",
            "cut 'cut' uses 'xx', which is no column and no C++ name; did you mean 'x'?",
        ),
        (
            {"select__steps": [{"filter": {"cut": "y > 1"}}, {"define": {"y": "x"}}]},
            "cut:",
            "cut 'cut' uses column 'y' before line {y:} makes it",
        ),
        (
            {"select__steps": [{"define": {"z": "y + 1", "y": "x"}}]},
            "z:",
            "column 'z' uses 'y', which is no column and no C++ name",
        ),
        (
            {"select__steps": [{"define": {"z": "x.size()"}}]},
            "z:",
            (
                "column 'z' does not compile: member reference base type 'const Float_t' (aka 'const float') is not a"
                " structure or union"
            ),
        ),
        (
            {"select__steps": [{"define": {"z": "nowhere::f(x)"}}]},
            "z:",
            "column 'z' uses 'nowhere', which is no column and no C++ name",
        ),
        (
            {"select__steps": [{"define": {"x": "1"}}]},
            "x: '1'",
            "column 'x' is there already; choose another name, or put it in input.aliases",
        ),
        ({"input__aliases": {"v": "x +"}}, "v:", "alias 'v' does not compile: expected expression"),
        ({"input__aliases": {"v": "xx"}}, "v:", "alias 'v' uses 'xx', which is no column and no C++ name"),
        ({"select__weight": "w *"}, "weight:", "weight does not compile: expected expression"),
        (
            {"select__weight": "y", "select__steps": [{"filter": {"cut": "true"}}, {"define": {"y": "x"}}]},
            "weight:",
            "weight uses column 'y' before line {y:} makes it",
        ),
        ({"select__steps": [{"filter": {"cut": "x"}}]}, "cut:", "is not true or false"),
        ({"select__steps": [{"filter": {"cut": "ROOT::RVecF{x} > 0"}}]}, "cut:", "is not true or false"),
        ({"select__include": ["absent.h"]}, "absent.h", "header T/absent.h does not exist"),
    ],
)
def test_code_that_does_not_compile(
    tmp_path: Path, good: Path, changes: dict[str, Any], at: str, expected: str
) -> None:
    message = fault(tmp_path, helpers.small_config([str(good)], **changes))
    if "{y:}" in expected:
        expected = expected.replace("{y:}", str(line_of(tmp_path, "y: x")))
    assert message.startswith(f"T/config.yaml:{line_of(tmp_path, at)}: ")
    assert expected in message


def test_each_line_of_an_expression_has_its_own_number(tmp_path: Path, good: Path) -> None:
    text = helpers.write_config(tmp_path, helpers.small_config([str(good)])).read_text()
    assert "positive: x > 0" in text
    text = text.replace("positive: x > 0", "positive: |\n          x > 0\n          && xx < 3")
    path = tmp_path / "lines.yaml"
    path.write_text(text)
    with pytest.raises(CppError) as caught:
        rp.run(path, output=tmp_path / "out")
    number = next(n for n, line in enumerate(text.splitlines(), start=1) if "xx" in line)
    assert number - 2 <= (caught.value.line or 0) <= number
    assert "'xx'" in str(caught.value)


def test_user_header_that_does_not_compile(tmp_path: Path, good: Path) -> None:
    (tmp_path / "mine.h").write_text("#pragma once\n\ninline int broken(int a) { return a +; }\n")
    data = helpers.small_config([str(good)], select__include=["mine.h"])
    message = fault(tmp_path, data, CppError)
    assert message == "T/mine.h:3: header T/mine.h does not compile: expected expression"
    assert fault(tmp_path, data, CppError).endswith("(mend it and start a new Python process)")


@pytest.mark.parametrize("text", ['std::string("heavy")', "ROOT::RVecF{1, 2}"])
def test_weight_that_is_no_number(tmp_path: Path, good: Path, text: str) -> None:
    message = fault(tmp_path, helpers.small_config([str(good)], select__weight=text))
    assert message.startswith(f"T/config.yaml:{line_of(tmp_path, 'weight:')}: weight")


def test_exception_of_the_users_code(tmp_path: Path, good: Path) -> None:
    code = 'if (x > 10) throw std::runtime_error("too large"); return true;'
    data = helpers.small_config([str(good)], select__steps=[{"filter": {"cut": code}}])
    assert fault(tmp_path, data, InputError).endswith("sample 'one': too large")


# -- columns, keys, histograms


def test_key_columns(tmp_path: Path, good: Path) -> None:
    message = fault(tmp_path, helpers.small_config([str(good)], input__key=["run", "evnt"]))
    line = line_of(tmp_path, "key:")
    assert message == (
        f"T/config.yaml:{line}: input.key names column 'evnt', which is not there; did you mean 'event'?"
    )
    message = fault(tmp_path, helpers.small_config([str(good)], input__key=["run", "x"]))
    assert message == (
        f"T/config.yaml:{line}: column 'x' of input.key is of type Float_t; an event is identified by integers"
    )


def test_events_that_come_twice_are_shown(tmp_path: Path, good: Path) -> None:
    twice = helpers.write_columns(tmp_path / "twice.root", helpers.small_columns(1, first=11))
    message = fault(tmp_path, helpers.small_config([str(good), str(twice)]), InputError)
    assert message == (
        f"T/config.yaml:{line_of(tmp_path, 'one:')}: sample 'one' holds events twice, e.g. run 7, event 11: a file may"
        " be listed under two names, or input.key [run, event] does not identify an event; of events in two streams of"
        " data, 'on_duplicate: drop_later' in 'input' keeps the first"
    )
    samples = {"one": {"kind": "mc", "files": [str(good), str(twice)], "xsec_pb": 1.0, "sum_of_weights": 1.0}}
    message = fault(tmp_path, helpers.small_config([], input__samples=samples), InputError)
    assert message.endswith("or input.key [run, event] does not identify an event")


def test_few_of_many_doubles_are_shown(tmp_path: Path, good: Path) -> None:
    shutil.copy(good, tmp_path / "copy.root")
    message = fault(tmp_path, helpers.small_config([str(good), "copy.root"]), InputError, threads=2)
    shown = re.findall(r"run 7, event (\d+)", message)
    assert len(shown) == len(set(shown)) == 3
    assert all(1 <= int(event) <= 20 for event in shown)


def test_key_that_is_not_one(tmp_path: Path, good: Path) -> None:
    message = fault(tmp_path, helpers.small_config([str(good)], input__key=["run"]), InputError)
    assert "holds events twice, e.g. run 7: " in message


def test_doubles_that_a_cut_removes_are_no_fault(tmp_path: Path, good: Path) -> None:
    steps = [{"filter": {"one": "event == 3 || x < 0"}}]
    data = helpers.small_config([str(good)], input__key=["run"], select__steps=steps)
    assert len(helpers.columns(helpers.run(tmp_path, data).outputs["one"])["event_key"]) == 1


def test_entry_keys_of_files_of_one_name(tmp_path: Path, good: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        shutil.copy(good, tmp_path / folder / "same.root")
    message = fault(tmp_path, helpers.small_config(["a/same.root", "b/same.root"], input__key="entry"), InputError)
    assert f"T/config.yaml:{line_of(tmp_path, 'one:')}: sample 'one'" in message
    shutil.move(tmp_path / "b" / "same.root", tmp_path / "b" / "other.root")
    data = helpers.small_config(["a/same.root", "b/other.root"], input__key="entry")
    found = helpers.columns(helpers.run(tmp_path, data).outputs["one"])
    assert len(set(found["event_key"].tolist())) == 40


@pytest.mark.parametrize(
    ("histogram", "at", "expected"),
    [
        ({"column": "xx"}, "column:", "histogram 'h': no column 'xx' after cut 'positive'; did you mean 'x'?"),
        ({"column": "x", "after": "positiv"}, "after:", "no cut 'positiv'; did you mean 'positive'?"),
        ({"column": "y", "after": "all"}, "column:", "histogram 'h': no column 'y' after cut 'all'"),
    ],
)
def test_histograms(tmp_path: Path, good: Path, histogram: dict[str, Any], at: str, expected: str) -> None:
    data = helpers.small_config([str(good)], select__histograms={"h": {"bins": 2, "range": [0, 9], **histogram}})
    assert fault(tmp_path, data).startswith(f"T/config.yaml:{line_of(tmp_path, at)}: {expected}")


def test_pattern_of_columns_that_matches_nothing(tmp_path: Path, good: Path) -> None:
    data = helpers.small_config([str(good)], select__output__columns=["x", "yy*"])
    assert fault(tmp_path, data) == f"T/config.yaml:{line_of(tmp_path, 'yy*')}: no column 'yy*'"


def test_an_output_is_an_input_of_another_selection(tmp_path: Path, good: Path) -> None:
    """Its keys are made anew: of one sample and key they are the same."""
    split = {"fractions": {"train": 0.5, "test": 0.5}}
    output = {"dir": "out", "columns": ["run", "event", "x"]}
    data = helpers.small_config(str(good), select__split=split, select__output=output)
    first = helpers.run(tmp_path, data, output=tmp_path / "first").outputs["one"]
    again = helpers.small_config(str(first), input__tree="events", select__split=split, select__output=output)
    said: list[str] = []
    second = helpers.run(tmp_path, again, output=tmp_path / "second", say=said.append).outputs["one"]
    assert "one: event_key, split, label_id of the input are replaced by those of this run" in said
    want, found = helpers.columns(first), helpers.columns(second)
    assert all(np.array_equal(values, found[name]) for name, values in want.items())


@pytest.mark.parametrize("samples", [["onee"], ["one", "two"]])
def test_unknown_sample(tmp_path: Path, good: Path, samples: list[str]) -> None:
    message = fault(tmp_path, helpers.small_config([str(good)]), samples=samples)
    assert message.startswith(f"no sample '{samples[-1]}' in T/config.yaml")


def test_unknown_stage(tmp_path: Path, good: Path) -> None:
    message = fault(tmp_path, helpers.small_config([str(good)]), stages=["selct"])
    assert message == "T/config.yaml: no stage 'selct' in the config; did you mean 'select'?"


@pytest.mark.parametrize("options", [{"threads": 0}, {"max_events": 0}, {"max_events": -1}])
def test_numbers_of_a_call(tmp_path: Path, good: Path, options: dict[str, int]) -> None:
    assert fault(tmp_path, helpers.small_config([str(good)]), **options).endswith(f"not {next(iter(options.values()))}")


# -- outputs that would hurt


def test_an_output_never_replaces_an_input(tmp_path: Path, good: Path) -> None:
    (tmp_path / "out").mkdir()
    source = tmp_path / "out" / "one.root"
    shutil.copy(good, source)
    before = source.read_bytes()
    for name in ("out/one.root", "link.root"):
        if name == "link.root":
            (tmp_path / name).symlink_to(source)
        with pytest.raises(RdfpluginsError, match="would be overwritten; choose another folder with -o"):
            helpers.run(tmp_path, helpers.small_config([name]), force=True)
        assert source.read_bytes() == before


def test_an_output_never_replaces_an_input_of_another_sample(tmp_path: Path, good: Path, more: Path) -> None:
    (tmp_path / "out").mkdir()
    source = tmp_path / "out" / "two.root"
    shutil.copy(good, source)
    before = source.read_bytes()
    data = helpers.small_config(["out/two.root"])
    data["input"]["samples"]["two"] = {"kind": "data", "files": [str(more)]}
    with pytest.raises(RdfpluginsError, match="would be overwritten"):
        helpers.run(tmp_path, data)
    assert source.read_bytes() == before


def test_output_where_a_folder_is(tmp_path: Path, good: Path) -> None:
    (tmp_path / "out" / "one.root").mkdir(parents=True)
    with pytest.raises(OutputError, match=r"out/one\.root: cannot be written: Is a directory"):
        helpers.run(tmp_path, helpers.small_config([str(good)]))
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [".rdfrun.lock", "one.root"]


def test_folder_where_a_file_is(tmp_path: Path, good: Path) -> None:
    (tmp_path / "out").write_text("mine")
    with pytest.raises(OutputError, match=r"out: cannot be written: File exists"):
        helpers.run(tmp_path, helpers.small_config([str(good)]))
    assert (tmp_path / "out").read_text() == "mine"


def test_exports_of_vectors_are_refused_before_the_loop(tmp_path: Path, good: Path) -> None:
    steps = [{"define": {"pair": "ROOT::RVecF{x, x + 1}"}}]
    data = helpers.small_config([str(good)], select__steps=steps, select__output__exports=["tsv"])
    message = fault(tmp_path, data)
    assert message.startswith(f"T/config.yaml:{line_of(tmp_path, 'exports:')}: column 'pair' is ")
    assert "which a TSV file cannot hold: list the columns without it under select.output.columns" in message


@pytest.mark.parametrize("changes", [{"select__output__tree": "a;1"}, {"select__output__tree": "one"}])
def test_tree_names_that_root_or_a_histogram_takes(tmp_path: Path, good: Path, changes: dict[str, Any]) -> None:
    histograms = {"one": {"column": "x", "bins": 2, "range": [0, 9]}}
    data = helpers.small_config([str(good)], select__histograms=histograms, **changes)
    assert fault(tmp_path, data).startswith("T/config.yaml:")


@pytest.mark.parametrize("name", ["ha#sh", "que?st", "br[a]ck", "st*ar", "dol$lar"])
def test_folders_that_root_cannot_write_to(tmp_path: Path, good: Path, name: str) -> None:
    """ROOT reads these as parts of a URL, wildcards or variables; unheeded, some end the process."""
    with pytest.raises(RdfpluginsError, match=re.escape(name)):
        helpers.run(tmp_path, helpers.small_config([str(good)]), output=tmp_path / name)


@pytest.mark.parametrize("name", ["ha#sh", "que?st", "dol$lar"])
def test_files_that_root_cannot_read(tmp_path: Path, good: Path, name: str) -> None:
    shutil.copy(good, tmp_path / f"{name}.root")
    message = fault(tmp_path, helpers.small_config([f"{name}.root"]), InputError)
    assert f"{name}.root: cannot be read as a ROOT file: " in message


TWO_RUNS = """
import rdfplugins as rp
from rdfplugins.errors import RdfpluginsError
for name in ("bad", "good"):
    try:
        print(rp.run(f"{name}.yaml", output="out").cutflow["one"].cuts[-1].events)
    except RdfpluginsError as error:
        print(error)
"""


@pytest.mark.parametrize(
    ("changes", "at"),
    [
        ({"select__steps": [{"define": {"z": "(void)x"}}]}, "z:"),
        pytest.param(
            {"select__steps": [{"define": {"z": "[&]() { return x; }(); (void)x;"}}]}, "z:", marks=pytest.mark.slow
        ),
        pytest.param({"input__aliases": {"v": "(void)x"}}, "v:", marks=pytest.mark.slow),
        (
            {
                "select__steps": [{"define": {"z": 'std::string("a")'}}],
                "select__histograms": {"h": {"column": "z", "bins": 2, "range": [0, 9]}},
            },
            "column:",
        ),
    ],
)
def test_types_that_root_would_find_in_the_loop(tmp_path: Path, good: Path, changes: dict[str, Any], at: str) -> None:
    """What ROOT's compiler refuses in the loop spoils all later data frames of a process: each case has its own."""
    helpers.write_config(tmp_path, helpers.small_config([str(good)]), "good.yaml")
    data = helpers.small_config([str(good)], **changes)
    text = helpers.write_config(tmp_path, data, "bad.yaml").read_text()
    line = next(number for number, row in enumerate(text.splitlines(), start=1) if at in row)
    paths = os.pathsep.join(path for path in sys.path if path)
    done = subprocess.run(
        [sys.executable, "-c", TWO_RUNS],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=True,
    )
    said = done.stdout.splitlines()
    assert len(said) == 2, said
    assert said[0].startswith(f"bad.yaml:{line}: "), said
    assert said[1] == "20"
    assert done.stderr == ""
