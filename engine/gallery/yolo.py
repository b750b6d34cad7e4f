"""YOLO: version 1 as published, and a small one without anchors that trains on a laptop."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from engine.blocks.conv_norm_activation import EXPOSED, conv_norm_activation
from engine.blocks.csp import csp
from engine.blocks.fpn import fpn, levels, ports
from engine.blocks.point_head import point_head
from engine.gallery.base import Drawing, GalleryEntry, Options, PaperRow, add
from engine.gallery.detection_parts import finish
from engine.graph.spec import NetworkSpec

LEAKY = 0.1
GRID = 7
Filter = tuple[int, int, int]
"""Filters, size and stride of a convolution."""

STAGES: dict[str, tuple[Filter, ...]] = {
    "stage1": ((64, 7, 2),),
    "stage2": ((192, 3, 1),),
    "stage3": ((128, 1, 1), (256, 3, 1), (256, 1, 1), (512, 3, 1)),
    "stage4": (*((256, 1, 1), (512, 3, 1)) * 4, (512, 1, 1), (1024, 3, 1)),
    "stage5": (*((512, 1, 1), (1024, 3, 1)) * 2, (1024, 3, 1), (1024, 3, 2)),
    "stage6": ((1024, 3, 1), (1024, 3, 1)),
}
"""Figure 3 of the paper: 24 convolutions; a pooling follows each of the first four stages."""


class YoloV1Options(Options):
    num_classes: int = Field(20, ge=1, le=10_000, description="Kinds of object.")
    boxes: int = Field(2, ge=1, le=5, description="Boxes that each cell of the grid proposes.")
    decode: bool = Field(False, description="Also read the grid: boxes, scores and labels without doubles.")


class YoloSmallOptions(Options):
    num_classes: int = Field(20, ge=1, le=10_000, description="Kinds of object; there is no background class.")
    channels: int = Field(64, ge=16, le=512, multiple_of=16, description="Width of the pyramid; the backbone follows.")
    depth: int = Field(1, ge=1, le=8, description="Residual pairs in each stage of the backbone.")
    detections: int = Field(100, ge=1, le=10_000, description="Rows of the result; unused ones hold label −1.")
    score_threshold: float = Field(0.25, ge=0, le=1, description="Results with a lower score are dropped.")
    raw: bool = Field(True, description="Also give what the head says, which training needs.")


def convolutions(in_channels: int, filters: Sequence[Filter], first: int) -> NetworkSpec:
    """Convolutions of the paper in a row, each with its leaky ReLU; they are numbered from `first` on."""
    net = Drawing(f"{len(filters)} convolutions" if len(filters) > 1 else "Convolution")
    last = net.input(in_channels, 56, 56)
    for number, (channels, size, stride) in enumerate(filters, start=first):
        conv = {"out_channels": channels, "kernel_size": size, "stride": stride, "padding": size // 2}
        last = net.chain(
            last, ("Conv2d", f"conv{number}", conv), ("LeakyReLU", f"leaky{number}", {"negative_slope": LEAKY})
        )
    return net.output(last)


def build_v1(options: YoloV1Options) -> NetworkSpec:
    net = Drawing("YOLO v1")
    image = last = net.input(options.in_channels, 64 * GRID, 64 * GRID)
    before, first = options.in_channels, 1
    for number, (name, filters) in enumerate(STAGES.items(), start=1):
        last = net.block(name, convolutions(before, filters, first), last)
        before, first = filters[-1][0], first + len(filters)
        if number <= 4:
            last = net.node("MaxPool2d", f"pool{number}", last, kernel_size=2, stride=2)
    each = 5 * options.boxes + options.num_classes
    last = net.chain(
        last,
        ("Flatten", "flatten"),
        ("Linear", "fc1", {"out_features": 4096}),
        ("LeakyReLU", "leaky25", {"negative_slope": LEAKY}),
        ("Dropout", "dropout", {"p": 0.5}),
        ("Linear", "fc2", {"out_features": GRID * GRID * each}),
        ("Reshape", "grid", {"shape": (GRID, GRID, each)}),
    )
    if not options.decode:
        return net.output(last)
    found = net.node("GridDetections", "detections", {"image": image, "grid": last}, boxes=options.boxes)
    return net.outputs({"output": last, "boxes": found, "scores": f"{found}:scores", "labels": f"{found}:labels"})


def small_backbone(in_channels: int, widths: Sequence[int], depth: int) -> NetworkSpec:
    """Five halvings, each by a 3×3 convolution with stride 2, with CSP blocks between. Outputs c3, c4 and c5."""
    net = Drawing("Small CSP backbone")
    last, before = net.input(in_channels, 192, 192), in_channels
    kept = {}
    for number, width in enumerate(widths, start=1):
        down = conv_norm_activation(before, width, 3, stride=2, activation="SiLU")
        last, before = net.block(f"down{number}", down, last, exposed=EXPOSED), width
        if number > 1:
            last = net.block(f"csp{number}", csp(width, depth), last)
        if number > 2:
            kept[f"c{number}"] = last
    return net.outputs(kept)


def build_small(options: YoloSmallOptions) -> NetworkSpec:
    net = Drawing("YOLO small")
    width = options.channels
    widths = (width // 4, width // 2, width, 2 * width, 4 * width)
    image = net.input(options.in_channels, 192, 192)
    backbone = net.block("backbone", small_backbone(options.in_channels, widths, options.depth), image)
    neck = net.block("fpn", fpn(widths[2:], width, first=3), [backbone, f"{backbone}:c4", f"{backbone}:c5"])
    names = levels(3, 3)
    maps = ports(neck, names)
    heads = [net.block("head", point_head(width, options.num_classes), maps[0])]
    heads += [net.shared(f"head_{name}", "head", one) for name, one in zip(names[1:], maps[1:], strict=True)]
    feeding = {f"level{number}": one for number, one in enumerate(maps, start=1)}
    points = net.node("GridPoints", "grid_points", {"image": image, **feeding}, levels=len(maps))
    rows = net.node("Concatenate", "rows_of_all", heads)
    found = net.node(
        "PointDetections",
        "detections",
        {"image": image, "points": points, "raw": rows},
        score_threshold=options.score_threshold,
        detections=options.detections,
    )
    return finish(net, found, {"raw": rows, "points": points} if options.raw else {})


add(
    GalleryEntry(
        id="yolo_v1",
        name="YOLO v1",
        year=2015,
        authors="Redmon, Divvala, Girshick, Farhadi",
        task="detection",
        source="paper",
        idea="You only look once: one network sees the whole picture and answers all boxes and classes in one pass. "
        "A 7×7 grid shares the work out, and the cell in which the middle of an object lies has to find it. Each cell "
        "gives two boxes with a confidence and one set of class probabilities, 30 numbers: for each box x, y, √width, "
        "√height and confidence, then the 20 classes.",
        merit="63.4 % mAP on VOC 2007 at 45 frames per second",
        build=build_v1,
        options=YoloV1Options,
        paper="You Only Look Once: Unified, Real-Time Object Detection, CVPR 2016",
        table=(
            PaperRow("Conv. 7×7×64-s-2", "stage1.conv1"),
            PaperRow("Maxpool 2×2-s-2", "pool1"),
            PaperRow("Conv. 3×3×192", "stage2.conv2"),
            PaperRow("Maxpool 2×2-s-2", "pool2"),
            PaperRow("Conv. 1×1×128, 3×3×256, 1×1×256, 3×3×512", "stage3"),
            PaperRow("Maxpool 2×2-s-2", "pool3", (512, 28, 28)),
            PaperRow("Conv. (1×1×256, 3×3×512) ×4, 1×1×512, 3×3×1024", "stage4"),
            PaperRow("Maxpool 2×2-s-2", "pool4", (1024, 14, 14)),
            PaperRow("Conv. (1×1×512, 3×3×1024) ×2, 3×3×1024, 3×3×1024-s-2", "stage5", (1024, 7, 7)),
            PaperRow("Conv. 3×3×1024, 3×3×1024", "stage6", (1024, 7, 7)),
            PaperRow("Conn. layer", "fc1", (4096,)),
            PaperRow("Conn. layer", "grid", (7, 7, 30)),
        ),
    )
)
add(
    GalleryEntry(
        id="yolo_small",
        name="YOLO small",
        year=2021,
        authors="after Redmon, Farhadi, Tian, Wang, Ge and others",
        task="detection",
        source="modern",
        idea="What later YOLOs have in common, made small enough to train on a laptop. A backbone of CSP blocks and a "
        "pyramid give feature maps at an eighth, a sixteenth and a thirty-second of the size. At every place a shared "
        "head says four distances, as multiples of the cell, and a logit per class: the row (left, top, right, bottom, "
        "classes) of the output raw, whose place is the row of the output points.",
        merit="",
        build=build_small,
        options=YoloSmallOptions,
        paper="You Only Look Once, CVPR 2016; FCOS: Fully Convolutional One-Stage Object Detection, ICCV 2019; "
        "YOLOX: Exceeding YOLO Series in 2021, arXiv 2107.08430",
        smallest=(64, 64),
    )
)
