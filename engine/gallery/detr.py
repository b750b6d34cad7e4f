"""A small DETR that trains on a laptop: objects as a set, found by a transformer."""

from __future__ import annotations

from pydantic import Field

from engine.blocks.conv_norm_activation import conv_norm
from engine.blocks.residual import basic_block
from engine.blocks.transformer import DECODER_EXPOSED, EXPOSED, decoder_layer, encoder_layer
from engine.gallery.base import Drawing, GalleryEntry, Options, PaperRow, add
from engine.graph.spec import NetworkSpec

SIZE = 96
STRIDE = 16
BACKBONE = 128


class DetrOptions(Options):
    num_classes: int = Field(
        3, ge=1, le=10_000, description="How many kinds of objects; one output more stands for no object."
    )
    queries: int = Field(20, ge=1, le=1000, description="How many objects it can find at most.")
    width: int = Field(64, ge=4, le=2048, multiple_of=4, description="Width of tokens and queries.")
    heads: int = Field(4, ge=1, le=64, description="Attentions side by side; the number has to divide the width.")
    hidden: int = Field(256, ge=1, le=16_384, description="Width between the dense layers of encoder and decoder.")
    encoder_layers: int = Field(2, ge=1, le=12, description="Number of encoder layers.")
    decoder_layers: int = Field(2, ge=1, le=12, description="Number of decoder layers.")
    dropout: float = Field(0.0, ge=0, lt=1, description="Share of values dropped in training; the paper has 0.1.")


def backbone(in_channels: int) -> NetworkSpec:
    """A small residual network: 96×96 to 128 channels of 6×6."""
    net = Drawing("Backbone")
    last = net.chain(
        net.input(in_channels, SIZE, SIZE),
        *conv_norm("conv1", 32, 3, stride=2),
    )
    width = 32
    for number, channels in enumerate((32, 64, BACKBONE), start=1):
        last = net.block(f"layer{number}", basic_block(width, channels, 2), last)
        width = channels
    return net.output(last)


def encoder(options: DetrOptions, tokens: int) -> NetworkSpec:
    """Encoder layers that all add the positions to their queries and keys; inputs: tokens and positions."""
    net = Drawing("Transformer encoder")
    last, position = net.input(tokens, options.width), net.input(tokens, options.width, id="position")
    layer = encoder_layer(
        options.width,
        options.heads,
        options.hidden,
        tokens=tokens,
        activation="ReLU",
        dropout=options.dropout,
        norm_first=False,
        position=True,
    )
    for number in range(options.encoder_layers):
        last = net.block(f"layer{number}", layer, [last, position], exposed=EXPOSED)
    return net.output(last)


def decoder(options: DetrOptions, tokens: int) -> NetworkSpec:
    """Decoder layers and a last normalisation; inputs: queries, the picture's tokens and their positions."""
    net = Drawing("Transformer decoder")
    query = net.input(options.queries, options.width)
    memory = net.input(tokens, options.width, id="memory")
    position = net.input(tokens, options.width, id="position")
    layer = decoder_layer(
        options.width,
        options.heads,
        options.hidden,
        queries=options.queries,
        tokens=tokens,
        dropout=options.dropout,
    )
    # Nothing is known of any object at first.
    last = net.node("ScaleShift", "nothing_known", query, scale=0.0)
    for number in range(options.decoder_layers):
        last = net.block(f"layer{number}", layer, [last, query, memory, position], exposed=DECODER_EXPOSED)
    return net.output(net.node("LayerNorm", "ln", last))


def box_head(queries: int, width: int) -> NetworkSpec:
    """Three dense layers; centre, width and height of a box as shares of the picture's."""
    net = Drawing("Box head")
    last = net.chain(
        net.input(queries, width),
        ("Linear", "linear1", {"out_features": width}),
        ("ReLU", "relu1"),
        ("Linear", "linear2", {"out_features": width}),
        ("ReLU", "relu2"),
        ("Linear", "linear3", {"out_features": 4}),
        ("Sigmoid", "sigmoid"),
    )
    return net.output(last)


def build(options: DetrOptions) -> NetworkSpec:
    net = Drawing("Small DETR")
    tokens = (SIZE // STRIDE) ** 2
    last = net.block("backbone", backbone(options.in_channels), net.input(options.in_channels, SIZE, SIZE))
    last = net.node("Conv2d", "projection", last, out_channels=options.width, kernel_size=1)
    place = net.node("PositionalEmbedding", "position", last, kind="sinusoidal", output="position")
    place = net.chain(place, ("Flatten", "flatten_position", {"start_dim": 2}), ("Transpose", "positions"))
    last = net.chain(last, ("Flatten", "flatten_picture", {"start_dim": 2}), ("Transpose", "tokens"))
    memory = net.block("encoder", encoder(options, tokens), [last, place])
    queries = net.node("LearnedQueries", "object_queries", memory, count=options.queries)
    found = net.block("decoder", decoder(options, tokens), [queries, memory, place])
    classes = net.node("Linear", "class_head", found, out_features=options.num_classes + 1)
    boxes = net.block("box_head", box_head(options.queries, options.width), found)
    return net.outputs({"classes": classes, "boxes": boxes})


add(
    GalleryEntry(
        id="detr_small",
        name="Small DETR",
        year=2020,
        authors="Carion, Massa, Synnaeve, Usunier, Kirillov, Zagoruyko",
        task="detection",
        source="modern",
        idea="Detection as the prediction of a set: learned queries look at the picture through a transformer. Each "
        "answers with one object or with none, so there are no anchors and nothing to suppress. In training, answers "
        "and true objects are paired one to one at the smallest cost. This one has the paper's parts with a small "
        "backbone, two layers each and 20 queries, so that it trains on small pictures; a box is its centre, width and "
        "height as shares of the picture.",
        merit="42.0 AP on COCO (the paper's, with ResNet-50, 6 + 6 layers and 100 queries)",
        build=build,
        options=DetrOptions,
        paper="End-to-End Object Detection with Transformers, ECCV 2020",
        table=(
            PaperRow("backbone", "backbone", None, note="ResNet-50 in the paper"),
            PaperRow("1×1 convolution", "projection", None, note="to d = 256 in the paper"),
            PaperRow("spatial positional encoding", "position"),
            PaperRow("transformer encoder", "encoder", None, note="6 layers in the paper"),
            PaperRow("object queries", "object_queries", None, note="N = 100 in the paper"),
            PaperRow("transformer decoder", "decoder", None, note="6 layers in the paper"),
            PaperRow("class", "class_head"),
            PaperRow("box, a 3-layer FFN", "box_head"),
        ),
        smallest=(32, 32),
    )
)
