"""Cards: what they say, and the line of what is wrong in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rdfplugins.errors import ModelError
from rdfplugins.inference import read_model
from rdfplugins.inference.card import Card, read_card
from tests.inference import helpers

if TYPE_CHECKING:
    from pathlib import Path

NETWORK = helpers.random_network((2, 3, 1))
WHOLE = """
title: a mass
origin: made for this test
training: {events: 3, loss: mse, files: [a, b]}
mass_range: [50, 800.5]
outputs: [m]
units: {m: GeV, x0: MeV}
citation: |
  @misc{x}
license: CC0
ranges: {x1: [-1, 2]}
weights_from: a friend
references:
  - {inputs: [1, 2.5], outputs: [3]}
  - {inputs: [1, 2], outputs: [3], tolerance: 1e-2}
"""


def test_all_keys(tmp_path: Path) -> None:
    description = read_model(helpers.write_model(tmp_path / "m", NETWORK, card=WHOLE))
    card = description.card
    assert description.outputs == ("m",)
    assert (card.title, card.origin, card.license, card.weights_from) == (
        *("a mass", "made for this test"),
        *("CC0", "a friend"),
    )
    assert card.training == {"events": 3, "loss": "mse", "files": ["a", "b"]}
    assert (card.mass_range, card.ranges, card.units) == ((50, 800.5), {"x1": (-1, 2)}, {"m": "GeV", "x0": "MeV"})
    assert card.citation == "@misc{x}\n"
    assert [(one.inputs, one.outputs, one.tolerance) for one in card.references] == [
        ((1, 2.5), (3,), 1e-4),
        ((1, 2), (3,), 1e-2),
    ]


def test_nothing_is_needed(tmp_path: Path) -> None:
    description = read_model(helpers.write_model(tmp_path / "m", NETWORK))
    assert description.card == Card()
    assert description.outputs == ("ml_mass",)
    several = read_model(helpers.write_model(tmp_path / "n", helpers.random_network((2, 3))))
    assert several.outputs == ("ml_mass_0", "ml_mass_1", "ml_mass_2")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("title: a\ntitel: b", ":2: unknown key 'titel'"),
        ("title: 3", ":1: title: text is expected, not the number 3"),
        ("title: a\nmass_range: [800, 50]", ":2: mass_range: the first number must be below the second"),
        ("mass_range: 50", ":1: mass_range: two numbers are expected"),
        ("mass_range: [50, .inf]", ":1: mass_range.1: a finite number is expected"),
        ("ranges: {x0: [1, 2, 3]}", ":1: ranges.x0: two numbers are expected"),
        ("ranges:\n  x0: [1, 2]\n  x9: [1, 2]", ":3: no input is called 'x9'"),
        ("units: {x0: GeV, m: GeV}", ":1: no input or output is called 'm'"),
        ("outputs: [a, b]", ":1: 2 outputs, and the network has 1"),
        ("outputs: []", ":1: outputs: at least one name is expected"),
        ("inputs: [a, a]", ":1: inputs: 'a' stands twice"),
        ("inputs: [x0, x1, x2]", ":1: these are not the inputs that stand in"),
        ("references:\n  - inputs: [1]\n    outputs: [2]", ":2: 1 numbers, and the model has 2 inputs"),
        ("references:\n  - inputs: [1, 2]\n    outputs: [2, 3]", ":3: 2 numbers, and the model has 1 outputs"),
        ("references:\n  - inputs: [1, 2]", ":2: missing key 'outputs' in references.0"),
        ("references:\n  - {inputs: [1, x], outputs: [2]}", ":2: references.0.inputs.1: a number is expected"),
        (
            "references:\n  - {inputs: [1, 1], outputs: [2], tolerance: 0}",
            ":2: references.0.tolerance: a number above 0",
        ),
        ("title: [a", ":1: the bracket that opens here is not closed"),
        ("title: !!python/object/apply:os.system [ls]", ":1: unknown tag !!python/object/apply:os.system"),
        ("training: !include /etc/hostname", ": a card includes no other files"),
        ("- a", ":1: a config is a mapping of keys to values, not a list"),
    ],
)
def test_what_is_wrong(tmp_path: Path, text: str, message: str) -> None:
    folder = helpers.write_model(tmp_path / "m", NETWORK, card=text + "\n")
    with pytest.raises(ModelError) as caught:
        read_model(folder)
    assert str(caught.value).startswith(f"{folder / 'card.yaml'}{message}"), str(caught.value)


def test_all_faults_at_once(tmp_path: Path) -> None:
    path = tmp_path / "card.yaml"
    path.write_text("titel: a\nmass_range: 3\n")
    with pytest.raises(ModelError) as caught:
        read_card(path)
    assert [line.partition(": ")[0] for line in str(caught.value).split("\n")] == [f"{path}:1", f"{path}:2"]
