"""The live picture, as large as it may be, with what was found painted over it."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from engine.inference.detections import Classification, Detections, Outcome
from engine.inference.frame import Frame
from gui import theme
from gui.theme.contrast import readable_on

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
        self._threshold = 0.5
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

    def show_frame(self, frame: Frame, outcome: Outcome | None) -> None:
        """Show a picture and what was found in it."""
        from engine.opencv import cv2

        if self._image is None or self._pixels.shape[:2] != (frame.height, frame.width):
            self._pixels = np.empty((frame.height, frame.width, 4), np.uint8)
            stride = frame.width * 4
            self._image = QImage(self._pixels.data, frame.width, frame.height, stride, QImage.Format.Format_RGB32)
        # Four bytes a pixel are painted twice as fast as three. The same memory serves every frame and never leaves
        # this thread; OpenCV fills it without holding the interpreter's lock, for which the model would have to wait.
        cv2.cvtColor(frame.image, cv2.COLOR_BGR2BGRA, dst=self._pixels)
        self._outcome = outcome
        words = _in_words(outcome, self._threshold)
        if words != self.accessibleDescription():
            self.setAccessibleDescription(words)
        self.update()

    def clear(self) -> None:
        """Show nothing."""
        self._image = self._outcome = None
        self.update()

    def set_threshold(self, threshold: float) -> None:
        """Show only what is at least so sure, 0 to 1."""
        self._threshold = threshold
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
        if self._overlay and isinstance(self._outcome, Detections):
            self._paint_boxes(painter, area, self._outcome.above(self._threshold))
        elif self._overlay and isinstance(self._outcome, Classification):
            self._paint_label(painter, area, self._outcome)
        self._paint_marks(painter, area)

    def _paint_boxes(self, painter: QPainter, area: QRectF, found: Detections) -> None:
        assert self._image is not None
        scale = area.width() / self._image.width()
        hues = theme.tokens().series
        painter.setFont(theme.font("small"))
        for i in range(len(found)):
            hue = QColor(hues[int(found.class_ids[i]) % len(hues)])
            x1, y1, x2, y2 = (float(value) * scale for value in found.boxes[i])
            box = QRectF(area.x() + x1, area.y() + y1, x2 - x1, y2 - y1)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(hue, 2))
            painter.drawRect(box)
            track = "" if found.track_ids is None else f" #{int(found.track_ids[i])}"
            text = f"{found.label(i)}{track} {found.scores[i] * 100:.0f} %"
            _tag(painter, text, box.topLeft(), area, hue, above=True)

    def _paint_label(self, painter: QPainter, area: QRectF, result: Classification) -> None:
        painter.setFont(theme.font("heading"))
        t = theme.tokens()
        sure = result.score >= self._threshold
        text = f"{'' if sure else 'Not sure: '}{result.label}  {result.score * 100:.1f} %"
        _tag(painter, text, area.topLeft() + QPointF(8, 8), area, QColor(t.accent if sure else t.text_muted))

    def _paint_marks(self, painter: QPainter, area: QRectF) -> None:
        painter.setFont(theme.font("small"))
        t = theme.tokens()
        top = area.top() + 8
        for text, hue in ((f"● REC {self._recording}", t.problem), ("❄ Frozen", t.accent)):
            if (self._recording and "REC" in text) or (self._frozen and "Frozen" in text):
                width = painter.fontMetrics().horizontalAdvance(text) + 12
                top += _tag(painter, text, QPointF(area.right() - 8 - width, top), area, QColor(hue)) + 4


def _tag(painter: QPainter, text: str, corner: QPointF, area: QRectF, ground: QColor, above: bool = False) -> float:
    """Write on a filled ground, kept inside `area`; returns its height."""
    metrics = painter.fontMetrics()
    width, height = metrics.horizontalAdvance(text) + 12, metrics.height() + 4
    x = max(area.left(), min(corner.x(), area.right() - width))
    y = corner.y() - height if above and corner.y() - height >= area.top() else corner.y()
    place = QRectF(x, min(y, area.bottom() - height), width, height)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ground)
    painter.drawRoundedRect(place, 3, 3)
    painter.setPen(readable_on(ground))
    painter.drawText(place, Qt.AlignmentFlag.AlignCenter, text)
    return height


def _in_words(outcome: Outcome | None, threshold: float) -> str:
    if isinstance(outcome, Classification):
        return f"{outcome.label}, {outcome.score:.0%}"
    if isinstance(outcome, Detections):
        return f"{len(outcome.above(threshold))} found"
    return "No model looks at it"
