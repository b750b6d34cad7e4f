"""`evaluate`: how good a run is on pictures that it has not learned from."""

from __future__ import annotations

import dataclasses
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

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

        from engine.training.evaluate import ClassEvaluation, EvaluateJob

        def note(event: Event) -> None:
            if isinstance(event, Notice):
                out.note(f"{event.what} {event.advice}".rstrip())

        evaluation = run_interruptible(EvaluateJob(folder, split=args.split), note)
        told = {
            "run": folder,
            "split": args.split,
            "task": evaluation.task,
            "pictures": evaluation.count,
            "measures": evaluation.measures,
            "classes": evaluation.classes,
            "tables": [dataclasses.asdict(one) for one in evaluation.report.tables],
        }
        if isinstance(evaluation, ClassEvaluation):
            told["per_class"] = [dataclasses.asdict(row) for row in evaluation.per_class]
            told["confusion"] = evaluation.confusion
        out.data(told)
        for line in _lines(evaluation, args.split):
            out.text(line)
        return DONE


def run_folder(path: Path) -> Path:
    """Return `path` if it is the folder of a run, else raise `BadInput`."""
    if not (path / "network.json").is_file() or not (path / "config.json").is_file():
        raise BadInput(f"{path} is not a run.", "Give a folder that `train` made; it holds a config.json.")
    return path


def _lines(evaluation: Evaluation, split: str) -> list[str]:
    from engine.tasks.base import TASKS
    from engine.training.evaluate import ClassEvaluation

    known = TASKS.get(evaluation.task).measures
    lines = [f"{evaluation.count:,} {'pictures' if evaluation.task == 'classification' else 'samples'} ({split})"]
    for name, value in evaluation.measures.items():
        unit = known[name][1] if name in known else ""
        lines.append(f"{name.replace('_', ' ')}: {value:.4f}{'' if unit == 'share' else f' {unit}'}".rstrip())
    tables = [(one.columns, one.rows) for one in evaluation.report.tables]
    if isinstance(evaluation, ClassEvaluation) and evaluation.per_class:
        columns = tuple(field.name for field in dataclasses.fields(evaluation.per_class[0]))
        tables.insert(0, (columns, tuple(dataclasses.astuple(row) for row in evaluation.per_class)))
    for columns, rows in tables:
        cells = [[_cell(value, name) for value, name in zip(row, columns, strict=True)] for row in rows]
        lines += ["", *table(cells, list(columns), right=range(1, len(columns)))]
    return lines


def _cell(value: object, column: str) -> str:
    """One value of a table; columns whose name ends with "%" hold shares."""
    if value is None:
        return "—"
    if column.endswith("%") and isinstance(value, float):
        return f"{100 * value:.2f}"
    return f"{value:.4f}" if isinstance(value, float) else str(value)
