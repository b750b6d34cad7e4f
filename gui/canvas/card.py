"""What a node's card says, taken from the node and its layer's declaration. No Qt, no torch."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from functools import lru_cache

from engine.errors import BadInput
from engine.graph.paths import name_of, parent_of
from engine.graph.ports import input_ports, is_each, output_ports
from engine.graph.spec import BLOCK, INPUT, OUTPUT, NetworkSpec, NodeSpec
from engine.layers.base import LAYERS, layer_of


@dataclass(frozen=True)
class Card:
    """The words, ports and colour of one card.

    Attributes:
        title: the type, as PyTorch calls it.
        name: the node's id.
        summary: what matters about its parameters; "" if they cannot be read.
        category: of the layer, for a block that of most of its layers; "" for an unknown type.
        layers: how many layers a block holds, 0 for a plain node.
        known: whether this program has the type.
        shares: name of the node whose weights it uses again, or "".
        each: whether a block is applied to every element of its input.
    """

    title: str
    name: str
    summary: str
    category: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    layers: int = 0
    known: bool = True
    shares: str = ""
    each: bool = False


def card_of(node: NodeSpec) -> Card:
    """The card of a node; whatever stands in a file, there is one. Where the node stands does not matter."""
    card = _card(replace(node, id=name_of(node.id), position=(0.0, 0.0)))
    # What comes into a block decides, not the size that its Input was drawn with: the card says what is worked out.
    return replace(card, summary="") if node.type == INPUT and parent_of(node.id) else card


@lru_cache(maxsize=8192)
def _card(node: NodeSpec) -> Card:
    ins, outs = input_ports(node), output_ports(node)
    if node.type == BLOCK and node.subgraph is not None:
        inside = count_layers(node.subgraph)
        name = node.subgraph.name
        title = name if name not in ("", "Untitled") else "Block"
        parts, category = _listed(node.subgraph), main_category(node.subgraph)
        return Card(title, node.id, parts, category, ins, outs, inside, True, node.shares or "", is_each(node))
    if node.type not in LAYERS:
        return Card(node.type, node.id, "unknown layer", "", ins, outs, known=False)
    declaration = LAYERS.get(node.type)
    try:
        summary = layer_of(node).summary()
    except BadInput:
        summary = ""
    return Card(declaration.label, node.id, summary, declaration.category, ins, outs, shares=node.shares or "")


def count_layers(spec: NetworkSpec) -> int:
    """Layers in a network, those in nested blocks included, its ends not."""
    return sum(
        count_layers(node.subgraph) if node.subgraph else 1 for node in spec.nodes if node.type not in (INPUT, OUTPUT)
    )


def main_category(spec: NetworkSpec) -> str:
    """The category that gives a block its tint: that of its weighty layers before that of the small ones."""
    found: Counter[str] = Counter()
    for node in spec.nodes:
        if node.subgraph is not None:
            found[main_category(node.subgraph)] += 1
        elif node.type in LAYERS:
            found[LAYERS.get(node.type).category] += 1
    for category in ("convolution", "attention", "recurrent", "dense"):
        if found[category]:
            return category
    rest = [category for category, _ in found.most_common() if category not in ("input", "")]
    return rest[0] if rest else ""


def _listed(spec: NetworkSpec) -> str:
    found: Counter[str] = Counter()
    for node in spec.nodes:
        if node.type not in (INPUT, OUTPUT):
            found[node.subgraph.name if node.subgraph else node.type] += 1
    # "2 × 3 bottlenecks": a name that begins with a number of its own needs the sign.
    return " · ".join(
        (f"{many} × {name}" if name[:1].isdigit() else f"{many} {name}") if many > 1 else name
        for name, many in found.most_common(3)
    )
