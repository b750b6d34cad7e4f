"""Region proposal head: for every anchor, does it hold something, and how to move it."""

from __future__ import annotations

from pydantic import Field

from engine.blocks.base import BlockEntry, BlockOptions, add
from engine.gallery.base import Drawing
from engine.graph.spec import NetworkSpec
from engine.layers.fields import Count


def rpn_head(channels: int = 256, anchors: int = 3) -> NetworkSpec:
    """Ren et al. 2015: a 3×3 convolution and two 1×1. Outputs objectness (A, 1), as logits, and deltas (A, 4)."""
    net = Drawing("Region proposal head")
    last = net.chain(
        net.input(channels, 32, 32),
        ("Conv2d", "conv", {"out_channels": channels, "kernel_size": 3, "padding": 1}),
        ("ReLU", "relu"),
    )
    objectness = net.chain(
        last,
        ("Conv2d", "cls_logits", {"out_channels": anchors, "kernel_size": 1}),
        ("AnchorRows", "objectness_rows", {"columns": 1}),
    )
    deltas = net.chain(
        last,
        ("Conv2d", "bbox_pred", {"out_channels": 4 * anchors, "kernel_size": 1}),
        ("AnchorRows", "deltas_rows", {"columns": 4}),
    )
    return net.outputs({"objectness": objectness, "deltas": deltas})


class RpnHeadOptions(BlockOptions):
    channels: Count = Field(256, description="Channels that come in.")
    anchors: int = Field(3, ge=1, le=100, description="Anchors at every place.")


add(
    BlockEntry(
        id="rpn_head",
        label="Region proposal head",
        help="Slides a small network over the feature map: for each anchor at a place one score, whether it holds "
        "anything at all, and four numbers that move and stretch it. The same weights serve every place, and on a "
        "pyramid every level (Ren et al. 2015).",
        build=lambda options: rpn_head(options.channels, options.anchors),
        options=RpnHeadOptions,
        keywords=("rpn", "faster r-cnn", "objectness", "anchors", "detection"),
    )
)
