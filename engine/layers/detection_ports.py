"""What the layers of detectors have in common: ports per pyramid level, and checks of boxes and rows. Torch-free."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from engine.errors import BadInput
from engine.layers.base import Layer
from engine.layers.windows import picture_shape, shown

if TYPE_CHECKING:
    from engine.graph.spec import Shape

Levels = Annotated[int, Field(ge=1, le=16)]
Share = Annotated[float, Field(ge=0, le=1)]
Candidates = Annotated[int, Field(ge=1, le=100_000)]
Rows = Annotated[int, Field(ge=1, le=10_000)]


def numbered(name: str, count: int) -> tuple[str, ...]:
    """Port names name1, name2, ...: one per pyramid level."""
    return tuple(f"{name}{number}" for number in range(1, count + 1))


class OverLevels(Layer):
    """Base of layers that take the picture and a feature map from each of several levels."""

    fixed: ClassVar[tuple[str, ...]] = ("image",)
    each: ClassVar[str] = "level"

    def count(self) -> int:
        """How many levels the settings ask for."""
        raise NotImplementedError

    def input_ports(self) -> tuple[str, ...]:
        return (*self.fixed, *numbered(self.each, self.count()))


def check_picture(layer: str, image: Shape, *levels: Shape) -> None:
    """Raise `BadInput` unless the first is a picture and the others feature maps that are no larger."""
    _, height, width = picture_shape(layer, image)
    for shape in levels:
        _, rows, columns = picture_shape(layer, shape)
        if rows > height or columns > width:
            raise BadInput(
                f"{layer} gets a feature map of {rows}×{columns} for a picture of {height}×{width}.",
                "Connect the picture to its port `image`, and feature maps to the others.",
            )


def check_boxes(layer: str, shape: Shape) -> int:
    """How many boxes there are; raises `BadInput` for anything that does not end in four corners."""
    if len(shape) != 2 or shape[1] != 4:
        raise BadInput(
            f"{layer} expects boxes × 4 (left, top, right, bottom) but gets {shown(shape)}.",
            "Connect boxes to its port `boxes`.",
        )
    return shape[0]


def check_rows(layer: str, shape: Shape, boxes: int | None, columns: int | None = None) -> int:
    """The columns of a table with one row per box; raises `BadInput` if it has other rows or columns."""
    if len(shape) != 2 or (boxes is not None and shape[0] != boxes):
        wanted = "boxes" if boxes is None else f"{boxes:,} boxes"
        raise BadInput(
            f"{layer} expects one row for each of its {wanted} but gets {shown(shape)}.",
            "Use AnchorRows after the head's convolution, and connect heads and boxes of the same levels.",
        )
    if columns is not None and shape[1] != columns:
        raise BadInput(
            f"{layer} expects {columns} numbers for each box but gets {shape[1]}.",
            "Set the columns of the AnchorRows before it.",
        )
    return shape[1]
