"""The live picture, as large as it may be, with what was found painted over it."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from engine.inference.detections import Classification, Detections, Labels, Match, Outcome
from engine.inference.frame import Frame
from engine.inference.layers import Layer
from engine.inference.overlay import shown
from gui import theme
from gui.live.overlay import in_words, layer_image, paint_answer, paint_boxes, paint_layer, tag

# Below this width each pixel is shown as a square instead of being smoothed.
_PIXELS_BELOW = 100


class PictureView(QWidget):
    """Paints one frame and its outcome. Boxes keep one thickness on the screen however small the picture is."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Live picture")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._image: QImage | None = None
        self._pixels = np.empty((0, 0, 4), np.uint8)  # the memory of `_image`
        self._outcome: Outcome | None = None
        self._layer: Layer | None = None
        self._laid: QImage | None = None  # the layer in its colours
        self._threshold = 0.5
        self._hidden: frozenset[int] = frozenset()
        self._overlay = True
        self._frozen = False
        self._recording = ""

    def sizeHint(self) -> QSize:
        return QSize(640, 480)

    def minimumSizeHint(self) -> QSize:
        return QSize(160, 120)

    @property
    def outcome(self) -> Outcome | None:
        return self._outcome

    def show_frame(self, frame: Frame, outcome: Outcome | None, layer: Layer | None = None) -> None:
        """Show a picture, what was found in it, and the layer of that which was made ready with it."""
        from engine.opencv import cv2

        if self._image is None or self._pixels.shape[:2] != (frame.height, frame.width):
            self._pixels = np.empty((frame.height, frame.width, 4), np.uint8)
            stride = frame.width * 4
            self._image = QImage(self._pixels.data, frame.width, frame.height, stride, QImage.Format.Format_RGB32)
        # Four bytes a pixel are painted twice as fast as three. The same memory serves every frame and never leaves
        # this thread; OpenCV fills it without holding the interpreter's lock, for which the model would have to wait.
        cv2.cvtColor(frame.image, cv2.COLOR_BGR2BGRA, dst=self._pixels)
        self._outcome, self._layer, self._laid = outcome, layer, None
        words = in_words(outcome, self._threshold, self._hidden)
        if words != self.accessibleDescription():
            self.setAccessibleDescription(words)
        self.update()

    def clear(self) -> None:
        """Show nothing."""
        self._image = self._outcome = self._layer = self._laid = None
        self.update()

    def set_threshold(self, threshold: float) -> None:
        """Show only what is at least so sure, 0 to 1."""
        self._threshold = threshold
        self._laid = None
        self.update()

    def set_hidden(self, hidden: frozenset[int]) -> None:
        """Leave out these classes, by their ids."""
        self._hidden = hidden
        self._laid = None
        self.update()

    def set_overlay(self, on: bool) -> None:
        """Whether what was found is painted over the picture."""
        self._overlay = on
        self.update()

    def set_marks(self, frozen: bool, recording: str) -> None:
        """Say in the corner that the picture is frozen, and since when it is recorded ("" when it is not)."""
        if (frozen, recording) != (self._frozen, self._recording):
            self._frozen, self._recording = frozen, recording
            self.update()

    def picture_area(self) -> QRectF:
        """Where the picture lies in the widget."""
        if self._image is None:
            return QRectF()
        scale = min(self.width() / self._image.width(), self.height() / self._image.height())
        size = QSize(round(self._image.width() * scale), round(self._image.height() * scale))
        return QRectF(
            (self.width() - size.width()) // 2, (self.height() - size.height()) // 2, size.width(), size.height()
        )

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(theme.tokens().canvas))
        if self._image is None:
            return
        area = self.picture_area()
        smooth = self._image.width() >= _PIXELS_BELOW
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
        painter.drawImage(area, self._image)
        if self._overlay and self._outcome is not None:
            self._paint_outcome(painter, area, self._outcome)
        self._paint_marks(painter, area)

    def _paint_outcome(self, painter: QPainter, area: QRectF, outcome: Outcome) -> None:
        assert self._image is not None
        scale = area.width() / self._image.width()
        if self._layer is not None:
            if self._laid is None:
                self._laid = layer_image(self._layer, outcome, self._threshold, self._hidden)
            paint_layer(painter, self._laid, self._layer, area, scale)
        if isinstance(outcome, Detections):
            paint_boxes(painter, shown(outcome, self._threshold, self._hidden), area, scale)
        elif isinstance(outcome, Classification | Labels | Match):
            paint_answer(painter, outcome, area, self._threshold)

    def _paint_marks(self, painter: QPainter, area: QRectF) -> None:
        painter.setFont(theme.font("small"))
        t = theme.tokens()
        top = area.top() + 8
        for text, hue in ((f"● REC {self._recording}", t.problem), ("❄ Frozen", t.accent)):
            if (self._recording and "REC" in text) or (self._frozen and "Frozen" in text):
                width = painter.fontMetrics().horizontalAdvance(text) + 12
                top += tag(painter, text, QPointF(area.right() - 8 - width, top), area, QColor(hue)) + 4
