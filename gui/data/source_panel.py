"""Where the pictures come from."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QToolButton, QWidget

from engine.datasets.base import DATASETS
from engine.datasets.spec import Choice, Settings
from gui import theme
from gui.data.model import DataModel
from gui.widgets.form import SettingsForm
from gui.widgets.section import PanelSection


class _Source(Settings):
    """The form's model: one dataset with its options."""

    source: Choice = Choice(id="digits")


class SourcePanel(PanelSection):
    """The dataset, its options, and a button for the folder where it has one."""

    def __init__(self, model: DataModel, folder: Any, parent: QWidget | None = None) -> None:
        """`folder` gives the project's folder, where relative paths begin."""
        super().__init__("Pictures", parent)
        self._model = model
        self._folder = folder
        self.form = SettingsForm(_Source, registries={"source": DATASETS}, labels={"source": "Dataset"}, parent=self)
        self.form.changed.connect(self._edited)
        self.choose = QPushButton(theme.icon("folder"), "Choose folder…", self)
        self.choose.setToolTip("Choose the folder on this machine that holds the pictures")
        self.choose.setAccessibleName("Choose folder")
        self.choose.clicked.connect(self.ask_for_folder)
        self.choose_file = QPushButton(theme.icon("folder"), "Choose file…", self)
        self.choose_file.setToolTip("Choose the file on this machine that holds the data")
        self.choose_file.setAccessibleName("Choose file")
        self.choose_file.clicked.connect(self.ask_for_file)
        self.reload = QToolButton(self)
        self.reload.setIcon(theme.icon("refresh"))
        self.reload.setAutoRaise(True)
        self.reload.setToolTip("Look for the pictures again, after files have changed")
        self.reload.setAccessibleName("Look again")
        self.reload.clicked.connect(model.reload)
        self.corner.addWidget(self.reload)
        row = QHBoxLayout()
        row.addWidget(self.choose)
        row.addWidget(self.choose_file)
        row.addStretch(1)
        self.body.addWidget(self.form)
        self.body.addLayout(row)
        self._dialog: QFileDialog | None = None

    def show_source(self, source: Choice) -> None:
        """Show the document's choice."""
        self.form.set_values(_Source(source=source))
        declared = DATASETS.get(source.id) if source.id in DATASETS else None
        fields = declared.model_fields if declared is not None else {}
        self.choose.setVisible("folder" in fields)
        self.choose_file.setVisible("file" in fields and "folder" not in fields)

    def ask_for_folder(self) -> None:
        """Open the system's folder dialog; what is chosen becomes the dataset's folder."""
        if self._dialog is not None:
            self._dialog.raise_()
            return
        dialog = QFileDialog(self.window(), "Choose the folder with the pictures")
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(lambda path: self.take_folder(Path(path)))
        dialog.finished.connect(self._dialog_closed)
        self._dialog = dialog
        dialog.open()

    def ask_for_file(self) -> None:
        """Open the system's dialog for files; what is chosen becomes the dataset's file."""
        if self._dialog is not None:
            self._dialog.raise_()
            return
        dialog = QFileDialog(self.window(), "Choose the file with the data")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(lambda path: self.take_file(Path(path)))
        dialog.finished.connect(self._dialog_closed)
        self._dialog = dialog
        dialog.open()

    def take_file(self, path: Path) -> None:
        """Use a file for the dataset."""
        source = self._model.data.source
        choice = Choice(id=source.id, options={**source.options, "file": self._written(path)})
        self._model.choose(f"Take data from {path.name}", choice)

    def take_folder(self, path: Path) -> None:
        """Use a folder for the dataset, or as a picture folder if the dataset has none."""
        source = self._model.data.source
        id = source.id if source.id in DATASETS and "folder" in DATASETS.get(source.id).model_fields else "folder"
        options = source.options if id == source.id else {}
        choice = Choice(id=id, options={**options, "folder": self._written(path)})
        self._model.choose(f"Take pictures from {path.name}", choice)

    def take_pictures(self, path: Path, id: str = "folder") -> None:
        """Use a folder of class folders, or one with annotations of the format `id`, whatever the dataset was."""
        choice = Choice(id=id, options={"folder": self._written(path)})
        if choice == self._model.data.source:
            self._model.reload()
        else:
            self._model.choose(f"Take pictures from {path.name}", choice)

    def _written(self, path: Path) -> str:
        """Relative to the project when inside it, so that the project may move."""
        try:
            return path.relative_to(self._folder()).as_posix()
        except ValueError:
            return os.fspath(path)

    def _edited(self, values: BaseModel) -> None:
        assert isinstance(values, _Source)
        source = values.source
        before = self._model.data.source
        if source.id != before.id:
            self._model.choose(f"Choose {DATASETS.get(source.id).label}", source)
        else:
            self._model.edit("Change the dataset", source=source)

    def _dialog_closed(self, _result: int) -> None:
        if self._dialog is not None:
            self._dialog.deleteLater()
            self._dialog = None
