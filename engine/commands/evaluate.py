"""`evaluate`: how good a run is on pictures that it has not learned from."""

from __future__ import annotations

import dataclasses
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from engine.commands.base import COMMANDS, DONE, Command, Output, table
from engine.commands.interruptible import run_interruptible
from engine.errors import BadInput
from engine.events import Event, Notice

if TYPE_CHECKING:
    from engine.training.evaluate import Evaluation

# As the Evaluate page has them, in the order of `ClassRow`.
CLASS_COLUMNS = ("Class", "Precision %", "Recall %", "F1 %", "Pictures", "Taken for it")


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
    from engine.tasks.measure_words import column_show, column_title, sample_words
    from engine.training.evaluate import ClassEvaluation

    lines = [f"{evaluation.count:,} {sample_words(evaluation.task)[evaluation.count != 1]} ({split})"]
    lines += measure_lines(evaluation.measures, evaluation.task)
    tables = [(one.title, one.columns, one.rows) for one in evaluation.report.tables]
    if isinstance(evaluation, ClassEvaluation) and evaluation.per_class:
        rows = tuple(dataclasses.astuple(row) for row in evaluation.per_class)
        tables.insert(0, ("Classes", CLASS_COLUMNS, rows))
    for title, columns, rows in tables:
        shows = [column_show([row[place] for row in rows], name) for place, name in enumerate(columns)]
        cells = [[show(value) for show, value in zip(shows, row, strict=True)] for row in rows]
        headings = [column_title(name) for name in columns]
        lines += ["", title, *table(cells, headings, right=range(1, len(columns)))]
    return lines


def measure_lines(measures: Mapping[str, float], task: str) -> list[str]:
    """One line per measure, in the window's words and units, the one that counts first."""
    from engine.tasks.measure_words import in_order, measure_title, measure_value

    names = in_order(measures, task)
    titles = [measure_title(name, task) for name in names]
    width = max(map(len, titles), default=0)
    return [
        f"  {title:{width}}  {measure_value(name, measures[name], task)}"
        for name, title in zip(names, titles, strict=True)
    ]
