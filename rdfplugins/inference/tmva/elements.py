"""XML of TMVA -> elements with their lines, and nodes of decision trees as plain numbers; nothing else is known here.

The parser refuses what XML can do beyond elements and text: a document type, entities, references to other files.
"""

from __future__ import annotations

import dataclasses
import re
import xml.sax
import xml.sax.handler
import xml.sax.xmlreader
from typing import TYPE_CHECKING, BinaryIO, Final

import defusedxml.sax
from defusedxml.common import DefusedXmlException

from rdfplugins.config.scalars import shortened
from rdfplugins.errors import ModelError
from rdfplugins.inference.tmva.nodes import Nodes, finite

if TYPE_CHECKING:
    from pathlib import Path

_DEEPEST: Final = 40  # elements; nodes of trees have a limit of their own
_MOST_ELEMENTS: Final = 2_000_000
_MOST_TEXT: Final = 1 << 28  # characters of all elements
_LONGEST_TAG: Final = 1 << 21  # bytes
_WHOLE = re.compile(r"[+-]?\d{1,18}", re.ASCII)


@dataclasses.dataclass(eq=False)
class Element:
    """An element of the file; `Reading` makes these.

    Attributes
    ----------
    path, line
        Where it stands.
    name, attributes, text
        As they are in the file.
    children
        Elements in it, in their order.
    nodes
        Nodes of the tree that is in it, where it is a tree.
    """

    path: str
    line: int
    name: str
    attributes: dict[str, str]
    text: str = ""
    children: list[Element] = dataclasses.field(default_factory=list)
    nodes: Nodes | None = None

    def fault(self, message: str) -> ModelError:
        """Return an error that bears the place of this element."""
        return ModelError(f"{self.path}:{self.line}: {message}")

    def all(self, name: str) -> list[Element]:
        """Return the children of a name."""
        return [child for child in self.children if child.name == name]

    def child(self, name: str) -> Element | None:
        """Return the only child of a name; None where there is none."""
        found = self.all(name)
        if len(found) > 1:
            raise found[1].fault(f"<{name}> stands a second time in <{self.name}>; leave one")
        return found[0] if found else None

    def must(self, name: str) -> Element:
        """Return the only child of a name, which must be there."""
        found = self.child(name)
        if found is None:
            raise self.fault(f"<{self.name}> has no <{name}>; this file is damaged, or not of TMVA")
        return found

    def attribute(self, name: str) -> str:
        """Return the text of an attribute, which must be there."""
        if name not in self.attributes:
            raise self.fault(f'<{self.name}> has no {name}="..."; this file is damaged, or not of TMVA')
        return self.attributes[name]

    def number(self, name: str) -> float:
        """Return an attribute that is a finite number."""
        return self._finite(self.attribute(name), f"{name} of <{self.name}>")

    def whole(self, name: str, *, low: int = 0, high: int | None = None) -> int:
        """Return an attribute that is a whole number within limits."""
        text = self.attribute(name).strip()
        if not _WHOLE.fullmatch(text):
            raise self.fault(f"{name} of <{self.name}> is no whole number: '{shortened(text)}'; this file is damaged")
        value = int(text)
        if value < low or (high is not None and value > high):
            limits = f"{low} to {high}" if high is not None else f"{low} or more"
            raise self.fault(f"{name} of <{self.name}> is {value}, and must be {limits}; this file is damaged")
        return value

    def numbers(self, count: int) -> list[float]:
        """Return the text as finite numbers, of which there must be so many."""
        words = self.text.split()
        if len(words) != count:
            raise self.fault(
                f"<{self.name}> holds {len(words)} numbers, and {count} are expected; this file is damaged"
            )
        return [self._finite(word, f"<{self.name}>") for word in words]

    def _finite(self, text: str, what: str) -> float:
        value = finite(text)
        if value is None:
            raise self.fault(f"{what}: '{shortened(text)}' is no finite number; this file is damaged")
        return value

    def counted(self, name: str, attribute: str) -> list[Element]:
        """Return the children of a name, of which there must be as many as an attribute says."""
        found = self.all(name)
        said = self.whole(attribute)
        if len(found) != said:
            raise self.fault(f'<{self.name} {attribute}="{said}"> holds {len(found)} <{name}>; this file is damaged')
        return found

    def in_order(self, name: str, attribute: str) -> list[Element]:
        """Return the children of a name by a number that each has, which must be 0, 1, 2 and so on."""
        placed: dict[int, Element] = {}
        found = self.all(name)
        for one in found:
            number = one.whole(attribute, high=len(found) - 1)
            if number in placed:
                raise one.fault(f"{attribute} {number} stands a second time, first in line {placed[number].line}")
            placed[number] = one
        return [placed[number] for number in range(len(found))]


class _Handler(xml.sax.handler.ContentHandler):
    """Puts elements together; what is in <BinaryTree> becomes nodes, of which there may be millions."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = path
        self._open: list[Element] = []
        self._texts: list[list[str]] = []
        self._tree: Nodes | None = None
        self._elements = self._characters = 0
        self._nodes = 0
        self._place: xml.sax.xmlreader.Locator | None = None
        self.root: Element | None = None

    @property
    def line(self) -> int:
        found = None if self._place is None else self._place.getLineNumber()
        return found or 1

    def fault(self, message: str) -> ModelError:
        """Return an error that bears the place at which the parser is."""
        return ModelError(f"{self._path}:{self.line}: {message}")

    def setDocumentLocator(self, locator: xml.sax.xmlreader.Locator) -> None:  # noqa: N802 (that of SAX)
        self._place = locator

    def startElement(self, name: str, attrs: xml.sax.xmlreader.AttributesImpl) -> None:  # noqa: N802
        if self._tree is not None:
            self._tree.start(name, attrs, self.line)
            return
        self._elements += 1
        if len(self._open) >= _DEEPEST or self._elements > _MOST_ELEMENTS:
            raise ModelError(
                f"{self._path}:{self.line}: more elements, or deeper ones, than any weight file of TMVA has"
            )
        element = Element(self._path, self.line, name, dict(attrs.items()))
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.root = element
            if name != "MethodSetup":
                raise element.fault(
                    f"a weight file of TMVA begins with <MethodSetup>, and this with <{shortened(name)}>"
                )
        self._open.append(element)
        self._texts.append([])
        if name == "BinaryTree":
            self._tree = element.nodes = Nodes(self._path, self._nodes)

    def endElement(self, name: str) -> None:  # noqa: N802
        del name  # the parser has seen to it that it is that of the element
        if self._tree is not None:
            if self._tree.end(self.line):
                return
            self._nodes += len(self._tree)
            self._tree = None
        self._open.pop().text = "".join(self._texts.pop())

    def characters(self, content: str) -> None:
        if self._tree is None and self._texts:
            self._characters += len(content)
            if self._characters > _MOST_TEXT:
                raise self.fault("more text than any weight file of TMVA has")
            self._texts[-1].append(content)


class _Watched:
    """A file in which no element is without an end for long: the parser would look for it again with every block."""

    def __init__(self, file: BinaryIO, handler: _Handler) -> None:
        self._file, self._handler = file, handler
        self._open = 0

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes."""
        block = self._file.read(size)
        last = max(block.rfind(b"<"), block.rfind(b">"))
        if last >= 0:
            self._open = len(block) - last if block[last : last + 1] == b"<" else 0
        elif self._open:
            self._open += len(block)
        if self._open > _LONGEST_TAG:
            raise self._handler.fault("an element is longer than any of TMVA")
        return block

    def close(self) -> None:
        """Close nothing: who opened the file does."""


def read_xml(path: Path) -> Element:
    """Return the root of a weight file.

    Raises
    ------
    ModelError
        With file and line, for what is no XML, could read or run something else, or is larger than any weight file.
    """
    handler = _Handler(str(path))
    try:
        with path.open("rb") as file:
            defusedxml.sax.parse(_Watched(file, handler), handler, forbid_dtd=True)
    except ModelError:
        raise
    except OSError as error:
        raise ModelError(f"{path}: cannot be read: {error.strerror or error}") from error
    except DefusedXmlException as error:
        raise ModelError(
            f"{path}:{handler.line}: a document type or entities stand here, which no weight file of TMVA has; not read"
        ) from error
    except xml.sax.SAXParseException as error:
        raise ModelError(
            f"{path}:{error.getLineNumber() or 1}: this is no XML ({error.getMessage()}); is the file whole?"
        ) from error
    except (ValueError, LookupError, xml.sax.SAXException) as error:  # encodings that there are not
        raise ModelError(f"{path}:{handler.line}: this is no XML that can be read ({error})") from error
    assert handler.root is not None, "what has no element is no XML"
    return handler.root
