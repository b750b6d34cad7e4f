"""Feature pyramid: every level gets the detail of its own depth and the meaning of the deeper ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from engine.blocks.base import BlockEntry, BlockOptions, add
from engine.gallery.base import Drawing
from engine.graph.spec import NetworkSpec
from engine.layers.fields import Count

Top = Literal["none", "pool", "convolutions"]


def levels(first: int, count: int, top: Top = "none") -> tuple[str, ...]:
    """Names of what a pyramid gives out for `count` stages beginning with number `first`: "p2", "p3", ..."""
    further = {"none": 0, "pool": 1, "convolutions": 2}[top]
    return tuple(f"p{number}" for number in range(first, first + count + further))


def ports(block: str, names: Sequence[str]) -> list[str]:
    """Where the outputs of a block called `block` leave it: the first at the block itself, the others by name."""
    return [block, *(f"{block}:{name}" for name in names[1:])]


def fpn(widths: Sequence[int], channels: int = 256, *, first: int = 2, top: Top = "none") -> NetworkSpec:
    """Lin et al. 2017: 1×1 convolutions to one width, added from the top down, and a 3×3 convolution on each sum.

    Args:
        widths: channels of the stages that come in, finest first; their ports are c2, c3, ... from `first` on.
        top: coarser levels beyond the last stage: one by taking every second place (Faster R-CNN), or two by
            convolutions with stride 2 (RetinaNet).

    Outputs p2, p3, ..., finest first.
    """
    net = Drawing("Feature pyramid")
    count = len(widths)
    numbers = range(first, first + count)
    entries = [
        net.input(width, 64 // 2**k, 64 // 2**k, id=f"c{n}")
        for k, (n, width) in enumerate(zip(numbers, widths, strict=True))
    ]
    narrow = {"out_channels": channels, "kernel_size": 1}
    smooth = {"out_channels": channels, "kernel_size": 3, "padding": 1}
    inner = [net.node("Conv2d", f"inner{n}", entry, **narrow) for n, entry in zip(numbers, entries, strict=True)]
    for k in range(count - 2, -1, -1):
        larger = net.node("UpsampleLike", f"up{numbers[k]}", {"in": inner[k + 1], "like": inner[k]})
        inner[k] = net.node("Add", f"add{numbers[k]}", [inner[k], larger])
    ends = [net.node("Conv2d", f"layer{n}", one, **smooth) for n, one in zip(numbers, inner, strict=True)]
    if top == "pool":
        ends.append(net.node("MaxPool2d", "pool", ends[-1], kernel_size=1, stride=2))
    elif top == "convolutions":
        next = first + count
        ends.append(net.node("Conv2d", f"conv{next}", ends[-1], stride=2, **smooth))
        bent = net.node("ReLU", f"relu{next}", ends[-1])
        ends.append(net.node("Conv2d", f"conv{next + 1}", bent, stride=2, **smooth))
    return net.outputs(dict(zip(levels(first, count, top), ends, strict=True)))


class FpnOptions(BlockOptions):
    widths: tuple[Count, ...] = Field(
        (256, 512, 1024, 2048),
        min_length=2,
        max_length=8,
        description="Channels of each stage that comes in, finest first.",
    )
    channels: Count = Field(256, description="Channels of every level that goes out.")
    top: Top = Field("none", description="Coarser levels beyond the last: one by pooling, or two by convolutions.")


add(
    BlockEntry(
        id="fpn",
        label="Feature pyramid",
        help="Early stages of a network know where things are, late ones what they are. From the top down each stage "
        "is enlarged and added to the finer one, so that small objects can be found on fine levels by the knowledge of "
        "coarse ones. All levels get the same width, and one head can serve them all (Lin et al. 2017).",
        build=lambda options: fpn(options.widths, options.channels, top=options.top),
        options=FpnOptions,
        keywords=("fpn", "neck", "detection", "multi-scale", "lateral", "top-down"),
    )
)
