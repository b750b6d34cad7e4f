"""What the model answers, beside the picture: bars for every class, or a list of what was found."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from engine.inference.detections import Classification, Labels, Match, Outcome
from gui import theme
from gui.live.answer_words import answer_words, explanation
from gui.live.class_list import ClassList
from gui.widgets.notes import QuietLabel, ThemedLabel

MOST_BARS = 12
_EVERY_MS = 100


class ProbabilityBars(QWidget):
    """One bar per class in the classes' own order, so that none jumps; with very many classes the surest twelve."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Class probabilities")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._result: Classification | Labels | None = None
        self._threshold = 0.5

    @property
    def result(self) -> Classification | Labels | None:
        return self._result

    def show_result(self, result: Classification | Labels | None) -> None:
        """Show these probabilities, or nothing."""
        rows = self._row_count()
        self._result = result
        if self._row_count() != rows:
            self.updateGeometry()
        words = ""
        if result is not None:
            best = int(result.probabilities.argmax())
            words = f"{result.classes[best]}, {float(result.probabilities[best]):.0%}"
        if words != self.accessibleDescription():
            self.setAccessibleDescription(words)
        self.update()

    def set_threshold(self, threshold: float) -> None:
        """Where the mark stands from which on an answer counts as sure."""
        self._threshold = threshold
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(200, self._row_count() * self._row_height())

    def minimumSizeHint(self) -> QSize:
        return QSize(120, self.sizeHint().height())

    def _row_count(self) -> int:
        return min(MOST_BARS, len(self._result.classes)) if self._result is not None else 0

    def _row_height(self) -> int:
        return self.fontMetrics().height() + theme.space(0.5)

    def _rows(self) -> list[int]:
        assert self._result is not None
        order = range(len(self._result.classes))
        if len(order) <= MOST_BARS:
            return list(order)
        return [int(i) for i in np.argsort(-self._result.probabilities, kind="stable")[:MOST_BARS]]

    def _stands_out(self, i: int) -> bool:
        """Whether this is an answer: the best class, or each label that is sure enough."""
        if isinstance(self._result, Classification):
            return i == self._result.best
        return self._result is not None and float(self._result.probabilities[i]) >= self._threshold

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._result is None:
            return
        t = theme.tokens()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        metrics, height = self.fontMetrics(), self._row_height()
        rows = self._rows()
        names = [self._result.classes[i] for i in rows]
        left = min(self.width() // 3, max(metrics.horizontalAdvance(name) for name in names)) + theme.space(1)
        right = metrics.horizontalAdvance("100.0 %") + theme.space(1)
        room = max(1, self.width() - left - right)
        for row, i in enumerate(rows):
            share, best = float(self._result.probabilities[i]), self._stands_out(i)
            top = row * height
            name = metrics.elidedText(names[row], Qt.TextElideMode.ElideRight, left - theme.space(1))
            painter.setPen(QColor(t.text if best else t.text_muted))
            middle = Qt.AlignmentFlag.AlignVCenter
            painter.drawText(QRectF(0, top, left, height), middle | Qt.AlignmentFlag.AlignLeft, name)
            painter.drawText(
                QRectF(left + room, top, right, height),
                middle | Qt.AlignmentFlag.AlignRight,
                f"{share:.1%}".replace("%", " %"),
            )
            track = QRectF(left, top + height * 0.28, room, height * 0.44)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(t.hover))
            painter.drawRoundedRect(track, 3, 3)
            painter.setBrush(QColor(t.accent if best else t.border_strong))
            if share > 0.002:
                painter.drawRoundedRect(QRectF(track.x(), track.y(), max(3.0, room * share), track.height()), 3, 3)
        painter.setPen(QColor(t.text_muted))
        mark = left + room * self._threshold
        painter.drawLine(int(mark), 0, int(mark), len(rows) * height)


class SeenPicture(QWidget):
    """The picture as the network gets it: its own pixels as squares."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("What the network sees")
        self._image: QImage | None = None

    def sizeHint(self) -> QSize:
        return QSize(96, 96)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def show_seen(self, seen: np.ndarray | None) -> None:
        """Show (C, H, W) uint8 with one or three channels."""
        self._image = None
        if seen is not None:
            channels, height, width = seen.shape
            pixels = np.ascontiguousarray(seen[0] if channels == 1 else seen.transpose(1, 2, 0))
            kind = QImage.Format.Format_Grayscale8 if channels == 1 else QImage.Format.Format_RGB888
            self._image = QImage(pixels.data, width, height, pixels.strides[0], kind).copy()
            tip = f"What the network sees: {width}×{height} pixels, after the run's own preprocessing"
            if tip != self.toolTip():
                self.setToolTip(tip)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self._image is None:
            return
        scale = min(self.width() / self._image.width(), self.height() / self._image.height())
        area = QRectF(0, 0, self._image.width() * scale, self._image.height() * scale)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, scale < 1)
        painter.drawImage(area, self._image)
        painter.setPen(QColor(theme.tokens().border))
        painter.drawRect(area.adjusted(0, 0, -1, -1))


class AnswerPanel(QWidget):
    """Bars and the network's view for a classifier, words and a choice of classes for others, a hint while there is
    neither.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._threshold = 0.5
        self._outcome: Outcome | None = None
        self.hint = QuietLabel("", self)
        self.found = ThemedLabel("", "text", "heading", self)
        self.found.setAccessibleName("What was found")
        self.found.setWordWrap(True)
        self.reading = QuietLabel("", self)
        self.bars = ProbabilityBars(self)
        self.classes_title = QuietLabel("Classes shown", self)
        self.classes = ClassList(self)
        self.classes.changed.connect(self._classes_changed)
        self.seen_title = QuietLabel("What the network sees", self)
        self.seen = SeenPicture(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.space(1))
        for widget in (
            self.hint, self.found, self.reading, self.bars, self.classes_title, self.classes, self.seen_title, self.seen
        ):  # fmt: skip
            column.addWidget(widget)
        column.addStretch(1)
        self._next: tuple[Outcome | None, str] | None = None
        self._pace = QTimer(self, singleShot=True, interval=_EVERY_MS)
        self._pace.timeout.connect(self._follow_up)
        self.forget_classes()
        self.show_outcome(None, "Choose a model to see what it answers.")

    def follow(self, outcome: Outcome | None, hint: str = "") -> None:
        """Show the newest of a stream of outcomes, ten times a second: painting costs the model its time."""
        self._next = (outcome, hint)
        if not self._pace.isActive():
            self._follow_up()

    def _follow_up(self) -> None:
        if self._next is not None:
            self.show_outcome(*self._next)
            self._pace.start()

    def show_outcome(self, outcome: Outcome | None, hint: str = "") -> None:
        """Show an outcome; without one, `hint` says what to do or what is going on."""
        self._outcome = outcome
        self._next = None
        barred = outcome if isinstance(outcome, Classification | Labels) else None
        seen = outcome.seen if isinstance(outcome, Classification | Labels | Match) else None
        self.bars.show_result(barred)
        self.seen.show_seen(seen)
        self.classes.follow(outcome)
        self.found.setText(answer_words(outcome, self._threshold, self.classes.hidden))
        self.reading.setText(explanation(outcome))
        self.hint.setText(hint)
        for widget, shown in (
            (self.hint, bool(hint)),
            (self.found, bool(self.found.text())),
            (self.reading, bool(self.reading.text())),
            (self.bars, barred is not None),
            (self.classes_title, not self.classes.isHidden()),
            (self.seen, seen is not None),
            (self.seen_title, seen is not None),
        ):
            if widget.isHidden() == shown:
                widget.setVisible(shown)

    def forget_classes(self) -> None:
        """Another model is chosen, which has classes of its own."""
        self.classes.clear()
        self.classes_title.hide()

    def _classes_changed(self, hidden: frozenset[int]) -> None:
        self.found.setText(answer_words(self._outcome, self._threshold, hidden))

    def set_threshold(self, threshold: float) -> None:
        """Count only what is at least so sure."""
        self._threshold = threshold
        self.bars.set_threshold(threshold)
        self.show_outcome(self._outcome, self.hint.text())
