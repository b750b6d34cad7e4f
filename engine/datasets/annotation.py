"""What is known of one picture, and the names under which it reaches a loss. Never imports torch or cv2."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

IGNORE = 255
"""The class of pixels that nobody has labelled: no loss and no measure looks at them."""
BACKGROUND = 0
"""The class of pixels that belong to no object; the object class k is pixel class k + 1."""
PADDING = -1
"""The class of rows that fill up a picture's boxes to the number that all pictures of a set have."""

Ring = np.ndarray
"""The corners of an outline: float32, (P, 2), x and y in pixels, closed by itself, P ≥ 3."""


@dataclass(frozen=True, eq=False)
class Annotation:
    """What is known of one picture, in pixels of that picture; None where nothing is known.

    A pixel's centre lies at (x + 0.5, y + 0.5), so a box over the whole picture is 0, 0, width, height.

    Attributes:
        label: class of the whole picture.
        labels: classes that occur in it, ascending.
        boxes: float32, (M, 4), x1 y1 x2 y2 with x1 < x2 and y1 < y2; one for each object.
        box_labels: int64, (M,), the objects' classes.
        outlines: for each object its rings, () for an object without an outline. Where rings overlap is a hole.
        instances: uint16, (H, W): 0 where there is no object, i + 1 where object i of `boxes` is seen.
        regions: uint8, (H, W): pixel classes, `BACKGROUND`, object class + 1, or `IGNORE`.
        points: float32, (K, 3), x, y and class of single marked points.
        edges: uint8, (H, W): 1 on an edge, 0 elsewhere, or `IGNORE`.
        normals: float32, (H, W, 3): unit vectors (x to the right, y down, z towards the viewer); 0 where unknown.
        clean: uint8, (H, W, 3): the picture as it ought to be, for restoring one that is spoilt.
    """

    label: int | None = None
    labels: tuple[int, ...] | None = None
    boxes: np.ndarray | None = None
    box_labels: np.ndarray | None = None
    outlines: tuple[tuple[Ring, ...], ...] | None = None
    instances: np.ndarray | None = None
    regions: np.ndarray | None = None
    points: np.ndarray | None = None
    edges: np.ndarray | None = None
    normals: np.ndarray | None = None
    clean: np.ndarray | None = None

    def __post_init__(self) -> None:
        count = 0 if self.boxes is None else len(self.boxes)
        if self.boxes is not None and self.boxes.shape != (count, 4):
            raise ValueError(f"boxes have the shape {self.boxes.shape}, not (M, 4)")
        if (self.boxes is None) != (self.box_labels is None):
            raise ValueError("boxes and box_labels come together")
        if self.box_labels is not None and self.box_labels.shape != (count,):
            raise ValueError(f"{count} boxes have labels of shape {self.box_labels.shape}")
        if self.outlines is not None and len(self.outlines) != count:
            raise ValueError(f"{count} boxes have {len(self.outlines)} outlines")


TARGETS = ("label", "labels", "boxes", "instances", "regions", "edges", "normals", "clean")
"""What a set of pictures may say that it gives (`PictureSet.gives`) and a task that it needs or uses (`Task.needs`,
`Task.uses`)."""

# The same as tensors of a batch (`Batch.targets`), in pixels of the network's input (N pictures, K classes):
#   label       int64   (N,)
#   labels      float32 (N, K), 1 for the classes that occur
#   boxes       float32 (N, M, 4) xyxy; rows of padding are 0
#   box_labels  int64   (N, M), `PADDING` in rows of padding
#   instances   uint8   (N, H, W), i + 1 for row i of the boxes
#   regions     uint8   (N, H, W)
#   edges       uint8   (N, H, W)
#   normals     float32 (N, 3, H, W)
#   clean       uint8   (N, C, H, W)
# and of sequences (T steps, F values each):
#   label       int64   (N,)
#   future      float32 (N, H, F), what comes next
#   tokens      int64   (N, T), the next token at every step
