"""The pictures one below the other, each with a mark that says whether it is labelled."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QToolTip, QWidget

from engine.labelling.spec import LabelledPicture
from gui import theme
from gui.labelling.model import LabelModel
from gui.labelling.pixels import SIDE, SmallReader
from gui.widgets.picture_scroll import PictureScroll
from gui.widgets.pixmaps import draw_small
from gui.widgets.words import count

_TALL = 88  # of a picture in the strip, in pixels


class FilmStrip(PictureScroll):
    """Follows a `LabelModel`; only what is in view is painted and read."""

    def __init__(self, model: LabelModel, reader: SmallReader, parent: QWidget | None = None) -> None:
        super().__init__("Pictures to label", Qt.FocusPolicy.TabFocus, parent)
        self._model = model
        self._reader = reader
        self._near: frozenset[str] = frozenset()
        self.setMinimumWidth(SIDE + theme.space(3))
        model.changed.connect(self.arrange)
        model.picture_changed.connect(self._reveal)
        reader.arrived.connect(lambda _files: self.viewport().update())

    def sizeHint(self) -> QSize:
        return QSize(SIDE + theme.space(4), 400)

    def warn(self, files: frozenset[str]) -> None:
        """Mark pictures that are nearly the same as another."""
        self._near = files
        self.viewport().update()

    def cell(self, number: int) -> QRect:
        """Where a picture of the strip is in the viewport now."""
        return QRect(0, number * self._step() - self.verticalScrollBar().value(), self.viewport().width(), self._step())

    def _step(self) -> int:
        return _TALL + self.fontMetrics().height() + theme.space(1.5)

    def arrange(self) -> None:
        self.set_length(len(self._model.labels.pictures) * self._step(), self._step() // 2)

    def _shown(self) -> range:
        top, step = self.verticalScrollBar().value(), self._step()
        last = (top + self.viewport().height()) // step + 1
        return range(top // step, min(last, len(self._model.labels.pictures)))

    def look(self) -> None:
        self._reader.show(self._model.folder)
        shown = self._shown()
        pictures = self._model.labels.pictures[shown.start : shown.stop + len(shown)]
        self._reader.want([picture.file for picture in pictures])
        self.viewport().update()

    def _reveal(self) -> None:
        place = self._model.labels.places.get(self._model.file)
        if place is not None:
            self.reveal(place * self._step(), (place + 1) * self._step())
        self.viewport().update()

    def _at(self, point: QPoint) -> LabelledPicture | None:
        number = (point.y() + self.verticalScrollBar().value()) // self._step()
        pictures = self._model.labels.pictures
        return pictures[number] if 0 <= number < len(pictures) else None

    # Qt

    def mousePressEvent(self, event: QMouseEvent) -> None:
        picture = self._at(event.position().toPoint())
        if event.button() == Qt.MouseButton.LeftButton and picture is not None:
            self._model.go_to(picture.file)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        total = len(self._model.labels.pictures)
        steps = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1, Qt.Key.Key_Home: -total, Qt.Key.Key_End: total}
        step = steps.get(Qt.Key(event.key()))
        place = self._model.labels.places.get(self._model.file)
        if step is None or place is None:
            super().keyPressEvent(event)
            return
        self._model.go_to(self._model.labels.pictures[min(max(place + step, 0), total - 1)].file)

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            picture = self._at(event.pos())
            QToolTip.showText(event.globalPos(), "" if picture is None else self._describe(picture), self.viewport())
            return True
        return super().viewportEvent(event)

    def _describe(self, picture: LabelledPicture) -> str:
        words = [picture.file, f"{picture.width}×{picture.height} pixels"]
        if picture.objects:
            words.append(count(len(picture.objects), "object"))
        names = self._model.labels.names
        words += [names[label] for label in picture.labels]
        words.append("Labelled" if picture.done else "Not labelled yet")
        if picture.file in self._near:
            words.append("Nearly the same as another picture")
        return " · ".join(words)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        painter.fillRect(event.rect(), QColor(theme.tokens().panel))
        painter.setFont(theme.font("small"))
        for number in self._shown():
            self._paint_cell(painter, self._model.labels.pictures[number], self.cell(number))

    def _paint_cell(self, painter: QPainter, picture: LabelledPicture, cell: QRect) -> None:
        t = theme.tokens()
        gap = theme.space(0.5)
        current = picture.file == self._model.file
        room = cell.adjusted(gap, gap // 2, -gap, -gap // 2)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if current:
            painter.setBrush(QColor(t.accent_soft))
            painter.setPen(QPen(QColor(t.accent), 2) if self.hasFocus() else Qt.PenStyle.NoPen)
            painter.drawRoundedRect(room, 6, 6)
        words = QRect(room.left() + gap, room.bottom() - self.fontMetrics().height() - 1, room.width() - 2 * gap, 0)
        words.setHeight(self.fontMetrics().height())
        frame = QRect(room.left() + gap, room.top() + gap, room.width() - 2 * gap, words.top() - room.top() - gap - 2)
        draw_small(painter, self._reader.pixmap(picture.file), frame, self._reader.has(picture.file))
        side = theme.icon_side(14)
        mark, hue = ("success", "success") if picture.done else ("minus", "text_muted")
        for glyph, colour in ((mark, hue), *((("warning", "warning"),) if picture.file in self._near else ())):
            theme.icon(glyph, colour).paint(painter, QRect(words.left(), words.top(), side, words.height()))
            words.setLeft(words.left() + side + 3)
        painter.setPen(QColor(t.text if current else t.text_muted))
        # Names of a set mostly differ at their ends, so that is what stays where room is scarce.
        text = painter.fontMetrics().elidedText(_stem(picture.file), Qt.TextElideMode.ElideLeft, words.width())
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)


def _stem(file: str) -> str:
    """The name of a file without its folder and its ending."""
    return file.rsplit("/", 1)[-1].rsplit(".", 1)[0]
