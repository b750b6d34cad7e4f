"""The entries above a plot: a piece of each line, its name and its value; a click hides or shows the curve."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QAbstractButton, QWidget

from gui import theme
from gui.widgets.curves import Curve
from gui.widgets.flow import FlowLayout

_SAMPLE = 22


class LegendEntry(QAbstractButton):
    """One curve's entry. Checked means shown."""

    def __init__(self, curve: Curve, room: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.curve = curve
        self._room = room  # the widest value, so that nothing moves when numbers change
        self.value = ""
        self.setCheckable(True)
        self.setChecked(not curve.hidden)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._themed()
        theme.watcher().changed.connect(self._themed)
        kind = "dashed" if curve.style.dashed else "solid"
        self.setAccessibleName(curve.style.label)
        self.setToolTip(f"{curve.style.label} ({kind} line). Click to hide or show it.")

    def _themed(self) -> None:
        self.setFont(theme.font("small"))
        self.updateGeometry()

    def set_value(self, value: str) -> None:
        if value != self.value:
            self.value = value
            self.setAccessibleDescription(value)
            self.update()

    def sizeHint(self) -> QSize:
        metrics = QFontMetrics(self.font())
        wide = metrics.horizontalAdvance(self.curve.style.label) + metrics.horizontalAdvance(self._room)
        return QSize(_SAMPLE + wide + 24, metrics.height() + 6)

    def minimumSizeHint(self) -> QSize:
        return QSize(_SAMPLE + 24, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        t = theme.tokens()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.underMouse() or self.hasFocus():
            painter.setPen(QColor(t.accent) if self.hasFocus() else Qt.PenStyle.NoPen)
            painter.setBrush(QColor(t.hover))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
        shown = self.isChecked()
        middle = self.height() / 2
        pen = QPen(QColor(t.series[self.curve.style.hue % len(t.series)] if shown else t.border_strong), 2)
        if self.curve.style.dashed:
            pen.setDashPattern([2.5, 2])
        painter.setPen(pen)
        painter.drawLine(6, round(middle), 6 + _SAMPLE - 6, round(middle))
        metrics = QFontMetrics(self.font())
        room = self.rect().adjusted(_SAMPLE + 6, 0, -6, 0)
        painter.setFont(self.font())
        painter.setPen(QColor(t.text if shown else t.text_muted))
        label = metrics.elidedText(self.curve.style.label, Qt.TextElideMode.ElideMiddle, room.width())
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, label)
        if not shown:
            wide = metrics.horizontalAdvance(label)
            painter.drawLine(room.x(), round(middle), room.x() + wide, round(middle))
        else:
            painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, self.value)


class Legend(QWidget):
    """All entries of a plot.

    Signals:
        toggled(): some curve's `hidden` is different now.
    """

    toggled = Signal()

    def __init__(self, room: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._room = room
        self._flow = FlowLayout(self, gap=2)
        self.entries: list[LegendEntry] = []

    def set_widest(self, room: str) -> None:
        """Values are written in another way from now on; `room` is the widest."""
        if room != self._room:
            self._room = room
            curves = [entry.curve for entry in self.entries]
            self.set_curves([])
            self.set_curves(curves)

    def set_curves(self, curves: list[Curve]) -> None:
        """Show an entry for each of `curves`, in this order."""
        if [entry.curve for entry in self.entries] == curves:
            return
        for entry in self.entries:
            self._flow.removeWidget(entry)
            entry.hide()
            entry.deleteLater()
        self.entries = []
        for curve in curves:
            entry = LegendEntry(curve, self._room, self)
            entry.toggled.connect(self._toggled)
            self._flow.addWidget(entry)
            entry.show()
            self.entries.append(entry)
        self._keep_rows()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._keep_rows()

    def _keep_rows(self) -> None:
        """Ask for the height of all rows: a splitter would otherwise leave room for one."""
        self.setMinimumHeight(self._flow.heightForWidth(self.width()) if self.entries else 0)

    def show_values(self, value: Callable[[Curve], str]) -> None:
        """Write each curve's value."""
        for entry in self.entries:
            entry.set_value(value(entry.curve))

    def _toggled(self) -> None:
        for entry in self.entries:
            entry.curve.hidden = not entry.isChecked()
        self.toggled.emit()
