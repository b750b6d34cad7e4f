"""Where edges attach: the port names of a node, whether it is a layer, a block or unknown to us. Torch-free."""

from __future__ import annotations

from engine.graph.spec import BLOCK, NodeSpec
from engine.layers.base import LAYERS


def input_ports(node: NodeSpec) -> tuple[str, ...]:
    """Names of the ports that take edges.

    A block's ports are its Input nodes in drawing order: the first is called "in", each further one by its node's id.
    A type that the program does not know gets one port, so that its drawing survives.
    """
    if node.type == BLOCK:
        inner = node.subgraph.inputs if node.subgraph else ()
        return tuple("in" if index == 0 else one.id for index, one in enumerate(inner))
    return LAYERS.get(node.type).inputs if node.type in LAYERS else ("in",)


def output_ports(node: NodeSpec) -> tuple[str, ...]:
    """Names of the ports that edges leave; a block's are its Output nodes, the first called "out"."""
    if node.type == BLOCK:
        inner = node.subgraph.outputs if node.subgraph else ()
        return tuple("out" if index == 0 else one.id for index, one in enumerate(inner))
    return LAYERS.get(node.type).outputs if node.type in LAYERS else ("out",)


def is_variadic(node: NodeSpec) -> bool:
    """Whether the node's input port takes any number of edges."""
    return node.type in LAYERS and LAYERS.get(node.type).variadic


def is_known(node: NodeSpec) -> bool:
    """Whether this program has the node's type."""
    return node.type in LAYERS or (node.type == BLOCK and node.subgraph is not None)
