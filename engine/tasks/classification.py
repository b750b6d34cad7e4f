"""One class for every picture."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from engine.errors import BadInput
from engine.tasks.base import TASKS, Decoded, Task

if TYPE_CHECKING:
    from torch import Tensor

    from engine.graph.spec import Shape


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


@TASKS.register("classification")
class Classification(Task):
    """One class for every picture: cross-entropy on one output (logit) per class."""

    label: ClassVar[str] = "Classification"
    headline: ClassVar[str] = "accuracy"
    watched: ClassVar[tuple[str, ...]] = ("accuracy", "f1_macro")

    def check(self, output_shape: Shape) -> None:
        wanted = len(self.classes)
        if len(output_shape) != 1:
            shape = "×".join(str(size) for size in output_shape)
            raise BadInput(
                f"The network's output has the shape {shape}, and classification needs one number per class.",
                f"End the network with Flatten and Linear with {wanted} outputs.",
            )
        if output_shape[0] != wanted:
            names = ", ".join(self.classes[:3]) + (", …" if wanted > 3 else "")
            raise BadInput(
                f"The network has {output_shape[0]} outputs and the data has {wanted} classes ({names}).",
                f"Set the last Linear layer to {wanted} outputs.",
            )

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Cross-entropy, `−log softmax(outputs)[target]`, averaged. outputs (N, K), targets (N,)."""
        from torch.nn.functional import cross_entropy

        return cross_entropy(outputs, targets, label_smoothing=self.label_smoothing)

    def penalty(self, outputs: Tensor, targets: Tensor) -> Tensor:
        from torch.nn.functional import cross_entropy

        return cross_entropy(outputs, targets)

    def decode(self, outputs: Tensor) -> Decoded:
        confidence, predicted = outputs.float().softmax(1).max(1)
        return Decoded(predicted, confidence)

    def sums(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return (outputs.argmax(1) == targets).sum().float().reshape(1)

    def running(self, sums: Sequence[float], count: int) -> Mapping[str, float]:
        return {"accuracy": sums[0] / count} if count else {}

    def measures(self, predicted: Tensor, targets: Tensor, only: Collection[str] | None = None) -> Mapping[str, float]:
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
