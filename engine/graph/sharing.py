"""Nodes that use one set of weights: a family is an owner and the nodes beside it that share. Never imports torch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from engine.errors import BadInput
from engine.graph.ids import free_id
from engine.graph.spec import INPUT, OUTPUT, NetworkSpec, NodeSpec


def owner_of(node: NodeSpec) -> str:
    """Id of the node whose weights `node` uses: its own where it shares none."""
    return node.shares or node.id


def family(spec: NetworkSpec, id: str) -> tuple[str, ...]:
    """Ids of all nodes that use the weights which `id` uses, the owner first; only `id` where nobody shares."""
    owner = owner_of(spec.node(id))
    return (owner, *(node.id for node in spec.nodes if node.shares == owner and node.id != owner))


def alike(node: NodeSpec, other: NodeSpec) -> bool:
    """Whether two nodes can use the same weights as far as their settings go."""
    return (node.type, node.params, node.subgraph) == (other.type, other.params, other.subgraph)


def share_weights(spec: NetworkSpec, id: str, of: str) -> NetworkSpec:
    """Let the node `id` use the weights of the node `of`; it takes over that node's type and settings.

    Raises `BadInput` for nodes that have no weights, or for a node and itself.
    """
    node, owner = spec.node(id), spec.node(owner_of(spec.node(of)))
    if node.id == owner.id:
        raise BadInput(f"{id} already uses these weights.", "Choose two different nodes.", node=id)
    if INPUT in (node.type, owner.type) or OUTPUT in (node.type, owner.type):
        raise BadInput("Inputs and outputs have no weights to share.", "Choose two layers or blocks.", node=id)
    spec = own_weights(spec, id)
    tied = replace(owner, id=id, position=node.position, shares=owner.id)
    return replace(spec, nodes=tuple(tied if old.id == id else old for old in spec.nodes))


def use_again(spec: NetworkSpec, id: str, offset: tuple[float, float] = (208.0, 0.0)) -> tuple[NetworkSpec, str]:
    """Add a further node, unconnected, that uses the weights of `id`; returns the network and the new node's id."""
    owner = spec.node(owner_of(spec.node(id)))
    beside = spec.node(id).position
    new = free_id(f"{owner.id}_again", spec.by_id)
    node = replace(owner, id=new, shares=owner.id, position=(beside[0] + offset[0], beside[1] + offset[1]))
    return replace(spec, nodes=(*spec.nodes, node)), new


def own_weights(spec: NetworkSpec, id: str) -> NetworkSpec:
    """Give a node weights of its own. If others used its weights, the first of them owns them from now on."""
    node = spec.node(id)
    if node.shares is None:
        return handed_on(spec, [id])
    return replace(spec, nodes=tuple(replace(old, shares=None) if old.id == id else old for old in spec.nodes))


def handed_on(spec: NetworkSpec, leaving: Iterable[str]) -> NetworkSpec:
    """The network in which nobody shares the weights of the `leaving` nodes: the first user left owns them."""
    gone = set(leaving)
    heirs: dict[str, str] = {}
    nodes = []
    for node in spec.nodes:
        if node.shares in gone and node.id not in gone:
            heir = heirs.setdefault(node.shares, node.id)
            node = replace(node, shares=None if heir == node.id else heir)
        nodes.append(node)
    return replace(spec, nodes=tuple(nodes)) if heirs else spec


def in_step(spec: NetworkSpec, node: NodeSpec) -> NetworkSpec:
    """The network with `node` in place of the one of its id, and its whole family with the same settings."""
    owner = owner_of(node)
    nodes = tuple(
        node
        if old.id == node.id
        else replace(old, type=node.type, params=node.params, subgraph=node.subgraph)
        if owner_of(old) == owner
        else old
        for old in spec.nodes
    )
    return replace(spec, nodes=nodes)
