"""A class for every pixel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from pydantic import Field

from engine.datasets.annotation import IGNORE
from engine.idle import counts_if, counts_unless
from engine.tasks.base import TASKS, Answers, Meter, Sketch
from engine.tasks.batch import Batch, Outputs
from engine.tasks.dense.task import MapTask, PixelOptions

if TYPE_CHECKING:
    from torch import Tensor

    from engine.datasets.spec import Settings
    from engine.tasks.report import TaskReport


class SegmentationOptions(PixelOptions):
    loss: Literal["cross-entropy", "Dice", "IoU", "focal", "cross-entropy + Dice"] = Field(
        "cross-entropy",
        description="Cross-entropy asks pixel by pixel. Dice and IoU compare whole regions, so that small ones count "
        "as much as large ones; focal makes easy pixels count little.",
    )
    class_weights: Literal["none", "balanced"] = Field(
        "none", description="Balanced makes the pixels of rare classes count more, in training only."
    )
    gamma: float = Field(
        2.0,
        ge=0,
        le=10,
        description="How little easy pixels count in the focal loss; 0 for as much.",
        json_schema_extra=counts_if(loss=["focal"]),
    )
    auxiliary: float = Field(
        0.5,
        ge=0,
        le=10,
        description="Weight of the loss of further outputs, such as DeepLab's second head (torchvision has 0.5, the "
        "paper that it comes from 0.4). They learn and are then no longer needed.",
        json_schema_extra=counts_unless(outputs=[0, 1]),
    )


@TASKS.register("segmentation")
class Segmentation(MapTask):
    """One output channel (logit) for the background and one for each class.

    Answers: "regions", uint8 (N, h, w), pixel classes as in the targets of that name.
    """

    label: ClassVar[str] = "Segmentation"
    help: ClassVar[str] = "Say of every pixel what it belongs to."
    needs: ClassVar[tuple[str, ...]] = ("regions",)
    target: ClassVar[str] = "regions"
    several: ClassVar[bool] = True
    headline: ClassVar[str] = "mean_iou"
    measures: ClassVar[Mapping[str, tuple[str, str]]] = {
        "mean_iou": ("Mean IoU", "share"),
        "dice": ("Mean Dice", "share"),
        "pixel_accuracy": ("Pixel accuracy", "share"),
    }
    Options: ClassVar[type[Settings]] = SegmentationOptions
    options: SegmentationOptions

    def __init__(self, classes: tuple[str, ...], options: Settings | None = None) -> None:
        super().__init__(classes, options)
        names = ", ".join(classes[:3]) + (", …" if len(classes) > 3 else "")
        self.channels = len(classes) + 1
        self.meaning = f"one for the background and one for each of {len(classes)} classes ({names})"
        self._weights: Tensor | None = None

    def learn_data(self, targets: Mapping[str, Tensor]) -> None:
        from engine.tasks.dense.region_losses import balanced_weights, class_counts

        if self.options.class_weights == "balanced":
            self._weights = balanced_weights(class_counts(targets["regions"], self.channels))

    def losses(self, outputs: Outputs, batch: Batch) -> Mapping[str, Tensor]:
        weights = self._weights
        if weights is not None and weights.device != batch.device:
            weights = self._weights = weights.to(batch.device)
        return self._terms(outputs, batch, weights, self.options.auxiliary)

    def penalties(self, outputs: Outputs, batch: Batch) -> Mapping[str, Tensor]:
        return self._terms(outputs, batch, None, 0)

    def _terms(self, outputs: Outputs, batch: Batch, weights: Tensor | None, auxiliary: float) -> dict[str, Tensor]:
        from engine.tasks.dense.region_losses import REGION_LOSSES, focal
        from engine.tasks.dense.sizes import enlarged, middle_of
        from engine.tasks.dense.task import size_of

        truth = batch.targets["regions"]
        found: dict[str, Tensor] = {}
        for number, output in enumerate(outputs.values()):
            if number and not auxiliary:
                break
            scores = enlarged(output.float(), size_of(truth))
            for name, loss in REGION_LOSSES[self.options.loss]:
                score = partial(loss, gamma=self.options.gamma) if loss is focal else loss
                value = score(scores, middle_of(truth, scores), weights=weights)
                if not number:
                    found[name] = value
                else:
                    found["auxiliary"] = found.get("auxiliary", 0) + auxiliary * value
        return found

    def sums(self, outputs: Outputs, batch: Batch) -> Mapping[str, Tensor]:
        if self._sampled:
            return {}  # shares of stratified pixels are no shares of the picture
        found = self.answer(outputs, batch).argmax(1)
        truth = self._middle(batch, found)
        return {"right": (found == truth).sum().float(), "pixels": (truth != IGNORE).sum().float()}

    def running(self, sums: Mapping[str, float], count: int) -> Mapping[str, float]:
        pixels = sums.get("pixels", 0)
        return {"pixel_accuracy": sums["right"] / pixels} if pixels else {}

    @staticmethod
    def _middle(batch: Batch, found: Tensor) -> Tensor:
        from engine.tasks.dense.sizes import middle_of

        return middle_of(batch.targets["regions"], found)

    def decode(self, outputs: Outputs, batch: Batch) -> Answers:
        return {"regions": self.answer(outputs, batch).argmax(1).byte()}

    def meter(self, full: bool = False) -> Meter:
        from engine.tasks.dense.confusion import RegionMeter

        return RegionMeter(self.channels, each=full)

    def sketch(self, picture: np.ndarray, answer: Mapping[str, np.ndarray], truth: Mapping[str, np.ndarray]) -> Sketch:
        from engine.tasks.dense.sketches import region_sketch

        return region_sketch(picture, answer["regions"], truth.get("regions"), self.classes)

    def report(self, meter: Meter, sketches: Sequence[Sketch]) -> TaskReport:
        from engine.tasks.dense.confusion import RegionMeter
        from engine.tasks.dense.reports import region_report

        assert isinstance(meter, RegionMeter)
        return region_report(meter, ("background", *self.classes), sketches)
