"""Weight files of strangers: each fault is one line that says where; nothing in them is run, followed or believed."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import rdfplugins
from tests.inference.tmva import weight_files
from tests.inference.tmva.hostile import changed, fault, model_or_fault

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.timeout(60)  # none of them may take long


# What is no XML, or more than XML


@pytest.mark.parametrize("what", [{}, {"method": "MLP", "steps": "NG"}])
def test_a_file_that_was_cut_anywhere(what: dict[str, Any], tmp_path: Path) -> None:
    text = weight_files.text(**what).rstrip()
    path = tmp_path / "weights.xml"
    for end in [*range(0, 80, 7), *range(80, len(text), len(text) // 60), len(text) - 1]:
        path.write_text(text[:end])
        fault(path)


GARBAGE = {
    "empty": b"",
    "blank": b" \n\n",
    "binary": bytes(range(256)) * 8,
    "zeros": bytes(4096),
    "a root file": b"root\x00\x00\xf7\x88\x00\x00\x00d",
    "no markup": b"this is no XML\n",
    "another XML": b'<?xml version="1.0"?><html><body>no</body></html>',
    "its root alone": b'<MethodSetup Method="BDT::BDT"/>',
    "a root without a method": b"<MethodSetup/>",
    "a root within": b"<x><MethodSetup Method='BDT::BDT'/></x>",
    "two roots": b'<MethodSetup Method="BDT::BDT"/><MethodSetup Method="BDT::BDT"/>',
    "an unknown encoding": b'<?xml version="1.0" encoding="klingon"?><MethodSetup Method="BDT::BDT"/>',
    "no such bytes in UTF-8": b'<?xml version="1.0"?><MethodSetup Method="BDT::\xff\xfe"/>',
    "the wrong encoding": b'<?xml version="1.0" encoding="utf-16"?><MethodSetup Method="BDT::BDT"/>',
    "an encoding of many bytes": b'<?xml version="1.0" encoding="shift_jis"?><MethodSetup Method="BDT::\x83\x5c"/>',
    "XML 1.1": b'<?xml version="1.1"?><MethodSetup Method="BDT::BDT"/>',
    "a namespace": b'<t:MethodSetup xmlns:t="x" Method="BDT::BDT"/>',
    "gzip": b"\x1f\x8b\x08\x00" + bytes(30),
}


@pytest.mark.parametrize("kind", GARBAGE)
def test_what_is_no_weight_file(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "weights.xml"
    path.write_bytes(GARBAGE[kind])
    fault(path)


def test_what_is_no_file(tmp_path: Path) -> None:
    """Nobody waits for a pipe, or reads a device to its end."""
    folder = tmp_path / "folder.xml"
    folder.mkdir()
    pipe = tmp_path / "pipe.xml"
    os.mkfifo(pipe)
    device = tmp_path / "device.xml"
    device.symlink_to("/dev/zero")
    dangling = tmp_path / "dangling.xml"
    dangling.symlink_to("nowhere.xml")
    for path in (folder, pipe, device, dangling):
        fault(path)


LAUGHS = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10 if i else "ha"}">' for i in range(12))
DOCTYPES = {
    "billion laughs": f"<!DOCTYPE MethodSetup [{LAUGHS}]>",
    "one long entity": f'<!DOCTYPE MethodSetup [<!ENTITY l11 "{"ha" * 10**6}">]>',
    "an external entity": '<!DOCTYPE MethodSetup [<!ENTITY l11 SYSTEM "file:///etc/passwd">]>',
    "an entity of the net": '<!DOCTYPE MethodSetup [<!ENTITY l11 SYSTEM "http://127.0.0.1:9/x">]>',
    "a parameter entity": '<!DOCTYPE MethodSetup [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]>',
    "an external definition": '<!DOCTYPE MethodSetup SYSTEM "file:///etc/passwd">',
    "a definition": "<!DOCTYPE MethodSetup>",
    "a default attribute": '<!DOCTYPE MethodSetup [<!ATTLIST Node Cut CDATA "0">]>',
}


@pytest.mark.parametrize("kind", DOCTYPES)
def test_document_types_are_refused(kind: str, tmp_path: Path) -> None:
    """Whether an entity is used or not."""
    path, _ = changed(tmp_path, r"<MethodSetup", rf"{DOCTYPES[kind]}\n<MethodSetup".replace("\\", "\\\\"))
    unused = fault(path)
    assert "root:" not in unused  # of passwd
    if "l11" in DOCTYPES[kind]:
        path.write_text(path.read_text().replace('value="nobody"', 'value="&l11;&l11;"'))
        fault(path)
        path.write_text(path.read_text().replace("&l11;&l11;", "x").replace("False</Option>", "&l11;</Option>", 1))
        fault(path)


def test_an_entity_that_is_nowhere(tmp_path: Path) -> None:
    path, line = changed(tmp_path, "nobody", "&nobody;")
    assert fault(path).startswith(f":{line}: ")


def test_what_does_not_change_the_meaning(tmp_path: Path) -> None:
    """Comments, instructions, spaces, line ends, a byte order mark, other encodings, the order of attributes."""
    text = weight_files.text(steps="NP", fisher=True)
    path = tmp_path / "weights.xml"
    path.write_text(text)
    events = np.array(weight_files.rows(path), np.float32)
    expected = rdfplugins.load_model(path, backend="numpy").predict(events)
    turned = re.sub(r'(<Node )(.*?) (nType="-?\d+")', r"\1\3 \2", text)
    assert turned != text
    declared = text.replace('"1.0"?', '"1.0" encoding="{}"?', 1)
    written = {
        "comments": re.sub(r">\n", "><!-- <Node/> & -->\n", text, count=200).encode(),
        "instructions": text.replace("<GeneralInfo>", "<?php no ?><GeneralInfo>").encode(),
        "one line": re.sub(r">\s+<", "><", text).encode(),
        "line ends": text.replace("\n", "\r\n").encode(),
        "a mark": b"\xef\xbb\xbf" + text.encode(),
        "without a declaration": text.split("\n", 1)[1].encode(),
        "attributes": turned.encode(),
        "quotes": re.sub(r'(IVar|Cut)="([^"]*)"', r"\1='\2'", text).encode(),
        "sections": text.replace(">AdaBoost<", "><![CDATA[AdaBoost]]><").encode(),
        "latin": declared.format("iso-8859-1").replace("nobody", "é").encode("latin-1"),
        "utf-16": declared.format("utf-16").encode("utf-16"),
        "unknown elements": text.replace("<MVAPdfs/>", "<MVAPdfs/><Unknown><Node/></Unknown>").encode(),
    }
    for kind, content in written.items():
        path.write_bytes(content)
        found = rdfplugins.load_model(path, backend="numpy").predict(events)
        np.testing.assert_array_equal(found, expected, err_msg=kind)


# Numbers and counts

NOT_NUMBERS = (
    "nan",
    "-inf",
    "infinity",
    "1e999",
    "0x10",
    "",
    " ",
    "1,5",
    "1_000",
    "1.0f",
    "\u0661",
    "one",
    "1 2",
    "--1",
)
PLACES: dict[str, tuple[dict[str, Any], str]] = {
    "cut": ({}, r'(IVar="[0-3]" Cut=")[^"]*'),
    "weight of a tree": ({}, r'(boostWeight=")[^"]*'),
    "response": ({"boost": "Grad"}, r'(IVar="-1".*? res=")[^"]*'),
    "purity": ({"yes_no": False}, r'(IVar="-1".*? purity=")[^"]*'),
    "combination": ({"fisher": True}, r'(fC1=")[^"]*'),
    "coefficient": ({"method": "LD"}, r'(Value=")[^"]*'),
    "range": ({"method": "LD", "steps": "N"}, r'(?s)(.*<Range Index="0" Min=")[^"]*'),
    "border": ({"method": "LD", "steps": "G"}, r"(?s)(.*<HistogramBinning[^>]*>\s*)\S+"),
    "cumulative": ({"method": "LD", "steps": "G"}, r"(?s)(.*<Histogram [^>]*>\s*)\S+"),
    "matrix": ({"method": "LD", "steps": "D"}, r"(?s)(.*<Matrix[^>]*>\s*)\S+"),
    "mean": ({"method": "LD", "steps": "P"}, r"(?s)(.*<Statistics[^>]*>\s*)\S+"),
    "vectors": ({"method": "LD", "steps": "P"}, r"(?s)(.*<Eigenvectors[^>]*>\s*)\S+"),
    "synapse": ({"method": "MLP"}, r"(<Neuron[^>]*>\s*)\S+"),
}


@pytest.mark.parametrize("place", PLACES)
def test_numbers_that_are_none(place: str, tmp_path: Path) -> None:
    what, pattern = PLACES[place]
    for number in NOT_NUMBERS:
        path, _ = changed(tmp_path, pattern, rf"\g<1>{number}", **what)
        message = fault(path)
        assert re.match(r":\d+: ", message), (number, message)


GRADIENT: dict[str, Any] = {"boost": "Grad", "analysis": "Multiclass", "classes": 3}
TARGETS: dict[str, Any] = {"method": "LD", "analysis": "Regression", "targets": 2, "steps": "N", "with_targets": True}
MLP: dict[str, Any] = {"method": "MLP"}
COUNTS: dict[str, dict[str, Any]] = {
    r'NTrees="12"': {},
    r'NVar="4"': {},
    r'NSpec="2"': {"spectators": 2},
    r'NClass="3"': GRADIENT,
    r'NTrgt="2"': TARGETS,
    r'NTransformations="1"': TARGETS,
    r'NInputs="6"': TARGETS,
    r'NOutputs="6"': TARGETS,
    r'NOut="2"': TARGETS,
    r'NCoeff="5"': {"method": "Fisher"},
    r'NLayers="3"': MLP,
    r'NNeurons="5"': MLP,
    r'NSynapses="5"': MLP,
    r'Rows="4"': {"method": "LD", "steps": "D"},
    r'Columns="4"': {"method": "LD", "steps": "D"},
    r'NRows="4"': {"method": "LD", "steps": "P"},
    r'NCols="4"': {"method": "LD", "steps": "P"},
    r'NCoef="5"': {"fisher": True},
}


@pytest.mark.parametrize("count", COUNTS)
def test_counts_that_are_wrong(count: str, tmp_path: Path) -> None:
    """Nothing is made for a count before its elements are there. Of matrices, that of the last class counts."""
    name, right = count.rstrip('"').split('="')
    last = "(?s)(.*)" if name in ("Rows", "Columns", "NRows", "NCols") else "()"
    for wrong in (str(int(right) + 1), str(int(right) - 1), "-1", "1.5", "x", "", "99999999999999999999", "2000000000"):
        path, _ = changed(tmp_path, rf"{last}\b{count}", rf'\g<1>{name}="{wrong}"', **COUNTS[count])
        if name not in ("NSpec", "NOutputs"):
            fault(path)
        else:  # nothing of them is needed
            model_or_fault(path)


NEEDED: dict[str, dict[str, Any]] = {
    r' Method="[^"]*"': {},
    r' VarIndex="1"': {},
    r' Expression="x1"': {},
    r' boostWeight="[^"]*"': {},
    r' IVar="[0-3]"': {},
    r' Cut="[^"]*" cType="1"': {},
    r' cType="\d"': {},
    r' nType="[^"]*"': {},
    r' pos="l"': {},
    r' res="[^"]*"': {"boost": "Grad", "depth": 0},
    r' fC2="[^"]*"': {"fisher": True},
    r' Index="1" V': {"method": "Fisher"},
    r' Value="[^"]*"': {"method": "Fisher"},
    r' IndexCoeff="2"': {"method": "LD"},
    r' NSynapses="5"': MLP,
    r' FlatOrGauss="Gauss"': {"method": "LD", "steps": "G"},
    r' Name="Normalize"': {"method": "LD", "steps": "N"},
}


@pytest.mark.parametrize("attribute", NEEDED)
def test_an_attribute_that_is_missing_or_there_twice(attribute: str, tmp_path: Path) -> None:
    keep = " V" if attribute.endswith(" V") else ""
    path, line = changed(tmp_path, attribute, keep, **NEEDED[attribute])
    fault(path)
    path, line = changed(tmp_path, f"({attribute.removesuffix(' V')})", r"\1\1", **NEEDED[attribute])
    assert fault(path).startswith(f":{line}: ")
