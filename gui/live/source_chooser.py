"""Where the pictures come from: a camera by name, a video, a folder, the scribble pad, or a stream's address."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QFileDialog, QHBoxLayout, QLineEdit, QToolButton, QVBoxLayout, QWidget

from gui import theme
from gui.widgets.notes import QuietLabel

if TYPE_CHECKING:
    from engine.inference.cameras import CameraName

SCRIBBLE = "scribble"
TEST = "test:"
_VIDEO, _FOLDER, _STREAM = "?video", "?folder", "?stream"
_RECENT = 5
_FILTER = (
    "Videos and pictures (*.mp4 *.avi *.mov *.mkv *.webm *.m4v *.mpg *.gif *.png *.jpg *.jpeg *.bmp);;All files (*)"
)


class SourceChooser(QWidget):
    """Signals:
    chosen(object): str, a text for `engine.inference.source.make_source`, "scribble", or "" for nothing.
    refresh_wanted(): the cameras are to be listed again.
    """

    chosen = Signal(object)
    refresh_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.current = ""
        self._cameras: tuple[CameraName, ...] = ()
        self._recent: dict[str, str] = {}  # texts and their icons, newest first
        self._dialog: QFileDialog | None = None
        self._run = ""
        self.box = QComboBox(self)
        self.box.setAccessibleName("Source of the pictures")
        self.box.setToolTip("Where the pictures come from")
        self.box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.box.setMinimumContentsLength(14)
        self.box.activated.connect(self._activated)
        self.refresh = QToolButton(self)
        self.refresh.setIcon(theme.icon("refresh"))
        self.refresh.setAutoRaise(True)
        self.refresh.setAccessibleName("Look for cameras again")
        self.refresh.setToolTip("Look for cameras again")
        self.refresh.clicked.connect(self.refresh_wanted)
        self.address = QLineEdit(self)
        self.address.setAccessibleName("Address of the stream")
        self.address.setPlaceholderText("rtsp://… or http://…, then Enter")
        self.address.setToolTip("Address of a network camera or stream. Enter opens it.")
        self.address.returnPressed.connect(self._address_entered)
        self.address.hide()
        self.note = QuietLabel("", self)
        self.note.hide()
        row = QHBoxLayout()
        row.setSpacing(theme.space(0.5))
        row.addWidget(self.box, 1)
        row.addWidget(self.refresh)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.space(1))
        column.addLayout(row)
        column.addWidget(self.address)
        column.addWidget(self.note)
        self._fill()

    def set_cameras(self, cameras: Sequence[CameraName]) -> None:
        """Offer these cameras; the choice stays."""
        self._cameras = tuple(cameras)
        self.note.setText("" if cameras else "No camera was found. Plug one in and look again.")
        self.note.setVisible(not cameras)
        self._fill()

    def set_run(self, folder: str) -> None:
        """Offer the test pictures of the run that looks; "" for none. Who looks at another run's gets these."""
        if folder == self._run:
            return
        self._run = folder
        if folder and self.current.startswith(TEST):
            self.choose(TEST + folder)
        else:
            self._fill()

    def choose(self, text: str) -> None:
        """Choose a source by its text, as if it had been picked."""
        if text and text != SCRIBBLE and not text.startswith(("camera:", TEST)) and text not in self._recent:
            newest = {text: _icon_of(text), **self._recent}
            self._recent = dict(list(newest.items())[:_RECENT])
        self.current = text
        self._fill()
        self.address.setVisible(False)
        self.chosen.emit(text)

    def _fill(self) -> None:
        """List everything anew, keeping the choice, also of a camera that is not there any more."""
        self.box.clear()
        self.box.addItem(theme.icon("live"), "Choose a source", "")
        cameras = [camera.name for camera in self._cameras]
        chosen = self.current.removeprefix("camera:") if self.current.startswith("camera:") else ""
        for name in [*cameras, *([chosen] if chosen and chosen not in cameras else [])]:
            shown = f"Camera {name}" if name.isdecimal() else name
            self.box.addItem(theme.icon("camera"), shown, f"camera:{name}")
        for text, icon in self._recent.items():
            self.box.addItem(theme.icon(icon), text if "://" in text else Path(text).name or text, text)
        of = [self._run] if self._run else [self.current.removeprefix(TEST)] if self.current.startswith(TEST) else []
        for folder in of:
            self.box.addItem(theme.icon("image"), "Test pictures of the run", TEST + folder)
            whose = f"Those of {Path(folder).name} that it never learned from"
            self.box.setItemData(self.box.count() - 1, whose, Qt.ItemDataRole.ToolTipRole)
        self.box.addItem(theme.icon("scribble"), "Scribble pad", SCRIBBLE)
        self.box.insertSeparator(self.box.count())
        self.box.addItem(theme.icon("video"), "Video or picture file…", _VIDEO)
        self.box.addItem(theme.icon("folder"), "Picture folder…", _FOLDER)
        self.box.addItem(theme.icon("link"), "Stream address…", _STREAM)
        self.box.setCurrentIndex(max(0, self.box.findData(self.current)))

    def _activated(self, index: int) -> None:
        text = self.box.itemData(index)
        self.address.setVisible(text == _STREAM)
        if text == _VIDEO:
            self._ask(QFileDialog.FileMode.ExistingFile, "Choose a video or a picture")
        elif text == _FOLDER:
            self._ask(QFileDialog.FileMode.Directory, "Choose a folder of pictures")
        elif text == _STREAM:
            self.address.setFocus()
        elif text is not None and text != self.current:
            self.choose(text)

    def _ask(self, mode: QFileDialog.FileMode, title: str) -> None:
        dialog = QFileDialog(self, title)
        dialog.setFileMode(mode)
        if mode == QFileDialog.FileMode.ExistingFile:
            dialog.setNameFilter(_FILTER)
        dialog.fileSelected.connect(self.choose)
        dialog.finished.connect(self._asked)
        self._dialog = dialog
        dialog.open()

    def _asked(self, result: int) -> None:
        if self._dialog is not None:
            self._dialog.deleteLater()
            self._dialog = None
        self.box.setCurrentIndex(max(0, self.box.findData(self.current)))

    def _address_entered(self) -> None:
        text = self.address.text().strip()
        if "://" in text:
            self.choose(text)
        else:
            self.note.setText("An address begins with rtsp://, http:// or another such word.")
            self.note.show()


def _icon_of(text: str) -> str:
    """Told from the words alone: looking at the disk, which may be slow or gone, would hold the window up."""
    if "://" in text:
        return "link"
    return "video" if Path(text).suffix else "folder"
