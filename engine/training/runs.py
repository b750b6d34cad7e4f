"""The runs of a project: listing them needs no torch, loading one does."""

from __future__ import annotations

import contextlib
import csv
import io
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from engine.baselines.spec import baseline_of
from engine.errors import BadInput
from engine.graph.spec import NetworkSpec
from engine.project.plain import read_bytes
from engine.tasks.base import TASKS
from engine.training.run_folder import (
    CONFIG_FILE,
    METRICS_FILE,
    RunConfig,
    Status,
    read_config,
    read_network,
    read_summary,
)

if TYPE_CHECKING:
    import torch
    from torch import nn

    from engine.datasets.preprocess import Preprocessor

RUNS = "runs"
_NAME = re.compile(r"run-(\d{1,9})")


@dataclass(frozen=True)
class RunInfo:
    """A run as a list shows it. Plain and picklable.

    Attributes:
        name: of the folder; unique in its project.
        message: why it stopped or failed, "" otherwise.
        epochs: how many were planned; `epochs_done` were trained.
        best_epoch, best_value: the best value of the task's headline on validation and when; 0 and None before the
            first.
        task, headline: ids of the task and of the measure that its best epoch is chosen by.
        test: measures on the test pictures; empty before the end.
        rows: the lines of `metrics.csv`, by column; what is undefined is left out.
        baseline: what was fitted in place of a network, such as "HOG + linear SVM"; "" for a network.
    """

    folder: Path
    name: str
    status: Status
    created: datetime
    message: str = ""
    epochs: int = 0
    epochs_done: int = 0
    best_epoch: int = 0
    best_value: float | None = None
    seconds: float = 0.0
    classes: tuple[str, ...] = ()
    test: Mapping[str, float] = field(default_factory=dict)
    rows: tuple[Mapping[str, float], ...] = ()
    task: str = "classification"
    headline: str = "accuracy"
    baseline: str = ""


@dataclass(frozen=True)
class Run:
    """A trained network with all that it needs to look at a picture."""

    folder: Path
    spec: NetworkSpec
    config: RunConfig
    classes: tuple[str, ...]
    preprocessor: Preprocessor
    model: nn.Module


def list_runs(root: Path) -> tuple[RunInfo, ...]:
    """The runs in `root`/runs, oldest first. A damaged run is listed as failed with the reason, not left out."""
    folder = Path(root) / RUNS
    if not folder.is_dir():
        return ()
    found = [run_info(each) for each in folder.iterdir() if (each / CONFIG_FILE).is_file()]
    return tuple(sorted(found, key=lambda run: (run.created, run.name)))


def run_info(folder: Path) -> RunInfo:
    """One run, from its files. Never raises for damaged content: the message says what is wrong."""
    try:
        config = read_config(folder)
        summary = read_summary(folder)
        rows = read_metrics(folder)
        baseline = baseline_of(config.baseline).label if config.baseline else ""
    except BadInput as error:
        changed = datetime.fromtimestamp(folder.stat().st_mtime, UTC)
        return RunInfo(folder, folder.name, "failed", changed, message=str(error))
    best = max(rows, key=lambda row: (row.get("best", 0.0), row["epoch"]), default={})
    headline = TASKS.get(config.task).headline if config.task in TASKS else ""
    value = best.get(f"val_{headline}")
    return RunInfo(
        folder,
        folder.name,
        summary.status,
        config.created,
        message=summary.message,
        epochs=config.training.epochs,
        epochs_done=int(rows[-1]["epoch"]) if rows else 0,
        best_epoch=int(best.get("epoch", 0)),
        best_value=value,
        task=config.task,
        headline=headline,
        seconds=rows[-1].get("seconds", 0.0) if rows else 0.0,
        classes=config.classes,
        test=summary.test,
        rows=rows,
        baseline=baseline,
    )


def read_metrics(folder: Path) -> tuple[Mapping[str, float], ...]:
    """The complete lines of `metrics.csv`; a last line cut off by a kill is left out."""
    path = folder / METRICS_FILE
    if not path.is_file():
        return ()
    text = read_bytes(path).decode("utf-8", "replace")
    whole = text[: text.rfind("\n") + 1]
    rows = []
    for number, line in enumerate(csv.DictReader(io.StringIO(whole)), start=1):
        row = {name: value for name, cell in line.items() if (value := _number(cell)) is not None}
        if "epoch" not in row:
            raise BadInput(f"{path} has no epoch in line {number}.", "Choose a run that Vitrine wrote.")
        rows.append(row)
    return tuple(rows)


def _number(cell: object) -> float | None:
    with contextlib.suppress(TypeError, ValueError):
        value = float(cell)  # type: ignore[arg-type]
        if math.isfinite(value):
            return value
    return None


def new_run_dir(root: Path) -> Path:
    """Make and return the next free `root`/runs/run-NNN. Raises `BadInput` where nothing may be written."""
    folder = Path(root) / RUNS
    try:
        folder.mkdir(parents=True, exist_ok=True)
        taken = [int(match[1]) for each in folder.iterdir() if (match := _NAME.fullmatch(each.name))]
        for number in range(max(taken, default=0) + 1, 1_000_000_000):
            made = folder / f"run-{number:03d}"
            with contextlib.suppress(FileExistsError):
                made.mkdir()
                return made
    except OSError as error:
        raise BadInput(
            f"No run can be made in {folder}: {error.strerror or error}.", "Choose a folder that you may write to."
        ) from None
    raise BadInput(f"{folder} is full.", "Remove runs that are no longer needed.")


def load_run(folder: Path, device: str | torch.device = "cpu") -> Run:
    """Load a run's network with its best weights (its newest if there are no best ones yet), ready to look.

    Raises `BadInput` when a file is missing, damaged or does not belong to the others.
    """
    import torch

    from engine.datasets.preprocess import Preprocessor
    from engine.graph.compile import compile_network
    from engine.training.checkpoint import best_path, last_path, load_best, load_last, load_weights

    folder = Path(folder)
    config = read_config(folder)
    spec = read_network(folder)
    if best_path(folder).exists():
        path, weights = best_path(folder), load_best(folder)
    elif last_path(folder).exists():
        path, weights = last_path(folder), load_last(folder).get("model", {})
    else:
        raise BadInput(f"The run {folder.name} has no weights yet.", "Train it for at least one epoch.")
    preprocessor = Preprocessor(config.data.preprocess)
    if config.baseline:
        from engine.baselines.network import open_baseline

        fitted = open_baseline(baseline_of(config.baseline), preprocessor, weights, len(config.classes), path)
        return Run(folder, spec, config, config.classes, preprocessor, fitted.eval())
    model = compile_network(spec)
    load_weights(model, weights, path)
    model.to(torch.device(device)).eval().requires_grad_(False)
    return Run(folder, spec, config, config.classes, preprocessor, model)
