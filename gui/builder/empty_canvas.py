"""What the drawing shows while nothing is drawn: what one can do, and the two quickest ways to begin."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from gui import theme
from gui.widgets.notes import QuietLabel, ThemedLabel


class EmptyCanvas(QWidget):
    """Lies over the middle of the drawing and lets the pointer through everywhere but on its buttons.

    Signals: start(): an Input is wanted; gallery(): the gallery is wanted.
    """

    start = Signal()
    gallery = Signal()

    def __init__(self, over: QWidget) -> None:
        super().__init__(over)
        self._over = over
        mark = theme.IconLabel("network", "text_muted", 48, self)
        title = ThemedLabel("Draw a network", "text", "heading", self)
        text = QuietLabel(
            "Drag a layer here from the left, or double-click one there to add it. Layers connect by dragging from the "
            "dot below one to the dot above another.",
            self,
        )
        text.setFont(theme.font("body"))
        text.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        text.setFixedWidth(theme.space(48))
        self.input = QPushButton(theme.icon("plus"), "Start with an input", self)
        self.input.setToolTip("Put an Input layer on the drawing")
        self.input.clicked.connect(self.start)
        self.famous = QPushButton(theme.icon("star"), "Open from the gallery", self)
        self.famous.setToolTip("Start from LeNet-5, AlexNet or another famous network")
        self.famous.clicked.connect(self.gallery)
        buttons = QHBoxLayout()
        buttons.setSpacing(theme.space(1))
        for button in (self.input, self.famous):
            buttons.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setSpacing(theme.space(1.5))
        for widget in (mark, title, text):
            layout.addWidget(widget, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addLayout(buttons)
        for widget in (mark, title, text):
            widget.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        over.installEventFilter(self)
        self._place()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._over and event.type() == QEvent.Type.Resize:
            self._place()
        return False

    def _place(self) -> None:
        self.adjustSize()
        room = self._over.rect()
        self.move((room.width() - self.width()) // 2, max(0, (room.height() - self.height()) // 2 - theme.space(4)))
