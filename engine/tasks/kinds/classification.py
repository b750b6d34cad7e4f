"""One class for every picture."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from pydantic import Field

from engine.datasets.spec import Settings
from engine.errors import BadInput
from engine.tasks.base import TASKS, Answers, Meter, Sketch, Task
from engine.tasks.batch import Batch, Outputs
from engine.tasks.fitting import require_inputs, require_outputs, written

if TYPE_CHECKING:
    from torch import Tensor

    from engine.graph.spec import Shape


WATCHED = ("accuracy", "f1_macro")
"""What is measured after every epoch."""


@dataclass(frozen=True)
class ClassRow:
    """One row of the per-class table. None means undefined: nothing to divide by.

    Attributes:
        support: pictures of this class.
        predicted: pictures that were taken for this class.
    """

    name: str
    precision: float | None
    recall: float | None
    f1: float | None
    support: int
    predicted: int


class ClassificationOptions(Settings):
    """Options of classification."""

    label_smoothing: float = Field(0.0, ge=0, lt=1, description="Share of the target spread over all classes.")


@TASKS.register("classification")
class Classification(Task):
    """One class for every picture: cross-entropy on one output (logit) per class."""

    label: ClassVar[str] = "Classification"
    help: ClassVar[str] = "Which one of several classes a picture shows."
    needs: ClassVar[tuple[str, ...]] = ("label",)
    headline: ClassVar[str] = "accuracy"
    measures: ClassVar[Mapping[str, tuple[str, str]]] = {
        "accuracy": ("Accuracy", "share"),
        "precision_macro": ("Precision", "share"),
        "recall_macro": ("Recall", "share"),
        "f1_macro": ("F1", "share"),
        "precision_weighted": ("Precision, weighted", "share"),
        "recall_weighted": ("Recall, weighted", "share"),
        "f1_weighted": ("F1, weighted", "share"),
    }
    Options: ClassVar[type[Settings]] = ClassificationOptions
    options: ClassificationOptions

    def check(self, inputs: Mapping[str, Shape], outputs: Mapping[str, Shape], sample: Shape) -> None:
        require_inputs(inputs, [sample])
        require_outputs(outputs, 1)
        wanted = len(self.classes)
        shape = next(iter(outputs.values()))
        if len(shape) != 1:
            raise BadInput(
                f"The network's output has the shape {written(shape)}, and classification needs one number per class.",
                f"End the network with Flatten and Linear with {wanted} outputs.",
            )
        if shape[0] != wanted:
            names = ", ".join(self.classes[:3]) + (", …" if wanted > 3 else "")
            raise BadInput(
                f"The network has {shape[0]} outputs and the data has {wanted} classes ({names}).",
                f"Set the last Linear layer to {wanted} outputs.",
            )

    def losses(self, outputs: Outputs, batch: Batch) -> Mapping[str, Tensor]:
        """Cross-entropy, `−log softmax(outputs)[target]`, averaged. outputs (N, K), targets (N,)."""
        from torch.nn.functional import cross_entropy

        (logits,) = outputs.values()
        smoothing = self.options.label_smoothing
        return {"class": cross_entropy(logits, batch.targets["label"], label_smoothing=smoothing)}

    def penalties(self, outputs: Outputs, batch: Batch) -> Mapping[str, Tensor]:
        from torch.nn.functional import cross_entropy

        (logits,) = outputs.values()
        return {"class": cross_entropy(logits, batch.targets["label"])}

    def decode(self, outputs: Outputs, batch: Batch) -> Answers:
        """The class, int64 (N,), and the share of belief in it, float32 (N,)."""
        (logits,) = outputs.values()
        confidence, predicted = logits.float().softmax(1).max(1)
        return {"predicted": predicted, "confidence": confidence}

    def sums(self, outputs: Outputs, batch: Batch) -> Mapping[str, Tensor]:
        (logits,) = outputs.values()
        return {"right": (logits.argmax(1) == batch.targets["label"]).sum()}

    def running(self, sums: Mapping[str, float], count: int) -> Mapping[str, float]:
        return {"accuracy": sums["right"] / count} if count else {}

    def meter(self, full: bool = False) -> ClassMeter:
        return ClassMeter(self, None if full else WATCHED)

    def sketch(self, picture: np.ndarray, answer: Mapping[str, np.ndarray], truth: Mapping[str, np.ndarray]) -> Sketch:
        predicted, right = int(answer["predicted"]), int(truth["label"])
        share = float(answer["confidence"])
        said, real = self.classes[predicted], self.classes[right]
        sure = f"{share:.0%}".replace("%", " %")
        tip = f"Answer: {said}, {sure} sure\n{'Right' if said == real else f'Truth: {real}'}"
        caption = said if predicted == right else f"{real} → {said}"
        mark: Literal["right", "wrong"] = "right" if predicted == right else "wrong"
        return Sketch(picture, caption, sure, mark, tip, share if predicted == right else -share)

    def scores(self, predicted: Tensor, targets: Tensor, only: Collection[str] | None = None) -> Mapping[str, float]:
        """Accuracy, and precision, recall and F1 as plain (macro) and support-weighted means over the classes.

        The plain mean goes over the classes that occur among truth or predictions. predicted, targets: (N,).
        """
        from torchmetrics.functional import classification as tm

        if not len(targets):
            return {}
        count = len(self.classes)
        found = {"accuracy": float((predicted == targets).double().mean())}  # costs nothing, so it is always there
        scores = {
            "precision": tm.multiclass_precision,
            "recall": tm.multiclass_recall,
            "f1": tm.multiclass_f1_score,
        }
        for name, score in scores.items():
            for average in ("macro", "weighted"):
                if only is not None and f"{name}_{average}" not in only:
                    continue
                value = score(predicted, targets, num_classes=count, average=average, validate_args=False)
                found[f"{name}_{average}"] = _clean(float(value))
        return found

    def confusion(self, predicted: Tensor, targets: Tensor) -> Tensor:
        """(K, K) int64: rows are the truth, columns what it was taken for."""
        from torchmetrics.functional.classification import multiclass_confusion_matrix

        return multiclass_confusion_matrix(predicted, targets, num_classes=len(self.classes), validate_args=False)

    def rows(self, predicted: Tensor, targets: Tensor) -> tuple[ClassRow, ...]:
        """The per-class table: precision, recall and F1 of every class, undefined where nothing is there."""
        from torchmetrics.functional import classification as tm

        count = len(self.classes)
        columns = [
            [
                _clean(value)
                for value in score(predicted, targets, num_classes=count, average="none", validate_args=False).tolist()
            ]
            for score in (tm.multiclass_precision, tm.multiclass_recall, tm.multiclass_f1_score)
        ]
        support = targets.bincount(minlength=count).tolist()
        taken = predicted.bincount(minlength=count).tolist()
        # torchmetrics answers 0 where it would divide by nothing.
        return tuple(
            ClassRow(
                name,
                precision=columns[0][k] if taken[k] else None,
                recall=columns[1][k] if support[k] else None,
                f1=columns[2][k] if taken[k] or support[k] else None,
                support=support[k],
                predicted=taken[k],
            )
            for k, name in enumerate(self.classes)
        )


def _clean(share: float) -> float:
    """A share that was computed in single precision, without the digits beyond it: 1.0000001 is 1."""
    return round(share, 6)


class ClassMeter(Meter):
    """Gathers classes; they stay on the device until they are asked for.

    Attributes (on the CPU, of all that was added):
        predicted, truth: int64, (N,). confidence: float32, (N,).
    """

    def __init__(self, task: Classification, only: Collection[str] | None = None) -> None:
        self._task, self._only = task, only
        self._parts: dict[str, list[Tensor]] = {"predicted": [], "confidence": [], "truth": []}

    def add(self, answers: Answers, batch: Batch) -> None:
        for name, tensor in (*answers.items(), ("truth", batch.targets["label"])):
            if name in self._parts:
                self._parts[name].append(tensor)

    def result(self) -> Mapping[str, float]:
        return self._task.scores(self.predicted, self.truth, self._only)

    @property
    def predicted(self) -> Tensor:
        return self._whole("predicted")

    @property
    def truth(self) -> Tensor:
        return self._whole("truth")

    @property
    def confidence(self) -> Tensor:
        return self._whole("confidence")

    def _whole(self, name: str) -> Tensor:
        import torch

        return torch.cat(self._parts[name]).cpu() if self._parts[name] else torch.zeros(0, dtype=torch.int64)
