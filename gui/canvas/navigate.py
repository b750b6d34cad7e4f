"""Walking over the drawing with the keyboard: which node comes next. No Qt."""

from __future__ import annotations

from typing import Literal

from engine.graph.spec import NetworkSpec

Direction = Literal["up", "down", "left", "right"]


def reading_order(spec: NetworkSpec) -> tuple[str, ...]:
    """Ids from top to bottom, and from left to right within a row."""
    return tuple(node.id for node in sorted(spec.nodes, key=lambda node: (node.position[1], node.position[0], node.id)))


def following(spec: NetworkSpec, id: str | None, back: bool = False) -> str | None:
    """The next node in reading order, the first for None, and None behind the last."""
    order = reading_order(spec)
    if not order:
        return None
    if id not in spec.by_id:
        return order[-1] if back else order[0]
    index = order.index(str(id)) + (-1 if back else 1)
    return order[index] if 0 <= index < len(order) else None


def neighbour(spec: NetworkSpec, id: str | None, direction: Direction) -> str | None:
    """The node that an arrow key goes to: along an edge if one leads that way, else the closest one there."""
    if id is None or id not in spec.by_id:
        return following(spec, None, back=direction == "up")
    here = spec.by_id[id].position
    if direction in ("up", "down"):
        edges = spec.edges_into.get(id, ()) if direction == "up" else spec.edges_out_of.get(id, ())
        linked = [edge.source if direction == "up" else edge.target for edge in edges]
        linked = [other for other in linked if other != id]
        if linked:
            return min(linked, key=lambda other: (abs(spec.by_id[other].position[0] - here[0]), other))
    axis = 0 if direction in ("left", "right") else 1
    sign = 1 if direction in ("right", "down") else -1
    options = []
    for node in spec.nodes:
        along = (node.position[axis] - here[axis]) * sign
        across = abs(node.position[1 - axis] - here[1 - axis])
        if along > 1 and across <= max(along * 2, 120):
            options.append((along + 2 * across, node.id))
    return min(options)[1] if options else None
