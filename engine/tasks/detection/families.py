"""The families of heads, told apart by the names of a network's outputs. Never imports torch when it is imported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from engine.errors import BadInput
from engine.graph.class_width import Columns
from engine.tasks.detection.boxes import Truth
from engine.tasks.fitting import names, written

if TYPE_CHECKING:
    from torch import Tensor

    from engine.graph.spec import NetworkSpec, Shape
    from engine.tasks.batch import Outputs

Kind = Literal["points", "ssd", "retina", "regions", "grid", "queries"]

FOUND = ("boxes", "scores", "labels")
POINTS = ("raw", "points")
ANCHORS = ("class_logits", "anchor_deltas", "anchors")
REGIONS = ("objectness", "anchor_deltas", "anchors", "proposals", "class_logits", "box_deltas")
QUERIES = ("classes", "boxes")


@dataclass(frozen=True)
class Family:
    """How one kind of head is trained and read.

    Attributes:
        kind: which one.
        first: the number that the output `labels` has for the first class: 1 where 0 is the background.
        grid: the output that is YOLO v1's grid, where there is one.
        each: boxes of each of its cells.
    """

    kind: Kind
    first: int = 0
    grid: str = ""
    each: int = 0

    def losses(self, outputs: Outputs, truth: Truth, handed: Tensor | None = None) -> Mapping[str, Tensor]:
        """The terms of the loss, by the names of what is learned; their sum is lowered.

        Args:
            handed: the true boxes that the network was given, (N, D, 4); None where it had to find its own.
        """
        if self.kind == "points":
            from engine.tasks.detection.points import point_losses

            return point_losses(outputs, truth)
        if self.kind == "ssd":
            from engine.tasks.detection.anchors import ssd_losses

            return ssd_losses(outputs, truth)
        if self.kind == "retina":
            from engine.tasks.detection.anchors import retina_losses

            return retina_losses(outputs, truth)
        if self.kind == "regions":
            from engine.tasks.detection.regions import region_losses

            return region_losses(outputs, truth, handed)
        if self.kind == "grid":
            from engine.tasks.detection.grid import grid_losses

            return grid_losses(outputs, truth, self.grid, self.each)
        from engine.tasks.detection.queries import query_losses

        return query_losses(outputs, truth)


def family_of(outputs: Mapping[str, Shape], classes: int) -> Family:
    """Which family a network belongs to that has these outputs (shapes without the batch) for this many classes.

    SSD and RetinaNet have the same outputs and differ in the number of scores for each anchor, since only SSD says
    "background" as a class.

    Raises:
        BadInput: it is none, or its heads are made for another number of classes.
    """
    if set(REGIONS) <= set(outputs):
        _want(outputs, "class_logits", classes + 1, "a kind of its own for the background", classes)
        return Family("regions", first=1)
    if set(POINTS) <= set(outputs):
        _want(outputs, "raw", classes + 4, "four distances", classes)
        return Family("points")
    if set(ANCHORS) <= set(outputs):
        scores = outputs["class_logits"][-1]
        if scores == classes:
            return Family("retina")
        _want(outputs, "class_logits", classes + 1, "a kind of its own for the background", classes)
        return Family("ssd", first=1)
    if set(QUERIES) <= set(outputs) and "scores" not in outputs and outputs["boxes"][-1:] == (4,):
        _want(outputs, "classes", classes + 1, "one for no object", classes)
        return Family("queries")
    grid = grid_of(outputs)
    if grid:
        return Family("grid", grid=grid, each=_boxes_of_cell(outputs[grid], classes))
    raise unknown(outputs)


def grid_of(outputs: Mapping[str, Shape]) -> str:
    """The output that may be YOLO v1's grid: the only one, or the only one besides what was read from it; else ""."""
    rest = [id for id in outputs if id not in FOUND]
    if len(rest) != 1 or len(outputs) not in (1, 1 + len(FOUND)):
        return ""
    return rest[0] if len(outputs[rest[0]]) == 3 and rest[0] != "masks" else ""


def _want(outputs: Mapping[str, Shape], id: str, wanted: int, besides: str, classes: int) -> None:
    given = outputs[id][-1]
    if given != wanted:
        raise BadInput(
            f"The network's output {id!r} has {given} columns, and {_classes(classes)} and {besides} make {wanted}.",
            f"{setting(classes, background='background' in besides)}.",
            node=id,
        )


def setting(classes: int, background: bool) -> str:
    """What to do with a network that tells another number of classes; where it counts the background, so do we."""
    number = f"{classes + 1}: {classes} and the background" if background else f"{classes}"
    return f"Set the network's number of classes to {number}"


def class_columns(spec: NetworkSpec, outputs: Mapping[str, Shape], classes: int) -> tuple[Columns, ...]:
    """Which values of a detector's outputs stand for its classes, and how many there are to be; none if it is none.

    Args:
        outputs: shapes by id, without the batch.
    """
    kinds = {node.type for node in spec.nodes}
    if set(REGIONS) <= set(outputs):
        return _region_columns(outputs, classes + 1)
    if set(POINTS) <= set(outputs):
        return (Columns("raw", outputs["raw"][-1] - 4, classes, besides=4),)
    if set(ANCHORS) <= set(outputs):
        after = classes if "LevelDetections" in kinds else classes + 1
        return (Columns("class_logits", outputs["class_logits"][-1], after),)
    if set(QUERIES) <= set(outputs) and "scores" not in outputs:
        return (Columns("classes", outputs["classes"][-1], classes + 1),)
    grid = grid_of(outputs)
    if not grid:
        return ()
    read = next((node for node in spec.nodes if node.type == "GridDetections"), None)
    each = read.params.get("boxes", 2) if read is not None else 2 if outputs[grid][2] > 10 else 1
    return (Columns(grid, outputs[grid][2] - 5 * each, classes, besides=5 * each),)


def _region_columns(outputs: Mapping[str, Shape], after: int) -> tuple[Columns, ...]:
    """The scores of the regions, and their boxes and masks where each class has its own."""
    before = outputs["class_logits"][-1]
    ends = ["class_logits"]
    if outputs["box_deltas"][-1] == 4 * before:
        ends.append("box_deltas")
    if len(outputs.get("mask_logits", ())) == 4 and outputs["mask_logits"][1] == before:
        ends.append("mask_logits")
    return tuple(Columns(id, before, after) for id in ends)


def _classes(count: int) -> str:
    return f"{count} class" if count == 1 else f"{count} classes"


def _boxes_of_cell(shape: Shape, classes: int) -> int:
    """B of a grid of 5·B + K numbers for each cell."""
    boxes, rest = divmod(shape[2] - classes, 5)
    if boxes < 1 or rest:
        raise BadInput(
            f"The network's grid is {written(shape)}, and {_classes(classes)} leave {shape[2] - classes} numbers of a "
            "cell for its boxes, which take 5 each.",
            f"Give each cell 5 numbers for every box and {classes} for the classes.",
        )
    return boxes


def unknown(outputs: Mapping[str, Shape]) -> BadInput:
    """What to say of a network whose outputs belong to no family."""
    if set(FOUND) <= set(outputs):
        return BadInput(
            "The network gives boxes, scores and labels, but not what its heads say, which training needs.",
            "Take it from the gallery with the option raw, or add Outputs for it: raw and points, or class_logits, "
            "anchor_deltas and anchors.",
        )
    return BadInput(
        f"The network's outputs ({names(outputs)}) are none that boxes can be learned from.",
        "Choose a detector from the gallery, such as YOLO small, or name your Outputs like its.",
    )
