"""Training as a job. Never imports torch until it runs, so that the window can make one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine.cancel import CancelToken
from engine.events import Emit
from engine.project.spec import ProjectSpec
from engine.training.events import RunSummary


@dataclass(frozen=True)
class TrainJob:
    """Trains a project into a run folder.

    Args:
        project: network, data and settings, frozen at this moment.
        root: the project's folder; relative paths in the data's options start there.
        run_dir: the folder of the run, made if missing; see `engine.training.runs.new_run_dir`.
        resume: go on from the last checkpoint in `run_dir` (from the start if there is none). Network, data and
            settings are then those of the run; only the number of epochs and the device come from `project`.

    Called as a job it emits `RunStarted`, `StepsDone`, `EpochDone`, `SamplePredictions`, `Advice`, `Notice` and
    `Progress`, and returns a `RunSummary`. When cancelled it writes a checkpoint and raises `JobCancelled`.

    Raises:
        BadInput: the network, the data or a setting cannot be used as it is.
        JobFailed: the loss became NaN, the disk is full, or the memory is.
    """

    project: ProjectSpec
    root: Path
    run_dir: Path
    resume: bool = False

    def __call__(self, emit: Emit, token: CancelToken) -> RunSummary:
        from engine.training.session import train

        return train(self, emit, token)
