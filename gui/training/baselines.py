"""Baselines beside the network: a window that fits them on the same pictures and compares them with the runs."""

from __future__ import annotations

from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from engine.baselines.job import BaselineJob
from engine.baselines.spec import CLASSIFIERS, FEATURES, METHODS, NONE, USUAL, BaselineSpec, baseline_of, parse_baseline
from engine.events import Event, Failed, Finished, Notice, Progress
from engine.training.events import RunSummary
from gui import theme
from gui.context import Context
from gui.runtime.exporting import ask_and_write
from gui.runtime.jobs import JobHandle
from gui.widgets.measure_words import headline_of, measure_title
from gui.widgets.notes import ProblemNote, QuietLabel
from gui.widgets.table import Column, Table
from gui.widgets.words import duration, percent

ABOUT = (
    "What there was before learned features, fitted on the same pictures and measured on the same parts. A network is "
    "worth its effort only where it does better. Each becomes a run that you can evaluate and use live."
)
COLUMNS = (
    Column("Run"),
    Column("What was learned"),
    Column("Validation", percent, "The measure on the validation part", number=True),
    Column("Test", percent, "The measure on the test part", number=True),
    Column("Time", duration, "What learning took", number=True),
)


def baselines_button(context: Context, parent: QWidget) -> QPushButton:
    """A button that opens the window, which it keeps."""
    button = QPushButton("Baselines…", parent)
    button.setProperty("kind", "quiet")
    button.setToolTip("Compare the network with what there was before learned features")
    opened: list[BaselinesDialog] = []

    def show() -> None:
        if not opened:
            opened.append(BaselinesDialog(context, parent))
        opened[0].open_beside()

    button.clicked.connect(show)
    return button


class BaselinesDialog(QDialog):
    """Not modal. Fits baselines one after the other, and lists what all runs of the task reached."""

    def __init__(self, context: Context, parent: QWidget) -> None:
        super().__init__(parent)
        self.context = context
        self._handle: JobHandle | None = None
        self._current = ""
        self._queue: list[BaselineSpec] = []
        self.setWindowTitle("Baselines")
        self.setModal(False)
        self.resize(theme.space(96), theme.space(64))
        self.features = self._chooser("Features", FEATURES, "What of a picture the classifier is given")
        self.classifier = self._chooser("Classifier", CLASSIFIERS, "What learns to tell the classes apart")
        self.method = self._chooser("Method", METHODS, "How a picture is divided into regions")
        self.clusters = QSpinBox(self)
        self.clusters.setRange(2, 32)
        self.clusters.setValue(4)
        self.clusters.setSuffix(" colours")
        self.clusters.setAccessibleName("Number of colours")
        self.clusters.setToolTip("Into how many colours k-means divides each picture")
        self.fit = self._button("Fit", "play", "Fit the chosen baseline on the training pictures", self._fit_one)
        self.several = self._button("Fit several", "train", "Fit the usual ones in turn", self._fit_several)
        self.cancel = self._button("Cancel", "stop", "Stop after the step at hand and fit no more", self._cancel)
        self.bar = QProgressBar(self)
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(6)
        self.bar.setAccessibleName("Progress")
        self.state = QuietLabel("", self)
        self.problem = ProblemNote(self)
        self.table = Table(COLUMNS, "Runs", self)
        self._lay_out()
        self.method.currentIndexChanged.connect(lambda _row: self._show_state())
        self.table.export_wanted.connect(lambda export: ask_and_write(self, export, context.runner, context.notifier))
        context.runs.changed.connect(self._list)
        context.document.changed.connect(lambda _change: self._show_state())
        context.document.replaced.connect(self._replaced)
        for signal in (context.engine.ready, context.engine.failed):
            signal.connect(lambda *_: self._show_state())
        self._list()
        self._show_state()

    # layout

    def _chooser(self, name: str, entries: dict[str, str], tip: str) -> QComboBox:
        box = QComboBox(self)
        for id, label in entries.items():
            box.addItem(label[0].upper() + label[1:], id)
        box.setAccessibleName(name)
        box.setToolTip(tip)
        return box

    def _button(self, text: str, icon: str, tip: str, slot: object) -> QPushButton:
        button = QPushButton(theme.icon(icon), text, self)
        button.setToolTip(tip)
        button.setAutoDefault(False)
        button.clicked.connect(slot)
        return button

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setSpacing(theme.space(1))
        self.about = QuietLabel(ABOUT, self)
        layout.addWidget(self.about)
        row = QHBoxLayout()
        for widget in (self.features, self.classifier, self.method, self.clusters, self.fit, self.several, self.cancel):
            row.addWidget(widget)
        row.addStretch(1)
        layout.addLayout(row)
        layout.addWidget(self.bar)
        layout.addWidget(self.state)
        layout.addWidget(self.problem)
        layout.addWidget(self.table, 1)

    # fitting

    @property
    def task(self) -> str:
        """Of the project."""
        return self.context.document.project.task

    @property
    def busy(self) -> bool:
        return self._handle is not None

    def chosen(self) -> BaselineSpec:
        """What the choosers say."""
        if self.task == "segmentation":
            return baseline_of({"method": self.method.currentData(), "clusters": self.clusters.value()})
        return baseline_of({"features": self.features.currentData(), "classifier": self.classifier.currentData()})

    def _fit_one(self) -> None:
        self._begin([self.chosen()])

    def _fit_several(self) -> None:
        self._begin([parse_baseline(text) for text in USUAL[self.task]])

    def _begin(self, specs: list[BaselineSpec]) -> None:
        if not self.busy:
            self.problem.show_text("")
            self._queue = specs
            self._next()

    def _next(self) -> None:
        if self._queue:
            spec, document = self._queue.pop(0), self.context.document
            self._current = spec.label
            job = BaselineJob(document.project, document.folder, spec)
            self._handle = self.context.runner.start(job, title=f"Fitting {spec.label}", process=True)
            self._handle.event.connect(self._told)
            self._handle.ended.connect(self._ended)
        self._show_state()

    def _told(self, event: Event) -> None:
        if isinstance(event, Progress):
            self.bar.setRange(0, event.total)
            self.bar.setValue(event.done)
            left = f", {len(self._queue)} more to come" if self._queue else ""
            self.state.setText(f"{self._current}: {event.text}{left}")
        elif isinstance(event, Notice):
            self.context.notifier.show(event.severity, event.what, event.advice)

    def _ended(self, end: Event) -> None:
        self._handle = None
        self.state.setText("")
        if isinstance(end, Finished) and isinstance(end.result, RunSummary):
            self.context.runs.refresh()
        else:
            self._queue = []
            if isinstance(end, Failed):
                self.problem.show_text(f"{self._current}: {end.error}")
            self.context.runs.refresh()
        self._next()

    def _cancel(self) -> None:
        self._queue = []
        if self._handle is not None:
            self._handle.cancel()

    def _replaced(self) -> None:
        self._cancel()
        self.problem.show_text("")
        self._show_state()

    # showing

    def _list(self) -> None:
        """All runs of the project's task that have got somewhere, networks among them."""
        rows = []
        for run in self.context.runs.runs:
            if run.task == self.task and run.epochs_done:
                what = run.baseline or f"Network, {run.epochs_done} epoch{'' if run.epochs_done == 1 else 's'}"
                rows.append((run.name, what, run.best_value, run.test.get(run.headline), run.seconds))
        self.table.set_rows(rows)

    def _show_state(self) -> None:
        regions, known = self.task == "segmentation", self.task in USUAL
        measure = measure_title(headline_of(self.task))
        self.about.setText(f"{ABOUT} What is compared is the measure {measure}." if known else NONE)
        for widget in (self.features, self.classifier):
            widget.setVisible(not regions)
        self.method.setVisible(regions)
        self.clusters.setVisible(regions and self.method.currentData() == "kmeans")
        ready = known and self.context.engine.is_ready
        for button in (self.fit, self.several):
            button.setVisible(not self.busy)
            button.setEnabled(ready)
        self.cancel.setVisible(self.busy)
        self.bar.setVisible(self.busy)

    def open_beside(self) -> None:
        """Show the window, with the project as it is now."""
        self._list()
        self._show_state()
        self.show()
        self.raise_()
