"""The row above an evaluation: which run, on which pictures, and how far the measuring is."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QMenu, QProgressBar, QPushButton, QToolButton, QWidget

from engine.events import Progress
from engine.training.runs import RunInfo
from gui import theme
from gui.widgets.measure_words import measure_value
from gui.widgets.notes import ThemedLabel

SPLITS = {"test": "Test part", "validation": "Validation part", "train": "Training part"}


class Chooser(QWidget):
    """Run and pictures, and what can be done.

    Signals:
        run_chosen(), split_chosen(): by a person.
        details_toggled(object): bool, whether curves and further tables are wanted.
        evaluate_wanted(), cancel_wanted(): a button was pressed.
    """

    run_chosen = Signal()
    split_chosen = Signal()
    details_toggled = Signal(object)
    evaluate_wanted = Signal()
    cancel_wanted = Signal()

    def __init__(self, exports: Sequence[QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.run = QComboBox(self)
        self.run.setMinimumWidth(220)
        self.run.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.run.setAccessibleName("Run")
        self.run.setToolTip("Which run is measured")
        self.run.activated.connect(lambda _index: self.run_chosen.emit())
        self.split = QComboBox(self)
        self.split.setAccessibleName("Part of the data")
        self.split.setToolTip("The test part has neither been learned from nor used to choose the best epoch")
        for split, words in SPLITS.items():
            self.split.addItem(words, split)
        self.split.activated.connect(lambda _index: self.split_chosen.emit())
        self.go = QPushButton(theme.icon("play", "accent_text"), "Evaluate", self)
        self.go.setProperty("kind", "primary")
        self.go.clicked.connect(self.evaluate_wanted)
        self.cancel = QPushButton(theme.icon("stop"), "Cancel", self)
        self.cancel.setToolTip("Stop measuring")
        self.cancel.setAccessibleName("Cancel measuring")
        self.cancel.clicked.connect(self.cancel_wanted)
        self.bar = QProgressBar(self)
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(6)
        self.bar.setMaximumWidth(160)
        self.bar.setAccessibleName("Progress of the measuring")
        self.state = ThemedLabel("", "text_muted", "body", self)
        self.details = QToolButton(self)
        self.details.setText("Curves and tables")
        self.details.setCheckable(True)
        self.details.setToolTip("Show curves and further tables instead of the confusion matrix")
        self.details.setAccessibleName("Curves and tables")
        self.details.toggled.connect(lambda on: self.details_toggled.emit(on))
        self.details.hide()
        self.export = self._export_button(exports)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.space(1))
        for words, choice in (("Run", self.run), ("on", self.split)):
            label = QLabel(words, self)
            label.setBuddy(choice)
            row.addWidget(label)
            row.addWidget(choice)
        for widget in (self.go, self.cancel, self.bar):
            row.addWidget(widget)
        row.addWidget(self.state, 1)
        row.addWidget(self.details)
        row.addWidget(self.export)

    def _export_button(self, exports: Sequence[QAction]) -> QToolButton:
        button = QToolButton(self)
        button.setIcon(theme.icon("export"))
        button.setIconSize(QSize(16, 16))
        button.setText("Export")
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        button.setToolTip("Save tables and pictures of this evaluation")
        button.setAccessibleName("Export")
        menu = QMenu(button)
        menu.addActions(list(exports))
        button.setMenu(menu)
        return button

    @property
    def details_wanted(self) -> bool:
        """Whether curves and tables are to be shown."""
        return self.details.isChecked()

    def offer_details(self, offered: bool) -> None:
        """Whether there is more than a confusion matrix."""
        self.details.setVisible(offered)

    @property
    def run_name(self) -> str:
        return str(self.run.currentData() or "")

    @property
    def split_name(self) -> str:
        return str(self.split.currentData())

    def set_runs(self, runs: Sequence[RunInfo], chosen: str) -> None:
        """Offer `runs`, with the one called `chosen` (else the first) in place."""
        self.run.clear()
        for run in runs:
            reached = measure_value(run.headline, run.best_value, run.task)
            best = f" · {reached} on validation" if run.best_value is not None else ""
            self.run.addItem(f"{run.name}{best}", run.name)
        self.run.setCurrentIndex(max(0, self.run.findData(chosen)))

    def show_state(self, *, busy: bool, ready: bool, measured: bool) -> None:
        """Offer what can be done now: `ready` means that the engine has loaded."""
        some = bool(self.run_name)
        for choice in (self.run, self.split):
            choice.setEnabled(some and not busy)
        why = "Nothing has been trained yet" if not some else "Wait until the measuring ends" if busy else ""
        self.run.setToolTip(why or "Which run is measured")
        self.go.setVisible(not busy and some)
        self.go.setEnabled(ready)
        self.go.setText("Evaluate again" if measured else "Evaluate")
        self.go.setAccessibleName(self.go.text())
        self.go.setToolTip("Measure this run on these pictures" if ready else "The engine is still loading")
        self.cancel.setVisible(busy)
        self.bar.setVisible(busy)
        if not busy:
            self.state.setText("" if ready or not some else "The engine is still loading.")
        self.export.setEnabled(measured)
        self.export.setToolTip(
            "Save tables and pictures of this evaluation"
            if measured
            else "Evaluate first, then its tables can be saved"
        )

    def show_progress(self, progress: Progress) -> None:
        self.state.setText(progress.text)
        self.bar.setRange(0, progress.total)
        self.bar.setValue(progress.done)
