"""Finding loops: runs of steps that do the same thing again and again, one round feeding the next."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from engine.export.source.calls import Argument, Call, Ramp
from engine.export.source.program import Program, Step, Value, uses

_LONGEST = 12


@dataclass(frozen=True)
class Source:
    """Where a step in a loop reads: in its own round, in the round before, or outside the loop."""

    kind: Literal["own", "before", "outside"]
    place: int
    port: str
    value: Value


@dataclass(frozen=True)
class Column:
    """An argument that differs from round to round without a rule."""

    values: tuple[Any, ...]


@dataclass(frozen=True)
class Pattern:
    """Names that count: "block1", "block2" are ("block", ""), with what is added to the loop's number."""

    prefix: str
    suffix: str
    offset: int

    def text(self) -> str:
        number = f"i + {self.offset}" if self.offset > 0 else f"i - {-self.offset}" if self.offset else "i"
        return f"{self.prefix}{{{number}}}{self.suffix}"


@dataclass(frozen=True)
class Loop:
    """A run of `count` equal rounds.

    Attributes:
        first: the number in the names of the first round.
        steps: those of the first round; numbers that grow are `Ramp`s, those without a rule `Column`s.
        patterns: of the submodules' names, None for operations.
        sources: where each step reads.
        initial: what the first round reads in the place of the round before.
        last: ids of the steps in the last round.
        goes_on: whether the step before has the name that comes before the first.
    """

    first: int
    count: int
    steps: tuple[Step, ...]
    patterns: tuple[Pattern | None, ...]
    sources: tuple[tuple[Source, ...], ...]
    initial: tuple[tuple[tuple[int, str], Value], ...]
    last: tuple[str, ...]
    goes_on: bool = False

    @property
    def number(self) -> int:
        """What says how long the loop is: where its numbers stop if they go on from before, else how many there are."""
        return self.first + self.count if self.goes_on else self.count

    @property
    def columns(self) -> tuple[Argument, ...]:
        return tuple(a for step in self.steps for a in step.call.arguments if isinstance(a.value, Column))


Item = Step | Loop


def find_loops(program: Program, blocks: frozenset[str]) -> tuple[Item, ...]:
    """The steps with their runs put together. `blocks` are the names of classes that the source holds."""
    steps, used = program.steps, uses(program)
    items: list[Item] = []
    at = 0
    while at < len(steps):
        best: Loop | None = None
        for length in range(1, min(_LONGEST, (len(steps) - at) // 2) + 1):
            loop = _loop(steps, at, length, used, blocks)
            if loop and (best is None or loop.count * length > best.count * len(best.steps)):
                best = loop
        if best and items and isinstance(items[-1], Step) and best.patterns[0] is not None:
            pattern = best.patterns[0]
            goes_on = items[-1].name == f"{pattern.prefix}{best.first - 1}{pattern.suffix}"
            best = replace(best, goes_on=goes_on and not pattern.offset)
        items.append(best or steps[at])
        at += best.count * len(best.steps) if best else 1
    return tuple(items)


def _loop(
    steps: Sequence[Step], at: int, length: int, used: Mapping[Value, list[int]], blocks: frozenset[str]
) -> Loop | None:
    """The longest run from `at` on with rounds of this length, if it is worth a loop."""
    first = steps[at : at + length]
    if not any(step.makes for step in first) or not all(step.makes or step.operation for step in first):
        return None
    rounds = [first]
    while at + (len(rounds) + 1) * length <= len(steps):
        start = at + len(rounds) * length
        following = steps[start : start + length]
        if not _alike(rounds, following):
            break
        rounds.append(following)
    while len(rounds) > 1:
        loop = _checked(rounds, at, used, blocks)
        if loop:
            return loop
        rounds.pop()
    return None


def _alike(rounds: list[Sequence[Step]], following: Sequence[Step]) -> bool:
    """Whether a round can follow those before, as far as kinds and names go."""
    for k, (one, other) in enumerate(zip(rounds[0], following, strict=True)):
        same = (one.call.callee, one.makes, one.operation, one.each, one.ports, len(one.reads)) == (
            other.call.callee, other.makes, other.operation, other.each, other.ports, len(other.reads),
        )  # fmt: skip
        if not same or (one.operation and one.call != other.call):
            return False
        if one.makes and _pattern([*(r[k].name for r in rounds), other.name]) is None:
            return False
    return True


def _pattern(names: list[str]) -> tuple[str, int, str] | None:
    """(prefix, first number, suffix) of names that count up by one."""
    parts = [re.split(r"(\d+)", name) for name in names]
    if len({len(part) for part in parts}) > 1:
        return None
    differing = [k for k in range(len(parts[0])) if len({part[k] for part in parts}) > 1]
    if len(differing) != 1 or not parts[0][differing[0]].isdecimal():
        return None
    place = differing[0]
    numbers = [part[place] for part in parts]
    start = int(numbers[0])
    if numbers != [str(start + k) for k in range(len(numbers))]:
        return None
    return "".join(parts[0][:place]), start, "".join(parts[0][place + 1 :])


def _checked(
    rounds: list[Sequence[Step]], at: int, used: Mapping[Value, list[int]], blocks: frozenset[str]
) -> Loop | None:
    length, count = len(rounds[0]), len(rounds)
    if count < 3 and not (length == 1 and rounds[0][0].call.callee in blocks):
        return None
    for number, steps in enumerate(rounds[:-1]):
        beyond = at + (number + 2) * length
        if any(reader >= beyond for step in steps for value in step.values for reader in used.get(value, ())):
            return None
    sources = _sources(rounds)
    calls = _calls(rounds, blocks)
    if sources is None or calls is None:
        return None
    columns = sum(isinstance(argument.value, Column) for call in calls for argument in call.arguments)
    # A table pays from five rows on, and while its rows can be read.
    if columns and (columns > 4 or (columns > 1 and count < 5)):
        return None
    kinds, initial = sources
    named = [_pattern([r[k].name for r in rounds]) if rounds[0][k].makes else None for k in range(length)]
    start = next(found[1] for found in named if found)
    patterns = tuple(Pattern(found[0], found[2], found[1] - start) if found else None for found in named)
    steps = tuple(replace(step, call=call) for step, call in zip(rounds[0], calls, strict=True))
    return Loop(start, count, steps, patterns, kinds, tuple(initial.items()), tuple(s.id for s in rounds[-1]))


Initial = dict[tuple[int, str], Value]


def _sources(rounds: list[Sequence[Step]]) -> tuple[tuple[tuple[Source, ...], ...], Initial] | None:
    """Where the steps of every round read, if that is alike in all of them and they hang together."""
    places = [{(step.id, port): (k, port) for k, step in enumerate(steps) for port in step.ports} for steps in rounds]
    initial: Initial = {}
    found = []
    for k, step in enumerate(rounds[0]):
        sources = []
        for n, value in enumerate(step.reads):
            kinds = {_where(r[k].reads[n], places, number) for number, r in enumerate(rounds) if number}
            if len(kinds) != 1:
                return None
            kind, place, port, outside = kinds.pop()
            if kind == "own" and places[0].get(value) != (place, port):
                return None
            if kind == "outside" and value != outside:
                return None
            if kind == "before" and initial.setdefault((place, port), value) != value:
                return None
            if kind == "before" and value in places[0]:
                return None
            sources.append(Source(kind, place, port, value))
        found.append(tuple(sources))
    return (tuple(found), initial) if initial else None


Where = tuple[Literal["own", "before", "outside"], int, str, Value]


def _where(value: Value, places: list[dict[Value, tuple[int, str]]], number: int) -> Where:
    if value in places[number]:
        return ("own", *places[number][value], ("", ""))
    if value in places[number - 1]:
        return ("before", *places[number - 1][value], ("", ""))
    return ("outside", 0, "", value)


def _calls(rounds: list[Sequence[Step]], blocks: frozenset[str]) -> list[Call] | None:
    """The calls of a round, with what changes from round to round; None if that follows no rule."""
    tables = len(rounds[0]) == 1 and rounds[0][0].call.callee in blocks and len(rounds) >= 3
    found = []
    for k, step in enumerate(rounds[0]):
        calls = [r[k].call for r in rounds]
        if any([a.name for a in call.arguments] != [a.name for a in step.call.arguments] for call in calls):
            return None
        arguments = []
        for n, argument in enumerate(step.call.arguments):
            value = _rule([call.arguments[n].value for call in calls], tables)
            if value is None:
                return None
            arguments.append(replace(argument, value=value[0]))
        found.append(replace(step.call, arguments=tuple(arguments)))
    return found


def _rule(values: list[Any], tables: bool) -> tuple[Any] | None:
    first = values[0]
    if all(type(value) is type(first) and value == first for value in values):
        return (first,)
    if len(values) >= 3 and all(type(value) is int for value in values):
        step = values[1] - first
        if all(value == first + step * k for k, value in enumerate(values)):
            return (Ramp(first, step),)
    return (Column(tuple(values)),) if tables and not isinstance(first, Call) else None
