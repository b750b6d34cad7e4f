"""What is dropped onto the window: a project opens, a network file becomes a project, pictures become data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from engine.cancel import CancelToken
from engine.events import Emit, Event, Finished
from engine.project.store import is_project
from gui import theme
from gui.context import Context


class Dropped:
    """Looks at what was dropped, in the background, and does what it is for."""

    def __init__(self, context: Context, open_path: Callable[[Path], None]) -> None:
        self._context = context
        self._open = open_path

    def take(self, paths: Sequence[Path]) -> None:
        """Take the first of `paths`; of several, the user is told that one was taken."""
        path = paths[0]

        def kind(emit: Emit, token: CancelToken) -> str:
            return what_is(path)

        def known(end: Event) -> None:
            if isinstance(end, Finished):
                self._take(path, str(end.result), len(paths))

        self._context.runner.start(kind, title=f"Looking at {path.name}", show=False).ended.connect(known)

    def _take(self, path: Path, kind: str, number: int) -> None:
        if kind == "open":
            self._open(path)
        elif kind:
            self._context.navigate("data", folder=path, source=kind)
        else:
            self._context.notifier.show(
                "warning",
                f"{path.name} is neither a project, a network file nor a folder.",
                "Drop a project folder, a .json file, or a folder of pictures.",
            )
            return
        if number > 1:
            self._context.notifier.show("info", f"{number} things were dropped; {path.name} was taken.")


def what_is(path: Path) -> str:
    """ "open" for a project or a JSON file, the id of a dataset for any other folder, else ""."""
    if is_project(path) or (path.is_file() and path.suffix.lower() == ".json"):
        return "open"
    if not path.is_dir():
        return ""
    from engine.datasets.formats.guess import likely_source  # it brings numpy, for which the first paint must not wait

    return likely_source(path)


class DropVeil(QWidget):
    """Lies over the window while something is dragged across it and says what dropping will do."""

    def __init__(self, over: QWidget) -> None:
        super().__init__(over)
        self._over = over
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAccessibleName("Drop a project, a network file or a folder of pictures")
        over.installEventFilter(self)
        self.hide()

    def open(self) -> None:
        """Cover the window."""
        self.setGeometry(self._over.rect())
        self.show()
        self.raise_()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self.setGeometry(self._over.rect())
        return False

    def paintEvent(self, event: QPaintEvent) -> None:
        t = theme.tokens()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        veil = QColor(t.window)
        veil.setAlphaF(0.86)
        painter.fillRect(self.rect(), veil)
        pen = painter.pen()
        pen.setColor(QColor(t.accent))
        pen.setWidth(2)
        pen.setStyle(Qt.PenStyle.DashLine)
        painter.setPen(pen)
        area = QRectF(self.rect()).adjusted(24, 24, -24, -24)
        painter.drawRoundedRect(area, 12, 12)
        painter.setFont(theme.font("heading"))
        painter.setPen(QColor(t.text))
        painter.drawText(area, Qt.AlignmentFlag.AlignCenter, self.accessibleName())
