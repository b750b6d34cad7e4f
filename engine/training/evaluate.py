"""How good a run is on pictures that it has not learned from. Never imports torch until it runs."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.cancel import CancelToken
from engine.errors import BadInput
from engine.events import Emit, Notice, Progress
from engine.project.atomic import write_atomic
from engine.tasks.kinds.classification import Classification, ClassMeter, ClassRow
from engine.tasks.report import TaskReport
from engine.training.run_folder import REPORT

if TYPE_CHECKING:
    import torch

    from engine.datasets.prepare import Prepared
    from engine.tasks.base import Task
    from engine.training.measuring import Runner
    from engine.training.runs import Run

BATCH = 256
SMALL = 3 * 64 * 64  # values of a sample up to which so many are measured at once
FEW = 16
EXAMPLES = 48


@dataclass(frozen=True)
class Evaluation:
    """The answers of a run to one part of its data. Plain and picklable.

    Attributes:
        split: "train", "validation" or "test".
        task: its id. count: samples, or rounds of them, that were measured.
        measures: over all of them: loss, and those of the task.
        report: tables, plots and examples.
    """

    split: str
    task: str
    classes: tuple[str, ...]
    count: int
    measures: Mapping[str, float]
    report: TaskReport


@dataclass(frozen=True)
class ClassEvaluation(Evaluation):
    """The answers of a classifier of pictures, one by one.

    Attributes:
        per_class: one row per class, in the order of `classes`.
        confusion: int64, (K, K): rows are the truth, columns what it was taken for.
        truth, predicted: int64, (N,). confidence: float32, (N,), in 0..1.
        indices: int64, (N,), where each picture stands in the dataset; `names` are its names there.
        images: uint8, (N, H, W) or (N, H, W, 3) in RGB, as the network sees them, or thinned out where all of them
            would be too much to keep.
    """

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
        from engine.training.runs import load_run

        emit(Progress("Loading the run"))
        run = load_run(self.run_dir, pick_device("auto"))
        root = self.root or run.config.project_root(Path(self.run_dir))
        task = run.config.make_task()
        with closing(prepare(run.config.data, root, emit, token, task.needs, task.uses)) as prepared:
            return self._measured(run, task, prepared, emit, token)

    def _measured(self, run: Run, task: Task, prepared: Prepared, emit: Emit, token: CancelToken) -> Evaluation:
        from engine.training.session import ends, runner

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
        task.learn_samples(prepared.samples)
        task.learn_data(prepared.train.overview())
        if not run.config.baseline:
            task.check(*ends(run.spec), prepared.preprocessor.input_shape)
        return evaluate_part(runner(run.model, run.spec), task, prepared, self.split, run.config.training.seed, token)


def evaluate_part(
    run: Runner, task: Task, prepared: Prepared, split: str, seed: int, token: CancelToken | None = None
) -> Evaluation:
    """Measure a network in its present state, on its device, on one part.

    Raises `BadInput` if the part is empty, `JobCancelled` once the token is set.
    """
    from engine.training.batches import Onlooker
    from engine.training.measuring import evaluate
    from engine.training.precision import Precision
    from engine.training.session import measured

    part = prepared.part(split)
    if not len(part):
        raise BadInput(f"There are no {split} pictures.", f"Give {split} a share on the Data page and train again.")
    device = next(run.model.parameters()).device
    batches = measured(prepared, split, task, device, BATCH if prod(part.sample_shape) <= SMALL else FEW, seed)
    onlooker = Onlooker(batches.pool, prod(part.sample_shape))
    if isinstance(task, Classification):
        batches.pool = onlooker
    shown = np.unique(np.linspace(0, len(batches) - 1, EXAMPLES).round().astype(int)).tolist()
    outcome = evaluate(run, task, batches, Precision("float32", device), full=True, keep=shown, token=token)
    sketches = [task.sketch(row.picture, row.answer, row.truth) for _, row in sorted(outcome.kept.items())]
    task.run = run
    report = task.report(outcome.meter, sketches)
    plain: dict[str, Any] = {
        "split": split,
        "task": task.id,
        "classes": task.classes,
        "count": len(batches),
        "measures": {"loss": outcome.loss, **outcome.measures},
        "report": report,
    }
    if task.kind != "pictures" or not isinstance(task, Classification) or not isinstance(outcome.meter, ClassMeter):
        return Evaluation(**plain)
    predicted, truth = outcome.meter.predicted, outcome.meter.truth
    return ClassEvaluation(
        **plain,
        per_class=task.rows(predicted, truth),
        confusion=task.confusion(predicted, truth).numpy(),
        truth=truth.numpy(),
        predicted=predicted.numpy(),
        confidence=outcome.meter.confidence.numpy(),
        indices=part.indices,
        names=tuple(prepared.samples.names[index] for index in part.indices),
        images=as_pictures(onlooker.seen()),
    )


def as_pictures(images: torch.Tensor) -> np.ndarray:
    """uint8 (N, C, H, W) as pictures to show: (N, H, W) for one channel, (N, H, W, 3) for three."""
    array = images.numpy()
    return np.ascontiguousarray(array[:, 0] if array.shape[1] == 1 else array.transpose(0, 2, 3, 1))


def write_report(run_dir: Path, evaluation: Evaluation) -> None:
    """Write the tables of an evaluation as CSV into the run's `report` folder."""
    folder = run_dir / REPORT
    folder.mkdir(exist_ok=True)
    for table in evaluation.report.tables:
        name = "_".join(re.findall(r"[a-z0-9]+", table.title.lower())) or "table"
        write_atomic(folder / f"{evaluation.split}_{name}.csv", _csv([table.columns, *table.rows]))
    if not isinstance(evaluation, ClassEvaluation):
        return
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
