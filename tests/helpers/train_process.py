"""Trains projects in processes that may be killed at any moment.

Importing torch takes longer than the trainings, so this process imports it once and forks a child for each line
"PROJECT<tab>RUN" on stdin. On stdout: "pid N", the child's "started", "epoch N" and "finished", and last "ended".
"""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path

import torch
import torchmetrics.functional.classification  # noqa: F401 - so that no child needs to

from engine.cancel import CancelSource
from engine.events import Event
from engine.project.store import load_project
from engine.training.events import EpochDone, RunStarted
from engine.training.job import TrainJob
from engine.training.session import train  # noqa: F401 - the same


def say(line: str) -> None:
    # One write, so that lines of parent and child never mix.
    os.write(1, f"{line}\n".encode())


def tell(event: Event) -> None:
    if isinstance(event, RunStarted):
        say("started")
    if isinstance(event, EpochDone):
        say(f"epoch {event.epoch}")


def train_project(folder: Path, run_dir: Path) -> None:
    torch.set_num_threads(1)
    TrainJob(load_project(folder), folder, run_dir, resume=True)(tell, CancelSource().token)
    say("finished")


def main() -> None:
    for line in sys.stdin:
        folder, run_dir = line.rstrip("\n").split("\t")
        child = os.fork()
        if child == 0:
            code = 0
            try:
                train_project(Path(folder), Path(run_dir))
            except BaseException:  # noqa: BLE001 - told on stderr; the child must never return into the parent's loop
                traceback.print_exc()
                code = 1
            os._exit(code)
        say(f"pid {child}")
        os.waitpid(child, 0)
        say("ended")


if __name__ == "__main__":
    main()
