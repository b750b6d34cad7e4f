"""One class for every picture."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from pydantic import Field

from engine.datasets.spec import Settings
from engine.errors import BadInput
from engine.idle import counts_if, counts_unless
from engine.tasks.base import TASKS, Answers, Meter, Sketch, Task
from engine.tasks.batch import Batch, Outputs
from engine.tasks.fitting import require_inputs, written

if TYPE_CHECKING:
    from torch import Tensor

    from engine.graph.spec import Shape
    from engine.tasks.classifying.curves import Ranked
    from engine.tasks.report import TaskReport


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
    loss: Literal["cross-entropy", "focal", "binary cross-entropy"] = Field(
        "cross-entropy",
        description="Cross-entropy compares the classes with each other. Focal makes easy pictures count little; "
        "binary cross-entropy asks of each class by itself whether it is this one.",
    )
    class_weights: Literal["none", "balanced"] = Field(
        "none", description="Balanced makes the pictures of rare classes count more, in training only."
    )
    gamma: float = Field(
        2.0,
        ge=0,
        le=10,
        description="How little easy pictures count in the focal loss; 0 for as much.",
        json_schema_extra=counts_if(loss=["focal"]),
    )
    auxiliary_weight: float = Field(
        0.3,
        ge=0,
        le=10,
        description="Weight of the loss of further outputs, which learn and are then no longer needed: 0.3 in "
        "GoogLeNet, 0.4 in Inception v3.",
        json_schema_extra=counts_unless(outputs=[0, 1]),
    )


@TASKS.register("classification")
class Classification(Task):
    """One class for every picture: one output (logit) per class.

    The first Output is the answer. Further ones are auxiliary classifiers (Szegedy et al. 2015): their loss helps in
    training, and nobody looks at them afterwards.
    """

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
        "top5": ("Top-5 accuracy", "share"),
        "roc_auc": ("ROC AUC", "share"),
        "average_precision": ("Average precision", "share"),
        "calibration_error": ("Calibration error", "share"),
        "kappa": ("Cohen's kappa", ""),
    }
    Options: ClassVar[type[Settings]] = ClassificationOptions
    options: ClassificationOptions

    def __init__(self, classes: tuple[str, ...], options: Settings | None = None) -> None:
        super().__init__(classes, options)
        self._weights: Tensor | None = None

    def check(self, inputs: Mapping[str, Shape], outputs: Mapping[str, Shape], sample: Shape) -> None:
        require_inputs(inputs, [sample])
        if not outputs:
            raise BadInput("The network has no output.", "Draw an Output behind the last layer.")
        for number, (id, shape) in enumerate(outputs.items()):
            require_scores(id, shape, self.classes, further=number > 0)

    def learn_data(self, targets: Mapping[str, Tensor]) -> None:
        from engine.tasks.classifying.losses import balanced_weights

        if self.options.class_weights == "balanced":
            self._weights = balanced_weights(targets["label"], len(self.classes))

    def losses(self, outputs: Outputs, batch: Batch) -> Mapping[str, Tensor]:
        """The loss of the answer, and of auxiliary outputs together. outputs (N, K) each; targets (N,)."""
        logits, *further = outputs.values()
        weights = self._weights
        if weights is not None and weights.device != batch.device:
            weights = self._weights = weights.to(batch.device)
        smoothing = self.options.label_smoothing
        terms = {"class": self._mixed(logits, batch.targets, weights, smoothing)}
        if further and self.options.auxiliary_weight:
            losses = [self._mixed(each, batch.targets, weights, smoothing) for each in further]
            terms["auxiliary"] = self.options.auxiliary_weight * sum(losses[1:], losses[0])
        return terms

    def penalties(self, outputs: Outputs, batch: Batch) -> Mapping[str, Tensor]:
        return {"class": self._loss(next(iter(outputs.values())), batch.targets["label"])}

    def _mixed(self, logits: Tensor, targets: Mapping[str, Tensor], weights: Tensor | None, smoothing: float) -> Tensor:
        """The loss, divided between two labels where pictures were mixed (Zhang et al. 2018)."""
        if "label_other" not in targets:
            return self._loss(logits, targets["label"], weights, smoothing)
        share = targets["label_share"]
        own = self._loss(logits, targets["label"], weights, smoothing, share)
        return own + self._loss(logits, targets["label_other"], weights, smoothing, 1 - share)

    def _loss(
        self,
        logits: Tensor,
        labels: Tensor,
        weights: Tensor | None = None,
        smoothing: float = 0.0,
        share: Tensor | None = None,
    ) -> Tensor:
        """The mean over the batch, weighted by the classes' weights.

        Args:
            share: (N,), how much of each sample's loss counts; None for all of it.
        """
        from torch.nn.functional import cross_entropy

        from engine.tasks.classifying.losses import focal, one_vs_rest

        kind = self.options.loss
        if kind == "cross-entropy" and share is None:
            return cross_entropy(logits, labels, weight=weights, label_smoothing=smoothing)
        if kind == "cross-entropy":
            each = cross_entropy(logits, labels, weight=weights, label_smoothing=smoothing, reduction="none")
        elif kind == "focal":
            each = focal(logits, labels, self.options.gamma, weights, smoothing)
        else:
            each = one_vs_rest(logits, labels, weights, smoothing)
        if share is not None:
            each = each * share
        return each.mean() if weights is None else each.sum() / weights[labels].sum()

    def probabilities(self, logits: Tensor) -> Tensor:
        """Shares of belief (N, K) that sum to 1.

        One class against the rest gives chances that need not sum to 1, and are divided by their sum.
        """
        if self.options.loss != "binary cross-entropy":
            return logits.float().softmax(1)
        chances = logits.float().sigmoid()
        return chances / chances.sum(1, keepdim=True).clamp(min=1e-12)

    def decode(self, outputs: Outputs, batch: Batch) -> Answers:
        """The class, int64 (N,), the share of belief in it, float32 (N,), and in every class, (N, K)."""
        shares = self.probabilities(next(iter(outputs.values())))
        confidence, predicted = shares.max(1)
        return {"predicted": predicted, "confidence": confidence, "probabilities": shares}

    def sums(self, outputs: Outputs, batch: Batch) -> Mapping[str, Tensor]:
        logits = next(iter(outputs.values()))
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

    def report(self, meter: Meter, sketches: Sequence[Sketch]) -> TaskReport:
        """Curves of every class against the rest, and how sure the network may be believed to be."""
        from engine.tasks.classifying.plots import precision_recall_plot, ranking_table, reliability_plot, roc_plot
        from engine.tasks.report import TaskReport

        assert isinstance(meter, ClassMeter)
        measures = dict(meter.result())
        if not len(meter.truth) or not meter.full:
            return TaskReport(measures, examples=tuple(sketches))
        right = (meter.predicted == meter.truth).numpy()
        plots = (
            roc_plot(self.classes, meter.ranks),
            precision_recall_plot(self.classes, meter.ranks),
            reliability_plot(meter.confidence.numpy(), right),
        )
        return TaskReport(
            measures,
            tables=(ranking_table(self.classes, meter.ranks),),
            plots=tuple(plot for plot in plots if plot is not None),
            examples=tuple(sketches),
        )

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


def require_scores(id: str, shape: Shape, classes: tuple[str, ...], *, further: bool = False) -> None:
    """Raise `BadInput` unless an output of this shape has one number per class.

    Args:
        further: whether it is not the network's first output.
    """
    wanted = len(classes)
    which = f"The network's further output {id!r}" if further else "The network's output"
    if len(shape) != 1:
        raise BadInput(
            f"{which} has the shape {written(shape)}, and classification needs one number per class.",
            f"End the network with Flatten and Linear with {wanted} outputs.",
            node=id if further else None,
        )
    if shape[0] != wanted:
        names = ", ".join(classes[:3]) + (", …" if wanted > 3 else "")
        whose = f"The network's further output {id!r}" if further else "The network"
        raise BadInput(
            f"{whose} has {shape[0]} outputs and the data has {wanted} classes ({names}).",
            f"Set the last Linear layer to {wanted} outputs.",
            node=id if further else None,
        )


def _clean(share: float) -> float:
    """A share that was computed in single precision, without the digits beyond it: 1.0000001 is 1."""
    return round(share, 6)


class ClassMeter(Meter):
    """Gathers classes; they stay on the device until they are asked for.

    Args:
        only: the measures that are wanted; None for all, which takes longer.

    Attributes (on the CPU, of all that was added):
        predicted, truth: int64, (N,). confidence: float32, (N,). shares: float32, (N, K), with all measures only.
    """

    def __init__(self, task: Classification, only: Collection[str] | None = None) -> None:
        self._task, self._only = task, only
        names = ("predicted", "confidence", "truth") + (("probabilities",) if only is None else ())
        self._parts: dict[str, list[Tensor]] = {name: [] for name in names}

    @property
    def full(self) -> bool:
        """Whether everything is measured, and the network has said how much it believes in each class."""
        return bool(self._parts.get("probabilities"))

    def add(self, answers: Answers, batch: Batch) -> None:
        for name, tensor in (*answers.items(), ("truth", batch.targets["label"])):
            if name in self._parts:
                self._parts[name].append(tensor)

    def result(self) -> Mapping[str, float]:
        found = self._task.scores(self.predicted, self.truth, self._only)
        return {**found, **self._of_shares()} if self.full and found else found

    def _of_shares(self) -> dict[str, float]:
        """What is measured by the belief in every class; what is undefined is left out."""
        from engine.tasks.classifying.curves import calibration_error, kappa
        from engine.tasks.classifying.plots import mean_of

        right = (self.predicted == self.truth).numpy()
        found: dict[str, float | None] = {}
        if len(self._task.classes) > 5:
            best = self.shares.topk(5, dim=1).indices  # (N, 5)
            found["top5"] = float((best == self.truth[:, None]).any(1).double().mean())
        found["roc_auc"] = mean_of([ranked.area for ranked in self.ranks])
        found["average_precision"] = mean_of([ranked.average_precision for ranked in self.ranks])
        found["calibration_error"] = calibration_error(self.confidence.numpy(), right)
        found["kappa"] = kappa(self._task.confusion(self.predicted, self.truth).numpy())
        return {name: value for name, value in found.items() if value is not None}

    @cached_property
    def ranks(self) -> tuple[Ranked, ...]:
        """Each class against the rest. Asked for only once everything was added."""
        from engine.tasks.classifying.curves import rank

        truth, shares = self.truth.numpy(), self.shares.numpy()
        return tuple(rank(truth == k, shares[:, k]) for k in range(len(self._task.classes)))

    @property
    def predicted(self) -> Tensor:
        return self._whole("predicted")

    @property
    def truth(self) -> Tensor:
        return self._whole("truth")

    @property
    def confidence(self) -> Tensor:
        return self._whole("confidence")

    @property
    def shares(self) -> Tensor:
        return self._whole("probabilities")

    def _whole(self, name: str) -> Tensor:
        import torch

        return torch.cat(self._parts[name]).cpu() if self._parts[name] else torch.zeros(0, dtype=torch.int64)
