"""What the canvas shows of a network: one level of it, with some blocks opened in place. Never imports torch.

Opening is a matter of looking, not of the drawing: the positions in the spec stay, an opened block takes the room that
its inside needs, and what stands below or beside it is pushed away. Nodes are called by their path, "block.inner".
An opened block is drawn as a frame; its own Input and Output nodes lie on the frame's edges as its gates. So every edge
that is shown is exactly one edge of one level, and each edit has one place in the document.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from engine.graph.opened_level import OpenedLevel, open_level
from engine.graph.paths import inner, join, level_of, name_of, parent_of
from engine.graph.ports import input_ports, output_ports
from engine.graph.routing import Box, Point, Route
from engine.graph.spec import INPUT, EdgeSpec, GroupSpec, NetworkSpec, NodeSpec


@dataclass(frozen=True)
class End:
    """One end of an edge in the document: a port of a node, in the level at `path`."""

    path: str
    node: str
    port: str


@dataclass(frozen=True)
class Origin:
    """Where an edge that is shown stands in the document."""

    path: str
    edge: EdgeSpec


@dataclass(frozen=True)
class Placed:
    """An opened level in the picture: its place there is its own coordinates plus (x, y)."""

    level: OpenedLevel
    x: float
    y: float


@dataclass(frozen=True)
class View:
    """A picture of a network.

    Attributes:
        spec: the nodes and edges in it under their paths, with their places in the picture. An opened block is among
            the nodes (its position is the middle of its frame) and has no edges: those end at its gates.
        scope: path of the block whose inside this is; "" for the whole network.
        frames: left, top, right and bottom of the frame of each opened block, outer ones first.
        gates: the Input and Output nodes that lie on frames.
        origins: what each edge is in the document.
        routes: how each edge runs.
        levels: the levels in the picture, by path.
    """

    network: NetworkSpec
    spec: NetworkSpec
    scope: str = ""
    frames: Mapping[str, Box] = field(default_factory=dict)
    gates: frozenset[str] = frozenset()
    origins: Mapping[EdgeSpec, Origin] = field(default_factory=dict)
    routes: Mapping[EdgeSpec, Route] = field(default_factory=dict)
    levels: Mapping[str, Placed] = field(default_factory=dict)

    def level_at(self, point: Point) -> str:
        """Path of the innermost opened block whose frame holds this point of the picture, else the scope."""
        x, y = point
        holding = [
            path for path, (left, top, right, bottom) in self.frames.items() if left < x < right and top < y < bottom
        ]
        return max(holding, key=lambda path: path.count("."), default=self.scope)

    def in_document(self, path: str, point: Point) -> Point:
        """The place in the drawing of the level at `path` that is shown at this point of the picture."""
        placed = self.levels[path]
        return placed.level.undone((point[0] - placed.x, point[1] - placed.y))

    def shown_at(self, id: str) -> str | None:
        """The node that stands for the node called `id` here: itself, or the closed block it is in; None if neither."""
        while id and id not in self.spec.by_id:
            id = parent_of(id)
        return id if id and id != self.scope else None

    def end(self, id: str, port: str, is_input: bool) -> End:
        """The end in the document that a port in the picture means. A gate's outer port is a port of its block."""
        node = self.spec.by_id[id]
        if id not in self.gates or is_input != (node.type == INPUT):
            return End(parent_of(id), name_of(id), port)
        block = parent_of(id)
        owner = inner(self.network, block)
        ends = owner.subgraph.inputs if is_input else owner.subgraph.outputs  # type: ignore[union-attr]
        ports = input_ports(owner) if is_input else output_ports(owner)
        number = next(n for n, one in enumerate(ends) if one.id == name_of(id))
        return End(parent_of(block), name_of(block), ports[number])


def unfold(network: NetworkSpec, opened: Iterable[str] = (), scope: str = "", previous: View | None = None) -> View:
    """The picture of `network` with these blocks opened, or of the inside of the block `scope`.

    Paths in `opened` that are not there, or whose outer block is closed, do not matter. What of the `previous` picture
    is still right is the same object in the new one.
    """
    before = previous if previous is not None and previous.scope == scope else None
    spec = level_of(network, scope)
    known = {path: placed.level for path, placed in before.levels.items()} if before is not None else {}
    level = open_level(spec, scope, frozenset(opened), known)
    if not level.inside and not scope:
        routes = dict(level.routes)
        return View(
            network, spec, "", {}, frozenset(), {edge: Origin("", edge) for edge in routes}, routes,
            {"": Placed(level, 0.0, 0.0)},
        )  # fmt: skip
    picture = _Picture(network, before)
    picture.add(level, scope, 0.0, 0.0)
    shown = NetworkSpec(spec.name, tuple(picture.nodes), tuple(picture.origins), tuple(picture.groups))
    return View(
        network, shown, scope, picture.frames, frozenset(picture.gates), picture.origins, picture.routes, picture.levels
    )


class _Picture:
    """Gathers the levels into one drawing."""

    def __init__(self, network: NetworkSpec, before: View | None) -> None:
        self._network = network
        self._before = before
        self._old = before.spec.by_id if before is not None else {}
        self.nodes: list[NodeSpec] = []
        self.groups: list[GroupSpec] = []
        self.frames: dict[str, Box] = {}
        self.gates: list[str] = []
        self.origins: dict[EdgeSpec, Origin] = {}
        self.routes: dict[EdgeSpec, Route] = {}
        self.levels: dict[str, Placed] = {}

    def add(self, level: OpenedLevel, path: str, x: float, y: float) -> None:
        """Put a level at (x, y), and the opened blocks in it."""
        self.levels[path] = Placed(level, x, y)
        for node in level.spec.nodes:
            at = level.where[node.id]
            self._put(node, join(path, node.id), (at[0] + x, at[1] + y))
            if node.id in level.gates:
                self.gates.append(join(path, node.id))
        for group in level.spec.groups:
            ids = tuple(join(path, id) for id in group.nodes)
            self.groups.append(replace(group, id=join(path, group.id), nodes=ids))
        for edge, route in level.routes.items():
            shown = self._shown(level, path, edge)
            self.origins[shown] = Origin(path, edge)
            self.routes[shown] = route.moved(x, y) if x or y else route
        for id, (below, dx, dy) in level.inside.items():
            left, top, right, bottom = level.boxes[id]
            block = join(path, id)
            self.frames[block] = (left + x, top + y, right + x, bottom + y)
            self.add(below, block, x + dx, y + dy)

    def _put(self, node: NodeSpec, id: str, at: Point) -> None:
        old = self._old.get(id)
        if (
            old is not None
            and old.position == at
            and old.params is node.params
            and old.subgraph is node.subgraph
            and (old.type, old.shares) == (node.type, node.shares)
        ):
            self.nodes.append(old)
        else:
            self.nodes.append(NodeSpec(id, node.type, node.params, at, node.subgraph, node.shares))

    def _shown(self, level: OpenedLevel, path: str, edge: EdgeSpec) -> EdgeSpec:
        source, target = join(path, edge.source), join(path, edge.target)
        source_port, target_port = edge.source_port, edge.target_port
        gate = level.exits.get(edge.source, {}).get(edge.source_port)
        if gate is not None:
            source, source_port = join(source, gate), "out"
        gate = level.entries.get(edge.target, {}).get(edge.target_port)
        if gate is not None:
            target, target_port = join(target, gate), "in"
        return EdgeSpec(source, target, source_port, target_port)
