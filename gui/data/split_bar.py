"""The three parts of the split as one bar with two handles."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from gui import theme
from gui.theme.contrast import readable_on

NAMES = ("Training", "Validation", "Test")
LEAST_TRAINING = 1  # per cent


class SplitBar(QWidget):
    """Shares in whole per cent. Drag a border, or move the current one with the arrow keys (Tab takes the other).

    Signals:
        moved(object): (training, validation, test) after a person has moved a border.
    """

    moved = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.shares = (70, 15, 15)
        self._handle = 0
        self._dragging = False
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Split of the pictures")
        self.setToolTip("Drag the borders between training, validation and test, or use the arrow keys")
        theme.watcher().changed.connect(self.update)

    def show_shares(self, shares: tuple[int, int, int]) -> None:
        """Show these per cents, which add up to 100."""
        self.shares = shares
        words = ", ".join(f"{name} {share} %" for name, share in zip(NAMES, shares, strict=True))
        self.setAccessibleDescription(words)
        self.update()

    def handle_x(self, number: int) -> int:
        """Where border 0 (training | validation) or 1 (validation | test) is, in pixels from the left."""
        share = self.shares[0] if number == 0 else self.shares[0] + self.shares[1]
        return round(share / 100 * self.width())

    def sizeHint(self) -> QSize:
        return QSize(200, max(24, self.fontMetrics().height() + theme.space(1)))

    def _move(self, number: int, share: int) -> None:
        """Put a border to `share` per cent from the left; it stops at the other."""
        first, second = self.shares[0], self.shares[0] + self.shares[1]
        if number == 0:
            first = min(max(share, LEAST_TRAINING), second)
        else:
            second = min(max(share, first), 100)
        shares = (first, second - first, 100 - second)
        if shares != self.shares:
            self.show_shares(shares)
            self.moved.emit(shares)

    def _nearest(self, x: float) -> int:
        away = [abs(x - self.handle_x(number)) for number in (0, 1)]
        if away[0] == away[1]:
            return 0 if x < self.handle_x(0) else 1
        return 0 if away[0] < away[1] else 1

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._handle = self._nearest(event.position().x())
            self._dragging = True
            self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        near = abs(event.position().x() - self.handle_x(self._nearest(event.position().x()))) < 12
        self.setCursor(Qt.CursorShape.SplitHCursor if near or self._dragging else Qt.CursorShape.ArrowCursor)
        if self._dragging:
            self._move(self._handle, round(100 * event.position().x() / max(1, self.width())))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._dragging = False

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Down: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Up: 1,
                 Qt.Key.Key_PageDown: -5, Qt.Key.Key_PageUp: 5}  # fmt: skip
        step = steps.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
        else:
            self._move(self._handle, sum(self.shares[: self._handle + 1]) + step)

    def focusNextPrevChild(self, next: bool) -> bool:
        if next == (self._handle == 0):
            self._handle = 1 - self._handle
            self.update()
            return True
        return super().focusNextPrevChild(next)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        if event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason):
            self._handle = 1 if event.reason() == Qt.FocusReason.BacktabFocusReason else 0
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        t = theme.tokens()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(self.font())
        edges = [0, self.handle_x(0), self.handle_x(1), self.width()]
        for number in range(3):
            area = QRect(edges[number], 2, edges[number + 1] - edges[number], self.height() - 4)
            if area.width() <= 0:
                continue
            colour = QColor(t.series[number])
            painter.fillRect(area.adjusted(1 if number else 0, 0, 0, 0), colour)
            text = f"{self.shares[number]} %"
            if self.fontMetrics().horizontalAdvance(text) + 8 < area.width():
                painter.setPen(readable_on(colour))
                painter.drawText(area, Qt.AlignmentFlag.AlignCenter, text)
        for number in (0, 1):
            active = self.hasFocus() and number == self._handle
            grip = QRect(0, 0, 6, self.height())
            grip.moveCenter(QRect(self.handle_x(number), 0, 1, self.height()).center())
            grip.moveLeft(min(max(grip.left(), 0), self.width() - grip.width()))
            painter.setPen(QColor(t.accent if active else t.border_strong))
            painter.setBrush(QColor(t.accent if active else t.raised))
            painter.drawRoundedRect(grip, 3, 3)
