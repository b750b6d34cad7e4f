"""Taking the network away: choose a form and the weights that travel along, then a file. Writing it is a job."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from engine.events import Event, Failed, Finished, Progress
from engine.export.base import EXPORTS, Exported, ExportFormat
from engine.export.job import ExportJob
from gui import theme
from gui.context import Context
from gui.runtime.jobs import JobHandle
from gui.widgets.notes import ProblemNote, QuietLabel

FRESH = "New random weights"
_FILE = "Weights from a file…"
_ID = Qt.ItemDataRole.UserRole
# Forms in which only sizes stand, block by block or layer by layer.
_LISTS = ("text", "csv", "latex", "markdown")


class ExportDialog(QDialog):
    """Not modal. What is exported is the drawing of the moment in which the file is chosen."""

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._handle: JobHandle | None = None
        self._weights_file: Path | None = None
        self.setWindowTitle("Export the network")
        self.setModal(False)
        self.resize(theme.space(72), theme.space(60))
        self.forms = QListWidget(self)
        self.forms.setAccessibleName("Form to export")
        self.forms.setToolTip("What kind of file to write")
        self.forms.currentItemChanged.connect(lambda now, before: self._describe())
        self.help = QuietLabel("", self)
        self.weights = QComboBox(self)
        self.weights.setAccessibleName("Weights to export")
        self.weights.setToolTip("Which weights travel along")
        self.weights.activated.connect(self._weights_chosen)
        self.nested = QCheckBox("List the layers &inside blocks", self)
        self.nested.setToolTip("Otherwise a block is one line, the sum of what is in it")
        self.note = QuietLabel("", self)
        self.problem = ProblemNote(self)
        self._arrange()
        self._fill_forms()
        context.runs.changed.connect(self._fill_weights)
        self._fill_weights()

    def _arrange(self) -> None:
        self.go = QPushButton(theme.icon("export"), "&Export…", self)
        self.go.setToolTip("Choose the file and write it")
        self.go.setDefault(True)
        self.go.clicked.connect(self._ask)
        away = QPushButton("Close", self)
        away.setToolTip("Close this window (Esc); an export that runs goes on")
        away.setAutoDefault(False)
        away.clicked.connect(self.close)
        rows = QFormLayout()
        rows.addRow("Weights", self.weights)
        rows.addRow("", self.nested)
        foot = QHBoxLayout()
        foot.addStretch(1)
        foot.addWidget(away)
        foot.addWidget(self.go)
        layout = QVBoxLayout(self)
        layout.addWidget(self.forms, 1)
        layout.addWidget(self.help)
        layout.addLayout(rows)
        layout.addWidget(self.note)
        layout.addWidget(self.problem)
        layout.addLayout(foot)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._context.runs.refresh()
        self.note.setText("")
        self.problem.show_text("")

    # choosing

    def _fill_forms(self) -> None:
        for id, form in EXPORTS.items():
            item = QListWidgetItem(f"{form.label}  (*{form.suffix})", self.forms)
            item.setData(_ID, id)
            item.setToolTip(form.help)
        self.select("pytorch")

    def select(self, id: str) -> None:
        """Choose a form by its id."""
        for row in range(self.forms.count()):
            if self.forms.item(row).data(_ID) == id:
                self.forms.setCurrentRow(row)

    @property
    def chosen(self) -> str:
        """The id of the chosen form."""
        item = self.forms.currentItem()
        return str(item.data(_ID)) if item is not None else ""

    def _form(self) -> type[ExportFormat]:
        return EXPORTS.get(self.chosen)

    def _takes_weights(self) -> bool:
        return self._form().takes_weights()

    def _describe(self) -> None:
        if not self.chosen:
            return
        form = self._form()
        missing = form.missing()
        self.help.setText(form.help if missing is None else f"{form.help} {missing.what} {missing.advice}")
        self.go.setEnabled(missing is None and self._handle is None)
        self.weights.setEnabled(self._takes_weights())
        self.weights.setToolTip(
            "Which weights travel along" if self._takes_weights() else "This form holds the design and no weights"
        )
        self.nested.setEnabled(self.chosen in _LISTS)
        self.note.setText("")
        self.problem.show_text("")

    def _fill_weights(self) -> None:
        kept = self.weights.currentText()
        self.weights.clear()
        self.weights.addItem(FRESH, None)
        for run in reversed(self._context.runs.runs):
            self.weights.addItem(f"Best of the training {run.name}", run.folder)
        if self._weights_file is not None:
            self.weights.addItem(self._weights_file.name, self._weights_file)
        self.weights.addItem(_FILE, None)
        self.weights.setCurrentIndex(max(0, self.weights.findText(kept)))

    def _weights_chosen(self, index: int) -> None:
        if self.weights.itemText(index) != _FILE:
            return
        self.weights.setCurrentIndex(0)
        dialog = QFileDialog(self, "Weights to export", str(self._context.settings.projects_dir()))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilter("Weights (*.safetensors *.pt *.pth)")
        dialog.fileSelected.connect(lambda chosen: self.take_weights(Path(chosen)))
        dialog.open()

    def take_weights(self, path: Path) -> None:
        """Export with the weights of this file."""
        self._weights_file = path
        self._fill_weights()
        self.weights.setCurrentText(path.name)

    # writing

    def _ask(self) -> None:
        form = self._form()
        name = self._context.document.project.network.name or "network"
        plain = "".join(c if c.isalnum() or c in "-_ " else "_" for c in name)
        dialog = QFileDialog(self, "Export the network", str(self._context.settings.projects_dir()))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilter(f"{form.label} (*{form.suffix})")
        dialog.setDefaultSuffix(form.suffix.removeprefix("."))
        dialog.selectFile(plain + form.suffix)
        dialog.fileSelected.connect(lambda chosen: self.write(Path(chosen)))
        dialog.open()

    def write(self, path: Path) -> None:
        """Write the drawing of now to this file, in the chosen form."""
        chosen = self.weights.currentData() if self._takes_weights() else None
        is_file = chosen is not None and chosen == self._weights_file
        job = ExportJob(
            self._context.document.project.network,
            self.chosen,
            path,
            weights=chosen if is_file else None,
            run=None if is_file else chosen,
            nested=self.nested.isChecked(),
        )
        self.problem.show_text("")
        self._handle = self._context.runner.start(job, title=f"Exporting {path.name}")
        self._handle.event.connect(self._progress)
        self._handle.ended.connect(self._ended)
        self.go.setEnabled(False)

    def _progress(self, event: Event) -> None:
        if isinstance(event, Progress):
            self.note.setText(f"{event.text}…")

    def _ended(self, end: Event) -> None:
        self._handle = None
        self.note.setText("")
        self._describe()
        if isinstance(end, Failed):
            self.problem.show_text(str(end.error))
        elif isinstance(end, Finished):
            done: Exported = end.result
            fresh = " Its weights are new and random." if done.fresh else ""
            self.note.setText(f"{done.path.name} is written. {done.note}{fresh}".strip())
            self._context.notifier.show("success", f"{done.path.name} is written.", f"It is in {done.path.parent}.")
