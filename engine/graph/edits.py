"""Edits: pure functions from spec to spec. Each returns a new network or raises `BadInput`. Never imports torch.

An edit refuses what cannot be drawn (an unknown node, a port that is not there). What can be drawn but not computed,
such as a cycle or a kernel that is too large, is allowed and named by `engine.graph.analyse`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from engine.errors import BadInput
from engine.frozen import FrozenDict
from engine.graph.blocks import detach_block as detach_block
from engine.graph.blocks import make_block as make_block
from engine.graph.exposed import Target
from engine.graph.exposed import set_exposed as _set_exposed
from engine.graph.exposed import with_exposed as _with_exposed
from engine.graph.ids import check_id, free_id
from engine.graph.ids import fresh_id as fresh_id
from engine.graph.ports import input_ports, is_known, is_variadic, output_ports
from engine.graph.sharing import alike, handed_on, in_step
from engine.graph.sharing import own_weights as own_weights
from engine.graph.sharing import share_weights as share_weights
from engine.graph.sharing import use_again as use_again
from engine.graph.spec import EdgeSpec, GroupSpec, NetworkSpec, NodeSpec

Edit = Callable[[NetworkSpec], NetworkSpec]


def add_node(spec: NetworkSpec, node: NodeSpec) -> NetworkSpec:
    """Put a node into the network, unconnected."""
    check_id(node.id)
    if node.id in spec.by_id:
        raise BadInput(f"The network already has a node {node.id!r}.", "Choose another name.")
    return replace(spec, nodes=(*spec.nodes, node))


def remove(spec: NetworkSpec, ids: Iterable[str], heal: bool = False) -> NetworkSpec:
    """Take nodes out, with their edges. `heal` joins what fed a removed node to what it fed.

    Weights that others use as well go on to the first of these.
    """
    gone = [spec.node(id).id for id in ids]
    for id in gone if heal else ():
        spec = _bypass(spec, id)
    lost = set(gone)
    spec = handed_on(spec, lost)
    return replace(
        spec,
        nodes=tuple(node for node in spec.nodes if node.id not in lost),
        edges=tuple(edge for edge in spec.edges if edge.source not in lost and edge.target not in lost),
        groups=_trimmed(spec.groups, lost),
    )


def _bypass(spec: NetworkSpec, id: str) -> NetworkSpec:
    """Let everything that `id` feeds be fed by what comes first into `id`."""
    feeding = next((edge for edge in spec.edges_into.get(id, ()) if edge.source != id), None)
    if feeding is None:
        return spec
    edges: dict[EdgeSpec, None] = {}
    for edge in spec.edges:
        if edge.source == id and edge.target != id:
            edge = replace(edge, source=feeding.source, source_port=feeding.source_port)
        edges[edge] = None
    return replace(spec, edges=tuple(edges))


def _trimmed(groups: Iterable[GroupSpec], lost: set[str]) -> tuple[GroupSpec, ...]:
    """Groups without the lost nodes; a group that had nodes and has none left goes too."""
    kept = []
    for group in groups:
        left = tuple(id for id in group.nodes if id not in lost)
        if left or not group.nodes:
            kept.append(replace(group, nodes=left))
    return tuple(kept)


def connect(spec: NetworkSpec, edge: EdgeSpec) -> NetworkSpec:
    """Draw an edge. On a port that takes only one edge it replaces, in place, the one that is there."""
    _check_ports(spec, edge)
    if edge in spec.edges:
        return spec
    if not is_variadic(spec.node(edge.target)):
        for index, old in enumerate(spec.edges):
            if (old.target, old.target_port) == (edge.target, edge.target_port):
                return replace(spec, edges=(*spec.edges[:index], edge, *spec.edges[index + 1 :]))
    return replace(spec, edges=(*spec.edges, edge))


def _check_ports(spec: NetworkSpec, edge: EdgeSpec) -> None:
    source, target = spec.node(edge.source), spec.node(edge.target)
    ends = ((source, edge.source_port, output_ports, "output"), (target, edge.target_port, input_ports, "input"))
    for node, port, ports, word in ends:
        if not is_known(node):
            continue  # we cannot know its ports, and its drawing must survive
        known = ports(node)
        if port not in known:
            some = f"It has {', '.join(known)}." if known else f"It has no {word}s at all."
            raise BadInput(f"{node.id} ({node.type}) has no {word} called {port!r}.", some, node=node.id)


def disconnect(spec: NetworkSpec, edge: EdgeSpec) -> NetworkSpec:
    """Take an edge away."""
    if edge not in spec.edges:
        raise BadInput(f"{edge.source} and {edge.target} are not connected.", "Choose an edge of the network.")
    return replace(spec, edges=tuple(other for other in spec.edges if other != edge))


def insert_on_edge(spec: NetworkSpec, edge: EdgeSpec, node: NodeSpec) -> NetworkSpec:
    """Put a new node in the middle of an edge, using its first input and output."""
    if edge not in spec.edges:
        raise BadInput(f"{edge.source} and {edge.target} are not connected.", "Choose an edge of the network.")
    ins, outs = input_ports(node), output_ports(node)
    if not ins or not outs:
        raise BadInput(f"A {node.type} cannot stand on an edge.", "Insert a layer that has an input and an output.")
    spec = add_node(spec, node)
    before = EdgeSpec(edge.source, node.id, edge.source_port, ins[0])
    after = EdgeSpec(node.id, edge.target, outs[0], edge.target_port)
    index = spec.edges.index(edge)
    return replace(spec, edges=(*spec.edges[:index], before, after, *spec.edges[index + 1 :]))


def put_node(spec: NetworkSpec, node: NodeSpec) -> NetworkSpec:
    """Replace the node that has the same id. Nodes that use the same weights take over its settings."""
    spec.node(node.id)
    return in_step(spec, node)


def set_params(spec: NetworkSpec, id: str, /, **changes: Any) -> NetworkSpec:
    """Set parameters of a node; what the values mean is checked by `analyse`."""
    return update_params(spec, id, changes)


def update_params(spec: NetworkSpec, id: str, changes: Mapping[str, Any]) -> NetworkSpec:
    """Like `set_params`, with the changes as a mapping."""
    return put_node(spec, spec.node(id).with_params(**changes))


def reset_param(spec: NetworkSpec, id: str, name: str) -> NetworkSpec:
    """Put a parameter back to its layer's default."""
    node = spec.node(id)
    params = FrozenDict({key: value for key, value in node.params.items() if key != name})
    return put_node(spec, replace(node, params=params))


def swap_type(spec: NetworkSpec, id: str, type: str, params: Mapping[str, Any] | None = None) -> NetworkSpec:
    """Make a node another type of layer. Edges stay where the new type has a port for them.

    Its weights are its own then; those that it shared stay with the others.
    """
    spec = own_weights(spec, id)
    node = replace(spec.node(id), type=type, params=FrozenDict(params or {}), subgraph=None)
    spec = put_node(spec, node)
    if not is_known(node):
        return spec
    ins, outs, many = input_ports(node), output_ports(node), is_variadic(node)
    used: set[str] = set()
    edges = []
    for edge in spec.edges:
        if edge.source == id and edge.source_port not in outs:
            continue
        if edge.target == id and (edge.target_port not in ins or (edge.target_port in used and not many)):
            continue
        if edge.target == id:
            used.add(edge.target_port)
        edges.append(edge)
    return replace(spec, edges=tuple(edges))


def rename(spec: NetworkSpec, old: str, new: str) -> NetworkSpec:
    """Give a node another id, everywhere."""
    node = spec.node(old)
    if new == old:
        return spec
    check_id(new)
    if new in spec.by_id:
        raise BadInput(f"The network already has a node {new!r}.", "Choose another name.")
    return _renamed(spec, {node.id: new})


def _renamed(spec: NetworkSpec, names: Mapping[str, str]) -> NetworkSpec:
    return replace(
        spec,
        nodes=tuple(_renamed_node(node, names) for node in spec.nodes),
        edges=tuple(
            replace(e, source=names.get(e.source, e.source), target=names.get(e.target, e.target)) for e in spec.edges
        ),
        groups=tuple(replace(g, nodes=tuple(names.get(id, id) for id in g.nodes)) for g in spec.groups),
    )


def _renamed_node(node: NodeSpec, names: Mapping[str, str]) -> NodeSpec:
    if node.id not in names and node.shares not in names:
        return node
    shares = names.get(node.shares, node.shares) if node.shares else None
    return replace(node, id=names.get(node.id, node.id), shares=shares)


def copy(spec: NetworkSpec, ids: Iterable[str]) -> NetworkSpec:
    """Return the chosen nodes, in drawing order, with the edges and whole groups among them."""
    chosen = {spec.node(id).id for id in ids}
    return NetworkSpec(
        name=spec.name,
        nodes=tuple(node for node in spec.nodes if node.id in chosen),
        edges=tuple(edge for edge in spec.edges if edge.source in chosen and edge.target in chosen),
        groups=tuple(group for group in spec.groups if group.nodes and chosen.issuperset(group.nodes)),
    )


def paste(
    spec: NetworkSpec, fragment: NetworkSpec, offset: tuple[float, float] = (32.0, 32.0)
) -> tuple[NetworkSpec, tuple[str, ...]]:
    """Add a copied fragment, moved by `offset`; returns the network and the pasted nodes' ids.

    A node that shared the weights of one that was not copied goes on doing so where that one is in the network.
    """
    taken = set(spec.by_id)
    names: dict[str, str] = {}
    for node in fragment.nodes:
        names[node.id] = free_id(node.id, taken)
        taken.add(names[node.id])
    labels = {group.id for group in spec.groups}
    groups = []
    for group in fragment.groups:
        id = free_id(group.id, labels)
        labels.add(id)
        groups.append(replace(group, id=id))
    new = _renamed(replace(fragment, groups=tuple(groups)), names)
    dx, dy = offset
    nodes = tuple(
        replace(n, position=(n.position[0] + dx, n.position[1] + dy), shares=_known_owner(spec, n, names))
        for n in new.nodes
    )
    pasted = replace(
        spec,
        nodes=spec.nodes + nodes,
        edges=spec.edges + new.edges,
        groups=spec.groups + new.groups,
    )
    return pasted, tuple(node.id for node in nodes)


def _known_owner(spec: NetworkSpec, node: NodeSpec, names: Mapping[str, str]) -> str | None:
    """What a pasted node may share: a node pasted with it, or one like it in the network."""
    if node.shares is None or node.shares in names.values():
        return node.shares
    owner = spec.by_id.get(node.shares)
    return node.shares if owner is not None and owner.shares is None and alike(node, owner) else None


def move(spec: NetworkSpec, positions: Mapping[str, tuple[float, float]]) -> NetworkSpec:
    """Put nodes at these centres, in scene units."""
    for id in positions:
        spec.node(id)
    nodes = tuple(replace(n, position=positions[n.id]) if n.id in positions else n for n in spec.nodes)
    return replace(spec, nodes=nodes)


# Side -> (axis of the position, how the common value comes from the nodes' values).
_SIDES: dict[str, tuple[int, Callable[[Sequence[float]], float]]] = {
    "left": (0, min),
    "right": (0, max),
    "centre": (0, lambda values: sum(values) / len(values)),
    "top": (1, min),
    "bottom": (1, max),
    "middle": (1, lambda values: sum(values) / len(values)),
}


def align(spec: NetworkSpec, ids: Iterable[str], edge: str) -> NetworkSpec:
    """Line nodes up on "left", "right", "centre" (one x) or "top", "bottom", "middle" (one y)."""
    if edge not in _SIDES:
        raise BadInput(f"Nodes cannot be aligned on {edge!r}.", f"Choose one of {', '.join(_SIDES)}.")
    nodes = [spec.node(id) for id in ids]
    if len(nodes) < 2:
        raise BadInput("Aligning needs at least two nodes.", "Select more nodes.")
    axis, common = _SIDES[edge]
    value = common([node.position[axis] for node in nodes])
    return move(spec, {node.id: _at(node.position, axis, value) for node in nodes})


def distribute(spec: NetworkSpec, ids: Iterable[str], axis: str) -> NetworkSpec:
    """Space nodes evenly between the outermost two, along "horizontal" or "vertical"."""
    if axis not in ("horizontal", "vertical"):
        raise BadInput(f"Nodes cannot be distributed along {axis!r}.", "Choose horizontal or vertical.")
    which = 0 if axis == "horizontal" else 1
    nodes = sorted((spec.node(id) for id in ids), key=lambda node: node.position[which])
    if len(nodes) < 3:
        raise BadInput("Distributing needs at least three nodes.", "Select more nodes.")
    first, last = nodes[0].position[which], nodes[-1].position[which]
    step = (last - first) / (len(nodes) - 1)
    return move(spec, {node.id: _at(node.position, which, first + step * n) for n, node in enumerate(nodes)})


def _at(position: tuple[float, float], axis: int, value: float) -> tuple[float, float]:
    return (value, position[1]) if axis == 0 else (position[0], value)


def set_groups(spec: NetworkSpec, groups: Iterable[GroupSpec]) -> NetworkSpec:
    """Replace all groups."""
    new = tuple(groups)
    for group in new:
        for id in group.nodes:
            spec.node(id)
    if len({group.id for group in new}) != len(new):
        raise BadInput("Two groups have the same id.", "Give every group an id of its own.")
    return replace(spec, groups=new)


def set_name(spec: NetworkSpec, name: str) -> NetworkSpec:
    """Give the network a name."""
    if not name.strip():
        raise BadInput("A network needs a name.", "Type at least one letter.")
    return replace(spec, name=name.strip())


def set_exposed(spec: NetworkSpec, id: str, name: str, value: Any) -> NetworkSpec:
    """Set a parameter that a block shows, in all the layers inside that it stands for."""
    return put_node(spec, _set_exposed(spec.node(id), name, value))


def expose(spec: NetworkSpec, id: str, name: str, targets: Iterable[Target]) -> NetworkSpec:
    """Let a block show a parameter of layers inside it; without targets it no longer shows it."""
    return put_node(spec, _with_exposed(spec.node(id), name, targets))


def set_each(spec: NetworkSpec, id: str, each: bool) -> NetworkSpec:
    """Apply a block to every element of its input's first axis (the frames of a clip), or to the whole."""
    node = spec.node(id)
    if node.subgraph is None:
        raise BadInput(f"{id} ({node.type}) is not a block.", "Choose a node that holds others.", node=id)
    rest = {key: value for key, value in node.params.items() if key != "each"}
    return put_node(spec, replace(node, params=FrozenDict({**rest, "each": True} if each else rest)))


def inside(spec: NetworkSpec, path: str, edit: Edit) -> NetworkSpec:
    """Apply an edit to the network inside a block; `path` is "block" or "outer.inner", "" the network itself."""
    if not path:
        return edit(spec)
    head, _, rest = path.partition(".")
    node = spec.node(head)
    if node.subgraph is None:
        raise BadInput(f"{head} ({node.type}) is not a block.", "Choose a node that holds others.", node=head)
    return put_node(spec, replace(node, subgraph=inside(node.subgraph, rest, edit)))
