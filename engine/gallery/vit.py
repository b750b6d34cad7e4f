"""The vision transformer ViT-B/16, exact to torchvision's."""

from __future__ import annotations

import re

from pydantic import Field

from engine.blocks.transformer import EXPOSED, encoder_layer
from engine.gallery.base import Drawing, GalleryEntry, Options, PaperRow, add
from engine.graph.spec import NetworkSpec

EPS = 1e-6


class VisionTransformerOptions(Options):
    image_size: int = Field(224, ge=1, le=4096, description="Height and width of the pictures; patches divide it.")
    patch_size: int = Field(16, ge=1, le=1024, description="Height and width of a patch, in pixels.")
    width: int = Field(768, ge=1, le=16_384, description="Width of each token.")
    depth: int = Field(12, ge=1, le=100, description="Number of encoder layers.")
    heads: int = Field(12, ge=1, le=1024, description="Attentions side by side; the number has to divide the width.")
    hidden: int = Field(3072, ge=1, le=100_000, description="Width between the two dense layers of each encoder layer.")
    dropout: float = Field(0.0, ge=0, lt=1, description="Share of values dropped in training; torchvision has none.")


def encoder(options: VisionTransformerOptions, tokens: int) -> NetworkSpec:
    """`depth` equal layers and a last normalisation."""
    net = Drawing("Transformer encoder")
    last = net.input(tokens, options.width)
    layer = encoder_layer(options.width, options.heads, options.hidden, tokens=tokens, dropout=options.dropout, eps=EPS)
    for number in range(options.depth):
        last = net.block(f"layer{number}", layer, last, exposed=EXPOSED)
    return net.output(net.node("LayerNorm", "ln", last, eps=EPS))


def build(options: VisionTransformerOptions) -> NetworkSpec:
    known = (options.patch_size, options.width, options.depth) == (16, 768, 12)
    net = Drawing("ViT-B/16" if known else "Vision transformer")
    last = net.chain(
        net.input(options.in_channels, options.image_size, options.image_size),
        ("PatchEmbedding", "patches", {"embed_dim": options.width, "patch_size": options.patch_size}),
        ("ClassToken", "class_token"),
        ("PositionalEmbedding", "position"),
    )
    if options.dropout:
        last = net.node("Dropout", "dropout", last, p=options.dropout)
    tokens = (options.image_size // options.patch_size) ** 2 + 1
    last = net.chain(
        net.block("encoder", encoder(options, tokens), last),
        ("Select", "class_output"),
        ("Linear", "head", {"out_features": options.num_classes}),
    )
    return net.output(last)


_PLAIN = {
    "class_token": "class_token.token",
    "conv_proj.weight": "patches.projection.weight",
    "conv_proj.bias": "patches.projection.bias",
    "encoder.pos_embedding": "position.embedding",
    "encoder.ln.weight": "encoder.ln.weight",
    "encoder.ln.bias": "encoder.ln.bias",
    "heads.head.weight": "head.weight",
    "heads.head.bias": "head.bias",
}
# The dense layers were called linear_1 and linear_2 in older files.
_PARTS = {
    "ln_1": "ln_1",
    "ln_2": "ln_2",
    "self_attention": "attention",
    "mlp.0": "linear1",
    "mlp.3": "linear2",
    "mlp.linear_1": "linear1",
    "mlp.linear_2": "linear2",
}


def rename(key: str) -> str | None:
    """torchvision's "encoder.layers.encoder_layer_3.mlp.0.weight" to our "encoder.layer3.linear1.weight"."""
    if key in _PLAIN:
        return _PLAIN[key]
    match = re.fullmatch(r"encoder\.layers\.encoder_layer_(\d+)\.(.+)", key)
    if match is None:
        return None
    part = next((part for part in _PARTS if match[2].startswith(f"{part}.")), None)
    return None if part is None else f"encoder.layer{match[1]}.{_PARTS[part]}{match[2].removeprefix(part)}"


add(
    GalleryEntry(
        id="vit_b_16",
        name="ViT-B/16",
        year=2020,
        authors="Dosovitskiy, Beyer, Kolesnikov, Weissenborn, Zhai, Unterthiner, Dehghani, Minderer, Heigold, Gelly, "
        "Uszkoreit, Houlsby",
        task="classification",
        source="torchvision",
        idea="A picture is a sentence of 16×16 patches: each becomes a token, and a plain transformer lets every "
        "token look at every other from the first layer on. It knows nothing of neighbourhood but what it learns in "
        "its position vectors, so it needs very many pictures. A class token collects the answer.",
        merit="77.9 % top-1 accuracy on ImageNet trained on it alone at 384 pixels; 84.0 % after ImageNet-21k",
        build=build,
        options=VisionTransformerOptions,
        paper="An Image is Worth 16×16 Words: Transformers for Image Recognition at Scale, ICLR 2021",
        table=(
            PaperRow("Linear projection of flattened patches", "patches", None, note="hidden size D = 768"),
            PaperRow("Extra learnable [class] embedding", "class_token"),
            PaperRow("Position embedding", "position"),
            PaperRow("Transformer encoder, 12 layers", "encoder", None, note="MLP size 3072, 12 heads; 86M in all"),
            PaperRow("MLP head", "head"),
        ),
        smallest=(32, 32),
        torchvision="vit_b_16",
        rename=rename,
    )
)
