"""What a run that matches compares pictures with: those that it was trained on, or a folder that a person chooses."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from gui import theme
from gui.widgets.notes import QuietLabel

_HOW = "A folder with a folder of pictures for each class: a few of each person, part or sign to be told apart."


class ReferenceChooser(QWidget):
    """Remembers the choice for each run, and looks at no file itself.

    Signals:
    changed(object): Path of the folder, or None for the training data.
    """

    changed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = ""
        self._folders: dict[str, Path] = {}
        self._classes = 0
        self.words = QuietLabel("", self)
        self.choose = QPushButton(theme.icon("folder"), "Compare with…", self)
        self.choose.setToolTip(_HOW)
        self.choose.setAccessibleName("Choose pictures to compare with")
        self.choose.clicked.connect(self._ask)
        self.back = QPushButton(theme.icon("undo"), "Training data", self)
        self.back.setToolTip("Compare with the pictures that the run was trained on again")
        self.back.setAccessibleName("Compare with the training data")
        self.back.clicked.connect(lambda: self.take(None))
        row = QHBoxLayout()
        row.setSpacing(theme.space(0.5))
        row.addWidget(self.choose)
        row.addWidget(self.back)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.space(1))
        column.addWidget(self.words)
        column.addLayout(row)
        self.hide()

    @property
    def folder(self) -> Path | None:
        """The folder chosen for this run; None for its training data."""
        return self._folders.get(self._model)

    def follow(self, model: str) -> None:
        """Be there for this run; "" for a model that compares nothing."""
        self._model = model
        self._classes = 0
        self._explain()
        self.setVisible(bool(model))

    def set_classes(self, count: int) -> None:
        """Say how many classes the model has found there; 0 while nobody knows."""
        if count != self._classes:
            self._classes = count
            self._explain()

    def take(self, folder: Path | None) -> None:
        """Compare with this folder from now on, as if it had been picked."""
        if folder is None:
            self._folders.pop(self._model, None)
        else:
            self._folders[self._model] = folder
        self._classes = 0
        self._explain()
        self.changed.emit(folder)

    def _explain(self) -> None:
        folder = self.folder
        where = "the run's training data" if folder is None else folder.name or str(folder)
        count = f"{self._classes:,} classes of " if self._classes else ""
        self.words.setText(f"Compares with {count}{where}.")
        self.words.setToolTip("" if folder is None else str(folder))
        self.back.setVisible(folder is not None)

    def _ask(self) -> None:
        dialog = QFileDialog(self.window(), "Choose a folder with a folder of pictures for each class")
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda path: self.take(Path(path)))
        dialog.open()
