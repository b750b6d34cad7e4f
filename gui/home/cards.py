"""The cards of the start page: ways to begin, and famous networks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QAction, QColor, QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from gui import theme

if TYPE_CHECKING:
    from engine.gallery.base import GalleryEntry
    from engine.project.samples import Sample
    from gui.document.thumbnail import Thumbnail

ROUND = 10
_IDEA_LINES = 4
_SOURCES = {"paper": "as published", "torchvision": "as in torchvision", "modern": "as built today"}
_WRAP = Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop


class Card(QAbstractButton):
    """A button with a border, a ground that answers the pointer, and a ring for the keyboard."""

    def __init__(self, name: str, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setText(name)
        self.setAccessibleName(name)
        self.setAccessibleDescription(text)
        self.setToolTip(text)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.watcher().changed.connect(self._themed)

    def ground(self, painter: QPainter, *, primary: bool = False) -> None:
        """Paint the ground and the border for the state of now."""
        t = theme.tokens()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        hot = self.underMouse() or self.isDown()
        if primary:
            fill, line = (t.accent_hover if hot else t.accent), (t.accent_hover if hot else t.accent)
        else:
            fill, line = (t.hover if self.isDown() else t.raised), (t.accent if hot else t.border)
        painter.setBrush(QColor(fill))
        painter.setPen(QPen(QColor(line), 1))
        painter.drawRoundedRect(area, ROUND, ROUND)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(t.text if primary else t.accent), 2))
            painter.drawRoundedRect(area.adjusted(1, 1, -1, -1), ROUND - 1, ROUND - 1)

    def _themed(self) -> None:
        self.updateGeometry()
        self.update()


class StartCard(Card):
    """One way to begin; pressing it triggers its action."""

    def __init__(self, action: QAction, name: str, text: str, *, primary: bool = False) -> None:
        super().__init__(name, text)
        self._action, self._primary, self._says = action, primary, text
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setToolTip(action.toolTip())
        self.clicked.connect(action.trigger)

    def sizeHint(self) -> QSize:
        return QSize(320, self.heightForWidth(320))

    def minimumSizeHint(self) -> QSize:
        return QSize(200, theme.icon_side(96))

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        _, _, text = self._places(width)
        return max(theme.icon_side(96), int(text.bottom()) + theme.space(2))

    def _places(self, width: int) -> tuple[QRectF, QRectF, QRectF]:
        """Where the icon, the name and the text go in a card of this width."""
        edge, side = theme.space(2), theme.icon_side(24)
        icon = QRectF(edge, edge, side, side)
        tall, wrap = 10_000, int(_WRAP)
        heading, body = QFontMetrics(theme.font("heading")), QFontMetrics(theme.font("body"))
        left = icon.right() + theme.space(1.25)
        name = QRectF(heading.boundingRect(0, 0, int(width - left - edge), tall, wrap, self.text()))
        name.moveTopLeft(QPointF(left, edge + max(0.0, (side - heading.height()) / 2)))
        name.setWidth(width - left - edge)
        top = max(icon.bottom(), name.bottom()) + theme.space(1)
        text = QRectF(body.boundingRect(0, 0, width - 2 * edge, tall, wrap, self._says))
        text.moveTopLeft(QPointF(edge, top))
        text.setWidth(width - 2 * edge)
        return icon, name, text

    def paintEvent(self, event: QPaintEvent) -> None:
        t = theme.tokens()
        painter = QPainter(self)
        self.ground(painter, primary=self._primary)
        icon, name, text = self._places(self.width())
        glyph = str(self._action.property("icon_name") or "new")
        theme.icon(glyph, "accent_text" if self._primary else "accent").paint(painter, icon.toRect())
        painter.setFont(theme.font("heading"))
        painter.setPen(QColor(t.accent_text if self._primary else t.text))
        painter.drawText(name, int(_WRAP), self.text())
        painter.setFont(theme.font("body"))
        painter.setPen(QColor(t.accent_text if self._primary else t.text_muted))
        painter.drawText(text, int(_WRAP), self._says)


class SampleCard(Card):
    """A project that comes with the program: its icon, its name and what it learns."""

    def __init__(self, sample: Sample) -> None:
        super().__init__(sample.name, sample.text)
        self._sample = sample
        self.setToolTip(f"Open a copy of this sample. {sample.text}")

    def sizeHint(self) -> QSize:
        heading, small = QFontMetrics(theme.font("heading")), QFontMetrics(theme.font("small"))
        return QSize(256, theme.space(4) + heading.height() + 3 * small.lineSpacing() + theme.space(1))

    def minimumSizeHint(self) -> QSize:
        wide = QFontMetrics(theme.font("small")).averageCharWidth() * 36
        return QSize(max(224, wide), self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        t = theme.tokens()
        painter = QPainter(self)
        self.ground(painter)
        edge, side = theme.space(2), theme.icon_side(20)
        heading, small = theme.font("heading"), theme.font("small")
        tall = max(side, QFontMetrics(heading).height())
        icon = QRectF(edge, edge + (tall - side) / 2, side, side)
        theme.icon(self._sample.glyph, "accent").paint(painter, icon.toRect())
        left = icon.right() + theme.space(1.25)
        name = QRectF(left, edge, self.width() - left - edge, tall)
        painter.setFont(heading)
        painter.setPen(QColor(t.text))
        words = QFontMetrics(heading).elidedText(self.text(), Qt.TextElideMode.ElideRight, int(name.width()))
        painter.drawText(name, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, words)
        painter.setFont(small)
        painter.setPen(QColor(t.text_muted))
        below = name.bottom() + theme.space(1)
        painter.drawText(
            QRectF(edge, below, self.width() - 2 * edge, self.height() - below - 4), int(_WRAP), self._sample.text
        )


class NetworkCard(Card):
    """A famous network: its strip of layers, name, year and authors, and its idea."""

    def __init__(self, entry: GalleryEntry, strip: Thumbnail | None) -> None:
        super().__init__(f"New project with {entry.name}", entry.idea)
        self._entry, self._strip = entry, strip
        self.setToolTip(f"{entry.name} ({entry.year}, {entry.authors}), {_SOURCES[entry.source]}.\n{entry.idea}")

    def sizeHint(self) -> QSize:
        heading, small = QFontMetrics(theme.font("heading")), QFontMetrics(theme.font("small"))
        return QSize(256, theme.space(7) + heading.height() + (_IDEA_LINES + 1) * small.lineSpacing() + theme.space(5))

    def minimumSizeHint(self) -> QSize:
        wide = QFontMetrics(theme.font("small")).averageCharWidth() * 36
        return QSize(max(224, wide), self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        t = theme.tokens()
        painter = QPainter(self)
        self.ground(painter)
        edge = theme.space(2)
        self._paint_strip(painter, QRectF(edge, edge, self.width() - 2 * edge, theme.space(5)))
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        heading, small = theme.font("heading"), theme.font("small")
        metrics, fine = QFontMetrics(heading), QFontMetrics(small)
        room = QRectF(edge, edge + theme.space(6), self.width() - 2 * edge, metrics.height())
        painter.setFont(heading)
        painter.setPen(QColor(t.text))
        name = metrics.elidedText(self._entry.name, Qt.TextElideMode.ElideRight, int(room.width()))
        painter.drawText(room, left, name)
        painter.setFont(small)
        painter.setPen(QColor(t.text_muted))
        room = QRectF(edge, room.bottom() + 2, room.width(), fine.height())
        by = f"{self._entry.year} · {self._entry.authors}"
        painter.drawText(room, left, fine.elidedText(by, Qt.TextElideMode.ElideRight, int(room.width())))
        painter.setPen(QColor(t.text))
        idea = QRectF(edge, room.bottom() + theme.space(0.75), room.width(), _IDEA_LINES * fine.lineSpacing())
        painter.drawText(idea, int(_WRAP), first_lines(self._entry.idea, fine, int(idea.width()), _IDEA_LINES))

    def _paint_strip(self, painter: QPainter, area: QRectF) -> None:
        if self._strip is None or not self._strip.dots:
            return
        t = theme.tokens()
        dots = self._strip.dots
        rows = len({round(dot.along, 4) for dot in dots})
        wide = max(2.0, min(14.0, area.width() / max(1, rows) - 2.5))
        reach = (area.height() - wide) / 2
        along = area.width() - wide

        def place(index: int) -> QPointF:
            dot = dots[index]
            return QPointF(area.left() + wide / 2 + dot.along * along, area.center().y() + dot.across * reach)

        painter.setPen(QPen(QColor(t.border_strong), 1))
        for start, end in self._strip.lines:
            painter.drawLine(place(start), place(end))
        painter.setPen(Qt.PenStyle.NoPen)
        for index, dot in enumerate(dots):
            at = place(index)
            painter.setBrush(QColor(theme.category_colour(dot.category)))
            tall = min(area.height(), wide * (1.7 if abs(dot.across) < 0.01 else 1.2))
            painter.drawRoundedRect(QRectF(at.x() - wide / 2, at.y() - tall / 2, wide, tall), 2.5, 2.5)


def first_lines(text: str, metrics: QFontMetrics, width: int, lines: int) -> str:
    """As many whole sentences of `text` as fit on so many lines; where not even one does, its first words and "…"."""

    def fits(words: str) -> bool:
        return metrics.boundingRect(0, 0, width, 10_000, int(_WRAP), words).height() <= lines * metrics.lineSpacing()

    if fits(text):
        return text
    sentences = text.split(". ")
    for count in range(len(sentences) - 1, 0, -1):
        whole = ". ".join(sentences[:count]) + "."
        if fits(whole):
            return whole
    words = text.split()
    while words and not fits(" ".join(words) + "…"):
        words.pop()
    return " ".join(words) + "…"
