"""From an analysis to what cards and tooltips say. No Qt, no torch."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from gui.canvas.numbers import shape, short, size
from gui.canvas.state import Facts, Mark, worse

if TYPE_CHECKING:
    from engine.graph.results import NodeInfo, Problem, ReceptiveField


def facts_of(info: NodeInfo) -> Facts:
    """The numbers of one node, written out."""
    cost = []
    if info.parameters:
        cost.append(f"{short(info.parameters)} parameters")
    if info.macs:
        cost.append(f"{short(info.macs)} MACs")
    memory = [f"{size(info.activation_bytes)} activations"] if info.activation_bytes else []
    if info.receptive_field is not None:
        memory.append(f"sees {field(info.receptive_field)}")
    details = tuple(" · ".join(line) for line in (cost, memory) if line)
    shapes = tuple(shape(one) for one in info.output_shapes) or (shape(info.output_shape),)
    return Facts(short(info.parameters) if info.parameters else "", details, shapes)


def field(of: ReceptiveField) -> str:
    """The size of a receptive field in pixels of the input, "14×14"."""
    return f"{shape(of.size)} px"


def marks_of(problems: Iterable[Problem], shown_at: Callable[[str], str | None]) -> dict[str, Mark]:
    """The problems by the node at which they are shown, which `shown_at` finds from the path of the node at fault."""
    found: dict[str, Mark] = {}
    for problem in problems:
        if problem.node is None:
            continue
        id = shown_at(problem.node)
        if id is None:
            continue
        text = f"{problem.message} {problem.advice}".strip()
        old = found.get(id)
        if old is None:
            found[id] = Mark(problem.severity, (text,), bool(problem.repairs))
        else:
            repairable = old.repairable or bool(problem.repairs)
            found[id] = Mark(worse(old.severity, problem.severity), (*old.messages, text), repairable)
    return found
