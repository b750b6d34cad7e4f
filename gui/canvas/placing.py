"""Where new cards go, and how the others make room: pure edits composed of the engine's. No Qt."""

from __future__ import annotations

from dataclasses import replace

from engine.errors import BadInput
from engine.graph import edits
from engine.graph.ids import free_id
from engine.graph.layout import GAP, GRID, NODE_HEIGHT, NODE_WIDTH, ROW, layout
from engine.graph.ports import input_ports, is_variadic, output_ports
from engine.graph.spec import INPUT, OUTPUT, EdgeSpec, NetworkSpec, NodeSpec

Position = tuple[float, float]
Prototype = str | NodeSpec
"""What is to be added: a layer by its type, or a block as the node that would hold it."""


def snapped(x: float, y: float) -> Position:
    """The nearest point of the grid."""
    return float(round(x / GRID) * GRID), float(round(y / GRID) * GRID)


def make(spec: NetworkSpec, what: Prototype, position: Position = (0.0, 0.0)) -> NodeSpec:
    """A new node with an unused id: a layer with its defaults, or a block."""
    if isinstance(what, NodeSpec):
        return replace(what, id=free_id(what.id, spec.by_id), position=snapped(*position), shares=None)
    return NodeSpec(edits.fresh_id(spec, what), what, position=snapped(*position))


def add_free(spec: NetworkSpec, node: NodeSpec) -> NetworkSpec:
    """Add a node, unconnected, at the free place nearest below the one it asks for."""
    x, y = node.position
    while any(_overlap((x, y), other.position) for other in spec.nodes):
        y += GRID * 2
    return edits.add_node(spec, replace(node, position=(x, y)))


def insert(spec: NetworkSpec, edge: EdgeSpec, node: NodeSpec) -> NetworkSpec:
    """Put a node on an edge; what lies below moves down when there is no room between."""
    source, target = spec.node(edge.source), spec.node(edge.target)
    (sx, sy), (tx, ty) = source.position, target.position
    if ty - sy >= 2 * ROW or ty <= sy:
        place = snapped(tx if ty - sy < 3 * ROW else (sx + tx) / 2, (sy + ty) / 2)
        while any(_overlap(place, other.position) for other in spec.nodes):
            place = (place[0] + NODE_WIDTH + GAP, place[1])
    else:
        place = (tx, sy + ROW)
        spec = _shift_down(spec, ty, sy + 2 * ROW - ty)
    return edits.insert_on_edge(spec, edge, replace(node, position=place))


def insert_after(spec: NetworkSpec, id: str, node: NodeSpec) -> NetworkSpec:
    """Put a node below `id`, fed by it and feeding what `id` fed. After an Output it goes before it instead."""
    before = spec.node(id)
    ins, outs = input_ports(node), output_ports(node)
    if not output_ports(before):
        into = spec.edges_into.get(id, ())
        if into and ins and outs:
            return insert(spec, into[0], node)
        return add_free(spec, replace(node, position=(before.position[0], before.position[1] + ROW)))
    leaving = spec.edges_out_of.get(id, ())
    if len(leaving) == 1 and ins and outs:
        return insert(spec, leaving[0], node)
    x, y = before.position
    if not leaving or not outs or not ins:
        spec = add_free(spec, replace(node, position=(x, y + ROW)))
        return edits.connect(spec, _link(before, node)) if ins else spec
    below = [spec.node(edge.target).position[1] for edge in leaving]
    if min(below) - y < 2 * ROW:
        spec = _shift_down(spec, min(below), y + 2 * ROW - min(below))
    spec = edits.add_node(spec, replace(node, position=(x, y + ROW)))
    moved = tuple(
        replace(edge, source=node.id, source_port=outs[0]) if edge in leaving else edge for edge in spec.edges
    )
    return edits.connect(replace(spec, edges=moved), _link(before, node))


def append(spec: NetworkSpec, node: NodeSpec) -> NetworkSpec:
    """Put a node at the one loose end of the network, or free when there is none or more than one."""
    ends = [
        other.id
        for other in spec.nodes
        if other.id not in spec.edges_out_of and other.type != OUTPUT and output_ports(other)
    ]
    if len(ends) == 1 and input_ports(node):
        return insert_after(spec, ends[0], node)
    return add_free(spec, node)


def link(spec: NetworkSpec, source: str, target: str) -> EdgeSpec:
    """The edge that connecting two nodes means: the first output to the first input that is still free.

    Raises:
        BadInput: when one of them has no port for it.
    """
    if source == target:
        raise BadInput(f"{source} cannot feed itself.", "Choose two different nodes.", node=source)
    return EdgeSpec(source, target, output_of(spec, source), input_of(spec, target))


def output_of(spec: NetworkSpec, id: str) -> str:
    """The first output of a node. Raises `BadInput` when it has none."""
    outs = output_ports(spec.node(id))
    if not outs:
        raise BadInput(f"{id} cannot feed another layer.", f"Choose another node than {id}.", node=id)
    return outs[0]


def input_of(spec: NetworkSpec, id: str) -> str:
    """The first input of a node that is still free, else its first. Raises `BadInput` when it has none."""
    node = spec.node(id)
    ins = input_ports(node)
    if not ins:
        raise BadInput(f"{id} cannot be fed by another layer.", f"Choose another node than {id}.", node=id)
    used = {edge.target_port for edge in spec.edges_into.get(id, ())}
    return next((port for port in ins if port not in used or is_variadic(node)), ins[0])


def detach(spec: NetworkSpec, id: str) -> NetworkSpec:
    """Replace a block by its layers, laid out where it stood; what lies beside and below makes room."""
    block = spec.node(id)
    if block.subgraph is None:
        return edits.detach_block(spec, id)
    inner = layout(block.subgraph)
    rows = [node.position[1] for node in inner.nodes if node.type not in (INPUT, OUTPUT)]
    before = set(spec.by_id)
    opened = edits.detach_block(edits.put_node(spec, replace(block, subgraph=inner)), id)
    fresh = [node for node in opened.nodes if node.id not in before]
    if not fresh or not rows:
        return opened
    drop = block.position[1] - min(node.position[1] for node in fresh)
    room = max(rows) - min(rows)
    moved = {
        node.id: snapped(node.position[0], node.position[1] + (drop if node.id not in before else room))
        for node in opened.nodes
        if node.id not in before or node.position[1] > block.position[1]
    }
    opened = edits.move(opened, moved)
    where = [node.position for node in opened.nodes if node.id in before]
    crowded = any(_overlap(node.position, other) for node in opened.nodes if node.id not in before for other in where)
    return layout(opened) if crowded else opened


def _link(one: NodeSpec, other: NodeSpec) -> EdgeSpec:
    return EdgeSpec(one.id, other.id, output_ports(one)[0], input_ports(other)[0])


def _shift_down(spec: NetworkSpec, from_y: float, by: float) -> NetworkSpec:
    moved = {
        node.id: (node.position[0], node.position[1] + by)
        for node in spec.nodes
        if node.position[1] >= from_y - GRID / 2
    }
    return edits.move(spec, moved)


def _overlap(one: Position, other: Position) -> bool:
    return abs(one[0] - other[0]) < NODE_WIDTH + 8 and abs(one[1] - other[1]) < NODE_HEIGHT + 8
