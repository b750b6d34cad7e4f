"""One level of a network with some of its blocks opened: who stands where, and how the edges run. Never imports torch.

Cards keep their order. Opening a block pushes what stands below it further down and what stands right of it in its rows
further right; cards above one another stay so, which keeps the main path straight. The way back from a place in the
picture to one in the drawing is kept as steps: how far everything from some coordinate on has been pushed.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from engine.graph.layout import NODE_HEIGHT, NODE_WIDTH
from engine.graph.paths import join
from engine.graph.ports import input_ports, output_ports
from engine.graph.routing import Box, Known, Point, Route, Router, Wire, card, port_x
from engine.graph.spec import INPUT, OUTPUT, EdgeSpec, NetworkSpec, NodeSpec

HEADER = 30.0
"""Height of the title bar of a frame; edges come in through it."""
FOOTER = 14.0
"""Height of the strip at the bottom of a frame, through which edges go out."""
ABOVE, BELOW, BESIDE = 44.0, 40.0, 26.0
"""Free space in a frame around what it holds."""
_PILL = 34.0
"""Room for half a pill beside a lane."""
_GATE = 12.0
_ENDS = (INPUT, OUTPUT)

Steps = tuple[tuple[float, float], ...]
"""From this coordinate on, everything is pushed by so much; in order."""


@dataclass(frozen=True)
class OpenedLevel:
    """A level in coordinates of its own.

    Attributes:
        opened: the paths of opened blocks that matter here.
        inside: the opened blocks: what is in them, and how far its coordinates are from these.
        where: where every node stands; for an opened block the middle of its frame.
        boxes: what edges go around, by node; gates are no obstacles.
        bounds: everything in the level, gates and lanes of edges included.
        gates: Input and Output nodes that lie on the frame around the level; none without a frame.
        entries, exits: for each opened block its Input (Output) node by the block's port.
        across, down: how far columns and rows have been pushed.
        ways: what the routes were found from, so that the next answer costs little.
    """

    spec: NetworkSpec
    opened: frozenset[str]
    inside: Mapping[str, tuple[OpenedLevel, float, float]]
    where: Mapping[str, Point]
    boxes: Mapping[str, Box]
    routes: Mapping[EdgeSpec, Route]
    bounds: Box
    gates: frozenset[str]
    entries: Mapping[str, Mapping[str, str]]
    exits: Mapping[str, Mapping[str, str]]
    across: Steps
    down: Steps
    ways: Known = field(default_factory=dict, compare=False, repr=False)

    def undone(self, point: Point) -> Point:
        """The place in the drawing that is shown at this one."""
        return _undone(point[0], self.across), _undone(point[1], self.down)

    @property
    def axis(self) -> float:
        """Where the main path enters: this stays in the column of the block's own card."""
        first = next((node.id for node in self.spec.nodes if node.id in self.gates), None)
        return self.where[first][0] if first is not None else (self.bounds[0] + self.bounds[2]) / 2


def open_level(
    spec: NetworkSpec, path: str, opened: frozenset[str], known: Mapping[str, OpenedLevel], framed: bool = False
) -> OpenedLevel:
    """Lay a level out. `known` are earlier answers by path, which are given again where they are still right."""
    start = f"{path}." if path else ""
    mine = frozenset(one for one in opened if one.startswith(start))
    before = known.get(path)
    if before is not None and before.spec is spec and before.opened == mine and bool(before.gates) == framed:
        return before
    below: dict[str, OpenedLevel] = {}
    for node in spec.nodes:
        here = join(path, node.id)
        if node.subgraph is not None and node.subgraph.nodes and here in mine:
            below[node.id] = open_level(node.subgraph, here, mine, known, framed=True)
    if before is not None and bool(before.gates) == framed and _stands_alike(before, spec, below):
        inside = {id: (level, *before.inside[id][1:]) for id, level in below.items()}
        return replace(before, spec=spec, opened=mine, inside=inside)
    across, down = _pushes(spec, below)
    where = {
        node.id: (
            node.position[0] + _push(node.position[0], across),
            node.position[1] + _push(node.position[1], down),
        )
        for node in spec.nodes
    }
    boxes = {node.id: _box(where[node.id], below.get(node.id)) for node in spec.nodes}
    gates = frozenset(node.id for node in spec.nodes if node.type in (INPUT, OUTPUT)) if framed else frozenset()
    if framed:
        _put_gates(spec, gates, where, boxes)
    inside = {id: (level, where[id][0] - level.axis, boxes[id][1] - level.bounds[1]) for id, level in below.items()}
    ways = before.ways if before is not None and len(before.ways) < 8 * len(spec.edges) + 200 else {}
    routes = _routes(spec, inside, where, boxes, gates, ways)
    bounds = _bounds(where, boxes, routes, gates)
    for id in below:
        left, top, right, bottom = boxes[id]
        where[id] = ((left + right) / 2, (top + bottom) / 2)
    kept = {id: box for id, box in boxes.items() if id not in gates}
    ends = {id: (_entries(spec.by_id[id]), _exits(spec.by_id[id])) for id in below}
    entries, exits = {id: pair[0] for id, pair in ends.items()}, {id: pair[1] for id, pair in ends.items()}
    return OpenedLevel(spec, mine, inside, where, kept, routes, bounds, gates, entries, exits, across, down, ways)


def _stands_alike(before: OpenedLevel, spec: NetworkSpec, below: Mapping[str, OpenedLevel]) -> bool:
    """Whether nothing has moved since: the same places, ports and edges, and opened blocks of the same shape."""
    old = before.spec
    if len(old.nodes) != len(spec.nodes) or old.edges != spec.edges or before.inside.keys() != below.keys():
        return False
    for one, other in zip(old.nodes, spec.nodes, strict=True):
        if one is other:
            continue
        if (one.id, one.position, one.type in _ENDS) != (other.id, other.position, other.type in _ENDS):
            return False
        if input_ports(one) != input_ports(other) or output_ports(one) != output_ports(other):
            return False
    return old.groups == spec.groups and all(_same_shape(before.inside[id][0], level) for id, level in below.items())


def _same_shape(one: OpenedLevel, other: OpenedLevel) -> bool:
    if one is other:
        return True
    return one.bounds == other.bounds and {id: one.where[id] for id in one.gates} == {
        id: other.where.get(id) for id in other.gates
    }


def _reach(level: OpenedLevel | None) -> tuple[float, float, float]:
    """How far a node reaches to the left, to the right, and up or down, from its place."""
    if level is None:
        return NODE_WIDTH / 2, NODE_WIDTH / 2, NODE_HEIGHT / 2
    left, top, right, bottom = level.bounds
    return level.axis - left, right - level.axis, (bottom - top) / 2


def _box(at: Point, level: OpenedLevel | None) -> Box:
    if level is None:
        return card(*at)
    left, right, half = _reach(level)
    return (at[0] - left, at[1] - half, at[0] + right, at[1] + half)


def _pushes(spec: NetworkSpec, below: Mapping[str, OpenedLevel]) -> tuple[Steps, Steps]:
    if not below:
        return (), ()
    large = {id: _reach(level) for id, level in below.items()}
    places = {node.id: node.position for node in spec.nodes}
    return _across(places, large), _down(places, large)


def _down(places: Mapping[str, Point], large: Mapping[str, tuple[float, float, float]]) -> Steps:
    """How far each row is pushed down: by all that has been opened above it, and half of what is opened in it."""
    ordered = sorted((places[id][1], 2 * half - NODE_HEIGHT) for id, (_, _, half) in large.items())
    below: list[tuple[float, float]] = []  # from this y on, pushed by so much
    for y, more in ordered:
        base = max((push for from_y, push in below if from_y <= y), default=0.0)
        below.append((y + NODE_HEIGHT, base + more))
    steps: list[tuple[float, float]] = []
    most = 0.0
    for y in sorted({y for _, y in places.values()}):
        row = max((more for at, more in ordered if abs(at - y) < NODE_HEIGHT), default=0.0)
        base = max((push for from_y, push in below if from_y <= y), default=0.0)
        most = max(most, float(round(base + row / 2)))
        steps.append((y, most))
    return tuple(steps)


def _across(places: Mapping[str, Point], large: Mapping[str, tuple[float, float, float]]) -> Steps:
    """How far each column is pushed right, by what is opened left of it in the same rows."""
    half = NODE_WIDTH / 2
    columns: dict[float, list[str]] = {}
    for id, (x, _) in places.items():
        columns.setdefault(x, []).append(id)
    pushed: dict[float, float] = {}
    most = 0.0
    for x in sorted(columns):
        for id in columns[x]:
            mine = large.get(id)
            for other in places if mine is not None else large:
                ox, oy = places[other]
                if ox >= x or abs(oy - places[id][1]) >= NODE_HEIGHT:
                    continue
                right = large[other][1] - half if other in large else 0.0
                left = mine[0] - half if mine is not None else 0.0
                most = max(most, pushed[ox] + right + left)
        most = float(round(most))
        pushed[x] = most
    return tuple(pushed.items())


def _push(value: float, steps: Steps) -> float:
    if not steps:
        return 0.0
    return steps[max(0, bisect_right(steps, (value, float("inf"))) - 1)][1]


def _undone(value: float, steps: Steps) -> float:
    if not steps:
        return value
    shown = [at + push for at, push in steps]
    number = max(0, bisect_right(shown, value) - 1)
    free = value - steps[number][1]
    # Between two cards that were pushed apart lie places that the drawing does not have.
    return min(free, steps[number + 1][0]) if number + 1 < len(steps) else free


def _put_gates(spec: NetworkSpec, gates: frozenset[str], where: dict[str, Point], boxes: dict[str, Box]) -> None:
    """Move the Input nodes into the title bar above everything, and the Output nodes into the strip below."""
    body = [box for id, box in boxes.items() if id not in gates]
    top = min((box[1] for box in body), default=0.0) - ABOVE - HEADER / 2
    bottom = max((box[3] for box in body), default=0.0) + BELOW + FOOTER / 2
    for node in spec.nodes:
        if node.id in gates:
            x, y = where[node.id][0], top if node.type == INPUT else bottom
            where[node.id] = (x, y)
            tall = HEADER / 2 if node.type == INPUT else FOOTER / 2
            boxes[node.id] = (x - _GATE, y - tall, x + _GATE, y + tall)


def _routes(
    spec: NetworkSpec,
    inside: Mapping[str, tuple[OpenedLevel, float, float]],
    where: Mapping[str, Point],
    boxes: Mapping[str, Box],
    gates: frozenset[str],
    ways: Known,
) -> dict[EdgeSpec, Route]:
    ports = {node.id: (input_ports(node), output_ports(node)) for node in spec.nodes}

    def end(id: str, port: str, is_input: bool) -> Point:
        left, top, right, bottom = boxes[id]
        y = top if is_input else bottom
        if id in inside:
            level, dx, _ = inside[id]
            gate = (_entries if is_input else _exits)(spec.by_id[id]).get(port)
            return (level.where[gate][0] + dx if gate is not None else (left + right) / 2, y)
        names = ports[id][0 if is_input else 1]
        if id in gates or port not in names:
            return (where[id][0], y)
        return (where[id][0] + port_x(names.index(port), len(names)), y)

    wires = [
        Wire(edge, (edge.source, edge.source_port), end(edge.source, edge.source_port, False),
             end(edge.target, edge.target_port, True))
        for edge in spec.edges
        if edge.source in boxes and edge.target in boxes
    ]  # fmt: skip
    obstacles = [box for id, box in boxes.items() if id not in gates]
    return Router(obstacles, ways).route_all(wires)  # type: ignore[return-value]


def _bounds(
    where: Mapping[str, Point], boxes: Mapping[str, Box], routes: Mapping[EdgeSpec, Route], gates: frozenset[str]
) -> Box:
    if not boxes:
        return (0.0, 0.0, 0.0, 0.0)
    left, top = min(box[0] for box in boxes.values()), min(box[1] for box in boxes.values())
    right, bottom = max(box[2] for box in boxes.values()), max(box[3] for box in boxes.values())
    lanes = [route.lane for route in routes.values() if route.lane is not None]
    if lanes:
        left, right = min(left, min(lanes) - _PILL), max(right, max(lanes) + _PILL)
    return (left - BESIDE, top, right + BESIDE, bottom) if gates else (left, top, right, bottom)


def _entries(block: NodeSpec) -> dict[str, str]:
    return _named(input_ports(block), block.subgraph.inputs if block.subgraph else ())


def _exits(block: NodeSpec) -> dict[str, str]:
    return _named(output_ports(block), block.subgraph.outputs if block.subgraph else ())


def _named(ports: Sequence[str], nodes: Sequence[NodeSpec]) -> dict[str, str]:
    return {port: node.id for port, node in zip(ports, nodes, strict=False)}
