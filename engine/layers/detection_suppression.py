"""Choosing among thousands of boxes. All of them give a fixed number of rows, so that shapes are known beforehand."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from engine.errors import BadInput
from engine.layers.base import Category, Layer, register
from engine.layers.detection_ports import Candidates, Levels, OverLevels, Rows, Share, check_boxes, check_rows
from engine.layers.fields import Axis
from engine.layers.windows import picture_shape, shown

if TYPE_CHECKING:
    from torch import nn

    from engine.graph.spec import Shape

FOUND = ("out", "scores", "labels")


@register("RegionProposals")
class RegionProposals(OverLevels):
    """Picks the boxes that most likely hold something, whatever it is: the second half of a region proposal network.

    Of each level the most likely candidates are kept; where two boxes overlap too much, only the more likely one stays
    (non-maximum suppression). Always as many rows come out: what is left over is zero. No gradient passes through it;
    the first stage learns from its own logits and shifts (Ren et al. 2015).
    """

    label: ClassVar[str] = "RegionProposals"
    category: ClassVar[Category] = "shape"
    keywords: ClassVar[tuple[str, ...]] = ("rpn", "nms", "non-maximum suppression", "faster r-cnn", "detection")
    inputs: ClassVar[tuple[str, ...]] = ("image", "boxes", "objectness1")
    outputs: ClassVar[tuple[str, ...]] = ("out", "scores")
    fixed: ClassVar[tuple[str, ...]] = ("image", "boxes")
    each: ClassVar[str] = "objectness"

    candidates: Candidates = Field(1000, description="Boxes of each level that take part in the suppression.")
    proposals: Rows = Field(1000, description="Boxes that come out.")
    overlap: Share = Field(0.7, description="Intersection over union above which the less likely box goes.")
    min_size: float = Field(1e-3, ge=0, le=4096, description="Boxes with a shorter side, in pixels, are dropped.")
    score_threshold: Share = Field(0.0, description="Boxes that are less likely are dropped.")
    levels: Levels = Field(1, description="How many levels the boxes come from; each has a port for its logits.")

    def count(self) -> int:
        return self.levels

    def build(self, *input_shapes: Shape) -> nn.Module:
        from engine.modules.detection_suppression import RegionProposals as Module

        image, boxes, *objectness = input_shapes
        picture_shape(self.label, image)
        _check_levels(self.label, check_boxes(self.label, boxes), objectness, 1)
        return Module(self.candidates, self.proposals, self.overlap, self.min_size, self.score_threshold)

    def summary(self) -> str:
        return f"{self.proposals:,} boxes · overlap ≤ {self.overlap:g}"


def _check_levels(layer: str, boxes: int, levels: list[Shape], columns: int | None = None) -> None:
    for shape in levels:
        check_rows(layer, shape, None, columns)
    total = sum(shape[0] for shape in levels)
    if total != boxes:
        raise BadInput(
            f"{layer} has {boxes:,} boxes but its levels speak of {total:,}.",
            "Connect the heads of the same levels that the anchors were laid on, in the same order.",
        )


class _Detections(Layer):
    """What all of them share: three outputs, and when a box counts."""

    category: ClassVar[Category] = "shape"
    outputs: ClassVar[tuple[str, ...]] = FOUND

    score_threshold: Share = Field(0.05, description="Boxes with a lower score are dropped.")
    overlap: Share = Field(0.5, description="Intersection over union above which the weaker of two boxes goes.")
    detections: Rows = Field(100, description="Rows that come out; unused ones hold zeros and the label −1.")

    def summary(self) -> str:
        return f"score > {self.score_threshold:g} · overlap ≤ {self.overlap:g} · {self.detections} rows"


@register("RegionDetections")
class RegionDetections(_Detections):
    """From the classified regions to the list of objects: drops weak answers and doubles, class by class.

    Class 0 is the background, the scores of a region add up to 1. Of two boxes of one class that overlap too much, the
    stronger stays (non-maximum suppression). Used by R-CNN, Fast and Faster R-CNN.
    """

    label: ClassVar[str] = "RegionDetections"
    keywords: ClassVar[tuple[str, ...]] = ("nms", "non-maximum suppression", "faster r-cnn", "detection", "objects")
    inputs: ClassVar[tuple[str, ...]] = ("image", "boxes", "logits")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from engine.modules.detection_suppression import RegionDetections as Module

        image, boxes, logits = input_shapes
        picture_shape(self.label, image)
        classes = check_rows(self.label, logits, boxes[0] if boxes else None)
        if classes < 2:
            raise BadInput(
                "RegionDetections gets a single class, which would be the background.",
                "Give the classifier one output more than there are kinds of object.",
            )
        if boxes not in ((logits[0], 4), (logits[0], classes, 4)):
            raise BadInput(
                f"RegionDetections has {classes} classes for {logits[0]:,} regions but gets boxes of {shown(boxes)}.",
                "Connect DecodeBoxes, with four numbers per box or four per class.",
            )
        return Module(self.score_threshold, self.overlap, self.detections)


class _FromAnchors(_Detections):
    candidates: Candidates = Field(1000, description="How many take part in the suppression.")


@register("LevelDetections")
class LevelDetections(_FromAnchors, OverLevels):
    """From what is said about every anchor to the list of objects, with one yes-or-no score per class (RetinaNet).

    There is no background class: an anchor that holds nothing has low scores everywhere. Each level sends its best
    candidates into the suppression, so that the many small anchors do not crowd out the large ones (Lin et al. 2017).
    """

    label: ClassVar[str] = "LevelDetections"
    keywords: ClassVar[tuple[str, ...]] = (
        "nms",
        "non-maximum suppression",
        "retinanet",
        "focal",
        "detection",
        "objects",
    )
    inputs: ClassVar[tuple[str, ...]] = ("image", "boxes", "logits1")
    fixed: ClassVar[tuple[str, ...]] = ("image", "boxes")
    each: ClassVar[str] = "logits"

    detections: Rows = Field(300, description="Rows that come out; unused ones hold zeros and the label −1.")
    levels: Levels = Field(1, description="How many levels the boxes come from; each has a port for its logits.")

    def count(self) -> int:
        return self.levels

    def build(self, *input_shapes: Shape) -> nn.Module:
        from engine.modules.detection_suppression import LevelDetections as Module

        image, boxes, *logits = input_shapes
        picture_shape(self.label, image)
        _check_levels(self.label, check_boxes(self.label, boxes), logits, logits[0][-1])
        return Module(self.score_threshold, self.overlap, self.detections, self.candidates)


@register("ClassDetections")
class ClassDetections(_FromAnchors):
    """From what is said about every default box to the list of objects; each class sends its best candidates (SSD).

    Class 0 is the background and the scores of a box add up to 1. Boxes of a class that overlap too much are thinned
    out, and the strongest of all classes come out (Liu et al. 2016).
    """

    label: ClassVar[str] = "ClassDetections"
    keywords: ClassVar[tuple[str, ...]] = ("nms", "non-maximum suppression", "ssd", "detection", "objects")
    inputs: ClassVar[tuple[str, ...]] = ("image", "boxes", "logits")

    score_threshold: Share = Field(0.01, description="Boxes with a lower score are dropped.")
    overlap: Share = Field(0.45, description="Intersection over union above which the weaker of two boxes goes.")
    detections: Rows = Field(200, description="Rows that come out; unused ones hold zeros and the label −1.")
    candidates: Candidates = Field(400, description="Boxes of each class that take part in the suppression.")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from engine.modules.detection_suppression import ClassDetections as Module

        image, boxes, logits = input_shapes
        picture_shape(self.label, image)
        if check_rows(self.label, logits, check_boxes(self.label, boxes)) < 2:
            raise BadInput(
                "ClassDetections gets a single class, which would be the background.",
                "Give the classifier one output more than there are kinds of object.",
            )
        return Module(self.score_threshold, self.overlap, self.detections, self.candidates)


@register("PointDetections")
class PointDetections(_FromAnchors):
    """From what is said at every point to the list of objects: four distances make a box, the rest are class scores.

    A distance is stride·exp(t), so that 0 means one cell and every level can say small and large. Classes count from 0;
    a point that lies on nothing has low scores everywhere.
    """

    label: ClassVar[str] = "PointDetections"
    keywords: ClassVar[tuple[str, ...]] = ("nms", "non-maximum suppression", "yolo", "anchor-free", "fcos", "detection")
    inputs: ClassVar[tuple[str, ...]] = ("image", "points", "raw")

    score_threshold: Share = Field(0.25, description="Boxes with a lower score are dropped.")
    overlap: Share = Field(0.6, description="Intersection over union above which the weaker of two boxes goes.")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from engine.modules.detection_suppression import PointDetections as Module

        image, points, raw = input_shapes
        picture_shape(self.label, image)
        if len(points) != 2 or points[1] != 3 or len(raw) != 2 or raw[0] != points[0] or raw[1] < 5:
            raise BadInput(
                f"PointDetections expects points × 3 and points × (4 + classes) but gets {shown(points)} and "
                f"{shown(raw)}.",
                "Connect GridPoints and the joined rows of the heads of the same levels.",
            )
        return Module(self.score_threshold, self.overlap, self.detections, self.candidates)


@register("GridDetections")
class GridDetections(_Detections):
    """Reads the grid of YOLO v1: every cell proposes a few boxes with a confidence, and says which class it sees.

    A cell holds B times (x, y, √width, √height, confidence), then the class probabilities. x and y are shares of the
    cell, width and height of the picture; a box scores its confidence times the class probability (Redmon et al. 2016).
    """

    label: ClassVar[str] = "GridDetections"
    keywords: ClassVar[tuple[str, ...]] = ("nms", "non-maximum suppression", "yolo", "grid", "detection")
    inputs: ClassVar[tuple[str, ...]] = ("image", "grid")

    boxes: Axis = Field(2, description="Boxes that each cell proposes, B.")
    score_threshold: Share = Field(0.2, description="Boxes with a lower score are dropped.")
    detections: Rows = Field(50, description="Rows that come out; unused ones hold zeros and the label −1.")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from engine.modules.detection_suppression import GridDetections as Module

        image, grid = input_shapes
        picture_shape(self.label, image)
        if len(grid) != 3 or grid[2] <= 5 * self.boxes:
            raise BadInput(
                f"GridDetections expects rows × columns × (5·{self.boxes} + classes) but gets {shown(grid)}.",
                "Reshape the last dense layer to the grid, and set how many boxes a cell has.",
            )
        return Module(self.boxes, self.score_threshold, self.overlap, self.detections)
