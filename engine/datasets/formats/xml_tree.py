"""A small XML reader that keeps line numbers and lets no document define entities."""

from __future__ import annotations

from dataclasses import dataclass, field
from xml.parsers import expat

_DEEPEST = 20
_MOST = 200_000


@dataclass(eq=False)
class Element:
    """An element with its own text and the line it begins on."""

    tag: str
    line: int
    text: str = ""
    children: list[Element] = field(default_factory=list)

    def find(self, tag: str) -> Element | None:
        """The first child with this tag."""
        return next((child for child in self.children if child.tag == tag), None)

    def all(self, tag: str) -> list[Element]:
        """Every child with this tag."""
        return [child for child in self.children if child.tag == tag]

    def word(self, tag: str) -> str:
        """The text of the first child with this tag; "" without one."""
        child = self.find(tag)
        return child.text.strip() if child is not None else ""


@dataclass(frozen=True)
class XmlProblem:
    """Where a document stops being one, and a sentence on it."""

    line: int
    reason: str


class _Refused(Exception):
    """A document that is no longer read."""


def parse_xml(data: bytes) -> tuple[Element | None, XmlProblem | None]:
    """The root as far as the document can be read, with those of its elements that were closed, and what ended it."""
    parser = expat.ParserCreate()
    stack: list[Element] = []
    root: Element | None = None
    count = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal root, count
        count += 1
        if len(stack) >= _DEEPEST or count > _MOST:
            raise _Refused("The elements are nested too deeply, or there are too many")
        element = Element(tag, parser.CurrentLineNumber)
        if root is None:
            root = element
        stack.append(element)

    def end(tag: str) -> None:
        element = stack.pop()
        if stack:
            stack[-1].children.append(element)

    def characters(text: str) -> None:
        if stack:
            stack[-1].text += text if len(stack[-1].text) < 10_000 else ""

    def refuse(*ignored: object) -> int:
        raise _Refused("The document declares entities, which annotation files never do")

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = characters
    parser.EntityDeclHandler = refuse
    parser.ExternalEntityRefHandler = refuse
    parser.buffer_text = True
    try:
        parser.Parse(data, True)
    except _Refused as error:
        return None, XmlProblem(parser.CurrentLineNumber, f"{error}, so the file was left out.")
    except (expat.ExpatError, ValueError, LookupError) as error:
        why = expat.errors.messages[error.code] if isinstance(error, expat.ExpatError) else str(error)
        return root, XmlProblem(parser.ErrorLineNumber, f"The text is no XML from here on ({why})")
    return root, None
