"""Copied nodes as JSON text, so that they travel between windows and into messages; read back as strictly as a file."""

from __future__ import annotations

from engine.errors import BadInput
from engine.graph.layout import GAP, GRID, NODE_HEIGHT, NODE_WIDTH
from engine.graph.spec import NetworkSpec, to_json
from engine.project.network_file import network_from_plain
from engine.project.plain import parse_plain

MAX_TEXT = 2_000_000

Position = tuple[float, float]


def to_text(fragment: NetworkSpec) -> str:
    """The clipboard's text for some nodes and the edges among them."""
    return to_json(fragment)


def from_text(text: str) -> NetworkSpec:
    """The nodes in a clipboard's text. Raises `BadInput` for anything else."""
    if not text.strip().startswith("{"):
        raise BadInput("The clipboard holds no layers.", "Select layers, copy them, and paste again.")
    if len(text) > MAX_TEXT:
        raise BadInput(
            f"The clipboard holds {len(text):,} characters, more than {MAX_TEXT:,}.",
            "Copy fewer layers, or save the network and open the file.",
        )
    fragment = network_from_plain(parse_plain(text.encode("utf-8", "replace")))
    if not fragment.nodes:
        raise BadInput("The clipboard holds a network without layers.", "Select layers, copy them, and paste again.")
    return fragment


def offset(fragment: NetworkSpec, into: NetworkSpec, centre: Position | None = None) -> Position:
    """How far pasted nodes move: around `centre`, else to the first free place right of their originals."""
    xs, ys = [n.position[0] for n in fragment.nodes], [n.position[1] for n in fragment.nodes]
    if not xs:
        return (0.0, 0.0)
    if centre is not None:
        dx, dy = centre[0] - (min(xs) + max(xs)) / 2, centre[1] - (min(ys) + max(ys)) / 2
        return float(round(dx / GRID) * GRID), float(round(dy / GRID) * GRID)
    dx = 0.0
    while any(
        abs(x + dx - node.position[0]) < NODE_WIDTH and abs(y - node.position[1]) < NODE_HEIGHT
        for x, y in zip(xs, ys, strict=True)
        for node in into.nodes
    ):
        dx += NODE_WIDTH + GAP
    return (dx, 0.0)
