"""Plain values, places, includes, merges, overrides, and texts that are no config."""

from __future__ import annotations

import hashlib
import math
from pathlib import Path

import pytest

from rdfplugins.config.loader import load_yaml
from rdfplugins.errors import ConfigError, ConfigErrors

FLOW = "a ',' or a closing bracket is expected here; text that holds brackets, commas or quotes must stand in quotes"
ESCAPE = "the text holds an escape (\\0 or half of a surrogate pair) that stands for no character"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read(text, overrides=(), name="c.yaml"):
    data = text if isinstance(text, bytes) else text.encode()
    Path(name).write_bytes(data)
    return load_yaml(Path(name), overrides)


def wrong(text, overrides=()):
    with pytest.raises(ConfigErrors) as caught:
        read(text, overrides)
    return str(caught.value).split("\n")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        ("25e4", 250000.0),
        ("1.5e+3", 1500.0),
        ("1E3", 1000.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("-0.25", -0.25),
        ("+7", 7),
        ("0x1F", 31),
        ("0o17", 15),
        ("017", 17),
        ("18446744073709551615", 2**64 - 1),
        ("-9223372036854775808", -(2**63)),
        (".inf", math.inf),
        ("-.Inf", -math.inf),
        ("true", True),
        ("FALSE", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("on", "on"),
        ("off", "off"),
        ("yes", "yes"),
        ("No", "No"),
        ("y", "y"),
        ("1:30", "1:30"),
        ("1_000", "1_000"),
        ("2018-01-01", "2018-01-01"),
        ("0b11", "0b11"),
        ("-0x1F", "-0x1F"),
        ("1e", "1e"),
        (".", "."),
        ("inf", "inf"),
        ("'25'", "25"),
        ('"true"', "true"),
        ("!!str 25", "25"),
        ("!!float 25", 25.0),
        ("!!int 25", 25),
        ("<<", "<<"),
        ("=", "="),
    ],
)
def test_scalars_are_those_of_yaml_1_2(folder, text, value):
    got = read(f"a: {text}\n").data["a"]
    assert got == value
    assert type(got) is type(value)


def test_nan_is_read(folder):
    assert math.isnan(read("a: .nan").data["a"])


def test_keys_are_always_text(folder):
    assert read("1: a\ntrue: b\nnull: c\n2.50: d").data == {"1": "a", "true": "b", "null": "c", "2.50": "d"}


def test_places_are_those_of_keys_and_items(folder):
    document = read("a:\n  b:\n    - x\n    -\n      c: 1\n  d: {e: 1,\n      f: 2}\n")
    lines = {
        ("a",): 1,
        ("a", "b"): 2,
        ("a", "b", 0): 3,
        ("a", "b", 1): 5,
        ("a", "b", 1, "c"): 5,
        ("a", "d", "e"): 6,
        ("a", "d", "f"): 7,
    }
    assert {path: document.position(path) for path in lines} == {path: ("c.yaml", line) for path, line in lines.items()}


@pytest.mark.parametrize(
    ("path", "line"), [((), 1), (("nothing",), 1), (("a", "nothing", 3), 2), (("a", "b", 7), 3), (["a", "b", 0], 3)]
)
def test_place_of_what_is_not_there_is_that_of_its_parent(folder, path, line):
    assert read("# comment\na:\n  b: [1]\n").position(path) == ("c.yaml", line)


def test_anchors_aliases_and_merges(folder):
    document = read(
        "base: &base\n  x: 1\n  y: {z: 2}\nother: &other {x: 5, w: 6}\n"
        "one:\n  <<: *base\n  x: 3\ntwo:\n  <<: [*base, *other]\nlist: [0,\n *base]\n"
    )
    data = document.data
    assert data["one"] == {"x": 3, "y": {"z": 2}}
    assert data["two"] == {"x": 1, "y": {"z": 2}, "w": 6}
    assert data["list"][1] == {"x": 1, "y": {"z": 2}}
    assert document.position(("one", "x")) == ("c.yaml", 7)
    assert document.position(("one", "y")) == ("c.yaml", 3)
    assert document.position(("two", "w")) == ("c.yaml", 4)
    assert document.position(("list", 1)) == ("c.yaml", 11), "an alias stands where it is written"
    assert document.position(("list", 1, "x")) == ("c.yaml", 2)


def test_values_of_an_alias_are_not_shared(folder):
    data = read("a: &a {x: [1]}\nb: *a\n").data
    data["a"]["x"].append(2)
    assert data["b"] == {"x": [1]}


def test_quoted_merge_key_is_a_key(folder):
    assert read("'<<': {a: 1}").data == {"<<": {"a": 1}}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\nb: 2\na: 3\n", ["c.yaml:3: key 'a' stands twice at the top of the file; first in line 1"]),
        (
            "a:\n  b: 1\n  b: 2\n  b: 3\nd: {e: 1, e: 2}\n",
            [
                "c.yaml:3: key 'b' stands twice in a; first in line 2",
                "c.yaml:4: key 'b' stands twice in a; first in line 2",
                "c.yaml:5: key 'e' stands twice in d; first in line 5",
            ],
        ),
        ("a: &a {}\nb:\n  <<: *a\n  <<: *a\n", ["c.yaml:4: key '<<' stands twice in b; first in line 3"]),
        ("1: a\n'1': b\n", ["c.yaml:2: key '1' stands twice at the top of the file; first in line 1"]),
    ],
)
def test_keys_given_twice_are_all_reported(folder, text, expected):
    assert wrong(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: !trigP", "1: unknown tag !trigP; text that begins with '!' must stand in quotes"),
        (
            "a: !includ x",
            "1: unknown tag !includ; text that begins with '!' must stand in quotes; did you mean '!include'?",
        ),
        ("a: !!python/name:os.system x", "1: unknown tag !!python/name:os.system; remove it"),
        ("a: 1\nb: !!set {x}", "2: unknown tag !!set; remove it"),
        ("a: !!int x", "1: 'x' is marked as !!int and is none"),
        ("a: !!bool yes", "1: 'yes' is marked as !!bool and is none"),
        ("a: &x [*x]", "1: this alias stands within the value it stands for"),
        ("a: &x\n  b:\n    <<: *x", "3: this alias stands within the value it stands for"),
        (
            "a: *x",
            "1: '*x' refers to an anchor '&x' that is not defined above; if it is meant as text, put it in quotes",
        ),
        ("a: &x 1\nb: &x 2", "2: the anchor '&x' is defined twice"),
        ("<<: 3", "1: '<<' takes a mapping, or a list of mappings, to merge"),
        ("? [a]\n: 1", "1: a key is a single word or text, not a list or mapping"),
        ("a: 1\n\tb: 2", "2: a tab cannot stand here; indent with spaces"),
        ("a: @list.txt", "1: text that begins with '@' must stand in quotes"),
        ("a: *.root", "1: text that begins with '*' or '&' must stand in quotes"),
        ("a: {b: !x && y}", "1: text that begins with '*' or '&' must stand in quotes"),
        ("a: {b: 'x'\n", "1: the bracket that opens here is not closed"),
        (
            "a: {b: 'x'\nc: 3",
            f"2: {FLOW}; the bracket opens in line 1",
        ),
        ("a:\n  b: 'x\nc: 3\n\n", "2: the quote that opens here is not closed"),
        ('a:\n  b: "x\nc: 3\n', "2: the quote that opens here is not closed"),
        ('a: "\\d"', "1: unknown escape 'd' in double quotes; single quotes take backslashes as text"),
        (
            "a: {b: pt[0] > 3}",
            f"1: {FLOW}",
        ),
        ("a: x: y", "1: a ':' cannot stand here; check the indentation, and quote text that holds ': '"),
        ("a: 1\nb\nc: 2", "3: a ':' after a key is missing here or in the line above"),
        ("a:\n  - b\n c: 3", "3: the indentation does not fit the lines above"),
        (
            "a: 'it's'",
            "1: text cannot stand here; check the indentation and the quotes (a ' within single quotes is written '')",
        ),
        ("a: - b", "1: a list item cannot stand here; begin it on a new line, or quote the text"),
        (
            "a: > 3",
            "1: after '|' or '>' the text begins on the next line; text that begins with them must stand in quotes",
        ),
        ("a: 1\n!y b: 2", "2: unknown tag !y; text that begins with '!' must stand in quotes"),
        ("%x: 1", "1: a line cannot begin with '%'"),
        ('a: "\\u12"', "1: an escape in double quotes is not complete; single quotes take backslashes as text"),
        ("a: ? b", "1: text that begins with '? ' must stand in quotes"),
        ("a: }", "1: a value is expected here, not '}'"),
        ("{a: 1}}", "1: this stands outside of the config; check the indentation and the brackets"),
        ("a: 1\n---\nb: 1", "2: a second document ('---') begins here; a config is one document"),
        ("%YAML 3.0\n---\na: 1", "1: this version of YAML is not supported; remove the %YAML line"),
        ("a: 1\nb: \x02", "2: the character U+0002 cannot stand in a config"),
        ("a: " + "9" * 5000, "1: the number " + "9" * 57 + "... does not fit into 64 bits"),
        ("a: -9223372036854775809", "1: the number -9223372036854775809 does not fit into 64 bits"),
        ("a: 1e999", "1: the number 1e999 is too large (write .inf if you mean infinity)"),
        (
            'a: "\\ud800"',
            f"1: {ESCAPE}",
        ),
        ("a: " + "[" * 100 + "]" * 100, "1: nested more than 60 levels deep"),
        ("- a\n", "1: a config is a mapping of keys to values, not a list"),
        ("\nabc\n", "2: a config is a mapping of keys to values, not a single value"),
        (b"a: 1\nb: \xe9\n", "2: the file is not UTF-8 text"),
        (b"\xef\xbb\xbfa: 1", "1: the file begins with a byte order mark; save it as UTF-8 without one"),
        ("a: 1".encode("utf-16"), "1: the file is UTF-16; save it as UTF-8"),
    ],
)
def test_what_is_no_config(folder, text, expected):
    assert wrong(text) == [f"c.yaml:{expected}"]


@pytest.mark.parametrize("text", ["", "# only a comment\n", "---\n", "~\n", "\n\n"])
def test_empty_files(folder, text):
    assert wrong(text) == ["c.yaml: the file is empty"]


@pytest.mark.parametrize("text", ['a: "\\UFFFFFFFF"', "%YAML 1." + "9" * 5000 + "\n---\na: 1"])
def test_numbers_that_yaml_itself_stumbles_over(folder, text):
    assert wrong(text) == ["c.yaml: an escape such as \\U00110000, or the number in the %YAML line, is too large"]


def test_missing_file_and_folder(folder):
    with pytest.raises(ConfigError, match=r"^sub/no\.yaml: there is no such file$"):
        load_yaml(Path("sub/no.yaml"))
    folder.joinpath("sub").mkdir()
    with pytest.raises(ConfigError, match=r"^sub: this is a folder, not a config file$"):
        load_yaml(Path("sub"))


def test_a_file_that_may_not_be_read(folder, monkeypatch):
    def refuse(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    folder.joinpath("c.yaml").write_text("a: 1")
    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(ConfigError, match=r"^c\.yaml: the file cannot be read: Permission denied$"):
        load_yaml(Path("c.yaml"))


def test_huge_file_is_refused_before_it_is_parsed(folder):
    assert wrong("a: 1\n" + "# x\n" * 2_100_000) == ["c.yaml: the file is larger than 8 MB, which no config is"]


def test_windows_line_ends(folder):
    document = read(b"a: 1\r\nb:\r\n  c: x\r\n")
    assert document.data == {"a": 1, "b": {"c": "x"}}
    assert document.position(("b", "c")) == ("c.yaml", 3)
    assert document.sha256 == read("a: 1\nb:\n  c: x\n").sha256


@pytest.mark.parametrize("merge", [False, True])
def test_alias_bombs_are_refused(folder, merge):
    rows = ["a0: &a0 {x: 1}"]
    for i in range(30):
        both = f"[*a{i}, *a{i}]"
        rows.append(f"a{i + 1}: &a{i + 1} {'{<<: ' + both + '}' if merge else both}")
    line, _, message = wrong("\n".join(rows))[0].removeprefix("c.yaml:").partition(": ")
    assert message == "aliases and includes make more than 100000 values of this file"
    assert 1 <= int(line) <= 31


def test_long_chain_of_merges_is_refused(folder):
    rows = ["a0: &a0 {x: 1}"] + [f"a{i + 1}: &a{i + 1} {{<<: *a{i}}}" for i in range(500)]
    assert wrong("\n".join(rows))[0].endswith("aliases and includes are nested too deeply here")


def test_included_files(folder):
    folder.joinpath("parts/deep").mkdir(parents=True)
    folder.joinpath("parts/samples.yaml").write_text("# s\ngg:\n  xsec: 1\nmore: !include deep/list.yaml\n")
    folder.joinpath("parts/deep/list.yaml").write_text("\n- 1\n- [2]\n")
    text = "a: 1\nsamples: !include parts/samples.yaml\nb: &x !include parts/deep/list.yaml\nc: *x\n"
    document = read(text)
    assert document.data == {"a": 1, "samples": {"gg": {"xsec": 1}, "more": [1, [2]]}, "b": [1, [2]], "c": [1, [2]]}
    assert document.position(("samples",)) == ("c.yaml", 2)
    assert document.position(("samples", "gg", "xsec")) == ("parts/samples.yaml", 3)
    assert document.position(("samples", "more")) == ("parts/samples.yaml", 4)
    assert document.position(("samples", "more", 1, 0)) == ("parts/deep/list.yaml", 3)
    assert document.position(("samples", "nothing")) == ("c.yaml", 2)
    assert document.text == (
        f"{text}\n# included file: parts/samples.yaml\n# s\ngg:\n  xsec: 1\nmore: !include deep/list.yaml\n"
        "\n# included file: deep/list.yaml\n\n- 1\n- [2]\n"
    )


def test_merge_of_an_included_file(folder):
    folder.joinpath("base.yaml").write_text("x: 1\ny: 2\n")
    document = read("<<: !include base.yaml\ny: 3\n")
    assert document.data == {"x": 1, "y": 3}
    assert document.position(("x",)) == ("base.yaml", 1)
    assert document.position(("y",)) == ("c.yaml", 2)


def test_whole_config_may_be_an_include(folder):
    folder.joinpath("base.yaml").write_text("x: 1\n")
    assert read("!include base.yaml").data == {"x": 1}
    folder.joinpath("base.yaml").write_text("- x\n")
    assert wrong("!include base.yaml") == ["base.yaml:1: a config is a mapping of keys to values, not a list"]


def test_environment_in_the_name_of_an_included_file(folder, monkeypatch):
    folder.joinpath("base.yaml").write_text("x: 1\n")
    monkeypatch.setenv("RDFP_PART", "base")
    assert read("a: !include '${RDFP_PART}.yaml'").data == {"a": {"x": 1}}
    monkeypatch.delenv("RDFP_PART")
    assert wrong("b: 1\na: !include '${RDFP_PART}.yaml'") == [
        "c.yaml:2: !include: the environment variable RDFP_PART is not set"
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\nb: !include no.yaml", "c.yaml:2: !include: 'no.yaml': there is no such file"),
        ("a: !include .", "c.yaml:1: !include: '.': this is a folder, not a config file"),
        ("a: !include empty.yaml", "c.yaml:1: !include: 'empty.yaml': the file is empty"),
        ("a: !include bad.yaml", "bad.yaml:2: a tab cannot stand here; indent with spaces"),
        ("a: !include twice.yaml", "twice.yaml:2: key 'x' stands twice in a; first in line 1"),
        ("a: !include latin.yaml", "latin.yaml:2: the file is not UTF-8 text"),
        ("a: !include c.yaml", "c.yaml:1: !include: 'c.yaml' includes itself, directly or through others"),
        ("a: !include one.yaml", "two.yaml:1: !include: './one.yaml' includes itself, directly or through others"),
        ("a: !include", "c.yaml:1: !include takes the name of a file"),
        ("a: !include [x]", "c.yaml:1: !include takes the name of a file"),
        (
            'a: !include "\\0"',
            f"c.yaml:1: !include: {ESCAPE}",
        ),
    ],
)
def test_includes_that_fail(folder, text, expected):
    folder.joinpath("empty.yaml").write_text("# nothing\n")
    folder.joinpath("bad.yaml").write_text("x: 1\n\ty: 2\n")
    folder.joinpath("twice.yaml").write_text("x: 1\nx: 2\n")
    folder.joinpath("latin.yaml").write_bytes(b"x: 1\ny: \xe9\n")
    folder.joinpath("one.yaml").write_text("x: !include two.yaml\n")
    folder.joinpath("two.yaml").write_text("x: !include ./one.yaml\n")
    assert wrong(text) == [expected]


def test_faults_of_the_loader_come_all_at_once(folder):
    text = "a: 1\na: 2\nb: !x 3\nc: !include no.yaml\nd: 1e999\n"
    assert wrong(text, ["e"]) == [
        "--set e: an '=' and a value are missing; write it as a.b=value",
        "c.yaml:2: key 'a' stands twice at the top of the file; first in line 1",
        "c.yaml:3: unknown tag !x; text that begins with '!' must stand in quotes",
        "c.yaml:4: !include: 'no.yaml': there is no such file",
        "c.yaml:5: the number 1e999 is too large (write .inf if you mean infinity)",
    ]


def test_hash_is_that_of_the_text_and_knows_no_folder(folder):
    text = "a: !include b.yaml\n"
    hashes = []
    for name in ("one", "two"):
        folder.joinpath(name).mkdir()
        folder.joinpath(name, "b.yaml").write_text("x: 1\n")
        hashes.append(read(text, name=f"{name}/c.yaml").sha256)
    assert (
        hashes[0] == hashes[1] == hashlib.sha256(b"a: !include b.yaml\n\n# included file: b.yaml\nx: 1\n").hexdigest()
    )
    folder.joinpath("two/b.yaml").write_text("x: 2\n")
    assert load_yaml(Path("two/c.yaml")).sha256 != hashes[0]
    assert load_yaml(Path("one/c.yaml"), ["a.x=1"]).sha256 != hashes[0]
