"""XML from strangers: read into a small tree, with everything refused that is not plain elements. Pure.

No document type, so no entities and nothing fetched (RFC 3470 section 4.2); bounded in
bytes, depth and number of elements.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from softswitch.errors import Refusal, invalid

MOST_BYTES = 65_536
_DEEPEST = 32
_MOST_ELEMENTS = 2_000


@dataclass(slots=True)
class Element:
    """One element: its namespace, its local name, its attributes, what is in it."""

    space: str
    name: str
    attributes: dict[str, str]
    children: list[Element] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """Return the characters that stand directly in it."""
        return "".join(self.pieces).strip()

    def walk(self) -> Iterator[Element]:
        """Give this element and all in it, in the order of the document."""
        yield self
        for child in self.children:
            yield from child.walk()

    def find(self, name: str) -> Element | None:
        """Return the first element in it with a local name, however deep."""
        return next((one for one in self.walk() if one is not self and one.name == name), None)


def parse(document: bytes) -> Element:
    """Return the root of a document or refuse it (``bad_xml``)."""
    if len(document) > MOST_BYTES:
        raise bad_xml(f"it has {len(document)} bytes, more than {MOST_BYTES}")
    reader = _Reader()
    try:
        reader.parser.Parse(document, True)
    except expat.ExpatError as error:
        raise bad_xml(str(error)) from error
    except (ValueError, LookupError) as error:  # an encoding that expat does not know
        raise bad_xml(str(error)) from error
    if reader.root is None:
        raise bad_xml("it is empty")
    return reader.root


def bad_xml(why: str) -> Refusal:
    """Return the refusal of a document that is not read."""
    return invalid("bad_xml", f"The document is not read: {why[:120]}.", "Send plain XML.")


class _Reader:
    def __init__(self) -> None:
        self.root: Element | None = None
        self._open: list[Element] = []
        self._count = 0
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters
        self.parser.StartDoctypeDeclHandler = self._doctype

    def _doctype(self, *_: object) -> None:
        raise bad_xml("it has a document type")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if self._count > _MOST_ELEMENTS or len(self._open) >= _DEEPEST:
            raise bad_xml("it is too large or too deep")
        space, _, local = name.rpartition(" ")
        element = Element(space, local, attributes)
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.root = element
        self._open.append(element)

    def _end(self, _name: str) -> None:
        self._open.pop()

    def _characters(self, text: str) -> None:
        if self._open:
            self._open[-1].pieces.append(text)
