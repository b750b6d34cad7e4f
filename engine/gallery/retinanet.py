"""RetinaNet on ResNet-50 with a feature pyramid, exact to torchvision's."""

from __future__ import annotations

import re

from pydantic import Field

from engine.blocks.fpn import levels
from engine.blocks.retina_head import retina_head
from engine.gallery.base import Drawing, GalleryEntry, PaperRow, add
from engine.gallery.detection_parts import RATIOS, ResNetDetectorOptions, finish, pyramid, rename_backbone
from engine.graph.spec import NetworkSpec
from engine.layers.detection_anchors import octaves

SIZES = octaves((32, 64, 128, 256, 512))
SIDE = 800


class RetinaNetOptions(ResNetDetectorOptions):
    num_classes: int = Field(91, ge=1, le=100_000, description="Kinds of object; torchvision leaves the first unused.")
    detections: int = Field(300, ge=1, le=10_000, description="Rows of the result; unused ones hold label −1.")


def build(options: RetinaNetOptions) -> NetworkSpec:
    net = Drawing("RetinaNet")
    image = net.input(options.in_channels, SIDE, SIDE)
    names = levels(3, 3, "convolutions")
    maps = pyramid(net, image, options, first=3, top="convolutions")
    heads = [net.block("head", retina_head(classes=options.num_classes), maps[0])]
    heads += [net.shared(f"head_{name}", "head", one) for name, one in zip(names[1:], maps[1:], strict=True)]
    feeding = {f"level{number}": one for number, one in enumerate(maps, start=1)}
    anchors = net.node("Anchors", "anchor_grid", {"image": image, **feeding}, sizes=SIZES, aspect_ratios=RATIOS)
    deltas = net.node("Concatenate", "deltas_of_all", [f"{head}:deltas" for head in heads])
    boxes = net.node("DecodeBoxes", "decode", {"deltas": deltas, "boxes": anchors})
    found = net.node(
        "LevelDetections",
        "detections",
        {"image": image, "boxes": boxes, **{f"logits{number}": head for number, head in enumerate(heads, start=1)}},
        score_threshold=options.score_threshold,
        detections=options.detections,
        levels=len(heads),
    )
    raw = {}
    if options.raw:
        logits = net.node("Concatenate", "logits_of_all", heads)
        raw = {"class_logits": logits, "anchor_deltas": deltas, "anchors": anchors}
    return finish(net, found, raw)


def rename(key: str) -> str | None:
    """torchvision's "head.classification_head.conv.0.0.weight" to our "head.cls_conv1.weight"; older files too."""
    if key.startswith("backbone."):
        return rename_backbone(key, first=3)
    module, _, weight = key.rpartition(".")
    match = re.fullmatch(r"head\.(classification|regression)_head\.(?:conv\.(\d)(\.0)?|(cls_logits|bbox_reg))", module)
    if match is None:
        return None
    if match[4]:
        return f"head.{match[4]}.{weight}"
    # Files of before 2022 count the activations between the convolutions too.
    number = int(match[2]) if match[3] else int(match[2]) // 2
    return f"head.{match[1][:3]}_conv{number + 1}.{weight}".replace("cla_", "cls_")


add(
    GalleryEntry(
        id="retinanet_resnet50_fpn",
        name="RetinaNet",
        year=2017,
        authors="Lin, Goyal, Girshick, He, Dollár",
        task="detection",
        source="torchvision",
        idea="One stage only: every anchor of every level is named and moved at once, without proposals. Nearly all of "
        "the hundred thousand anchors hold nothing, and their easy loss would drown the rest. The focal loss turns "
        "down whatever is already answered well, so that a single stage first reached the accuracy of two.",
        merit="39.1 box AP on COCO test-dev with ResNet-101-FPN; this form 36.4 on val (torchvision)",
        build=build,
        options=RetinaNetOptions,
        paper="Focal Loss for Dense Object Detection, ICCV 2017",
        table=(
            PaperRow("W×H×256, ×4 (class subnet)", "head.cls_conv4", None, note="256 channels, any size"),
            PaperRow("W×H×KA", "head.cls_logits", None, note="K classes, A = 9 anchors"),
            PaperRow("W×H×256, ×4 (box subnet)", "head.reg_conv4", None, note="256 channels, any size"),
            PaperRow("W×H×4A", "head.bbox_reg", None, note="A = 9 anchors"),
        ),
        smallest=(64, 64),
        torchvision="retinanet_resnet50_fpn",
        rename=rename,
    )
)
