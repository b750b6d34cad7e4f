"""`evaluate`: how good a run is on pictures that it has not learned from."""

from __future__ import annotations

import dataclasses
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.commands.base import COMMANDS, DONE, Command, Output, table
from engine.commands.interruptible import run_interruptible
from engine.errors import BadInput
from engine.events import Event, Notice

if TYPE_CHECKING:
    from engine.training.evaluate import Evaluation


@COMMANDS.register("evaluate")
class Evaluate(Command):
    help = "measure a run on its test pictures"

    def arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("run", metavar="RUN", type=Path, help="the folder of a run")
        parser.add_argument(
            "--split", choices=("train", "validation", "test"), default="test", help="the pictures to measure on"
        )

    def run(self, args: Namespace, out: Output) -> int:
        folder = run_folder(args.run)

        from engine.training.evaluate import EvaluateJob

        def note(event: Event) -> None:
            if isinstance(event, Notice):
                out.note(f"{event.what} {event.advice}".rstrip())

        evaluation = run_interruptible(EvaluateJob(folder, split=args.split), note)
        out.data(
            {
                "run": folder,
                "split": args.split,
                "pictures": int(evaluation.confusion.sum()),
                "measures": evaluation.measures,
                "classes": evaluation.classes,
                "per_class": [dataclasses.asdict(row) for row in evaluation.per_class],
                "confusion": evaluation.confusion,
            }
        )
        for line in _lines(evaluation, args.split):
            out.text(line)
        return DONE


def run_folder(path: Path) -> Path:
    """Return `path` if it is the folder of a run, else raise `BadInput`."""
    if not (path / "network.json").is_file() or not (path / "config.json").is_file():
        raise BadInput(f"{path} is not a run.", "Give a folder that `train` made; it holds a config.json.")
    return path


def _lines(evaluation: Evaluation, split: str) -> list[str]:
    rows: list[list[str]] = []
    for row in evaluation.per_class:
        cells: list[Any] = list(dataclasses.astuple(row))
        rows.append([f"{cell:.4f}" if isinstance(cell, float) else str(cell) for cell in cells])
    names = [field.name for field in dataclasses.fields(evaluation.per_class[0])] if rows else []
    lines = [f"{int(evaluation.confusion.sum()):,} pictures ({split})"]
    lines += [f"{name.replace('_', ' ')}: {value:.4f}" for name, value in evaluation.measures.items()]
    return lines + (["", *table(rows, names, right=range(1, len(names)))] if rows else [])
