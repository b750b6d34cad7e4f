"""Messages that slide in over the page's lower right corner and take nothing away from what the user is doing."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QEnterEvent, QGuiApplication, QKeyEvent, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from gui import theme
from gui.runtime.notifications import Note, Notifier

SECONDS = {"info": 6, "success": 5, "warning": 12}
"""How long a message stays; a problem stays until it is closed."""
MOST = 4
WIDTH = 400


class Toast(QWidget):
    """One message. Signals: `gone()` when it was closed or its time is up."""

    gone = Signal()

    def __init__(self, note: Note, parent: QWidget) -> None:
        super().__init__(parent)
        self.note = note
        self.setAccessibleName(f"{note.severity}: {note.what} {note.advice}".strip())
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.space(2), theme.space(1.5), theme.space(1), theme.space(1.5))
        row.setSpacing(theme.space(1.5))
        mark = theme.IconLabel(note.severity, self._colour(), 20, self)
        row.addWidget(mark, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout()
        column.setSpacing(theme.space(0.5))
        row.addLayout(column, 1)
        self.what = self._line(note.what, "text")
        column.addWidget(self.what)
        if note.advice:
            column.addWidget(self._line(note.advice, "text_muted"))
        self.details = QPlainTextEdit(note.details, self)
        self.details.setReadOnly(True)
        self._themed()
        theme.watcher().changed.connect(self._themed)
        self.details.setAccessibleName("Details")
        self.details.setFixedHeight(140)
        self.details.hide()
        buttons = self._buttons()
        if buttons is not None:
            column.addLayout(buttons)
        column.addWidget(self.details)
        self.close_button = QToolButton(self)
        self.close_button.setIcon(theme.icon("close", "text_muted"))
        self.close_button.setAutoRaise(True)
        self.close_button.setToolTip("Close this message (Esc)")
        self.close_button.setAccessibleName("Close this message")
        self.close_button.clicked.connect(self.gone)
        row.addWidget(self.close_button, 0, Qt.AlignmentFlag.AlignTop)
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self.gone)
        self._start()

    def _themed(self) -> None:
        self.details.setFont(theme.font("mono"))

    def _colour(self) -> str:
        return {"info": "accent", "success": "success", "warning": "warning"}.get(self.note.severity, "problem")

    def _line(self, text: str, role: str) -> QLabel:
        label = QLabel(text, self)
        label.setWordWrap(True)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        if role != "text":
            label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        return label

    def _buttons(self) -> QHBoxLayout | None:
        note = self.note
        if not note.details and note.action is None:
            return None
        row = QHBoxLayout()
        row.setContentsMargins(0, theme.space(0.5), 0, 0)
        if note.action is not None:
            words, deed = note.action
            self.action_button = QPushButton(words, self)
            self.action_button.setToolTip(words)
            self.action_button.setAccessibleName(words)
            self.action_button.clicked.connect(self.gone)
            self.action_button.clicked.connect(lambda: deed())
            row.addWidget(self.action_button)
        if note.details:
            self.details_button = QPushButton("Details", self)
            self.details_button.setProperty("kind", "quiet")
            self.details_button.setCheckable(True)
            self.details_button.setToolTip("Show what the log says about it")
            self.details_button.setAccessibleName("Details")
            self.details_button.toggled.connect(self._toggle)
            copy = QPushButton("Copy", self)
            copy.setProperty("kind", "quiet")
            copy.setToolTip("Copy the message and its details")
            copy.setAccessibleName("Copy message")
            copy.clicked.connect(self._copy)
            row.addWidget(self.details_button)
            row.addWidget(copy)
        row.addStretch(1)
        return row

    def _toggle(self, shown: bool) -> None:
        self.details.setVisible(shown)
        self._timer.stop()
        self.updateGeometry()

    def _copy(self) -> None:
        note = self.note
        QGuiApplication.clipboard().setText(f"{note.what} {note.advice}\n\n{note.details}")

    def _start(self) -> None:
        if self.note.severity in SECONDS and not self.details.isVisible():
            self._timer.start(SECONDS[self.note.severity] * 1000)

    def enterEvent(self, event: QEnterEvent) -> None:
        self._timer.stop()
        super().enterEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        self._start()
        super().leaveEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.gone.emit()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        t = theme.tokens()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(QColor(t.border_strong))
        painter.setBrush(QColor(t.raised))
        painter.drawRoundedRect(area, 8, 8)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(getattr(t, self._colour())))
        painter.drawRoundedRect(QRectF(1, 8, 4, self.height() - 16), 2, 2)


class Toasts(QObject):
    """Keeps the messages of a window in a stack at its lower right, newest at the bottom."""

    def __init__(self, notifier: Notifier, over: QWidget) -> None:
        super().__init__(over)
        self._over = over
        self.shown: list[Toast] = []
        notifier.shown.connect(self.add)
        over.installEventFilter(self)
        if isinstance(over, QStackedWidget):
            # A page that comes to the front comes before everything else that lies on the stack.
            over.currentChanged.connect(self._arrange)

    def add(self, note: Note) -> None:
        """Show `note`; the same words that still stand there are not shown twice."""
        for toast in self.shown:
            if (toast.note.what, toast.note.advice) == (note.what, note.advice):
                toast._start()
                return
        toast = Toast(note, self._over)
        toast.gone.connect(lambda: self._remove(toast))
        self.shown.append(toast)
        toast.installEventFilter(self)
        while len(self.shown) > MOST:
            self._remove(self.shown[0])
        toast.show()
        self._arrange()

    def _remove(self, toast: Toast) -> None:
        if toast in self.shown:
            self.shown.remove(toast)
            toast.hide()
            toast.deleteLater()
            self._arrange()

    def _arrange(self, *_: object) -> None:
        margin = theme.space(2)
        width = min(max(WIDTH, self._over.fontMetrics().averageCharWidth() * 52), self._over.width() - 2 * margin)
        bottom = QPointF(self._over.width() - margin, self._over.height() - margin)
        for toast in reversed(self.shown):
            layout = toast.layout()
            height = max(layout.totalHeightForWidth(width), layout.totalMinimumSize().height()) if layout else 60
            bottom.setY(bottom.y() - height)
            toast.setGeometry(int(bottom.x()) - width, int(bottom.y()), width, height)
            toast.raise_()
            bottom.setY(bottom.y() - theme.space(1))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        layout_asked = event.type() == QEvent.Type.LayoutRequest and watched is not self._over
        if layout_asked or (watched is self._over and event.type() == QEvent.Type.Resize):
            self._arrange()
        return False
