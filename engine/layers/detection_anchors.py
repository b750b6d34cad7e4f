"""Where a detector looks: anchors, default boxes, grid points, and the heads' answers put in rows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from engine.errors import BadInput
from engine.layers.base import Category, Layer, register
from engine.layers.detection_ports import Levels, OverLevels, check_boxes, check_picture
from engine.layers.fields import Count, Extent
from engine.layers.windows import picture_shape, shown

if TYPE_CHECKING:
    from torch import nn

    from engine.graph.spec import Shape

Ratio = Annotated[float, Field(gt=0, le=100)]
Scale = Annotated[float, Field(gt=0, le=100)]
Divisor = Annotated[float, Field(gt=0, le=1000)]


@register("Anchors")
class Anchors(OverLevels):
    """Lays boxes of several sizes and shapes around every place of each feature map: the guesses that a detector starts
    from.

    The head then only says which of them hold something and how to move them. Fine levels get small anchors, coarse
    levels large ones (Ren et al. 2015; on a pyramid, Lin et al. 2017). Of the picture and the feature maps only the
    sizes count. The result has one row per anchor: left, top, right, bottom in pixels of the picture.
    """

    label: ClassVar[str] = "Anchors"
    category: ClassVar[Category] = "shape"
    keywords: ClassVar[tuple[str, ...]] = ("detection", "rpn", "faster r-cnn", "retinanet", "prior", "boxes")
    inputs: ClassVar[tuple[str, ...]] = ("image", "level1")

    sizes: tuple[tuple[Extent, ...], ...] = Field(
        ((32, 64, 128),),
        min_length=1,
        max_length=16,
        description="For each level, the side lengths of its anchors in pixels; each level has a port of its own.",
    )
    aspect_ratios: tuple[Ratio, ...] = Field(
        (0.5, 1.0, 2.0), min_length=1, max_length=16, description="Height divided by width, the same for all levels."
    )

    def count(self) -> int:
        return len(self.sizes)

    def build(self, *input_shapes: Shape) -> nn.Module:
        from engine.modules.detection_anchors import Anchors as Module

        check_picture(self.label, *input_shapes)
        return Module(self.sizes, self.aspect_ratios)

    def summary(self) -> str:
        sides = [size for level in self.sizes for size in level]
        each = len(self.sizes[0]) * len(self.aspect_ratios)
        return f"{each} per place · {min(sides)} to {max(sides)} pixels"

    def formula(self, *input_shapes: Shape) -> str:
        each = [len(sizes) * len(self.aspect_ratios) for sizes in self.sizes]
        return _sum_of_places(input_shapes[1:], each, "anchors")


def _sum_of_places(levels: tuple[Shape, ...], each: list[int], what: str) -> str:
    terms = [f"{k}·{shape[1]}·{shape[2]}" for k, shape in zip(each, levels, strict=True)]
    total = sum(k * shape[1] * shape[2] for k, shape in zip(each, levels, strict=True))
    return f"{what} = {' + '.join(terms)} = {total:,}"


@register("DefaultBoxes")
class DefaultBoxes(OverLevels):
    """Lays the default boxes of SSD: at every place of each feature map two squares, and a lying and a standing box for
    each further ratio.

    Sizes are shares of the picture, small on the fine levels and up to the whole picture on the last (Liu et al. 2016).
    The result has one row per box: left, top, right, bottom in pixels of the picture.
    """

    label: ClassVar[str] = "DefaultBoxes"
    category: ClassVar[Category] = "shape"
    keywords: ClassVar[tuple[str, ...]] = ("ssd", "prior boxes", "anchors", "detection")
    inputs: ClassVar[tuple[str, ...]] = ("image", "level1")

    aspect_ratios: tuple[tuple[Ratio, ...], ...] = Field(
        ((2.0, 3.0),),
        min_length=1,
        max_length=16,
        description="For each level, the ratios besides 1; each level has a port of its own.",
    )
    scales: tuple[Scale, ...] = Field(
        (0.2, 0.4),
        min_length=2,
        max_length=17,
        description="Side for each level and one beyond, as share of the picture.",
    )
    steps: tuple[Extent, ...] | None = Field(
        None, description="For each level, pixels between neighbouring boxes; empty divides the picture by the map."
    )

    def count(self) -> int:
        return len(self.aspect_ratios)

    def build(self, *input_shapes: Shape) -> nn.Module:
        from engine.modules.detection_anchors import DefaultBoxes as Module

        check_picture(self.label, *input_shapes)
        levels = len(self.aspect_ratios)
        if len(self.scales) != levels + 1:
            raise BadInput(
                f"DefaultBoxes has {len(self.scales)} scales for {levels} levels.",
                f"Give one for each level and one beyond: {levels + 1}.",
            )
        if self.steps is not None and len(self.steps) != levels:
            raise BadInput(
                f"DefaultBoxes has {len(self.steps)} steps for {levels} levels.", "Give one for each level, or none."
            )
        return Module(self.aspect_ratios, self.scales, self.steps)

    def summary(self) -> str:
        return f"{len(self.aspect_ratios)} levels · {self.scales[0]:.2g} to {self.scales[-1]:.2g} of the picture"

    def formula(self, *input_shapes: Shape) -> str:
        return _sum_of_places(input_shapes[1:], [2 + 2 * len(one) for one in self.aspect_ratios], "boxes")


@register("GridPoints")
class GridPoints(OverLevels):
    """The middle of every cell of each feature map: the places that a detector without anchors measures from.

    From each point the head says how far it is to the four sides of the object that covers it, so that no sizes and
    shapes have to be chosen beforehand (Tian et al. 2019). The result has one row per point: x, y and the stride, which
    is the size of the cell in pixels.
    """

    label: ClassVar[str] = "GridPoints"
    category: ClassVar[Category] = "shape"
    keywords: ClassVar[tuple[str, ...]] = ("anchor-free", "yolo", "fcos", "detection", "centres")
    inputs: ClassVar[tuple[str, ...]] = ("image", "level1")

    levels: Levels = Field(1, description="How many feature maps there are; each has a port of its own.")

    def count(self) -> int:
        return self.levels

    def build(self, *input_shapes: Shape) -> nn.Module:
        from engine.modules.detection_anchors import GridPoints as Module

        check_picture(self.label, *input_shapes)
        return Module()

    def summary(self) -> str:
        return f"{self.levels} level{'s' if self.levels > 1 else ''}"

    def formula(self, *input_shapes: Shape) -> str:
        return _sum_of_places(input_shapes[1:], [1] * self.levels, "points")


@register("AnchorRows")
class AnchorRows(Layer):
    """Puts what a head says about its anchors into a table: one row per anchor, one column per number.

    A head is a convolution, so its channels hold the answers for all anchors of a place: 3 anchors × 4 numbers are 12
    channels. From here on the place no longer matters, and the tables of all levels can be joined along dimension 1.
    """

    label: ClassVar[str] = "AnchorRows"
    category: ClassVar[Category] = "shape"
    keywords: ClassVar[tuple[str, ...]] = ("detection", "head", "flatten", "permute", "predictions")

    columns: Count = Field(4, description="Numbers per anchor: 4 for a box, or as many as there are classes.")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from engine.modules.detection_anchors import AnchorRows as Module

        channels, _, _ = picture_shape(self.label, input_shapes[0])
        if channels % self.columns:
            raise BadInput(
                f"AnchorRows cannot share {channels} channels out among anchors with {self.columns} numbers each.",
                "Give the convolution before it anchors × columns channels.",
            )
        return Module(self.columns)

    def summary(self) -> str:
        return f"{self.columns} per anchor"

    def formula(self, *input_shapes: Shape) -> str:
        channels, height, width = picture_shape(self.label, input_shapes[0])
        each = channels // self.columns
        return f"rows = {height}·{width}·{each} = {height * width * each:,}"


@register("DecodeBoxes")
class DecodeBoxes(Layer):
    """Moves and stretches boxes by what the network says about each: two shifts and two stretches.

    The network answers in relative terms, so that the same numbers fit small and large boxes: the centre moves by
    dx·width and dy·height, the size is multiplied by exp(dw) and exp(dh) (Girshick et al. 2014). With 4·K numbers per
    box it gives a box for each of K classes.
    """

    label: ClassVar[str] = "DecodeBoxes"
    category: ClassVar[Category] = "shape"
    keywords: ClassVar[tuple[str, ...]] = ("box regression", "deltas", "detection", "box coder", "offsets")
    inputs: ClassVar[tuple[str, ...]] = ("deltas", "boxes")

    weights: tuple[Divisor, Divisor, Divisor, Divisor] = Field(
        (1.0, 1.0, 1.0, 1.0),
        description="What dx, dy, dw and dh are divided by; makes the targets about as large as 1.",
    )

    def build(self, *input_shapes: Shape) -> nn.Module:
        from engine.modules.detection_boxes import DecodeBoxes as Module

        deltas, boxes = input_shapes
        rows = check_boxes(self.label, boxes)
        if len(deltas) != 2 or deltas[0] != rows or deltas[1] % 4:
            raise BadInput(
                f"DecodeBoxes has {rows:,} boxes but gets {shown(deltas)} as what to do with them.",
                "Feed it one row of four numbers, or of four per class, for each box.",
            )
        return Module(self.weights)

    def summary(self) -> str:
        return "÷ " + ", ".join(f"{weight:g}" for weight in self.weights) if set(self.weights) != {1.0} else ""


def spread(levels: int, first: float, last: float, beyond: float = 1.0) -> tuple[float, ...]:
    """Scales for `levels` levels in equal steps, and the one beyond, as SSD chooses them."""
    if levels == 1:
        return (first, last)
    wide = last - first
    return (*(first + wide * k / (levels - 1.0) for k in range(levels)), beyond)


def octaves(sizes: tuple[int, ...], count: int = 3) -> tuple[tuple[int, ...], ...]:
    """For each size, `count` sizes within its octave, as RetinaNet chooses them."""
    return tuple(tuple(math.floor(size * 2 ** (k / count)) for k in range(count)) for size in sizes)
