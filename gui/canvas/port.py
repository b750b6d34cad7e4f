"""Where the ports of a card are. Inputs along the top edge, outputs along the bottom. No Qt."""

from __future__ import annotations

from dataclasses import dataclass

from engine.graph.layout import NODE_HEIGHT
from engine.graph.routing import port_x

RADIUS = 4.5
REACH = 12.0
"""Half of the 24-pixel target around a port."""
SNAP = 28.0
"""From how far a dragged edge jumps to a port."""

Point = tuple[float, float]


@dataclass(frozen=True)
class PortRef:
    """One port of one node."""

    node: str
    port: str
    is_input: bool


def offsets(ports: tuple[str, ...], is_input: bool) -> dict[str, Point]:
    """Positions of the ports, relative to the centre of the card."""
    y = -NODE_HEIGHT / 2 if is_input else NODE_HEIGHT / 2
    return {port: (port_x(index, len(ports)), y) for index, port in enumerate(ports)}


def near(ports: dict[str, Point], point: Point, reach: float = REACH) -> str | None:
    """The port closest to `point` (relative to the centre of the card) within `reach`, or None."""
    best, found = reach, None
    for port, (x, y) in ports.items():
        distance = ((x - point[0]) ** 2 + (y - point[1]) ** 2) ** 0.5
        if distance <= best:
            best, found = distance, port
    return found
