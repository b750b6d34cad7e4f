"""Keypoint head: a heatmap over each region for every joint."""

from __future__ import annotations

from pydantic import Field

from engine.blocks.base import BlockEntry, BlockOptions, add
from engine.gallery.base import Drawing
from engine.graph.spec import NetworkSpec
from engine.layers.fields import Count


def keypoint_head(
    channels: int = 256, size: int = 14, width: int = 512, depth: int = 8, keypoints: int = 17
) -> NetworkSpec:
    """He et al. 2017: eight 3×3 convolutions, a learned and a plain doubling; heatmaps (K, 4·size, 4·size)."""
    net = Drawing("Keypoint head")
    last = net.input(channels, size, size)
    for number in range(1, depth + 1):
        conv = {"out_channels": width, "kernel_size": 3, "padding": 1}
        last = net.chain(last, ("Conv2d", f"conv{number}", conv), ("ReLU", f"relu{number}"))
    last = net.chain(
        last,
        (
            "ConvTranspose2d",
            "kps_score_lowres",
            {"out_channels": keypoints, "kernel_size": 4, "stride": 2, "padding": 1},
        ),
        ("Upsample", "upsample", {"scale_factor": 2, "mode": "bilinear"}),
    )
    return net.output(last)


def exposed(depth: int) -> dict[str, list[tuple[str, str, int]]]:
    """What such a head shows on its card."""
    return {
        "width": [(f"conv{number}", "out_channels", 1) for number in range(1, depth + 1)],
        "keypoints": [("kps_score_lowres", "out_channels", 1)],
    }


class KeypointHeadOptions(BlockOptions):
    channels: Count = Field(256, description="Channels of a region.")
    size: int = Field(
        14, ge=1, le=64, description="Height and width of a region's features; heatmaps are four times that."
    )
    width: Count = Field(512, description="Channels inside.")
    depth: int = Field(8, ge=1, le=32, description="How many convolutions.")
    keypoints: Count = Field(17, description="Points to find on each object.")


add(
    BlockEntry(
        id="keypoint_head",
        label="Keypoint head",
        help="Eight 3×3 convolutions on each region and two doublings of the size give one heatmap for every joint; "
        "its peak is where the joint is. Predicting a place as a picture is easier to learn than predicting two "
        "numbers (He et al. 2017).",
        build=lambda options: keypoint_head(**options.model_dump()),
        options=KeypointHeadOptions,
        keywords=("keypoint r-cnn", "pose", "heatmap", "joints", "roi head"),
        each=True,
        exposed=lambda options: exposed(options.depth),
    )
)
