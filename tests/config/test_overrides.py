"""``--set``: values, places, and texts that set nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from rdfplugins.config.loader import load_yaml
from rdfplugins.errors import ConfigErrors


@pytest.fixture
def read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def load(text, overrides=()):
        Path("c.yaml").write_text(text)
        return load_yaml(Path("c.yaml"), overrides)

    return load


@pytest.mark.parametrize(
    ("override", "path", "value"),
    [
        ("a.b=5", ("a", "b"), 5),
        ("a.b=1e-3", ("a", "b"), 0.001),
        ("a.b=on", ("a", "b"), "on"),
        ("a.b=", ("a", "b"), None),
        ("a.b='5'", ("a", "b"), "5"),
        ("a.b=[1, {c: d}]", ("a", "b"), [1, {"c": "d"}]),
        ("a.b=x == 3", ("a", "b"), "x == 3"),
        ("a.b=x > 0 ? 1 : 0", ("a", "b"), "x > 0 ? 1 : 0"),
        ("a.b=- 3", ("a", "b"), "- 3"),
        ("list.1=7", ("list", 1), 7),
        ("list.2.x=7", ("list", 2, "x"), 7),
        ("list.0={y: 1}", ("list", 0), {"y": 1}),
        ("holes.0.x=3", ("holes", 0, "x"), 3),
        ("empty.x.y=3", ("empty", "x", "y"), 3),
        ("new.x=3", ("new", "x"), 3),
        ('a."d.e"=3', ("a", "d.e"), 3),
        ("a.'f=g'=3", ("a", "f=g"), 3),
        ("a.0=3", ("a", "0"), 3),
    ],
)
def test_overrides(read, override, path, value):
    document = read("a:\n  b: 1\n  'd.e': 2\nlist: [1, 2, {x: 3}]\nholes: [~]\nempty:\n", [override])
    here = document.data
    for key in path:
        here = here[key]
    assert here == value
    assert type(here) is type(value)
    assert document.position(path) == (f"--set {override}", None)
    assert document.position(("a",)) == ("c.yaml", 1)


def test_places_within_an_override_and_of_what_it_replaces(read):
    document = read("a:\n  b: {c: 1, d: [2]}\n", ["a.b={d: [3], e: {f: 4}}", "g.h=1"])
    assert document.data == {"a": {"b": {"d": [3], "e": {"f": 4}}}, "g": {"h": 1}}
    for path in [("a", "b"), ("a", "b", "d", 0), ("a", "b", "e", "f"), ("a", "b", "c")]:
        assert document.position(path) == ("--set a.b={d: [3], e: {f: 4}}", None)
    assert document.position(("g",)) == ("--set g.h=1", None)


def test_later_overrides_win(read):
    assert read("a: 1", ["a=2", "a=3"]).data == {"a": 3}


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("a.b", "an '=' and a value are missing; write it as a.b=value"),
        ("", "this is not of the form a.b=value; put keys that hold dots or '=' in quotes: a.\"b.c\"=value"),
        ("=3", "this is not of the form a.b=value; put keys that hold dots or '=' in quotes: a.\"b.c\"=value"),
        ("a..b=3", "this is not of the form a.b=value; put keys that hold dots or '=' in quotes: a.\"b.c\"=value"),
        ("list.3=1", "list has 3 items, counted from 0; there is no 3"),
        ("list.-1=1", "list is a list: a number is expected after it, not '-1'"),
        ("list.x.y=1", "list is a list: a number is expected after it, not 'x'"),
        ("a.b.c=1", "a.b is a single value and has no 'c'"),
        ("list.0.c=1", "list.0 is a single value and has no 'c'"),
        ("a.b=[1", "the bracket that opens here is not closed"),
        ("a.b=!include x.yaml", "the value cannot hold !include; put text in quotes"),
        (
            "a.b=[*x]",
            "'*x' refers to an anchor '&x' that is not defined above; if it is meant as text, put it in quotes",
        ),
        ("a.b=[&x 1, *x]", "the value cannot hold alias; put text in quotes"),
        ("a.b={c: 1, c: 2}", "key 'c' stands twice"),
        ("a.b={[c]: 1}", "a key is a single word or text, not a list or mapping"),
        ("a.b=1e999", "the number 1e999 is too large (write .inf if you mean infinity)"),
    ],
)
def test_overrides_that_fail(read, override, expected):
    with pytest.raises(ConfigErrors) as caught:
        read("a: {b: 1}\nlist: [1, 2, 3]\n", [override])
    assert str(caught.value) == f"--set {override}: {expected}"
