"""MobileNet v2, exact to torchvision's."""

from __future__ import annotations

import re

from pydantic import Field

from engine.blocks.conv_norm_activation import EXPOSED, conv_norm_activation, renamed
from engine.blocks.inverted_residual import divisible, exposed, inverted_residual
from engine.gallery.base import Drawing, GalleryEntry, Options, PaperRow, add
from engine.graph.spec import NetworkSpec

# The paper's table 2: expansion t, channels c, repeats n, stride s of the first.
STAGES = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))


class MobileNetV2Options(Options):
    width: float = Field(1.0, gt=0, le=4, description="Factor on the widths of all layers.")


def stage(in_channels: int, out_channels: int, expansion: int, repeats: int, stride: int) -> NetworkSpec:
    """`repeats` inverted residuals, the first of which changes width and size."""
    net = Drawing("Stage")
    last = net.input(in_channels, 56, 56)
    for number in range(repeats):
        width = in_channels if number == 0 else out_channels
        step = stride if number == 0 else 1
        inside = inverted_residual(width, out_channels, width * expansion, stride=step, name="Bottleneck")
        last = net.block(f"block{number}", inside, last, exposed=exposed(width, width * expansion))
    return net.output(last)


def build(options: MobileNetV2Options) -> NetworkSpec:
    net = Drawing("MobileNetV2")
    width = divisible(32 * options.width)
    stem = conv_norm_activation(options.in_channels, width, stride=2, activation="ReLU6")
    last = net.block("stem", stem, net.input(options.in_channels, 224, 224), exposed=EXPOSED)
    for number, (expansion, channels, repeats, stride) in enumerate(STAGES, start=1):
        after = divisible(channels * options.width)
        last = net.block(f"stage{number}", stage(width, after, expansion, repeats, stride), last)
        width = after
    end = conv_norm_activation(width, divisible(1280 * max(1.0, options.width)), 1, activation="ReLU6")
    last = net.chain(
        net.block("last_conv", end, last, exposed=EXPOSED),
        ("AdaptiveAvgPool2d", "avgpool"),
        ("Flatten", "flatten"),
        ("Dropout", "dropout", {"p": 0.2}),
        ("Linear", "fc", {"out_features": options.num_classes}),
    )
    return net.output(last)


# torchvision counts all blocks of all stages in one row.
_PLACES = [(stage, block) for stage, (_, _, repeats, _) in enumerate(STAGES, start=1) for block in range(repeats)]


def rename(key: str) -> str | None:
    """torchvision's "features.2.conv.1.0.weight" to our "stage2.block0.depthwise.weight"."""
    if key.startswith("classifier.1."):
        return key.replace("classifier.1.", "fc.")
    match = re.fullmatch(r"features\.(\d+)\.(.+)", key)
    if match is None:
        return None
    number, rest = int(match[1]), match[2]
    if number == 0 or number > len(_PLACES):
        return f"{'stem' if number == 0 else 'last_conv'}.{renamed('conv', rest)}"
    stage, block = _PLACES[number - 1]
    home = f"stage{stage}.block{block}"
    _, place, inner = rest.split(".", 2)
    parts = ["depthwise"] if STAGES[stage - 1][0] == 1 else ["expand", "depthwise"]
    if int(place) < len(parts):
        return f"{home}.{renamed(parts[int(place)], inner)}"
    return f"{home}.{('project', 'project_norm')[int(place) - len(parts)]}.{inner}"


add(
    GalleryEntry(
        id="mobilenet_v2",
        name="MobileNetV2",
        year=2018,
        authors="Sandler, Howard, Zhu, Zhmoginov, Chen",
        task="classification",
        source="torchvision",
        idea="Residual blocks turned inside out: the shortcuts join the narrow ends, and only inside a block is the "
        "picture six times wider. There a depthwise convolution filters each channel by itself, which is cheap. The "
        "narrow ends have no activation, since with few channels it would destroy information.",
        merit="72.0 % top-1 accuracy on ImageNet at 300 M multiply-adds",
        build=build,
        options=MobileNetV2Options,
        paper="MobileNetV2: Inverted Residuals and Linear Bottlenecks, CVPR 2018",
        table=(
            PaperRow("conv2d", "stem", (32, 112, 112)),
            PaperRow("bottleneck, t 1, n 1, s 1", "stage1", (16, 112, 112)),
            PaperRow("bottleneck, t 6, n 2, s 2", "stage2", (24, 56, 56)),
            PaperRow("bottleneck, t 6, n 3, s 2", "stage3", (32, 28, 28)),
            PaperRow("bottleneck, t 6, n 4, s 2", "stage4", (64, 14, 14)),
            PaperRow("bottleneck, t 6, n 3, s 1", "stage5", (96, 14, 14)),
            PaperRow("bottleneck, t 6, n 3, s 2", "stage6", (160, 7, 7)),
            PaperRow("bottleneck, t 6, n 1, s 1", "stage7", (320, 7, 7)),
            PaperRow("conv2d 1×1", "last_conv", (1280, 7, 7)),
            PaperRow("avgpool 7×7", "avgpool", (1280, 1, 1)),
            PaperRow("conv2d 1×1", "fc", None, note="k classes; a dense layer here"),
        ),
        smallest=(32, 32),
        torchvision="mobilenet_v2",
        rename=rename,
    )
)
