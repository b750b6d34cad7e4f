"""Encoder and decoder layers of transformers."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from engine.blocks.base import BlockEntry, BlockOptions, add
from engine.gallery.base import After, Drawing
from engine.graph.spec import NetworkSpec
from engine.layers.fields import Count

Activation = Literal["GELU", "ReLU"]


def encoder_layer(
    width: int,
    heads: int,
    hidden: int,
    *,
    tokens: int = 64,
    activation: str = "GELU",
    dropout: float = 0.0,
    norm_first: bool = True,
    position: bool = False,
    eps: float = 1e-5,
) -> NetworkSpec:
    """Self-attention and two dense layers, each with normalisation and shortcut: tokens (T, E) to (T, E).

    Args:
        hidden: width between the two dense layers.
        norm_first: normalise before each part, as ViT does, or after each addition (Vaswani et al. 2017, DETR).
        position: take a second input of the same shape that is added to queries and keys, as in DETR.
    """
    net = Drawing("Encoder layer")
    start = net.input(tokens, width)
    place = net.input(tokens, width, id="position") if position else None
    norm = {"eps": eps}
    look = net.node("LayerNorm", "ln_1", start, **norm) if norm_first else start
    if place:
        query = net.node("Add", "add_position", [look, place])
        wires: After = {"query": query, "key": query, "value": look}
        last = net.node("MultiHeadAttention", "attention", wires, num_heads=heads, dropout=dropout)
    else:
        last = net.node("SelfAttention", "attention", look, num_heads=heads, dropout=dropout)
    last = net.node("Add", "add_1", [_dropped(net, "dropout_1", last, dropout), start])
    if not norm_first:
        last = net.node("LayerNorm", "ln_1", last, **norm)
    return net.output(_dense_part(net, last, "2", width, hidden, activation, dropout, norm_first, norm))


def decoder_layer(
    width: int,
    heads: int,
    hidden: int,
    *,
    queries: int = 100,
    tokens: int = 64,
    activation: str = "ReLU",
    dropout: float = 0.0,
    eps: float = 1e-5,
) -> NetworkSpec:
    """DETR's: self-attention of the queries, cross-attention to the picture, two dense layers (Carion et al. 2020).

    Inputs: what is known of each object (Q, E), its query (Q, E), the picture's tokens (T, E) and their positions
    (T, E). Queries and positions are added before every attention, to what is looked for and looked at.
    """
    net = Drawing("Decoder layer")
    start = net.input(queries, width)
    query = net.input(queries, width, id="query")
    memory = net.input(tokens, width, id="memory")
    position = net.input(tokens, width, id="position")
    norm, attention = {"eps": eps}, {"num_heads": heads, "dropout": dropout}
    asking = net.node("Add", "add_query_1", [start, query])
    last = net.node(
        "MultiHeadAttention", "self_attention", {"query": asking, "key": asking, "value": start}, **attention
    )
    last = net.node("Add", "add_1", [_dropped(net, "dropout_1", last, dropout), start])
    known = net.node("LayerNorm", "ln_1", last, **norm)
    wires = {
        "query": net.node("Add", "add_query_2", [known, query]),
        "key": net.node("Add", "add_position", [memory, position]),
        "value": memory,
    }
    last = net.node("MultiHeadAttention", "cross_attention", wires, **attention)
    last = net.node("Add", "add_2", [_dropped(net, "dropout_2", last, dropout), known])
    last = net.node("LayerNorm", "ln_2", last, **norm)
    return net.output(_dense_part(net, last, "3", width, hidden, activation, dropout, False, norm))


def _dense_part(
    net: Drawing,
    start: str,
    number: str,
    width: int,
    hidden: int,
    activation: str,
    dropout: float,
    norm_first: bool,
    norm: dict[str, Any],
) -> str:
    """Two dense layers for every token by itself, with their shortcut and normalisation; returns the last id."""
    last = net.node("LayerNorm", f"ln_{number}", start, **norm) if norm_first else start
    last = net.chain(last, ("Linear", "linear1", {"out_features": hidden}), (activation, "act"))
    last = _dropped(net, "dropout_hidden", last, dropout)
    last = net.node("Linear", "linear2", last, out_features=width)
    last = net.node("Add", f"add_{number}", [_dropped(net, f"dropout_{number}", last, dropout), start])
    return last if norm_first else net.node("LayerNorm", f"ln_{number}", last, **norm)


def _dropped(net: Drawing, id: str, after: str, dropout: float) -> str:
    return net.node("Dropout", id, after, p=dropout) if dropout else after


EXPOSED = {"heads": [("attention", "num_heads", 1)], "hidden width": [("linear1", "out_features", 1)]}
DECODER_EXPOSED = {
    "heads": [("self_attention", "num_heads", 1), ("cross_attention", "num_heads", 1)],
    "hidden width": [("linear1", "out_features", 1)],
}


class EncoderOptions(BlockOptions):
    tokens: Count = Field(64, description="How many tokens come in.")
    width: Count = Field(64, description="Width of each token.")
    heads: Count = Field(4, description="Attentions side by side; the number has to divide the width.")
    hidden: Count = Field(256, description="Width between the two dense layers; usually four times that of a token.")
    activation: Activation = Field("GELU", description="The bend between the two dense layers.")
    dropout: float = Field(0.0, ge=0, lt=1, description="Share of values dropped after each part, in training.")
    norm_first: bool = Field(True, description="Normalise before each part (ViT), or after each addition (DETR).")
    position: bool = Field(False, description="Take positions as a second input and add them to queries and keys.")


class DecoderOptions(BlockOptions):
    queries: Count = Field(20, description="How many objects are asked for.")
    tokens: Count = Field(64, description="How many tokens of the picture are looked at.")
    width: Count = Field(64, description="Width of queries and tokens.")
    heads: Count = Field(4, description="Attentions side by side; the number has to divide the width.")
    hidden: Count = Field(256, description="Width between the two dense layers.")
    activation: Activation = Field("ReLU", description="The bend between the two dense layers.")
    dropout: float = Field(0.0, ge=0, lt=1, description="Share of values dropped after each part, in training.")


add(
    BlockEntry(
        id="encoder_layer",
        label="Transformer encoder layer",
        help="First every token looks at all others and takes over what it finds useful (self-attention), then two "
        "dense layers work on each token by itself. Both parts have a shortcut and layer normalisation (Vaswani et al. "
        "2017). Vision transformers are a stack of these.",
        build=lambda options: encoder_layer(**options.model_dump()),
        options=EncoderOptions,
        category="attention",
        keywords=("transformer", "vit", "detr", "self-attention", "encoder block"),
        exposed=lambda options: EXPOSED,
    )
)
add(
    BlockEntry(
        id="decoder_layer",
        label="Transformer decoder layer",
        help="Object queries first look at one another, so that no two find the same object, then at the picture "
        "(cross-attention), and two dense layers work on each by itself (DETR, Carion et al. 2020).",
        build=lambda options: decoder_layer(**options.model_dump()),
        options=DecoderOptions,
        category="attention",
        keywords=("transformer", "detr", "cross-attention", "object queries", "decoder block"),
        exposed=lambda options: DECODER_EXPOSED,
    )
)
