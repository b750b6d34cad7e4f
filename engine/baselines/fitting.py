"""A baseline from the data of a project to a finished run folder."""

from __future__ import annotations

import contextlib
import csv
import io
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from engine.baselines import classifiers
from engine.baselines.apart import apart
from engine.baselines.classifiers import decide, fit_classifier, is_quick, logits, steepness
from engine.baselines.features import extract
from engine.baselines.network import BaselineNetwork, stand_in
from engine.baselines.options import task_options
from engine.baselines.regions import described, fit_regions, matched, parts_of, region_logits
from engine.baselines.spec import FEATURES, PictureBaseline
from engine.cancel import CancelToken
from engine.datasets.prepare import Prepared, prepare
from engine.datasets.preprocess import Preprocessor
from engine.datasets.unread import evenly
from engine.errors import BadInput
from engine.events import Emit, Notice, Progress
from engine.frozen import FrozenDict
from engine.project.atomic import write_atomic
from engine.tasks.base import TASKS, Task, make_task
from engine.tasks.batch import Batch
from engine.training.batches import pool_of
from engine.training.checkpoint import save_best
from engine.training.claim import claimed, noted
from engine.training.evaluate import evaluate_part, write_report
from engine.training.events import EpochDone, RunStarted, RunSummary
from engine.training.measuring import Outcome, Runner, evaluate
from engine.training.precision import Precision
from engine.training.run_folder import METRICS_FILE, RunConfig, Summary, write_config, write_summary
from engine.training.session import measured

if TYPE_CHECKING:
    from engine.baselines.job import BaselineJob

CPU = torch.device("cpu")
CHUNK = 64
SCORED = 500
_QUIET = frozenset({"svm", "rbf"})
"""Classifiers whose scores say nothing about how sure they are, until they are scaled by validation pictures."""


def fit_baseline(job: BaselineJob, run_dir: Path, emit: Emit, token: CancelToken) -> RunSummary:
    """Carry out a `BaselineJob` in the folder `run_dir`; see there."""
    options, told = task_options(job.project, job.spec)
    with claimed(run_dir), noted(run_dir):
        if told is not None:
            emit(told)
        emit(Progress("Reading the pictures"))
        needs = TASKS.get(job.spec.task).needs
        with contextlib.closing(prepare(job.project.data, job.root, emit, token, needs)) as prepared:
            return _Fitting(job, run_dir, prepared, FrozenDict(options), emit, token).done()


class _Fitting:
    """One baseline on the way into its folder."""

    def __init__(
        self,
        job: BaselineJob,
        run_dir: Path,
        prepared: Prepared,
        options: FrozenDict,
        emit: Emit,
        token: CancelToken,
    ) -> None:
        self.job, self.run_dir, self.prepared, self.options = job, run_dir, prepared, options
        self.emit, self.token = emit, token
        if not isinstance(prepared.preprocessor, Preprocessor):
            raise BadInput("Baselines look at pictures, and the data has none.", "Choose a dataset of pictures.")
        self.preprocessor = prepared.preprocessor
        self.seed = job.project.training.seed
        self.task: Task = make_task(job.spec.task, prepared.classes, options)
        self.began = time.perf_counter()

    def done(self) -> RunSummary:
        job = self.job
        self._write_config()
        arrays, learned = self._regions() if job.spec.task == "segmentation" else self._classes()
        self.token.raise_if_cancelled()
        model = BaselineNetwork(job.spec, self.preprocessor, arrays, len(self.prepared.classes)).eval()
        self.emit(
            RunStarted(
                run=str(self.run_dir),
                device="the processor",
                parameters=sum(array.size for array in arrays.values()),
                first_epoch=0,
                epochs=1,
                steps_per_epoch=1,
                classes=self.prepared.classes,
            )
        )
        save_best(self.run_dir, model.state_dict())
        run = Runner(model, ["output"])
        row = {**learned, **self._validated(run)}
        seconds = round(time.perf_counter() - self.began, 3)
        _write_row(self.run_dir, {"epoch": 1, "step": 1, "seconds": seconds, **row, "best": 1})
        losses = row.pop("train_loss"), row.pop("val_loss", None)
        self.emit(EpochDone(1, 1, losses[0], losses[1], row, seconds, best=True))
        test = self._tested(run)
        write_summary(self.run_dir, Summary("finished", "", 1, 1, seconds, test))
        return RunSummary(str(self.run_dir), test, 1, 1, seconds)

    def _write_config(self) -> None:
        job = self.job
        config = RunConfig(
            name=job.project.name,
            task=job.spec.task,
            task_options=self.options,
            classes=self.prepared.classes,
            data=job.project.data,
            training=job.project.training.model_copy(update={"epochs": 1}),
            root=str(job.root.resolve()),
            device="the processor",
            torch=torch.__version__,
            pictures=self.prepared.mark,
            baseline=FrozenDict(job.spec.model_dump(mode="json")),
        )
        write_config(self.run_dir, stand_in(job.spec, self.preprocessor.input_shape), config)
        write_summary(self.run_dir, Summary("running"))

    # learning

    def _seen(self, part: str, most: int, words: str) -> Iterator[tuple[np.ndarray, Mapping[str, np.ndarray]]]:
        """Some pictures, uint8 (n, C, H, W), and what is known of them, `CHUNK` at a time."""
        pool = pool_of(self.prepared.part(part), self.preprocessor, CPU)
        chosen = torch.from_numpy(np.asarray(evenly(len(pool), most)))
        groups = list(chosen.split(CHUNK))
        for number, (pictures, targets) in enumerate(pool.stream(groups)):
            self.token.raise_if_cancelled()
            self.emit(Progress(words, number * CHUNK, len(chosen)))
            yield pictures.numpy(), {name: tensor.numpy() for name, tensor in targets.items()}

    def _features(self, part: str, most: int) -> tuple[np.ndarray, np.ndarray]:
        """Features (N, F) and labels (N,) of a part."""
        spec = self.job.spec
        assert isinstance(spec, PictureBaseline)
        words = f"Computing {FEATURES[spec.features]} of the {'training' if part == 'train' else part} pictures"
        found = [(extract(p, spec.features), t["label"]) for p, t in self._seen(part, most, words)]
        return np.concatenate([row[0] for row in found]), np.concatenate([row[1] for row in found])

    def _classes(self) -> tuple[dict[str, np.ndarray], dict[str, float]]:
        """What a classifier learns, and its measures on what it learned from."""
        spec = self.job.spec
        assert isinstance(spec, PictureBaseline)
        features, labels = self._features("train", spec.most)
        arrays = self._fitted(spec, features, labels)
        if spec.classifier in _QUIET and len(self.prepared.validation):
            others, truth = self._features("validation", 2000)
            known = np.isin(truth, arrays["present"])
            if known.any():
                columns = np.searchsorted(arrays["present"], truth[known])
                arrays["steepness"] = np.array([steepness(decide(spec.classifier, arrays, others[known]), columns)])
        # A kernel between all pictures at once would take gigabytes.
        groups = np.array_split(features, -(-len(features) // SCORED))
        count = len(self.prepared.classes)
        found = []
        for rows in groups:
            self.token.raise_if_cancelled()
            found.append(logits(spec.classifier, arrays, rows, count))
        scores = torch.from_numpy(np.concatenate(found))
        return arrays, self._measured_on(scores.float(), {"label": torch.from_numpy(labels)})

    def _fitted(self, spec: PictureBaseline, features: np.ndarray, labels: np.ndarray) -> dict[str, np.ndarray]:
        """What the classifier has learned; where that takes long it is learned in a process that can be ended."""
        self.token.raise_if_cancelled()
        count, values = features.shape
        words = f"Fitting {spec.label} to {count:,} pictures with {values:,} values each"
        self.emit(Progress(words))
        arguments = (spec, features, labels, self.seed, self.options.get("class_weights") == "balanced")
        if is_quick(spec, features, len(self.prepared.classes)):
            arrays = fit_classifier(*arguments)
        else:
            arrays = apart(
                fit_classifier, *arguments, token=self.token, tell=lambda s: self.emit(Progress(f"{words}, {s:.0f} s"))
            )
        self.token.raise_if_cancelled()
        if not arrays.pop("settled").all():
            self.emit(
                Notice(
                    "info",
                    f"{spec.label} was still improving after {classifiers.ROUNDS} rounds, when it was stopped.",
                    "Other features may do better with it.",
                    kind="unsettled",
                )
            )
        return arrays

    def _measured_on(self, scores: torch.Tensor, targets: Mapping[str, torch.Tensor]) -> dict[str, float]:
        batch = Batch((scores,), targets)
        loss = sum(float(term) for term in self.task.penalties({"output": scores}, batch).values())
        sums = {name: float(value) for name, value in self.task.sums({"output": scores}, batch).items()}
        running = self.task.running(sums, len(batch))
        return {"train_loss": loss, **{f"train_{name}": value for name, value in running.items()}}

    def _regions(self) -> tuple[dict[str, np.ndarray], dict[str, float]]:
        """What the parts of each class look like."""
        spec = self.job.spec
        assert not isinstance(spec, PictureBaseline)
        count = len(self.prepared.classes) + 1
        rows: list[tuple[np.ndarray, np.ndarray]] = []
        for pictures, targets in self._seen("train", spec.most, f"Dividing the training pictures by {spec.label}"):
            for picture, regions in zip(pictures, targets["regions"], strict=True):
                self.token.raise_if_cancelled()
                parts = parts_of(picture, spec)
                rows.append((described(picture, parts), matched(parts, regions, count)))
        descriptions, classes = (np.concatenate([row[k] for row in rows]) for k in range(2))
        known = classes >= 0
        if not known.any():
            raise BadInput("No pixel of the training pictures has a class.", "Label regions on the Label page.")
        arrays = fit_regions(descriptions[known], classes[known], descriptions[known][:, 4])
        losses = []
        for pictures, targets in self._seen("train", min(spec.most, 128), "Measuring on training pictures"):
            scores = torch.from_numpy(np.stack([region_logits(picture, arrays, spec, count) for picture in pictures]))
            terms = self._measured_on(scores, {name: torch.from_numpy(array) for name, array in targets.items()})
            losses.append((terms["train_loss"], len(pictures)))
        return arrays, {"train_loss": sum(loss * n for loss, n in losses) / sum(n for _, n in losses)}

    # measuring

    def _measured(self, run: Runner, part: str) -> Outcome:
        batches = measured(self.prepared, part, self.task, CPU, CHUNK, self.seed)
        return evaluate(run, self.task, batches, Precision("float32", CPU), token=self.token)

    def _validated(self, run: Runner) -> dict[str, float]:
        if not len(self.prepared.validation):
            return {}
        self.emit(Progress("Measuring on the validation pictures"))
        outcome = self._measured(run, "validation")
        return {"val_loss": outcome.loss, **{f"val_{name}": value for name, value in outcome.measures.items()}}

    def _tested(self, run: Runner) -> dict[str, float]:
        if not len(self.prepared.test):
            return {}
        self.token.raise_if_cancelled()
        self.emit(Progress("Measuring on the test pictures"))
        evaluation = evaluate_part(run, self.task, self.prepared, "test", self.seed, self.token)
        write_report(self.run_dir, evaluation)
        return dict(evaluation.measures)


def _write_row(run_dir: Path, row: Mapping[str, float]) -> None:
    """The one line of `metrics.csv`."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(row), lineterminator="\n")
    writer.writeheader()
    writer.writerow(row)
    write_atomic(run_dir / METRICS_FILE, text.getvalue().encode("utf-8"))
