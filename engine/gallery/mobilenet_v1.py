"""MobileNet v1, as published, with its width and resolution multipliers."""

from __future__ import annotations

from pydantic import Field

from engine.blocks.conv_norm_activation import EXPOSED as STEM_EXPOSED
from engine.blocks.conv_norm_activation import conv_norm_activation
from engine.blocks.separable import EXPOSED, separable
from engine.gallery.base import Drawing, GalleryEntry, Options, PaperRow, add
from engine.gallery.widths import scaled
from engine.graph.spec import NetworkSpec

# Channels that come out, and stride. The paper prints stride 2 for the last one, but also 7×7 in and out: it is 1.
ROWS = ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *((512, 1),) * 5, (1024, 2), (1024, 1))


class MobileNetV1Options(Options):
    width: float = Field(1.0, gt=0, le=4, description="Width multiplier α on the channels of every layer.")
    resolution: float = Field(
        1.0,
        gt=0,
        le=4,
        description="Resolution multiplier ρ: pictures of ρ·224 pixels, rounded to a multiple of 32. The paper has "
        "224, 192, 160 and 128, which are ρ = 1, 0.857, 0.714 and 0.571.",
    )


def build(options: MobileNetV1Options) -> NetworkSpec:
    net = Drawing("MobileNet")
    size = max(32, round(224 * options.resolution / 32) * 32)
    width = scaled(32, options.width)
    stem = conv_norm_activation(options.in_channels, width, stride=2)
    last = net.block("stem", stem, net.input(options.in_channels, size, size), exposed=STEM_EXPOSED)
    for number, (channels, stride) in enumerate(ROWS, start=1):
        after = scaled(channels, options.width)
        last = net.block(f"separable{number}", separable(width, after, stride=stride), last, exposed=EXPOSED)
        width = after
    last = net.chain(
        last,
        ("AdaptiveAvgPool2d", "avgpool"),
        ("Flatten", "flatten"),
        ("Linear", "fc", {"out_features": options.num_classes}),
    )
    return net.output(last)


def _pair(number: int, stride: int, channels: tuple[int, int], size: int) -> tuple[PaperRow, PaperRow]:
    """The paper's two rows for one separable convolution."""
    (before, after), small = channels, size
    return (
        PaperRow(f"Conv dw / s{stride}", f"separable{number}.depthwise", (before, small, small)),
        PaperRow("Conv / s1", f"separable{number}.pointwise", (after, small, small)),
    )


add(
    GalleryEntry(
        id="mobilenet_v1",
        name="MobileNet",
        year=2017,
        authors="Howard, Zhu, Chen, Kalenichenko, Wang, Weyand, Andreetto, Adam",
        task="classification",
        source="paper",
        idea="Each convolution is split in two: one 3×3 filter per channel, then a 1×1 convolution that mixes the "
        "channels, for about a ninth of the work. Two numbers trade accuracy for speed: α thins every layer, ρ shrinks "
        "the picture. Three quarters of the parameters and 95 % of the work are in the 1×1 convolutions.",
        merit="70.6 % top-1 accuracy on ImageNet at 569 M multiply-adds",
        build=build,
        options=MobileNetV1Options,
        paper="MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications, arXiv:1704.04861, "
        "2017",
        table=(
            PaperRow("Conv / s2", "stem.conv", (32, 112, 112)),
            *_pair(1, 1, (32, 64), 112),
            *_pair(2, 2, (64, 128), 56),
            *_pair(3, 1, (128, 128), 56),
            *_pair(4, 2, (128, 256), 28),
            *_pair(5, 1, (256, 256), 28),
            *_pair(6, 2, (256, 512), 14),
            *(row for number in range(7, 12) for row in _pair(number, 1, (512, 512), 14)),
            *_pair(12, 2, (512, 1024), 7),
            PaperRow("Conv dw / s2", "separable13.depthwise", (1024, 7, 7), note="7×7 in and out: stride 1"),
            PaperRow("Conv / s1", "separable13.pointwise", (1024, 7, 7)),
            PaperRow("Avg Pool / s1", "avgpool", (1024, 1, 1)),
            PaperRow("FC / s1", "fc", None, note="1,000 outputs"),
        ),
        smallest=(32, 32),
    )
)
