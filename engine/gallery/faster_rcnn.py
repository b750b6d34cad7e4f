"""Faster R-CNN, Mask R-CNN and Keypoint R-CNN on ResNet-50 with a feature pyramid, exact to torchvision's."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from pydantic import Field

from engine.blocks import box_head as box_heads
from engine.blocks import keypoint_head as keypoint_heads
from engine.blocks import mask_head as mask_heads
from engine.blocks.box_head import box_head
from engine.blocks.fpn import levels, ports
from engine.blocks.keypoint_head import keypoint_head
from engine.blocks.mask_head import mask_head
from engine.blocks.rpn_head import rpn_head
from engine.gallery.base import Drawing, GalleryEntry, PaperRow, add
from engine.gallery.detection_parts import (
    RATIOS,
    ResNetDetectorOptions,
    finish,
    pyramid,
    rename_backbone,
)
from engine.graph.spec import NetworkSpec

SIZES = ((32,), (64,), (128,), (256,), (512,))
SIDE = 800


class FasterRcnnOptions(ResNetDetectorOptions):
    proposals: int = Field(1000, ge=1, le=10_000, description="Regions that the second stage looks at.")


class MaskRcnnOptions(FasterRcnnOptions):
    pasted: bool = Field(False, description="Put the masks at their place in the picture, at full size.")


class KeypointRcnnOptions(FasterRcnnOptions):
    num_classes: int = Field(2, ge=2, le=100_000, description="Kinds of object, and the background as the first.")
    keypoints: int = Field(17, ge=1, le=1000, description="Points to find on each object; COCO marks 17 on a person.")


def region_proposals(options: FasterRcnnOptions) -> NetworkSpec:
    """The first stage: one head for all levels, anchors, and the choice of regions.

    Inputs: p2 to p6 and the picture. Outputs: proposals (P, 4), objectness (A, 1), deltas (A, 4) and anchors (A, 4).
    """
    net = Drawing("Region proposal network")
    names = levels(2, 4, "pool")
    maps = [net.input(256, SIDE // 2**n, SIDE // 2**n, id=name) for n, name in enumerate(names, start=2)]
    image = net.input(options.in_channels, SIDE, SIDE, id="image")
    heads = [net.block("head", rpn_head(), maps[0])]
    heads += [net.shared(f"head_{name}", "head", one) for name, one in zip(names[1:], maps[1:], strict=True)]
    feeding = {f"level{number}": one for number, one in enumerate(maps, start=1)}
    anchors = net.node("Anchors", "anchor_grid", {"image": image, **feeding}, sizes=SIZES, aspect_ratios=RATIOS)
    deltas = net.node("Concatenate", "deltas_of_all", [f"{head}:deltas" for head in heads])
    boxes = net.node("DecodeBoxes", "decode", {"deltas": deltas, "boxes": anchors})
    logits = {f"objectness{number}": head for number, head in enumerate(heads, start=1)}
    chosen = net.node(
        "RegionProposals",
        "choose",
        {"image": image, "boxes": boxes, **logits},
        proposals=options.proposals,
        levels=len(heads),
    )
    objectness = net.node("Concatenate", "objectness_of_all", heads)
    return net.outputs({"proposals": chosen, "objectness": objectness, "deltas": deltas, "anchors": anchors})


def aligned(net: Drawing, id: str, image: str, boxes: str, maps: Sequence[str], size: int) -> str:
    """The features of every region from the levels p2 to p5."""
    feeding = {f"level{number}": one for number, one in enumerate(maps[:4], start=1)}
    return net.node("RoIAlign", id, {"image": image, "boxes": boxes, **feeding}, output_size=size, levels=4)


def two_stages(net: Drawing, options: FasterRcnnOptions) -> tuple[str, list[str], str, dict[str, str]]:
    """Everything up to the detections: the picture, the pyramid's levels, the detections, and the heads' answers."""
    image = net.input(options.in_channels, SIDE, SIDE)
    maps = pyramid(net, image, options, first=2, top="pool")
    rpn = net.block("rpn", region_proposals(options), [*maps, image])
    regions = aligned(net, "box_align", image, rpn, maps, 7)
    head = box_head(classes=options.num_classes)
    logits = net.block("box_head", head, regions, each=True, exposed=box_heads.EXPOSED)
    deltas = f"{logits}:deltas"
    boxes = net.node("DecodeBoxes", "decode", {"deltas": deltas, "boxes": rpn}, weights=(10.0, 10.0, 5.0, 5.0))
    found = net.node(
        "RegionDetections",
        "detections",
        {"image": image, "boxes": boxes, "logits": logits},
        score_threshold=options.score_threshold,
        detections=options.detections,
    )
    objectness, moves, anchors = ports(rpn, ("proposals", "objectness", "deltas", "anchors"))[1:]
    raw = {
        "objectness": objectness,
        "anchor_deltas": moves,
        "anchors": anchors,
        "proposals": rpn,
        "class_logits": logits,
        "box_deltas": deltas,
    }
    return image, maps, found, raw if options.raw else {}


def build_faster(options: FasterRcnnOptions) -> NetworkSpec:
    net = Drawing("Faster R-CNN")
    _, _, found, raw = two_stages(net, options)
    return finish(net, found, raw)


def build_mask(options: MaskRcnnOptions) -> NetworkSpec:
    net = Drawing("Mask R-CNN")
    image, maps, found, raw = two_stages(net, options)
    regions = aligned(net, "mask_align", image, found, maps, 14)
    head = mask_head(classes=options.num_classes)
    logits = net.block("mask_head", head, regions, each=True, exposed=mask_heads.EXPOSED)
    masks = net.node("SelectMasks", "select", {"masks": logits, "labels": f"{found}:labels"})
    if options.pasted:
        masks = net.node("PasteMasks", "paste", {"image": image, "boxes": found, "masks": masks})
    return finish(net, found, {**raw, "mask_logits": logits} if raw else {}, more={"masks": masks})


def build_keypoint(options: KeypointRcnnOptions) -> NetworkSpec:
    net = Drawing("Keypoint R-CNN")
    image, maps, found, raw = two_stages(net, options)
    regions = aligned(net, "keypoint_align", image, found, maps, 14)
    head = keypoint_head(keypoints=options.keypoints)
    shown = keypoint_heads.exposed(8)
    heatmaps = net.block("keypoint_head", head, regions, each=True, exposed=shown)
    points = net.node("HeatmapsToKeypoints", "peaks", {"boxes": found, "heatmaps": heatmaps})
    more = {"keypoints": points, "keypoint_scores": f"{points}:scores"}
    return finish(net, found, {**raw, "heatmaps": heatmaps} if raw else {}, more=more)


_PLACES: Mapping[str, str] = {
    r"rpn\.head\.conv(?:\.0\.0)?": "rpn.head.conv",
    r"rpn\.head\.(cls_logits|bbox_pred)": r"rpn.head.\1",
    r"roi_heads\.box_head\.(fc[67])": r"box_head.\1",
    r"roi_heads\.box_predictor\.(cls_score|bbox_pred)": r"box_head.\1",
    r"roi_heads\.mask_predictor\.(conv5_mask|mask_fcn_logits)": r"mask_head.\1",
    r"roi_heads\.keypoint_predictor\.kps_score_lowres": "keypoint_head.kps_score_lowres",
}


def rename(key: str) -> str | None:
    """torchvision's "roi_heads.box_head.fc6.weight" to our "box_head.fc6.weight"; names of older files too."""
    if key.startswith("backbone."):
        return rename_backbone(key)
    module, _, weight = key.rpartition(".")
    for theirs, ours in _PLACES.items():
        match = re.fullmatch(theirs, module)
        if match:
            return f"{match.expand(ours)}.{weight}"
    match = re.fullmatch(r"roi_heads\.mask_head\.(?:(\d)\.0|mask_fcn(\d))", module)
    if match:
        return f"mask_head.conv{int(match[1]) + 1 if match[1] else match[2]}.{weight}"
    match = re.fullmatch(r"roi_heads\.keypoint_head\.(\d+)", module)
    return f"keypoint_head.conv{int(match[1]) // 2 + 1}.{weight}" if match else None


add(
    GalleryEntry(
        id="fasterrcnn_resnet50_fpn",
        name="Faster R-CNN",
        year=2015,
        authors="Ren, He, Girshick, Sun; pyramid by Lin, Dollár, Girshick, He, Hariharan, Belongie",
        task="detection",
        source="torchvision",
        idea="The network proposes the regions itself: a small head slides over the feature map and says for each "
        "anchor whether it holds something. A second stage cuts the features of the best regions out, names them and "
        "fits their boxes. Both share one backbone, so proposals cost next to nothing; the pyramid finds small things "
        "on fine levels.",
        merit="73.2 % mAP on VOC 2007 with VGG-16; this form 37.0 box AP on COCO (torchvision)",
        build=build_faster,
        options=FasterRcnnOptions,
        paper="Faster R-CNN: Towards Real-Time Object Detection with Region Proposal Networks, NeurIPS 2015; "
        "Feature Pyramid Networks for Object Detection, CVPR 2017",
        smallest=(64, 64),
        torchvision="fasterrcnn_resnet50_fpn",
        rename=rename,
    )
)
add(
    GalleryEntry(
        id="maskrcnn_resnet50_fpn",
        name="Mask R-CNN",
        year=2017,
        authors="He, Gkioxari, Dollár, Girshick",
        task="instance segmentation",
        source="torchvision",
        idea="Faster R-CNN with a third head that draws the outline of each object, cell by cell. RoIAlign samples "
        "between the cells in place of rounding to them, which masks need. Every class has a mask of its own and the "
        "box head chooses among them, so that classes do not compete for pixels.",
        merit="35.7 mask AP on COCO test-dev with ResNet-101-FPN; this form 34.6 (torchvision)",
        build=build_mask,
        options=MaskRcnnOptions,
        paper="Mask R-CNN, ICCV 2017",
        table=(
            PaperRow("RoI", "box_align", None, note="7×7×256 for each region"),
            PaperRow("1024", "box_head.fc6", (1024,)),
            PaperRow("1024", "box_head.fc7", (1024,)),
            PaperRow("class", "box_head.cls_score"),
            PaperRow("box", "box_head.bbox_pred"),
            PaperRow("RoI", "mask_align", None, note="14×14×256 for each region"),
            PaperRow("14×14×256, ×4", "mask_head.conv4", (256, 14, 14)),
            PaperRow("28×28×256", "mask_head.conv5_mask", (256, 28, 28)),
            PaperRow("28×28×80", "mask_head.mask_fcn_logits", None, note="80 classes in the paper, 91 numbers here"),
        ),
        smallest=(64, 64),
        torchvision="maskrcnn_resnet50_fpn",
        rename=rename,
    )
)
add(
    GalleryEntry(
        id="keypointrcnn_resnet50_fpn",
        name="Keypoint R-CNN",
        year=2017,
        authors="He, Gkioxari, Dollár, Girshick",
        task="keypoints",
        source="torchvision",
        idea="Mask R-CNN where each mask has a single hot cell: the place of one joint. Eight convolutions on every "
        "person give 17 heatmaps of 56×56, and their peaks are the pose. It finds people and reads their pose in one "
        "pass.",
        merit="62.7 keypoint AP on COCO test-dev with ResNet-50-FPN; this form 65.0 on val (torchvision)",
        build=build_keypoint,
        options=KeypointRcnnOptions,
        paper="Mask R-CNN, ICCV 2017",
        smallest=(64, 64),
        torchvision="keypointrcnn_resnet50_fpn",
        rename=rename,
    )
)
