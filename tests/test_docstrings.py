"""Docstrings taken apart."""

from __future__ import annotations

from rdfplugins.docstrings import entries, prose


class Documented:
    """A thing, that spans
    two lines.

    A second paragraph with ``code`` and None.

    Attributes
    ----------
    first
        What it is
        in two lines.

        And a paragraph; None: nothing.
    second, third : int, optional
        Of both.
    empty

    Notes
    -----
    first
        Not this.
    """


class Bare:
    pass


class OneLine:
    """Only ``this``."""


def test_prose_ends_before_the_first_section():
    assert prose(Documented) == "A thing, that spans two lines.\n\nA second paragraph with `code` and null."
    assert prose(OneLine) == "Only `this`."
    assert prose(Bare) == ""


def test_entries_of_a_section():
    assert entries(Documented, "Attributes") == {
        "first": "What it is in two lines.\n\nAnd a paragraph; null: nothing.",
        "second": "Of both.",
        "third": "Of both.",
        "empty": "",
    }
    assert entries(Documented, "Notes") == {"first": "Not this."}


def test_no_section_no_entries():
    for documented in (Documented, Bare, OneLine):
        assert entries(documented, "Parameters") == {}
