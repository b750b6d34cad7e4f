"""Taking pictures to label with a camera, or from a film."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QComboBox, QFileDialog, QHBoxLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from engine.events import Event, Finished
from engine.inference.capture import CaptureState
from engine.inference.live import LiveResult
from gui import theme
from gui.context import Context
from gui.runtime.live_runner import LiveRunner
from gui.widgets.notes import ThemedLabel

if TYPE_CHECKING:
    from engine.inference.cameras import CameraName
    from engine.inference.source import Source

_VIDEO = "?video"
_FILTER = "Videos (*.mp4 *.avi *.mov *.mkv *.webm *.m4v *.mpg *.gif);;All files (*)"


class _Finder(QWidget):
    """What the camera sees."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAccessibleName("What the camera sees")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._image: QImage | None = None
        self.words = ""

    def sizeHint(self) -> QSize:
        return QSize(640, 480)

    def show_picture(self, picture: np.ndarray | None, words: str = "") -> None:
        """Show (H, W, 3) uint8 in BGR, or words."""
        if picture is None:
            self._image = None
        else:
            array = np.ascontiguousarray(picture)
            height, width = array.shape[:2]
            self._image = QImage(array.data, width, height, width * 3, QImage.Format.Format_BGR888).copy()
        self.words = words
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        t = theme.tokens()
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(t.canvas))
        if self._image is not None:
            size = self._image.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
            area = QRectF((self.width() - size.width()) / 2, (self.height() - size.height()) / 2, *size.toTuple())
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(area, self._image)
        else:
            painter.setPen(QColor(t.text_muted))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.rect().adjusted(32, 32, -32, -32), flags, self.words)


class CameraView(QWidget):
    """Signals:
    taken(object): (H, W, 3) uint8 in BGR, the moment that was kept.
    closed(): back to labelling.
    """

    taken = Signal(object)
    closed = Signal()

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self.runner = LiveRunner(self)
        self._frame: np.ndarray | None = None
        self._count = 0
        self._dialog: QFileDialog | None = None
        self._source = ""
        self.finder = _Finder(self)
        self.box = QComboBox(self)
        self.box.setAccessibleName("Camera or film")
        self.box.setToolTip("Where the pictures come from")
        self.box.setMinimumContentsLength(16)
        self.box.activated.connect(self._activated)
        self.take = QPushButton(theme.icon("snapshot", "accent_text"), "Take picture", self)
        self.take.setProperty("kind", "primary")
        self.take.setAccessibleName("Take picture")
        self.take.clicked.connect(self._take)
        self.done = QPushButton(theme.icon("check"), "Label them", self)
        self.done.setAccessibleName("Label the pictures")
        self.done.setToolTip("Let go of the camera and label what was taken (Escape)")
        self.done.clicked.connect(self.closed)
        self.count = ThemedLabel("", "text_muted", "body", self)
        row = QHBoxLayout()
        row.setContentsMargins(theme.space(2), theme.space(1), theme.space(2), theme.space(1))
        row.setSpacing(theme.space(1))
        for widget in (self.box, self.take, self.count):
            row.addWidget(widget)
        row.addStretch(1)
        row.addWidget(self.done)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.finder, 1)
        column.addLayout(row)
        self.runner.shown.connect(self._show)
        self.runner.capture_changed.connect(self._state)
        self._fill(())
        self._enable()

    def begin(self) -> None:
        """Look for cameras and show the first."""
        self._count = 0
        self.count.setText("")
        self.finder.show_picture(None, "Looking for cameras…")
        handle = self._context.runner.start(_cameras, title="Looking for cameras", show=False)
        handle.ended.connect(self._listed)
        self.take.setFocus()

    def end(self) -> None:
        """Let go of the camera."""
        self.runner.watch(None)
        self._frame = None
        self._enable()

    def watch(self, text: str) -> None:
        """Show another source: "camera:0", or a film's path."""
        self._source, self._frame = text, None
        self.finder.show_picture(None, "Opening…" if text else "Choose a camera or a film.")
        self.runner.watch(partial(_make, text) if text else None)
        self._enable()

    def _listed(self, end: Event) -> None:
        cameras = end.result if isinstance(end, Finished) else ()
        self._fill(cameras)
        if self.isVisible() and not self._source:
            first = f"camera:{cameras[0].name}" if cameras else ""
            self.box.setCurrentIndex(max(0, self.box.findData(first)))
            self.watch(first)
            if not cameras:
                self.finder.show_picture(None, "No camera was found. Plug one in, or choose a film at the left below.")
        elif self.isVisible():
            self.watch(self._source)

    def _fill(self, cameras: Sequence[CameraName]) -> None:
        before = self._source
        self.box.clear()
        self.box.addItem(theme.icon("camera"), "Choose a camera", "")
        for camera in cameras:
            shown = f"Camera {camera.name}" if camera.name.isdecimal() else camera.name
            self.box.addItem(theme.icon("camera"), shown, f"camera:{camera.name}")
        self.box.addItem(theme.icon("video"), "Film…", _VIDEO)
        self.box.setCurrentIndex(max(0, self.box.findData(before)))

    def _activated(self, index: int) -> None:
        text = str(self.box.itemData(index) or "")
        if text != _VIDEO:
            self.watch(text)
            return
        dialog = QFileDialog(self, "Choose a film")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilter(_FILTER)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self.watch)
        dialog.open()

    def _state(self, state: CaptureState) -> None:
        if state.error is not None:
            self._frame = None
            self.finder.show_picture(None, str(state.error))
            self._enable()

    def _show(self, result: LiveResult) -> None:
        first = self._frame is None
        self._frame = result.frame.image
        self.finder.show_picture(self._frame)
        if first:
            self._enable()

    def _enable(self) -> None:
        there = self._frame is not None
        self.take.setEnabled(there)
        self.take.setToolTip("Keep this moment as a picture (Space)" if there else "There is no picture yet")

    def _take(self) -> None:
        if self._frame is not None:
            self._count += 1
            self.count.setText(f"{self._count} taken")
            self.taken.emit(self._frame)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space:
            self._take()
        elif event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        else:
            super().keyPressEvent(event)


def _make(text: str) -> Source:
    from engine.inference.source import make_source

    return make_source(text, live=True, loop=True)


def _cameras(emit: Any, token: Any) -> tuple[CameraName, ...]:
    from engine.inference.cameras import list_cameras

    return list_cameras()
