"""Models on this computer: which trained models can be used, which files are missing, and how to bring them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLineEdit, QPushButton, QToolButton, QVBoxLayout, QWidget

from engine.cancel import CancelToken
from engine.events import Emit, Event, Failed, Finished
from engine.pretrained.files import CopyIn, Found, choose_folder, chosen_folder, find_weights, own_folder
from engine.pretrained.table import KIND_WORDS
from gui import theme
from gui.context import Context
from gui.widgets.flow import FlowLayout
from gui.widgets.notes import ProblemNote, QuietLabel, ThemedLabel
from gui.widgets.table import Column, Table

_WORDS = (
    "Trained models find people, cars, animals and many other things without any training of yours, once the file of "
    "their weights is here. This program never reaches for a network by itself. Fetch a file on any computer that has "
    "one, at the address shown below, and bring it: by a USB stick, or in a folder that this computer can see. Every "
    "file is compared with its checksum before it is used."
)
_FILTER = "Weights (*.pth);;All files (*)"


@dataclass(frozen=True)
class Weighed:
    """What a look at the disk found: a row for each model, and the folder that was chosen, or None."""

    models: tuple[Found, ...]
    chosen: Path | None


class LookForWeights:
    """The job: set the chosen folder where one is given, then look which files are there."""

    def __init__(self, choose: Path | None = None, forget: bool = False) -> None:
        self._choose, self._forget = choose, forget

    def __call__(self, emit: Emit, token: CancelToken) -> Weighed:
        if self._choose is not None or self._forget:
            choose_folder(self._choose)
        models: dict[str, Found] = {}
        for found in find_weights():
            known = models.get(found.row.id)
            if known is None or (known.path is None and found.path is not None):
                models[found.row.id] = found
        return Weighed(tuple(models.values()), chosen_folder())


class WeightsPanel(QWidget):
    """Signals:
    closed(): back to the picture.
    found(object): tuple of `Found`, one for each model, whenever the disk was looked at.
    model_wanted(object): str, the id of a model to look with.
    """

    closed = Signal()
    found = Signal(object)
    model_wanted = Signal(object)

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._rows: tuple[Found, ...] = ()
        self._current = -1
        self.count = ThemedLabel("Looking for weights…", "text", "body", self)
        self.where = QuietLabel("", self)
        self.problem = ProblemNote(self)
        self.table = Table(
            [
                Column("Model"),
                Column("Answers with"),
                Column("Here", help="The folder in which its file lies"),
                Column("Size (MiB)", lambda value: f"{value:,.1f}", "Size of the file", number=True),
            ],
            "Trained models",
            self,
        )
        self.table.current_row_changed.connect(self._row_changed)
        self.table.opened.connect(lambda row: self._use())
        self.address = QLineEdit(self)
        self.address.setReadOnly(True)
        self.address.setAccessibleName("Address of the file")
        self.address.setToolTip("Where the file can be fetched, on a computer with a network")
        self._make_buttons()
        self._arrange()
        self._row_changed(-1)

    def _make_buttons(self) -> None:
        def button(text: str, icon: str, tip: str, slot: Any, colour: str | None = None) -> QPushButton:
            made = QPushButton(theme.icon(icon, colour), text, self)
            made.setToolTip(tip)
            made.clicked.connect(lambda _checked=False: slot())
            return made

        self.use = button(
            "Use this model", "live", "Look at the pictures with the chosen model", self._use, "accent_text"
        )
        self.use.setProperty("kind", "primary")
        self.bring = button("Copy a file in…", "import", "Check a file and copy it to this computer", self._ask_file)
        self.choose = button(
            "Choose a folder…", "folder", "Look for weights in this folder too, such as a shared one", self._ask_folder
        )
        self.forget = button("Forget the folder", "unlink", "Look in the chosen folder no more", self._forget)
        self.copy = button("Copy address", "copy", "Copy the address of the file as text", self._copy)
        self.again = button("Look again", "refresh", "Look again which files are there", self.look)
        self.close_button = QToolButton(self)
        self.close_button.setIcon(theme.icon("close"))
        self.close_button.setAutoRaise(True)
        self.close_button.setToolTip("Back to the picture (Escape)")
        self.close_button.setAccessibleName("Back to the picture")
        self.close_button.setShortcut("Escape")
        self.close_button.clicked.connect(self.closed)

    def _arrange(self) -> None:
        head = QHBoxLayout()
        head.addWidget(ThemedLabel("Models on this computer", "text", "title", self))
        head.addStretch(1)
        head.addWidget(self.close_button, 0, Qt.AlignmentFlag.AlignTop)
        words = QuietLabel(_WORDS, self)
        buttons = FlowLayout(gap=theme.space(1), row_gap=theme.space(1))
        for button in (self.use, self.bring, self.choose, self.forget, self.again):
            buttons.addWidget(button)
        line = QHBoxLayout()
        line.setSpacing(theme.space(1))
        line.addWidget(self.address, 1)
        line.addWidget(self.copy)
        column = QVBoxLayout(self)
        edge = theme.space(3)
        column.setContentsMargins(edge, edge, edge, edge)
        column.setSpacing(theme.space(1.5))
        column.addLayout(head)
        for widget in (words, self.count, self.table):
            column.addWidget(widget, 1 if widget is self.table else 0)
        column.addLayout(line)
        column.addWidget(self.problem)
        column.addLayout(buttons)
        column.addWidget(self.where)

    def minimumSizeHint(self) -> QSize:
        return QSize(320, 240)

    def look(self, job: LookForWeights | None = None) -> None:
        """Look at the disk in the background; `found` follows."""
        handle = self._context.runner.start(job or LookForWeights(), title="Looking for weights", show=False)
        handle.ended.connect(self._looked)

    def _looked(self, end: Event) -> None:
        if isinstance(end, Failed):
            self.problem.show_text(str(end.error))
        if not isinstance(end, Finished):
            return
        weighed: Weighed = end.result
        kept = self._rows[self._current].row.id if 0 <= self._current < len(self._rows) else ""
        self._rows = weighed.models
        self.table.set_rows(
            [
                (
                    one.row.label,
                    KIND_WORDS[one.row.task],
                    str(one.path.parent) if one.path is not None else "missing",
                    one.row.mebibytes,
                )
                for one in self._rows
            ]
        )
        here = sum(one.path is not None for one in self._rows)
        many = f"{here} of {len(self._rows)} models are here."
        self.count.setText(many if here else f"None of the {len(self._rows)} models is here yet.")
        chosen = f"{weighed.chosen}, " if weighed.chosen is not None else ""
        self.where.setText(f"Weights are looked for in {chosen}{own_folder()} and in PyTorch's own cache.")
        self.forget.setVisible(weighed.chosen is not None)
        places = [row for row, one in enumerate(self._rows) if one.row.id == kept]
        self.table.select_row(places[0] if places else 0)
        self.found.emit(self._rows)

    def _row_changed(self, row: int) -> None:
        self._current = row
        one = self._rows[row] if 0 <= row < len(self._rows) else None
        self.address.setText(one.row.url if one is not None else "")
        self.address.setCursorPosition(0)
        self.copy.setEnabled(one is not None)
        self.use.setEnabled(one is not None and one.path is not None)
        self.use.setToolTip(
            "Look at the pictures with the chosen model"
            if self.use.isEnabled()
            else "The file of this model is missing. Bring it first."
        )

    def _use(self) -> None:
        if self.use.isEnabled():
            self.model_wanted.emit(self._rows[self._current].row.id)

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.address.text())
        self._context.notifier.show("success", "The address was copied.", "Open it on a computer with a network.")

    def _ask_file(self) -> None:
        self._ask(QFileDialog.FileMode.ExistingFile, "Choose a file of weights", self.copy_in)

    def _ask_folder(self) -> None:
        self._ask(QFileDialog.FileMode.Directory, "Choose a folder with weights", self.choose_folder)

    def _ask(self, mode: QFileDialog.FileMode, title: str, slot: Any) -> None:
        dialog = QFileDialog(self, title)
        dialog.setFileMode(mode)
        if mode == QFileDialog.FileMode.ExistingFile:
            dialog.setNameFilter(_FILTER)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(slot)
        dialog.open()

    def copy_in(self, path: str) -> None:
        """Check a file and copy it to where weights are looked for, in the background."""
        self.problem.show_text("")
        handle = self._context.runner.start(CopyIn(Path(path)), title="Copying weights")
        handle.ended.connect(self._copied)

    def _copied(self, end: Event) -> None:
        if isinstance(end, Failed):
            self.problem.show_text(str(end.error))
        elif isinstance(end, Finished):
            self._context.notifier.show(
                "success", f"{end.result.label} can be used now.", f"{end.result.file} is whole."
            )
            self.look()

    def choose_folder(self, path: str) -> None:
        """Look in this folder too, from now on."""
        self.problem.show_text("")
        self.look(LookForWeights(choose=Path(path)))

    def _forget(self) -> None:
        self.look(LookForWeights(forget=True))
