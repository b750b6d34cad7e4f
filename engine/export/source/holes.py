"""The numbers in a class: what stands in several equal blocks at the same place, and as which text it is written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from engine.export.source.calls import Argument, Call, Ramp, is_default
from engine.export.source.program import Program, Step, Value
from engine.export.source.repeats import Column, Item, Loop
from engine.export.source.text import Bracket, Expression, Named, flat, literal

WIDTHS = (
    "in_channels", "out_channels", "in_features", "out_features", "num_features", "num_channels", "groups", "channels",
    "features", "width", "embed_dim", "normalized_shape", "hidden_size", "input_size", "num_parameters", "dim",
)  # fmt: skip


@dataclass(frozen=True)
class Hole:
    """A place for a number.

    Attributes:
        node: the step that it belongs to.
        argument: its name there.
        kind: only numbers of one kind can be one parameter.
    """

    node: str
    argument: str
    kind: str


Fill = Callable[[Hole, Any], tuple[Expression, bool]]
"""Gives the text of a hole, and whether it is the same number in all equal blocks."""


def kind_of(name: str) -> str:
    return "width" if name in WIDTHS or name.endswith(("_channels", "_features", "width")) else name


def written_call(call: Call, node: str, fill: Fill, first: int = 0) -> Bracket:
    """The call as an expression; `first` is the number that a loop around it starts with."""
    items: list[Expression] = []
    for argument in call.arguments:
        value = argument.value
        if isinstance(value, Call):
            items.append(written_call(value, f"{node}_{argument.name}", fill, first))
            continue
        if isinstance(value, Column):
            text: Expression = argument.name
        elif isinstance(value, Ramp):
            text = _ramp(value, node, argument, fill, first)
        elif isinstance(value, str):
            text = literal(value)
            if is_default(value, argument.default):
                continue
        else:
            text, constant = fill(Hole(node, argument.name, kind_of(argument.name)), value)
            if constant and is_default(value, argument.default):
                continue
        items.append(text if argument.positional else Named(argument.name, text))
    return Bracket(f"{call.callee}(", tuple(items))


def _ramp(ramp: Ramp, node: str, argument: Argument, fill: Fill, first: int) -> str:
    kind = kind_of(argument.name)
    start, _ = fill(Hole(node, argument.name, kind), ramp.start)
    step, constant = fill(Hole(node, f"{argument.name}_step", kind), ramp.step)
    number = f"(i - {first})" if first else "i"
    if constant and ramp.step < 0:
        return f"{flat(start)} - {-ramp.step} * {number}"
    return f"{flat(start)} + {flat(step)} * {number}"


def number_of_rounds(loop: Loop, fill: Fill) -> tuple[Expression, bool]:
    return fill(Hole(loop.steps[0].id, "depth", "depth"), loop.number)


def holes_of(items: Sequence[Item]) -> tuple[list[Hole], list[Any]]:
    """All numbers of a class in the order in which they are written, with their values."""
    holes: list[Hole] = []
    values: list[Any] = []

    def keep(hole: Hole, value: Any) -> tuple[Expression, bool]:
        holes.append(hole)
        values.append(value)
        return "", True

    for item in items:
        if isinstance(item, Loop):
            if not item.columns:
                number_of_rounds(item, keep)
            for step in item.steps:
                _visit(step, keep, item.first)
        else:
            _visit(item, keep, 0)
    return holes, values


def _visit(step: Step, fill: Fill, first: int) -> None:
    if step.makes:
        written_call(step.call, step.id, fill, first)


def skeleton(program: Program, items: Sequence[Item]) -> object:
    """What two blocks must have in common to be of one class: everything but numbers."""
    # What leaves a loop is called alike however often it goes round.
    after = {
        id: f"{step.id}*"
        for loop in items
        if isinstance(loop, Loop)
        for id, step in zip(loop.last, loop.steps, strict=True)
    }

    def renamed(value: Value) -> Value:
        return after.get(value[0], value[0]), value[1]

    def of_step(step: Step) -> object:
        call = step.call if step.operation else _call_skeleton(step.call)
        reads = tuple(renamed(value) for value in step.reads)
        return step.id, step.name, step.makes, step.each, reads, step.ports, call

    def of_item(item: Item) -> object:
        if not isinstance(item, Loop):
            return of_step(item)
        where = tuple((one.kind, one.place, one.port) for sources in item.sources for one in sources)
        return "loop", item.first, item.goes_on, tuple(map(of_step, item.steps)), item.patterns, where

    return program.inputs, tuple(map(renamed, program.exits)), tuple(map(of_item, items))


def _call_skeleton(call: Call) -> object:
    parts: list[object] = [call.callee]
    for argument in call.arguments:
        value = argument.value
        if isinstance(value, Call):
            parts.append((argument.name, _call_skeleton(value)))
        elif isinstance(value, str | Column):
            parts.append((argument.name, value))
        else:
            parts.append((argument.name, isinstance(value, Ramp)))
    return tuple(parts)
