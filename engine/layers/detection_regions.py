"""Looking at regions of a picture or of feature maps, and what is found in them: masks and keypoints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from engine.errors import BadInput
from engine.layers.base import Category, Layer, register
from engine.layers.detection_ports import Levels, OverLevels, check_boxes, check_picture
from engine.layers.fields import Margin
from engine.layers.windows import picture_shape, shown

if TYPE_CHECKING:
    from torch import nn

    from engine.graph.spec import Shape

Side = Annotated[int, Field(ge=1, le=512)]
Samples = Annotated[int, Field(ge=-1, le=16)]


@register("RoIAlign")
class RoIAlign(OverLevels):
    """Cuts the features of every region out of the feature map, all to one size, by sampling between the cells.

    The backbone runs once for the whole picture and each region only costs its head. Unlike RoI pooling nothing is
    rounded to cells, which masks and keypoints need (He et al. 2017). With several levels, small regions are read from
    the fine ones: level ⌊4 + log₂(side/224)⌋ (Lin et al. 2017). torchvision's operator does the sampling.
    """

    label: ClassVar[str] = "RoIAlign"
    category: ClassVar[Category] = "pooling"
    keywords: ClassVar[tuple[str, ...]] = ("region of interest", "mask r-cnn", "detection", "pooling", "fpn")
    inputs: ClassVar[tuple[str, ...]] = ("image", "boxes", "level1")
    fixed: ClassVar[tuple[str, ...]] = ("image", "boxes")

    output_size: Side = Field(7, description="Height and width of what comes out for each region.")
    sampling_ratio: Samples = Field(
        2, description="Samples per cell in each direction; −1 chooses by the region's size."
    )
    levels: Levels = Field(1, description="How many feature maps there are; each has a port of its own, finest first.")

    def count(self) -> int:
        return self.levels

    def build(self, *input_shapes: Shape) -> nn.Module:
        from engine.modules.detection_regions import RoIAlign as Module

        image, boxes, *levels = input_shapes
        check_boxes(self.label, boxes)
        check_picture(self.label, image, *levels)
        if len({shape[0] for shape in levels}) > 1:
            widths = " and ".join(str(shape[0]) for shape in levels)
            raise BadInput(
                f"RoIAlign gets levels with {widths} channels.", "Give all levels as many, as a feature pyramid does."
            )
        return Module(self.output_size, self.sampling_ratio)

    def summary(self) -> str:
        return f"{self.output_size}×{self.output_size}" + (f" · {self.levels} levels" if self.levels > 1 else "")


@register("RoIPool")
class RoIPool(Layer):
    """Divides every region of the feature map into a grid of parts and keeps the maximum of each.

    So regions of any size fit one dense head, and the convolutions run once for the whole picture instead of once per
    region (Girshick 2015; the idea is from SPPnet, He et al. 2014). The parts are rounded to whole cells. torchvision's
    operator does it.
    """

    label: ClassVar[str] = "RoIPool"
    category: ClassVar[Category] = "pooling"
    icon: ClassVar[str] = "pool_max"
    keywords: ClassVar[tuple[str, ...]] = ("region of interest", "fast r-cnn", "detection", "roi max pooling")
    inputs: ClassVar[tuple[str, ...]] = ("image", "boxes", "features")

    output_size: Side = Field(7, description="Height and width of what comes out for each region.")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from engine.modules.detection_regions import RoIPool as Module

        image, boxes, features = input_shapes
        check_boxes(self.label, boxes)
        check_picture(self.label, image, features)
        return Module(self.output_size)

    def summary(self) -> str:
        return f"{self.output_size}×{self.output_size}"


@register("WarpRegions")
class WarpRegions(Layer):
    """Cuts every region out of the picture and stretches it to one size, with a margin of what lies around it.

    R-CNN shows each proposal to a classifier so, whatever its shape (Girshick et al. 2014). Things look squeezed, but
    the network learns to live with it. What lies outside of the picture is zero, the mean colour.
    """

    label: ClassVar[str] = "WarpRegions"
    category: ClassVar[Category] = "shape"
    icon: ClassVar[str] = "crop"
    keywords: ClassVar[tuple[str, ...]] = ("r-cnn", "crop", "resize", "detection", "proposals")
    inputs: ClassVar[tuple[str, ...]] = ("image", "boxes")

    size: Side = Field(227, description="Height and width that every region gets.")
    context: Margin = Field(16, description="Pixels on each side of the result that show what lies around the box.")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from engine.modules.detection_regions import WarpRegions as Module

        image, boxes = input_shapes
        picture_shape(self.label, image)
        check_boxes(self.label, boxes)
        if 2 * self.context >= self.size:
            raise BadInput(
                f"WarpRegions has {self.context} pixels of context on each side of {self.size}.",
                "Choose a smaller context or a larger size.",
            )
        return Module(self.size, self.context)

    def summary(self) -> str:
        return f"{self.size}×{self.size} · {self.context} context"


@register("SelectMasks")
class SelectMasks(Layer):
    """Takes, of one mask per class, the mask of the class that was found, as probabilities between 0 and 1.

    Mask R-CNN draws a mask for every class and lets the box head decide which counts, so that classes do not compete
    for pixels (He et al. 2017).
    """

    label: ClassVar[str] = "SelectMasks"
    category: ClassVar[Category] = "shape"
    keywords: ClassVar[tuple[str, ...]] = ("mask r-cnn", "instance segmentation", "detection")
    inputs: ClassVar[tuple[str, ...]] = ("masks", "labels")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from engine.modules.detection_instances import SelectMasks as Module

        masks, labels = input_shapes
        if len(masks) != 4 or len(labels) != 1 or masks[0] != labels[0]:
            raise BadInput(
                f"SelectMasks expects objects × classes × height × width and one label per object but gets "
                f"{shown(masks)} and {shown(labels)}.",
                "Connect the mask head and the labels of the same detections.",
            )
        return Module()


@register("PasteMasks")
class PasteMasks(Layer):
    """Stretches the mask of every object to its box and puts it at its place in the picture.

    The mask head works on 28×28 cells whatever the object's size; here the cells become pixels. One full-size mask per
    object takes much memory, so this comes last.
    """

    label: ClassVar[str] = "PasteMasks"
    category: ClassVar[Category] = "shape"
    keywords: ClassVar[tuple[str, ...]] = ("mask r-cnn", "instance segmentation", "resize", "detection")
    inputs: ClassVar[tuple[str, ...]] = ("image", "boxes", "masks")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from engine.modules.detection_instances import PasteMasks as Module

        image, boxes, masks = input_shapes
        picture_shape(self.label, image)
        count = check_boxes(self.label, boxes)
        if len(masks) != 3 or masks[0] != count:
            raise BadInput(
                f"PasteMasks has {count} boxes but gets masks of {shown(masks)}.",
                "Connect one mask (height × width) for each box.",
            )
        return Module()


@register("HeatmapsToKeypoints")
class HeatmapsToKeypoints(Layer):
    """Finds the peak of every heatmap and says where in the picture it is: one point for each joint of each person.

    The heatmap covers the box of the object, so it is stretched to the box first. The height of the peak is the score
    (He et al. 2017).
    """

    label: ClassVar[str] = "HeatmapsToKeypoints"
    category: ClassVar[Category] = "shape"
    keywords: ClassVar[tuple[str, ...]] = ("pose", "keypoint r-cnn", "detection", "joints", "argmax")
    inputs: ClassVar[tuple[str, ...]] = ("boxes", "heatmaps")
    outputs: ClassVar[tuple[str, ...]] = ("out", "scores")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from engine.modules.detection_instances import HeatmapsToKeypoints as Module

        boxes, heatmaps = input_shapes
        count = check_boxes(self.label, boxes)
        if len(heatmaps) != 4 or heatmaps[0] != count:
            raise BadInput(
                f"HeatmapsToKeypoints has {count} boxes but gets heatmaps of {shown(heatmaps)}.",
                "Connect objects × keypoints × height × width for the same boxes.",
            )
        return Module()
