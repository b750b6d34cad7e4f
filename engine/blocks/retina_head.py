"""RetinaNet's head: a subnet that names and a subnet that moves, for every anchor of a level."""

from __future__ import annotations

from pydantic import Field

from engine.blocks.base import BlockEntry, BlockOptions, add
from engine.gallery.base import Drawing
from engine.graph.spec import NetworkSpec
from engine.layers.fields import Count

DEPTH = 4


def retina_head(channels: int = 256, anchors: int = 9, classes: int = 91) -> NetworkSpec:
    """Lin et al. 2017, figure 3: twice four 3×3 convolutions and a last one. Outputs logits (A, K), deltas (A, 4)."""
    net = Drawing("Retina head")
    start = net.input(channels, 32, 32)
    conv = {"out_channels": channels, "kernel_size": 3, "padding": 1}
    ends = {}
    for name, last, port, columns in (("cls", "cls_logits", "logits", classes), ("reg", "bbox_reg", "deltas", 4)):
        after = start
        for number in range(1, DEPTH + 1):
            after = net.chain(after, ("Conv2d", f"{name}_conv{number}", conv), ("ReLU", f"{name}_relu{number}"))
        ends[port] = net.chain(
            after,
            ("Conv2d", last, {"out_channels": anchors * columns, "kernel_size": 3, "padding": 1}),
            ("AnchorRows", f"{port}_rows", {"columns": columns}),
        )
    return net.outputs(ends)


class RetinaHeadOptions(BlockOptions):
    channels: Count = Field(256, description="Channels that come in.")
    anchors: int = Field(9, ge=1, le=100, description="Anchors at every place.")
    classes: Count = Field(20, description="Kinds of object.")


add(
    BlockEntry(
        id="retina_head",
        label="Retina head",
        help="Two small networks side by side on a level of the pyramid: one gives every anchor a yes-or-no score per "
        "class, the other says how to move it. They share nothing with each other, but their weights with all levels "
        "(Lin et al. 2017).",
        build=lambda options: retina_head(options.channels, options.anchors, options.classes),
        options=RetinaHeadOptions,
        keywords=("retinanet", "focal loss", "one-stage", "subnet", "detection"),
    )
)
