"""The nodes of a decision tree, taken from the parser one after the other, as columns of numbers."""

from __future__ import annotations

import array
import math
import re
from typing import TYPE_CHECKING, Final

from rdfplugins.config.scalars import shortened
from rdfplugins.errors import ModelError

if TYPE_CHECKING:
    from xml.sax.xmlreader import AttributesImpl

_DEEPEST: Final = 2000
_MOST: Final = 20_000_000  # of all trees: half a gigabyte
_NUMBER = re.compile(r"\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\s*", re.ASCII)
_SIDES = ("l", "r")


def finite(text: str) -> float | None:
    """Return a number as TMVA writes it; None for all else that Python would take, such as nan, 1_000 or 1e999."""
    value = float(text) if _NUMBER.fullmatch(text) else math.nan
    return value if math.isfinite(value) else None


class Nodes:
    """A tree as it grows; what is wrong with a node is raised with its line.

    Attributes
    ----------
    feature
        Number of the variable that is cut on; -1 for a leaf, and for a cut on a linear combination.
    cut
        Right where the variable is at or above it, or the other way round.
    selects
        1: at or above goes right; 0: left.
    left, right
        Numbers of nodes, counted from the root of this tree; of a leaf itself.
    response, purity, kind
        What leaves say: res, purity and nType.
    combinations
        Node -> coefficients of its linear combination, the constant last.
    """

    def __init__(self, path: str, before: int) -> None:
        self._path = path
        self._before = before
        self._open: list[int] = []
        self._skipped = 0  # depth below a leaf: TMVA stops at it
        self._lines = array.array("q")
        self.feature, self.left, self.right = array.array("i"), array.array("i"), array.array("i")
        self.cut, self.response, self.purity = array.array("d"), array.array("d"), array.array("d")
        self.selects, self.kind = array.array("b"), array.array("i")
        self.combinations: dict[int, list[float]] = {}

    def __len__(self) -> int:
        return len(self.feature)

    def start(self, name: str, attributes: AttributesImpl, line: int) -> None:
        """Take a node whose element begins."""
        if name != "Node":
            raise self.fault(line, f"<{shortened(name)}> stands in a tree, where nodes are expected")
        if self._skipped or (self._open and self.kind[self._open[-1]] != 0):
            self._skipped += 1
            return
        number = len(self)
        if len(self._open) >= _DEEPEST or self._before + number >= _MOST:
            raise self.fault(line, f"trees with more than {_MOST} nodes, or deeper than {_DEEPEST}, are not read")
        values = _Values(self, attributes, line)
        self._attach(number, values)
        kind = values.whole("nType")
        selects = values.whole("cType") if kind == 0 else 1
        if selects not in (0, 1):
            raise self.fault(line, f"cType of <Node> is {selects}, and must be 0 or 1")
        coefficients = values.whole("NCoef") if values.has("NCoef") and kind == 0 else 0
        if coefficients:
            self.combinations[number] = values.coefficients(coefficients)
        self.feature.append(values.whole("IVar") if kind == 0 and not coefficients else -1)
        self.cut.append(values.number("Cut") if kind == 0 else 0.0)
        self.selects.append(selects)
        self.kind.append(kind)
        self.response.append(values.number("res") if values.has("res") else math.nan)
        self.purity.append(values.purity())
        self.left.append(number)
        self.right.append(number)
        self._lines.append(line)
        self._open.append(number)

    def end(self, line: int) -> bool:
        """Take the end of an element; False where it is that of the tree itself."""
        if self._skipped:
            self._skipped -= 1
            return True
        if not self._open:
            if not len(self):
                raise self.fault(line, "a tree without nodes")
            return False
        number = self._open.pop()
        if self.kind[number] == 0 and number in (self.left[number], self.right[number]):
            raise self.fault(self._lines[number], "a node that cuts (nType 0) needs a node on each side (pos l and r)")
        return True

    def line(self, number: int) -> int:
        """Return the line of a node."""
        return self._lines[number]

    def _attach(self, number: int, values: _Values) -> None:
        side = values.text("pos")
        if not self._open:
            if number:
                raise self.fault(values.line, f"a second root in one tree, after that of line {self.line(0)}")
            if side != "s":
                raise self.fault(values.line, f"pos of a root is s, not '{shortened(side)}'")
            return
        parent = self._open[-1]
        if side not in _SIDES:
            raise self.fault(values.line, f"pos of a node is l or r, not '{shortened(side)}'")
        children = self.left if side == "l" else self.right
        if children[parent] != parent:
            raise self.fault(values.line, f'a second node with pos="{side}" below that of line {self.line(parent)}')
        children[parent] = number

    def fault(self, line: int, message: str) -> ModelError:
        """Return an error that bears the place of a line."""
        return ModelError(f"{self._path}:{line}: {message}")


class _Values:
    """Attributes of one node."""

    def __init__(self, nodes: Nodes, attributes: AttributesImpl, line: int) -> None:
        self._nodes, self._attributes, self.line = nodes, attributes, line

    def has(self, name: str) -> bool:
        return name in self._attributes

    def text(self, name: str) -> str:
        if name not in self._attributes:
            raise self._nodes.fault(self.line, f'<Node> has no {name}="..."; this file is damaged, or not of TMVA')
        found: str = self._attributes[name]
        return found

    def number(self, name: str) -> float:
        text = self.text(name)
        value = finite(text)
        if value is None:
            raise self._nodes.fault(
                self.line, f"{name} of <Node>: '{shortened(text)}' is no finite number; this file is damaged"
            )
        return value

    def purity(self) -> float:
        """Return the share of signal; the first releases wrote sums of weights in its place."""
        if not self.has("purity") and self.has("nS") and self.has("nB"):
            signal, background = self.number("nS"), self.number("nB")
            return signal / (signal + background) if signal + background > 0 else math.nan
        return self.number("purity") if self.has("purity") else math.nan

    def whole(self, name: str) -> int:
        value = self.number(name)
        if value != int(value) or abs(value) > 1e6:  # noqa: PLR2004 (no tree has as many variables)
            raise self._nodes.fault(self.line, f"{name} of <Node> is no whole number: '{shortened(self.text(name))}'")
        return int(value)

    def coefficients(self, count: int) -> list[float]:
        if count < 0 or count > 10_000:  # noqa: PLR2004 (variables and a constant)
            raise self._nodes.fault(self.line, f"NCoef of <Node> is {count}")
        return [self.number(f"fC{number}") for number in range(count)]
