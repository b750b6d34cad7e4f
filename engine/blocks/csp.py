"""Cross-stage partial blocks: half of the channels take the long way, half the short one."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from engine.blocks.base import BlockEntry, BlockOptions, add
from engine.blocks.conv_norm_activation import conv_norm
from engine.gallery.base import Drawing
from engine.graph.spec import NetworkSpec

SILU: dict[str, Any] = {"activation": "SiLU"}


def csp(channels: int, depth: int = 1) -> NetworkSpec:
    """Wang et al. 2020: two 1×1 convolutions to half the width, `depth` residual pairs on one of them, both joined."""
    net = Drawing("CSP block")
    start, half = net.input(channels, 24, 24), channels // 2
    long = net.chain(start, *conv_norm("long", half, **SILU))
    short = net.chain(start, *conv_norm("short", half, **SILU))
    for number in range(1, depth + 1):
        before = long
        long = net.chain(
            long, *conv_norm(f"narrow{number}", half, **SILU), *conv_norm(f"filter{number}", half, 3, **SILU)
        )
        long = net.node("Add", f"add{number}", [long, before])
    both = net.node("Concatenate", "join", [long, short])
    return net.output(net.chain(both, *conv_norm("fuse", channels, **SILU)))


class CspOptions(BlockOptions):
    channels: int = Field(64, ge=2, le=65_536, multiple_of=2, description="Channels that come in and go out; even.")
    depth: int = Field(1, ge=1, le=32, description="Residual pairs on the long way.")


add(
    BlockEntry(
        id="csp",
        label="CSP block",
        help="Two 1×1 convolutions make two narrow copies of the input. One goes through residual pairs of "
        "convolutions, the other goes straight on, and both are joined. That saves half the work of the pairs and "
        "leaves the gradient a short way (Wang et al. 2020; used in most later YOLOs).",
        build=lambda options: csp(options.channels, options.depth),
        options=CspOptions,
        keywords=("cross-stage partial", "yolo", "c3", "residual", "bottleneck"),
    )
)
