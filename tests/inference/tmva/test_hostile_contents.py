"""Weight files that are whole, and hold what we do not take, what nobody can take, or what is meant to harm."""

from __future__ import annotations

import re
import resource
import subprocess
import sys
import textwrap
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import rdfplugins
from rdfplugins.inference import read_model
from rdfplugins.inference.document import document
from tests.inference.tmva import weight_files
from tests.inference.tmva.hostile import changed, fault, model_or_fault
from tests.oracle import tmva as oracle

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.timeout(120)

GRADIENT: dict[str, Any] = {"boost": "Grad", "analysis": "Multiclass", "classes": 3}
TARGETS: dict[str, Any] = {"method": "LD", "analysis": "Regression", "targets": 2, "steps": "N", "with_targets": True}
MLP: dict[str, Any] = {"method": "MLP"}
GAUSS: dict[str, Any] = {"method": "LD", "steps": "G"}

# What is found -> what is written, in a file of which kind, and what the message must name
NOT_TAKEN: dict[str, tuple[str, str, dict[str, Any], str]] = {
    "another method": ('Method="BDT::BDT"', 'Method="Cuts::CutsGA"', {}, "Cuts"),
    "likelihood": ('Method="BDT::BDT"', 'Method="Likelihood::L"', {}, "Likelihood"),
    "no method": ('Method="BDT::BDT"', 'Method=""', {}, "method"),
    "boosting": (">AdaBoost<", ">RealAdaBoost<", {}, "RealAdaBoost"),
    "no boosting": (">AdaBoost<", "><", {}, "BoostType"),
    "median of classes": (">AdaBoost<", ">AdaBoostR2<", {}, "AdaBoostR2"),
    "votes for classes": (">Grad<", ">AdaBoost<", GRADIENT, "AdaBoost"),
    "no such truth": ("<Option([^>]*UseYesNoLeaf[^>]*)>True", r"<Option\1>Maybe", {}, "UseYesNoLeaf"),
    "neurons": (">tanh<", ">relu<", MLP, "relu"),
    "synapses": (">sum<", ">max<", MLP, "max"),
    "estimator": (">CE<", ">MAE<", MLP, "MAE"),
    "transformation": ('Name="Normalize"', 'Name="Rearrange"', {"steps": "N"}, "Rearrange"),
    "shape": ('FlatOrGauss="Gauss"', 'FlatOrGauss="Round"', GAUSS, "Round"),
    "analysis": ('value="Classification"', 'value="Clustering"', {}, "Clustering"),
    "no analysis": ('value="Classification"', 'value=""', {}, "analysis type"),
    "targets that are rotated": (
        '(?s)Name="Normalize"(.*?)<Class ClassIndex.*?</Class>',
        'Name="Decorrelation"\\1<Matrix Rows="6" Columns="6">' + "1 " * 36 + "</Matrix>",
        TARGETS,
        "arget",
    ),
    "preselection": ("<Options>", '<Options><Option name="DoPreselection">True</Option>', {}, "DoPreselection"),
}


@pytest.mark.parametrize("kind", NOT_TAKEN)
def test_what_is_not_taken_is_named(kind: str, tmp_path: Path) -> None:
    old, new, what, named = NOT_TAKEN[kind]
    path, _ = changed(tmp_path, old, new, **what)
    message = fault(path)
    assert named in message
    assert re.match(r":\d+: ", message), message


WRONG: dict[str, tuple[str, str, dict[str, Any]]] = {
    "a variable twice": ('VarIndex="1"', 'VarIndex="2"', {}),
    "a variable beyond": ('VarIndex="3"', 'VarIndex="4"', {}),
    "a negative variable": ('VarIndex="0"', 'VarIndex="-1"', {}),
    "variables twice": (r"(?s)(  <Variables.*</Variables>)", r"\1\1", {}),
    "weights twice": (r"(?s)(  <Weights.*</Weights>)", r"\1\1", {}),
    "no weights": (r"(?s)  <Weights.*</Weights>", "", {}),
    "no variables": (r"(?s)  <Variables.*</Variables>", '<Variables NVar="0"/>', {}),
    "a coefficient twice": ('Index="2" V', 'Index="1" V', {"method": "Fisher"}),
    "a coefficient beyond": ('Index="4" V', 'Index="5" V', {"method": "Fisher"}),
    "an output beyond": ('IndexOut="1"', 'IndexOut="2"', TARGETS),
    "no such variable": (r'(Type="Variable" Label=")x2(" Expression=")x2', r"\1y\2y", {"steps": "N"}),
    "no such target": (r'(Type="Target" Label=")t1(" Expression=")t1', r"\1y\2y", TARGETS),
    "a variable twice in a selection": (r'(Type="Variable" Label=")x2(" Expression=")x2', r"\1x1\2x1", {"steps": "N"}),
    "a selection of what": ('Type="Variable"', 'Type="Weather"', {"steps": "N"}),
    "a range twice": ('(?s)(.*)Range Index="1"', r'\1Range Index="0"', {"steps": "N"}),
    "a range beyond": ('(?s)(.*)Range Index="3"', r'\1Range Index="9"', {"steps": "N"}),
    "a range that is none": (r'(?s)(.*Min=")([^"]*)" Max="[^"]*"', r'\1\2" Max="\2"', {"method": "LD", "steps": "N"}),
    "no class of ranges": (r"(?s)<Class ClassIndex.*(</Transform>)", r"\1", {"steps": "N"}),
    "borders that fall": (r"(?s)(.*<HistogramBinning[^>]*>\s*\S+) \S+", r"\1 -99", GAUSS),
    "borders that meet": (r"(?s)(.*<HistogramBinning[^>]*>\s*)(\S+) \S+", r"\1\2 \2", GAUSS),
    "no borders": (r"(?s)(.*)<HistogramBinning.*?</HistogramBinning>", r"\1", GAUSS),
    "no bins": (r'(?s)(.*<Histogram [^>]*NBins=")\d+', r"\g<1>0", GAUSS),
    "limits that meet": (r'(?s)(.*XMin=")[^"]*" XMax="[^"]*', r'\g<1>1" XMax="1', {**GAUSS, "equidistant": True}),
    "a variable of none": (r'(?s)(.*<Variable VarIndex=")3', r"\g<1>7", GAUSS),
    "IVar beyond": (r'IVar="[0-3]"', 'IVar="4"', {}),
    "IVar negative": (r'IVar="[0-3]"', 'IVar="-1"', {}),
    "IVar no number": (r'IVar="[0-3]"', 'IVar="1.5"', {}),
    "IVar of other digits": (r'IVar="[0-3]"', 'IVar="\u0661"', {}),
    "a direction that is none": ('cType="[01]"', 'cType="2"', {}),
    "one child": (r"(?s)(<BinaryTree[^>]*>\s*<Node[^>]*>).*?(</Node>\s*</BinaryTree>)", r"\1\2", {"depth": 1}),
    "children on one side": ('pos="r"', 'pos="l"', {"depth": 1}),
    "children nowhere": ('pos="r"', 'pos="x"', {"depth": 1}),
    "a third child": (r'(<Node pos="r"[^>]*/>)', r"\1\1", {"depth": 1}),
    "a tree of none": (r"(?s)(<BinaryTree[^>]*>).*?(</BinaryTree>)", r"\1\2", {}),
    "two roots": (r"(<Node[^>]*/>)", r"\1\1", {"depth": 0}),
    "a leaf that is none": (r'(IVar="-1".*?nType=")[^"]*', r"\g<1>0", {"depth": 1}),
    "no trees": (r'(?s)NTrees="12"([^>]*)>.*</Weights>', r'NTrees="0"\1></Weights>', {}),
    "trees for no class": ('(?s)NTrees="2"(.*)', r'NTrees="2"\1', {**GRADIENT, "trees": 2}),
    "a synapse too many": (r"(<Neuron NSynapses=\S+\s+\S+)", r"\1 1.0", MLP),
    "a synapse too few": (r"(<Neuron NSynapses=\S+\s+)\S+", r"\1", MLP),
    "no layers": (r"(?s)<Layout.*</Layout>", "", MLP),
    "no targets": (r"(?s)  <Targets.*</Targets>", "", {**TARGETS, "steps": ""}),
}


@pytest.mark.parametrize("kind", WRONG)
def test_what_does_not_fit_together(kind: str, tmp_path: Path) -> None:
    old, new, what = WRONG[kind]
    path, _ = changed(tmp_path, old, new, **what)
    assert re.match(r":\d+: ", fault(path)), fault(path)


LOUD: dict[str, tuple[str, str, dict[str, Any]]] = {
    "method": ('Method="BDT::BDT"', 'Method="{}"', {}),
    "option": (">AdaBoost<", ">{}<", {}),
    "transformation": ('Name="PCA"', 'Name="{}"', {"steps": "P"}),
    "shape": ('FlatOrGauss="Gauss"', 'FlatOrGauss="{}"', GAUSS),
    "kind": ('Type="Variable"', 'Type="{}"', {"steps": "N"}),
    "variable": (
        'Type="Variable" Label="x2" Expression="x2"',
        'Type="Variable" Label="{0}" Expression="{0}"',
        {"steps": "N"},
    ),
    "number": (r'Cut="[^"]*"', 'Cut="{}"', {}),
    "whole number": ('NVar="4"', 'NVar="{}"', {}),
    "side": ('pos="l"', 'pos="{}"', {}),
    "analysis": ('value="Classification"', 'value="{}"', {}),
    "matrix": (r"(?s)(.*<Matrix[^>]*>\s*)\S+", r"\1{}", {"steps": "D"}),
    "element": ("MethodSetup", "{}", {}),
    "entity": ("nobody", "&{};", {}),
}


@pytest.mark.parametrize("place", LOUD)
def test_messages_stay_short_and_calm(place: str, tmp_path: Path) -> None:
    """Whatever they quote: a megabyte, what a terminal obeys, what turns text around, other ends of lines."""
    old, new, what = LOUD[place]
    for text in (
        "x" * 1_000_000,
        "\u009b31m\u009d0;x",
        "a\u202eb\u2066c",
        "a\u2028b\u0085c",
        "\U000e0041",
        "&#10;x&#9;&#13;",
    ):
        path, _ = changed(tmp_path, old, new.format(text), **what)
        fault(path)


MIXED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "neurons, more variables": ({"variables": 4, **MLP}, {"variables": 3, **MLP}),
    "neurons, fewer variables": ({"variables": 3, **MLP}, {"variables": 4, **MLP}),
    "neurons, more classes": ({**GRADIENT, **MLP}, {**GRADIENT, **MLP, "classes": 2}),
    "neurons, fewer targets": ({**TARGETS, **MLP, "targets": 1}, {**TARGETS, **MLP}),
    "neurons of a classification": ({**TARGETS, **MLP}, MLP),
    "coefficients, more variables": ({"method": "LD"}, {"method": "LD", "variables": 3}),
    "coefficients, fewer targets": ({**TARGETS, "targets": 1}, TARGETS),
    "trees, fewer variables": ({"variables": 2}, {"variables": 9}),
    "combinations, more variables": ({"variables": 9, "fisher": True}, {"variables": 8, "fisher": True}),
    "a forest of two targets": ({**TARGETS, "method": "BDT"}, {"analysis": "Regression"}),
    "coefficients as neurons": (MLP, {"method": "LD"}),
    "trees as coefficients": ({"method": "LD"}, {}),
    "neurons as trees": ({}, MLP),
}


@pytest.mark.parametrize("kind", MIXED)
def test_a_head_and_weights_of_different_files(kind: str, tmp_path: Path) -> None:
    head, weights = (weight_files.text(**what).split("  <MVAPdfs/>") for what in MIXED[kind])
    path = tmp_path / "weights.xml"
    path.write_text(head[0] + weights[1])
    fault(path)


def test_faults_name_the_line_of_the_element(tmp_path: Path) -> None:
    for old, new, what in (
        (r'IVar="[0-3]"', 'IVar="77"', {}),
        (r'boostWeight="[^"]*"', 'boostWeight="x"', {}),
        (r'VarIndex="2"', 'VarIndex="two"', {}),
        (r'IndexCoeff="3"', 'IndexCoeff="-"', {"method": "LD"}),
        (r'NSynapses="5"', 'NSynapses="6"', MLP),
        (r'Name="PCA"', 'Name="Nothing"', {"steps": "NP"}),
    ):
        path, line = changed(tmp_path, old, new, **what)
        assert fault(path).startswith(f":{line}: ")


@pytest.mark.parametrize("signs", ["-", "+-", "--+", "0"])
def test_the_median_of_trees_with_odd_weights(signs: str, tmp_path: Path) -> None:
    """TMVA writes none: they are refused, or the backends and the oracle agree."""
    text = weight_files.text(boost="AdaBoostR2", analysis="Regression", trees=14)
    parts = text.split('boostWeight="')
    for i in range(1, len(parts)):
        sign = signs[i % len(signs)]
        parts[i] = f"0{parts[i][parts[i].index(chr(34)) :]}" if sign == "0" else f"{sign}{parts[i]}"
    path = tmp_path / "weights.xml"
    path.write_text('boostWeight="'.join(parts))
    for backend in ("numpy", "cpp"):
        model = model_or_fault(path, backend)
        if model is not None:
            events = weight_files.rows(path)
            expected = [oracle.respond(path, event) for event in events]
            np.testing.assert_allclose(model.predict(np.array(events, np.float32)), expected, rtol=1e-12)


# Sizes


def deep(depth: int) -> str:
    """A tree that is a list: each node has a leaf to its left."""
    inner = '<Node pos="{}" IVar="0" Cut="{}" cType="1" res="0" purity="0" nType="0" NCoef="0">'
    leaf = '<Node pos="{}" IVar="-1" Cut="0" cType="1" res="0" purity="0" nType="{}" NCoef="0"/>\n'
    parts = [inner.format("r" if i else "s", i) + leaf.format("l", 1 if i % 2 else -1) for i in range(depth)]
    return "".join(parts) + leaf.format("r", 1) + "</Node>" * depth


def forest(path: Path, trees: list[str]) -> Path:
    head, _ = weight_files.text(variables=1).split("  <Weights")
    inside = "".join(f'<BinaryTree boostWeight="1" itree="{i}">{tree}</BinaryTree>\n' for i, tree in enumerate(trees))
    path.write_text(f'{head}<Weights NTrees="{len(trees)}" AnalysisType="0">{inside}</Weights></MethodSetup>')
    return path


def test_a_file_of_many_gigabytes(tmp_path: Path) -> None:
    """That is no file of TMVA, and is not read to find out."""
    path = weight_files.write(tmp_path / "weights.xml")
    with path.open("r+b") as file:
        file.truncate(1 << 36)
    fault(path)
    path.write_bytes(b"")
    with path.open("r+b") as file:
        file.truncate(1 << 36)
    fault(path)


@pytest.mark.parametrize("backend", ["numpy", "cpp"])
def test_a_tree_of_depth_5000(backend: str, tmp_path: Path) -> None:
    """It is walked to its end, or refused; the stack does not overflow."""
    path = forest(tmp_path / "weights.xml", [deep(5000)])
    model = model_or_fault(path, backend)
    if model is not None:
        assert model.predict(np.array([[-1.0], [2.5], [3.5], [4998.5], [9999.0]]))[:, 0].tolist() == [-1, 1, -1, 1, 1]


def test_elements_in_elements(tmp_path: Path) -> None:
    path, _ = changed(tmp_path, "<MVAPdfs/>", "<a>" * 200_000 + "</a>" * 200_000)
    model_or_fault(path)


@pytest.mark.slow
def test_a_million_nodes_take_bounded_time_and_memory(tmp_path: Path) -> None:
    """In a process of its own with a limit to its memory; 500 trees of about 2000 nodes."""
    path = forest(tmp_path / "weights.xml", [deep(1000)] * 500)
    code = f"""
        import rdfplugins, resource
        from rdfplugins.errors import ModelError
        try:
            model = rdfplugins.load_model({str(path)!r}, backend="numpy")
            print(model.predict([[0.5]])[0, 0], end=" ")
        except ModelError as error:
            print("refused", end=" ")
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    """
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run = [sys.executable, "-c", textwrap.dedent(code)]
    done = subprocess.run(run, capture_output=True, text=True, check=True, timeout=100)
    answer, kilobytes = done.stdout.split()
    assert answer in ("1.0", "refused")
    assert int(kilobytes) < 1_500_000
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before.ru_utime < 60  # seconds


# Text that somebody might run, print or believe

EXPRESSIONS = (
    'gSystem->Exec("touch {mark}")',
    'system("touch {mark}")',
    "__import__('os').system('touch {mark}')",
    "x;y",
    "x; system(`touch {mark}`)",
    '"); gSystem->Exec("touch {mark}"); ("',
    "$(touch {mark})",
    "../../etc/passwd",
    "%n%s%s%s",
    "{{0}}",
    "\u03c0\u00b7\u221a2",
    "\u202egnp.x",
    "x\u2028y\u0085z",
    "x\ny\tz",
    "\u061c\u200b",
    " ",
    "",
    "x" * 1_000_000,
    "(" * 100_000,
    "a+" * 100_000 + "a",
)


@pytest.mark.parametrize("number", range(len(EXPRESSIONS)))
def test_expressions_are_never_run(number: int, tmp_path: Path) -> None:
    """They are names until somebody fills the model from columns."""
    mark = tmp_path / "mark"
    text = EXPRESSIONS[number].format(mark=mark)
    escaped = text.replace("\n", "&#10;").replace("\t", "&#9;").replace("\u0085", "&#x85;")
    path = tmp_path / "weights.xml"
    made = weight_files.text(method="LD", expressions=("HERE",), spectators=1)
    spots = made.replace('Expression="x0*2"', 'Expression="HERE"').replace("label0", "HERE")
    plain = escaped.replace("&#", "\0").replace("&", "&amp;").replace("\0", "&#").replace('"', "&quot;")
    path.write_text(spots.replace("HERE", plain.replace("<", "&lt;")), encoding="utf-8")
    for backend in ("numpy", "cpp"):
        model = model_or_fault(path, backend)
        if model is not None:
            assert model.inputs[0] == text
            assert len(str(read_model(path)).splitlines()) == 1
    assert not mark.exists()


@pytest.mark.parametrize("name", ["a b", "", "class", "1x", "\u03c4\u03c4", "c1", "x" * 100_000, "a;b", "../c", "\x7f"])
def test_names_of_outputs_are_names(name: str, tmp_path: Path) -> None:
    """Different ones, that may be names of columns."""
    for what, tag in ((GRADIENT, "Class Name"), ({"method": "LD", **TARGETS}, 'TargetIndex="0" Expression')):
        path, _ = changed(tmp_path, rf'{tag}="[^"]*"(.*?Label="[^"]*")?', rf'{tag}="{name}" Label="{name}"', **what)
        model = model_or_fault(path)
        if model is not None:
            assert len(set(model.outputs)) == len(model.outputs)
            assert all(output.isidentifier() and len(output) < 1000 for output in model.outputs)


def test_a_file_is_read_again_when_it_has_changed(tmp_path: Path) -> None:
    path = weight_files.write(tmp_path / "weights.xml", method="LD", seed=1)
    one = rdfplugins.load_model(path, backend="numpy")
    weight_files.write(path, method="LD", seed=2)
    two = rdfplugins.load_model(path, backend="numpy")
    assert one.digest != two.digest
    assert one.predict([[1, 2, 3, 4]]) != two.predict([[1, 2, 3, 4]])


def test_targets_that_are_normalised_twice(tmp_path: Path) -> None:
    """TMVA goes back by the first alone."""
    text = weight_files.text(method="LD", analysis="Regression", with_targets=True, variables=2, steps="NN")
    assert text.count('Index="2" Min="-1.0" Max="1.0"') == 1
    path = tmp_path / "twice.xml"
    path.write_text(text.replace('Index="2" Min="-1.0"', 'Index="2" Min="-3.0"'))
    assert "targets that are normalised twice" in fault(path)


@pytest.mark.parametrize(("boost", "said"), [("AdaBoost", "1"), ("Grad", "0"), ("Bagging", "2")])
def test_trees_of_another_type(boost: str, said: str, tmp_path: Path) -> None:
    """TMVA takes from it what a leaf says."""
    text = weight_files.text(boost=boost)
    path = tmp_path / "trees.xml"
    path.write_text(re.sub(r'(<Weights [^>]*AnalysisType=)"\d"', rf'\1"{said}"', text))
    assert path.read_text() != text
    assert f"trees of type {said}" in fault(path)


def test_titles_are_printed_on_one_line(tmp_path: Path) -> None:
    """What an author wrote cannot look like a line of ours, nor speak to a terminal."""
    path = tmp_path / "title.xml"
    text = weight_files.text().replace('"BDT::BDT"', '"BDT::x&#10;sha256      0000&#x9b;31m"')
    path.write_text(text.replace('<Option name="V"', '<Option name="V&#10;forged&#x9b;2J"'))
    shown = document(path, whole=True)
    assert all(line.isprintable() for line in shown.splitlines())
    assert sum(line.startswith("sha256") for line in shown.splitlines()) == 1
    assert "forged" not in [line.split()[0] for line in shown.splitlines() if line.strip()]


def test_an_element_without_an_end(tmp_path: Path) -> None:
    path = tmp_path / "long.xml"
    path.write_text(weight_files.text().replace('Method="BDT::BDT"', f'Method="{"x" * 30_000_000}"'))
    began = time.process_time()
    assert "longer than any" in fault(path)
    assert time.process_time() - began < 20  # it was quadratic: minutes


def test_outputs_have_names_of_their_own(tmp_path: Path) -> None:
    path = weight_files.write(tmp_path / "names.xml", **GRADIENT)
    for number, name in enumerate(("x_", "x", "x")):
        path.write_text(
            re.sub(rf'<Class Name="[^"]*" Index="{number}"', f'<Class Name="{name}" Index="{number}"', path.read_text())
        )
    assert len(set(rdfplugins.load_model(path, backend="numpy").outputs)) == 3
