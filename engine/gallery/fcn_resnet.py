"""The fully convolutional network on ResNet-50, exact to torchvision's."""

from __future__ import annotations

from engine.blocks.conv_norm_activation import conv_norm_activation, renamed
from engine.gallery import resnet
from engine.gallery.base import Drawing, GalleryEntry, add
from engine.gallery.deeplab import DeepLabOptions, dilated_backbone
from engine.graph.spec import NetworkSpec

_DROP = 0.1


def _head(net: Drawing, prefix: str, after: str, channels: int, classes: int, start: str) -> str:
    """A convolution to a quarter of the channels, the scores, and these at the size of the picture."""
    last = net.block(f"{prefix}head", conv_norm_activation(channels, channels // 4, 3), after)
    last = net.node("Dropout", f"{prefix}dropout", last, p=_DROP)
    last = net.node("Conv2d", f"{prefix}score", last, out_channels=classes, kernel_size=1)
    return net.node("UpsampleLike", f"{prefix}upsample", {"in": last, "like": start}, mode="bilinear")


def build(options: DeepLabOptions) -> NetworkSpec:
    net = Drawing("FCN (ResNet-50)")
    start = net.input(options.in_channels, 520, 520)
    net.block("backbone", dilated_backbone(options.in_channels, options.aux), start)
    ends = {"output": _head(net, "", "backbone", 2048, options.num_classes, start)}
    if options.aux:
        ends["aux_output"] = _head(net, "aux_", "backbone:third", 1024, options.num_classes, start)
    return net.outputs(ends)


def rename(key: str) -> str | None:
    """torchvision's "classifier.1.bias" to our "head.conv_norm.bias", and so on."""
    if key.startswith("backbone."):
        return resnet.rename(key)
    for theirs, ours in (("aux_classifier.", "aux_"), ("classifier.", "")):
        if key.startswith(theirs):
            place, _, weight = key.removeprefix(theirs).partition(".")
            return f"{ours}score.{weight}" if place == "4" else f"{ours}head." + renamed("conv", f"{place}.{weight}")
    return None


add(
    GalleryEntry(
        id="fcn_resnet50",
        name="FCN (ResNet-50)",
        year=2015,
        authors="Long, Shelhamer, Darrell",
        task="segmentation",
        source="torchvision",
        idea="The fully convolutional network with a younger backbone. The last two stages of ResNet-50 dilate their "
        "filters instead of making the picture smaller, so its maps keep an eighth of the size and no finer scores "
        "have to be added. One convolution reads them, and the scores are enlarged by blending.",
        build=build,
        options=DeepLabOptions,
        paper="Fully Convolutional Networks for Semantic Segmentation, CVPR 2015",
        smallest=(32, 32),
        torchvision="fcn_resnet50",
        rename=lambda key: None if key.startswith("aux_") else rename(key),
    )
)
