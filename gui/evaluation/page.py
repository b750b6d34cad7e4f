"""The Evaluate page: a run measured on pictures that it has not learned from."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from engine.events import Event, Failed, Finished, Notice, Progress
from engine.training.evaluate import ClassEvaluation, EvaluateJob, Evaluation
from engine.training.runs import RunInfo
from gui import theme
from gui.actions import make_action
from gui.context import Context, Page
from gui.evaluation.chooser import SPLITS, Chooser
from gui.evaluation.confusion_matrix import Cell
from gui.evaluation.headline import Headline
from gui.evaluation.matrix_pane import MatrixPane
from gui.evaluation.pictures_panel import PicturesPanel, answers_csv
from gui.evaluation.report_view import ReportView
from gui.runtime.exporting import ask_and_write
from gui.runtime.jobs import JobHandle
from gui.widgets.empty_state import EmptyState
from gui.widgets.exports import Export
from gui.widgets.table import Column, Table
from gui.widgets.words import percent

COLUMNS = (
    Column("Class"),
    Column("Precision", percent, "Of what was taken for this class, the share that is of it", True),
    Column("Recall", percent, "Of the pictures of this class, the share that was recognised", True),
    Column("F1", percent, "The harmonic mean of precision and recall", True),
    Column("Pictures", "{:,}".format, "Pictures of this class (support)", True),
    Column("Taken for it", "{:,}".format, "Pictures that were taken for this class", True),
)


class EvaluatePage(Page):
    """Measures a run, and leads from every number to its pictures."""

    id: ClassVar[str] = "evaluate"
    title: ClassVar[str] = "Evaluate"
    icon: ClassVar[str] = "evaluate"
    order: ClassVar[int] = 4

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self.evaluation: Evaluation | None = None
        self.measured: tuple[str, str] = ("", "")  # run and split of `evaluation`
        self._kept: dict[tuple[str, str], Evaluation] = {}
        self._handle: JobHandle | None = None
        self._wanted_run = ""  # by name, as soon as the list of runs has it
        self.headline = Headline(self)
        self.matrix_pane = MatrixPane("Confusion matrix", self)
        self.matrix = self.matrix_pane.matrix
        self.table = Table(COLUMNS, "Classes", self)
        self.pictures = PicturesPanel(self)
        self.report = ReportView(self)
        self.empty = EmptyState("evaluate", "", parent=self)
        self._export_actions = self._exports()
        self.chooser = Chooser(self._export_actions, self)
        self._lay_out()
        self._connect()
        self._list_runs()

    # layout

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.space(2), theme.space(2), theme.space(2), theme.space(1.5))
        column.setSpacing(theme.space(1.5))
        column.addWidget(self.chooser)
        self.stack = QStackedWidget(self)
        self.stack.addWidget(self.empty)
        report = QWidget(self)
        inner = QVBoxLayout(report)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(theme.space(1.5))
        inner.addWidget(self.headline)
        self.splitter = QSplitter(Qt.Orientation.Horizontal, report)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.addWidget(self.matrix_pane)
        right = QSplitter(Qt.Orientation.Vertical, report)
        right.setChildrenCollapsible(False)
        right.setContentsMargins(theme.space(1), 0, 0, 0)
        right.addWidget(self.table)
        pictures = QWidget(right)
        below = QVBoxLayout(pictures)
        below.setContentsMargins(0, theme.space(1.5), 0, 0)
        below.addWidget(self.pictures)
        right.addWidget(pictures)
        right.setSizes([330, 330])
        self.splitter.addWidget(right)
        self.splitter.setSizes([640, 680])
        inner.addWidget(self.splitter, 1)
        self.stack.addWidget(report)
        self.stack.addWidget(self.report)
        column.addWidget(self.stack, 1)

    def _connect(self) -> None:
        self.chooser.evaluate_wanted.connect(self.evaluate)
        self.chooser.cancel_wanted.connect(self._cancel)
        self.chooser.run_chosen.connect(self._run_chosen)
        self.chooser.split_chosen.connect(self._show)
        self.empty.wanted.connect(self._empty_wanted)
        self.chooser.details_toggled.connect(lambda _on: self._show())
        self.report.export_wanted.connect(self._save)
        self.matrix.current_changed.connect(self._cell)
        self.table.current_row_changed.connect(self._class)
        self.table.export_wanted.connect(self._save)
        self.pictures.mistakes_wanted.connect(self._all_mistakes)
        self.context.runs.changed.connect(self._list_runs)
        self.context.document.replaced.connect(self._replaced)
        for signal in (self.context.engine.ready, self.context.engine.failed):
            signal.connect(lambda *_: self._show())

    # what the window asks

    def page_actions(self) -> list[QAction]:
        return self._export_actions

    def accept_hint(self, **hints: Any) -> None:
        """`run="run-003"`: measure that run now."""
        if hints.get("run"):
            self._wanted_run = str(hints["run"])
            self._list_runs()

    def entered(self) -> None:
        self._show()

    # runs

    @property
    def run(self) -> RunInfo | None:
        """The run that is chosen."""
        name = self.chooser.run_name
        return next((run for run in self.context.runs.runs if run.name == name), None)

    @property
    def split(self) -> str:
        return self.chooser.split_name

    def _list_runs(self) -> None:
        runs = [run for run in reversed(self.context.runs.runs) if run.epochs_done]
        names = [run.name for run in runs]
        current = self.context.runs.current
        chosen = self.chooser.run_name
        if self._wanted_run in names:
            chosen = self._wanted_run
        elif chosen not in names or not self.isVisible():
            chosen = current.name if current is not None and current.name in names else chosen
        self.chooser.set_runs(runs, chosen)
        for key in [key for key in self._kept if key[0] not in names]:
            del self._kept[key]
        self._show()
        if self._wanted_run and self._wanted_run == self.chooser.run_name:
            self._wanted_run = ""
            if (chosen, self.split) not in self._kept:
                self.evaluate()

    def _run_chosen(self) -> None:
        self.context.runs.select(self.run)
        self._show()

    def _replaced(self) -> None:
        self._cancel()
        self._kept.clear()
        self._wanted_run = ""

    # measuring

    def evaluate(self) -> None:
        """Measure the chosen run on the chosen pictures, in a process of its own."""
        run = self.run
        if run is None or self._handle is not None or not self.context.engine.is_ready:
            return
        key = (run.name, self.split)
        job = EvaluateJob(run.folder, self.context.document.folder, self.split)
        handle = self.context.runner.start(job, title=f"Evaluating {run.name}", process=True)
        self._handle = handle
        handle.event.connect(self._told)
        handle.ended.connect(partial(self._ended, key))
        self._show()

    def _told(self, event: Event) -> None:
        if isinstance(event, Progress):
            self.chooser.show_progress(event)
        elif isinstance(event, Notice):
            self.context.notifier.show(event.severity, event.what, event.advice)

    def _ended(self, key: tuple[str, str], end: Event) -> None:
        self._handle = None
        if isinstance(end, Failed):
            self.context.notifier.error(end.error)
        elif isinstance(end, Finished):
            # An evaluation holds its pictures, so only a few are kept.
            while len(self._kept) >= 4:
                del self._kept[next(iter(self._kept))]
            self._kept[key] = end.result
        self._show()

    def _cancel(self) -> None:
        if self._handle is not None:
            self._handle.cancel()

    # showing

    def _show(self) -> None:
        """Bring everything in line with what is chosen, measured and running."""
        run, busy = self.run, self._handle is not None
        key = (run.name if run is not None else "", self.split)
        found = self._kept.get(key)
        ready = self.context.engine.is_ready
        self.chooser.show_state(busy=busy, ready=ready, measured=found is not None)
        pictures = isinstance(found, ClassEvaluation)
        more = found is not None and bool(found.report.tables or found.report.plots)
        self.chooser.offer_details(pictures and more)
        *of_classes, measures = self._export_actions
        measures.setEnabled(found is not None)
        for action in of_classes:
            action.setEnabled(pictures)
        if found is None:
            self.evaluation = None
            self._show_empty(run, busy, ready)
        elif found is not self.evaluation:
            self.evaluation, self.measured = found, key
            self.report.show_evaluation(found)
            if isinstance(found, ClassEvaluation):
                self._show_classes(found)
        details = not pictures or self.chooser.details_wanted
        self.stack.setCurrentIndex(0 if found is None else 2 if details else 1)

    def _show_empty(self, run: RunInfo | None, busy: bool, ready: bool) -> None:
        words = SPLITS[self.split].lower()
        if run is None:
            self.empty.say(
                "There is no trained network yet",
                "Train the network first. Then this page shows how good it is, class by class, and what it gets wrong.",
                "Go to Train",
            )
        elif busy:
            self.empty.say(f"Measuring {run.name}", f"Every one of the {words} is shown to the network once.")
        else:
            self.empty.say(
                f"{run.name} on the {words}",
                "Measure it to see how good it is, in numbers and in pictures, and where it is wrong.",
                "Evaluate" if ready else "",
            )

    def _empty_wanted(self) -> None:
        if self.run is None:
            self.context.navigate("train")
        else:
            self.evaluate()

    def _show_classes(self, evaluation: ClassEvaluation) -> None:
        self.headline.show_measures(evaluation.measures, len(evaluation.truth))
        self.matrix.set_matrix(evaluation.confusion, evaluation.classes)
        self.table.set_rows(
            [(r.name, r.precision, r.recall, r.f1, r.support, r.predicted) for r in evaluation.per_class]
        )
        self._all_mistakes()

    def _all_mistakes(self) -> None:
        told = self.evaluation
        if not isinstance(told, ClassEvaluation):
            return
        self.matrix.set_current(None)
        self.table.clearSelection()
        wrong = told.truth != told.predicted
        title = f"{int(wrong.sum()):,} mistake{'' if wrong.sum() == 1 else 's'}, the most confident first"
        self.pictures.show_places(told, wrong, title, "Every picture was recognised.")

    def _cell(self, cell: Cell | None) -> None:
        told = self.evaluation
        if not isinstance(told, ClassEvaluation) or cell is None:
            return
        chosen = (told.truth == cell[0]) & (told.predicted == cell[1])
        self.pictures.show_places(told, chosen, self.matrix.words(cell), "No picture is here.")

    def _class(self, row: int) -> None:
        told = self.evaluation
        if not isinstance(told, ClassEvaluation) or row < 0 or not self.table.hasFocus():
            return
        self.matrix.set_current(None)
        wrong = (told.truth != told.predicted) & ((told.truth == row) | (told.predicted == row))
        name = told.classes[row]
        self.pictures.show_places(
            told, wrong, f"Mistakes about {name}", f"Every {name} was recognised, and nothing else taken for it."
        )

    # export

    def _exports(self) -> list[QAction]:
        """The commands of the export menu; each asks for a place."""
        name = lambda: "-".join(self.measured)  # noqa: E731 - three commands share it
        entries = (
            ("Per-class table as CSV…", "csv", lambda told: self.table.export()),
            ("Confusion matrix as CSV…", "matrix", lambda told: self.matrix.csv(name())),
            ("Confusion matrix as PNG…", "image", lambda told: self.matrix.png(name())),
            ("All answers as CSV…", "table", lambda told: answers_csv(told, name())),
            ("All measures as CSV…", "csv", lambda told: self.report.exports(told, name())),
        )
        return [
            make_action(self, words, partial(self._export, make), icon=icon, tip=words.rstrip("…"))
            for words, icon, make in entries
        ]

    def _export(self, make: Any) -> None:
        if self.evaluation is not None:
            self._save(make(self.evaluation))

    def _save(self, export: Export) -> None:
        ask_and_write(self, export, self.context.runner, self.context.notifier)
