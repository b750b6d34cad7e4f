"""The ribbon below the picture: where the milliseconds go, how many pictures a second, and how old the picture is."""

from __future__ import annotations

from PySide6.QtCore import QElapsedTimer, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from engine.inference.live import LiveResult
from gui import theme

_WORDS = {"prepare": "Prepare", "model": "Model", "decode": "Decode"}
# Numbers that change faster than this cannot be read.
_EVERY_MS = 250


class Ribbon(QWidget):
    """Numbers in tabular figures, renewed four times a second."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Speed")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setToolTip(
            "Milliseconds of each stage, pictures shown per second, and how old a picture is when its answer is ready"
        )
        self._cells: list[tuple[str, str]] = []
        self._stages: list[tuple[str, float]] = []
        self._source = ""
        self._clock = QElapsedTimer()

    def sizeHint(self) -> QSize:
        return QSize(400, self.fontMetrics().height() * 2 + theme.space(2))

    def minimumSizeHint(self) -> QSize:
        return QSize(200, self.sizeHint().height())

    @property
    def cells(self) -> dict[str, str]:
        """What is shown, by its words."""
        return dict(self._cells)

    def set_source(self, text: str) -> None:
        """Name what is looked at."""
        self._source = text
        self.update()

    def show_result(self, result: LiveResult) -> None:
        """Take the numbers, if it is time for new ones."""
        if self._clock.isValid() and self._cells and self._clock.elapsed() < _EVERY_MS:
            return
        self._clock.start()
        frame = result.frame
        self._stages = [(name, value) for name, value in result.stages.items() if value >= 0.005]
        self._cells = [
            ("Picture", f"{frame.width}×{frame.height}"),
            *((_WORDS.get(name, name.capitalize()), f"{value:.1f} ms") for name, value in self._stages),
        ]
        if not frame.drawn:  # a drawing has neither a rate nor an age that would mean something
            rate = f"{result.fps:.1f} FPS" if result.fps >= 0.1 else "–"
            age = f"{result.mean_age_ms:.0f} ms" if not result.again else "held"
            self._cells += [("Frame rate", rate), ("Picture age", age)]
        self.setAccessibleDescription(", ".join(f"{word} {value}" for word, value in self._cells))
        self.update()

    def clear(self) -> None:
        """Show no numbers, since nothing runs."""
        self._cells, self._stages = [], []
        self._clock.invalidate()
        self.setAccessibleDescription("")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        t = theme.tokens()
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(t.panel))
        painter.fillRect(0, 0, self.width(), 1, QColor(t.border))
        small, body = theme.font("small"), theme.font("body")
        x, line = float(theme.space(2)), self.fontMetrics().height()
        top = (self.height() - 2 * line) / 2
        cells = self._cells or [("Source", self._source or "none")]
        marks = {_WORDS.get(name, name.capitalize()): number for number, (name, _) in enumerate(self._stages)}
        for word, value in cells:
            painter.setFont(small)
            indent = 0
            if word in marks:
                # The colour that the stage has in the bar at the right.
                side = painter.fontMetrics().ascent() - 2
                painter.fillRect(QRectF(x, top + (line - side) / 2, side, side), _hue(marks[word]))
                indent = side + 4
            words_width = painter.fontMetrics().horizontalAdvance(word) + indent
            left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
            painter.setPen(QColor(t.text_muted))
            painter.drawText(QRectF(x + indent, top, words_width + 8, line), left, word)
            painter.setFont(body)
            painter.setPen(QColor(t.text))
            width = max(painter.fontMetrics().horizontalAdvance(value), words_width, 56)
            painter.drawText(QRectF(x, top + line, width + 8, line), left, value)
            x += width + theme.space(3)
        self._paint_shares(painter, x)

    def _paint_shares(self, painter: QPainter, x: float) -> None:
        """A bar of the stages' shares, where there is room for one."""
        total = sum(value for _, value in self._stages)
        room = min(self.width() - x - theme.space(2), 240.0)
        if total <= 0 or room < 80:
            return
        at, height = self.width() - theme.space(2) - room, 8.0
        for number, (_, value) in enumerate(self._stages):
            width = room * value / total
            painter.fillRect(QRectF(at, (self.height() - height) / 2, max(1.0, width - 1), height), _hue(number))
            at += width


def _hue(number: int) -> QColor:
    hues = theme.tokens().series
    return QColor(hues[number % len(hues)])
