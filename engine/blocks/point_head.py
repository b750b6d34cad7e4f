"""Anchor-free head: at every place of a level four distances, and a score per class."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from engine.blocks.base import BlockEntry, BlockOptions, add
from engine.gallery.base import Drawing
from engine.graph.spec import NetworkSpec
from engine.layers.fields import Count

Step = tuple[str, str, dict[str, Any]]


def _tower(name: str, channels: int, depth: int) -> list[Step]:
    """3×3 convolutions with group norm: batch norm would mix the averages of the levels that share the head."""
    steps: list[Step] = []
    for number in range(1, depth + 1):
        conv = {"out_channels": channels, "kernel_size": 3, "padding": 1, "bias": False}
        steps += [
            ("Conv2d", f"{name}_conv{number}", conv),
            ("GroupNorm", f"{name}_norm{number}", {"num_groups": 8}),
            ("SiLU", f"{name}_act{number}", {}),
        ]
    return steps


def point_head(channels: int = 64, classes: int = 20, depth: int = 2) -> NetworkSpec:
    """A decoupled head (Ge et al. 2021): one row (4 + K) for each place, distances first, then class logits."""
    net = Drawing("Point head")
    start = net.input(channels, 24, 24)
    boxes = net.chain(
        start,
        *_tower("box", channels, depth),
        ("Conv2d", "distances", {"out_channels": 4, "kernel_size": 1}),
    )
    scores = net.chain(
        start,
        *_tower("cls", channels, depth),
        ("Conv2d", "cls_logits", {"out_channels": classes, "kernel_size": 1}),
    )
    both = net.node("Concatenate", "both", [boxes, scores])
    return net.output(net.node("AnchorRows", "rows", both, columns=4 + classes))


class PointHeadOptions(BlockOptions):
    channels: int = Field(64, ge=8, le=4096, multiple_of=8, description="Channels that come in; divisible by 8.")
    classes: Count = Field(20, description="Kinds of object.")
    depth: int = Field(2, ge=1, le=8, description="Convolutions in each of its two branches.")


add(
    BlockEntry(
        id="point_head",
        label="Point head",
        help="At every place of a feature map it says how far the sides of the object are that covers it, and what it "
        "is. Boxes and classes have branches of their own, because a place that is good for one need not be good for "
        "the other (Tian et al. 2019; Ge et al. 2021).",
        build=lambda options: point_head(options.channels, options.classes, options.depth),
        options=PointHeadOptions,
        keywords=("anchor-free", "yolo", "fcos", "yolox", "decoupled head", "detection"),
    )
)
