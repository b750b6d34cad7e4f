"""The confusion matrix: what was taken for what. A cell leads to its pictures."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QFontMetrics,
    QHelpEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from gui import theme
from gui.theme.contrast import readable_on
from gui.widgets.exports import Export, csv_bytes
from gui.widgets.plot_exports import png_bytes
from gui.widgets.words import percent

Cell = tuple[int, int]
PICTURES = ("picture", "pictures")
_SMALLEST, _LARGEST = 10, 64
_LONGEST_NAME = 110
_BAR = 12
_STEPS: dict[int, Cell] = {
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
}


class ConfusionMatrix(QWidget):
    """Rows are the truth, columns what it was taken for; a cell's strength is its share of the row.

    Right answers are blue and mistakes orange, which every kind of colour vision tells apart, and mistakes of one in a
    hundred are still seen: the strength follows the square root of the share.

    Signals:
        current_changed(object): (row, column) that was clicked or reached with the arrow keys, or None.
    """

    current_changed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.counts = np.zeros((0, 0), np.int64)
        self.classes: tuple[str, ...] = ()
        self._counted = PICTURES
        self.shares = False  # write percentages of the row instead of counts
        self.current: Cell | None = None
        self._over: Cell | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAccessibleName("Confusion matrix")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._picture: tuple[QImage, np.ndarray] | None = None  # one pixel per cell, and the memory it shares
        self._room: tuple[int, int, bool] | None = None
        theme.watcher().changed.connect(self._themed)

    def set_matrix(self, counts: np.ndarray, classes: tuple[str, ...], counted: tuple[str, str] = PICTURES) -> None:
        """Show int (K, K): rows are the truth, columns what it was taken for; `counted` is one and several of it."""
        self.counts, self.classes, self._counted = counts, classes, counted
        self.current = self._over = None
        self._themed()
        self.updateGeometry()
        self.update()

    def set_shares(self, shares: bool) -> None:
        """Write shares of the row instead of counts."""
        self.shares = shares
        self.update()

    def set_current(self, cell: Cell | None) -> None:
        """Go to a cell, and tell."""
        if cell == self.current:
            return
        self.current = cell
        self.setAccessibleDescription(self.words(cell) if cell is not None else "")
        self.update()
        self.current_changed.emit(cell)

    def words(self, cell: Cell) -> str:
        """A cell in a sentence."""
        row, column = cell
        count, total = int(self.counts[row, column]), int(self.counts[row].sum())
        pictures = f"{count:,} {self._counted[count != 1]}"
        share = f" ({percent(count / total)} of {total:,})" if total else ""
        if row == column:
            return f"{self.classes[row]}, recognised: {pictures}{share}"
        return f"{self.classes[row]} taken for {self.classes[column]}: {pictures}{share}"

    def share(self, cell: Cell) -> float:
        total = int(self.counts[cell[0]].sum())
        return int(self.counts[cell]) / total if total else 0.0

    # geometry

    def _metrics(self) -> QFontMetrics:
        return QFontMetrics(theme.font("small"))

    def _margins(self) -> tuple[int, int, int]:
        """Room on the left for row names, on top for column names, and the height of a line of text."""
        left, top, _ = self._measured()
        return left, top, self._metrics().height()

    def _bar_room(self) -> int:
        """Room on the right for the colour bar and its numbers."""
        return _BAR + self._metrics().horizontalAdvance("100 %") + 20

    def _upright(self) -> bool:
        """Whether the column names stand on end, because they are wider than the cells."""
        return self._measured()[2]

    def _measured(self) -> tuple[int, int, bool]:
        if self._room is None:
            metrics = self._metrics()
            widest = max((metrics.horizontalAdvance(name) for name in self.classes), default=0)
            upright, name, line = widest > 34, min(widest, _LONGEST_NAME), metrics.height()
            self._room = (line + name + 14, (name if upright else line) + line + 14, upright)
        return self._room

    def cell_side(self) -> float:
        left, top, _ = self._margins()
        room = min(self.width() - left - self._bar_room(), self.height() - top - 6)
        side = min(room / max(1, len(self.classes)), _LARGEST)
        return max(_SMALLEST, math.floor(side) if side > 20 else side)

    def cell_rect(self, cell: Cell) -> QRectF:
        left, top, _ = self._margins()
        side = self.cell_side()
        return QRectF(left + cell[1] * side, top + cell[0] * side, side, side)

    def cell_at(self, point: QPoint) -> Cell | None:
        left, top, _ = self._margins()
        side = self.cell_side()
        column, row = int((point.x() - left) // side), int((point.y() - top) // side)
        inside = 0 <= row < len(self.classes) and 0 <= column < len(self.classes)
        return (row, column) if inside else None

    def minimumSizeHint(self) -> QSize:
        left, top, _ = self._margins()
        side = _SMALLEST * len(self.classes)
        return QSize(left + side + self._bar_room(), top + side + 6)

    def sizeHint(self) -> QSize:
        left, top, _ = self._margins()
        side = 44 * min(len(self.classes), 16)
        return QSize(left + side + self._bar_room(), top + side + 6).expandedTo(self.minimumSizeHint())

    # painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        self._paint(painter, event.rect(), interactive=True)

    def _paint(self, painter: QPainter, visible: QRect, interactive: bool) -> None:
        if not self.classes:
            return
        side = self.cell_side()
        painter.setFont(theme.font("small"))
        left, top, line = self._margins()
        whole = QRectF(left, top, side * len(self.classes), side * len(self.classes))
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
        painter.drawImage(whole, self._cells())
        if side > 12:
            painter.setPen(QColor(theme.tokens().window))
            for index in range(1, len(self.classes)):
                at = index * side - 1
                painter.drawLine(QPointF(left, top + at), QPointF(whole.right(), top + at))
                painter.drawLine(QPointF(left + at, top), QPointF(left + at, whole.bottom()))
        if side >= line + 2:
            self._paint_counts(painter, visible)
        self._paint_names(painter, side)
        self._paint_bar(painter, side)
        if interactive:
            self._paint_places(painter)

    def _cells(self) -> QImage:
        """The matrix as a picture of one pixel per cell: thousands of cells are painted in one go."""
        if self._picture is None:
            t = theme.tokens()
            totals = self.counts.sum(1, keepdims=True)
            strength = np.sqrt(np.divide(self.counts, totals, out=np.zeros(self.counts.shape), where=totals > 0))
            right = np.eye(len(self.classes), dtype=bool)[..., None]
            strong = np.where(right, _rgb(t.series[0]), _rgb(t.series[1]))  # (K, K, 3)
            mixed = _rgb(t.panel) + (strong - _rgb(t.panel)) * strength[..., None]
            held = np.ascontiguousarray(mixed.round().astype(np.uint8))
            count = len(self.classes)
            self._picture = (QImage(held.data, count, count, 3 * count, QImage.Format.Format_RGB888), held)
        return self._picture[0]

    def _paint_counts(self, painter: QPainter, visible: QRect) -> None:
        metrics = self._metrics()
        cells = self._cells()
        for row, column in np.argwhere(self.counts > 0).tolist():
            area = self.cell_rect((row, column))
            if not visible.intersects(area.toAlignedRect()):
                continue
            count, share = int(self.counts[row, column]), self.share((row, column))
            text = percent(share, 0).removesuffix(" %") if self.shares else f"{count:,}"
            if metrics.horizontalAdvance(text) <= area.width() - 2:
                painter.setPen(readable_on(cells.pixelColor(column, row)))
                painter.drawText(area, Qt.AlignmentFlag.AlignCenter, text)

    def _paint_names(self, painter: QPainter, side: float) -> None:
        t = theme.tokens()
        left, top, line = self._margins()
        metrics = self._metrics()
        every = max(1, math.ceil((metrics.height() - 2) / side))
        painter.setPen(QColor(t.text))
        for index, name in enumerate(self.classes):
            if index % every:
                continue
            fitted = metrics.elidedText(name, Qt.TextElideMode.ElideRight, _LONGEST_NAME)
            row = QRectF(line + 4, top + index * side + (side - line * every) / 2, left - line - 10, line * every)
            painter.drawText(row, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, fitted)
            painter.save()
            painter.translate(left + (index + 0.5) * side, top - 5)
            if self._upright():
                painter.rotate(-90)
                column = QRectF(0, -line, top - line, 2 * line)
                painter.drawText(column, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, fitted)
            else:
                column = QRectF(-side, -line, 2 * side, line)
                painter.drawText(column, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignBottom, fitted)
            painter.restore()
        whole = side * len(self.classes)
        painter.setPen(QColor(t.text_muted))
        painter.drawText(QRectF(left, 0, whole, line), Qt.AlignmentFlag.AlignHCenter, "Taken for")
        painter.save()
        painter.translate(line, top + whole / 2)
        painter.rotate(-90)
        painter.drawText(QRectF(-whole / 2, -line, whole, line), Qt.AlignmentFlag.AlignHCenter, "Truth")
        painter.restore()

    def _paint_bar(self, painter: QPainter, side: float) -> None:
        """What the colours mean: shares of a row, for right answers and for mistakes."""
        t = theme.tokens()
        left, top, line = self._margins()
        x = left + side * len(self.classes) + 12
        high = min(side * len(self.classes), 160.0)
        for place, hue in enumerate((t.series[0], t.series[1])):
            for line_at in range(int(high)):
                strength = math.sqrt(1 - line_at / high)
                mixed = (_rgb(t.panel) + (_rgb(hue) - _rgb(t.panel)) * strength).round().astype(int).tolist()
                painter.fillRect(QRectF(x + place * (_BAR // 2), top + line_at, _BAR // 2, 1), QColor(*mixed))
        painter.setPen(QColor(t.text_muted))
        for share, y in ((1.0, 0.0), (0.25, high / 2), (0.0, high)):
            text = QRectF(x + _BAR + 4, top + y - line / 2, self._bar_room() - _BAR - 12, line)
            painter.drawText(text, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, percent(share, 0))

    def _paint_places(self, painter: QPainter) -> None:
        t = theme.tokens()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if self._over is not None:
            painter.setPen(QPen(QColor(t.text_muted), 1))
            painter.drawRect(self.cell_rect(self._over).adjusted(0.5, 0.5, -1.5, -1.5))
        if self.current is not None:
            painter.setPen(QPen(QColor(t.accent if self.hasFocus() else t.text), 2))
            painter.drawRect(self.cell_rect(self.current).adjusted(0, 0, -1, -1))

    def _themed(self) -> None:
        self._picture = self._room = None
        self.update()

    # hands

    def mousePressEvent(self, event: QMouseEvent) -> None:
        cell = self.cell_at(event.position().toPoint())
        if cell is not None and event.button() == Qt.MouseButton.LeftButton:
            self.set_current(cell)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        over = self.cell_at(event.position().toPoint())
        if over != self._over:
            self._over = over
            self.setCursor(Qt.CursorShape.PointingHandCursor if over is not None else Qt.CursorShape.ArrowCursor)
            self.update()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._over = None
        self.update()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = _STEPS.get(event.key())
        if step is None or not self.classes:
            super().keyPressEvent(event)
            return
        if self.current is None:
            self.set_current((0, 0))
            return
        last = len(self.classes) - 1
        row = min(max(self.current[0] + step[0], 0), last)
        column = min(max(self.current[1] + step[1], 0), last)
        self.set_current((row, column))

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            cell = self.cell_at(event.pos())
            if cell is not None:
                QToolTip.showText(event.globalPos(), self.words(cell), self)
                return True
            QToolTip.hideText()
        return super().event(event)

    # export

    def csv(self, name: str) -> Export:
        """The counts, with the classes as headings."""
        rows = [[label, *counts] for label, counts in zip(self.classes, self.counts.tolist(), strict=True)]
        return Export(f"{name}-confusion.csv", "Table", csv_bytes(("truth \\ taken for", *self.classes), rows))

    def png(self, name: str) -> Export:
        """The matrix as seen, at twice the resolution."""
        image = QImage(self.size() * 2, QImage.Format.Format_RGB32)
        image.fill(QColor(theme.tokens().window))
        painter = QPainter(image)
        painter.scale(2, 2)
        self._paint(painter, self.rect(), interactive=False)
        painter.end()
        return Export(f"{name}-confusion.png", "Picture", png_bytes(image))


def _rgb(colour: str) -> np.ndarray:
    """(3,), 0 to 255."""
    shown = QColor(colour)
    return np.array([shown.red(), shown.green(), shown.blue()], float)
