"""What finding boxes and finding outlines have in common."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from pydantic import Field

from engine.datasets.spec import Settings
from engine.errors import BadInput
from engine.tasks.base import Answers, Meter, Sketch, Task
from engine.tasks.batch import Batch, Outputs
from engine.tasks.detection.boxes import truth_of
from engine.tasks.detection.drawing import check_drawing, handed_boxes, training_drawing
from engine.tasks.detection.families import Family, family_of, grid_of, unknown
from engine.tasks.fitting import require_inputs

if TYPE_CHECKING:
    from torch import Tensor, nn

    from engine.graph.spec import NetworkSpec, Shape
    from engine.tasks.report import TaskReport

PRIOR = 0.01
"""How likely every class is said to be at first, so that thousands of empty places do not drown the few that are not
(Lin et al., ICCV 2017)."""
CLASS_LAYER = "cls_logits"


class ObjectOptions(Settings):
    """Options of every task that finds objects."""

    shown_score: float = Field(
        0.3, ge=0, le=1, description="Answers that are less sure are not drawn in examples; measures count them."
    )


class ObjectTask(Task):
    """A task whose answer is a list of objects.

    Answers: "boxes" (N, D, 4) in pixels of the network's input, "scores" (N, D), "labels" (N, D) with classes from 0
    on and −1 in rows of padding, and "masks" (N, D, h, w) in 0..1 where the network has some: over the box, or over the
    picture where they have its size.
    """

    Options: ClassVar[type[Settings]] = ObjectOptions
    options: ObjectOptions
    masks: ClassVar[bool] = False

    def __init__(self, classes: tuple[str, ...], options: Settings | None = None) -> None:
        super().__init__(classes, options)
        self._handing = False  # whether the drawing that is trained takes the true boxes in

    def check(self, inputs: Mapping[str, Shape], outputs: Mapping[str, Shape], sample: Shape) -> None:
        if len(inputs) > 1 and any(len(shape) == 2 and shape[1] == 4 for shape in inputs.values()):
            raise BadInput(
                "The network is told from outside where to look, by its second input.",
                "Choose one that proposes its regions itself, such as Faster R-CNN.",
            )
        require_inputs(inputs, [sample])
        grid = grid_of(outputs)
        if grid and not _like(outputs[grid], sample):
            raise unknown(outputs)
        family_of(outputs, len(self.classes))
        if self.masks and not {"masks", "mask_logits"} <= set(outputs):
            raise BadInput(
                "The network gives no masks, or not what its mask head says.",
                "Choose Mask R-CNN with the option raw, or train it for detection.",
            )

    def _family(self, outputs: Outputs) -> Family:
        return family_of({name: tuple(one.shape[1:]) for name, one in outputs.items()}, len(self.classes))

    def training_spec(self, spec: NetworkSpec) -> NetworkSpec:
        from engine.graph.analyse import analyse

        found = analyse(spec)
        shapes = {node.id: found.nodes[node.id].output_shape for node in spec.outputs}
        family = family_of({id: tuple(shape) for id, shape in shapes.items() if shape is not None}, len(self.classes))
        check_drawing(spec, family)
        drawn = training_drawing(spec, family)
        self._handing = len(drawn.inputs) > len(spec.inputs)
        return drawn

    def start_values(self, model: nn.Module, spec: NetworkSpec) -> None:
        """Set the prior of layers called cls_logits where every class is a yes or no of its own."""
        import torch

        for node in spec.nodes:
            if node.type in ("PointDetections", "LevelDetections"):
                break
        else:
            return
        for name, module in model.named_modules():
            if name.rpartition(".")[2] == CLASS_LAYER and isinstance(getattr(module, "bias", None), torch.Tensor):
                torch.nn.init.constant_(module.bias, -math.log((1 - PRIOR) / PRIOR))

    def feed(self, batch: Batch) -> Batch:
        """Hand the true boxes over where the network is trained and takes them in."""
        if not (self._handing and batch.learning):
            return batch
        return batch.with_(inputs=(*batch.inputs, handed_boxes(truth_of(batch))))

    def losses(self, outputs: Outputs, batch: Batch) -> Mapping[str, Tensor]:
        handed = batch.inputs[1] if len(batch.inputs) > 1 else None
        return self._family(outputs).losses(outputs, truth_of(batch), handed)

    def decode(self, outputs: Outputs, batch: Batch) -> Answers:
        from engine.tasks.detection.reading import found_in

        return found_in(outputs, self._family(outputs), batch.inputs[0])

    def meter(self, full: bool = False) -> Meter:
        from engine.tasks.detection.meter import BoxMeter

        return BoxMeter(masks=self.masks, full=full)

    def sketch(self, picture: np.ndarray, answer: Mapping[str, np.ndarray], truth: Mapping[str, np.ndarray]) -> Sketch:
        from engine.tasks.detection.sketches import object_sketch

        return object_sketch(picture, answer, truth, self.classes, self.options.shown_score)

    def report(self, meter: Meter, sketches: Sequence[Sketch]) -> TaskReport:
        from engine.tasks.detection.meter import BoxMeter
        from engine.tasks.detection.reports import object_report

        assert isinstance(meter, BoxMeter)
        return object_report(meter, self.classes, sketches)


def _like(grid: Shape, picture: Shape) -> bool:
    """Whether a grid (rows, columns, numbers) can lie over a picture (C, H, W), and not be a map of channels."""
    shape = grid[0] / grid[1] * picture[2] / picture[1]
    return 2 / 3 < shape < 3 / 2
