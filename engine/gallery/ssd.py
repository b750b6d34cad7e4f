"""SSD300 on VGG-16 and SSDlite320 on MobileNetV3, exact to torchvision's."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pydantic import Field

from engine.blocks.ssd_head import LITE_NORM, ssd_extra, ssd_head, ssdlite_extra
from engine.blocks.vgg_stage import exposed, vgg_stage
from engine.gallery.base import Drawing, GalleryEntry, PaperRow, add
from engine.gallery.detection_parts import DetectorOptions, finish
from engine.gallery.mobilenet_v3 import features, large, rename_features
from engine.gallery.vgg import DEPTHS, WIDTHS
from engine.graph.spec import NetworkSpec
from engine.layers.detection_anchors import spread

RATIOS = ((2.0,), (2.0, 3.0), (2.0, 3.0), (2.0, 3.0), (2.0,), (2.0,))
SCALES = (0.07, 0.15, 0.33, 0.51, 0.69, 0.87, 1.05)
STEPS = (8, 16, 32, 64, 100, 300)
LEVELS = 6
C4 = 13
"""The bottleneck of MobileNetV3 whose widened picture is SSDlite's first level."""


class SsdOptions(DetectorOptions):
    detections: int = Field(200, ge=1, le=10_000, description="Rows of the result; unused ones hold label −1.")
    score_threshold: float = Field(0.01, ge=0, le=1, description="Results with a lower score are dropped.")


class SsdLiteOptions(DetectorOptions):
    detections: int = Field(300, ge=1, le=10_000, description="Rows of the result; unused ones hold label −1.")
    score_threshold: float = Field(
        0.001, ge=0, le=1, description="Results with a lower score are dropped; 0.3 makes it much faster."
    )


def vgg16(in_channels: int) -> NetworkSpec:
    """VGG-16 up to conv5_3, with its dense layers as convolutions.

    Outputs conv4_3, brought to one length, and conv7, which is fc7 after its ReLU.
    """
    net = Drawing("VGG-16 for SSD")
    last, before, scaled = net.input(in_channels, 300, 300), in_channels, ""
    for number, (depth, channels) in enumerate(zip(DEPTHS[16], WIDTHS, strict=True), start=1):
        inside = vgg_stage(before, channels, depth, number)
        last, before = net.block(f"block{number}", inside, last, exposed=exposed(depth, number)), channels
        if number == 4:
            scaled = net.node("L2Scale", "scale", last)
        if number == 5:
            break
        rounding = {"ceil_mode": True} if number == 3 else {}
        last = net.node("MaxPool2d", f"pool{number}", last, kernel_size=2, stride=2, **rounding)
    last = net.chain(
        last,
        ("MaxPool2d", "pool5", {"kernel_size": 3, "stride": 1, "padding": 1}),
        ("Conv2d", "fc6", {"out_channels": 1024, "kernel_size": 3, "padding": 6, "dilation": 6}),
        ("ReLU", "relu6"),
        ("Conv2d", "fc7", {"out_channels": 1024, "kernel_size": 1}),
        ("ReLU", "relu7"),
    )
    return net.outputs({"conv4_3": scaled, "conv7": last})


def _heads(
    net: Drawing, image: str, maps: Sequence[str], widths: Sequence[int], options: DetectorOptions, *, lite: bool
) -> NetworkSpec:
    """A head on each level, the default boxes, and the choice among them."""
    ratios = ((2.0, 3.0),) * LEVELS if lite else RATIOS
    heads = []
    for number, (one, width, ratio) in enumerate(zip(maps, widths, ratios, strict=True), start=1):
        inside = ssd_head(width, 2 + 2 * len(ratio), options.num_classes, lite=lite)
        heads.append(net.block(f"head{number}", inside, one))
    scales, steps = (spread(LEVELS, 0.2, 0.95), None) if lite else (SCALES, STEPS)
    feeding = {f"level{number}": one for number, one in enumerate(maps, start=1)}
    params = {"aspect_ratios": ratios, "scales": scales, **({"steps": steps} if steps else {})}
    anchors = net.node("DefaultBoxes", "default_boxes", {"image": image, **feeding}, **params)
    logits = net.node("Concatenate", "logits_of_all", heads)
    deltas = net.node("Concatenate", "deltas_of_all", [f"{head}:deltas" for head in heads])
    boxes = net.node("DecodeBoxes", "decode", {"deltas": deltas, "boxes": anchors}, weights=(10.0, 10.0, 5.0, 5.0))
    found = net.node(
        "ClassDetections",
        "detections",
        {"image": image, "boxes": boxes, "logits": logits},
        score_threshold=options.score_threshold,
        detections=options.detections,
        **({"overlap": 0.55, "candidates": 300} if lite else {}),
    )
    raw = {"class_logits": logits, "anchor_deltas": deltas, "anchors": anchors} if options.raw else {}
    return finish(net, found, raw)


def build_ssd(options: SsdOptions) -> NetworkSpec:
    net = Drawing("SSD300")
    image = net.input(options.in_channels, 300, 300)
    backbone = net.block("backbone", vgg16(options.in_channels), image)
    maps, widths = [backbone, f"{backbone}:conv7"], [512, 1024]
    for number, (inner, outer, stride, padding) in enumerate(
        ((256, 512, 2, 1), (128, 256, 2, 1), (128, 256, 1, 0), (128, 256, 1, 0)), start=8
    ):
        inside = ssd_extra(widths[-1], inner, outer, number, stride=stride, padding=padding)
        maps.append(net.block(f"extra{number}", inside, maps[-1]))
        widths.append(outer)
    return _heads(net, image, maps, widths, options, lite=False)


def mobilenet(in_channels: int) -> NetworkSpec:
    """MobileNetV3-Large with a tail of half the width. Outputs c4, the widened picture of bneck13, and c5."""
    net = Drawing("MobileNetV3 for SSDlite")
    table = large(reduced_tail=True)
    start = net.input(in_channels, 320, 320)
    last = features(net, start, table, in_channels=in_channels, norm=LITE_NORM, expanded_outputs=(C4,))
    return net.outputs({"c4": f"bneck{C4}:expanded", "c5": last})


def build_ssdlite(options: SsdLiteOptions) -> NetworkSpec:
    net = Drawing("SSDlite320")
    image = net.input(options.in_channels, 320, 320)
    backbone = net.block("backbone", mobilenet(options.in_channels), image)
    maps, widths = [backbone, f"{backbone}:c5"], [672, 480]
    for number, width in enumerate((512, 256, 256, 128), start=1):
        maps.append(net.block(f"extra{number}", ssdlite_extra(widths[-1], width), maps[-1]))
        widths.append(width)
    return _heads(net, image, maps, widths, options, lite=True)


def _vgg_names() -> dict[str, str]:
    """torchvision's places of the convolutions in the backbone, to ours."""
    names, place = {}, 0
    for number, depth in enumerate(DEPTHS[16][:4], start=1):
        for index in range(1, depth + 1):
            names[f"features.{place}"] = f"block{number}.conv{number}_{index}"
            place += 2
        place += 1
    names |= {f"extra.0.{1 + 2 * index}": f"block5.conv5_{index + 1}" for index in range(3)}
    return names | {"extra.0.7.1": "fc6", "extra.0.7.3": "fc7"}


_VGG = _vgg_names()


def rename_ssd(key: str) -> str | None:
    """torchvision's "backbone.extra.1.0.weight" to our "extra8.conv8_1.weight"."""
    if key == "backbone.scale_weight":
        return "backbone.scale.weight"
    module, _, weight = key.rpartition(".")
    inner = module.removeprefix("backbone.")
    if inner in _VGG:
        return f"backbone.{_VGG[inner]}.{weight}"
    match = re.fullmatch(r"extra\.(\d)\.([02])", inner)
    if match:
        number = int(match[1]) + 7
        return f"extra{number}.conv{number}_{int(match[2]) // 2 + 1}.{weight}"
    match = re.fullmatch(r"head\.(classification|regression)_head\.module_list\.(\d)", module)
    return f"head{int(match[2]) + 1}.{_LAYER[match[1]]}.{weight}" if match else None


_LAYER = {"classification": "cls_logits", "regression": "bbox_reg"}


def rename_ssdlite(key: str) -> str | None:
    """torchvision's "backbone.features.1.0.2.0.weight" to our "backbone.bneck13.project.weight"."""
    match = re.fullmatch(r"backbone\.features\.([01])\.(\d+)\.(.+)", key)
    if match:
        name = rename_features(large(reduced_tail=True), _in_mobilenet(int(match[1]), int(match[2]), match[3]))
        return f"backbone.{name}" if name else None
    match = re.fullmatch(r"backbone\.extra\.(\d)\.([012])\.([01])\.(\w+)", key)
    if match:
        part = ("reduce", "depthwise", "widen")[int(match[2])] + ("_norm" if match[3] == "1" else "")
        return f"extra{int(match[1]) + 1}.{part}.{match[4]}"
    match = re.fullmatch(r"head\.(classification|regression)_head\.module_list\.(\d)\.(0\.0|0\.1|1)\.(\w+)", key)
    if match is None:
        return None
    part = {"0.0": "_depthwise", "0.1": "_depthwise_norm", "1": ""}[match[3]]
    return f"head{int(match[2]) + 1}.{_LAYER[match[1]]}{part}.{match[4]}"


def _in_mobilenet(half: int, number: int, rest: str) -> str:
    """The name that a weight has in MobileNetV3 itself; SSDlite cuts it in two inside its thirteenth bottleneck."""
    if half == 0:
        return f"features.{number}.{rest}" if number < C4 else f"features.{C4}.block.0.{rest}"
    return f"features.{C4 + number}.{rest}" if number else f"features.{C4}.block.{rest}"


add(
    GalleryEntry(
        id="ssd300_vgg16",
        name="SSD300",
        year=2015,
        authors="Liu, Anguelov, Erhan, Szegedy, Reed, Fu, Berg",
        task="detection",
        source="torchvision",
        idea="One pass over the picture: small convolutions on six feature maps of falling size name and move a set of "
        "default boxes at every place. Fine maps find small things and coarse ones large things. There are no "
        "proposals and no second look, which made it fast enough for video.",
        merit="74.3 % mAP on VOC 2007 at 59 frames per second; 25.1 box AP on COCO (torchvision)",
        build=build_ssd,
        options=SsdOptions,
        paper="SSD: Single Shot MultiBox Detector, ECCV 2016",
        table=(
            PaperRow("Image", "input", (3, 300, 300)),
            PaperRow("Conv4_3", "backbone.block4", (512, 38, 38)),
            PaperRow("Conv6 (FC6)", "backbone.fc6", (1024, 19, 19)),
            PaperRow("Conv7 (FC7)", "backbone.fc7", (1024, 19, 19)),
            PaperRow("Conv8_2", "extra8", (512, 10, 10)),
            PaperRow("Conv9_2", "extra9", (256, 5, 5)),
            PaperRow("Conv10_2", "extra10", (256, 3, 3)),
            PaperRow("Conv11_2", "extra11", (256, 1, 1)),
            PaperRow("Detections: 8732 per class", "default_boxes", (8732, 4)),
        ),
        torchvision="ssd300_vgg16",
        rename=rename_ssd,
    )
)
add(
    GalleryEntry(
        id="ssdlite320_mobilenet_v3_large",
        name="SSDlite320",
        year=2018,
        authors="Sandler, Howard, Zhu, Zhmoginov, Chen; backbone by Howard and others",
        task="detection",
        source="torchvision",
        idea="SSD for phones: every convolution of the heads becomes a depthwise and a pointwise one. The backbone is "
        "MobileNetV3 with its last stage halved, read in the middle of its thirteenth bottleneck and at its end. Four "
        "small further levels reach down to a single cell.",
        merit="22.0 box AP on COCO test-dev in the MobileNetV3 paper; this form 21.3 on val (torchvision)",
        build=build_ssdlite,
        options=SsdLiteOptions,
        paper="MobileNetV2: Inverted Residuals and Linear Bottlenecks, CVPR 2018; Searching for MobileNetV3, ICCV 2019",
        smallest=(64, 64),
        torchvision="ssdlite320_mobilenet_v3_large",
        rename=rename_ssdlite,
    )
)
