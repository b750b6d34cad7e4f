"""Edits that turn nodes into a block and a block into nodes. Use them through `engine.graph.edits`. Torch-free."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from engine.errors import BadInput
from engine.graph.ids import check_id, free_id
from engine.graph.ports import input_ports, output_ports
from engine.graph.sharing import family
from engine.graph.spec import BLOCK, INPUT, OUTPUT, EdgeSpec, GroupSpec, NetworkSpec, NodeSpec
from engine.graph.topology import expand, reachable

Point = tuple[float, float]


def _centre(nodes: Iterable[NodeSpec]) -> Point:
    points = [node.position for node in nodes]
    if not points:
        return (0.0, 0.0)
    return sum(x for x, _ in points) / len(points), sum(y for _, y in points) / len(points)


def detach_block(spec: NetworkSpec, id: str) -> NetworkSpec:
    """Replace a block by its plain nodes, called block_inner, around the place where the block stood."""
    block = spec.node(id)
    if block.type != BLOCK or block.subgraph is None:
        raise BadInput(f"{id} ({block.type}) is not a block.", "Choose a node that holds others.", node=id)
    if block.params.get("each"):
        raise BadInput(
            f"{id} is applied to each element of its input, which its layers alone would not be.",
            "Switch that off before you take the block apart.",
            node=id,
        )
    if len(family(spec, id)) > 1:
        others = ", ".join(one for one in family(spec, id) if one != id)
        raise BadInput(
            f"{id} uses the same weights as {others}.", "Give it weights of its own before you take it apart.", node=id
        )
    inner = [node for node in block.subgraph.nodes if node.type not in (INPUT, OUTPUT)]
    taken = set(spec.by_id)
    names: dict[str, str] = {}
    for node in block.subgraph.nodes:
        names[node.id] = free_id(f"{id}_{node.id}", taken)
        taken.add(names[node.id])
    middle = _centre(inner)
    shift = (block.position[0] - middle[0], block.position[1] - middle[1])
    spec = expand(spec, block, names.__getitem__)
    new = {names[node.id] for node in inner}
    nodes = tuple(
        replace(node, position=(node.position[0] + shift[0], node.position[1] + shift[1])) if node.id in new else node
        for node in spec.nodes
    )
    return replace(spec, nodes=nodes, groups=_regrouped(spec.groups, id, tuple(names[n.id] for n in inner)))


def _regrouped(groups: Iterable[GroupSpec], old: str, new: tuple[str, ...]) -> tuple[GroupSpec, ...]:
    """Groups in which `new` stand where `old` stood."""
    result = []
    for group in groups:
        nodes = tuple(one for id in group.nodes for one in (new if id == old else (id,)))
        if nodes or not group.nodes:
            result.append(replace(group, nodes=nodes))
    return tuple(result)


def make_block(spec: NetworkSpec, ids: Iterable[str], name: str = "block1") -> NetworkSpec:
    """Put nodes into a new block called `name`, with a port for each edge that enters or leaves them.

    Edges from the same source share an input port. Raises `BadInput` if the nodes cannot be computed as one step,
    because a path leaves them and comes back.
    """
    chosen = [node for node in spec.nodes if node.id in {spec.node(id).id for id in ids}]
    inside = {node.id for node in chosen}
    check_id(name)
    if not chosen or any(node.type in (INPUT, OUTPUT) for node in chosen):
        raise BadInput("A block needs layers, and not the network's own inputs or outputs.", "Select other nodes.")
    if name in spec.by_id and name not in inside:
        raise BadInput(f"The network already has a node {name!r}.", "Choose another name.")
    for node in chosen:
        apart = [one for one in family(spec, node.id) if one not in inside]
        if apart:
            raise BadInput(
                f"{node.id} uses the same weights as {apart[0]}, which is not selected.",
                "Select both, or give one of them weights of its own.",
                node=node.id,
            )
    outside = {e.target for e in spec.edges if e.source in inside and e.target not in inside}
    back = reachable(spec, outside) & inside
    if back:
        first = sorted(back)[0]
        raise BadInput(
            f"A path leaves the chosen nodes and comes back at {first}.", "Select the nodes on that path too."
        )
    block, entering, leaving = _packed(spec, chosen, inside, name)
    position = next(index for index, node in enumerate(spec.nodes) if node.id in inside)
    nodes = [node for node in spec.nodes if node.id not in inside]
    nodes.insert(sum(node.id not in inside for node in spec.nodes[:position]), block)
    edges: dict[EdgeSpec, None] = {}
    for edge in spec.edges:
        if edge.source in inside and edge.target in inside:
            continue
        if edge.target in inside:
            edge = EdgeSpec(edge.source, name, edge.source_port, entering[edge.source, edge.source_port])
        elif edge.source in inside:
            edge = EdgeSpec(name, edge.target, leaving[edge.source, edge.source_port], edge.target_port)
        edges[edge] = None
    groups = []
    for group in spec.groups:
        left = tuple(id for id in group.nodes if id not in inside)
        if len(left) < len(group.nodes) and inside.issuperset(group.nodes):
            continue
        groups.append(replace(group, nodes=left))
    return replace(spec, nodes=tuple(nodes), edges=tuple(edges), groups=tuple(groups))


Ports = dict[tuple[str, str], str]


def _packed(spec: NetworkSpec, chosen: list[NodeSpec], inside: set[str], name: str) -> tuple[NodeSpec, Ports, Ports]:
    """The block node, and the port names by (source, port) of what enters and of what leaves."""
    sources = list(dict.fromkeys((e.source, e.source_port) for e in spec.edges if _enters(e, inside)))
    results = list(dict.fromkeys((e.source, e.source_port) for e in spec.edges if _leaves(e, inside)))
    taken = set(inside)
    x, y = _centre(chosen)
    top = min(node.position[1] for node in chosen) - 96.0
    bottom = max(node.position[1] for node in chosen) + 96.0
    ends_in, ends_out = [], []
    for index in range(max(len(sources), 1)):
        ends_in.append(NodeSpec(free_id("input1", taken), INPUT, position=(x + 160.0 * index, top)))
        taken.add(ends_in[-1].id)
    for index in range(max(len(results), 1)):
        ends_out.append(NodeSpec(free_id("output1", taken), OUTPUT, position=(x + 160.0 * index, bottom)))
        taken.add(ends_out[-1].id)
    entry = {source: node.id for source, node in zip(sources, ends_in, strict=False)}
    edges = []
    for edge in spec.edges:
        if edge.source in inside and edge.target in inside:
            edges.append(edge)
        elif edge.target in inside:
            edges.append(EdgeSpec(entry[edge.source, edge.source_port], edge.target, "out", edge.target_port))
    edges += [EdgeSpec(source, node.id, port, "in") for (source, port), node in zip(results, ends_out, strict=False)]
    subgraph = NetworkSpec(name, (*ends_in, *chosen, *ends_out), tuple(edges))
    block = NodeSpec(name, BLOCK, position=(x, y), subgraph=subgraph)
    entering = dict(zip(sources, input_ports(block), strict=False))
    leaving = dict(zip(results, output_ports(block), strict=False))
    return block, entering, leaving


def _enters(edge: EdgeSpec, inside: set[str]) -> bool:
    return edge.target in inside and edge.source not in inside


def _leaves(edge: EdgeSpec, inside: set[str]) -> bool:
    return edge.source in inside and edge.target not in inside
