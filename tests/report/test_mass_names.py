"""Which columns carry the mass, and which cuts read it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from rdfplugins.nodes import base
from rdfplugins.report.mass_names import carriers, cuts_on_mass, mass_columns, reads

if TYPE_CHECKING:
    from collections.abc import Callable

    from rdfplugins.config import Config


def steps(*found: Any) -> str:
    return f"select.steps={json.dumps(found)}"


def test_the_mass_itself(config: Callable[..., Config]) -> None:
    assert mass_columns(config()) == {"m_yy", "h_mass"}
    shown = "{zz: {column: m4l, bins: 9, range: [80, 170]}}"
    assert mass_columns(config("report.mass=zz", histograms=shown)) == {"m_yy", "h_mass", "zz", "m4l"}


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("m_yy", True),
        ("abs(m_yy-125)<5", True),
        ("event.m_yy > 3", True),
        ("m_yy2 > 3", False),
        ("my_m_yy", False),
        ("pt_yy", False),
        ("ev.mass/1e3", True),
    ],
)
def test_whole_words(expression: str, *, found: bool) -> None:
    assert reads(expression, {"m_yy", "ev.mass"}) is found


def test_what_is_made_from_the_mass_over_many_steps(config: Callable[..., Config]) -> None:
    loaded = config(
        steps(
            {"define": {"far": "1.0 * near", "pt": "pt_yy / 1000", "near": "near_alias + 1"}},
            {"define": {"of_simulation": "m_yy"}, "only": "mc"},
            {"define": {"of_data": "m_yy"}, "only": ["more"]},
        ),
        "input.aliases={near_alias: m_yy * 2, other: jet_n}",
    )
    assert carriers(loaded) == {"m_yy", "h_mass", "near_alias", "near", "far", "of_data"}


def test_another_name_of_the_mass_is_the_mass_too(config: Callable[..., Config]) -> None:
    aliases = "input.aliases={h_mass: double(diphoton_mass) / 1000., m_yy: 'mass_of(photons)', pt_yy: pt_gg}"
    assert carriers(config(aliases)) == {"m_yy", "h_mass", "diphoton_mass"}


def test_categories_by_the_mass_make_their_number_carry_it(config: Callable[..., Config]) -> None:
    assert "category" in carriers(config("select.categories={win: m_yy > 120 && m_yy < 130, rest: 'true'}"))
    assert "category" not in carriers(config("select.categories={jets: jet_n > 1, rest: 'true'}"))


def test_filters(config: Callable[..., Config]) -> None:
    found = cuts_on_mass(
        config(
            steps(
                {"node": "diphoton.select"},
                {"filter": {"a": "pt_yy > 3", "b": "m_yy > 3", "c": "jet_n > 3"}},
                {"filter": {"d": "m_yy > 3"}, "only": "mc"},
                {"filter": {"e": "h_mass > 3"}, "only": "data"},
            )
        ),
        {"m_yy", "h_mass"},
    )
    assert (found.names, found.harmless) == (("b", "e"), None)


@pytest.fixture
def nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Install nodes of others."""

    def made(name: str, **declared: Any) -> base.Node[Any]:
        def function(df: Any, *, expression: str = "") -> Any:
            del expression
            return df

        return base.node(name=name, **declared)(function)

    known = {
        "x.named": made("x.named", needs=("m_yy",), cuts=("one", "two")),
        "x.silent": made("x.silent", needs=("m_yy", "jet_n"), makes=("score",)),
        "x.other": made("x.other", needs=("jet_n",), cuts=("three",), makes=("n",)),
    }
    find = base.find
    monkeypatch.setattr(base, "find", lambda name: known[name] if name in known else find(name))


@pytest.mark.usefixtures("nodes")
def test_nodes_of_others(config: Callable[..., Config]) -> None:
    named = config(steps({"node": "x.other"}, {"node": "x.named"}, {"filter": {"late": "jet_n > 3"}}))
    found = cuts_on_mass(named, carriers(named))
    assert (found.names, found.harmless) == (("one", "two"), None)
    silent = config(steps({"node": "x.other"}, {"node": "x.silent"}, {"filter": {"late": "jet_n > 3"}}))
    found = cuts_on_mass(silent, carriers(silent))
    assert (found.names, found.harmless) == ((), {"three", "late"})
    assert carriers(silent) == {"m_yy", "h_mass", "score"}
    asked = config(steps({"node": "x.other", "with": {"expression": "m_yy > 3"}}))
    assert cuts_on_mass(asked, carriers(asked)).names == ("three",)
    assert "n" in carriers(asked)


def test_a_node_that_cannot_be_asked_may_cut_on_the_mass(config: Callable[..., Config]) -> None:
    found = cuts_on_mass(config(steps({"node": "not.installed"}, {"filter": {"late": "jet_n > 3"}})), {"m_yy"})
    assert found.harmless == {"late"}
