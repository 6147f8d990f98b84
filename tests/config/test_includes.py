"""Included files share their anchors, in both directions; `!join` puts texts together."""

from __future__ import annotations

from pathlib import Path

import pytest

from rdfplugins.config.loader import load_yaml
from rdfplugins.errors import ConfigErrors


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read(main, **others):
    for name, text in others.items():
        path = Path(name.replace("__", "/") + ".yaml")
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    Path("c.yaml").write_text(main)
    return load_yaml(Path("c.yaml"))


def wrong(main, **others):
    with pytest.raises(ConfigErrors) as caught:
        read(main, **others)
    return str(caught.value).split("\n")


def test_anchors_of_a_file_are_known_behind_it():
    document = read("p: !include p.yaml\nb: *x\nc: {<<: *y, k: 2}\n", p="a: &x 1\n.hidden: &y\n  k: 1\n  l: [*x]\n")
    assert document.data["b"] == 1
    assert document.data["c"] == {"k": 2, "l": [1]}
    assert document.position(("b",)) == ("c.yaml", 2)
    assert document.position(("c", "l")) == ("p.yaml", 4)


def test_they_are_not_known_in_front_of_it():
    assert wrong("b: *x\np: !include p.yaml\n", p="a: &x 1\n") == [
        "c.yaml:1: '*x' refers to an anchor '&x' that is not defined above; if it is meant as text, put it in quotes"
    ]


def test_anchors_in_front_of_a_file_are_known_in_it():
    data = read("a: &x 1\nb: !include p.yaml\nc: &y 2\nd: !include q.yaml\n", p="k: *x\n", q="k: [*x, *y]\n").data
    assert data == {"a": 1, "b": {"k": 1}, "c": 2, "d": {"k": [1, 2]}}
    assert wrong("b: !include p.yaml\n", p="k: *x\n")[0].startswith("p.yaml:1: '*x' refers to an anchor")


def test_a_merged_file_brings_its_anchors_too():
    data = read("<<: !include p.yaml\nb:\n  <<: *b\n  k: 3\n", p="a: 1\nb: &b {k: 1, l: 2}\n").data
    assert data == {"a": 1, "b": {"k": 3, "l": 2}}


def test_files_within_files():
    data = read(
        "a: !include sub/p.yaml\nd: [*x, *y]\n", sub__p="k: &x 1\nl: !include q.yaml\nm: *y\n", sub__q="- &y 2\n- *x\n"
    ).data
    assert data == {"a": {"k": 1, "l": [2, 1], "m": 2}, "d": [1, 2]}


def test_a_files_own_anchors_go_before_those_of_others():
    texts = {"p": "a: &x of p\nb: *x\n", "q": "a: &x of q\nb: *x\n"}
    data = read("p: !include p.yaml\nb: *x\nq: !include q.yaml\nc: *x\n", **texts).data
    assert [data["p"]["b"], data["b"], data["q"]["b"], data["c"]] == ["of p", "of p", "of q", "of q"]
    data = read("p: !include p.yaml\na: &x own\nq: !include q.yaml\nc: *x\n", **texts).data
    assert [data["p"]["b"], data["q"]["b"], data["c"]] == ["of p", "of q", "own"]
    assert wrong("a: &x 1\nb: &x 2\n") == ["c.yaml:2: the anchor '&x' is defined twice"]


def test_the_same_file_at_two_places_sees_what_stands_before_each():
    document = read("a: &x 1\nb: !include p.yaml\nc: !include q.yaml\nd: !include p.yaml\n", p="k: *x\n", q="a: &x 2\n")
    assert document.data == {"a": 1, "b": {"k": 1}, "c": {"a": 2}, "d": {"k": 1}}
    assert document.text.count("# included file: p.yaml") == 1


def test_a_file_that_is_not_there_is_the_fault_and_not_its_anchors():
    assert wrong("p: !include no.yaml\nb: *x\n") == ["c.yaml:1: !include: 'no.yaml': there is no such file"]
    assert wrong("p: !include p.yaml\nb: *x\n", p="a: [1\n") == ["p.yaml:1: the bracket that opens here is not closed"]
    assert wrong("p: !include p.yaml\nb: *x\n", p="a: !include no.yaml\nb: *x\n") == [
        "p.yaml:1: !include: 'no.yaml': there is no such file"
    ]


def test_a_file_of_anchors_that_is_merged_over_counts_for_the_hash():
    text = "q: {<<: {p: !include p.yaml}, p: 1}\nb: *x\n"
    one, other = read(text, p="a: &x 1\n"), read(text, p="a: &x 2\n")
    assert (one.data, other.data) == ({"q": {"p": 1}, "b": 1}, {"q": {"p": 1}, "b": 2})
    assert one.sha256 != other.sha256


def test_files_cannot_include_without_end():
    many = "\n".join(f"k{number}: !include p{number % 40 + 1}.yaml" for number in range(3))
    texts = {f"p{number}": many.replace("!include p", f"!include p{number}") for number in (1, 2, 3)}
    texts |= {f"p{first}{second}": "a: 1\n" for first in range(1, 4) for second in range(1, 4)}
    assert read(many, **texts).data["k0"]["k2"] == {"a": 1}
    bomb = {f"b{number}": "".join(f"k{i}: !include b{number + 1}.yaml\n" for i in range(12)) for number in range(8)}
    assert any("more than 1000 files, or 8 MB, are included" in line for line in wrong(bomb["b0"], **bomb))
    chain = {f"c{number}": f"k: !include c{number + 1}.yaml\n" for number in range(100)}
    assert wrong("k: !include c0.yaml", **chain) == ["c29.yaml:1: nested more than 60 levels deep"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("!join [a, b]", "ab"),
        ("!join [*x, /b.h5]", "dir/b.h5"),
        ("!join [*x, '/', 1, -, 2.50, -, true]", "dir/1-2.50-true"),
        ("!join [!join [*x, /], !join [b, c]]", "dir/bc"),
        ("!join []", ""),
        ("&y !join [*x, /b]", "dir/b"),
        ("!join [*z, /c]", "dir/b/c"),
    ],
)
def test_texts_are_joined(text, value):
    assert read(f".x: &x dir\n.z: &z !join [*x, /b]\na: {text}\n").data["a"] == value


@pytest.mark.parametrize("text", ["!join [[a]]", "!join [{a: b}, c]", "!join [&z [*z]]"])
def test_what_cannot_be_joined(text):
    assert wrong(f"a: {text}") == ["c.yaml:1: !join takes a list of texts, such as !join [*folder, /file.h5]"]


def test_join_takes_a_list():
    expected = ["c.yaml:1: !join takes a list of texts, such as !join [*folder, /file.h5]"]
    assert wrong("a: !join x") == wrong("a: !join {b: c}") == expected
    assert wrong("a: !joint [x]") == [
        "c.yaml:1: unknown tag !joint; text that begins with '!' must stand in quotes; did you mean '!join'?"
    ]
