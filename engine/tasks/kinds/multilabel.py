"""Any number of labels for every picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from pydantic import Field

from engine.datasets.spec import Settings
from engine.errors import BadInput
from engine.idle import counts_if
from engine.tasks.base import TASKS, Answers, Meter, Sketch, Task
from engine.tasks.batch import Batch, Outputs
from engine.tasks.fitting import require_inputs, require_outputs, written

if TYPE_CHECKING:
    from torch import Tensor

    from engine.graph.spec import Shape
    from engine.tasks.classifying.label_meter import LabelMeter
    from engine.tasks.report import TaskReport

MOST_WEIGHT = 100.0
"""How much a rare label may count; more lets a few pictures decide everything."""


class MultilabelOptions(Settings):
    """Options of telling several labels."""

    loss: Literal["binary cross-entropy", "focal"] = Field(
        "binary cross-entropy",
        description="Binary cross-entropy asks of each label by itself whether it occurs; focal makes easy answers "
        "count little.",
    )
    pos_weight: Literal["none", "balanced"] = Field(
        "none", description="Balanced makes a rare label count more where it occurs, in training only."
    )
    gamma: float = Field(
        2.0,
        ge=0,
        le=10,
        description="How little easy answers count in the focal loss; 0 for as much.",
        json_schema_extra=counts_if(loss=["focal"]),
    )
    threshold: float = Field(0.5, gt=0, lt=1, description="The probability from which on a label is said to occur.")


@TASKS.register("multilabel")
class Multilabel(Task):
    """A yes or no for each label by itself: one output (logit) per label, and binary cross-entropy.

    Answers: "probabilities", float32 (N, K), and "labels", bool (N, K), those that reach the threshold.
    """

    label: ClassVar[str] = "Several labels"
    help: ClassVar[str] = "Which of several things a picture shows; there may be none, one or many."
    needs: ClassVar[tuple[str, ...]] = ("labels",)
    headline: ClassVar[str] = "mean_average_precision"
    measures: ClassVar[Mapping[str, tuple[str, str]]] = {
        "mean_average_precision": ("Mean average precision", "share"),
        "f1_micro": ("F1, over all answers", "share"),
        "f1_macro": ("F1", "share"),
        "subset_accuracy": ("All labels right", "share"),
        "hamming": ("Wrong answers", "share"),
    }
    Options: ClassVar[type[Settings]] = MultilabelOptions
    options: MultilabelOptions

    def __init__(self, classes: tuple[str, ...], options: Settings | None = None) -> None:
        super().__init__(classes, options)
        self._weights: Tensor | None = None

    def check(self, inputs: Mapping[str, Shape], outputs: Mapping[str, Shape], sample: Shape) -> None:
        require_inputs(inputs, [sample])
        require_outputs(outputs, 1)
        shape, wanted = tuple(next(iter(outputs.values()))), len(self.classes)
        if shape != (wanted,):
            names = ", ".join(self.classes[:3]) + (", …" if wanted > 3 else "")
            raise BadInput(
                f"The network's output has the shape {written(shape)}, and the data has {wanted} labels ({names}).",
                f"End the network with Flatten and Linear with {wanted} outputs.",
            )

    def learn_data(self, targets: Mapping[str, Tensor]) -> None:
        """Balanced: a label counts as much more as the pictures without it outnumber those with it."""
        if self.options.pos_weight == "balanced":
            found = targets["labels"].float().sum(0)
            self._weights = ((len(targets["labels"]) - found) / found.clamp(min=1)).clamp(1 / MOST_WEIGHT, MOST_WEIGHT)

    def losses(self, outputs: Outputs, batch: Batch) -> Mapping[str, Tensor]:
        weights = self._weights
        if weights is not None and weights.device != batch.device:
            weights = self._weights = weights.to(batch.device)
        return self._terms(outputs, batch, weights)

    def penalties(self, outputs: Outputs, batch: Batch) -> Mapping[str, Tensor]:
        return self._terms(outputs, batch, None)

    def _terms(self, outputs: Outputs, batch: Batch, weights: Tensor | None) -> Mapping[str, Tensor]:
        from engine.tasks.classifying.losses import several_labels

        (logits,) = outputs.values()
        gamma = self.options.gamma if self.options.loss == "focal" else 0.0
        return {"labels": several_labels(logits, batch.targets["labels"], weights, gamma).mean()}

    def probabilities(self, logits: Tensor) -> Tensor:
        """Of each label by itself, float32 (N, K)."""
        return logits.float().sigmoid()

    def sums(self, outputs: Outputs, batch: Batch) -> Mapping[str, Tensor]:
        (logits,) = outputs.values()
        found = self.probabilities(logits) >= self.options.threshold
        return {"right": (found == (batch.targets["labels"] > 0.5)).all(1).sum()}

    def running(self, sums: Mapping[str, float], count: int) -> Mapping[str, float]:
        return {"subset_accuracy": sums["right"] / count} if count else {}

    def decode(self, outputs: Outputs, batch: Batch) -> Answers:
        (logits,) = outputs.values()
        chances = self.probabilities(logits)
        return {"probabilities": chances, "labels": chances >= self.options.threshold}

    def meter(self, full: bool = False) -> LabelMeter:
        from engine.tasks.classifying.label_meter import LabelMeter

        return LabelMeter(len(self.classes))

    def sketch(self, picture: np.ndarray, answer: Mapping[str, np.ndarray], truth: Mapping[str, np.ndarray]) -> Sketch:
        found, real = answer["labels"] > 0.5, truth["labels"] > 0.5
        chances = answer["probabilities"]
        missed, wrong = self._names(real & ~found), self._names(found & ~real)
        notes = [f"missed {missed}" if missed else "", f"not there: {wrong}" if wrong else ""]
        said = [
            f"{name}: {chance:.0%}{' (occurs)' if there else ''}".replace("%", " %")
            for name, chance, there in zip(self.classes, chances.tolist(), real.tolist(), strict=True)
        ]
        mark: Literal["right", "wrong"] = "wrong" if missed or wrong else "right"
        doubt = np.abs(chances - real).mean() if len(chances) else 0.0
        note = ", ".join(each for each in notes if each)
        return Sketch(picture, self._names(found) or "nothing", note, mark, "\n".join(said), -float(doubt))

    def _names(self, which: np.ndarray) -> str:
        return ", ".join(self.classes[k] for k in np.flatnonzero(which).tolist())

    def report(self, meter: Meter, sketches: Sequence[Sketch]) -> TaskReport:
        from engine.tasks.classifying.label_meter import LabelMeter
        from engine.tasks.classifying.plots import precision_recall_plot, roc_plot
        from engine.tasks.report import Table, TaskReport

        assert isinstance(meter, LabelMeter)
        columns = ("label", "AP %", "ROC AUC %", "precision %", "recall %", "F1 %", "pictures", "found")
        rows = tuple((name, *row) for name, row in zip(self.classes, meter.rows(), strict=True))
        plots = [make(self.classes, meter.ranks()) for make in (precision_recall_plot, roc_plot)]
        return TaskReport(
            dict(meter.result()),
            tables=(Table("Labels", columns, rows),),
            plots=tuple(plot for plot in plots if plot is not None),
            examples=tuple(sketches),
        )
