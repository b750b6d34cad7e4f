"""Comparing the drawing with another network: totals beside each other, and the differences, marked on the drawing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from engine.events import Event, Failed, Finished
from engine.graph.spec import NetworkSpec
from gui import theme
from gui.builder.compare_job import CompareJob, Comparison, changes, count_layers, marks
from gui.builder.side_by_side import SideBySide
from gui.canvas.numbers import shape, short, size
from gui.context import Context
from gui.runtime.jobs import JobHandle
from gui.widgets.flow import FlowRow
from gui.widgets.notes import QuietLabel
from gui.widgets.table import Column, Table

NOTHING = "Nothing"
_FILE = "Another file…"
_OPENED = "The network as it was when it was opened"


def _ratio(value: float) -> str:
    return f"{value:.2f}×"


class CompareView(QWidget):
    """Signals:
    marks_changed(object): {node id: "added" or "changed"} for the drawing; empty for none.
    chosen(object): id of a node that should be shown.
    """

    marks_changed = Signal(object)
    chosen = Signal(object)

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._handle: JobHandle | None = None
        self._again = False
        self._file: Path | None = None
        self._at_first = context.document.project.network
        self._window: SideBySide | None = None
        self._rows: list[tuple[str, str, str]] = []
        self.result: Comparison | None = None
        self._controls()
        self.note = QuietLabel("Choose a network to compare this drawing with.", self)
        self.totals = Table(
            (
                Column("Measure"),
                Column("Here", number=True, help="This drawing"),
                Column("There", number=True, help="The network that it is compared with"),
                Column("Here / there", _ratio, number=True, help="This drawing's value divided by the other's"),
            ),
            "Totals beside each other",
            self,
            roomy=False,
        )
        self.changes = Table(
            (Column("Node"), Column("Difference"), Column("From there to here")),
            "Differences between the designs",
            self,
            roomy=False,
        )
        self.changes.setToolTip("Enter or a double-click shows the node on the drawing")
        self.changes.opened.connect(lambda row: self.chosen.emit(self._rows[row][0]))
        self._arrange()
        context.checker.analysed.connect(lambda analysis: self.refresh())
        context.document.replaced.connect(self._replaced)
        context.gallery.changed.connect(self._fill_choices)
        self._fill_choices()

    def _controls(self) -> None:
        self.choice = QComboBox(self)
        self.choice.setAccessibleName("Network to compare with")
        self.choice.setToolTip("The network that this drawing is compared with")
        self.choice.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.choice.setMinimumContentsLength(28)
        self.choice.activated.connect(self._choose)
        self.mark = QCheckBox("&Mark on the drawing", self)
        self.mark.setToolTip("Mark the nodes that only this drawing has and those that are different")
        self.mark.setChecked(True)
        self.mark.toggled.connect(self._tell_marks)
        self.beside = QPushButton(theme.icon("compare"), "&Side by side…", self)
        self.beside.setToolTip("Show both drawings beside each other in a window")
        self.beside.clicked.connect(self._show_both)
        self.beside.setEnabled(False)

    def _arrange(self) -> None:
        bar = FlowRow(theme.space(1), theme.space(0.5), self)
        label = QuietLabel("Compare with", self)
        label.setWordWrap(False)
        for widget in (label, self.choice, self.mark, self.beside):
            bar.flow.addWidget(widget)
        self.split = QSplitter(Qt.Orientation.Horizontal, self)
        for table in (self.totals, self.changes):
            self.split.addWidget(table)
        self.split.setSizes([400, 480])
        self.split.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.space(1), theme.space(0.5), theme.space(1), 0)
        layout.setSpacing(theme.space(0.5))
        layout.addWidget(bar)
        layout.addWidget(self.note)
        layout.addWidget(self.split, 1)
        layout.addStretch(0)

    # choosing

    def _fill_choices(self) -> None:
        kept = self.choice.currentData()
        self.choice.clear()
        self.choice.addItem(NOTHING, "")
        self.choice.addItem(_OPENED, "opened")
        self.choice.addItem(_FILE, "file")
        for entry in self._context.gallery.entries:
            self.choice.addItem(f"{entry.name} ({entry.year})", f"gallery:{entry.id}")
        place = self.choice.findData(kept)
        self.choice.setCurrentIndex(max(0, place))

    def _choose(self, index: int) -> None:
        if self.choice.itemData(index) == "file":
            dialog = QFileDialog(self, "Compare with a network", str(self._context.settings.projects_dir()))
            dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
            dialog.setNameFilter("Vitrine networks (*.json)")
            dialog.fileSelected.connect(lambda chosen: self.compare_with_file(Path(chosen)))
            dialog.rejected.connect(lambda: self._forget() if self._file is None else None)
            dialog.open()
            return
        self._file = None
        self.refresh()

    def compare_with_file(self, path: Path) -> None:
        """Compare the drawing with the network of a file."""
        self._file = path
        self.choice.setCurrentIndex(self.choice.findData("file"))
        self.refresh()

    def compare_with(self, id: str) -> None:
        """Compare the drawing with a network of the gallery."""
        self._file = None
        self.choice.setCurrentIndex(max(0, self.choice.findData(f"gallery:{id}")))
        self.refresh()

    def _other(self) -> tuple[str, str | Path | NetworkSpec] | None:
        key = str(self.choice.currentData() or "")
        if key == "opened":
            return "the network as it was opened", self._at_first
        if key == "file" and self._file is not None:
            return self._file.name, self._file
        if key.startswith("gallery:"):
            return self.choice.currentText(), key.removeprefix("gallery:")
        return None

    def _replaced(self) -> None:
        self._at_first = self._context.document.project.network
        # What was chosen for one project would mark every node of the next.
        self._forget()

    # comparing

    def refresh(self) -> None:
        """Compare again, after the drawing or the choice has changed."""
        other = self._other()
        if other is None:
            if self.result is not None:
                self._forget()
        elif self._handle is not None:
            self._again = True
        elif self._context.engine.is_ready:
            title, what = other
            job = CompareJob(title, what, self._context.document.project.network)
            self._handle = self._context.runner.start(job, title=f"Comparing with {title}", show=False)
            self._handle.ended.connect(self._compared)

    def _compared(self, end: Event) -> None:
        self._handle = None
        if self._again:
            self._again = False
            self.refresh()
        elif isinstance(end, Failed):
            self._forget()
            self._context.notifier.error(end.error)
        elif isinstance(end, Finished):
            self.result = end.result
            self._show(end.result)

    def _forget(self) -> None:
        self.result = None
        self.choice.setCurrentIndex(0)
        self.split.hide()
        self.beside.setEnabled(False)
        self.note.setText("Choose a network to compare this drawing with.")
        self.marks_changed.emit({})

    def _show(self, found: Comparison) -> None:
        self.totals.set_rows(_totals(found))
        self._rows = changes(found.difference)
        self.changes.set_rows(self._rows)
        count = len(self._rows)
        differences = "1 difference" if count == 1 else f"{count:,} differences" if count else "No difference"
        self.note.setText(f"{differences} to {found.title}.")
        self.split.show()
        self.beside.setEnabled(True)
        self._tell_marks()
        if self._window is not None:
            self._window.show_comparison(found)

    def _tell_marks(self) -> None:
        shown = self.result is not None and self.mark.isChecked()
        self.marks_changed.emit(marks(self.result.difference) if shown and self.result is not None else {})

    def _show_both(self) -> None:
        if self.result is None:
            return
        if self._window is None:
            self._window = SideBySide(self)
            self._window.finished.connect(self._closed)
        self._window.show_comparison(self.result)
        self._window.show()

    def _closed(self) -> None:
        if self._window is not None:
            self._window.deleteLater()
            self._window = None


Row = tuple[str, str, str, float | None]


def _totals(found: Comparison) -> list[Row]:
    ours, other = found.ours, found.other

    def row(name: str, here: float, there: float, spoken: Callable[[float], str]) -> Row:
        return name, spoken(here), spoken(there), here / there if there else None

    return [
        ("Input", _end(ours.input), _end(other.input), None),
        ("Output", _end(ours.output), _end(other.output), None),
        row("Layers", count_layers(ours.spec), count_layers(other.spec), lambda value: f"{value:,.0f}"),
        row("Parameters", ours.totals.parameters, other.totals.parameters, lambda value: f"{value:,.0f}"),
        row("Multiply-accumulates", ours.totals.macs, other.totals.macs, short),
        row("Memory to train", ours.totals.training_bytes, other.totals.training_bytes, size),
        row("Memory to look", ours.totals.inference_bytes, other.totals.inference_bytes, size),
        ("Problems", f"{len(ours.problems)}", f"{len(other.problems)}", None),
    ]


def _end(of: object) -> str:
    if isinstance(of, tuple) and of and all(isinstance(one, tuple) for one in of):
        return " and ".join(shape(one) for one in of)
    return shape(of) if isinstance(of, tuple) else "?"
