"""XML as a small tree, one guarded expat parse: no entity, no external subset, caps on all sizes.

What came before a break is kept: files of runs that were stopped end in the middle.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

from riskkit.model import Member

DEPTH_LIMIT = 32
ATTRIBUTE_LIMIT = 64
VALUE_LIMIT = 1 << 20
NODE_LIMIT = 2_000_000
BYTE_LIMIT = 256 << 20
"""Our own caps: depth, attributes per element, characters per text, elements, and bytes."""

_CHUNK = 1 << 16
_ENDS_EARLY = frozenset({
    expat.errors.codes[expat.errors.XML_ERROR_NO_ELEMENTS],
    expat.errors.codes[expat.errors.XML_ERROR_UNCLOSED_TOKEN],
    expat.errors.codes[expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION],
    expat.errors.codes[expat.errors.XML_ERROR_PARTIAL_CHAR],
})  # fmt: skip


class XmlError(Exception):
    """A document that cannot be read to its end; `reason` is a quarantine reason."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason)
        self.reason, self.detail = reason, detail


@dataclass(slots=True)
class Node:
    """An element; `text` is what it holds before its first child, `whole` that its end was read."""

    name: str
    attributes: Mapping[str, str]
    children: list[Node] = field(default_factory=list)
    text: str = ""
    whole: bool = False

    def get(self, name: str) -> str:
        """An attribute, empty when it is not there."""
        return self.attributes.get(name, "")

    def all(self, name: str) -> Iterator[Node]:
        """The children of that name."""
        return (child for child in self.children if child.name == name)

    def first(self, name: str) -> Node | None:
        """The first child of that name."""
        return next(self.all(name), None)

    def below(self, name: str) -> Iterator[Node]:
        """Every element of that name below this one, in the order of the document."""
        for child in self.children:
            if child.name == name:
                yield child
            yield from child.below(name)


def parse(member: Member, *, doctype: str = "") -> tuple[Node, XmlError | None]:
    """The document below a node without name, and what was wrong where it broke off, if anything was.

    `doctype` allows exactly `<!DOCTYPE name>`, which declares nothing; every other one is refused.
    """
    builder = _Builder(doctype)
    read = 0
    try:
        with member.open() as stream:
            while chunk := stream.read(_CHUNK):
                read += len(chunk)
                if read > BYTE_LIMIT:
                    raise XmlError("too_large", f"the document has more than {BYTE_LIMIT} bytes")
                builder.parser.Parse(chunk, False)
            builder.parser.Parse(b"", True)
    except expat.ExpatError as error:
        reason = "truncated" if error.code in _ENDS_EARLY else "xml_malformed"
        where = f"line {error.lineno} column {error.offset}: {expat.ErrorString(error.code)}"
        return builder.root, XmlError(reason, where)
    except (ValueError, LookupError):
        return builder.root, XmlError("encoding", "the XML declaration names an encoding that is not read")
    except XmlError as error:
        return builder.root, error
    return builder.root, None


class _Builder:
    """Handlers of one parse."""

    def __init__(self, doctype: str) -> None:
        self.root = Node("", {})
        self._open, self._doctype, self._nodes = [self.root], doctype, 0
        self._text: list[str] = []
        self._length = 0
        self.parser: Any = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._started
        self.parser.EndElementHandler = self._ended
        self.parser.CharacterDataHandler = self._said
        self.parser.StartDoctypeDeclHandler = self._declared
        self.parser.EntityDeclHandler = _forbid_entity

    def _started(self, name: str, attributes: dict[str, str]) -> None:
        self._nodes += 1
        if len(self._open) > DEPTH_LIMIT:
            raise XmlError("xml_too_deep", f"elements nest deeper than {DEPTH_LIMIT}")
        if len(attributes) > ATTRIBUTE_LIMIT or self._nodes > NODE_LIMIT:
            raise XmlError("xml_too_large", "too many elements, or attributes of one")
        if any(len(value) > VALUE_LIMIT for value in attributes.values()):
            raise XmlError("xml_too_large", f"an attribute has more than {VALUE_LIMIT} characters")
        node, parent = Node(name, attributes), self._open[-1]
        # What stands before the first element is kept: `<host>10.20.1.11<asset/></host>`.
        if not parent.children:
            parent.text = "".join(self._text).strip()
        parent.children.append(node)
        self._open.append(node)
        self._text, self._length = [], 0

    def _ended(self, _name: str) -> None:
        node = self._open.pop()
        if not node.children:
            node.text = "".join(self._text).strip()
        node.whole = True
        self._text, self._length = [], 0

    def _said(self, text: str) -> None:
        self._length += len(text)
        if self._length > VALUE_LIMIT:
            raise XmlError("xml_too_large", f"a text has more than {VALUE_LIMIT} characters")
        self._text.append(text)

    def _declared(self, name: str, system: str | None, public: str | None, internal: int) -> None:
        if not self._doctype or name != self._doctype or system or public or internal:
            raise XmlError("xml_dtd", "a document type declaration that declares more than a name")


def _forbid_entity(*_declared: object) -> None:
    raise XmlError("xml_dtd", "an entity declaration")
