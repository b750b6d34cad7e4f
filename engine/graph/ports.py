"""Where edges attach: the port names of a node, whether it is a layer, a block or unknown to us. Torch-free."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from engine.errors import BadInput
from engine.frozen import FrozenDict
from engine.graph.spec import BLOCK, NodeSpec
from engine.layers.base import LAYERS, Layer, parse_layer


def input_ports(node: NodeSpec) -> tuple[str, ...]:
    """Names of the ports that take edges.

    A block's ports are its Input nodes in drawing order: the first is called "in", each further one by its node's id.
    A type that the program does not know gets one port, so that its drawing survives.
    """
    if node.type == BLOCK:
        inner = node.subgraph.inputs if node.subgraph else ()
        return tuple("in" if index == 0 else one.id for index, one in enumerate(inner))
    return _layer_ports(node)[0]


def output_ports(node: NodeSpec) -> tuple[str, ...]:
    """Names of the ports that edges leave; a block's are its Output nodes, the first called "out"."""
    if node.type == BLOCK:
        inner = node.subgraph.outputs if node.subgraph else ()
        return tuple("out" if index == 0 else one.id for index, one in enumerate(inner))
    return _layer_ports(node)[1]


def is_variadic(node: NodeSpec) -> bool:
    """Whether the node's input port takes any number of edges."""
    facts = _facts(node.type)
    return facts is not None and facts.variadic


def is_each(node: NodeSpec) -> bool:
    """Whether the node is a block that is applied to every element of its inputs' first axis."""
    return node.type == BLOCK and node.params.get("each") is True


def is_known(node: NodeSpec) -> bool:
    """Whether this program has the node's type."""
    return node.type in LAYERS or (node.type == BLOCK and node.subgraph is not None)


def _layer_ports(node: NodeSpec) -> tuple[tuple[str, ...], tuple[str, ...]]:
    facts = _facts(node.type)
    if facts is None:
        return ("in",), ("out",)
    return facts.ports or _chosen_ports(node.type, node.params)


@dataclass(frozen=True, slots=True)
class _Facts:
    """What is the same for all nodes of a type; `ports` is None where they depend on the settings."""

    variadic: bool
    ports: tuple[tuple[str, ...], tuple[str, ...]] | None


_KNOWN: dict[str, _Facts] = {}


def _facts(type: str) -> _Facts | None:
    """Facts of a layer type, remembered, since ports are asked for at every edge; None for what is no layer."""
    found = _KNOWN.get(type)
    if found is None and type in LAYERS:
        kind = LAYERS.get(type)
        fixed = kind.input_ports is Layer.input_ports and kind.output_ports is Layer.output_ports
        found = _KNOWN[type] = _Facts(kind.variadic, (kind.inputs, kind.outputs) if fixed else None)
    return found


@lru_cache(maxsize=4096)
def _chosen_ports(type: str, params: FrozenDict) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The ports that a layer's settings ask for; those of its defaults while the settings are wrong."""
    try:
        layer = parse_layer(type, params)
    except BadInput:
        layer = parse_layer(type, {})
    return layer.input_ports(), layer.output_ports()
