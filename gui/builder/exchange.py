"""Bringing networks and weights in from other programs, and taking the drawing away to them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QMessageBox,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from engine.events import Event, Failed, Finished
from engine.graph.spec import NetworkSpec
from engine.importing.job import FILTERS, ImportJob, runs_code
from gui import theme
from gui.builder.bring_in import BringIn, BroughtIn, Fitted, FitWeights
from gui.builder.export_dialog import ExportDialog
from gui.canvas.editor import Editor
from gui.context import Context
from gui.widgets.notes import ThemedLabel

WEIGHTS_FILES = "Weights (*.safetensors *.pt *.pth *.bin *.ckpt)"


class Exchange(QObject):
    """Asks what and where, and has it done by jobs."""

    def __init__(self, context: Context, editor: Editor, parent: QWidget, opened: Callable[[], object]) -> None:
        super().__init__(parent)
        self._context = context
        self._editor = editor
        self._parent = parent
        self._opened = opened
        self.exporting: ExportDialog | None = None
        self.question: QMessageBox | None = None
        self.report: WeightsReport | None = None

    # out

    def export(self) -> None:
        """Show the window in which the form to export is chosen."""
        if self.exporting is None:
            self.exporting = ExportDialog(self._context, self._parent)
        self.exporting.show()
        self.exporting.raise_()
        self.exporting.activateWindow()

    # networks

    def bring_in(self) -> None:
        """Ask for a file that holds a network, and draw it."""
        every = " ".join(f"*{suffix}" for suffix in FILTERS.values())
        kinds = [f"Networks ({every})", *(f"{label} (*{suffix})" for label, suffix in FILTERS.items())]
        dialog = self._dialog("Import a network", ";;".join(kinds))
        dialog.fileSelected.connect(lambda chosen: self.import_path(Path(chosen)))
        dialog.open()

    def import_path(self, path: Path) -> None:
        """Draw the network of this file; one that runs code only after the person has agreed."""
        if not runs_code(str(path)):
            self._import(path, False)
            return
        self.question = QMessageBox(
            QMessageBox.Icon.Warning,
            "Import a network",
            f"{path.name} is a program, and importing it runs it with all your rights.",
            parent=self._parent,
        )
        self.question.setInformativeText("Go on only if you wrote it, or trust who did.")
        go = self.question.addButton("Run and import", QMessageBox.ButtonRole.AcceptRole)
        self.question.addButton(QMessageBox.StandardButton.Cancel)
        self.question.setDefaultButton(QMessageBox.StandardButton.Cancel)
        self.question.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        go.clicked.connect(lambda: self._import(path, True))
        self.question.open()

    def _import(self, path: Path, trusted: bool) -> None:
        project = self._context.document.project
        like: NetworkSpec | None = project.network if path.suffix == ".py" and project.network.nodes else None
        job = BringIn(ImportJob(path, trusted=trusted, like=like), self._context.document.folder)
        # Code of others runs in a process of its own: it may hang, crash or hold the interpreter.
        handle = self._context.runner.start(job, title=f"Importing {path.name}", process=runs_code(str(path)))
        handle.ended.connect(lambda end: self._imported(path, end))

    def _imported(self, path: Path, end: Event) -> None:
        if isinstance(end, Failed):
            self._context.notifier.error(end.error)
        elif isinstance(end, Finished):
            found: BroughtIn = end.result
            document = self._context.document
            training = document.project.training.model_copy(update={"start_weights": found.weights})
            project = document.project.with_(network=found.network.spec, training=training)
            self._editor.scene.pick()
            self._editor.scene.forget_analysis()
            if document.edit(f"Import {path.name}", project):
                self._opened()
            about = [*found.network.notes]
            if found.weights:
                about.append("Its weights are kept with the project, and the next training starts from them.")
            self._context.notifier.show("success", f"{path.name} is drawn, by {found.network.how}.", " ".join(about))

    # weights

    def open_weights(self) -> None:
        """Ask for a file of weights, and show how they fit the drawing."""
        dialog = self._dialog("Import weights", WEIGHTS_FILES)
        dialog.fileSelected.connect(lambda chosen: self.weights_path(Path(chosen)))
        dialog.open()

    def weights_path(self, path: Path) -> None:
        """Compare the weights of this file with the drawing."""
        document = self._context.document
        job = FitWeights(document.project.network, path, document.folder)
        handle = self._context.runner.start(job, title=f"Reading {path.name}")
        handle.ended.connect(self._compared)

    def _compared(self, end: Event) -> None:
        if isinstance(end, Failed):
            self._context.notifier.error(end.error)
        elif isinstance(end, Finished):
            self.report = WeightsReport(end.result, self._start_from, self._parent)
            self.report.show()

    def _start_from(self, found: Fitted) -> None:
        document = self._context.document
        training = document.project.training.model_copy(update={"start_weights": found.weights})
        document.edit(f"Start from {found.name}", document.project.with_(training=training))
        self._context.notifier.show("success", f"The next training starts from {found.name}.")

    def _dialog(self, title: str, filter: str) -> QFileDialog:
        dialog = QFileDialog(self._parent, title, str(self._context.settings.projects_dir()))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilter(filter)
        return dialog


class WeightsReport(QDialog):
    """How the weights of a file fit the drawing, and what to do with those that do. Not modal."""

    def __init__(self, found: Fitted, use: Callable[[Fitted], object], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"Weights of {found.name}")
        self.setModal(False)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(theme.space(76), theme.space(50))
        heading = ThemedLabel(f"{found.matched:,} of {found.whole:,} weights fit", role="heading", parent=self)
        self.lines = QPlainTextEdit("\n".join(found.lines), self)
        self.lines.setReadOnly(True)
        self.lines.setAccessibleName("What of the weights fits")
        self.use = QPushButton(theme.icon("train"), "&Start trainings from these", self)
        self.use.setToolTip("The next training begins with these weights instead of random ones; can be undone")
        self.use.setEnabled(bool(found.weights))
        self.use.clicked.connect(lambda: use(found))
        self.use.clicked.connect(self.close)
        away = QPushButton("Close", self)
        away.setToolTip("Close this window (Esc); nothing changes")
        away.clicked.connect(self.close)
        foot = QHBoxLayout()
        foot.addStretch(1)
        foot.addWidget(away)
        foot.addWidget(self.use)
        layout = QVBoxLayout(self)
        layout.addWidget(heading)
        layout.addWidget(self.lines, 1)
        layout.addLayout(foot)
