"""Switching a per-pixel network between all pixels and sampled ones: pure edits, never imports torch."""

from __future__ import annotations

from dataclasses import replace

from engine.errors import BadInput
from engine.graph import edits
from engine.graph.spec import INPUT, EdgeSpec, NetworkSpec, NodeSpec

LAYER = "Hypercolumn"
POSITIONS = "positions"


def at_pixels(spec: NetworkSpec, count: int) -> NetworkSpec:
    """The same network with the same weights for `count` pixels of each picture, whose (x, y) are a second input.

    Training at about 2,000 pixels of a picture takes a small part of the time and memory of training at all of them
    (PixelNet). The answer (K, H, W) becomes (K, P, 1). Raises `BadInput` if the network has no Hypercolumn.
    """
    spec = at_all_pixels(spec)
    place = POSITIONS if POSITIONS not in spec.by_id else f"{POSITIONS}_xy"
    spec = edits.set_params(spec, _hypercolumn(spec).id, sampled=True)
    column = _hypercolumn(spec)
    where = (column.position[0] + 240.0, column.position[1] - 104.0)
    node = NodeSpec(place, INPUT, {"shape": (count, 2)}, where)
    edge = EdgeSpec(place, column.id, target_port=POSITIONS)
    return replace(spec, nodes=(*spec.nodes, node), edges=(*spec.edges, edge))


def at_all_pixels(spec: NetworkSpec) -> NetworkSpec:
    """The same network for all pixels of each picture."""
    column = _hypercolumn(spec)
    sources = [edge.source for edge in spec.edges_into.get(column.id, ()) if edge.target_port == POSITIONS]
    if column.params.get("sampled"):
        spec = edits.set_params(spec, column.id, sampled=False)
    nodes = tuple(node for node in spec.nodes if node.id not in sources)
    edges = tuple(edge for edge in spec.edges if edge.source not in sources)
    return replace(spec, nodes=nodes, edges=edges)


def _hypercolumn(spec: NetworkSpec) -> NodeSpec:
    for node in spec.nodes:
        if node.type == LAYER:
            return node
    raise BadInput(
        f"The network {spec.name!r} has no Hypercolumn, so it cannot answer for single pixels.",
        "Join its levels with a Hypercolumn, or open PixelNet from the gallery.",
    )
