"""Which way every surface faces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from pydantic import Field

from engine.tasks.base import TASKS, Answers, Meter, Sketch
from engine.tasks.batch import Batch, Outputs
from engine.tasks.dense.task import MapTask, PixelOptions

if TYPE_CHECKING:
    from torch import Tensor

    from engine.datasets.spec import Settings
    from engine.tasks.report import TaskReport


class NormalOptions(PixelOptions):
    loss: Literal["cosine", "L2"] = Field(
        "cosine",
        description="Cosine compares directions only, 1 − cos of the angle; L2 is the squared distance from the true "
        "vector of length 1.",
    )


@TASKS.register("normals")
class Normals(MapTask):
    """Three output channels: the normal's x (to the right), y (down) and z (towards the viewer), of any length.

    Answers: "normals", float32 (N, 3, h, w), unit vectors.
    """

    label: ClassVar[str] = "Surface normals"
    help: ClassVar[str] = "Say of every pixel which way the surface there faces."
    needs: ClassVar[tuple[str, ...]] = ("normals",)
    target: ClassVar[str] = "normals"
    headline: ClassVar[str] = "median_angle"
    lower_is_better: ClassVar[bool] = True
    measures: ClassVar[Mapping[str, tuple[str, str]]] = {
        "median_angle": ("Median angular error", "°"),
        "mean_angle": ("Mean angular error", "°"),
        "median_slanted": ("Median error of slanted surfaces", "°"),
        "within_11.25": ("Within 11.25°", "share"),
        "within_22.5": ("Within 22.5°", "share"),
        "within_30": ("Within 30°", "share"),
    }
    Options: ClassVar[type[Settings]] = NormalOptions
    options: NormalOptions
    channels = 3
    meaning = "the direction's parts to the right, down and towards the viewer"

    def strata(self, truth: Tensor) -> Tensor:
        """Directions in rough classes, so that flat ground does not take nearly all of the pixels."""
        from engine.tasks.dense.normal_measures import facing

        return facing(truth)

    def losses(self, outputs: Outputs, batch: Batch) -> Mapping[str, Tensor]:
        from engine.tasks.dense.normal_measures import cosine_loss, square_loss
        from engine.tasks.dense.sizes import middle_of

        found = self.answer(outputs, batch)
        truth = middle_of(batch.targets["normals"], found)
        loss = cosine_loss if self.options.loss == "cosine" else square_loss
        return {"direction": loss(found, truth)}

    def decode(self, outputs: Outputs, batch: Batch) -> Answers:
        from engine.tasks.dense.normal_measures import unit

        return {"normals": unit(self.answer(outputs, batch))}

    def meter(self, full: bool = False) -> Meter:
        from engine.tasks.dense.normal_measures import NormalMeter

        return NormalMeter(each=full)

    def sketch(self, picture: np.ndarray, answer: Mapping[str, np.ndarray], truth: Mapping[str, np.ndarray]) -> Sketch:
        from engine.tasks.dense.sketches import normal_sketch

        return normal_sketch(picture, answer["normals"], truth.get("normals"))

    def report(self, meter: Meter, sketches: Sequence[Sketch]) -> TaskReport:
        from engine.tasks.dense.normal_measures import NormalMeter
        from engine.tasks.dense.reports import normal_report

        assert isinstance(meter, NormalMeter)
        return normal_report(meter, sketches)
