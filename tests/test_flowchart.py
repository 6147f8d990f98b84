"""The computation graph as text and picture: what goes through what, hostile names, errors; no ROOT."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest
import uproot
import yaml
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import rdfplugins as rp
from rdfplugins.cli import cli
from rdfplugins.config import load_config
from rdfplugins.errors import ConfigError, ConfigErrors, MissingDependencyError, OutputError
from rdfplugins.flowchart import render, to_dot
from rdfplugins.nodes import base
from rdfplugins.nodes.base import Cuts
from rdfplugins.paths import shipped
from rdfplugins.simulate import simulate_hgg

HGG = shipped("configs") / "hgg.yaml"
needs_dot = pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")

FULL = """\
version: 1
input:
  tree: mini
  units: MeV
  lumi_pb: 3000
  key: entry
  aliases: {n_objects: "jet_n + lep_n"}
  samples:
    gg: {kind: mc, label: gg, simulate: {process: hgg, mode: gg, events: 2000}}
    VBF: {kind: mc, label: VBF, files: ["mc/VBF*.root", mc/more.root]}
    Z: {kind: mc, files: Z.root}
    data: {kind: data, files: data/}
select:
  include: [mine.h]
  weight: weight
  steps:
    - node: diphoton.weights
    - golden_json: good_runs.json
    - filter: {good_run: "runNumber > 0", quiet: "jet_n < 20"}
    - vary: {photon_pt: {up: {photon_pt: "photon_pt * 1.01f"}, down: {photon_pt: "photon_pt * 0.99f"}}}
    - node: diphoton.select
      with: {min_pt: 30.0, mass_window: [115, 135], crack: null}
    - define: {truth: "1"}
      only: [mc]
    - define: {truth: "0"}
      only: [data]
    - define: {extra: "jet_n > 0 ? 1 : -1", extra2: "2 * jet_n"}
      only: gg
    - node: diphoton.features
  histograms:
    m_yy: {column: m_yy, bins: 30, range: [105, 160]}
    n_jets: {column: jet_n, bins: 10, range: [0, 10], after: good_run}
    n_leptons: {column: lep_n, bins: 10, range: [0, 10], after: good_run}
    run: {column: runNumber, bins: 10, range: [0, 10], after: all}
    pt: {column: jet_n, bins: 10, range: [0, 10], after: trigger_matched}
  categories: {central: "y_yy < 1", two_jets: "jet_n >= 2"}
  split: {fractions: {train: 0.7, val: 0.15, test: 0.15}, folds: 5}
  output: {dir: out/mine, exports: [tsv]}
report: {signal: gg, unblind: true}
"""


class Parsed:
    """A reader of Graphviz' language, as far as we write it, that owes nothing to the writer.

    Attributes
    ----------
    boxes
        Name -> rows of cells, each a pair of its text and its port.
    arrows
        (tail, port or None, head, label or None).
    """

    TOKEN = re.compile(
        r'\s*(?:(?P<name>[A-Za-z_][A-Za-z0-9_.]*|[0-9.]+)|"(?P<text>(?:[^"\\]|\\.)*)"|(?P<mark>->|[{}\[\];=:<]))'
    )

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0
        self.boxes: dict[str, list[list[tuple[str, str | None]]]] = {}
        self.arrows: list[tuple[str, str | None, str, str | None]] = []
        self.title = ""
        self.same: list[tuple[str, ...]] = []
        assert [self.next(), self.next(), self.next()] == ["digraph", "rdfrun", "{"]
        while (word := self.next()) != "}":
            self.statement(word)
        assert not text[self.at :].strip()

    def next(self) -> str:
        match = self.TOKEN.match(self.text, self.at)
        assert match, f"cannot read {self.text[self.at : self.at + 60]!r}"
        self.at = match.end()
        if match["mark"] == "<":
            return self.html()
        return match["name"] or match["mark"] or match["text"]

    def html(self) -> str:
        begin, depth = self.at, 1
        while depth:
            depth += {"<": 1, ">": -1}.get(self.text[self.at], 0)
            self.at += 1
        return self.text[begin : self.at - 1]

    def wishes(self) -> dict[str, str]:
        found = {}
        while (key := self.next()) != "]":
            assert self.next() == "="
            found[key] = self.next()
        return found

    def statement(self, word: str) -> None:
        if word == "{":
            names = [name for name in iter(self.next, "}") if name != ";"]
            assert names[:3] == ["rank", "=", "same"]
            self.same.append(tuple(names[3:]))
            return
        tail, port, mark = word, None, self.next()
        if mark == ":":
            port = self.next()
            assert [self.next(), self.next()] == [":", "e"]
            mark = self.next()
        if mark == "->":
            head = self.next()
            assert self.next() == "["
            label = self.wishes().get("label")
            self.arrows.append((tail, port, head, label and "".join(plain(label).itertext()).strip()))
            return
        assert mark == "["
        label = self.wishes().get("label")
        if word == "graph":
            self.title = "".join(plain(label).itertext()) if label else self.title
        elif word not in {"node", "edge"}:
            assert word not in self.boxes
            rows = plain(label).iter("TR")
            self.boxes[word] = [[("".join(cell.itertext()), cell.get("PORT")) for cell in row] for row in rows]

    def head(self, name: str) -> str:
        return self.boxes[name][0][0][0]

    def cells(self, name: str) -> list[tuple[str, ...]]:
        return [tuple(text for text, _ in row) for row in self.boxes[name][1:]]


def plain(label: str) -> ET.Element:
    return ET.fromstring(f"<L>{label}</L>")


def loaded(folder, text=FULL, overrides=()):
    path = folder / "full.yaml"
    path.write_text(text, encoding="utf-8")
    return load_config(path, overrides)


@pytest.fixture
def full(tmp_path):
    return loaded(tmp_path)


# -- what is drawn


def test_the_shipped_example():
    graph = Parsed(to_dot(load_config(HGG)))
    assert graph.title == "hgg.yaml"
    chain = ["input", "step_0", "step_1", "step_2", "events", "output"]
    assert [(tail, head) for tail, _, head, _ in graph.arrows if (tail, head) in set(pairwise(chain))] == list(
        pairwise(chain)
    )
    assert [graph.head(name) for name in chain[1:4]] == ["diphoton.weights", "diphoton.select", "diphoton.features"]
    assert [cells[0] for cells in graph.cells("step_1")] == [
        "photon_trigger", "two_good_photons", "trigger_matched", "track_isolation", "calo_isolation",
        "lead_pt_over_mass", "sublead_pt_over_mass", "mass_105_160",
    ]  # fmt: skip
    assert graph.cells("histograms_0") == [("m_yy", "m_yy, 30 bins in [105, 160]")]
    assert ("events", None, "histograms_0", None) in graph.arrows
    assert ("output", None, "stage_report", None) in graph.arrows
    assert graph.cells("exports") == [("hgg.tsv",)]
    assert graph.cells("samples_0")[1] == ("gg", "label gg, 20000 simulated events, hgg gg")
    assert not [label for *_, label in graph.arrows if label]


@pytest.mark.parametrize("path", sorted(HGG.parent.glob("*.yaml")), ids=lambda path: path.stem)
def test_each_shipped_config(path, monkeypatch):
    monkeypatch.setenv("NANOAOD_DIR", "somewhere")
    config = load_config(path)
    graph = Parsed(to_dot(config))
    assert {f"step_{step.index}" for step in config.select.steps} <= set(graph.boxes)
    assert {end for tail, _, head, _ in graph.arrows for end in (tail, head)} == set(graph.boxes)


def test_samples_go_through_their_own_steps(full):
    graph = Parsed(to_dot(full))
    ways = {(tail, head): label for tail, _, head, label in graph.arrows}
    # drawn from the config by hand: which steps are made for whom
    mc, data = ["step_0", "step_2", "step_3", "step_4", "step_5"], ["step_0", "step_1", "step_2", "step_4", "step_6"]
    for steps in ([*mc, "step_7", "step_8"], [*mc, "step_8"], [*data, "step_8"]):
        for way in pairwise(["input", *steps, "events", "output"]):
            assert way in ways
    assert ways["step_0", "step_2"] == "mc"
    assert ways["step_0", "step_1"] == "data"
    assert ways["step_2", "step_4"] == "data"
    assert ways["step_5", "step_7"] == "gg"
    assert ways["step_5", "step_8"] == "VBF, Z"
    assert ways["step_6", "step_8"] == "data"
    assert ways["step_8", "events"] is None
    assert ("step_1", "step_3") not in ways


def test_what_the_boxes_say(full):
    graph = Parsed(to_dot(full))
    assert graph.head("step_7") == "define  only gg"
    assert graph.head("step_6") == "define  only data"
    assert graph.cells("step_2") == [("good_run", "runNumber > 0"), ("quiet", "jet_n < 20")]
    assert graph.cells("step_4")[:3] == [("min_pt", "30.0"), ("mass_window", "[115, 135]"), ("crack", "null")]
    assert graph.cells("step_4")[-1] == ("mass_window", "cut 9")
    assert graph.cells("step_1") == [("good_runs.json", "by run and luminosityBlock")]
    assert graph.cells("step_3") == [("photon_pt", "photon_pt: photon_pt * 1.01f / photon_pt * 0.99f")]
    assert ("alias", "n_objects = jet_n + lep_n") in graph.cells("input")
    assert ("include", "mine.h") in graph.cells("input")
    assert ("key", "entry") in graph.cells("input")
    assert ("category two_jets", "jet_n >= 2") in graph.cells("events")
    assert ("split", "train 0.7, val 0.15, test 0.15") in graph.cells("events")
    assert ("variations", "photon_pt up, down") in graph.cells("output")
    assert ("categories", "central, two_jets") in graph.cells("output")
    assert graph.cells("stage_report") == [("signal", "gg"), ("unblind", "true")]
    assert ("VBF", "label VBF, mc/VBF*.root and 1 more") in graph.cells("samples_1")


def test_histograms_hang_at_the_row_of_their_cut(full):
    graph = Parsed(to_dot(full))
    port_of = {name: {row[0][0]: row[-1][1] for row in rows if row} for name, rows in graph.boxes.items()}
    at = {
        graph.cells(head)[0][0]: (tail, port) for tail, port, head, _ in graph.arrows if head.startswith("histograms")
    }
    assert at == {
        "m_yy": ("events", None),
        "n_jets": ("step_2", port_of["step_2"]["good_run"]),
        "run": ("input", None),
        "pt": ("step_4", port_of["step_4"]["trigger_matched"]),
    }
    assert at["pt"][1] is not None
    box = next(head for tail, _, head, _ in graph.arrows if tail == "step_2" and head.startswith("histograms"))
    assert graph.head(box) == "histograms  after good_run"
    assert [cells[0] for cells in graph.cells(box)] == ["n_jets", "n_leptons"]
    assert ("step_2", box) in graph.same


def test_one_sample_has_one_plain_chain(full):
    graph = Parsed(to_dot(full, ["data"]))
    assert graph.title == "full.yaml: data"
    assert not [label for *_, label in graph.arrows if label]
    assert not {"step_3", "step_5", "step_7", "samples_1"} & set(graph.boxes)
    chain = ["samples_0", "input", "step_0", "step_1", "step_2", "step_4", "step_6", "step_8", "events", "output"]
    ways = [(tail, head) for tail, _, head, _ in graph.arrows if not head.startswith("histograms")]
    assert ways == [*pairwise(chain), ("output", "exports"), ("output", "stage_report")]


def test_models_stand_between_the_trees_and_what_reads_them(tmp_path):
    text = (shipped("configs") / "ditau.yaml").read_text()
    (tmp_path / "c.yaml").write_text(text)
    dot = to_dot(load_config(tmp_path / "c.yaml"))
    arrows = set(re.findall(r"^  (\w+) -> (\w+)", dot, re.MULTILINE))
    assert {("output", "stage_ml"), ("stage_ml", "exports"), ("stage_ml", "stage_report")} <= arrows
    assert ("stage_ml", "histograms_ml") in arrows
    assert not {("output", "exports"), ("output", "stage_report")} & arrows
    others, models = (re.search(rf"^  {name} .*$", dot, re.MULTILINE)[0] for name in ("histograms_0", "histograms_ml"))
    assert "ml_mass" in models
    assert "ml_mass" not in others
    (tmp_path / "c.yaml").write_text(text.partition("\nml:")[0])
    plain = set(re.findall(r"^  (\w+) -> (\w+)", to_dot(load_config(tmp_path / "c.yaml")), re.MULTILINE))
    assert ("output", "exports") in plain


def test_long_lists_are_cut_short(tmp_path):
    data = load_config(HGG).source.data
    data["input"]["samples"] = {f"s{number}": {"kind": "mc", "files": f"{number}.root"} for number in range(300)}
    data["select"]["steps"] += [{"define": {f"x{number}": "y" * 500 for number in range(100)}}]
    text = to_dot(loaded(tmp_path, yaml.safe_dump(data, sort_keys=False)))
    assert len(text) < 20_000
    graph = Parsed(text)
    assert graph.cells("samples_0")[-1] == ("and 286 more",)
    assert graph.cells("step_3")[-1] == ("and 86 more",)
    assert all(len(cell) <= 64 for name in graph.boxes for cells in graph.cells(name) for cell in cells)
    assert ("files", "s0.root, s1.root, s2.root and 297 more") in graph.cells("output")


def test_configured_columns(tmp_path):
    columns = {
        "[m_yy, weight, event_key]": "6 columns",  # with label_id, split, fold
        "[m_yy, '*lead_pt']": "columns m_yy, *lead_pt",
    }
    for wanted, expected in columns.items():
        config = load_config(HGG, [f"select.output.columns={wanted}"])
        assert ("tree events", f"{expected}, ttree") in Parsed(to_dot(config)).cells("output")


def test_columns_that_differ_between_samples(tmp_path):
    text = FULL.replace('truth: "0"', "truth: '0', more: '1'").replace("  categories:", "  # categories:")
    found = dict(Parsed(to_dot(loaded(tmp_path, text))).cells("output"))["tree events"]
    # 97 of the nodes, 4 of identity, then `truth` for all, `more` for data and two for gg
    assert found.startswith("104 columns (gg), 102 columns (VBF, Z), 103 columns (data)")


def test_the_same_text_each_time(full, tmp_path, monkeypatch):
    text = to_dot(full)
    monkeypatch.chdir("/")
    assert to_dot(loaded(tmp_path)) == text
    assert str(tmp_path) not in text


# -- what is drawn is what is run


PARAMETERS = [
    {},
    {"mass_window": (115.0, 135.0), "mass_range": None},
    {"trigger": None, "trigger_matched": False, "max_track_isolation": None, "min_lead_fraction": None},
    {"max_calo_isolation": None, "min_sublead_fraction": None, "pairing": "leading_two"},
]


@pytest.fixture(scope="module")
def mini(tmp_path_factory):
    path = tmp_path_factory.mktemp("mini") / "gg.root"
    simulate_hgg(path, mode="gg", events=50, seed=1)
    return path


@pytest.mark.parametrize("parameters", PARAMETERS, ids=lambda parameters: "-".join(parameters) or "defaults")
def test_declared_cuts_are_those_that_a_node_makes(mini, parameters):
    import ROOT

    node = base.find("diphoton.select")
    made = node.apply(ROOT.RDataFrame("mini", str(mini)), parameters)
    assert isinstance(made, Cuts)
    assert node.cuts(node.check(parameters)) == made.names


def test_cuts_of_channels_stand_before_the_one_that_joins_them(tmp_path, monkeypatch):
    @base.node(
        name="my.select",
        cuts=("flag", "one_channel"),
        channel_cuts=lambda parameters: {name: (f"good_{name}", "veto") for name in parameters["channels"]},
    )
    def select(df, *, channels: tuple[str, ...] = ("tt", "mt")):
        return df

    find = base.find
    monkeypatch.setattr(base, "find", lambda name: select if name == "my.select" else find(name))
    path = tmp_path / "mine.yaml"
    path.write_text(
        "version: 1\n"
        "input: {tree: t, units: GeV, key: entry, samples: {a: {kind: data, files: a.root}}}\n"
        "select:\n"
        "  steps: [{node: my.select, with: {channels: [tt, em]}}]\n"
        "  histograms: {h: {column: x, bins: 1, range: [0, 1], after: one_channel}}\n"
        "  output: {dir: out}\n"
    )
    drawn = Parsed(to_dot(load_config(path)))
    rows = [[text for text, _ in row] for row in drawn.boxes["step_0"]]
    assert rows[2:] == [
        ["flag", "cut 1"],
        ["channel tt", "2 cuts: good_tt, veto"],
        ["channel em", "2 cuts: good_em, veto"],
        ["one_channel", "cut 2"],
    ]
    assert ("step_0", "cut_1", "histograms_0", None) in drawn.arrows
    assert drawn.boxes["step_0"][-1][-1] == ("cut 2", "cut_1")


def test_a_node_that_does_not_declare_its_cuts():
    node = base.find("diphoton.weights")
    assert node.cuts(node.check({})) is None


def test_the_number_of_columns_is_that_of_the_tree(tmp_path):
    overrides = ["input.samples.gg.simulate.events=300"]
    result = rp.run(HGG, samples=["gg"], stages=["select"], output=tmp_path, overrides=overrides)
    with uproot.open(result.outputs["gg"]) as file:
        number = len(file["events"].keys())
    cells = Parsed(to_dot(load_config(HGG, overrides), ["gg"])).cells("output")
    assert ("tree events", f"{number} columns, ttree") in cells


# -- hostile names


HOSTILE = [
    '"', "'", "<b>", "</TABLE>", "&amp;", "&", "a -> b", "]", "}", "\\", "\\n", "\\\"", "<!-- x", "-->", "<![CDATA[x",
    "%s", "\u00e9\u03b3\u4e2d", "\U0001f600", "a\nb", "\t", "\u200f", "\u2028", "x" * 500, "{rank=same}", "&#0;",
    "\x7f", "]]>",
]  # fmt: skip


def hostile_config(names, folder):
    data = load_config(HGG).source.data
    cuts = {f"{name}{number}": f"{name} == 1" for number, name in enumerate(names)}
    data["input"]["tree"] = f"t{names[0]}"
    data["input"]["aliases"] = {"alias": f"1 {names[0]}"}
    data["input"]["samples"] = {"a": {"kind": "mc", "files": [f"f{name}" for name in names]}}
    data["select"]["steps"] = [{"filter": cuts}, {"define": {"x": f"0 {names[-1]}"}}]
    data["select"]["histograms"] = {
        "h": {"column": names[0] + "c", "bins": 1, "range": [0, 1], "after": next(iter(cuts))}
    }
    data["select"]["output"]["dir"] = f"o{names[0]}"
    data["report"] = {"title": "".join(char for char in names[0] if char.isprintable()) + "x", "mass": "h"}
    return loaded(folder, yaml.safe_dump(data, sort_keys=False))


def one_line(text):
    """What a cell says of a text, written again from the rule: one line, odd characters escaped, at most 64 letters."""
    text = " ".join(text.split())
    text = text if len(text) <= 64 else text[:61] + "..."
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def check_hostile(names, folder):
    config = hostile_config(names, folder)
    text = to_dot(config)
    graph = Parsed(text)
    expected = [tuple(map(one_line, item)) for item in config.select.steps[0].filter.items()]
    assert graph.cells("step_0") == expected
    assert graph.head("input") == one_line(f"tree {config.input.tree}")
    arrow = next(arrow for arrow in graph.arrows if arrow[2] == "histograms_0")
    assert arrow[:2] == ("step_0", graph.boxes["step_0"][1][1][1])
    return text


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_hostile_names(name, tmp_path):
    check_hostile([name, "plain"], tmp_path)


@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    names=st.lists(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0$~@"), max_size=9),
        min_size=1,
        max_size=3,
    )
)
def test_any_names(names, tmp_path):
    check_hostile(names, tmp_path)


@needs_dot
def test_graphviz_reads_hostile_names(tmp_path):
    text = check_hostile(HOSTILE, tmp_path)
    done = subprocess.run(["dot", "-Tsvg"], input=text.encode(), capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    said = "".join(ET.fromstring(done.stdout).itertext()).replace("\u00a0", " ")
    for name in HOSTILE:
        assert one_line(f"{name} == 1") in said, name


# -- pictures


@needs_dot
def test_pictures(full, tmp_path):
    text = to_dot(full)
    begins = {"svg": b"<?xml", "png": b"\x89PNG", "pdf": b"%PDF", "dot": b"digraph rdfrun {", "gv": b"digraph rdfrun {"}
    for kind, begin in begins.items():
        paths = [tmp_path / "new" / f"{name}.{kind}" for name in "ab"]
        for path in paths:
            render(text, path)
        contents = [path.read_bytes() for path in paths]
        assert contents[0].startswith(begin)
        assert contents[0] == contents[1]
    ET.parse(tmp_path / "new" / "a.svg")
    assert sorted(path.suffix for path in (tmp_path / "new").iterdir()) == sorted(
        f".{kind}" for kind in begins for _ in "ab"
    )


def test_no_graphviz(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingDependencyError, match=r"apt install graphviz.*conda install graphviz"):
        render("digraph {}", tmp_path / "g.svg")
    render("digraph {}", tmp_path / "g.dot")
    assert (tmp_path / "g.dot").read_text() == "digraph {}"
    assert [path.name for path in tmp_path.iterdir()] == ["g.dot"]


@pytest.mark.parametrize("body", ["echo 'no memory' >&2; exit 1", "exit 0", "kill -9 $$"])
def test_graphviz_fails(body, tmp_path, monkeypatch):
    program = tmp_path / "bin" / "dot"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{body}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    (tmp_path / "g.png").write_text("old")
    with pytest.raises(OutputError, match=r"g\.png: Graphviz failed: (no memory|exit code)"):
        render("digraph {}", tmp_path / "g.png")
    assert (tmp_path / "g.png").read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bin", "g.png"]


@pytest.mark.parametrize("name", ["g.jpg", "g", "g.SVGZ"])
def test_unknown_kinds_of_pictures(name, tmp_path):
    with pytest.raises(ConfigError, match=r"must end in one of \.svg, \.png, \.pdf, \.dot, \.gv"):
        render("digraph {}", tmp_path / name)
    assert not list(tmp_path.iterdir())


# -- faults, command line


def test_faults_have_their_lines(tmp_path):
    text = FULL.replace("diphoton.weights", "diphoton.weight").replace("min_pt", "min_ptt")
    with pytest.raises(ConfigErrors) as caught:
        to_dot(loaded(tmp_path, text))
    lines = str(caught.value).split("\n")
    assert [line.removeprefix(f"{tmp_path}/").partition(": ")[0] for line in lines] == ["full.yaml:17", "full.yaml:22"]
    assert "did you mean 'diphoton.weights'" in lines[0]


def test_an_unknown_sample(full):
    with pytest.raises(ConfigError, match=r"full\.yaml: no sample 'ggg' in the config; did you mean 'gg'\?"):
        to_dot(full, ["ggg"])


def call(*words):
    result = CliRunner().invoke(cli, [str(word) for word in words])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def test_the_command_graph(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    printed = call("graph", "hgg.yaml")
    assert (printed.exit_code, printed.stdout) == (0, to_dot(load_config(HGG)))
    written = call("graph", HGG, "-o", "sub/g.dot")
    assert (written.exit_code, written.stdout) == (0, "sub/g.dot\n")
    assert (tmp_path / "sub" / "g.dot").read_text() == printed.stdout
    one = call("graph", HGG, "--sample", "data", "--set", "select.steps.1.with.min_pt=50")
    assert ("min_pt", "50") in Parsed(one.stdout).cells("step_1")
    assert Parsed(one.stdout).title == "hgg.yaml: data"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["graph", HGG, "--sample", "dta"], "did you mean 'data'?"),
        (["graph", HGG, "-o", "g.jpg"], "must end in one of"),
        (["graph", HGG, "--set", "select.steps.0.node=nonsense"], "unknown node 'nonsense'"),
        (["graph", "nothing.yaml"], "nothing.yaml: no such file"),
        (["schema", "-o", "/proc/nothing/schema.json"], "/proc/nothing: cannot be written"),
    ],
)
def test_faults_on_the_command_line(words, expected, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = call(*words)
    assert result.exit_code in {1, 2}
    assert expected in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_the_command_schema(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    printed = call("schema")
    assert printed.exit_code == 0
    assert "diphoton.select" in printed.stdout
    assert call("schema", "-o", "a/s.json").stdout == "a/s.json\n"
    assert (tmp_path / "a" / "s.json").read_text() == printed.stdout
    assert json.loads(printed.stdout)["$schema"]


def test_neither_loads_root(tmp_path):
    code = (
        "import sys; from rdfplugins.cli import cli\n"
        f"for words in (['schema'], ['graph', {str(HGG)!r}]): cli.main(words, standalone_mode=False)\n"
        "assert not {'ROOT', 'cppyy', 'matplotlib'} & set(sys.modules), 'loaded'"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
