"""The rail at the left: one button per page, a picture above a word."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QVBoxLayout, QWidget

from gui import theme
from gui.pages import PageEntry

ICON = 22


class RailButton(QAbstractButton):
    """One page. The current one has the accent's ground and a bar at its edge, so that colour is not all there is."""

    def __init__(self, entry: PageEntry, number: int, parent: QWidget) -> None:
        super().__init__(parent)
        self.entry = entry
        self.setText(entry.title)
        self.setCheckable(True)
        self.setToolTip(f"{entry.does} (Ctrl+{number})")
        self.setAccessibleName(entry.title)
        self.setAccessibleDescription(entry.does)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self._icon, self._icon_on = theme.icon(entry.icon, "text_muted"), theme.icon(entry.icon, "accent")

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        width = max(theme.space(8), metrics.horizontalAdvance(self.text()) + theme.space(3))
        return QSize(width, theme.icon_side(ICON) + metrics.height() + theme.space(2.5))

    def paintEvent(self, event: QPaintEvent) -> None:
        t = theme.tokens()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ground = QRectF(self.rect()).adjusted(6, 2, -6, -2)
        fill = t.accent_soft if self.isChecked() else t.hover if self.underMouse() else ""
        painter.setPen(Qt.PenStyle.NoPen)
        if fill:
            painter.setBrush(QColor(fill))
            painter.drawRoundedRect(ground, 8, 8)
        if self.isChecked():
            painter.setBrush(QColor(t.accent))
            painter.drawRoundedRect(QRectF(0, ground.top() + 8, 3, ground.height() - 16), 1.5, 1.5)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QColor(t.accent))
            painter.drawRoundedRect(ground.adjusted(0.5, 0.5, -0.5, -0.5), 8, 8)
        icon = self._icon_on if self.isChecked() else self._icon
        text_height = self.fontMetrics().height()
        side = theme.icon_side(ICON)
        top = (self.height() - side - text_height - 3) // 2
        icon.paint(painter, (self.width() - side) // 2, top, side, side)
        painter.setPen(QColor(t.text if self.isChecked() else t.text_muted))
        painter.drawText(
            QRectF(0, top + side + 3, self.width(), text_height), Qt.AlignmentFlag.AlignCenter, self.text()
        )


class Rail(QWidget):
    """Signals: `chosen(object)`, the id of the page whose button was pressed."""

    chosen = Signal(object)

    def __init__(self, entries: Sequence[PageEntry], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Pages")
        self._group = QButtonGroup(self)
        self._buttons: dict[str, RailButton] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, theme.space(1), 0, theme.space(1))
        column.setSpacing(2)
        for number, entry in enumerate(entries, 1):
            button = RailButton(entry, number, self)
            button.setFont(theme.font("small"))
            button.clicked.connect(self._clicked)
            self._group.addButton(button)
            self._buttons[entry.id] = button
            column.addWidget(button)
        column.addStretch(1)
        theme.watcher().changed.connect(self._themed)

    def button(self, page_id: str) -> RailButton:
        return self._buttons[page_id]

    def show_page(self, page_id: str) -> None:
        """Mark the page's button as the current one."""
        self._buttons[page_id].setChecked(True)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}
        buttons = list(self._buttons.values())
        focused = next((index for index, button in enumerate(buttons) if button.hasFocus()), None)
        step = steps.get(Qt.Key(event.key()))
        if step is None or focused is None:
            super().keyPressEvent(event)
            return
        buttons[(focused + step) % len(buttons)].setFocus(Qt.FocusReason.TabFocusReason)

    def paintEvent(self, event: QPaintEvent) -> None:
        t = theme.tokens()
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(t.panel))
        painter.fillRect(self.width() - 1, 0, 1, self.height(), QColor(t.border))

    def _clicked(self) -> None:
        button = self._group.checkedButton()
        if isinstance(button, RailButton):
            self.chosen.emit(button.entry.id)

    def _themed(self) -> None:
        for button in self._buttons.values():
            button.setFont(theme.font("small"))
            button.updateGeometry()
        self.update()
