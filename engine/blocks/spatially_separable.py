"""A convolution split into a column and a row."""

from __future__ import annotations

from pydantic import Field

from engine.blocks.base import BlockEntry, BlockOptions, add
from engine.gallery.base import Drawing
from engine.graph.spec import NetworkSpec
from engine.layers.fields import Count, Extent


def spatially_separable(
    in_channels: int, out_channels: int, kernel_size: int = 3, *, between: int | None = None, bias: bool = True
) -> NetworkSpec:
    """F×1, then 1×F, same padding: (C, H, W) to (K, H, W); `between` are the channels after the column."""
    net = Drawing("Spatially separable convolution")
    further = {} if bias else {"bias": False}
    last = net.chain(
        net.input(in_channels, 32, 32),
        (
            "Conv2d",
            "column",
            {"out_channels": between or out_channels, "kernel_size": (kernel_size, 1), "padding": "same", **further},
        ),
        (
            "Conv2d",
            "row",
            {"out_channels": out_channels, "kernel_size": (1, kernel_size), "padding": "same", **further},
        ),
    )
    return net.output(last)


EXPOSED = {"channels": [("row", "out_channels", 1)]}


class SpatiallySeparableOptions(BlockOptions):
    in_channels: Count = Field(16, description="Channels that come in.")
    out_channels: Count = Field(16, description="Feature maps that come out.")
    kernel_size: Extent = Field(3, description="Length F of the column and of the row.")
    bias: bool = Field(True, description="Add one trainable number per filter.")


add(
    BlockEntry(
        id="spatially_separable",
        label="Spatially separable convolution",
        help="A column of F×1 and then a row of 1×F see as much as an F×F filter, with 2F instead of F² weights for "
        "each pair of channels. It can be any filter that is a product of a column and a row, such as Sobel's or a "
        "Gaussian, but no other. Inception v3 uses it with 1×7 and 7×1 (Szegedy et al. 2015).",
        build=lambda options: spatially_separable(**options.model_dump()),
        options=SpatiallySeparableOptions,
        keywords=("separable", "asymmetric", "factorised", "sobel", "convolution"),
        exposed=lambda options: EXPOSED,
    )
)
