"""The live picture, as large as it may be, with what was found painted over it."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from engine.inference.detections import Classification, Detections, Labels, Match, Outcome
from engine.inference.frame import Frame
from engine.inference.layers import Layer, colour_table
from engine.inference.overlay import shown
from gui import theme
from gui.live.overlay import in_words, paint_answer, paint_boxes
from gui.live.scaled_frame import ScaledFrame
from gui.widgets.tags import tag

# Nobody listens faster, and counting the places of a map takes a while.
_DESCRIBED_MS = 250


class PictureView(QWidget):
    """Paints one frame and its outcome. Boxes keep one thickness on the screen however small the picture is."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Live picture")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)  # no ground is painted below what covers it
        self._frame: Frame | None = None
        self._scaled = ScaledFrame()
        self._outcome: Outcome | None = None
        self._layer: Layer | None = None
        self._found: Detections | None = None  # the boxes that are shown
        self._threshold = 0.5
        self._hidden: frozenset[int] = frozenset()
        self._overlay = True
        self._frozen = False
        self._recording = ""
        self._describing = QTimer(self, singleShot=True, interval=_DESCRIBED_MS)
        self._describing.timeout.connect(self._describe)

    def sizeHint(self) -> QSize:
        return QSize(640, 480)

    def minimumSizeHint(self) -> QSize:
        return QSize(160, 120)

    @property
    def outcome(self) -> Outcome | None:
        return self._outcome

    def show_frame(self, frame: Frame, outcome: Outcome | None, layer: Layer | None = None) -> None:
        """Show a picture, what was found in it, and the layer of that which was made ready with it."""
        self._frame = frame
        self._outcome, self._layer = outcome, layer
        self._choose()
        self.update()

    def clear(self) -> None:
        """Show nothing."""
        self._frame = self._outcome = self._layer = self._found = None
        self._scaled.forget()
        self.update()

    def set_threshold(self, threshold: float) -> None:
        """Show only what is at least so sure, 0 to 1."""
        self._threshold = threshold
        self._choose()
        self.update()

    def set_hidden(self, hidden: frozenset[int]) -> None:
        """Leave out these classes, by their ids."""
        self._hidden = hidden
        self._choose()
        self.update()

    def _choose(self) -> None:
        """Take of the outcome what is sure enough and not hidden."""
        self._scaled.forget()
        self._found, outcome = None, self._outcome
        if isinstance(outcome, Detections):
            self._found = shown(outcome, self._threshold, self._hidden)
        if not self._describing.isActive():
            self._describing.start()

    def _describe(self) -> None:
        self.setAccessibleDescription(in_words(self._outcome, self._found, self._threshold))

    def set_overlay(self, on: bool) -> None:
        """Whether what was found is painted over the picture."""
        self._overlay = on
        self._scaled.forget()
        self.update()

    def set_marks(self, frozen: bool, recording: str) -> None:
        """Say in the corner that the picture is frozen, and since when it is recorded ("" when it is not)."""
        if (frozen, recording) != (self._frozen, self._recording):
            self._frozen, self._recording = frozen, recording
            self.update()

    def picture_area(self) -> QRectF:
        """Where the picture lies in the widget."""
        if self._frame is None:
            return QRectF()
        scale = min(self.width() / self._frame.width, self.height() / self._frame.height)
        width, height = max(1, round(self._frame.width * scale)), max(1, round(self._frame.height * scale))
        return QRectF((self.width() - width) // 2, (self.height() - height) // 2, width, height)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        area = self.picture_area()
        self._paint_ground(painter, area.toRect())
        if self._frame is None:
            return
        size = (area.size() * self.devicePixelRatio()).toSize()
        outcome = self._outcome if self._overlay else None
        if outcome is not None and self._layer is not None:
            table = colour_table(outcome, self._threshold, self._hidden)
            painter.drawImage(area, self._scaled.at(self._frame, size, self._layer, table))
        else:
            painter.drawImage(area, self._scaled.at(self._frame, size))
        if outcome is not None and self._found is not None:
            paint_boxes(painter, self._found, area, area.width() / self._frame.width)
        elif isinstance(outcome, Classification | Labels | Match):
            paint_answer(painter, outcome, area, self._threshold)
        self._paint_marks(painter, area)

    def _paint_ground(self, painter: QPainter, picture: QRect) -> None:
        """Only beside the picture, since painting all of it takes as long as copying the picture."""
        ground, whole = QColor(theme.tokens().canvas), self.rect()
        painter.fillRect(QRect(0, 0, whole.width(), picture.top()), ground)
        painter.fillRect(QRect(0, 0, picture.left(), whole.height()), ground)
        below, right = picture.top() + picture.height(), picture.left() + picture.width()
        painter.fillRect(QRect(0, below, whole.width(), whole.height() - below), ground)
        painter.fillRect(QRect(right, 0, whole.width() - right, whole.height()), ground)

    def _paint_marks(self, painter: QPainter, area: QRectF) -> None:
        painter.setFont(theme.font("small"))
        t = theme.tokens()
        top = area.top() + 8
        for text, hue in ((f"● REC {self._recording}", t.problem), ("❄ Frozen", t.accent)):
            if (self._recording and "REC" in text) or (self._frozen and "Frozen" in text):
                width = painter.fontMetrics().horizontalAdvance(text) + 12
                place = tag(painter, text, QPointF(area.right() - 8 - width, top), area, QColor(hue), above=False)
                top += place.height() + 4
