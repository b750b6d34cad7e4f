"""How good a run is on pictures that it has not learned from. Never imports torch until it runs."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.cancel import CancelToken
from engine.errors import BadInput
from engine.events import Emit, Notice, Progress
from engine.project.atomic import write_atomic
from engine.tasks.classification import Classification, ClassRow
from engine.training.run_folder import REPORT

if TYPE_CHECKING:
    from torch import nn

    from engine.datasets.prepare import Prepared
    from engine.tasks.base import Task

BATCH = 256


@dataclass(frozen=True)
class Evaluation:
    """The answers of a run to one part of its data. Plain and picklable.

    Attributes:
        split: "train", "validation" or "test".
        measures: over all pictures: loss, accuracy, and precision, recall and F1 as plain (macro) and
            support-weighted means over the classes that occur among truth or predictions.
        per_class: one row per class, in the order of `classes`.
        confusion: int64, (K, K): rows are the truth, columns what it was taken for.
        truth, predicted: int64, (N,). confidence: float32, (N,), in 0..1.
        indices: int64, (N,), where each picture stands in the dataset; `names` are its names there.
        images: uint8, (N, H, W) or (N, H, W, 3) in RGB, as the network sees them.
    """

    split: str
    classes: tuple[str, ...]
    measures: Mapping[str, float]
    per_class: tuple[ClassRow, ...]
    confusion: np.ndarray
    truth: np.ndarray
    predicted: np.ndarray
    confidence: np.ndarray
    indices: np.ndarray
    names: tuple[str, ...]
    images: np.ndarray


@dataclass(frozen=True)
class EvaluateJob:
    """Measures a run on one part of the data that it was made with, split as it was then.

    Where the pictures have changed since, the split has too: a `Notice` then says that the measure may flatter.

    Args:
        run_dir: the run's folder.
        root: the project's folder, where relative paths of the data start; None finds it.
        split: "train", "validation" or "test".

    Raises:
        BadInput: the run is damaged, its data is gone, or the part is empty.
    """

    run_dir: Path
    root: Path | None = None
    split: str = "test"

    def __call__(self, emit: Emit, token: CancelToken) -> Evaluation:
        from engine.datasets.prepare import prepare
        from engine.device import pick_device
        from engine.tasks.base import TASKS
        from engine.training.runs import load_run

        emit(Progress("Loading the run"))
        run = load_run(self.run_dir, pick_device("auto"))
        root = self.root or run.config.project_root(Path(self.run_dir))
        prepared = prepare(run.config.data, root, emit, token)
        if prepared.classes != run.classes:
            raise BadInput(
                f"The run tells {len(run.classes)} classes apart and the data now has {len(prepared.classes)} others.",
                "Put the pictures back as they were when the run was made.",
            )
        if run.config.pictures and run.config.pictures != prepared.mark:
            emit(
                Notice(
                    "warning",
                    f"The pictures have changed since {run.folder.name} was made, so it may have learned from some of "
                    "those that it is measured on.",
                    "Put the pictures back as they were, or train again.",
                    kind="changed_pictures",
                )
            )
        token.raise_if_cancelled()
        emit(Progress("Measuring"))
        return evaluate_part(run.model, TASKS.get(run.config.task)(run.classes), prepared, self.split)


def evaluate_part(model: nn.Module, task: Task, prepared: Prepared, split: str) -> Evaluation:
    """Measure a network in its present state, on its device, on one part. Raises `BadInput` if the part is empty."""
    from engine.training.batches import Held, OrderedBatches
    from engine.training.callbacks.samples import as_pictures
    from engine.training.precision import Precision
    from engine.training.trainer import evaluate

    part = prepared.part(split)
    if not len(part):
        raise BadInput(f"There are no {split} pictures.", f"Give {split} a share on the Data page and train again.")
    if not isinstance(task, Classification):
        raise BadInput(f"{task.label} has no evaluation.", "Choose a classification run.")
    device = next(model.parameters()).device
    batches = OrderedBatches(Held(part, prepared.preprocessor, device), BATCH)
    outcome = evaluate(model, task, batches, Precision("float32", device))
    return Evaluation(
        split=split,
        classes=task.classes,
        measures={"loss": outcome.loss, **outcome.measures},
        per_class=task.rows(outcome.predicted, part.labels),
        confusion=task.confusion(outcome.predicted, part.labels).numpy(),
        truth=part.labels.numpy(),
        predicted=outcome.predicted.numpy(),
        confidence=outcome.confidence.numpy(),
        indices=part.indices,
        names=tuple(prepared.pictures.names[index] for index in part.indices),
        images=as_pictures(part.images),
    )


def write_report(run_dir: Path, evaluation: Evaluation) -> None:
    """Write the per-class table and the confusion matrix as CSV into the run's `report` folder."""
    folder = run_dir / REPORT
    folder.mkdir(exist_ok=True)
    head = ["class", "precision", "recall", "f1", "support", "predicted"]
    rows = [[r.name, r.precision, r.recall, r.f1, r.support, r.predicted] for r in evaluation.per_class]
    write_atomic(folder / f"{evaluation.split}_classes.csv", _csv([head, *rows]))
    matrix = [["truth \\ predicted", *evaluation.classes]]
    matrix += [[name, *row] for name, row in zip(evaluation.classes, evaluation.confusion.tolist(), strict=True)]
    write_atomic(folder / f"{evaluation.split}_confusion.csv", _csv(matrix))


def _csv(rows: Sequence[Sequence[Any]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode("utf-8")
