"""The body of `forward`: one line per step, named as a person would."""

from __future__ import annotations

import builtins
import keyword
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, count

from engine.export.source.holes import Fill, number_of_rounds
from engine.export.source.operations import OPERATORS, write
from engine.export.source.program import Program, Step, Value
from engine.export.source.repeats import Item, Loop, Source
from engine.export.source.text import STEP, WIDTH, Bracket, Expression, flat, statement

_PASSING = ("x", "out", "y", "h", "z", "passing")
_RESERVED = {"self", "torch", "nn", "i", "F", *keyword.kwlist, *dir(builtins)}
_SHORT = 40
_BODY = STEP * 2


@dataclass
class _Names:
    """Which variable holds which value, and how often it will still be read."""

    left: Counter[Value]
    held: dict[Value, str] = field(default_factory=dict)
    kept: set[str] = field(default_factory=set)

    def read(self, value: Value) -> str:
        self.left[value] -= 1
        return self.held[value]

    def busy(self) -> set[str]:
        """Variables that must not be overwritten now."""
        busy = set(self.kept)
        for value, text in self.held.items():
            if self.left[value] > 0:
                busy.update(part for part in _words(text))
        return busy

    def free(self, wanted: Sequence[str]) -> str:
        """The first of these names, or one like it, that can be given away."""
        busy = self.busy() | _RESERVED
        more = (f"{wanted[0]}_{number or ''}" for number in count())
        return next(name for name in chain(wanted, more) if name not in busy)


def _words(text: str) -> list[str]:
    return "".join(c if c.isalnum() or c == "_" else " " for c in text).split()


def argument_names(program: Program) -> list[str]:
    """What the inputs are called: those without a name of their own x."""
    found: list[str] = []
    for id in program.inputs:
        nameless = id in ("input", "input1") or (len(program.inputs) == 1 and id in _RESERVED)
        name = "x" if nameless and "x" not in (*program.inputs, *found) else id
        found.append(f"{name}_" if name in _RESERVED else name)
    return found


class Writer:
    """Writes the lines of a program's `forward`. `comments` are shapes, by a step's id."""

    def __init__(self, program: Program, items: Sequence[Item], comments: Mapping[str, str], fill: Fill) -> None:
        self._items = items
        self._program = program
        self._comments = comments
        self._fill = fill
        readers: Counter[Value] = Counter(program.exits)
        for item in items:
            if isinstance(item, Loop):
                readers.update(value for _, value in item.initial)
                readers.update({one.value for sources in item.sources for one in sources if one.kind == "outside"})
            else:
                readers.update(item.reads)
        self._names = _Names(readers)
        for id, name in zip(program.inputs, argument_names(program), strict=True):
            self._names.held[id, "out"] = name
        self._lines: list[str] = []

    def lines(self) -> list[str]:
        for place, item in enumerate(self._items):
            following = self._items[place + 1] if place + 1 < len(self._items) else None
            if isinstance(item, Loop):
                self._loop(item, following)
            elif following is None and self._ends_with(item):
                return self._lines
            else:
                self._step(item, following)
        self._lines += statement("return ", self._results(), indent=_BODY)
        return self._lines

    def _results(self) -> Expression:
        names = [self._names.held[value] for value in self._program.exits]
        line = ", ".join(names)
        fits = len(f"{_BODY}return {line}") <= WIDTH
        return line if fits else Bracket("(", tuple(names), literal=True)

    def _ends_with(self, step: Step) -> bool:
        """Write the last step as the return statement, if it gives the only result."""
        if self._program.exits != step.values or len(step.values) != 1:
            return False
        expression = self._expression(step, [self._names.read(value) for value in step.reads])
        self._lines += statement("return ", expression, "", self._comments.get(step.id, ""), _BODY)
        return True

    def _step(self, step: Step, following: Item | None) -> None:
        operands = [self._names.read(value) for value in step.reads]
        if step.operation and self._inlined(step, operands, following):
            return
        expression = self._expression(step, operands)
        self._assign(step, expression, self._targets(step, following), _BODY, self._comments.get(step.id, ""))

    def _inlined(self, step: Step, operands: list[str], following: Item | None) -> bool:
        """Let a short expression stand where it is used, if that is the next call and nowhere else."""
        value = step.values[0]
        if step.call.callee == "nn.Identity":
            self._names.held[value] = operands[0]
            return True
        text = flat(write(step.call, operands))
        inside = isinstance(following, Step) and not following.operation and not following.each
        if (
            step.call.callee not in OPERATORS
            or not inside
            or len(text) > _SHORT
            or not self._only_next(value, following)
        ):
            return False
        self._names.held[value] = text
        return True

    def _only_next(self, value: Value, following: Item | None) -> bool:
        return isinstance(following, Step) and following.reads.count(value) == self._names.left[value] == 1

    def _targets(self, step: Step, following: Item | None) -> list[str]:
        found: list[str] = []
        for value in step.values:
            if not self._names.left[value]:
                name = "_"
            elif len(step.values) == 1 and self._passes(value, following):
                name = self._names.free(_PASSING)
            else:
                name = self._names.free([step.id if len(step.values) == 1 else f"{step.id}_{value[1]}"])
            self._names.held[value] = name
            found.append(name)
        return found

    def _passes(self, value: Value, following: Item | None) -> bool:
        """Whether a value is read by the next item only."""
        if isinstance(following, Loop):
            return self._names.left[value] == 1 == sum(one == value for _, one in following.initial)
        if following is None:
            return self._program.exits == (value,)
        return self._only_next(value, following)

    def _expression(self, step: Step, operands: list[str], name: str = "") -> Expression:
        """The right side of a step's line."""
        if step.operation:
            return write(step.call, operands)
        callee = name or f"self.{step.name}"
        if not step.each:
            return Bracket(f"{callee}(", tuple(operands))
        inside = Bracket(f"{callee}(", tuple(f"{operand}.flatten(0, 1)" for operand in operands))
        if len(step.ports) > 1:
            return inside
        return f"{flat(inside)}.unflatten(0, {operands[0]}.shape[:2])"

    def _assign(self, step: Step, expression: Expression, targets: list[str], indent: str, comment: str) -> None:
        left = f"{', '.join(targets)} = "
        if not step.each or len(targets) == 1:
            self._lines += statement(left, expression, "", comment, indent)
            return
        sizes = self._names.free(["sizes"])
        self._lines.append(f"{indent}{sizes} = {self._names.held[step.reads[0]]}.shape[:2]")
        self._lines += statement(left, expression, "", "", indent)
        for name in targets:
            self._lines += [f"{indent}{name} = {name}.unflatten(0, {sizes})"] if name != "_" else []

    def _loop(self, loop: Loop, following: Item | None) -> None:
        """The rounds of a loop; what one round hands to the next has one name all along."""
        names = self._names
        carried: dict[tuple[int, str], str] = {}
        for key, value in loop.initial:
            text = names.read(value)
            usual = text.isidentifier() and not names.left[value] and text not in carried.values()
            stem = loop.steps[key[0]].id.rstrip("0123456789_") or "part"
            carried[key] = text if usual else names.free(_PASSING if len(loop.initial) == 1 else [stem])
            names.kept.add(carried[key])
            if carried[key] != text:
                self._lines.append(f"{_BODY}{carried[key]} = {text}")
        outside = self._outside(loop)
        names.kept.update(word for text in outside.values() for word in _words(text))
        self._lines += [f"{_BODY}{header(loop, self._fill)}"]
        self._rounds(loop, carried, outside)
        names.kept.clear()
        for key, name in carried.items():
            names.held[loop.last[key[0]], key[1]] = name

    def _outside(self, loop: Loop) -> dict[Value, str]:
        wanted = {one.value for sources in loop.sources for one in sources if one.kind == "outside"}
        return {value: self._names.read(value) for value in wanted}

    def _rounds(self, loop: Loop, carried: Mapping[tuple[int, str], str], outside: Mapping[Value, str]) -> None:
        own: dict[tuple[int, str], str] = {}
        ends: list[tuple[str, str]] = []
        for place, (step, pattern, sources) in enumerate(zip(loop.steps, loop.patterns, loop.sources, strict=True)):
            operands = [self._operand(one, own, carried, outside) for one in sources]
            called = f'getattr(self, f"{pattern.text()}")' if pattern else ""
            later = [one for rest in loop.sources[place + 1 :] for one in rest]
            targets = []
            for port in step.ports:
                key = (place, port)
                name = carried.get(key, "")
                if name and any(one.kind == "before" and (one.place, one.port) == key for one in later):
                    ends.append((name, name := self._inner(step, port, own)))
                elif not name:
                    name = self._handed_on(loop, place, carried) or self._inner(step, port, own)
                own[key] = name
                targets.append(name)
            self._lines += statement(
                f"{', '.join(targets)} = ", self._expression(step, operands, called), indent=_BODY + STEP
            )
        self._lines += [f"{_BODY}{STEP}{name} = {text}" for name, text in ends]

    def _handed_on(self, loop: Loop, place: int, carried: Mapping[tuple[int, str], str]) -> str:
        """The name of what goes from round to round, for a value that only the next step reads; "" if in use."""
        read = [(k, one) for k, sources in enumerate(loop.sources) for one in sources]
        readers = [k for k, one in read if one.kind == "own" and one.place == place]
        if len(carried) != 1 or readers != [place + 1] or len(loop.steps[place].ports) > 1:
            return ""
        later = any(one.kind == "before" for k, one in read if k > place)
        return "" if later else next(iter(carried.values()))

    def _operand(self, one: Source, own: Mapping, carried: Mapping, outside: Mapping) -> str:
        if one.kind == "outside":
            return outside[one.value]
        return own[one.place, one.port] if one.kind == "own" else carried[one.place, one.port]

    def _inner(self, step: Step, port: str, own: Mapping[tuple[int, str], str]) -> str:
        stem = step.id.rstrip("0123456789_") or "part"
        names = [stem if len(step.ports) == 1 else f"{stem}_{port}"]
        taken = set(own.values())
        return next(n for n in (self._names.free(names), *(f"{names[0]}_{k}" for k in range(2, 100))) if n not in taken)


def header(loop: Loop, fill: Fill) -> str:
    """The line that begins a loop."""
    rounds, constant = number_of_rounds(loop, fill)
    shift = f" + {loop.first}" if loop.first and not loop.goes_on else ""
    stop = str(loop.first + loop.count) if constant else f"{flat(rounds)}{shift}"
    return f"for i in range({loop.first}, {stop}):" if loop.first else f"for i in range({stop}):"
