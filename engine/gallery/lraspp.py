"""LR-ASPP on MobileNetV3-Large, exact to torchvision's: segmentation on a phone."""

from __future__ import annotations

from pydantic import Field

from engine.blocks.base import BlockEntry, BlockOptions
from engine.blocks.base import add as add_block
from engine.blocks.conv_norm_activation import renamed
from engine.gallery.base import Drawing, GalleryEntry, Options, add
from engine.gallery.mobilenet_v3 import features, large, rename_features
from engine.graph.spec import NetworkSpec
from engine.layers.fields import Count

LOW = 4
"""The bottleneck that still has an eighth of the picture's size."""
TABLE = large(dilated=True)


class LrasppOptions(Options):
    num_classes: int = Field(
        21, ge=1, le=1_000_000, description="Classes of a pixel; Pascal VOC has 20 and background."
    )


def lite_head(high_channels: int, low_channels: int, num_classes: int, inner: int = 128) -> NetworkSpec:
    """Howard et al. 2019, figure 10. Ports: the deep coarse maps, and "low", finer ones of an earlier layer."""
    net = Drawing("LR-ASPP head")
    high, low = net.input(high_channels, 33, 33), net.input(low_channels, 65, 65, id="low")
    main = net.chain(
        high,
        ("Conv2d", "cbr", {"out_channels": inner, "kernel_size": 1, "bias": False}),
        ("BatchNorm2d", "cbr_norm"),
        ("ReLU", "cbr_act"),
    )
    weights = net.chain(
        high,
        ("AdaptiveAvgPool2d", "pool"),
        ("Conv2d", "scale", {"out_channels": inner, "kernel_size": 1, "bias": False}),
        ("Sigmoid", "gate"),
    )
    both = net.node("Multiply", "weigh", [main, weights])
    both = net.node("UpsampleLike", "upsample", {"in": both, "like": low}, mode="bilinear")
    fine = net.node("Conv2d", "low_classifier", low, out_channels=num_classes, kernel_size=1)
    deep = net.node("Conv2d", "high_classifier", both, out_channels=num_classes, kernel_size=1)
    return net.output(net.node("Add", "add", [fine, deep]))


class LiteHeadOptions(BlockOptions):
    high_channels: Count = Field(960, description="Channels of the deep, coarse maps.")
    low_channels: Count = Field(40, description="Channels of the finer maps.")
    num_classes: Count = Field(21, description="Classes of a pixel.")
    inner: Count = Field(128, description="Channels in between.")


add_block(
    BlockEntry(
        id="lraspp_head",
        label="LR-ASPP head",
        help="A light segmentation head: the deep maps are weighed by what the whole picture shows, enlarged, and "
        "scored together with finer maps of an earlier layer (Howard et al. 2019, MobileNetV3).",
        build=lambda options: lite_head(**options.model_dump()),
        options=LiteHeadOptions,
        keywords=("segmentation", "mobilenet", "deeplab", "lite"),
    )
)


def _backbone(in_channels: int) -> NetworkSpec:
    net = Drawing("MobileNetV3-Large, dilated")
    last = features(net, net.input(in_channels, 520, 520), TABLE, in_channels=in_channels)
    return net.outputs({"output": last, "low": f"bneck{LOW}"})


def build(options: LrasppOptions) -> NetworkSpec:
    net = Drawing("LR-ASPP")
    start = net.input(options.in_channels, 520, 520)
    net.block("backbone", _backbone(options.in_channels), start)
    low = TABLE[LOW - 1].out_channels
    head = lite_head(6 * TABLE[-1].out_channels, low, options.num_classes)
    last = net.block("head", head, ["backbone", "backbone:low"])
    return net.output(net.node("UpsampleLike", "upsample", {"in": last, "like": start}, mode="bilinear"))


def rename(key: str) -> str | None:
    """torchvision's "backbone.4.block..." to our "backbone.bneck4...", and "classifier.cbr.1" to "head.cbr_norm"."""
    if key.startswith("backbone."):
        inner = rename_features(TABLE, "features." + key.removeprefix("backbone."))
        return f"backbone.{inner}" if inner else None
    key = key.removeprefix("classifier.")
    if key.startswith("cbr."):
        return "head." + renamed("cbr", key.removeprefix("cbr."))
    return "head." + key.replace("scale.1.", "scale.")


add(
    GalleryEntry(
        id="lraspp_mobilenet_v3_large",
        name="LR-ASPP (MobileNetV3-Large)",
        year=2019,
        authors="Howard, Sandler, Chu, Chen, Chen, Tan, Wang, Zhu, Pang, Vasudevan, Le, Adam",
        task="segmentation",
        source="torchvision",
        idea="Segmentation that runs on a phone: MobileNetV3 with dilated filters at its end, and a head of almost "
        "nothing. The deep maps are weighed, channel by channel, by what the whole picture shows. Their scores are "
        "added to those of finer maps from an early layer, which gives the outlines.",
        merit="72.6 % mean IoU on the Cityscapes test set (the paper's full-size variant)",
        build=build,
        options=LrasppOptions,
        paper="Searching for MobileNetV3, ICCV 2019",
        smallest=(32, 32),
        torchvision="lraspp_mobilenet_v3_large",
        rename=rename,
    )
)
