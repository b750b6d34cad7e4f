"""R-CNN and Fast R-CNN, as published: the regions come from outside, from selective search or edge boxes."""

from __future__ import annotations

from pydantic import Field

from engine.blocks import box_head as box_heads
from engine.blocks.box_head import box_head
from engine.blocks.vgg_stage import exposed, vgg_stage
from engine.gallery.alexnet import LRN, POOL
from engine.gallery.base import Drawing, GalleryEntry, PaperRow, add
from engine.gallery.detection_parts import DetectorOptions, finish
from engine.gallery.vgg import DEPTHS, WIDTHS
from engine.graph.spec import NetworkSpec

OVERLAP = 0.3
CROP = 227


class RegionOptions(DetectorOptions):
    num_classes: int = Field(21, ge=2, le=100_000, description="Kinds of object, and the background as the first.")


class RcnnOptions(RegionOptions):
    proposals: int = Field(
        16,
        ge=1,
        le=10_000,
        description="Regions per picture. The paper takes about 2,000; every one costs a whole pass.",
    )


class FastRcnnOptions(RegionOptions):
    proposals: int = Field(
        64,
        ge=1,
        le=10_000,
        description="Regions per picture. The paper takes about 2,000; each costs only the dense layers.",
    )


def region_cnn(in_channels: int = 3) -> NetworkSpec:
    """AlexNet with its two-GPU grouping, for one region. Outputs fc7 and, for the boxes, pool5 in one row."""
    net = Drawing("AlexNet for a region")
    pool5 = net.chain(
        net.input(in_channels, CROP, CROP),
        ("Conv2d", "conv1", {"out_channels": 96, "kernel_size": 11, "stride": 4}),
        ("ReLU", "relu1"),
        ("LocalResponseNorm", "norm1", LRN),
        ("MaxPool2d", "pool1", POOL),
        ("Conv2d", "conv2", {"out_channels": 256, "kernel_size": 5, "padding": 2, "groups": 2}),
        ("ReLU", "relu2"),
        ("LocalResponseNorm", "norm2", LRN),
        ("MaxPool2d", "pool2", POOL),
        ("Conv2d", "conv3", {"out_channels": 384, "kernel_size": 3, "padding": 1}),
        ("ReLU", "relu3"),
        ("Conv2d", "conv4", {"out_channels": 384, "kernel_size": 3, "padding": 1, "groups": 2}),
        ("ReLU", "relu4"),
        ("Conv2d", "conv5", {"out_channels": 256, "kernel_size": 3, "padding": 1, "groups": 2}),
        ("ReLU", "relu5"),
        ("MaxPool2d", "pool5", POOL),
        ("Flatten", "flatten"),
    )
    last = net.chain(
        pool5,
        ("Linear", "fc6", {"out_features": 4096}),
        ("ReLU", "relu6"),
        ("Dropout", "drop6", {"p": 0.5}),
        ("Linear", "fc7", {"out_features": 4096}),
        ("ReLU", "relu7"),
        ("Dropout", "drop7", {"p": 0.5}),
    )
    return net.outputs({"features": last, "pooled": pool5})


def build_rcnn(options: RcnnOptions) -> NetworkSpec:
    net = Drawing("R-CNN")
    image = net.input(options.in_channels, 375, 500)
    regions = net.input(options.proposals, 4, id="regions")
    crops = net.node("WarpRegions", "warp", {"image": image, "boxes": regions}, size=CROP, context=16)
    features = net.block("cnn", region_cnn(options.in_channels), crops, each=True)
    logits = net.node("Linear", "svm", features, out_features=options.num_classes)
    deltas = net.node("Linear", "box_regression", f"{features}:pooled", out_features=4 * options.num_classes)
    return _chosen(net, options, image, regions, logits, deltas, weights=(1.0, 1.0, 1.0, 1.0))


def build_fast(options: FastRcnnOptions) -> NetworkSpec:
    net = Drawing("Fast R-CNN")
    image = net.input(options.in_channels, 600, 800)
    regions = net.input(options.proposals, 4, id="regions")
    maps = net.block("backbone", vgg16(options.in_channels), image)
    pooled = net.node("RoIPool", "roi_pool", {"image": image, "boxes": regions, "features": maps}, output_size=7)
    head = box_head(512, 7, 4096, options.num_classes, dropout=0.5)
    logits = net.block("box_head", head, pooled, each=True, exposed=box_heads.EXPOSED)
    return _chosen(net, options, image, regions, logits, f"{logits}:deltas", weights=(10.0, 10.0, 5.0, 5.0))


def vgg16(in_channels: int) -> NetworkSpec:
    """VGG-16 without its last pooling, which the pooling of regions replaces."""
    net = Drawing("VGG-16 up to conv5_3")
    last, before = net.input(in_channels, 600, 800), in_channels
    for number, (depth, channels) in enumerate(zip(DEPTHS[16], WIDTHS, strict=True), start=1):
        if number > 1:
            last = net.node("MaxPool2d", f"pool{number - 1}", last, kernel_size=2, stride=2)
        inside = vgg_stage(before, channels, depth, number)
        last, before = net.block(f"block{number}", inside, last, exposed=exposed(depth, number)), channels
    return net.output(last)


def _chosen(
    net: Drawing,
    options: RegionOptions,
    image: str,
    regions: str,
    logits: str,
    deltas: str,
    *,
    weights: tuple[float, float, float, float],
) -> NetworkSpec:
    """Fit the boxes, drop doubles, and end."""
    boxes = net.node("DecodeBoxes", "decode", {"deltas": deltas, "boxes": regions}, weights=weights)
    found = net.node(
        "RegionDetections",
        "detections",
        {"image": image, "boxes": boxes, "logits": logits},
        score_threshold=options.score_threshold,
        overlap=OVERLAP,
        detections=options.detections,
    )
    return finish(net, found, {"class_logits": logits, "box_deltas": deltas} if options.raw else {})


add(
    GalleryEntry(
        id="rcnn",
        name="R-CNN",
        year=2014,
        authors="Girshick, Donahue, Darrell, Malik",
        task="detection",
        source="paper",
        idea="Selective search or edge boxes propose some two thousand regions, which come in as a second input. Each "
        "is stretched to 227×227 and goes through AlexNet by itself; a linear scorer per class names it, and a linear "
        "regression on pool5 fits its box. That put learned features into detection, and cost one whole network pass "
        "per region.",
        merit="53.7 % mAP on VOC 2010 (best before: 40.4 %); 58.5 % on VOC 2007",
        build=build_rcnn,
        options=RcnnOptions,
        paper="Rich Feature Hierarchies for Accurate Object Detection and Semantic Segmentation, CVPR 2014",
        table=(
            PaperRow("warped region", "warp", None, note="227×227 with 16 pixels of context"),
            PaperRow("pool5", "cnn.pool5", (256, 6, 6), note="printed as 6×6×256 = 9216"),
            PaperRow("fc6", "cnn.fc6", (4096,)),
            PaperRow("fc7", "cnn.fc7", (4096,)),
        ),
        smallest=(64, 64),
    )
)
add(
    GalleryEntry(
        id="fast_rcnn",
        name="Fast R-CNN",
        year=2015,
        authors="Girshick",
        task="detection",
        source="paper",
        idea="The convolutions run once for the whole picture, and every region is cut out of their result in place of "
        "the picture: RoI pooling brings it to 7×7. Two heads on one pair of dense layers name it and fit its box, "
        "trained together. Only the proposals still come from outside, as the second input.",
        merit="66.9 % mAP on VOC 2007 (VGG-16), 213 times faster in testing than R-CNN with the same network",
        build=build_fast,
        options=FastRcnnOptions,
        paper="Fast R-CNN, ICCV 2015",
        table=(
            PaperRow("conv5_3", "backbone.block5", None, note="512 channels at a sixteenth of the size"),
            PaperRow("RoI pooling layer, 7×7", "roi_pool"),
            PaperRow("fc6", "box_head.fc6", (4096,), note="of VGG-16"),
            PaperRow("fc7", "box_head.fc7", (4096,), note="of VGG-16"),
            PaperRow("softmax over K + 1", "box_head.cls_score"),
            PaperRow("bbox regressors", "box_head.bbox_pred"),
        ),
        smallest=(64, 64),
    )
)
