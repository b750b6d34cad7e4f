"""`train`: train a project without a window."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from pathlib import Path

from pydantic import ValidationError

from engine.baselines.spec import parse_baseline, require_task
from engine.cancel import CancelSource
from engine.commands.base import COMMANDS, DONE, INTERRUPTED, Command, Output
from engine.commands.evaluate import measure_lines
from engine.commands.interruptible import run_interruptible
from engine.complaints import words
from engine.errors import BadInput
from engine.events import Event, Notice
from engine.job import Job
from engine.project.places import runs_root
from engine.project.spec import ProjectSpec
from engine.project.store import is_project, load_project, project_file
from engine.training.events import Advice, EpochDone, RunStarted, RunSummary
from engine.training.spec import TrainingSpec


@COMMANDS.register("train")
class Train(Command):
    help = "train a project; Ctrl+C saves a checkpoint, --resume goes on from it"

    def arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("project", metavar="PROJECT", type=Path, help="a project folder")
        parser.add_argument("--epochs", type=int, metavar="N", help="instead of the project's own number")
        parser.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), help="where to compute")
        parser.add_argument("--seed", type=int, metavar="N", help="instead of the project's own seed")
        parser.add_argument(
            "--out",
            metavar="DIR",
            type=Path,
            help="the run's folder (default: a new one in PROJECT/runs, or in the user's data folder when the project "
            "is a shipped sample or may not be written)",
        )
        parser.add_argument(
            "--resume", action="store_true", help="go on with the unfinished run in --out, or with the newest one"
        )
        parser.add_argument(
            "--baseline",
            metavar="NAME",
            help="fit this instead of the network: hog, lbp, colour or pixels joined by + to svm, rbf, logistic or "
            "bayes, such as hog+svm; or kmeans or watershed",
        )

    def run(self, args: Namespace, out: Output) -> int:
        if not is_project(args.project):
            raise BadInput(f"{args.project} is not a project.", "Give a folder that holds a project.json.")
        if args.resume and args.seed is not None:
            raise BadInput("A run goes on with the seed that it was begun with.", "Leave out --seed or --resume.")
        if args.baseline and args.resume:
            raise BadInput("A baseline has no epochs to go on with.", "Leave out --resume.")
        baseline = parse_baseline(args.baseline) if args.baseline else None
        project = with_overrides(load_project(args.project), args)
        if baseline is not None:
            require_task(baseline, project.task)
        # The first of several processes says where the run is; the others only compute.
        first = os.environ.get("RANK", "0") == "0"
        run_dir = _first_run_dir(args, project) if first else Path()

        from engine.baselines.job import BaselineJob
        from engine.training.job import TrainJob

        root = project_file(args.project).parent
        job: TrainJob | BaselineJob = TrainJob(project, root, run_dir, resume=args.resume)
        if baseline is not None:
            job = BaselineJob(project, root, baseline, run_dir)
        epochs = project.training.epochs if baseline is None else 1
        if not first:
            return _compute(job)
        summary = run_interruptible(job, _Printer(out, epochs, project.task))
        out.data({"event": "finished", "run": summary.run, "test": summary.test})
        _print_summary(out, summary, project.task)
        return DONE


def with_overrides(project: ProjectSpec, args: Namespace) -> ProjectSpec:
    """The project with the command line's own settings. Raises `BadInput` for an impossible one."""
    changes = {name: value for name in ("epochs", "device", "seed") if (value := getattr(args, name)) is not None}
    try:
        training = TrainingSpec.model_validate({**dict(project.training), **changes})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = ".".join(map(str, first["loc"]))
        raise BadInput(f"--{name} cannot be {first.get('input')!r}.", words(first)) from None
    return project.with_(training=training)


def _run_dir(args: Namespace) -> Path:
    """The folder of the run to make or to go on with."""
    from engine.training.runs import list_runs, new_run_dir

    if args.out is not None:
        out: Path = args.out
        if not args.resume and out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise BadInput(f"{out} is not empty.", "Give another --out, or go on with the run there: --resume.")
        if args.resume and not (out / "config.json").is_file():
            raise BadInput(f"There is no run in {out} to go on with.", "Give a run's folder, or leave out --resume.")
        return out
    root = runs_root(args.project)
    if not args.resume:
        return new_run_dir(root)
    unfinished = [run for run in list_runs(root) if run.status != "finished" and not run.baseline]
    if not unfinished:
        raise BadInput(f"{args.project} has no unfinished run.", "Start one without --resume.")
    return max(unfinished, key=lambda run: run.created).folder


def _first_run_dir(args: Namespace, project: ProjectSpec) -> Path:
    """The folder of the run; where there can be none, the other processes are told not to wait."""
    try:
        return _run_dir(args)
    except BadInput as error:
        if int(os.environ.get("WORLD_SIZE", "1")) > 1 and not args.baseline:
            from engine.device import pick_device
            from engine.training.group import decline

            decline(pick_device(project.training.device), CancelSource().token, error)
        raise


def _compute(job: Job) -> int:
    """What one of the other processes does: it tells nothing that the first one tells."""
    from engine.training.group import ToldByFirst

    try:
        run_interruptible(job, lambda event: None)
    except ToldByFirst as error:
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    return DONE


class _Printer:
    """Prints what the run tells: epochs on stdout, everything else on stderr."""

    def __init__(self, out: Output, epochs: int, task: str) -> None:
        self._out = out
        self._epochs = epochs
        self._task = task

    def __call__(self, event: Event) -> None:
        if isinstance(event, EpochDone):
            self._epoch(event)
        elif isinstance(event, RunStarted):
            self._out.note(f"Training {event.parameters:,} parameters on {event.device}; the run is {event.run}.")
        elif isinstance(event, Notice | Advice):
            self._out.note(f"{event.what} {event.advice}".rstrip())

    def _epoch(self, event: EpochDone) -> None:
        from engine.tasks.measure_words import in_order, measure_title, measure_value

        self._out.data(
            {
                "event": "epoch",
                "epoch": event.epoch,
                "train_loss": event.train_loss,
                "val_loss": event.val_loss,
                "measures": event.measures,
            }
        )
        told = [f"epoch {event.epoch:{len(str(self._epochs))}}/{self._epochs}"]
        for part, prefix, loss in (("training", "train_", event.train_loss), ("validation", "val_", event.val_loss)):
            own = {
                name.removeprefix(prefix): value for name, value in event.measures.items() if name.startswith(prefix)
            }
            words = [] if loss is None else [f"loss {loss:.4f}"]
            words += [
                f"{measure_title(name, self._task)} {measure_value(name, own[name], self._task)}"
                for name in in_order(own, self._task)
            ]
            if words:
                told.append(f"{part}: {' · '.join(words)}")
        self._out.text("  ".join([*told, *(["best"] if event.best else [])]))


def _print_summary(out: Output, summary: RunSummary, task: str) -> None:
    epochs = f"{summary.epochs} epoch{'' if summary.epochs == 1 else 's'} in {summary.seconds:.1f} s"
    out.text(f"{epochs}, the best was epoch {summary.best_epoch}." if summary.epochs > 1 else f"{epochs}.")
    lines = measure_lines(summary.test, task)
    out.text("On the test part:" if lines else "Nothing was kept aside to test on.")
    for line in lines:
        out.text(line)
    out.text(f"run: {summary.run}")
