"""DeepLab v3 on ResNet-50, exact to torchvision's."""

from __future__ import annotations

import re

from pydantic import Field

from engine.blocks.atrous_pyramid import CHANNELS, atrous_pyramid
from engine.blocks.conv_norm_activation import conv_norm_activation, renamed
from engine.gallery import resnet
from engine.gallery.base import Drawing, GalleryEntry, Options, PaperRow, add
from engine.graph.spec import NetworkSpec

DEPTHS = (3, 4, 6, 3)
RATES = (12, 24, 36)


class DeepLabOptions(Options):
    num_classes: int = Field(
        21, ge=1, le=1_000_000, description="Classes of a pixel; Pascal VOC has 20 and background."
    )
    aux: bool = Field(
        False, description="Have a second, simpler head behind the third stage as a further output, for training."
    )


def dilated_backbone(in_channels: int, aux: bool) -> NetworkSpec:
    """ResNet-50 whose last two stages dilate in place of striding: an eighth of the picture's size."""
    net = Drawing("ResNet-50, dilated")
    last = resnet.stem(net, net.input(in_channels, 520, 520))
    last = resnet.bottleneck_stages(net, last, DEPTHS, dilated=2)
    return net.outputs({"output": last, "third": "layer3"} if aux else {"output": last})


def build(options: DeepLabOptions) -> NetworkSpec:
    net = Drawing("DeepLab v3")
    start = net.input(options.in_channels, 520, 520)
    net.block("backbone", dilated_backbone(options.in_channels, options.aux), start)
    last = net.block("aspp", atrous_pyramid(2048, RATES), "backbone")
    last = net.block("head", conv_norm_activation(256, 256, 3), last, exposed=CHANNELS)
    last = net.node("Conv2d", "score", last, out_channels=options.num_classes, kernel_size=1)
    ends = {"output": net.node("UpsampleLike", "upsample", {"in": last, "like": start}, mode="bilinear")}
    if options.aux:
        side = net.block("aux_head", conv_norm_activation(1024, 256, 3), "backbone:third", exposed=CHANNELS)
        side = net.node("Dropout", "aux_dropout", side, p=0.1)
        side = net.node("Conv2d", "aux_score", side, out_channels=options.num_classes, kernel_size=1)
        ends["aux_output"] = net.node("UpsampleLike", "aux_upsample", {"in": side, "like": start}, mode="bilinear")
    return net.outputs(ends)


def rename(key: str) -> str | None:
    """torchvision's "classifier.0.convs.1.0.weight" to our "aspp.rate12.conv.weight", and so on."""
    if key.startswith("backbone."):
        return resnet.rename(key)
    match = re.fullmatch(r"classifier\.0\.convs\.(\d)\.(.+)", key)
    if match:
        number, rest = int(match[1]), match[2]
        if number == len(RATES) + 1:  # its pooling is number 0 of this branch
            place, weight = rest.split(".", 1)
            return "aspp.pool_conv." + renamed("conv", f"{int(place) - 1}.{weight}")
        home = "conv1x1" if number == 0 else f"rate{RATES[number - 1]}"
        return f"aspp.{home}." + renamed("conv", rest)
    for theirs, ours in (("classifier.0.project.", "aspp.project."), ("aux_classifier.", "aux_"), ("classifier.", "")):
        if key.startswith(theirs):
            rest = key.removeprefix(theirs)
            if ours.endswith("."):
                return ours + renamed("conv", rest)
            return _in_head(ours, rest)
    return None


def _in_head(prefix: str, rest: str) -> str:
    """ "1.weight" of the main head, "0.weight" of the auxiliary one, and "4.weight" of both, which scores."""
    place, weight = rest.split(".", 1)
    if place == "4":
        return f"{prefix}score.{weight}"
    first = 0 if prefix else 1
    return f"{prefix}head." + renamed("conv", f"{int(place) - first}.{weight}")


add(
    GalleryEntry(
        id="deeplabv3_resnet50",
        name="DeepLab v3 (ResNet-50)",
        year=2017,
        authors="Chen, Papandreou, Schroff, Adam",
        task="segmentation",
        source="torchvision",
        idea="Filters with holes see far without making the picture small, so the last two stages of ResNet-50 keep an "
        "eighth of its size. Side by side, filters with holes of three sizes and the mean of the whole picture look at "
        "the result, so that things of all sizes are found. The scores are enlarged by blending.",
        merit="85.7 % mean IoU on Pascal VOC 2012 test (deeper, with further data)",
        build=build,
        options=DeepLabOptions,
        paper="Rethinking Atrous Convolution for Semantic Image Segmentation, arXiv 1706.05587",
        table=(
            PaperRow("Conv1 + Pool1", "backbone.maxpool", note="output stride 4"),
            PaperRow("Block1", "backbone.layer1", note="output stride 4"),
            PaperRow("Block2", "backbone.layer2", note="output stride 8"),
            PaperRow("Block3", "backbone.layer3", note="rate 2, output stride 8"),
            PaperRow("Block4", "backbone.layer4", note="rate 4, output stride 8"),
            PaperRow(
                "(a) atrous spatial pyramid pooling", "aspp", note="256 filters each; rates 12, 24, 36 at stride 8"
            ),
        ),
        smallest=(32, 32),
        torchvision="deeplabv3_resnet50",
        rename=lambda key: None if key.startswith("aux_") else rename(key),
    )
)
