"""Two processes that train together, several times in a row: each runs this file, and writes down how each one ended.

Arguments: rank, folder, and a free port for each of `SCENES`.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch

from engine.cancel import CancelSource
from engine.errors import BadInput
from engine.events import Failed
from engine.graph.spec import EdgeSpec, NetworkSpec, NodeSpec
from engine.job import run_job
from engine.project.spec import ProjectSpec
from engine.training import session
from engine.training.callbacks import checkpoints
from engine.training.checkpoint import best_path, last_path
from engine.training.group import decline
from engine.training.job import TrainJob
from engine.training.trainer import Trainer
from tests.helpers.small_project import small_project

CHAIN = (
    NodeSpec("input1", "Input", {"shape": [1, 8, 8]}),
    NodeSpec("conv1", "Conv2d", {"out_channels": 2, "kernel_size": 3}),
    NodeSpec("norm1", "BatchNorm2d"),
    NodeSpec("flatten1", "Flatten"),
    NodeSpec("dropout1", "Dropout"),
    NodeSpec("linear1", "Linear", {"out_features": 10}),
    NodeSpec("output1", "Output"),
)
NETWORK = NetworkSpec(
    "Chain", CHAIN, tuple(EdgeSpec(a.id, b.id) for a, b in pairwise(CHAIN))
)  # what differs between processes in mid-epoch: statistics, and which units are dropped
MIDDLE = 7  # a step in mid-epoch, of about ten
Step = Callable[[Trainer, Any], None]


class Seat:
    """One of the two processes."""

    def __init__(self, rank: int, folder: Path) -> None:
        self.rank = rank
        self.folder = folder
        self.steps = 0

    def train(
        self, name: str, *, cancel_at: int = 0, resume: bool = False, before: Step | None = None
    ) -> dict[str, Any]:
        """A run of two epochs in the folder `name`; `before` is called before every step."""
        source = CancelSource()
        plain = Trainer._step

        def step(trainer: Trainer, batch: Any) -> None:
            self.steps = trainer.position.step
            if before is not None:
                before(trainer, batch)
            if cancel_at and self.steps == cancel_at - 1:
                source.cancel()
            plain(trainer, batch)
            self.steps = trainer.position.step

        Trainer._step = step  # type: ignore[method-assign]
        try:
            project = project_of()
            end = run_job(TrainJob(project, self.folder, self.folder / name, resume), lambda event: None, source.token)
        finally:
            Trainer._step = plain  # type: ignore[method-assign]
        error = end.error if isinstance(end, Failed) else None
        return {
            "end": type(end).__name__,
            "error": type(error).__name__ if error else "",
            "said": str(error) if error else "",
            "steps": self.steps,
        }


def project_of() -> ProjectSpec:
    project = small_project()
    return replace(
        project, network=NETWORK, training=project.training.model_copy(update={"epochs": 2, "batch_size": 128})
    )


def whole(seat: Seat) -> dict[str, Any]:
    return seat.train("whole")


def stopped(seat: Seat) -> dict[str, Any]:
    """Only the second one is asked to stop."""
    return seat.train("stopped", cancel_at=MIDDLE if seat.rank == 1 else 0)


def gone_on(seat: Seat) -> dict[str, Any]:
    return seat.train("stopped", resume=True)


def saved(seat: Seat) -> dict[str, Any]:
    """A checkpoint is written in mid-epoch, and the training is then lost."""
    checkpoints.LONGEST_GAP = 0.0

    def lose(trainer: Trainer, batch: Any) -> None:
        if trainer.position.step == MIDDLE:
            raise BadInput("The power is gone.", "Switch it on.")

    end = seat.train("saved", before=lose)
    checkpoints.LONGEST_GAP = 120.0
    return end


def recovered(seat: Seat) -> dict[str, Any]:
    return seat.train("saved", resume=True)


def not_a_number(seat: Seat) -> dict[str, Any]:
    def poison(trainer: Trainer, batch: Any) -> None:
        if seat.rank == 1 and trainer.position.step == 3:
            next(trainer.model.parameters()).data[:] = torch.nan

    return seat.train("nan", before=poison)


def unreadable(seat: Seat) -> dict[str, Any]:
    def read(trainer: Trainer, batch: Any) -> None:
        if seat.rank == 1 and trainer.position.step == 3:
            raise BadInput("cat.png cannot be read.", "Replace it.")

    return seat.train("unreadable", before=read)


def short(seat: Seat) -> dict[str, Any]:
    """Memory runs out once in one process, which cuts its share into two and goes on."""
    tries = []

    def gather(trainer: Trainer, *arguments: Any) -> Any:
        if seat.rank == 1 and not tries:
            tries.append(1)
            raise RuntimeError("out of memory")
        return plain(trainer, *arguments)

    plain = Trainer._gather
    Trainer._gather = gather  # type: ignore[method-assign]
    try:
        return seat.train("short")
    finally:
        Trainer._gather = plain  # type: ignore[method-assign]


def full_disk(seat: Seat) -> dict[str, Any]:
    """The first fails after the training, where the other only waits."""

    def write(*arguments: Any) -> None:
        raise OSError(28, "No space left on device", "report.csv")

    plain, session.write_report = session.write_report, write
    try:
        return seat.train("full")
    finally:
        session.write_report = plain


def declined(seat: Seat) -> dict[str, Any]:
    """The first cannot even begin."""
    if seat.rank == 1:
        return seat.train("declined")
    try:
        decline(torch.device("cpu"), CancelSource().token, BadInput("The folder is not empty.", "Give another."))
    except BadInput as error:
        return {"end": "Failed", "error": "BadInput", "said": str(error)}
    return {}


def killed(seat: Seat) -> dict[str, Any]:
    def die(trainer: Trainer, batch: Any) -> None:
        if seat.rank == 1 and trainer.position.step == 3:
            os._exit(9)

    return seat.train("killed", before=die)


SCENES = (
    whole, stopped, gone_on, saved, recovered, not_a_number, unreadable, short, full_disk, declined, killed,
)  # fmt: skip


def digest(run: Path) -> str:
    """Of the last weights and statistics of a run."""
    code = hashlib.sha256(best_path(run).read_bytes())
    for name, tensor in sorted(torch.load(last_path(run), weights_only=True)["model"].items()):
        code.update(name.encode() + tensor.contiguous().numpy().tobytes())
    return code.hexdigest()


def main(rank: int, folder: Path, ports: list[str]) -> None:
    torch.set_num_threads(1)
    os.environ.update(RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE="2", MASTER_ADDR="127.0.0.1")
    seat = Seat(rank, folder)
    found: dict[str, Any] = {}
    for scene, port in zip(SCENES, ports, strict=True):
        os.environ["MASTER_PORT"] = port
        found[scene.__name__] = scene(seat)
        (folder / f"{rank}.json").write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
