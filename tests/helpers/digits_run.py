"""A real run on the real digits, trained in a few seconds, for whoever needs one."""

from __future__ import annotations

from pathlib import Path

from engine.cancel import CancelSource
from engine.datasets.spec import Choice, DataSpec
from engine.gallery import open_network
from engine.project.spec import ProjectSpec
from engine.training.job import TrainJob
from engine.training.runs import new_run_dir
from engine.training.spec import TrainingSpec


def train_digits(root: Path, epochs: int = 12) -> Path:
    """Train LeNet-5 on the digits with shifts, rotations and scalings; returns the run's folder in `root`/runs."""
    project = ProjectSpec(
        "Digits",
        network=open_network("lenet5_modern"),
        data=DataSpec(augmentation=tuple(Choice(id=id) for id in ("rotate", "shift", "scale"))),
        training=TrainingSpec(epochs=epochs, device="cpu"),
    )
    run_dir = new_run_dir(root)
    TrainJob(project, root, run_dir)(lambda event: None, CancelSource().token)
    return run_dir
