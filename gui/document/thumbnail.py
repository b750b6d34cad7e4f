"""A network as a strip of coloured dots, left to right, for cards. Plain values, made in the background."""

from __future__ import annotations

from dataclasses import dataclass

from engine.graph.spec import BLOCK, INPUT, OUTPUT, NetworkSpec, NodeSpec
from engine.layers.base import LAYERS

_TELLING = ("attention", "recurrent", "convolution", "dense", "merge", "normalisation", "activation")
"""Of the layers in a block, the first of these that is there gives the block its colour."""


@dataclass(frozen=True)
class Dot:
    """One node: place from 0 to 1 along and from -1 to 1 across, and its layer category."""

    along: float
    across: float
    category: str


@dataclass(frozen=True)
class Thumbnail:
    """The dots of a network in drawing order, and its edges as pairs of their indices."""

    dots: tuple[Dot, ...]
    lines: tuple[tuple[int, int], ...]


def thumbnail(spec: NetworkSpec) -> Thumbnail:
    """The strip of a network that has been laid out top to bottom."""
    if not spec.nodes:
        return Thumbnail((), ())
    across = [node.position[0] for node in spec.nodes]
    along = [node.position[1] for node in spec.nodes]
    middle = sorted(across)[len(across) // 2]
    widest = max((abs(value - middle) for value in across), default=0.0) or 1.0
    low, length = min(along), (max(along) - min(along)) or 1.0
    dots = tuple(
        Dot((node.position[1] - low) / length, (node.position[0] - middle) / widest, _category(node))
        for node in spec.nodes
    )
    number = {node.id: index for index, node in enumerate(spec.nodes)}
    lines = tuple(
        (number[edge.source], number[edge.target])
        for edge in spec.edges
        if edge.source in number and edge.target in number
    )
    return Thumbnail(dots, lines)


def _category(node: NodeSpec) -> str:
    if node.type in (INPUT, OUTPUT):
        return "input"
    if node.type == BLOCK and node.subgraph is not None:
        inside = {_category(inner) for inner in node.subgraph.nodes}
        return next((category for category in _TELLING if category in inside), "block")
    return LAYERS.get(node.type).category if node.type in LAYERS else "block"
