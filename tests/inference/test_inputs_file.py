"""Names of inputs from Python files that are never run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rdfplugins.errors import ModelError
from rdfplugins.inference.inputs_file import read_inputs, write_inputs

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('inputs = ["b", "a"]', ("b", "a")),
        ("inputs = ('b', 'a',)\n", ("b", "a")),
        (
            '# -*- coding: utf-8 -*-\n"""Doc."""\ninputs = [\n    "b",  # first\n    # "gone",\n    "a",\n]\n',
            ("b", "a"),
        ),
        ('version = 3\ninputs: list[str] = ["a"]\nother = {"x": [1, None]}\n', ("a",)),
        ('inputs = ["tau" "1"]', ("tau1",)),
        ('\ufeffinputs = ["pt_1", "µ"]', ("pt_1", "µ")),
        ('inputs = ["a"]\r\n', ("a",)),
    ],
)
def test_names(tmp_path: Path, text: str, names: tuple[str, ...]) -> None:
    path = tmp_path / "inputs.py"
    path.write_text(text, encoding="utf-8", newline="")
    assert read_inputs(path) == names


def test_what_we_write_is_read(tmp_path: Path) -> None:
    names = ("tau1_pt_reco", 'a "b"', "it's")
    path = tmp_path / "inputs.py"
    path.write_text(write_inputs(names))
    assert read_inputs(path) == names


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('import os\ninputs = ["a"]', ":1: only assignments can stand here, the file is not run"),
        ('inputs = ["a"]\nprint(inputs)', ":2: only assignments can stand here"),
        ('inputs = ["a"]\ninputs += ["b"]', ":2: only assignments can stand here"),
        ('inputs = ["a"]\ninputs.append("b")', ":2: only assignments can stand here"),
        ('x = y = 1\ninputs = ["a"]', ":1: only assignments can stand here"),
        ('inputs[0] = "a"', ":1: only names can be assigned to here"),
        ("inputs = open('/etc/passwd').read()", ":1: 'inputs' must be a list of texts, the file is not run"),
        ('inputs = [\n  "a",\n  __import__("os").name]', ":3: an input must be a text in quotes"),
        ('inputs = ["a", *["b"]]', ":1: an input must be a text in quotes"),
        ('inputs = [f"a{1}"]', ":1: an input must be a text in quotes"),
        ('inputs = ["a", 1]', ":1: an input must be a text in quotes"),
        ('inputs = [\n  "a",\n  "b",\n  "a"]', ":4: 'a' stands twice, first in line 2"),
        ('inputs = ["a", " b"]', ":1: ' b' cannot be the name of a branch"),
        ('inputs = ["a", "b\\n"]', ":1: 'b\\n' cannot be the name of a branch"),
        ("inputs = []", ":1: 'inputs' is empty"),
        ("inputs = 'abc'", ":1: 'inputs' must be a list of texts"),
        ('inputs = ["a"]\ninputs = ["b"]', ":2: 'inputs' is assigned twice"),
        ("x = 1", ": nothing is assigned to 'inputs'"),
        ("", ": nothing is assigned to 'inputs'"),
        ("inputs = [", ":1: this is not Python"),
        ("inputs = [" + "(" * 5000, ":1: this is not Python"),
        ("x = " + "-" * 100_000 + "1", ": this is no Python file"),
        ("\0", ": this is no"),
        (" " * 1_000_001, ": larger than 1 MB"),
    ],
)
def test_what_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "inputs.py"
    path.write_text(text)
    with pytest.raises(ModelError) as caught:
        read_inputs(path)
    assert str(caught.value).startswith(f"{path}{message}") or "\0" in text
    assert "\n" not in str(caught.value)


def test_values_of_other_names_are_not_run(tmp_path: Path) -> None:
    path = tmp_path / "inputs.py"
    path.write_text(f'x = open({str(tmp_path / "made")!r}, "w")\ninputs = ["a"]\n')
    with pytest.raises(ModelError, match=r":1: only plain values can be assigned here"):
        read_inputs(path)
    assert not (tmp_path / "made").exists()


def test_what_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "inputs.py"
    path.write_bytes(b'inputs = ["\xff"]')
    with pytest.raises(ModelError, match="this is no Python file in UTF-8"):
        read_inputs(path)
