"""Classes of the source: one for each distinct block, with arguments where equal blocks differ in numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.export.source.calls import Argument, Call
from engine.export.source.forward import Writer, argument_names, header
from engine.export.source.holes import Hole, holes_of, number_of_rounds, skeleton, written_call
from engine.export.source.operations import MODULES_TOO
from engine.export.source.parameters import Parameters, parameters_of, signature
from engine.export.source.program import Program, Step
from engine.export.source.repeats import Column, Item, Loop
from engine.export.source.text import (
    STEP,
    Bracket,
    Expression,
    class_words,
    docstring,
    flat,
    literal,
    plain_text,
    statement,
)
from engine.graph.spec import Shape

_BODY = STEP * 2


@dataclass
class Block:
    """A block as it stands in the drawing, the call that it became, and the nodes that it stands in."""

    program: Program
    items: tuple[Item, ...]
    call: Call | None = None
    used_as: list[str] = field(default_factory=list)


@dataclass
class BlockClass:
    """Blocks that differ in numbers only, and what they have in common."""

    name: str
    blocks: list[Block]
    holes: list[Hole] = field(default_factory=list)
    parameters: Parameters = field(default_factory=Parameters)

    @property
    def first(self) -> Block:
        return self.blocks[0]

    def settle(self) -> None:
        """Choose the arguments and give every block its call."""
        rows: list[list[Any]] = []
        for block in self.blocks:
            self.holes, values = holes_of(block.items)
            rows.append(values)
        self.parameters = parameters_of(self.holes, rows, [block.program for block in self.blocks])
        for place, block in enumerate(self.blocks):
            block.call = Call(self.name, self.parameters.arguments(place))

    def fill(self, hole: Hole, value: Any) -> tuple[Expression, bool]:
        """The text of a number: an argument, or the number itself."""
        text = self._texts.get(hole)
        return (literal(value), True) if text is None else (text, False)

    @property
    def _texts(self) -> dict[Hole, Expression | None]:
        return dict(zip(self.holes, self.parameters.texts, strict=True))

    def lines(self, doc: str = "") -> list[str]:
        """The source of the class."""
        chained = is_chain(self.first) and not doc
        lines = [f"class {self.name}(nn.{'Sequential' if chained else 'Module'}):"]
        lines += docstring(doc or self._docstring(), STEP)
        lines += ["", *self._signature(), f"{_BODY}super().__init__()"]
        # A loop in `forward` goes round as often as the one that made its submodules.
        lines += [] if chained else [f"{_BODY}self.{name} = {name}" for name in self._depths()]
        lines += self._submodules(chained)
        if not chained:
            lines += ["", *self._forward()]
        return lines

    def _signature(self) -> list[str]:
        head = Bracket("__init__(", ("self", *signature(self.parameters.listed)))
        return statement("def ", head, " -> None:", indent=STEP)

    def _depths(self) -> list[str]:
        """The arguments that say how long loops are."""
        counts = (number_of_rounds(item, self.fill) for item in self.first.items if isinstance(item, Loop))
        return list(dict.fromkeys(flat(text) for text, constant in counts if not constant))

    def _of_self(self, hole: Hole, value: Any) -> tuple[Expression, bool]:
        """The text of a number in `forward`."""
        text, constant = self.fill(hole, value)
        return (text, True) if constant else (f"self.{flat(text)}", False)

    def _submodules(self, chained: bool) -> list[str]:
        lines: list[str] = []
        for item in self.first.items:
            if isinstance(item, Loop):
                lines += self._looped(item)
            elif item.makes or (chained and item.operation):
                made = written_call(item.call, item.id, self.fill)
                lines += statement(f"self.{item.name} = ", made, "", self._shape(item) if chained else "", _BODY)
        return lines

    def _looped(self, loop: Loop) -> list[str]:
        columns = loop.columns
        lines = _table(loop, columns) if columns else [f"{_BODY}{header(loop, self.fill)}"]
        for step, pattern in zip(loop.steps, loop.patterns, strict=True):
            if pattern is not None:
                made = written_call(step.call, step.id, self.fill, loop.first)
                added = Bracket("self.add_module(", (f'f"{pattern.text()}"', made))
                lines += statement("", added, indent=_BODY + STEP)
        return lines

    def _forward(self) -> list[str]:
        program = self.first.program
        names = [f"{name}: Tensor" for name in argument_names(program)]
        many = len(program.exits)
        answer = "Tensor" if many == 1 else f"tuple[{', '.join(['Tensor'] * many)}]"
        if many > 4:
            answer = "tuple[Tensor, ...]"
        lines = statement("def ", Bracket("forward(", ("self", *names)), f" -> {answer}:", indent=STEP)
        comments = {item.id: self._shape(item) for item in self.first.items if isinstance(item, Step)}
        return lines + Writer(program, self.first.items, comments, self._of_self).lines()

    def _shape(self, step: Step) -> str:
        """The shape that leaves a step, if it is new and the same in all blocks of the class."""
        found = set()
        for block in self.blocks:
            known = dict(zip(((id, "out") for id in block.program.inputs), block.program.entering, strict=True))
            for one in block.program.steps:
                known.update(zip(one.values, one.shapes, strict=False))
                if one.id == step.id:
                    before = [known.get(value) for value in one.reads]
                    found.add(() if list(one.shapes) == before else one.shapes)
        return ", ".join(batch(shape) for shape in found.pop()) if len(found) == 1 else ""

    def _docstring(self) -> str:
        titles = dict.fromkeys(plain_text(block.program.title) for block in self.blocks)
        title = next(iter(titles)) if len(titles) == 1 else re.sub(r"^\d+ ", "", next(iter(titles))).capitalize()
        ins = [self._symbols(k, "entering") for k in range(len(self.first.program.entering))]
        outs = [self._symbols(k, "leaving") for k in range(len(self.first.program.leaving))]
        return f"{title}: {', '.join(ins)} in, {', '.join(outs)} out."

    def _symbols(self, place: int, side: str) -> str:
        """A shape in the words of the class: numbers where all blocks agree, else arguments or letters."""
        shapes = [getattr(block.program, side)[place] for block in self.blocks]
        if len({len(shape) for shape in shapes}) > 1:
            return "(N, ...)"
        letters = _letters(len(shapes[0]))
        others = [block.program.entering[0] for block in self.blocks]
        sizes = []
        for k, column in enumerate(zip(*shapes, strict=True)):
            if len(set(column)) == 1:
                sizes.append(str(column[0]))
            else:
                before = [shape[k] for shape in others] if all(len(o) == len(shapes[0]) for o in others) else []
                sizes.append(self.parameters.symbol(column) or _letter(letters[k], column, before))
        return f"(N, {', '.join(sizes)})"


def _letters(rank: int) -> Sequence[str]:
    return {1: ["C"], 2: ["L", "C"], 3: ["C", "H", "W"], 4: ["T", "C", "H", "W"]}.get(
        rank, [f"S{k}" for k in range(rank)]
    )


def _letter(letter: str, sizes: Sequence[int], before: Sequence[int]) -> str:
    """H, or H / 2 where it is half of what came in, or another one."""
    if not before or list(sizes) == list(before):
        return letter
    factor = before[0] // sizes[0] if sizes[0] else 0
    if factor > 1 and all(old == size * factor for old, size in zip(before, sizes, strict=True)):
        return f"{letter} / {factor}"
    return f"{letter}'"


def _table(loop: Loop, columns: tuple[Argument, ...]) -> list[str]:
    """The head of a loop over a table of settings."""
    values = [column.value.values for column in columns if isinstance(column.value, Column)]
    rows = values[0] if len(columns) == 1 else tuple(zip(*values, strict=True))
    names = columns[0].name if len(columns) == 1 else f"({', '.join(column.name for column in columns)})"
    table = Bracket("[", tuple(literal(row) for row in rows), "]", literal=True)
    start = (f"start={loop.first}",) if loop.first else ()
    return statement(f"for i, {names} in ", Bracket("enumerate(", (table, *start)), ":", indent=_BODY)


def is_chain(block: Block) -> bool:
    """Whether the block is nothing but submodules one after another."""
    program = block.program
    if len(program.inputs) != 1 or len(program.exits) != 1 or not program.steps:
        return False
    before = (program.inputs[0], "out")
    for step in program.steps:
        usable = step.makes or (step.operation and step.call.callee in MODULES_TOO)
        if not usable or step.each or step.reads != (before,) or len(step.ports) != 1:
            return False
        before = step.values[0]
    inside_loops = all(step.makes for item in block.items if isinstance(item, Loop) for step in item.steps)
    return program.exits == (before,) and inside_loops


def batch(shape: Shape | None) -> str:
    return f"(N, {', '.join(str(size) for size in shape)})" if shape else "(N, ...)"


def grouped(blocks: Sequence[Block]) -> list[list[Block]]:
    """Blocks that can be of one class, simple ones first."""
    found: dict[object, list[Block]] = {}
    for block in blocks:
        found.setdefault(skeleton(block.program, block.items), []).append(block)
    return sorted(found.values(), key=lambda some: len(some[0].program.steps))


def class_title(blocks: Sequence[Block]) -> str:
    """What a class is called: the blocks' name, or what their names begin with."""
    titles = list(dict.fromkeys(block.program.title for block in blocks))
    words = class_words(titles[0])
    if len(titles) > 1:
        others = [class_words(title) for title in titles]
        length = next(
            (k for k in range(len(words)) if any(other[k : k + 1] != words[k] for other in others)), len(words)
        )
        words = words[:length].rstrip("0123456789") or words
    return words


def distinctions(blocks: Sequence[Block], simpler: BlockClass) -> list[str]:
    """Words that tell a class from a simpler one of the same name, such as "WithDownsample"; the best first."""
    ours, theirs = _parts(blocks[0]), _parts(simpler.first)
    more = [part for part in ours if part not in theirs][:1]
    shortcut = ["Shortcut"] if _has_shortcut(blocks[0]) and not _has_shortcut(simpler.first) else []
    fewer = [part for part in theirs if part not in ours][:1]
    found = [f"With{'And'.join(some)}" for some in (more, shortcut, more + shortcut) if some]
    return found + [f"Without{part}" for part in fewer]


def _parts(block: Block) -> list[str]:
    names = (re.sub(r"\d+", "", step.id) for step in block.program.steps if step.makes)
    return list(dict.fromkeys(words for name in names if (words := class_words(name))))


def _has_shortcut(block: Block) -> bool:
    entries = {(id, "out") for id in block.program.inputs}
    return any(step.call.callee == "Add" and entries & set(step.reads) for step in block.program.steps)
