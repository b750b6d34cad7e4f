"""Edits that reach into blocks and across their borders. Pure functions from spec to spec; never imports torch.

A block's ports are the Input and Output nodes inside it, so whoever changes those changes what the edges outside may
attach to. The functions here keep both sides in step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from engine.errors import BadInput
from engine.graph import edits
from engine.graph.edits import Edit
from engine.graph.ids import free_id
from engine.graph.layout import ROW
from engine.graph.paths import common, inner, is_inside, join, level_of, name_of, parent_of
from engine.graph.ports import input_ports, output_ports
from engine.graph.sharing import family
from engine.graph.spec import INPUT, OUTPUT, EdgeSpec, NetworkSpec, NodeSpec
from engine.graph.unfold import End

Names = Mapping[str, str | None]
"""What has become of a block's ports: the new name, or None for one that is gone."""


def change(network: NetworkSpec, path: str, edit: Edit) -> NetworkSpec:
    """Make an edit in the level at `path`. Edges at ports of the block that it renames or removes follow."""
    if not path:
        return edit(network)
    before = inner(network, path)
    done = edits.inside(network, path, edit)
    after = inner(done, path)
    entering = _became(before, after, inputs=True)
    leaving = _became(before, after, inputs=False)
    if all(old == new for names in (entering, leaving) for old, new in names.items()):
        return done
    id = name_of(path)
    return edits.inside(done, parent_of(path), lambda level: _rewired(level, family(level, id), entering, leaving))


def _became(before: NodeSpec, after: NodeSpec, inputs: bool) -> Names:
    ports = input_ports if inputs else output_ports
    old, new = _ends(before, inputs), _ends(after, inputs)
    where = {one.id: number for number, one in enumerate(new)}
    renamed = len(old) == len(new)
    found: dict[str, str | None] = {}
    for number, (one, port) in enumerate(zip(old, ports(before), strict=True)):
        at = where.get(one.id, number if renamed and new[number].id not in {other.id for other in old} else None)
        found[port] = ports(after)[at] if at is not None else None
    return found


def _ends(block: NodeSpec, inputs: bool) -> tuple[NodeSpec, ...]:
    if block.subgraph is None:
        return ()
    return block.subgraph.inputs if inputs else block.subgraph.outputs


def _rewired(level: NetworkSpec, blocks: Sequence[str], entering: Names, leaving: Names) -> NetworkSpec:
    kept = []
    for edge in level.edges:
        source = leaving.get(edge.source_port, edge.source_port) if edge.source in blocks else edge.source_port
        target = entering.get(edge.target_port, edge.target_port) if edge.target in blocks else edge.target_port
        if source is not None and target is not None:
            kept.append(replace(edge, source_port=source, target_port=target))
    return replace(level, edges=tuple(kept))


def connect_across(network: NetworkSpec, source: End, target: End) -> NetworkSpec:
    """Draw an edge from any level to any other. The blocks whose borders it crosses get a port for it, or share one
    through which the same value passes already.

    Raises `BadInput` where an end is inside a block whose other end is that block itself.
    """
    for one, other in ((source, target), (target, source)):
        block = join(one.path, one.node)
        if is_inside(join(other.path, other.node), block):
            raise BadInput(
                f"{other.node} is inside {block}, which cannot be connected with its own inside.",
                f"Connect {other.node} with a port on the frame of {block} instead.",
                node=block,
            )
    top = common([source.path, target.path])
    while source.path != top:
        network, source = _out(network, source)
    way = []
    path = target.path
    while path != top:
        way.append(path)
        path = parent_of(path)
    for block in reversed(way):
        network, source = _into(network, source, block)
    edge = EdgeSpec(source.node, target.node, source.port, target.port)
    return edits.inside(network, target.path, lambda level: edits.connect(level, edge))


def _out(network: NetworkSpec, source: End) -> tuple[NetworkSpec, End]:
    """Lead a value out of its block, by an Output that has it already or by a new one."""
    level = level_of(network, source.path)
    block = source.path
    for edge in level.edges_out_of.get(source.node, ()):
        if edge.source_port == source.port and level.by_id[edge.target].type == OUTPUT:
            return network, _port(network, block, edge.target, inputs=False)
    x, _ = level.by_id[source.node].position
    low = max(node.position[1] for node in level.nodes)
    used = {node.position for node in level.nodes}
    if (x, low) in used and not any(node.type == OUTPUT and node.position[1] == low for node in level.nodes):
        low += ROW
    made = NodeSpec(free_id("output1", level.by_id), OUTPUT, position=_beside(x, low, used))

    def edit(level: NetworkSpec) -> NetworkSpec:
        return edits.connect(edits.add_node(level, made), EdgeSpec(source.node, made.id, source.port, "in"))

    network = change(network, block, edit)
    return network, _port(network, block, made.id, inputs=False)


def _into(network: NetworkSpec, source: End, block: str) -> tuple[NetworkSpec, End]:
    """Lead a value into a block, by an Input that is fed with it already or by a new one."""
    outside, owner = level_of(network, parent_of(block)), inner(network, block)
    for number, port in enumerate(input_ports(owner)):
        edge = EdgeSpec(source.node, owner.id, source.port, port)
        if edge in outside.edges:
            return network, End(block, _ends(owner, inputs=True)[number].id, "out")
    level = level_of(network, block)
    top = min((node.position[1] for node in level.nodes), default=0.0)
    x = max((node.position[0] for node in level.inputs), default=-1.0 * ROW)
    used = {node.position for node in level.nodes}
    made = NodeSpec(free_id("input1", level.by_id), INPUT, position=_beside(x, top, used))
    network = change(network, block, lambda level: edits.add_node(level, made))
    port = _port(network, block, made.id, inputs=True).port
    edge = EdgeSpec(source.node, owner.id, source.port, port)
    network = edits.inside(network, parent_of(block), lambda level: edits.connect(level, edge))
    return network, End(block, made.id, "out")


def _port(network: NetworkSpec, block: str, id: str, inputs: bool) -> End:
    """The port of a block that one of the nodes at its ends is."""
    owner = inner(network, block)
    number = next(n for n, one in enumerate(_ends(owner, inputs)) if one.id == id)
    return End(parent_of(block), owner.id, (input_ports if inputs else output_ports)(owner)[number])


def _beside(x: float, y: float, used: set[tuple[float, float]]) -> tuple[float, float]:
    while (x, y) in used:
        x += 2 * ROW
    return (x, y)
