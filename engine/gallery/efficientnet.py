"""EfficientNet-B0, exact to torchvision's."""

from __future__ import annotations

import re

from pydantic import Field

from engine.blocks.conv_norm_activation import EXPOSED, WINDOW, conv_norm_activation, renamed
from engine.blocks.inverted_residual import exposed, inverted_residual, part_of
from engine.gallery.base import Drawing, GalleryEntry, Options, PaperRow, add
from engine.graph.spec import NetworkSpec

# Expansion, filter size, channels, layers, stride of the first: stages 2 to 8 of the paper's table 1.
STAGES = (
    (1, 3, 16, 1, 1),
    (6, 3, 24, 2, 2),
    (6, 5, 40, 2, 2),
    (6, 3, 80, 3, 2),
    (6, 5, 112, 3, 1),
    (6, 5, 192, 4, 2),
    (6, 3, 320, 1, 1),
)
_LAYERS = sum(layers for _, _, _, layers, _ in STAGES)


class EfficientNetOptions(Options):
    stochastic_depth: float = Field(
        0.2, ge=0, lt=1, description="Chance that training leaves a block out, for the last one; earlier ones less."
    )


def _stage(width: int, row: tuple[int, int, int, int, int], before: int, options: EfficientNetOptions) -> NetworkSpec:
    """One stage; `before` blocks stand in front of it, by which its chances to be left out grow."""
    expansion, kernel, channels, layers, stride = row
    net = Drawing("Stage")
    last = net.input(width, 56, 56)
    for number in range(layers):
        expanded, squeezed = width * expansion, max(1, width // 4)
        inside = inverted_residual(
            width,
            channels,
            expanded,
            kernel_size=kernel,
            stride=stride if number == 0 else 1,
            activation="SiLU",
            squeezed=squeezed,
            squeeze_activation="SiLU",
            drop=options.stochastic_depth * (before + number) / _LAYERS,
            name=f"MBConv{expansion}",
        )
        last = net.block(f"block{number}", inside, last, exposed=exposed(width, expanded, squeezed))
        width = channels
    return net.output(last)


def build(options: EfficientNetOptions) -> NetworkSpec:
    net = Drawing("EfficientNet-B0")
    stem = conv_norm_activation(options.in_channels, 32, stride=2, activation="SiLU")
    last = net.block("stem", stem, net.input(options.in_channels, 224, 224), exposed=WINDOW)
    width, before = 32, 0
    for number, row in enumerate(STAGES, start=1):
        last = net.block(f"stage{number}", _stage(width, row, before, options), last)
        width, before = row[2], before + row[3]
    end = conv_norm_activation(width, 4 * width, 1, activation="SiLU")
    last = net.chain(
        net.block("last_conv", end, last, exposed=EXPOSED),
        ("AdaptiveAvgPool2d", "avgpool"),
        ("Flatten", "flatten"),
        ("Dropout", "dropout", {"p": 0.2}),
        ("Linear", "fc", {"out_features": options.num_classes}),
    )
    return net.output(last)


def rename(key: str) -> str | None:
    """torchvision's "features.2.0.block.1.0.weight" to our "stage2.block0.depthwise.weight"."""
    if key.startswith("classifier.1."):
        return key.replace("classifier.1.", "fc.")
    match = re.fullmatch(r"features\.(\d+)\.(.+)", key)
    if match is None:
        return None
    number, rest = int(match[1]), match[2]
    if number == 0 or number > len(STAGES):
        return f"{'stem' if number == 0 else 'last_conv'}.{renamed('conv', rest)}"
    block, _, part, inner = rest.split(".", 3)
    name = part_of(STAGES[number - 1][0] != 1, True, int(part))
    return f"stage{number}.block{block}." + (f"se.{inner}" if name == "se" else renamed(name, inner))


add(
    GalleryEntry(
        id="efficientnet_b0",
        name="EfficientNet-B0",
        year=2019,
        authors="Tan, Le",
        task="classification",
        source="torchvision",
        idea="A network is best made larger in depth, width and resolution together, by one common factor: compound "
        "scaling. B0 is the small network that the scaling starts from, found by a search and built of inverted "
        "residuals with squeeze and excitation. In training, blocks are left out at random, the later ones more often.",
        merit="77.1 % top-1 accuracy on ImageNet at 0.39 G multiply-adds",
        build=build,
        options=EfficientNetOptions,
        paper="EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks, ICML 2019",
        table=(
            PaperRow("1: Conv3×3", "stem", (32, 112, 112)),
            PaperRow("2: MBConv1, k3×3", "stage1", (16, 112, 112)),
            PaperRow("3: MBConv6, k3×3, 2 layers", "stage2", (24, 56, 56)),
            PaperRow("4: MBConv6, k5×5, 2 layers", "stage3", (40, 28, 28)),
            PaperRow("5: MBConv6, k3×3, 3 layers", "stage4", (80, 14, 14)),
            PaperRow("6: MBConv6, k5×5, 3 layers", "stage5", (112, 14, 14)),
            PaperRow("7: MBConv6, k5×5, 4 layers", "stage6", (192, 7, 7)),
            PaperRow("8: MBConv6, k3×3", "stage7", (320, 7, 7)),
            PaperRow("9: Conv1×1 & Pooling & FC", "last_conv", (1280, 7, 7)),
        ),
        smallest=(32, 32),
        torchvision="efficientnet_b0",
        rename=rename,
    )
)
