"""Fitting a baseline as a job. Never imports torch until it runs, so that the window can make one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine.baselines.spec import BaselineSpec
from engine.cancel import CancelToken
from engine.events import Emit
from engine.project.places import runs_root
from engine.project.spec import ProjectSpec
from engine.training.events import RunSummary
from engine.training.runs import new_run_dir


@dataclass(frozen=True)
class BaselineJob:
    """Fits a baseline on the pictures, the preprocessing and the split of a project, into a run folder of its own.

    Args:
        project: data and seed are its; its network is not used.
        root: the project's folder; relative paths in the data's options start there.
        spec: which baseline.
        run_dir: the folder of the run, made if missing; None takes the next free one of the project.

    Called as a job it emits `RunStarted`, `EpochDone`, `Notice` and `Progress`, and returns a `RunSummary`. It
    is cancelled within a second or two, also while the classifier is fitted, and leaves a run that was stopped.

    Raises:
        BadInput: the data does not give what is needed, or holds too little.
    """

    project: ProjectSpec
    root: Path
    spec: BaselineSpec
    run_dir: Path | None = None

    def __call__(self, emit: Emit, token: CancelToken) -> RunSummary:
        from engine.baselines.fitting import fit_baseline

        run_dir = new_run_dir(runs_root(self.root)) if self.run_dir is None else self.run_dir
        return fit_baseline(self, run_dir, emit, token)
