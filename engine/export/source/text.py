"""Laying out statements: on one line if they fit, otherwise broken where a formatter would break them."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from typing import Any

WIDTH = 120
STEP = "    "


@dataclass(frozen=True)
class Bracket:
    """Something with items in brackets: a call such as `nn.Linear(84, 10)`, or a tuple.

    Attributes:
        opening, closing: what stands around the items, such as "nn.Linear(" and ")".
        literal: a tuple or list; its items get a line each when they do not fit on one.
    """

    opening: str
    items: tuple[Expression, ...]
    closing: str = ")"
    literal: bool = False


@dataclass(frozen=True)
class Named:
    """A keyword argument."""

    name: str
    value: Expression


Expression = str | Bracket | Named


def flat(expression: Expression) -> str:
    """The expression on one line."""
    if isinstance(expression, str):
        return expression
    if isinstance(expression, Named):
        return f"{expression.name}={flat(expression.value)}"
    inside = ", ".join(flat(item) for item in expression.items)
    lonely = "," if expression.literal and expression.opening == "(" and len(expression.items) == 1 else ""
    return f"{expression.opening}{inside}{lonely}{expression.closing}"


def literal(value: Any) -> Expression:
    """A value in Python."""
    if isinstance(value, tuple):
        return Bracket("(", tuple(literal(part) for part in value), literal=True)
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return _number(value) if isinstance(value, float) else repr(value)


def _number(value: float) -> str:
    """A float without the dust of binary arithmetic: 0.15000000000000002 as 0.15."""
    text, short = repr(value), repr(float(f"{value:.12g}"))
    return short if len(text) > 15 and len(short) <= 8 else text


def statement(before: str, expression: Expression, after: str = "", comment: str = "", indent: str = "") -> list[str]:
    """Lines of `before expression after  # comment`; a comment that does not fit is left out."""
    line = f"{indent}{before}{flat(expression)}{after}"
    if len(line) <= WIDTH:
        commented = f"{line}  # {comment}"
        return [commented if comment and len(commented) <= WIDTH else line]
    lines = _broken(expression, indent, f"{indent}{before}", after)
    return lines


def _broken(expression: Expression, indent: str, before: str, after: str) -> list[str]:
    """Lines of something that is too long for one; `before` is what already stands on the first."""
    if isinstance(expression, str):
        return [f"{before}{expression}{after}"]
    if isinstance(expression, Named):
        return _broken(expression.value, indent, f"{before}{expression.name}=", after)
    deeper = indent + STEP
    lines = [before + expression.opening]
    inside = deeper + ", ".join(flat(item) for item in expression.items)
    if len(inside) <= WIDTH and not expression.literal:
        return [*lines, inside, f"{indent}{expression.closing}{after}"]
    for item in expression.items:
        line = f"{deeper}{flat(item)},"
        lines += [line] if len(line) <= WIDTH else _broken(item, deeper, deeper, ",")
    return [*lines, f"{indent}{expression.closing}{after}"]


def docstring(text: str, indent: str) -> list[str]:
    """A docstring; what is long is wrapped, its first sentence on a line of its own."""
    first, _, rest = text.partition("\n")
    width = WIDTH - len(indent)
    if not rest and len(text) + 6 <= width:
        return [f'{indent}"""{text}"""']
    head = textwrap.wrap(first, width - 6)
    body = (
        [line for paragraph in rest.split("\n") for line in (textwrap.wrap(paragraph, width) or [""])] if rest else []
    )
    lines = [f'"""{head[0]}', *head[1:], *([""] if body and body[0] else []), *body, '"""']
    return [f"{indent}{line}".rstrip() for line in lines]


def plain_text(text: str) -> str:
    """Text that can stand in a docstring."""
    return " ".join(text.replace("\\", "/").replace('"', "'").split())


def class_words(text: str) -> str:
    """ "2 basic blocks" as BasicBlocks."""
    words = re.findall(r"[A-Za-z0-9]+", text)
    while len(words) > 1 and words[0].isdecimal():
        words = words[1:]
    return "".join(word[0].upper() + word[1:] for word in words)
