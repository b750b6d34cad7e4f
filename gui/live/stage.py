"""The large area of the Live page: the picture, the scribble pad, or what to do when there is neither."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from engine.errors import VitrineError
from engine.inference.capture import CaptureState
from gui import theme
from gui.live.picture_view import PictureView
from gui.live.scribble_pad import ScribblePad
from gui.widgets.empty_state import EmptyState
from gui.widgets.notes import ThemedLabel


class Stage(QWidget):
    """Signals:
    retry_wanted(): open the source again.
    scribble_wanted(): the empty page's button was pressed.
    """

    retry_wanted = Signal()
    scribble_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.picture = PictureView(self)
        self.pad = ScribblePad(self)
        self.empty = EmptyState(
            "live",
            "Nothing to look at yet",
            "Choose a camera, a video or a folder of pictures at the right, or write a digit on the scribble pad.",
            "Open the scribble pad",
            parent=self,
        )
        self.fault = EmptyState("warning", "", "", "Retry", "Open the source again", parent=self)
        self.fault.wanted.connect(self.retry_wanted)
        self.empty.wanted.connect(self.scribble_wanted)
        self.stack = QStackedWidget(self)
        for widget in (self.empty, self.picture, self._with_tools(self.pad), self.fault):
            self.stack.addWidget(widget)
        self._before: QWidget = self.empty
        self.banner = Banner(self)
        self.banner.retry.clicked.connect(self.retry_wanted)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.banner)
        column.addWidget(self.stack, 1)

    def _with_tools(self, pad: ScribblePad) -> QWidget:
        holder = QWidget(self)
        self.wipe = QPushButton(theme.icon("erase"), "Wipe", holder)
        self.wipe.setToolTip("Begin with empty paper (Delete)")
        self.wipe.setAccessibleName("Wipe the scribble pad")
        self.wipe.clicked.connect(pad.wipe)
        self.paper = QPushButton(theme.icon("swap"), "Black on white", holder)
        self.paper.setCheckable(True)
        self.paper.setToolTip("Dark ink on light paper; the network sees its own colours either way")
        self.paper.setAccessibleName("Black ink on white paper")
        self.paper.toggled.connect(pad.set_light_paper)
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, theme.space(1.5))
        row.setSpacing(theme.space(1))
        row.addStretch(1)
        row.addWidget(self.wipe)
        row.addWidget(self.paper)
        row.addStretch(1)
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(pad, 1)
        column.addLayout(row)
        self.pad_page = holder
        return holder

    def add_panel(self, panel: QWidget) -> None:
        """A panel that may be shown in place of the picture."""
        self.stack.addWidget(panel)

    def show_panel(self, panel: QWidget) -> None:
        """Show it, until `show_back`."""
        now = self.stack.currentWidget()
        if now is not None and now is not panel:
            self._before = now
        self.stack.setCurrentWidget(panel)

    def show_back(self, has_picture: bool) -> None:
        """Put the panel away: the picture that came meanwhile, or what was shown before."""
        if has_picture and self._before in (self.empty, self.fault):
            self._before = self.picture
        self.stack.setCurrentWidget(self._before)

    def show_empty(self) -> None:
        """There is no source."""
        self.banner.hide()
        self.picture.clear()
        self.stack.setCurrentWidget(self.empty)

    def show_pad(self) -> None:
        """The source is the scribble pad."""
        self.banner.hide()
        self.stack.setCurrentWidget(self.pad_page)
        self.pad.setFocus()

    def show_picture(self) -> None:
        """A source gives pictures."""
        self.stack.setCurrentWidget(self.picture)

    def show_state(self, state: CaptureState, has_picture: bool) -> None:
        """Say how reading goes, over the last picture where there is one."""
        if state.status == "running":
            self.banner.hide()
        elif state.status == "opening" and not has_picture:
            self.banner.hide()
            self.fault.set_icon("live")
            self.fault.say("Opening…", "A camera may take a few seconds.")
            self.stack.setCurrentWidget(self.fault)
        elif state.error is not None and has_picture:
            self.banner.say(state.error, state.retries)
        elif state.error is not None:
            self.banner.hide()
            self.fault.set_icon("warning")
            again = " It is tried again by itself." if state.retries else ""
            self.fault.say(state.error.what, state.error.advice + again, "Retry", "Open the source again")
            self.stack.setCurrentWidget(self.fault)
        elif state.status == "ended":
            self.banner.hide()


class Banner(QFrame):
    """A sentence above the last picture, with a button."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAutoFillBackground(True)
        self.mark = QLabel(self)
        self.text = ThemedLabel("", "problem", "body", self)
        self.text.setWordWrap(True)
        self.retry = QPushButton(theme.icon("retry"), "Retry", self)
        self.retry.setToolTip("Open the source again")
        self.retry.setAccessibleName("Retry")
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.space(2), theme.space(1), theme.space(2), theme.space(1))
        row.addWidget(self.mark, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self.text, 1)
        row.addWidget(self.retry)
        self.hide()

    def say(self, error: VitrineError, retries: bool) -> None:
        """Show the two sentences."""
        side = self.text.fontMetrics().height()
        self.mark.setPixmap(theme.icon("problem", "problem").pixmap(side, side))
        self.text.setText(f"{error}{' It is tried again by itself.' if retries else ''}")
        self.setAccessibleName(self.text.text())
        self.show()
