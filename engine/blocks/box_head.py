"""Box head: what is in a region, and how to move its box. Applied to every region with the same weights."""

from __future__ import annotations

from pydantic import Field

from engine.blocks.base import BlockEntry, BlockOptions, add
from engine.gallery.base import Drawing
from engine.graph.spec import NetworkSpec
from engine.layers.fields import Count


def box_head(
    channels: int = 256, size: int = 7, hidden: int = 1024, classes: int = 91, *, dropout: float = 0.0
) -> NetworkSpec:
    """Two dense layers on (C, size, size), then the classes with background as 0, and four numbers for each class.

    Outputs logits (K,) and deltas (4·K,). Girshick 2015; with 1024 units and without dropout Lin et al. 2017.
    """
    net = Drawing("Box head")
    last = net.chain(net.input(channels, size, size), ("Flatten", "flatten"))
    for name in ("6", "7"):
        last = net.chain(last, ("Linear", f"fc{name}", {"out_features": hidden}), ("ReLU", f"relu{name}"))
        if dropout:
            last = net.node("Dropout", f"drop{name}", last, p=dropout)
    logits = net.node("Linear", "cls_score", last, out_features=classes)
    deltas = net.node("Linear", "bbox_pred", last, out_features=4 * classes)
    return net.outputs({"logits": logits, "deltas": deltas})


EXPOSED = {"hidden units": [("fc6", "out_features", 1), ("fc7", "out_features", 1)]}


class BoxHeadOptions(BlockOptions):
    channels: Count = Field(256, description="Channels of a region.")
    size: int = Field(7, ge=1, le=64, description="Height and width of a region's features.")
    hidden: Count = Field(1024, description="Units of the two dense layers.")
    classes: int = Field(21, ge=2, le=100_000, description="Kinds of object and the background.")


add(
    BlockEntry(
        id="box_head",
        label="Box head",
        help="Looks at the features of one region after the other: two dense layers, then one score per class, of "
        "which the first is the background, and for each class four numbers that fit the box better (Girshick 2015).",
        build=lambda options: box_head(options.channels, options.size, options.hidden, options.classes),
        options=BoxHeadOptions,
        category="dense",
        keywords=("fast r-cnn", "faster r-cnn", "roi head", "classifier", "box regression", "detection"),
        each=True,
        exposed=lambda options: EXPOSED,
    )
)
