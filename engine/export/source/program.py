"""The inside of a class as a list of steps, before any of it is text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from engine.export.source.calls import Call, constructor
from engine.export.source.operations import is_operation
from engine.graph.level import Level
from engine.graph.ports import is_each, output_ports
from engine.graph.sharing import owner_of
from engine.graph.spec import BLOCK, INPUT, OUTPUT, Shape

Value = tuple[str, str]
"""What a port gives: (node id, port)."""


@dataclass(frozen=True)
class Step:
    """One computation.

    Attributes:
        name: of the submodule that does it; another node's where weights are shared.
        makes: whether this is the step that the submodule is made for.
        operation: written as an expression, without a submodule.
        each: applied to every element of the first axis.
        shapes: of what leaves by each port.
    """

    id: str
    name: str
    call: Call
    reads: tuple[Value, ...]
    ports: tuple[str, ...]
    shapes: tuple[Shape, ...]
    makes: bool = True
    operation: bool = False
    each: bool = False

    @property
    def values(self) -> tuple[Value, ...]:
        return tuple((self.id, port) for port in self.ports)


@dataclass(frozen=True)
class Program:
    """What a class does: steps in order, from its inputs to its outputs.

    Attributes:
        inputs: names of its arguments.
        entering, leaving: shapes of its inputs and outputs.
        names: of the outputs.
    """

    title: str
    inputs: tuple[str, ...]
    steps: tuple[Step, ...]
    exits: tuple[Value, ...]
    entering: tuple[Shape, ...]
    leaving: tuple[Shape, ...]
    names: tuple[str, ...]


def program_of(level: Level, block_call: Callable[[Level], Call]) -> Program:
    """The program of a level whose blocks are made by `block_call`."""
    spec = level.spec
    steps: list[Step] = []
    made: set[str] = set()
    for id in level.order:
        node = spec.by_id[id]
        if id not in level.live or node.type in (INPUT, OUTPUT):
            continue
        call = _call(level, id, block_call)
        operation = node.type != BLOCK and is_operation(call)
        steps.append(
            Step(
                id,
                owner_of(node),
                call,
                tuple((edge.source, edge.source_port) for edge in level.arriving(id)),
                output_ports(node),
                level.infos[id].output_shapes,
                not operation and owner_of(node) not in made,
                operation,
                is_each(node),
            )
        )
        made.add(owner_of(node))
    exits = tuple((edge.source, edge.source_port) for node in spec.outputs for edge in level.arriving(node.id)[:1])
    return Program(
        spec.name,
        tuple(node.id for node in spec.inputs),
        tuple(steps),
        exits,
        tuple(level.infos[node.id].output_shape or () for node in spec.inputs),
        tuple(signal.shape for signal in level.leaving if signal),
        tuple(node.id for node in spec.outputs),
    )


def _call(level: Level, id: str, block_call: Callable[[Level], Call]) -> Call:
    node = level.spec.by_id[id]
    if node.type == BLOCK:
        return block_call(level.inside[id])
    return constructor(node.type, node.params, level.shapes_into(id))


def uses(program: Program) -> Mapping[Value, list[int]]:
    """The numbers of the steps that read each value; that of a result is the number of steps."""
    found: dict[Value, list[int]] = {}
    for number, step in enumerate(program.steps):
        for value in step.reads:
            found.setdefault(value, []).append(number)
    for value in program.exits:
        found.setdefault(value, []).append(len(program.steps))
    return found
