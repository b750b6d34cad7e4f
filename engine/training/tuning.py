"""What the rate finder and the speed chooser share: a training that is begun, looked at for a while and forgotten."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from engine.cancel import CancelToken
from engine.datasets.prepare import Prepared, prepare
from engine.device import pick_device
from engine.events import Emit, Progress
from engine.project.spec import ProjectSpec
from engine.tasks.base import TASKS, Task, make_task
from engine.tasks.batch import Batch
from engine.training.session import make_model, make_trainer, threads_for
from engine.training.spec import TrainingSpec
from engine.training.start import start_from
from engine.training.trainer import Trainer


@dataclass
class Trial:
    """A project ready to be tried with other settings, from the same weights and the same batches each time."""

    project: ProjectSpec
    root: Path
    prepared: Prepared
    task: Task
    device: torch.device
    token: CancelToken
    threads: int  # that the machine has for this

    def trainer(self, settings: TrainingSpec) -> Trainer:
        """A training with these settings that stands before its first step and writes nothing."""
        project = self.project.with_(training=settings)
        torch.set_num_threads(settings.threads or threads_for(project, self.threads))
        model: nn.Module = make_model(project, self.prepared, self.task, self.device)
        if settings.start_weights:
            start_from(model, project.network, settings.start_weights, self.root)
        trainer = make_trainer(project, self.prepared, self.task, model, [], self.token)
        trainer.model.train()
        trainer.learner.model.train()
        return trainer


@contextlib.contextmanager
def trial(project: ProjectSpec, root: Path, emit: Emit, token: CancelToken) -> Iterator[Trial]:
    """Read the data of a project once. Raises `BadInput` as a training would."""
    emit(Progress("Reading the data"))
    settings = project.training
    kind = TASKS.get(project.task)
    with contextlib.closing(prepare(project.data, root, emit, token, kind.needs, kind.uses)) as prepared:
        task = make_task(project.task, prepared.classes, project.task_options, label_smoothing=settings.label_smoothing)
        task.learn_samples(prepared.samples)
        task.learn_data(prepared.train.overview())
        threads = torch.get_num_threads()
        try:
            yield Trial(project, root, prepared, task, pick_device(settings.device), token, threads)
        finally:
            torch.set_num_threads(threads)


def batches(trainer: Trainer, count: int) -> Generator[Batch, None, None]:
    """The first `count` batches of a training, epoch after epoch."""
    epoch = done = 0
    while done < count:
        for batch in trainer.batches.epoch(epoch):
            yield batch
            done += 1
            if done == count:
                return
        epoch += 1
